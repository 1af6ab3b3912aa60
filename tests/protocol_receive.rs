//! What a connection makes of the bytes it receives.

mod support;

use std::sync::Arc;

use support::*;
use websockets::protocol::{
    Config, Connection, Deflate, DeflateParams, Event, Header, Limits, MessageLimit, Opcode,
    PastLimit, Payload, Role, State, Violation,
};

/// Sends `bytes` to a server, whole and then byte by byte, and expects it to fail.
fn fails(bytes: &[u8], violation: Violation) {
    fails_with(Config::new(Role::Server), bytes, violation);
}

fn fails_with(config: Config, bytes: &[u8], violation: Violation) {
    for bytewise in [false, true] {
        let mut end = End::new(config.clone());
        if bytewise {
            end.receive_bytewise(bytes);
        } else {
            end.receive(bytes);
        }
        assert_eq!(end.seen.last(), Some(&Seen::Failed(violation)));
        let reason = violation.to_string();
        let close = status(violation.close_code(), &reason);
        assert_eq!(end.take_sent().last(), Some(&(Opcode::Close, close)));
        assert_eq!(end.state(), State::Draining);
        let reported = (violation.close_code(), reason.as_str());
        assert_eq!(end.close_event(), reported);

        // Nothing more is read.
        end.receive(&masked(Opcode::Ping, b"?"));
        assert_eq!(end.seen.last(), Some(&Seen::Failed(violation)));
        assert!(end.out.is_empty());
    }
}

fn limits(limits: Limits) -> Config {
    Config {
        limits,
        ..Config::new(Role::Server)
    }
}

#[test]
fn an_idle_connection_is_small() {
    assert!(
        size_of::<Connection>() <= 200,
        "{} bytes",
        size_of::<Connection>()
    );
}

#[test]
fn a_message_that_lies_whole_in_the_input_is_not_copied() {
    let mut connection = Connection::new(Arc::new(Config::new(Role::Server)), 0);
    let mut input = [
        masked(Opcode::Text, b"Hello"),
        masked(Opcode::Binary, b"\xff"),
    ]
    .concat();
    let range = input.as_ptr_range();
    let mut messages = 0;
    connection.receive(&mut input, 0, &mut Vec::new(), &mut |event| {
        messages += 1;
        let (Event::Text(Payload::Borrowed(bytes)) | Event::Binary(Payload::Borrowed(bytes))) =
            event
        else {
            panic!("{event:?} is a copy");
        };
        assert!(range.contains(&bytes.as_ptr()));
    });
    assert_eq!(messages, 2);
}

