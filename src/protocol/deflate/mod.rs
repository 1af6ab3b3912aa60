//! permessage-deflate, RFC 7692.
//!
//! | file | concept |
//! |---|---|
//! | `params` | what endpoints agree on, §7.1 |
//! | `negotiation` | how they come to agree, §5 and §7.1 |
//! | `settings` | what was agreed on, as one end of a connection sees it |
//! | `history` | what the next message of a direction may refer to |
//! | `codecs` | a thread's compressors and inflater, §7.2 |
//! | `inflation` | one message on its way out of an inflater, step by step |
//! | `per_message` | permessage-deflate on one connection |
//! | `filter` | the same among the extensions of JavaScript, between frames and frames |

mod codecs;
pub(super) mod filter;
mod history;
mod inflation;
pub(super) mod negotiation;
pub(super) mod params;
pub(super) mod per_message;
pub(super) mod settings;
