//! A store without actors, journal and threads: mailboxes, one sequence of events that may lose its end, and calls that wait
//! until what they rest on is durable.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use orderflow::fraud::{self, Fraud};
use orderflow::fulfillment::{self, Fulfillment, Fulfillments};
use orderflow::inventory::{self, Inventory, Stock};
use orderflow::order::{self, Order, Orders};
use orderflow::payment::bank::{Call, Key, Reason};
use orderflow::payment::{self, Payment};
use orderflow::returns::{self, Book, Returns};
use orderflow::runtime::{Aggregate, Event as _};
use orderflow::types::{Amount, OrderId, Sku, Timestamp};

use super::bank::{Bank, CALL_WITHIN_MS, SYNC_WITHIN_MS};
use crate::bench::{Subject, is_traced};
use crate::ensure;
use crate::game::Holds;
use crate::tally::{Answer, Tally};

/// A message to one of the store's members, and what its answer leads to.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) ask: Ask,
    pub(super) then: Then,
}

/// What is asked, and of whom.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Order(OrderId, order::Command),
    Payment(OrderId, payment::Command),
    Stock(inventory::Command),
    Fraud(fraud::Command),
    Work(OrderId, fulfillment::Command),
    Returns(OrderId, returns::Command),
}

/// What follows from an answer: as in the store's wiring, at once and from the state of whoever answered.
#[derive(Clone, Debug)]
pub(super) enum Then {
    Nothing,
    Reserved(OrderId),
    Committed(OrderId),
    Opened(OrderId),
    Released(OrderId),
    Assessed(OrderId),
    Withdrawn(OrderId),
    Paid(OrderId),
    Undone(OrderId),
    CaptureAsked(OrderId),
    LinesRefunded { order: OrderId, reference: Arc<str>, before: Amount, value: Amount },
    GoesOn(OrderId),
    ParcelReady { order: OrderId, number: u32, parcel: inventory::Parcel },
    Left { order: OrderId, number: u32 },
    WorkCanceled { order: OrderId, goes_on: bool },
    RestFreed { order: OrderId, progress: order::Progress },
    GivenUp { order: OrderId, number: u32 },
    TakenBack { order: OrderId, number: u32 },
    Booked { order: OrderId, receipt: u32 },
    MoneyBack { order: OrderId, number: u32, receipt: Option<u32>, reference: Arc<str> },
    PiecesNoted { order: OrderId, pieces: u32 },
    ProgressNoted { order: OrderId, progress: fulfillment::Progress },
    RefundsHeard { order: OrderId, refunded: Amount },
    Arrived(OrderId),
}

/// One event of the store's sequence.
#[derive(Clone, Debug)]
enum Recorded {
    Order(OrderId, order::Event),
    Payment(OrderId, payment::Event),
    Stock(inventory::Event),
    Fraud(fraud::Event),
    Work(OrderId, fulfillment::Event),
    Returns(OrderId, returns::Event),
}

/// Who has a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ringer {
    Order(OrderId),
    Payment(OrderId),
    Stock,
    Fraud,
    Work(OrderId),
}

/// The states of a store's members.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members {
    pub(super) orders: BTreeMap<OrderId, Order>,
    pub(super) payments: BTreeMap<OrderId, payment::State>,
    pub(super) stock: Stock,
    pub(super) desk: fraud::Desk,
    pub(super) works: BTreeMap<OrderId, Fulfillment>,
    pub(super) books: BTreeMap<OrderId, Book>,
}

/// A call on its way to the bank, or waiting to be.
#[derive(Clone, Debug)]
pub(super) struct Flying {
    pub(super) order: OrderId,
    pub(super) call: Call,
    /// How many events must be durable first.
    needs: usize,
    /// When it went out.
    since: Timestamp,
}

/// How the store is set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Policies {
    pub(super) capture: payment::Capture,
    pub(super) out_of_stock: inventory::OutOfStock,
    pub(super) work: fulfillment::Policy,
    pub(super) attempts_max: u32,
    /// Whether calls may arrive past every bound.
    pub(super) is_wild: bool,
}

