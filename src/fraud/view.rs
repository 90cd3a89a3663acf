//! The fraud desk as the API shows it.

use std::sync::Arc;

use serde::Serialize;

use crate::types::{OrderId, Timestamp};

use super::command::OnLapse;
use super::event::{By, Level};
use super::rules::{Rule, RuleSet};
use super::state::{Review, Status};

/// One review.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReviewView<'a> {
    /// Its id, which is that of its order.
    pub id: OrderId,
    /// Which order's.
    pub order_id: OrderId,
    /// `open`, `approved`, `rejected` or `withdrawn`.
    pub status: &'static str,
    /// The rules that want it.
    pub rules: &'a [Arc<str>],
    /// How risky the order looks, 0 to 100.
    pub score: u8,
    /// The same in a word.
    pub level: Level,
    /// Since when.
    pub opened_at: Timestamp,
    /// By when it shall be decided.
    pub due_at: Timestamp,
    /// What becomes of the order otherwise.
    pub on_lapse: OnLapse,
    /// Who decided.
    pub closed_by: Option<By>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Why.
    pub note: Option<&'a str>,
}

impl<'a> ReviewView<'a> {
    /// The review as recorded.
    pub fn of(review: &'a Review) -> Self {
        let (closed_by, note) = match &review.status {
            Status::Open | Status::Withdrawn { .. } => (None, None),
            Status::Approved { by, note, .. } | Status::Rejected { by, note, .. } => {
                (Some(*by), note.as_deref())
            }
        };
        Self {
            id: review.order,
            order_id: review.order,
            status: review.status.name(),
            rules: &review.rules,
            score: review.score,
            level: Level::of(review.score),
            opened_at: review.opened_at,
            due_at: review.due_at,
            on_lapse: review.on_lapse,
            closed_by,
            closed_at: review.closed_at(),
            note,
        }
    }
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesView<'a> {
    /// All of them, as people wrote them.
    pub rules: &'a [Rule],
}

impl<'a> RulesView<'a> {
    /// The rules as recorded.
    pub fn of(rules: &'a RuleSet) -> Self {
        Self { rules: rules.rules() }
    }
}
