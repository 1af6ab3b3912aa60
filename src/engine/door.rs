//! A door: a listening socket that a shard accepts from, and the connections that have asked for something and wait for
//! JavaScript to decide on them.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use slab::Slab;

use super::sync::{AtomicUsize, Mutex, Ordering};
use super::tls::{SecureContext, Tls};
use super::write_side::{WriteSide, socket};
use crate::protocol::Key;

/// Most of one door that may wait for JavaScript: their numbers have 24 bits.
pub(super) const MOST_ARRIVED: usize = 1 << 24;

/// The number in what a record says of one.
#[must_use]
pub fn number_of(record: u32) -> u32 {
    record & (MOST_ARRIVED as u32 - 1)
}

/// A connection that was accepted, and whose first bytes JavaScript has.
pub struct Arrived {
    /// Its descriptor, which nobody else has.
    pub fd: OwnedFd,
    /// Its shard's poller knows it.
    pub is_watched: bool,
    /// Its request opens a WebSocket, and this is its key.
    pub key: Option<Key>,
    /// Bytes that were read of it.
    pub read: u32,
    /// Its records, if something came of them.
    pub tls: Option<Box<Tls>>,
    /// JavaScript has a duplicate of the descriptor, and has not said yet that it closes that.
    pub is_lent: bool,
}

/// What a shard accepts from, as both threads see it.
pub struct Door {
    /// Its listening socket, its slot, and what is recorded of it.
    pub write_side: Arc<WriteSide>,
    most: AtomicUsize,
    /// What its connections are secured with, if they are.
    context: Option<Mutex<Arc<SecureContext>>>,
    /// Its connections go to several shards, if JavaScript opens them.
    pub(super) spreads: bool,
    arrived: Mutex<Slab<Arrived>>,
}

impl Door {
    /// A door on the listening socket of `write_side`, which reads heads of `most` bytes at most. `context`: what its
    /// connections are secured with, if they are; `spreads`: whether there are several shards.
    #[must_use]
    pub fn new(
        write_side: Arc<WriteSide>,
        most: usize,
        context: Option<Arc<SecureContext>>,
        spreads: bool,
    ) -> Self {
        Self {
            write_side,
            most: AtomicUsize::new(most),
            context: context.map(Mutex::new),
            spreads,
            arrived: Mutex::new(Slab::new()),
        }
    }

    /// Most bytes of a head that is read here. If it is 0, none is: whoever comes is handed on at once.
    #[must_use]
    pub fn most(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    /// Heads of this many bytes at most are read from now on; with 0 none is.
    pub fn read_heads(&self, most: usize) {
        self.most.store(most, Ordering::Relaxed);
    }

    /// Whether its connections are secured.
    pub(super) fn is_secure(&self) -> bool {
        self.context.is_some()
    }

    /// The records of a connection that comes now. `None` if it is not secured, or the context cannot be used.
    pub(super) fn new_tls(&self) -> Option<Box<Tls>> {
        let context = self.context.as_ref()?.lock().clone();
        Tls::new(Some(&context)).ok().map(Box::new)
    }

    /// Connections are secured with another context from now on.
    pub fn set_context(&self, context: Arc<SecureContext>) {
        if let Some(own) = &self.context {
            *own.lock() = context;
        }
    }

    /// How many wait for JavaScript.
    pub(super) fn arrived(&self) -> usize {
        self.arrived.lock().len()
    }

    /// One more waits for JavaScript: its number.
    pub(super) fn put(&self, arrived: Arrived) -> u32 {
        self.arrived.lock().insert(arrived) as u32
    }

    /// A duplicate of the descriptor of the one with this number, which JavaScript closes once it has said so by
    /// [`settle`](Self::settle). If the poller knows the one, it is to `forget` that.
    ///
    /// # Errors
    /// The process has no descriptor left, or there is no such one.
    pub fn lend(&self, number: u32, forget: impl FnOnce(BorrowedFd<'_>)) -> io::Result<OwnedFd> {
        let mut arrived = self.arrived.lock();
        let one = arrived.get_mut(number as usize);
        let one = one.ok_or(io::ErrorKind::NotConnected)?;
        let duplicate = socket::duplicate(one.fd.as_fd())?;
        one.is_lent = true;
        if std::mem::take(&mut one.is_watched) {
            forget(one.fd.as_fd());
        }
        Ok(duplicate)
    }

    /// JavaScript closes the duplicate that it was lent: whether it was.
    pub fn settle(&self, number: u32) -> bool {
        self.take(number).is_some()
    }

    /// JavaScript has decided on the one with this number.
    pub fn take(&self, number: u32) -> Option<Arrived> {
        self.arrived.lock().try_remove(number as usize)
    }

    /// The same if its request has a key, for which it is accepted.
    pub fn take_keyed(&self, number: u32) -> Option<(Arrived, String)> {
        let mut arrived = self.arrived.lock();
        let key = arrived.get(number as usize)?.key?;
        let one = arrived.try_remove(number as usize)?;
        // It is ASCII.
        Some((one, String::from_utf8_lossy(&key).into_owned()))
    }

    /// Nobody decides on those that are left: how many there were. If JavaScript was lent a duplicate and has not said what
    /// became of it, the env was ended in between: nobody may close that, and the peer must not wait for it.
    pub fn clear(&self) -> usize {
        let arrived = std::mem::take(&mut *self.arrived.lock());
        for (_, one) in arrived.iter().filter(|(_, one)| one.is_lent) {
            socket::shut(one.fd.as_fd());
        }
        arrived.len()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.clear();
    }
}
