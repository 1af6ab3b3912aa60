//! A batch from the shards is delivered, once per ring of the doorbell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use napi::sys;

use super::super::env::EnvState;
use super::super::status::{Outcome, check};
use super::super::values::delivery::{Called, Delivery, Values, in_scope};
use super::doorbell::Rung;
use super::table::{Functions, Link, Rest, Sockets};
use crate::engine::{Batch, Command, Kind, WriteSide};

/// Most records in one call of the dispatcher, after which the time is looked at.
const AT_ONCE: usize = 32;
/// A call brings no further record once those in it are counted for this many bytes.
const BYTES_AT_ONCE: usize = 64 * 1024;
/// How long a drain may go on before the event loop gets its turn.
const SLICE: Duration = Duration::from_millis(10);

/// How a stretch of records ended.
#[derive(PartialEq, Eq)]
enum End {
    /// All were delivered.
    Done,
    /// The slice is over.
    Late,
}

/// Delivers what waits in the env's mailbox, then writes what the listeners sent.
pub(crate) fn drain(state: &EnvState, raw: sys::napi_env) {
    let sockets = &state.sockets;
    let (Some(link), Some(functions)) = (sockets.linked(), sockets.functions.get()) else {
        return;
    };
    let Some(draining) = sockets.draining.begin() else {
        return;
    };
    // A failure means that no JavaScript runs any more; the env's end cleans up.
    let _ = in_scope(raw, || {
        let drain = Drain {
            sockets,
            link,
            raw,
            functions,
            delivery: Delivery::new(raw, functions.dispatch)?,
        };
        drain.run(Instant::now() + SLICE)
    });
    drop(draining);
    sockets.flush();
}

impl Rung for EnvState {
    fn rung(&self, raw: sys::napi_env) {
        drain(self, raw);
    }
}

/// One drain under way.
struct Drain<'a> {
    sockets: &'a Sockets,
    link: &'a Link,
    raw: sys::napi_env,
    functions: Functions,
    delivery: Delivery,
}

impl Drain<'_> {
    /// Delivers what waits, until nothing does or it is late.
    fn run(&self, until: Instant) -> Outcome<()> {
        let lanes = self.link.mailbox.lanes();
        loop {
            let mut idle = true;
            let first = self.sockets.first_lane.get();
            for shard in (first..lanes).chain(0..first) {
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
                idle &= batch.records.is_empty();
                if self.deliver(&mut batch, &mut next, until)? == End::Late {
                    self.sockets.rest.borrow_mut()[shard] = Some(Rest { batch, next });
                    // One that fills each slice is not served before the others.
                    self.sockets.first_lane.set((shard + 1) % lanes);
                    return self.go_on_later();
                }
                batch.clear();
                self.sockets.spare.borrow_mut().push(batch);
            }
            if idle && self.link.mailbox.rest() {
                return Ok(());
            }
            // The replies to one batch leave before the next is looked at.
            self.sockets.flush();
            if Instant::now() >= until {
                return self.go_on_later();
            }
        }
    }

    /// Delivers the records of `batch` from `next` on.
    fn deliver(&self, batch: &mut Batch, next: &mut usize, until: Instant) -> Outcome<End> {
        while *next < batch.records.len() {
            let first = *next;
            let mut cost = 0;
            let some = AssertUnwindSafe(|| self.deliver_some(batch, next, &mut cost));
            let result = catch_unwind(some).unwrap_or_else(|_| {
                // What was not delivered is lost: those connections end rather than go on without it.
                for record in &batch.records[first..*next] {
                    self.submit(record.slot, Command::Terminate);
                }
                Ok(())
            });
            if self.link.mailbox.undelivered.delivered(cost) {
                for shard in 0..self.link.mailbox.lanes() {
                    self.sockets.submit(self.link, shard, Command::Resume);
                }
            }
            result?;
            if *next < batch.records.len() && Instant::now() >= until {
                return Ok(End::Late);
            }
        }
        Ok(End::Done)
    }

    /// Delivers the records of `batch` from `next` on, up to as many as one call brings, and adds up their `cost`.
    fn deliver_some(&self, batch: &mut Batch, next: &mut usize, cost: &mut usize) -> Outcome<()> {
        let first = *next;
        in_scope(self.raw, || {
            let mut records: [Values; AT_ONCE] = [[ptr::null_mut(); 4]; AT_ONCE];
            let mut count = 0;
            while *next < batch.records.len() && count < AT_ONCE && *cost < BYTES_AT_ONCE {
                let index = *next;
                *next += 1;
                *cost += batch.records[index].cost;
                if let Some(values) = self.delivery.values(batch, index)? {
                    records[count] = values;
                    count += 1;
                } else {
                    self.submit(batch.records[index].slot, Command::Terminate);
                }
            }
            self.dispatch(&records[..count])?;
            let delivered = &batch.records[first..*next];
            for run in delivered.chunk_by(|a, b| a.slot == b.slot) {
                let cost = run.iter().map(|record| record.cost).sum();
                self.sockets.delivered(self.link, run[0].slot, cost);
            }
            for closed in delivered.iter().filter(|r| r.kind == Kind::Close) {
                self.sockets.release(self.raw, closed.slot);
            }
            Ok(())
        })
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

    /// Has `lib/` call `drain` again in a later turn of the event loop, if connections keep that alive or
    /// something else does. A ThreadsafeFunction that rang itself would be called up to 1,000
    /// times before that.
    fn go_on_later(&self) -> Outcome<()> {
        let (mut later, mut receiver) = (ptr::null_mut(), ptr::null_mut());
        let mut keeps_alive = ptr::null_mut();
        // SAFETY: on the env's thread within a handle scope; the reference lives as long as the env.
        unsafe {
            check(sys::napi_get_reference_value(
                self.raw,
                self.functions.later,
                &mut later,
            ))?;
            check(sys::napi_get_undefined(self.raw, &mut receiver))?;
            check(sys::napi_get_boolean(
                self.raw,
                self.sockets.keep_alive(),
                &mut keeps_alive,
            ))?;
            check(sys::napi_call_function(
                self.raw,
                receiver,
                later,
                1,
                &keeps_alive,
                ptr::null_mut(),
            ))
        }
    }
}