/// The store, the world around it, and all that is on its way.
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) members: Members,
    pub(super) bank: Bank,
    pub(super) policies: Policies,
    /// Every order that was ever accepted towards the outside, which only what is durable is.
    pub(super) accepted: BTreeSet<OrderId>,
    /// Each member's mail, in the order of [`Ask`].
    boxes: [VecDeque<Letter>; 6],
    /// Calls that are due, and calls that are out.
    waiting: Vec<Flying>,
    pub(super) flying: Vec<Flying>,
    /// Calls that nobody waits for any more, carried out at a time.
    pub(super) drifting: Vec<(Timestamp, OrderId, Call)>,
    /// What the bank said of money, to be said again.
    pub(super) said: Vec<(OrderId, payment::Command)>,
    log: Vec<(Recorded, Timestamp)>,
    /// The length of the log after each command.
    cuts: Vec<usize>,
    durable: usize,
    pub(super) active_since: Timestamp,
    silent: BTreeSet<Ringer>,
    /// What went out under each key.
    keys: BTreeMap<(OrderId, String, u32), String>,
    /// The sum of every entry of the stock's ledger.
    pub(super) crashes: u32,
}

/// What a command led to.
struct Led<A: Aggregate> {
    steps: Vec<A::Step>,
    call: Option<A::Call>,
    is_changed: bool,
}

impl World {
    pub(super) fn new(now: Timestamp, policies: Policies) -> Self {
        Self {
            now,
            members: Members::default(),
            bank: Bank::default(),
            policies,
            accepted: BTreeSet::new(),
            boxes: Default::default(),
            waiting: Vec::new(),
            flying: Vec::new(),
            drifting: Vec::new(),
            said: Vec::new(),
            log: Vec::new(),
            cuts: vec![0],
            durable: 0,
            active_since: now,
            silent: BTreeSet::new(),
            keys: BTreeMap::new(),
            crashes: 0,
        }
    }

    pub(super) fn send(&mut self, ask: Ask, then: Then) {
        let place = match &ask {
            Ask::Order(..) => 0,
            Ask::Payment(..) => 1,
            Ask::Stock(_) => 2,
            Ask::Fraud(_) => 3,
            Ask::Work(..) => 4,
            Ask::Returns(..) => 5,
        };
        self.boxes[place].push_back(Letter { ask, then });
    }

    pub(super) fn tell_order(&mut self, order: OrderId, outcome: order::Outcome) {
        self.send(Ask::Order(order, order::Command::Hear(outcome)), Then::Nothing);
    }

    /// One of the members opens its next letter: which, is said by `choice`. Whether there was one.
    pub(super) fn deliver(&mut self, choice: u32, tally: &mut Tally) -> Result<bool, String> {
        let full: Vec<usize> = (0..self.boxes.len()).filter(|place| !self.boxes[*place].is_empty()).collect();
        if full.is_empty() {
            return Ok(false);
        }
        let place = full[choice as usize % full.len()];
        let letter = self.boxes[place].pop_front().expect("one of the full ones");
        self.open(letter, tally)?;
        Ok(true)
    }

