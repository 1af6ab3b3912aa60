//! Idle connections: what one of them takes of the server's memory. Each has had one message echoed or more, as
//! a connection of an application has, and each answers once more at the end.
//!
//! With the first thousands a process also becomes larger once, whatever a connection takes. So these, half as many,
//! are counted apart.

use std::thread;
use std::time::Duration;

use crate::Failure;
use crate::args::Settings;
use crate::client::{self, Buffers, Client};
use crate::clock;
use crate::message::Messages;
use crate::poller::Poller;
use crate::report::Report;
use crate::usage;

/// Connections that are there before the first look, so that what a server does once is done.
const EARLY: usize = 100;
/// How often the server is told to collect its garbage, if it has any, and how long it is left alone then.
/// V8 makes its young generation smaller again only after some seconds of that: 29 MB, all at once.
const COLLECTIONS: usize = 14;
const SETTLE: Duration = Duration::from_millis(700);
const PATIENCE: u64 = 20_000_000_000;

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    let mut poller = Poller::new(settings.poll)?;
    let mut clients = client::connect(settings, &poller, 0, EARLY)?;
    echo(&mut clients, 0, &mut poller, &messages)?;
    let mut each = |count: usize| -> Result<(f64, f64), Failure> {
        let before = settled(settings)?;
        let more = client::connect(settings, &poller, clients.len(), count)?;
        let known = clients.len();
        clients.extend(more);
        echo(&mut clients, 0, &mut poller, &messages)?;
        for _ in 1..settings.messages {
            echo(&mut clients, known, &mut poller, &messages)?;
        }
        let after = settled(settings)?;
        Ok(((after - before) / count as f64, after))
    };
    let (first, _) = each(settings.connections / 2)?;
    let (bytes, rss) = each(settings.connections)?;
    echo(&mut clients, 0, &mut poller, &messages)?;
    Ok(Report::of(vec![
        ("bytes", bytes),
        ("first", first),
        ("rss", rss),
    ]))
}

/// One message more on each connection from this one on, there and back.
fn echo(
    clients: &mut [Client],
    from: usize,
    poller: &mut Poller,
    messages: &Messages,
) -> Result<(), Failure> {
    let mut buffers = Buffers::new();
    let deadline = clock::now() + PATIENCE;
    let mut missing = 0;
    for client in &mut clients[from..] {
        client.send(1, clock::now(), messages, &mut buffers)?;
        missing += client.sent - client.incoming.received;
    }
    while missing > 0 {
        for token in poller.wait(deadline)? {
            missing -= clients[token].read(messages, &mut buffers)?;
        }
        if clock::now() > deadline {
            return Err(format!("{missing} connections have not answered").into());
        }
    }
    Ok(())
}

/// The memory of the server once it has collected its garbage.
fn settled(settings: &Settings) -> Result<f64, Failure> {
    for _ in 0..COLLECTIONS {
        if settings.collects {
            usage::collect_garbage(settings.pid)?;
        }
        thread::sleep(SETTLE);
    }
    Ok(usage::resident(settings.pid)? as f64)
}
