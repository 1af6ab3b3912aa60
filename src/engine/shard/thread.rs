//! The I/O thread of a shard: it runs the rounds while it leads, and watches whoever else does.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, Timespec, clock_gettime};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout_at;

use super::Shard;
use super::running::RunningShard;
use crate::engine::context::{Readiness, Waiting};
use crate::engine::gate::THREAD;
use crate::engine::handle::ShardHandle;

/// When whoever leads has run no round for so long, the thread looks whether something waits for one. If nothing does, it
/// sleeps until something comes.
const SILENCE: Duration = Duration::from_micros(5500);
/// If something has waited for so long then, it leads itself.
const STALL: Duration = Duration::from_millis(3);
/// How often it says how much CPU time it has taken.
const ACCOUNT: Duration = Duration::from_millis(2);

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
    let thread = Thread {
        waiting,
        alarm: Arc::new(Alarm::new()?),
        shard: shard.clone(),
    };
    thread::Builder::new()
        .name(format!("websockets-{index}"))
        .spawn(move || thread.run(&runtime))?;
    Ok(shard)
}

/// The I/O thread.
struct Thread {
    // Ends before the shard, whose poller it waits for.
    waiting: Waiting,
    /// Wakes it where the runtime does not.
    alarm: Arc<Alarm>,
    shard: Arc<RunningShard>,
}

impl Thread {
    /// Runs until the shard is stopped.
    fn run(&self, runtime: &Runtime) {
        runtime.block_on(async {
            let mut accounted = Instant::now();
            let mut is_behind = false;
            while !self.shard.handle().is_stopped() {
                let call = match (is_behind, self.leads()) {
                    (true, _) => Call::Round,
                    (false, true) => self.rest().await,
                    (false, false) => self.watch(),
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
    async fn rest(&self) -> Call {
        let mut woken = pin!(self.shard.handle().woken());
        let called = poll_fn(|context| {
            // Both are looked at, so that neither calls again for what is done then.
            let ready = self.waiting.poll(context).is_ready();
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
    ///
    /// It does not wait by the runtime, which everything that is ready would wake, and which takes three system calls to
    /// find that a time has passed.
    fn watch(&self) -> Call {
        let waker = Waker::from(self.alarm.clone());
        let mut woken = pin!(self.shard.handle().woken());
        // When something came after a silence, and when something was first seen to wait since a round.
        let (mut came, mut stalled) = (self.is_ready().then(Instant::now), None);
        loop {
            let mut context = Context::from_waker(&waker);
            if woken.as_mut().poll(&mut context).is_ready() || self.leads() {
                return Call::Round;
            }
            let (now, deadline) = (Instant::now(), self.shard.deadline());
            if deadline.is_some_and(|at| at <= now) {
                return Call::Round;
            }
            let round = self.shard.last_round();
            let last = came.map_or(round, |came| round.max(came));
            let look_at = if now < last + SILENCE {
                Some(last + SILENCE)
            } else if !self.is_ready() {
                None
            } else {
                let since = match stalled {
                    Some((before, since)) if before == last => since,
                    _ => now,
                };
                stalled = Some((last, since));
                if now >= since + STALL {
                    self.shard.take_over();
                    return Call::Round;
                }
                Some(since + STALL)
            };
            let until = look_at.into_iter().chain(deadline).min();
            if self.sleep(until, look_at.is_none()) {
                came = Some(Instant::now());
            }
        }
    }

    /// Sleeps until then, or the alarm; or something is ready, where it `listens`: whether something is.
    fn sleep(&self, until: Option<Instant>, listens: bool) -> bool {
        let left = until.map(|at| at.saturating_duration_since(Instant::now()));
        let left = left.map(|left| Timespec::try_from(left).unwrap_or_default());
        // SAFETY: the poller is open for as long as the shard.
        let poller = unsafe { BorrowedFd::borrow_raw(self.shard.poller()) };
        let mut polled = [
            PollFd::new(self.alarm.rings(), PollFlags::IN),
            PollFd::new(&poller, PollFlags::IN),
        ];
        let count = if listens { 2 } else { 1 };
        if let Err(error) = poll(&mut polled[..count], left.as_ref())
            && error != Errno::INTR
        {
            // The system has no memory for it now.
            thread::sleep(STALL);
        }
        if !polled[0].revents().is_empty() {
            self.alarm.stop();
        }
        !polled[1].revents().is_empty()
    }

    /// Whether sockets are ready that nobody has looked at.
    fn is_ready(&self) -> bool {
        // SAFETY: the poller is open for as long as the shard.
        let poller = unsafe { BorrowedFd::borrow_raw(self.shard.poller()) };
        let mut polled = [PollFd::new(&poller, PollFlags::IN)];
        poll(&mut polled, Some(&Timespec::default())).is_ok_and(|count| count > 0)
    }
}

/// What wakes a thread out of `poll`.
struct Alarm {
    rings: UnixStream,
    bell: UnixStream,
}

impl Alarm {
    fn new() -> io::Result<Self> {
        let (rings, bell) = UnixStream::pair()?;
        rings.set_nonblocking(true)?;
        bell.set_nonblocking(true)?;
        Ok(Self { rings, bell })
    }

    /// What is readable while it rings.
    fn rings(&self) -> &UnixStream {
        &self.rings
    }

    fn stop(&self) {
        let mut rung = [0; 64];
        while matches!((&self.rings).read(&mut rung), Ok(64)) {}
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        // If it takes no more, it rings already.
        let _ = (&self.bell).write(&[0]);
    }
}

/// CPU time of the calling thread.
fn own_time() -> Duration {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(tv_sec as u64, tv_nsec as u32)
}
