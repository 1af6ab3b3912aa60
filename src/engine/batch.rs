//! What a transport reports to JavaScript: records, and the arena their contents lie in.

#[cfg(sockets)]
use std::net::SocketAddr;

use super::backlog::Overflow;
use super::session::Brought;
use super::utf16::{LongText, append_utf16};
use crate::protocol::{CloseFrames, Event, Payload};

/// The close code of the error of a connection that is dropped (RFC 6455 §7.1.5).
const ABNORMAL_CLOSURE: u16 = 1006;

/// Contents at least this long stay in the buffer they came in; shorter ones go into the arena.
const OWN_BUFFER: usize = 64 * 1024;
/// What one record is counted for beside its contents, in bytes: so much does a short string of JavaScript take,
/// with its place in a list.
const RECORD_COST: usize = 64;
/// The same if it becomes a Buffer: its object of 195 bytes on V8's heap, and what Node.js and the allocator add.
const BUFFER_COST: usize = 512;
/// An emptied arena larger than this gives its memory back.
const KEPT_CAPACITY: usize = 1024 * 1024;

/// What happened on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A text message. Raw connection: the name that a ClientHello asks for, which waits for a certificate.
    Text = 0,
    /// A binary message. Raw connection: bytes, as they came.
    Binary = 1,
    /// A ping; its pong is queued.
    Ping = 2,
    /// A pong.
    Pong = 3,
    /// The bytes queued for the peer fell to zero.
    Drain = 4,
    /// The connection began to close by itself: by the peer's close frame or FIN, or an idle timeout. No event; the
    /// sid leaves the views.
    Closing = 5,
    /// Something went wrong; [`Body::Failure`] says what.
    Error = 6,
    /// The connection is over: the last record of its slot.
    Close = 7,
    /// Stream transport: bytes to be written.
    Write = 8,
    /// Stream transport: end the write side, after what was written. Raw connection: the peer has ended.
    End = 9,
    /// Stream transport: the stream is to stop reading. Raw connection: it has stopped, and nothing comes after this.
    Stop = 10,
    /// Stream transport: the stream is to read on.
    Go = 11,
    /// The connection is lost, and no pause holds back any longer what came before that.
    Lost = 12,
    /// A text message, as bytes.
    Utf8 = 13,
    /// Raw connection: the TLS handshake is done.
    Secure = 14,
    /// Door: the head of a request that opens a WebSocket. What anybody else says is [`Kind::Binary`].
    Head = 15,
}

/// What a record says of one who has come by a door and is handed on: TLS has begun, so that nobody else can do it.
pub const BEGUN: u8 = 1;
/// And its handshake is done.
pub const SECURED: u8 = 2;

/// What one has said that has come by a door.
#[cfg(sockets)]
pub(super) enum Arrival<'a> {
    /// The request for a WebSocket: see [`RequestHead`](crate::protocol::RequestHead).
    Head {
        /// Its lines.
        lines: &'a [u8],
        /// What it asks for.
        asks: u8,
        /// Who it is.
        peer: Option<SocketAddr>,
    },
    /// Anything else, or nothing.
    Other {
        /// What has come.
        bytes: &'a [u8],
        /// How far its TLS is: [`BEGUN`], [`SECURED`].
        tls: u8,
        /// Bytes that are kept for whoever goes on with its records.
        kept: usize,
    },
}

/// Where the contents of a record are.
#[derive(Debug)]
pub enum Body {
    /// Bytes of the arena: ASCII for text, anything for the others.
    Bytes {
        /// Offset in [`Batch::bytes`].
        start: usize,
        /// Length in bytes.
        length: usize,
    },
    /// Of [`Kind::Head`] and [`Kind::Binary`] of a door: bytes of the arena.
    #[cfg(sockets)]
    Arrived {
        /// Offset in [`Batch::bytes`].
        start: usize,
        /// Length in bytes.
        length: usize,
        /// The number of who has said that, in 24 bits, and above them what its request asks for, or how far its TLS is.
        number: u32,
        /// Who that is, if it is a head. Boxed: records of messages are no larger for it.
        peer: Option<Box<SocketAddr>>,
    },
    /// UTF-16 of the wide arena.
    Wide {
        /// Offset in [`Batch::wide`].
        start: usize,
        /// Length in code units.
        length: usize,
    },
    /// A buffer of its own: ASCII for text, anything for binary.
    Large(Vec<u8>),
    /// UTF-16 in a buffer of its own.
    LargeWide(Vec<u16>),
    /// Of [`Kind::Error`]: the public code and what was wrong.
    Failure {
        /// `error.code`.
        code: &'static str,
        /// `error.message`.
        message: String,
    },
    /// Of [`Kind::Close`].
    End(Box<End>),
}

