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

/// How far what was sent has come by now, as far as the driver can see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Whether some of it has yet to leave.
    pub waits: bool,
    /// A number that changes whenever some of it leaves.
    pub taken: u64,
}

/// Points in time from which the deadlines follow. All of them count bytes, not frames: a peer
/// that is sending a long message is not idle.
#[derive(Debug)]
pub(super) struct Timers {
    last_received: Millis,
    /// Since when the pong may be waited for, as far as is known.
    ping_sent_at: Option<Millis>,
    /// The ping was sent after bytes that had yet to leave: how far those were when that was looked at last.
    ping_waits: Option<u64>,
    suspended_at: Option<Millis>,
    close_deadline: Option<Millis>,
}

impl Timers {
    /// Clocks that start at `now`.
    pub(super) fn new(now: Millis) -> Self {
        Self {
            last_received: now,
            ping_sent_at: None,
            ping_waits: None,
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

    /// One of our automatic pings is sent, after all that waits by `progress`.
    pub(super) fn ping_sent(&mut self, now: Millis, progress: Progress) {
        self.ping_sent_at = Some(now);
        self.ping_waits = progress.waits.then_some(progress.taken);
    }

    /// The time for the pong is up. True if it begins again: the peer was still taking what was sent before the ping.
    pub(super) fn wait_on_for_pong(&mut self, now: Millis, progress: Progress) -> bool {
        let is_taking = self.ping_waits.is_some_and(|taken| taken != progress.taken);
        if is_taking {
            self.ping_sent(now, progress);
        }
        is_taking
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
        timers.ping_sent(1_061, Progress::default());
        assert_eq!(timers.next(&config), Some((1_100, Due::Idle)));
        timers.received(1_090);
        assert_eq!(timers.next(&config), Some((1_150, Due::Ping)));
    }

    #[test]
    fn a_peer_is_lost_after_two_intervals() {
        let mut timers = Timers::new(0);
        let config = config(None, Some(60));
        timers.ping_sent(60, Progress::default());
        assert_eq!(timers.next(&config), Some((120, Due::PeerLost)));
    }

    #[test]
    fn the_pong_is_waited_for_from_when_the_ping_has_left() {
        let progress = |waits, taken| Progress { waits, taken };
        let mut timers = Timers::new(0);
        timers.ping_sent(60, progress(true, 10));
        assert!(
            timers.wait_on_for_pong(120, progress(true, 11)),
            "it takes some"
        );
        assert!(
            timers.wait_on_for_pong(180, progress(false, 12)),
            "it has all"
        );
        assert!(
            !timers.wait_on_for_pong(240, progress(true, 13)),
            "that came after the ping"
        );

        timers.ping_sent(300, progress(true, 13));
        assert!(
            !timers.wait_on_for_pong(360, progress(true, 13)),
            "it takes nothing"
        );
        timers.ping_sent(400, progress(false, 13));
        assert!(
            !timers.wait_on_for_pong(460, progress(true, 14)),
            "the ping left at once"
        );
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
        timers.ping_sent(60, Progress::default());
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
