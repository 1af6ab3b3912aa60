//! From masked frames to text messages: read, parsed, unmasked, validated.
//!
//! Every library has the stream's bytes copied into its buffer first, as a socket's are. How large
//! that buffer is, tungstenite is told: it clears it before every read. fastwebsockets begins with
//! 8 KiB. Its `read_frame` is the cheaper one, which does not join fragments.

use std::hint::black_box;
use std::io::Read;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tungstenite::protocol::WebSocketConfig;
use websockets::engine::memory::KEPT;
use websockets::protocol::{Config, Connection, Event, Memory, MemorySource, Payload, Role};

use crate::wire::Wire;
use crate::{Case, Library, SIZES, payload};

/// Bytes of our read buffer; all connections of a shard share one.
const BUFFER: usize = 128 * 1024;
/// Where this many bytes of a message are still to come, a shard reads them straight into it.
const DIRECT: usize = 16 * 1024;
/// Frames in one read, of peers that do not wait for an answer.
const MANY: usize = 16;
/// Bytes in one read of a message that comes in pieces.
const PIECE: usize = 16 * 1024;

/// Adds a work to `cases`; one time of it is `messages` messages.
fn add_work(
    cases: &mut Vec<Case>,
    work: &'static str,
    size: usize,
    messages: usize,
    wire: impl Fn(&[u8]) -> Wire,
) {
    let text = payload::ascii(size);
    let mut ours = Ours::new(wire(text));
    let mut tungstenite = tungstenite(wire(text));
    let mut fastwebsockets = fastwebsockets(wire(text));
    cases.push(Case::new(work, size, Library::Websockets, move || {
        ours.read(messages, |text| {
            black_box(text);
        });
    }));
    cases.push(Case::new(work, size, Library::Tungstenite, move || {
        for _ in 0..messages {
            black_box(tungstenite.read().expect("a message"));
        }
    }));
    cases.push(Case::new(work, size, Library::Fastwebsockets, move || {
        for _ in 0..messages {
            black_box(ready(fastwebsockets.read_frame()).expect("a frame"));
        }
    }));
}

/// Adds the cases.
pub fn add(cases: &mut Vec<Case>) {
    for size in SIZES {
        add_work(cases, "read", size, 1, |text| Wire::of_frames(text, 1));
    }
    for size in [16, 1024] {
        let wire = |text: &[u8]| Wire::of_frames(text, MANY);
        add_work(cases, "read 16 at once", size, MANY, wire);
    }
    let wire = |text: &[u8]| Wire::of_pieces(text, PIECE);
    add_work(cases, "read in 5 pieces", 65_536, 1, wire);
}

/// A server's connection, and the reading that a shard does for it.
struct Ours {
    connection: Connection,
    wire: Wire,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

impl Ours {
    fn new(wire: Wire) -> Self {
        let mut config = Config::new(Role::Server);
        config.memory = Memory::of(&KEPT);
        Self {
            connection: Connection::new(Arc::new(config), 0),
            wire,
            buffer: vec![0; BUFFER],
            out: Vec::new(),
        }
    }

    #[inline]
    fn read(&mut self, messages: usize, mut on_message: impl FnMut(&[u8])) {
        let mut seen = 0;
        while seen < messages {
            let mut on_event = |event: Event<'_>| {
                if let Event::Text(payload) = event {
                    on_message(&payload);
                    seen += 1;
                    // As once it has been delivered.
                    if let Payload::Owned(memory) = payload {
                        KEPT.keep(memory);
                    }
                }
            };
            if let Some((memory, room)) = self.connection.room(DIRECT) {
                let length = self.wire.read_to_end_of(memory, room);
                self.connection
                    .received(length, 0, &mut self.out, &mut on_event);
            } else {
                let length = self.wire.read(&mut self.buffer).expect("bytes");
                let input = &mut self.buffer[..length];
                self.connection
                    .receive(input, 0, &mut self.out, &mut on_event);
            }
        }
    }
}

fn tungstenite(wire: Wire) -> tungstenite::WebSocket<Wire> {
    let config = WebSocketConfig::default().read_buffer_size(wire.longest_read().max(4096));
    tungstenite::WebSocket::from_raw_socket(wire, tungstenite::protocol::Role::Server, Some(config))
}

fn fastwebsockets(wire: Wire) -> fastwebsockets::WebSocket<Wire> {
    fastwebsockets::WebSocket::after_handshake(wire, fastwebsockets::Role::Server)
}

/// What a future over a [`Wire`] comes to: it never waits.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("a wire always has bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_read_the_same_messages() {
        let text = payload::ascii(1024);
        for wire in [
            |text: &[u8]| Wire::of_frames(text, 3),
            |text: &[u8]| Wire::of_pieces(text, 500),
        ] {
            let mut read = 0;
            Ours::new(wire(text)).read(3, |message| {
                assert_eq!(message, text);
                read += 1;
            });
            assert_eq!(read, 3);
            let (mut tungstenite, mut fastwebsockets) =
                (tungstenite(wire(text)), fastwebsockets(wire(text)));
            for _ in 0..3 {
                let message = tungstenite.read().unwrap();
                assert!(message.is_text());
                assert_eq!(message.into_data(), text);
                let frame = ready(fastwebsockets.read_frame()).unwrap();
                assert_eq!(frame.opcode, fastwebsockets::OpCode::Text);
                assert_eq!(&*frame.payload, text);
            }
        }
    }
}
