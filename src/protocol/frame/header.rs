//! The header of a frame, RFC 6455 §5.2.

use super::super::error::Violation;
use super::opcode::Opcode;

/// Bytes of the longest header: two, eight of length, four of masking key.
pub const MAX_HEADER_LENGTH: usize = 14;

/// Bits of the first byte (RFC 6455 §5.2).
pub(super) const FIN: u8 = 0x80;
pub(super) const RSV1: u8 = 0x40;
const RSV2: u8 = 0x20;
const RSV3: u8 = 0x10;
const OPCODE: u8 = 0x0f;

/// Bits of the second byte, and what stands there instead of a length that follows.
const MASK: u8 = 0x80;
const LENGTH: u8 = 0x7f;
pub(super) const LENGTH_IN_16_BITS: u8 = 126;
const LENGTH_IN_64_BITS: u8 = 127;

/// Which RSV bits may be set in a header (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// None: no extension is on.
    None,
    /// RSV1, on the first frame of a message, which is compressed then (RFC 7692 §6).
    Compression,
    /// All: they are the extensions' (RFC 6455 §5.8).
    Any,
}

/// All of a frame but its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last fragment of its message.
    pub fin: bool,
    /// Reserved for extensions; permessage-deflate marks compressed messages with it.
    pub rsv1: bool,
    /// Reserved for extensions.
    pub rsv2: bool,
    /// Reserved for extensions.
    pub rsv3: bool,
    /// What the frame is.
    pub opcode: Opcode,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// Bytes of payload; at most 2^63 - 1.
    pub length: u64,
}

impl Header {
    /// The header of an unfragmented message, or of a control frame.
    #[inline]
    pub fn message(opcode: Opcode, length: usize, mask: Option<[u8; 4]>) -> Self {
        Self {
            fin: true,
            rsv1: false,
            rsv2: false,
            rsv3: false,
            opcode,
            mask,
            length: length as u64,
        }
    }

    /// The header as it goes over the wire: that many of the bytes.
    #[inline]
    pub fn encode(&self) -> ([u8; MAX_HEADER_LENGTH], usize) {
        let reserved = [self.rsv1, self.rsv2, self.rsv3];
        let first = first_byte(self.fin, reserved, self.opcode as u8);
        encode_header(first, self.length, self.mask)
    }

    /// Reads a header from the beginning of `bytes`: the header and its length in bytes, or `None`
    /// if more bytes are needed.
    ///
    /// # Errors
    /// What is wrong with a frame whatever came before it. It fails as early as the bytes allow and
    /// looks at them in their order, so that the outcome does not depend on how many have come.
    ///
    /// - By the first byte: [`Violation::ReservedBits23`], [`Violation::ReservedBit1`],
    ///   [`Violation::ReservedOpcode`] and [`Violation::FragmentedControl`].
    /// - By the second: [`Violation::OversizedControl`].
    /// - By the first bytes of the length that show it: [`Violation::LengthOverflow`] and
    ///   [`Violation::NonMinimalLength`].
    #[inline]
    pub fn parse(bytes: &[u8], reserved: Reserved) -> Result<Option<(Self, usize)>, Violation> {
        let Some(&first) = bytes.first() else {
            return Ok(None);
        };
        if first & (RSV1 | RSV2 | RSV3) != 0 {
            check_reserved(first, reserved)?;
        }
        let opcode = Opcode::try_from(first & OPCODE)?;
        let fin = first & FIN != 0;
        if opcode.is_control() && !fin {
            return Err(Violation::FragmentedControl);
        }
        let Some(&second) = bytes.get(1) else {
            return Ok(None);
        };
        if opcode.is_control() && second & LENGTH >= LENGTH_IN_16_BITS {
            return Err(Violation::OversizedControl);
        }
        let Some((length, mut at)) = parse_length(bytes, second & LENGTH)? else {
            return Ok(None);
        };
        let mask = if second & MASK != 0 {
            let Some(key) = bytes[at..].first_chunk::<4>() else {
                return Ok(None);
            };
            at += 4;
            Some(*key)
        } else {
            None
        };
        let header = Self {
            fin,
            rsv1: first & RSV1 != 0,
            rsv2: first & RSV2 != 0,
            rsv3: first & RSV3 != 0,
            opcode,
            mask,
            length,
        };
        Ok(Some((header, at)))
    }
}

/// The first byte of a header; of the opcode, whatever bits it has.
#[inline]
pub fn first_byte(fin: bool, reserved: [bool; 3], opcode: u8) -> u8 {
    let [rsv1, rsv2, rsv3] = reserved;
    let mut first = opcode;
    for (set, bit) in [(fin, FIN), (rsv1, RSV1), (rsv2, RSV2), (rsv3, RSV3)] {
        if set {
            first |= bit;
        }
    }
    first
}

