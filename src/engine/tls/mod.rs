//! TLS 1.2 and 1.3 (RFC 5246, RFC 8446) on a shard, by rustls: bytes in and out, without I/O.
//!
//! | file | concept |
//! |---|---|
//! | `records` | one connection: ciphertext becomes plaintext, and plaintext what is written |
//! | `context` | what the connections of a server share: certificate, versions, tickets |
//! | `client` | what those of a client share: who is trusted, versions, sessions |
//! | `trust` | which servers are trusted, by AWS-LC |
//! | `tickets` | session tickets under a key that processes can share |
//! | `failure` | what went wrong, in the names that users of Node.js know |
//! | `facts` | what was agreed on |

#[cfg(test)]
pub(super) mod by_hand;
#[cfg(x509)]
mod client;
#[cfg(all(test, x509))]
mod client_by_hand;
mod context;
mod facts;
mod failure;
mod records;
mod tickets;
#[cfg(x509)]
mod trust;

#[cfg(x509)]
pub use client::{ClientContext, Demand};
pub use context::{Offer, SecureContext};
pub use facts::Facts;
pub use failure::Failure;
pub use records::Tls;
pub(super) use records::{RECORD, Received};
#[cfg(x509)]
pub use trust::Trust;
