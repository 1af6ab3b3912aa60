//! One message on its way out of an inflater, step by step.
//!
//! A few bytes may inflate to a thousand times as many, and many may bring next to none and take long all the same: so
//! a step has a bound on either side, and others have their turn before the next.

use flate2::{Decompress, FlushDecompress, Status};

use super::super::error::Violation;

/// The end of an empty block, left off at the end of each message (RFC 7692 §7.2.1), and a last empty one: an inflater that was between two blocks is at its end after it.
const TAIL: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];
/// Blocks with BFINAL set in one message (RFC 7692 §7.2.3.4); each costs an inflater's reset, which then learns up to
/// 32 KiB, for two bytes of the peer's. Who sets it at all does so at the end of a message, or of each fragment.
const MAX_FINAL_BLOCKS: u32 = 16;
/// Bytes of output to begin with at most.
const FIRST: usize = 64 * 1024;
/// Bytes of the payload that a step takes at most. Blocks that bring nothing take time all the same.
const INPUT: usize = 16 * 1024;
/// Bytes of the message that a step brings at most.
const OUTPUT: usize = 256 * 1024;
/// How far back a message may refer.
const WINDOW: usize = 1 << 15;

/// A message under way, and the inflater that it comes out of.
#[derive(Debug)]
pub(super) struct Inflation {
    inflater: Decompress,
    message: Vec<u8>,
    limit: u64,
    /// Bytes of the payload that were taken.
    taken: usize,
    final_blocks: u32,
    /// After a block with BFINAL nothing is learnt, unless what follows refers to what came before: where that begins,
    /// in the payload and in the message.
    untaught: Option<(usize, usize)>,
}

/// Why feeding an inflater ended.
#[derive(PartialEq, Eq)]
enum Fed {
    /// It has taken all, and would take more.
    All,
    /// The message is as long as the step may make it.
    Full,
    /// A block with BFINAL has ended.
    Final,
}

impl Inflation {
    /// Begins a message, whose payload has this `length` and may refer to `history`.
    ///
    /// # Errors
    /// [`Violation::InvalidCompressedData`], which the library has no reason to find by now.
    pub(super) fn begin(
        inflater: Decompress,
        history: &[u8],
        length: usize,
        limit: u64,
    ) -> Result<Self, Violation> {
        let mut inflation = Self {
            inflater,
            message: Vec::new(),
            limit,
            taken: 0,
            final_blocks: 0,
            untaught: None,
        };
        let guess = length.saturating_mul(4).clamp(64, FIRST);
        let guess = guess.min(inflation.room());
        inflation.message.reserve_exact(guess);
        inflation.learn(history)?;
        Ok(inflation)
    }

    /// Goes on with the same `payload`, which may refer to `history`. True if the message is whole.
    ///
    /// # Errors
    /// [`Violation::MessageTooLarge`] as soon as there are more than the limit of it,
    /// [`Violation::InvalidCompressedData`].
    pub(super) fn step(&mut self, history: &[u8], payload: &[u8]) -> Result<bool, Violation> {
        let end = payload.len().min(self.taken + INPUT);
        let stop = self.message.len() + OUTPUT;
        let stepped = self.step_on(payload, end, stop);
        if stepped == Err(Violation::InvalidCompressedData)
            && let Some((taken, length)) = self.untaught.take()
        {
            self.taken = taken;
            self.message.truncate(length);
            self.learn(history)?;
            return Ok(false);
        }
        stepped
    }

    /// The message, which is whole, and the inflater for the next.
    pub(super) fn finish(self) -> (Vec<u8>, Decompress) {
        (self.message, self.inflater)
    }

    /// Inflates the payload up to `end`, and the message up to `stop`. True if the message is whole.
    fn step_on(&mut self, payload: &[u8], end: usize, stop: usize) -> Result<bool, Violation> {
        loop {
            let (taken, fed) = self.feed(&payload[self.taken..end.max(self.taken)], stop)?;
            self.taken += taken;
            match fed {
                Fed::Full => return Ok(false),
                Fed::All if self.taken < payload.len() => return Ok(false),
                // It ends what has begun: that is less than a step may bring.
                Fed::All => match self.feed(&TAIL, self.message.len() + OUTPUT)? {
                    (taken, Fed::Final) if taken == TAIL.len() => return Ok(true),
                    // It ends within a block.
                    _ => return Err(Violation::InvalidCompressedData),
                },
                Fed::Final if self.final_blocks == MAX_FINAL_BLOCKS => {
                    self.untaught = None;
                    return Err(Violation::InvalidCompressedData);
                }
                Fed::Final if self.taken == payload.len() => return Ok(true),
                Fed::Final => {
                    // What follows begins at the next byte (RFC 7692 §7.2.3.4).
                    self.final_blocks += 1;
                    self.untaught = Some((self.taken, self.message.len()));
                    self.inflater.reset(false);
                }
            }
        }
    }

    /// Begins a stream that may refer to all that came before.
    fn learn(&mut self, history: &[u8]) -> Result<(), Violation> {
        self.inflater.reset(false);
        let joined;
        let before = if self.message.is_empty() {
            history
        } else if self.message.len() >= WINDOW {
            &self.message[self.message.len() - WINDOW..]
        } else {
            joined = [history, &self.message].concat();
            &joined[joined.len().saturating_sub(WINDOW)..]
        };
        if !before.is_empty() {
            let learnt = self.inflater.set_dictionary(before);
            learnt.map_err(|_| Violation::InvalidCompressedData)?;
        }
        Ok(())
    }

    /// Inflates `input`, until the message has `stop` bytes: how much of it was taken.
    fn feed(&mut self, input: &[u8], stop: usize) -> Result<(usize, Fed), Violation> {
        let mut taken = 0;
        loop {
            if self.message.len() == self.message.capacity() {
                let more = self.message.len().max(64).min(self.room());
                self.message.reserve_exact(more);
            }
            let (read, written) = (self.inflater.total_in(), self.inflater.total_out());
            let length = self.message.len();
            let spare = self.message.spare_capacity_mut();
            let room = spare.len().min(stop - length);
            let status = self
                .inflater
                .decompress_uninit(&input[taken..], &mut spare[..room], FlushDecompress::None)
                .map_err(|_| Violation::InvalidCompressedData)?;
            let read = (self.inflater.total_in() - read) as usize;
            let written = (self.inflater.total_out() - written) as usize;
            // SAFETY: the inflater has written that many bytes to the memory that follows the message, which is its own.
            unsafe { self.message.set_len(length + written) };
            taken += read;
            if self.message.len() as u64 > self.limit {
                return Err(Violation::MessageTooLarge { limit: self.limit });
            }
            if status == Status::StreamEnd {
                return Ok((taken, Fed::Final));
            }
            if self.message.len() == stop {
                return Ok((taken, Fed::Full));
            }
            let has_room = written < room;
            if has_room && (taken == input.len() || (read == 0 && written == 0)) {
                return Ok((taken, Fed::All));
            }
        }
    }

    /// Bytes that the message may still take, and one by which it is seen to be too large.
    fn room(&self) -> usize {
        let room = self.limit.saturating_add(1) - self.message.len() as u64;
        usize::try_from(room).unwrap_or(usize::MAX)
    }
}
