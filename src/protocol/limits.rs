//! What a peer may make us hold in memory for one message, and answer.

use super::error::Violation;
use super::frame::header::Header;

/// Bounds on what a peer sends. Those on a message count the whole of it, over all its fragments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message, after decompression. More fails with [`Violation::MessageTooLarge`] as soon as a header
    /// declares it, or as it is inflated; a compressed message of that size may come in an eighth more
    /// bytes, and 1,024. Default: 16 MiB, the largest message of the Autobahn test suite.
    pub max_payload: u64,
    /// Frames of one fragmented message, empty ones included; a message in one frame is never
    /// refused by it. More fails with [`Violation::TooManyFragments`]. Default: 131,072; Autobahn
    /// sends 65,536 fragments of 64 bytes.
    pub max_fragments: u32,
    /// Frames without payload in one fragmented message. They cost the peer two to six bytes and
    /// never reach `max_payload`. More fails with [`Violation::TooManyEmptyFragments`]. Default:
    /// 1,024: streaming senders end a message with one and flush with a few; Autobahn sends three.
    pub max_empty_fragments: u32,
    /// Reads of the transport that a frame's payload may come in. Nothing waits in chunks here, so they cost no memory: it
    /// is for those who bound them with `ws`. One more fails with [`Violation::TooManyChunks`]. Default: `None`, off.
    pub max_chunks: Option<u32>,
    /// Pings, and pongs that answer none of our pings, per second: this many in the long run, and ten
    /// times as many at once. Each is an event, and each ping has us answer. More fails with
    /// [`Violation::TooManyControlFrames`]; `None` turns it off. Default: 10,000. A client that pings
    /// does so every few seconds; one that measures round trips, a few thousand times a second. A
    /// flood brings millions, and takes the JavaScript thread for itself.
    pub max_control_frames: Option<u32>,
    /// Messages per second, with what becomes of a peer that sends more. Default: `None`, off: what is many depends on
    /// the app.
    pub max_messages: Option<MessageLimit>,
}

/// How many messages a peer may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageLimit {
    /// Messages per second in the long run, at least 1.
    pub per_second: u32,
    /// Messages that may come at once, at least 1.
    pub burst: u32,
    /// What becomes of a peer that sends more.
    pub past: PastLimit,
}

/// What becomes of a peer that sends more messages than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PastLimit {
    /// It fails, with [`Violation::TooManyMessages`].
    Fail,
    /// It is not read until it may send the next.
    HoldBack,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_payload: 16 * 1024 * 1024,
            max_fragments: 131_072,
            max_empty_fragments: 1_024,
            max_chunks: None,
            max_control_frames: Some(10_000),
            max_messages: None,
        }
    }
}

impl Limits {
    /// Whether a message that has declared `so_far` bytes may have this frame too.
    ///
    /// # Errors
    /// [`Violation::MessageTooLarge`].
    #[inline]
    pub(crate) fn check_frame(
        &self,
        so_far: u64,
        header: &Header,
        compressed: bool,
    ) -> Result<(), Violation> {
        let allowed = match compressed {
            true => largest_compressed(self.max_payload),
            false => self.max_payload,
        };
        // Subtraction, because `so_far + length` may overflow: the peer chooses the length.
        if header.length > allowed.saturating_sub(so_far) {
            return Err(Violation::MessageTooLarge {
                limit: self.max_payload,
            });
        }
        Ok(())
    }
}

/// Bytes that a message of `max_payload` may come in when it is compressed.
#[must_use]
pub fn largest_compressed(max_payload: u64) -> u64 {
    // What cannot be compressed grows, by 1 bit in 8 if an encoder does its worst.
    let growth = max_payload / 8 + 1_024;
    max_payload.saturating_add(growth)
}

#[cfg(test)]
mod tests {
    use super::super::frame::opcode::Opcode;
    use super::*;

    #[test]
    fn the_sum_is_limited_and_cannot_overflow() {
        let limits = Limits {
            max_payload: 16,
            ..Limits::default()
        };
        let check = |so_far, length, compressed| {
            let header = Header {
                length,
                ..Header::message(Opcode::Binary, 0, None)
            };
            limits.check_frame(so_far, &header, compressed)
        };
        let too_large = Err(Violation::MessageTooLarge { limit: 16 });
        assert_eq!(check(0, 16, false), Ok(()));
        assert_eq!(check(4, 12, false), Ok(()));
        assert_eq!(check(0, 17, false), too_large);
        assert_eq!(check(4, 13, false), too_large);
        assert_eq!(check(4, u64::MAX, false), too_large);
        assert_eq!(check(0, 16 + 2 + 1_024, true), Ok(()));
        assert_eq!(check(1, 16 + 2 + 1_024, true), too_large);
        assert_eq!(check(4, u64::MAX, true), too_large);
    }
}
