//! A stream that is received.

use std::sync::Arc;

use websockets::protocol::{
    Config, Connection, Deflate, DeflateFilter, Direction, Filtered, Header, Limits, Opcode,
    Reserved, Role, State, Violation, apply_mask, encode_frame,
};

use crate::input::{Cuts, Input};
use crate::reference::{self, Rules};
use crate::support::outcome::Outcome;
use crate::support::{End, Seen, frames};

/// Bytes of memory that a connection may take beside those that its limits allow: for itself, its
/// control frame under way and its close reason.
const FIXED: u64 = 4 * 1024;
/// And those of permessage-deflate: an inflater, which its thread keeps, and the two windows that a
/// stream behind a last block begins with.
const FIXED_FOR_DEFLATE: u64 = 256 * 1024;

/// A server that receives what clients send.
pub(crate) fn server(bytes: &[u8]) {
    receive(bytes, Some(Role::Server), None);
}

/// A client that receives what servers send.
pub(crate) fn client(bytes: &[u8]) {
    receive(bytes, Some(Role::Client), None);
}

/// Either, where compressed messages refer to those before them.
pub(crate) fn deflate_takeover(bytes: &[u8]) {
    receive(bytes, None, Some(true));
}

/// Either, where each compressed message is by itself.
pub(crate) fn deflate_alone(bytes: &[u8]) {
    receive(bytes, None, Some(false));
}

/// An input: flags, a byte of window, three of cuts, one that says where we close, the stream.
fn receive(bytes: &[u8], role: Option<Role>, context_takeover: Option<bool>) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let window_bits = 8 + input.byte() % 8;
    let cuts = input.cuts();
    let close_at = usize::from(input.byte());
    let stream = input.rest();
    let drawn = match flags & 4 {
        0 => Role::Server,
        _ => Role::Client,
    };
    let direction = context_takeover.map(|context_takeover| Direction {
        window_bits,
        context_takeover,
    });
    let config = Config {
        enforce_masking: flags & 1 == 0,
        limits: limits(flags & 2 == 0),
        deflate: direction.map(|direction| Deflate {
            outgoing: direction,
            incoming: direction,
            level: 6,
            threshold: 0,
        }),
        ..Config::new(role.unwrap_or(drawn))
    };
    let is_server = config.role == Role::Server;
    let rules = Rules {
        deflate: direction,
        ..Rules::new(config.enforce_masking.then_some(is_server), config.limits)
    };

    let expected = reference::decode(stream, rules);
    let whole = Outcome::of(&config, [stream]);
    assert_same(&whole.seen, &expected);
    whole.check_answers();
    assert_eq!(Outcome::of(&config, cuts.of(stream)), whole, "in pieces");
    let direct = Outcome::of_direct(&config, cuts.of(stream));
    assert_eq!(direct, whole, "straight into its message");
    check_end(&config, &whole, stream);
    check_sent(&config, stream);
    check_congested(&config, &whole, cuts, stream);
    check_closing(&config, cuts, stream, close_at.min(stream.len()));
    check_memory(&config, cuts, stream);
    if let Some(deflate) = config.deflate {
        check_filter(&config, deflate, &whole, stream);
    }
}

/// Small ones, so that all of them are reached, or such that messages of some length pass.
fn limits(small: bool) -> Limits {
    let mut limits = Limits::default();
    let (payload, fragments, empty_fragments) = match small {
        true => (150, 5, 2),
        false => (64 * 1024, 100, 50),
    };
    limits.max_payload = payload;
    limits.max_fragments = fragments;
    limits.max_empty_fragments = empty_fragments;
    // The reference has no clock.
    limits.max_control_frames = None;
    limits
}

/// What was seen is what the reference sees. A compressed message that is both too large and no
/// DEFLATE data may fail for either: an inflater is a symbol ahead of what it puts out, and one that
/// ends within a block is told what was left off of it all the same.
fn assert_same(seen: &[Seen], expected: &[Seen]) {
    let is_either = |seen: Option<&Seen>| {
        matches!(
            seen,
            Some(Seen::Failed(
                Violation::InvalidCompressedData | Violation::MessageTooLarge { .. }
            ))
        )
    };
    let differ = seen.last() != expected.last();
    if differ && is_either(seen.last()) && is_either(expected.last()) {
        assert_eq!(seen[..seen.len() - 1], expected[..expected.len() - 1]);
    } else {
        assert_eq!(seen, expected);
    }
}

/// A close frame or a violation is the end: nothing that comes then is reported or answered.
fn check_end(config: &Config, whole: &Outcome, stream: &[u8]) {
    let ends = whole.seen.iter().map(|seen| match seen {
        Seen::Failed(_) | Seen::Closing => 1,
        _ => 0,
    });
    let ends: Vec<usize> = ends.collect();
    let is_over = ends.last() == Some(&1);
    assert_eq!(ends.iter().sum::<usize>(), usize::from(is_over));
    let expected = if is_over {
        State::Draining
    } else {
        State::Open
    };
    assert_eq!(whole.state, expected);
    if is_over {
        let again = Outcome::of(config, [stream, stream]);
        assert_eq!(&again, whole, "after the end");
    }
}

