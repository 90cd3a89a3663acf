//! Payments as the journal has them: what was taken and given back, charge by charge.

use std::collections::BTreeMap;

use serde_json::Value;

use super::calls::Calls;
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
    /// What was given back as far as the order has heard.
    reported: i64,
    /// How many things went wrong that people must know of, and of how many the alert desk has heard.
    troubles: u64,
    troubles_told: u64,
    /// Disputes by the bank's id: how they stand.
    pub(super) disputes: BTreeMap<String, String>,
    /// Whether the order was last told that there is one.
    dispute_told: bool,
    is_canceled: bool,
    /// Refunds by number.
    pub(super) refunds: BTreeMap<u64, Refund>,
    /// What goes to the bank for it, and where.
    pub(super) calls: Calls,
    /// Something happened to it that is not known here.
    pub(super) is_beyond: bool,
}

/// Money that went back, or was to.
#[derive(Default)]
pub(super) struct Refund {
    intent: String,
    pub(super) amount: i64,
    pub(super) status: &'static str,
    pub(super) is_sent: bool,
    /// The bank said yes, and was not asked again yet whether it stays so.
    pub(super) is_unproven: bool,
}

/// Money that a bank set aside or took.
pub(super) struct Charge {
    pub(super) intent: String,
    pub(super) amount: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    /// It was let go.
    pub(super) is_voided: bool,
    /// Whether it pays the order.
    is_own: bool,
    /// Of what, where that is another than the payment's.
    pub(super) currency: Option<String>,
}

/// Whether a dispute is open or lost.
fn stands(status: &str) -> bool {
    !matches!(status, "warning_closed" | "won" | "prevented")
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
                calls: Calls::begun(data),
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
        for charge in &payment.charges {
            let Charge { intent, amount, captured, refunded, .. } = charge;
            let subject = || format!("{}, {intent}", subject());
            let asked_for = refunded + payment.under_way(charge);
            if kind == "refund_requested" && asked_for > *captured {
                findings.add(
                    store,
                    &subject(),
                    "refunds asked for",
                    &format!("at most {captured}"),
                    &asked_for,
                );
            }
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
        let number = |name: &str| data[name].as_u64().unwrap_or(0);
        self.refund(kind, data);
        self.calls.apply(kind, data);
        match kind {
            "attempt_started" | "retry_scheduled" | "retry_started" | "outcome_unknown"
            | "cancel_requested" => {
                // A cancel of what is settled leads to an undoing, which begins with an attempt of its own.
                self.is_working |= kind != "cancel_requested";
                self.is_canceled |= kind == "cancel_requested";
            }
            "declined" => {}
            "arrived_late" => self.troubles += 1,
            "trouble_reported" => self.troubles_told = number("troubles"),
            "disputed" | "dispute_updated" => {
                let word = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
                self.troubles += u64::from(stands(&word("status")));
                self.disputes.insert(word("id"), word("status"));
            }
            "dispute_reported" => self.dispute_told = data["is_disputed"] == true,
            "refunds_reported" => self.reported = amount("refunded"),
            // A queue of its own: whether it is at work shows by its attempts.
            "refund_requested"
            | "refund_check_started"
            | "refund_checked"
            | "look_started"
            | "look_ended" => {}
            "processed" | "integrity_failure" | "charge_found" => {
                let currency = data["currency"].as_str().unwrap_or_default();
                let is_other = kind != "processed" && currency != self.currency;
                self.charges.push(Charge {
                    intent: intent.to_owned(),
                    amount: amount("amount"),
                    captured: amount("captured"),
                    refunded: 0,
                    is_voided: false,
                    is_own: kind == "processed",
                    currency: is_other.then(|| currency.to_owned()),
                });
                self.has_succeeded |= kind == "processed";
                self.has_failed |= kind == "integrity_failure";
                self.is_working = false;
            }
            "refund_failed" => {
                self.troubles += 1;
                let intent = self.refunds.get(&number("refund")).map(|refund| refund.intent.clone());
                if let Some(charge) =
                    self.charges.iter_mut().find(|charge| Some(&charge.intent) == intent.as_ref())
                {
                    charge.refunded -= amount("reversed");
                }
                self.is_working = false;
            }
            "voided" => {
                if let Some(charge) = self.charges.iter_mut().find(|charge| charge.intent == intent) {
                    charge.is_voided = true;
                }
                self.is_working = false;
            }
            "requires_action" | "canceled" | "capture_failed" | "refund_pending" => self.is_working = false,
            "failed" => (self.is_working, self.has_failed) = (false, true),
            "captured" | "refunded" => {
                if let Some(charge) = self.charges.iter_mut().find(|charge| charge.intent == intent) {
                    if kind == "captured" {
                        charge.captured = amount("amount");
                    } else {
                        charge.refunded += amount("amount");
                    }
                }
                if kind == "refunded" && self.is_canceled {
                    self.reported = self.totals().1;
                }
                self.is_working = false;
            }
            _ => return false,
        }
        true
    }

    /// Whether the order is still to hear of money that was given back.
    pub(super) fn owes_report(&self) -> bool {
        let is_disputed = self.disputes.values().any(|status| stands(status));
        if self.troubles > self.troubles_told || is_disputed != self.dispute_told {
            return true;
        }
        let own = self.charges.iter().filter(|charge| charge.is_own).map(|charge| charge.refunded).sum();
        let of_order = match (self.is_canceled, self.has_failed) {
            (true, _) => self.totals().1,
            (false, true) => self.reported,
            (false, false) => own,
        };
        of_order != self.reported
    }

    /// How each refund stands, told from its events alone.
    fn refund(&mut self, kind: &str, data: &Value) {
        let of = |data: &Value| data["refund"].as_u64();
        let number = match kind {
            "attempt_started" => {
                let operation = data["operation"].as_str().unwrap_or_default();
                operation.strip_prefix("refund_").and_then(|number| number.parse().ok())
            }
            "cancel_requested" => {
                for refund in self.refunds.values_mut().filter(|refund| !refund.is_sent) {
                    refund.status = "canceled";
                }
                None
            }
            "refund_requested" | "refund_pending" | "refunded" | "refund_failed" => of(data),
            "refund_checked" => {
                if let Some(refund) = of(data).and_then(|number| self.refunds.get_mut(&number)) {
                    refund.is_unproven = false;
                }
                None
            }
            _ => None,
        };
        let Some(number) = number else { return };
        let refund = self.refunds.entry(number).or_default();
        if let Some(intent) = data["intent"].as_str() {
            intent.clone_into(&mut refund.intent);
        }
        if let Some(amount) = data["amount"].as_i64() {
            refund.amount = amount;
        }
        refund.is_sent |= kind != "refund_requested";
        refund.is_unproven = kind == "refunded";
        refund.status = match kind {
            "refunded" => "succeeded",
            "refund_failed" => "failed",
            "refund_pending" if data["progress"] == "requires_action" => "requires_action",
            _ => "pending",
        };
    }

    /// What is to go back of a charge, or is on its way.
    fn under_way(&self, charge: &Charge) -> i64 {
        let is_open = |refund: &&Refund| ["pending", "requires_action"].contains(&refund.status);
        let of_it = self.refunds.values().filter(|refund| refund.intent == charge.intent);
        of_it.filter(is_open).map(|refund| refund.amount).sum()
    }

    /// Taken and given back of the payment's own currency.
    pub(super) fn totals(&self) -> (i64, i64) {
        let own = self.charges.iter().filter(|charge| charge.currency.is_none());
        own.fold((0, 0), |(captured, refunded), charge| {
            (captured + charge.captured, refunded + charge.refunded)
        })
    }
}
