//! One I/O thread: a current-thread Tokio runtime and the connections that it owns.

mod broadcast;
#[cfg(test)]
mod by_hand;
mod members;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use slab::Slab;
use tokio::runtime::{Builder, Runtime};

use super::connection::Connection;
use super::handle::ShardHandle;
use super::port::Port;
use super::readiness::Readiness;
use super::rings::Rings;
use super::shared::{NO_KEY, Shared};
use super::submission::{Envelope, Frame, Submission};
use super::sync::Ordering;
use super::timers::{Timer, Timers};
use crate::protocol::Millis;
use members::Members;

/// What one `recv` can bring; one such buffer a shard.
pub(super) const READ_BUFFER: usize = 128 * 1024;

/// How long submissions are carried out before sockets and timers have their turn.
const SLICE: Duration = Duration::from_millis(5);
/// How long what was appended waits for what the submissions still to be carried out append.
const LINGER: Duration = Duration::from_millis(50);
/// A message that has waited longer than this is not compressed any more: the thread is behind, and
/// compressing is most of its work.
const BEHIND: Duration = Duration::from_millis(200);

/// Starts the shard with this index, for so many connections at most.
pub(super) fn start(index: usize, capacity: usize) -> io::Result<Arc<ShardHandle>> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let readiness = {
        let _entered = runtime.enter();
        Readiness::new()?
    };
    let handle = Arc::new(ShardHandle::new(index, capacity));
    let own = handle.clone();
    std::thread::Builder::new()
        .name(format!("websockets-{index}"))
        .spawn(move || run(&runtime, readiness, own))?;
    Ok(handle)
}

fn run(runtime: &Runtime, readiness: Readiness, handle: Arc<ShardHandle>) {
    let shard = Shard::new(readiness, handle);
    runtime.block_on(async move {
        let mut is_behind = false;
        while !shard.handle.is_stopped() {
            if !is_behind {
                shard.rest().await;
            }
            is_behind = shard.round(Instant::now() + SLICE);
        }
    });
}

/// What a shard has yet to do, of what was submitted.
enum Work {
    /// A command, and when it was submitted.
    Submission(Instant, Arc<Port>, Submission),
    /// One connection's part of a broadcast.
    Message(Instant, Arc<Shared>, Frame),
    /// An ordered submission with that many bytes is carried out.
    Done(Arc<Port>, usize),
}

/// The state of one I/O thread; only that thread touches it.
pub(super) struct Shard {
    pub(super) index: usize,
    handle: Arc<ShardHandle>,
    epoch: Instant,
    pub(super) readiness: Readiness,
    table: RefCell<Slab<Rc<Connection>>>,
    bases: RefCell<HashMap<u64, Rc<Members>>>,
    /// Connections that have something to do, each once.
    turns: RefCell<Vec<Rc<Connection>>>,
    /// Rung behind each part of a round.
    pub(super) rings: Rings,
    timers: RefCell<Timers>,
    suspended: RefCell<Vec<Rc<Connection>>>,
    /// In order.
    backlog: RefCell<VecDeque<Work>>,
    /// Connections to which something was appended that is still to be written, and by when.
    unsettled: RefCell<Vec<Rc<Connection>>>,
    settle_by: Cell<Instant>,
    pub(super) read_buffer: RefCell<Box<[u8]>>,
    /// Scratch for what the protocol answers.
    pub(super) answer: Cell<Vec<u8>>,
}

impl Shard {
    fn new(readiness: Readiness, handle: Arc<ShardHandle>) -> Rc<Self> {
        Rc::new(Self {
            index: handle.index(),
            handle,
            epoch: Instant::now(),
            readiness,
            table: RefCell::default(),
            bases: RefCell::default(),
            turns: RefCell::default(),
            rings: Rings::default(),
            timers: RefCell::default(),
            suspended: RefCell::default(),
            backlog: RefCell::default(),
            unsettled: RefCell::default(),
            settle_by: Cell::new(Instant::now()),
            read_buffer: RefCell::new(vec![0; READ_BUFFER].into()),
            answer: Cell::default(),
        })
    }

    /// Milliseconds since the shard started.
    pub(super) fn now(&self) -> Millis {
        u64::try_from(self.epoch.elapsed().as_millis()).unwrap_or(Millis::MAX)
    }

