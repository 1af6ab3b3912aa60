//! The I/O thread of a shard: it runs the rounds while it leads, and watches whoever else does.

use std::future::poll_fn;
use std::io;
use std::os::fd::BorrowedFd;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{sleep, timeout, timeout_at};

use super::Shard;
use super::running::RunningShard;
use crate::engine::context::{Readiness, Waiting};
use crate::engine::gate::THREAD;
use crate::engine::handle::ShardHandle;

/// How often the thread looks whether rounds are run while another leads.
const TICK: Duration = Duration::from_millis(4);
/// After this number of ticks in a row at which something waited and no round was run, it leads itself.
const STALLED: u32 = 2;
/// After this number of ticks in a row without anything, it sleeps until something comes.
const QUIET: u32 = 3;
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
    std::thread::Builder::new()
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
            sleep(TICK).await;
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
            if self.watch_closely().await == Watched::Over {
                return Call::Round;
            }
            if self.rest().await == Call::Round || self.leads() {
                return Call::Round;
            }
        }
    }

    /// Looks every few milliseconds, while there is something to look at.
    async fn watch_closely(&mut self) -> Watched {
        self.waiting = None;
        let (mut stalled, mut quiet) = (0, 0);
        let mut last = self.shard.gate().rounds();
        while quiet < QUIET {
            let deadline = self.shard.deadline();
            if timeout(TICK, self.shard.handle().woken()).await.is_ok() || self.leads() {
                return Watched::Over;
            }
            if deadline.is_some_and(|at| at <= Instant::now()) {
                return Watched::Over;
            }
            let rounds = self.shard.gate().rounds();
            let waits = rounds == last && self.is_ready();
            stalled = if waits { stalled + 1 } else { 0 };
            if stalled == STALLED {
                self.shard.take_over();
                return Watched::Over;
            }
            quiet = if rounds == last && !waits {
                quiet + 1
            } else {
                0
            };
            last = rounds;
        }
        Watched::Quiet
    }

    /// Whether sockets are ready that nobody has looked at.
    fn is_ready(&self) -> bool {
        // SAFETY: the poller is open for as long as the shard.
        let poller = unsafe { BorrowedFd::borrow_raw(self.shard.poller()) };
        let mut polled = [PollFd::new(&poller, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|count| count > 0)
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
