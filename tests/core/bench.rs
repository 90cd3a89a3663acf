//! One instance of an aggregate under commands, its journal, and a twin that knows nothing but the journal.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};

use orderflow::runtime::{Aggregate, Due, Event};
use orderflow::types::Timestamp;

use crate::ensure;
use crate::game::{Holds, Violation};
use crate::tally::{Answer, Tally};

/// What the bench must be able to compare and print.
pub(crate) trait Subject:
    Aggregate<
        State: Clone + PartialEq + Debug,
        Command: Clone + PartialEq + Debug,
        Event: PartialEq + Debug,
        Rejection: PartialEq,
    >
{
}

impl<A> Subject for A where
    A: Aggregate<
            State: Clone + PartialEq + Debug,
            Command: Clone + PartialEq + Debug,
            Event: PartialEq + Debug,
            Rejection: PartialEq,
        >
{
}

/// How a command was answered: what was recorded, or the refusal.
pub(crate) type Told<A> = Result<Vec<<A as Aggregate>::Event>, <A as Aggregate>::Rejection>;

/// One instance under commands.
#[derive(Debug)]
pub(crate) struct Bench<A: Subject> {
    /// As it stands.
    pub(crate) state: A::State,
    /// The time.
    pub(crate) now: Timestamp,
    /// What the journal alone makes of it.
    twin: A::State,
    journal: Vec<(A::Event, Timestamp)>,
    /// Whether the twin reads events as they are stored, byte by byte.
    is_written: bool,
}

impl<A: Subject> Bench<A> {
    /// A blank instance.
    pub(crate) fn new(now: Timestamp, is_written: bool) -> Self {
        Self { state: A::State::default(), twin: A::State::default(), now, journal: Vec::new(), is_written }
    }

    /// Asks. The answer of the instance and that of its twin must agree, and so must what becomes of both, and what they owe.
    pub(crate) fn tell(
        &mut self,
        name: &'static str,
        command: &A::Command,
        tally: &mut Tally,
    ) -> Result<Told<A>, Violation> {
        let told = A::decide(&self.state, command.clone(), self.now);
        let twin_told = A::decide(&self.twin, command.clone(), self.now);
        ensure!(
            told == twin_told,
            "the replayed state decides otherwise on {command:?}: {twin_told:?}, not {told:?}"
        );
        if is_traced() {
            eprintln!("{} {name}: {command:?}\n    {told:?}", self.now);
        }
        let answer = match &told {
            Ok(events) if events.is_empty() => Answer::Unchanged,
            Ok(_) => Answer::Accepted,
            Err(_) => Answer::Refused,
        };
        tally.command(name, answer);
        let Ok(events) = &told else { return Ok(told) };
        for event in events {
            tally.event(event.kind());
            A::evolve(&mut self.state, event, self.now);
            if self.is_written {
                A::evolve(&mut self.twin, &stored(event)?, self.now);
            } else {
                A::evolve(&mut self.twin, event, self.now);
            }
            self.journal.push((event.clone(), self.now));
        }
        if !events.is_empty() {
            tally.replays += 1;
            ensure!(self.state == self.twin, "the replayed state is {:?}, not {:?}", self.twin, self.state);
            let (due, twin_due) = (A::due(&self.state), A::due(&self.twin));
            ensure!(is_same(&due, &twin_due), "the replayed state owes something else");
        }
        Ok(told)
    }

    /// The power fails, and comes back: only the journal is left. Twice, and both times the same.
    pub(crate) fn crash(&mut self, tally: &mut Tally) -> Holds {
        for _ in 0..2 {
            let mut fresh = A::State::default();
            for (event, at) in &self.journal {
                A::evolve(&mut fresh, &stored(event)?, *at);
            }
            tally.replays += 1;
            ensure!(fresh == self.state, "replayed from the start it is {fresh:?}, not {:?}", self.state);
            self.state = fresh;
        }
        Ok(())
    }

    /// What it owes.
    pub(crate) fn due(&self) -> Due<A> {
        A::due(&self.state)
    }
}

/// Whether every command and what it led to is shown: with `ORDERFLOW_CORE_TRACE=1`, of the moves that a violation needs.
pub(crate) fn is_traced() -> bool {
    IS_TRACED.load(Ordering::Relaxed)
}

/// Whether what follows is traced, where somebody wants that at all.
pub(crate) fn trace(is_wanted: bool) {
    let is_asked_for = std::env::var_os("ORDERFLOW_CORE_TRACE").is_some();
    IS_TRACED.store(is_wanted && is_asked_for, Ordering::Relaxed);
}

static IS_TRACED: AtomicBool = AtomicBool::new(false);

/// The event as it comes back from the journal.
fn stored<E: Event + PartialEq + Debug>(event: &E) -> Result<E, Violation> {
    let mut bytes = Vec::new();
    event.write(&mut bytes);
    let read = E::read(event.kind(), event.version(), &bytes).map_err(|why| format!("{event:?}: {why}"))?;
    ensure!(read == *event, "stored as {}, {event:?} is read as {read:?}", String::from_utf8_lossy(&bytes));
    Ok(read)
}

fn is_same<A: Subject>(one: &Due<A>, other: &Due<A>) -> bool {
    one.steps == other.steps && one.call == other.call && one.timer == other.timer
}