#[test]
fn the_examples_of_rfc_6455_section_5_7() {
    let mut client = End::client();
    client.receive(&[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    client.receive(&[0x01, 0x03, 0x48, 0x65, 0x6c]);
    client.receive(&[0x80, 0x02, 0x6c, 0x6f]);
    client.receive(&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]);
    assert_eq!(
        client.take_seen(),
        [text("Hello"), text("Hello"), Seen::Ping(b"Hello".to_vec())]
    );
    assert_eq!(client.take_sent(), [(Opcode::Pong, b"Hello".to_vec())]);

    let mut server = End::server();
    server.receive(&[
        0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58,
    ]);
    assert_eq!(server.take_seen(), [text("Hello")]);

    for length in [256, 65_536] {
        client.receive(&unmasked(Opcode::Binary, &vec![7; length]));
        assert_eq!(client.take_seen(), [Seen::Binary(vec![7; length])]);
    }
}

#[test]
fn control_frames_may_come_between_fragments() {
    let stream = [
        fragment(Opcode::Text, b"one "),
        masked(Opcode::Ping, b"ping"),
        fragment(Opcode::Continuation, b""),
        masked(Opcode::Pong, b"pong"),
        masked(Opcode::Continuation, b"message"),
        masked(Opcode::Text, b"another"),
    ]
    .concat();
    let expected = [
        Seen::Ping(b"ping".to_vec()),
        Seen::Pong(b"pong".to_vec()),
        text("one message"),
        text("another"),
    ];
    let mut whole = End::server();
    whole.receive(&stream);
    assert_eq!(whole.seen, expected);
    let mut cut = End::server();
    cut.receive_bytewise(&stream);
    assert_eq!(cut.seen, expected);
    assert_eq!(whole.out, cut.out);
    assert_eq!(cut.take_sent(), [(Opcode::Pong, b"ping".to_vec())]);
}

#[test]
fn empty_messages_are_messages() {
    let mut end = End::server();
    end.receive(&masked(Opcode::Text, b""));
    end.receive_bytewise(&masked(Opcode::Binary, b""));
    end.receive(&fragment(Opcode::Text, b""));
    end.receive(&masked(Opcode::Continuation, b""));
    assert_eq!(end.seen, [text(""), Seen::Binary(vec![]), text("")]);
}

#[test]
fn masking_is_demanded_by_role() {
    fails(&unmasked(Opcode::Text, b"x"), Violation::UnmaskedFrame);
    fails(&unmasked(Opcode::Ping, b""), Violation::UnmaskedFrame);

    let mut client = End::client();
    client.receive(&masked(Opcode::Text, b"x"));
    assert_eq!(client.seen, [Seen::Failed(Violation::MaskedFrame)]);
}

#[test]
fn masking_is_not_looked_at_where_it_is_not_enforced() {
    for role in [Role::Server, Role::Client] {
        let mut end = End::new(Config {
            enforce_masking: false,
            ..Config::new(role)
        });
        end.receive(&masked(Opcode::Text, b"masked"));
        end.receive(&unmasked(Opcode::Text, b"unmasked"));
        assert_eq!(end.seen, [text("masked"), text("unmasked")]);
    }
}

#[test]
fn frames_that_no_one_may_send_fail() {
    let hello = masked(Opcode::Text, b"Hello");
    let with_first_byte = |first: u8| [&[first], &hello[1..]].concat();
    fails(&with_first_byte(0xc1), Violation::ReservedBit1);
    fails(&with_first_byte(0xa1), Violation::ReservedBits23);
    fails(&with_first_byte(0x91), Violation::ReservedBits23);
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        fails(
            &with_first_byte(0x80 | opcode),
            Violation::ReservedOpcode(opcode),
        );
    }
    fails(&fragment(Opcode::Ping, b""), Violation::FragmentedControl);
    fails(
        &masked(Opcode::Ping, &[0; 126]),
        Violation::OversizedControl,
    );
    fails(&[0x82, 0xfe, 0, 125], Violation::NonMinimalLength);
    fails(&[0x82, 0xff, 0xff], Violation::LengthOverflow);
}

#[test]
fn the_order_of_fragments_is_kept() {
    fails(
        &masked(Opcode::Continuation, b"x"),
        Violation::UnexpectedContinuation,
    );
    fails(
        &[fragment(Opcode::Text, b"x"), masked(Opcode::Text, b"y")].concat(),
        Violation::ExpectedContinuation,
    );
    fails(
        &[fragment(Opcode::Text, b"x"), fragment(Opcode::Binary, b"y")].concat(),
        Violation::ExpectedContinuation,
    );
    fails(
        &[
            fragment(Opcode::Text, b"x"),
            masked(Opcode::Continuation, b"y"),
            masked(Opcode::Continuation, b"z"),
        ]
        .concat(),
        Violation::UnexpectedContinuation,
    );
}

#[test]
fn a_message_that_is_declared_too_large_fails_at_its_header() {
    let config = limits(Limits {
        max_payload: 1_000,
        ..Limits::default()
    });
    let too_large = Violation::MessageTooLarge { limit: 1_000 };
    for length in [1_001, 70_000, (1 << 63) - 1] {
        let header = Header {
            length,
            ..Header::message(Opcode::Binary, 0, Some(KEY))
        };
        let (bytes, n) = header.encode();
        fails_with(config.clone(), &bytes[..n], too_large);
    }
    fails_with(
        config.clone(),
        &[
            fragment(Opcode::Text, &[b'a'; 600]),
            masked(Opcode::Continuation, &[b'a'; 401]),
        ]
        .concat(),
        too_large,
    );

    let mut end = End::new(config);
    end.receive(&masked(Opcode::Binary, &[1; 1_000]));
    end.receive(&fragment(Opcode::Binary, &[2; 600]));
    end.receive(&masked(Opcode::Continuation, &[2; 400]));
    assert_eq!(
        end.seen,
        [Seen::Binary(vec![1; 1_000]), Seen::Binary(vec![2; 1_000])]
    );
}

