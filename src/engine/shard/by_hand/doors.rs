//! Who comes by a door, and what JavaScript gets of them.

mod secured;

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;

use super::*;
use crate::engine::batch::Body;
use crate::engine::door::Door;
use crate::engine::tls::SecureContext;
use crate::protocol::IN_ORDER;

const HEAD: &str = "GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A shard with an open door.
struct Opened {
    shard: RefCell<Shard>,
    mailbox: Arc<Mailbox>,
    door: Arc<Door>,
    listener: TcpListener,
}

/// What is recorded of one who has come: what it is, its bytes, its number, what it asks for, whether its address is
/// known.
type Came = (Kind, String, u32, u8, bool);

/// Has a shard accept from what should be a listening socket.
fn listen(shard: &RefCell<Shard>, mailbox: &Arc<Mailbox>, fd: OwnedFd) -> Arc<Door> {
    listen_by(shard, mailbox, fd, None)
}

/// The same by TLS.
fn listen_by(
    shard: &RefCell<Shard>,
    mailbox: &Arc<Mailbox>,
    fd: OwnedFd,
    context: Option<Arc<SecureContext>>,
) -> Arc<Door> {
    let spreads = context.is_some();
    let config = Config::new(Role::Server);
    let write_side = WriteSide::new(fd, mailbox.clone(), 0, 7, 0, &config, usize::MAX);
    let door = Arc::new(Door::new(Arc::new(write_side), 1024, context, spreads));
    assert!(shard.borrow().handle.admit(Mailbox::number(mailbox)));
    obey(shard, mailbox, Command::Listen(door.clone()));
    door
}

impl Opened {
    /// With room for that many connections, the door counted.
    fn new(connections: usize) -> Self {
        Self::by(connections, None)
    }

    fn by(connections: usize, context: Option<Arc<SecureContext>>) -> Self {
        let shard = shard(connections);
        let mailbox = Arc::new(Mailbox::new(1, Box::new(Silent)));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let fd = socket::duplicate(listener.as_fd()).unwrap();
        socket::prepare(fd.as_fd()).unwrap();
        let door = listen_by(&shard, &mailbox, fd, context);
        Self {
            shard,
            mailbox,
            door,
            listener,
        }
    }

    fn connect(&self, bytes: &str) -> TcpStream {
        let mut peer = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        peer.write_all(bytes.as_bytes()).unwrap();
        peer
    }

    fn round(&self) {
        self.shard.borrow_mut().round(SLICE);
    }

    fn load(&self) -> usize {
        self.shard.borrow().handle.load()
    }

    /// What has been recorded.
    fn recorded(&self) -> Vec<Came> {
        let batch = self.mailbox.take(0, Batch::default());
        let came = batch.records.iter().map(|record| match record.body {
            Body::Arrived {
                start,
                length,
                number,
                ref peer,
            } => {
                let bytes = String::from_utf8_lossy(&batch.bytes[start..start + length]);
                let (number, asks) = (number & 0xff_ffff, (number >> 24) as u8);
                (
                    record.kind,
                    bytes.replace('\0', "|"),
                    number,
                    asks,
                    peer.is_some(),
                )
            }
            _ => (record.kind, String::new(), 0, 0, false),
        });
        came.collect()
    }

    /// Runs rounds until something is recorded.
    fn next(&self) -> Vec<Came> {
        loop {
            self.round();
            let came = self.recorded();
            if !came.is_empty() {
                return came;
            }
            std::thread::yield_now();
        }
    }

    /// The deadline of those who say nothing comes.
    fn look(&self) {
        let mut shard = self.shard.borrow_mut();
        let shard = &mut *shard;
        let timer = shard
            .context
            .timers
            .pop_due(Millis::MAX)
            .expect("a deadline");
        shard.doors.fire(&mut shard.context, timer);
    }
}

#[test]
fn a_request_for_a_websocket_is_brought_and_its_socket_is_nobodys() {
    let opened = Opened::new(9);
    let mut peer = opened.connect(HEAD);
    let [(Kind::Head, head, number, asks, true)] = &opened.next()[..] else {
        panic!("its head");
    };
    assert!(head.starts_with("/a|Host|a|Upgrade|websocket|"), "{head}");
    assert_eq!((*asks, opened.load()), (IN_ORDER, 2));
    let (arrived, key) = opened.door.take_keyed(*number).expect("it is there");
    assert_eq!(key, "dGhlIHNhbXBsZSBub25jZQ==");
    assert!(opened.door.take(*number).is_none(), "once");
    drop(arrived);
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
}

