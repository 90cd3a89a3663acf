//! The machine with a toy in it: a till that counts, on a journal whose commits the test decides.

#![expect(unreachable_pub, reason = "the events macro makes public items, and these stay here")]

mod answers;
mod gate;
mod memory;
mod parts;
mod restart;
mod terms;
mod timers;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor as _, Addr};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::ask::send;
use super::*;
use crate::journal::Journal as _;
use crate::journal::memory::{Fault as DiskFault, MemoryJournal, Plan};
use crate::types::{Actor, Cause, Clock, Meta, OrderId, RequestKey, Timestamp};

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A till: counts, calls somebody at ten, owes what it is told to owe, and closes by itself some time after it was opened. A
/// store has any number of them, or one.
struct Tills<const IS_SINGLE: bool = false>;

#[derive(Clone, Debug, Default, PartialEq)]
struct Till {
    sum: u64,
    closes_at: Option<Timestamp>,
    is_called: bool,
    owes: Option<u64>,
}

#[derive(Clone, Debug)]
enum Command {
    Open,
    OpenFor { secs: u64 },
    Add(u64),
    Owe(u64),
    Close,
    Nothing,
    Break(Panic),
}

/// With what a till breaks.
#[derive(Clone, Copy, Debug)]
enum Panic {
    Words,
    MadeWords,
    NoWords,
}

crate::events! {
    /// Something that happened to a till.
    pub enum Event {
        /// Opened.
        Opened(Opened) = "till.opened", 1;
        /// Counted.
        Added(Added) = "till.added", 1;
        /// Owes a sibling something.
        Owed(Owed) = "till.owed", 1;
        /// Closed.
        Closed(Closed) = "till.closed", 1;
    }
}

/// `till.opened`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opened {
    closes_at: Timestamp,
}

/// `till.added`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Added {
    units: u64,
}

/// `till.owed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Owed {
    units: u64,
}

/// `till.closed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Closed {}

macro_rules! of_no_order {
    ($($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                None
            }
            fn subject(&self) -> String {
                "till".into()
            }
        }
    )+};
}

of_no_order!(Opened, Added, Owed, Closed);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("closed")]
struct IsClosed;

#[derive(Debug, PartialEq, Eq)]
struct Tell(u64);

#[derive(Debug, PartialEq, Eq)]
struct CallHome(u64);

impl<const IS_SINGLE: bool> Aggregate for Tills<IS_SINGLE> {
    const NAME: &'static str = "till";
    const IS_SINGLE: bool = IS_SINGLE;
    type Key = u32;
    type State = Till;
    type Command = Command;
    type Event = Event;
    type Rejection = IsClosed;
    type Step = Tell;
    type Call = CallHome;

    fn decide(till: &Till, command: Command, now: Timestamp) -> Result<Vec<Event>, IsClosed> {
        match command {
            Command::Open => Ok(vec![Event::Opened(Opened { closes_at: now.plus_secs(60) })]),
            Command::OpenFor { secs } => Ok(vec![Event::Opened(Opened { closes_at: now.plus_secs(secs) })]),
            Command::Add(_) if till.closes_at.is_none() => Err(IsClosed),
            Command::Add(0) => Ok(vec![]),
            Command::Add(units) => Ok(vec![Event::Added(Added { units })]),
            Command::Owe(units) => Ok(vec![Event::Owed(Owed { units })]),
            Command::Close => Ok(vec![Event::Closed(Closed {})]),
            Command::Nothing => Ok(vec![]),
            Command::Break(Panic::Words) => panic!("the till is broken"),
            Command::Break(Panic::MadeWords) => panic!("the till with {} is broken", till.sum),
            Command::Break(Panic::NoWords) => std::panic::panic_any(till.sum),
        }
    }

    fn evolve(till: &mut Till, event: &Event, _at: Timestamp) {
        match event {
            Event::Opened(opened) => till.closes_at = Some(opened.closes_at),
            Event::Added(added) => {
                till.sum += added.units;
                till.is_called = till.sum >= 10;
            }
            Event::Owed(owed) => till.owes = Some(owed.units),
            Event::Closed(_) => *till = Till { sum: till.sum, ..Till::default() },
        }
    }

