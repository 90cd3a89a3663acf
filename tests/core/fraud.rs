//! The fraud desk: a few rules over orders that look alike, people who review them, and a naive count of everything.

use std::collections::BTreeMap;
use std::sync::Arc;

use orderflow::fraud::{
    Action, Assessment, Command, Decision, Desk, Event, Facts, Fraud, OnLapse, Review, ReviewPolicy, Rule,
    Standing,
};
use orderflow::runtime::Event as _;
use orderflow::types::{Amount, OrderId, Timestamp};

use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &["assess", "approve", "reject", "withdraw", "lapse", "set_rules"],
    events: Event::KINDS,
    windows: &[
        "allowed",
        "blocked",
        "passed",
        "reviewed",
        "assessed again",
        "lapsed",
        "many like it came before",
    ],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const HOUR_S: u64 = 3_600;

/// A command and how many seconds after the last one, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell { after_s: u32, command: Command },
    Crash,
}

/// What a rule asks, in a form that can be reckoned here too.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Asks {
    TotalOver(i64),
    CustomerIs(u32),
    OfEmailWithinHour(i64),
    OfCardWithinDay(i64),
}

/// An order that was judged, and what others may have in common with it.
struct Judged {
    order: OrderId,
    at: Timestamp,
    email: Option<Arc<str>>,
    card: Arc<str>,
}

/// One store's fraud desk under commands.
pub(crate) struct Table {
    bench: Bench<Fraud>,
    rules: Vec<(Action, Asks)>,
    judged: Vec<Judged>,
    reviews: BTreeMap<OrderId, (Timestamp, OnLapse, bool)>,
    orders: u128,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 70);

    fn start(dice: &mut Dice) -> Self {
        let bench = Bench::new(NOON, dice.one_in(8));
        Self { bench, rules: Vec::new(), judged: Vec::new(), reviews: BTreeMap::new(), orders: 0 }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(50) {
            return Made::Crash;
        }
        let after_s = match dice.roll(30) {
            0 => 90_000,
            1..4 => 2_000,
            4..10 => dice.roll(300),
            _ => 0,
        };
        Made::Tell { after_s, command: self.next(dice) }
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell { after_s, command } = made else { return self.bench.crash(tally) };
        self.bench.now = self.bench.now.plus_secs(u64::from(*after_s));
        let expected = match command {
            Command::Assess(facts) => Some(self.expected(facts)),
            _ => None,
        };
        let told = self.bench.tell(name(command), command, tally)?;
        if let (Some(Some((decision, score))), Ok(events)) = (expected, &told) {
            let Some(Event::Assessed(assessed)) = events.first() else {
                return Err(format!("it is not judged: {events:?}"));
            };
            ensure!(assessed.decision == decision, "{:?}, and should be {decision:?}", assessed.decision);
            ensure!(assessed.score == score, "a score of {}, and should be {score}", assessed.score);
            ensure!(assessed.errors.is_empty(), "a rule cannot be asked: {assessed:?}");
            if score >= 5 && score % 5 != 0 {
                tally.window("many like it came before");
            }
            tally.window(match decision {
                Decision::Allow => "allowed",
                Decision::Block => "blocked",
                Decision::Review => "reviewed",
                Decision::Pass => "passed",
            });
        } else if let (Some(None), Ok(events)) = (expected, &told) {
            ensure!(events.is_empty(), "one order is judged twice: {events:?}");
            tally.window("assessed again");
        }
        if let (Command::SetRules { rules }, Ok(_)) = (command, &told) {
            self.rules = rules.iter().map(|rule| (rule.action, asked(rule))).collect();
        }
        if let (Command::Assess(facts), Ok(events)) = (command, &told)
            && !events.is_empty()
        {
            let (email, card) = (facts.email.clone(), Arc::clone(&facts.payment_method));
            self.judged.push(Judged { order: facts.order, at: self.bench.now, email, card });
        }
        for event in told.iter().flatten() {
            self.read(event, tally).map_err(|why| format!("{why}: {event:?} on {command:?}"))?;
        }
        let open = self.reviews.iter().filter(|(_, (.., is_open))| *is_open);
        let first = open.map(|(_, (due_at, ..))| *due_at).min();
        ensure!(self.bench.state.next_lapse() == first, "another review is thought to lapse next");
        Ok(())
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let desk = &self.bench.state;
        let assessments: Vec<Assessment> =
            packed(&desk.velocity().assessments().cloned().collect::<Vec<_>>())?;
        let reviews: Vec<Review> = packed(&desk.reviews().cloned().collect::<Vec<_>>())?;
        let restored = Desk::restore(desk.rules().clone(), assessments, reviews);
        for Judged { order, .. } in &self.judged {
            ensure!(
                restored.standing(*order) == desk.standing(*order),
                "restored, {order} stands otherwise: {:?}",
                restored.standing(*order)
            );
        }
        ensure!(restored.next_lapse() == desk.next_lapse(), "restored, another review lapses next");
        Ok(())
    }
}

