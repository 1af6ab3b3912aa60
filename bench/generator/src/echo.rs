//! Echo: every connection keeps as many messages under way as it is told.

use crate::Failure;
use crate::args::Settings;
use crate::client::{self, Buffers, Client};
use crate::clock::{self, Phase, Phases};
use crate::histogram::Histogram;
use crate::message::Messages;
use crate::poller::Poller;
use crate::report::Report;
use crate::usage::Usage;

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    let mut poller = Poller::new(settings.poll)?;
    let mut clients = client::connect(settings, &poller, 0, settings.connections)?;
    let mut buffers = Buffers::new();
    let mut latency = Histogram::new();
    let mut phases = Phases::begin(settings);
    let (mut from, mut to) = (Usage::default(), Usage::default());
    let mut count = 0;
    for client in &mut clients {
        client.send(
            settings.in_flight as u32,
            clock::now(),
            &messages,
            &mut buffers,
        )?;
    }
    loop {
        for token in poller.wait(phases.deadline())? {
            let client = &mut clients[token];
            let ended = client.read(&messages, &mut buffers)?;
            let now = clock::now();
            for _ in 0..ended {
                let took = now - client.took_off();
                if phases.phase == Phase::Measured {
                    latency.record(took);
                    count += 1;
                }
            }
            if phases.phase == Phase::Drain {
                client.flush(&messages, &mut buffers)?;
            } else {
                client.send(ended, now, &messages, &mut buffers)?;
            }
        }
        if phases.phase == Phase::Drain && under_way(&clients) == 0 {
            break;
        }
        if phases.turn(clock::now()) {
            match phases.phase {
                Phase::Measured => from = Usage::read(settings.pid)?,
                _ if to.at == 0 => to = Usage::read(settings.pid)?,
                _ => {
                    return Err(
                        format!("{} messages have not come back", under_way(&clients)).into(),
                    );
                }
            }
        }
    }
    let (messages_in, bytes) = clients
        .iter()
        .fold((0_u64, 0_u64), |(messages, bytes), client| {
            (
                messages + u64::from(client.incoming.received),
                bytes + client.incoming.bytes,
            )
        });
    Ok(Report::of_rate(count, from, to, &latency, settings.pid)?
        .with("echoed", messages_in as f64)
        .with("bytesBack", bytes as f64 / messages_in as f64))
}

/// How many messages were sent and have not come back.
fn under_way(clients: &[Client]) -> u32 {
    clients
        .iter()
        .map(|client| client.sent - client.incoming.received)
        .sum()
}
