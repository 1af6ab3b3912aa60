//! Who gets what is published, and what is counted as waiting, in every order in which JavaScript, the shard and a peer
//! that goes can take turns.
//!
//! The shard is the whole one; only its rest is the model's.

use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use loom::thread;
use tokio::runtime::{Builder, Runtime};

use super::Shard;
use crate::engine::backlog::HIGH_MARK;
use crate::engine::batch::{Batch, Kind};
use crate::engine::command::{Command, Frame, Publish};
use crate::engine::context::Readiness;
use crate::engine::handle::ShardHandle;
use crate::engine::loom::{env_and_shard, in_every_order, submit, wait};
use crate::engine::mailbox::Mailbox;
use crate::engine::write_side::WriteSide;
use crate::protocol::{Config, Opcode, Role};

const TOPIC: u64 = 7;
/// No turn ends by time.
const AN_HOUR: Duration = Duration::from_secs(3_600);

/// A message of one byte to the topic.
fn publish(byte: u8) -> Command {
    Command::Publish(Publish {
        topic: Some(TOPIC),
        named: Vec::new(),
        except: Vec::new(),
        frame: Frame {
            opcode: Opcode::Binary,
            bytes: vec![byte].into(),
            header: 0,
            compress: false,
            fragments: None,
        },
        volatile: false,
    })
}

/// A connection that JavaScript is about to hand over, and its peer.
fn connection(mailbox: &Arc<Mailbox>, config: &Config) -> (Arc<WriteSide>, UnixStream) {
    let (ours, peer) = UnixStream::pair().expect("a pair of sockets");
    ours.set_nonblocking(true).expect("non-blocking");
    peer.set_nonblocking(true).expect("non-blocking");
    let write_side = WriteSide::new(ours.into(), mailbox.clone(), 0, 1, 0, config, usize::MAX);
    write_side.start();
    (Arc::new(write_side), peer)
}

/// A shard on its thread, until it is stopped: how many topics it knows then.
fn working(handle: &Arc<ShardHandle>) -> thread::JoinHandle<usize> {
    let runtime = Builder::new_current_thread().enable_io().build();
    let runtime: Runtime = runtime.expect("a runtime");
    let readiness = {
        let _entered = runtime.enter();
        Readiness::new().expect("a poller")
    };
    let mut shard = Shard::new(readiness, handle.clone(), false);
    thread::spawn(move || {
        // Dropped after the shard, whose poller is registered with it.
        let _runtime = runtime;
        while !shard.handle.is_stopped() {
            while shard.round(AN_HOUR) {}
            wait(shard.handle.woken());
        }
        while shard.round(AN_HOUR) {}
        let topics = shard.table.topic_count();
        drop(shard);
        topics
    })
}

/// A connection is handed over: that is under way already when the shard begins.
fn open(
    handle: &ShardHandle,
    mailbox: &Arc<Mailbox>,
    write_side: &Arc<WriteSide>,
    config: Arc<Config>,
) {
    let connection = write_side.clone();
    submit(handle, mailbox, Command::Open { connection, config });
    let start = Command::Start(write_side.clone(), Vec::new());
    submit(handle, mailbox, start);
}

/// What has come to a peer.
fn come(peer: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    match peer.read_to_end(&mut all) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
    }
    all
}

/// JavaScript opens a connection, gives these commands about it one by one, and the shard carries out all of them: what
/// the peer got before a close frame, and how many topics are left.
fn exchange(
    commands: impl FnOnce(&Arc<WriteSide>, &Arc<ShardHandle>, &Arc<Mailbox>),
) -> (Vec<u8>, usize) {
    let (mailbox, _events, handle) = env_and_shard();
    mailbox.detach(); // Records are not what this is about.
    let config = Arc::new(Config::new(Role::Server));
    let (write_side, mut peer) = connection(&mailbox, &config);
    open(&handle, &mailbox, &write_side, config);
    let shard = working(&handle);
    commands(&write_side, &handle, &mailbox);
    handle.stop();
    let topics = shard.join().expect("it ends");
    let mut got = come(&mut peer);
    if let Some(end) = got.iter().position(|byte| *byte == 0x88) {
        got.truncate(end);
    }
    (got, topics)
}

#[test]
fn a_publish_is_for_who_subscribed_before_it_and_has_not_left() {
    in_every_order(|| {
        let (got, topics) = exchange(|write_side, handle, mailbox| {
            let give = |command| submit(handle, mailbox, command);
            give(Command::Subscribe(write_side.clone(), TOPIC));
            give(publish(b'1'));
            // As `in_order` of the binding: straight to the outbox only if nothing is under way.
            if mailbox.processed(0) == 2 {
                write_side.append_owned(vec![b'2']);
                give(Command::Flush(vec![write_side.clone()]));
            } else {
                give(Command::Send(write_side.clone(), vec![b'2']));
            }
            give(Command::Unsubscribe(write_side.clone(), TOPIC));
            give(publish(b'3'));
        });
        assert_eq!(got, b"12");
        assert_eq!(topics, 1, "that of the Base");
    });
}

