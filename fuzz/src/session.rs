//! A session, and a transport that does everything in any order.

use std::sync::Arc;

use websockets::engine::{Brought, Pressure, Session};
use websockets::protocol::{Config, Millis, Opcode, Progress, Role, State};

use crate::input::Input;
use crate::support::outcome::Outcome;
use crate::support::{Seen, frames};

/// More than this waits if only the latest ping is answered.
const HIGH_MARK: usize = 64 * 1024;
/// Most steps of a case.
const STEPS: usize = 500;

/// An input: flags, how many steps, these, the stream. The steps are gone through again until the stream is over.
pub(crate) fn session(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let flags = input.byte();
    let count = 1 + usize::from(input.byte() % 32);
    let steps = input.bytes(count);
    let mut stream = Input::new(input.rest());
    let mut driven = Driven::new(flags);
    for step in steps.iter().cycle().take(STEPS) {
        driven.take_step(*step, &mut stream);
        if stream.is_empty() && driven.given.len() >= count {
            break;
        }
    }
    driven.end();
}

/// A session, what came of it, and what its transport knows.
struct Driven {
    session: Session,
    config: Config,
    now: Millis,
    /// All that the peer sent.
    given: Vec<u8>,
    /// Bytes that wait to be written.
    queued: usize,
    sent: Vec<u8>,
    seen: Vec<Seen>,
    /// The closing answer is kept.
    keeps_answer: bool,
    is_congested: bool,
    has_ended_writes: bool,
    /// The closing began by us, or by the time.
    is_ours: bool,
    /// Or by the peer's FIN, while replies to what came before might be sent.
    is_fin: bool,
}

impl Driven {
    fn new(flags: u8) -> Self {
        let role = match flags & 1 {
            0 => Role::Server,
            _ => Role::Client,
        };
        let mut config = Config {
            ping_interval: (flags & 2 != 0).then_some(300),
            timeout: (flags & 4 == 0).then_some(1_000),
            enforce_masking: flags & 8 == 0,
            ..Config::new(role)
        };
        config.limits.max_payload = 2_000;
        config.limits.max_control_frames = None;
        Self {
            session: Session::new(Arc::new(config.clone()), 0),
            config,
            now: 0,
            given: Vec::new(),
            queued: 0,
            sent: Vec::new(),
            seen: Vec::new(),
            keeps_answer: false,
            is_congested: false,
            has_ended_writes: false,
            is_ours: false,
            is_fin: false,
        }
    }

    fn take_step(&mut self, step: u8, stream: &mut Input<'_>) {
        let now = self.now;
        let amount = [1, 3, 17, 100][usize::from(step >> 4) % 4];
        match step & 15 {
            0..=4 => {
                let piece = stream.bytes(amount * amount);
                self.given.extend_from_slice(piece);
                self.session.give(piece.to_vec());
                self.take();
            }
            5 => {
                self.session.pause(true, now);
            }
            6 => {
                self.session.pause(false, now);
                self.take();
            }
            7 => self.session.suspend(now),
            8 => {
                self.session.unsuspend(now);
                self.take();
            }
            9 => self.write(),
            10 => self.queued += HIGH_MARK,
            11 => self.answer(|session, out| session.release_closing_answer(out)),
            12 => {
                self.is_ours |= self.session.phase() == State::Open;
                self.answer(|session, out| {
                    session.close(1000, "ours", now, out);
                });
                self.take();
            }
            13 => {
                self.now += amount as Millis * 10;
                self.fire();
            }
            14 => {
                self.session.end_after_unread();
                self.take();
            }
            _ if step >> 4 == 0 => {
                self.session.lose_after_unread(now);
                self.take();
            }
            _ if step >> 4 == 1 => {
                self.run(|session, _, _| {
                    session.write_failed(now);
                });
                self.take();
            }
            _ => {}
        }
    }

    /// Takes what came, as far as it may be taken.
    fn take(&mut self) {
        loop {
            let pressure = Pressure {
                queued: self.queued,
                unsent: self.queued > 0,
                pings: 0,
            };
            let (now, mut has_taken) = (self.now, false);
            let unread = self.session.unread();
            self.is_congested |= self.session.may_read() && unread > 0 && self.queued > HIGH_MARK;
            let out = self.run(|session, out, mut record| {
                has_taken = session.take(pressure, now, out, &mut record);
            });
            assert!(
                !self.is_congested || out == 0,
                "a peer that does not read is answered"
            );
            assert!(!self.keeps_answer || out == 0, "overtakes the replies");
            if !has_taken {
                return;
            }
        }
    }

