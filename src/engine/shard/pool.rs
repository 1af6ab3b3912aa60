//! The process's shards: started at the first connection, shared by every env.

use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;

use parking_lot::Mutex;

use super::running::RunningShard;
use super::thread::start;

/// Most shards without being asked for more.
const DEFAULT_LIMIT: usize = 8;
/// Most shards at all.
const LIMIT: usize = 256;
/// Connections of one shard without being asked for another bound: as many descriptors as Linux
/// allows a process by default (`fs.nr_open`).
const DEFAULT_CAPACITY: usize = 1 << 20;
/// Most connections of one shard at all: as many as one env can number.
const CAPACITY_LIMIT: usize = 1 << 26;

/// The running shards.
pub type Shards = Arc<[Arc<RunningShard>]>;

static SHARDS: Mutex<Option<Shards>> = Mutex::new(None);

/// The shards, started where they are not running yet.
///
/// # Errors
/// What the system refused: descriptors for the event loop, or a thread. Nothing of this call stays,
/// and the next call tries again.
pub fn shards() -> io::Result<Shards> {
    let mut running = SHARDS.lock();
    if let Some(shards) = &*running {
        return Ok(shards.clone());
    }
    let mut started = Vec::new();
    let capacity = capacity(variable("WEBSOCKETS_THREAD_CONNECTIONS"));
    let rings = allows_rings(std::env::var("WEBSOCKETS_IO_URING").ok().as_deref());
    for index in 0..count(variable("WEBSOCKETS_IO_THREADS")) {
        match start(index, capacity, rings) {
            Ok(shard) => started.push(shard),
            Err(error) => {
                for shard in started {
                    shard.handle().stop();
                }
                return Err(error);
            }
        }
    }
    Ok(running.insert(started.into()).clone())
}

/// The number that an environment variable has.
fn variable(name: &str) -> Option<usize> {
    number(&std::env::var(name).ok()?)
}

fn number(text: &str) -> Option<usize> {
    text.trim().parse().ok()
}

/// Whether shards may write by io_uring.
fn allows_rings(asked: Option<&str>) -> bool {
    asked.is_none_or(|value| value.trim() != "off")
}

/// How many connections on one shard.
fn capacity(asked: Option<usize>) -> usize {
    match asked {
        Some(number @ 1..=CAPACITY_LIMIT) => number,
        _ => DEFAULT_CAPACITY,
    }
}

/// How many shards: one core is left to JavaScript.
fn count(asked: Option<usize>) -> usize {
    match asked {
        Some(number @ 1..=LIMIT) => number,
        _ => {
            let cores = available_parallelism().map_or(1, usize::from);
            cores.saturating_sub(1).clamp(1, DEFAULT_LIMIT)
        }
    }
}

/// Admits one more connection of an env, to the shard with the fewest: its index. `None` where all are full.
#[must_use]
pub fn admit(shards: &[Arc<RunningShard>], env: u64) -> Option<usize> {
    let loads = shards.iter().map(|shard| shard.handle().load());
    admit_where(loads, |index| shards[index].admit(env))
}

/// The first that admits one more, by index: of the one with the least load, then of any.
fn admit_where(
    loads: impl ExactSizeIterator<Item = usize>,
    admit: impl Fn(usize) -> bool,
) -> Option<usize> {
    let count = loads.len();
    let (least, _) = loads.enumerate().min_by_key(|(_, load)| *load)?;
    if admit(least) {
        return Some(least);
    }
    // Another env may have taken the last place there, and not elsewhere.
    (0..count).find(|index| admit(*index))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::handle::ShardHandle;

    /// Admits a connection of an env.
    fn admit(shards: &[Arc<ShardHandle>], env: u64) -> Option<usize> {
        let loads = shards.iter().map(|shard| shard.load());
        admit_where(loads, |index| shards[index].admit(env))
    }

    #[test]
    fn a_number_out_of_range_is_as_none() {
        let default = count(None);
        assert!((1..=DEFAULT_LIMIT).contains(&default));
        for text in ["", "0", "-1", "many", "257"] {
            assert_eq!(count(number(text)), default, "{text:?}");
        }
        assert_eq!(count(number(" 3 ")), 3);
        assert_eq!(count(number("256")), 256);

        for text in ["", "0", "-1", "many", "67108865"] {
            assert_eq!(capacity(number(text)), DEFAULT_CAPACITY, "{text:?}");
        }
        assert_eq!(capacity(number("1")), 1);
        assert_eq!(capacity(number("67108864")), CAPACITY_LIMIT);
    }

    #[test]
    fn connections_go_where_the_fewest_are_until_all_shards_are_full() {
        let shards = [0, 1].map(|index| Arc::new(ShardHandle::new(index, 2)));
        let admitted: Vec<_> = (0..6).map(|_| admit(&shards, 1)).collect();
        let expected = [Some(0), Some(1), Some(0), Some(1), None, None];
        assert_eq!(admitted, expected);
        shards[1].dismiss(1);
        assert_eq!(admit(&shards, 1), Some(1));
        assert_eq!(admit(&shards, 1), None);
    }

    #[test]
    fn threads_that_ask_at_once_get_no_more_than_there_is() {
        let shards = [0, 1, 2].map(|index| Arc::new(ShardHandle::new(index, 100)));
        let admitted: usize = std::thread::scope(|scope| {
            let ask = || (0..200).filter(|_| admit(&shards, 1).is_some()).count();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(admitted, 300);
        assert!(shards.iter().all(|shard| shard.load() == 100));
    }
}
