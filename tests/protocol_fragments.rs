//! Fragments that are sent, RFC 6455 §5.4, and compressed, RFC 7692 §6.1; between ends in memory.

#[path = "support/inflate.rs"]
mod inflate;
mod support;

use inflate::{Bounds, inflate};
use proptest::prelude::*;
use support::{End, Seen, text};
use websockets::protocol::{
    Config, Deflate, Direction, Fragment, Header, Masking, Opcode, Reserved, Role, apply_mask,
};

/// What a flush ends with (RFC 7692 §7.2.1).
const FLUSH: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

fn end(role: Role, context_takeover: bool) -> End {
    let direction = Direction {
        window_bits: 15,
        context_takeover,
    };
    End::new(Config {
        deflate: Some(Deflate {
            outgoing: direction,
            incoming: direction,
            level: 6,
            threshold: 32,
        }),
        ..Config::new(role)
    })
}

fn fragment(opcode: Opcode, payload: &[u8], fin: bool) -> Fragment {
    Fragment {
        opcode,
        fin,
        compress: true,
        masking: Masking::ByRole,
        payload: payload.to_vec(),
    }
}

/// Sends a message in these pieces.
fn send(end: &mut End, opcode: Opcode, pieces: &[&[u8]]) {
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = match index {
            0 => opcode,
            _ => Opcode::Continuation,
        };
        let fragment = fragment(opcode, piece, index + 1 == pieces.len());
        end.connection.send_fragment(&fragment, &mut end.out);
    }
}

/// The frames of `bytes`, unmasked.
fn frames(mut bytes: &[u8]) -> Vec<(Header, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Ok(Some((header, size))) = Header::parse(bytes, Reserved::Any) {
        let end = size + header.length as usize;
        let mut payload = bytes[size..end].to_vec();
        apply_mask(&mut payload, header.mask.unwrap_or_default(), 0);
        frames.push((header, payload));
        bytes = &bytes[end..];
    }
    frames
}

#[test]
fn the_fragments_of_a_message_are_one_stream_and_rsv1_is_on_the_first() {
    for role in [Role::Server, Role::Client] {
        let mut ours = end(role, true);
        send(
            &mut ours,
            Opcode::Text,
            &[b"one and one, ", b"", b"one and one"],
        );
        let sent = frames(&ours.out);
        let heads: Vec<_> = sent
            .iter()
            .map(|(h, _)| (h.opcode, h.fin, h.rsv1, h.mask.is_some()))
            .collect();
        let masks = role == Role::Client;
        assert_eq!(
            heads,
            [
                (Opcode::Text, false, true, masks),
                (Opcode::Continuation, false, false, masks),
                (Opcode::Continuation, true, false, masks),
            ]
        );
        assert!(sent[0].1.ends_with(&FLUSH) && sent[1].1.ends_with(&FLUSH));
        assert!(!sent[2].1.ends_with(&FLUSH));
        // The third refers to the first.
        assert!(sent[2].1.len() < 8);
        let stream: Vec<u8> = sent.into_iter().flat_map(|(_, payload)| payload).collect();
        let bounds = Bounds {
            before: &[],
            distance: 1 << 15,
            length: 1_000,
        };
        let whole = inflate(&stream, bounds);
        assert_eq!(whole.expect("a stream"), b"one and one, one and one");
    }
}

#[test]
fn a_control_frame_comes_between_and_is_not_compressed() {
    let mut ours = end(Role::Server, true);
    let first = fragment(Opcode::Binary, b"begins, ", false);
    ours.connection.send_fragment(&first, &mut ours.out);
    let ping = fragment(Opcode::Ping, b"between", true);
    ours.connection.send_fragment(&ping, &mut ours.out);
    let last = fragment(Opcode::Continuation, b"ends", true);
    ours.connection.send_fragment(&last, &mut ours.out);
    let mut theirs = end(Role::Client, true);
    theirs.receive(&ours.out);
    assert_eq!(
        theirs.take_seen(),
        [
            Seen::Ping(b"between".to_vec()),
            Seen::Binary(b"begins, ends".to_vec())
        ]
    );
}

