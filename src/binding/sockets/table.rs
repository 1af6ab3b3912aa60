//! An env's connections that shards carry, and the commands under way to the shards.

use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::io;
use std::num::NonZeroU32;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::sys;
use slab::Slab;

use super::audience::Audience;
use super::doorbell::Bell;
use super::leader::{Lead, Leader};
use super::pin::pin;
use super::repeated::Repeated;
use crate::engine::{
    Aside, Batch, Command, Door, Envelope, Frame, HIGH_MARK, Io, MAX_SLOT, Mailbox, Named,
    OneAtATime, Publish, SecureContext, Shards, Tally, WriteSide, number_of, shards, socket,
};

/// With at most this many connections written to since the last flush, JavaScript writes itself:
/// waking a shard would cost more.
const INLINE_WRITES: usize = 4;
/// Most connections that one command has their shard write to.
const FLUSHED: usize = 128;
/// Bytes of memory that one command is counted for beside its frame.
const COMMAND_COST: usize = 128;
/// Commands with more bytes than this go to the shard without waiting for the tick's end.
const EARLY: usize = 256 * 1024;
/// With more bytes than this in commands that the shard has not carried out, JavaScript waits for
/// it: a loop of broadcasts cannot outrun the shard.
const BACKLOG: usize = 16 * 1024 * 1024;
/// No wait for a shard lasts longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection in its env's table.
pub(crate) struct Slot {
    pub(crate) write_side: Arc<WriteSide>,
    /// What its shard knows it by, once that has been asked for. Here, so that who sends to many looks at this table alone.
    key: Option<NonZeroU32>,
    shard: u16,
    /// How many ordered commands its shard had been given when a list of connections named it last: one list names it once.
    listed_at: u64,
    /// It keeps the event loop alive.
    pub(crate) referenced: bool,
    dirty: bool,
    /// `Drain` was asked for, and has not been delivered.
    asks_drain: bool,
}

/// Commands to one shard that wait for the end of the tick.
#[derive(Default)]
struct Queue {
    commands: Vec<Command>,
    bytes: usize,
    /// Bytes of memory of their lists.
    listed: usize,
    /// Ordered commands so far, those that wait here included.
    ordered: u64,
}

/// The shards, and this env's way to them.
pub(crate) struct Link {
    /// The env's number, as it leads.
    pub(crate) env: u64,
    pub(crate) shards: Shards,
    pub(crate) mailbox: Arc<Mailbox>,
    queues: Box<[RefCell<Queue>]>,
}

/// Records that a drain had no time for, from `next` on.
pub(crate) struct Rest {
    pub(crate) batch: Batch,
    pub(crate) next: usize,
}

/// The connections of one env that shards carry.
#[derive(Default)]
pub(crate) struct Sockets {
    /// Until the env ends.
    pub(crate) bell: Cell<Option<Bell>>,
    link: OnceCell<Link>,
    pub(crate) slots: RefCell<Slab<Slot>>,
    /// What its shards accept from, until JavaScript has decided on all who came by it.
    pub(crate) doors: RefCell<Slab<Arc<Door>>>,
    /// What connections are secured with.
    pub(crate) contexts: RefCell<Slab<Arc<SecureContext>>>,
    /// And those of clients.
    #[cfg(x509)]
    pub(crate) client_contexts: RefCell<Slab<Arc<crate::engine::ClientContext>>>,
    /// Where what is published to topics goes.
    audience: RefCell<Audience>,
    dirty: RefCell<Vec<u32>>,
    /// What is sent to one connection after the other.
    pub(crate) repeated: Repeated,
    references: Cell<u32>,
    scheduled: Cell<bool>,
    /// Records are delivered: what is sent then is flushed by the drain.
    pub(crate) draining: OneAtATime,
    pub(crate) rest: RefCell<Vec<Option<Rest>>>,
    /// The lane that a drain begins with; one more stands for connections that have gone on.
    pub(crate) first: Cell<usize>,
    pub(crate) spare: RefCell<Vec<Batch>>,
    /// What was reported of paused connections.
    pub(crate) aside: RefCell<Aside>,
    /// `lib/` is to call `drain` in a later turn of the event loop.
    pub(crate) drains_later: Cell<bool>,
    /// Watches shards that this env leads.
    pub(crate) leading: Cell<Option<*const dyn Lead>>,
    /// What was delivered.
    pub(crate) tally: Cell<Tally>,
    /// What this thread has read and written itself.
    pub(crate) io: Cell<Io>,
    /// Who is to run their rounds.
    pub(crate) leader: Cell<Leader>,
    /// The asynchronous resource of rounds, until this env may lead; `lib/` gives it where it can.
    pub(crate) rounds: Cell<Option<sys::napi_ref>>,
    /// `lib/`'s dispatcher, and its way to go on in a later turn of the loop.
    pub(crate) functions: Cell<Option<Functions>>,
}

