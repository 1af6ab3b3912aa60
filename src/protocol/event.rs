//! What a connection reports.

use std::ops::Deref;

use super::error::Violation;

/// The bytes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload<'a> {
    /// A slice of the input: the message lay in it whole.
    Borrowed(&'a [u8]),
    /// Put together from several reads or fragments.
    Owned(Vec<u8>),
}

impl Payload<'_> {
    /// The bytes, copied if they are of the input.
    pub(crate) fn into_owned(self) -> Vec<u8> {
        match self {
            Self::Borrowed(bytes) => bytes.to_vec(),
            Self::Owned(bytes) => bytes,
        }
    }
}

impl Deref for Payload<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(bytes) => bytes,
        }
    }
}

impl AsRef<[u8]> for Payload<'_> {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// What came from the peer, or happened for want of it.
///
/// That the connection has become [`State::Closed`](super::State::Closed) is not an event: the
/// driver looks at the state after each call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A whole text message, valid UTF-8.
    Text(Payload<'a>),
    /// A whole text message, for those who take it as bytes: valid UTF-8, unless nobody looks.
    Utf8(Payload<'a>),
    /// A whole binary message.
    Binary(Payload<'a>),
    /// A ping. Its pong is in `out` already, or kept back while the output is congested.
    Ping(&'a [u8]),
    /// A pong that does not answer one of our automatic pings.
    Pong(&'a [u8]),
    /// The closing began and neither `close()` nor a violation began it: the peer's close frame, the idle
    /// timeout, or (by the session) the peer's FIN did.
    Closing,
    /// The peer broke the protocol or a limit. The close frame is in `out` already.
    Failed(Violation),
}
