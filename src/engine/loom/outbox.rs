//! Nothing is written twice, out of order or not at all, whoever writes and however much the kernel takes.

use std::io::Read;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use loom::thread;

use super::{an_hour_from_now, env_and_shard, in_every_order, submit, wait};
use crate::engine::batch::End;
use crate::engine::command::{Command, Frame, Publish};
use crate::engine::handle::ShardHandle;
use crate::engine::mailbox::Mailbox;
use crate::engine::sync::Ordering;
use crate::engine::write_side::{Append, Flush, Sweep, Thread, WriteSide};
use crate::protocol::{Config, Opcode, Role};

/// A connection, and what its peer reads.
fn connection(mailbox: &Arc<Mailbox>) -> (Arc<WriteSide>, UnixStream) {
    let (ours, peers) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("non-blocking");
    peers.set_nonblocking(true).expect("non-blocking");
    rustix::net::sockopt::set_socket_send_buffer_size(&ours, 1).expect("a small buffer");
    let config = Config::new(Role::Server);
    let write_side = WriteSide::new(ours.into(), mailbox.clone(), 0, 1, 1, &config, usize::MAX);
    write_side.start();
    (Arc::new(write_side), peers)
}

/// More than the kernel takes at once.
const LONG: usize = 24 * 1024;

/// A frame of one connection: each has a byte of its own.
fn frame(byte: u8, length: usize) -> Vec<u8> {
    vec![byte; length]
}

/// A frame that is submitted.
fn send(write_side: &Arc<WriteSide>, frame: Vec<u8>) -> Command {
    Command::Send(write_side.clone(), frame)
}

/// One that is submitted for all.
fn to_all(frame: Vec<u8>) -> Command {
    let frame = Frame {
        opcode: Opcode::Binary,
        bytes: frame.into(),
        header: 0,
        compress: false,
        fragments: None,
    };
    Command::Publish(Publish {
        topic: Some(1),
        named: Vec::new(),
        except: Vec::new(),
        frame,
        volatile: false,
    })
}

/// The runs of equal bytes: which frames came, in order, and how long each is.
fn frames(bytes: &[u8]) -> Vec<(u8, usize)> {
    let runs = bytes.chunk_by(|a, b| a == b);
    runs.map(|run| (run[0], run.len())).collect()
}

/// The shard's part of a connection's life: it appends what is submitted, and writes. When the
/// kernel takes no more, the peer reads, and the shard hears that it can write.
struct Shard {
    handle: Arc<ShardHandle>,
    /// The only member of its `Base`.
    write_side: Arc<WriteSide>,
    peer: UnixStream,
    received: Vec<u8>,
    /// It found JavaScript writing, and has not looked since.
    waits: bool,
    sweep: Sweep,
}

impl Shard {
    fn spawn(
        handle: &Arc<ShardHandle>,
        write_side: &Arc<WriteSide>,
        peer: UnixStream,
    ) -> thread::JoinHandle<Vec<u8>> {
        let mut sweep = Sweep::default();
        sweep.expect(usize::MAX);
        let shard = Self {
            handle: handle.clone(),
            write_side: write_side.clone(),
            peer,
            received: Vec::new(),
            waits: false,
            sweep,
        };
        thread::spawn(move || shard.run())
    }

    /// Until the env detaches: then the peer has read all that was written.
    fn run(mut self) -> Vec<u8> {
        let mut is_over = false;
        while !is_over {
            for (_, envelope) in self.handle.take() {
                for command in envelope.commands {
                    is_over |= matches!(command, Command::Detach);
                    self.carry_out(&envelope.mailbox, command);
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

    fn carry_out(&mut self, mailbox: &Arc<Mailbox>, command: Command) {
        let mut under_way = command.under_way(mailbox.clone(), 0);
        match command {
            Command::Send(write_side, frame) => {
                assert!(write_side.shard_append(frame) == Append::Queued);
                under_way.appended();
                self.settle(&write_side);
            }
            Command::Publish(Publish { frame, .. }) => {
                let write_side = self.write_side.clone();
                if !self.sweep.begin_shared(&write_side, &frame.bytes) {
                    assert!(write_side.shard_append_shared(&frame.bytes) == Append::Queued);
                    self.settle(&write_side);
                }
                self.finish_sweep();
            }
            Command::Flush(write_sides) => {
                for write_side in &write_sides {
                    if !self.sweep.begin(write_side) {
                        self.settle(write_side);
                    }
                }
                self.finish_sweep();
            }
            Command::Terminate(write_side) => {
                write_side.finish();
                mailbox.record(0, |batch| batch.push_close(1, End::default()));
            }
            _ => {}
        }
    }

    fn finish_sweep(&mut self) {
        for write_side in self.sweep.finish() {
            self.settle(&write_side);
        }
    }

    fn settle(&mut self, write_side: &WriteSide) {
        let mut flush = write_side.flush(Thread::Shard, true);
        while flush == Flush::Blocked {
            self.read();
            flush = write_side.flush(Thread::Shard, true);
        }
        self.waits = flush == Flush::Busy;
    }

    fn read(&mut self) {
        // It ends with `WouldBlock`, and has appended what came before.
        let _ = self.peer.read_to_end(&mut self.received);
    }
}

/// JavaScript's part: it writes itself if it may, and asks the shard if the shard has to.
fn flush_inline(write_side: &Arc<WriteSide>, handle: &ShardHandle, mailbox: &Arc<Mailbox>) {
    if write_side.flush_inline() {
        submit(handle, mailbox, Command::Flush(vec![write_side.clone()]));
    }
}

/// An env and a shard with one connection. `javascript` is the env's part; what the peer has read in
/// the end is returned.
fn exchange(javascript: impl FnOnce(&Arc<WriteSide>, &Arc<ShardHandle>, &Arc<Mailbox>)) -> Vec<u8> {
    let (mailbox, _events, handle) = env_and_shard();
    mailbox.detach(); // Records are not what this is about.
    let (write_side, peer) = connection(&mailbox);
    let shard = Shard::spawn(&handle, &write_side, peer);
    javascript(&write_side, &handle, &mailbox);
    submit(&handle, &mailbox, Command::Detach);
    let received = shard.join().expect("it ends");
    assert_eq!(write_side.buffered(), 0, "nobody has written this");
    received
}

#[test]
fn both_threads_write_and_each_frame_leaves_whole_and_once() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            submit(handle, mailbox, send(write_side, frame(b's', 9)));
            assert!(write_side.append_owned(frame(b'j', 7)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
        });
        let mut frames = frames(&received);
        frames.sort_unstable();
        assert_eq!(frames, [(b'j', 7), (b's', 9)]);
    });
}

#[test]
fn what_the_kernel_does_not_take_is_left_to_the_shard() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            assert!(write_side.append_owned(frame(b'1', LONG)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
            assert!(write_side.append_owned(frame(b'2', 5)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
        });
        assert_eq!(frames(&received), [(b'1', LONG), (b'2', 5)]);
    });
}