/// What `lib/` attached.
#[derive(Clone, Copy)]
pub(crate) struct Functions {
    pub(crate) dispatch: sys::napi_ref,
    pub(crate) later: sys::napi_ref,
}

impl Link {
    /// Who has come by a door has no place on its shard any more.
    pub(crate) fn settle(&self, door: &Door, number: u32) {
        if door.settle(number) {
            self.shards[door.write_side.shard]
                .handle()
                .dismiss(self.env);
        }
    }

    /// Nobody decides on those any more who have come by a door: their places are free.
    pub(crate) fn abandon(&self, door: &Door) {
        let handle = self.shards[door.write_side.shard].handle();
        for _ in 0..door.clear() {
            handle.dismiss(self.env);
        }
    }
}

impl Sockets {
    /// The link to the shards; the first call starts those.
    ///
    /// # Errors
    /// What the system refused; the next call tries again.
    pub(crate) fn link(&self) -> io::Result<&Link> {
        if let Some(link) = self.link.get() {
            return Ok(link);
        }
        pin();
        let shards = shards()?;
        let Some(bell) = self.bell.get() else {
            return Err(io::Error::other("the env is ending"));
        };
        let count = shards.len();
        *self.rest.borrow_mut() = (0..count).map(|_| None).collect();
        let mailbox = Arc::new(Mailbox::new(count, Box::new(bell)));
        Ok(self.link.get_or_init(|| Link {
            env: Mailbox::number(&mailbox),
            shards,
            mailbox,
            queues: (0..count).map(|_| RefCell::default()).collect(),
        }))
    }

    /// The link, if there has ever been a connection.
    pub(crate) fn linked(&self) -> Option<&Link> {
        self.link.get()
    }

    /// Adds a connection that its shard has admitted; `make` gets its number. `None` if there is
    /// no number left.
    pub(crate) fn add(&self, make: impl FnOnce(u32) -> WriteSide) -> Option<Arc<WriteSide>> {
        let mut slots = self.slots.borrow_mut();
        let entry = slots.vacant_entry();
        let number = u32::try_from(entry.key()).ok().filter(|n| *n <= MAX_SLOT)?;
        let write_side = Arc::new(make(number));
        entry.insert(Slot {
            write_side: write_side.clone(),
            key: None,
            listed_at: 0,
            shard: write_side.shard as u16,
            referenced: false,
            dirty: false,
            asks_drain: false,
        });
        drop(slots);
        self.subscribed(&write_side, write_side.base);
        Some(write_side)
    }

    /// The connection is over, and JavaScript knows.
    pub(crate) fn release(&self, raw: sys::napi_env, slot: u32) {
        self.refer(raw, slot, false);
        self.aside.borrow_mut().forget(slot);
        let removed = self.slots.borrow_mut().try_remove(slot as usize);
        if let Some(Slot { write_side, .. }) = removed {
            self.unsubscribed(&write_side, write_side.base);
        }
    }

    /// The connection subscribes to a topic from now on.
    pub(crate) fn subscribed(&self, write_side: &WriteSide, topic: u64) {
        let shards = self.link.get().map_or(0, |link| link.queues.len());
        let mut audience = self.audience.borrow_mut();
        audience.add(topic, write_side.shard, shards);
    }

    /// And no more.
    pub(crate) fn unsubscribed(&self, write_side: &WriteSide, topic: u64) {
        let mut audience = self.audience.borrow_mut();
        audience.remove(topic, write_side.shard);
    }

    /// The connection with this number.
    pub(crate) fn write_side(&self, slot: u32) -> Option<Arc<WriteSide>> {
        let slots = self.slots.borrow();
        slots.get(slot as usize).map(|slot| slot.write_side.clone())
    }