#[test]
fn the_reads_that_a_payload_comes_in_are_limited() {
    let config = limits(Limits {
        max_chunks: Some(3),
        ..Limits::default()
    });
    let frame = masked(Opcode::Binary, &[7; 1_000]);
    let pieces = [&frame[..400], &frame[400..500], &frame[500..]];
    let mut end = End::new(config);
    for _ in 0..2 {
        // The header may come in pieces of its own, and a control frame between two frames.
        end.receive(&frame[..1]);
        end.receive(&frame[1..5]);
        end.receive(&pieces[0][5..]);
        end.receive(pieces[1]);
        end.receive_into_message(pieces[2]);
        end.receive(&masked(Opcode::Ping, b""));
        let ping = Seen::Ping(Vec::new());
        assert_eq!(end.take_seen(), [Seen::Binary(vec![7; 1_000]), ping]);
    }
    for into_message in [false, true] {
        let mut end = End::new(limits(Limits {
            max_chunks: Some(3),
            ..Limits::default()
        }));
        for piece in [
            &frame[..400],
            &frame[400..401],
            &frame[401..402],
            &frame[402..],
        ] {
            match into_message {
                true => end.receive_into_message(piece),
                false => end.receive(piece),
            }
        }
        let failed = Seen::Failed(Violation::TooManyChunks { limit: 3 });
        assert_eq!(end.take_seen(), [failed]);
    }
}

#[test]
fn fragments_are_limited() {
    let config = limits(Limits {
        max_fragments: 3,
        max_empty_fragments: 1,
        ..Limits::default()
    });
    let more = fragment(Opcode::Continuation, b"x");
    fails_with(
        config.clone(),
        &[&fragment(Opcode::Text, b"x")[..], &more, &more, &more].concat(),
        Violation::TooManyFragments { limit: 3 },
    );
    fails_with(
        config.clone(),
        &[
            fragment(Opcode::Text, b""),
            fragment(Opcode::Continuation, b""),
        ]
        .concat(),
        Violation::TooManyEmptyFragments { limit: 1 },
    );

    // The counts begin anew with each message.
    let mut end = End::new(config);
    for _ in 0..3 {
        end.receive(&fragment(Opcode::Text, b""));
        end.receive(&more);
        end.receive(&masked(Opcode::Continuation, b"y"));
    }
    assert_eq!(end.seen, [text("xy"), text("xy"), text("xy")]);
}

#[test]
fn pings_and_unsolicited_pongs_are_limited_by_their_rate() {
    let config = limits(Limits {
        max_control_frames: Some(1),
        ..Limits::default()
    });
    let too_many = Violation::TooManyControlFrames { limit: 1 };
    fails_with(
        config.clone(),
        &masked(Opcode::Ping, b"p").repeat(11),
        too_many,
    );
    fails_with(
        config.clone(),
        &masked(Opcode::Pong, b"p").repeat(11),
        too_many,
    );

    let mut end = End::new(config);
    let both = [masked(Opcode::Ping, b"p"), masked(Opcode::Pong, b"p")].concat();
    end.connection.expect_pongs(7);
    end.receive(&both.repeat(8));
    assert_eq!(end.seen.len(), 16);
    assert_eq!(end.take_sent().len(), 8);
    // Messages do not count, and time makes room.
    end.receive(&masked(Opcode::Text, b"m").repeat(100));
    for _ in 0..100 {
        end.now += 1_000;
        end.receive(&masked(Opcode::Ping, b"p"));
    }
    assert_eq!(end.take_sent().len(), 100);
    assert_eq!(end.state(), State::Open);
    // Nothing is answered once we close, and nothing counts.
    end.close(1000, "");
    end.receive(&masked(Opcode::Ping, b"p").repeat(100));
    assert_eq!(end.state(), State::Closing);
}

fn at_most_messages(past: PastLimit) -> Config {
    limits(Limits {
        max_messages: Some(MessageLimit {
            per_second: 1,
            burst: 3,
            past,
        }),
        ..Limits::default()
    })
}

#[test]
fn messages_are_limited_by_their_rate_whatever_they_come_in() {
    let config = at_most_messages(PastLimit::Fail);
    let one = [
        fragment(Opcode::Text, b"m"),
        masked(Opcode::Ping, b"p"),
        masked(Opcode::Continuation, b"n"),
    ]
    .concat();
    let too_many = Violation::TooManyMessages { limit: 1 };
    fails_with(config.clone(), &one.repeat(4), too_many);

    let mut end = End::new(config);
    end.receive(&one.repeat(3));
    for _ in 0..100 {
        end.now += 1_000;
        end.receive(&one);
    }
    assert_eq!(end.state(), State::Open);
    // Nothing counts once we close.
    end.close(1000, "");
    end.receive(&one.repeat(100));
    assert_eq!(end.state(), State::Closing);
}

