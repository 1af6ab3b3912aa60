//! What threads do to each other through [`Port`], [`ShardHandle`] and [`Shared`], run in every order
//! by loom: no wake-up is lost, no two rings are under way, nothing is written twice, out of order or
//! not at all, whoever ends when.
//!
//! The code between the threads is the engine's own. The threads themselves are small here: an env
//! that drains as `src/binding/drain.rs` does, a shard that carries out what `shard.rs` does without
//! sockets of a runtime. The descriptors are real, one end of a pair.
//!
//! ```sh
//! cargo test --no-default-features --features loom --lib model
//! ```

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use loom::thread;

use super::batch::{Batch, Kind};
use super::port::{Doorbell, Port, QUEUE_LIMIT};
use super::shard::ShardHandle;
use super::shared::{Append, Flush, Shared, Thread};
use super::submission::{Envelope, Submission};
use super::sync::{AtomicBool, AtomicUsize, Notify, Ordering};
use crate::protocol::{Config, Role};

/// Preemptions in one run: most that goes wrong between two threads needs two of them.
const PREEMPTIONS: usize = 3;

/// Runs `model` in every order in which its threads can take turns.
fn in_every_order(model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS);
    builder.check(model);
}

/// Waits as a task does; the model's wake-ups block.
fn wait(future: impl Future<Output = ()>) {
    let waited = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(waited.is_ready());
}

/// An env's event loop, as far as its doorbell is concerned.
#[derive(Default)]
struct EventLoop {
    rung: Notify,
    /// Rings that the env has not begun to answer.
    outstanding: AtomicUsize,
    ended: AtomicBool,
}

struct Bell(Arc<EventLoop>);

impl Doorbell for Bell {
    fn ring(&self) {
        assert!(!self.0.ended.load(Ordering::SeqCst), "an ended env is rung");
        let before = self.0.outstanding.fetch_add(1, Ordering::SeqCst);
        assert_eq!(before, 0, "a second ring before the first was answered");
        self.0.rung.notify_one();
    }
}

/// An env: its port, and the loop that is rung.
fn env(shards: usize) -> (Arc<Port>, Arc<EventLoop>) {
    let events = Arc::new(EventLoop::default());
    let port = Port::new(shards, Box::new(Bell(events.clone())));
    (Arc::new(port), events)
}

impl EventLoop {
    /// Drains for as long as less than `expected` records have come. `gives_way`: after each round
    /// that brought some, the loop has its turn, and the drain goes on by itself.
    fn deliver(&self, port: &Port, expected: usize, gives_way: bool) -> Vec<Kind> {
        let mut delivered = Vec::new();
        while delivered.len() < expected {
            wait(self.rung.notified());
            assert_eq!(self.outstanding.swap(0, Ordering::SeqCst), 1);
            loop {
                let mut idle = true;
                for shard in 0..port.lanes() {
                    let batch = port.take(shard, Batch::default());
                    idle &= batch.records.is_empty();
                    let cost = batch.records.iter().map(|record| record.cost).sum();
                    let _ = port.delivered(cost);
                    delivered.extend(batch.records.iter().map(|record| record.kind));
                }
                if idle && port.rest() {
                    break;
                }
                if gives_way && !idle {
                    thread::yield_now();
                    assert_eq!(self.outstanding.load(Ordering::SeqCst), 0);
                }
            }
        }
        delivered
    }
}

/// A shard that records this much, one record after the other.
fn recording(port: &Arc<Port>, shard: usize, count: usize) -> thread::JoinHandle<()> {
    let port = port.clone();
    thread::spawn(move || {
        for _ in 0..count {
            port.record(shard, |batch| batch.push_bare(Kind::Drain, 1));
        }
    })
}

#[test]
fn each_record_is_delivered_and_rings_never_overlap() {
    in_every_order(|| {
        let (port, events) = env(2);
        let shards = [recording(&port, 0, 1), recording(&port, 1, 1)];
        assert_eq!(events.deliver(&port, 2, false).len(), 2);
        for shard in shards {
            shard.join().expect("it records");
        }
        assert_eq!(port.queued(), 0);
    });
}

#[test]
fn a_drain_that_gives_way_to_the_loop_is_not_rung() {
    in_every_order(|| {
        let (port, events) = env(1);
        let shard = recording(&port, 0, 3);
        assert_eq!(events.deliver(&port, 3, true).len(), 3);
        shard.join().expect("it records");
    });
}

