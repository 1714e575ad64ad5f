//! Pace: requests and tokens per minute, and what a server asked to wait, for all threads of one
//! reviewer together.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Seconds of a minute's allowance that may be used at once after a pause.
const BURST_SECONDS: f64 = 6.0;

/// Two allowances that fill up evenly. Times are seconds since the start; no clock in here.
#[derive(Debug)]
struct Pace {
    /// Requests per second.
    requests: Option<f64>,
    /// Tokens per second.
    tokens: Option<f64>,
    /// When the allowance for requests is full.
    requests_full: f64,
    /// When the allowance for tokens is full.
    tokens_full: f64,
    /// Nobody goes before.
    held: f64,
}

impl Pace {
    fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u32>) -> Self {
        let second = |per_minute: Option<u32>| per_minute.map(|n| f64::from(n.max(1)) / 60.0);
        Self {
            requests: second(requests_per_minute),
            tokens: second(tokens_per_minute),
            requests_full: 0.0,
            tokens_full: 0.0,
            held: 0.0,
        }
    }

    /// Books one request of so many tokens; when it may go.
    fn book(&mut self, now: f64, tokens: u64) -> f64 {
        let mut at = now.max(self.held);
        if let Some(rate) = self.requests {
            // A burst holds one request at least.
            let burst = BURST_SECONDS.max(1.0 / rate) - 1.0 / rate;
            at = at.max(self.requests_full - burst);
            self.requests_full = self.requests_full.max(at) + 1.0 / rate;
        }
        if self.tokens.is_some() {
            at = at.max(self.tokens_full - BURST_SECONDS);
            self.spend(at, tokens as f64);
        }
        at
    }

    fn spend(&mut self, now: f64, tokens: f64) {
        if let Some(rate) = self.tokens {
            self.tokens_full = self.tokens_full.max(now) + tokens / rate;
        }
    }
}

/// The pace of one reviewer.
#[derive(Debug)]
pub struct Limiter {
    start: Instant,
    pace: Mutex<Pace>,
}

impl Limiter {
    /// `None` is no limit.
    pub fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u32>) -> Self {
        Self { start: Instant::now(), pace: Mutex::new(Pace::new(requests_per_minute, tokens_per_minute)) }
    }

    fn pace(&self) -> std::sync::MutexGuard<'_, Pace> {
        // Numbers only: they are whole whatever another thread did.
        self.pace.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Waits until one request of about so many tokens may go.
    pub fn wait(&self, tokens: u64) {
        let mut at = self.pace().book(self.now(), tokens);
        loop {
            let now = self.now();
            // What another thread was told meanwhile counts here too.
            at = at.max(self.pace().held);
            if at <= now {
                return;
            }
            std::thread::sleep(Duration::from_secs_f64(at - now));
        }
    }

    /// Nobody goes for so long.
    pub fn hold(&self, pause: Duration) {
        let until = self.now() + pause.as_secs_f64();
        let mut pace = self.pace();
        pace.held = pace.held.max(until);
    }

    /// The server counted more tokens than were booked, or fewer.
    pub fn correct(&self, booked: u64, counted: u64) {
        let now = self.now();
        self.pace().spend(now, counted as f64 - booked as f64);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_limits_nobody_waits() {
        let mut pace = Pace::new(None, None);
        assert!((0..1000).all(|_| pace.book(3.0, 1_000_000) <= 3.0));
    }

    #[test]
    fn requests_come_evenly_after_the_burst() {
        let mut pace = Pace::new(Some(60), None);
        let times: Vec<f64> = (0..9).map(|_| pace.book(0.0, 0)).collect();
        assert_eq!(times, [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0]);
        // One a minute: the second waits for its minute.
        let mut slow = Pace::new(Some(1), None);
        assert_eq!([slow.book(0.0, 0), slow.book(0.0, 0), slow.book(300.0, 0)], [0.0, 60.0, 300.0]);
    }

    #[test]
    fn a_large_request_is_paid_for_by_the_next() {
        let mut pace = Pace::new(None, Some(6000));
        assert_eq!(pace.book(0.0, 3000), 0.0);
        assert_eq!(pace.book(0.0, 100), 24.0);
    }

    #[test]
    fn tokens_not_used_are_given_back() {
        let mut pace = Pace::new(None, Some(6000));
        pace.book(0.0, 3000);
        pace.spend(0.0, -2900.0);
        assert_eq!(pace.book(0.0, 100), 0.0);
    }

    #[test]
    fn what_a_server_asks_for_holds_all() {
        let mut pace = Pace::new(None, None);
        pace.held = 5.0;
        assert_eq!([pace.book(1.0, 1), pace.book(2.0, 1), pace.book(6.0, 1)], [5.0, 5.0, 6.0]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_rate_and_a_burst(rate in 1_u32..600, gaps in prop::collection::vec(0.0_f64..3.0, 1..200)) {
            let mut pace = Pace::new(Some(rate), None);
            let mut now = 0.0;
            let mut times = Vec::new();
            for gap in gaps {
                now += gap;
                times.push(pace.book(now, 0));
            }
            times.sort_by(f64::total_cmp);
            let per_second = f64::from(rate) / 60.0;
            for (at, from) in times.iter().enumerate() {
                for (n, to) in times[at..].iter().enumerate() {
                    let most = (to - from) * per_second + (BURST_SECONDS * per_second).max(1.0);
                    prop_assert!((n + 1) as f64 <= most + 1.001, "{} in {} s", n + 1, to - from);
                }
            }
        }
    }
}
