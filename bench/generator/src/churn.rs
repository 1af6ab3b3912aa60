//! Churn: connections are opened, have one message echoed, are closed in the clean way, and make room
//! for the next.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::sync::Arc;

use rustls::ClientConfig;

use rustix::net::{AddressFamily, SocketType, bind, connect, socket};

use crate::Failure;
use crate::args::Settings;
use crate::client;
use crate::clock::{self, Phase, Phases};
use crate::crew::Tally;
use crate::incoming::Incoming;
use crate::link::{Link, tls_config};
use crate::message::Messages;
use crate::poller::Poller;
use crate::report::Report;
use crate::usage::Usage;

/// A close frame with code 1000, masked with zeros: RFC 6455 §5.5.1.
const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8];

/// Where a connection is in its life.
enum Stage {
    /// The TLS handshake goes on.
    Handshake,
    /// The response to its upgrade comes.
    Upgrade(Vec<u8>),
    /// Its message comes back.
    Echo,
    /// The server's close frame comes, and then its end.
    Close,
}

struct Visit {
    link: Link,
    stage: Stage,
    incoming: Incoming,
    began: u64,
}

/// Runs the scenario.
pub fn run(settings: &Settings) -> Result<Report, Failure> {
    let messages = Messages::new(settings)?;
    // One for all: a session goes on from visit to visit.
    let tls = match settings.tls {
        true => Some(tls_config()?),
        false => None,
    };
    let mut poller = Poller::new(settings.poll)?;
    let mut buffer = vec![0; 16 * 1024];
    let mut tally = Tally::new();
    let mut phases = Phases::begin(settings);
    let mut visits = 0_u64;
    let mut open = Vec::new();
    for slot in 0..settings.connections {
        open.push(Some(Visit::begin(settings, tls.as_ref(), &poller, slot)?));
    }
    loop {
        let mut ended = Vec::new();
        for token in poller.wait(phases.deadline())? {
            let Some(visit) = &mut open[token] else {
                continue;
            };
            if !visit.advance(&messages, &mut buffer)? {
                continue;
            }
            visits += 1;
            if phases.phase == Phase::Measured {
                tally.count += 1;
                tally.latency.record(clock::now() - visit.began);
            }
            ended.push(token);
        }
        for token in ended {
            let next = phases.phase != Phase::Drain;
            open[token] = if next {
                Some(Visit::begin(settings, tls.as_ref(), &poller, token)?)
            } else {
                None
            };
        }
        let under_way = open.iter().flatten().count();
        if phases.phase == Phase::Drain && under_way == 0 {
            break;
        }
        if phases.turn(clock::now()) {
            if phases.overdue() {
                return Err(format!("{under_way} connections have not ended").into());
            }
            let usage = Usage::read(settings.pid)?;
            *if phases.phase == Phase::Measured {
                &mut tally.from
            } else {
                &mut tally.to
            } = usage;
        }
    }
    Ok(Report::of_rate(&tally, settings.pid)?.with("visits", visits as f64))
}

impl Visit {
    /// Connects, and sends the request, or what a TLS handshake begins with.
    fn begin(
        settings: &Settings,
        tls: Option<&Arc<ClientConfig>>,
        poller: &Poller,
        slot: usize,
    ) -> Result<Self, Failure> {
        // Each slot has an address of its own to come from: one has too few ports for all that are in
        // TIME_WAIT. On the loopback device connecting does not wait for the server.
        let fd = socket(AddressFamily::INET, SocketType::STREAM, None)?;
        let [high, low] = (slot as u16).to_be_bytes();
        bind(
            &fd,
            &SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 1, high, low), 0)),
        )?;
        let began = clock::now();
        connect(&fd, &settings.address)?;
        let link = Link::new(TcpStream::from(fd), tls)?;
        link.stream().set_nonblocking(true)?;
        poller.add(&link, slot)?;
        let mut visit = Self {
            link,
            stage: Stage::Handshake,
            incoming: Incoming::default(),
            began,
        };
        visit.open()?;
        Ok(visit)
    }

    /// Sends the request, if there is no TLS handshake that goes on.
    fn open(&mut self) -> Result<bool, Failure> {
        match self.link.flush() {
            Ok(()) => {
                client::request(&mut self.link, 0, false)?;
                self.stage = Stage::Upgrade(Vec::new());
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what has come; whether its life has ended.
    fn advance(&mut self, messages: &Messages, buffer: &mut [u8]) -> Result<bool, Failure> {
        if matches!(self.stage, Stage::Handshake) && !self.open()? {
            return Ok(false);
        }
        loop {
            let is_over = matches!(self.stage, Stage::Close) && self.incoming.closed;
            let length = match self.link.read(buffer) {
                Ok(0) if is_over => return Ok(true),
                // A server of TLS that ends without saying so.
                Err(error) if is_over && error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(true);
                }
                Ok(0) => return Err("the server has closed a connection early".into()),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            match &mut self.stage {
                Stage::Handshake => {}
                Stage::Upgrade(response) => {
                    response.extend_from_slice(&buffer[..length]);
                    if client::accepted(response, false)? {
                        let mut message = Vec::new();
                        messages.append(0, &mut message);
                        self.link.write_all(&message)?;
                        self.stage = Stage::Echo;
                    }
                }
                Stage::Echo => {
                    if self.incoming.take(&buffer[..length], messages)? == 1 {
                        self.link.write_all(&CLOSE)?;
                        self.stage = Stage::Close;
                    }
                }
                Stage::Close => {
                    self.incoming.take(&buffer[..length], messages)?;
                }
            }
        }
    }
}
