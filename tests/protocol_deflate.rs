//! permessage-deflate, RFC 7692, between ends in memory.

#[path = "support/inflate.rs"]
mod inflate;
mod support;

use inflate::{Bounds, inflate};
use proptest::prelude::*;
use support::{End, KEY, Seen, text};
use websockets::protocol::{
    Config, Deflate, Direction, Event, Limits, Opcode, Payload, PerMessageDeflate, Role, State,
    Violation, encode_compressed_frame, encode_frame,
};

const LEVEL: u8 = 6;

fn deflate(window_bits: u8, context_takeover: bool) -> Deflate {
    let direction = Direction {
        window_bits,
        context_takeover,
    };
    Deflate {
        outgoing: direction,
        incoming: direction,
        level: LEVEL,
        threshold: 0,
    }
}

fn config(role: Role) -> Config {
    Config {
        deflate: Some(deflate(15, true)),
        ..Config::new(role)
    }
}

fn server() -> End {
    End::new(config(Role::Server))
}

fn compressed(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_compressed_frame(&mut frame, opcode, payload, Some(KEY));
    frame
}

fn plain(opcode: Opcode, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(&mut frame, opcode, payload, Some(KEY));
    frame
}

/// The same frame without FIN.
fn unfinished(mut frame: Vec<u8>) -> Vec<u8> {
    frame[0] &= 0x7f;
    frame
}

#[track_caller]
fn fails_with(frames: &[u8], violation: Violation) {
    let mut end = server();
    end.receive(frames);
    assert_eq!(end.take_seen(), [Seen::Failed(violation)]);
    assert_eq!(end.state(), State::Draining);
}

