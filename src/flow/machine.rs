//! State machines as `decide` makes them: found by asking it, not drawn.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::fmt::{self, Debug, Write as _};
use std::hash::{DefaultHasher, Hash, Hasher as _};

use serde::Serialize;

use crate::runtime::{Aggregate, Event as _};
use crate::types::Timestamp;

/// What an aggregate's machine looks like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Whose it is.
    pub name: &'static str,
    /// What it is about, in words.
    pub about: &'static str,
    /// Where it begins.
    pub initial: &'static str,
    /// Every state that can be reached.
    pub states: BTreeSet<&'static str>,
    /// States in which it may come to rest: nothing is owed, and it stays until something comes from outside.
    pub resting: BTreeSet<&'static str>,
    /// States that nothing leaves, whatever comes.
    pub terminal: BTreeSet<&'static str>,
    /// Every step there is.
    pub transitions: BTreeSet<Transition>,
    /// How many states were told apart while looking; not shown.
    #[serde(skip)]
    pub(super) looked_at: usize,
}

/// One step of a machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Transition {
    /// From which state.
    pub from: &'static str,
    /// What is asked or reported.
    pub on: &'static str,
    /// To which state; the same, where something is recorded and the state stays.
    pub to: &'static str,
    /// The events recorded, in their order.
    pub records: Vec<&'static str>,
}

/// An aggregate whose machine can be found.
pub(super) trait Charted: Aggregate {
    /// What it is about, in words.
    const ABOUT: &'static str;

    /// The state to begin with.
    fn begin() -> Self::State {
        Self::State::default()
    }

    /// The state's name.
    fn place(state: &Self::State) -> &'static str;

    /// What distinguishes states of one place for finding one's way; may leave out what cannot matter, and must be
    /// bounded.
    fn fingerprint(state: &Self::State, into: &mut Print);

    /// At least one of every command that may be asked in a state, each with its name.
    fn samples(state: &Self::State, now: Timestamp) -> Vec<(&'static str, Self::Command)>;
}

/// The most states that are looked at: a fingerprint that forgets to be bounded must not go on for ever. Walks at random
/// (see the tests) show whether what fingerprints leave out brings anything new.
pub(super) const STATES_MAX: usize = 10_000;
/// How much later a command may come: at once, and after every timer.
pub(super) const LATER_MS: [u64; 2] = [1, 8 * 86_400 * 1_000];
/// When exploring begins, in journal time.
pub(super) const BEGINNING: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A hash of what distinguishes states.
#[derive(Default)]
pub(super) struct Print(DefaultHasher);

impl Print {
    /// Of a state.
    pub(super) fn of<A: Charted>(state: &A::State) -> u64 {
        let mut print = Self::default();
        print.add((A::place(state), A::due(state).is_nothing()));
        A::fingerprint(state, &mut print);
        print.0.finish()
    }

    /// This distinguishes states.
    pub(super) fn add(&mut self, part: impl Hash) {
        part.hash(&mut self.0);
    }

    /// The same for what has no hash.
    pub(super) fn debug(&mut self, part: &impl Debug) {
        write!(self, "{part:?}").expect("a hash takes every text");
    }
}

impl fmt::Write for Print {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

/// Is shown every step: the state before and after, what was asked, and the events recorded.
pub(super) type Each<'a, A> = &'a mut dyn FnMut(
    &<A as Aggregate>::State,
    &<A as Aggregate>::State,
    &'static str,
    &[<A as Aggregate>::Event],
);

/// Asks `decide` everything in every state that can be reached.
pub(super) fn explore<A: Charted>(each: Each<'_, A>) -> Machine
where
    A::State: Clone,
{
    let begin = A::begin();
    let initial = A::place(&begin);
    let mut seen = HashSet::from([Print::of::<A>(&begin)]);
    let mut next = VecDeque::from([(begin, BEGINNING)]);
    let mut known = HashSet::new();
    let mut states = BTreeSet::from([initial]);
    let mut resting = BTreeSet::new();
    while let Some((state, now)) = next.pop_front() {
        let from = A::place(&state);
        if A::due(&state).is_nothing() {
            resting.insert(from);
        }
        for later_ms in LATER_MS {
            let now = now.plus_millis(later_ms);
            for (on, command) in A::samples(&state, now) {
                let Some((after, events)) = step::<A>(&state, command, now) else { continue };
                each(&state, &after, on, &events);
                let to = A::place(&after);
                states.insert(to);
                let records = events.iter().map(A::Event::kind).collect();
                known.insert(Transition { from, on, to, records });
                if seen.len() < STATES_MAX && seen.insert(Print::of::<A>(&after)) {
                    next.push_back((after, now));
                }
            }
        }
    }
    let left: BTreeSet<&str> =
        known.iter().filter(|step| step.to != step.from).map(|step| step.from).collect();
    let terminal = states.iter().copied().filter(|state| !left.contains(state)).collect();
    let transitions = known.into_iter().collect();
    let (name, about, looked_at) = (A::NAME, A::ABOUT, seen.len());
    Machine { name, about, initial, states, resting, terminal, transitions, looked_at }
}

/// The state after a command, and the events recorded; nothing, where it was refused or changed nothing.
pub(super) fn step<A: Aggregate>(
    state: &A::State,
    command: A::Command,
    now: Timestamp,
) -> Option<(A::State, Vec<A::Event>)>
where
    A::State: Clone,
{
    let events = A::decide(state, command, now).ok().filter(|events| !events.is_empty())?;
    let mut after = state.clone();
    for event in &events {
        A::evolve(&mut after, event, now);
    }
    Some((after, events))
}
