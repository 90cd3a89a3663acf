//! The machine with a toy in it: a till that counts, on a journal whose commits the test decides.

#![expect(unreachable_pub, reason = "the events macro makes public items, and these stay here")]

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

/// A till: counts, calls somebody at ten, and closes by itself a minute after it was opened.
struct Tills;

#[derive(Clone, Debug, Default, PartialEq)]
struct Till {
    sum: u64,
    closes_at: Option<Timestamp>,
    is_called: bool,
}

#[derive(Clone, Debug)]
enum Command {
    Open,
    Add(u64),
    Close,
    Nothing,
    Break,
}

crate::events! {
    /// Something that happened to a till.
    pub enum Event {
        /// Opened.
        Opened(Opened) = "till.opened", 1;
        /// Counted.
        Added(Added) = "till.added", 1;
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

of_no_order!(Opened, Added, Closed);

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("closed")]
struct IsClosed;

#[derive(Debug, PartialEq, Eq)]
struct Tell(u64);

#[derive(Debug, PartialEq, Eq)]
struct CallHome(u64);

impl Aggregate for Tills {
    const NAME: &'static str = "till";
    const IS_SINGLE: bool = false;
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
            Command::Add(_) if till.closes_at.is_none() => Err(IsClosed),
            Command::Add(0) => Ok(vec![]),
            Command::Add(units) => Ok(vec![Event::Added(Added { units })]),
            Command::Close => Ok(vec![Event::Closed(Closed {})]),
            Command::Nothing => Ok(vec![]),
            Command::Break => panic!("the till is broken"),
        }
    }

    fn evolve(till: &mut Till, event: &Event, _at: Timestamp) {
        match event {
            Event::Opened(opened) => till.closes_at = Some(opened.closes_at),
            Event::Added(added) => {
                till.sum += added.units;
                till.is_called = till.sum >= 10;
            }
            Event::Closed(_) => *till = Till { sum: till.sum, ..Till::default() },
        }
    }

    fn due(till: &Till) -> Due<Self> {
        let due = if till.is_called { Due::call(CallHome(till.sum)) } else { Due::nothing() };
        match till.closes_at {
            Some(at) => due.and_at(at, Command::Close),
            None => due,
        }
    }

    fn tells(_: &Till, event: &Event) -> Option<Tell> {
        match event {
            Event::Added(added) => Some(Tell(added.units)),
            Event::Opened(_) | Event::Closed(_) => None,
        }
    }
}

struct Counter {
    log: Rc<StoreLog>,
    keys: Keys,
    is_broken: Cell<bool>,
    takes_events: Cell<bool>,
    told: RefCell<Vec<u64>>,
    called: RefCell<Vec<u64>>,
    loads: Cell<u32>,
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
        0
    }
    fn takes_events(&self) -> bool {
        self.takes_events.get()
    }
    fn is_broken(&self) -> bool {
        self.is_broken.get()
    }
    fn break_up(&self, _member: &'static str, _panic: &str) {
        self.is_broken.set(true);
    }
    fn touch(&self) {}
}

impl Wiring for Tills {
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
    fn load(family: &Rc<Counter>, _: u32) -> Result<Till, Fault> {
        family.loads.set(family.loads.get() + 1);
        Ok(Till::default())
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
        let journal = MemoryJournal::inline(plan);
        let gate = Gate::open(journal.clone());
        let store = "acme".parse().expect("legal");
        let clock = Clock::following_runtime(START);
        let family = Rc::new(Counter {
            log: StoreLog::resume(store, 1, gate, clock, 0, Timestamp::default()),
            keys: Keys::new(Box::new(|_| Ok(None))),
            is_broken: Cell::new(false),
            takes_events: Cell::new(true),
            told: RefCell::default(),
            called: RefCell::default(),
            loads: Cell::new(0),
            open: RefCell::default(),
        });
        let broken = Rc::downgrade(&family);
        family.log.on_refused(move || {
            if let Some(family) = broken.upgrade() {
                family.break_up("journal", "refused");
            }
        });
        let till = AggregateActor::<Tills>::new(Rc::clone(&family), []).start();
        Self { journal, family, till }
    }

