//! What holds for all inputs: the events do not depend on how the bytes were cut, and they are
//! those of a second, plain reading of the RFC.

#[path = "support/reference.rs"]
mod reference;
mod support;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use reference::Rules;
use support::outcome::Outcome;
use support::*;
use websockets::protocol::{
    Config, Header, Limits, Opcode, Reserved, Role, State, Violation, accept_key, apply_mask,
    encode_frame,
};

/// Small, so that all of them are reached.
const LIMITS: Limits = Limits {
    max_payload: 150,
    max_fragments: 5,
    max_empty_fragments: 2,
    max_chunks: None,
    max_control_frames: None,
    max_messages: None,
};

fn config(role: Role, enforce_masking: bool) -> Config {
    Config {
        enforce_masking,
        limits: LIMITS,
        ..Config::new(role)
    }
}

fn rules(role: Role, enforce_masking: bool) -> Rules {
    Rules::new(enforce_masking.then_some(role == Role::Server), LIMITS)
}

fn any_role() -> impl Strategy<Value = Role> {
    select(vec![Role::Server, Role::Client])
}

/// Text of all code point lengths, and what is nearly text.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    let text = "\\PC{0,40}".prop_map(String::into_bytes);
    let pieces: Vec<&[u8]> = vec![
        b"a",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f",
        b"\xf0\x9f\x98",
        b"\x80",
        b"\xac",
        b"\xed",
        b"\xa0",
        b"\xf4",
        b"\x90",
        b"\xff",
    ];
    prop_oneof![
        6 => text,
        2 => vec(select(pieces), 0..6).prop_map(|pieces| pieces.concat()),
        1 => vec(any::<u8>(), 0..300),
        2 => Just(Vec::new()),
        1 => vec(b'a'..=b'z', 120..135),
    ]
}

fn any_opcode() -> impl Strategy<Value = Opcode> {
    select(vec![
        Opcode::Continuation,
        Opcode::Continuation,
        Opcode::Continuation,
        Opcode::Text,
        Opcode::Text,
        Opcode::Binary,
        Opcode::Ping,
        Opcode::Pong,
    ])
}

fn any_close_payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(Vec::new()),
        Just(vec![3]),
        (990_u16..1020, "\\PC{0,20}").prop_map(|(code, reason)| status(code, &reason)),
        (any::<u16>(), any_payload()).prop_map(|(code, reason)| {
            let mut payload = status(code, "");
            payload.extend_from_slice(&reason);
            payload.truncate(125);
            payload
        }),
    ]
}

/// A frame that may be wrong for its place, or a little too long, but is encoded as it should be.
fn any_frame(mask: bool) -> impl Strategy<Value = Vec<u8>> {
    let data = (any_opcode(), any::<bool>(), any_payload());
    let close = any_close_payload().prop_map(|payload| (Opcode::Close, true, payload));
    let frame = prop_oneof![6 => data, 1 => close];
    (frame, any::<[u8; 4]>()).prop_map(move |((opcode, fin, payload), key)| {
        let mut out = Vec::new();
        encode_frame(&mut out, opcode, &payload, mask.then_some(key));
        if !fin {
            out[0] &= 0x7f;
        }
        out
    })
}

/// A message in fragments, with pings between them, as it should be but for its limits.
fn any_message(mask: bool) -> impl Strategy<Value = Vec<u8>> {
    let opcode = select(vec![Opcode::Text, Opcode::Binary]);
    let payload = "\\PC{0,40}".prop_map(String::into_bytes);
    let cuts = vec(any::<Index>(), 0..6);
    (opcode, payload, cuts, any::<[u8; 4]>()).prop_map(move |(opcode, payload, cuts, key)| {
        let mask = mask.then_some(key);
        let mut cuts: Vec<usize> = cuts.iter().map(|i| i.index(payload.len() + 1)).collect();
        cuts.push(payload.len());
        cuts.sort_unstable();
        let mut out = Vec::new();
        let mut from = 0;
        for (i, cut) in cuts.iter().enumerate() {
            let opcode = if i == 0 { opcode } else { Opcode::Continuation };
            let start = out.len();
            encode_frame(&mut out, opcode, &payload[from..*cut], mask);
            from = *cut;
            if i + 1 < cuts.len() {
                out[start] &= 0x7f;
                encode_frame(&mut out, Opcode::Ping, &[i as u8], mask);
            }
        }
        out
    })
}