/// A header with this first byte, as it goes over the wire: that many of the bytes. Nothing is checked: an
/// extension may make frames that only [`Header::parse`] finds something wrong with.
#[inline]
pub fn encode_header(
    first: u8,
    length: u64,
    mask: Option<[u8; 4]>,
) -> ([u8; MAX_HEADER_LENGTH], usize) {
    let (mut second, extended, mut at) = if length < u64::from(LENGTH_IN_16_BITS) {
        (length as u8, 0, 2)
    } else if let Ok(length) = u16::try_from(length) {
        let extended = u16::from_le_bytes(length.to_be_bytes());
        (LENGTH_IN_16_BITS, u64::from(extended), 4)
    } else {
        let extended = u64::from_le_bytes(length.to_be_bytes());
        (LENGTH_IN_64_BITS, extended, 10)
    };
    // Put together in a register, the first byte lowest. Bytes that are stored one by one cannot be
    // loaded together until all of them have left the store buffer: copying such a header took
    // longer than anything else about a short frame.
    let mut bits = u128::from(extended) << 16;
    if let Some(key) = mask {
        second |= MASK;
        bits |= u128::from(u32::from_le_bytes(key)) << (8 * at);
        at += 4;
    }
    bits |= u128::from(u16::from_le_bytes([first, second]));
    let [bytes @ .., _, _] = bits.to_le_bytes();
    (bytes, at)
}

/// Whether a first byte in which RSV bits are set may have them set.
fn check_reserved(first: u8, reserved: Reserved) -> Result<(), Violation> {
    let is_message = matches!(first & OPCODE, 1 | 2);
    match reserved {
        Reserved::Any => Ok(()),
        _ if first & (RSV2 | RSV3) != 0 => Err(Violation::ReservedBits23),
        Reserved::Compression if is_message => Ok(()),
        _ => Err(Violation::ReservedBit1),
    }
}

