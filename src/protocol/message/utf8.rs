//! UTF-8 validation of text that arrives in pieces, RFC 6455 §8.1.

use super::super::error::Violation;

/// Whether all of `bytes` is UTF-8.
#[inline]
pub fn is_valid_utf8(bytes: &[u8]) -> bool {
    simdutf8::basic::from_utf8(bytes).is_ok()
}

/// Validates a text piece by piece; pieces may be cut anywhere, within a code point too.
///
/// It fails at the first byte that no continuation could make valid, so that a peer learns of it
/// before the rest of its message has come.
#[derive(Clone, Debug, Default)]
pub(crate) struct Utf8Validator {
    /// The beginning of a code point whose rest has not come: the first `pending_length` bytes.
    pending: [u8; 3],
    pending_length: u8,
}

impl Utf8Validator {
    /// Validates the next piece.
    ///
    /// # Errors
    /// [`Violation::InvalidUtf8`]; the validator is of no use after it.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Violation> {
        let rest = match self.pending_length {
            0 => bytes,
            _ => self.complete_pending(bytes)?,
        };
        let (whole, cut) = rest.split_at(rest.len() - cut_at_end(rest));
        if !is_valid_utf8(whole) {
            return Err(Violation::InvalidUtf8);
        }
        self.complete_pending(cut)?;
        Ok(())
    }

    /// Ends the text.
    ///
    /// # Errors
    /// [`Violation::InvalidUtf8`] if it ends within a code point.
    pub(crate) fn finish(&self) -> Result<(), Violation> {
        match self.pending_length {
            0 => Ok(()),
            _ => Err(Violation::InvalidUtf8),
        }
    }

    /// Feeds the pending code point, or one that begins here, from `bytes` and returns what is left of
    /// them: nothing if it is still pending.
    fn complete_pending<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], Violation> {
        let pending = usize::from(self.pending_length);
        let mut code_point = [0; 4];
        code_point[..pending].copy_from_slice(&self.pending[..pending]);
        for (taken, byte) in bytes.iter().enumerate() {
            let length = pending + taken + 1;
            code_point[length - 1] = *byte;
            match std::str::from_utf8(&code_point[..length]) {
                Ok(_) => {
                    self.pending_length = 0;
                    return Ok(&bytes[taken + 1..]);
                }
                Err(error) if error.error_len().is_some() => return Err(Violation::InvalidUtf8),
                // Never with four bytes, which are a code point or an error.
                Err(_) => {
                    self.pending[length - 1] = *byte;
                    self.pending_length = length as u8;
                }
            }
        }
        Ok(&[])
    }
}

/// How many bytes at the end of `bytes` begin a code point of more bytes than are there, if its first
/// byte is right.
fn cut_at_end(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(3).zip(1..);
    let Some((first, length)) = last.into_iter().find(|(byte, _)| **byte & 0xc0 != 0x80) else {
        return 0;
    };
    match first {
        0xc0.. if length < first.leading_ones() as usize => length,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are accepted, pushed one at a time, before the first error.
    fn accepted(bytes: &[u8]) -> usize {
        let mut validator = Utf8Validator::default();
        bytes
            .iter()
            .take_while(|byte| validator.push(&[**byte]).is_ok())
            .count()
    }

    #[test]
    fn a_text_may_be_cut_anywhere() {
        let text = "κόσμε, Hello-µ@ßöäüàá-UTF-8!! 😀 \u{10ffff} \u{d7ff}\u{e000}".as_bytes();
        // Miri, which takes minutes for all of them, takes some.
        let step = if cfg!(miri) { 7 } else { 1 };
        for first in (0..=text.len()).step_by(step) {
            for second in (first..=text.len()).step_by(step) {
                let mut validator = Utf8Validator::default();
                for piece in [&text[..first], &text[first..second], &text[second..]] {
                    assert_eq!(validator.push(piece), Ok(()));
                }
                assert_eq!(validator.finish(), Ok(()));
            }
        }
    }

    #[test]
    fn a_prefix_that_cannot_become_valid_fails_at_once() {
        assert_eq!(accepted(&[0xed, 0xa0, 0x80]), 1, "a surrogate");
        assert_eq!(accepted(&[0xf4, 0x90, 0x80, 0x80]), 1, "above U+10FFFF");
        assert_eq!(accepted(&[0xe0, 0x80, 0x80]), 1, "overlong, three bytes");
        assert_eq!(accepted(&[0xf0, 0x8f, 0xbf, 0xbf]), 1, "overlong, four");
        assert_eq!(accepted(&[0xc0, 0xaf]), 0, "overlong, two bytes");
        assert_eq!(accepted(&[0xf5]), 0);
        assert_eq!(accepted(&[0xff]), 0);
        assert_eq!(accepted(&[b'a', 0x80]), 1, "a lone continuation byte");
        assert_eq!(accepted(&[0xf0, 0x9f, 0x98, b'a']), 3);
        for prefix in [&[0xed, 0xa0][..], &[0xf4, 0x90]] {
            assert!(Utf8Validator::default().push(prefix).is_err());
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn every_end_of_a_piece_is_what_the_standard_library_says() {
        // Both ends of each range of bytes that Unicode's table of well-formed sequences distinguishes.
        const BYTES: &[u8] = b"a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc1\xc2\xdf\xe0\xe1\xec\xed\xee\xef\xf0\xf1\xf3\xf4\xf5\xff";
        let length = BYTES.len();
        for index in 0..length.pow(4) {
            let digit = |place: u32| BYTES[index / length.pow(place) % length];
            let piece = [b'a', digit(0), digit(1), digit(2), digit(3)];
            let (can_be_valid, is_valid) = match std::str::from_utf8(&piece) {
                Ok(_) => (true, true),
                Err(error) => (error.error_len().is_none(), false),
            };
            let mut validator = Utf8Validator::default();
            assert_eq!(validator.push(&piece).is_ok(), can_be_valid, "{piece:x?}");
            if can_be_valid {
                assert_eq!(validator.finish().is_ok(), is_valid, "{piece:x?}");
            }
        }
    }

    #[test]
    fn a_long_piece_fails_wherever_the_bad_byte_is() {
        for at in 0..200 {
            let mut bytes = [b'a'; 200];
            bytes[at] = 0xff;
            assert!(Utf8Validator::default().push(&bytes).is_err(), "at {at}");
            assert!(!is_valid_utf8(&bytes), "at {at}");
        }
    }

    #[test]
    fn a_text_must_not_end_within_a_code_point() {
        for length in 1..4 {
            let mut validator = Utf8Validator::default();
            assert_eq!(validator.push(&"😀".as_bytes()[..length]), Ok(()));
            assert_eq!(validator.finish(), Err(Violation::InvalidUtf8));
        }
    }

    #[test]
    fn empty_pieces_change_nothing() {
        let mut validator = Utf8Validator::default();
        for piece in [&[][..], &[0xe2], &[], &[0x82], &[], &[0xac]] {
            assert_eq!(validator.push(piece), Ok(()));
        }
        assert_eq!(validator.finish(), Ok(()));
    }
}