/// A header that no frame may have, or hardly any.
fn any_bad_header(mask: bool) -> impl Strategy<Value = Vec<u8>> {
    let mask_bit = if mask { 0x80 } else { 0 };
    let length = prop_oneof![
        any::<u16>().prop_map(|n| [&[126][..], &n.to_be_bytes()].concat()),
        (0_u16..256).prop_map(|n| [&[126][..], &n.to_be_bytes()].concat()),
        any::<u64>().prop_map(|n| [&[127][..], &n.to_be_bytes()].concat()),
        (0_u64..131_072).prop_map(|n| [&[127][..], &n.to_be_bytes()].concat()),
    ];
    let first = prop_oneof![4 => Just(0x82), 1 => any::<u8>()];
    (first, length, any::<[u8; 4]>()).prop_map(move |(first, mut length, key)| {
        length[0] |= mask_bit;
        [&[first][..], &length, if mask { &key } else { &[] }].concat()
    })
}

/// Messages and single frames, some bytes of which may have been changed, cut off anywhere.
fn any_stream(mask: bool) -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        12 => any_message(mask),
        4 => any_frame(mask),
        1 => any_bad_header(mask),
    ];
    let damage = prop_oneof![
        3 => Just(Vec::new()),
        1 => vec((any::<Index>(), any::<u8>()), 1..3),
    ];
    let end = prop_oneof![2 => Just(None), 1 => any::<Index>().prop_map(Some)];
    (vec(piece, 0..6), damage, end).prop_map(|(pieces, damage, end)| {
        let mut stream = pieces.concat();
        if !stream.is_empty() {
            for (at, byte) in damage {
                let at = at.index(stream.len());
                stream[at] = byte;
            }
            if let Some(end) = end {
                stream.truncate(end.index(stream.len()));
            }
        }
        stream
    })
}

/// Lengths on both sides of each form of the header.
fn any_length() -> impl Strategy<Value = usize> {
    prop_oneof![0_usize..200, 65_500_usize..65_600]
}

/// A role, and a stream that its peer might send.
fn any_conversation() -> impl Strategy<Value = (Role, Vec<u8>)> {
    any_role().prop_flat_map(|role| (Just(role), any_stream(role == Role::Server)))
}

/// What a connection does when it receives `stream` cut at `cuts`.
fn outcome(config: &Config, stream: &[u8], cuts: &[Index]) -> Outcome {
    Outcome::of(config, pieces(stream, cuts))
}