    fn ask(&self, command: Command, key: Option<&str>) -> Asked {
        self.ask_if(command, key, None)
    }

    fn ask_if(&self, command: Command, key: Option<&str>, expected: Option<Expected>) -> Asked {
        let (to, asked) = oneshot::channel();
        let body = format!("{command:?}");
        let key = key.map(|key| RequestKey::new(key, &[body.as_bytes()]));
        // Nothing is there until something was counted.
        let show = Box::new(|till: &Till| Some(Answer::of(&till.sum, till.sum)).filter(|_| till.sum > 0));
        let condition = expected.map(|expected| Condition { expected, of: None });
        let meta = Meta { key, ..Meta::by(Actor::Api) };
        let reply = Reply::Caller { to, show };
        send(&self.till, Ask { key: 7, request: command, meta, deadline: None, condition, reply });
        asked
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

    async fn opened(plan: Plan) -> Self {
        let world = Self::new(plan);
        let opened = world.ask(Command::Open, None);
        world.commit().await;
        opened.await.expect("answered").expect("opened");
        world
    }
}

fn is_waiting(asked: &mut Asked) -> bool {
    asked.try_recv() == Err(oneshot::error::TryRecvError::Empty)
}

impl PartialEq for Refusal<IsClosed> {
    fn eq(&self, other: &Self) -> bool {
        self.to_string() == other.to_string()
    }
}

#[actix::test]
async fn nothing_is_revealed_before_it_is_durable() {
    let world = World::opened(Plan::faultless()).await;
    let mut taken = world.ask(Command::Add(12), None);
    let mut unchanged = world.ask(Command::Add(0), None);
    world.settle().await;
    assert_eq!(*world.family.told.borrow(), [12], "siblings hear at once");
    assert!(is_waiting(&mut taken), "an answer waits");
    assert!(is_waiting(&mut unchanged), "so does one that changed nothing but saw what did");
    assert!(world.family.called.borrow().is_empty(), "and so does a call to the outside");
    world.commit().await;
    assert_eq!(taken.await.expect("answered").expect("taken").version, 12);
    assert_eq!(unchanged.await.expect("answered").expect("taken").version, 12);
    assert_eq!(*world.family.called.borrow(), [12]);
}

#[actix::test]
async fn a_call_that_is_not_owed_any_more_when_the_disk_is_ready_is_not_made() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(12), None);
    world.ask(Command::Close, None);
    world.commit().await;
    assert!(world.family.called.borrow().is_empty(), "it was taken back while it waited");

    world.ask(Command::Open, None);
    world.ask(Command::Add(3), None);
    world.ask(Command::Add(4), None);
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [19], "of two that replace each other, the last is made");
}

#[actix::test]
async fn rejections_wait_for_what_they_rest_on() {
    let world = World::opened(Plan::faultless()).await;
    let closed = world.ask(Command::Close, None);
    let mut refused = world.ask(Command::Add(1), None);
    world.settle().await;
    assert!(is_waiting(&mut refused));
    world.commit().await;
    closed.await.expect("answered").expect("closed");
    assert!(matches!(refused.await, Ok(Err(Refusal::Rejected(IsClosed)))));
}

#[actix::test]
async fn what_the_journal_refuses_never_happened() {
    let world = World::opened(Plan::faultless().with(2, DiskFault::FullOnce)).await;
    let refused = world.ask(Command::Add(12), None);
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
    assert!(world.family.called.borrow().is_empty(), "nobody was called");
    assert!(world.family.is_broken(), "memory was ahead of the journal: the family goes");
    let after = world.ask(Command::Add(1), None);
    world.commit().await;
    assert!(matches!(after.await, Ok(Err(Refusal::Fault(Fault::Rebuilding)))));
    assert_eq!(world.journal.end(), 1, "only the opening was recorded");
}

