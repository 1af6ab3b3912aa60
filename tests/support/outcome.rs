//! All that a connection does with a stream.

use websockets::protocol::{Config, Opcode, State};

use super::{End, Seen, status};

/// What a connection does with a stream.
#[derive(Debug, PartialEq)]
pub struct Outcome {
    /// What it reports.
    pub seen: Vec<Seen>,
    /// The frames that it sends.
    pub sent: Vec<(Opcode, Vec<u8>)>,
    /// How far it gets.
    pub state: State,
    /// What a `Base` would say of its close frames.
    pub close_event: (u16, String),
}

impl Outcome {
    /// Of receiving a stream in these pieces.
    pub fn of<'a>(config: &Config, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut end = End::new(config.clone());
        for piece in pieces {
            end.receive(piece);
        }
        Self::at(&mut end)
    }

    /// The same, with what comes of a large message put straight where that is put together.
    pub fn of_direct<'a>(config: &Config, pieces: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut end = End::new(config.clone());
        for piece in pieces {
            end.receive_into_message(piece);
        }
        Self::at(&mut end)
    }

    /// What an end has done since the last look.
    pub fn at(end: &mut End) -> Self {
        let (code, reason) = end.close_event();
        Self {
            close_event: (code, reason.to_owned()),
            seen: end.take_seen(),
            sent: end.take_sent(),
            state: end.state(),
        }
    }

    /// The frames answer what was seen: a pong for each ping, and a close frame at the end.
    pub fn check_answers(&self) {
        let mut sent = self.sent.iter();
        for seen in &self.seen {
            match seen {
                Seen::Ping(payload) => {
                    assert_eq!(sent.next(), Some(&(Opcode::Pong, payload.clone())));
                }
                Seen::Failed(violation) => {
                    let payload = status(violation.close_code(), &violation.to_string());
                    assert_eq!(sent.next(), Some(&(Opcode::Close, payload)));
                }
                Seen::Closing => assert_eq!(sent.next().map(|frame| frame.0), Some(Opcode::Close)),
                Seen::Text(_) | Seen::Utf8(_) | Seen::Binary(_) | Seen::Pong(_) => {}
            }
        }
        assert_eq!(sent.next(), None);
    }
}