#[test]
fn whatever_else_comes_is_handed_on_as_it_is() {
    let opened = Opened::new(9);
    for bytes in [
        "GET / HTTP/1.1\r\n\r\n",
        "G",
        &HEAD[..30],
        &format!("{HEAD}x"),
    ] {
        let _peer = opened.connect(bytes);
        let came = opened.next();
        let [(Kind::Binary, got, number, 0, false)] = &came[..] else {
            panic!("{came:?}");
        };
        assert_eq!(got, bytes);
        let arrived = opened.door.take(*number).expect("it is there");
        assert!(!arrived.is_watched && arrived.key.is_none());
    }
}

#[test]
fn one_that_says_nothing_waits_and_is_handed_on_after_two_looks() {
    let opened = Opened::new(9);
    let mut peer = opened.connect("");
    while opened.load() < 2 {
        opened.round();
    }
    opened.look();
    assert_eq!(opened.recorded(), []);
    opened.look();
    assert_eq!(
        opened.recorded(),
        [(Kind::Binary, String::new(), 0, 0, false)]
    );
    // Nobody waits any more.
    assert_eq!(opened.shard.borrow().context.next_deadline(), None);
    let arrived = opened.door.take(0).expect("it is there");
    peer.write_all(b"x").unwrap();
    opened.round();
    assert_eq!(opened.recorded(), [], "it is heard of no more");
    drop(arrived);
}

#[test]
fn one_that_speaks_late_is_heard_and_one_that_leaves_is_forgotten() {
    let opened = Opened::new(9);
    let (mut first, second) = (opened.connect(""), opened.connect(""));
    while opened.load() < 3 {
        opened.round();
    }
    drop(second);
    while opened.load() > 2 {
        opened.round();
    }
    first.write_all(HEAD.as_bytes()).unwrap();
    assert_eq!(opened.next()[0].0, Kind::Head);
    let arrived = opened.door.take(0).expect("it is there");
    assert!(arrived.is_watched);
}

#[test]
fn a_door_that_is_closed_hands_on_who_says_nothing_and_gives_all_places_back() {
    let opened = Opened::new(9);
    let _peers = [opened.connect(""), opened.connect("")];
    while opened.load() < 3 {
        opened.round();
    }
    let close = Command::CloseDoor(opened.door.write_side.clone());
    obey(&opened.shard, &opened.mailbox, close);
    let kinds: Vec<_> = opened.recorded().iter().map(|came| came.0).collect();
    assert_eq!(kinds, [Kind::Binary, Kind::Binary, Kind::Close]);
    assert!(opened.door.write_side.fd().is_none());
    assert_eq!((opened.load(), opened.door.clear()), (2, 2));
    // It hears of nobody.
    let address = opened.listener.local_addr().unwrap();
    let _late = TcpStream::connect(address).unwrap();
    opened.round();
    assert_eq!((opened.recorded(), opened.load()), (vec![], 2));
}

#[test]
fn those_who_say_nothing_are_dropped_if_that_is_asked_for() {
    let opened = Opened::new(9);
    let mut peer = opened.connect("");
    while opened.load() < 2 {
        opened.round();
    }
    let drop = Command::DropSilent(opened.door.write_side.clone());
    obey(&opened.shard, &opened.mailbox, drop);
    assert_eq!((opened.recorded(), opened.load()), (vec![], 1));
    assert_eq!(peer.read(&mut [0]).unwrap(), 0);
}

#[test]
fn an_env_that_ends_leaves_no_place_taken() {
    let opened = Opened::new(9);
    let (mut silent, _asked) = (opened.connect(""), opened.connect(HEAD));
    while opened.load() < 3 {
        opened.round();
    }
    obey(&opened.shard, &opened.mailbox, Command::Detach);
    assert_eq!(opened.load(), 0);
    assert_eq!(silent.read(&mut [0]).unwrap(), 0);
}

