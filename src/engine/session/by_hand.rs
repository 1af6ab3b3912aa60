//! A session by itself, with a clock that is made up.

use super::*;
use crate::protocol::{
    Deflate, DeflateParams, MessageLimit, PERMESSAGE_DEFLATE, PastLimit, Role,
    encode_compressed_frame, encode_frame,
};

const LIMIT: Pressure = Pressure {
    queued: HIGH_MARK,
    unsent: true,
    pings: 0,
};
const CONGESTED: Pressure = Pressure {
    queued: HIGH_MARK + 1,
    unsent: true,
    pings: 0,
};

/// A session, and what came of it.
struct Driven {
    session: Session,
    out: Vec<u8>,
    seen: Vec<&'static str>,
}

impl Driven {
    fn new(role: Role) -> Self {
        Self::configured(Config::new(role))
    }

    /// A server that holds back who sends more than a message a second, and two at once.
    fn holding_back() -> Self {
        let mut config = Config::new(Role::Server);
        config.limits.max_messages = Some(MessageLimit {
            per_second: 1,
            burst: 2,
            past: PastLimit::HoldBack,
        });
        config.timeout = Some(5_000);
        Self::configured(config)
    }

    fn configured(config: Config) -> Self {
        Self {
            session: Session::new(Arc::new(config), 0),
            out: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// The peer sends these frames.
    fn receive(&mut self, pressure: Pressure, frames: &[(Opcode, &[u8])]) {
        let mut bytes = self.frames(frames);
        let (out, seen) = (&mut self.out, &mut self.seen);
        let mut see = |brought: Brought<'_>| see(seen, &brought);
        self.session.receive(&mut bytes, pressure, 0, out, &mut see);
    }

    /// The same, which wait to be taken.
    fn give(&mut self, frames: &[(Opcode, &[u8])]) {
        let bytes = self.frames(frames);
        self.session.give(bytes);
    }

    fn frames(&self, frames: &[(Opcode, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let key = (self.session.protocol.role() == Role::Server).then_some([1, 2, 3, 4]);
        for (opcode, payload) in frames {
            encode_frame(&mut bytes, *opcode, payload, key);
        }
        bytes
    }

    /// Takes all that may be taken: in how many pieces.
    fn take_all(&mut self) -> usize {
        let mut times = 0;
        while self.take(Pressure::default(), 0) {
            times += 1;
        }
        times
    }

    fn take(&mut self, pressure: Pressure, now: Millis) -> bool {
        let (out, seen) = (&mut self.out, &mut self.seen);
        let mut see = |brought: Brought<'_>| see(seen, &brought);
        self.session.take(pressure, now, out, &mut see)
    }

    /// The peer's FIN, if so much is still to be written.
    fn end_reads(&mut self, queued: usize) {
        let pressure = Pressure {
            queued,
            unsent: queued > 0,
            pings: 0,
        };
        let seen = &mut self.seen;
        let mut see = |brought: Brought<'_>| see(seen, &brought);
        self.session.end_reads(pressure, 0, &mut see);
    }

    /// What our close frame says.
    fn sent_status(&self) -> Option<(u16, &str)> {
        let frames = self.session.close_frames()?;
        Some((frames.sent.code, &frames.sent.reason))
    }

    fn fire(&mut self, now: Millis) -> bool {
        let (out, seen) = (&mut self.out, &mut self.seen);
        let mut see = |brought: Brought<'_>| see(seen, &brought);
        self.session.fire(now, Progress::default(), out, &mut see)
    }

    /// All that was queued is written.
    fn write(&mut self) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.out);
        loop {
            self.session.written(&mut self.out);
            if self.out.is_empty() {
                return all;
            }
            all.append(&mut self.out);
        }
    }
}

/// Notes an event. What it is counted for: its payload.
fn see(seen: &mut Vec<&'static str>, brought: &Brought<'_>) -> usize {
    let event = match brought {
        Brought::Event(event) => event,
        Brought::Wide(wide) => {
            seen.push("wide");
            return 2 * wide.len();
        }
        other => panic!("{other:?} of a session that is not raw"),
    };
    seen.push(name(event));
    match event {
        Event::Text(payload) | Event::Utf8(payload) | Event::Binary(payload) => payload.len(),
        _ => 0,
    }
}

fn name(event: &Event<'_>) -> &'static str {
    match event {
        Event::Text(_) | Event::Utf8(_) => "text",
        Event::Binary(_) => "binary",
        Event::Ping(_) => "ping",
        Event::Pong(_) => "pong",
        Event::Closing => "closing",
        Event::Failed(_) => "failed",
    }
}

const TEXT: (Opcode, &[u8]) = (Opcode::Text, b"text");
const CLOSE: (Opcode, &[u8]) = (Opcode::Close, b"\x03\xe8");

#[test]
fn the_closing_answer_waits_until_what_came_before_it_was_seen() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[TEXT, CLOSE]);
    assert_eq!(driven.seen, ["text", "closing"]);
    assert_eq!(driven.session.phase(), State::Draining);
    assert_eq!(driven.write(), [], "it is kept");
    assert!(!driven.session.take_write_end());

    driven.session.release_closing_answer(&mut driven.out);
    assert_eq!(driven.out, b"\x88\x02\x03\xe8");
    assert!(driven.session.take_write_end());
    assert!(!driven.session.take_write_end(), "once");
    driven.session.release_closing_answer(&mut driven.out);
    assert_eq!(driven.write().len(), 4, "once");
}

#[test]
fn so_does_the_answer_to_a_violation_and_the_close_frame_for_silence() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[(Opcode::Text, b"\xff")]);
    assert_eq!((&driven.seen[..], driven.out.len()), (&["failed"][..], 0));

    let mut driven = Driven::new(Role::Server);
    let at = driven.session.deadline().expect("an idle timeout");
    driven.fire(at - 1);
    assert_eq!(driven.seen, [""; 0]);
    driven.fire(at);
    assert_eq!((&driven.seen[..], driven.out.len()), (&["closing"][..], 0));
    // If JavaScript never comes to it, it leaves before the end.
    let end = driven.session.deadline().expect("a close timeout");
    driven.fire(end);
    assert_eq!(driven.out[..4], *b"\x88\x09\x03\xe9");
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_close_of_ours_lets_it_leave() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[CLOSE]);
    driven.session.close(1000, "ours", 0, &mut driven.out);
    assert_eq!(driven.out, b"\x88\x02\x03\xe8", "and no second one");
}

