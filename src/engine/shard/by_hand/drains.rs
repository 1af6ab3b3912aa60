//! What an env finds counted when it hears that all is written.

use super::*;
use crate::engine::backlog::HIGH_MARK;
use crate::protocol::{Fragment, Masking};

/// At each ring, what is recorded for the env by then, and the bytes that it finds counted.
struct Counting(Arc<OnceLock<Arc<Mailbox>>>, Sender<(Vec<Kind>, usize)>);

impl Doorbell for Counting {
    fn ring(&self) {
        let mailbox = self.0.get().expect("it is rung once there is something");
        let records = mailbox.take(0, Batch::default()).records;
        assert!(mailbox.rest(), "nobody else records");
        let kinds = records.iter().map(|record| record.kind).collect();
        let counted = (kinds, mailbox.submitted_bytes(0));
        self.1.send(counted).expect("the test waits");
    }
}

/// What is heard at each ring while a shard carries out a command for a connection whose peer takes all of it.
fn heard(make: impl FnOnce(Arc<WriteSide>) -> Command, deflate: bool) -> Vec<(Vec<Kind>, usize)> {
    let own = Arc::new(OnceLock::new());
    let (bell, rung) = channel();
    let mailbox = Arc::new(Mailbox::new(1, Box::new(Counting(own.clone(), bell))));
    assert!(own.set(mailbox.clone()).is_ok());
    let opened = Opened::of(mailbox, usize::MAX, |config| {
        config.timeout = None;
        if deflate {
            let agreed = DeflateParams::agreed(PERMESSAGE_DEFLATE).unwrap();
            config.deflate = Some(Deflate::new(&agreed, Role::Server, 1, 0));
        }
    });
    opened.write_side.start();
    opened.carry_out(Command::Start(opened.write_side.clone(), Vec::new()));
    opened.submit(vec![make(opened.write_side.clone())]);
    while opened.shard.borrow_mut().carry_out(SLICE) {}
    assert_eq!(opened.write_side.buffered(), 0, "its peer takes all");
    assert_eq!(opened.mailbox.submitted_bytes(0), 0);
    rung.try_iter().collect()
}

/// So much that the end of it is reported, and does not shrink.
fn much() -> Vec<u8> {
    let mut seed = 1_u32;
    let next = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 24) as u8
    };
    (0..=HIGH_MARK).map(next).collect()
}

/// A message of that.
fn message(compress: bool) -> Frame {
    let (payload, mut bytes) = (much(), Vec::new());
    encode_frame(&mut bytes, Opcode::Binary, &payload, None);
    Frame {
        opcode: Opcode::Binary,
        header: bytes.len() - payload.len(),
        bytes: bytes.into(),
        compress,
        fragments: None,
    }
}

/// A fragment of that.
fn fragment(compress: bool) -> Fragment {
    Fragment {
        opcode: Opcode::Binary,
        fin: true,
        compress,
        masking: Masking::ByRole,
        payload: much(),
    }
}

#[test]
fn what_has_drained_is_not_counted_any_more_as_under_way() {
    type Make = fn(Arc<WriteSide>) -> Command;
    let commands: [(&str, bool, Make); 5] = [
        ("a frame", false, |one| Command::Send(one, much())),
        ("a message", true, |one| {
            Command::Message(one, message(true))
        }),
        ("one that is not compressed", true, |one| {
            Command::Message(one, message(false))
        }),
        ("a fragment", false, |one| {
            Command::Fragment(one, fragment(false))
        }),
        ("a fragment that is compressed", true, |one| {
            Command::Fragment(one, fragment(true))
        }),
    ];
    for (name, deflate, make) in commands {
        let heard = heard(make, deflate);
        assert_eq!(heard, [(vec![Kind::Drain], 0)], "{name}");
    }
}

#[test]
fn whoever_asks_hears_of_drain_after_what_is_under_way_however_little_that_comes_to() {
    let (opened, mut all) = several(2, true);
    for (write_side, _) in &all {
        write_side.start();
    }
    let [one, other] = [0, 1].map(|index: usize| all[index].0.clone());
    let zeros = Frame {
        bytes: vec![0; 2 + HIGH_MARK].into(),
        header: 2,
        ..message(true)
    };
    opened.submit(vec![
        Command::Message(other, zeros),
        Command::AwaitDrain(one.clone()),
    ]);
    assert_eq!(opened.recorded(), []);
    while opened.shard.borrow_mut().carry_out(SLICE) {}
    assert_eq!(opened.recorded(), [Kind::Drain]);
    assert!(!one.awaits_drain());
    assert!(come(&mut all[1].1).len() < HIGH_MARK);
}
