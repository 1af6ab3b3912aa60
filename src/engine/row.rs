//! Who waits for a turn, in order.
//!
//! A message that takes long to make (to inflate, or to transcode) is made in many turns. One at a time is gone on with,
//! or all of them would be half made at once, and take the memory of all; between its turns others have theirs.

use std::collections::VecDeque;

/// How far whoever waits is with a message that takes long to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// There is none.
    Nothing,
    /// It waits until others have made theirs.
    Begun,
    /// It was gone on with in the turn that ends.
    GoesOn,
}

impl Making {
    /// By whether there was such a message before a turn, and is one after it.
    #[must_use]
    pub fn of(was_making: bool, is_making: bool) -> Self {
        match (was_making, is_making) {
            (_, false) => Self::Nothing,
            (false, true) => Self::Begun,
            (true, true) => Self::GoesOn,
        }
    }
}

/// Those who wait, by their keys.
#[derive(Debug)]
pub struct Row<K> {
    others: VecDeque<K>,
    making: VecDeque<K>,
    /// Of which kind the next is, if there are both.
    is_making_next: bool,
}

impl<K> Default for Row<K> {
    fn default() -> Self {
        Self {
            others: VecDeque::new(),
            making: VecDeque::new(),
            is_making_next: false,
        }
    }
}

impl<K> Row<K> {
    /// One more waits.
    pub fn push(&mut self, key: K, making: Making) {
        match making {
            Making::Nothing => self.others.push_back(key),
            Making::Begun => self.making.push_back(key),
            Making::GoesOn => self.making.push_front(key),
        }
    }

    /// Whose turn it is: one that makes a message, and one that does not.
    pub fn pop(&mut self) -> Option<K> {
        let (first, second) = match self.is_making_next {
            true => (&mut self.making, &mut self.others),
            false => (&mut self.others, &mut self.making),
        };
        self.is_making_next = !self.is_making_next;
        first.pop_front().or_else(|| second.pop_front())
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.others.len() + self.making.len()
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_message_is_made_at_a_time_and_others_have_turns_in_between() {
        let mut row = Row::default();
        for key in ['a', 'b'] {
            row.push(key, Making::Nothing);
        }
        for key in ['A', 'B'] {
            row.push(key, Making::of(false, true));
        }
        let mut order = String::new();
        for _ in 0..6 {
            let key = row.pop().unwrap();
            order.push(key);
            let is_making = key.is_uppercase();
            row.push(key, Making::of(is_making, is_making));
        }
        assert_eq!(order, "aAbAaA");
        // It is made.
        assert_eq!((row.pop(), row.pop()), (Some('b'), Some('A')));
        row.push('A', Making::of(true, false));
        assert_eq!(row.len(), 3);
        assert_eq!((row.pop(), row.pop()), (Some('a'), Some('B')));
        assert_eq!((row.pop(), row.pop()), (Some('A'), None));
    }
}