fn packed<T: serde::Serialize + serde::de::DeserializeOwned>(of: &T) -> Result<T, String> {
    let bytes = rmp_serde::to_vec_named(of).map_err(|why| why.to_string())?;
    rmp_serde::from_slice(&bytes).map_err(|why| why.to_string())
}

impl Table {
    fn next(&mut self, dice: &mut Dice) -> Command {
        match dice.roll(40) {
            0 | 1 => Command::SetRules { rules: rules(dice) },
            2..7 => Command::Lapse,
            7..11 => {
                Command::Approve { order: self.order(dice), note: dice.one_in(3).then(|| "fine".into()) }
            }
            11..14 => Command::Reject { order: self.order(dice), note: None },
            14..17 => Command::Withdraw { order: self.order(dice) },
            17..20 => Command::Assess(Box::new(self.facts(self.order(dice), dice))),
            _ => {
                self.orders += 1;
                Command::Assess(Box::new(self.facts(OrderId::from_bits(self.orders), dice)))
            }
        }
    }

    fn order(&self, dice: &mut Dice) -> OrderId {
        OrderId::from_bits(u128::from(dice.roll(self.orders as u32 + 1)) + 1)
    }

    fn facts(&self, order: OrderId, dice: &mut Dice) -> Facts {
        let total = Amount::new(i64::from(dice.between(1, 9_000))).expect("a legal amount");
        let on_lapse = if dice.one_in(2) { OnLapse::Approve } else { OnLapse::Reject };
        Facts {
            order,
            total,
            subtotal: total,
            currency: "USD".parse().expect("a code"),
            line_count: 1,
            units: 1,
            skus: vec!["A".parse().expect("a SKU")],
            customer_id: Some(format!("cus_{}", dice.roll(4)).into()),
            email: dice.one_in(2).then(|| format!("{}@shop.example", dice.roll(3)).into()),
            ip: None,
            country: Some("GB".into()),
            postal_code: None,
            address_line: None,
            payment_method: format!("pm_{}", dice.roll(3)).into(),
            review: ReviewPolicy { sla_s: u64::from(dice.between(1, 5_000)), on_lapse },
        }
    }

    /// What should become of an order, and its score; nothing, where it was judged.
    fn expected(&self, facts: &Facts) -> Option<(Decision, u8)> {
        let now = self.bench.now;
        // What was judged more than a day ago is forgotten, unless it is under review.
        let day_ago = |at: &Timestamp| at.plus_secs(24 * HOUR_S) <= self.last_judged();
        let is_known = self.judged.iter().any(|one| one.order == facts.order && !day_ago(&one.at));
        if is_known || self.reviews.contains_key(&facts.order) {
            return None;
        }
        let within = |span_s: u64, is_like: &dyn Fn(&Judged) -> bool| {
            let alike = self
                .judged
                .iter()
                .filter(|one| one.at.plus_secs(span_s) > now && !day_ago(&one.at) && is_like(one));
            alike.count() as i64
        };
        let of_email = |span_s| match &facts.email {
            Some(_) => within(span_s, &|one| one.email == facts.email),
            None => 0,
        };
        let matches = |asks: &Asks| match *asks {
            Asks::TotalOver(least) => facts.total.minor() > least,
            Asks::CustomerIs(nth) => facts.customer_id.as_deref() == Some(format!("cus_{nth}").as_str()),
            Asks::OfEmailWithinHour(least) => of_email(HOUR_S) >= least,
            Asks::OfCardWithinDay(least) => {
                within(24 * HOUR_S, &|one| one.card == facts.payment_method) >= least
            }
        };
        let wants = |action: Action| self.rules.iter().any(|(is, asks)| *is == action && matches(asks));
        let decision = if wants(Action::Allow) {
            Decision::Allow
        } else if wants(Action::Block) {
            Decision::Block
        } else if wants(Action::Review) {
            Decision::Review
        } else {
            Decision::Pass
        };
        let pressure = (of_email(HOUR_S) * 3).min(30) as u8;
        let score = match decision {
            Decision::Allow => 0,
            Decision::Pass => 5 + pressure,
            Decision::Review => 65 + pressure,
            Decision::Block => (90 + pressure).min(100),
        };
        Some((decision, score))
    }