#[actix::test]
async fn whoever_asks_while_nothing_can_be_kept_is_told_before_anything_happens() {
    let world = World::opened(Plan::faultless()).await;
    let kept = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    kept.await.expect("answered").expect("taken");
    world.family.takes_events.set(false);
    let refused = world.ask(Command::Add(1), None);
    let repeated = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
    assert_eq!(repeated.await.expect("answered").expect("the first answer").version, 5);
    assert!(!world.family.is_broken(), "memory never ran ahead");
    assert_eq!(world.journal.end(), 2);
}

#[actix::test]
async fn a_repeated_key_gets_the_first_answer_and_changes_nothing() {
    let world = World::opened(Plan::faultless()).await;
    let first = world.ask(Command::Add(5), Some("k"));
    let running = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    let first = first.await.expect("answered").expect("taken");
    assert!(matches!(running.await, Ok(Err(Refusal::Fault(Fault::KeyInUse)))));
    world.ask(Command::Add(1), None);
    world.commit().await;
    let again = world.ask(Command::Add(5), Some("k"));
    let other = world.ask(Command::Add(6), Some("k"));
    world.commit().await;
    let again = again.await.expect("answered").expect("taken");
    assert_eq!((again.body, again.is_replayed), (first.body, true));
    assert!(matches!(other.await, Ok(Err(Refusal::Fault(Fault::KeyReused)))));
    assert_eq!(world.journal.end(), 3, "opened, five, one");
}

#[actix::test]
async fn a_refused_key_may_be_tried_again() {
    let world = World::new(Plan::faultless());
    let refused = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Rejected(IsClosed)))));
    world.ask(Command::Open, None);
    let taken = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(!taken.await.expect("answered").expect("taken").is_replayed);
}

fn at(version: u64) -> Option<Expected> {
    Some(Expected::OneOf([version.to_string().into()].into()))
}

#[actix::test]
async fn of_many_who_rest_on_one_version_one_is_taken() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(5), None);
    world.commit().await;
    let asked: Vec<Asked> = (0..50).map(|_| world.ask_if(Command::Add(1), None, at(5))).collect();
    world.commit().await;
    let mut taken = 0;
    for asked in asked {
        match asked.await.expect("answered") {
            Ok(answer) => taken += answer.version,
            Err(Refusal::Changed { now }) => assert_eq!(now, Some(Tag::Version(6))),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(
        (taken, world.journal.end()),
        (6, 3),
        "one is taken, and recorded after the opening and the five"
    );
}

#[actix::test]
async fn an_expectation_waits_for_what_it_was_compared_with() {
    let world = World::opened(Plan::faultless().with(2, DiskFault::FullOnce)).await;
    world.ask(Command::Add(5), None);
    let mut refused = world.ask_if(Command::Add(1), None, at(4));
    world.settle().await;
    assert!(is_waiting(&mut refused), "five may never have been");
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
}

#[actix::test]
async fn a_repeat_is_answered_whatever_it_expects_by_now() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(5), None);
    let first = world.ask_if(Command::Add(1), Some("k"), at(5));
    world.commit().await;
    let again = world.ask_if(Command::Add(1), Some("k"), at(5));
    let other = world.ask_if(Command::Add(1), Some("l"), at(5));
    world.commit().await;
    assert_eq!(first.await.expect("answered").expect("taken").version, 6);
    let again = again.await.expect("answered").expect("taken");
    assert_eq!((again.version, again.is_replayed), (6, true));
    assert!(matches!(other.await, Ok(Err(Refusal::Changed { now: Some(Tag::Version(6)) }))));
}

#[actix::test]
async fn what_is_not_there_is_refused_by_the_domain_or_because_it_is_not() {
    let world = World::new(Plan::faultless());
    let closed = world.ask_if(Command::Add(1), None, Some(Expected::Something));
    world.commit().await;
    assert!(matches!(closed.await, Ok(Err(Refusal::Rejected(IsClosed)))));
    let opened = world.ask_if(Command::Open, None, Some(Expected::Something));
    world.commit().await;
    assert!(matches!(opened.await, Ok(Err(Refusal::Changed { now: None }))));
    assert_eq!(world.journal.end(), 0);
}