#[test]
fn the_end_waits_for_what_is_to_be_written() {
    for (role, ends) in [(Role::Server, true), (Role::Client, true)] {
        let mut driven = Driven::new(role);
        driven.receive(Pressure::default(), &[CLOSE]);
        driven.end_reads(0);
        assert_eq!(driven.session.phase(), State::Draining, "an answer is kept");
        driven.session.release_closing_answer(&mut driven.out);
        assert_eq!(driven.session.take_write_end(), ends);
        assert_eq!(driven.session.phase(), State::Draining);
        assert!(!driven.write().is_empty());
        assert_eq!(driven.session.phase(), State::Closed);
    }
}

#[test]
fn the_end_is_the_end_if_nothing_came_and_nothing_is_to_be_written() {
    let mut driven = Driven::new(Role::Server);
    driven.end_reads(0);
    assert_eq!(driven.session.phase(), State::Closed);
    assert_eq!(driven.session.close_frames(), None);
    assert_eq!(driven.seen, [""; 0]);

    let mut driven = Driven::new(Role::Server);
    driven.session.close(1000, "", 0, &mut driven.out);
    driven.write();
    driven.receive(Pressure::default(), &[CLOSE]);
    assert!(driven.session.take_write_end());
    driven.end_reads(0);
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn what_came_before_a_fin_is_answered() {
    for role in [Role::Server, Role::Client] {
        let mut driven = Driven::new(role);
        driven.receive(Pressure::default(), &[TEXT]);
        driven.end_reads(0);
        assert_eq!(driven.seen, ["text", "closing"]);
        driven.write();
        assert!(!driven.session.take_write_end());
        assert_eq!(driven.session.phase(), State::Open, "replies may be sent");

        driven.session.release_closing_answer(&mut driven.out);
        assert_eq!(driven.out, [], "no close frame answers a FIN");
        assert_eq!(driven.session.phase(), State::Draining);
        assert!(driven.session.take_write_end());
        driven.write();
        assert_eq!(driven.session.phase(), State::Closed);
        assert_eq!(driven.session.close_frames(), None);
    }
}

#[test]
fn what_is_queued_when_a_fin_comes_is_written() {
    let mut driven = Driven::new(Role::Server);
    driven.end_reads(1);
    assert_eq!(driven.seen, ["closing"]);
    driven.session.release_closing_answer(&mut driven.out);
    driven.write();
    assert_eq!(driven.session.phase(), State::Closed);

    let mut driven = Driven::new(Role::Server);
    driven.session.close(1000, "ours", 0, &mut driven.out);
    driven.end_reads(driven.out.len());
    assert_eq!(driven.session.phase(), State::Draining);
    assert!(driven.session.take_write_end());
    driven.write();
    assert_eq!(driven.session.phase(), State::Closed);
    assert_eq!(driven.sent_status(), Some((1000, "ours")));
}

#[test]
fn a_close_of_ours_after_a_fin_is_sent() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[TEXT]);
    driven.end_reads(0);
    driven.session.close(1000, "ours", 0, &mut driven.out);
    assert_eq!(driven.out, b"\x88\x06\x03\xe8ours");
    assert!(driven.session.take_write_end());
    driven.write();
    assert_eq!(driven.sent_status(), Some((1000, "ours")));
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_fin_waits_for_the_close_timeout_at_most() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[TEXT]);
    driven.end_reads(0);
    let end = driven.session.deadline().expect("a close timeout");
    assert_eq!(end, Config::new(Role::Server).close_timeout);
    driven.fire(end);
    assert_eq!(driven.session.phase(), State::Closed);
    assert_eq!(driven.session.close_frames(), None);
}

