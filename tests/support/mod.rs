//! One end of a connection in memory, with a made-up clock.

#![allow(dead_code, reason = "each test binary uses its part of it")]

pub mod outcome;

use std::sync::Arc;

use websockets::protocol::{
    Config, Connection, Event, Header, Millis, Opcode, Progress, Reserved, Role, State, Violation,
    apply_mask, encode_frame,
};

pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// An event that outlives the call that reported it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Text(String),
    Utf8(Vec<u8>),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Closing,
    Failed(Violation),
}

impl From<Event<'_>> for Seen {
    fn from(event: Event<'_>) -> Self {
        match event {
            Event::Text(payload) => {
                Self::Text(String::from_utf8(payload.to_vec()).expect("text is UTF-8"))
            }
            Event::Utf8(payload) => Self::Utf8(payload.to_vec()),
            Event::Binary(payload) => Self::Binary(payload.to_vec()),
            Event::Ping(payload) => Self::Ping(payload.to_vec()),
            Event::Pong(payload) => Self::Pong(payload.to_vec()),
            Event::Closing => Self::Closing,
            Event::Failed(violation) => Self::Failed(violation),
        }
    }
}

pub fn text(text: &str) -> Seen {
    Seen::Text(text.to_owned())
}

/// A connection with what it has reported and what it wants to send.
pub struct End {
    pub connection: Connection,
    pub now: Millis,
    pub out: Vec<u8>,
    pub seen: Vec<Seen>,
}

impl End {
    pub fn new(config: Config) -> Self {
        Self {
            connection: Connection::new(Arc::new(config), 0),
            now: 0,
            out: Vec::new(),
            seen: Vec::new(),
        }
    }

    pub fn server() -> Self {
        Self::new(Config::new(Role::Server))
    }

    pub fn client() -> Self {
        Self::new(Config::new(Role::Client))
    }

    pub fn receive(&mut self, bytes: &[u8]) {
        let mut input = bytes.to_vec();
        self.connection
            .receive(&mut input, self.now, &mut self.out, &mut |event| {
                self.seen.push(event.into());
            });
    }

    /// Puts `bytes` straight where the message that is under way is put together, wherever one is.
    pub fn receive_into_message(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((memory, room)) = self.connection.room(1) else {
                return self.receive(bytes);
            };
            let (piece, rest) = bytes.split_at(room.min(bytes.len()));
            memory.extend_from_slice(piece);
            bytes = rest;
            self.connection
                .received(piece.len(), self.now, &mut self.out, &mut |event| {
                    self.seen.push(event.into());
                });
            while self.connection.is_inflating() {
                self.connection
                    .inflate_on(self.now, &mut self.out, &mut |event| {
                        self.seen.push(event.into());
                    });
            }
        }
    }

    /// Hands `bytes` in one at a time.
    pub fn receive_bytewise(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.receive(&[*byte]);
        }
    }

    pub fn close(&mut self, code: u16, reason: &str) {
        self.connection.close(code, reason, self.now, &mut self.out);
    }

    /// Lets time pass until `now`; the driver wakes at each deadline on the way.
    pub fn sleep_until(&mut self, now: Millis) {
        while let Some(deadline) = self.connection.deadline()
            && deadline <= now
        {
            self.now = deadline;
            self.handle_timeout();
        }
        self.now = now;
    }

    pub fn handle_timeout(&mut self) {
        self.connection.handle_timeout(
            self.now,
            Progress::default(),
            &mut self.out,
            &mut |event| {
                self.seen.push(event.into());
            },
        );
    }

    pub fn set_congested(&mut self, congested: bool) {
        self.connection.set_congested(congested, &mut self.out);
    }

    /// What a `Base` would say of its close frames.
    pub fn close_event(&self) -> (u16, &str) {
        let Some(frames) = self.connection.close_frames() else {
            return (1006, "");
        };
        let theirs = frames.received.as_ref().filter(|frame| frame.code != 1005);
        let said = theirs.unwrap_or(&frames.sent);
        (said.code, &said.reason)
    }

    pub fn state(&self) -> State {
        self.connection.state()
    }

    /// What happened since the last look.
    pub fn take_seen(&mut self) -> Vec<Seen> {
        std::mem::take(&mut self.seen)
    }

    /// The frames sent since the last look, unmasked.
    pub fn take_sent(&mut self) -> Vec<(Opcode, Vec<u8>)> {
        let masked = self.connection.role() == Role::Client;
        frames(&std::mem::take(&mut self.out), masked)
    }
}

/// Reads whole, unfragmented frames, all of which must be masked or none.
pub fn frames(mut bytes: &[u8], masked: bool) -> Vec<(Opcode, Vec<u8>)> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (header, length) = Header::parse(bytes, Reserved::None)
            .expect("a valid frame is sent")
            .expect("a whole frame is sent");
        assert!(header.fin);
        assert_eq!(header.mask.is_some(), masked);
        let end = length + usize::try_from(header.length).unwrap();
        let mut payload = bytes[length..end].to_vec();
        if let Some(key) = header.mask {
            apply_mask(&mut payload, key, 0);
        }
        frames.push((header.opcode, payload));
        bytes = &bytes[end..];
    }
    frames
}

/// A frame as a client sends it.
pub fn masked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, opcode, payload, Some(KEY));
    out
}

/// A frame as a server sends it.
pub fn unmasked(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_frame(&mut out, opcode, payload, None);
    out
}

/// A frame of a client's that is not the last of its message.
pub fn fragment(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = masked(opcode, payload);
    frame[0] &= 0x7f;
    frame
}

/// The payload of a close frame.
pub fn status(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}
