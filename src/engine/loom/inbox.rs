//! A shard hears of all that is submitted, and whoever waits for it of its progress.

use std::sync::Arc;
use std::time::Instant;

use loom::thread;

use super::{an_hour_from_now, env, env_and_shard, in_every_order, submit, wait};
use crate::engine::batch::{Batch, Kind};
use crate::engine::command::{Command, Envelope};
use crate::engine::handle::ShardHandle;
use crate::engine::mailbox::{Mailbox, QUEUE_LIMIT};
use crate::engine::sync::Ordering;

#[test]
fn a_shard_that_stopped_reading_for_want_of_room_is_told_when_there_is_some() {
    in_every_order(|| {
        let (mailbox, events, handle) = env_and_shard();
        let shard = {
            let (mailbox, handle) = (mailbox.clone(), handle.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    mailbox.record(0, |batch| {
                        batch.push_bare(Kind::Drain, 1);
                        batch.records.last_mut().expect("it was pushed").cost = QUEUE_LIMIT;
                        QUEUE_LIMIT
                    });
                    if mailbox.undelivered.is_full() && mailbox.undelivered.suspend() {
                        while !handle.take().iter().any(is_resume) {
                            wait(handle.woken());
                        }
                    }
                }
            })
        };
        let mut delivered = 0;
        while delivered < 2 {
            wait(events.rung.notified());
            events.outstanding.store(0, Ordering::SeqCst);
            loop {
                let batch = mailbox.take(0, Batch::default());
                delivered += batch.records.len();
                let cost = batch.records.iter().map(|record| record.cost).sum();
                if mailbox.undelivered.delivered(cost) {
                    submit(&handle, &mailbox, Command::Resume);
                }
                if batch.records.is_empty() && mailbox.rest() {
                    break;
                }
            }
        }
        shard.join().expect("it goes on");
    });
}

fn is_resume((_, envelope): &(Instant, Envelope)) -> bool {
    matches!(envelope.commands[..], [Command::Resume])
}

/// A shard that carries out commands until it is stopped: how many these were.
fn working(handle: &Arc<ShardHandle>) -> thread::JoinHandle<usize> {
    let handle = handle.clone();
    thread::spawn(move || {
        let mut count = 0;
        while !handle.is_stopped() {
            for (_, envelope) in handle.take() {
                count += envelope.commands.len();
                envelope.mailbox.command_done(0);
            }
            wait(handle.woken());
        }
        count
    })
}

/// Another thread, that submits something.
fn submitting(handle: &Arc<ShardHandle>, mailbox: &Arc<Mailbox>) -> thread::JoinHandle<()> {
    let (mailbox, handle) = (mailbox.clone(), handle.clone());
    thread::spawn(move || submit(&handle, &mailbox, Command::Leave))
}

#[test]
fn a_shard_hears_of_all_that_is_submitted() {
    in_every_order(|| {
        let (mailbox, _events, handle) = env_and_shard();
        let shard = working(&handle);
        let other = submitting(&handle, &mailbox);
        submit(&handle, &mailbox, Command::Leave);
        other.join().expect("it submits");
        mailbox.wait(0, 2, an_hour_from_now());
        handle.stop();
        assert_eq!(shard.join().expect("it ends"), 2);
    });
}

#[test]
fn a_shard_may_be_stopped_whatever_is_submitted() {
    in_every_order(|| {
        let (mailbox, _events, handle) = env_and_shard();
        let shard = working(&handle);
        let other = submitting(&handle, &mailbox);
        handle.stop();
        other.join().expect("it submits");
        let done = shard.join().expect("it ends");
        assert_eq!(done + handle.take().len(), 1);
    });
}

#[test]
fn whoever_waits_for_a_shard_hears_of_its_progress() {
    in_every_order(|| {
        let (mailbox, _events) = env(1);
        let shard = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                mailbox.command_done(0);
                mailbox.command_done(0);
            })
        };
        mailbox.wait(0, 2, an_hour_from_now());
        assert_eq!(mailbox.processed(0), 2);
        shard.join().expect("it goes on");
    });
}