#[test]
fn subscribe_publish_and_close_hold_in_whatever_order_they_are_given() {
    type Give = fn(&Arc<WriteSide>) -> Command;
    let subscribe: Give = |one| Command::Subscribe(one.clone(), TOPIC);
    let close: Give = |one| Command::Close {
        connection: one.clone(),
        code: 1000,
        reason: String::new(),
    };
    let say: Give = |_| publish(b'p');
    let orders: [([Give; 3], &[u8]); 6] = [
        ([subscribe, say, close], b"p"),
        ([subscribe, close, say], b""),
        ([say, subscribe, close], b""),
        ([say, close, subscribe], b""),
        ([close, subscribe, say], b""),
        ([close, say, subscribe], b""),
    ];
    for (order, expected) in orders {
        in_every_order(move || {
            let (got, _) = exchange(|write_side, handle, mailbox| {
                for give in order {
                    submit(handle, mailbox, give(write_side));
                }
            });
            assert_eq!(got, expected);
        });
    }
}

#[test]
fn what_is_sent_is_counted_until_it_is_written_and_not_once_that_is_reported() {
    in_every_order(|| {
        let (mailbox, _events, handle) = env_and_shard();
        mailbox.detach();
        let config = Arc::new(Config::new(Role::Server));
        let (write_side, _peer) = connection(&mailbox, &config);
        open(&handle, &mailbox, &write_side, config);
        let shard = working(&handle);
        let send = Command::Send(write_side.clone(), vec![0; HIGH_MARK + 1]);
        submit(&handle, &mailbox, send);
        let records = mailbox.take(0, Batch::default()).records;
        let is_reported = records.iter().any(|record| record.kind == Kind::Drain);
        // As `buffered` of the binding, but for a lock, which the model sees.
        let waits = mailbox.submitted_bytes(0) > 0 || !write_side.has_written_all();
        assert!(waits || write_side.bytes_written() > 0, "it is lost");
        assert!(!waits || !is_reported, "it is reported, and waits");
        handle.stop();
        shard.join().expect("it ends");
    });
}

#[test]
fn a_peer_that_goes_meanwhile_leaves_no_topic_behind() {
    in_every_order(|| {
        let (mailbox, _events, handle) = env_and_shard();
        mailbox.detach();
        let config = Arc::new(Config::new(Role::Server));
        let (write_side, peer) = connection(&mailbox, &config);
        let (other, mut others) = connection(&mailbox, &config);
        for one in [&write_side, &other] {
            open(&handle, &mailbox, one, config.clone());
            let subscribe = Command::Subscribe(one.clone(), TOPIC);
            submit(&handle, &mailbox, subscribe);
        }
        let shard = working(&handle);
        let gone = thread::spawn(move || drop(peer));
        submit(&handle, &mailbox, publish(b'1'));
        submit(&handle, &mailbox, publish(b'2'));
        gone.join().expect("it goes");
        // JavaScript hears of it later.
        for one in [write_side, other] {
            submit(&handle, &mailbox, Command::Unsubscribe(one, TOPIC));
        }
        mailbox.wait(0, 6, Instant::now() + AN_HOUR);
        handle.stop();
        assert_eq!(shard.join().expect("it ends"), 1, "that of the Base");
        assert_eq!(come(&mut others), b"12");
    });
}

/// JavaScript writes itself, and has the shard look where it must.
fn flush_inline(handle: &ShardHandle, mailbox: &Arc<Mailbox>, write_side: &Arc<WriteSide>) {
    if write_side.flush_inline() {
        submit(handle, mailbox, Command::Flush(vec![write_side.clone()]));
    }
}

#[test]
fn what_was_sent_before_a_change_leaves_once_and_before_what_is_sent_after_it() {
    in_every_order(|| {
        let (mailbox, _events, handle) = env_and_shard();
        mailbox.detach(); // Records are not what this is about.
        let config = Arc::new(Config {
            timeout: None,
            ..Config::new(Role::Server)
        });
        let (ours, mut peer) = UnixStream::pair().expect("a pair of sockets");
        ours.set_nonblocking(true).expect("non-blocking");
        peer.set_nonblocking(true).expect("non-blocking");
        let other = ours.try_clone().expect("a duplicate");
        let side = |fd, slot| WriteSide::new(fd, mailbox.clone(), 0, slot, 0, &config, usize::MAX);
        let from = Arc::new(side(ours.into(), 1).raw(0));
        let to = Arc::new(side(other.into(), 2));
        from.start();
        assert!(handle.admit(Mailbox::number(&mailbox)));
        open(&handle, &mailbox, &from, config.clone());
        handle.admit_successor(Mailbox::number(&mailbox));
        let opened = Command::Open {
            connection: to.clone(),
            config: config.clone(),
        };
        submit(&handle, &mailbox, opened);
        let shard = working(&handle);
        from.append(|out| out.extend_from_slice(b"11"));
        flush_inline(&handle, &mailbox, &from);
        submit(&handle, &mailbox, Command::Stop(from.clone()));
        from.stop();
        to.append(|out| out.extend_from_slice(b"2"));
        let change = Command::Change {
            from: from.clone(),
            to: to.clone(),
            received: Vec::new(),
        };
        submit(&handle, &mailbox, change);
        flush_inline(&handle, &mailbox, &to);
        to.append(|out| out.extend_from_slice(b"3"));
        flush_inline(&handle, &mailbox, &to);
        handle.stop();
        shard.join().expect("it ends");
        assert_eq!(come(&mut peer), b"1123");
        assert_eq!(handle.load(), 1, "that of the other");
    });
}
