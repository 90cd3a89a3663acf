//! The weather as it is written and shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::bank::words;

words! {
    /// A name for a set of defaults. Every field can be set in every mode.
    Mode {
        Ok = "ok",
        /// The front door is shut.
        Down = "down",
        Slow = "slow",
        Flaky = "flaky",
        /// Slow and failing and losing answers, all at once.
        Brownout = "brownout",
    }
}

/// Milliseconds that half of all answers, and all but one in a hundred, stay below.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Latency {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Chances for the bank's notifications.
#[derive(Clone, Copy, Default, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Webhook {
    pub(crate) duplicate: f64,
    pub(crate) lose: f64,
    pub(crate) reorder: f64,
}

/// The weather as somebody asks for it: everything but the mode may be left out.
#[derive(Clone, Default, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    mode: Option<Mode>,
    also: Option<Vec<Mode>>,
    error_rate: Option<f64>,
    error_after: Option<f64>,
    latency_ms: Option<Latency>,
    drop_before: Option<f64>,
    drop_after: Option<f64>,
    status: Option<Vec<u16>>,
    retry_after_s: Option<u32>,
    rate: Option<u32>,
    webhook: Option<Webhook>,
    decline_rate: Option<f64>,
    until: Option<String>,
    pub(crate) seed: Option<u64>,
}

/// The weather in full.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub(crate) struct Weather {
    pub(crate) mode: Mode,
    /// Modes that act at the same time: what is worse of any dial counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) also: Vec<Mode>,
    /// The chance that a request is answered with one of `status` in place of the truth.
    pub(crate) error_rate: f64,
    /// The share of those errors that come after the request was carried out.
    pub(crate) error_after: f64,
    pub(crate) latency_ms: Option<Latency>,
    /// The chance that the connection is reset before anything happened.
    pub(crate) drop_before: f64,
    /// The chance that the request is carried out and the connection closed without an answer.
    pub(crate) drop_after: f64,
    pub(crate) status: Vec<u16>,
    /// The `Retry-After` of refusals.
    pub(crate) retry_after_s: Option<u32>,
    /// How many changes a second are let in; the rest is told 429.
    pub(crate) rate: Option<u32>,
    pub(crate) webhook: Webhook,
    pub(crate) decline_rate: f64,
    #[serde(serialize_with = "in_words")]
    pub(crate) until: Option<Timestamp>,
    pub(crate) seed: Option<u64>,
}

fn in_words<S: serde::Serializer>(until: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    until.map(|until| until.to_string()).serialize(to)
}

/// The longest p99: past this every client has given up.
const LATENCY_MAX_MS: f64 = 600_000.0;

impl Default for Weather {
    fn default() -> Self {
        Weather {
            mode: Mode::Ok,
            also: Vec::new(),
            error_rate: 0.0,
            error_after: 0.5,
            latency_ms: None,
            drop_before: 0.0,
            drop_after: 0.0,
            status: vec![500, 503],
            retry_after_s: None,
            rate: None,
            webhook: Webhook::default(),
            decline_rate: 0.0,
            until: None,
            seed: None,
        }
    }
}

impl Mode {
    fn usual(self) -> Weather {
        let mild = Weather { mode: self, ..Weather::default() };
        match self {
            Mode::Ok | Mode::Down => mild,
            Mode::Slow => Weather { latency_ms: Some(Latency { p50: 800.0, p99: 3_000.0 }), ..mild },
            Mode::Flaky => Weather { error_rate: 0.3, ..mild },
            Mode::Brownout => Weather {
                error_rate: 0.2,
                latency_ms: Some(Latency { p50: 300.0, p99: 3_000.0 }),
                drop_before: 0.05,
                drop_after: 0.05,
                ..mild
            },
        }
    }
}

impl Wish {
    /// Fills in the modes' defaults; says what is wrong, if anything is.
    pub(crate) fn granted(self) -> Result<Weather, String> {
        let also = self.also.unwrap_or_default();
        let usual = self.mode.unwrap_or(Mode::Ok).usual();
        let usual = also.iter().fold(usual, |usual, mode| usual.and(&mode.usual()));
        let until = match &self.until {
            None => None,
            Some(text) => {
                let parsed: Result<Timestamp, _> = text.parse();
                let what = |_| format!("until: '{text}' is not an RFC 3339 time");
                Some(parsed.map_err(what)?)
            }
        };
        let weather = Weather {
            mode: usual.mode,
            also,
            error_rate: self.error_rate.unwrap_or(usual.error_rate),
            error_after: self.error_after.unwrap_or(usual.error_after),
            latency_ms: self.latency_ms.or(usual.latency_ms),
            drop_before: self.drop_before.unwrap_or(usual.drop_before),
            drop_after: self.drop_after.unwrap_or(usual.drop_after),
            status: self.status.unwrap_or(usual.status),
            retry_after_s: self.retry_after_s.or(usual.retry_after_s),
            rate: self.rate.or(usual.rate),
            webhook: self.webhook.unwrap_or(usual.webhook),
            decline_rate: self.decline_rate.unwrap_or(usual.decline_rate),
            until,
            seed: self.seed,
        };
        weather.checked()
    }
}

