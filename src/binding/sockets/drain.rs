//! A batch from the shards is delivered, once per ring of the doorbell.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::Instant;

use napi::sys;

use super::super::env::EnvState;
use super::super::status::{Outcome, check};
use super::super::values::delivery::{Called, Delivery, Values, in_scope};
use super::doorbell::Rung;
use super::table::{Link, Rest, Sockets};
use crate::engine::{Batch, Body, Command, Kind, LARGE, Record, Slice, Turned, WriteSide};

/// Most records in one call of the dispatcher, after which the time is looked at.
const AT_ONCE: usize = 32;
/// A call brings records that are counted for this many bytes at most, or one.
const BYTES_AT_ONCE: usize = 64 * 1024;

/// How a stretch of records ended.
#[derive(PartialEq, Eq)]
enum End {
    /// All were delivered.
    Done,
    /// The slice is over.
    Late,
}

/// A call came to nothing.
struct Panicked;

/// Delivers what waits in the env's mailbox, then writes what the listeners sent.
pub(crate) fn drain(state: &EnvState, raw: sys::napi_env) {
    let sockets = &state.sockets;
    let (Some(link), Some(functions)) = (sockets.linked(), sockets.functions.get()) else {
        return;
    };
    let Some(draining) = sockets.draining.begin() else {
        return;
    };
    let slice = &state.slice;
    let is_outermost = slice.borrow_mut().begin(Instant::now());
    // A failure means that no JavaScript runs any more; the env's end cleans up.
    let _ = in_scope(raw, || {
        let drain = Drain {
            sockets,
            slice,
            link,
            raw,
            delivery: Delivery::new(raw, &state.pool, functions.dispatch)?,
            leaving: Cell::new(0),
        };
        drain.run()
    });
    if is_outermost {
        slice.borrow_mut().end(Instant::now());
    }
    if slice.borrow().is_due() {
        // The next turn of the event loop is to begin another slice, whether something is left by then or not.
        let _ = in_scope(raw, || drain_later(sockets, raw));
    }
    drop(draining);
    sockets.flush();
}

impl Rung for EnvState {
    fn rung(&self, raw: sys::napi_env) {
        drain(self, raw);
        self.sockets.consider();
    }
}

/// One drain under way.
struct Drain<'a> {
    sockets: &'a Sockets,
    slice: &'a RefCell<Slice>,
    link: &'a Link,
    raw: sys::napi_env,
    delivery: Delivery<'a>,
    /// What the records of the call under way are counted for in the mailbox.
    leaving: Cell<usize>,
}

