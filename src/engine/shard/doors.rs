//! What a shard accepts. A connection that has come by a door is a descriptor and no more until it has said something:
//!
//! - If that is the whole request for a WebSocket, JavaScript gets its head, and decides on it.
//! - If it is anything else, JavaScript gets the bytes, and hands the connection on to Node.
//! - If nothing comes for a while, or too many say nothing, it is handed on as well. So whatever Node does with
//!   connections that are slow it does with these.
//!
//! Where connections are secured, TLS comes before all that: `secured`.

mod secured;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use slab::Slab;

use crate::engine::batch::{Arrival, BEGUN, End, SECURED};
use crate::engine::context::{Context, Ready, Timer};
use crate::engine::door::{Arrived, Door, MOST_ARRIVED};
use crate::engine::mailbox::{Mailbox, Recorder};
use crate::engine::tls::Tls;
use crate::engine::write_side::{WriteSide, socket};
use crate::protocol::{Millis, RequestHead};

/// Keys that have this bit are those of doors, and of who has come by one.
pub(super) const DOORS: u32 = 1 << 30;
/// The key of a door itself.
const ITSELF: u32 = 1 << 31;

/// Most connections that are accepted by one door in a round.
const ACCEPTS: usize = 128;
/// Most connections whose records wait to be read when another one's is to be.
const AT_ONCE: usize = 32;
/// Most connections of a door that have not said what they want.
const WAITING: usize = 1024;
/// How long a connection may say nothing; some may for twice as long.
const PATIENCE: Millis = 1_000;
/// When it is tried again to accept, if the system has no descriptor left, or too much waits for JavaScript.
const RETRY: Millis = 20;

/// What a deadline is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Silent,
    Accepting,
}

impl For {
    /// What such a deadline of a door is called: its key may be another's by then.
    fn id(self, door: &Door) -> u64 {
        door.write_side.id << 1 | u64::from(self == Self::Accepting)
    }
}

/// A door of this shard.
struct Open {
    door: Arc<Door>,
    /// How many of it have not said what they want.
    waiting: usize,
    /// How often it was looked at those.
    looks: u32,
    /// It will be looked at them again.
    looks_again: bool,
    /// It will be tried again to accept.
    tries_again: bool,
}

/// A connection that has said nothing, or is about to speak TLS.
struct Silent {
    fd: OwnedFd,
    door: u32,
    peer: Option<SocketAddr>,
    /// The last look before it came.
    look: u32,
    /// The poller knows it.
    is_watched: bool,
    /// The peer will send nothing any more.
    has_ended: bool,
    /// It is among the unheard.
    is_unheard: bool,
    /// Its records, if it is secured.
    tls: Option<Box<Tls>>,
}

/// The doors of a shard, and who has come by them.
#[derive(Default)]
pub(super) struct Doors {
    open: Slab<Open>,
    silent: Slab<Silent>,
    /// Doors at which somebody may wait.
    ready: Vec<u32>,
    /// Whose records wait to be read, in order.
    unheard: VecDeque<u32>,
    /// What one says is read into this.
    buffer: Box<[u8]>,
}

impl Doors {
    /// A door is open from now on.
    pub(super) fn add(&mut self, context: &mut Context, door: Arc<Door>) {
        let key = self.open.vacant_key() as u32;
        let added = match door.write_side.fd() {
            Some(fd) => {
                let listens = context.readiness.add(fd.as_fd(), name_of(key));
                listens.is_ok()
            }
            None => false,
        };
        if !added {
            return close(context, &door);
        }
        // The poller says at once if somebody waits by now.
        self.open.insert(Open {
            door,
            waiting: 0,
            looks: 0,
            looks_again: false,
            tries_again: false,
        });
    }

    /// A door is closed. Whoever has said nothing is handed on.
    pub(super) fn close(&mut self, context: &mut Context, write_side: &WriteSide) {
        if let Some(key) = self.find(write_side) {
            self.remove(context, key, |doors, context, silent| {
                doors.hand_on(context, silent, &[]);
            });
        }
    }

