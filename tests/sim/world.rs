//! What outlives the node: time, the bank behind its network, the people and what they remember, and the notebook.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;

use orderflow::journal::memory::{MemoryJournal, Survivors};
use orderflow::types::Timestamp;

use super::bank::{Bank, KEPT_MS};
use super::dice::Dice;
use super::fault::{Fault, Operation};
use super::life::Node;
use super::notices::Desk;
use super::people::People;
use super::plan::{Inquiry, Notice, Plan};

/// When every run begins.
pub(crate) const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Dangerous moments, each counted, and each one at which the node may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Window {
    /// Events are folded and handed over, and not durable.
    BeforeCommit,
    /// They are durable, and nobody has heard.
    AfterCommit,
    /// A request to the bank has left.
    Sent,
    /// The bank is about to do it.
    BeforeDeed,
    /// The bank has done it, and the answer has not left.
    AfterDeed,
    /// The answer is on its way.
    Answered,
    /// A client has its answer.
    Heard,
    /// The bank's notice was taken.
    Noticed,
    /// Views are about to be written.
    BeforeViews,
    /// The node has just started.
    Started,
}

impl Window {
    /// All of them.
    pub(crate) const ALL: &[Window] = &[
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::Sent,
        Self::BeforeDeed,
        Self::AfterDeed,
        Self::Answered,
        Self::Heard,
        Self::Noticed,
        Self::BeforeViews,
        Self::Started,
    ];
}

/// When the node dies next.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Death {
    /// At so many more passes of a window.
    At(Window, u64),
    /// After so many milliseconds of this life.
    After(u64),
}

/// Everything but the node.
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) plan: Plan,
    pub(crate) bank: Bank,
    pub(crate) people: People,
    /// What happened, line by line.
    trace: RefCell<String>,
    windows: RefCell<BTreeMap<Window, u64>>,
    pub(crate) counts: RefCell<BTreeMap<&'static str, u64>>,
    /// By invariant: how many things the independent check has looked at.
    pub(crate) looked_at: RefCell<BTreeMap<&'static str, u64>>,
    violations: RefCell<Vec<String>>,
    /// The time at which this life began, and the runtime's clock then.
    began: Cell<(Timestamp, Option<tokio::time::Instant>)>,
    death: Cell<Option<Death>>,
    pub(crate) dying: tokio::sync::Notify,
    is_dead: Cell<bool>,
    journal: RefCell<Option<Arc<MemoryJournal>>>,
    survivors: RefCell<Survivors>,
    /// Faults are over, or have not begun.
    is_calm: Cell<bool>,
    pub(crate) notices: Desk,
    node: RefCell<Option<Rc<Node>>>,
    lives: Cell<u64>,
    opened_ms: Cell<u64>,
    has_struck: Cell<bool>,
    has_prelude: Cell<bool>,
    struck_ms: Cell<u64>,
    faults: RefCell<BTreeMap<Fault, u64>>,
    places: RefCell<BTreeMap<Operation, Place>>,
    windows_before: RefCell<BTreeMap<Window, u64>>,
}

impl World {
    pub(crate) fn new(seed: u64, plan: Plan) -> Rc<Self> {
        let people = match &plan.cell {
            Some(cell) => People::for_one(cell.operation),
            None => People::of(seed, &plan.dials),
        };
        Rc::new(Self {
            seed,
            bank: Bank::new(seed, START),
            people,
            plan,
            trace: RefCell::default(),
            windows: RefCell::default(),
            counts: RefCell::default(),
            looked_at: RefCell::default(),
            violations: RefCell::default(),
            began: Cell::new((START, None)),
            death: Cell::new(None),
            dying: tokio::sync::Notify::new(),
            is_dead: Cell::new(false),
            journal: RefCell::default(),
            survivors: RefCell::default(),
            is_calm: Cell::new(true),
            notices: Desk::default(),
            node: RefCell::default(),
            lives: Cell::new(0),
            opened_ms: Cell::new(0),
            has_struck: Cell::new(false),
            has_prelude: Cell::new(false),
            struck_ms: Cell::new(0),
            faults: RefCell::default(),
            places: RefCell::default(),
            windows_before: RefCell::default(),
        })
    }