/// How a connection has ended.
#[derive(Debug, Default)]
pub struct End {
    /// What the close frames said; `None` if it was lost without any.
    pub frames: Option<CloseFrames>,
    /// The closing handshake was completed.
    pub is_clean: bool,
}

impl Body {
    /// No contents.
    pub const EMPTY: Self = Self::Bytes {
        start: 0,
        length: 0,
    };
}

/// One thing that happened on one connection.
#[derive(Debug)]
pub struct Record {
    /// What happened.
    pub kind: Kind,
    /// Its bytes may become a slice of memory that others share.
    pub shares_memory: bool,
    /// The close code of [`Kind::Error`]; otherwise 0.
    pub code: u16,
    /// Whose it is: the number its env gave the connection.
    pub slot: u32,
    /// Its contents.
    pub body: Body,
    /// The bytes it is counted for while it waits: what it takes as a value of JavaScript.
    pub cost: usize,
}

/// Records in the order in which they happened.
#[derive(Default)]
pub struct Batch {
    /// The arena of bytes.
    pub bytes: Vec<u8>,
    /// The arena of UTF-16.
    pub wide: Vec<u16>,
    /// The records.
    pub records: Vec<Record>,
}

impl Batch {
    /// Appends what a session brings, and whether bytes of it may share memory; returns what it is counted for.
    pub(super) fn push_brought(
        &mut self,
        slot: u32,
        brought: Brought<'_>,
        shares_memory: bool,
    ) -> usize {
        match brought {
            Brought::Event(event) => self.push_event(slot, event, shares_memory),
            Brought::Wide(wide) => self.push_wide(slot, wide),
            Brought::Bytes(bytes) => self.push_bytes(Kind::Binary, slot, Payload::Borrowed(bytes)),
            Brought::Ended => self.push_bare(Kind::End, slot),
            Brought::Stopped => self.push_bare(Kind::Stop, slot),
        }
    }

    /// Appends what the protocol reports, and whether bytes of it may share memory; returns what it is counted for.
    fn push_event(&mut self, slot: u32, event: Event<'_>, shares_memory: bool) -> usize {
        let is_bytes = matches!(
            event,
            Event::Utf8(_) | Event::Binary(_) | Event::Ping(_) | Event::Pong(_)
        );
        let cost = match event {
            Event::Text(text) => self.push_text(slot, text),
            Event::Utf8(text) => self.push_bytes(Kind::Utf8, slot, text),
            Event::Binary(data) => self.push_bytes(Kind::Binary, slot, data),
            Event::Ping(payload) => self.push_bytes(Kind::Ping, slot, Payload::Borrowed(payload)),
            Event::Pong(payload) => self.push_bytes(Kind::Pong, slot, Payload::Borrowed(payload)),
            Event::Closing => self.push_bare(Kind::Closing, slot),
            Event::Failed(violation) => {
                let message = violation.to_string();
                self.push_error(slot, violation.close_code(), violation.code(), message)
            }
        };
        if let Some(record) = self.records.last_mut() {
            record.shares_memory = shares_memory && is_bytes;
        }
        cost
    }

    /// Appends the end of a connection: why it was dropped, if there was no room for more, and the last record
    /// of its slot.
    pub(super) fn push_end(&mut self, slot: u32, overflow: Option<Overflow>, end: End) -> usize {
        match overflow {
            Some(overflow) => {
                let message = overflow.message().to_owned();
                self.push_error(slot, ABNORMAL_CLOSURE, Overflow::CODE, message)
                    + self.push_close(slot, End::default())
            }
            None => self.push_close(slot, end),
        }
    }

    /// Appends the end of a connection.
    pub(super) fn push_close(&mut self, slot: u32, end: End) -> usize {
        let stored = size_of::<End>();
        self.push(Kind::Close, slot, 0, Body::End(Box::new(end)), stored)
    }

