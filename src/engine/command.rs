//! What JavaScript asks of a shard, carried out in order.

use std::sync::Arc;

use bytes::Bytes;

use super::mailbox::Mailbox;
use super::write_side::WriteSide;
use crate::protocol::{Config, Fragment, Opcode, fragmented};

/// One frame, as a server sends it without compression.
#[derive(Clone)]
pub struct Frame {
    /// What it is.
    pub opcode: Opcode,
    /// All of it, unmasked.
    pub bytes: Bytes,
    /// Length of its header.
    pub header: usize,
    /// Whether it is compressed for those with whom permessage-deflate was agreed on.
    pub compress: bool,
    /// The same as fragments, if it is to leave as such.
    pub fragments: Option<Fragments>,
}

/// A message as several frames.
#[derive(Clone)]
pub struct Fragments {
    /// Most bytes of payload in each of them.
    pub most: usize,
    /// All of them, unmasked.
    pub bytes: Bytes,
}

impl Frame {
    /// Its payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[self.header..]
    }

    /// What leaves of it to those who take it as it is.
    #[must_use]
    pub fn wire(&self) -> &Bytes {
        self.fragments
            .as_ref()
            .map_or(&self.bytes, |fragments| &fragments.bytes)
    }

    /// Cuts what was made of it for one connection, as it is cut itself.
    #[must_use]
    pub fn cut(&self, frame: Vec<u8>) -> Vec<u8> {
        match &self.fragments {
            Some(Fragments { most, .. }) => fragmented(frame, *most),
            None => frame,
        }
    }
}

/// A message, or a ping, to all who subscribe to a topic.
pub struct Publish {
    /// Which. The connections of a `Base` are subscribers of one that has no name.
    pub topic: u64,
    /// What they get.
    pub frame: Frame,
    /// The subscribers that do not get it.
    pub except: Vec<Arc<WriteSide>>,
    /// Whoever has much waiting already is skipped.
    pub volatile: bool,
}

impl Publish {
    /// Bytes of its frame, and of the list of those who do not get it.
    pub(super) fn bytes(&self) -> usize {
        self.frame.wire().len() + size_of_val(&self.except[..])
    }

    /// Whether the same connections get the next one.
    pub(super) fn has_readers_of(&self, next: &Self) -> bool {
        let are_same = |(a, b): (&Arc<WriteSide>, &Arc<WriteSide>)| Arc::ptr_eq(a, b);
        self.topic == next.topic
            && !self.volatile
            && !next.volatile
            && self.except.len() == next.except.len()
            && self.except.iter().zip(&next.except).all(are_same)
    }
}

/// One command to a shard.
pub enum Command {
    /// A connection exists from now on; what is sent to it waits for its [`Command::Start`].
    Open {
        /// The connection.
        connection: Arc<WriteSide>,
        /// How its peer is to behave, and how long to wait for it.
        config: Arc<Config>,
    },
    /// The shard has its socket to itself, and gets the bytes that JavaScript had read from it.
    Start(Arc<WriteSide>, Vec<u8>),
    /// Something was appended to its outbox.
    Flush(Arc<WriteSide>),
    /// A frame for one connection, behind what was submitted before.
    Send(Arc<WriteSide>, Vec<u8>),
    /// A message that the shard is to compress for one connection.
    Message(Arc<WriteSide>, Frame),
    /// A fragment of a message that the shard compresses, or not, for one connection.
    Fragment(Arc<WriteSide>, Fragment),
    /// One frame for all who subscribe to a topic.
    Publish(Publish),
    /// The connection gets what is published to this topic from now on.
    Subscribe(Arc<WriteSide>, u64),
    /// And no more.
    Unsubscribe(Arc<WriteSide>, u64),
    /// Once all is written that was sent before, that is reported.
    AwaitDrain(Arc<WriteSide>),
    /// Begins the closing handshake.
    Close {
        /// The connection.
        connection: Arc<WriteSide>,
        /// Status code of the close frame.
        code: u16,
        /// Its reason, at most 123 bytes.
        reason: String,
    },
    /// JavaScript has seen that the connection is closing, and all that came before: what it sent
    /// meanwhile is followed by the close frame.
    ReleaseClosingAnswer(Arc<WriteSide>),
    /// From now on a message may have this many bytes.
    SetMaxPayload(Arc<WriteSide>, u64),
    /// Drops the connection.
    Terminate(Arc<WriteSide>),
    /// Stops (true) or goes on (false) reading from one connection.
    Pause(Arc<WriteSide>, bool),
    /// The env has room for records again.
    Resume,
    /// So much of this connection's records was delivered that there is room for more.
    ReadOn(Arc<WriteSide>),
    /// The env is about to exit: writes what is queued once, then tries a close frame 1001.
    Leave,
    /// The env is gone: so are its connections.
    Detach,
}

impl Command {
    /// Bytes of what it carries.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Send(_, frame) => frame.len(),
            Self::Fragment(_, fragment) => fragment.payload.len(),
            Self::Message(_, frame) => frame.wire().len(),
            Self::Publish(publish) => publish.bytes(),
            _ => 0,
        }
    }

    /// Whether what JavaScript sends later has to wait for this one: it writes to connections, says to
    /// which ones is written, or ends the env's business with the shard. How many of these are under way is bounded.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        matches!(
            self,
            Self::Send(..)
                | Self::Message(..)
                | Self::Fragment(..)
                | Self::Publish(..)
                | Self::Subscribe(..)
                | Self::Unsubscribe(..)
                | Self::Leave
        )
    }
}

/// Commands of one env to one shard.
pub struct Envelope {
    /// The env's mailbox.
    pub mailbox: Arc<Mailbox>,
    /// In the order of the calls.
    pub commands: Vec<Command>,
}
