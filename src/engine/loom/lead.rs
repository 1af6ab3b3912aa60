//! Whoever leads, nothing waits for good: neither what is submitted, nor what sockets bring, nor a deadline, nor a
//! record.

use std::sync::Arc;

use loom::thread;

use super::{EventLoop, env, env_and_shard, in_every_order, wait};
use crate::engine::batch::{Batch, Kind};
use crate::engine::command::{Command, Envelope};
use crate::engine::gate::{Gate, THREAD};
use crate::engine::handle::ShardHandle;
use crate::engine::mailbox::{Mailbox, Recorder, Rings};
use crate::engine::sync::{AtomicUsize, Notify, Ordering};
use crate::engine::undelivered::Undelivered;

const ENV: u64 = 1;

/// What is inside: how many commands were carried out.
type Done = usize;

/// An env, and a shard that it leads.
fn led() -> (Arc<Mailbox>, Arc<ShardHandle>, Arc<Gate<Done>>) {
    let (mailbox, _events, handle) = env_and_shard();
    let gate = Arc::new(Gate::new(handle.clone(), 0));
    assert!(gate.hand(THREAD, ENV));
    (mailbox, handle, gate)
}

/// Carries out what was submitted.
fn carry_out(handle: &ShardHandle, done: &mut Done) {
    for (_, envelope) in handle.take() {
        *done += envelope.commands.len();
    }
}

/// An env submits something.
fn submit(gate: &Gate<Done>, handle: &ShardHandle, mailbox: &Arc<Mailbox>) {
    let envelope = Envelope {
        mailbox: mailbox.clone(),
        commands: vec![Command::Leave],
    };
    gate.submit(ENV, envelope, |done| {
        carry_out(handle, done);
        (false, None)
    });
}

#[test]
fn what_an_env_submits_is_carried_out_whoever_is_inside() {
    in_every_order(|| {
        let (mailbox, handle, gate) = led();
        let thread = {
            let (handle, gate) = (handle.clone(), gate.clone());
            // It runs a round of its own accord, as for a deadline, and then those that it is told to.
            thread::spawn(move || {
                loop {
                    {
                        let mut done = gate.enter();
                        carry_out(&handle, &mut done);
                        if *done == 2 {
                            break;
                        }
                    }
                    if gate.leader() == THREAD {
                        wait(handle.woken());
                    } else {
                        thread::yield_now();
                    }
                }
            })
        };
        submit(&gate, &handle, &mailbox);
        submit(&gate, &handle, &mailbox);
        thread.join().expect("it hears of both");
    });
}

#[test]
fn what_an_env_submits_is_carried_out_whoever_takes_the_lead_meanwhile() {
    in_every_order(|| {
        let (mailbox, handle, gate) = led();
        let thread = {
            let (handle, gate) = (handle.clone(), gate.clone());
            thread::spawn(move || {
                gate.hand(ENV, THREAD);
                loop {
                    {
                        let mut done = gate.enter();
                        carry_out(&handle, &mut done);
                        if *done == 1 {
                            break;
                        }
                    }
                    wait(handle.woken());
                }
            })
        };
        submit(&gate, &handle, &mailbox);
        thread.join().expect("it hears of it");
    });
}

#[test]
fn what_sockets_bring_is_heard_whoever_leads() {
    in_every_order(|| {
        let (_mailbox, handle, gate) = led();
        // What waits in the poller: the loop of the env is told for as long as something does, the I/O thread once.
        let (poller, edge) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let peer = {
            let (poller, edge) = (poller.clone(), edge.clone());
            thread::spawn(move || {
                poller.fetch_add(1, Ordering::SeqCst);
                edge.notify_one();
            })
        };
        let thread = {
            let (handle, gate, poller) = (handle.clone(), gate.clone(), poller.clone());
            thread::spawn(move || {
                // It watches, until the lead comes back: then it looks at once, and waits for what comes.
                wait(handle.woken());
                assert_eq!(gate.leader(), THREAD);
                loop {
                    let mut heard = gate.enter();
                    *heard += poller.swap(0, Ordering::SeqCst);
                    if *heard == 1 {
                        break;
                    }
                    drop(heard);
                    wait(edge.notified());
                }
            })
        };
        if poller.load(Ordering::SeqCst) > 0 {
            gate.lead_with(ENV, |heard| {
                *heard += poller.swap(0, Ordering::SeqCst);
                ((), None)
            });
        }
        gate.give_back(ENV);
        peer.join().expect("it sends");
        thread.join().expect("it hears of that");
    });
}

