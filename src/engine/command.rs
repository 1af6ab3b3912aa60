//! What JavaScript asks of a shard, carried out in order.

use std::ptr;
use std::sync::Arc;

use bytes::Bytes;

use super::door::Door;
use super::mailbox::{Mailbox, UnderWay, Weight};
use super::slot::Named;
use super::tls::SecureContext;
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
    /// Whether it is compressed for the peers that agreed on permessage-deflate.
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

    /// Whether both are one frame, not two that are alike.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        ptr::eq(&*self.bytes, &*other.bytes)
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

/// A message, or a ping, to many connections.
pub struct Publish {
    /// A topic, all subscribers of which get it; `None` if those who are `named` do. The connections of a `Base` are
    /// subscribers of one that has no name.
    pub topic: Option<u64>,
    /// Who gets it, if that is no topic.
    pub named: Vec<Named>,
    /// The subscribers that do not get it.
    pub except: Vec<Arc<WriteSide>>,
    /// What they get.
    pub frame: Frame,
    /// Whoever has much waiting already is skipped.
    pub volatile: bool,
}

impl Publish {
    /// The same to one connection, and to those that are added.
    #[must_use]
    pub fn to(reader: Named, frame: Frame) -> Self {
        Self {
            topic: None,
            named: vec![reader],
            except: Vec::new(),
            frame,
            volatile: false,
        }
    }

    /// One more connection gets it, which is not named yet: what is sent to it again is another message.
    pub fn add(&mut self, reader: Named) {
        self.named.push(reader);
    }

    /// Bytes of its frame, and of its lists.
    pub(super) fn weight(&self) -> Weight {
        Weight {
            bytes: self.frame.wire().len(),
            listed: size_of_val(&self.except[..]) + size_of_val(&self.named[..]),
        }
    }

    /// Whether the same subscribers get the next one.
    pub(super) fn has_readers_of(&self, next: &Self) -> bool {
        let are_same = |(a, b): (&Arc<WriteSide>, &Arc<WriteSide>)| Arc::ptr_eq(a, b);
        self.topic.is_some()
            && self.topic == next.topic
            && !self.volatile
            && !next.volatile
            && self.except.len() == next.except.len()
            && self.except.iter().zip(&next.except).all(are_same)
    }
}

/// One command to a shard.
pub enum Command {
    /// A connection exists from now on. It is not read before its [`Command::Start`], nor written to, unless Rust has had its
    /// opening handshake.
    Open {
        /// The connection.
        connection: Arc<WriteSide>,
        /// How its peer is to behave, and how long to wait for it.
        config: Arc<Config>,
    },
    /// The shard accepts from the listening socket of a door.
    Listen(Arc<Door>),
    /// And no more: whoever has said nothing yet is handed on.
    CloseDoor(Arc<WriteSide>),
    /// Whoever has come by a door, and said nothing yet, is dropped.
    DropSilent(Arc<WriteSide>),
    /// The shard has its socket to itself, and gets the bytes that JavaScript had read from it.
    Start(Arc<WriteSide>, Vec<u8>),
    /// Something was appended to the outboxes of these.
    Flush(Vec<Arc<WriteSide>>),
    /// A frame for one connection, after what was submitted before.
    Send(Arc<WriteSide>, Vec<u8>),
    /// A message that the shard is to compress for one connection.
    Message(Arc<WriteSide>, Frame),
    /// A fragment of a message that the shard compresses, or not, for one connection.
    Fragment(Arc<WriteSide>, Fragment),
    /// One frame for many connections.
    Publish(Publish),
    /// The connection gets what is published to this topic from now on.
    Subscribe(Arc<WriteSide>, u64),
    /// And no more.
    Unsubscribe(Arc<WriteSide>, u64),
    /// Reports when all that was sent before is written.
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
    /// The write side of a raw connection is to be ended after what was sent.
    EndWrites(Arc<WriteSide>),
    /// The context that a raw connection waits for, by the name that its peer has asked for. Without one its bytes are
    /// handed on as they are.
    Secure(Arc<WriteSide>, Option<Arc<SecureContext>>),
    /// A raw connection reads no more, and says when.
    Stop(Arc<WriteSide>),
    /// What a raw connection has becomes that of one that was opened on the same socket, and starts: it is over itself. It
    /// has stopped; `received` is what JavaScript was handed and has not used.
    Change {
        /// The raw one.
        from: Arc<WriteSide>,
        /// The other.
        to: Arc<WriteSide>,
        /// Bytes that come before all that is read.
        received: Vec<u8>,
    },
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
    /// What it is counted for.
    #[must_use]
    pub fn weight(&self) -> Weight {
        let bytes = match self {
            Self::Send(_, frame) => frame.len(),
            Self::Fragment(_, fragment) => fragment.payload.len(),
            Self::Message(_, frame) => frame.wire().len(),
            Self::Publish(publish) => return publish.weight(),
            _ => 0,
        };
        Weight { bytes, listed: 0 }
    }

    /// Whether it is for all who subscribe to a topic.
    pub(super) fn is_for_all(&self) -> bool {
        matches!(self, Self::Publish(_))
    }

    /// A shard has taken this one from the env of `mailbox`.
    pub(super) fn under_way(&self, mailbox: Arc<Mailbox>, shard: usize) -> UnderWay {
        UnderWay::new(mailbox, shard, self.weight(), self.is_ordered())
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