    /// A member is asked, and what its answer leads to is sent.
    pub(super) fn open(&mut self, letter: Letter, tally: &mut Tally) -> Holds {
        let Letter { ask, then } = letter;
        match ask {
            Ask::Order(id, command) => {
                let state = self.members.orders.entry(id).or_default();
                let (led, refused) = tell::<Orders>(state, "order", command, self.now, tally, |event| {
                    self.log.push((Recorded::Order(id, event), self.now));
                });
                self.cut(led.is_changed, Ringer::Order(id));
                self.after(then, refused.as_ref().map(ToString::to_string), None, None);
                for step in led.steps {
                    self.order_step(id, step);
                }
            }
            Ask::Payment(id, command) => {
                let state = self.members.payments.entry(id).or_default();
                let (led, refused) = tell::<Payment>(state, "payment", command, self.now, tally, |event| {
                    self.log.push((Recorded::Payment(id, event), self.now));
                });
                self.cut(led.is_changed, Ringer::Payment(id));
                self.after(then, None, None, refused.as_ref());
                for step in led.steps {
                    self.payment_step(id, step);
                }
                if let Some(errand) = led.call {
                    self.waiting.push(Flying {
                        order: id,
                        call: errand.call,
                        needs: self.log.len(),
                        since: self.now,
                    });
                }
            }
            Ask::Stock(command) => {
                let is_commit = matches!(command, inventory::Command::Commit { .. });
                let state = &mut self.members.stock;
                let before = self.log.len();
                let (led, refused) = tell::<Inventory>(state, "stock", command, self.now, tally, |event| {
                    self.log.push((Recorded::Stock(event), self.now));
                });
                self.cut(led.is_changed, Ringer::Stock);
                self.after(then, None, refused.as_ref(), None);
                if is_commit {
                    self.look_again_at(before);
                }
                for step in led.steps {
                    let inventory::Step::TellArrival { order } = step;
                    let command = fulfillment::Command::Hear(fulfillment::Outcome::StockArrived);
                    self.send(Ask::Work(order, command), Then::Arrived(order));
                }
            }
            Ask::Fraud(command) => {
                let state = &mut self.members.desk;
                let (led, refused) = tell::<Fraud>(state, "fraud", command, self.now, tally, |event| {
                    self.log.push((Recorded::Fraud(event), self.now));
                });
                self.cut(led.is_changed, Ringer::Fraud);
                self.after(then, refused.map(|why| why.to_string()), None, None);
                for fraud::Step::ReviewClosed { order, approved } in led.steps {
                    let clearance =
                        if approved { order::Clearance::Approved } else { order::Clearance::Rejected };
                    self.tell_order(order, order::Outcome::Reviewed { clearance });
                }
            }
            Ask::Work(id, command) => {
                let state = self.members.works.entry(id).or_default();
                let (led, refused) = tell::<Fulfillments>(state, "work", command, self.now, tally, |event| {
                    self.log.push((Recorded::Work(id, event), self.now));
                });
                self.cut(led.is_changed, Ringer::Work(id));
                self.after(then, refused.map(|why| why.to_string()), None, None);
                for step in led.steps {
                    self.work_step(id, step);
                }
            }
            Ask::Returns(id, command) => {
                let state = self.members.books.entry(id).or_default();
                let (led, refused) = tell::<Returns>(state, "returns", command, self.now, tally, |event| {
                    self.log.push((Recorded::Returns(id, event), self.now));
                });
                self.cut(led.is_changed, Ringer::Order(id));
                self.after(then, refused.map(|why| why.to_string()), None, None);
                for step in led.steps {
                    self.returns_step(id, step);
                }
            }
        }
        Ok(())
    }

    fn cut(&mut self, is_changed: bool, who: Ringer) {
        if is_changed {
            self.cuts.push(self.log.len());
            self.silent.remove(&who);
        }
    }

    /// What was promised in part is looked at again: it may have come meanwhile.
    fn look_again_at(&mut self, from: usize) {
        let owed = self.log[from..].iter().filter_map(|(recorded, _)| match recorded {
            Recorded::Stock(inventory::Event::Updated(inventory::Updated::Committed(e))) => Some(e),
            _ => None,
        });
        let skus: Vec<Sku> = owed
            .flat_map(|e| e.lines.iter().filter(|line| line.backordered > 0).map(|line| line.sku.clone()))
            .collect();
        if !skus.is_empty() {
            self.send(Ask::Stock(inventory::Command::Serve { skus }), Then::Nothing);
        }
    }

    /// Everything so far is on disk: what waited for that is revealed.
    pub(super) fn sync(&mut self) -> Holds {
        self.durable = self.log.len();
        for (recorded, _) in &self.log {
            if let Recorded::Order(id, order::Event::Created(_)) = recorded {
                self.accepted.insert(*id);
            }
        }
        let (ready, rest) =
            std::mem::take(&mut self.waiting).into_iter().partition(|one: &Flying| one.needs <= self.durable);
        self.waiting = rest;
        for one in ready {
            self.goes_out(&one)?;
            self.flying.push(Flying { since: self.now, ..one });
        }
        Ok(())
    }

    /// Time passes. Not for long before the disk has caught up, and before whoever waits for the bank has given up: "not found"
    /// is proof only because the two are bounded.
    pub(super) fn advance(&mut self, to: Timestamp) -> Holds {
        if to <= self.now.plus_millis(SYNC_WITHIN_MS) {
            self.now = self.now.max(to);
            return Ok(());
        }
        self.sync()?;
        let gives_up = |one: &Flying| one.since.plus_millis(CALL_WITHIN_MS) < to;
        let (lost, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut self.flying).into_iter().partition(gives_up);
        self.flying = rest;
        for (nth, one) in lost.into_iter().enumerate() {
            let Flying { order, call, .. } = one;
            let answer = call.ended(call.judge(call.lost(Reason::TimedOut), self.active_since));
            if nth % 2 == 0 {
                self.drifting.push((self.now, order, call));
            }
            self.send(Ask::Payment(order, answer), Then::Nothing);
        }
        self.now = to;
        Ok(())
    }

