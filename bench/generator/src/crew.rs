//! The threads of a run: each has its share of the connections, and an epoll of its own.

use std::thread;

use crate::Failure;
use crate::args::Settings;
use crate::client::{self, Client};
use crate::clock::Phases;
use crate::histogram::Histogram;
use crate::poller::Poller;
use crate::usage::Usage;

/// What one thread works with.
pub struct Worker {
    /// Which one it is. The first one looks at the server, too.
    pub index: usize,
    /// Watches its connections, by their place in `clients`.
    pub poller: Poller,
    /// Its connections.
    pub clients: Vec<Client>,
    /// The same for all.
    pub phases: Phases,
}

/// What threads have counted.
pub struct Tally {
    /// What came while it was measured.
    pub count: u64,
    /// How long each took.
    pub latency: Histogram,
    /// The server at the beginning of that; of the first thread alone.
    pub from: Usage,
    /// And at its end.
    pub to: Usage,
}

impl Tally {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            count: 0,
            latency: Histogram::new(),
            from: Usage::default(),
            to: Usage::default(),
        }
    }

    /// Adds what another thread has counted.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.latency.add(&other.latency);
    }
}

/// Opens the connections, then has each thread do `work`, and gives what came of it in their order.
pub fn run<T: Send>(
    settings: &Settings,
    work: impl Fn(Worker) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let mut shares = Vec::new();
    for index in 0..settings.threads {
        let poller = Poller::new(settings.poll)?;
        let extra = usize::from(index < settings.connections % settings.threads);
        let count = settings.connections / settings.threads + extra;
        let mut clients = client::connect(settings, &poller, 0, count)?;
        if settings.deflate && index == 0 {
            clients[0].incoming.inflate();
        }
        shares.push((index, poller, clients));
    }
    let phases = Phases::begin(settings);
    let work = &work;
    thread::scope(|scope| {
        let threads: Vec<_> = shares
            .into_iter()
            .map(|(index, poller, clients)| {
                let worker = Worker {
                    index,
                    poller,
                    clients,
                    phases,
                };
                scope.spawn(move || work(worker))
            })
            .collect();
        let ended = threads.into_iter().map(|thread| thread.join());
        ended
            .map(|result| result.map_err(|_| "a thread has panicked")?)
            .collect()
    })
}