    /// The shard of a connection, and what names it there. `None` if there is no such connection, or its shard does not
    /// know it yet.
    pub(crate) fn named(&self, slot: u32) -> Option<(usize, Named)> {
        let mut slots = self.slots.borrow_mut();
        let entry = slots.get_mut(slot as usize)?;
        let key = match entry.key {
            Some(key) => key,
            // One more than it is: none is 0.
            None => {
                let Named { key, .. } = entry.write_side.named()?;
                *entry.key.insert(NonZeroU32::new(key + 1)?)
            }
        };
        let named = Named {
            key: key.get() - 1,
            slot,
        };
        Some((usize::from(entry.shard), named))
    }

    /// Records of a connection that cost this much were delivered. If it is not read for want of room, its shard hears
    /// at once that there is some.
    pub(crate) fn delivered(&self, link: &Link, slot: u32, cost: usize) {
        let has_room = {
            let slots = self.slots.borrow();
            let slot = slots.get(slot as usize);
            let has_room = slot.filter(|slot| slot.write_side.undelivered.delivered(cost));
            has_room.map(|slot| slot.write_side.clone())
        };
        if let Some(write_side) = has_room {
            let shard = write_side.shard;
            self.submit_now(link, shard, Command::ReadOn(write_side));
        }
    }

    /// Who has come by the door of this slot is gone: JavaScript will not hear of that. `record` is what the record says.
    pub(crate) fn dismiss(&self, link: &Link, slot: u32, record: u32) {
        let doors = self.doors.borrow();
        let door = doors.iter().find(|(_, door)| door.write_side.slot == slot);
        if let Some((_, door)) = door {
            link.settle(door, number_of(record));
        }
    }

    /// Queues a command after those before it, and gives all of them to the shard.
    pub(crate) fn submit_now(&self, link: &Link, shard: usize, command: Command) {
        self.submit(link, shard, command);
        self.hand_over(link, shard);
    }

    /// Whether a connection keeps the event loop alive.
    pub(crate) fn refer(&self, raw: sys::napi_env, slot: u32, on: bool) {
        let mut slots = self.slots.borrow_mut();
        let Some(slot) = slots.get_mut(slot as usize) else {
            return;
        };
        if std::mem::replace(&mut slot.referenced, on) == on {
            return;
        }
        let before = self.references.get();
        let after = if on { before + 1 } else { before - 1 };
        self.references.set(after);
        if (before == 0) != (after == 0)
            && let Some(bell) = self.bell.get()
        {
            bell.keep_alive(raw, on);
        }
    }

    /// Whether any connection keeps the event loop alive.
    pub(crate) fn keep_alive(&self) -> bool {
        self.references.get() > 0
    }

    /// Whether what is sent to this shard's connections now may go straight to their outboxes:
    /// all that was to be sent before has gone there.
    pub(crate) fn in_order(&self, link: &Link, shard: usize) -> bool {
        link.queues[shard].borrow().ordered == link.mailbox.processed(shard)
    }

    /// Something was appended to the connection's outbox.
    pub(crate) fn touch(&self, slot: u32) {
        if let Some(entry) = self.slots.borrow_mut().get_mut(slot as usize)
            && !std::mem::replace(&mut entry.dirty, true)
        {
            self.dirty.borrow_mut().push(slot);
        }
    }

    /// Queues a command to each shard that has subscribers of a topic: `make` gets the shard.
    pub(crate) fn submit_to(&self, link: &Link, topic: u64, make: impl Fn(usize) -> Command) {
        for shard in self.audience.borrow().shards_of(topic) {
            self.submit(link, shard, make(shard));
        }
    }

    /// Queues a frame to one more connection: with the command before it, if that is the same frame to others.
    pub(crate) fn submit_frame(&self, link: &Link, shard: usize, reader: Named, frame: &Frame) {
        let mut queue = link.queues[shard].borrow_mut();
        let Queue {
            commands, ordered, ..
        } = &mut *queue;
        let list = match commands.last_mut() {
            Some(Command::Publish(last)) if last.frame.is(frame) => Some(last),
            _ => None,
        };
        if let Some(list) = list
            && self.is_first_at(reader.slot, *ordered)
        {
            list.add(reader);
            queue.listed += size_of::<Named>();
            return self.queued(link, shard, queue);
        }
        // This one comes after those that were given.
        self.is_first_at(reader.slot, *ordered + 1);
        drop(queue);
        let publish = Publish::to(reader, frame.clone());
        self.submit(link, shard, Command::Publish(publish));
    }

