//! A fragment that is sent, RFC 6455 §5.4.

use super::super::frame::encode::encode_fragment;
use super::super::frame::mask::random_key;
use super::super::frame::opcode::Opcode;
use super::super::role::Role;

/// How a frame that is sent is masked (RFC 6455 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Masking {
    /// As the role asks for, by a random key.
    ByRole,
    /// Not at all, or by this key, whatever the role asks for.
    Given(Option<[u8; 4]>),
}

impl Masking {
    /// The key, if there is one.
    pub(crate) fn key(self, role: Role) -> Option<[u8; 4]> {
        match self {
            Self::ByRole => (role == Role::Client).then(random_key),
            Self::Given(key) => key,
        }
    }
}

/// A fragment of a message, or all of it; or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// [`Opcode::Continuation`] unless it is the first.
    pub opcode: Opcode,
    /// It is the last.
    pub fin: bool,
    /// permessage-deflate may compress the message; of a continuation the first fragment has said that.
    pub compress: bool,
    /// How it is masked.
    pub masking: Masking,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Fragment {
    /// Appends its frame to `out`, as it is without compression.
    pub fn encode(&self, role: Role, out: &mut Vec<u8>) {
        let kind = (self.opcode, self.fin, false);
        encode_fragment(out, kind, &self.payload, self.masking.key(role));
    }
}