    /// Whoever has come by a door and said nothing is dropped, but for TLS handshakes that are under way.
    pub(super) fn drop_all(&mut self, context: &mut Context, write_side: &WriteSide) {
        let Some(key) = self.find(write_side) else {
            return;
        };
        let is_secure = self.open[key as usize].door.is_secure();
        let is_secured = |one: &Silent| one.tls.as_ref().is_some_and(|tls| tls.is_secured());
        for silent in self.of(key, |one| !is_secure || is_secured(one)) {
            self.lose(context, silent);
        }
    }

    /// An env is gone: so are its doors.
    pub(super) fn detach(&mut self, context: &mut Context, mailbox: &Arc<Mailbox>) {
        let of = |open: &Open| Arc::ptr_eq(&open.door.write_side.mailbox, mailbox);
        let own = self.open.iter().filter(|(_, open)| of(open));
        let keys: Vec<_> = own.map(|(key, _)| key as u32).collect();
        for key in keys {
            let door = self.remove(context, key, Self::lose);
            // Nor does anybody decide on those who have said something.
            for _ in 0..door.clear() {
                context.leave_place(mailbox);
            }
        }
    }

    fn remove(
        &mut self,
        context: &mut Context,
        key: u32,
        mut end: impl FnMut(&mut Self, &mut Context, u32),
    ) -> Arc<Door> {
        for silent in self.of(key, |_| true) {
            end(self, context, silent);
        }
        self.ready.retain(|ready| *ready != key);
        let Open { door, .. } = self.open.remove(key as usize);
        if let Some(fd) = door.write_side.fd() {
            context.readiness.remove(fd.as_fd());
        }
        close(context, &door);
        door
    }

    fn find(&self, write_side: &WriteSide) -> Option<u32> {
        let mut open = self.open.iter();
        let found = open.find(|(_, open)| open.door.write_side.id == write_side.id);
        found.map(|(key, _)| key as u32)
    }

    /// Those of a door that have said nothing.
    fn of(&self, door: u32, which: impl Fn(&Silent) -> bool) -> Vec<u32> {
        let all = self.silent.iter();
        let of = all.filter(|(_, silent)| silent.door == door && which(silent));
        of.map(|(key, _)| key as u32).collect()
    }

    /// A door is ready, or one who has come by it.
    pub(super) fn ready(&mut self, context: &mut Context, name: u32, ready: Ready) {
        let key = key_of(name);
        if name & ITSELF == 0 {
            self.spoke(context, key, ready);
        } else {
            self.accept_next(key);
        }
    }

    /// Somebody may wait at a door: this round accepts.
    fn accept_next(&mut self, key: u32) {
        if self.open.contains(key as usize) && !self.ready.contains(&key) {
            self.ready.push(key);
        }
    }

    /// Accepts who waits at the doors that are ready.
    pub(super) fn accept(&mut self, context: &mut Context) {
        self.hear_some(context);
        for _ in 0..self.ready.len() {
            let key = self.ready.remove(0);
            if self.accept_some(context, key) {
                self.ready.push(key);
            }
        }
    }

    /// True if somebody may be left.
    fn accept_some(&mut self, context: &mut Context, key: u32) -> bool {
        let Some(open) = self.open.get(key as usize) else {
            return false;
        };
        let door = open.door.clone();
        let write_side = &door.write_side;
        let Some(listener) = write_side.fd() else {
            return false;
        };
        for _ in 0..ACCEPTS {
            if door.is_secure() && !door.spreads && self.unheard.len() >= AT_ONCE {
                // Nobody else can do their handshakes: they come first.
                return true;
            }
            let arrived = door.arrived();
            // Those without a connection yet leave their places, for those of other shards maybe.
            let waits_for_places = context.is_full() && arrived + self.waiting(key) > 0;
            let is_behind = write_side.undelivered.is_full()
                || write_side.mailbox.undelivered.is_full()
                || arrived >= MOST_ARRIVED - WAITING
                || waits_for_places;
            if is_behind {
                self.try_again(context, key);
                return false;
            }
            match socket::accept(listener.as_fd()) {
                Ok((fd, peer)) => self.accepted(context, key, fd, peer),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                // The peer has given up, or a signal came.
                Err(error) if is_of_one(error.kind()) => {}
                // It does not listen any more: JavaScript has closed it, and says so next.
                Err(error) if error.kind() == io::ErrorKind::InvalidInput => return false,
                Err(_) => {
                    self.try_again(context, key);
                    return false;
                }
            }
        }
        true
    }