impl Drain<'_> {
    /// Delivers what waits, until nothing does or it is late: of each lane, and of connections that have gone on.
    fn run(&self) -> Outcome<()> {
        let lanes = self.link.mailbox.lanes();
        loop {
            let mut idle = true;
            let first = self.sockets.first.get();
            for source in (first..=lanes).chain(0..first) {
                let end = match source < lanes {
                    true => self.deliver_lane(source, &mut idle)?,
                    false => self.go_on()?,
                };
                if end == End::Late {
                    // What fills each slice is not served before the others.
                    self.sockets.first.set((source + 1) % (lanes + 1));
                    return drain_later(self.sockets, self.raw);
                }
            }
            if idle && self.link.mailbox.rest() && !self.sockets.aside.borrow().has_turns() {
                return Ok(());
            }
            // The replies to one batch leave before the next is looked at.
            self.sockets.flush();
            if self.is_late() {
                return drain_later(self.sockets, self.raw);
            }
        }
    }

    /// Whether the slice is over that all connections of the env share.
    fn is_late(&self) -> bool {
        self.slice.borrow_mut().is_late(Instant::now())
    }

    /// Delivers what waits in the lane of a shard; `idle` is false from then on if that is something.
    fn deliver_lane(&self, shard: usize, idle: &mut bool) -> Outcome<End> {
        let kept = self.sockets.rest.borrow_mut()[shard].take();
        let Rest {
            mut batch,
            mut next,
        } = kept.unwrap_or_else(|| {
            let spare = self.sockets.spare.borrow_mut().pop();
            Rest {
                batch: self.link.mailbox.take(shard, spare.unwrap_or_default()),
                next: 0,
            }
        });
        *idle &= batch.records.is_empty();
        let end = self.deliver(&mut batch, &mut next)?;
        if end == End::Late {
            self.sockets.rest.borrow_mut()[shard] = Some(Rest { batch, next });
        } else {
            batch.clear();
            self.sockets.spare.borrow_mut().push(batch);
        }
        Ok(end)
    }

    /// Delivers the records of `batch` from `next` on; those of paused connections are set aside.
    fn deliver(&self, batch: &mut Batch, next: &mut usize) -> Outcome<End> {
        while *next < batch.records.len() {
            let first = *next;
            let result = self.call(|call| {
                while *next < batch.records.len() && call.has_room() {
                    let index = *next;
                    let cost = self.leaving.get() + batch.records[index].cost;
                    if index > first && cost > BYTES_AT_ONCE {
                        break;
                    }
                    *next += 1;
                    self.leaving.set(cost);
                    call.add_or_set_aside(batch, index)?;
                }
                Ok(())
            });
            let result = result.unwrap_or_else(|Panicked| {
                // What was not delivered is lost: those connections end rather than go on without it.
                for record in &batch.records[first..*next] {
                    self.submit(record.slot, Command::Terminate);
                }
                self.count_off();
                Ok(())
            });
            result?;
            let Some(following) = batch.records.get(*next) else {
                break;
            };
            if self.is_late() {
                return Ok(End::Late);
            }
            if following.cost > BYTES_AT_ONCE {
                // To make a value of that takes long: replies to what came before it do not wait.
                self.sockets.flush();
            }
        }
        Ok(End::Done)
    }

    /// Takes the records of a call off what waits in the mailbox, those that were set aside too: they hold up nobody
    /// else. If shards do not read for want of room, they hear of it at once, and read while the rest is delivered.
    fn count_off(&self) {
        if self.link.mailbox.undelivered.delivered(self.leaving.take()) {
            for shard in 0..self.link.mailbox.lanes() {
                self.sockets.submit_now(self.link, shard, Command::Resume);
            }
        }
    }

    /// Delivers what was set aside of connections that have gone on: some of the first, then of the next.
    fn go_on(&self) -> Outcome<End> {
        let aside = &self.sockets.aside;
        loop {
            let Some(slot) = aside.borrow_mut().next_turn() else {
                return Ok(End::Done);
            };
            let result = self.call(|call| {
                // Nothing is borrowed while listeners run.
                if let Some((batch, next)) = aside.borrow_mut().turn(slot) {
                    let mut cost = 0;
                    while *next < batch.records.len() && call.has_room() && cost < BYTES_AT_ONCE {
                        cost += batch.records[*next].cost;
                        *next += 1;
                        call.add(batch, *next - 1)?;
                    }
                }
                Ok(())
            });
            result.unwrap_or_else(|Panicked| {
                self.submit(slot, Command::Terminate);
                Ok(())
            })?;
            if aside.borrow_mut().end_turn(slot) == Turned::Done {
                self.submit(slot, |connection| Command::Pause(connection, false));
            }
            if self.is_late() {
                return Ok(End::Late);
            }
        }
    }

    /// Has `fill` choose the records of one call of the dispatcher, and delivers those.
    fn call(
        &self,
        fill: impl FnOnce(&mut Made<'_>) -> Outcome<()>,
    ) -> Result<Outcome<()>, Panicked> {
        let call = || {
            in_scope(self.raw, || {
                let mut made = Made::new(self);
                fill(&mut made)?;
                made.dispatch()
            })
        };
        catch_unwind(AssertUnwindSafe(call)).map_err(|_| Panicked)
    }

    /// Calls the dispatcher with some records, and again after each listener that threw: it goes on after that
    /// one's record then.
    fn dispatch(&self, records: &[Values]) -> Outcome<()> {
        for _ in 0..=records.len() {
            if self.delivery.call(records)? == Called::Returned {
                break;
            }
        }
        Ok(())
    }

    /// Gives a command about a connection to its shard.
    fn submit(&self, slot: u32, make: impl FnOnce(Arc<WriteSide>) -> Command) {
        if let Some(connection) = self.sockets.write_side(slot) {
            let shard = connection.shard;
            self.sockets.submit(self.link, shard, make(connection));
        }
    }
}

/// The records of one call of the dispatcher, as they are made.
struct Made<'a> {
    drain: &'a Drain<'a>,
    records: [Values; AT_ONCE],
    count: usize,
    /// Whose they are, and what they are counted for.
    counted: [(u32, usize); AT_ONCE],
    /// How many were looked at, those that were set aside included.
    seen: usize,
    /// The connections that are over.
    closed: Vec<u32>,
}