#[test]
fn what_a_recorder_shows_early_is_delivered_as_well() {
    in_every_order(|| {
        let (port, events) = env(1);
        let shard = {
            let port = port.clone();
            thread::spawn(move || {
                let mut recorder = port.recorder(0);
                recorder.add(|batch| batch.push_bare(Kind::Drain, 1));
                recorder.show();
                recorder.add(|batch| batch.push_bare(Kind::Closing, 1));
            })
        };
        let delivered = events.deliver(&port, 2, false);
        assert_eq!(delivered, [Kind::Drain, Kind::Closing]);
        shard.join().expect("it records");
        assert_eq!(port.queued(), 0);
    });
}

#[test]
fn nobody_is_rung_once_detach_has_returned() {
    in_every_order(|| {
        let (port, events) = env(2);
        let shards = [recording(&port, 0, 1), recording(&port, 1, 1)];
        port.detach();
        events.ended.store(true, Ordering::SeqCst);
        for shard in shards {
            shard.join().expect("it records");
        }
    });
}

/// In the model no time runs out: whoever waits goes on because it was told.
fn an_hour_from_now() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// What an env hands to a shard.
fn submit(handle: &ShardHandle, port: &Arc<Port>, submission: Submission) {
    handle.submit(Envelope {
        port: port.clone(),
        submissions: vec![submission],
    });
}