/// The pieces of `stream` between `cuts`.
fn pieces<'a>(stream: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
    cuts.push(stream.len());
    cuts.sort_unstable();
    let mut from = 0;
    let piece = |cut| &stream[std::mem::replace(&mut from, cut)..cut];
    cuts.into_iter().map(piece).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1_024)
    })]

    #[test]
    fn a_stream_is_read_as_the_reference_reads_it_however_it_is_cut(
        (role, stream) in any_conversation(),
        enforce_masking in any::<bool>(),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let config = config(role, enforce_masking);
        let whole = outcome(&config, &stream, &[]);
        prop_assert_eq!(&whole.seen, &reference::decode(&stream, rules(role, enforce_masking)));
        whole.check_answers();
        prop_assert_eq!(&outcome(&config, &stream, &cuts), &whole);
        prop_assert_eq!(Outcome::of_direct(&config, pieces(&stream, &cuts)), whole);
    }

    #[test]
    fn garbage_is_read_as_the_reference_reads_it_however_it_is_cut(
        role in any_role(),
        stream in vec(any::<u8>(), 0..200),
        cuts in vec(any::<Index>(), 0..12),
    ) {
        let config = config(role, false);
        let whole = outcome(&config, &stream, &[]);
        prop_assert_eq!(&whole.seen, &reference::decode(&stream, rules(role, false)));
        prop_assert_eq!(outcome(&config, &stream, &cuts), whole);
    }

    #[test]
    fn a_stream_in_single_bytes_fails_at_the_same_byte_as_the_reference(
        (role, stream) in any_conversation(),
    ) {
        let mut end = End::new(config(role, true));
        for (at, byte) in stream.iter().enumerate() {
            end.receive(&[*byte]);
            let expected = reference::decode(&stream[..=at], rules(role, true));
            prop_assert_eq!(&end.seen, &expected, "after byte {}", at);
            if end.state() != State::Open {
                break;
            }
        }
    }

    #[test]
    fn what_one_end_encodes_the_other_decodes(
        role in any_role(),
        key in any::<[u8; 4]>(),
        message in "\\PC{0,300}",
        (byte, length) in (any::<u8>(), any_length()),
        control in vec(any::<u8>(), 0..=125),
        cuts in vec(any::<Index>(), 0..5),
    ) {
        let mask = (role == Role::Server).then_some(key);
        let bytes = vec![byte; length];
        let mut stream = Vec::new();
        encode_frame(&mut stream, Opcode::Text, message.as_bytes(), mask);
        encode_frame(&mut stream, Opcode::Binary, &bytes, mask);
        encode_frame(&mut stream, Opcode::Ping, &control, mask);
        encode_frame(&mut stream, Opcode::Pong, &control, mask);
        let expected = vec![
            Seen::Text(message),
            Seen::Binary(bytes),
            Seen::Ping(control.clone()),
            Seen::Pong(control.clone()),
        ];
        let Outcome { seen, sent, state, .. } = outcome(&Config::new(role), &stream, &cuts);
        prop_assert_eq!(seen, expected);
        prop_assert_eq!(sent, vec![(Opcode::Pong, control)]);
        prop_assert_eq!(state, State::Open);
    }

    #[test]
    fn a_header_survives_a_round_trip(
        opcode in any_opcode(),
        fin in any::<bool>(),
        mask in any::<Option<[u8; 4]>>(),
        bits in 0_u32..64,
        length in any::<u64>(),
    ) {
        let is_control = opcode.is_control();
        let header = Header {
            fin: fin || is_control,
            length: if is_control { length % 126 } else { (length >> 1) >> bits },
            ..Header::message(opcode, 0, mask)
        };
        let (bytes, n) = header.encode();
        prop_assert_eq!(Header::parse(&bytes[..n], Reserved::None), Ok(Some((header, n))));
    }

    #[test]
    fn a_mask_in_pieces_is_the_mask_of_the_whole_and_undoes_itself(
        key in any::<[u8; 4]>(),
        data in vec(any::<u8>(), 0..100),
        cut in any::<Index>(),
    ) {
        let cut = cut.index(data.len() + 1);
        let mut whole = data.clone();
        apply_mask(&mut whole, key, 0);
        let mut pieces = data.clone();
        let (first, second) = pieces.split_at_mut(cut);
        apply_mask(first, key, 0);
        apply_mask(second, key, cut);
        prop_assert_eq!(&pieces, &whole);
        apply_mask(&mut whole, key, 0);
        prop_assert_eq!(whole, data);
    }

    #[test]
    fn closing_at_any_point_reports_nothing_more_and_finds_the_peers_close_frame(
        role in any_role(),
        messages in vec((any::<bool>(), vec(b' '..=b'~', 0..50)), 1..5),
        at in any::<Index>(),
        cuts in vec(any::<Index>(), 0..5),
    ) {
        let mask = (role == Role::Server).then_some(KEY);
        let mut stream = Vec::new();
        for (is_ping, payload) in messages {
            let opcode = if is_ping { Opcode::Ping } else { Opcode::Text };
            encode_frame(&mut stream, opcode, &payload, mask);
        }
        let before_close = stream.len();
        encode_frame(&mut stream, Opcode::Close, &status(4000, "peer"), mask);
        let at = at.index(before_close + 1);

        let mut end = End::new(Config::new(role));
        end.receive(&stream[..at]);
        let reported = end.take_seen();
        prop_assert_eq!(
            reported,
            reference::decode(&stream[..at], rules_without_limits(role))
        );
        end.close(1000, "ours");
        end.take_sent();
        for piece in pieces(&stream[at..], &cuts) {
            end.receive(piece);
        }
        prop_assert_eq!(end.take_seen(), vec![]);
        prop_assert!(end.out.is_empty());
        prop_assert_eq!(end.state(), State::Draining);
        prop_assert_eq!(end.close_event(), (4000, "peer"));
    }

    #[test]
    fn an_accept_key_is_28_characters_of_base64(key in "\\PC{0,40}") {
        prop_assert_eq!(accept_key(&key).len(), 28);
    }
}

fn rules_without_limits(role: Role) -> Rules {
    Rules {
        limits: Limits::default(),
        ..rules(role, true)
    }
}

/// The properties above would hold vacuously if the streams never got that far.
#[test]
fn the_streams_reach_every_kind_of_event_and_violation() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..4_000 {
        let (role, stream) = any_conversation()
            .new_tree(&mut runner)
            .expect("the strategy rejects nothing")
            .current();
        for seen in reference::decode(&stream, rules(role, true)) {
            reached.insert(match seen {
                Seen::Failed(Violation::ReservedOpcode(_)) => "ReservedOpcode".to_owned(),
                Seen::Failed(Violation::InvalidCloseCode(_)) => "InvalidCloseCode".to_owned(),
                Seen::Failed(violation) => format!("{violation:?}"),
                other => {
                    let name = format!("{other:?}");
                    name.split('(').next().unwrap_or_default().to_owned()
                }
            });
        }
    }
    // 18 violations and five other events.
    assert_eq!(reached.len(), 23, "{reached:#?}");
}