#[actix::test]
async fn a_panic_breaks_up_the_family_and_nothing_of_it_is_recorded() {
    let world = World::opened(Plan::faultless()).await;
    let broken = world.ask(Command::Break, None);
    world.commit().await;
    assert!(matches!(broken.await, Ok(Err(Refusal::Fault(Fault::Rebuilding)))));
    assert!(world.family.is_broken());
    assert_eq!(world.journal.end(), 1);
}

#[actix::test]
async fn timers_ring_once_and_not_early() {
    tokio::time::pause();
    let world = World::opened(Plan::faultless()).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 1, "not yet");
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 2, "closed by itself");
    tokio::time::sleep(Duration::from_secs(30 * 86_400)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 2, "and only once");
}

#[actix::test]
async fn a_command_past_its_deadline_is_not_looked_at() {
    let world = World::opened(Plan::faultless()).await;
    let (to, asked) = oneshot::channel();
    let passed = crate::types::clock::monotonic() - Duration::from_millis(1);
    let reply = Reply::Caller { to, show: Box::new(|_: &Till| None) };
    let meta = Meta::by(Actor::Api);
    let ask = Ask { key: 7, request: Command::Add(1), meta, deadline: Some(passed), condition: None, reply };
    send(&world.till, ask);
    world.commit().await;
    assert!(matches!(asked.await, Ok(Err(Refusal::Fault(Fault::DeadlinePassed)))));
    assert_eq!(world.journal.end(), 1);
}

#[actix::test]
async fn an_instance_with_a_fresh_key_is_not_looked_up() {
    let world = World::new(Plan::faultless());
    send(&world.till, Ask::tell(101, Command::Open, Meta::by(Actor::Api)));
    world.commit().await;
    assert_eq!(world.family.loads.get(), 0);
    send(&world.till, Ask::tell(7, Command::Open, Meta::by(Actor::Api)));
    world.commit().await;
    assert_eq!(world.family.loads.get(), 1);
}

/// Whoever repeats what is known already wakes an instance that rests; it does not stay for that.
#[actix::test]
async fn what_was_looked_up_for_nothing_does_not_stay_in_memory() {
    let world = World::new(Plan::faultless());
    for key in 0..20 {
        send(&world.till, Ask::tell(key, Command::Nothing, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(world.family.loads.get(), 20);
    for key in 0..20 {
        send(&world.till, Ask::tell(key, Command::Nothing, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(world.family.loads.get(), 40, "none of them was kept");
}

/// While a restart goes on with what was open before it, new instances come up and are soon among those with something due.
#[actix::test]
async fn what_was_made_since_a_restart_does_not_go_on_twice() {
    let world = World::new(Plan::faultless());
    for command in [Command::Open, Command::Add(12)] {
        send(&world.till, Ask::tell(101, command, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [12]);
    let calling = |sum| Till { sum, closes_at: None, is_called: true };
    *world.family.open.borrow_mut() = vec![(3, calling(30)), (101, calling(12))];
    send(&world.till, Resume(None));
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [12, 30]);
}

/// A node's wall clock was a month ahead and is right again: what is due by the journal's time falls due all the same.
#[actix::test]
async fn journal_time_goes_on_where_the_wall_clock_was_set_back() {
    tokio::time::pause();
    let gate = Gate::open(MemoryJournal::inline(Plan::default()));
    let last = START.plus_secs(30 * 86_400);
    let store = "acme".parse().expect("legal");
    let log = StoreLog::resume(store, 1, gate, Clock::following_runtime(START), 7, last);
    assert_eq!(log.now(), last, "never before the last event");
    tokio::time::advance(std::time::Duration::from_secs(10)).await;
    assert_eq!(log.now(), last.plus_secs(10), "and never standing still");
}
