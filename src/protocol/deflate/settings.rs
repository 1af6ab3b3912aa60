//! How permessage-deflate is set on a connection.

use super::super::role::Role;
use super::history::REMINDER;
use super::params::DeflateParams;

/// What was agreed on for one direction (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Direction {
    /// The LZ77 window, as an exponent of 2: 8 to 15.
    pub window_bits: u8,
    /// Whether a message may refer to those before it.
    pub context_takeover: bool,
}

impl Direction {
    /// Bytes of the window.
    pub(super) fn window(&self) -> usize {
        1 << self.window_bits
    }
}

/// Settings of permessage-deflate for one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// For what we send.
    pub outgoing: Direction,
    /// For what we receive.
    pub incoming: Direction,
    /// How hard the compressor tries: 0 (not at all) to 9.
    pub level: u8,
    /// Messages of fewer bytes are sent as they are. Empty ones always are.
    pub threshold: usize,
}

impl Deflate {
    /// What `params` mean for the end in this role.
    pub fn new(params: &DeflateParams, role: Role, level: u8, threshold: usize) -> Self {
        let server = Direction {
            window_bits: params.server_max_window_bits,
            context_takeover: !params.server_no_context_takeover,
        };
        let client = Direction {
            window_bits: params.client_max_window_bits,
            context_takeover: !params.client_no_context_takeover,
        };
        let (outgoing, incoming) = match role {
            Role::Server => (server, client),
            Role::Client => (client, server),
        };
        Self {
            outgoing,
            incoming,
            level,
            threshold,
        }
    }

    /// Bytes that a connection may keep between two messages.
    pub fn memory(&self) -> usize {
        let window = |direction: &Direction| match direction.context_takeover {
            true => direction.window(),
            false => 0,
        };
        window(&self.outgoing).min(REMINDER) + window(&self.incoming)
    }

    /// Whether a message of this length is compressed.
    pub fn compresses(&self, length: usize) -> bool {
        length >= self.threshold.max(1)
    }
}