    /// What time it is.
    pub(crate) fn now(&self) -> Timestamp {
        let (began, since) = self.began.get();
        let passed = since.map_or(0, |since| u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX));
        Timestamp::from_micros(began.micros() + i64::try_from(passed).expect("runs are short"))
    }

    /// Milliseconds since the run began.
    pub(crate) fn passed_ms(&self) -> u64 {
        u64::try_from((self.now().micros() - START.micros()) / 1_000).expect("time goes on")
    }

    /// Time goes on, inside the runtime of the next life, which does not die before it has begun.
    pub(crate) fn begin(&self, journal: Arc<MemoryJournal>) {
        self.began.set((self.now(), Some(tokio::time::Instant::now())));
        self.death.set(None);
        self.is_dead.set(false);
        self.windows_before.borrow_mut().clone_from(&self.windows.borrow());
        *self.journal.borrow_mut() = Some(journal);
    }

    /// The life begins, and this is to end it.
    pub(crate) fn may_die(&self, death: Option<Death>) {
        self.death.set(death);
    }

    /// The power is off, inside its runtime still: the clock stands still until the next life begins.
    pub(crate) fn halt(&self) {
        if !self.is_dead() {
            self.cut();
        }
        self.began.set((self.now(), None));
    }

    /// A life is over: what it left on the disk.
    pub(crate) fn end(&self) -> Survivors {
        *self.journal.borrow_mut() = None;
        self.survivors.take()
    }

    /// What is on the disk between two lives.
    pub(crate) fn left(&self, survivors: Survivors) {
        *self.survivors.borrow_mut() = survivors;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.is_dead.get()
    }

    /// The power fails, this instant.
    pub(crate) fn die(&self) {
        if !self.is_dead() {
            self.cut();
            self.dying.notify_one();
        }
    }

    fn cut(&self) {
        self.is_dead.set(true);
        if let Some(journal) = &*self.journal.borrow() {
            *self.survivors.borrow_mut() = journal.crash();
        }
        self.note(|line| write!(line, "dead"));
    }

    /// Passes a window, at which the node may die.
    pub(crate) fn pass(&self, window: Window) {
        if self.is_dead() {
            return;
        }
        *self.windows.borrow_mut().entry(window).or_default() += 1;
        if let Some(Death::At(at, left)) = self.death.get()
            && at == window
        {
            if left <= 1 {
                self.count("crashes at a window");
                return self.die();
            }
            self.death.set(Some(Death::At(at, left - 1)));
        }
    }

    pub(crate) fn windows(&self) -> BTreeMap<Window, u64> {
        self.windows.borrow().clone()
    }

    pub(crate) fn count(&self, what: &'static str) {
        self.count_many(what, 1);
    }

    pub(crate) fn count_many(&self, what: &'static str, times: u64) {
        *self.counts.borrow_mut().entry(what).or_default() += times;
    }

    /// Writes a line into the notebook.
    pub(crate) fn note(&self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        let mut trace = self.trace.borrow_mut();
        let at = self.now().micros() - START.micros();
        let _ = write!(trace, "{at} ");
        let _ = write(&mut trace);
        trace.push('\n');
    }

    pub(crate) fn trace(&self) -> String {
        self.trace.borrow().clone()
    }

    /// Something must not be.
    pub(crate) fn violated(&self, invariant: u32, what: String) {
        self.note(|line| write!(line, "VIOLATED {invariant}: {what}"));
        self.violations.borrow_mut().push(format!("invariant {invariant}: {what}"));
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.borrow().clone()
    }

    /// Faults begin or end.
    pub(crate) fn set_calm(&self, is_calm: bool) {
        self.is_calm.set(is_calm);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.is_calm.get()
    }

    /// Dice for one purpose.
    pub(crate) fn dice(&self, purpose: &str) -> Dice {
        Dice::new(self.seed, purpose)
    }
}

/// How the node is reached, and what the plan says of now.
impl World {
    /// A life is about to begin: its number.
    pub(crate) fn next_life(&self) -> u64 {
        self.lives.replace(self.lives.get() + 1);
        self.lives.get()
    }

    /// The number of this life.
    pub(crate) fn life(&self) -> u64 {
        self.lives.get()
    }

    /// A node takes requests.
    pub(crate) fn meet(&self, node: &Rc<Node>) {
        *self.node.borrow_mut() = Some(Rc::clone(node));
    }

    /// It does no more.
    pub(crate) fn part(&self) {
        *self.node.borrow_mut() = None;
    }

    /// The node, while there is one.
    pub(crate) fn node(&self) -> Option<Rc<Node>> {
        self.node.borrow().clone().filter(|_| !self.is_dead())
    }

    /// Shops are open from now on, and faults begin.
    pub(crate) fn opened(&self) {
        self.opened_ms.set(self.passed_ms());
        self.set_calm(false);
    }

    /// Milliseconds since shops opened.
    pub(crate) fn since_opening_ms(&self) -> u64 {
        self.passed_ms().saturating_sub(self.opened_ms.get())
    }

