//! The fraud desk as the journal has it: what became of each order, the reviews, and the rules.

use serde_json::Value;

use super::findings::Findings;
use crate::journal::Record;
use crate::types::Timestamp;
use crate::views::Fingerprint;

/// A store's desk.
#[derive(Default)]
pub(super) struct Desk {
    /// The rules as they were last written; null where they never were.
    pub(super) rules: Value,
    /// Places of all assessments.
    pub(super) assessed: Fingerprint,
    /// How many reviews were opened.
    pub(super) reviews: u64,
}

/// What the desk made of one order.
#[derive(Default)]
pub(super) struct Case {
    decision: String,
    pub(super) review: Option<Review>,
}

/// A review of an order.
#[derive(Clone, Debug)]
pub(super) struct Review {
    pub(super) status: &'static str,
    pub(super) score: u64,
    pub(super) rules: Vec<String>,
    pub(super) on_lapse: String,
    pub(super) opened_at: Timestamp,
    pub(super) due_at: Option<Timestamp>,
    pub(super) by: Option<String>,
    pub(super) note: Option<String>,
    pub(super) closed_at: Option<Timestamp>,
}

impl Case {
    /// Whether the order may be paid for: nobody objected, or people let it pass.
    pub(super) fn is_clear(&self) -> bool {
        match &self.review {
            Some(review) => review.status == "approved",
            None => matches!(self.decision.as_str(), "allow" | "pass"),
        }
    }

    /// Whether people shall look at the order.
    pub(super) fn is_under_review(&self) -> bool {
        self.review.is_some()
    }
}

impl Desk {
    /// Takes one record of `fraud.…`, about an order or about the rules. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        case: Option<&mut Option<Box<Case>>>,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let kind = record.kind.strip_prefix("fraud.").unwrap_or_default();
        let subject = data["order"].as_str().unwrap_or("rules").to_owned();
        let text = |name: &str| data[name].as_str().map(ToOwned::to_owned);
        if kind == "rules_changed" {
            self.rules = data["rules"].clone();
            return true;
        }
        let Some(case) = case else { return false };
        let case = case.get_or_insert_default();
        let is_legal = match kind {
            "assessed" => {
                self.assessed.push(record.position);
                case.decision = text("decision").unwrap_or_default();
                let level = match data["score"].as_u64().unwrap_or(0) {
                    0..65 => "normal",
                    65..75 => "elevated",
                    _ => "highest",
                };
                findings.compare(
                    store,
                    &subject,
                    "level of its risk",
                    level,
                    data["level"].as_str().unwrap_or("?"),
                );
                true
            }
            "review_opened" => {
                self.reviews += u64::from(case.review.is_none());
                let is_legal = case.decision == "review" && case.review.is_none();
                let rules = data["rules"].as_array().map_or(&[][..], Vec::as_slice);
                case.review = Some(Review {
                    status: "open",
                    score: data["score"].as_u64().unwrap_or(0),
                    rules: rules.iter().filter_map(|rule| rule.as_str().map(ToOwned::to_owned)).collect(),
                    on_lapse: text("on_lapse").unwrap_or_default(),
                    opened_at: record.at,
                    due_at: text("due_at").and_then(|at| Timestamp::parse(&at).ok()),
                    by: None,
                    note: None,
                    closed_at: None,
                });
                is_legal
            }
            "review_approved" | "review_rejected" | "review_withdrawn" => match &mut case.review {
                Some(review) => {
                    let was = review.status;
                    review.status = match kind {
                        "review_approved" => "approved",
                        "review_rejected" => "rejected",
                        _ => "withdrawn",
                    };
                    (review.by, review.note) = (text("by"), text("note"));
                    review.closed_at = Some(record.at);
                    // What nobody decided ends as the store said when it began.
                    let is_lapse = review.by.as_deref() == Some("lapse");
                    let wanted = if review.on_lapse == "approve" { "approved" } else { "rejected" };
                    let is_early = review.due_at.is_none_or(|at| record.at < at);
                    was == "open" && (!is_lapse || (review.status == wanted && !is_early))
                }
                None => false,
            },
            _ => return false,
        };
        if !is_legal {
            findings.add(store, &subject, "step of a review", "one that may follow", record.kind);
        }
        true
    }
}
