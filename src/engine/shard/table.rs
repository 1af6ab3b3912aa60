//! The connections of a shard, and the groups they are in.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use slab::Slab;

use crate::engine::connection::Connection;
use crate::engine::context::Context;
use crate::engine::mailbox::Mailbox;
use crate::engine::sync::Ordering;
use crate::engine::write_side::{NO_KEY, WriteSide};

/// Members of a group that are looked at before the first of them has its turn. What the cache does not have
/// of them comes from memory for all at once then, not for one after the other.
const AHEAD: usize = 16;

/// The connections of a `Base` on a shard.
#[derive(Default)]
struct Group {
    /// By key.
    members: Vec<u32>,
    /// How many of them a server's frame goes to as it is.
    plain: usize,
}

/// Connections by key, and groups by the number of their `Base`.
#[derive(Default)]
pub(super) struct Table {
    connections: Slab<Box<Connection>>,
    groups: Slab<Group>,
    by_base: HashMap<u64, u32>,
}

impl Table {
    /// One more, the last of its group from now on.
    pub(super) fn insert(&mut self, context: &mut Context, connection: Connection) {
        let entry = self.connections.vacant_entry();
        let key = u32::try_from(entry.key()).unwrap_or(NO_KEY);
        let connection = entry.insert(Box::new(connection));
        let write_side = &connection.write_side;
        write_side.key.store(key, Ordering::Relaxed);
        let groups = &mut self.groups;
        let by_base = self.by_base.entry(write_side.base);
        connection.group = *by_base.or_insert_with(|| groups.insert(Group::default()) as u32);
        let group = &mut groups[connection.group as usize];
        connection.member = group.members.len() as u32;
        group.plain += usize::from(write_side.is_plain());
        group.members.push(key);
        connection.arm(context);
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

    /// The group of a `Base` that has connections here.
    pub(super) fn group(&self, base: u64) -> Option<u32> {
        self.by_base.get(&base).copied()
    }

    /// Whether what goes to all of a group is the same for each: none of them masks or compresses.
    pub(super) fn is_plain(&self, group: u32) -> bool {
        let group = &self.groups[group as usize];
        group.plain == group.members.len()
    }

    /// Runs `visit` on each member of a group.
    pub(super) fn each(
        &mut self,
        context: &mut Context,
        group: u32,
        mut visit: impl FnMut(&mut Connection, &mut Context),
    ) {
        let count = self.groups[group as usize].members.len();
        // Backwards: a connection that ends on the way is replaced by the last, which had its turn.
        for index in (0..count).rev() {
            let members = &self.groups[group as usize].members;
            if (count - 1 - index).is_multiple_of(AHEAD) {
                let first = (index + 1).saturating_sub(AHEAD);
                for key in &members[first..=index] {
                    self.connections[*key as usize].write_side.touch();
                }
            }
            let key = members[index];
            self.with(context, key, &mut visit);
        }
    }

    /// Forgets a connection that is over.
    fn remove(&mut self, context: &mut Context, key: u32) {
        let connection = self.connections.remove(key as usize);
        let write_side = &connection.write_side;
        write_side.key.store(NO_KEY, Ordering::Relaxed);
        let live = self.connections.len();
        let timers = &mut context.timers;
        timers.sweep(live, |timer| self.check(timer.key, timer.id).is_some());

        let group = &mut self.groups[connection.group as usize];
        let index = connection.member as usize;
        group.members.swap_remove(index);
        group.plain -= usize::from(write_side.is_plain());
        if let Some(moved) = group.members.get(index) {
            self.connections[*moved as usize].member = connection.member;
        }
        if group.members.is_empty() {
            self.groups.remove(connection.group as usize);
            self.by_base.remove(&write_side.base);
        }
    }
}
