//! What was reached: a run counts only if it hit what it is about.

use std::collections::BTreeMap;

/// Counts of one game, over all of its seeds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// Games played.
    pub(crate) games: u64,
    /// Commands decided.
    pub(crate) commands: u64,
    /// Of these, those that led to events.
    pub(crate) accepted: u64,
    /// Of these, those that were refused.
    pub(crate) refused: u64,
    /// Events recorded.
    pub(crate) events: u64,
    /// States compared with the fold of their journal.
    pub(crate) replays: u64,
    /// By command: how often it led to events, to nothing, to a refusal.
    pub(crate) by_command: BTreeMap<&'static str, [u64; 3]>,
    /// By event.
    pub(crate) by_event: BTreeMap<&'static str, u64>,
    /// Windows that a run must have passed through.
    pub(crate) windows: BTreeMap<&'static str, u64>,
}

/// How a command was answered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// With events.
    Accepted = 0,
    /// With nothing: it was known.
    Unchanged = 1,
    /// With a refusal.
    Refused = 2,
}

impl Tally {
    /// A command was answered.
    pub(crate) fn command(&mut self, name: &'static str, answer: Answer) {
        self.commands += 1;
        match answer {
            Answer::Accepted => self.accepted += 1,
            Answer::Refused => self.refused += 1,
            Answer::Unchanged => {}
        }
        self.by_command.entry(name).or_default()[answer as usize] += 1;
    }

    /// Something was recorded.
    pub(crate) fn event(&mut self, kind: &'static str) {
        self.events += 1;
        *self.by_event.entry(kind).or_default() += 1;
    }

    /// A window was passed through.
    pub(crate) fn window(&mut self, name: &'static str) {
        *self.windows.entry(name).or_default() += 1;
    }

    /// Adds what another part of the run has counted.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.games += other.games;
        self.commands += other.commands;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.events += other.events;
        self.replays += other.replays;
        for (name, counts) in &other.by_command {
            let sums = self.by_command.entry(name).or_default();
            for (sum, count) in sums.iter_mut().zip(counts) {
                *sum += count;
            }
        }
        for (kind, count) in &other.by_event {
            *self.by_event.entry(kind).or_default() += count;
        }
        for (name, count) in &other.windows {
            *self.windows.entry(name).or_default() += count;
        }
    }

    /// What the run was about and never reached.
    pub(crate) fn missed(&self, goals: &Goals) -> Vec<String> {
        let mut missed = Vec::new();
        for command in goals.commands {
            let [accepted, unchanged, refused] = self.by_command.get(command).copied().unwrap_or_default();
            if accepted + unchanged + refused == 0 {
                missed.push(format!("the command {command} was never asked"));
            } else if accepted == 0 {
                missed.push(format!("the command {command} was never accepted"));
            }
        }
        let unseen = goals.events.iter().filter(|kind| !self.by_event.contains_key(*kind));
        missed.extend(unseen.map(|kind| format!("the event {kind} was never recorded")));
        let unseen = goals.windows.iter().filter(|name| !self.windows.contains_key(*name));
        missed.extend(unseen.map(|name| format!("never came to pass: {name}")));
        missed
    }
}

/// What a run must have reached.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goals {
    /// Every command, each accepted at least once.
    pub(crate) commands: &'static [&'static str],
    /// Every kind of event.
    pub(crate) events: &'static [&'static str],
    /// Every window.
    pub(crate) windows: &'static [&'static str],
}
