//! What is sent. It lies in one place for all libraries: how it is aligned moves times by a fifth.

/// `size` bytes of ASCII.
pub fn ascii(size: usize) -> &'static [u8] {
    let text = b"The quick brown fox jumps over the lazy dog. ";
    keep(text.iter().copied().cycle().take(size).collect())
}

/// `size` bytes of text, of code points of one to four bytes, none of them cut.
pub fn mixed(size: usize) -> &'static [u8] {
    let unit = "aé€😀 Жу".as_bytes();
    let mut text = unit.repeat(size / unit.len());
    text.resize(size, b'.');
    keep(text)
}

/// For as long as the process runs: the cases need it so long.
fn keep(bytes: Vec<u8>) -> &'static [u8] {
    bytes.leak()
}