    /// Under one key the same is asked for ever, crash or no crash; and the key is in the journal before.
    fn goes_out(&mut self, one: &Flying) -> Holds {
        if one.call.is_inquiry() {
            return Ok(());
        }
        let Key { operation, attempt, .. } = one.call.key(one.order);
        let is_journaled = self.log[..self.durable].iter().any(|(recorded, _)| match recorded {
            Recorded::Payment(id, payment::Event::Created(_)) => {
                *id == one.order && (operation, attempt) == (payment::bank::Operation::Authorize, 1)
            }
            Recorded::Payment(id, payment::Event::AttemptStarted(e)) => {
                *id == one.order && (e.operation, e.attempt) == (operation, attempt)
            }
            _ => false,
        });
        ensure!(is_journaled, "a call goes out, and its key is not durable: {:?}", one.call);
        let what = match &one.call {
            Call::Authorize { amount, .. } => format!("{amount:?}"),
            Call::Capture { intent, amount, .. } | Call::Refund { intent, amount, .. } => {
                format!("{amount:?} of {intent}")
            }
            Call::Void { intent, .. } => intent.to_string(),
            Call::Inquire { .. } | Call::Look { .. } => String::new(),
        };
        let before =
            self.keys.entry((one.order, operation.to_string(), attempt)).or_insert_with(|| what.clone());
        ensure!(*before == what, "one key for {before} and for {what}: {:?}", one.call);
        Ok(())
    }

    /// The power fails: what was under way is forgotten, and so is the end of the sequence, as far as it was not durable.
    /// `keep` says how much of that end had reached the disk all the same.
    pub(super) fn crash(&mut self, keep: u32, tally: &mut Tally) -> Holds {
        let from = self.cuts.iter().position(|cut| *cut >= self.durable).unwrap_or(self.cuts.len() - 1);
        let kept = from + keep as usize % (self.cuts.len() - from);
        let length = self.cuts[kept].max(self.durable);
        if length < self.log.len() {
            tally.window("events were lost");
        }
        self.log.truncate(length);
        self.cuts.truncate(kept + 1);
        self.durable = length;
        for mail in &mut self.boxes {
            mail.clear();
        }
        self.waiting.clear();
        // What is out is carried out or not; nobody hears of it.
        for one in std::mem::take(&mut self.flying) {
            self.drifting.push((self.now, one.order, one.call));
        }
        self.silent.clear();
        self.members = replayed(&self.log)?;
        ensure!(self.members == replayed(&self.log)?, "replayed twice, it is not the same");
        tally.replays += 2;
        self.active_since = self.now;
        self.crashes += 1;
        self.resume();
        self.sync()
    }

    /// Whoever owes something goes on with it, as after a start.
    fn resume(&mut self) {
        if self.members.stock.waited_for().next().is_some() {
            self.send(Ask::Stock(inventory::Command::Serve { skus: Vec::new() }), Then::Nothing);
        }
        let due = Inventory::due(&self.members.stock);
        for inventory::Step::TellArrival { order } in due.steps {
            let command = fulfillment::Command::Hear(fulfillment::Outcome::StockArrived);
            self.send(Ask::Work(order, command), Then::Arrived(order));
        }
        let ids: Vec<OrderId> = self.members.orders.keys().copied().collect();
        for id in &ids {
            if let Some(state) = self.members.payments.get(id) {
                let due = Payment::due(state);
                if let Some(errand) = due.call {
                    self.waiting.push(Flying {
                        order: *id,
                        call: errand.call,
                        needs: self.log.len(),
                        since: self.now,
                    });
                }
                for step in due.steps {
                    self.payment_step(*id, step);
                }
            }
            let work = self.members.works.get(id).map(Fulfillments::due);
            for step in work.into_iter().flat_map(|due| due.steps) {
                self.work_step(*id, step);
            }
            let book = self.members.books.get(id).map(Returns::due);
            for step in book.into_iter().flat_map(|due| due.steps) {
                self.returns_step(*id, step);
            }
        }
        for id in ids {
            let due = Orders::due(&self.members.orders[&id]);
            for step in due.steps {
                self.order_step(id, step);
            }
        }
    }

