//! The two ends of a connection.

/// Which end of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends unmasked frames, and shuts its side of the connection first (RFC 6455 §7.1.1).
    Server,
    /// Masks its frames (RFC 6455 §5.3), and waits for the server to end the connection.
    Client,
}
