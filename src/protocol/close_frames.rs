//! What the close frames of a connection say, its peer's and ours (RFC 6455 §5.5.1).

use super::status_code::NO_STATUS;

/// What one close frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrame {
    /// The status code; 1005 if the frame carries none (RFC 6455 §7.1.5).
    pub code: u16,
    /// The reason.
    pub reason: Box<str>,
}

impl CloseFrame {
    /// One with this status, or none.
    pub(super) fn new(status: Option<(u16, &str)>) -> Self {
        let (code, reason) = status.unwrap_or((NO_STATUS, ""));
        Self {
            code,
            reason: reason.into(),
        }
    }
}

/// The close frames of a connection whose closing has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseFrames {
    /// Ours: it was sent, or is about to be.
    pub sent: CloseFrame,
    /// The peer's, if it came and was valid.
    pub received: Option<CloseFrame>,
}