    /// Whether the list that is the ordered command of this number does not name the connection of this slot yet; it does
    /// from now on.
    fn is_first_at(&self, slot: u32, ordered: u64) -> bool {
        let mut slots = self.slots.borrow_mut();
        let before = slots
            .get_mut(slot as usize)
            .map(|slot| std::mem::replace(&mut slot.listed_at, ordered));
        before != Some(ordered)
    }

    /// Queues a command after those before it.
    pub(crate) fn submit(&self, link: &Link, shard: usize, command: Command) {
        let mut queue = link.queues[shard].borrow_mut();
        if command.is_ordered() {
            let weight = command.weight();
            queue.bytes += weight.bytes;
            queue.listed += weight.listed;
        }
        queue.ordered += u64::from(command.is_ordered());
        queue.commands.push(command);
        self.queued(link, shard, queue);
    }

    /// One more is queued. If much is, the shard gets it without waiting for the tick's end, and if it has much to do
    /// already, it is waited for.
    fn queued(&self, link: &Link, shard: usize, queue: RefMut<'_, Queue>) {
        let commands = queue.commands.len() * COMMAND_COST;
        let early = queue.bytes + queue.listed + commands > EARLY;
        let ordered = queue.ordered;
        drop(queue);
        if early {
            self.hand_over(link, shard);
            let mailbox = &link.mailbox;
            let under_way = ordered.saturating_sub(mailbox.processed(shard));
            let commands = usize::try_from(under_way).unwrap_or(usize::MAX);
            let cost = commands
                .saturating_mul(COMMAND_COST)
                .saturating_add(mailbox.submitted_lists(shard));
            if mailbox.submitted_bytes(shard).saturating_add(cost) > BACKLOG {
                self.wait(link, shard, Instant::now() + PATIENCE);
            }
        }
    }

    /// Bytes of ordered commands that the shard has yet to carry out.
    pub(crate) fn under_way(&self, link: &Link, shard: usize) -> usize {
        link.queues[shard].borrow().bytes + link.mailbox.submitted_bytes(shard)
    }

    /// Sees to it that `Drain` follows, though a connection's outbox by itself may never hold so much that it would.
    pub(crate) fn ask_drain(&self, link: &Link, slot: u32) {
        let asked = {
            let mut slots = self.slots.borrow_mut();
            let slot = slots.get_mut(slot as usize).filter(|slot| {
                // Of more than that it is reported in any case.
                !slot.asks_drain && slot.write_side.buffered() <= HIGH_MARK
            });
            slot.map(|slot| {
                slot.asks_drain = true;
                slot.write_side.clone()
            })
        };
        if let Some(write_side) = asked {
            let shard = write_side.shard;
            self.submit(link, shard, Command::AwaitDrain(write_side));
        }
    }

    /// `Drain` of a connection is delivered.
    pub(crate) fn drained(&self, slot: u32) {
        if let Some(slot) = self.slots.borrow_mut().get_mut(slot as usize) {
            slot.asks_drain = false;
        }
    }

    /// Whether a connection compresses messages.
    pub(crate) fn compresses(&self, slot: u32) -> bool {
        let slots = self.slots.borrow();
        let slot = slots.get(slot as usize);
        slot.is_some_and(|slot| slot.write_side.deflate.is_some())
    }

    /// Gives the shard the commands that wait for the end of the tick.
    fn hand_over(&self, link: &Link, shard: usize) {
        let mut queue = link.queues[shard].borrow_mut();
        if queue.commands.is_empty() {
            return;
        }
        queue.bytes = 0;
        queue.listed = 0;
        let commands = std::mem::take(&mut queue.commands);
        drop(queue);
        let mailbox = link.mailbox.clone();
        let is_led = link.shards[shard].is_led_by(link.env);
        let began = Instant::now();
        link.shards[shard].submit(link.env, Envelope { mailbox, commands });
        if is_led {
            self.wrote_since(began);
        }
    }