    /// Time passes until the next timer, and it rings, if that is within so many seconds. Whether there was one.
    pub(super) fn ring(&mut self, within_s: u64, tally: &mut Tally) -> Result<bool, String> {
        let mut all: Vec<(Timestamp, Ringer, Ask)> = Vec::new();
        for (id, state) in &self.members.orders {
            let timer = Orders::due(state).timer;
            all.extend(timer.map(|(at, command)| (at, Ringer::Order(*id), Ask::Order(*id, command))));
        }
        for (id, state) in &self.members.payments {
            let timer = Payment::due(state).timer;
            all.extend(timer.map(|(at, command)| (at, Ringer::Payment(*id), Ask::Payment(*id, command))));
        }
        for (id, state) in &self.members.works {
            let timer = Fulfillments::due(state).timer;
            all.extend(timer.map(|(at, command)| (at, Ringer::Work(*id), Ask::Work(*id, command))));
        }
        let timer = Inventory::due(&self.members.stock).timer;
        all.extend(timer.map(|(at, command)| (at, Ringer::Stock, Ask::Stock(command))));
        let timer = Fraud::due(&self.members.desk).timer;
        all.extend(timer.map(|(at, command)| (at, Ringer::Fraud, Ask::Fraud(command))));
        // Who rang and changed nothing does not ring again before something changes.
        all.retain(|(_, who, _)| !self.silent.contains(who));
        let Some((at, who, ask)) = all.into_iter().min_by_key(|(at, who, _)| (*at, *who)) else {
            return Ok(false);
        };
        if at > self.now.plus_secs(within_s) {
            return Ok(false);
        }
        self.advance(self.now.max(at))?;
        self.silent.insert(who);
        self.open(Letter { ask, then: Then::Nothing }, tally)?;
        Ok(true)
    }

    /// Whether nobody has anything to do but wait for a timer.
    pub(super) fn is_idle(&self) -> bool {
        self.boxes.iter().all(VecDeque::is_empty) && self.waiting.is_empty() && self.flying.is_empty()
    }

    /// Every event of the stock so far.
    pub(super) fn stock_events(&self) -> impl Iterator<Item = &inventory::Event> {
        self.log.iter().filter_map(|(recorded, _)| match recorded {
            Recorded::Stock(event) => Some(event),
            _ => None,
        })
    }
}

/// The members as the journal alone makes them.
fn replayed(log: &[(Recorded, Timestamp)]) -> Result<Members, String> {
    let mut members = Members::default();
    for (recorded, at) in log {
        match recorded {
            Recorded::Order(id, event) => {
                Orders::evolve(members.orders.entry(*id).or_default(), event, *at);
            }
            Recorded::Payment(id, event) => {
                Payment::evolve(members.payments.entry(*id).or_default(), event, *at);
            }
            Recorded::Stock(event) => Inventory::evolve(&mut members.stock, event, *at),
            Recorded::Fraud(event) => Fraud::evolve(&mut members.desk, event, *at),
            Recorded::Work(id, event) => {
                Fulfillments::evolve(members.works.entry(*id).or_default(), event, *at);
            }
            Recorded::Returns(id, event) => {
                Returns::evolve(members.books.entry(*id).or_default(), event, *at);
            }
        }
    }
    Ok(members)
}

/// Decides and folds; says what became due, as the actor does.
fn tell<A: Subject>(
    state: &mut A::State,
    name: &'static str,
    command: A::Command,
    now: Timestamp,
    tally: &mut Tally,
    mut record: impl FnMut(A::Event),
) -> (Led<A>, Option<A::Rejection>) {
    let nothing = Led { steps: Vec::new(), call: None, is_changed: false };
    let told = is_traced().then(|| format!("{command:?}"));
    let decided = A::decide(state, command, now);
    if let Some(command) = told {
        eprintln!("{now} {name}: {command}\n    {decided:?}");
    }
    let events = match decided {
        Ok(events) if events.is_empty() => {
            tally.command(name, Answer::Unchanged);
            return (nothing, None);
        }
        Ok(events) => events,
        Err(why) => {
            tally.command(name, Answer::Refused);
            return (nothing, Some(why));
        }
    };
    tally.command(name, Answer::Accepted);
    let before = A::due(state);
    let mut steps = Vec::new();
    for event in events {
        tally.event(event.kind());
        A::evolve(state, &event, now);
        steps.extend(A::tells(state, &event));
        record(event);
    }
    let due = A::due(state);
    steps.extend(due.steps.into_iter().filter(|step| !before.steps.contains(step)));
    let call = due.call.filter(|call| before.call.as_ref() != Some(call));
    (Led { steps, call, is_changed: true }, None)
}