impl<'a> Made<'a> {
    fn new(drain: &'a Drain<'a>) -> Self {
        Self {
            drain,
            records: [[ptr::null_mut(); 4]; AT_ONCE],
            count: 0,
            counted: [(0, 0); AT_ONCE],
            seen: 0,
            closed: Vec::new(),
        }
    }

    /// Whether one more record has room.
    fn has_room(&self) -> bool {
        self.seen < AT_ONCE
    }

    /// Adds a record, unless its connection is paused or has something left to be delivered before: then it is set
    /// aside.
    fn add_or_set_aside(&mut self, batch: &mut Batch, index: usize) -> Outcome<()> {
        let Record { kind, slot, .. } = batch.records[index];
        let mut aside = self.drain.sockets.aside.borrow_mut();
        // A pause holds back what is of the peer: not that our own bytes have left, nor that it is lost.
        let waits = !matches!(kind, Kind::Drain | Kind::Lost) && aside.keeps(slot);
        if !waits {
            drop(aside);
            return self.add(batch, index);
        }
        self.seen += 1;
        aside.put(batch, index);
        if kind == Kind::Close && aside.is_paused(slot) {
            // What it sent before is not to wait for the app.
            self.push(self.drain.delivery.bare(Kind::Lost, slot)?, slot, 0);
        }
        Ok(())
    }

    /// Adds a record.
    fn add(&mut self, batch: &mut Batch, index: usize) -> Outcome<()> {
        self.seen += 1;
        let Record {
            kind, slot, cost, ..
        } = batch.records[index];
        if let Some(values) = self.drain.delivery.values(batch, index)? {
            self.push(values, slot, cost);
        } else if let Body::Arrived { number, .. } = batch.records[index].body {
            self.drain.sockets.dismiss(self.drain.link, slot, number);
        } else {
            self.drain.submit(slot, Command::Terminate);
        }
        match kind {
            Kind::Close => self.closed.push(slot),
            Kind::Drain => self.drain.sockets.drained(slot),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, values: Values, slot: u32, cost: usize) {
        self.records[self.count] = values;
        self.counted[self.count] = (slot, cost);
        self.count += 1;
    }

    /// Calls the dispatcher, and forgets the connections that are over.
    fn dispatch(&mut self) -> Outcome<()> {
        let Drain {
            sockets, link, raw, ..
        } = *self.drain;
        if self.count > 0 {
            self.drain.dispatch(&self.records[..self.count])?;
        }
        // First of the room for all: who has just had some does not come before them.
        self.drain.count_off();
        let counted = &self.counted[..self.count];
        let mut tally = sockets.tally.get();
        for run in counted.chunk_by(|a, b| a.0 == b.0) {
            let cost = run.iter().map(|(_, cost)| cost).sum();
            sockets.delivered(link, run[0].0, cost);
            let large = run.iter().filter(|(_, cost)| *cost >= LARGE).count();
            tally.add(run.len(), large, sockets.compresses(run[0].0));
        }
        sockets.tally.set(tally);
        for slot in self.closed.drain(..) {
            sockets.release(raw, slot);
        }
        Ok(())
    }
}

/// Has `lib/` call `drain` in a later turn of the event loop, if connections keep that alive or something else does. A
/// ThreadsafeFunction that rang itself would be called up to 1,000 times before that.
pub(crate) fn drain_later(sockets: &Sockets, raw: sys::napi_env) -> Outcome<()> {
    let Some(functions) = sockets.functions.get() else {
        return Ok(());
    };
    if sockets.drains_later.replace(true) {
        return Ok(());
    }
    let (mut later, mut receiver) = (ptr::null_mut(), ptr::null_mut());
    let mut keeps_alive = ptr::null_mut();
    // SAFETY: on the env's thread within a handle scope; the reference lives as long as the env.
    unsafe {
        check(sys::napi_get_reference_value(
            raw,
            functions.later,
            &mut later,
        ))?;
        check(sys::napi_get_undefined(raw, &mut receiver))?;
        check(sys::napi_get_boolean(
            raw,
            sockets.keep_alive(),
            &mut keeps_alive,
        ))?;
        check(sys::napi_call_function(
            raw,
            receiver,
            later,
            1,
            &keeps_alive,
            ptr::null_mut(),
        ))
    }
}
