//! A shard: connections, and rounds in which all of them have their turn. A thread of its own runs these, on a
//! current-thread Tokio runtime, or the JavaScript thread whose connections they are.
//!
//! | file | concept |
//! |---|---|
//! | `pool` | the process's shards, started at the first connection |
//! | `running` | a shard that runs: its gate, and what other threads ask of it |
//! | `thread` | its I/O thread |
//! | `doors` | the doors that it accepts from, and who has said nothing yet |
//! | `table` | a shard's connections, by key and by topic |
//! | `work` | what it has yet to do |
//! | `publish` | a message to all who subscribe to a topic |
//! | `compressed_once` | its one compression for many connections |

#[cfg(test)]
mod by_hand;
mod compressed_once;
mod doors;
#[cfg(all(test, feature = "loom"))]
mod loom;
pub(super) mod pool;
mod publish;
pub(super) mod running;
mod table;
mod thread;
mod work;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::command::{Command, Envelope, Frame};
use super::connection::Connection;
use super::context::{Context, Readiness, Ready};
use super::handle::ShardHandle;
use super::mailbox::{Mailbox, UnderWay};
use super::write_side::{Append, WriteSide};
use doors::{DOORS, Doors};
use table::Table;
use work::{LATE, Work};

/// How long commands are carried out before sockets and timers have their turn, and connections have theirs before
/// commands and timers have.
const SLICE: Duration = Duration::from_millis(5);

/// The state of one shard.
struct Shard {
    handle: Arc<ShardHandle>,
    table: Table,
    doors: Doors,
    context: Context,
    /// In order.
    works: VecDeque<Work>,
    /// Scratch for which sockets are ready.
    ready: Vec<(u32, Ready)>,
}

impl Shard {
    /// `rings`: whether it may write by io_uring.
    fn new(readiness: Readiness, handle: Arc<ShardHandle>, rings: bool) -> Self {
        Self {
            context: Context::new(readiness, handle.clone(), rings),
            handle,
            table: Table::default(),
            doors: Doors::default(),
            works: VecDeque::new(),
            ready: Vec::new(),
        }
    }

    /// All have their turn, commands and connections for as long as a `slice` each. True if something is left.
    fn round(&mut self, slice: Duration) -> bool {
        // Whatever ended the rest: if commands always do, the runtime never looks.
        let mut is_behind = self.hear();
        // What was submitted before something came is carried out before that is read: a pause, above all.
        is_behind |= self.carry_out_some(Instant::now() + slice);
        self.context.output.rings.ring();
        self.take_turns(slice);
        self.context.output.rings.ring();
        self.fire_timers();
        self.context.output.rings.ring();
        is_behind || self.doors.is_behind() || !self.context.turns.is_empty()
    }

    /// What was submitted is carried out, and those that it gave something to do have a turn. True if that left something:
    /// whoever was to have a turn before is known to be.
    fn carry_out(&mut self, slice: Duration) -> bool {
        let waited = !self.context.turns.is_empty();
        let is_left = self.carry_out_some(Instant::now() + slice);
        self.take_turns(slice);
        self.context.output.rings.ring();
        is_left || !waited && !self.context.turns.is_empty()
    }

    /// Those whose sockets are ready get a turn. True if there may be more of them.
    fn hear(&mut self) -> bool {
        let mut ready = std::mem::take(&mut self.ready);
        let is_more = self.context.readiness.look(&mut ready);
        for (key, ready) in ready.drain(..) {
            if key & DOORS != 0 {
                self.with_doors(|doors, context| doors.ready(context, key, ready));
                continue;
            }
            self.table
                .with(&mut self.context, key, |c, context| c.ready(context, ready));
        }
        self.ready = ready;
        self.with_doors(Doors::accept);
        is_more
    }

    /// Gives a turn to those that have asked for one so far, until it is late. One whose turns are long has its turn in
    /// any case, or those with short ones could keep it waiting for good.
    fn take_turns(&mut self, slice: Duration) {
        let mut now = Instant::now();
        let until = now + slice;
        let (short, long) = self.context.turns.waiting();
        for _ in 0..short {
            if let Some(key) = self.context.turns.next_short() {
                now = self.take_turn(key, now);
            }
            if now >= until {
                break;
            }
        }
        for _ in 0..long {
            // What the others brought does not wait for that.
            self.context.output.rings.ring();
            if let Some(key) = self.context.turns.next_long() {
                now = self.take_turn(key, now);
            }
            if now >= until {
                break;
            }
        }
    }

