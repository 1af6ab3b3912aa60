//! What a stream's records are, and in which order.

use super::*;
use crate::engine::backlog::HIGH_MARK;
use crate::protocol::{MessageLimit, PastLimit, Role, encode_frame};

const LIMIT: usize = 160 * 1024;

/// What a client sends.
fn masked(frames: &[(Opcode, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (opcode, payload) in frames {
        encode_frame(&mut bytes, *opcode, payload, Some([1, 2, 3, 4]));
    }
    bytes
}

/// A stream, and what it has recorded.
struct Driven {
    stream: Stream,
    batch: Batch,
}

impl Driven {
    /// A server whose connection is open.
    fn new() -> Self {
        let config = Arc::new(Config::new(Role::Server));
        let mut stream = Stream::new(3, config, None, LIMIT, 0);
        assert!(!stream.begin());
        Self {
            stream,
            batch: Batch::default(),
        }
    }

    fn give(&mut self, frames: &[(Opcode, &[u8])]) {
        self.stream.give(masked(frames), 0);
    }

    /// Takes all that may be taken.
    fn take(&mut self) {
        if self.stream.begin_turn() {
            while self.stream.take(0, &mut self.batch) {}
            self.stream.end_turn(&mut self.batch);
        }
    }

    /// What was recorded since the last look.
    fn kinds(&mut self) -> Vec<Kind> {
        let records = std::mem::take(&mut self.batch.records);
        records.iter().map(|record| record.kind).collect()
    }
}

const TEXT: (Opcode, &[u8]) = (Opcode::Text, b"a");

#[test]
fn a_pong_is_written_before_its_ping_is_reported() {
    let mut driven = Driven::new();
    driven.give(&[TEXT, (Opcode::Ping, b"b")]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Write, Kind::Text, Kind::Ping]);
}

#[test]
fn the_answer_to_a_close_frame_leaves_behind_the_replies() {
    let mut driven = Driven::new();
    driven.give(&[TEXT, (Opcode::Close, b"")]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Closing]);
    driven.stream.release_closing_answer(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Write, Kind::End]);
    for _ in 0..2 {
        driven.stream.lose(0);
        driven.take();
    }
    assert_eq!(driven.kinds(), [Kind::Close]);
}

#[test]
fn only_the_last_ping_is_answered_while_congested() {
    let mut driven = Driven::new();
    driven.stream.queue(HIGH_MARK + 1);
    driven.give(&[(Opcode::Ping, b"a"), (Opcode::Ping, b"b")]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Ping, Kind::Ping]);
    driven.stream.written(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Drain, Kind::Write]);
    assert!(driven.batch.bytes.ends_with(&[0x8a, 1, b'b']));
}

#[test]
fn a_silent_peer_is_closed_and_then_dropped() {
    let mut driven = Driven::new();
    let idle = driven.stream.deadline().expect("an idle timeout");
    driven
        .stream
        .fire(idle - 1, Progress::default(), &mut driven.batch);
    assert_eq!(driven.kinds(), []);
    driven
        .stream
        .fire(idle, Progress::default(), &mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Closing]);
    driven.stream.release_closing_answer(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Write]);
    let end = driven.stream.deadline().expect("a close timeout");
    driven
        .stream
        .fire(end, Progress::default(), &mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Close]);
}

#[test]
fn what_comes_while_something_is_taken_waits_for_its_turn() {
    let mut driven = Driven::new();
    driven.give(&[TEXT]);
    assert!(driven.stream.begin_turn());
    assert!(driven.stream.take(0, &mut driven.batch));
    driven.give(&[(Opcode::Binary, b"b")]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text], "the turn is another's");
    assert!(driven.stream.take(0, &mut driven.batch));
    assert_eq!(driven.kinds(), [Kind::Binary]);
}

#[test]
fn nothing_is_taken_before_it_is_open() {
    let config = Arc::new(Config::new(Role::Server));
    let mut stream = Stream::new(3, config, None, LIMIT, 0);
    stream.give(masked(&[TEXT]), 0);
    assert!(!stream.begin_turn());
    assert!(stream.begin() && !stream.begin_turn());
    stream.open();
    assert!(stream.begin_turn());
}