    /// Appends bytes that are to become a Buffer, or a string of a character for each of them.
    pub(super) fn push_bytes(&mut self, kind: Kind, slot: u32, payload: Payload<'_>) -> usize {
        let length = payload.len();
        let body = match payload {
            Payload::Owned(bytes) if length >= OWN_BUFFER => Body::Large(bytes),
            other => self.store_bytes(&other),
        };
        self.push(kind, slot, 0, body, length)
    }

    /// Appends what one has said that has come by a door, and that JavaScript knows by this number.
    #[cfg(sockets)]
    pub(super) fn push_arrival(&mut self, slot: u32, number: u32, arrival: &Arrival<'_>) -> usize {
        let (kind, bytes, kept, asks, peer) = match *arrival {
            Arrival::Head { lines, asks, peer } => (Kind::Head, lines, 0, asks, peer.map(Box::new)),
            Arrival::Other { bytes, tls, kept } => (Kind::Binary, bytes, kept, tls, None),
        };
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        let body = Body::Arrived {
            start,
            length: bytes.len(),
            number: number | u32::from(asks) << 24,
            peer,
        };
        self.push(kind, slot, 0, body, bytes.len() + kept)
    }

    /// Appends valid UTF-8 that is to become a string.
    fn push_text(&mut self, slot: u32, text: Payload<'_>) -> usize {
        let length = text.len();
        let ascii = text.is_ascii();
        let (body, stored) = match text {
            Payload::Owned(bytes) if ascii && length >= OWN_BUFFER => (Body::Large(bytes), length),
            other if ascii => (self.store_bytes(&other), length),
            other if length >= OWN_BUFFER => {
                return self.push_wide(slot, LongText::new(other.into_owned()).finish());
            }
            other => {
                let start = self.wide.len();
                append_utf16(&mut self.wide, &other);
                let length = self.wide.len() - start;
                (Body::Wide { start, length }, 2 * length)
            }
        };
        self.push(Kind::Text, slot, 0, body, stored)
    }

    /// Appends UTF-16 that is to become a string.
    fn push_wide(&mut self, slot: u32, wide: Vec<u16>) -> usize {
        let stored = 2 * wide.len();
        self.push(Kind::Text, slot, 0, Body::LargeWide(wide), stored)
    }

    /// Appends a record without contents.
    pub(super) fn push_bare(&mut self, kind: Kind, slot: u32) -> usize {
        self.push(kind, slot, 0, Body::EMPTY, 0)
    }

    /// Appends that the TLS handshake is done.
    #[cfg(sockets)]
    pub(super) fn push_secure(&mut self, slot: u32) -> usize {
        self.push_bare(Kind::Secure, slot)
    }

    /// Appends the name that a ClientHello asks for.
    #[cfg(sockets)]
    pub(super) fn push_hello(&mut self, slot: u32, name: &str) -> usize {
        self.push_text(slot, Payload::Borrowed(name.as_bytes()))
    }

    /// Appends why TLS has failed.
    #[cfg(sockets)]
    pub(super) fn push_failure(&mut self, slot: u32, failure: super::tls::Failure) -> usize {
        self.push_error(slot, ABNORMAL_CLOSURE, failure.code, failure.message)
    }

    /// Appends an error.
    pub(super) fn push_error(
        &mut self,
        slot: u32,
        close_code: u16,
        code: &'static str,
        message: String,
    ) -> usize {
        let length = message.len();
        let body = Body::Failure { code, message };
        self.push(Kind::Error, slot, close_code, body, length)
    }

    /// Moves a record to another batch; what it leaves here has no contents.
    #[cfg(sockets)]
    pub(super) fn pass(&mut self, index: usize, to: &mut Self) {
        let record = &mut self.records[index];
        let body = match std::mem::replace(&mut record.body, Body::EMPTY) {
            Body::Bytes { start, length } => to.store_bytes(&self.bytes[start..start + length]),
            Body::Wide { start, length } => {
                let first = to.wide.len();
                to.wide.extend_from_slice(&self.wide[start..start + length]);
                Body::Wide {
                    start: first,
                    length,
                }
            }
            #[cfg(sockets)]
            Body::Arrived {
                start,
                length,
                number,
                peer,
            } => {
                let first = to.bytes.len();
                to.bytes
                    .extend_from_slice(&self.bytes[start..start + length]);
                Body::Arrived {
                    start: first,
                    length,
                    number,
                    peer,
                }
            }
            own => own,
        };
        to.records.push(Record { body, ..*record });
    }