    fn due(till: &Till) -> Due<Self> {
        let due = if till.is_called { Due::call(CallHome(till.sum)) } else { Due::nothing() };
        let due = Due { steps: till.owes.map(Tell).into_iter().collect(), ..due };
        match till.closes_at {
            Some(at) => due.and_at(at, Command::Close),
            None => due,
        }
    }

    fn tells(_: &Till, event: &Event) -> Option<Tell> {
        match event {
            Event::Added(added) => Some(Tell(added.units)),
            Event::Opened(_) | Event::Owed(_) | Event::Closed(_) => None,
        }
    }
}

struct Counter {
    log: Rc<StoreLog>,
    keys: Keys,
    /// Why it was broken up, if it was.
    broken: RefCell<Option<String>>,
    visible: Cell<u64>,
    is_unreadable: Cell<bool>,
    takes_events: Cell<bool>,
    told: RefCell<Vec<u64>>,
    called: RefCell<Vec<u64>>,
    loads: Cell<u32>,
    /// How often the only till was asked to let go of parts, which views see with this ticket.
    lets_go: Cell<u32>,
    parts_rest_since: Cell<u64>,
    /// What is stored with something due, in the order of keys.
    open: RefCell<Vec<(u32, Till)>>,
}

impl Family for Counter {
    fn log(&self) -> &Rc<StoreLog> {
        &self.log
    }
    fn keys(&self) -> &Keys {
        &self.keys
    }
    fn visible(&self) -> u64 {
        self.visible.get()
    }
    fn takes_events(&self) -> bool {
        self.takes_events.get()
    }
    fn is_broken(&self) -> bool {
        self.broken.borrow().is_some()
    }
    fn break_up(&self, _member: &'static str, panic: &str) {
        self.broken.borrow_mut().get_or_insert_with(|| panic.to_owned());
    }
    fn touch(&self) {}
}

impl<const IS_SINGLE: bool> Wiring for Tills<IS_SINGLE> {
    const LETS_GO: Option<LetGo<Self>> = Some(|family, _, visible| {
        family.lets_go.set(family.lets_go.get() + 1);
        visible < family.parts_rest_since.get()
    });
    type Family = Counter;
    type Request = Command;

    fn prepare(
        _: &Rc<Counter>,
        _: u32,
        _: &mut Till,
        command: Command,
    ) -> Result<Command, Refusal<IsClosed>> {
        Ok(command)
    }
    fn is_fresh(_: &Rc<Counter>, key: u32) -> bool {
        key > 100
    }
    fn load(family: &Rc<Counter>, key: u32) -> Result<Till, Fault> {
        if family.is_unreadable.get() {
            return Err(Fault::Unreadable);
        }
        family.loads.set(family.loads.get() + 1);
        let open = family.open.borrow();
        Ok(open.iter().find(|(open, _)| *open == key).map(|(_, till)| till.clone()).unwrap_or_default())
    }
    fn step(family: &Rc<Counter>, _: u32, _: &Till, Tell(units): Tell, _: Cause) {
        family.told.borrow_mut().push(units);
    }
    fn call(family: &Rc<Counter>, _: u32, CallHome(sum): CallHome) {
        family.called.borrow_mut().push(sum);
    }

    fn flowed(_: &Rc<Counter>, _: u32, _: &[Event], _: &Meta, _: Timestamp) {}

    fn open_after(
        family: &Rc<Counter>,
        after: Option<u32>,
        _: usize,
    ) -> Result<super::wiring::Open<Self>, Fault> {
        if family.is_unreadable.get() {
            return Err(Fault::Unreadable);
        }
        let open = family.open.borrow();
        let next = open.iter().find(|(key, _)| after.is_none_or(|after| *key > after));
        Ok(next.cloned().into_iter().collect())
    }
}

struct World {
    journal: Arc<MemoryJournal>,
    family: Rc<Counter>,
    till: Addr<AggregateActor<Tills>>,
}

type Asked = oneshot::Receiver<Result<Answer, Refusal<IsClosed>>>;

