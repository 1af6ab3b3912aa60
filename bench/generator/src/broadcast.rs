//! Broadcast: the first connection sends, and the server sends it on to all, that one included. So many
//! broadcasts are under way; one has ended when the last connection has it.

use crate::Failure;
use crate::args::Settings;
use crate::client::{self, Buffers};
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
    let (mut count, mut broadcasts) = (0_u64, 0_u64);
    // Of the broadcasts under way, how many connections have each.
    let mut have = vec![0_usize; settings.in_flight];
    let mut done = 0;
    clients[0].send(
        settings.in_flight as u32,
        clock::now(),
        &messages,
        &mut buffers,
    )?;
    loop {
        let mut ended = 0;
        for token in poller.wait(phases.deadline())? {
            let client = &mut clients[token];
            let received = client.read(&messages, &mut buffers)?;
            if phases.phase == Phase::Measured {
                count += u64::from(received);
            }
            let last = client.incoming.received;
            for number in last - received..last {
                let have = &mut have[number as usize % settings.in_flight];
                *have += 1;
                if *have == settings.connections {
                    *have = 0;
                    ended += 1;
                }
            }
        }
        let now = clock::now();
        let sender = &mut clients[0];
        for _ in 0..ended {
            let took = now - sender.took_off();
            if phases.phase == Phase::Measured {
                latency.record(took);
                broadcasts += 1;
            }
        }
        done += ended;
        if phases.phase == Phase::Drain {
            sender.flush(&messages, &mut buffers)?;
        } else if ended > 0 {
            sender.send(ended, now, &messages, &mut buffers)?;
        }
        let under_way = sender.sent - done;
        if phases.phase == Phase::Drain && under_way == 0 {
            break;
        }
        if phases.turn(now) {
            match phases.phase {
                Phase::Measured => from = Usage::read(settings.pid)?,
                _ if to.at == 0 => to = Usage::read(settings.pid)?,
                _ => return Err(format!("{under_way} broadcasts have not come to all").into()),
            }
        }
    }
    if clients
        .iter()
        .any(|client| client.incoming.received != done)
    {
        return Err("a connection has another number of broadcasts than were sent".into());
    }
    if broadcasts == 0 {
        return Err("no broadcast came to all while it was measured".into());
    }
    Ok(Report::of_rate(count, from, to, &latency, settings.pid)?
        .with("broadcasts", f64::from(done))
        .with(
            "jsCpuBroadcast",
            (to.main - from.main) as f64 / 1000.0 / broadcasts as f64,
        ))
}
