//! Every way in which a peer can break the protocol or a limit, with what is said about each.

use std::fmt;

use super::status_code::{
    INTERNAL_ERROR, INVALID_PAYLOAD, MESSAGE_TOO_BIG, POLICY_VIOLATION, PROTOCOL_ERROR,
};

/// What the peer did wrong. Each variant has one close code, one public code and one text, all in one
/// place: `row` and `Display` below.
///
/// The text is sent to the peer as the reason of the close frame, so it fits in
/// [`MAX_REASON_LENGTH`](super::MAX_REASON_LENGTH) bytes and carries nothing of the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// A client's frame without a masking key (RFC 6455 §5.1).
    UnmaskedFrame,
    /// A server's frame with a masking key (RFC 6455 §5.1).
    MaskedFrame,
    /// RSV1 set, to which no negotiated extension gives a meaning (RFC 6455 §5.2).
    ReservedBit1,
    /// RSV2 or RSV3 set (RFC 6455 §5.2).
    ReservedBits23,
    /// An opcode that RFC 6455 §5.2 reserves: 3–7 or 11–15.
    ReservedOpcode(u8),
    /// A control frame without FIN (RFC 6455 §5.5).
    FragmentedControl,
    /// A control frame of more than 125 bytes (RFC 6455 §5.5).
    OversizedControl,
    /// A payload length in more bytes than it needs (RFC 6455 §5.2).
    NonMinimalLength,
    /// A 64-bit payload length with its most significant bit set (RFC 6455 §5.2).
    LengthOverflow,
    /// A continuation frame before any message has begun (RFC 6455 §5.4).
    UnexpectedContinuation,
    /// A new text or binary frame before the last message's final fragment (RFC 6455 §5.4).
    ExpectedContinuation,
    /// A message of more than [`Limits::max_payload`](super::Limits::max_payload) bytes.
    MessageTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// A message of more than [`Limits::max_fragments`](super::Limits::max_fragments) frames.
    TooManyFragments {
        /// The limit, in frames.
        limit: u32,
    },
    /// A message with more empty frames than
    /// [`Limits::max_empty_fragments`](super::Limits::max_empty_fragments).
    TooManyEmptyFragments {
        /// The limit, in frames.
        limit: u32,
    },
    /// A frame whose payload comes in more reads than [`Limits::max_chunks`](super::Limits::max_chunks) allows.
    TooManyChunks {
        /// The limit, in reads.
        limit: u32,
    },
    /// More pings and unsolicited pongs than
    /// [`Limits::max_control_frames`](super::Limits::max_control_frames) allows.
    TooManyControlFrames {
        /// The limit, in frames per second.
        limit: u32,
    },
    /// More messages than [`Limits::max_messages`](super::Limits::max_messages) allows.
    TooManyMessages {
        /// The limit, in messages per second.
        limit: u32,
    },
    /// A text message that is not UTF-8 (RFC 6455 §8.1).
    InvalidUtf8,
    /// A compressed message that is no DEFLATE data, refers to what is not in the window, or ends
    /// within a block (RFC 7692 §7.2.2).
    InvalidCompressedData,
    /// A frame of a compressed message was dropped by an extension of ours before it was inflated:
    /// not the peer's doing, and what follows refers to it.
    CompressedFrameDropped,
    /// A close frame with a status code that must not be sent (RFC 6455 §7.4).
    InvalidCloseCode(u16),
    /// A close frame with a payload of one byte (RFC 6455 §5.5.1).
    TruncatedCloseCode,
    /// A close frame whose reason is not UTF-8 (RFC 6455 §5.5.1).
    InvalidCloseReason,
}

impl Violation {
    /// The status code of the close frame that answers this violation (RFC 6455 §7.4.1): 1002 for
    /// the protocol, 1007 for UTF-8 and DEFLATE data, 1008 for counts, 1009 for lengths, 1011 for ours.
    pub fn close_code(&self) -> u16 {
        self.row().0
    }

