//! The I/O thread of a shard: it runs the rounds while it leads, and watches whoever else does.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout_at};

use super::Shard;
use super::running::RunningShard;
use crate::engine::context::{Readiness, Waiting};
use crate::engine::gate::THREAD;
use crate::engine::handle::ShardHandle;

/// When whoever leads has run no round for so long, the thread looks whether something waits for one. If nothing does, it
/// sleeps until something comes.
const SILENCE: Duration = Duration::from_millis(8);
/// If something has waited for so long then, it leads itself.
const STALL: Duration = Duration::from_micros(1500);
/// How long it sleeps where the system cannot tell it what comes.
const PAUSE: Duration = Duration::from_millis(4);
/// How often it says how much CPU time it has taken.
const ACCOUNT: Duration = Duration::from_millis(5);

/// What ended a wait.
#[derive(PartialEq, Eq)]
enum Call {
    /// Sockets are ready: whoever leads looks.
    Ready,
    /// There is a round to run, whoever leads: commands, or a deadline, or a lead that has come back.
    Round,
}

/// Starts the shard with this index, for at most `capacity` connections.
pub(super) fn start(index: usize, capacity: usize, rings: bool) -> io::Result<Arc<RunningShard>> {
    let runtime = Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()?;
    let handle = Arc::new(ShardHandle::new(index, capacity));
    let shard = Arc::new(RunningShard::new(Shard::new(
        Readiness::new()?,
        handle,
        rings,
    )));
    let waiting = {
        let _entered = runtime.enter();
        // SAFETY: the thread has the shard for as long as it waits.
        unsafe { Waiting::new(shard.poller()) }?
    };
    let mut thread = Thread {
        waiting: Some(waiting),
        shard: shard.clone(),
    };
    thread::Builder::new()
        .name(format!("websockets-{index}"))
        .spawn(move || thread.run(&runtime))?;
    Ok(shard)
}

/// The I/O thread.
struct Thread {
    // Ends before the shard, whose poller it waits for. `None` while another leads and is watched closely: what is ready
    // then would wake this thread each time, and be none of its business.
    waiting: Option<Waiting>,
    shard: Arc<RunningShard>,
}

impl Thread {
    /// Runs until the shard is stopped.
    fn run(&mut self, runtime: &Runtime) {
        runtime.block_on(async {
            let mut accounted = Instant::now();
            let mut is_behind = false;
            while !self.shard.handle().is_stopped() {
                let call = match (is_behind, self.leads()) {
                    (true, _) => Call::Round,
                    (false, true) => self.rest().await,
                    (false, false) => self.watch().await,
                };
                if call == Call::Ready && !self.leads() {
                    continue;
                }
                is_behind = self.shard.round_of_thread();
                if accounted.elapsed() >= ACCOUNT {
                    accounted = Instant::now();
                    self.shard.set_thread_time(own_time());
                }
            }
        });
    }

    fn leads(&self) -> bool {
        self.shard.gate().leader() == THREAD
    }

    /// Waits for something to do.
    async fn rest(&mut self) -> Call {
        if self.waiting.is_none() {
            // What is ready already counts as coming now.
            // SAFETY: the thread has the shard for as long as it waits.
            self.waiting = unsafe { Waiting::new(self.shard.poller()) }.ok();
        }
        let Some(waiting) = &self.waiting else {
            // The system has no memory for it now: look again soon.
            sleep(PAUSE).await;
            return Call::Round;
        };
        let mut woken = pin!(self.shard.handle().woken());
        let called = poll_fn(|context| {
            // Both are looked at, so that neither calls again for what is done then.
            let ready = waiting.poll(context).is_ready();
            match woken.as_mut().poll(context) {
                Poll::Ready(()) => Poll::Ready(Call::Round),
                Poll::Pending if ready => Poll::Ready(Call::Ready),
                Poll::Pending => Poll::Pending,
            }
        });
        match self.shard.deadline() {
            // Whatever ends it, what is due is looked at.
            Some(at) => timeout_at(at.into(), called).await.unwrap_or(Call::Round),
            None => called.await,
        }
    }

    /// Waits until there is a round to run though another leads, or it does not any more. It takes the lead from one
    /// that runs no rounds.
    async fn watch(&mut self) -> Call {
        loop {
            if self.watch_closely() == Watched::Over {
                return Call::Round;
            }
            if self.rest().await == Call::Round || self.leads() {
                return Call::Round;
            }
        }
    }

    /// Looks after each silence, until nothing waits at one.
    fn watch_closely(&mut self) -> Watched {
        self.waiting = None;
        // The last round before the silence in which something was seen to wait.
        let mut stalled = None;
        loop {
            let last = self.shard.last_round();
            let silent = last.elapsed();
            let pause = if silent < SILENCE {
                SILENCE - silent
            } else if !self.is_ready() {
                return Watched::Quiet;
            } else if stalled == Some(last) {
                self.shard.take_over();
                return Watched::Over;
            } else {
                stalled = Some(last);
                STALL
            };
            let now = Instant::now();
            let until = self
                .shard
                .deadline()
                .map_or(now + pause, |at| at.min(now + pause));
            let is_due = || self.shard.deadline().is_some_and(|at| at <= Instant::now());
            if self.is_woken_by(until) || self.leads() || is_due() {
                return Watched::Over;
            }
        }
    }

    /// Sleeps until the shard is woken, but no longer than this: whether it was. The runtime would take three system
    /// calls to find that a time has passed.
    fn is_woken_by(&self, until: Instant) -> bool {
        let unpark = Waker::from(Arc::new(Unpark(thread::current())));
        let mut woken = pin!(self.shard.handle().woken());
        while woken
            .as_mut()
            .poll(&mut Context::from_waker(&unpark))
            .is_pending()
        {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
        }
        true
    }

    /// Whether sockets are ready that nobody has looked at.
    fn is_ready(&self) -> bool {
        // SAFETY: the poller is open for as long as the shard.
        let poller = unsafe { BorrowedFd::borrow_raw(self.shard.poller()) };
        let mut polled = [PollFd::new(&poller, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }
}

/// Wakes a thread that is parked.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// How close watching has ended.
#[derive(PartialEq, Eq)]
enum Watched {
    /// There is a round to run.
    Over,
    /// Nothing happens.
    Quiet,
}

/// CPU time of the calling thread.
fn own_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec as u64, tv_nsec as u32)
}
