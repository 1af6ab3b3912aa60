//! A message to one frame in a buffer, as a server sends it and, masked, as a client does.
//!
//! The masking key is given, so that nobody's random numbers are in the time. tungstenite allocates
//! for a masked payload in `Frame::format`, and not where a socket formats it, so that its masked
//! frames go by a `FrameSocket` to a stream that drops them. fastwebsockets masks the application's
//! bytes where they lie; the others leave those as they are.

use std::hint::black_box;
use std::io::{self, Write};

use bytes::Bytes;
use fastwebsockets::Payload;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::{Frame, FrameSocket};
use websockets::protocol::{Opcode, encode_frame};

use crate::{Case, KEY, Library, SIZES, payload};

/// Adds the cases.
pub fn add(cases: &mut Vec<Case>) {
    for size in SIZES {
        add_plain(cases, payload::ascii(size));
    }
    for size in SIZES {
        add_masked(cases, payload::ascii(size));
    }
}

fn add_plain(cases: &mut Vec<Case>, message: &'static [u8]) {
    let (work, size) = ("encode", message.len());

    let mut out = Vec::new();
    cases.push(Case::new(work, size, Library::Websockets, move || {
        out.clear();
        encode_frame(&mut out, Opcode::Text, black_box(message), None);
        black_box(&out);
    }));
    let mut out = Vec::new();
    cases.push(Case::new(work, size, Library::Tungstenite, move || {
        out.clear();
        let frame = text_frame(black_box(message));
        frame.format(&mut out).expect("room");
        black_box(&out);
    }));
    let mut out = Vec::new();
    cases.push(Case::new(work, size, Library::Fastwebsockets, move || {
        let payload = Payload::Borrowed(black_box(message));
        black_box(fastwebsockets::Frame::text(payload).write(&mut out));
    }));
}

fn add_masked(cases: &mut Vec<Case>, message: &'static [u8]) {
    let (work, size) = ("encode, masked", message.len());

    let mut out = Vec::new();
    cases.push(Case::new(work, size, Library::Websockets, move || {
        out.clear();
        encode_frame(
            &mut out,
            Opcode::Text,
            black_box(message),
            Some(black_box(KEY)),
        );
        black_box(&out);
    }));
    let mut socket = FrameSocket::new(Sink);
    cases.push(Case::new(work, size, Library::Tungstenite, move || {
        let mut frame = text_frame(black_box(message));
        frame.header_mut().mask = Some(black_box(KEY));
        socket.write(frame).expect("room");
    }));
    let mut out = Vec::new();
    let mut changed = message.to_vec();
    cases.push(Case::new(work, size, Library::Fastwebsockets, move || {
        let payload = Payload::BorrowedMut(black_box(&mut changed));
        black_box(masked_frame(payload, black_box(KEY)).write(&mut out));
    }));
}

fn text_frame(message: &'static [u8]) -> Frame {
    Frame::message(Bytes::from_static(message), OpCode::Data(Data::Text), true)
}

fn masked_frame(payload: Payload<'_>, key: [u8; 4]) -> fastwebsockets::Frame<'_> {
    let text = fastwebsockets::OpCode::Text;
    let mut frame = fastwebsockets::Frame::new(true, text, Some(key), payload);
    frame.mask();
    frame
}

/// Takes everything and keeps nothing.
struct Sink;

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_encode_the_same_frames() {
        for size in SIZES {
            let message = payload::ascii(size);
            for key in [None, Some(KEY)] {
                let mut ours = Vec::new();
                encode_frame(&mut ours, Opcode::Text, message, key);

                let mut theirs = Vec::new();
                let mut frame = text_frame(message);
                frame.header_mut().mask = key;
                frame.format(&mut theirs).unwrap();
                assert_eq!(ours, theirs);

                let payload = Payload::Owned(message.to_vec());
                let mut frame = match key {
                    Some(key) => masked_frame(payload, key),
                    None => fastwebsockets::Frame::text(payload),
                };
                assert_eq!(ours, frame.write(&mut Vec::new()));
            }
        }
    }
}
