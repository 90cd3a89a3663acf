//! Payments as the journal has them: what was taken and given back, charge by charge.

use serde_json::Value;

use super::findings::Findings;
use crate::journal::Record;

/// The payment of one order.
#[derive(Default)]
pub(super) struct Payment {
    pub(super) amount: i64,
    pub(super) currency: String,
    pub(super) charges: Vec<Charge>,
    /// Whether something is still to come from the bank.
    pub(super) is_working: bool,
    pub(super) has_failed: bool,
    pub(super) has_succeeded: bool,
    /// Something happened to it that is not known here.
    pub(super) is_beyond: bool,
}

/// Money that a bank set aside or took.
pub(super) struct Charge {
    intent: String,
    amount: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    /// Of what, where that is another than the payment's.
    pub(super) currency: Option<String>,
}

impl Payment {
    /// Takes one record of `payment.…`. Says whether its kind is known.
    pub(super) fn apply(
        place: &mut Option<Box<Payment>>,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let kind = record.kind.strip_prefix("payment.").unwrap_or_default();
        let subject = || format!("payment of {}", data["order"].as_str().unwrap_or("?"));
        if kind == "created" {
            if place.is_some() {
                findings.add(store, &subject(), "step", "begun once", record.kind);
            }
            *place = Some(Box::new(Self {
                amount: data["amount"].as_i64().unwrap_or(0),
                currency: data["currency"].as_str().unwrap_or_default().to_owned(),
                is_working: true,
                ..Self::default()
            }));
            return true;
        }
        let Some(payment) = place else {
            findings.add(store, &subject(), "step", "payment.created first", record.kind);
            return true;
        };
        let is_known = payment.step(kind, data);
        payment.is_beyond |= !is_known;
        for Charge { intent, amount, captured, refunded, .. } in &payment.charges {
            let subject = || format!("{}, {intent}", subject());
            if captured > amount {
                findings.add(store, &subject(), "captured", &format!("at most {amount}"), captured);
            }
            if refunded > captured {
                findings.add(store, &subject(), "refunded", &format!("at most {captured}"), refunded);
            }
        }
        if kind == "processed"
            && let Some(charge) = payment.charges.last()
        {
            findings.compare(store, &subject(), "authorized", &payment.amount, &charge.amount);
        }
        is_known
    }

    fn step(&mut self, kind: &str, data: &Value) -> bool {
        let amount = |name: &str| data[name].as_i64().unwrap_or(0);
        let intent = data["intent"].as_str().unwrap_or_default();
        match kind {
            "attempt_started" | "retry_scheduled" | "retry_started" | "outcome_unknown"
            | "cancel_requested" => {
                // A cancel of what is settled leads to an undoing, which begins with an attempt of its own.
                self.is_working |= kind != "cancel_requested";
            }
            "declined" => {}
            "processed" | "integrity_failure" | "charge_found" => {
                let currency = data["currency"].as_str().unwrap_or_default();
                let is_other = kind != "processed" && currency != self.currency;
                self.charges.push(Charge {
                    intent: intent.to_owned(),
                    amount: amount("amount"),
                    captured: amount("captured"),
                    refunded: 0,
                    currency: is_other.then(|| currency.to_owned()),
                });
                self.has_succeeded |= kind == "processed";
                self.has_failed |= kind == "integrity_failure";
                self.is_working = false;
            }
            "requires_action" | "voided" | "canceled" | "capture_failed" | "refund_failed" => {
                self.is_working = false
            }
            "failed" => (self.is_working, self.has_failed) = (false, true),
            "captured" | "refunded" => {
                if let Some(charge) = self.charges.iter_mut().find(|charge| charge.intent == intent) {
                    if kind == "captured" {
                        charge.captured = amount("amount");
                    } else {
                        charge.refunded += amount("amount");
                    }
                }
                self.is_working = false;
            }
            _ => return false,
        }
        true
    }

    /// Taken and given back of the payment's own currency.
    pub(super) fn totals(&self) -> (i64, i64) {
        let own = self.charges.iter().filter(|charge| charge.currency.is_none());
        own.fold((0, 0), |(captured, refunded), charge| {
            (captured + charge.captured, refunded + charge.refunded)
        })
    }
}
