//! The connections of a shard, and the topics that they subscribe to.

use std::collections::HashMap;
use std::collections::btree_map::Entry;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use slab::Slab;

use super::doors::DOORS;
use crate::engine::connection::Connection;
use crate::engine::context::Context;
use crate::engine::mailbox::Mailbox;
use crate::engine::slot::Named;
use crate::engine::sync::Ordering;
use crate::engine::write_side::{NO_KEY, WriteSide};

/// Subscribers of a topic that are looked at before the first of them has its turn. What the cache does not have
/// of them comes from memory for all at once then, not for one after the other.
const AHEAD: usize = 16;

/// The connections on a shard that subscribe to a topic. There is one of them while there is a topic.
struct Topic {
    id: u64,
    /// By key.
    subscribers: Vec<u32>,
    /// How many of them a server's frame goes to as it is.
    plain: usize,
}

impl Topic {
    fn new(id: u64) -> Self {
        Self {
            id,
            subscribers: Vec::new(),
            plain: 0,
        }
    }

    /// One more: its place.
    fn add(&mut self, key: u32, is_plain: bool) -> u32 {
        self.plain += usize::from(is_plain);
        self.subscribers.push(key);
        (self.subscribers.len() - 1) as u32
    }
}

/// Connections by key, and topics by their numbers. The connections of a `Base` are a topic, too.
#[derive(Default)]
pub(super) struct Table {
    connections: Slab<Box<Connection>>,
    topics: Slab<Topic>,
    by_id: HashMap<u64, u32>,
}

impl Table {
    /// One more, the last of its `Base` from now on.
    pub(super) fn insert(&mut self, context: &mut Context, connection: Connection) {
        let entry = self.connections.vacant_entry();
        let key = u32::try_from(entry.key()).unwrap_or(NO_KEY);
        let connection = entry.insert(Box::new(connection));
        let write_side = &connection.write_side;
        write_side.key.store(key, Ordering::Relaxed);
        let topics = &mut self.topics;
        connection.base = place_of(topics, &mut self.by_id, write_side.base);
        connection.place = topics[connection.base as usize].add(key, write_side.is_plain());
        connection.arm(context);
    }

    /// The connection gets what is published to a topic, unless it is over.
    pub(super) fn subscribe(&mut self, write_side: &WriteSide, topic: u64) {
        let Some(key) = self.find(write_side) else {
            return;
        };
        let connection = &mut self.connections[key as usize];
        let place = place_of(&mut self.topics, &mut self.by_id, topic);
        if let Entry::Vacant(entry) = connection.topics.entry(place) {
            entry.insert(self.topics[place as usize].add(key, write_side.is_plain()));
        }
    }

    /// It does not any more.
    pub(super) fn unsubscribe(&mut self, write_side: &WriteSide, topic: u64) {
        let (Some(key), Some(topic)) = (self.find(write_side), self.topic(topic)) else {
            return;
        };
        let topics = &mut self.connections[key as usize].topics;
        if let Some(place) = topics.remove(&topic) {
            self.leave(topic, place, write_side.is_plain());
        }
    }

    /// The key of the connection that JavaScript knows by this part of it, unless it is over.
    pub(super) fn find(&self, write_side: &WriteSide) -> Option<u32> {
        self.check(write_side.key.load(Ordering::Relaxed), write_side.id)
    }

    /// This key if it still is that connection's.
    pub(super) fn check(&self, key: u32, id: u64) -> Option<u32> {
        let connection = self.connections.get(key as usize)?;
        (connection.write_side.id == id).then_some(key)
    }

    /// The env of the connection with this key, if there is one.
    pub(super) fn mailbox_of(&self, key: u32) -> Option<&Arc<Mailbox>> {
        let connection = self.connections.get(key as usize)?;
        Some(&connection.write_side.mailbox)
    }

    /// The keys of an env's connections.
    pub(super) fn keys_of(&self, mailbox: &Arc<Mailbox>) -> Vec<u32> {
        let all = self.connections.iter();
        let own = all.filter(|(_, c)| Arc::ptr_eq(&c.write_side.mailbox, mailbox));
        own.map(|(key, _)| key as u32).collect()
    }

    /// Runs `run` on the connection with this key, if there is one, and forgets it if it is over then. A panic
    /// costs this one connection.
    pub(super) fn with(
        &mut self,
        context: &mut Context,
        key: u32,
        run: impl FnOnce(&mut Connection, &mut Context),
    ) {
        let Some(connection) = self.connections.get_mut(key as usize) else {
            return;
        };
        let is_whole = catch_unwind(AssertUnwindSafe(|| run(connection, context))).is_ok();
        if !is_whole {
            // If that fails as well, it is forgotten all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| connection.lose(context)));
        }
        if !is_whole || connection.is_over() {
            self.remove(context, key);
        }
    }