#[test]
fn a_shard_that_finds_javascript_writing_is_told_of_the_end() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            assert!(write_side.append_owned(frame(b'1', 5)) == Append::Queued);
            submit(handle, mailbox, Command::Flush(vec![write_side.clone()]));
            flush_inline(write_side, handle, mailbox);
            assert!(write_side.append_owned(frame(b'2', LONG)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
        });
        assert_eq!(frames(&received), [(b'1', 5), (b'2', LONG)]);
    });
}

#[test]
fn frames_leave_in_the_order_of_the_calls_whoever_appends_them() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            submit(handle, mailbox, send(write_side, frame(b'1', 5)));
            // As `in_order` of the binding: straight to the outbox only behind all that was submitted.
            if mailbox.processed(0) == 1 {
                assert!(write_side.append_owned(frame(b'2', 6)) == Append::Queued);
                flush_inline(write_side, handle, mailbox);
            } else {
                submit(handle, mailbox, send(write_side, frame(b'2', 6)));
            }
            mailbox.wait(0, 1, an_hour_from_now());
        });
        assert_eq!(frames(&received), [(b'1', 5), (b'2', 6)]);
    });
}

#[test]
fn a_connection_may_end_while_it_is_written_to() {
    in_every_order(|| {
        let (mailbox, events, handle) = env_and_shard();
        let (write_side, peer) = connection(&mailbox);
        let shard = Shard::spawn(&handle, &write_side, peer);
        submit(&handle, &mailbox, Command::Terminate(write_side.clone()));
        let append = write_side.append_owned(frame(b'1', 5));
        assert!(append == Append::Queued || append == Append::Closed);
        flush_inline(&write_side, &handle, &mailbox);
        mailbox.detach();
        events.ended.store(true, Ordering::SeqCst);
        submit(&handle, &mailbox, Command::Detach);
        let received = shard.join().expect("it ends");
        assert!([0, 5].contains(&received.len()));
        assert!(write_side.fd().is_none() && write_side.is_gone());
        assert!(write_side.is_closed(), "whoever was at work with it last");
        assert_eq!(write_side.buffered(), 0);
    });
}

#[test]
fn what_is_written_out_of_javascripts_memory_keeps_its_place() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            // The shard appends and writes beside it.
            submit(handle, mailbox, send(write_side, frame(b's', 5)));
            let long = frame(b'1', LONG);
            match write_side.write_now(&long[..9], &long[9..]) {
                None => assert!(write_side.append_owned(long) == Append::Queued),
                Some(append) => assert!(append != Append::Closed && append != Append::Full),
            }
            flush_inline(write_side, handle, mailbox);
            assert!(write_side.append_owned(frame(b'2', 7)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
        });
        let mut frames = frames(&received);
        frames.retain(|(byte, _)| *byte != b's');
        assert_eq!(frames, [(b'1', LONG), (b'2', 7)]);
        assert_eq!(received.len(), LONG + 7 + 5);
    });
}

#[test]
fn a_shard_that_writes_at_once_still_looks_at_what_it_could_not() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            // It looks while JavaScript may be writing.
            submit(handle, mailbox, Command::Flush(vec![write_side.clone()]));
            assert!(write_side.write_now(b"1", b"1111").is_some());
            submit(handle, mailbox, to_all(frame(b'2', 6)));
            flush_inline(write_side, handle, mailbox);
        });
        assert_eq!(frames(&received), [(b'1', 5), (b'2', 6)]);
    });
}

#[test]
fn what_is_written_at_once_keeps_its_place() {
    in_every_order(|| {
        let received = exchange(|write_side, handle, mailbox| {
            submit(handle, mailbox, to_all(frame(b'1', LONG)));
            submit(handle, mailbox, to_all(frame(b'2', 6)));
            assert!(write_side.append_owned(frame(b'j', 7)) == Append::Queued);
            flush_inline(write_side, handle, mailbox);
        });
        let mut frames = frames(&received);
        frames.retain(|(byte, _)| *byte != b'j');
        assert_eq!(frames, [(b'1', LONG), (b'2', 6)]);
        assert_eq!(received.len(), LONG + 6 + 7);
    });
}
