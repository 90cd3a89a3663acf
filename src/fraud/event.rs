//! What has happened at the fraud desk.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::events;
use crate::types::{OrderId, Timestamp};

use super::command::OnLapse;
use super::marks::Marks;
use super::rules::{RuleError, RuleSet};

events! {
    /// What has happened at the fraud desk.
    pub enum Event {
        /// An order was judged.
        Assessed(Assessed) = "fraud.assessed", 1;
        /// People shall look at it.
        ReviewOpened(ReviewOpened) = "fraud.review_opened", 1;
        /// It may pass.
        ReviewApproved(ReviewDecided) = "fraud.review_approved", 1;
        /// It is stopped.
        ReviewRejected(ReviewDecided) = "fraud.review_rejected", 1;
        /// It ended by itself.
        ReviewWithdrawn(ReviewWithdrawn) = "fraud.review_withdrawn", 1;
        /// Other rules hold.
        RulesChanged(RulesChanged) = "fraud.rules_changed", 1;
    }
}

/// An order was judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assessed {
    /// Which order.
    pub order: OrderId,
    /// What becomes of it.
    pub decision: Decision,
    /// How risky it looks, 0 to 100.
    pub score: u8,
    /// The same in a word.
    pub level: Level,
    /// The rules that made the decision, by name.
    pub rules: Vec<Arc<str>>,
    /// The rules that could not be asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<RuleError>,
    /// What later orders are compared by.
    pub marks: Marks,
}

/// What becomes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// A rule lets it pass, whatever others say.
    Allow,
    /// A rule stops it.
    Block,
    /// A rule wants people to look at it.
    Review,
    /// No rule objects.
    Pass,
}

impl Decision {
    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Decision::Allow => "allow",
            Decision::Block => "block",
            Decision::Review => "review",
            Decision::Pass => "pass",
        }
    }
}

/// A score in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Below [`Level::ELEVATED_FROM`].
    Normal,
    /// Below [`Level::HIGHEST_FROM`].
    Elevated,
    /// From there on.
    Highest,
}

impl Level {
    /// The least score that is elevated.
    pub const ELEVATED_FROM: u8 = 65;
    /// The least score of the highest level.
    pub const HIGHEST_FROM: u8 = 75;

    /// The name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Normal => "normal",
            Level::Elevated => "elevated",
            Level::Highest => "highest",
        }
    }

    /// The level of a score.
    pub const fn of(score: u8) -> Self {
        if score >= Self::HIGHEST_FROM {
            Level::Highest
        } else if score >= Self::ELEVATED_FROM {
            Level::Elevated
        } else {
            Level::Normal
        }
    }
}

/// People shall look at an order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewOpened {
    /// Which order.
    pub order: OrderId,
    /// The rules that want it, by name.
    pub rules: Vec<Arc<str>>,
    /// How risky it looks, 0 to 100.
    pub score: u8,
    /// By when.
    pub due_at: Timestamp,
    /// What becomes of it otherwise.
    pub on_lapse: OnLapse,
}

/// A review was decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewDecided {
    /// Which order's.
    pub order: OrderId,
    /// By whom.
    pub by: By,
    /// Why, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Arc<str>>,
}

/// Who decided a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Somebody who looked at it.
    Person,
    /// The store's policy, because nobody did in time.
    Lapse,
}

/// An order ended while it was under review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReviewWithdrawn {
    /// Which order.
    pub order: OrderId,
}

/// Other rules hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RulesChanged {
    /// All of them.
    pub rules: RuleSet,
}

macro_rules! of_an_order {
    ($($data:ty),+) => {$(
        impl $data {
            fn order(&self) -> Option<OrderId> {
                Some(self.order)
            }

            fn subject(&self) -> String {
                self.order.to_string()
            }
        }
    )+};
}

of_an_order!(Assessed, ReviewOpened, ReviewDecided, ReviewWithdrawn);

impl RulesChanged {
    fn order(&self) -> Option<OrderId> {
        None
    }

    fn subject(&self) -> String {
        "rules".into()
    }
}