    /// Waits for something to do.
    async fn rest(&self) {
        let mut woken = pin!(self.handle.woken());
        let called = poll_fn(|context| {
            // Both are looked at, so that neither calls again for what is done then.
            let ready = self.readiness.poll(context).is_ready();
            let woken = woken.as_mut().poll(context).is_ready();
            match ready || woken {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        let next = self.timers.borrow().next();
        match next.and_then(|at| self.epoch.checked_add(Duration::from_millis(at))) {
            Some(at) => {
                // Either ends the rest; what is due is looked at in any case.
                let _ = tokio::time::timeout_at(at.into(), called).await;
            }
            None => called.await,
        }
    }

    /// All have their turn. True where something is left.
    fn round(self: &Rc<Self>, until: Instant) -> bool {
        // Whatever ended the rest: where submissions always do, the runtime never looks.
        let mut is_behind = self.hear();
        // What was submitted before something came is carried out before that is read: a pause, above all.
        is_behind |= self.carry_out_some(until);
        self.rings.ring();
        self.take_turns();
        self.rings.ring();
        self.fire_timers();
        self.rings.ring();
        is_behind || !self.turns.borrow().is_empty()
    }

    /// Those whose sockets are ready get a turn. True where there may be more of them.
    fn hear(self: &Rc<Self>) -> bool {
        self.readiness.hear(|key, ready| {
            if let Some(connection) = self.at(key) {
                self.guard(&connection, || connection.ready(self, ready));
            }
        })
    }

    /// A connection has something to do once others had their turn.
    pub(super) fn turn_later(&self, connection: Rc<Connection>) {
        self.turns.borrow_mut().push(connection);
    }

    /// Gives a turn to those that have asked for one so far.
    fn take_turns(self: &Rc<Self>) {
        for connection in self.turns.take() {
            self.guard(&connection, || connection.turn(self));
        }
    }

    /// A panic costs one connection.
    fn guard(self: &Rc<Self>, connection: &Connection, run: impl FnOnce()) {
        if catch_unwind(AssertUnwindSafe(run)).is_err() {
            let _ = catch_unwind(AssertUnwindSafe(|| connection.lose(self)));
            // Where that does not come so far.
            self.remove(connection);
        }
    }

    /// The same for the connection of this part that JavaScript has, unless it is over.
    fn with(self: &Rc<Self>, shared: &Shared, run: impl FnOnce(&Rc<Connection>)) {
        if let Some(connection) = self.find(shared) {
            self.guard(&connection, || run(&connection));
        }
    }

    /// Carries out what was submitted, one submission and what there is time for. True where something
    /// is left.
    fn carry_out_some(self: &Rc<Self>, until: Instant) -> bool {
        for (at, Envelope { port, submissions }) in self.handle.take() {
            let works = submissions
                .into_iter()
                .map(|submission| Work::Submission(at, port.clone(), submission));
            self.backlog.borrow_mut().extend(works);
        }
        let mut is_late = false;
        while !is_late && let Some(work) = self.next_work() {
            self.work(work);
            is_late = Instant::now() >= until;
        }
        let is_left = !self.backlog.borrow().is_empty();
        if !is_left || Instant::now() >= self.settle_by.get() {
            for connection in self.unsettled.take() {
                self.guard(&connection, || connection.settle(self));
            }
        }
        is_left
    }

    fn next_work(&self) -> Option<Work> {
        self.backlog.borrow_mut().pop_front()
    }

    fn work(self: &Rc<Self>, work: Work) {
        match work {
            Work::Submission(at, port, submission) => {
                let (ordered, bytes) = (submission.is_ordered(), submission.bytes());
                let rest = self.carry_out(at, &port, submission);
                if rest.is_empty() {
                    if ordered {
                        port.submission_done(self.index, bytes);
                    }
                    return;
                }
                let mut backlog = self.backlog.borrow_mut();
                backlog.push_front(Work::Done(port, bytes));
                for work in rest {
                    backlog.push_front(work);
                }
            }
            Work::Message(at, shared, frame) => self.send_message(at, &shared, frame),
            Work::Done(port, bytes) => port.submission_done(self.index, bytes),
        }
    }

    fn send_message(self: &Rc<Self>, at: Instant, shared: &Shared, mut frame: Frame) {
        frame.compress &= at.elapsed() < BEHIND;
        self.with(shared, |connection| {
            if frame.compress || shared.mask {
                connection.send_message(self, &frame);
            } else {
                // Others may have it too: it is kept once.
                connection.appended(self, shared.shard_append_shared(&frame.bytes));
            }
        });
    }

    /// What was appended to a connection is written with what the submissions still to be carried
    /// out append, unless that takes long: one system call for all of it.
    pub(super) fn settle_later(&self, connection: Rc<Connection>) {
        let mut unsettled = self.unsettled.borrow_mut();
        if unsettled.is_empty() {
            self.settle_by.set(Instant::now() + LINGER);
        }
        unsettled.push(connection);
    }

    /// Carries out one command, but for what is returned.
    fn carry_out(
        self: &Rc<Self>,
        at: Instant,
        port: &Arc<Port>,
        submission: Submission,
    ) -> Vec<Work> {
        match submission {
            Submission::Open { connection, config } => {
                self.insert(Connection::new(connection, config, self.now()));
            }
            Submission::Start(shared, received) => {
                self.with(&shared, |connection| connection.start(self, received));
            }
            Submission::Flush(shared) => self.with(&shared, |connection| connection.settle(self)),
            Submission::Send(shared, frame) => self.with(&shared, |connection| {
                connection.appended(self, shared.shard_append(frame));
            }),
            Submission::Message(shared, frame) => self.send_message(at, &shared, frame),
            Submission::Broadcast { base, frame } => return self.broadcast(at, port, base, frame),
            Submission::Close {
                connection: shared,
                code,
                reason,
            } => self.with(&shared, |connection| connection.close(self, code, &reason)),
            Submission::Terminate(shared) => self.with(&shared, |connection| connection.lose(self)),
            Submission::Part(shared) => self.with(&shared, |connection| connection.part(self)),
            Submission::Pause(shared, paused) => {
                self.with(&shared, |connection| connection.pause(self, paused));
            }
            Submission::Resume => self.resume(port),
            Submission::Leave => {
                for connection in self.connections_of(port) {
                    self.guard(&connection, || {
                        connection.part(self);
                        connection.settle(self);
                        connection.close(self, 1001, "");
                    });
                }
            }
            Submission::Detach => {
                for connection in self.connections_of(port) {
                    self.guard(&connection, || connection.lose(self));
                }
                self.suspended
                    .borrow_mut()
                    .retain(|c| !Arc::ptr_eq(&c.shared.port, port));
            }
        }
        Vec::new()
    }

    /// The env has room again: its connections are read on.
    fn resume(self: &Rc<Self>, port: &Arc<Port>) {
        let (resumed, others) = self
            .suspended
            .take()
            .into_iter()
            .partition(|c| Arc::ptr_eq(&c.shared.port, port));
        *self.suspended.borrow_mut() = others;
        for connection in resumed {
            self.guard(&connection, || connection.resume(self));
        }
    }

    /// Keeps a connection that is not read on for want of room.
    pub(super) fn suspend(&self, connection: Rc<Connection>) {
        self.suspended.borrow_mut().push(connection);
    }

    fn connections_of(&self, port: &Arc<Port>) -> Vec<Rc<Connection>> {
        let table = self.table.borrow();
        let own = table
            .iter()
            .filter(|(_, c)| Arc::ptr_eq(&c.shared.port, port));
        own.map(|(_, c)| c.clone()).collect()
    }

    fn insert(&self, connection: Connection) {
        let connection = Rc::new(connection);
        let mut table = self.table.borrow_mut();
        let key = table.insert(connection.clone());
        let key = u32::try_from(key).unwrap_or(NO_KEY);
        connection.shared.key.store(key, Ordering::Relaxed);
        let mut bases = self.bases.borrow_mut();
        let members = bases.entry(connection.shared.base).or_default();
        members.add(connection.clone());
        drop((table, bases));
        connection.arm(self);
    }

    fn find(&self, shared: &Shared) -> Option<Rc<Connection>> {
        self.get(shared.key.load(Ordering::Relaxed), shared.id)
    }

    fn get(&self, key: u32, id: u64) -> Option<Rc<Connection>> {
        self.at(key).filter(|connection| connection.shared.id == id)
    }

    fn at(&self, key: u32) -> Option<Rc<Connection>> {
        self.table.borrow().get(key as usize).cloned()
    }

    /// A connection is over, and its place is another's: JavaScript, once told, may take it.
    pub(super) fn leave_place(&self) {
        self.handle.dismiss();
    }

    /// Forgets a connection that is over.
    pub(super) fn remove(&self, connection: &Connection) {
        let shared = &connection.shared;
        let key = shared.key.swap(NO_KEY, Ordering::Relaxed);
        if key == NO_KEY {
            return;
        }
        let mut table = self.table.borrow_mut();
        table.remove(key as usize);
        self.timers
            .borrow_mut()
            .sweep(table.len(), |timer| match table.get(timer.key as usize) {
                Some(connection) => connection.shared.id == timer.id,
                None => false,
            });
        drop(table);
        let mut bases = self.bases.borrow_mut();
        if let Some(members) = bases.get(&shared.base)
            && members.remove(connection)
        {
            bases.remove(&shared.base);
        }
    }

    pub(super) fn arm(&self, shared: &Shared, at: Millis) {
        let timer = Timer {
            at,
            id: shared.id,
            key: shared.key.load(Ordering::Relaxed),
        };
        self.timers.borrow_mut().arm(timer);
    }

    fn fire_timers(self: &Rc<Self>) {
        let now = self.now();
        loop {
            let Some(timer) = self.timers.borrow_mut().pop_due(now) else {
                return;
            };
            if let Some(connection) = self.get(timer.key, timer.id) {
                self.guard(&connection, || connection.fire(self, now));
            }
        }
    }
}