    /// All that waits is written, and what follows from that.
    fn write(&mut self) {
        self.is_congested = false;
        for _ in 0..3 {
            self.queued = 0;
            if self.run(|session, out, _| session.written(out)) == 0 {
                return;
            }
        }
        panic!("there is no end to what is to be written");
    }

    /// The closing answer leaves, if there is one.
    fn answer(&mut self, run: impl FnOnce(&mut Session, &mut Vec<u8>)) {
        let keeps_answer = std::mem::take(&mut self.keeps_answer);
        let out = self.run(|session, out, _| run(session, out));
        let is_over = self.session.phase() == State::Closed;
        assert!(
            !keeps_answer || out > 0 || is_over || self.is_fin,
            "the answer never leaves"
        );
        assert!(
            !self.is_fin || rank(self.session.phase()) > rank(State::Closing),
            "nothing ends after a FIN"
        );
    }

    fn fire(&mut self) {
        let now = self.now;
        if self.session.is_due(now) {
            self.keeps_answer = false;
            let before = self.seen.len();
            let progress = Progress {
                waits: self.queued > 0,
                taken: self.sent.len() as u64 - self.queued.min(self.sent.len()) as u64,
            };
            self.run(|session, out, mut record| {
                session.fire(now, progress, out, &mut record);
            });
            self.is_ours |= self.seen.len() > before;
        }
        assert!(!self.session.is_due(now), "it would be due for ever");
    }

    /// One step, and what always holds of it: how many bytes are to be sent.
    fn run(
        &mut self,
        run: impl FnOnce(&mut Session, &mut Vec<u8>, &mut dyn FnMut(Brought<'_>) -> usize),
    ) -> usize {
        let (before, events) = (rank(self.session.phase()), self.seen.len());
        let mut out = Vec::new();
        let seen = &mut self.seen;
        run(&mut self.session, &mut out, &mut |brought| {
            seen.push(match brought {
                Brought::Event(event) => event.into(),
                Brought::Wide(wide) => Seen::Text(String::from_utf16_lossy(&wide)),
                other => panic!("{other:?} of a session that is not raw"),
            });
            1
        });
        let phase = self.session.phase();
        assert!(rank(phase) >= before, "goes back");
        if before == rank(State::Closed) {
            assert!(out.is_empty() && self.seen.len() == events, "after the end");
        }
        assert!(
            out.is_empty() || !self.has_ended_writes,
            "after the write side"
        );
        for event in &self.seen[events..] {
            if matches!(event, Seen::Closing | Seen::Failed(_)) {
                assert!(out.is_empty(), "overtakes the replies");
                self.keeps_answer = true;
            }
        }
        if phase == State::Open && self.seen.len() > events && self.keeps_answer {
            // Both other closings end the phase.
            assert_eq!(self.seen.pop(), Some(Seen::Closing));
            self.is_fin = true;
        }
        if self.session.take_write_end() {
            assert_eq!(phase, State::Draining);
            assert!(!self.has_ended_writes && !self.keeps_answer);
            self.has_ended_writes = true;
        }
        self.queued += out.len();
        self.sent.extend_from_slice(&out);
        out.len()
    }

    /// The end, whatever came before.
    fn end(mut self) {
        self.session.pause(false, self.now);
        self.session.unsuspend(self.now);
        self.take();
        let taken = self.given.len() - self.session.unread();
        let expected = Outcome::of(&self.config, [&self.given[..taken]]);
        self.session.lose_after_unread(self.now);
        self.take();
        assert_eq!(self.session.phase(), State::Closed);

        assert!(
            !self.is_fin || self.is_ours || self.session.close_frames().is_none(),
            "a FIN is no close frame"
        );
        let sent = frames(&self.sent, self.config.role == Role::Client);
        let closes = sent.iter().filter(|frame| frame.0 == Opcode::Close).count();
        assert!(closes <= 1 && (closes == 0 || sent.last().map(|f| f.0) == Some(Opcode::Close)));
        let ends = |seen: &Seen| matches!(seen, Seen::Closing | Seen::Failed(_));
        let begun = self.seen.iter().position(ends);
        assert!(
            begun.is_none_or(|at| at + 1 == self.seen.len()),
            "after the closing"
        );
        if !self.is_ours {
            let heard = self.seen.len();
            assert_eq!(
                self.seen[..],
                expected.seen[..heard.min(expected.seen.len())]
            );
            if begun.is_none() && closes == 0 {
                assert_eq!(self.session.close_frames(), None);
            }
        }
    }
}

/// The phases in their order.
fn rank(phase: State) -> u8 {
    match phase {
        State::Open => 0,
        State::Closing => 1,
        State::Draining => 2,
        State::Closed => 3,
    }
}