impl World {
    fn new(plan: Plan) -> Self {
        Self::with(plan, [])
    }

    /// A world with these tills in memory.
    fn with<const N: usize>(plan: Plan, tills: [(u32, Till); N]) -> Self {
        let journal = MemoryJournal::inline(plan);
        let gate = Gate::open(journal.clone());
        let store = "acme".parse().expect("legal");
        let clock = Clock::following_runtime(START);
        let family = Rc::new(Counter {
            log: StoreLog::resume(store, 1, gate, clock, 0, Timestamp::default()),
            keys: Keys::new(Box::new(|_| Ok(None))),
            broken: RefCell::default(),
            visible: Cell::new(0),
            is_unreadable: Cell::new(false),
            takes_events: Cell::new(true),
            told: RefCell::default(),
            called: RefCell::default(),
            loads: Cell::new(0),
            lets_go: Cell::new(0),
            parts_rest_since: Cell::new(0),
            open: RefCell::default(),
        });
        let broken = Rc::downgrade(&family);
        family.log.on_refused(move || {
            if let Some(family) = broken.upgrade() {
                family.break_up("journal", "refused");
            }
        });
        let till = AggregateActor::<Tills>::new(Rc::clone(&family), tills).start();
        Self { journal, family, till }
    }

    fn ask(&self, command: Command, key: Option<&str>) -> Asked {
        self.ask_if(command, key, None)
    }

    fn ask_if(&self, command: Command, key: Option<&str>, expected: Option<Expected>) -> Asked {
        Self::ask_of(&self.till, command, key, expected)
    }

    fn ask_of<const IS_SINGLE: bool>(
        till: &Addr<AggregateActor<Tills<IS_SINGLE>>>,
        command: Command,
        key: Option<&str>,
        expected: Option<Expected>,
    ) -> Asked {
        let (to, asked) = oneshot::channel();
        let body = format!("{command:?}");
        let key = key.map(|key| RequestKey::new(key, &[body.as_bytes()]));
        // Nothing is there until something was counted.
        let show = Box::new(|till: &Till| Some(Answer::of(&till.sum, till.sum)).filter(|_| till.sum > 0));
        let condition = expected.map(|expected| Condition { expected, of: None });
        let meta = Meta { key, ..Meta::by(Actor::Api) };
        let reply = Reply::Caller { to, show };
        send(till, Ask { key: 7, request: command, meta, deadline: None, condition, reply });
        asked
    }

    /// A command that nobody waits for, and what it leads to.
    async fn tell(&self, key: u32, command: Command) {
        send(&self.till, Ask::tell(key, command, Meta::by(Actor::Api)));
        self.commit().await;
    }

    /// What a till shows: all of it.
    fn look(&self, key: u32) -> oneshot::Receiver<Result<Option<Answer>, Fault>> {
        let (to, looked) = oneshot::channel();
        let show = Box::new(|till: &Till| Some(Answer::of(&format!("{till:?}"), till.sum)));
        send(&self.till, Look { key, show, to });
        looked
    }

    fn loads(&self) -> u32 {
        self.family.loads.get()
    }

    /// Lets everything that can run without the journal run.
    async fn settle(&self) {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    async fn commit(&self) {
        self.settle().await;
        self.journal.pump();
        self.settle().await;
    }

    /// A second passes, and what is to happen then happens. Timers ring at the end of a millisecond.
    async fn later(&self) {
        tokio::time::advance(Duration::from_millis(1_001)).await;
        self.commit().await;
    }

    async fn opened(plan: Plan) -> Self {
        let world = Self::new(plan);
        let opened = world.ask(Command::Open, None);
        world.commit().await;
        opened.await.expect("answered").expect("opened");
        world
    }
}

fn is_waiting<T>(asked: &mut oneshot::Receiver<T>) -> bool {
    matches!(asked.try_recv(), Err(oneshot::error::TryRecvError::Empty))
}

/// A till that calls home as soon as it is asked what it owes.
fn calling(sum: u64) -> Till {
    Till { sum, is_called: true, ..Till::default() }
}