impl Weather {
    fn checked(self) -> Result<Weather, String> {
        let chances = [
            ("error_rate", self.error_rate),
            ("error_after", self.error_after),
            ("drop_before", self.drop_before),
            ("drop_after", self.drop_after),
            ("decline_rate", self.decline_rate),
            ("webhook.duplicate", self.webhook.duplicate),
            ("webhook.lose", self.webhook.lose),
            ("webhook.reorder", self.webhook.reorder),
        ];
        if let Some((name, chance)) = chances.iter().find(|(_, c)| !(0.0..=1.0).contains(c)) {
            return Err(format!("{name}: {chance} is not between 0 and 1"));
        }
        if let Some(Latency { p50, p99 }) = self.latency_ms {
            if !(0.0..=LATENCY_MAX_MS).contains(&p50) {
                return Err(format!("latency_ms.p50: {p50} is not between 0 and {LATENCY_MAX_MS}"));
            }
            if !(p50..=LATENCY_MAX_MS).contains(&p99) {
                return Err(format!("latency_ms.p99: {p99} is not between p50 and {LATENCY_MAX_MS}"));
            }
        }
        if self.also.len() > Mode::WORDS.len() {
            return Err("also: there are not so many modes".to_owned());
        }
        if self.rate == Some(0) {
            return Err("rate: 0 lets nobody in; that is \"down\"".to_owned());
        }
        if self.status.is_empty() {
            return Err("status: at least one is needed".to_owned());
        }
        let odd = self.status.iter().find(|status| !matches!(status, 429 | 500..=599));
        if let Some(status) = odd {
            return Err(format!("status: {status} is neither 429 nor between 500 and 599"));
        }
        Ok(self)
    }

    /// Two sets of defaults at the same time. Modes differ in their chances and waits only.
    fn and(self, other: &Weather) -> Weather {
        Weather {
            error_rate: self.error_rate.max(other.error_rate),
            latency_ms: match (self.latency_ms, other.latency_ms) {
                (Some(own), Some(more)) => {
                    Some(Latency { p50: own.p50.max(more.p50), p99: own.p99.max(more.p99) })
                }
                (own, more) => own.or(more),
            },
            drop_before: self.drop_before.max(other.drop_before),
            drop_after: self.drop_after.max(other.drop_after),
            ..self
        }
    }

    /// The names of the dials: every field but those that name modes and those that say when and how the dice fall.
    pub(crate) fn dials() -> Vec<String> {
        let all = serde_json::to_value(Weather::default()).expect("weather becomes JSON");
        let names = all.as_object().into_iter().flat_map(serde_json::Map::keys);
        names.filter(|name| !["mode", "until", "seed"].contains(&name.as_str())).cloned().collect()
    }

    /// The front door is shut.
    pub(crate) fn is_shut(&self) -> bool {
        self.mode == Mode::Down || self.also.contains(&Mode::Down)
    }

    /// Nothing is out of the ordinary.
    pub(crate) fn is_calm(&self) -> bool {
        !self.is_shut()
            && self.error_rate == 0.0
            && self.rate.is_none()
            && self.latency_ms.is_none()
            && self.drop_before == 0.0
            && self.drop_after == 0.0
            && self.decline_rate == 0.0
    }

    /// It is past its end.
    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        self.until.is_some_and(|until| until.as_millisecond() <= now_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(json: &str) -> Result<Weather, String> {
        let wish: Wish = serde_json::from_str(json).map_err(|error| error.to_string())?;
        wish.granted()
    }

    #[test]
    fn a_mode_alone_is_enough_and_every_field_can_be_set() {
        assert_eq!(granted(r#"{"mode":"flaky"}"#).map(|w| w.error_rate), Ok(0.3));
        assert_eq!(granted(r#"{"mode":"ok","drop_after":1}"#).map(|w| w.drop_after), Ok(1.0));
        assert!(granted("{}").is_ok_and(|weather| weather.is_calm()));
    }

    #[test]
    fn of_modes_that_act_together_the_worse_dials_count() {
        let both = granted(r#"{"mode":"flaky","also":["slow","brownout"]}"#).expect("a good wish");
        assert_eq!((both.mode, both.error_rate, both.drop_after), (Mode::Flaky, 0.3, 0.05));
        assert_eq!(both.latency_ms, Some(Latency { p50: 800.0, p99: 3_000.0 }));
        assert!(!both.is_shut() && !both.is_calm());
        let shut = granted(r#"{"mode":"flaky","also":["down"],"error_rate":0}"#).expect("a good wish");
        assert!(shut.is_shut() && shut.error_rate == 0.0, "what is named is as it is named");
        let none: Vec<String> = Weather::dials();
        assert!(none.contains(&"drop_after".to_owned()) && !none.contains(&"mode".to_owned()), "{none:?}");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (json, name) in [
            (r#"{"mode":"rainy"}"#, "rainy"),
            (r#"{"mode":"ok","also":["rainy"]}"#, "rainy"),
            (r#"{"also":["ok","ok","ok","ok","ok","ok"]}"#, "also"),
            (r#"{"error_rate":1.5}"#, "error_rate"),
            (r#"{"webhook":{"lose":-1}}"#, "webhook.lose"),
            (r#"{"webhook":{"loose":1}}"#, "loose"),
            (r#"{"latency_ms":{"p50":10,"p99":5}}"#, "p99"),
            (r#"{"latency_ms":{"p50":10}}"#, "p99"),
            (r#"{"status":[]}"#, "status"),
            (r#"{"status":[404]}"#, "404"),
            (r#"{"until":"tomorrow"}"#, "until"),
            (r#"{"colour":"grey"}"#, "colour"),
        ] {
            let error = granted(json).expect_err(json);
            assert!(error.contains(name), "{json}: {error}");
        }
    }

    #[test]
    fn weather_ends() {
        let weather = granted(r#"{"mode":"down","until":"2026-01-01T00:00:00Z"}"#);
        let weather = weather.expect("a good wish");
        let end = 1_767_225_600_000;
        assert!(!weather.is_over(end - 1));
        assert!(weather.is_over(end));
    }
}
