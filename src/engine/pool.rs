//! The process's shards: started at the first connection, shared by every env.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use parking_lot::Mutex;

use super::shard::{self, ShardHandle};

/// Most shards without being asked for more.
const DEFAULT_LIMIT: usize = 8;
/// Most shards at all.
const LIMIT: usize = 256;

/// The running shards.
pub type Shards = Arc<[Arc<ShardHandle>]>;

static SHARDS: Mutex<Option<Shards>> = Mutex::new(None);

/// The shards, started where they are not running yet.
///
/// # Errors
/// What the system refused: descriptors for the event loop, or a thread. Nothing is left behind,
/// and the next call tries again.
pub fn shards() -> io::Result<Shards> {
    let mut running = SHARDS.lock();
    if let Some(shards) = &*running {
        return Ok(shards.clone());
    }
    let mut started = Vec::new();
    for index in 0..count(std::env::var("WEBSOCKETS_IO_THREADS").ok().as_deref()) {
        match shard::start(index) {
            Ok(handle) => started.push(handle),
            Err(error) => {
                for handle in started {
                    handle.stop();
                }
                return Err(error);
            }
        }
    }
    Ok(running.insert(started.into()).clone())
}

/// How many shards: one core is left to JavaScript.
fn count(asked: Option<&str>) -> usize {
    let asked = asked.and_then(|text| text.trim().parse().ok());
    match asked {
        Some(number @ 1..=LIMIT) => number,
        _ => {
            let cores = available_parallelism().map_or(1, usize::from);
            cores.saturating_sub(1).clamp(1, DEFAULT_LIMIT)
        }
    }
}

/// The index of the shard with the fewest connections.
#[must_use]
pub fn least_loaded(shards: &Shards) -> usize {
    let load = |handle: &Arc<ShardHandle>| handle.load.load(Ordering::Relaxed);
    let least = shards
        .iter()
        .enumerate()
        .min_by_key(|(_, handle)| load(handle));
    least.map_or(0, |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_out_of_range_is_as_none() {
        let default = count(None);
        assert!((1..=DEFAULT_LIMIT).contains(&default));
        for text in ["", "0", "-1", "many", "257"] {
            assert_eq!(count(Some(text)), default, "{text:?}");
        }
        assert_eq!(count(Some(" 3 ")), 3);
        assert_eq!(count(Some("256")), 256);
    }
}
