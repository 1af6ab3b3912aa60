//! permessage-deflate on one connection, RFC 7692 §7.2: the payload of a message compressed and inflated.

use super::super::error::Violation;
use super::super::event::Payload;
use super::codecs::{deflated, deflated_fragment, inflater, keep_inflater};
use super::history::{History, REMINDER, SHORT_REMINDER};
use super::inflation::Inflation;
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
    /// The message that is inflated step by step, and its payload.
    under_way: Option<Box<(Inflation, Vec<u8>)>>,
}

impl PerMessageDeflate {
    /// On a connection that has sent and received nothing yet.
    pub fn new(settings: Deflate) -> Self {
        Self {
            settings,
            sent: History::default(),
            received: History::default(),
            under_way: None,
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
        let history = sent.last(reminder(message.len()));
        let payload = deflated(settings, history, message)?;
        if settings.outgoing.context_takeover {
            sent.remember(message, REMINDER.min(settings.outgoing.window()));
        }
        Some(payload)
    }

    /// Compresses a fragment of a message, which has to be sent before the next one.
    /// The fragments are one DEFLATE stream, flushed at the end of each; of the last, what that ends with is left off
    /// (RFC 7692 §7.2.1).
    pub fn compress_fragment(&mut self, fragment: &[u8], is_last: bool) -> Vec<u8> {
        let Self { settings, sent, .. } = self;
        let history = sent.last(reminder(fragment.len()));
        let payload = deflated_fragment(settings, history, fragment, is_last);
        if settings.outgoing.context_takeover || !is_last {
            sent.remember(fragment, REMINDER.min(settings.outgoing.window()));
        } else {
            self.forget_sent();
        }
        payload
    }

    /// The last compressed message is not sent: the next refers to nothing.
    pub fn forget_sent(&mut self) {
        self.sent = History::default();
    }

    /// The message whose frames had these payloads, joined (RFC 7692 §7.2.2). `None` if that takes long:
    /// [`inflate_on`](Self::inflate_on) follows until it is there.
    ///
    /// # Errors
    /// [`Violation::MessageTooLarge`] as soon as there are more than `limit` bytes of it,
    /// [`Violation::InvalidCompressedData`]. The connection cannot go on.
    pub fn inflate(
        &mut self,
        payload: Payload<'_>,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, Violation> {
        let history = &self.received.0;
        let mut inflation = Inflation::begin(inflater(), history, payload.len(), limit)?;
        if inflation.step(history, &payload)? {
            return Ok(Some(self.finish(inflation)));
        }
        self.under_way = Some(Box::new((inflation, payload.into_owned())));
        Ok(None)
    }

    /// A step more of the message under way: the message, once it is whole.
    ///
    /// # Errors
    /// As [`inflate`](Self::inflate).
    pub fn inflate_on(&mut self) -> Result<Option<Vec<u8>>, Violation> {
        let Some(mut under_way) = self.under_way.take() else {
            return Ok(None);
        };
        let (inflation, payload) = &mut *under_way;
        if inflation.step(&self.received.0, payload)? {
            let (inflation, _) = *under_way;
            return Ok(Some(self.finish(inflation)));
        }
        self.under_way = Some(under_way);
        Ok(None)
    }

    /// Whether a message is inflated step by step.
    pub fn is_inflating(&self) -> bool {
        self.under_way.is_some()
    }

    /// Nobody wants the message under way any more, nor one after it.
    pub fn stop_inflating(&mut self) {
        self.under_way = None;
    }

    /// The message is whole: the next may refer to it.
    fn finish(&mut self, inflation: Inflation) -> Vec<u8> {
        let (message, inflater) = inflation.finish();
        keep_inflater(inflater);
        let incoming = &self.settings.incoming;
        if incoming.context_takeover {
            self.received.remember(&message, 1 << incoming.window_bits);
        }
        message
    }
}

/// How many bytes the compressor is reminded of, before `length` others.
fn reminder(length: usize) -> usize {
    length.saturating_mul(2).clamp(SHORT_REMINDER, REMINDER)
}