#[test]
fn one_message_too_many_is_not_inflated() {
    let agreed = DeflateParams::agreed("permessage-deflate").unwrap();
    let config = Config {
        deflate: Some(Deflate::new(&agreed, Role::Server, 6, 0)),
        ..at_most_messages(PastLimit::Fail)
    };
    let mut bytes = masked(Opcode::Binary, b"m").repeat(3);
    let mut no_deflate_data = masked(Opcode::Binary, b"\xff\xff\xff");
    no_deflate_data[0] |= 0x40;
    bytes.extend(no_deflate_data);
    fails_with(config, &bytes, Violation::TooManyMessages { limit: 1 });
}

#[test]
fn a_peer_that_is_held_back_is_taken_from_as_time_goes_by() {
    let config = Arc::new(at_most_messages(PastLimit::HoldBack));
    let mut connection = Connection::new(config, 0);
    let mut bytes = [
        masked(Opcode::Text, b"m").repeat(5),
        masked(Opcode::Ping, b"p"),
    ]
    .concat();
    let length = masked(Opcode::Text, b"m").len();
    let (mut out, mut at, mut seen) = (Vec::new(), 0, 0);
    for (now, messages) in [
        (0, 3),
        (999, 3),
        (1_000, 4),
        (1_500, 4),
        (2_000, 5),
        (2_999, 5),
    ] {
        let rest = &mut bytes[at..];
        at += connection.receive_while(rest, now, &mut out, &mut |_| seen += 1, || true);
        assert_eq!((at, seen), (messages * length, messages), "{now}");
        assert!(connection.is_held_back(now));
    }
    assert_eq!(connection.next_message_at(), Some(3_000));
    assert!(!connection.is_held_back(3_000));
    // Nothing is, once we close; and the peer that is gone sends no more.
    connection.close(1000, "", 2_999, &mut out);
    assert!(!connection.is_held_back(2_999));
    connection.stop_holding_back();
    assert_eq!(connection.next_message_at(), None);
}

#[test]
fn pongs_to_automatic_pings_do_not_count() {
    let mut end = End::new(Config {
        ping_interval: Some(10),
        timeout: None,
        ..limits(Limits {
            max_control_frames: Some(1),
            ..Limits::default()
        })
    });
    for _ in 0..100 {
        end.sleep_until(end.now + 10);
        let (opcode, payload) = end.take_sent().remove(0);
        assert_eq!(opcode, Opcode::Ping);
        end.receive(&masked(Opcode::Pong, &payload));
    }
    assert_eq!(end.state(), State::Open);
    assert_eq!(end.seen, []);
}

#[test]
fn the_default_limits_let_autobahn_9_3_1_pass() {
    let mut end = End::server();
    end.receive(&fragment(Opcode::Text, &[b'*'; 64]));
    let mut more = Vec::new();
    for _ in 0..65_534 {
        more.extend_from_slice(&fragment(Opcode::Continuation, &[b'*'; 64]));
    }
    end.receive(&more);
    end.receive(&masked(Opcode::Continuation, &[b'*'; 64]));
    assert_eq!(end.seen, [text(&"*".repeat(4 << 20))]);
}

#[test]
fn bad_utf8_fails_in_whole_messages() {
    for bytes in [
        &b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited"[..],
        b"\xc0\xaf",
        b"\xf4\x90\x80\x80",
        b"cut \xe2\x82",
    ] {
        fails(&masked(Opcode::Text, bytes), Violation::InvalidUtf8);
    }
}

#[test]
fn autobahn_6_4_1_bad_utf8_in_a_fragment_fails_before_the_message_ends() {
    let good = "κόσμε".as_bytes();
    fails(
        &[
            fragment(Opcode::Text, good),
            fragment(Opcode::Continuation, &[0xf4, 0x90, 0x80, 0x80]),
        ]
        .concat(),
        Violation::InvalidUtf8,
    );
}

