//! What the weather does to one request.

use super::config::{Latency, Weather};
use super::dice::Dice;

/// An error in place of the truth.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Injected {
    /// Nothing happened.
    Before(u16),
    /// It happened all the same.
    After(u16),
}

/// What awaits one request.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(crate) struct Fate {
    /// Turned away at the door with this status, leaving no trace.
    pub(crate) refuse: Option<u16>,
    pub(crate) retry_after_s: Option<u32>,
    /// The connection is reset; nothing happened.
    pub(crate) drop_before: bool,
    pub(crate) error: Option<Injected>,
    /// It happens, and the connection is closed without an answer.
    pub(crate) drop_after: bool,
    pub(crate) decline: bool,
    pub(crate) delay_ms: u64,
}

/// A request that moves nothing meets closed doors and long waits only.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Errand {
    Change,
    LookUp,
}

/// How far in the tail of the normal distribution the 99th percentile is.
const P99_SPREADS: f64 = 2.326_347_874;

impl Fate {
    /// Rolls the dice. A change uses the same number of rolls whatever comes of them, so that a seed gives
    /// the same fates in the same order.
    pub(crate) fn of(weather: &Weather, dice: &mut Dice, errand: Errand) -> Fate {
        let mut fate = Fate {
            refuse: weather.is_shut().then_some(503),
            retry_after_s: weather.retry_after_s,
            ..Fate::default()
        };
        if errand == Errand::Change {
            fate.drop_before = dice.falls(weather.drop_before);
            let fails = dice.falls(weather.error_rate);
            let after = dice.falls(weather.error_after);
            let pick = dice.next() as usize % weather.status.len();
            let status = weather.status[pick];
            fate.drop_after = dice.falls(weather.drop_after);
            fate.decline = dice.falls(weather.decline_rate);
            match (fails, status) {
                (false, _) => {}
                (true, 429) => fate.refuse = fate.refuse.or(Some(429)),
                (true, _) if after => fate.error = Some(Injected::After(status)),
                (true, _) => fate.error = Some(Injected::Before(status)),
            }
        }
        let spread = dice.normal();
        if let Some(latency) = weather.latency_ms {
            fate.delay_ms = delay(latency, spread);
        }
        fate
    }
}

/// Log-normal through both percentiles.
fn delay(Latency { p50, p99 }: Latency, spread: f64) -> u64 {
    if p50 == 0.0 {
        return if spread > P99_SPREADS { p99 as u64 } else { 0 };
    }
    let sigma = (p99 / p50).ln() / P99_SPREADS;
    let longest = p99 * 4.0;
    (p50 * (sigma * spread).exp()).min(longest) as u64
}

#[cfg(test)]
mod tests {
    use super::super::config::Mode;
    use super::*;

    fn fates(weather: &Weather, seed: u64, count: usize) -> Vec<Fate> {
        let mut dice = Dice::new(seed);
        (0..count).map(|_| Fate::of(weather, &mut dice, Errand::Change)).collect()
    }

    #[test]
    fn a_seed_gives_the_same_fates() {
        let weather = Weather { error_rate: 0.5, drop_after: 0.2, ..Weather::default() };
        assert_eq!(fates(&weather, 7, 100), fates(&weather, 7, 100));
        assert_ne!(fates(&weather, 7, 100), fates(&weather, 8, 100));
    }

    #[test]
    fn waits_have_the_percentiles_that_were_asked_for() {
        let weather = Weather { latency_ms: Some(Latency { p50: 20.0, p99: 800.0 }), ..Weather::default() };
        let mut waits: Vec<u64> = fates(&weather, 1, 10_000).iter().map(|f| f.delay_ms).collect();
        waits.sort_unstable();
        assert!((17..=22).contains(&waits[5_000]), "{}", waits[5_000]);
        assert!((600..=1_000).contains(&waits[9_900]), "{}", waits[9_900]);
    }

    #[test]
    fn looking_up_meets_closed_doors_but_no_errors() {
        let weather = Weather { error_rate: 1.0, drop_before: 1.0, drop_after: 1.0, ..Weather::default() };
        assert_eq!(Fate::of(&weather, &mut Dice::new(1), Errand::LookUp), Fate::default());
        let down = Weather { mode: Mode::Down, ..Weather::default() };
        let fate = Fate::of(&down, &mut Dice::new(1), Errand::LookUp);
        assert_eq!(fate.refuse, Some(503));
    }
}
