//! epoll, edge-triggered, that sleeps or polls.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::{Timespec, epoll};
use rustix::io::Errno;

use crate::Failure;
use crate::clock;

const EVENTS: usize = 1024;

/// An epoll instance, and the tokens that it last gave.
pub struct Poller {
    epoll: OwnedFd,
    tokens: Vec<usize>,
    polls: bool,
}

impl Poller {
    /// `polls`: never sleep, so that no server pays for waking us.
    pub fn new(polls: bool) -> Result<Self, Failure> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self {
            epoll,
            tokens: Vec::with_capacity(EVENTS),
            polls,
        })
    }

    /// Watches a descriptor; edge-triggered, so that nothing is ever changed for it.
    pub fn add(&self, fd: impl AsFd, token: usize) -> Result<(), Failure> {
        let flags = epoll::EventFlags::IN | epoll::EventFlags::OUT | epoll::EventFlags::ET;
        Ok(epoll::add(
            &self.epoll,
            fd,
            epoll::EventData::new_u64(token as u64),
            flags,
        )?)
    }

    /// The tokens that something has happened to; none where the deadline has come first, or, when
    /// polling, at once.
    pub fn wait(&mut self, deadline: u64) -> Result<impl Iterator<Item = usize>, Failure> {
        let left = if self.polls {
            0
        } else {
            deadline.saturating_sub(clock::now())
        };
        let timeout = Timespec::try_from(Duration::from_nanos(left))?;
        let mut events = [const { MaybeUninit::uninit() }; EVENTS];
        self.tokens.clear();
        match epoll::wait(&self.epoll, &mut events, Some(&timeout)) {
            Ok((events, _)) => self
                .tokens
                .extend(events.iter().map(|event| event.data.u64() as usize)),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.tokens.iter().copied())
    }
}
