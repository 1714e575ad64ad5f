//! Pauses between tries: they double, and differ from URL to URL so that many requests that fail
//! together do not come back together.

use std::time::Duration;

use crate::model::Digest;

/// The longest pause, seconds.
const LONGEST: f64 = 10.0;

/// The pause after try number `tried` (1 for the first): between half and all of `first`
/// doubled `tried - 1` times. The share is taken from the URL's hash, so no clock and no random
/// source is needed and two runs behave the same.
pub(crate) fn pause(first: Duration, tried: u32, url: &str) -> Duration {
    let hash = Digest::sha256(format!("{tried} {url}").as_bytes()).hex();
    let share = u32::from_str_radix(&hash[..8], 16).map_or(0.5, |n| f64::from(n) / f64::from(u32::MAX));
    let whole = first.as_secs_f64() * f64::from(2_u32.saturating_pow(tried.saturating_sub(1)));
    Duration::from_secs_f64((whole * (0.5 + share / 2.0)).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_bounds_and_differ() {
        let first = Duration::from_millis(100);
        for tried in 1..40 {
            let pause = pause(first, tried, "https://r.invalid/a").as_secs_f64();
            let whole = 0.1 * f64::from(2_u32.saturating_pow(tried - 1));
            assert!(pause >= (whole / 2.0).min(LONGEST) && pause <= whole.min(LONGEST), "{tried}: {pause}");
        }
        assert_ne!(pause(first, 1, "https://r.invalid/a"), pause(first, 1, "https://r.invalid/b"));
    }
}