#[test]
fn one_beyond_the_places_of_a_shard_waits_for_those_who_are_on_their_way() {
    let opened = Opened::new(2);
    let _first = opened.connect(HEAD);
    assert_eq!(opened.next()[0].0, Kind::Head);
    let _second = opened.connect(HEAD);
    for _ in 0..10 {
        opened.round();
    }
    assert_eq!((opened.recorded(), opened.load()), (vec![], 2));
    // The first goes on elsewhere.
    assert!(opened.door.settle(0));
    let mailbox = Mailbox::number(&opened.mailbox);
    opened.shard.borrow().handle.dismiss(mailbox);
    opened.look();
    assert_eq!(opened.next()[0].0, Kind::Head);
}

#[test]
fn if_there_are_none_it_is_dropped() {
    let opened = Opened::new(2);
    let mailbox = Mailbox::number(&opened.mailbox);
    assert!(opened.shard.borrow().handle.admit(mailbox));
    let mut second = opened.connect("");
    second.set_nonblocking(true).unwrap();
    loop {
        opened.round();
        match second.read(&mut [0]) {
            Ok(0) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(opened.load(), 2);
}

#[test]
fn a_door_that_reads_nothing_hands_on_each_at_once() {
    let opened = Opened::new(9);
    opened.door.read_heads(0);
    let _peer = opened.connect(HEAD);
    assert_eq!(opened.next(), [(Kind::Binary, String::new(), 0, 0, false)]);
}

#[test]
fn an_env_that_is_behind_is_brought_nobody_until_it_is_not() {
    let opened = Opened::new(9);
    let undelivered = &opened.door.write_side.undelivered;
    undelivered.count(1024 * 1024);
    let _peer = opened.connect(HEAD);
    for _ in 0..10 {
        opened.round();
    }
    assert_eq!((opened.recorded(), opened.load()), (vec![], 1));
    assert!(!undelivered.delivered(1024 * 1024));
    opened.look();
    assert_eq!(opened.next()[0].0, Kind::Head);
}

#[test]
fn of_one_that_said_nothing_before_nothing_is_read_if_the_env_is_behind() {
    let opened = Opened::new(9);
    let mut peer = opened.connect("");
    while opened.load() < 2 {
        opened.round();
    }
    opened.door.write_side.undelivered.count(1024 * 1024);
    peer.write_all(HEAD.as_bytes()).unwrap();
    assert_eq!(opened.next(), [(Kind::Binary, String::new(), 0, 0, false)]);
}

#[test]
fn no_more_is_read_than_shows_that_it_is_too_long() {
    let opened = Opened::new(9);
    let _peer = opened.connect(&"x".repeat(4096));
    let [(Kind::Binary, got, ..)] = &opened.next()[..] else {
        panic!("it is handed on");
    };
    assert_eq!(got.len(), 1024 + 1);
}

#[test]
fn the_deadline_of_a_door_that_is_closed_is_not_that_of_the_next() {
    let opened = Opened::new(9);
    let _first = opened.connect("");
    while opened.load() < 2 {
        opened.round();
    }
    let close = Command::CloseDoor(opened.door.write_side.clone());
    obey(&opened.shard, &opened.mailbox, close);
    opened.recorded();
    let fd = socket::duplicate(opened.listener.as_fd()).unwrap();
    let _next = listen(&opened.shard, &opened.mailbox, fd);
    let _second = opened.connect("");
    while opened.load() < 3 {
        opened.round();
    }
    // That of the first, and one of the next: it takes two to hand on.
    opened.look();
    opened.look();
    assert_eq!(opened.recorded(), []);
    opened.look();
    assert_eq!(opened.recorded()[0].0, Kind::Binary);
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_poller_does_not_take_is_a_door_that_is_closed() {
    let shard = shard(9);
    let mailbox = Arc::new(Mailbox::new(1, Box::new(Silent)));
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let door = listen(&shard, &mailbox, file.into());
    let records = mailbox.take(0, Batch::default()).records;
    assert_eq!(records[0].kind, Kind::Close);
    assert_eq!((records.len(), shard.borrow().handle.load()), (1, 0));
    assert!(door.write_side.fd().is_none());
}

#[cfg(target_os = "linux")]
#[test]
fn a_door_that_listens_no_more_is_not_asked_again() {
    let opened = Opened::new(9);
    let _waiting = opened.connect("");
    socket::end_listening(opened.listener.as_fd());
    opened.round();
    assert_eq!(opened.recorded(), []);
    assert_eq!(opened.shard.borrow().context.next_deadline(), None);
    assert!(!opened.shard.borrow().doors.is_behind());
}
