//! Broadcast: the first connection sends, and the server sends it on to all, that one included. So many
//! broadcasts are under way; one has ended when the last connection has it.

use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering::SeqCst};

use rustix::event::{EventfdFlags, eventfd};

use crate::Failure;
use crate::args::Settings;
use crate::client::Buffers;
use crate::clock::{self, Phase};
use crate::crew::{self, Tally, Worker};
use crate::message::Messages;
use crate::report::Report;
use crate::usage::Usage;

/// The token of the bell.
const BELL: usize = usize::MAX;
/// How often a thread that does not send looks whether the run has ended.
const LOOK: u64 = 20_000_000;

/// What the threads have in common.
struct Shared {
    /// Of the broadcasts under way, how many connections have each.
    have: Vec<AtomicUsize>,
    /// Broadcasts that all have.
    done: AtomicU32,
    /// Whether the sender has seen the last of them.
    finished: AtomicBool,
    /// Wakes the thread that sends.
    bell: OwnedFd,
}

/// What one thread has seen.
struct Part {
    tally: Tally,
    /// Broadcasts that ended while it was measured; of the thread that sends.
    broadcasts: u64,
    /// How many each of its connections has.
    received: Vec<u32>,
}

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    let shared = Shared {
        have: (0..settings.in_flight)
            .map(|_| AtomicUsize::new(0))
            .collect(),
        done: AtomicU32::new(0),
        finished: AtomicBool::new(false),
        bell: eventfd(0, EventfdFlags::NONBLOCK)?,
    };
    let mut parts = crew::run(settings, |worker| {
        share(worker, settings, &messages, &shared)
    })?;
    let done = shared.done.into_inner();
    if parts
        .iter()
        .flat_map(|part| &part.received)
        .any(|&received| received != done)
    {
        return Err("a connection has another number of broadcasts than were sent".into());
    }
    let Part {
        mut tally,
        broadcasts,
        ..
    } = parts.remove(0);
    parts.iter().for_each(|part| tally.add(&part.tally));
    if broadcasts == 0 {
        return Err("no broadcast came to all while it was measured".into());
    }
    let each = (tally.to.main - tally.from.main) as f64 / 1000.0 / broadcasts as f64;
    Ok(Report::of_rate(&tally, settings.pid)?
        .with("broadcasts", f64::from(done))
        .with("jsCpuBroadcast", each))
}

/// One thread's share of it; the first one sends.
fn share(
    worker: Worker,
    settings: &Settings,
    messages: &Messages,
    shared: &Shared,
) -> Result<Part, Failure> {
    let Worker {
        index,
        mut poller,
        mut clients,
        mut phases,
    } = worker;
    let sends = index == 0;
    let mut buffers = Buffers::new();
    let mut tally = Tally::new();
    let (mut broadcasts, mut done) = (0, 0);
    let mut have = vec![0; settings.in_flight];
    if sends {
        poller.add(&shared.bell, BELL)?;
        clients[0].send(
            settings.in_flight as u32,
            clock::now(),
            messages,
            &mut buffers,
        )?;
    }
    loop {
        let deadline = phases.deadline();
        for token in poller.wait(if sends {
            deadline
        } else {
            deadline.min(clock::now() + LOOK)
        })? {
            let Some(client) = clients.get_mut(token) else {
                continue;
            };
            let received = client.read(messages, &mut buffers)?;
            if phases.phase == Phase::Measured {
                tally.count += u64::from(received);
            }
            let last = client.incoming.received;
            for number in last - received..last {
                have[number as usize % settings.in_flight] += 1;
            }
        }
        // The oldest first: as soon as it has ended, its place is taken by the next that is sent.
        let oldest = shared.done.load(SeqCst) as usize;
        for number in oldest..oldest + settings.in_flight {
            let place = number % settings.in_flight;
            let count = std::mem::take(&mut have[place]);
            let all = &shared.have[place];
            if count > 0 && all.fetch_add(count, SeqCst) + count == settings.connections {
                all.store(0, SeqCst);
                shared.done.fetch_add(1, SeqCst);
                if !sends {
                    rustix::io::write(&shared.bell, &1_u64.to_ne_bytes())?;
                }
            }
        }
        let now = clock::now();
        if sends {
            let sender = &mut clients[0];
            let ended = shared.done.load(SeqCst) - done;
            done += ended;
            for _ in 0..ended {
                let took = now - sender.took_off();
                if phases.phase == Phase::Measured {
                    tally.latency.record(took);
                    broadcasts += 1;
                }
            }
            if phases.phase == Phase::Drain {
                sender.flush(messages, &mut buffers)?;
                shared.finished.store(sender.sent == done, SeqCst);
            } else if ended > 0 {
                sender.send(ended, now, messages, &mut buffers)?;
            }
        }
        if shared.finished.load(SeqCst) {
            let received = clients
                .iter()
                .map(|client| client.incoming.received)
                .collect();
            return Ok(Part {
                tally,
                broadcasts,
                received,
            });
        }
        if phases.turn(now) {
            if phases.overdue() {
                return Err("a broadcast has not come to all".into());
            }
            if sends {
                let usage = Usage::read(settings.pid)?;
                *if phases.phase == Phase::Measured {
                    &mut tally.from
                } else {
                    &mut tally.to
                } = usage;
            }
        }
    }
}
