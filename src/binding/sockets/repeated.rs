//! One frame that is sent to one connection after the other, as by a loop over all of them.

use std::cell::RefCell;

use super::super::status::Outcome;
use crate::engine::Frame;
use crate::protocol::Opcode;

/// The frame that was sent last, if it is sent again: it is encoded once.
#[derive(Default)]
pub(crate) struct Repeated(RefCell<Option<Frame>>);

impl Repeated {
    /// The frame that was sent last, if what is sent now is the same, or else what `encode` makes. The bytes of a view
    /// may have changed meanwhile; a string, which has none here, cannot.
    pub(crate) fn frame(
        &self,
        bytes: Option<&[u8]>,
        opcode: Opcode,
        compress: bool,
        encode: impl FnOnce() -> Outcome<Frame>,
    ) -> Outcome<Frame> {
        let mut last = self.0.borrow_mut();
        let is_same = last.as_ref().is_some_and(|frame| {
            frame.opcode == opcode
                && frame.compress == compress
                && bytes.is_none_or(|bytes| frame.payload() == bytes)
        });
        match &*last {
            Some(frame) if is_same => Ok(frame.clone()),
            _ => Ok(last.insert(encode()?).clone()),
        }
    }

    /// Something else was sent, or the tick is over.
    pub(crate) fn forget(&self) {
        if self.0.borrow().is_some() {
            self.0.take();
        }
    }
}
