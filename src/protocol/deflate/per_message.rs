//! permessage-deflate on one connection, RFC 7692 §7.2: the payload of a message compressed and inflated.

use super::super::error::Violation;
use super::codecs::{deflated, inflated};
use super::history::{History, REMINDER, SHORT_REMINDER};
use super::settings::Deflate;

impl Deflate {
    /// Compresses a message by itself: the same for every connection with this level and window
    /// that does not take over its context. `None` if the message is to be sent as it is.
    pub fn compress_alone(&self, message: &[u8]) -> Option<Vec<u8>> {
        deflated(self, &[], message)
    }
}

/// permessage-deflate on one connection.
#[derive(Debug)]
pub struct PerMessageDeflate {
    settings: Deflate,
    sent: History,
    received: History,
}

impl PerMessageDeflate {
    /// On a connection that has sent and received nothing yet.
    pub fn new(settings: Deflate) -> Self {
        Self {
            settings,
            sent: History::default(),
            received: History::default(),
        }
    }

    /// How it is set.
    pub fn settings(&self) -> &Deflate {
        &self.settings
    }

    /// Bytes of memory that the histories take.
    pub fn memory(&self) -> usize {
        self.sent.0.capacity() + self.received.0.capacity()
    }

    /// The payload of a message's one frame (RFC 7692 §7.2.1), which has to be sent before the next
    /// is compressed. `None` if the message is to be sent as it is.
    pub fn compress(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        let Self { settings, sent, .. } = self;
        if !settings.compresses(message.len()) {
            return None;
        }
        let reminder = message
            .len()
            .saturating_mul(2)
            .clamp(SHORT_REMINDER, REMINDER);
        let history = sent.last(reminder);
        let payload = deflated(settings, history, message)?;
        if settings.outgoing.context_takeover {
            let window = 1 << settings.outgoing.window_bits;
            sent.remember(message, REMINDER.min(window));
        }
        Some(payload)
    }

    /// The last compressed message is not sent: the next refers to nothing.
    pub fn forget_sent(&mut self) {
        self.sent = History::default();
    }

    /// The message whose frames had these payloads, joined (RFC 7692 §7.2.2).
    ///
    /// # Errors
    /// [`Violation::MessageTooLarge`] as soon as there are more than `limit` bytes of it,
    /// [`Violation::InvalidCompressedData`]. The connection cannot go on.
    pub fn inflate(&mut self, payload: &[u8], limit: u64) -> Result<Vec<u8>, Violation> {
        let Self {
            settings, received, ..
        } = self;
        let message = inflated(&received.0, payload, limit)?;
        if settings.incoming.context_takeover {
            received.remember(&message, 1 << settings.incoming.window_bits);
        }
        Ok(message)
    }
}
