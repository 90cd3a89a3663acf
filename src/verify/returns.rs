//! Returns as the journal has them: what shall come back, what did, and what was owed for it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::findings::Findings;
use super::goods::Goods;
use super::money::Payment;
use super::stock::Hold;
use crate::journal::Record;

/// The returns of one order.
#[derive(Default)]
pub(super) struct Returns {
    pub(super) by_number: BTreeMap<u64, Return>,
    /// How many receipts there were.
    receipts: u64,
    /// How many pieces the order knows to be back.
    pub(super) told: i64,
    /// Something happened to them that is not known here.
    pub(super) is_beyond: bool,
}

/// One return.
#[derive(Default)]
pub(super) struct Return {
    pub(super) status: &'static str,
    pub(super) version: u64,
    refunds_on_close: bool,
    /// By line: price apiece, wanted back, there.
    lines: BTreeMap<String, Line>,
    /// Whether inventory answered, by receipt.
    pub(super) receipts: BTreeMap<u64, &'static str>,
    /// What arrived is worth, by receipt.
    values: BTreeMap<u64, i64>,
    /// What is owed, and what was asked of the payment; by receipt, nought for all of them.
    refunds: BTreeMap<u64, Refund>,
    /// People were told that inventory cannot have what arrived.
    pub(super) is_warned: bool,
    /// Where it was asked for.
    pub(super) position: u64,
}

#[derive(Clone, Copy, Default)]
struct Line {
    price: i64,
    wanted: i64,
    there: i64,
}

#[derive(Clone, Copy, Default)]
struct Refund {
    value: i64,
    /// Nothing, until the payment answered.
    taken: Option<i64>,
    /// The payment cannot give it back, though it is owed.
    is_refused: bool,
}

/// What else is known of the order.
pub(super) struct Beside<'a> {
    pub(super) goods: Option<&'a Goods>,
    pub(super) hold: Option<&'a Hold>,
    pub(super) payment: Option<&'a Payment>,
}

impl Return {
    pub(super) fn wanted(&self) -> i64 {
        self.lines.values().map(|line| line.wanted).sum()
    }

    pub(super) fn there(&self) -> i64 {
        self.lines.values().map(|line| line.there).sum()
    }

    pub(super) fn refunded(&self) -> i64 {
        self.refunds.values().filter_map(|refund| refund.taken).sum()
    }

    pub(super) fn unpaid(&self) -> i64 {
        let answered = self.refunds.values().filter_map(|refund| Some(refund.value - refund.taken?));
        answered.sum()
    }

    /// Whether inventory cannot have some of what arrived, or its money cannot go back though it is owed.
    fn is_refused(&self) -> bool {
        self.receipts.values().any(|stock| *stock == "refused")
            || self.refunds.values().any(|refund| refund.is_refused)
    }

    /// What it still takes or may take of what was delivered of a line.
    fn takes(&self, line: &str) -> i64 {
        let Some(line) = self.lines.get(line) else { return 0 };
        if matches!(self.status, "declined" | "closed" | "canceled") { line.there } else { line.wanted }
    }

    fn owe(&mut self, receipt: u64, value: i64) {
        if value > 0 {
            self.refunds.insert(receipt, Refund { value, ..Refund::default() });
        }
    }

    fn is_settled(&self) -> bool {
        self.receipts.values().all(|stock| *stock != "pending")
            && self.is_warned == self.is_refused()
            && self.refunds.values().all(|refund| refund.taken.is_some())
    }
}

impl Returns {
    /// How many pieces came back.
    pub(super) fn there(&self) -> i64 {
        self.by_number.values().map(Return::there).sum()
    }

    /// Whether nothing is owed for what came back.
    pub(super) fn is_settled(&self) -> bool {
        self.told == self.there() && self.by_number.values().all(Return::is_settled)
    }

