//! How fast orders are sent.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Orders a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// As fast as answers come.
    Max,
    /// That many, when answers come fast enough.
    PerSecond(NonZeroU32),
}

/// The text is neither `max` nor a number of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected `max` or a whole number of orders a second, at least 1")]
pub struct SpeedError;

impl FromStr for Speed {
    type Err = SpeedError;

    fn from_str(text: &str) -> Result<Self, SpeedError> {
        match text {
            "max" => Ok(Speed::Max),
            number => number.parse().map(Speed::PerSecond).map_err(|_| SpeedError),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Speed::Max => f.write_str("max"),
            Speed::PerSecond(rate) => write!(f, "{rate}"),
        }
    }
}

/// Falling behind further than this is not caught up: a burst is not what was asked for.
const BEHIND_MAX: Duration = Duration::from_millis(500);

/// Lets orders through at an even rate.
#[derive(Debug)]
pub struct Pace {
    speed: Speed,
    next: Instant,
}

impl Pace {
    /// The first order may go at once.
    pub fn new(speed: Speed) -> Self {
        Self { speed, next: crate::types::clock::instant() }
    }

    /// Waits until the next order is due.
    pub async fn wait(&mut self) {
        let Speed::PerSecond(rate) = self.speed else {
            return;
        };
        let now = crate::types::clock::instant();
        if self.next > now {
            sleep_until(self.next).await;
        } else if now - self.next > BEHIND_MAX {
            self.next = now;
        }
        self.next += Duration::from_secs(1) / rate.get();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_max_or_a_number() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("250".parse::<Speed>().map(|speed| speed.to_string()), Ok("250".to_owned()));
        for bad in ["", "0", "-1", "1.5", "Max", "fast"] {
            assert_eq!(bad.parse::<Speed>(), Err(SpeedError), "{bad:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn orders_go_at_an_even_rate_and_a_stall_makes_no_burst() {
        let mut pace = Pace::new(Speed::PerSecond(NonZeroU32::new(10).expect("not zero")));
        let started = crate::types::clock::instant();
        for _ in 0..21 {
            pace.wait().await;
        }
        assert_eq!(started.elapsed().as_millis() / 100, 20);
        tokio::time::advance(Duration::from_secs(60)).await;
        let resumed = crate::types::clock::instant();
        for _ in 0..11 {
            pace.wait().await;
        }
        assert!(resumed.elapsed() >= Duration::from_millis(1_000), "{:?}", resumed.elapsed());
    }
}