    /// Gives one connection its turn, which begins `now`: when it has ended.
    fn take_turn(&mut self, key: u32, now: Instant) -> Instant {
        let mut end = now;
        self.table
            .with(&mut self.context, key, |connection, context| {
                end = connection.turn(context, now);
            });
        end
    }

    /// Runs `run` on the connection that JavaScript knows by this part of it, unless it is over.
    fn with(&mut self, write_side: &WriteSide, run: impl FnOnce(&mut Connection, &mut Context)) {
        if let Some(key) = self.table.find(write_side) {
            self.table.with(&mut self.context, key, run);
        }
    }

    /// Runs `run` on the doors. A panic costs those whose turn it was.
    fn with_doors(&mut self, run: impl FnOnce(&mut Doors, &mut Context)) {
        let run = || run(&mut self.doors, &mut self.context);
        let _ = catch_unwind(AssertUnwindSafe(run));
    }

    /// Runs `run` on each connection of an env.
    fn with_each(
        &mut self,
        mailbox: &Arc<Mailbox>,
        mut run: impl FnMut(&mut Connection, &mut Context),
    ) {
        for key in self.table.keys_of(mailbox) {
            self.table.with(&mut self.context, key, &mut run);
        }
    }

    /// Carries out what was submitted, one command and what there is time for. True if something
    /// is left.
    fn carry_out_some(&mut self, until: Instant) -> bool {
        for (at, Envelope { mailbox, commands }) in self.handle.take() {
            let works = commands
                .into_iter()
                .map(|command| Work::Command(at, mailbox.clone(), command));
            self.works.extend(works);
        }
        let mut is_late = false;
        while !is_late && let Some(work) = self.works.pop_front() {
            self.work(work);
            is_late = Instant::now() >= until;
        }
        let is_left = !self.works.is_empty();
        if !is_left || Instant::now() >= self.context.settle_by {
            self.settle();
        }
        is_left
    }

    /// Writes what was appended to connections.
    fn settle(&mut self) {
        let count = self.context.unsettled.len();
        self.context.sweep.expect(count);
        for index in 0..count {
            let key = self.context.unsettled[index];
            let begin = Connection::settle_with_others;
            self.table.with(&mut self.context, key, begin);
        }
        self.context.unsettled.drain(..count);
        self.finish_sweep();
    }

