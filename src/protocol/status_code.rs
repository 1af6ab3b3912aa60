//! Status codes of the close frame, RFC 6455 §7.4 and the registry that it founded.

use std::ops::RangeInclusive;

/// The purpose of the connection is fulfilled.
pub const NORMAL: u16 = 1000;
/// An endpoint goes away: a server that stops, a page that is left. A peer that has been silent for too long
/// is sent this too.
pub const GOING_AWAY: u16 = 1001;
/// The peer broke the protocol.
pub const PROTOCOL_ERROR: u16 = 1002;
/// Never sent: the close frame has no status code (§7.1.5).
pub const NO_STATUS: u16 = 1005;
/// Never sent: there was no close frame on either side (§7.1.5).
pub const ABNORMAL: u16 = 1006;
/// A message's contents are not what its type says: text that is not UTF-8.
pub const INVALID_PAYLOAD: u16 = 1007;
/// A rule of the receiver's, for which there is no code of its own.
pub const POLICY_VIOLATION: u16 = 1008;
/// A message is larger than the receiver takes.
pub const MESSAGE_TOO_BIG: u16 = 1009;
/// The endpoint itself failed.
pub const INTERNAL_ERROR: u16 = 1011;
/// The server is overloaded: another connection may be tried later.
pub const TRY_AGAIN_LATER: u16 = 1013;

/// The codes that may stand in a close frame, in either direction.
///
/// 1004, 1005, 1006 and 1015 are reserved for what never goes over the wire (§7.4.1); 1012 to 1014 were
/// registered with IANA later; 3000 to 4999 belong to libraries and applications (§7.4.2).
pub const VALID: [RangeInclusive<u16>; 3] = [1000..=1003, 1007..=1014, 3000..=4999];

/// Whether `code` may stand in a close frame: whether it is one of [`VALID`].
pub fn is_valid_close_code(code: u16) -> bool {
    VALID.iter().any(|codes| codes.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn the_valid_codes_are_those_of_the_rfc_and_of_iana() {
        let valid: Vec<u16> = (0..=u16::MAX).filter(|c| is_valid_close_code(*c)).collect();
        let expected: Vec<u16> = (1000..=1003)
            .chain(1007..=1014)
            .chain(3000..=4999)
            .collect();
        assert_eq!(valid, expected);
    }
}