    /// How many of a door have said nothing.
    fn waiting(&self, key: u32) -> usize {
        self.open.get(key as usize).map_or(0, |open| open.waiting)
    }

    fn accepted(&mut self, context: &mut Context, key: u32, fd: OwnedFd, peer: Option<SocketAddr>) {
        let open = &mut self.open[key as usize];
        if !context.admit(&open.door.write_side.mailbox) {
            // There are as many connections as there may be.
            return;
        }
        open.waiting += 1;
        let (hands_on, is_crowded) = (open.door.most() == 0, open.waiting > WAITING);
        let silent = self.silent.insert(Silent {
            fd,
            door: key,
            peer,
            look: open.looks,
            is_watched: false,
            has_ended: false,
            is_unheard: false,
            tls: None,
        }) as u32;
        let is_secure = open.door.is_secure();
        // Other shards do some of the handshakes then.
        let is_behind = is_secure && (is_crowded || self.unheard.len() >= AT_ONCE);
        if hands_on || is_behind {
            return self.hand_on(context, silent, &[]);
        }
        if is_secure {
            self.begin(context, silent);
        } else if !self.hear(context, silent) {
            // Most have said what they want by now.
            self.watch(context, silent, is_crowded);
        }
    }

    /// The poller says when one says something, unless there are too many already: then that one is handed on.
    fn watch(&mut self, context: &mut Context, silent: u32, is_crowded: bool) {
        let one = &mut self.silent[silent as usize];
        let door = one.door;
        one.is_watched = !is_crowded
            && context
                .readiness
                .add(one.fd.as_fd(), DOORS | silent)
                .is_ok();
        if one.is_watched {
            self.look_again(context, door);
        } else {
            self.hand_on(context, silent, &[]);
        }
    }

    /// Reads what one says: whether it has said something, or has ended.
    fn hear(&mut self, context: &mut Context, silent: u32) -> bool {
        let Some(one) = self.silent.get(silent as usize) else {
            return true;
        };
        let door = &self.open[one.door as usize].door;
        let most = door.most();
        if most == 0 || door.write_side.undelivered.is_full() {
            // No head is read, or too much waits for JavaScript already: Node reads what it has to say.
            self.hand_on(context, silent, &[]);
            return true;
        }
        if one.tls.is_some() {
            return self.hear_secured(context, silent, most);
        }
        // One byte more shows that it is longer. The rest is read where there is room for it.
        let mut buffer = std::mem::take(&mut self.buffer);
        if buffer.len() <= most {
            buffer = vec![0; most + 1].into();
        }
        let received = socket::receive(one.fd.as_fd(), &mut buffer[..=most]);
        let is_silent = match received {
            Ok(read) if read > 0 => {
                self.heard(context, silent, &buffer[..read], most);
                false
            }
            Err(error) if is_silence(error.kind()) => true,
            Ok(_) | Err(_) => {
                self.lose(context, silent);
                false
            }
        };
        self.buffer = buffer;
        !is_silent
    }

    fn heard(&mut self, context: &mut Context, silent: u32, bytes: &[u8], most: usize) {
        let Silent { peer, .. } = self.silent[silent as usize];
        let Some(head) = RequestHead::read(bytes, most) else {
            return self.hand_on(context, silent, bytes);
        };
        let arrival = Arrival::Head {
            lines: &head.lines,
            asks: head.asks,
            peer,
        };
        self.record(context, silent, head.key, bytes.len(), &arrival);
    }

