//! What one write is to send.

use bytes::Bytes;

use super::outbox::Outbox;

/// What is written to one connection.
pub(super) enum Load {
    /// What waited for it.
    Own(Outbox),
    /// Frames that go to others as well. Nothing waited before them.
    Shared(Bytes),
    /// What waited for it, encrypted.
    Records(Vec<u8>),
}

impl Load {
    /// All of it, if it is in one piece.
    pub(super) fn piece(&self) -> &[u8] {
        match self {
            Self::Own(outbox) => outbox.only_piece(),
            Self::Shared(frames) => frames,
            Self::Records(records) => records,
        }
    }

    /// What is left of it after this many bytes.
    pub(super) fn rest(self, written: usize) -> Outbox {
        match self {
            Self::Own(mut outbox) => {
                outbox.advance(written);
                outbox
            }
            Self::Shared(frames) => {
                let mut rest = Outbox::default();
                if written < frames.len() {
                    rest.push_owned(frames[written..].to_vec());
                }
                rest
            }
            // They are put back where they come from.
            Self::Records(_) => Outbox::default(),
        }
    }
}