#[test]
fn a_paused_stream_stops_and_goes_on_once_nothing_is_left() {
    let mut driven = Driven::new();
    assert!(driven.stream.pause(true, 0, &mut driven.batch));
    assert_eq!(driven.kinds(), [Kind::Stop]);
    driven.give(&[TEXT]);
    driven.take();
    assert!(!driven.stream.pause(false, 0, &mut driven.batch));
    assert_eq!(driven.kinds(), [], "that comes first");
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Go]);
    driven.stream.fill(true, &mut driven.batch);
    driven.stream.fill(true, &mut driven.batch);
    driven.stream.fill(false, &mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Stop, Kind::Go]);
}

#[test]
fn a_stopped_stream_does_not_go_on_with_a_piece_of_what_is_left() {
    let mut driven = Driven::new();
    let half = vec![b'x'; 40 * 1024];
    driven.give(&[(Opcode::Text, &half[..]); 6]);
    assert!(driven.stream.pause(true, 0, &mut driven.batch));
    assert_eq!(driven.kinds(), [Kind::Stop]);
    for _ in 0..2 {
        // As an app that pauses at each message.
        driven.stream.pause(false, 0, &mut driven.batch);
        assert!(driven.stream.begin_turn());
        assert!(driven.stream.take(0, &mut driven.batch));
        driven.stream.pause(true, 0, &mut driven.batch);
        driven.stream.end_turn(&mut driven.batch);
        assert_eq!(driven.kinds(), [Kind::Text, Kind::Text]);
    }
    driven.stream.pause(false, 0, &mut driven.batch);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Text, Kind::Go]);
}

#[test]
fn without_room_the_error_comes_before_the_close_and_no_close_frame_leaves() {
    let mut driven = Driven::new();
    assert!(driven.stream.may_send(LIMIT - 1, 0));
    assert!(!driven.stream.may_send(LIMIT, 0));
    assert!(!driven.stream.may_send(0, 0), "it is dropped");
    driven.stream.close(1000, "", 0, &mut driven.batch);
    assert_eq!(driven.kinds(), []);
    driven.give(&[TEXT]);
    driven.stream.lose(0);
    driven.take();
    let records = &driven.batch.records;
    let told: Vec<_> = records.iter().map(|r| (r.kind, r.code)).collect();
    let expected = [(Kind::Text, 0), (Kind::Error, 1006), (Kind::Close, 0)];
    assert_eq!(told, expected);
}

#[test]
fn a_stream_that_cannot_be_paused_is_dropped_at_the_limit() {
    let mut driven = Driven::new();
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.kinds();
    let long = vec![0; LIMIT / 2];
    driven.give(&[(Opcode::Binary, &long)]);
    driven.take();
    assert_eq!(driven.kinds(), []);
    driven.give(&[(Opcode::Binary, &long)]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Lost]);
    driven.stream.pause(false, 0, &mut driven.batch);
    driven.take();
    let expected = [Kind::Binary, Kind::Binary, Kind::Error, Kind::Close];
    assert_eq!(driven.kinds(), expected);
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
fn a_piece_has_32_records_and_the_stream_stops_while_much_is_left() {
    let mut driven = Driven::new();
    let tiny = masked(&[TEXT; 40]);
    driven
        .stream
        .give(tiny.repeat(HIGH_MARK / tiny.len() + 2), 0);
    assert!(driven.stream.begin_turn());
    driven.stream.take(0, &mut driven.batch);
    driven.stream.end_turn(&mut driven.batch);
    let kinds = driven.kinds();
    assert_eq!(kinds[..32], [Kind::Text; 32]);
    assert_eq!(kinds[32..], [Kind::Stop]);
    assert!(driven.stream.has_more());
    driven.take();
    let kinds = driven.kinds();
    assert_eq!(kinds.iter().filter(|kind| **kind == Kind::Go).count(), 1);
    assert_eq!(kinds.last(), Some(&Kind::Go), "nothing is left");
    assert!(!driven.stream.has_more());
}