#[test]
fn a_client_ends_its_side_once_the_server_has() {
    let mut driven = Driven::new(Role::Client);
    driven.session.close(1000, "", 0, &mut driven.out);
    driven.receive(Pressure::default(), &[CLOSE]);
    assert!(!driven.session.take_write_end(), "the server goes first");
    driven.end_reads(1);
    assert!(driven.session.take_write_end());
    driven.write();
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn only_the_latest_ping_is_answered_while_much_waits() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(LIMIT, &[(Opcode::Ping, b"a")]);
    assert_eq!(driven.write(), b"\x8a\x01a");
    driven.receive(CONGESTED, &[(Opcode::Ping, b"b"), (Opcode::Ping, b"c")]);
    driven.receive(Pressure::default(), &[(Opcode::Ping, b"d")]);
    assert_eq!(driven.out, [], "until all is written");
    assert_eq!(driven.write(), b"\x8a\x01d");
    assert_eq!(driven.seen, ["ping"; 4]);
}

#[test]
fn what_came_waits_for_the_end_of_a_pause_and_the_end_after_unread_it() {
    let mut driven = Driven::new(Role::Server);
    assert!(driven.session.pause(true, 0) && !driven.session.may_read());
    assert!(!driven.session.pause(true, 0), "it is paused");
    driven.give(&[TEXT]);
    driven.give(&[TEXT]);
    driven.session.end_after_unread();
    assert!(!driven.take(Pressure::default(), 0));
    assert!(driven.session.pause(false, 0) && driven.session.has_next());
    assert!(driven.take(Pressure::default(), 0));
    assert_eq!(driven.seen, ["text", "text"]);
    assert!(driven.take(Pressure::default(), 0));
    assert_eq!(driven.seen, ["text", "text", "closing"]);
    assert!(!driven.take(Pressure::default(), 0));
    driven.session.release_closing_answer(&mut driven.out);
    driven.write();
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
fn it_is_taken_piece_by_piece() {
    let mut driven = Driven::new(Role::Server);
    let long = vec![b'x'; READ];
    driven.give(&[(Opcode::Binary, &long), TEXT]);
    let all = driven.session.unread();
    assert!(driven.take(Pressure::default(), 0));
    assert_eq!(driven.session.unread(), all - READ);
    assert_eq!(driven.seen, [""; 0]);
    driven.give(&[TEXT]);
    while driven.take(Pressure::default(), 0) {}
    assert_eq!(driven.seen, ["binary", "text", "text"]);
    assert_eq!(driven.session.unread(), 0);
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
fn what_is_more_than_a_piece_waits_for_the_next() {
    // The third is what makes it a piece.
    let third = vec![b'x'; PIECE / 3 + 1];
    let many = [(Opcode::Binary, &third[..]); 7];
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &many);
    assert_eq!(driven.seen, ["binary"; 3]);
    assert_eq!(driven.session.unread(), 4 * (third.len() + 8));
    driven.give(&[CLOSE]);
    for (seen, unread) in [(6, third.len() + 16), (8, 0)] {
        assert!(driven.take(Pressure::default(), 0));
        assert_eq!(driven.seen.len(), seen);
        assert_eq!(driven.session.unread(), unread);
    }
    assert_eq!(driven.seen[6..], ["binary", "closing"]);
    assert!(!driven.take(Pressure::default(), 0));
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and there is nothing unsafe in it")]
fn nothing_waits_after_a_close_frame_or_a_violation() {
    let piece = vec![b'x'; PIECE];
    for end in [CLOSE, (Opcode::Text, b"\xff")] {
        let mut driven = Driven::new(Role::Server);
        driven.receive(Pressure::default(), &[end, (Opcode::Binary, &piece), TEXT]);
        assert_eq!((driven.seen.len(), driven.session.unread()), (1, 0));
    }
}

#[test]
fn a_loss_ends_a_pause_and_what_came_before_is_taken() {
    let mut driven = Driven::new(Role::Server);
    driven.session.pause(true, 0);
    driven.give(&[TEXT]);
    driven.session.lose_after_unread(0);
    assert!(!driven.session.pause(true, 0), "nobody could resume it");
    assert!(driven.take(Pressure::default(), 0) && driven.take(Pressure::default(), 0));
    assert_eq!(driven.seen, ["text"]);
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_peer_that_is_not_read_is_not_silent() {
    let mut driven = Driven::new(Role::Server);
    let at = driven.session.deadline().expect("an idle timeout");
    driven.session.suspend(at - 10);
    assert_eq!(driven.session.deadline(), None);
    // The app's pause comes on top of the env's.
    assert!(driven.session.pause(true, at - 5));
    assert!(!driven.session.unsuspend(at), "the app has to resume it");
    assert!(driven.session.pause(false, at + 90));
    assert_eq!(driven.session.deadline(), Some(at + 100));
}

#[test]
fn closing_reads_on_in_spite_of_a_pause() {
    let mut driven = Driven::new(Role::Server);
    driven.session.pause(true, 0);
    assert!(driven.session.close(1000, "", 0, &mut driven.out));
    assert!(driven.session.may_read());
}

#[test]
fn a_write_that_fails_has_the_rest_read_unless_that_has_ended() {
    let mut driven = Driven::new(Role::Server);
    driven.session.pause(true, 0);
    assert!(driven.session.write_failed(0) && driven.session.may_read());

    driven.receive(Pressure::default(), &[CLOSE]);
    driven.end_reads(1);
    assert!(!driven.session.write_failed(0));
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_loss_while_the_end_waits_for_what_is_to_be_written_is_taken_once() {
    let mut driven = Driven::new(Role::Server);
    driven.receive(Pressure::default(), &[CLOSE]);
    driven.end_reads(1);
    assert!(!driven.take(Pressure::default(), 0), "it waits");
    driven.session.lose_after_unread(0);
    assert!(driven.take(Pressure::default(), 0));
    assert!(!driven.take(Pressure::default(), 0));
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_peer_that_is_held_back_is_read_again_when_its_time_has_come() {
    let mut driven = Driven::holding_back();
    driven.receive(Pressure::default(), &[TEXT, TEXT, TEXT, TEXT, CLOSE]);
    assert_eq!(driven.seen, ["text"; 2]);
    for now in [1_000, 2_000] {
        assert!(!driven.session.may_read());
        assert_eq!(driven.session.held_back_until(), Some(now));
        assert_eq!(driven.session.deadline(), Some(now));
        assert!(!driven.take(Pressure::default(), now - 1));
        assert!(!driven.fire(now - 1));
        assert!(driven.fire(now));
        assert_eq!(driven.session.held_back_until(), None);
        assert!(driven.take(Pressure::default(), now));
    }
    assert_eq!(driven.seen, ["text"; 4]);
    // The close frame waits as well: it is the next that comes.
    assert!(driven.fire(3_000));
    assert!(driven.take(Pressure::default(), 3_000));
    assert_eq!(driven.seen[4..], ["closing"]);
}

#[test]
fn the_silence_of_a_peer_that_is_held_back_is_not_its_own() {
    let mut driven = Driven::holding_back();
    driven.receive(Pressure::default(), &[TEXT; 2]);
    // Nothing waits, and it is held back all the same.
    assert_eq!(driven.session.deadline(), Some(1_000));
    assert!(driven.fire(1_000));
    assert_eq!(driven.session.deadline(), Some(6_000));
    driven.fire(6_000);
    assert_eq!(driven.seen, ["text", "text", "closing"]);
}

#[test]
fn a_pause_goes_before_holding_back_and_ends_it_no_sooner() {
    let mut driven = Driven::holding_back();
    driven.receive(Pressure::default(), &[TEXT; 4]);
    assert!(driven.session.pause(true, 10));
    assert_eq!(driven.session.deadline(), None);
    assert!(!driven.fire(1_500));
    assert!(driven.session.pause(false, 1_600));
    assert!(driven.take(Pressure::default(), 1_600));
    assert_eq!(driven.seen, ["text"; 3]);
    assert!(driven.session.pause(true, 1_700));
    assert!(driven.session.pause(false, 1_800));
    // It takes nothing of what waits.
    driven.take(Pressure::default(), 1_800);
    assert_eq!((driven.seen.len(), driven.session.may_read()), (3, false));
    assert_eq!(driven.session.deadline(), Some(2_000));
    // An env that has room again does not end it either.
    driven.session.suspend(1_900);
    assert!(!driven.session.unsuspend(1_900));
}

#[test]
fn a_close_of_ours_or_a_loss_ends_the_holding_back() {
    let mut driven = Driven::holding_back();
    driven.receive(Pressure::default(), &[TEXT, TEXT, TEXT, CLOSE]);
    assert!(driven.session.close(1000, "", 10, &mut driven.out));
    assert!(driven.take(Pressure::default(), 10));
    assert_eq!(driven.session.phase(), State::Draining);
    assert_eq!(driven.seen, ["text"; 2]);

    let mut driven = Driven::holding_back();
    driven.receive(Pressure::default(), &[TEXT; 9]);
    driven.session.lose_after_unread(10);
    while driven.take(Pressure::default(), 10) {}
    assert_eq!(driven.seen, ["text"; 9]);
    assert_eq!(driven.session.phase(), State::Closed);
}

#[test]
fn a_closing_is_clean_if_both_close_frames_went_their_way() {
    for role in [Role::Server, Role::Client] {
        let mut ours = Driven::new(role);
        ours.session.close(4000, "ours", 0, &mut ours.out);
        assert!(!ours.session.is_clean(true), "the peer's is to come");
        ours.receive(Pressure::default(), &[CLOSE]);
        ours.session.lose();
        assert!(ours.session.is_clean(true));
        assert!(!ours.session.is_clean(false), "ours never left");

        let mut peers = Driven::new(role);
        peers.receive(Pressure::default(), &[CLOSE]);
        peers.end_reads(0);
        peers.session.release_closing_answer(&mut peers.out);
        peers.write();
        assert_eq!(peers.session.phase(), State::Closed);
        assert!(peers.session.is_clean(true));
    }
}

#[test]
fn a_closing_is_not_clean_without_an_answer() {
    let mut kept = Driven::new(Role::Server);
    kept.receive(Pressure::default(), &[CLOSE]);
    assert!(!kept.session.has_answered());
    kept.session.lose();
    kept.session.release_closing_answer(&mut kept.out);
    assert_eq!(kept.out, [], "it is too late");
    assert!(!kept.session.is_clean(true));

    let mut violated = Driven::new(Role::Server);
    violated.receive(Pressure::default(), &[(Opcode::Text, b"\xff")]);
    violated.session.release_closing_answer(&mut violated.out);
    violated.write();
    violated.session.lose();
    assert!(!violated.session.is_clean(true));

    let mut lost = Driven::new(Role::Server);
    lost.session.lose();
    assert!(!lost.session.is_clean(true));
}

/// A server with permessage-deflate, to which a text of 2 MiB was given, compressed, and a short one after it.
fn with_a_long_text(configure: impl FnOnce(&mut Config)) -> Driven {
    let agreed = DeflateParams::agreed(PERMESSAGE_DEFLATE).unwrap();
    let deflate = Deflate::new(&agreed, Role::Server, 9, 0);
    let mut config = Config::new(Role::Server);
    config.deflate = Some(deflate);
    configure(&mut config);
    let mut driven = Driven::configured(config);
    let payload = deflate
        .compress_alone("é".repeat(1 << 20).as_bytes())
        .unwrap();
    let mut bytes = Vec::new();
    encode_compressed_frame(&mut bytes, Opcode::Text, &payload, Some([1, 2, 3, 4]));
    bytes.extend(driven.frames(&[TEXT]));
    driven.session.give(bytes);
    driven
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and src/protocol has short ones")]
fn a_long_text_is_inflated_and_transcoded_step_by_step_before_what_follows() {
    let mut driven = with_a_long_text(|_| {});
    let mut steps = 0;
    while driven.seen.is_empty() {
        assert!(driven.take(Pressure::default(), 0) && driven.session.has_next());
        // A pause is heeded in between.
        assert!(driven.session.pause(true, 0));
        assert!(!driven.take(Pressure::default(), 0));
        assert!(driven.session.pause(false, 0));
        steps += 1;
    }
    assert!(steps >= 16, "{steps}");
    assert_eq!(driven.seen, ["wide"]);
    assert!(!driven.session.is_making() && driven.session.is_behind());
    driven.take_all();
    assert_eq!(driven.seen, ["wide", "text"]);
    assert!(!driven.session.has_next());
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and src/protocol has short ones")]
fn one_that_came_as_it_is_is_transcoded_step_by_step() {
    let mut driven = Driven::new(Role::Server);
    driven.give(&[(Opcode::Text, "é".repeat(1 << 20).as_bytes()), TEXT]);
    assert!(driven.take_all() >= 16 + 8);
    assert_eq!(driven.seen, ["wide", "text"]);
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and src/protocol has short ones")]
fn a_fin_or_a_loss_comes_after_the_message_that_is_being_made() {
    for is_lost in [false, true] {
        let mut driven = with_a_long_text(|_| {});
        assert!(driven.take(Pressure::default(), 0) && driven.session.is_making());
        match is_lost {
            true => driven.session.lose_after_unread(0),
            false => driven.session.end_after_unread(),
        }
        driven.take_all();
        let expected = ["wide", "text", "closing"];
        assert_eq!(driven.seen, expected[..if is_lost { 2 } else { 3 }]);
        let end = if is_lost { State::Closed } else { State::Open };
        assert_eq!(driven.session.phase(), end);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and src/protocol has short ones")]
fn nobody_has_a_message_that_is_being_made_when_the_app_closes_or_drops_the_connection() {
    for steps in [1, 10] {
        let mut driven = with_a_long_text(|_| {});
        for _ in 0..steps {
            assert!(driven.take(Pressure::default(), 0) && driven.session.is_making());
        }
        let closed = &mut driven.session;
        closed.close(1_000, "", 0, &mut driven.out);
        assert!(!closed.is_making());
        driven.take_all();
        assert_eq!(driven.seen, [""; 0]);

        let mut driven = with_a_long_text(|_| {});
        for _ in 0..steps {
            driven.take(Pressure::default(), 0);
        }
        driven.session.discard_unread(0);
        driven.take_all();
        assert_eq!(driven.seen, [""; 0]);
        assert_eq!(driven.session.phase(), State::Closed);
    }
}

#[test]
#[cfg_attr(miri, ignore = "it takes Miri long, and src/protocol has short ones")]
fn a_peer_whose_message_is_being_made_is_neither_idle_nor_held_back() {
    // 8 steps inflate, and those from then on transcode.
    for steps in [8, 12] {
        let mut driven = with_a_long_text(|config| {
            config.timeout = Some(1_000);
            config.limits.max_messages = Some(MessageLimit {
                per_second: 1,
                burst: 1,
                past: PastLimit::HoldBack,
            });
        });
        for step in 1..=steps {
            assert!(driven.take(Pressure::default(), 0), "{step}");
        }
        assert!(driven.session.is_making() && driven.session.is_due(1_000));
        // It is heard to have come just now.
        driven.fire(1_000);
        assert_eq!(driven.seen, [""; 0], "after {steps} steps");
        assert_eq!(driven.session.phase(), State::Open);
        driven.take_all();
        assert_eq!(driven.seen, ["wide"]);
        assert!(driven.session.held_back_until().is_some());
    }
}
