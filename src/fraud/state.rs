//! What the fraud desk knows.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::map::Map;
use crate::types::{OrderId, Timestamp};

use super::command::OnLapse;
use super::event::{By, Decision, Event, Level, ReviewDecided};
use super::marks::Dimension;
use super::rules::RuleSet;
use super::velocity::{Assessment, Velocity};

/// How many closed reviews stay in memory.
pub const CLOSED_KEPT_MAX: usize = 1_024;

/// The store's fraud desk: its rules, the most recent assessments, the open reviews and the last closed ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Desk {
    rules: RuleSet,
    velocity: Velocity,
    /// Whether the counts that the rules need are kept up to date.
    is_tracking: bool,
    reviews: Map<OrderId, Review>,
    /// Every open review, by its time.
    due: BTreeSet<(Timestamp, OrderId)>,
    /// The closed reviews in memory, oldest first.
    closed: VecDeque<OrderId>,
}

/// The dimension that every score counts, beside those that rules count.
pub(super) const SCORED: Dimension = Dimension::Email;

impl Desk {
    /// The desk made of its rules, the most recent assessments (oldest first), the open reviews and the last closed.
    pub fn restore(
        rules: RuleSet,
        assessments: impl IntoIterator<Item = Assessment>,
        reviews: impl IntoIterator<Item = Review>,
    ) -> Self {
        let velocity = Velocity::restore(assessments);
        let mut desk = Self { rules, velocity, ..Self::default() };
        let mut reviews: Vec<Review> = reviews.into_iter().collect();
        reviews.sort_by_key(|review| review.closed_at());
        for review in reviews {
            desk.recall(review);
        }
        desk
    }

    /// Brings a review back, before a command that names its order.
    pub fn recall(&mut self, review: Review) {
        let order = review.order;
        if let Some(known) = self.reviews.remove(&order) {
            self.due.remove(&(known.due_at, order));
        }
        if review.is_open() {
            self.due.insert((review.due_at, order));
        } else if !self.closed.contains(&order) {
            self.closed.push_back(order);
            if self.closed.len() > CLOSED_KEPT_MAX
                && let Some(oldest) = self.closed.pop_front()
            {
                self.reviews.remove(&oldest);
            }
        }
        self.reviews.insert(order, review);
    }

    /// The rules in force.
    pub fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// The most recent assessments.
    pub fn velocity(&self) -> &Velocity {
        &self.velocity
    }

    /// The order's review, when it is in memory.
    pub fn review(&self, order: OrderId) -> Option<&Review> {
        self.reviews.get(&order)
    }

    /// Every review in memory, in no order.
    pub fn reviews(&self) -> impl Iterator<Item = &Review> {
        self.reviews.values()
    }

    /// How the order stands, as far as memory goes: while its assessment is in the window, or its review is known. Of an
    /// order that was under review long ago, the review must be [recalled](Desk::recall) first.
    pub fn standing(&self, order: OrderId) -> Option<Standing<'_>> {
        if let Some(review) = self.reviews.get(&order) {
            return Some(match review.status {
                Status::Open => {
                    let verdict = summary(review.score, &review.rules);
                    Standing::Waiting { verdict, due_at: review.due_at }
                }
                Status::Approved { .. } => Standing::Approved,
                Status::Rejected { .. } => Standing::Rejected,
                Status::Withdrawn { .. } => Standing::Withdrawn,
            });
        }
        let assessment = self.velocity.of(order)?;
        let verdict = summary(assessment.score, &assessment.rules);
        match assessment.decision {
            Decision::Allow | Decision::Pass => Some(Standing::Passed(verdict)),
            Decision::Block => Some(Standing::Blocked(verdict)),
            Decision::Review => None,
        }
    }

    /// Whether the order was assessed, as far as memory goes.
    pub fn knows(&self, order: OrderId) -> bool {
        self.reviews.contains_key(&order) || self.velocity.of(order).is_some()
    }

    /// When the next review lapses.
    pub fn next_lapse(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, _)| *at)
    }

    /// The open reviews whose time is over.
    pub(super) fn lapsed(&self, now: Timestamp) -> impl Iterator<Item = &Review> {
        let due = self.due.iter().take_while(move |(at, _)| *at <= now);
        due.filter_map(|(_, order)| self.reviews.get(order))
    }

    /// Folds one event.
    pub(super) fn evolve(&mut self, event: &Event, at: Timestamp) {
        let order = match event {
            Event::Assessed(assessed) => return self.remember(Assessment::of(assessed, at)),
            Event::RulesChanged(changed) => return self.set_rules(changed.rules.clone()),
            Event::ReviewOpened(opened) => opened.order,
            Event::ReviewApproved(decided) | Event::ReviewRejected(decided) => decided.order,
            Event::ReviewWithdrawn(withdrawn) => withdrawn.order,
        };
        let known = self.reviews.get(&order).cloned();
        if let Some(review) = Review::fold(known, event, at) {
            self.recall(review);
        }
    }

    fn remember(&mut self, assessment: Assessment) {
        // Only now: to know what rules count they must be read, and to judge an order they were.
        if !self.is_tracking {
            let rules = &self.rules;
            self.velocity.track(|dimension| dimension == SCORED || rules.counts(dimension));
            self.is_tracking = true;
        }
        self.velocity.push(assessment);
    }

    fn set_rules(&mut self, rules: RuleSet) {
        self.rules = rules;
        self.is_tracking = false;
    }
}

