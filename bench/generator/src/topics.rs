//! Topics: the connections are dealt out to groups, each of which is a topic by the path of its upgrade. The first
//! connection of each sends, and the server sends that on to the group, that one included. So many messages of
//! each group are under way; one has ended when the last connection of its group has it.

use crate::Failure;
use crate::args::Settings;
use crate::client::Buffers;
use crate::clock::{self, Phase};
use crate::crew::{self, Tally, Worker};
use crate::message::Messages;
use crate::report::Report;
use crate::usage::Usage;

/// The connections of one topic: `index`, and each `groups` after it.
struct Group {
    /// How many it has.
    size: usize,
    /// Of the messages under way, how many connections have each.
    have: Vec<usize>,
    /// Messages that all have.
    done: u32,
}

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    if settings.threads > 1 {
        return Err("the topics are for one thread".into());
    }
    let messages = Messages::new(settings)?;
    let mut parts = crew::run(settings, |worker| share(worker, settings, &messages))?;
    let (tally, published) = parts.remove(0);
    if published == 0 {
        return Err("no message came to all of its topic while it was measured".into());
    }
    let each = (tally.to.main - tally.from.main) as f64 / 1000.0 / published as f64;
    Ok(Report::of_rate(&tally, settings.pid)?
        .with("broadcasts", published as f64)
        .with("jsCpuBroadcast", each))
}

/// All of it: what was counted, and how many messages ended while it was measured.
fn share(
    worker: Worker,
    settings: &Settings,
    messages: &Messages,
) -> Result<(Tally, u64), Failure> {
    let Worker {
        mut poller,
        mut clients,
        mut phases,
        ..
    } = worker;
    let (count, in_flight) = (settings.groups, settings.in_flight);
    let mut groups: Vec<Group> = (0..count)
        .map(|index| Group {
            size: (clients.len() - index).div_ceil(count),
            have: vec![0; in_flight],
            done: 0,
        })
        .collect();
    let (mut buffers, mut tally, mut published) = (Buffers::new(), Tally::new(), 0);
    for sender in &mut clients[..count] {
        sender.send(in_flight as u32, clock::now(), messages, &mut buffers)?;
    }
    loop {
        for token in poller.wait(phases.deadline())? {
            let client = &mut clients[token];
            let received = client.read(messages, &mut buffers)?;
            if phases.phase == Phase::Measured {
                tally.count += u64::from(received);
            }
            let last = client.incoming.received;
            let group = &mut groups[token % count];
            let mut ended = 0;
            for number in last - received..last {
                let have = &mut group.have[number as usize % in_flight];
                *have += 1;
                if *have == group.size {
                    *have = 0;
                    ended += 1;
                }
            }
            group.done += ended;
            let (now, sender) = (clock::now(), &mut clients[token % count]);
            for _ in 0..ended {
                let took = now - sender.took_off();
                if phases.phase == Phase::Measured {
                    tally.latency.record(took);
                    published += 1;
                }
            }
            if phases.phase != Phase::Drain && ended > 0 {
                sender.send(ended, now, messages, &mut buffers)?;
            }
        }
        let now = clock::now();
        if phases.phase == Phase::Drain {
            for sender in &mut clients[..count] {
                sender.flush(messages, &mut buffers)?;
            }
            let are_done = groups.iter().zip(&clients).all(|(g, c)| c.sent == g.done);
            if are_done {
                return Ok((tally, published));
            }
        }
        if phases.turn(now) {
            if phases.overdue() {
                return Err("a message has not come to all of its topic".into());
            }
            let usage = Usage::read(settings.pid)?;
            *if phases.phase == Phase::Measured {
                &mut tally.from
            } else {
                &mut tally.to
            } = usage;
        }
    }
}