#[test]
fn autobahn_6_4_3_bad_utf8_fails_before_the_frame_ends() {
    let payload = ["κόσμε".as_bytes(), &[0xf4, 0x90, 0x80, 0x80], b"edited"].concat();
    let frame = masked(Opcode::Text, &payload);
    let header = frame.len() - payload.len();
    let bad = "κόσμε".len() + 1; // F4 may be followed by 8F at most.
    let mut end = End::server();
    end.receive(&frame[..header + bad]);
    assert_eq!(end.seen, []);
    end.receive(&frame[header + bad..header + bad + 1]);
    assert_eq!(end.seen, [Seen::Failed(Violation::InvalidUtf8)]);
}

#[test]
fn a_bad_first_byte_fails_though_the_rest_has_not_come() {
    for bad in [&[0xff][..], &[0x80], &[0xc1], &[0xf5]] {
        let mut frame = masked(Opcode::Text, &[b'a'; 100]);
        frame.truncate(6);
        for (byte, key) in bad.iter().zip(KEY) {
            frame.push(byte ^ key);
        }
        fails(&frame, Violation::InvalidUtf8);
    }
}

#[test]
fn a_prefix_that_cannot_become_valid_fails_across_fragments() {
    for (first, second) in [(0xed, 0xa0), (0xf4, 0x90), (0xe0, 0x80), (0xf0, 0x8f)] {
        let mut end = End::server();
        end.receive(&fragment(Opcode::Text, &[first]));
        end.receive(&masked(Opcode::Ping, b""));
        assert_eq!(end.take_seen(), [Seen::Ping(vec![])]);
        end.receive(&fragment(Opcode::Continuation, &[second]));
        assert_eq!(end.seen, [Seen::Failed(Violation::InvalidUtf8)]);
    }
}

#[test]
fn a_message_that_ends_within_a_code_point_fails() {
    fails(
        &[
            fragment(Opcode::Text, b"\xe2\x82"),
            masked(Opcode::Continuation, b""),
        ]
        .concat(),
        Violation::InvalidUtf8,
    );
}

#[test]
fn bad_close_frames_fail() {
    fails(&masked(Opcode::Close, &[3]), Violation::TruncatedCloseCode);
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        fails(
            &masked(Opcode::Close, &status(code, "")),
            Violation::InvalidCloseCode(code),
        );
    }
    fails(
        &masked(Opcode::Close, b"\x03\xe8\xce\xba\xed\xa0\x80"),
        Violation::InvalidCloseReason,
    );
}

#[test]
fn messages_before_a_violation_are_reported() {
    let mut end = End::server();
    end.receive(
        &[
            masked(Opcode::Text, b"good"),
            masked(Opcode::Ping, b"1"),
            vec![0xff],
        ]
        .concat(),
    );
    assert_eq!(
        end.seen,
        [
            text("good"),
            Seen::Ping(b"1".to_vec()),
            Seen::Failed(Violation::ReservedBits23)
        ]
    );
}

#[test]
fn a_flood_of_pings_does_not_grow_a_congested_output() {
    let mut end = End::server();
    end.set_congested(true);
    for i in 0..1_000_u32 {
        end.receive(&masked(Opcode::Ping, &i.to_be_bytes()));
    }
    assert_eq!(end.take_seen().len(), 1_000);
    assert!(end.out.is_empty());
    end.set_congested(false);
    let last = 999_u32.to_be_bytes().to_vec();
    assert_eq!(end.take_sent(), [(Opcode::Pong, last)]);
    end.set_congested(false);
    assert!(end.out.is_empty());
    end.receive(&masked(Opcode::Ping, b"at once"));
    assert_eq!(end.take_sent(), [(Opcode::Pong, b"at once".to_vec())]);
}

#[test]
fn a_pong_kept_back_goes_out_before_our_close_frame_but_not_after_the_peers() {
    let mut ours = End::server();
    ours.set_congested(true);
    ours.receive(&masked(Opcode::Ping, b"p"));
    ours.close(1000, "");
    ours.set_congested(false);
    assert_eq!(
        ours.take_sent(),
        [
            (Opcode::Pong, b"p".to_vec()),
            (Opcode::Close, status(1000, ""))
        ]
    );

    let mut peers = End::server();
    peers.set_congested(true);
    peers.receive(&masked(Opcode::Ping, b"p"));
    peers.receive(&masked(Opcode::Close, &status(1000, "")));
    peers.set_congested(false);
    assert_eq!(peers.take_sent(), [(Opcode::Close, status(1000, ""))]);
}
