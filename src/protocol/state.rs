//! The phases of a connection.

/// How far the connection is. It only ever moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Messages go both ways.
    Open,
    /// We sent a close frame and wait for the peer's. Its messages are read over.
    Closing,
    /// No frame is read or sent any more; waiting for the peer's FIN.
    Draining,
    /// The end; the transport is to be dropped.
    Closed,
}
