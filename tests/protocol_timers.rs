//! The clocks of a connection, with two endpoints in memory and time made up.

mod support;

use support::*;
use websockets::protocol::{Config, Millis, Opcode, Role, State};

fn config(role: Role, timeout: Option<Millis>, ping_interval: Option<Millis>) -> Config {
    Config {
        timeout,
        ping_interval,
        ..Config::new(role)
    }
}

fn idle_after(timeout: Millis) -> End {
    End::new(config(Role::Server, Some(timeout), None))
}

fn pinging_every(interval: Millis) -> End {
    End::new(config(Role::Server, None, Some(interval)))
}

#[test]
fn a_silent_peer_is_closed_with_1001_timeout() {
    let mut end = idle_after(1_000);
    end.sleep_until(999);
    assert_eq!(end.state(), State::Open);
    end.sleep_until(1_000);
    assert_eq!(end.seen, [Seen::Closing]);
    assert_eq!(end.state(), State::Closing);
    assert_eq!(end.take_sent(), [(Opcode::Close, status(1001, "timeout"))]);
    assert_eq!(end.connection.deadline(), Some(6_000));
    end.sleep_until(6_000);
    assert_eq!(end.state(), State::Closed);
    assert_eq!(end.close_event(), (1001, "timeout"));
}

#[test]
fn a_peer_that_sends_a_long_message_slowly_is_not_idle() {
    let mut end = idle_after(1_000);
    for (i, byte) in masked(Opcode::Text, b"slow").iter().enumerate() {
        end.sleep_until(i as Millis * 900);
        end.receive(&[*byte]);
    }
    assert_eq!(end.seen, [text("slow")]);
}

#[test]
fn no_bytes_are_no_sign_of_life() {
    let mut end = idle_after(1_000);
    end.sleep_until(500);
    end.receive(&[]);
    assert_eq!(end.connection.deadline(), Some(1_000));
}

#[test]
fn a_call_before_the_deadline_does_nothing() {
    let mut end = idle_after(1_000);
    end.now = 999;
    end.handle_timeout();
    assert_eq!(end.state(), State::Open);
    assert!(end.out.is_empty());
}

#[test]
fn without_a_timeout_nothing_is_due() {
    let end = End::new(config(Role::Server, None, None));
    assert_eq!(end.connection.deadline(), None);
}

#[test]
fn a_peer_that_does_not_answer_a_ping_is_dropped() {
    let mut end = pinging_every(100);
    end.sleep_until(100);
    let sent = end.take_sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].0, Opcode::Ping);
    end.sleep_until(199);
    assert_eq!(end.state(), State::Open);
    end.sleep_until(200);
    assert_eq!(end.state(), State::Closed);
    assert_eq!(end.close_event(), (1006, ""));
    assert_eq!(end.seen, []);
    assert!(end.out.is_empty());
}

#[test]
fn any_byte_answers_a_ping() {
    let mut end = pinging_every(100);
    end.sleep_until(150);
    end.receive(&masked(Opcode::Text, b"")[..1]);
    assert_eq!(end.connection.deadline(), Some(250));
    end.sleep_until(249);
    assert_eq!(end.take_sent().len(), 1);
    end.sleep_until(250);
    assert_eq!(end.take_sent().len(), 1);
    assert_eq!(end.state(), State::Open);
}

#[test]
fn a_pong_is_reported_unless_it_answers_an_automatic_ping() {
    let mut end = pinging_every(100);
    end.receive(&masked(Opcode::Pong, b""));
    assert_eq!(end.take_seen(), [Seen::Pong(vec![])]);
    end.sleep_until(100);
    let (_, ping) = end.take_sent().remove(0);
    end.receive(&masked(Opcode::Pong, b"unsolicited"));
    end.receive(&masked(Opcode::Pong, b""));
    end.receive(&masked(Opcode::Pong, &ping));
    assert_eq!(
        end.take_seen(),
        [Seen::Pong(b"unsolicited".to_vec()), Seen::Pong(vec![])]
    );
}

#[test]
fn a_late_pong_to_an_earlier_automatic_ping_is_not_reported() {
    let mut end = pinging_every(100);
    end.sleep_until(100);
    let (_, first) = end.take_sent().remove(0);
    end.receive(&masked(Opcode::Ping, b""));
    end.take_seen();
    end.sleep_until(200);
    end.receive(&masked(Opcode::Pong, &first));
    assert_eq!(end.seen, []);
}

#[test]
fn two_endpoints_keep_each_other_alive() {
    let mut server = pinging_every(100);
    let mut client = End::new(config(Role::Client, Some(150), None));
    for now in (0..10_000).step_by(10) {
        server.sleep_until(now);
        client.receive(&std::mem::take(&mut server.out));
        client.sleep_until(now);
        server.receive(&std::mem::take(&mut client.out));
    }
    assert_eq!((server.state(), client.state()), (State::Open, State::Open));
    assert_eq!(server.seen, []);
    // It is the client's application that sees the pings, as it would anyone's.
    assert_eq!(client.seen.len(), 99);
}

#[test]
fn the_earlier_of_idle_timeout_and_lost_peer_wins() {
    let mut end = End::new(config(Role::Server, Some(200), Some(150)));
    end.sleep_until(200);
    assert_eq!(end.seen, [Seen::Closing]);
    let sent = end.take_sent();
    assert_eq!(sent[0].0, Opcode::Ping);
    assert_eq!(sent[1], (Opcode::Close, status(1001, "timeout")));
}

#[test]
fn a_driver_that_wakes_late_catches_up() {
    let mut end = End::new(config(Role::Server, Some(500), Some(100)));
    end.now = 1_000_000;
    end.handle_timeout();
    assert_eq!(end.seen, [Seen::Closing]);
    assert_eq!(end.state(), State::Closing);
    assert_eq!(end.connection.deadline(), Some(1_005_000));
}

#[test]
fn the_idle_and_ping_clocks_stand_still_while_suspended() {
    let mut end = End::new(config(Role::Server, Some(300), Some(100)));
    end.sleep_until(50);
    end.connection.suspend(50);
    assert_eq!(end.connection.deadline(), None);
    end.sleep_until(100_000);
    end.handle_timeout();
    assert_eq!(end.state(), State::Open);
    assert!(end.out.is_empty());
    end.connection.resume(100_000);
    assert_eq!(end.connection.deadline(), Some(100_050));
    end.sleep_until(100_050);
    assert_eq!(end.take_sent().len(), 1);
    assert_eq!(end.connection.deadline(), Some(100_150));
}

#[test]
fn the_close_deadline_runs_while_suspended() {
    let mut end = idle_after(1_000);
    end.connection.suspend(0);
    end.sleep_until(2_000);
    end.close(1000, "");
    assert_eq!(end.connection.deadline(), Some(7_000));
    end.sleep_until(7_000);
    assert_eq!(end.state(), State::Closed);
}

#[test]
fn timers_do_not_overflow() {
    let mut end = End::new(Config {
        close_timeout: Millis::MAX,
        ..config(Role::Server, Some(Millis::MAX), Some(Millis::MAX))
    });
    end.now = 7;
    end.receive(&masked(Opcode::Text, b"x"));
    assert_eq!(end.connection.deadline(), Some(Millis::MAX));
    end.close(1000, "");
    assert_eq!(end.connection.deadline(), Some(Millis::MAX));
}