#[test]
fn what_a_round_leaves_is_gone_on_with_whoever_took_the_lead_meanwhile() {
    in_every_order(|| {
        let (_mailbox, handle, gate) = led();
        let poller = Arc::new(AtomicUsize::new(2));
        let thread = {
            let (handle, gate, poller) = (handle.clone(), gate.clone(), poller.clone());
            thread::spawn(move || {
                // It has seen that no rounds are run.
                gate.hand(ENV, THREAD);
                loop {
                    let mut heard = gate.enter();
                    *heard += poller.swap(0, Ordering::SeqCst);
                    // Of the two, the one that the env has left.
                    if *heard >= 2 {
                        break;
                    }
                    drop(heard);
                    wait(handle.woken());
                }
            })
        };
        // It hears of both, and has time for one: the other is to be done.
        let is_behind = gate.lead_with(ENV, |heard| {
            let both = poller.swap(0, Ordering::SeqCst);
            poller.store(both / 2, Ordering::SeqCst);
            *heard += both - both / 2;
            (both > 0, None)
        });
        if is_behind == Some(true) {
            gate.give_back(ENV);
            handle.wake();
        }
        thread.join().expect("it goes on");
    });
}

#[test]
fn an_older_deadline_does_not_hide_a_sooner_one() {
    in_every_order(|| {
        let (_mailbox, handle, gate) = led();
        let thread = {
            let (handle, gate) = (handle.clone(), gate.clone());
            thread::spawn(move || {
                // What is inside says which deadlines there are: the thread adds one.
                let mut done = gate.enter();
                *done = 1;
                gate.set_deadline(Some(5));
                drop(done);
                while gate.deadline() != Some(5) {
                    wait(handle.woken());
                }
            })
        };
        gate.lead_with(ENV, |done| ((), Some(if *done == 1 { 5 } else { 10 })));
        thread.join().expect("it knows of its deadline");
    });
}

#[test]
fn the_thread_hears_of_a_deadline_that_comes_sooner() {
    in_every_order(|| {
        let (_mailbox, handle, gate) = led();
        let thread = {
            let (handle, gate) = (handle.clone(), gate.clone());
            thread::spawn(move || {
                while gate.deadline() != Some(5) {
                    wait(handle.woken());
                }
            })
        };
        for deadline in [10, 5] {
            gate.lead_with(ENV, |_| ((), Some(deadline)));
        }
        thread.join().expect("it sleeps until then");
    });
}

/// The env runs a round, and drains what that has recorded.
fn round_here(mailbox: &Arc<Mailbox>) -> Vec<Kind> {
    let mut rings = Rings::default();
    rings.enter(mailbox.clone());
    let undelivered = Undelivered::up_to(usize::MAX);
    Recorder::new(mailbox, &undelivered, 0, &mut rings)
        .add(|batch| batch.push_bare(Kind::Drain, 1));
    rings.ring();
    assert!(rings.leave(), "it is told to drain");
    let mut delivered = Vec::new();
    loop {
        let mut idle = true;
        for shard in 0..mailbox.lanes() {
            let batch = mailbox.take(shard, Batch::default());
            idle &= batch.records.is_empty();
            delivered.extend(batch.records.iter().map(|record| record.kind));
        }
        if idle && mailbox.rest() {
            return delivered;
        }
    }
}

/// Answers the rings that are under way.
fn answer(events: &EventLoop, mailbox: &Mailbox) -> Vec<Kind> {
    wait(events.rung.notified());
    events.outstanding.store(0, Ordering::SeqCst);
    let mut delivered = Vec::new();
    loop {
        let batches = (0..mailbox.lanes()).map(|shard| mailbox.take(shard, Batch::default()));
        let before = delivered.len();
        for batch in batches {
            delivered.extend(batch.records.iter().map(|record| record.kind));
        }
        if delivered.len() == before && mailbox.rest() {
            return delivered;
        }
    }
}

#[test]
fn a_round_on_the_env_s_own_thread_hushes_no_other_shard() {
    in_every_order(|| {
        let (mailbox, events) = env(2);
        let other = {
            let mailbox = mailbox.clone();
            thread::spawn(move || {
                mailbox.record(1, |batch| batch.push_bare(Kind::Closing, 2));
            })
        };
        let mut delivered = round_here(&mailbox);
        while delivered.len() < 2 {
            delivered.extend(answer(&events, &mailbox));
        }
        other.join().expect("it records");
        assert_eq!(delivered.len(), 2);
    });
}