    /// When an order was last judged: what is older than a day then leaves the window.
    fn last_judged(&self) -> Timestamp {
        self.judged.last().map_or(NOON, |one| one.at)
    }

    fn read(&mut self, event: &Event, tally: &mut Tally) -> Holds {
        let now = self.bench.now;
        match event {
            Event::Assessed(_) | Event::RulesChanged(_) => {}
            Event::ReviewOpened(e) => {
                let is_new = self.reviews.insert(e.order, (e.due_at, e.on_lapse, true)).is_none();
                ensure!(is_new, "one order is reviewed twice");
            }
            Event::ReviewApproved(e) | Event::ReviewRejected(e) => {
                let is_approved = matches!(event, Event::ReviewApproved(_));
                let review = self.reviews.get_mut(&e.order).ok_or("no review of it was opened")?;
                ensure!(std::mem::take(&mut review.2), "it is decided twice");
                if e.by == orderflow::fraud::By::Lapse {
                    ensure!(review.0 <= now, "it lapses before its time");
                    ensure!(
                        is_approved == (review.1 == OnLapse::Approve),
                        "it lapses otherwise than the store wants"
                    );
                    tally.window("lapsed");
                }
                let stands = self.bench.state.standing(e.order);
                let should = if is_approved { Standing::Approved } else { Standing::Rejected };
                ensure!(stands == Some(should), "it stands as {stands:?}");
            }
            Event::ReviewWithdrawn(e) => {
                let review = self.reviews.get_mut(&e.order).ok_or("no review of it was opened")?;
                ensure!(std::mem::take(&mut review.2), "it is called off, and was not open");
            }
        }
        Ok(())
    }
}

fn rules(dice: &mut Dice) -> Vec<Rule> {
    let rule = |nth: u32, dice: &mut Dice| {
        let action = *dice.pick(&[Action::Allow, Action::Block, Action::Review, Action::Review]);
        let when = match dice.roll(4) {
            0 => format!("order.total > {}", dice.roll(9_000)),
            1 => format!("customer.id == \"cus_{}\"", dice.roll(4)),
            2 => format!("velocity.email_1h >= {}", dice.between(1, 4)),
            _ => format!("velocity.card_24h >= {}", dice.between(2, 12)),
        };
        Rule { name: format!("rule_{nth}").into(), action, when: when.into(), enabled: true }
    };
    (0..dice.roll(4)).map(|nth| rule(nth, dice)).collect()
}

/// What a rule asks, read from its text.
fn asked(rule: &Rule) -> Asks {
    let number: i64 = rule.when.split(' ').next_back().and_then(|text| text.parse().ok()).unwrap_or(0);
    match rule.when.split(' ').next() {
        Some("order.total") => Asks::TotalOver(number),
        Some("velocity.email_1h") => Asks::OfEmailWithinHour(number),
        Some("velocity.card_24h") => Asks::OfCardWithinDay(number),
        _ => {
            let digits = rule.when.bytes().rev().nth(1).map_or(0, |digit| u32::from(digit - b'0'));
            Asks::CustomerIs(digits)
        }
    }
}

fn name(command: &Command) -> &'static str {
    match command {
        Command::Assess(_) => "assess",
        Command::Approve { .. } => "approve",
        Command::Reject { .. } => "reject",
        Command::Withdraw { .. } => "withdraw",
        Command::Lapse => "lapse",
        Command::SetRules { .. } => "set_rules",
    }
}