    /// The value of `error.code` in JavaScript: the name that `ws` uses if it has one.
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// The one table: close code, public code.
    fn row(&self) -> (u16, &'static str) {
        match self {
            Self::UnmaskedFrame => (PROTOCOL_ERROR, "WS_ERR_EXPECTED_MASK"),
            Self::MaskedFrame => (PROTOCOL_ERROR, "WS_ERR_UNEXPECTED_MASK"),
            Self::ReservedBit1 => (PROTOCOL_ERROR, "WS_ERR_UNEXPECTED_RSV_1"),
            Self::ReservedBits23 => (PROTOCOL_ERROR, "WS_ERR_UNEXPECTED_RSV_2_3"),
            Self::ReservedOpcode(_) => (PROTOCOL_ERROR, "WS_ERR_INVALID_OPCODE"),
            Self::FragmentedControl => (PROTOCOL_ERROR, "WS_ERR_EXPECTED_FIN"),
            Self::OversizedControl => (PROTOCOL_ERROR, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
            Self::NonMinimalLength => (PROTOCOL_ERROR, "WS_ERR_NON_MINIMAL_PAYLOAD_LENGTH"),
            // Not PROTOCOL_ERROR, so that the code means in `ws` and here the same.
            Self::LengthOverflow => (MESSAGE_TOO_BIG, "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH"),
            Self::UnexpectedContinuation => (PROTOCOL_ERROR, "WS_ERR_INVALID_OPCODE"),
            Self::ExpectedContinuation => (PROTOCOL_ERROR, "WS_ERR_INVALID_OPCODE"),
            Self::MessageTooLarge { .. } => (MESSAGE_TOO_BIG, "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"),
            Self::TooManyFragments { .. } => (POLICY_VIOLATION, "WS_ERR_TOO_MANY_BUFFERED_PARTS"),
            Self::TooManyEmptyFragments { .. } => {
                (POLICY_VIOLATION, "WS_ERR_TOO_MANY_EMPTY_FRAGMENTS")
            }
            Self::TooManyChunks { .. } => (POLICY_VIOLATION, "WS_ERR_TOO_MANY_BUFFERED_PARTS"),
            Self::TooManyControlFrames { .. } => {
                (POLICY_VIOLATION, "WS_ERR_TOO_MANY_CONTROL_FRAMES")
            }
            Self::TooManyMessages { .. } => (POLICY_VIOLATION, "WS_ERR_TOO_MANY_MESSAGES"),
            Self::InvalidUtf8 => (INVALID_PAYLOAD, "WS_ERR_INVALID_UTF8"),
            Self::InvalidCompressedData => (INVALID_PAYLOAD, "WS_ERR_INVALID_COMPRESSED_DATA"),
            Self::CompressedFrameDropped => (INTERNAL_ERROR, "ERR_WS_EXTENSION"),
            Self::InvalidCloseCode(_) => (PROTOCOL_ERROR, "WS_ERR_INVALID_CLOSE_CODE"),
            Self::TruncatedCloseCode => (PROTOCOL_ERROR, "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH"),
            Self::InvalidCloseReason => (INVALID_PAYLOAD, "WS_ERR_INVALID_UTF8"),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnmaskedFrame => f.write_str("unmasked frame; a client must mask its frames"),
            Self::MaskedFrame => f.write_str("masked frame; a server must not mask its frames"),
            Self::ReservedBit1 => {
                f.write_str("RSV1 is set; it must be 0 unless an extension gives it a meaning")
            }
            Self::ReservedBits23 => f.write_str("RSV2 or RSV3 is set; both must be 0"),
            Self::ReservedOpcode(opcode) => {
                write!(
                    f,
                    "invalid opcode {opcode}; allowed are 0, 1, 2, 8, 9 and 10"
                )
            }
            Self::FragmentedControl => {
                f.write_str("control frame without FIN; control frames must not be fragmented")
            }
            Self::OversizedControl => {
                f.write_str("control frame too long; at most 125 bytes are allowed")
            }
            Self::NonMinimalLength => {
                f.write_str("payload length not minimally encoded; the shortest form must be used")
            }
            Self::LengthOverflow => {
                f.write_str("payload length with its highest bit set; at most 2^63 - 1 is allowed")
            }
            Self::UnexpectedContinuation => {
                f.write_str("continuation frame outside a message; text or binary must come first")
            }
            Self::ExpectedContinuation => {
                f.write_str("new message within a fragmented one; a continuation must come first")
            }
            Self::MessageTooLarge { limit } => {
                write!(f, "message too large; at most {limit} bytes are allowed")
            }
            Self::TooManyFragments { limit } => {
                write!(
                    f,
                    "too many fragments; at most {limit} are allowed in a message"
                )
            }
            Self::TooManyEmptyFragments { limit } => {
                write!(
                    f,
                    "too many empty fragments; at most {limit} are allowed in a message"
                )
            }
            Self::TooManyChunks { limit } => {
                write!(
                    f,
                    "too many chunks; at most {limit} may bring a frame's payload"
                )
            }
            Self::TooManyControlFrames { limit } => {
                write!(
                    f,
                    "too many pings and unsolicited pongs; at most {limit} are allowed per second"
                )
            }
            Self::TooManyMessages { limit } => {
                write!(
                    f,
                    "too many messages; at most {limit} are allowed per second"
                )
            }
            Self::InvalidUtf8 => f.write_str("text message is not valid UTF-8"),
            Self::InvalidCompressedData => {
                f.write_str("compressed message is not valid DEFLATE data")
            }
            Self::CompressedFrameDropped => {
                f.write_str("an extension dropped a compressed frame; what follows refers to it")
            }
            Self::InvalidCloseCode(code) => write!(
                f,
                "invalid close code {code}; allowed are 1000-1003, 1007-1014 and 3000-4999"
            ),
            Self::TruncatedCloseCode => {
                f.write_str("close frame of 1 byte; it must be empty or begin with a 2-byte code")
            }
            Self::InvalidCloseReason => f.write_str("close reason is not valid UTF-8"),
        }
    }
}

impl std::error::Error for Violation {}

#[cfg(test)]
mod tests {
    use super::super::frame::close::MAX_REASON_LENGTH;
    use super::*;

