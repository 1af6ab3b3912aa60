//! What the opening handshake takes of computation; HTTP itself is JavaScript's.
//!
//! | file | concept |
//! |---|---|
//! | `accept_key` | the answer to a client's key, RFC 6455 §4.2.2 |
//! | `extension_list` | the value of `Sec-WebSocket-Extensions`, §9.1 |

pub(super) mod accept_key;
pub(super) mod extension_list;
