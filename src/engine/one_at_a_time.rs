//! Work that must not begin again before it is over, though what it calls may ask for that.

use std::cell::Cell;

/// Whether the work is under way.
#[derive(Debug, Default)]
pub struct OneAtATime(Cell<bool>);

impl OneAtATime {
    /// Begins the work, unless it is under way. It is over once what this returns is dropped, by a panic as well:
    /// otherwise it could never begin again.
    #[must_use]
    pub fn begin(&self) -> Option<UnderWay<'_>> {
        (!self.0.replace(true)).then(|| UnderWay(&self.0))
    }

    /// Whether it is under way.
    #[must_use]
    pub fn is_under_way(&self) -> bool {
        self.0.get()
    }
}

/// The work is under way until this is dropped.
#[derive(Debug)]
pub struct UnderWay<'a>(&'a Cell<bool>);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn it_does_not_begin_within_itself() {
        let work = OneAtATime::default();
        assert!(!work.is_under_way());
        let first = work.begin().expect("it is not under way");
        assert!(work.is_under_way());
        assert!(work.begin().is_none());
        assert!(work.is_under_way());
        drop(first);
        assert!(!work.is_under_way());
        assert!(work.begin().is_some());
    }

    #[test]
    fn a_panic_within_it_ends_it() {
        let work = OneAtATime::default();
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _under_way = work.begin().expect("it is not under way");
            panic!("a test's");
        }));
        assert!(panicked.is_err());
        assert!(work.begin().is_some());
    }
}
