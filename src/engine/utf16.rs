//! Text as UTF-16.
//!
//! V8 makes a string of UTF-16 by a copy; its own decoding of dense non-ASCII UTF-8 takes three times what a transcoder
//! takes, and would be paid for on the JavaScript thread.

/// Bytes of a long text that are transcoded at once, which the cache holds with their UTF-16.
const PIECE: usize = 16 * 1024;
/// Pieces of a step: some 0.3 ms.
const PIECES: usize = 16;

/// Appends `text`, which is UTF-8.
pub(super) fn append_utf16(wide: &mut Vec<u16>, text: &[u8]) {
    let start = wide.len();
    // The transcoders' own bound: one unit more than there are bytes.
    wide.resize(start + text.len() + 1, 0);
    let written = match simdutf8::basic::from_utf8(text) {
        // Of what is known to be valid it is a quarter faster, this look at it included.
        Ok(text) => encoding_rs::mem::convert_str_to_utf16(text, &mut wide[start..]),
        Err(_) => encoding_rs::mem::convert_utf8_to_utf16(text, &mut wide[start..]),
    };
    wide.truncate(start + written);
}

/// A long text that becomes UTF-16 piece by piece: memory that it does not need is not touched, and given back. UTF-8 may
/// have three bytes for one unit.
#[derive(Debug)]
pub(super) struct LongText {
    text: Vec<u8>,
    /// Bytes of it that were transcoded.
    taken: usize,
    wide: Vec<u16>,
}

impl LongText {
    /// Begins with all of `text`, which is UTF-8.
    pub(super) fn new(text: Vec<u8>) -> Self {
        Self {
            wide: Vec::with_capacity(text.len() + 1),
            text,
            taken: 0,
        }
    }

    /// Some more of it. True if that was the last.
    pub(super) fn step(&mut self) -> bool {
        for _ in 0..PIECES {
            let rest = &self.text[self.taken..];
            let most = rest.len().min(PIECE);
            // Of UTF-8 it is one of the last four.
            let begins = |at: &usize| rest.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
            let end = (most.saturating_sub(3)..=most).rev().find(begins);
            let end = end.unwrap_or(most);
            append_utf16(&mut self.wide, &rest[..end]);
            self.taken += end;
        }
        self.taken == self.text.len()
    }

    /// The UTF-16 of all of it.
    pub(super) fn finish(mut self) -> Vec<u16> {
        while !self.step() {}
        self.wide.shrink_to_fit();
        self.wide
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn a_long_text_is_transcoded_piece_by_piece_wherever_that_cuts_it() {
        for offset in 0..4 {
            let text = "x".repeat(offset) + &"é日😀".repeat(PIECE);
            let wide = LongText::new(text.clone().into_bytes()).finish();
            assert!(String::from_utf16(&wide).is_ok_and(|read| read == text));
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn a_step_ends_long_before_the_text() {
        let mut long = LongText::new("é".repeat(4 * PIECE * PIECES).into_bytes());
        let mut steps = 1;
        while !long.step() {
            steps += 1;
        }
        assert_eq!(steps, 8);
        assert_eq!(LongText::new(Vec::new()).finish(), []);
    }
}