    /// One is Node's from now on, with what it has said.
    fn hand_on(&mut self, context: &mut Context, silent: u32, bytes: &[u8]) {
        let Some(one) = self.silent.get_mut(silent as usize) else {
            return;
        };
        if std::mem::take(&mut one.is_watched) {
            context.readiness.remove(one.fd.as_fd());
        }
        // Before that, anybody can do its TLS.
        one.tls.take_if(|tls| !tls.has_begun());
        let (tls, kept) = match &one.tls {
            Some(tls) if tls.is_secured() => (BEGUN | SECURED, tls.kept()),
            Some(tls) => (BEGUN, tls.kept()),
            None => (0, 0),
        };
        let other = Arrival::Other { bytes, tls, kept };
        self.record(context, silent, None, bytes.len(), &other);
    }

    fn record(
        &mut self,
        context: &mut Context,
        silent: u32,
        key: Option<crate::protocol::Key>,
        read: usize,
        arrival: &Arrival<'_>,
    ) {
        let Some(Silent {
            fd,
            door,
            is_watched,
            tls,
            ..
        }) = self.silent.try_remove(silent as usize)
        else {
            return;
        };
        let open = &mut self.open[door as usize];
        open.waiting -= 1;
        let number = open.door.put(Arrived {
            fd,
            is_watched,
            key,
            read: read as u32,
            tls,
            is_lent: false,
        });
        let write_side = &open.door.write_side;
        recorder(context, write_side)
            .add(|batch| batch.push_arrival(write_side.slot, number, arrival));
    }

    /// One is over before it has said anything.
    fn lose(&mut self, context: &mut Context, silent: u32) {
        if let Some(Silent { door, .. }) = self.silent.try_remove(silent as usize) {
            let open = &mut self.open[door as usize];
            open.waiting -= 1;
            context.leave_place(&open.door.write_side.mailbox);
        }
    }

    fn look_again(&mut self, context: &mut Context, key: u32) {
        let open = &mut self.open[key as usize];
        if !std::mem::replace(&mut open.looks_again, true) {
            arm(context, key, PATIENCE, For::Silent.id(&open.door));
        }
    }

    fn try_again(&mut self, context: &mut Context, key: u32) {
        let open = &mut self.open[key as usize];
        if !std::mem::replace(&mut open.tries_again, true) {
            arm(context, key, RETRY, For::Accepting.id(&open.door));
        }
    }

    /// A deadline of a door has come.
    pub(super) fn fire(&mut self, context: &mut Context, timer: Timer) {
        let key = key_of(timer.key);
        let Some(open) = self.open.get_mut(key as usize) else {
            return;
        };
        if timer.id == For::Accepting.id(&open.door) {
            open.tries_again = false;
            self.accept_next(key);
            return;
        }
        if timer.id != For::Silent.id(&open.door) {
            return;
        }
        open.looks_again = false;
        let before = open.looks;
        open.looks = before.wrapping_add(1);
        for silent in self.of(key, |silent| silent.look != before) {
            self.hand_on(context, silent, &[]);
        }
        if self.open[key as usize].waiting > 0 {
            self.look_again(context, key);
        }
    }

    /// Whether somebody may wait at a door, or to be heard.
    pub(super) fn is_behind(&self) -> bool {
        !self.ready.is_empty() || !self.unheard.is_empty()
    }
}

fn arm(context: &mut Context, key: u32, after: Millis, id: u64) {
    let at = context.now() + after;
    let key = name_of(key);
    context.timers.arm(Timer { at, id, key });
}

/// What a door is called by the poller, and by deadlines.
fn name_of(key: u32) -> u32 {
    DOORS | ITSELF | key
}

fn key_of(name: u32) -> u32 {
    name & !(DOORS | ITSELF)
}

/// Whether it is an error of one connection that was to be accepted, not of all.
fn is_of_one(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
    )
}

fn is_silence(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn recorder<'a>(context: &'a mut Context, write_side: &'a WriteSide) -> Recorder<'a> {
    let output = &mut context.output;
    Recorder::new(
        &write_side.mailbox,
        &write_side.undelivered,
        output.index,
        &mut output.rings,
    )
}

/// A door is closed: the last that JavaScript hears of it.
fn close(context: &mut Context, door: &Door) {
    let write_side = &door.write_side;
    context.leave_place(&write_side.mailbox);
    write_side.finish();
    recorder(context, write_side).add(|batch| batch.push_close(write_side.slot, End::default()));
}