fn summary(score: u8, rules: &[Arc<str>]) -> VerdictSummary<'_> {
    VerdictSummary { score, level: Level::of(score), rules }
}

/// The review of one order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    /// Which order's.
    pub order: OrderId,
    /// The rules that want it.
    pub rules: Box<[Arc<str>]>,
    /// How risky the order looks, 0 to 100.
    pub score: u8,
    /// Since when.
    pub opened_at: Timestamp,
    /// By when it shall be decided.
    pub due_at: Timestamp,
    /// What becomes of the order otherwise.
    pub on_lapse: OnLapse,
    /// Whether it is still open.
    pub status: Status,
}

/// Whether a review is open, and how it was closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has decided.
    Open,
    /// The order passes.
    Approved {
        /// By whom.
        by: By,
        /// Why, for people.
        note: Option<Arc<str>>,
        /// When.
        closed_at: Timestamp,
    },
    /// The order is stopped.
    Rejected {
        /// By whom.
        by: By,
        /// Why, for people.
        note: Option<Arc<str>>,
        /// When.
        closed_at: Timestamp,
    },
    /// The order ended by itself.
    Withdrawn {
        /// When.
        closed_at: Timestamp,
    },
}

impl Status {
    /// The name on the wire.
    pub const fn name(&self) -> &'static str {
        match self {
            Status::Open => "open",
            Status::Approved { .. } => "approved",
            Status::Rejected { .. } => "rejected",
            Status::Withdrawn { .. } => "withdrawn",
        }
    }
}

impl Review {
    /// The order's review after an event that names the order.
    pub fn fold(review: Option<Review>, event: &Event, at: Timestamp) -> Option<Review> {
        let decided = |by: &ReviewDecided| (by.by, by.note.clone(), at);
        let status = match event {
            Event::ReviewOpened(opened) => {
                return Some(Review {
                    order: opened.order,
                    rules: opened.rules.as_slice().into(),
                    score: opened.score,
                    opened_at: at,
                    due_at: opened.due_at,
                    on_lapse: opened.on_lapse,
                    status: Status::Open,
                });
            }
            Event::ReviewApproved(by) => {
                let (by, note, closed_at) = decided(by);
                Status::Approved { by, note, closed_at }
            }
            Event::ReviewRejected(by) => {
                let (by, note, closed_at) = decided(by);
                Status::Rejected { by, note, closed_at }
            }
            Event::ReviewWithdrawn(_) => Status::Withdrawn { closed_at: at },
            Event::Assessed(_) | Event::RulesChanged(_) => return review,
        };
        review.map(|review| Review { status, ..review })
    }

    /// Whether nobody has decided yet.
    pub fn is_open(&self) -> bool {
        matches!(self.status, Status::Open)
    }

    /// When it was closed.
    pub fn closed_at(&self) -> Option<Timestamp> {
        match &self.status {
            Status::Open => None,
            Status::Approved { closed_at, .. }
            | Status::Rejected { closed_at, .. }
            | Status::Withdrawn { closed_at } => Some(*closed_at),
        }
    }
}

/// What made a decision, and how risky the order looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VerdictSummary<'a> {
    /// 0 to 100.
    pub score: u8,
    /// The same in a word.
    pub level: Level,
    /// The rules that made the decision.
    pub rules: &'a [Arc<str>],
}

/// What siblings may know of an order's assessment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Standing<'a> {
    /// It may pass.
    Passed(VerdictSummary<'a>),
    /// A rule stopped it.
    Blocked(VerdictSummary<'a>),
    /// People shall look at it.
    Waiting {
        /// Why.
        verdict: VerdictSummary<'a>,
        /// By when.
        due_at: Timestamp,
    },
    /// They let it pass.
    Approved,
    /// They stopped it.
    Rejected,
    /// It ended by itself.
    Withdrawn,
}
