//! What a connection does in its own way, because its sink wants it so.

/// The manner of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manner {
    /// Whether a ping is answered by itself (RFC 6455 §5.5.2). Default: `true`; otherwise that is left to the
    /// application.
    pub auto_pong: bool,
    /// Whether the close frame that answers a violation says what it was (RFC 6455 §7.1.7). Default: `true`.
    pub explains: bool,
    /// Whether what the peer sends after our close frame and before its own is reported. Default: `false`.
    pub hears_while_closing: bool,
    /// Whether small messages, pings and pongs may be handed on as slices of memory that others share. Default: `false`:
    /// each has its own.
    pub shares_memory: bool,
    /// Whether a text message is reported as [`Event::Utf8`](super::Event::Utf8). Default: `false`.
    pub text_as_bytes: bool,
    /// Whether text has to be UTF-8 (RFC 6455 §8.1). Default: `true`; `false` only with
    /// [`text_as_bytes`](Self::text_as_bytes).
    pub validates_utf8: bool,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            auto_pong: true,
            explains: true,
            hears_while_closing: false,
            shares_memory: false,
            text_as_bytes: false,
            validates_utf8: true,
        }
    }
}
