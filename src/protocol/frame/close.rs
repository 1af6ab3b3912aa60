//! The payload of the close frame, RFC 6455 §5.5.1.

use super::super::error::Violation;
use super::super::status_code::is_valid_close_code;

/// Bytes that a control frame can carry (RFC 6455 §5.5).
pub const MAX_CONTROL_PAYLOAD: usize = 125;

/// Bytes of UTF-8 that a close reason can have: a control frame's payload less the status code.
pub const MAX_REASON_LENGTH: usize = MAX_CONTROL_PAYLOAD - 2;

/// The payload of a close frame. The caller makes sure that `code` is valid and that `reason` has at
/// most [`MAX_REASON_LENGTH`] bytes.
pub fn encode_close_payload(code: u16, reason: &str) -> Vec<u8> {
    debug_assert!(is_valid_close_code(code), "close code {code}");
    debug_assert!(reason.len() <= MAX_REASON_LENGTH, "{} bytes", reason.len());
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// Reads a close frame's payload: the status code and the reason, `None` if it is empty.
///
/// # Errors
/// [`Violation::TruncatedCloseCode`], [`Violation::InvalidCloseCode`],
/// [`Violation::InvalidCloseReason`].
pub fn parse_close_payload(payload: &[u8]) -> Result<Option<(u16, &str)>, Violation> {
    match payload {
        [] => Ok(None),
        [_] => Err(Violation::TruncatedCloseCode),
        [high, low, reason @ ..] => {
            let code = u16::from_be_bytes([*high, *low]);
            if !is_valid_close_code(code) {
                return Err(Violation::InvalidCloseCode(code));
            }
            let reason = std::str::from_utf8(reason).map_err(|_| Violation::InvalidCloseReason)?;
            Ok(Some((code, reason)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_encoded_is_parsed() {
        for (code, reason) in [(1000, ""), (1001, "timeout"), (4999, "grüße")] {
            let payload = encode_close_payload(code, reason);
            assert_eq!(parse_close_payload(&payload), Ok(Some((code, reason))));
        }
        assert_eq!(parse_close_payload(&[]), Ok(None));
    }

    #[test]
    fn bad_payloads_are_told_apart() {
        assert_eq!(
            parse_close_payload(&[3]),
            Err(Violation::TruncatedCloseCode)
        );
        assert_eq!(
            parse_close_payload(&[0x03, 0xed]),
            Err(Violation::InvalidCloseCode(1005))
        );
        assert_eq!(
            parse_close_payload(&[0x03, 0xe8, 0xff]),
            Err(Violation::InvalidCloseReason)
        );
        assert_eq!(
            parse_close_payload(&[0x03, 0xe8, 0xc3]),
            Err(Violation::InvalidCloseReason),
            "a code point cut short"
        );
    }
}
