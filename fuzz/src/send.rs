//! Messages that are sent, and what their receiver makes of them.

use std::sync::Arc;

use websockets::protocol::{
    Config, Connection, Deflate, Direction, Opcode, PerMessageDeflate, Role,
    encode_compressed_frame, encode_frame, is_valid_utf8, random_key,
};

use crate::input::Input;
use crate::reference::{self, Rules};
use crate::support::outcome::Outcome;
use crate::support::{End, Seen};

/// Bytes of all messages together.
const MOST: usize = 256 * 1024;

/// An input: flags, a byte of windows, one of level and threshold, three of cuts; then messages,
/// each with a byte of flags, one of length, one that says how often they are repeated.
pub(crate) fn send(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let windows = input.byte();
    let effort = input.byte();
    let cuts = input.cuts();
    let role = match flags & 1 {
        0 => Role::Server,
        _ => Role::Client,
    };
    let outgoing = Direction {
        window_bits: 8 + windows % 8,
        context_takeover: flags & 2 == 0,
    };
    let incoming = Direction {
        window_bits: 8 + windows / 8 % 8,
        context_takeover: flags & 4 == 0,
    };
    let deflate = Deflate {
        outgoing,
        incoming,
        level: effort % 10,
        threshold: usize::from(effort / 10),
    };
    let mut sender = Sender::new(role, deflate, flags & 8 == 0);
    let mut expected = Vec::new();
    let mut total = 0;
    while !input.is_empty() {
        let flags = input.byte();
        let length = usize::from(input.byte());
        let times = usize::from(input.byte()) + 1;
        let message = input.bytes(length).repeat(times);
        total += message.len();
        if total > MOST {
            break;
        }
        let text = (flags & 1 == 0 && is_valid_utf8(&message)).then(|| message.clone());
        let opcode = if text.is_some() {
            Opcode::Text
        } else {
            Opcode::Binary
        };
        if sender.send(opcode, &message, flags & 2 == 0, flags & 4 != 0) {
            expected.push(match text.and_then(|text| String::from_utf8(text).ok()) {
                Some(text) => Seen::Text(text),
                None => Seen::Binary(message),
            });
        }
    }

    let config = Config {
        deflate: Some(Deflate {
            outgoing: incoming,
            incoming: outgoing,
            ..deflate
        }),
        ..Config::new(match role {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        })
    };
    let rules = Rules {
        deflate: Some(outgoing),
        lenient_window: false,
        ..Rules::new(Some(role == Role::Client), config.limits)
    };
    assert_eq!(reference::decode(&sender.out, rules), expected);
    assert_eq!(Outcome::of(&config, cuts.of(&sender.out)).seen, expected);
    let mut end = End::new(config);
    end.receive(&sender.out);
    assert_eq!(end.seen, expected);
}

/// One of the two ways to send: as a connection, or as permessage-deflate among other extensions.
enum Sending {
    Connection(Connection),
    Step(PerMessageDeflate),
}

struct Sender {
    role: Role,
    deflate: Deflate,
    sending: Sending,
    out: Vec<u8>,
}

impl Sender {
    fn new(role: Role, deflate: Deflate, as_connection: bool) -> Self {
        let config = Config {
            deflate: Some(deflate),
            ..Config::new(role)
        };
        Self {
            role,
            deflate,
            sending: if as_connection {
                Sending::Connection(Connection::new(Arc::new(config), 0))
            } else {
                Sending::Step(PerMessageDeflate::new(deflate))
            },
            out: Vec::new(),
        }
    }

    /// Sends a message; false where it was dropped after it was compressed.
    fn send(&mut self, opcode: Opcode, message: &[u8], compress: bool, drop: bool) -> bool {
        let step = match &mut self.sending {
            Sending::Connection(connection) => {
                connection.send_message(opcode, message, compress, &mut self.out);
                return true;
            }
            Sending::Step(step) => step,
        };
        let mask = (self.role == Role::Client).then(random_key);
        let payload = compress.then(|| step.compress(message)).flatten();
        assert_eq!(
            payload.is_some(),
            compress && self.deflate.compresses(message.len())
        );
        assert!(step.memory() <= self.deflate.memory());
        match payload {
            _ if drop => {
                step.forget_sent();
                return false;
            }
            Some(payload) => encode_compressed_frame(&mut self.out, opcode, &payload, mask),
            None => encode_frame(&mut self.out, opcode, message, mask),
        }
        true
    }
}