    /// Writes what was begun to be written to several connections.
    fn finish_sweep(&mut self) {
        for write_side in self.context.sweep.finish() {
            self.with(&write_side, Connection::settle);
        }
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Command(at, mailbox, command) => {
                let under_way = command.under_way(mailbox, self.handle.index());
                self.obey(at, command, under_way);
            }
            Work::Message(at, write_side, frame) => {
                self.append(&write_side, None, |connection| {
                    append_message(connection, at, frame)
                });
            }
            Work::Done(under_way) => drop(under_way),
        }
    }

    /// Appends what `put` does to one connection, if that is not over, and writes it, now or later. It is all that the
    /// command sends that is `under_way`.
    fn append(
        &mut self,
        write_side: &WriteSide,
        mut under_way: Option<UnderWay>,
        put: impl FnOnce(&mut Connection) -> Append,
    ) {
        self.with(write_side, |connection, context| {
            let append = put(connection);
            if let Some(under_way) = &mut under_way {
                under_way.appended();
            }
            connection.appended(context, append);
        });
    }

    /// Carries out one command, or leaves what there is to it among the works.
    fn obey(&mut self, at: Instant, command: Command, under_way: UnderWay) {
        match command {
            Command::Open { connection, config } => {
                let connection = Connection::new(connection, config, self.context.now());
                self.table.insert(&mut self.context, connection);
            }
            Command::Listen(door) => self.with_doors(|doors, context| doors.add(context, door)),
            Command::CloseDoor(write_side) => {
                self.with_doors(|doors, context| doors.close(context, &write_side));
            }
            Command::DropSilent(write_side) => {
                self.with_doors(|doors, context| doors.drop_all(context, &write_side));
            }
            Command::Start(write_side, received) => {
                self.with(&write_side, |c, context| c.start(context, received));
            }
            Command::Flush(write_sides) => {
                self.context.sweep.expect(write_sides.len());
                for write_side in write_sides {
                    self.with(&write_side, Connection::settle_with_others);
                }
                self.finish_sweep();
            }
            Command::Send(write_side, frame) => {
                self.append(&write_side, Some(under_way), |c| {
                    c.write_side.shard_append(frame)
                });
            }
            Command::Message(write_side, frame) => {
                self.append(&write_side, Some(under_way), |c| {
                    append_message(c, at, frame)
                });
            }
            Command::Fragment(write_side, mut fragment) => {
                fragment.compress &= at.elapsed() < LATE;
                self.append(&write_side, Some(under_way), |c| {
                    c.append_fragment(&fragment)
                });
            }
            Command::Publish(publish) => {
                let own = (&mut self.table, &mut self.context);
                let mailbox = under_way.mailbox();
                let rest = publish::publish(own, &mut self.works, at, mailbox, publish);
                self.finish_sweep();
                if !rest.is_empty() {
                    self.works.push_front(Work::Done(under_way));
                    for work in rest {
                        self.works.push_front(work);
                    }
                }
            }
            Command::Subscribe(write_side, topic) => self.table.subscribe(&write_side, topic),
            Command::Unsubscribe(write_side, topic) => self.table.unsubscribe(&write_side, topic),
            Command::AwaitDrain(write_side) => write_side.await_drain(),
            Command::Close {
                connection: write_side,
                code,
                reason,
            } => self.with(&write_side, |c, context| c.close(context, code, &reason)),
            Command::SetMaxPayload(write_side, bytes) => {
                self.with(&write_side, |c, _| c.set_max_payload(bytes));
            }
            Command::Terminate(write_side) => self.with(&write_side, Connection::terminate),
            Command::ReleaseClosingAnswer(write_side) => {
                self.with(&write_side, Connection::release_closing_answer)
            }
            Command::Pause(write_side, paused) => {
                self.with(&write_side, |c, context| c.pause(context, paused));
            }
            Command::EndWrites(write_side) => self.with(&write_side, Connection::end_writes),
            Command::Secure(write_side, secure) => {
                self.with(&write_side, |c, context| c.choose(context, secure));
            }
            Command::Stop(write_side) => self.with(&write_side, Connection::stop),
            Command::Change { from, to, received } => self.change(&from, &to, received),
            Command::Resume => self.unsuspend(under_way.mailbox()),
            Command::ReadOn(write_side) => self.with(&write_side, Connection::unsuspend),
            Command::Leave => self.with_each(under_way.mailbox(), |connection, context| {
                connection.release_closing_answer(context);
                connection.close(context, 1001, "");
            }),
            Command::Detach => {
                let mailbox = under_way.mailbox();
                self.with_doors(|doors, context| doors.detach(context, mailbox));
                self.with_each(mailbox, Connection::lose);
                let table = &self.table;
                self.context.suspended.retain(|key| {
                    table
                        .mailbox_of(*key)
                        .is_some_and(|of| !Arc::ptr_eq(of, mailbox))
                });
            }
        }
    }

    /// A connection begins on what a raw one has. If that is over by now, so is the other.
    fn change(&mut self, from: &WriteSide, to: &WriteSide, received: Vec<u8>) {
        if self.table.find(from).is_none() {
            return self.with(to, Connection::lose);
        }
        to.adopt(from);
        self.with(from, Connection::lose);
        // Not before: JavaScript would write what is sent to it before what was sent to the other.
        to.start();
        self.with(to, |c, context| c.start(context, received));
    }

    /// The env has room again: its connections are read on.
    fn unsuspend(&mut self, mailbox: &Arc<Mailbox>) {
        let mut own = Vec::new();
        let table = &self.table;
        self.context.suspended.retain(|key| {
            let of = table.mailbox_of(*key);
            let is_own = of.is_some_and(|of| Arc::ptr_eq(of, mailbox));
            if is_own {
                own.push(*key);
            }
            // One that is over meanwhile is no longer kept.
            of.is_some() && !is_own
        });
        for key in own {
            self.table
                .with(&mut self.context, key, Connection::unsuspend);
        }
    }

    fn fire_timers(&mut self) {
        let now = self.context.now();
        while let Some(timer) = self.context.timers.pop_due(now) {
            if timer.key & DOORS != 0 {
                self.with_doors(|doors, context| doors.fire(context, timer));
            } else if let Some(key) = self.table.check(timer.key, timer.id) {
                self.table
                    .with(&mut self.context, key, |c, context| c.fire(context, now));
            }
        }
    }
}

/// Appends a message that was submitted at this time.
fn append_message(connection: &mut Connection, at: Instant, mut frame: Frame) -> Append {
    frame.compress &= at.elapsed() < LATE;
    if frame.compress || connection.write_side.mask {
        connection.append_message(&frame)
    } else {
        // Others may have it too: it is kept once.
        connection.write_side.shard_append_shared(frame.wire())
    }
}
