//! A shard without its thread: what it has heard and carried out when something else has its turn.

mod doors;
mod drains;
mod topics;

use std::cell::RefCell;
use std::io::{ErrorKind, IoSlice, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use super::*;
use crate::engine::batch::{Batch, Kind};
use crate::engine::command::Publish;
use crate::engine::mailbox::Doorbell;
use crate::engine::write_side::socket;
use crate::protocol::{
    Config, Deflate, DeflateParams, Millis, Opcode, PERMESSAGE_DEFLATE, Role,
    encode_compressed_frame, encode_frame,
};

const TIMEOUT: Millis = 1;

struct Silent;

impl Doorbell for Silent {
    fn ring(&self) {}
}

/// Sends how many records wait for the env when it is rung, and takes them.
struct Asking(Arc<OnceLock<Arc<Mailbox>>>, Sender<usize>);

impl Doorbell for Asking {
    fn ring(&self) {
        let mailbox = self.0.get().expect("it is rung once there is something");
        let records = mailbox.take(0, Batch::default()).records;
        assert!(mailbox.rest(), "nobody else records");
        self.1.send(records.len()).expect("the test waits");
    }
}

/// A shard for up to this many connections.
fn shard(connections: usize) -> RefCell<Shard> {
    let handle = Arc::new(ShardHandle::new(0, connections));
    RefCell::new(Shard::new(Readiness::new().unwrap(), handle, true))
}

/// Has the shard carry out one command of an env, as if that had submitted it.
fn obey(shard: &RefCell<Shard>, mailbox: &Arc<Mailbox>, command: Command) {
    if command.is_ordered() {
        mailbox.submitting(0, command.weight());
    }
    let under_way = command.under_way(mailbox.clone(), 0);
    shard.borrow_mut().obey(Instant::now(), command, under_way);
}

/// A connection that has been opened on a shard, and its peer.
struct Opened {
    shard: RefCell<Shard>,
    mailbox: Arc<Mailbox>,
    write_side: Arc<WriteSide>,
    config: Arc<Config>,
    peer: UnixStream,
}

impl Opened {
    fn new() -> Self {
        Self::limited(usize::MAX)
    }

    /// With so much room for what waits to be written.
    fn limited(max_buffered: usize) -> Self {
        Self::configured(max_buffered, |_| {})
    }

    fn configured(max_buffered: usize, configure: impl FnOnce(&mut Config)) -> Self {
        let mailbox = Arc::new(Mailbox::new(1, Box::new(Silent)));
        Self::of(mailbox, max_buffered, configure)
    }

    /// A connection of the env of this mailbox.
    fn of(mailbox: Arc<Mailbox>, max_buffered: usize, configure: impl FnOnce(&mut Config)) -> Self {
        let shard = shard(1);
        let mut config = Config {
            timeout: Some(TIMEOUT),
            ..Config::new(Role::Server)
        };
        configure(&mut config);
        let config = Arc::new(config);
        let (ours, peer) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let write_side =
            WriteSide::new(ours.into(), mailbox.clone(), 0, 0, 0, &config, max_buffered);
        let opened = Self {
            shard,
            mailbox,
            write_side: Arc::new(write_side),
            config: config.clone(),
            peer,
        };
        opened.carry_out(Command::Open {
            connection: opened.write_side.clone(),
            config,
        });
        opened
    }

    fn carry_out(&self, command: Command) {
        obey(&self.shard, &self.mailbox, command);
    }

    /// Another of the same `Base`, not opened yet, with room for one message; and its peer.
    fn pair(&self, mailbox: Mailbox, role: Role) -> (WriteSide, UnixStream) {
        let (ours, peer) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let config = Config::new(role);
        (
            WriteSide::new(ours.into(), Arc::new(mailbox), 0, 1, 0, &config, 1),
            peer,
        )
    }

    /// Submits all of them at once.
    fn submit(&self, commands: Vec<Command>) {
        self.shard.borrow().handle.submit(Envelope {
            mailbox: self.mailbox.clone(),
            commands,
        });
    }

    /// What has been recorded since the last look.
    fn recorded(&self) -> Vec<Kind> {
        let batch = self.mailbox.take(0, Batch::default());
        batch.records.iter().map(|record| record.kind).collect()
    }

    /// The peer's time is up before its socket is heard of: what is recorded then.
    fn fire(&self) -> Vec<Kind> {
        let mut shard = self.shard.borrow_mut();
        let opened_by = shard.context.now();
        while shard.context.now() <= opened_by + TIMEOUT {
            std::thread::yield_now();
        }
        shard.fire_timers();
        self.recorded()
    }
}

fn text() -> Vec<u8> {
    let mut frame = Vec::new();
    encode_frame(&mut frame, Opcode::Text, b"text", Some([1, 2, 3, 4]));
    frame
}

#[test]
fn what_a_busy_thread_has_not_read_is_no_silence() {
    let mut opened = Opened::new();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    opened.peer.write_all(&text()).unwrap();
    assert_eq!(opened.fire(), [Kind::Text]);
    assert_eq!(opened.fire(), [Kind::Closing]);
}

#[test]
fn nothing_is_read_before_what_javascript_had_read() {
    let mut opened = Opened::new();
    // The beginning of the frame is still to come, with `Start`.
    opened.peer.write_all(&text()[3..]).unwrap();
    assert_eq!(opened.fire(), [Kind::Closing]);
    assert_eq!(opened.write_side.bytes_read(), 0);
}

/// What the peer can read by now.
fn come(peer: &mut UnixStream) -> Vec<u8> {
    let mut all = Vec::new();
    peer.set_nonblocking(true).unwrap();
    let end = peer.read_to_end(&mut all);
    assert_eq!(end.unwrap_err().kind(), ErrorKind::WouldBlock);
    all
}

/// A connection to which this many messages of one byte are to be sent, and a shard that has time for one.
fn opened_with(messages: u8) -> (Opened, impl Fn(&Opened) -> bool) {
    let opened = Opened::new();
    opened.write_side.start();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    let send = |byte| Command::Send(opened.write_side.clone(), vec![byte]);
    opened.submit((0..messages).map(send).collect());
    let one = |opened: &Opened| opened.shard.borrow_mut().carry_out_some(Instant::now());
    (opened, one)
}

#[test]
fn what_several_slices_append_leaves_together() {
    let (mut opened, carry_out_one) = opened_with(3);
    assert!(carry_out_one(&opened));
    // However slow this test is.
    opened.shard.borrow_mut().context.settle_by = Instant::now() + Duration::from_secs(3_600);
    assert!(carry_out_one(&opened));
    assert_eq!(come(&mut opened.peer), []);
    assert!(!carry_out_one(&opened));
    assert_eq!(come(&mut opened.peer), [0, 1, 2]);
}

#[test]
fn what_was_appended_waits_no_longer_than_it_may() {
    let (mut opened, carry_out_one) = opened_with(3);
    assert!(carry_out_one(&opened));
    opened.shard.borrow_mut().context.settle_by = Instant::now();
    assert!(carry_out_one(&opened));
    assert_eq!(come(&mut opened.peer), [0, 1]);
    assert!(!carry_out_one(&opened));
    assert_eq!(come(&mut opened.peer), [2]);
}

/// A message, or a ping, to all.
fn to_all(opcode: Opcode, payload: &[u8]) -> Command {
    let mut bytes = Vec::new();
    encode_frame(&mut bytes, opcode, payload, None);
    let frame = Frame {
        opcode,
        header: bytes.len() - payload.len(),
        bytes: bytes.into(),
        compress: false,
        fragments: None,
    };
    Command::Publish(Publish {
        topic: Some(0),
        named: Vec::new(),
        except: Vec::new(),
        frame,
        volatile: false,
    })
}

#[test]
fn broadcasts_in_a_row_are_held_against_the_limit_one_by_one() {
    let late = || Instant::now() + Duration::from_secs(3_600);
    for (count, recorded) in [(2, &[][..]), (3, &[Kind::Error, Kind::Close])] {
        // Nothing is written before the start.
        let opened = Opened::limited(150);
        opened.submit(
            (0..count)
                .map(|_| to_all(Opcode::Text, &[b'x'; 100]))
                .collect(),
        );
        assert!(!opened.shard.borrow_mut().carry_out_some(late()));
        assert_eq!(opened.recorded(), recorded);
    }
}

#[test]
fn each_ping_of_broadcasts_in_a_row_is_counted() {
    let opened = Opened::new();
    let ping = || to_all(Opcode::Ping, b"");
    opened.submit(vec![ping(), to_all(Opcode::Text, b"text"), ping(), ping()]);
    opened.shard.borrow_mut().carry_out_some(Instant::now());
    assert_eq!(opened.write_side.take_pings(), 3);
}

#[test]
fn broadcasts_in_a_row_are_commands_of_their_own() {
    let mut opened = Opened::new();
    opened.write_side.start();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    opened.submit((0..3).map(|byte| to_all(Opcode::Binary, &[byte])).collect());
    while opened.shard.borrow_mut().carry_out_some(Instant::now()) {}
    assert_eq!(come(&mut opened.peer), [0x82, 1, 0, 0x82, 1, 1, 0x82, 1, 2]);
    assert_eq!(opened.mailbox.submitted_bytes(0), 0);
    assert_eq!(opened.mailbox.processed(0), 3);
}

#[test]
fn what_is_compressed_for_each_is_not_laid_out_for_all_broadcasts_in_a_row() {
    const MANY: usize = 100;
    let opened = Opened::configured(usize::MAX, |config| {
        let agreed = DeflateParams::agreed(PERMESSAGE_DEFLATE).unwrap();
        config.deflate = Some(Deflate::new(&agreed, Role::Server, 1, 0));
    });
    let compressed = |_| match to_all(Opcode::Text, b"text") {
        Command::Publish(mut publish) => {
            publish.frame.compress = true;
            Command::Publish(publish)
        }
        other => other,
    };
    opened.submit((0..MANY).map(compressed).collect());
    while opened.shard.borrow_mut().carry_out_some(Instant::now()) {
        // One message, and that its broadcast is done, in place of that broadcast.
        assert!(opened.shard.borrow().works.len() <= MANY + 1);
    }
    assert_eq!(opened.mailbox.processed(0), MANY as u64);
}

#[test]
fn a_message_to_all_is_written_behind_what_was_sent_before() {
    let mut opened = Opened::new();
    opened.write_side.start();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    let send = |byte| Command::Send(opened.write_side.clone(), vec![byte]);
    let ends: [(Vec<Command>, &[u8]); 3] = [
        (vec![to_all(Opcode::Binary, b"a")], b"\x82\x01a"),
        (
            vec![send(1), to_all(Opcode::Binary, b"a")],
            b"\x01\x82\x01a",
        ),
        (
            vec![to_all(Opcode::Binary, b"a"), send(1)],
            b"\x82\x01a\x01",
        ),
    ];
    for (commands, expected) in ends {
        opened.submit(commands);
        while opened.shard.borrow_mut().carry_out_some(Instant::now()) {}
        assert_eq!(come(&mut opened.peer), expected);
    }
    assert_eq!(opened.write_side.buffered(), 0);
}

#[test]
fn what_the_kernel_does_not_take_of_a_message_to_all_is_written_once_it_does() {
    // A deadline would have it written as well.
    let mut opened = Opened::configured(usize::MAX, |config| config.timeout = None);
    opened.write_side.start();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    // The first sight of the socket.
    opened.shard.borrow_mut().round(Duration::ZERO);
    let fd = opened.write_side.fd().unwrap();
    for size in [4096, 1] {
        while socket::write(fd.as_fd(), &[IoSlice::new(&vec![0; size])]).is_ok() {}
    }
    opened.carry_out(to_all(Opcode::Binary, b"a"));
    assert_eq!(opened.write_side.buffered(), 3);
    let before = come(&mut opened.peer);
    assert!(before.iter().all(|byte| *byte == 0));
    opened.shard.borrow_mut().round(Duration::ZERO);
    assert_eq!(come(&mut opened.peer), b"\x82\x01a");
}

#[test]
fn a_panic_costs_one_connection() {
    type End = fn(&Opened, Arc<WriteSide>);
    let ends: [(&str, End); 5] = [
        ("a command", |opened, write_side| {
            opened.carry_out(Command::Terminate(write_side));
        }),
        ("a message to all", |opened, _| {
            opened.carry_out(to_all(Opcode::Text, b"one"));
            opened.carry_out(to_all(Opcode::Text, b"too many"));
        }),
        (
            "a message to all that are not alike",
            |opened, write_side| {
                opened.carry_out(Command::Open {
                    connection: Arc::new(
                        opened
                            .pair(Mailbox::new(1, Box::new(Silent)), Role::Client)
                            .0,
                    ),
                    config: Arc::new(Config::new(Role::Client)),
                });
                opened.carry_out(Command::Send(write_side, vec![0]));
                opened.carry_out(to_all(Opcode::Text, b"too many"));
            },
        ),
        ("the end of its env", |opened, write_side| {
            obey(&opened.shard, &write_side.mailbox, Command::Detach);
        }),
        ("a deadline", |opened, _| {
            opened.fire();
        }),
    ];
    for (name, end) in ends {
        let opened = Opened::new();
        // No lane is there for what is told of it.
        let (write_side, _peer) = opened.pair(Mailbox::new(0, Box::new(Silent)), Role::Server);
        let write_side = Arc::new(write_side);
        opened.carry_out(Command::Open {
            connection: write_side.clone(),
            config: opened.config.clone(),
        });
        end(&opened, write_side.clone());
        assert!(write_side.is_gone(), "{name}");
        assert!(
            opened.shard.borrow().table.find(&write_side).is_none(),
            "{name}"
        );
        assert!(!opened.write_side.is_gone(), "{name}");
        assert!(
            opened
                .shard
                .borrow()
                .table
                .find(&opened.write_side)
                .is_some(),
            "{name}"
        );
    }
}

#[test]
fn an_env_is_woken_once_for_what_a_round_brings() {
    const CONNECTIONS: u32 = 200;
    let shard = shard(CONNECTIONS as usize);
    let (bell, rung) = channel();
    let own = Arc::new(OnceLock::new());
    let mailbox = Arc::new(Mailbox::new(1, Box::new(Asking(own.clone(), bell))));
    assert!(own.set(mailbox.clone()).is_ok());
    let config = Arc::new(Config::new(Role::Server));
    let mut peers = Vec::new();
    for slot in 0..CONNECTIONS {
        let (ours, mut peer) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        peer.write_all(&text()).unwrap();
        peers.push(peer);
        let write_side = WriteSide::new(
            ours.into(),
            mailbox.clone(),
            0,
            slot,
            0,
            &config,
            usize::MAX,
        );
        let (connection, config) = (Arc::new(write_side), config.clone());
        for command in [
            Command::Open {
                connection: connection.clone(),
                config,
            },
            Command::Start(connection, Vec::new()),
        ] {
            obey(&shard, &mailbox, command);
        }
    }
    shard.borrow_mut().round(Duration::from_secs(3_600));
    assert_eq!(rung.try_iter().collect::<Vec<_>>(), [CONNECTIONS as usize]);
}

impl Opened {
    /// It may be written to, and is read.
    fn started() -> Self {
        let opened = Self::configured(usize::MAX, |config| config.timeout = None);
        opened.write_side.start();
        opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
        opened
    }

    /// The peer, which has written `sent` bytes, writes as many frames as the kernel takes, until a round reads no
    /// more of them.
    fn flood(&mut self, sent: &mut usize) {
        self.peer.set_nonblocking(true).unwrap();
        let frames = text().repeat(1_000);
        let mut before = None;
        while before != Some(self.write_side.bytes_read()) && *sent < 2 * 1024 * 1024 {
            before = Some(self.write_side.bytes_read());
            while let Ok(written) = self.peer.write(&frames[*sent % text().len()..]) {
                *sent += written;
            }
            while self.shard.borrow_mut().round(Duration::ZERO) {}
        }
    }

    /// The env delivers all that waits. True if it has to wake the shard.
    fn deliver(&self) -> bool {
        let records = self.mailbox.take(0, Batch::default()).records;
        let cost = records.iter().map(|record| record.cost).sum();
        let _ = self.mailbox.undelivered.delivered(cost);
        self.write_side.undelivered.delivered(cost)
    }
}

#[test]
fn a_connection_is_not_read_past_its_quota_and_goes_on_once_half_of_that_is_delivered() {
    let (mut opened, mut sent) = (Opened::started(), 0);
    opened.flood(&mut sent);
    let quota = 1024 * 1024;
    let undelivered = opened.write_side.undelivered.cost();
    assert!(
        (quota..quota + 128 * 1024).contains(&undelivered),
        "{undelivered}"
    );

    let read = opened.write_side.bytes_read();
    assert!(opened.deliver(), "the shard waits for it");
    opened.flood(&mut sent);
    assert_eq!(opened.write_side.bytes_read(), read, "it was not told");
    opened.carry_out(Command::ReadOn(opened.write_side.clone()));
    opened.flood(&mut sent);
    assert!(opened.write_side.bytes_read() > read);
}

#[test]
fn a_connection_that_closes_is_read_on_past_its_quota() {
    let (mut opened, mut sent) = (Opened::started(), 0);
    opened.flood(&mut sent);
    opened.carry_out(Command::Close {
        connection: opened.write_side.clone(),
        code: 1000,
        reason: String::new(),
    });
    let (read, undelivered) = (
        opened.write_side.bytes_read(),
        opened.write_side.undelivered.cost(),
    );
    opened.flood(&mut sent);
    assert!(opened.write_side.bytes_read() > read, "it was not read");
    assert_eq!(opened.write_side.undelivered.cost(), undelivered);
}

#[test]
fn what_was_known_to_be_left_is_not_what_a_submit_has_left() {
    let (opened, all) = several(3, false);
    for (write_side, _) in &all {
        write_side.start();
        opened.carry_out(Command::Start(write_side.clone(), Vec::new()));
    }
    opened.submit(vec![Command::Flush(vec![all[0].0.clone()])]);
    let mut shard = opened.shard.borrow_mut();
    assert!(!shard.carry_out(Duration::ZERO));
    assert!(!shard.context.turns.is_empty(), "one has had its turn");
    shard.take_turns(SLICE);
    drop(shard);
    let [one, two] = [0, 1].map(|index: usize| all[index].0.clone());
    let starts = [one, two].map(|one| Command::Start(one, Vec::new()));
    opened.submit(starts.into());
    assert!(opened.shard.borrow_mut().carry_out(Duration::ZERO));
}

/// Connections of one env on one shard, started, by slot; and their peers.
fn several(count: u32, deflate: bool) -> (Opened, Vec<(Arc<WriteSide>, UnixStream)>) {
    let shard = shard(count as usize);
    let mailbox = Arc::new(Mailbox::new(1, Box::new(Silent)));
    let mut config = Config::new(Role::Server);
    if deflate {
        let agreed = DeflateParams::agreed(PERMESSAGE_DEFLATE).unwrap();
        config.deflate = Some(Deflate::new(&agreed, Role::Server, 1, 0));
    }
    let config = Arc::new(config);
    let mut all = Vec::new();
    for slot in 0..count {
        let (ours, peer) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        let of = mailbox.clone();
        let write_side = WriteSide::new(ours.into(), of, 0, slot, 0, &config, usize::MAX);
        all.push((Arc::new(write_side), peer));
    }
    let opened = Opened {
        shard,
        mailbox,
        write_side: all[0].0.clone(),
        config: config.clone(),
        peer: UnixStream::pair().unwrap().0,
    };
    for (connection, _) in &all {
        let (connection, config) = (connection.clone(), config.clone());
        opened.carry_out(Command::Open {
            connection: connection.clone(),
            config,
        });
        opened.carry_out(Command::Start(connection, Vec::new()));
    }
    (opened, all)
}

/// A binary message of 8 MiB, compressed: to inflate it takes longer than a turn has.
fn bomb() -> Vec<u8> {
    compressed(8 << 20)
}

/// A binary message of `length` zeros, compressed.
fn compressed(length: usize) -> Vec<u8> {
    let agreed = DeflateParams::agreed(PERMESSAGE_DEFLATE).unwrap();
    let deflate = Deflate::new(&agreed, Role::Server, 9, 0);
    let payload = deflate.compress_alone(&vec![0; length]).unwrap();
    let mut frame = Vec::new();
    encode_compressed_frame(&mut frame, Opcode::Binary, &payload, Some([1, 2, 3, 4]));
    frame
}

/// The slots whose messages were recorded since the last look, and what those cost.
fn served(opened: &Opened) -> (Vec<u32>, usize) {
    let records = opened.mailbox.take(0, Batch::default()).records;
    let cost = records.iter().map(|record| record.cost).sum();
    (records.iter().map(|record| record.slot).collect(), cost)
}

#[test]
fn a_large_message_is_inflated_by_turns_and_who_takes_long_comes_after_who_does_not() {
    let (opened, mut all) = several(3, true);
    for (_, peer) in &mut all[..2] {
        peer.write_all(&bomb()).unwrap();
    }
    let long = Duration::from_secs(3_600);
    opened.shard.borrow_mut().round(long);
    assert_eq!(served(&opened).0, [], "there is no bomb in a turn");
    let (mut rounds, mut bombs) = (1, Vec::<u32>::new());
    while bombs.len() < 2 {
        all[2].1.write_all(&text()).unwrap();
        opened.shard.borrow_mut().round(long);
        let (slots, cost) = served(&opened);
        let _ = opened.mailbox.undelivered.delivered(cost);
        assert_eq!(slots[0], 2, "after {rounds} rounds");
        bombs.extend(&slots[1..]);
        rounds += 1;
    }
    assert!(rounds >= 8, "{rounds}");
    bombs.sort_unstable();
    assert_eq!(bombs, [0, 1]);
}

#[test]
fn one_long_message_behind_the_other_keeps_nobody_waiting() {
    let (opened, mut all) = several(2, true);
    // Two steps each, and the second of them is short.
    let flood = compressed((256 << 10) + 1).repeat(200);
    all[0].1.write_all(&flood).unwrap();
    opened.shard.borrow_mut().round(Duration::ZERO);
    // Three steps, so the other has a few turns before them and between, of a few messages each.
    all[1].1.write_all(&compressed(600 << 10)).unwrap();
    let mut before = 0;
    loop {
        opened.shard.borrow_mut().round(Duration::ZERO);
        let records = opened.mailbox.take(0, Batch::default()).records;
        for record in &records {
            let _ = opened.mailbox.undelivered.delivered(record.cost);
            let write_side = &all[record.slot as usize].0;
            if write_side.undelivered.delivered(record.cost) {
                opened.carry_out(Command::ReadOn(write_side.clone()));
            }
        }
        if records.iter().any(|record| record.slot == 1) {
            break;
        }
        before += records.len();
    }
    assert!(before <= 20, "the other had to wait for {before} messages");
}

#[test]
fn a_round_ends_by_time_and_the_next_goes_on_behind() {
    let (opened, mut all) = several(3, false);
    for (_, peer) in &mut all {
        peer.write_all(&text()).unwrap();
    }
    for slot in 0..3 {
        // Other sockets are heard of meanwhile.
        assert_eq!(opened.shard.borrow_mut().round(Duration::ZERO), slot < 2);
        assert_eq!(served(&opened).0, [slot]);
    }
}

#[test]
fn once_there_is_room_again_who_has_waited_longest_comes_first() {
    let (opened, mut all) = several(3, false);
    for (_, peer) in &mut all {
        peer.write_all(&text()).unwrap();
    }
    let long = Duration::from_secs(3_600);
    let full = 16 << 20;
    let mut order = Vec::new();
    for _ in 0..3 {
        // What the first brings leaves no room for the others.
        opened.mailbox.undelivered.count(full - 1);
        opened.shard.borrow_mut().round(long);
        opened.shard.borrow_mut().round(long);
        let (slots, cost) = served(&opened);
        order.extend(slots);
        for slot in order.iter().rev().take(1) {
            all[*slot as usize].1.write_all(&text()).unwrap();
        }
        assert!(opened.mailbox.undelivered.delivered(full - 1 + cost));
        opened.carry_out(Command::Resume);
    }
    assert_eq!(order, [0, 1, 2]);
}

#[test]
fn a_shard_may_move_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Shard>();
}
