//! Echo: every connection keeps as many messages under way as it is told; or so many are sent at a steady pace, to one
//! connection after the other.

use std::time::Duration;

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
    let mut pace = settings.every.map(Pace::begin);
    if pace.is_none() {
        for client in &mut clients {
            client.send(
                settings.in_flight as u32,
                clock::now(),
                messages,
                &mut buffers,
            )?;
        }
    }
    loop {
        let next = pace.as_ref().map_or(u64::MAX, |pace| pace.next);
        for token in poller.wait(phases.deadline().min(next))? {
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
            if phases.phase == Phase::Drain || pace.is_some() {
                client.flush(messages, &mut buffers)?;
            } else {
                client.send(ended, now, messages, &mut buffers)?;
            }
        }
        if let Some(pace) = &mut pace {
            let is_over = phases.phase == Phase::Drain;
            while let Some(due) = pace.due(clock::now()) {
                for _ in 0..if is_over { 0 } else { settings.in_flight } {
                    let client = pace.client(&mut clients);
                    client.send(1, due, messages, &mut buffers)?;
                }
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

/// When messages are sent, and to whom.
struct Pace {
    every: u64,
    /// When the next ones are due.
    next: u64,
    /// Messages sent.
    sent: usize,
}

impl Pace {
    fn begin(every: Duration) -> Self {
        let every = every.as_nanos() as u64;
        Self {
            every,
            next: clock::now() + every,
            sent: 0,
        }
    }

    /// When those were due that are to be sent by `now`.
    fn due(&mut self, now: u64) -> Option<u64> {
        let due = self.next;
        (due <= now).then(|| {
            self.next += self.every;
            due
        })
    }

    /// Who gets the next one.
    fn client<'a>(&mut self, clients: &'a mut [Client]) -> &'a mut Client {
        self.sent += 1;
        let index = self.sent % clients.len();
        &mut clients[index]
    }
}

/// How many messages were sent and have not come back.
fn under_way(clients: &[Client]) -> u32 {
    clients
        .iter()
        .map(|client| client.sent - client.incoming.received)
        .sum()
}
