//! The alert desk: things that are seen again and again, people who see to them, and a list that knows what is open.

use std::collections::BTreeMap;
use std::sync::Arc;

use orderflow::alert::{
    Alert, Alerts, By, Command, Desk, ESCALATIONS_MAX, Event, Kind, Phase, Signal, Status,
};
use orderflow::runtime::Event as _;
use orderflow::types::{AlertId, Timestamp};

use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &["raise", "clear", "acknowledge", "resolve", "silence", "escalate"],
    events: Event::KINDS,
    windows: &["resolved, and it lasts", "escalated for the last time", "seen again while open"],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u32, command: Command },
    Crash,
}

/// One store's alert desk under commands.
pub(crate) struct Table {
    bench: Bench<Alerts>,
    /// By what it is about: which alert, and whether it is open or its condition outlasts it.
    list: BTreeMap<(Kind, Arc<str>), (AlertId, bool)>,
    /// Every alert: what it is about, how often it was seen, how often it escalated.
    all: BTreeMap<AlertId, (Kind, Arc<str>, u64, u8)>,
    ids: u128,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 80);

    fn start(dice: &mut Dice) -> Self {
        let bench = Bench::new(NOON, dice.one_in(8));
        Self { bench, list: BTreeMap::new(), all: BTreeMap::new(), ids: 0 }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(60) {
            return Made::Crash;
        }
        let after_s = match dice.roll(12) {
            0 => 3_000,
            1..5 => dice.roll(400),
            _ => 0,
        };
        Made::Tell { after_s, command: self.next(dice) }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(u64::from(*after_s));
        let told = self.bench.tell(name(command), command, tally)?;
        for event in told.iter().flatten() {
            self.read(event, tally).map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
        }
        self.compare()
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let kept: Vec<Alert> = self.bench.state.all_kept().cloned().collect();
        let packed = rmp_serde::to_vec_named(&kept).map_err(|why| why.to_string())?;
        let read: Vec<Alert> = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        let restored = Desk::restore(read);
        for alert in &kept {
            ensure!(restored.alert(alert.id) == Some(alert), "from its document it is another: {alert:?}");
        }
        ensure!(
            restored.next_escalation() == self.bench.state.next_escalation(),
            "restored, another escalates next"
        );
        Ok(())
    }
}

impl Table {
    fn next(&mut self, dice: &mut Dice) -> Command {
        self.ids += 1;
        let id = AlertId::from_bits(self.ids);
        let kind = *dice.pick(&Kind::ALL[..6]);
        let subject: Arc<str> = ["a", "b", "c"][dice.roll(3) as usize].into();
        let known: Vec<AlertId> = self.all.keys().rev().take(6).copied().collect();
        let some = |dice: &mut Dice| {
            if dice.one_in(15) {
                AlertId::from_bits(u128::MAX)
            } else {
                dice.pick_some(&known).copied().unwrap_or(id)
            }
        };
        let by = |dice: &mut Dice| {
            dice.one_in(2).then(|| if dice.one_in(2) { "ada".into() } else { "bob".into() })
        };
        match dice.roll(20) {
            0..7 => {
                let message = if dice.one_in(3) { "worse" } else { "bad" }.into();
                let signal = Signal::Raise { kind, subject, message, times: dice.roll(3) };
                Command::Observe { id, signal }
            }
            7..11 => Command::Observe { id, signal: Signal::Clear { kind, subject, times: dice.roll(2) } },
            11..13 => Command::Acknowledge { id: some(dice), by: by(dice) },
            13..15 => Command::Resolve { id: some(dice), by: by(dice) },
            15 | 16 => Command::Silence { id: some(dice), minutes: dice.roll(120) },
            _ => Command::Escalate,
        }
    }

    fn read(&mut self, event: &Event, tally: &mut Tally) -> Holds {
        match event {
            Event::Raised(e) => {
                let key = (e.kind, Arc::clone(&e.subject));
                ensure!(!self.list.contains_key(&key), "two alerts of one thing are kept");
                ensure!(!self.all.contains_key(&e.id), "the alert's id is in use");
                self.list.insert(key, (e.id, true));
                self.all.insert(e.id, (e.kind, Arc::clone(&e.subject), u64::from(e.times), 0));
            }
            Event::Repeated(e) => {
                self.open(e.id)?;
                tally.window("seen again while open");
                self.alert(e.id)?.2 += u64::from(e.times);
            }
            Event::Acknowledged(e) => drop(self.open(e.id)?),
            Event::Silenced(e) => drop(self.open(e.id)?),
            Event::Escalated(e) => {
                self.open(e.id)?;
                let level = &mut self.alert(e.id)?.3;
                *level += 1;
                ensure!(*level == e.level && *level <= ESCALATIONS_MAX, "it escalates otherwise: {level}");
                if *level == ESCALATIONS_MAX {
                    tally.window("escalated for the last time");
                }
            }
            Event::Resolved(e) => {
                let key = self.open(e.id)?;
                if e.by == By::Person && key.0.is_condition() {
                    tally.window("resolved, and it lasts");
                    self.list.insert(key, (e.id, false));
                } else {
                    self.list.remove(&key);
                }
            }
            Event::Cleared(e) => {
                let (kind, subject, ..) = self.alert(e.id)?.clone();
                let was = self.list.remove(&(kind, subject));
                ensure!(was == Some((e.id, false)), "what cleared was not waited for: {was:?}");
            }
        }
        Ok(())
    }

    fn alert(&mut self, id: AlertId) -> Result<&mut (Kind, Arc<str>, u64, u8), String> {
        self.all.get_mut(&id).ok_or_else(|| format!("there is no alert {id}"))
    }

    /// What an open alert is about.
    fn open(&mut self, id: AlertId) -> Result<(Kind, Arc<str>), String> {
        let (kind, subject, ..) = self.alert(id)?.clone();
        let key = (kind, subject);
        ensure!(self.list.get(&key) == Some(&(id, true)), "it is not open");
        Ok(key)
    }

    fn compare(&self) -> Holds {
        let desk = &self.bench.state;
        ensure!(desk.kept_count() == self.list.len(), "{} are kept, not {:?}", desk.kept_count(), self.list);
        for ((kind, subject), (id, is_open)) in &self.list {
            let alert =
                desk.kept(*kind, subject).ok_or_else(|| format!("{kind} of {subject} is forgotten"))?;
            ensure!(alert.id == *id && alert.is_open() == *is_open, "another is kept: {alert:?}");
            let (_, _, count, escalations) = &self.all[id];
            ensure!(
                (alert.count, alert.escalations) == (*count, *escalations),
                "it is counted otherwise: {alert:?}"
            );
            let lasts = matches!(alert.phase, Phase::Resolved { lasts: true, .. });
            ensure!(*is_open || (alert.status() == Status::Resolved && lasts), "kept for nothing: {alert:?}");
        }
        Ok(())
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Observe { signal: Signal::Raise { .. }, .. } => "raise",
        Command::Observe { signal: Signal::Clear { .. }, .. } => "clear",
        Command::Acknowledge { .. } => "acknowledge",
        Command::Resolve { .. } => "resolve",
        Command::Silence { .. } => "silence",
        Command::Escalate => "escalate",
    }
}
