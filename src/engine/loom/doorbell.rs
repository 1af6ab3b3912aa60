//! Records are delivered, and rings never overlap.

use std::sync::Arc;

use loom::thread;

use super::{env, in_every_order};
use crate::engine::batch::Kind;
use crate::engine::mailbox::{Mailbox, Recorder, Rings};
use crate::engine::sync::Ordering;
use crate::engine::undelivered::Undelivered;

/// A shard that records this much, one record after the other.
fn recording(mailbox: &Arc<Mailbox>, shard: usize, count: usize) -> thread::JoinHandle<()> {
    let mailbox = mailbox.clone();
    thread::spawn(move || {
        for _ in 0..count {
            mailbox.record(shard, |batch| batch.push_bare(Kind::Drain, 1));
        }
    })
}

/// A shard that records two things, shows the first before the second, and rings at the end.
fn round(mailbox: &Arc<Mailbox>) -> thread::JoinHandle<()> {
    let mailbox = mailbox.clone();
    thread::spawn(move || {
        let mut rings = Rings::default();
        let undelivered = Undelivered::up_to(usize::MAX);
        let mut recorder = Recorder::new(&mailbox, &undelivered, 0, &mut rings);
        recorder.add(|batch| batch.push_bare(Kind::Drain, 1));
        recorder.show();
        recorder.add(|batch| batch.push_bare(Kind::Closing, 1));
        drop(recorder);
        rings.ring();
    })
}

#[test]
fn each_record_is_delivered_and_rings_never_overlap() {
    in_every_order(|| {
        let (mailbox, events) = env(2);
        let shards = [recording(&mailbox, 0, 1), recording(&mailbox, 1, 1)];
        assert_eq!(events.deliver(&mailbox, 2, false).len(), 2);
        for shard in shards {
            shard.join().expect("it records");
        }
        assert_eq!(mailbox.undelivered.cost(), 0);
    });
}

#[test]
fn a_drain_that_gives_way_to_the_loop_is_not_rung() {
    in_every_order(|| {
        let (mailbox, events) = env(1);
        let shard = recording(&mailbox, 0, 3);
        assert_eq!(events.deliver(&mailbox, 3, true).len(), 3);
        shard.join().expect("it records");
    });
}

#[test]
fn what_a_round_records_is_delivered_once_it_rings() {
    in_every_order(|| {
        let (mailbox, events) = env(1);
        let shard = round(&mailbox);
        let delivered = events.deliver(&mailbox, 2, false);
        assert_eq!(delivered, [Kind::Drain, Kind::Closing]);
        shard.join().expect("it records");
        assert_eq!(mailbox.undelivered.cost(), 0);
    });
}

#[test]
fn a_round_rings_an_env_that_another_shard_has_woken() {
    in_every_order(|| {
        let (mailbox, events) = env(2);
        let round = round(&mailbox);
        let other = recording(&mailbox, 1, 1);
        assert_eq!(events.deliver(&mailbox, 3, false).len(), 3);
        for shard in [round, other] {
            shard.join().expect("it records");
        }
        assert_eq!(mailbox.undelivered.cost(), 0);
    });
}

#[test]
fn nobody_is_rung_once_detach_has_returned() {
    in_every_order(|| {
        let (mailbox, events) = env(2);
        let shards = [recording(&mailbox, 0, 1), recording(&mailbox, 1, 1)];
        mailbox.detach();
        events.ended.store(true, Ordering::SeqCst);
        for shard in shards {
            shard.join().expect("it records");
        }
    });
}
