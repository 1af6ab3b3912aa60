//! permessage-deflate apart from its connection: between frames and frames.

use super::super::error::Violation;
use super::super::frame::header::Header;
use super::super::frame::opcode::Opcode;
use super::super::limits::Limits;
use super::super::memory::Memory;
use super::super::message::assembly::{Assembly, Message};
use super::per_message::PerMessageDeflate;
use super::settings::Deflate;

/// What becomes of a received frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Filtered {
    /// It is none of a compressed message: it goes on as it is.
    Untouched,
    /// It is a fragment of a message that has not come whole.
    Kept,
    /// It ends a compressed message, which is this.
    Message(Vec<u8>),
}

/// permessage-deflate among other extensions, in their order (RFC 6455 §9.1). They are between it and the
/// connection, on either side, and the connection itself knows nothing of it.
#[derive(Debug)]
pub struct DeflateFilter {
    deflate: PerMessageDeflate,
    limits: Limits,
    /// The compressed message under way.
    message: Option<Assembly>,
}

impl DeflateFilter {
    /// For a connection that has sent and received nothing yet.
    pub fn new(settings: Deflate, limits: Limits) -> Self {
        Self {
            deflate: PerMessageDeflate::new(settings),
            limits,
            message: None,
        }
    }

    /// Takes a frame that was received; `payload` is unmasked.
    ///
    /// # Errors
    /// What is wrong with a compressed message. The connection finds what is wrong with other frames.
    pub fn read(&mut self, header: &Header, payload: &[u8]) -> Result<Filtered, Violation> {
        match (header.opcode, &self.message) {
            (opcode, _) if opcode.is_control() => return Ok(Filtered::Untouched),
            (Opcode::Continuation, Some(_)) if header.rsv1 => return Err(Violation::ReservedBit1),
            (Opcode::Continuation, Some(_)) => {}
            (Opcode::Continuation, None) => return Ok(Filtered::Untouched),
            (_, Some(_)) => return Err(Violation::ExpectedContinuation),
            (opcode, None) if header.rsv1 => {
                self.message = Some(Assembly::new(opcode, true, Memory::default()))
            }
            (_, None) => return Ok(Filtered::Untouched),
        }
        let Some(mut message) = self.message.take() else {
            return Ok(Filtered::Untouched);
        };
        message.declare(header, &self.limits)?;
        message.append(payload, None, 0, 0)?;
        if !header.fin {
            self.message = Some(message);
            return Ok(Filtered::Kept);
        }
        match message.finish()? {
            Message::Compressed(_, payload) => {
                let mut inflated = self.deflate.inflate(payload, self.limits.max_payload)?;
                loop {
                    match inflated {
                        Some(message) => return Ok(Filtered::Message(message)),
                        None => inflated = self.deflate.inflate_on()?,
                    }
                }
            }
            Message::Text(_) | Message::Binary(_) => Ok(Filtered::Untouched),
        }
    }

    /// A frame that was received never comes here: `rsv1` and `opcode` are those that it had.
    ///
    /// # Errors
    /// [`Violation::CompressedFrameDropped`] if what follows cannot be inflated without it. A whole message
    /// can be missed if the peer does not take its context over.
    pub fn miss(&self, opcode: Opcode, rsv1: bool) -> Result<(), Violation> {
        let matters = match opcode {
            opcode if opcode.is_control() => false,
            Opcode::Continuation => self.message.is_some(),
            _ => rsv1 && self.deflate.settings().incoming.context_takeover,
        };
        match matters {
            true => Err(Violation::CompressedFrameDropped),
            false => Ok(()),
        }
    }

    /// The payload of a message's one frame, which has to be sent before the next is compressed,
    /// or [forgotten](Self::forget_sent); nothing if the message is to be sent as it is.
    pub fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        self.deflate.compress(message)
    }

    /// The last compressed message is not sent: the next refers to nothing.
    pub fn forget_sent(&mut self) {
        self.deflate.forget_sent();
    }
}
