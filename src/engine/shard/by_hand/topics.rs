//! Who gets what is published to a topic, after any commands before.

use std::collections::{BTreeSet, HashMap};

use super::*;
use crate::engine::slot::Named;

/// A message to a topic.
fn publish(topic: u64, payload: &[u8], except: &[&Arc<WriteSide>]) -> Command {
    let Command::Publish(mut publish) = to_all(Opcode::Binary, payload) else {
        unreachable!("it is one");
    };
    publish.topic = Some(topic);
    publish.except = except.iter().map(|one| Arc::clone(one)).collect();
    Command::Publish(publish)
}

/// Carries out all that is submitted.
fn carry_out_all(opened: &Opened, commands: Vec<Command>) {
    opened.submit(commands);
    while opened.shard.borrow_mut().carry_out_some(Instant::now()) {}
}

#[test]
fn commands_of_one_batch_hold_in_their_order() {
    let (opened, mut all) = several(2, false);
    for (write_side, _) in &all {
        write_side.start();
    }
    let [one, two] = [0, 1].map(|index: usize| all[index].0.clone());
    carry_out_all(
        &opened,
        vec![
            publish(7, b"0", &[]),
            Command::Subscribe(one.clone(), 7),
            publish(7, b"1", &[]),
            Command::Subscribe(two.clone(), 7),
            publish(7, b"2", &[]),
            publish(7, b"3", &[&one]),
            Command::Unsubscribe(one, 7),
            publish(7, b"4", &[]),
            Command::Unsubscribe(two, 7),
            publish(7, b"5", &[]),
        ],
    );
    assert_eq!(come(&mut all[0].1), b"\x82\x011\x82\x012");
    assert_eq!(come(&mut all[1].1), b"\x82\x012\x82\x013\x82\x014");
    assert_eq!(opened.mailbox.submitted_bytes(0), 0);
    assert_eq!(opened.mailbox.processed(0), 10);
}

/// A message to these, by their names.
fn to(readers: &[Named], payload: &[u8]) -> Command {
    let Command::Publish(mut publish) = to_all(Opcode::Binary, payload) else {
        unreachable!("it is one");
    };
    publish.topic = None;
    publish.named = readers.to_vec();
    Command::Publish(publish)
}

#[test]
fn those_on_a_list_get_it_after_the_commands_before_it_and_nobody_else_does() {
    let (opened, mut all) = several(20, false);
    for (write_side, _) in &all {
        write_side.start();
    }
    let names: Vec<Named> = all.iter().filter_map(|(one, _)| one.named()).collect();
    assert_eq!(names.len(), 20);
    let another_slot = Named {
        slot: 1_000,
        ..names[19]
    };
    let another_key = Named {
        key: 1_000,
        ..names[19]
    };
    let mut list = names[..18].to_vec();
    list.extend([another_slot, another_key]);
    carry_out_all(
        &opened,
        vec![
            Command::Send(all[0].0.clone(), b"first".to_vec()),
            to(&list, b"1"),
            Command::Terminate(all[1].0.clone()),
            to(&list, b"2"),
            Command::Flush(vec![all[0].0.clone()]),
        ],
    );
    assert_eq!(opened.mailbox.submitted_bytes(0), 0);
    assert_eq!(opened.mailbox.submitted_lists(0), 0);
    assert_eq!(opened.mailbox.processed(0), 3);
    let mut came = |index: usize| {
        let mut bytes = Vec::new();
        all[index].1.set_nonblocking(true).unwrap();
        let _ = all[index].1.read_to_end(&mut bytes);
        bytes
    };
    assert_eq!(came(0), b"first\x82\x011\x82\x012");
    assert!(!came(1).ends_with(b"2"), "it was over");
    for index in 2..18 {
        assert_eq!(came(index), b"\x82\x011\x82\x012");
    }
    assert_eq!([came(18), came(19)], [b"", b""]);
    assert!(all[1].0.named().is_none(), "nothing names what is over");
}

#[test]
fn a_list_may_name_one_twice_whose_room_is_full_then() {
    let mut opened = Opened::limited(2);
    opened.write_side.start();
    let name = opened.write_side.named().unwrap();
    opened.carry_out(to(&[name, name], b""));
    carry_out_all(&opened, Vec::new());
    assert_eq!(come(&mut opened.peer), b"\x82\0\x82\0");
}

#[test]
fn what_another_env_has_named_is_not_for_the_connection_of_that_slot_here() {
    let (opened, mut all) = several(1, false);
    all[0].0.start();
    let name = all[0].0.named().unwrap();
    let other = Arc::new(Mailbox::new(1, Box::new(Silent)));
    obey(&opened.shard, &other, to(&[name], b"1"));
    assert_eq!(come(&mut all[0].1), b"");
    opened.carry_out(to(&[name], b"2"));
    assert_eq!(come(&mut all[0].1), b"\x82\x012");
}

#[test]
fn a_subscription_is_one_however_often_it_is_asked_for() {
    let (opened, mut all) = several(1, false);
    let one = all[0].0.clone();
    one.start();
    let subscribe = || Command::Subscribe(one.clone(), 7);
    let unsubscribe = || Command::Unsubscribe(one.clone(), 7);
    carry_out_all(
        &opened,
        vec![subscribe(), subscribe(), publish(7, b"1", &[])],
    );
    assert_eq!(come(&mut all[0].1), b"\x82\x011");
    carry_out_all(
        &opened,
        vec![unsubscribe(), unsubscribe(), publish(7, b"2", &[])],
    );
    assert_eq!(come(&mut all[0].1), b"");
}

