//! The command line: `--name value`, and flags without one.

use std::net::SocketAddr;
use std::time::Duration;

use crate::Failure;

/// What `bench/lib/generator.js` asks for.
pub struct Settings {
    /// `echo`, `broadcast`, `topics`, `idle` or `churn`.
    pub scenario: String,
    /// Where the server listens.
    pub address: SocketAddr,
    /// The server's process, whose CPU time and memory are read.
    pub pid: u32,
    /// How many connections.
    pub connections: usize,
    /// Messages that each idle connection has had.
    pub messages: usize,
    /// Topics that the connections are dealt out to, each named by the path of its upgrades.
    pub groups: usize,
    /// Messages under way: per connection or topic, or in all for a broadcast.
    pub in_flight: usize,
    /// How often that many messages are sent of a thread's connections together, whatever has come back by then: an open
    /// loop. `None`: the next message is sent when one has come back.
    pub every: Option<Duration>,
    /// Bytes of a message's payload.
    pub size: usize,
    /// `ascii`, `utf8`, `binary` or `json`.
    pub payload: String,
    /// How long is measured.
    pub measured: Duration,
    /// How long is run before that.
    pub warmup: Duration,
    /// Threads of the generator.
    pub threads: usize,
    /// Whether to poll rather than to sleep in `epoll_wait`.
    pub poll: bool,
    /// Whether to speak wss.
    pub tls: bool,
    /// Whether to offer permessage-deflate, and to send and require compressed messages.
    pub deflate: bool,
    /// Whether the server collects its garbage on SIGUSR2.
    pub collects: bool,
}

impl Settings {
    /// Reads the arguments; each that is missing has a default that suits a look by hand.
    pub fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, Failure> {
        let mut settings = Self {
            scenario: "echo".into(),
            address: ([127, 0, 0, 1], 3000).into(),
            pid: std::process::id(),
            connections: 64,
            messages: 1,
            groups: 1,
            in_flight: 1,
            every: None,
            size: 64,
            payload: "ascii".into(),
            measured: Duration::from_secs(2),
            warmup: Duration::from_millis(500),
            threads: 1,
            poll: false,
            tls: false,
            deflate: false,
            collects: false,
        };
        while let Some(name) = args.next() {
            match name.as_str() {
                "--poll" => settings.poll = true,
                "--tls" => settings.tls = true,
                "--collects" => settings.collects = true,
                "--deflate" => settings.deflate = true,
                _ => {
                    let value = args.next().ok_or_else(|| format!("{name} wants a value"))?;
                    settings.set(&name, value)?;
                }
            }
        }
        if settings.connections == 0 || settings.in_flight == 0 || settings.threads == 0 {
            return Err("--connections, --in-flight and --threads are at least 1".into());
        }
        if settings.groups == 0 || settings.groups > settings.connections {
            return Err("--groups is from 1 to the number of connections".into());
        }
        settings.threads = settings.threads.min(settings.connections);
        Ok(settings)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), Failure> {
        match name {
            "--scenario" => self.scenario = value,
            "--address" => self.address = value.parse()?,
            "--pid" => self.pid = value.parse()?,
            "--connections" => self.connections = value.parse()?,
            "--messages" => self.messages = value.parse()?,
            "--groups" => self.groups = value.parse()?,
            "--in-flight" => self.in_flight = value.parse()?,
            "--every" => {
                let every = Duration::try_from_secs_f64(value.parse()?)?;
                if every.is_zero() {
                    return Err("--every is more than 0".into());
                }
                self.every = Some(every);
            }
            "--threads" => self.threads = value.parse()?,
            "--size" => self.size = value.parse()?,
            "--payload" => self.payload = value,
            "--seconds" => self.measured = Duration::from_secs_f64(value.parse()?),
            "--warmup" => self.warmup = Duration::from_secs_f64(value.parse()?),
            _ => return Err(format!("no argument {name}").into()),
        }
        Ok(())
    }
}
