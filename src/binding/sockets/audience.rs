//! On which shards a topic has subscribers: a message to it wakes no other.

use std::collections::HashMap;

/// How many connections of an env subscribe to each topic, by shard.
#[derive(Default)]
pub(crate) struct Audience(HashMap<u64, Box<[u32]>>);

impl Audience {
    /// A connection on `shard`, which is one of `shards`, subscribes to a topic.
    pub(super) fn add(&mut self, topic: u64, shard: usize, shards: usize) {
        let counts = self.0.entry(topic);
        counts.or_insert_with(|| vec![0; shards].into())[shard] += 1;
    }

    /// It does not any more. A topic without subscribers is forgotten.
    pub(super) fn remove(&mut self, topic: u64, shard: usize) {
        if let Some(counts) = self.0.get_mut(&topic) {
            counts[shard] = counts[shard].saturating_sub(1);
            if counts.iter().all(|count| *count == 0) {
                self.0.remove(&topic);
            }
        }
    }

    /// The shards that a topic has subscribers on.
    pub(super) fn shards_of(&self, topic: u64) -> impl Iterator<Item = usize> + '_ {
        let counts = self.0.get(&topic).into_iter().flatten();
        let counts = counts.enumerate().filter(|(_, count)| **count > 0);
        counts.map(|(shard, _)| shard)
    }
}