#[test]
fn the_first_fragment_decides_whether_a_message_is_compressed() {
    let long = b"long enough to be compressed, were it asked for";
    let rsv1_of = |compress: bool, payload: &[u8], fin: bool| {
        let mut ours = end(Role::Server, true);
        let first = Fragment {
            compress,
            ..fragment(Opcode::Text, payload, fin)
        };
        ours.connection.send_fragment(&first, &mut ours.out);
        if !fin {
            // What the others say counts for nothing.
            let last = Fragment {
                compress: !compress,
                ..fragment(Opcode::Continuation, long, true)
            };
            ours.connection.send_fragment(&last, &mut ours.out);
        }
        let mut theirs = end(Role::Client, true);
        theirs.receive(&ours.out);
        assert!(matches!(&theirs.take_seen()[..], [Seen::Text(_)]));
        frames(&ours.out)[0].0.rsv1
    };
    assert!(rsv1_of(true, long, false));
    assert!(!rsv1_of(false, long, false));
    // Nobody knows yet how long the message is going to be.
    assert!(rsv1_of(true, b"short", false));
    assert!(rsv1_of(true, b"", false));
    // It is known to be short, or not.
    assert!(!rsv1_of(true, b"short", true));
    assert!(rsv1_of(true, long, true));
}

#[test]
fn a_key_of_the_callers_masks_the_frame_and_without_one_it_is_not_masked() {
    for (role, key) in [(Role::Server, Some([1, 2, 3, 4])), (Role::Client, None)] {
        let mut ours = end(role, true);
        let whole = Fragment {
            masking: Masking::Given(key),
            ..fragment(Opcode::Text, b"masked, or not", true)
        };
        ours.connection.send_fragment(&whole, &mut ours.out);
        let sent = frames(&ours.out);
        assert_eq!(
            (sent[0].0.mask, &sent[0].1[..]),
            (key, &b"masked, or not"[..])
        );
    }
}

#[test]
fn without_context_takeover_a_message_refers_to_none_before_it() {
    for takes_over in [true, false] {
        let mut ours = end(Role::Server, takes_over);
        let pieces: [&[u8]; 2] = [b"the same in each of the messages", b"the same in each"];
        let mut lengths = Vec::new();
        let mut theirs = end(Role::Client, takes_over);
        for _ in 0..2 {
            send(&mut ours, Opcode::Text, &pieces);
            let sent = std::mem::take(&mut ours.out);
            lengths.push(sent.len());
            theirs.receive(&sent);
        }
        let whole = text("the same in each of the messagesthe same in each");
        assert_eq!(theirs.take_seen(), [whole.clone(), whole]);
        assert_eq!(lengths[1] < lengths[0], takes_over);
    }
}

proptest! {
    #[test]
    fn messages_whole_and_in_fragments_come_as_they_were_sent(
        messages in prop::collection::vec(
            (prop::collection::vec("[a-d]{0,400}", 1..6), any::<bool>(), any::<bool>()),
            1..12,
        ),
        takes_over: bool,
        is_client: bool,
    ) {
        let roles = [Role::Server, Role::Client];
        let mut ours = end(roles[usize::from(is_client)], takes_over);
        let mut theirs = end(roles[usize::from(!is_client)], takes_over);
        let mut expected = Vec::new();
        for (pieces, compress, is_whole) in &messages {
            let message = pieces.concat();
            if *is_whole {
                let out = &mut ours.out;
                ours.connection
                    .send_message(Opcode::Text, message.as_bytes(), *compress, out);
            } else {
                for (index, piece) in pieces.iter().enumerate() {
                    let fragment = Fragment {
                        opcode: if index == 0 { Opcode::Text } else { Opcode::Continuation },
                        fin: index + 1 == pieces.len(),
                        compress: *compress,
                        masking: Masking::ByRole,
                        payload: piece.clone().into_bytes(),
                    };
                    ours.connection.send_fragment(&fragment, &mut ours.out);
                }
            }
            expected.push(Seen::Text(message));
        }
        theirs.receive(&ours.out);
        prop_assert_eq!(theirs.take_seen(), expected);
    }
}
