//! The weather over everybody, and over single stores, as time goes by.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::config::Weather;
use super::dice::Dice;
use super::fate::{Errand, Fate};
use super::script::Script;
use crate::clock;

struct Front {
    weather: Weather,
    dice: Dice,
    /// Changes that were let in: the tenth of a second, and how many.
    let_in: (i64, u32),
    /// Of the notices: telling or not telling them changes no request's fate.
    notice_dice: Dice,
}

/// The luck of one notice to one address.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Luck {
    pub(crate) lose: bool,
    pub(crate) duplicate: bool,
    /// Held back for as long, so that later ones come before it.
    pub(crate) held_ms: i64,
}

/// Notices that come out of order come this much later.
const HELD_MS: std::ops::Range<f64> = 100.0..1_000.0;

impl Front {
    fn new(weather: Weather) -> Front {
        let seed = weather.seed.unwrap_or_else(clock::unrepeated);
        Front {
            weather,
            dice: Dice::new(seed),
            let_in: (0, 0),
            notice_dice: Dice::new(seed ^ 0x6e6f_7469_6365_7321),
        }
    }
}

impl Front {
    /// Whether as many changes were let in as may be; else one more is. Counted by the tenth of a second, so that a client that
    /// sends its share of a second at once is told so.
    fn is_full(&mut self, now_ms: i64) -> bool {
        let Some(rate) = self.weather.rate else { return false };
        let tenth = now_ms.div_euclid(100);
        if self.let_in.0 != tenth {
            self.let_in = (tenth, 0);
        }
        let is_full = self.let_in.1 >= rate.div_ceil(10);
        self.let_in.1 += u32::from(!is_full);
        is_full
    }
}

struct Running {
    script: Script,
    next: usize,
    since_ms: i64,
}

struct Inside {
    over_all: Front,
    over_stores: HashMap<String, Front>,
    running: Option<Running>,
}

/// Who may be asked for a request's fate.
pub(crate) struct Sky {
    /// Nothing can happen to anybody, now or later: the usual case costs one load.
    calm: AtomicBool,
    /// Some store has weather of its own, or may come to have it.
    by_store: AtomicBool,
    inside: Mutex<Inside>,
}

impl Sky {
    pub(crate) fn new(script: Option<Script>, now_ms: i64) -> Sky {
        let sky = Sky {
            calm: AtomicBool::new(true),
            by_store: AtomicBool::new(false),
            inside: Mutex::new(Inside {
                over_all: Front::new(Weather::default()),
                over_stores: HashMap::new(),
                running: None,
            }),
        };
        if let Some(script) = script {
            sky.play(script, now_ms);
        }
        sky
    }

    /// Whether a request's store has to be found out.
    pub(crate) fn is_by_store(&self) -> bool {
        self.by_store.load(Ordering::Relaxed)
    }

    /// The fate of a change.
    pub(crate) fn fate_of_change(&self, store: Option<&str>, now_ms: i64) -> Fate {
        self.fate(store, now_ms, Errand::Change)
    }

    /// The fate of a look-up.
    pub(crate) fn fate_of_look_up(&self, store: Option<&str>, now_ms: i64) -> Fate {
        self.fate(store, now_ms, Errand::LookUp)
    }

    fn fate(&self, store: Option<&str>, now_ms: i64, errand: Errand) -> Fate {
        if self.calm.load(Ordering::Relaxed) {
            return Fate::default();
        }
        let mut inside = self.inside.lock();
        self.advance(&mut inside, now_ms);
        let Inside { over_all, over_stores, .. } = &mut *inside;
        let own = store.and_then(|store| over_stores.get_mut(store));
        let front = own.unwrap_or(over_all);
        if front.weather.is_over(now_ms) {
            return Fate::default();
        }
        let mut fate = Fate::of(&front.weather, &mut front.dice, errand);
        if errand == Errand::Change && fate.refuse.is_none() && front.is_full(now_ms) {
            fate.refuse = Some(429);
        }
        fate
    }

