//! One I/O thread: a current-thread Tokio runtime and the connections that it owns.
//!
//! | file | concept |
//! |---|---|
//! | `pool` | the process's shards, started at the first connection |
//! | `table` | a shard's connections, by key and by topic |
//! | `work` | what it has yet to do |
//! | `publish` | a message to all who subscribe to a topic |
//! | `compressed_once` | its one compression for many connections |

#[cfg(test)]
mod by_hand;
mod compressed_once;
#[cfg(all(test, feature = "loom"))]
mod loom;
pub(super) mod pool;
mod publish;
mod table;
mod work;

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::command::{Command, Envelope, Frame};
use super::connection::Connection;
use super::context::{Context, Readiness, Ready};
use super::handle::ShardHandle;
use super::mailbox::Mailbox;
use super::write_side::WriteSide;
use table::Table;
use work::{LATE, Work};

/// How long commands are carried out before sockets and timers have their turn, and connections have theirs before
/// commands and timers have.
const SLICE: Duration = Duration::from_millis(5);

/// Starts the shard with this index, for at most `capacity` connections.
fn start(index: usize, capacity: usize) -> io::Result<Arc<ShardHandle>> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let readiness = {
        let _entered = runtime.enter();
        Readiness::new()?
    };
    let handle = Arc::new(ShardHandle::new(index, capacity));
    let shard = Shard::new(readiness, handle.clone());
    std::thread::Builder::new()
        .name(format!("websockets-{index}"))
        .spawn(move || run(&runtime, shard))?;
    Ok(handle)
}

fn run(runtime: &Runtime, mut shard: Shard) {
    runtime.block_on(async move {
        let mut is_behind = false;
        while !shard.handle.is_stopped() {
            if !is_behind {
                shard.rest().await;
            }
            is_behind = shard.round(SLICE);
        }
    });
}

/// The state of one I/O thread.
struct Shard {
    handle: Arc<ShardHandle>,
    table: Table,
    context: Context,
    /// In order.
    works: VecDeque<Work>,
    /// Scratch for which sockets are ready.
    ready: Vec<(u32, Ready)>,
}

impl Shard {
    fn new(readiness: Readiness, handle: Arc<ShardHandle>) -> Self {
        Self {
            context: Context::new(readiness, handle.clone()),
            handle,
            table: Table::default(),
            works: VecDeque::new(),
            ready: Vec::new(),
        }
    }

    /// Waits for something to do.
    async fn rest(&self) {
        let mut woken = pin!(self.handle.woken());
        let called = poll_fn(|context| {
            // Both are looked at, so that neither calls again for what is done then.
            let ready = self.context.readiness.poll(context).is_ready();
            let woken = woken.as_mut().poll(context).is_ready();
            match ready || woken {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        match self.context.next_deadline() {
            Some(at) => {
                // Either ends the rest; what is due is looked at in any case.
                let _ = tokio::time::timeout_at(at.into(), called).await;
            }
            None => called.await,
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
        is_behind || !self.context.turns.is_empty()
    }

    /// Those whose sockets are ready get a turn. True if there may be more of them.
    fn hear(&mut self) -> bool {
        let mut ready = std::mem::take(&mut self.ready);
        let is_more = self.context.readiness.look(&mut ready);
        for (key, ready) in ready.drain(..) {
            self.table
                .with(&mut self.context, key, |c, context| c.ready(context, ready));
        }
        self.ready = ready;
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
        for index in 0..count {
            let key = self.context.unsettled[index];
            self.table.with(&mut self.context, key, Connection::settle);
        }
        self.context.unsettled.drain(..count);
    }

    fn work(&mut self, work: Work) {
        match work {
            Work::Command(at, mailbox, command) => {
                let (ordered, bytes) = (command.is_ordered(), command.bytes());
                let rest = self.carry_out(at, &mailbox, command);
                if rest.is_empty() {
                    if ordered {
                        mailbox.command_done(self.handle.index(), bytes);
                    }
                    return;
                }
                self.works.push_front(Work::Done(mailbox, bytes));
                for work in rest {
                    self.works.push_front(work);
                }
            }
            Work::Message(at, write_side, frame) => self.send_message(at, &write_side, frame),
            Work::Done(mailbox, bytes) => mailbox.command_done(self.handle.index(), bytes),
        }
    }

    fn send_message(&mut self, at: Instant, write_side: &WriteSide, mut frame: Frame) {
        frame.compress &= at.elapsed() < LATE;
        self.with(write_side, |connection, context| {
            if frame.compress || write_side.mask {
                connection.send_message(context, &frame);
            } else {
                // Others may have it too: it is kept once.
                connection.appended(context, write_side.shard_append_shared(frame.wire()));
            }
        });
    }

    /// Carries out one command, but for what is returned.
    fn carry_out(&mut self, at: Instant, mailbox: &Arc<Mailbox>, command: Command) -> Vec<Work> {
        match command {
            Command::Open { connection, config } => {
                let connection = Connection::new(connection, config, self.context.now());
                self.table.insert(&mut self.context, connection);
            }
            Command::Start(write_side, received) => {
                self.with(&write_side, |c, context| c.start(context, received));
            }
            Command::Flush(write_side) => self.with(&write_side, Connection::settle),
            Command::Send(write_side, frame) => self.with(&write_side, |c, context| {
                c.appended(context, write_side.shard_append(frame));
            }),
            Command::Message(write_side, frame) => self.send_message(at, &write_side, frame),
            Command::Fragment(write_side, mut fragment) => {
                fragment.compress &= at.elapsed() < LATE;
                self.with(&write_side, |c, context| {
                    c.send_fragment(context, &fragment)
                });
            }
            Command::Publish(publish) => {
                let own = (&mut self.table, &mut self.context);
                return publish::publish(own, &mut self.works, at, mailbox, publish);
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
            Command::Terminate(write_side) => self.with(&write_side, Connection::lose),
            Command::ReleaseClosingAnswer(write_side) => {
                self.with(&write_side, Connection::release_closing_answer)
            }
            Command::Pause(write_side, paused) => {
                self.with(&write_side, |c, context| c.pause(context, paused));
            }
            Command::Resume => self.unsuspend(mailbox),
            Command::ReadOn(write_side) => self.with(&write_side, Connection::unsuspend),
            Command::Leave => self.with_each(mailbox, |connection, context| {
                connection.release_closing_answer(context);
                connection.close(context, 1001, "");
            }),
            Command::Detach => {
                self.with_each(mailbox, Connection::lose);
                let table = &self.table;
                self.context.suspended.retain(|key| {
                    table
                        .mailbox_of(*key)
                        .is_some_and(|of| !Arc::ptr_eq(of, mailbox))
                });
            }
        }
        Vec::new()
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
            if let Some(key) = self.table.check(timer.key, timer.id) {
                self.table
                    .with(&mut self.context, key, |c, context| c.fire(context, now));
            }
        }
    }
}
