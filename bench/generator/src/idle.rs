//! Idle connections: what one of them takes of the server's memory. Each has had one message echoed, as
//! a connection of an application has, and each answers once more at the end.

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
/// How long the server is left alone after it was told to collect its garbage, if it has any.
const SETTLE: Duration = Duration::from_millis(700);
const PATIENCE: u64 = 20_000_000_000;

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    let mut poller = Poller::new(settings.poll)?;
    let mut clients = client::connect(settings, &poller, 0, EARLY)?;
    echo(&mut clients, &mut poller, &messages)?;
    let before = settled(settings)?;
    clients.extend(client::connect(
        settings,
        &poller,
        EARLY,
        settings.connections,
    )?);
    echo(&mut clients, &mut poller, &messages)?;
    let after = settled(settings)?;
    echo(&mut clients, &mut poller, &messages)?;
    Ok(Report::of(vec![
        ("bytes", (after - before) / settings.connections as f64),
        ("rss", after),
    ]))
}

/// One message more on each connection, there and back.
fn echo(clients: &mut [Client], poller: &mut Poller, messages: &Messages) -> Result<(), Failure> {
    let mut buffers = Buffers::new();
    let deadline = clock::now() + PATIENCE;
    let mut missing = 0;
    for client in clients.iter_mut() {
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
    for _ in 0..2 {
        if settings.collects {
            usage::collect_garbage(settings.pid)?;
        }
        thread::sleep(SETTLE);
    }
    Ok(usage::resident(settings.pid)? as f64)
}