    /// The luck of one notice. Uses the same number of rolls whatever comes of them.
    pub(crate) fn luck_of_notice(&self, store: Option<&str>, now_ms: i64) -> Luck {
        let mut inside = self.inside.lock();
        self.advance(&mut inside, now_ms);
        let Inside { over_all, over_stores, .. } = &mut *inside;
        let own = store.and_then(|store| over_stores.get_mut(store));
        let front = own.unwrap_or(over_all);
        let (webhook, is_over) = (front.weather.webhook, front.weather.is_over(now_ms));
        let dice = &mut front.notice_dice;
        let lose = dice.falls(webhook.lose);
        let duplicate = dice.falls(webhook.duplicate);
        let held = dice.falls(webhook.reorder);
        let by_ms = HELD_MS.start + (HELD_MS.end - HELD_MS.start) * dice.fraction();
        if is_over {
            return Luck::default();
        }
        Luck { lose, duplicate, held_ms: if held { by_ms as i64 } else { 0 } }
    }

    /// The weather over a store, or over all.
    pub(crate) fn over(&self, store: Option<&str>, now_ms: i64) -> Weather {
        let mut inside = self.inside.lock();
        self.advance(&mut inside, now_ms);
        let own = store.and_then(|store| inside.over_stores.get(store));
        let weather = &own.unwrap_or(&inside.over_all).weather;
        if weather.is_over(now_ms) { Weather::default() } else { weather.clone() }
    }

    /// Changes the weather over a store, or over all. Ends a running script.
    pub(crate) fn set(&self, store: Option<&str>, weather: Weather) {
        let mut inside = self.inside.lock();
        inside.running = None;
        inside.put(store, weather);
        self.note(&inside);
    }

    /// Takes a store's own weather away.
    pub(crate) fn clear(&self, store: &str) {
        let mut inside = self.inside.lock();
        inside.over_stores.remove(store);
        self.note(&inside);
    }

    /// Starts a script.
    pub(crate) fn play(&self, script: Script, now_ms: i64) {
        let mut inside = self.inside.lock();
        inside.running = Some(Running { script, next: 0, since_ms: now_ms });
        self.advance(&mut inside, now_ms);
        self.note(&inside);
    }

    /// How many steps a running script has taken, and of how many.
    pub(crate) fn progress(&self, now_ms: i64) -> Option<(usize, usize)> {
        let mut inside = self.inside.lock();
        self.advance(&mut inside, now_ms);
        let running = inside.running.as_ref()?;
        Some((running.next, running.script.steps.len()))
    }

    /// Fair weather everywhere.
    pub(crate) fn reset(&self) {
        let mut inside = self.inside.lock();
        inside.running = None;
        inside.over_stores.clear();
        inside.over_all = Front::new(Weather::default());
        self.note(&inside);
    }

    fn advance(&self, inside: &mut Inside, now_ms: i64) {
        let Some(mut running) = inside.running.take() else {
            return;
        };
        let elapsed = u64::try_from(now_ms - running.since_ms).unwrap_or(0);
        while let Some(step) = running.script.steps.get(running.next) {
            if step.after_ms > elapsed {
                break;
            }
            inside.put(step.store.as_deref(), step.weather.clone());
            running.next += 1;
        }
        inside.running = Some(running);
    }

    fn note(&self, inside: &Inside) {
        let steps = inside.running.iter().flat_map(|running| &running.script.steps);
        let (mut scripted, mut scripted_by_store) = (false, false);
        for step in steps {
            scripted = true;
            scripted_by_store |= step.store.is_some();
        }
        let by_store = scripted_by_store || !inside.over_stores.is_empty();
        let calm = !scripted && !by_store && inside.over_all.weather.is_calm();
        self.by_store.store(by_store, Ordering::Relaxed);
        self.calm.store(calm, Ordering::Relaxed);
    }
}