#[test]
fn nobody_is_in_a_topic_of_a_shard_that_forgot_the_connection() {
    let (opened, all) = several(3, false);
    let subscribe = |(write_side, _): &(Arc<WriteSide>, UnixStream)| {
        [7, 8].map(|topic| Command::Subscribe(write_side.clone(), topic))
    };
    carry_out_all(&opened, all.iter().flat_map(subscribe).collect());
    let over = || all.iter().map(|(one, _)| Command::Terminate(one.clone()));
    carry_out_all(&opened, over().collect());
    // It may ask again before JavaScript knows.
    carry_out_all(&opened, all.iter().flat_map(subscribe).collect());
    let shard = opened.shard.borrow();
    for topic in [0, 7, 8] {
        assert!(shard.table.topic(topic).is_none());
    }
}

#[test]
fn neighbours_of_one_topic_leave_as_one_piece_and_others_in_their_order() {
    let (opened, mut all) = several(2, false);
    let [one, two] = [0, 1].map(|index: usize| all[index].0.clone());
    for write_side in [&one, &two] {
        write_side.start();
        opened.carry_out(Command::Subscribe(write_side.clone(), 7));
    }
    opened.submit(vec![
        publish(7, b"1", &[]),
        publish(7, b"2", &[]),
        publish(7, b"3", &[&one]),
        publish(7, b"4", &[&one]),
        publish(7, b"5", &[&two]),
        publish(0, b"6", &[]),
    ]);
    // One piece of work is carried out at a time.
    let mut steps = 1;
    while opened.shard.borrow_mut().carry_out_some(Instant::now()) {
        steps += 1;
    }
    assert_eq!(steps, 6, "those that went along are counted by themselves");
    assert_eq!(come(&mut all[0].1), b"\x82\x011\x82\x012\x82\x015\x82\x016");
    let expected = b"\x82\x011\x82\x012\x82\x013\x82\x014\x82\x016";
    assert_eq!(come(&mut all[1].1), expected);
}

#[test]
fn a_volatile_message_is_not_for_whom_much_waits() {
    let (opened, mut all) = several(2, false);
    let [slow, quick] = [0, 1].map(|index: usize| all[index].0.clone());
    for write_side in [&slow, &quick] {
        write_side.start();
        opened.carry_out(Command::Subscribe(write_side.clone(), 7));
    }
    opened.carry_out(Command::Send(slow.clone(), vec![0; 1 << 20]));
    opened.carry_out(Command::Flush(vec![slow.clone()]));
    let waits = slow.buffered();
    assert!(waits > 64 * 1024, "{waits}");
    let Command::Publish(mut volatile) = publish(7, b"v", &[]) else {
        unreachable!("it is one");
    };
    volatile.volatile = true;
    opened.carry_out(Command::Publish(volatile));
    assert_eq!((slow.skipped(), quick.skipped()), (1, 0));
    assert_eq!(slow.buffered(), waits);
    opened.carry_out(publish(7, b"n", &[]));
    assert_eq!(slow.buffered(), waits + 3);
    carry_out_all(&opened, Vec::new());
    assert_eq!(come(&mut all[1].1), b"\x82\x01v\x82\x01n");
}

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

#[test]
fn whatever_comes_and_goes_each_message_reaches_the_subscribers_of_its_topic_alone() {
    const CONNECTIONS: usize = 8;
    const TOPICS: u64 = 5;
    let mut random = Random(1);
    for _ in 0..20 {
        let (opened, mut all) = several(CONNECTIONS as u32, false);
        for (write_side, _) in &all {
            write_side.start();
        }
        let mut model: HashMap<u64, BTreeSet<usize>> = HashMap::new();
        model.insert(0, (0..CONNECTIONS).collect());
        let mut expected = vec![Vec::new(); CONNECTIONS];
        for step in 0..300 {
            let index = random.below(CONNECTIONS as u64) as usize;
            let topic = 1 + random.below(TOPICS);
            let write_side = all[index].0.clone();
            let is_there = model[&0].contains(&index);
            let command = match random.below(20) {
                0 if model[&0].len() > 2 => {
                    model.values_mut().for_each(|members| {
                        members.remove(&index);
                    });
                    Command::Terminate(write_side)
                }
                1..8 => {
                    if is_there {
                        model.entry(topic).or_default().insert(index);
                    }
                    Command::Subscribe(write_side, topic)
                }
                8..12 => {
                    model.entry(topic).or_default().remove(&index);
                    Command::Unsubscribe(write_side, topic)
                }
                kind => {
                    let topic = if kind == 12 { 0 } else { topic };
                    let except = if kind < 16 { vec![index] } else { Vec::new() };
                    let payload = [step as u8];
                    for member in model.get(&topic).into_iter().flatten() {
                        if !except.contains(member) {
                            expected[*member].extend([0x82, 1, payload[0]]);
                        }
                    }
                    let except: Vec<_> = except.iter().map(|i| &all[*i].0).collect();
                    publish(topic, &payload, &except)
                }
            };
            opened.submit(vec![command]);
            if random.below(4) == 0 {
                while opened.shard.borrow_mut().carry_out_some(Instant::now()) {}
            }
        }
        carry_out_all(&opened, Vec::new());
        for (index, (_, peer)) in all.iter_mut().enumerate() {
            let got = if model[&0].contains(&index) {
                come(peer)
            } else {
                let mut got = Vec::new();
                peer.set_nonblocking(true).unwrap();
                peer.read_to_end(&mut got).unwrap();
                // It may have been lost with what had not left.
                expected[index].truncate(got.len());
                got
            };
            assert_eq!(got, expected[index]);
        }
        let shard = opened.shard.borrow();
        for topic in 0..=TOPICS {
            let has_some = model.get(&topic).is_some_and(|members| !members.is_empty());
            assert_eq!(shard.table.topic(topic).is_some(), has_some);
        }
    }
}
