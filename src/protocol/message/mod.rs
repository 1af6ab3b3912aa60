//! Messages, made of frames that come in pieces.
//!
//! | file | concept |
//! |---|---|
//! | `utf8` | validation of text that arrives in pieces, RFC 6455 §8.1 |
//! | `assembly` | joining fragments, §5.4 |
//! | `fragment` | a fragment that is sent, §5.4 |
//! | `reader` | from bytes to messages and control frames |

pub(super) mod assembly;
pub(super) mod fragment;
pub(super) mod reader;
pub(super) mod utf8;