impl Inside {
    fn put(&mut self, store: Option<&str>, weather: Weather) {
        let front = Front::new(weather);
        match store {
            Some(store) => {
                self.over_stores.insert(store.to_owned(), front);
            }
            None => self.over_all = front,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(json: &str) -> Script {
        Script::parse(json.as_bytes()).expect("a good script")
    }

    #[test]
    fn a_script_changes_the_weather_on_time() {
        let json =
            r#"[{"after_ms":2000,"weather":{"mode":"ok"}},{"after_ms":1000,"weather":{"mode":"down"}}]"#;
        let sky = Sky::new(Some(script(json)), 10_000);
        let refused = |now| sky.fate_of_look_up(None, now).refuse;
        assert_eq!(refused(10_999), None);
        assert_eq!(refused(11_000), Some(503));
        assert_eq!(sky.progress(11_500), Some((1, 2)));
        assert_eq!(refused(12_000), None);
    }

    #[test]
    fn a_store_has_its_own_weather() {
        let sky = Sky::new(None, 0);
        let down = script(r#"[{"after_ms":0,"weather":{"mode":"down"}}]"#);
        let down = down.steps[0].weather.clone();
        sky.set(Some("acme"), down);
        assert!(sky.is_by_store());
        assert_eq!(sky.fate_of_change(Some("acme"), 0).refuse, Some(503));
        assert_eq!(sky.fate_of_change(Some("gifts"), 0).refuse, None);
        sky.clear("acme");
        assert_eq!(sky.fate_of_change(Some("acme"), 0), Fate::default());
        assert!(!sky.is_by_store());
    }

    #[test]
    fn notices_have_their_own_luck_and_leave_the_requests_theirs() {
        let rainy = || {
            let json = r#"{"seed":7,"steps":[{"after_ms":0,"weather":{"error_rate":0.5,
                "webhook":{"lose":0.3,"duplicate":0.3,"reorder":0.3}}}]}"#;
            Sky::new(Some(script(json)), 0)
        };
        let (told, silent) = (rainy(), rainy());
        let lucks: Vec<Luck> = (0..1_000).map(|_| told.luck_of_notice(None, 0)).collect();
        for count in [
            lucks.iter().filter(|luck| luck.lose).count(),
            lucks.iter().filter(|luck| luck.duplicate).count(),
            lucks.iter().filter(|luck| luck.held_ms > 0).count(),
        ] {
            assert!((230..370).contains(&count), "{count}");
        }
        let again: Vec<Luck> = (0..1_000).map(|_| silent.luck_of_notice(None, 0)).collect();
        assert_eq!(again, lucks);
        for _ in 0..100 {
            assert_eq!(told.fate_of_change(None, 0), silent.fate_of_change(None, 0));
            told.luck_of_notice(None, 0);
        }
        assert_eq!(Sky::new(None, 0).luck_of_notice(None, 0), Luck::default());
    }

    #[test]
    fn a_bad_script_names_its_step() {
        let bad = Script::parse(br#"{"seed":1,"steps":[{"after_ms":0,"weather":{"status":[404]}}]}"#);
        let error = bad.err().expect("404 is no outage");
        assert!(error.starts_with("steps[0].weather.status"), "{error}");
        assert!(Script::parse(b"{}").is_err());
    }

    #[test]
    fn a_bank_lets_in_so_many_a_second_and_tells_the_rest() {
        let sky = Sky::new(None, 0);
        sky.set(None, Weather { rate: Some(50), ..Weather::default() });
        let refused =
            |at_ms: i64| (0..20).filter(|_| sky.fate_of_change(None, at_ms).refuse == Some(429)).count();
        assert_eq!(refused(10_000), 15, "five a tenth of a second");
        assert_eq!(refused(10_050), 20, "they were let in");
        assert_eq!(refused(10_100), 15);
        assert_eq!(sky.fate_of_look_up(None, 10_100).refuse, None, "looking is free");
    }
}
