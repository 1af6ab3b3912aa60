//! The clocks of a connection. They are compared, never run: time comes in with each call.

use super::config::{Config, Millis};

/// What is to be done when a clock has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The closing took too long.
    CloseTimeout,
    /// The peer has been silent for `Config::timeout`.
    Idle,
    /// The peer has been silent for `Config::ping_interval`.
    Ping,
    /// The peer has been silent for as long again after a ping.
    PeerLost,
}

/// Points in time from which the deadlines follow. All of them count bytes, not frames: a peer
/// that is sending a long message is not idle.
#[derive(Debug)]
pub(super) struct Timers {
    last_received: Millis,
    ping_sent_at: Option<Millis>,
    suspended_at: Option<Millis>,
    close_deadline: Option<Millis>,
}

impl Timers {
    /// Clocks that start at `now`.
    pub(super) fn new(now: Millis) -> Self {
        Self {
            last_received: now,
            ping_sent_at: None,
            suspended_at: None,
            close_deadline: None,
        }
    }

    /// Bytes came.
    #[inline]
    pub(super) fn received(&mut self, now: Millis) {
        self.last_received = now;
        self.ping_sent_at = None;
    }

    /// One of our automatic pings is sent.
    pub(super) fn ping_sent(&mut self, now: Millis) {
        self.ping_sent_at = Some(now);
    }

    /// The closing begins; from now on its deadline is the only one.
    pub(super) fn begin_close(&mut self, now: Millis, config: &Config) {
        self.close_deadline = Some(now.saturating_add(config.close_timeout));
    }

    /// Reading stops: the clocks of the peer's silence stand still.
    pub(super) fn suspend(&mut self, now: Millis) {
        self.suspended_at.get_or_insert(now);
    }

    /// Reading goes on, and so do they.
    pub(super) fn resume(&mut self, now: Millis) {
        let Some(suspended_at) = self.suspended_at.take() else {
            return;
        };
        // Bytes read before the suspension may have been handed in during it.
        let stood_since = suspended_at.max(self.last_received);
        let stood_for = now.saturating_sub(stood_since);
        self.last_received = self.last_received.saturating_add(stood_for);
        if let Some(sent_at) = &mut self.ping_sent_at {
            *sent_at = sent_at.saturating_add(stood_for);
        }
    }

    /// The next deadline, and what is due then.
    pub(super) fn next(&self, config: &Config) -> Option<(Millis, Due)> {
        if let Some(deadline) = self.close_deadline {
            return Some((deadline, Due::CloseTimeout));
        }
        if self.suspended_at.is_some() {
            return None;
        }
        let idle = config
            .timeout
            .map(|timeout| (self.last_received.saturating_add(timeout), Due::Idle));
        let ping = config
            .ping_interval
            .map(|interval| match self.ping_sent_at {
                None => (self.last_received.saturating_add(interval), Due::Ping),
                Some(sent_at) => (sent_at.saturating_add(interval), Due::PeerLost),
            });
        // Of two at once the idle timeout wins, because its close frame says why.
        [idle, ping]
            .into_iter()
            .flatten()
            .min_by_key(|(deadline, _)| *deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::super::role::Role;
    use super::*;

    fn config(timeout: Option<Millis>, ping_interval: Option<Millis>) -> Config {
        Config {
            timeout,
            ping_interval,
            ..Config::new(Role::Server)
        }
    }

    #[test]
    fn no_timeout_and_no_interval_need_no_deadline() {
        assert_eq!(Timers::new(5).next(&config(None, None)), None);
    }

    #[test]
    fn the_earlier_deadline_comes_first() {
        let mut timers = Timers::new(1_000);
        let config = config(Some(100), Some(60));
        assert_eq!(timers.next(&config), Some((1_060, Due::Ping)));
        timers.ping_sent(1_061);
        assert_eq!(timers.next(&config), Some((1_100, Due::Idle)));
        timers.received(1_090);
        assert_eq!(timers.next(&config), Some((1_150, Due::Ping)));
    }

    #[test]
    fn a_peer_is_lost_after_two_intervals() {
        let mut timers = Timers::new(0);
        let config = config(None, Some(60));
        timers.ping_sent(60);
        assert_eq!(timers.next(&config), Some((120, Due::PeerLost)));
    }

    #[test]
    fn clocks_stand_still_while_suspended() {
        let mut timers = Timers::new(0);
        let config = config(Some(100), None);
        timers.suspend(30);
        timers.suspend(40);
        assert_eq!(timers.next(&config), None);
        timers.resume(1_030);
        assert_eq!(timers.next(&config), Some((1_100, Due::Idle)));
        timers.resume(9_999);
        assert_eq!(timers.next(&config), Some((1_100, Due::Idle)));
    }

    #[test]
    fn bytes_handed_in_during_a_suspension_count_from_then() {
        let mut timers = Timers::new(0);
        let config = config(Some(100), None);
        timers.suspend(30);
        timers.received(40);
        timers.resume(500);
        assert_eq!(timers.next(&config), Some((600, Due::Idle)));
    }

    #[test]
    fn a_ping_under_way_stands_still_too() {
        let mut timers = Timers::new(0);
        let config = config(None, Some(60));
        timers.ping_sent(60);
        timers.suspend(70);
        timers.resume(170);
        assert_eq!(timers.next(&config), Some((220, Due::PeerLost)));
    }

    #[test]
    fn the_close_deadline_runs_while_suspended() {
        let mut timers = Timers::new(0);
        let config = config(Some(100), None);
        timers.suspend(10);
        timers.begin_close(20, &config);
        assert_eq!(timers.next(&config), Some((5_020, Due::CloseTimeout)));
    }
}
