//! The connections of a `Base` on a shard.

use std::cell::RefCell;
use std::rc::Rc;

use super::super::connection::Connection;

/// So many are looked at before the first of them has its turn. What the cache does not have of them comes
/// from memory for all at once then, not for one after the other.
const AHEAD: usize = 16;

/// A message to all goes through them while some may end.
#[derive(Default)]
pub(super) struct Members(RefCell<Inner>);

#[derive(Default)]
struct Inner {
    all: Vec<Rc<Connection>>,
    /// How many of them a server's frame goes to as it is.
    plain: usize,
}

impl Members {
    /// Whether what goes to all is the same for each: none of them masks or compresses.
    pub(super) fn are_plain(&self) -> bool {
        let inner = self.0.borrow();
        inner.plain == inner.all.len()
    }

    /// One more, the last of them from now on.
    pub(super) fn add(&self, connection: Rc<Connection>) {
        let mut inner = self.0.borrow_mut();
        connection.base_index.set(inner.all.len());
        inner.plain += usize::from(connection.shared.is_plain());
        inner.all.push(connection);
    }

    /// Takes out one that is among them. True where that was the last.
    pub(super) fn remove(&self, connection: &Connection) -> bool {
        let mut inner = self.0.borrow_mut();
        let index = connection.base_index.get();
        inner.all.swap_remove(index);
        inner.plain -= usize::from(connection.shared.is_plain());
        if let Some(moved) = inner.all.get(index) {
            moved.base_index.set(index);
        }
        inner.all.is_empty()
    }

    /// Goes through those that are there now.
    pub(super) fn each(&self, mut visit: impl FnMut(&Rc<Connection>)) {
        let count = self.0.borrow().all.len();
        // Backwards: a connection that ends on the way is replaced by the last, which had its turn.
        for index in (0..count).rev() {
            if (count - 1 - index).is_multiple_of(AHEAD) {
                let first = (index + 1).saturating_sub(AHEAD);
                for connection in &self.0.borrow().all[first..=index] {
                    connection.shared.touch();
                }
            }
            let connection = self.0.borrow().all[index].clone();
            visit(&connection);
        }
    }
}
