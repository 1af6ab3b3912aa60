//! The wire format of one frame, RFC 6455 §5.
//!
//! | file | concept |
//! |---|---|
//! | `opcode` | what a frame is, §5.2 |
//! | `header` | all of a frame but its payload, §5.2 |
//! | `mask` | masking, §5.3 |
//! | `encode` | whole frames |
//! | `close` | the payload of a close frame, §5.5.1 |

pub(super) mod close;
pub(super) mod encode;
pub(super) mod header;
pub(super) mod mask;
pub(super) mod opcode;
