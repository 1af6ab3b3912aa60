//! What a frame is, RFC 6455 §5.2.

use super::super::error::Violation;

/// What a frame is (RFC 6455 §5.2); the other ten values are reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A further fragment of the message that is under way.
    Continuation = 0,
    /// A text message, or its first fragment.
    Text = 1,
    /// A binary message, or its first fragment.
    Binary = 2,
    /// The closing handshake.
    Close = 8,
    /// To be answered by a pong with the same payload.
    Ping = 9,
    /// The answer to a ping, or an unsolicited sign of life.
    Pong = 10,
}

impl Opcode {
    /// Whether this is a control frame, which may come between fragments (RFC 6455 §5.5).
    #[inline]
    pub fn is_control(self) -> bool {
        self as u8 & 0x8 != 0
    }
}

impl TryFrom<u8> for Opcode {
    type Error = Violation;

    #[inline]
    fn try_from(value: u8) -> Result<Self, Violation> {
        Ok(match value {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return Err(Violation::ReservedOpcode(value)),
        })
    }
}