    /// Waits until the shard has carried out all ordered commands, but not after `until`.
    fn wait(&self, link: &Link, shard: usize, until: Instant) {
        let target = link.queues[shard].borrow().ordered;
        link.mailbox.wait(shard, target, until);
    }

    /// True once per tick, if nothing is going to flush yet: `lib/` is to call `flush` then.
    pub(crate) fn must_schedule(&self) -> bool {
        !self.draining.is_under_way() && !self.scheduled.replace(true)
    }

    /// Writes, or has written, what the commands since the last flush left to write.
    pub(crate) fn flush(&self) {
        self.scheduled.set(false);
        let Some(link) = self.link.get() else {
            return;
        };
        self.repeated.forget();
        let dirty = self.dirty.borrow();
        // A shard that writes to others anyway writes to these as well.
        let writes = |queue: &RefCell<Queue>| {
            matches!(queue.borrow().commands.last(), Some(Command::Publish(_)))
        };
        let inline = dirty.len() <= INLINE_WRITES && !link.queues.iter().any(writes);
        let mut flushed: Vec<Vec<Arc<WriteSide>>> = Vec::new();
        let most = dirty.len().min(FLUSHED);
        let began = Instant::now();
        // After a panic the next flush looks at all of them again.
        for slot in &*dirty {
            let write_side = {
                let mut slots = self.slots.borrow_mut();
                let Some(slot) = slots.get_mut(*slot as usize) else {
                    continue;
                };
                slot.dirty = false;
                slot.write_side.clone()
            };
            let shard = write_side.shard;
            if !inline || write_side.flush_inline() {
                flushed.resize_with(link.queues.len(), Vec::new);
                let some = &mut flushed[shard];
                if some.is_empty() {
                    some.reserve_exact(most);
                }
                some.push(write_side);
                if some.len() == FLUSHED {
                    let some = std::mem::take(some);
                    self.submit(link, shard, Command::Flush(some));
                }
            }
        }
        if inline {
            self.wrote_since(began);
        }
        for (shard, some) in flushed.into_iter().enumerate() {
            if !some.is_empty() {
                self.submit(link, shard, Command::Flush(some));
            }
        }
        drop(dirty);
        self.dirty.borrow_mut().clear();
        for shard in 0..link.queues.len() {
            self.hand_over(link, shard);
        }
        self.consider();
    }

    /// This thread has written itself from then on.
    pub(crate) fn wrote_since(&self, began: Instant) {
        let mut io = self.io.get();
        io.add(began.elapsed());
        self.io.set(io);
    }

    /// It has run a round from then on.
    pub(crate) fn ran_since(&self, began: Instant) {
        let mut io = self.io.get();
        io.add_round(began.elapsed());
        self.io.set(io);
    }

    /// Considers again who is to lead.
    pub(crate) fn consider(&self) {
        if let Some(leading) = self.leading.get() {
            // SAFETY: it lives until the env's hook has set this to `None`.
            unsafe { &*leading }.consider();
        }
    }

    /// The env is about to exit: what is queued is written once, then a close frame 1001.
    pub(crate) fn leave(&self) {
        let Some(link) = self.link.get() else {
            return;
        };
        self.flush();
        for shard in 0..link.queues.len() {
            self.submit(link, shard, Command::Leave);
            self.hand_over(link, shard);
        }
        let until = Instant::now() + PATIENCE;
        for shard in 0..link.queues.len() {
            self.wait(link, shard, until);
        }
    }

    /// The env ends: nobody rings it any more, and its connections are closed.
    pub(crate) fn detach(&self) {
        self.bell.set(None);
        let Some(link) = self.link.get() else {
            return;
        };
        link.mailbox.detach();
        for (shard, queue) in link.queues.iter().enumerate() {
            // After what waits for the end of the tick: a connection that was opened in it has been
            // counted as the shard's.
            queue.borrow_mut().commands.push(Command::Detach);
            self.hand_over(link, shard);
        }
        for (_, door) in &self.doors.take() {
            // The port is free at once, not when the shard has come to it.
            if let Some(fd) = door.write_side.fd() {
                socket::end_listening(fd.as_fd());
            }
            link.abandon(door);
        }
        self.slots.take();
    }
}
