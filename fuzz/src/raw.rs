//! A session before a WebSocket begins, and the one that follows it: every byte is one's or the other's, once and in order.

use std::sync::Arc;

use websockets::engine::{Brought, Pressure, Session};
use websockets::protocol::{Config, Event, Role, State, read_request_head};

use crate::input::Input;
use crate::support::Seen;
use crate::support::outcome::Outcome;

/// Most steps of a case.
const STEPS: usize = 200;
/// Most bytes of the head of a request.
const HEAD: u32 = 1024;

/// What a raw session has brought, and its transport has.
struct Driven {
    session: Session,
    /// All that was handed on.
    brought: Vec<u8>,
    /// What it gets now.
    coming: Vec<u8>,
    has_ended: bool,
    has_stopped: bool,
    has_ended_writes: bool,
}

impl Driven {
    fn run(&mut self, run: impl FnOnce(&mut Session, &mut dyn FnMut(Brought<'_>) -> usize)) {
        let Self {
            session,
            brought,
            coming,
            has_ended,
            has_stopped,
            ..
        } = self;
        run(session, &mut |event| {
            assert!(!*has_stopped, "{event:?} after the stop");
            match event {
                Brought::Bytes(bytes) => {
                    assert!(!*has_ended, "bytes after the end");
                    brought.extend_from_slice(bytes);
                }
                Brought::Head(head) => {
                    assert!(
                        brought.is_empty() && !*has_ended,
                        "only what comes first is a head"
                    );
                    let expected = read_request_head(coming, HEAD as usize);
                    assert_eq!(expected.as_deref(), Some(head));
                    brought.append(coming);
                }
                Brought::Ended => assert!(!std::mem::replace(has_ended, true), "it ends twice"),
                Brought::Stopped => *has_stopped = true,
                Brought::Event(_) | Brought::Wide(_) => panic!("{event:?} of a raw session"),
            }
            1
        });
        if self.session.take_write_end() {
            assert!(!std::mem::replace(&mut self.has_ended_writes, true));
        }
        assert_eq!(self.session.deadline(), None);
    }
}

/// An input: how many steps, these, how much of what was brought the reader of the handshake has used, the stream.
pub(crate) fn raw(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let count = 1 + usize::from(input.byte() % 32);
    let steps = input.bytes(count);
    let used = usize::from(input.byte());
    let mut stream = Input::new(input.rest());
    let config = Config {
        timeout: None,
        ..Config::new(Role::Server)
    };
    let mut driven = Driven {
        session: Session::raw(Arc::new(config), HEAD, 0),
        brought: Vec::new(),
        coming: Vec::new(),
        has_ended: false,
        has_stopped: false,
        has_ended_writes: false,
    };
    let mut given = Vec::new();
    for step in steps.iter().take(STEPS) {
        take_step(*step, &mut stream, &mut given, &mut driven);
        if driven.session.phase() == State::Closed || driven.has_stopped {
            break;
        }
    }
    let is_over = driven.session.phase() == State::Closed;
    driven.run(|session, record| session.stop(&mut |event| record(event)));
    assert!(is_over || driven.has_stopped, "it stops at once");
    assert!(!driven.session.may_read() || is_over);
    if is_over {
        assert!(given.starts_with(&driven.brought));
        return;
    }
    assert_eq!(driven.brought, given);

    // What was brought and not used is the next one's, and so is all that comes now.
    let rest = &driven.brought[used.min(driven.brought.len())..];
    let mut last = stream.rest().to_vec();
    follow(rest, &mut last);
}

fn take_step(step: u8, stream: &mut Input<'_>, given: &mut Vec<u8>, driven: &mut Driven) {
    let mut out = Vec::new();
    match step % 8 {
        0..=3 if driven.session.may_read() => {
            let mut bytes = stream.bytes(usize::from(step)).to_vec();
            given.extend_from_slice(&bytes);
            driven.coming.clone_from(&bytes);
            driven.run(|session, record| {
                let event = &mut |event: Brought<'_>| record(event);
                session.receive(&mut bytes, Pressure::default(), 0, &mut out, event);
            });
        }
        4 => {
            driven.session.pause(step >= 128, 0);
        }
        5 => {
            driven.session.suspend(0);
            assert!(!driven.session.may_read());
            driven.session.unsuspend(0);
        }
        6 if driven.session.may_read() && step >= 128 => {
            driven.run(|session, record| {
                session.end_reads(Pressure::default(), 0, &mut |event| record(event));
            });
        }
        6 => driven.run(|session, _| session.end_writes()),
        7 if step >= 192 => driven.run(|session, record| session.stop(&mut |event| record(event))),
        _ => driven.run(|session, _| session.written(&mut Vec::new())),
    }
    assert!(out.is_empty(), "it says nothing of its own");
}

/// The WebSocket hears what one hears that gets all of it at once.
fn follow(rest: &[u8], last: &mut [u8]) {
    let config = Config {
        timeout: None,
        ..Config::new(Role::Server)
    };
    let expected = Outcome::of(&config, [&[rest, &*last].concat()[..]]);
    let mut session = Session::new(Arc::new(config), 0);
    let mut seen: Vec<Seen> = Vec::new();
    session.give(rest.to_vec());
    let mut record = |brought: Brought<'_>| {
        seen.push(match brought {
            Brought::Event(event) => Event::into(event),
            Brought::Wide(wide) => Seen::Text(String::from_utf16_lossy(&wide)),
            other => panic!("{other:?} of a WebSocket"),
        });
        1
    };
    let mut out = Vec::new();
    while session.is_behind() && session.take(Pressure::default(), 0, &mut out, &mut record) {}
    if session.may_read() && session.phase() == State::Open {
        session.receive(last, Pressure::default(), 0, &mut out, &mut record);
        while session.is_behind() && session.take(Pressure::default(), 0, &mut out, &mut record) {}
    }
    let heard = seen.len().min(expected.seen.len());
    assert_eq!(seen[..], expected.seen[..heard]);
}