/// What an end answers is valid for its peer, and ends where a frame does.
fn check_sent(config: &Config, stream: &[u8]) {
    let mut end = End::new(config.clone());
    end.receive(stream);
    let peers = Config {
        role: other(config.role),
        enforce_masking: true,
        ..config.clone()
    };
    let rules = Rules {
        masked: Some(peers.role == Role::Server),
        deflate: config.deflate.map(|deflate| deflate.incoming),
        ..Rules::new(None, config.limits)
    };
    let mut peer = End::new(peers);
    peer.receive(&end.out);
    assert_eq!(peer.seen, reference::decode(&end.out, rules));
    assert!(!peer.seen.iter().any(|seen| matches!(seen, Seen::Failed(_))));
}

/// While the output is congested the same is reported, and one ping is answered, the last.
fn check_congested(config: &Config, whole: &Outcome, cuts: Cuts, stream: &[u8]) {
    let mut end = End::new(config.clone());
    end.set_congested(true);
    for piece in cuts.of(stream) {
        end.receive(piece);
    }
    assert_eq!(end.seen, whole.seen);
    let held = end.take_sent();
    assert!(held.iter().all(|frame| frame.0 == Opcode::Close));
    end.set_congested(false);
    let last_ping = whole.seen.iter().rev().find_map(|seen| match seen {
        Seen::Ping(payload) => Some((Opcode::Pong, payload.clone())),
        _ => None,
    });
    let answer = last_ping.filter(|_| whole.state == State::Open);
    assert_eq!(end.take_sent(), answer.into_iter().collect::<Vec<_>>());
}

/// From our close frame on nothing is reported, and nothing is sent.
fn check_closing(config: &Config, cuts: Cuts, stream: &[u8], at: usize) {
    let mut end = End::new(config.clone());
    end.receive(&stream[..at]);
    if end.state() != State::Open {
        return;
    }
    end.close(4321, "ours");
    let sent = end.take_sent();
    assert_eq!(sent.last().map(|frame| frame.0), Some(Opcode::Close));
    end.take_seen();
    for piece in cuts.of(&stream[at..]) {
        end.receive(piece);
    }
    assert_eq!(end.take_seen(), []);
    assert_eq!(end.out, []);
    assert!(matches!(end.state(), State::Closing | State::Draining));
    let (code, reason) = end.close_event();
    assert!(code != 4321 || !reason.is_empty());
}

/// What a connection holds is bounded by its limits, and by what has come: nothing is allocated
/// because a header says that it will.
fn check_memory(config: &Config, cuts: Cuts, stream: &[u8]) {
    let mut pieces: Vec<Vec<u8>> = cuts.of(stream).map(<[u8]>::to_vec).collect();
    let mut out = Vec::with_capacity(8 * stream.len() + 1_024);
    let config = Arc::new(config.clone());
    let used = allocation_counter::measure(|| {
        let mut connection = Connection::new(config.clone(), 0);
        for piece in &mut pieces {
            connection.receive(piece, 0, &mut out, &mut |_| {});
        }
    });
    let limit = config.limits.max_payload;
    let allowed = limit + limit / 8 + 1_024;
    let arrived = stream.len() as u64;
    // A Vec that grows holds both of its memories for a moment, and may be twice as large as asked.
    let bound = match config.deflate {
        None => FIXED + (4 * allowed).min(8 * arrived),
        Some(_) => FIXED_FOR_DEFLATE + 4 * allowed + 4 * limit,
    };
    assert!(used.bytes_max <= bound, "{} of {bound}", used.bytes_max);
    assert_eq!(
        used.bytes_current.max(0),
        i64::from(config.deflate.is_some()) * used.bytes_current.max(0)
    );
}

/// permessage-deflate among other extensions comes to the same as within the connection.
fn check_filter(config: &Config, deflate: Deflate, whole: &Outcome, stream: &[u8]) {
    if whole
        .seen
        .iter()
        .any(|seen| matches!(seen, Seen::Failed(_)))
    {
        return;
    }
    let mut filter = DeflateFilter::new(deflate, config.limits);
    let mut end = End::new(Config {
        deflate: None,
        ..config.clone()
    });
    let mut opcode = Opcode::Continuation;
    let mut rest = stream;
    while let Ok(Some((header, length))) = Header::parse(rest, Reserved::Any) {
        let Some(length) = usize::try_from(header.length)
            .ok()
            .and_then(|n| n.checked_add(length))
        else {
            break;
        };
        let Some((frame, behind)) = rest.split_at_checked(length) else {
            break;
        };
        rest = behind;
        let mut payload = frame[length - header.length as usize..].to_vec();
        if let Some(key) = header.mask {
            apply_mask(&mut payload, key, 0);
        }
        if header.rsv1 {
            opcode = header.opcode;
        }
        match filter.read(&header, &payload) {
            Ok(Filtered::Untouched) => end.receive(frame),
            Ok(Filtered::Kept) => {}
            Ok(Filtered::Message(message)) => {
                let mut frame = Vec::new();
                encode_frame(&mut frame, opcode, &message, header.mask);
                end.receive(&frame);
            }
            // Behind the close frame, where the connection does not look.
            Err(_) => {
                assert_eq!(end.state(), State::Draining);
                break;
            }
        }
    }
    assert_eq!(end.seen, whole.seen, "by the filter");
    assert_eq!(frames(&end.out, config.role == Role::Client), whole.sent);
}

fn other(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}
