//! The protocol core of `websockets` beside tungstenite and fastwebsockets, in memory.
//!
//! A [`Case`] is one piece of work, as one library does it by its public API, on a payload of one
//! size. `benches/protocol.rs` takes their times, `src/bin/repeat.rs` is what
//! `table.js` counts their instructions with.
//!
//! - `payload`: what is sent. `wire`: an in-memory stream that brings frames without end.
//! - `read`: from masked frames on a stream to messages. `mask`, `utf8`, `encode`: the parts.

mod encode;
mod mask;
mod payload;
mod read;
mod utf8;
mod wire;

/// One piece of work, as one library does it.
pub struct Case {
    /// What is done, such as `mask`.
    pub work: &'static str,
    /// The payload's size in bytes.
    pub size: usize,
    /// Who does it.
    pub library: Library,
    /// Does it that many times.
    pub run: Box<dyn FnMut(u64)>,
}

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    /// This module.
    Websockets,
    /// tungstenite.
    Tungstenite,
    /// fastwebsockets.
    Fastwebsockets,
}

impl Library {
    /// As its package is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Websockets => "websockets",
            Self::Tungstenite => "tungstenite",
            Self::Fastwebsockets => "fastwebsockets",
        }
    }
}

/// Bytes of the payloads.
pub const SIZES: [usize; 3] = [16, 1024, 65_536];

/// The masking key of all frames; of zero, unmasking could be skipped.
const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// Every case; those of one work and size lie together.
pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    read::add(&mut cases);
    mask::add(&mut cases);
    utf8::add(&mut cases);
    encode::add(&mut cases);
    cases
}

impl Case {
    /// A case: `once` is the work.
    fn new(
        work: &'static str,
        size: usize,
        library: Library,
        mut once: impl FnMut() + 'static,
    ) -> Self {
        Self {
            work,
            size,
            library,
            run: Box::new(move |times| {
                for _ in 0..times {
                    once();
                }
            }),
        }
    }
}

/// Bytes, for people.
pub fn size_name(size: usize) -> String {
    match size {
        1024.. => format!("{} KiB", size / 1024),
        _ => format!("{size} B"),
    }
}
