//! One compression for many connections.

use crate::engine::command::{Fragments, Frame};
use crate::protocol::{Deflate, encode_compressed_frame, fragmented};

/// A topic's frame, compressed once for all connections that take over no context: a `Base` has
/// few different settings of them.
#[derive(Default)]
pub(super) struct CompressedOnce(Vec<(u8, u8, Option<Frame>)>);

impl CompressedOnce {
    /// The frame as a server sends it, compressed; `None` where it is to be sent as it is.
    pub(super) fn frame(&mut self, deflate: &Deflate, frame: &Frame) -> Option<&Frame> {
        let (level, window_bits) = (deflate.level, deflate.outgoing.window_bits);
        let same = |(l, w, _): &(u8, u8, Option<Frame>)| (*l, *w) == (level, window_bits);
        let index = self.0.iter().position(same).unwrap_or_else(|| {
            let compressed = deflate.compress_alone(frame.payload()).map(|payload| {
                let mut bytes = Vec::new();
                encode_compressed_frame(&mut bytes, frame.opcode, &payload, None);
                let fragments = frame
                    .fragments
                    .as_ref()
                    .map(|Fragments { most, .. }| Fragments {
                        most: *most,
                        bytes: fragmented(bytes.clone(), *most).into(),
                    });
                Frame {
                    header: bytes.len() - payload.len(),
                    bytes: bytes.into(),
                    fragments,
                    ..*frame
                }
            });
            self.0.push((level, window_bits, compressed));
            self.0.len() - 1
        });
        self.0[index].2.as_ref()
    }
}