#[test]
fn a_shard_that_stopped_reading_for_want_of_room_is_told_when_there_is_some() {
    in_every_order(|| {
        let (port, events) = env(1);
        let handle = Arc::new(ShardHandle::new(0, usize::MAX));
        let shard = {
            let (port, handle) = (port.clone(), handle.clone());
            thread::spawn(move || {
                for _ in 0..2 {
                    port.record(0, |batch| {
                        batch.push_bare(Kind::Drain, 1);
                        batch.records.last_mut().expect("it was pushed").cost = QUEUE_LIMIT;
                        QUEUE_LIMIT
                    });
                    if port.is_full() && port.suspend() {
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
                let batch = port.take(0, Batch::default());
                delivered += batch.records.len();
                let cost = batch.records.iter().map(|record| record.cost).sum();
                if port.delivered(cost) {
                    submit(&handle, &port, Submission::Resume);
                }
                if batch.records.is_empty() && port.rest() {
                    break;
                }
            }
        }
        shard.join().expect("it goes on");
    });
}

fn is_resume((_, envelope): &(Instant, Envelope)) -> bool {
    matches!(envelope.submissions[..], [Submission::Resume])
}

/// A shard that does what it is told until it is stopped: how much that was.
fn working(handle: &Arc<ShardHandle>) -> thread::JoinHandle<usize> {
    let handle = handle.clone();
    thread::spawn(move || {
        let mut count = 0;
        while !handle.is_stopped() {
            for (_, envelope) in handle.take() {
                count += envelope.submissions.len();
                envelope.port.submission_done(0, 0);
            }
            wait(handle.woken());
        }
        count
    })
}

#[test]
fn a_shard_hears_of_all_that_is_submitted() {
    in_every_order(|| {
        let (port, _events) = env(1);
        let handle = Arc::new(ShardHandle::new(0, usize::MAX));
        let shard = working(&handle);
        let other = {
            let (port, handle) = (port.clone(), handle.clone());
            thread::spawn(move || submit(&handle, &port, Submission::Leave))
        };
        submit(&handle, &port, Submission::Leave);
        other.join().expect("it submits");
        port.wait(0, 2, an_hour_from_now());
        handle.stop();
        assert_eq!(shard.join().expect("it ends"), 2);
    });
}

#[test]
fn a_shard_may_be_stopped_whatever_is_submitted() {
    in_every_order(|| {
        let (port, _events) = env(1);
        let handle = Arc::new(ShardHandle::new(0, usize::MAX));
        let shard = working(&handle);
        let other = {
            let (port, handle) = (port.clone(), handle.clone());
            thread::spawn(move || submit(&handle, &port, Submission::Leave))
        };
        handle.stop();
        other.join().expect("it submits");
        let done = shard.join().expect("it ends");
        assert_eq!(done + handle.take().len(), 1);
    });
}

#[test]
fn whoever_waits_for_a_shard_hears_of_its_progress() {
    in_every_order(|| {
        let (port, _events) = env(1);
        let shard = {
            let port = port.clone();
            thread::spawn(move || {
                port.submission_done(0, 0);
                port.submission_done(0, 0);
            })
        };
        port.wait(0, 2, an_hour_from_now());
        assert_eq!(port.processed(0), 2);
        shard.join().expect("it goes on");
    });
}

/// A connection, and what its peer reads.
fn connection(port: &Arc<Port>) -> (Arc<Shared>, UnixStream) {
    let (ours, peers) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("non-blocking");
    peers.set_nonblocking(true).expect("non-blocking");
    rustix::net::sockopt::set_socket_send_buffer_size(&ours, 1).expect("a small buffer");
    let config = Config::new(Role::Server);
    let shared = Shared::new(ours.into(), port.clone(), 0, 1, 1, &config, usize::MAX);
    shared.start();
    (Arc::new(shared), peers)
}

/// More than the kernel takes at once.
const LONG: usize = 24 * 1024;

/// Frames of one connection's, told apart by their bytes.
fn frame(byte: u8, length: usize) -> Vec<u8> {
    vec![byte; length]
}

/// The runs of equal bytes: which frames came, in order, and how long each is.
fn frames(bytes: &[u8]) -> Vec<(u8, usize)> {
    let runs = bytes.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len())).collect()
}

/// The shard's part of a connection's life: it appends what is submitted, and writes. Where the
/// kernel takes no more, the peer reads, and the shard is told that it can write.
struct Shard {
    handle: Arc<ShardHandle>,
    peer: UnixStream,
    received: Vec<u8>,
    /// It found JavaScript writing, and has not looked since.
    waits: bool,
}

impl Shard {
    /// Until the env detaches: then the peer has read all that was written.
    fn run(mut self) -> Vec<u8> {
        let mut is_over = false;
        while !is_over {
            for (_, envelope) in self.handle.take() {
                for submission in envelope.submissions {
                    is_over |= matches!(submission, Submission::Detach);
                    self.carry_out(&envelope.port, submission);
                }
            }
            if !is_over {
                wait(self.handle.woken());
            }
        }
        assert!(!self.waits, "nobody said that JavaScript has written");
        self.read();
        self.received
    }

    fn carry_out(&mut self, port: &Port, submission: Submission) {
        let (ordered, bytes) = (submission.is_ordered(), submission.bytes());
        match submission {
            Submission::Send(shared, frame) => {
                assert!(shared.shard_append(frame) == Append::Queued);
                self.settle(&shared);
            }
            Submission::Flush(shared) => self.settle(&shared),
            Submission::Terminate(shared) => {
                shared.finish();
                port.record(0, |batch| batch.push_close(1, (1006, "")));
            }
            _ => {}
        }
        if ordered {
            port.submission_done(0, bytes);
        }
    }

    fn settle(&mut self, shared: &Shared) {
        let mut flush = shared.flush(Thread::Shard, true);
        while flush == Flush::Blocked {
            self.read();
            flush = shared.flush(Thread::Shard, true);
        }
        self.waits = flush == Flush::Busy;
    }

    fn read(&mut self) {
        // It ends with `WouldBlock`, and has appended what came before.
        let _ = self.peer.read_to_end(&mut self.received);
    }
}

/// JavaScript's part: it writes itself where it may, and the shard is told where it must look.
fn flush_inline(shared: &Arc<Shared>, handle: &ShardHandle, port: &Arc<Port>) {
    if shared.flush_inline() {
        submit(handle, port, Submission::Flush(shared.clone()));
    }
}

/// An env and a shard with one connection. `javascript` is the env's part; what the peer has read in
/// the end is returned.
fn exchange(javascript: impl FnOnce(&Arc<Shared>, &Arc<ShardHandle>, &Arc<Port>)) -> Vec<u8> {
    let (port, _events) = env(1);
    port.detach(); // Records are not what this is about.
    let (shared, peer) = connection(&port);
    let handle = Arc::new(ShardHandle::new(0, usize::MAX));
    let shard = Shard {
        handle: handle.clone(),
        peer,
        received: Vec::new(),
        waits: false,
    };
    let shard = thread::spawn(move || shard.run());
    javascript(&shared, &handle, &port);
    submit(&handle, &port, Submission::Detach);
    let received = shard.join().expect("it ends");
    assert_eq!(shared.buffered(), 0, "nobody has written this");
    received
}

#[test]
fn both_threads_write_and_each_frame_leaves_whole_and_once() {
    in_every_order(|| {
        let received = exchange(|shared, handle, port| {
            submit(
                handle,
                port,
                Submission::Send(shared.clone(), frame(b's', 9)),
            );
            assert!(shared.append_owned(frame(b'j', 7)) == Append::Queued);
            flush_inline(shared, handle, port);
        });
        let mut frames = frames(&received);
        frames.sort_unstable();
        assert_eq!(frames, [(b'j', 7), (b's', 9)]);
    });
}

#[test]
fn what_the_kernel_does_not_take_is_left_to_the_shard() {
    in_every_order(|| {
        let received = exchange(|shared, handle, port| {
            assert!(shared.append_owned(frame(b'1', LONG)) == Append::Queued);
            flush_inline(shared, handle, port);
            assert!(shared.append_owned(frame(b'2', 5)) == Append::Queued);
            flush_inline(shared, handle, port);
        });
        assert_eq!(frames(&received), [(b'1', LONG), (b'2', 5)]);
    });
}

#[test]
fn a_shard_that_finds_javascript_writing_is_told_of_the_end() {
    in_every_order(|| {
        let received = exchange(|shared, handle, port| {
            assert!(shared.append_owned(frame(b'1', 5)) == Append::Queued);
            submit(handle, port, Submission::Flush(shared.clone()));
            flush_inline(shared, handle, port);
            assert!(shared.append_owned(frame(b'2', LONG)) == Append::Queued);
            flush_inline(shared, handle, port);
        });
        assert_eq!(frames(&received), [(b'1', 5), (b'2', LONG)]);
    });
}

#[test]
fn frames_leave_in_the_order_of_the_calls_whoever_appends_them() {
    in_every_order(|| {
        let received = exchange(|shared, handle, port| {
            submit(
                handle,
                port,
                Submission::Send(shared.clone(), frame(b'1', 5)),
            );
            // As `in_order` of the binding: straight to the outbox only behind all that was submitted.
            if port.processed(0) == 1 {
                assert!(shared.append_owned(frame(b'2', 6)) == Append::Queued);
                flush_inline(shared, handle, port);
            } else {
                submit(
                    handle,
                    port,
                    Submission::Send(shared.clone(), frame(b'2', 6)),
                );
            }
            port.wait(0, 1, an_hour_from_now());
        });
        assert_eq!(frames(&received), [(b'1', 5), (b'2', 6)]);
    });
}

#[test]
fn a_connection_may_end_while_it_is_written_to() {
    in_every_order(|| {
        let (port, events) = env(1);
        let (shared, peer) = connection(&port);
        let handle = Arc::new(ShardHandle::new(0, usize::MAX));
        let shard = Shard {
            handle: handle.clone(),
            peer,
            received: Vec::new(),
            waits: false,
        };
        let shard = thread::spawn(move || shard.run());
        submit(&handle, &port, Submission::Terminate(shared.clone()));
        let append = shared.append_owned(frame(b'1', 5));
        assert!(append == Append::Queued || append == Append::Closed);
        flush_inline(&shared, &handle, &port);
        port.detach();
        events.ended.store(true, Ordering::SeqCst);
        submit(&handle, &port, Submission::Detach);
        let received = shard.join().expect("it ends");
        assert!([0, 5].contains(&received.len()));
        assert!(shared.fd().is_none() && shared.is_gone());
        assert_eq!(shared.buffered(), 0);
    });
}

#[test]
fn what_is_written_out_of_javascripts_memory_keeps_its_place() {
    in_every_order(|| {
        let received = exchange(|shared, handle, port| {
            // The shard appends and writes beside it.
            submit(
                handle,
                port,
                Submission::Send(shared.clone(), frame(b's', 5)),
            );
            let long = frame(b'1', LONG);
            match shared.write_now(&long[..9], &long[9..]) {
                None => assert!(shared.append_owned(long) == Append::Queued),
                Some(append) => assert!(append != Append::Closed && append != Append::Full),
            }
            flush_inline(shared, handle, port);
            assert!(shared.append_owned(frame(b'2', 7)) == Append::Queued);
            flush_inline(shared, handle, port);
        });
        let mut frames = frames(&received);
        frames.retain(|(byte, _)| *byte != b's');
        assert_eq!(frames, [(b'1', LONG), (b'2', 7)]);
        assert_eq!(received.len(), LONG + 7 + 5);
    });
}
