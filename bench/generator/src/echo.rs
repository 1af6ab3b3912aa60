//! Echo: every connection keeps as many messages under way as it is told.

use crate::Failure;
use crate::args::Settings;
use crate::client::{Buffers, Client};
use crate::clock::{self, Phase};
use crate::crew::{self, Tally, Worker};
use crate::message::Messages;
use crate::report::Report;
use crate::usage::Usage;

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    let shares = crew::run(settings, |worker| share(worker, settings, &messages))?;
    let (mut received, mut bytes) = (0, 0);
    let mut tally = Tally::new();
    for (clients, part) in shares {
        if part.to.at != 0 {
            (tally.from, tally.to) = (part.from, part.to);
        }
        tally.add(&part);
        for client in clients {
            received += u64::from(client.incoming.received);
            bytes += client.incoming.bytes;
        }
    }
    Ok(Report::of_rate(&tally, settings.pid)?
        .with("echoed", received as f64)
        .with("bytesBack", bytes as f64 / received as f64))
}

/// One thread's share of it.
fn share(
    worker: Worker,
    settings: &Settings,
    messages: &Messages,
) -> Result<(Vec<Client>, Tally), Failure> {
    let Worker {
        index,
        mut poller,
        mut clients,
        mut phases,
    } = worker;
    let mut buffers = Buffers::new();
    let mut tally = Tally::new();
    for client in &mut clients {
        client.send(
            settings.in_flight as u32,
            clock::now(),
            messages,
            &mut buffers,
        )?;
    }
    loop {
        for token in poller.wait(phases.deadline())? {
            let client = &mut clients[token];
            let ended = client.read(messages, &mut buffers)?;
            let now = clock::now();
            for _ in 0..ended {
                let took = now - client.took_off();
                if phases.phase == Phase::Measured {
                    tally.latency.record(took);
                    tally.count += 1;
                }
            }
            if phases.phase == Phase::Drain {
                client.flush(messages, &mut buffers)?;
            } else {
                client.send(ended, now, messages, &mut buffers)?;
            }
        }
        if phases.phase == Phase::Drain && under_way(&clients) == 0 {
            return Ok((clients, tally));
        }
        if phases.turn(clock::now()) {
            let missing = under_way(&clients);
            if phases.overdue() {
                return Err(format!("{missing} messages have not come back").into());
            }
            if index == 0 {
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

/// How many messages were sent and have not come back.
fn under_way(clients: &[Client]) -> u32 {
    clients
        .iter()
        .map(|client| client.sent - client.incoming.received)
        .sum()
}
