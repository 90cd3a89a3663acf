//! Answers commands from what the fraud desk knows.

use std::sync::Arc;

use crate::types::{OrderId, Timestamp};

use super::command::{Command, Facts, NOTE_BYTES_MAX, OnLapse, Rejection};
use super::condition::Subject;
use super::event::{
    Assessed, By, Decision, Event, Level, ReviewDecided, ReviewOpened, ReviewWithdrawn, RulesChanged,
};
use super::rules::{Judgement, RuleSet};
use super::state::{Desk, Review, SCORED, Status};
use super::velocity::Span;

/// The most reviews that lapse in one decision; what is left is due at once.
pub const LAPSED_PER_DECISION_MAX: usize = 256;

/// Answers one command.
pub(super) fn decide(desk: &Desk, command: Command, now: Timestamp) -> Result<Vec<Event>, Rejection> {
    match command {
        Command::Assess(facts) => Ok(assess(desk, &facts, now)),
        Command::Approve { order, note } => {
            close(desk, order, note).map(|decided| vec![Event::ReviewApproved(decided)])
        }
        Command::Reject { order, note } => {
            close(desk, order, note).map(|decided| vec![Event::ReviewRejected(decided)])
        }
        Command::Withdraw { order } => match desk.review(order).map(|review| &review.status) {
            Some(Status::Open) => Ok(vec![Event::ReviewWithdrawn(ReviewWithdrawn { order })]),
            // Decided meanwhile, withdrawn before, or never under review.
            Some(Status::Approved { .. } | Status::Rejected { .. } | Status::Withdrawn { .. }) | None => {
                Ok(vec![])
            }
        },
        Command::Lapse => Ok(desk.lapsed(now).take(LAPSED_PER_DECISION_MAX).map(lapse).collect()),
        Command::SetRules { rules } => {
            let rules = RuleSet::check(rules).map_err(|problems| Rejection::BadRules { problems })?;
            if rules == *desk.rules() {
                return Ok(vec![]);
            }
            Ok(vec![Event::RulesChanged(RulesChanged { rules })])
        }
    }
}

fn assess(desk: &Desk, facts: &Facts, now: Timestamp) -> Vec<Event> {
    let order = facts.order;
    // The question was repeated.
    if desk.knows(order) {
        return vec![];
    }
    let subject = Subject::new(facts, desk.velocity(), now);
    let Judgement { decision, rules, errors } = desk.rules().judge(&subject);
    let score = score(decision, subject.earlier(SCORED, Span::Hour));
    let opened = (decision == Decision::Review).then(|| {
        Event::ReviewOpened(ReviewOpened {
            order,
            rules: rules.clone(),
            score,
            due_at: now.plus_secs(facts.review.sla_s),
            on_lapse: facts.review.on_lapse,
        })
    });
    let level = Level::of(score);
    let marks = subject.marks();
    let assessed = Assessed { order, decision, score, level, rules, errors, marks };
    let mut events = Vec::with_capacity(1 + usize::from(opened.is_some()));
    events.push(Event::Assessed(assessed));
    events.extend(opened);
    events
}

/// How risky an order looks, from what becomes of it and how many like it came within the hour. The table is in `mod.rs`.
fn score(decision: Decision, earlier: u16) -> u8 {
    let pressure = earlier.saturating_mul(3).min(30) as u8;
    match decision {
        Decision::Allow => 0,
        Decision::Pass => 5 + pressure,
        Decision::Review => Level::ELEVATED_FROM + pressure,
        Decision::Block => 90 + pressure.min(10),
    }
}

fn close(desk: &Desk, order: OrderId, note: Option<Arc<str>>) -> Result<ReviewDecided, Rejection> {
    if note.as_ref().is_some_and(|note| note.len() > NOTE_BYTES_MAX) {
        return Err(Rejection::NoteTooLong);
    }
    match desk.review(order).map(|review| &review.status) {
        Some(Status::Open) => Ok(ReviewDecided { order, by: By::Person, note }),
        Some(closed @ (Status::Approved { .. } | Status::Rejected { .. } | Status::Withdrawn { .. })) => {
            Err(Rejection::NotOpen { order, status: closed.clone() })
        }
        None => Err(Rejection::NoSuchReview { order }),
    }
}

fn lapse(review: &Review) -> Event {
    let decided = ReviewDecided { order: review.order, by: By::Lapse, note: None };
    match review.on_lapse {
        OnLapse::Approve => Event::ReviewApproved(decided),
        OnLapse::Reject => Event::ReviewRejected(decided),
    }
}