/// The payload length, and how many bytes of `bytes` lie before what follows it.
#[inline]
fn parse_length(bytes: &[u8], short: u8) -> Result<Option<(u64, usize)>, Violation> {
    let extended = &bytes[2..];
    match short {
        LENGTH_IN_16_BITS => {
            let Some(length) = extended.first_chunk::<2>() else {
                return Ok(None);
            };
            let length = u16::from_be_bytes(*length);
            if length < u16::from(LENGTH_IN_16_BITS) {
                return Err(Violation::NonMinimalLength);
            }
            Ok(Some((u64::from(length), 4)))
        }
        LENGTH_IN_64_BITS => {
            if extended.first().is_some_and(|top| top & 0x80 != 0) {
                return Err(Violation::LengthOverflow);
            }
            if extended.starts_with(&[0; 6]) {
                return Err(Violation::NonMinimalLength);
            }
            let Some(length) = extended.first_chunk::<8>() else {
                return Ok(None);
            };
            Ok(Some((u64::from_be_bytes(*length), 10)))
        }
        short => Ok(Some((u64::from(short), 2))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::encode::encode_frame;
    use super::*;

    fn parsed(bytes: &[u8]) -> (Header, usize) {
        Header::parse(bytes, Reserved::None).unwrap().unwrap()
    }

    #[test]
    fn reserved_bits_are_the_extensions() {
        for bits in 0..8_u8 {
            let bytes = [0x81 | bits << 4, 0x80, 1, 2, 3, 4];
            let (header, length) = Header::parse(&bytes, Reserved::Any).unwrap().unwrap();
            let rsv = (header.rsv1, header.rsv2, header.rsv3);
            assert_eq!(rsv, (bits & 4 != 0, bits & 2 != 0, bits & 1 != 0));
            assert_eq!((header.mask, length), (Some([1, 2, 3, 4]), 6));
            assert_eq!(header.encode(), {
                let mut encoded = [0; MAX_HEADER_LENGTH];
                encoded[..6].copy_from_slice(&bytes);
                (encoded, 6)
            });
        }
        assert_eq!(Header::parse(&[], Reserved::Any), Ok(None));
        let reserved = Err(Violation::ReservedOpcode(3));
        assert_eq!(Header::parse(&[0xf3], Reserved::Any), reserved);
    }

    #[test]
    fn rsv1_marks_the_first_frame_of_a_compressed_message() {
        let parse = |first: u8| Header::parse(&[first, 0], Reserved::Compression);
        for first in [0xc1, 0xc2, 0x41, 0x42] {
            assert!(parse(first).unwrap().unwrap().0.rsv1, "{first:#x}");
        }
        for first in [0xc0, 0x40, 0xc8, 0xc9, 0xca, 0xc3] {
            assert_eq!(parse(first), Err(Violation::ReservedBit1), "{first:#x}");
        }
        for first in [0xe1, 0xd1, 0xa1, 0x91] {
            assert_eq!(parse(first), Err(Violation::ReservedBits23), "{first:#x}");
        }
    }

    #[test]
    fn the_examples_of_rfc_6455_section_5_7() {
        let hello = parsed(&[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
        assert_eq!(hello, (Header::message(Opcode::Text, 5, None), 2));

        let key = [0x37, 0xfa, 0x21, 0x3d];
        let masked = [
            0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
        ];
        assert_eq!(
            parsed(&masked),
            (Header::message(Opcode::Text, 5, Some(key)), 6)
        );
        let mut out = Vec::new();
        encode_frame(&mut out, Opcode::Text, b"Hello", Some(key));
        assert_eq!(out, masked);

        let (first, _) = parsed(&[0x01, 0x03, 0x48, 0x65, 0x6c]);
        assert_eq!(
            (first.fin, first.opcode, first.length),
            (false, Opcode::Text, 3)
        );
        let (last, _) = parsed(&[0x80, 0x02, 0x6c, 0x6f]);
        assert_eq!(
            (last.fin, last.opcode, last.length),
            (true, Opcode::Continuation, 2)
        );

        let ping = Header::message(Opcode::Ping, 5, None);
        assert_eq!(parsed(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]).0, ping);
        let pong = Header::message(Opcode::Pong, 5, Some(key));
        assert_eq!(parsed(&[0x8a, 0x85, 0x37, 0xfa, 0x21, 0x3d]), (pong, 6));

        let binary = parsed(&[0x82, 0x7e, 0x01, 0x00]);
        assert_eq!(binary, (Header::message(Opcode::Binary, 256, None), 4));
        let binary = parsed(&[0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(binary, (Header::message(Opcode::Binary, 65_536, None), 10));
    }

    #[test]
    fn headers_of_all_lengths_survive_a_round_trip_and_need_all_their_bytes() {
        let key = Some([1, 2, 3, 4]);
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, (1 << 63) - 1] {
            for mask in [None, key] {
                for fin in [false, true] {
                    let header = Header {
                        fin,
                        length,
                        ..Header::message(Opcode::Binary, 0, mask)
                    };
                    let (bytes, n) = header.encode();
                    assert_eq!(parsed(&bytes[..n]), (header, n));
                    for short in 0..n {
                        assert_eq!(Header::parse(&bytes[..short], Reserved::None), Ok(None));
                    }
                }
            }
        }
    }

    #[test]
    fn reserved_bits_are_encoded() {
        let header = Header {
            rsv1: true,
            rsv3: true,
            ..Header::message(Opcode::Text, 0, None)
        };
        assert_eq!(header.encode().0[0], 0xd1);
    }

    #[test]
    fn the_first_byte_alone_fails() {
        for (byte, violation) in [
            (0xc1, Violation::ReservedBit1),
            (0xa1, Violation::ReservedBits23),
            (0x91, Violation::ReservedBits23),
            (0x83, Violation::ReservedOpcode(3)),
            (0x8f, Violation::ReservedOpcode(15)),
            (0x08, Violation::FragmentedControl),
            (0x09, Violation::FragmentedControl),
            (0x0a, Violation::FragmentedControl),
        ] {
            assert_eq!(
                Header::parse(&[byte], Reserved::None),
                Err(violation),
                "{byte:#x}"
            );
        }
    }

    #[test]
    fn a_control_frame_of_126_bytes_fails_at_the_second_byte() {
        for second in [126, 127, 0x80 | 126, 0x80 | 127] {
            assert_eq!(
                Header::parse(&[0x89, second], Reserved::None),
                Err(Violation::OversizedControl)
            );
        }
        assert_eq!(parsed(&[0x89, 125]).0.length, 125);
    }

    #[test]
    fn lengths_that_are_not_minimal_fail() {
        let non_minimal = Err(Violation::NonMinimalLength);
        assert_eq!(
            Header::parse(&[0x82, 126, 0, 125], Reserved::None),
            non_minimal
        );
        assert_eq!(
            Header::parse(&[0x82, 127, 0, 0, 0, 0, 0, 0], Reserved::None),
            non_minimal
        );
        assert_eq!(
            Header::parse(&[0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], Reserved::None),
            non_minimal
        );
        assert_eq!(parsed(&[0x82, 126, 0, 126]).0.length, 126);
    }

    #[test]
    fn a_length_with_its_top_bit_set_fails_at_that_byte() {
        assert_eq!(
            Header::parse(&[0x82, 127, 0x80], Reserved::None),
            Err(Violation::LengthOverflow)
        );
    }
}