#[test]
fn the_examples_of_rfc_7692_section_7_2_3() {
    let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut end = server();
    // 7.2.3.1: one block, whole and in two fragments.
    end.receive(&compressed(Opcode::Text, &hello));
    end.receive(&unfinished(compressed(Opcode::Text, &hello[..3])));
    end.receive(&plain(Opcode::Continuation, &hello[3..]));
    // 7.2.3.2: the same again, as a reference to the window.
    end.receive(&compressed(Opcode::Text, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    // 7.2.3.3: a block without compression.
    let stored = [
        0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00,
    ];
    end.receive(&compressed(Opcode::Text, &stored));
    // 7.2.3.4: a block with BFINAL set.
    let last = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
    end.receive(&compressed(Opcode::Text, &last));
    // 7.2.3.5: two blocks.
    let two = [
        0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00,
    ];
    end.receive(&compressed(Opcode::Text, &two));
    // 7.2.3.6: an empty message.
    end.receive(&compressed(Opcode::Text, &[0x00]));
    let mut expected = vec![text("Hello"); 6];
    expected.push(text(""));
    assert_eq!(end.take_seen(), expected);
    assert_eq!(end.state(), State::Open);
}

#[test]
fn more_may_follow_a_last_block_and_refers_to_all_before() {
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let mut end = server();
    end.receive(&compressed(
        Opcode::Text,
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
    ));
    // "Hello" in a last block, then "Hello" by a reference to it, and nothing behind that.
    let again = [&hello[..], &[0xf2, 0x00, 0x11, 0x00, 0x00]].concat();
    end.receive(&compressed(Opcode::Text, &again));
    // A last block alone, with nothing behind it.
    end.receive(&compressed(Opcode::Text, &hello));
    assert_eq!(
        end.take_seen(),
        [text("Hello"), text("HelloHello"), text("Hello")]
    );
}

#[test]
fn control_frames_come_between_compressed_fragments() {
    let mut end = server();
    let payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    end.receive(&unfinished(compressed(Opcode::Text, &payload[..1])));
    end.receive(&plain(Opcode::Ping, b"p"));
    end.receive(&unfinished(plain(Opcode::Continuation, b"")));
    end.receive(&plain(Opcode::Continuation, &payload[1..]));
    assert_eq!(end.take_seen(), [Seen::Ping(b"p".to_vec()), text("Hello")]);
}

#[test]
fn messages_that_are_not_compressed_are_no_part_of_the_window() {
    let mut end = server();
    end.receive(&compressed(
        Opcode::Text,
        &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
    ));
    end.receive(&plain(Opcode::Text, b"World"));
    end.receive(&compressed(Opcode::Text, &[0xf2, 0x00, 0x11, 0x00, 0x00]));
    assert_eq!(
        end.take_seen(),
        [text("Hello"), text("World"), text("Hello")]
    );
}

#[test]
fn rsv1_is_for_the_first_frame_of_a_message() {
    let first = unfinished(compressed(Opcode::Text, &[0xf2]));
    let more = compressed(Opcode::Continuation, &[0x48]);
    let mut end = server();
    end.receive(&[first, more].concat());
    assert_eq!(end.take_seen(), [Seen::Failed(Violation::ReservedBit1)]);
    fails_with(&compressed(Opcode::Ping, b""), Violation::ReservedBit1);
    let mut end = End::server();
    end.receive(&compressed(Opcode::Text, &[0x00]));
    assert_eq!(end.take_seen(), [Seen::Failed(Violation::ReservedBit1)]);
}

#[test]
fn what_is_no_deflate_data_fails() {
    let invalid = Violation::InvalidCompressedData;
    for payload in [
        &[0xff, 0xff][..],                     // a reserved kind of block
        &[0xf2, 0x48, 0xcd],                   // ends within a block
        &[0x00, 0x06, 0x00, 0xf9, 0xff, 0x48], // a stored block that is cut
        &[0x00, 0x05, 0x00, 0xff, 0xff, 0x00], // its length and the complement do not agree
        &[0xf2, 0x00, 0x11, 0x00, 0x00],       // refers to what never came
        &[0x48; 3],
    ] {
        fails_with(&compressed(Opcode::Binary, payload), invalid);
    }
    let utf8 = compressed(Opcode::Text, &[0x00, 0x01, 0x00, 0xfe, 0xff, 0xff, 0x00]);
    fails_with(&utf8, Violation::InvalidUtf8);
}

#[test]
fn last_blocks_without_end_fail() {
    // Each is two bytes that cost an inflater's reset.
    let many = [0x03, 0x00].repeat(16);
    let mut end = server();
    end.receive(&compressed(Opcode::Binary, &many));
    assert_eq!(end.take_seen(), [Seen::Binary(Vec::new())]);
    for too_many in [17, 100_000] {
        let blocks = [0x03, 0x00].repeat(too_many);
        let frame = compressed(Opcode::Binary, &blocks);
        fails_with(&frame, Violation::InvalidCompressedData);
    }
}

#[test]
fn what_is_inflated_is_limited() {
    let limit = 100_000;
    let mut config = config(Role::Server);
    config.limits = Limits {
        max_payload: limit,
        ..Limits::default()
    };
    for (length, fits) in [(limit, true), (limit + 1, false), (10_000_000, false)] {
        let message = vec![0; length as usize];
        let mut sender = PerMessageDeflate::new(deflate(15, true));
        let mut end = End::new(config.clone());
        end.receive(&compressed(
            Opcode::Binary,
            &sender.compress(&message).expect("long enough"),
        ));
        let expected = match fits {
            true => Seen::Binary(message),
            false => Seen::Failed(Violation::MessageTooLarge { limit }),
        };
        assert_eq!(end.take_seen(), [expected], "{length} bytes");
    }
    // A message that compression makes longer is not refused for that.
    let mut end = End::new(config);
    let noise: Vec<u8> = (0..limit as usize).map(|_| rand::random()).collect();
    let stored = Deflate {
        level: 0,
        ..deflate(15, true)
    };
    let payload = PerMessageDeflate::new(stored)
        .compress(&noise)
        .expect("long enough");
    assert!(payload.len() > limit as usize);
    end.receive(&compressed(Opcode::Binary, &payload));
    assert_eq!(end.take_seen(), [Seen::Binary(noise)]);
}

/// How often a message with this payload is gone on with, and what it is in the end.
fn steps(payload: &[u8]) -> (usize, Result<Vec<u8>, Violation>) {
    let mut end = PerMessageDeflate::new(deflate(15, true));
    let mut inflated = end.inflate(Payload::Borrowed(payload), 16 << 20);
    for steps in 0.. {
        match inflated {
            Ok(Some(message)) => return (steps, Ok(message)),
            Err(violation) => return (steps, Err(violation)),
            Ok(None) => inflated = end.inflate_on(),
        }
    }
    unreachable!("there is no end to it")
}

#[test]
fn much_is_inflated_step_by_step_however_few_bytes_it_is_in() {
    let mut sender = PerMessageDeflate::new(deflate(15, false));
    for (length, fewest) in [(1_000, 0), (256 << 10, 1), (16 << 20, 63)] {
        let message = vec![7; length];
        let payload = sender.compress(&message).expect("long enough");
        let (steps, inflated) = steps(&payload);
        assert_eq!(inflated, Ok(message));
        assert!((fewest..fewest + 3).contains(&steps), "{length}: {steps}");
    }
    assert_eq!(
        steps(&sender.compress(&vec![7; (16 << 20) + 1]).expect("long")).1,
        Err(Violation::MessageTooLarge { limit: 16 << 20 })
    );
}

#[test]
fn and_so_are_many_bytes_however_little_they_bring() {
    // Empty blocks, as a flush leaves them, and a last one that is cut.
    let empty = [0x00, 0x00, 0x00, 0xff, 0xff].repeat(100_000);
    let (count, inflated) = steps(&[&empty[..], &[0x00]].concat());
    assert_eq!(inflated, Ok(Vec::new()));
    assert!((30..33).contains(&count), "{count}");
    let (count, inflated) = steps(&[&empty[..], &[0x07]].concat());
    assert_eq!(inflated, Err(Violation::InvalidCompressedData));
    assert!(count >= 30, "{count}");
}

#[test]
fn what_refers_to_what_came_before_a_last_block_is_found_in_any_step() {
    let mut sender = PerMessageDeflate::new(deflate(15, false));
    let mut part = |byte: u8, length: usize| {
        let mut payload = sender.compress(&vec![byte; length]).expect("long enough");
        // An empty last block, and nothing after it.
        payload.extend([0x00, 0x00, 0xff, 0xff, 0x03, 0x00]);
        payload
    };
    let first = part(1, 300_000);
    let second = part(2, 400_000);
    // "Hello" once, and again by a reference to what came before the last block.
    let hello = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
    let payload = [&first[..], &second, &hello, &again].concat();
    let expected = [&vec![1; 300_000][..], &vec![2; 400_000], b"HelloHello"].concat();
    let (count, inflated) = steps(&payload);
    assert_eq!(inflated, Ok(expected));
    assert!((2..6).contains(&count), "{count}");
}

#[test]
fn what_comes_after_a_message_that_is_inflated_step_by_step_waits_for_it() {
    let mut sender = PerMessageDeflate::new(deflate(15, true));
    let large = vec![b'x'; 1 << 20];
    let large_frame = compressed(Opcode::Text, &sender.compress(&large).expect("long enough"));
    let small_frame = compressed(Opcode::Text, &sender.compress(b"xxxxxxxx").expect("it is"));
    let mut input = [&large_frame[..], &plain(Opcode::Ping, b"p"), &small_frame].concat();
    let mut end = server();
    let (out, seen) = (&mut end.out, &mut end.seen);
    let mut see = |event: Event<'_>| seen.push(event.into());
    let mut taken = end
        .connection
        .receive_while(&mut input, 0, out, &mut see, || true);
    assert_eq!(taken, large_frame.len());
    let mut steps = 0;
    while end.connection.is_inflating() {
        let rest = &mut input[taken..];
        let more = end
            .connection
            .receive_while(rest, 0, out, &mut see, || true);
        assert_eq!(more, 0);
        end.connection.inflate_on(0, out, &mut see);
        steps += 1;
    }
    assert!(steps >= 3, "{steps}");
    let rest = &mut input[taken..];
    taken += end
        .connection
        .receive_while(rest, 0, out, &mut see, || true);
    assert_eq!(taken, input.len());
    let large = String::from_utf8(large).expect("it is");
    let expected = [text(&large), Seen::Ping(b"p".to_vec()), text("xxxxxxxx")];
    assert_eq!(end.take_seen(), expected);
}

#[test]
fn short_and_unwanted_messages_are_sent_as_they_are() {
    let mut config = config(Role::Server);
    config.deflate.as_mut().expect("it is on").threshold = 100;
    let mut end = End::new(config);
    let (short, long) = (vec![b'a'; 99], vec![b'a'; 100]);
    for (message, compress, is_compressed) in [
        (&short, true, false),
        (&long, true, true),
        (&long, false, false),
    ] {
        end.out.clear();
        end.connection
            .send_message(Opcode::Text, message, compress, &mut end.out);
        assert_eq!(end.out[0] == 0xc1, is_compressed, "{:#x}", end.out[0]);
    }
    // Nothing to compress: no flush has anything to say either.
    let mut end = server();
    end.connection
        .send_message(Opcode::Text, b"", true, &mut end.out);
    assert_eq!(end.out, [0x81, 0]);
}

#[test]
fn a_message_refers_to_those_before_it_in_proportion_to_its_length() {
    let noise = |length: usize, seed: u32| -> Vec<u8> {
        let mut state = seed;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    };
    let last_of = |messages: &[&[u8]]| {
        let mut sender = PerMessageDeflate::new(deflate(15, true));
        let payloads = messages.iter().map(|message| sender.compress(message));
        payloads.last().flatten().expect("compressed").len()
    };
    for length in [100, 500, 1_000, 2_000, 3_000, 4_000] {
        let (one, other) = (noise(length, 1), noise(length, 2));
        // As the one before it.
        assert!(last_of(&[&one, &one]) < 50, "{length}");
        if length <= 2_000 {
            // As the last but one.
            assert!(last_of(&[&one, &other, &one]) < 50, "{length}");
        }
    }
    // A short one is compressed without all that a long one may refer to.
    let (short, between) = (noise(100, 1), noise(2_500, 2));
    assert!(last_of(&[&short, &between, &short]) > 100);
    let long = [&short[..], &noise(1_400, 3)].concat();
    assert!(last_of(&[&short, &between, &long]) < 1_480);
}

#[test]
fn an_idle_connection_keeps_no_more_than_its_windows() {
    let message: Vec<u8> = (0..1_000_000).map(|_| rand::random()).collect();
    for (window_bits, takeover, most) in [
        (15, true, 4_096 + 32_768),
        (10, true, 1_024 + 1_024),
        (8, true, 256 + 256),
        (15, false, 0),
    ] {
        let mut end = PerMessageDeflate::new(deflate(window_bits, takeover));
        for length in [1, 10, 3_000, 40_000, 1_000_000] {
            let payload = end.compress(&message[..length]).expect("long enough");
            let mut back = end.inflate(Payload::Owned(payload), u64::MAX);
            while end.is_inflating() {
                back = end.inflate_on();
            }
            assert_eq!(back, Ok(Some(message[..length].to_vec())));
        }
        assert!(end.memory() <= most, "{} > {most} bytes", end.memory());
        assert_eq!(end.settings().memory(), most);
    }
    // And one that has said little keeps little.
    let mut end = PerMessageDeflate::new(deflate(15, true));
    end.compress(&message[..100]).expect("long enough");
    assert!(end.memory() <= 200, "{} bytes", end.memory());
}

fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec!["{\"id\":", "name", "\u{20ac}", "0", "true", ",", "}"]);
    let words = prop::collection::vec(word, 0..400).prop_map(|w| w.concat().into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..2_000);
    prop_oneof![4 => words, 1 => bytes]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// No match reaches beyond the window, at any level and any size of it: a second reading of RFC 1951
    /// follows none that does.
    #[test]
    fn a_compressor_stays_within_its_window(
        messages in prop::collection::vec(any_message(), 1..5),
        window_bits in 8_u8..=15,
        level in 0_u8..=9,
        takeover: bool,
    ) {
        let settings = Deflate { level, ..deflate(window_bits, takeover) };
        let mut sender = PerMessageDeflate::new(settings);
        let mut before = Vec::new();
        for message in &messages {
            let Some(payload) = sender.compress(message) else {
                prop_assert!(message.is_empty());
                continue;
            };
            let bounds = Bounds { before: &before, distance: 1 << window_bits, length: u64::MAX };
            prop_assert_eq!(inflate(&payload, bounds), Ok(message.clone()));
            if takeover {
                before.extend_from_slice(message);
            }
        }
    }

    /// Two ends, any settings, any fragments: what one sends, the other gets.
    #[test]
    fn what_is_compressed_is_inflated(
        messages in prop::collection::vec((any_message(), any::<bool>()), 1..8),
        window_bits in 8_u8..=15,
        takeover: bool,
        cut in 1_usize..2_000,
    ) {
        let deflate = Some(deflate(window_bits, takeover));
        let mut client = End::new(Config { deflate, ..Config::new(Role::Client) });
        let mut server = End::new(Config { deflate, ..Config::new(Role::Server) });
        for (message, compress) in &messages {
            client.connection.send_message(Opcode::Binary, message, *compress, &mut client.out);
        }
        for piece in client.out.chunks(cut) {
            server.receive(piece);
        }
        let expected: Vec<_> = messages.into_iter().map(|(m, _)| Seen::Binary(m)).collect();
        prop_assert_eq!(server.take_seen(), expected);
    }

    /// Whatever comes, it is inflated within the limit or refused.
    #[test]
    fn garbage_is_refused(payload in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut end = server();
        end.receive(&compressed(Opcode::Binary, &payload));
        prop_assert_eq!(end.take_seen().len(), 1);
    }
}
