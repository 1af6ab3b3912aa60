//! The physical limit: an echo server that does what a WebSocket server has to do on the wire, and
//! nothing else. One thread, epoll, no UTF-8 check, no limits. It is not a server to be used.
//!
//! `BENCH_ROLE=broadcast` has it send each message to all connections.

use std::collections::HashMap;
use std::env;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll;

type Failure = Box<dyn std::error::Error>;

/// The generator's key is always the same, and so is the answer (RFC 6455 §1.3).
const RESPONSE: &[u8] =
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
const LISTENER: u64 = u64::MAX;

/// A connection, and the bytes of it that wait: those of a frame that is cut, and those not written yet.
struct Peer {
    stream: TcpStream,
    upgraded: bool,
    cut: Vec<u8>,
    unwritten: Vec<u8>,
}

impl Peer {
    /// Reads all there is, and appends to `out` the frames that answer it. `false` at the end.
    fn read(&mut self, buffer: &mut [u8], out: &mut Vec<u8>) -> std::io::Result<bool> {
        loop {
            let length = match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            };
            if self.cut.is_empty() {
                let taken = self.take(&mut buffer[..length], out);
                self.cut.extend_from_slice(&buffer[taken..length]);
            } else {
                self.cut.extend_from_slice(&buffer[..length]);
                let mut cut = std::mem::take(&mut self.cut);
                let taken = self.take(&mut cut, out);
                cut.drain(..taken);
                self.cut = cut;
            }
            if length < buffer.len() {
                return Ok(true);
            }
        }
    }

    /// Answers what is whole in `bytes`, and says how many bytes that was.
    fn take(&mut self, bytes: &mut [u8], out: &mut Vec<u8>) -> usize {
        if !self.upgraded {
            if !bytes.ends_with(b"\r\n\r\n") {
                return 0;
            }
            self.upgraded = true;
            self.write(RESPONSE);
            return bytes.len();
        }
        let mut at = 0;
        while let Some(length) = frame(&mut bytes[at..], out) {
            at += length;
        }
        at
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.unwritten.is_empty() {
            let written = self.stream.write(bytes).unwrap_or(0);
            self.unwritten.extend_from_slice(&bytes[written..]);
        } else {
            self.unwritten.extend_from_slice(bytes);
            self.flush();
        }
    }

    fn flush(&mut self) {
        if !self.unwritten.is_empty() {
            let written = self.stream.write(&self.unwritten).unwrap_or(0);
            self.unwritten.drain(..written);
        }
    }
}

/// Answers the frame that `bytes` begin with, and says how long it is; `None` where it is cut.
fn frame(bytes: &mut [u8], out: &mut Vec<u8>) -> Option<usize> {
    let (mask_at, length) = match *bytes.get(1)? & 127 {
        126 => (
            4,
            usize::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?)),
        ),
        127 => (
            10,
            u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?) as usize,
        ),
        length => (2, usize::from(length)),
    };
    let key: [u8; 4] = bytes.get(mask_at..mask_at + 4)?.try_into().ok()?;
    let (from, to) = (mask_at + 4, mask_at + 4 + length);
    let (header, payload) = bytes.get_mut(..to)?.split_at_mut(from);
    out.push(header[0]);
    out.push(header[1] & 127);
    out.extend_from_slice(&header[2..mask_at]);
    let wide = u64::from(u32::from_ne_bytes(key)) * 0x1_0000_0001;
    let (words, rest) = payload.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ wide).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    out.extend_from_slice(payload);
    Some(to)
}

fn main() -> Result<(), Failure> {
    let broadcasts = env::var("BENCH_ROLE").is_ok_and(|role| role == "broadcast");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("{}", listener.local_addr()?.port());
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(
        &epoll,
        &listener,
        epoll::EventData::new_u64(LISTENER),
        epoll::EventFlags::IN,
    )?;
    let mut peers: HashMap<u64, Peer> = HashMap::new();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1024);
    let (mut buffer, mut out) = (vec![0; 256 * 1024], Vec::new());
    loop {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            let token = event.data.u64();
            if token == LISTENER {
                while let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    stream.set_nodelay(true)?;
                    let token = stream.as_raw_fd() as u64;
                    let flags =
                        epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
                    epoll::add(&epoll, &stream, epoll::EventData::new_u64(token), flags)?;
                    peers.insert(
                        token,
                        Peer {
                            stream,
                            upgraded: false,
                            cut: Vec::new(),
                            unwritten: Vec::new(),
                        },
                    );
                }
                continue;
            }
            let Some(peer) = peers.get_mut(&token) else {
                continue;
            };
            peer.flush();
            out.clear();
            let open = peer.read(&mut buffer, &mut out).unwrap_or(false);
            let closing = out.first() == Some(&0x88);
            if !out.is_empty() {
                if broadcasts {
                    peers.values_mut().for_each(|peer| peer.write(&out));
                } else {
                    peer.write(&out);
                }
            }
            if !open || closing {
                peers.remove(&token);
            }
        }
    }
}