#[test]
fn a_loss_ends_a_pause_and_what_came_waits_until_the_app_goes_on() {
    let mut driven = Driven::new();
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.give(&[TEXT, TEXT]);
    driven.stream.lose(0);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Stop, Kind::Lost]);
    assert!(driven.stream.is_paused() && !driven.stream.has_more());
    driven.stream.pause(false, 0, &mut driven.batch);
    // A listener may pause it again: its end waits for that.
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.take();
    assert_eq!(driven.kinds(), []);
    driven.stream.pause(false, 0, &mut driven.batch);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Text, Kind::Close]);
}

#[test]
fn a_paused_stream_whose_peer_is_gone_brings_what_it_has_whatever_the_limit() {
    let mut driven = Driven::new();
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.stream.hang_up(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Stop, Kind::Go]);
    driven.stream.give(vec![0; 2 * LIMIT], 0);
    driven.take();
    assert_eq!(driven.kinds(), []);
    assert!(!driven.stream.is_dropped());
}

#[test]
fn the_end_waits_until_the_stream_has_finished() {
    let mut driven = Driven::new();
    driven.give(&[TEXT, (Opcode::Close, b"")]);
    driven.stream.end(0);
    driven.take();
    driven.kinds();
    driven.stream.release_closing_answer(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Write, Kind::End]);
    driven.stream.written(&mut driven.batch);
    assert_eq!(driven.kinds(), [], "its own end is still to be written");
    driven.stream.finish(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Close]);
}

#[test]
fn the_rest_of_what_a_pause_has_stopped_at_is_no_overflow() {
    let mut driven = Driven::new();
    driven.stream.give(vec![0x8a; LIMIT + 1], 0);
    assert!(!driven.stream.is_dropped(), "nobody has paused it");
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.stream.give(vec![0; LIMIT], 0);
    assert!(!driven.stream.is_dropped());
    driven.stream.give(vec![0; 1], 0);
    assert!(driven.stream.is_dropped());
}

#[test]
fn what_comes_before_the_connection_is_open_is_no_overflow() {
    let config = Arc::new(Config::new(Role::Server));
    let mut stream = Stream::new(3, config, None, LIMIT, 0);
    stream.give(vec![0; LIMIT], 0);
    assert!(stream.begin(), "something has come");
    stream.give(vec![0; LIMIT], 0);
    assert!(!stream.is_dropped() && !stream.begin_turn());
    stream.open();
    assert!(stream.begin_turn());
}

#[test]
fn nothing_that_came_is_taken_after_a_termination() {
    let mut driven = Driven::new();
    driven.stream.pause(true, 0, &mut driven.batch);
    driven.give(&[TEXT]);
    driven.stream.terminate(0);
    driven.kinds();
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Close]);
}

#[test]
fn a_stream_waits_while_its_peer_is_held_back_and_each_deadline_is_told() {
    let mut config = Config::new(Role::Server);
    config.limits.max_messages = Some(MessageLimit {
        per_second: 1,
        burst: 1,
        past: PastLimit::HoldBack,
    });
    let mut driven = Driven::new();
    driven.stream = Stream::new(3, Arc::new(config), None, LIMIT, 0);
    assert!(!driven.stream.begin());
    driven.give(&[TEXT; 2]);
    driven.take();
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Stop]);
    assert_eq!(driven.stream.deadline(), Some(1_000));
    // An extension has it stopped already: JavaScript hears of the new deadline nevertheless.
    driven.stream.fill(true, &mut driven.batch);
    driven
        .stream
        .fire(1_000, Progress::default(), &mut driven.batch);
    driven.kinds();
    assert!(driven.stream.begin_turn());
    while driven.stream.take(1_000, &mut driven.batch) {}
    driven.stream.end_turn(&mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Text, Kind::Stop]);
    driven.stream.fill(false, &mut driven.batch);
    assert_eq!(driven.kinds(), []);
    driven
        .stream
        .fire(2_000, Progress::default(), &mut driven.batch);
    assert_eq!(driven.kinds(), [Kind::Go]);
}
