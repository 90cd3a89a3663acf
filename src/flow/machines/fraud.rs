//! How the fraud desk is asked about one order.

use super::{BEGINNING, Charted, ORDER, Print, amount, currency, labels, named, sku, step};
use crate::fraud::{self, Fraud};
use crate::types::Timestamp;

impl Charted for Fraud {
    const ABOUT: &'static str =
        "the review of one order; a store's fraud desk keeps one of each order it parked";

    /// A desk that sends every order to review.
    fn begin() -> fraud::Desk {
        let rule = fraud::Rule {
            name: "everything".into(),
            action: fraud::Action::Review,
            when: "true".into(),
            enabled: true,
        };
        let rules = fraud::Command::SetRules { rules: vec![rule] };
        step::<Self>(&fraud::Desk::default(), rules, BEGINNING).map(|(desk, _)| desk).unwrap_or_default()
    }

    fn place(desk: &fraud::Desk) -> &'static str {
        desk.review(ORDER).map_or("none", |review| review.status.name())
    }

    fn fingerprint(desk: &fraud::Desk, into: &mut Print) {
        into.debug(&desk.review(ORDER).map(|review| review.on_lapse));
    }

    fn samples(_: &fraud::Desk, _: Timestamp) -> Vec<(&'static str, fraud::Command)> {
        use fraud::{Command as C, OnLapse};
        let facts = |on_lapse| fraud::Facts {
            order: ORDER,
            total: amount(),
            subtotal: amount(),
            currency: currency(),
            line_count: 1,
            units: 1,
            skus: vec![sku()],
            customer_id: Some("customer".into()),
            email: None,
            ip: None,
            country: None,
            postal_code: None,
            address_line: None,
            payment_method: "card".into(),
            review: fraud::ReviewPolicy { sla_s: 3_600, on_lapse },
        };
        let commands = vec![
            C::Assess(Box::new(facts(OnLapse::Approve))),
            C::Assess(Box::new(facts(OnLapse::Reject))),
            C::Approve { order: ORDER, note: None },
            C::Reject { order: ORDER, note: None },
            C::Withdraw { order: ORDER },
            C::Lapse,
        ];
        named(labels::fraud_command, commands)
    }
}
