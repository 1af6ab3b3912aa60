//! Whether a payload is UTF-8.

use std::hint::black_box;

use fastwebsockets::Payload;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use websockets::protocol::is_valid_utf8;

use crate::{Case, Library, SIZES, payload};

/// Adds the cases.
pub fn add(cases: &mut Vec<Case>) {
    for size in SIZES {
        add_work(cases, "UTF-8, ASCII", payload::ascii(size));
    }
    for size in SIZES {
        add_work(cases, "UTF-8, mixed", payload::mixed(size));
    }
}

fn add_work(cases: &mut Vec<Case>, work: &'static str, text: &'static [u8]) {
    let size = text.len();
    let frame = tungstenite_frame(text);
    cases.push(Case::new(work, size, Library::Websockets, move || {
        assert!(is_valid_utf8(black_box(text)));
    }));
    cases.push(Case::new(work, size, Library::Tungstenite, move || {
        assert!(black_box(&frame).to_text().is_ok());
    }));
    cases.push(Case::new(work, size, Library::Fastwebsockets, move || {
        assert!(fastwebsockets_frame(black_box(text)).is_utf8());
    }));
}

fn tungstenite_frame(text: &'static [u8]) -> tungstenite::protocol::frame::Frame {
    tungstenite::protocol::frame::Frame::message(text, OpCode::Data(Data::Text), true)
}

fn fastwebsockets_frame(text: &[u8]) -> fastwebsockets::Frame<'_> {
    fastwebsockets::Frame::text(Payload::Borrowed(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_refuse_what_is_no_text() {
        let mut bytes = payload::mixed(1024).to_vec();
        bytes[1000] = 0xff;
        let bytes = bytes.leak();
        assert!(!is_valid_utf8(bytes));
        assert!(!fastwebsockets_frame(bytes).is_utf8());
        assert!(tungstenite_frame(bytes).to_text().is_err());
    }
}