    /// The place of a topic that has subscribers here.
    pub(super) fn topic(&self, id: u64) -> Option<u32> {
        self.by_id.get(&id).copied()
    }

    /// How many topics have subscribers here.
    #[cfg(all(test, feature = "loom"))]
    pub(super) fn topic_count(&self) -> usize {
        self.topics.len()
    }

    /// How many subscribe to a topic.
    pub(super) fn count(&self, topic: u32) -> usize {
        self.topics[topic as usize].subscribers.len()
    }

    /// Whether what goes to a topic is the same for each: none of its subscribers masks or compresses.
    pub(super) fn is_plain(&self, topic: u32) -> bool {
        let topic = &self.topics[topic as usize];
        topic.plain == topic.subscribers.len()
    }

    /// Runs `visit` on each subscriber of a topic, but on those of `except`: keys in order.
    pub(super) fn each(
        &mut self,
        context: &mut Context,
        topic: u32,
        except: &[u32],
        mut visit: impl FnMut(&mut Connection, &mut Context),
    ) {
        let count = self.count(topic);
        // Backwards: a connection that ends on the way is replaced by the last, which had its turn.
        for index in (0..count).rev() {
            let subscribers = &self.topics[topic as usize].subscribers;
            if (count - 1 - index).is_multiple_of(AHEAD) {
                let first = (index + 1).saturating_sub(AHEAD);
                for key in &subscribers[first..=index] {
                    self.connections[*key as usize].write_side.touch();
                }
            }
            let key = subscribers[index];
            if except.is_empty() || except.binary_search(&key).is_err() {
                self.with(context, key, &mut visit);
            }
        }
    }

    /// Runs `visit` on each connection of an env that is on a list, and not over.
    pub(super) fn each_of(
        &mut self,
        context: &mut Context,
        mailbox: &Arc<Mailbox>,
        list: &[Named],
        visit: &mut impl FnMut(&mut Connection, &mut Context),
    ) {
        for some in list.chunks(AHEAD) {
            let mut are_there = [false; AHEAD];
            for (is_there, named) in are_there.iter_mut().zip(some) {
                *is_there = self.is_named(mailbox, *named);
            }
            for (_, named) in are_there
                .iter()
                .zip(some)
                .filter(|(is_there, _)| **is_there)
            {
                self.with(context, named.key, &mut *visit);
            }
        }
    }

    /// Whether the connection that an env has named is there still. Its slot is another's only once JavaScript has heard
    /// that it is over, and what opens that one comes after what names this one.
    fn is_named(&self, mailbox: &Arc<Mailbox>, named: Named) -> bool {
        self.connections.get(named.key as usize).is_some_and(|c| {
            let write_side = &c.write_side;
            write_side.touch();
            write_side.slot == named.slot && Arc::ptr_eq(&write_side.mailbox, mailbox)
        })
    }

    /// Forgets a connection that is over.
    fn remove(&mut self, context: &mut Context, key: u32) {
        let connection = self.connections.remove(key as usize);
        let write_side = &connection.write_side;
        write_side.key.store(NO_KEY, Ordering::Relaxed);
        let live = self.connections.len();
        let timers = &mut context.timers;
        timers.sweep(live, |timer| {
            timer.key & DOORS != 0 || self.check(timer.key, timer.id).is_some()
        });

        let is_plain = write_side.is_plain();
        self.leave(connection.base, connection.place, is_plain);
        for (topic, place) in &connection.topics {
            self.leave(*topic, *place, is_plain);
        }
    }

    /// A topic has one subscriber less. The last takes its place; a topic without any is forgotten.
    fn leave(&mut self, topic: u32, place: u32, is_plain: bool) {
        let left = &mut self.topics[topic as usize];
        left.subscribers.swap_remove(place as usize);
        left.plain -= usize::from(is_plain);
        if let Some(moved) = left.subscribers.get(place as usize) {
            self.connections[*moved as usize].moved(topic, place);
        } else if left.subscribers.is_empty() {
            let Topic { id, .. } = self.topics.remove(topic as usize);
            self.by_id.remove(&id);
        }
    }
}

/// The place of a topic, which is there from now on.
fn place_of(topics: &mut Slab<Topic>, by_id: &mut HashMap<u64, u32>, id: u64) -> u32 {
    let make = || topics.insert(Topic::new(id)) as u32;
    *by_id.entry(id).or_insert_with(make)
}