    /// Empties it for the next use.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.wide.clear();
        self.records.clear();
        self.bytes.shrink_to(KEPT_CAPACITY);
        self.wide.shrink_to(KEPT_CAPACITY / 2);
        self.records.shrink_to(KEPT_CAPACITY / size_of::<Record>());
    }

    fn store_bytes(&mut self, bytes: &[u8]) -> Body {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Body::Bytes {
            start,
            length: bytes.len(),
        }
    }

    fn push(&mut self, kind: Kind, slot: u32, code: u16, body: Body, stored: usize) -> usize {
        let cost = stored
            + match kind {
                Kind::Binary | Kind::Utf8 | Kind::Write => BUFFER_COST,
                _ => RECORD_COST,
            };
        self.records.push(Record {
            kind,
            shares_memory: false,
            code,
            slot,
            body,
            cost,
        });
        cost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(batch: &Batch, index: usize) -> String {
        match &batch.records[index].body {
            Body::Bytes { start, length } => {
                String::from_utf8(batch.bytes[*start..start + length].to_vec()).unwrap()
            }
            Body::Wide { start, length } => {
                String::from_utf16(&batch.wide[*start..start + length]).unwrap()
            }
            Body::Large(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            Body::LargeWide(wide) => String::from_utf16(wide).unwrap(),
            Body::Failure { message, .. } => message.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn text_of_any_script_and_size_survives() {
        let mut batch = Batch::default();
        let texts = [
            String::new(),
            "ascii".into(),
            "naïve".into(),
            "日本語 😀".into(),
            "a".repeat(OWN_BUFFER),
            "é".repeat(OWN_BUFFER),
        ];
        for text in &texts {
            batch.push_text(7, Payload::Borrowed(text.as_bytes()));
            batch.push_text(7, Payload::Owned(text.clone().into_bytes()));
        }
        for (index, text) in texts.iter().enumerate() {
            assert_eq!(&text_of(&batch, index * 2), text);
            assert_eq!(&text_of(&batch, index * 2 + 1), text);
        }
    }

    #[test]
    fn what_control_frames_carry_stays_as_it_came() {
        let mut batch = Batch::default();
        batch.push_event(1, Event::Ping(b"a\xffb"), false);
        batch.push_event(1, Event::Pong(b"\xc3"), false);
        let bodies: Vec<_> = batch.records.iter().map(|record| &record.body).collect();
        assert!(matches!(
            bodies[..],
            [
                Body::Bytes {
                    start: 0,
                    length: 3
                },
                Body::Bytes {
                    start: 3,
                    length: 1
                }
            ]
        ));
        assert_eq!(batch.bytes, b"a\xffb\xc3");
    }

    #[test]
    #[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
    fn a_record_is_counted_for_the_memory_that_it_takes() {
        let mut batch = Batch::default();
        let text = |text: &str| Payload::Owned(text.repeat(OWN_BUFFER).into_bytes());
        let ascii = batch.push_text(1, text("a"));
        assert_eq!(ascii, OWN_BUFFER + RECORD_COST);
        let wide = batch.push_text(1, text("日"));
        assert_eq!(wide, 2 * OWN_BUFFER + RECORD_COST);
        let Body::LargeWide(units) = &batch.records[1].body else {
            panic!("it is no UTF-16 of its own");
        };
        assert_eq!(units.capacity(), OWN_BUFFER);
        let empty = batch.push_bytes(Kind::Binary, 1, Payload::Borrowed(b""));
        assert_eq!(empty, BUFFER_COST);
    }

    #[test]
    fn an_emptied_batch_gives_large_memory_back() {
        let mut batch = Batch::default();
        for _ in 0..64 {
            batch.push_bytes(Kind::Binary, 1, Payload::Borrowed(&[0; OWN_BUFFER]));
        }
        batch.clear();
        assert!(batch.bytes.capacity() <= KEPT_CAPACITY);
        assert!(batch.records.is_empty());
    }
}
