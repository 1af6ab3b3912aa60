//! One connection: the upgrade, and messages out and in.

use std::collections::VecDeque;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Failure;
use crate::args::Settings;
use crate::incoming::Incoming;
use crate::link::{Link, tls_config};
use crate::message::Messages;
use crate::poller::Poller;

/// RFC 6455 §1.3: the key that every upgrade sends, and the answer to it.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pplmbitxaq9kygzzhzrbk+xoo=";
/// Frames up to this size are written together.
const SMALL: usize = 16 * 1024;
/// How much of them.
const TOGETHER: usize = 64 * 1024;
/// Upgrades that are under way at once while connections are made.
const AT_ONCE: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);

/// Buffers that all connections of a thread share.
pub struct Buffers {
    read: Vec<u8>,
    write: Vec<u8>,
}

impl Buffers {
    /// Both, empty.
    pub fn new() -> Self {
        Self {
            read: vec![0; 256 * 1024],
            write: Vec::with_capacity(TOGETHER + SMALL),
        }
    }
}

/// A WebSocket connection as a client.
pub struct Client {
    link: Link,
    /// What comes.
    pub incoming: Incoming,
    /// Messages that were written whole.
    written: u32,
    /// Messages that were asked for.
    pub sent: u32,
    /// Bytes of message `written` that are out already.
    partial: usize,
    /// When each message that is under way was asked for.
    sent_at: VecDeque<u64>,
}

impl Client {
    /// Asks for `count` more messages, and writes what the socket takes.
    pub fn send(
        &mut self,
        count: u32,
        now: u64,
        messages: &Messages,
        buffers: &mut Buffers,
    ) -> Result<(), Failure> {
        self.sent += count;
        self.sent_at.extend((0..count).map(|_| now));
        self.flush(messages, buffers)
    }

    /// When the oldest message that is under way was asked for.
    pub fn took_off(&mut self) -> u64 {
        self.sent_at.pop_front().unwrap_or(0)
    }

    /// Reads all that there is, and says how many messages ended in it.
    pub fn read(&mut self, messages: &Messages, buffers: &mut Buffers) -> Result<u32, Failure> {
        let mut ended = 0;
        loop {
            match self.link.read(&mut buffers.read) {
                Ok(0) => return Err("the server has closed a connection".into()),
                Ok(length) => {
                    ended += self.incoming.take(&buffers.read[..length], messages)?;
                    if length < buffers.read.len() && self.link.short_read_is_last() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            }
        }
        if self.incoming.closed {
            return Err("the server has sent a close frame".into());
        }
        Ok(ended)
    }

    /// Writes what waits, as far as the socket takes it.
    pub fn flush(&mut self, messages: &Messages, buffers: &mut Buffers) -> Result<(), Failure> {
        while self.written < self.sent {
            let out = &mut buffers.write;
            let result = if messages.wire_len(self.written) <= SMALL {
                out.clear();
                let mut number = self.written;
                while number < self.sent && out.len() < TOGETHER {
                    messages.append(number, out);
                    number += 1;
                }
                self.link.write(&out[self.partial..])
            } else {
                let rest = messages.parts(self.written, out);
                let first = &out[self.partial.min(out.len())..];
                let rest = &rest[self.partial.saturating_sub(out.len())..];
                self.link
                    .write_vectored(&[IoSlice::new(first), IoSlice::new(rest)])
            };
            match result {
                Ok(length) => {
                    self.partial += length;
                    while self.written < self.sent
                        && self.partial >= messages.wire_len(self.written)
                    {
                        self.partial -= messages.wire_len(self.written);
                        self.written += 1;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// Sends the request of an upgrade, for the path of this number.
pub fn request(link: &mut Link, path: usize, deflate: bool) -> Result<(), Failure> {
    let extensions = if deflate {
        "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n"
    } else {
        ""
    };
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extensions}\r\n"
    );
    Ok(link.write_all(request.as_bytes())?)
}

/// Whether the response to an upgrade is whole, and as it must be.
pub fn accepted(response: &[u8], deflate: bool) -> Result<bool, Failure> {
    if !response.ends_with(b"\r\n\r\n") {
        return if response.len() < 4096 {
            Ok(false)
        } else {
            Err("the response to an upgrade has no end".into())
        };
    }
    let text = String::from_utf8_lossy(response).to_ascii_lowercase();
    if !text.starts_with("http/1.1 101 ")
        || !text.contains(&format!("sec-websocket-accept: {ACCEPT}\r\n"))
    {
        return Err(format!("the upgrade was answered with {text:?}").into());
    }
    if text.contains("sec-websocket-extensions: permessage-deflate") != deflate {
        return Err(format!(
            "permessage-deflate was {}answered",
            if deflate { "not " } else { "" }
        )
        .into());
    }
    Ok(true)
}

/// Opens `count` connections, and has the poller watch them from `first` on.
pub fn connect(
    settings: &Settings,
    poller: &Poller,
    first: usize,
    count: usize,
) -> Result<Vec<Client>, Failure> {
    let tls = if settings.tls {
        Some(tls_config()?)
    } else {
        None
    };
    let mut clients = Vec::with_capacity(count);
    let mut next = 0;
    while clients.len() < count {
        let mut links = Vec::new();
        for _ in 0..AT_ONCE.min(count - clients.len()) {
            let stream = TcpStream::connect(settings.address)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            links.push(Link::new(stream, tls.as_ref())?);
        }
        for link in &mut links {
            request(link, next % settings.groups, settings.deflate)?;
            next += 1;
        }
        for mut link in links {
            let mut response = Vec::new();
            while !accepted(&response, settings.deflate)? {
                // Nothing follows it before we have sent a message.
                let mut buffer = [0; 4096];
                match link.read(&mut buffer)? {
                    0 => return Err("the server has closed a connection before its upgrade".into()),
                    length => response.extend_from_slice(&buffer[..length]),
                }
            }
            link.stream().set_nonblocking(true)?;
            poller.add(&link, first + clients.len())?;
            clients.push(Client {
                link,
                incoming: Incoming::default(),
                written: 0,
                sent: 0,
                partial: 0,
                sent_at: VecDeque::new(),
            });
        }
    }
    Ok(clients)
}