    const ALL: [(Violation, u16, &str); 23] = [
        (Violation::UnmaskedFrame, 1002, "WS_ERR_EXPECTED_MASK"),
        (Violation::MaskedFrame, 1002, "WS_ERR_UNEXPECTED_MASK"),
        (Violation::ReservedBit1, 1002, "WS_ERR_UNEXPECTED_RSV_1"),
        (Violation::ReservedBits23, 1002, "WS_ERR_UNEXPECTED_RSV_2_3"),
        (Violation::ReservedOpcode(15), 1002, "WS_ERR_INVALID_OPCODE"),
        (Violation::FragmentedControl, 1002, "WS_ERR_EXPECTED_FIN"),
        (
            Violation::OversizedControl,
            1002,
            "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
        ),
        (
            Violation::NonMinimalLength,
            1002,
            "WS_ERR_NON_MINIMAL_PAYLOAD_LENGTH",
        ),
        (
            Violation::LengthOverflow,
            1009,
            "WS_ERR_UNSUPPORTED_DATA_PAYLOAD_LENGTH",
        ),
        (
            Violation::UnexpectedContinuation,
            1002,
            "WS_ERR_INVALID_OPCODE",
        ),
        (
            Violation::ExpectedContinuation,
            1002,
            "WS_ERR_INVALID_OPCODE",
        ),
        (
            Violation::MessageTooLarge { limit: u64::MAX },
            1009,
            "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH",
        ),
        (
            Violation::TooManyFragments { limit: u32::MAX },
            1008,
            "WS_ERR_TOO_MANY_BUFFERED_PARTS",
        ),
        (
            Violation::TooManyEmptyFragments { limit: u32::MAX },
            1008,
            "WS_ERR_TOO_MANY_EMPTY_FRAGMENTS",
        ),
        (
            Violation::TooManyChunks { limit: u32::MAX },
            1008,
            "WS_ERR_TOO_MANY_BUFFERED_PARTS",
        ),
        (
            Violation::TooManyControlFrames { limit: u32::MAX },
            1008,
            "WS_ERR_TOO_MANY_CONTROL_FRAMES",
        ),
        (
            Violation::TooManyMessages { limit: u32::MAX },
            1008,
            "WS_ERR_TOO_MANY_MESSAGES",
        ),
        (Violation::InvalidUtf8, 1007, "WS_ERR_INVALID_UTF8"),
        (
            Violation::InvalidCompressedData,
            1007,
            "WS_ERR_INVALID_COMPRESSED_DATA",
        ),
        (Violation::CompressedFrameDropped, 1011, "ERR_WS_EXTENSION"),
        (
            Violation::InvalidCloseCode(u16::MAX),
            1002,
            "WS_ERR_INVALID_CLOSE_CODE",
        ),
        (
            Violation::TruncatedCloseCode,
            1002,
            "WS_ERR_INVALID_CONTROL_PAYLOAD_LENGTH",
        ),
        (Violation::InvalidCloseReason, 1007, "WS_ERR_INVALID_UTF8"),
    ];

    #[test]
    fn each_violation_has_its_close_code_and_code() {
        for (violation, close_code, code) in ALL {
            assert_eq!(violation.close_code(), close_code, "{violation:?}");
            assert_eq!(violation.code(), code, "{violation:?}");
        }
    }

    #[test]
    fn each_text_fits_in_a_close_reason() {
        for (violation, ..) in ALL {
            let text = violation.to_string();
            assert!(text.len() <= MAX_REASON_LENGTH, "{text}");
        }
    }
}