    /// Takes one record of `return.…`. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        beside: &Beside<'_>,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let kind = record.kind.strip_prefix("return.").unwrap_or_default();
        let number = data["number"].as_u64().unwrap_or(0);
        let subject = format!("return {number} of {}", data["order"].as_str().unwrap_or("?"));
        match kind {
            "requested" => {
                self.request(data, number, beside, &subject, store, findings);
                if let Some(one) = self.by_number.get_mut(&number) {
                    one.position = record.position;
                }
                return true;
            }
            "reported" => {
                self.told = data["pieces"].as_i64().unwrap_or(0);
                return true;
            }
            _ => {}
        }
        let next_receipt = self.receipts + 1;
        let Some(one) = self.by_number.get_mut(&number) else {
            findings.add(store, &subject, "step of a return", "one that was asked for", record.kind);
            return true;
        };
        one.version += 1;
        let before = one.status;
        let receipt = data["receipt"].as_u64().unwrap_or(0);
        let is_legal = match kind {
            "approved" => {
                one.status = "open";
                before == "requested"
            }
            "declined" => {
                one.status = "declined";
                before == "requested"
            }
            "shipped" => {
                one.status = "in_transit";
                before == "open"
            }
            "canceled" => {
                one.status = "canceled";
                matches!(before, "requested" | "open" | "in_transit")
            }
            "closed" => {
                one.status = "closed";
                if one.refunds_on_close {
                    one.owe(0, one.values.values().sum());
                }
                matches!(before, "partially_received" | "received")
            }
            "received" => {
                self.receipts = receipt;
                findings.compare(store, &subject, "number of a receipt", &next_receipt, &receipt);
                one.receive(data, receipt, &subject, store, findings);
                matches!(before, "open" | "in_transit" | "partially_received")
            }
            "stock_booked" | "stock_refused" => {
                let word = if kind == "stock_booked" { "booked" } else { "refused" };
                let is_first = one.receipts.insert(receipt, word) == Some("pending");
                let is_there = beside.hold.is_some_and(|hold| hold.has_receipt(receipt));
                is_first && is_there == (kind == "stock_booked")
            }
            "refund_requested" => {
                let (refund, amount) =
                    (data["refund"].as_u64().unwrap_or(0), data["amount"].as_i64().unwrap_or(0));
                let wished = beside.payment.and_then(|payment| payment.refunds.get(&refund));
                findings.compare(
                    store,
                    &subject,
                    "amount of its refund",
                    &wished.map_or(0, |wished| wished.amount),
                    &amount,
                );
                one.pay(receipt, amount)
            }
            "refund_refused" => {
                let is_legal = one.pay(receipt, 0);
                if let Some(refund) = one.refunds.get_mut(&receipt) {
                    refund.is_refused = data["is_still_owed"] == true;
                }
                is_legal
            }
            "refund_retried" => one.refunds.get_mut(&receipt).is_some_and(|refund| {
                refund.taken = None;
                std::mem::take(&mut refund.is_refused)
            }),
            "refund_failed" => {
                let refund = data["refund"].as_u64().unwrap_or(0);
                let known = beside.payment.and_then(|payment| payment.refunds.get(&refund));
                let has_failed = known.is_some_and(|known| known.status == "failed");
                let taken = one.refunds.get_mut(&receipt).and_then(|refund| refund.taken.replace(0));
                has_failed && taken.is_some_and(|taken| taken > 0)
            }
            "stock_retried" => one.receipts.insert(receipt, "pending") == Some("refused"),
            "trouble_reported" => {
                let is_refused = data["is_refused"] == true;
                std::mem::replace(&mut one.is_warned, is_refused) != is_refused
            }
            _ => {
                self.is_beyond = true;
                return false;
            }
        };
        if !is_legal {
            let expected = format!("a step that may follow {before}");
            findings.add(store, &subject, "step of a return", &expected, record.kind);
        }
        true
    }

    fn request(
        &mut self,
        data: &Value,
        number: u64,
        beside: &Beside<'_>,
        subject: &str,
        store: &str,
        findings: &mut Findings,
    ) {
        let expected = self.by_number.len() as u64 + 1;
        findings.compare(store, subject, "number of a return", &expected, &number);
        let mut one = Return {
            status: "requested",
            version: 1,
            refunds_on_close: data["policy"]["refund_on"] == "close",
            ..Return::default()
        };
        for part in data["lines"].as_array().map_or(&[][..], Vec::as_slice) {
            let line = part["line"].as_str().unwrap_or_default();
            let known = one.lines.entry(line.to_owned()).or_default();
            known.wanted += part["quantity"].as_i64().unwrap_or(0);
            known.price = part["unit_price"].as_i64().unwrap_or(0);
        }
        let delivered = beside.goods.map(Goods::delivered).unwrap_or_default();
        for (name, line) in &one.lines {
            let taken: i64 = self.by_number.values().map(|other| other.takes(name)).sum();
            let left = delivered.get(name).copied().unwrap_or(0) - taken;
            if line.wanted > left {
                let expected = format!("at most {left} that were delivered");
                findings.add(store, subject, "pieces of a return", &expected, &line.wanted);
            }
        }
        self.by_number.insert(number, one);
    }
}

impl Return {
    fn receive(&mut self, data: &Value, receipt: u64, subject: &str, store: &str, findings: &mut Findings) {
        let mut value = 0;
        for piece in data["lines"].as_array().map_or(&[][..], Vec::as_slice) {
            let quantity = piece["quantity"].as_i64().unwrap_or(0);
            let line = self.lines.entry(piece["line"].as_str().unwrap_or_default().to_owned()).or_default();
            line.there += quantity;
            value += quantity * line.price;
            if line.there > line.wanted {
                let expected = format!("at most {} that were asked for", line.wanted);
                findings.add(store, subject, "pieces that came back", &expected, &line.there);
            }
        }
        let told = data["value"].as_i64().unwrap_or(0);
        findings.compare(store, subject, "value of what came back", &value, &told);
        self.status = if self.there() == self.wanted() { "received" } else { "partially_received" };
        self.receipts.insert(receipt, "pending");
        self.values.insert(receipt, value);
        if !self.refunds_on_close {
            self.owe(receipt, value);
        }
    }

    /// The payment answered; it may, once, and within what is owed.
    fn pay(&mut self, receipt: u64, amount: i64) -> bool {
        let Some(refund) = self.refunds.get_mut(&receipt) else { return false };
        let is_first = refund.taken.replace(amount).is_none();
        is_first && (0..=refund.value).contains(&amount)
    }
}