    /// What happens to a call.
    pub(crate) fn fate_of(&self, operation: Operation) -> Option<Fault> {
        if self.is_calm() {
            return None;
        }
        let Some(cell) = &self.plan.cell else { return self.bank.fate(&self.plan.dials, operation) };
        let is_first = !self.has_struck.get() && !cell.is_at_connect();
        // Nobody asks before something is in doubt.
        let is_prelude = cell.operation == Operation::Inquiry && operation == Operation::Authorise;
        if is_prelude && !self.has_prelude.replace(true) {
            return Some(Fault::TimeoutAfter);
        }
        cell.fault.filter(|_| is_first && operation == cell.operation)
    }

    /// What the next connection meets.
    pub(crate) fn fate_at_connect(&self) -> Option<Fault> {
        let cell = self.plan.cell.as_ref().filter(|_| !self.is_calm())?;
        if self.is_out() {
            return Some(Fault::Refused);
        }
        let calls = self.counts.borrow().get("calls").copied().unwrap_or(0);
        let is_due = calls >= u64::from(cell.operation != Operation::Authorise);
        let fault = cell.fault.filter(|_| cell.is_at_connect() && is_due && !self.has_struck.get());
        fault.inspect(|fault| self.struck(*fault))
    }

    /// Whether the bank is away.
    pub(crate) fn is_out(&self) -> bool {
        let now = self.passed_ms();
        let is_away = |(from, long): &(u64, u64)| (*from..from + long).contains(&now);
        match &self.plan.cell {
            Some(_) => self.has_struck.get() && now < self.back_ms() && self.is_forgetful(),
            None => !self.is_calm() && self.plan.dials.outages.iter().any(is_away),
        }
    }

    /// Whether the bank is to have forgotten a key by the time it is back.
    fn is_forgetful(&self) -> bool {
        self.plan.cell.is_some_and(|cell| cell.fault == Some(Fault::Forgotten))
    }

    /// When the bank is well again.
    pub(crate) fn back_ms(&self) -> u64 {
        let away = match &self.plan.cell {
            Some(_) if self.is_forgetful() => KEPT_MS + 3_600_000,
            Some(cell) if cell.inquiry == Inquiry::Down => AWAY_MS,
            Some(_) | None => 0,
        };
        self.struck_ms.get() + away
    }

    /// A call has come: how many windows were passed in this life before the first of its kind.
    pub(crate) fn called(&self, operation: Operation) {
        let (now, before) = (self.windows.borrow(), self.windows_before.borrow());
        let passed = |window| now.get(&window).unwrap_or(&0) - before.get(&window).unwrap_or(&0);
        let place = Place {
            begun: passed(Window::BeforeCommit),
            durable: passed(Window::AfterCommit),
            sent: passed(Window::Sent),
        };
        self.places.borrow_mut().entry(operation).or_insert(place);
    }

    /// Where the first call of a kind came.
    pub(crate) fn place_of(&self, operation: Operation) -> Option<Place> {
        self.places.borrow().get(&operation).copied()
    }

    /// A fault has happened.
    pub(crate) fn struck(&self, fault: Fault) {
        self.has_struck.set(true);
        self.struck_ms.set(self.passed_ms());
        *self.faults.borrow_mut().entry(fault).or_default() += 1;
    }

    /// Which faults happened how often.
    pub(crate) fn faults(&self) -> BTreeMap<Fault, u64> {
        self.faults.borrow().clone()
    }

    /// How long calls are on their way at the most.
    pub(crate) fn way_ms(&self) -> u64 {
        match &self.plan.cell {
            Some(_) => 5,
            None if self.is_calm() => 2,
            None => self.plan.dials.way_ms,
        }
    }

    /// What a look at the bank meets.
    pub(crate) fn inquiry(&self) -> Inquiry {
        match &self.plan.cell {
            None if self.is_calm() => Inquiry::Answers,
            None => self.plan.dials.inquiry,
            Some(cell) => match cell.inquiry {
                // It comes back.
                Inquiry::Down if self.passed_ms() > self.back_ms() => Inquiry::Answers,
                inquiry => inquiry,
            },
        }
    }

    /// How the bank tells, where that is not drawn.
    pub(crate) fn notice(&self) -> Option<Notice> {
        self.plan.cell.map(|cell| cell.notice)
    }
}

/// How many windows a life had passed before a call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Place {
    pub(crate) begun: u64,
    pub(crate) durable: u64,
    pub(crate) sent: u64,
}

/// A bank that cannot be asked comes back after so long.
const AWAY_MS: u64 = 45_000;
