//! Orders as the journal has them: how far each is, and its money and goods in a word.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::findings::Findings;
use super::fraud::Case;
use super::goods::Goods;
use super::money::Payment;
use super::returns::{Beside, Returns};
use super::stock::{Hold, Life};
use crate::journal::{Position, Record};
use crate::types::{OrderId, Timestamp};
use crate::views::Fingerprint;

/// One order with its payment and the hold on its stock.
#[derive(Default)]
pub(super) struct Order {
    pub(super) phase: Phase,
    /// Something happened to it that is not known here.
    pub(super) is_beyond: bool,
    pub(super) total: i64,
    /// Of everything that was ordered, by whom and where to.
    pub(super) cart: u64,
    pub(super) authorized: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) version: u64,
    pub(super) created_at: Timestamp,
    /// The trace that its request belonged to.
    pub(super) trace_id: Option<String>,
    /// When it was canceled, or expired.
    pub(super) ended_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    /// Pieces over all lines.
    units: i64,
    /// What a piece of each line costs.
    prices: BTreeMap<String, i64>,
    /// What the pieces cost that will not leave or not arrive.
    pub(super) forgone: i64,
    /// What the fraud desk made of it.
    pub(super) case: Option<Box<Case>>,
    /// The parcels that were let go.
    let_go: BTreeSet<u64>,
    /// Some of its money is disputed, or was lost in a dispute.
    is_disputed: bool,
    /// A parcel waits until the money is taken.
    awaits_money: bool,
    /// How taking it went so far.
    pub(super) capture: Capture,
    /// Why what will not leave or not arrive cannot be paid back, unless it is tried again.
    pub(super) unpaid: Option<String>,
    shipped: i64,
    progress: Progress,
    owes_fulfillment: bool,
    /// What the pieces cost that will not leave, as far as it went back.
    pub(super) lines_refunded: i64,
    pub(super) goods: Option<Box<Goods>>,
    /// How many of its pieces it knows to have been sent back.
    came_back: i64,
    pub(super) returns: Option<Box<Returns>>,
    pub(super) owes_stock: bool,
    pub(super) owes_payment: bool,
    pub(super) owes_review: bool,
    pub(super) events: Fingerprint,
    /// The place of its last event.
    pub(super) last: Position,
    pub(super) payment: Option<Box<Payment>>,
    pub(super) hold: Option<Box<Hold>>,
}

/// How taking the money went that parcels wait for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capture {
    /// Why it could not be taken, unless it is tried again.
    pub(super) failure: Option<String>,
    /// How often it could not.
    pub(super) failures: u32,
    /// When it is tried again by itself.
    pub(super) retry_at: Option<Timestamp>,
    /// Fulfilment was told to wait.
    pub(super) is_paused: bool,
    /// People were told.
    pub(super) is_warned: bool,
}

/// How far an order knows its goods to be, in pieces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Progress {
    delivered: i64,
    returned: i64,
    canceled: i64,
    /// Left and will not arrive.
    undelivered: i64,
    /// Of those, what does not come back either.
    lost: i64,
    is_held: bool,
}

impl Progress {
    fn of(data: &Value) -> Self {
        let number = |name: &str| data[name].as_i64().unwrap_or(0);
        let pieces = |name: &str| {
            let parts = data[name].as_array().map_or(&[][..], Vec::as_slice);
            parts.iter().filter_map(|part| part["quantity"].as_i64()).sum()
        };
        Self {
            delivered: number("delivered"),
            returned: number("returned"),
            canceled: pieces("canceled"),
            undelivered: pieces("undelivered"),
            lost: number("lost"),
            is_held: data["is_held"] == true,
        }
    }
}

/// How far an order is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Unplaced,
    Reserving,
    Screening,
    OnHold,
    Paying,
    Challenged,
    Committing,
    Confirmed,
    Completed,
    Canceled,
    Expired,
}

impl Order {
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        id: OrderId,
        findings: &mut Findings,
    ) -> bool {
        use Phase as P;
        let (kind, before) = (record.kind.strip_prefix("order.").unwrap_or_default(), self.phase);
        let is_open = !matches!(before, P::Unplaced | P::Canceled | P::Expired);
        let is_legal = match kind {
            "created" => before == P::Unplaced,
            "stock_held" => before == P::Reserving,
            "cleared" | "parked_for_review" => before == P::Screening,
            "review_passed" => matches!(before, P::Screening | P::OnHold),
            "payment_challenged" => before == P::Paying,
            "paid" => matches!(before, P::Paying | P::Challenged),
            "confirmed" => before == P::Committing,
            "canceled" => is_open && before != P::Completed && self.let_go.is_empty(),
            "capture_requested"
            | "captured"
            | "capture_failed"
            | "capture_retried"
            | "shipping_resumed"
            | "shipped"
            | "fulfillment_updated"
            | "remainder_canceled"
            | "lines_unpaid"
            | "lines_refunded"
            | "completed" => before == P::Confirmed,
            "trouble_reported" => matches!(before, P::Confirmed | P::Completed | P::Canceled | P::Expired),
            "goods_returned" => matches!(before, P::Confirmed | P::Completed),
            "fulfillment_canceled" => matches!(before, P::Confirmed | P::Canceled | P::Expired),
            "expired" => matches!(before, P::Reserving | P::Screening | P::Paying | P::Challenged),
            "paid_late" | "stock_released" | "payment_undone" | "review_withdrawn" => {
                matches!(before, P::Canceled | P::Expired)
            }
            "retry_requested" => before != P::Unplaced,
            "disputed" => before != P::Unplaced && !self.is_disputed,
            "dispute_ended" => self.is_disputed,
            "refunds_changed" => !matches!(before, P::Unplaced | P::Reserving | P::Screening | P::OnHold),
            _ => {
                self.is_beyond = true;
                self.version += 1;
                return false;
            }
        };
        if !is_legal && !self.is_beyond {
            findings.add(store, &id, "step", &format!("a step that may follow {before:?}"), record.kind);
        }
        let is_judged = match kind {
            "cleared" | "review_passed" => self.case.as_deref().is_some_and(Case::is_clear),
            "parked_for_review" => self.case.as_deref().is_some_and(Case::is_under_review),
            _ => true,
        };
        if !is_judged {
            findings.add(store, &id, "verdict", "one that lets it go on so", record.kind);
        }
        let amount = |name: &str| data[name].as_i64().unwrap_or(0);
        match kind {
            "created" => {
                self.phase = P::Reserving;
                self.total = data["cart"]["total"].as_i64().unwrap_or(0);
                self.cart = digest(&data["cart"]);
                self.created_at = record.at;
                self.trace_id = data["trace_id"].as_str().map(str::to_owned);
                let lines = data["cart"]["lines"].as_array().map_or(&[][..], Vec::as_slice);
                let sum: i64 = lines
                    .iter()
                    .map(|line| {
                        line["quantity"].as_i64().unwrap_or(0) * line["unit_price"].as_i64().unwrap_or(0)
                    })
                    .sum();
                findings.compare(store, &id, "total", &sum, &self.total);
                self.units = lines.iter().filter_map(|line| line["quantity"].as_i64()).sum();
                let priced =
                    |line: &Value| Some((line["id"].as_str()?.to_owned(), line["unit_price"].as_i64()?));
                self.prices = lines.iter().filter_map(priced).collect();
            }
            "stock_held" => self.phase = P::Screening,
            "cleared" | "review_passed" => self.phase = P::Paying,
            "parked_for_review" => self.phase = P::OnHold,
            "payment_challenged" => self.phase = P::Challenged,
            "paid" | "paid_late" => {
                (self.authorized, self.captured) = (amount("authorized"), amount("captured"));
                if kind == "paid" {
                    self.phase = P::Committing;
                } else {
                    self.owes_payment = true;
                }
            }
            "confirmed" => self.phase = P::Confirmed,
            "canceled" | "expired" => {
                self.ended_at = Some(record.at);
                // The reason that people give says nothing of what there is to undo.
                let is_asked = data["on_request"].as_bool().unwrap_or_default();
                let reason = data["reason"].as_str().filter(|_| !is_asked).unwrap_or_default();
                self.owes_stock = !(before == P::Reserving && reason == "out_of_stock");
                self.owes_payment =
                    matches!(before, P::Paying | P::Challenged | P::Committing | P::Confirmed)
                        && reason != "payment_failed";
                self.owes_review = before == P::OnHold && reason != "fraudulent";
                // What waited for the money waits no more.
                self.awaits_money = false;
                self.owes_fulfillment =
                    before == P::Confirmed || (before == P::Committing && reason != "out_of_stock");
                self.phase = if kind == "canceled" { P::Canceled } else { P::Expired };
            }
            "capture_requested" => self.awaits_money = true,
            "captured" => {
                (self.captured, self.awaits_money) = (amount("captured"), false);
                (self.capture.failure, self.capture.retry_at) = (None, None);
            }
            "capture_failed" => {
                let capture = &mut self.capture;
                capture.failure = data["code"].as_str().map(ToOwned::to_owned);
                capture.failures += 1;
                capture.retry_at = data["retry_at"].as_str().and_then(|at| Timestamp::parse(at).ok());
                capture.is_paused = true;
            }
            "capture_retried" | "retry_requested" => {
                let is_early = self.capture.retry_at.is_none_or(|at| record.at < at);
                if kind == "capture_retried" && is_early {
                    findings.add(store, &id, "try for the money", "not before its time", &record.at);
                }
                (self.capture.failure, self.capture.retry_at) = (None, None);
                if kind == "retry_requested" {
                    self.unpaid = None;
                }
            }
            "disputed" | "dispute_ended" => self.is_disputed = kind == "disputed",
            "lines_unpaid" => self.unpaid = data["why"].as_str().map(ToOwned::to_owned),
            "shipping_resumed" => self.capture.is_paused = false,
            "trouble_reported" => self.capture.is_warned = data["is_stuck"] == true,
            "shipped" => {
                if self.captured == 0 {
                    findings.add(store, &id, "money before goods", "taken before a parcel leaves", &0);
                }
                if !self.let_go.insert(data["number"].as_u64().unwrap_or(0)) {
                    findings.add(store, &id, "parcel", "let go once", &data["number"]);
                }
                self.shipped += amount("units");
            }
            "fulfillment_updated" | "fulfillment_canceled" | "completed" => {
                self.progress = Progress::of(&data["progress"]);
                self.forgone = self.value_of(&data["progress"]["canceled"], store, id, findings)
                    + self.value_of(&data["progress"]["undelivered"], store, id, findings);
                self.owes_fulfillment &= kind != "fulfillment_canceled";
                if kind == "completed" {
                    self.phase = P::Completed;
                    let Progress { delivered, canceled, undelivered, .. } = self.progress;
                    let done = delivered + canceled + undelivered;
                    findings.compare(
                        store,
                        &id,
                        "pieces delivered, canceled or given up",
                        &self.units,
                        &done,
                    );
                    // Of what was never paid for nothing goes back.
                    if self.captured > 0 {
                        let (owed, back) = (self.forgone, self.lines_refunded);
                        findings.compare(store, &id, "canceled lines refunded", &owed, &back);
                    }
                }
            }
            "goods_returned" => self.came_back = amount("pieces"),
            "lines_refunded" => {
                let value = amount("value");
                if value <= self.lines_refunded || value > self.forgone {
                    let expected = format!("more than {}, at most {}", self.lines_refunded, self.forgone);
                    findings.add(store, &id, "canceled lines refunded", &expected, &value);
                }
                (self.lines_refunded, self.unpaid) = (value, None);
            }
            "stock_released" => self.owes_stock = false,
            "review_withdrawn" => self.owes_review = false,
            "refunds_changed" => {
                (self.captured, self.refunded) = (amount("captured"), amount("refunded"));
                let is_ended = matches!(before, P::Canceled | P::Expired);
                self.owes_payment |= is_ended && self.refunded < self.captured;
            }
            "payment_undone" => {
                (self.captured, self.refunded) = (amount("captured"), amount("refunded"));
                self.owes_payment = false;
            }
            _ => {}
        }
        self.version += 1;
        self.updated_at = record.at;
        if self.captured > self.total {
            findings.add(store, &id, "captured", &format!("at most {}", self.total), &self.captured);
        }
        if self.refunded > self.captured {
            findings.add(store, &id, "refunded", &format!("at most {}", self.captured), &self.refunded);
        }
        true
    }

    /// What pieces of some lines cost.
    fn value_of(&self, parts: &Value, store: &str, id: OrderId, findings: &mut Findings) -> i64 {
        let mut value = 0;
        for part in parts.as_array().map_or(&[][..], Vec::as_slice) {
            let line = part["line"].as_str().unwrap_or_default();
            match self.prices.get(line) {
                Some(price) => value += price * part["quantity"].as_i64().unwrap_or(0),
                None => findings.add(store, &id, "line that will not arrive", "one of its lines", line),
            }
        }
        value
    }

    /// Whether nothing is to happen to it any more, unless somebody asks.
    pub(super) fn is_at_rest(&self) -> bool {
        let is_ended =
            matches!(self.phase, Phase::Confirmed | Phase::Completed | Phase::Canceled | Phase::Expired);
        let is_paid_off =
            self.payment.as_deref().is_none_or(|payment| !payment.is_working && !payment.owes_report());
        is_ended
            && is_paid_off
            && !self.owes_fulfillment
            && !self.awaits_money
            && !self.owes_stock
            && !self.owes_payment
            && !self.owes_review
            && self.returns.as_deref().is_none_or(Returns::is_settled)
    }

    pub(super) fn returns_apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let beside = Beside {
            goods: self.goods.as_deref(),
            hold: self.hold.as_deref(),
            payment: self.payment.as_deref(),
        };
        self.returns.get_or_insert_default().apply(record, data, &beside, store, findings)
    }

    pub(super) fn goods_apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        id: OrderId,
        findings: &mut Findings,
    ) -> bool {
        let goods = self.goods.get_or_insert_default();
        let is_known = goods.apply(record, data, store, findings);
        if record.kind == "shipment.created" {
            let number = data["number"].as_u64().unwrap_or(0);
            if !self.let_go.contains(&number) {
                findings.add(store, &id, "parcel", "let go by its order before it left", &number);
            }
            if !self.hold.as_deref().is_some_and(|hold| hold.has_parcel(number)) {
                findings.add(store, &id, "parcel", "booked as sold before it left", &number);
            }
        }
        if record.kind == "shipment.stock_booked" {
            let number = data["number"].as_u64().unwrap_or(0);
            if !self.hold.as_deref().is_some_and(|hold| hold.has_undelivered(number)) {
                findings.add(store, &id, "parcel", "booked as not arriving", &number);
            }
        }
        is_known
    }

    /// Whether somebody or something is still at its goods.
    pub(super) fn is_working(&self) -> bool {
        let is_wanted = matches!(self.phase, Phase::Confirmed);
        is_wanted && self.goods.as_deref().is_some_and(Goods::is_working)
    }

    pub(super) fn finish(&self, store: &str, id: OrderId, findings: &mut Findings) {
        let is_ended = matches!(self.phase, Phase::Canceled | Phase::Expired);
        let life = self.hold.as_deref().map(|hold| hold.life);
        if is_ended
            && !self.owes_stock
            && !self.is_beyond
            && matches!(life, Some(Life::Held | Life::Committed))
        {
            findings.add(store, &id, "stock", "nothing held for an order that ended", "stock is held");
        }
        let shipped = self.goods.as_deref().map_or(0, Goods::shipped);
        if shipped > self.shipped {
            findings.add(
                store,
                &id,
                "pieces that left",
                &format!("at most {} let go", self.shipped),
                &shipped,
            );
        }
        if matches!(self.phase, Phase::Confirmed | Phase::Completed)
            && !matches!(life, Some(Life::Committed | Life::Fulfilled))
        {
            findings.add(store, &id, "stock", "promised to a confirmed order", &format!("{life:?}"));
        }
        if !self.is_at_rest() || self.is_beyond {
            return;
        }
        let there = self.returns.as_deref().map_or(0, Returns::there);
        findings.compare(store, &id, "pieces sent back, by order and by returns", &there, &self.came_back);
        let (captured, refunded) = self.payment.as_deref().map_or((0, 0), Payment::totals);
        findings.compare(
            store,
            &id,
            "money kept, by order and by payment",
            &(captured - refunded),
            &(self.captured - self.refunded),
        );
        if is_ended {
            findings.compare(store, &id, "money kept of an order that ended", &0, &(captured - refunded));
        }
    }

    /// The status on the wire.
    pub(super) fn status(&self) -> &'static str {
        match self.phase {
            Phase::Unplaced => "unplaced",
            Phase::Reserving | Phase::Screening | Phase::Paying | Phase::Committing => "pending",
            Phase::OnHold => "on_hold",
            Phase::Challenged => "requires_action",
            Phase::Confirmed => "confirmed",
            Phase::Completed => "completed",
            Phase::Canceled => "canceled",
            Phase::Expired => "expired",
        }
    }

    /// The payment status on the wire.
    pub(super) fn payment_status(&self) -> &'static str {
        let is_ended = matches!(self.phase, Phase::Canceled | Phase::Expired);
        match (self.captured, self.refunded) {
            (1.., refunded) if refunded >= self.captured => "refunded",
            (1.., _) if self.is_disputed => "disputed",
            (1.., 0) => "captured",
            (1.., _) => "partially_refunded",
            _ if is_ended => "canceled",
            _ if self.authorized > 0 => "authorized",
            _ if self.phase == Phase::Challenged => "requires_action",
            _ => "awaiting",
        }
    }

    /// The fulfilment status on the wire.
    pub(super) fn fulfillment_status(&self) -> &'static str {
        match self.phase {
            Phase::OnHold => "on_hold",
            Phase::Canceled | Phase::Expired => "canceled",
            Phase::Unplaced
            | Phase::Reserving
            | Phase::Screening
            | Phase::Paying
            | Phase::Challenged
            | Phase::Committing => "not_fulfilled",
            Phase::Confirmed | Phase::Completed => self.goods_status(),
        }
    }
}

impl Order {
    /// Where the goods of a confirmed order are, in one word.
    fn goods_status(&self) -> &'static str {
        let Progress { delivered, returned, canceled, lost, is_held, .. } = self.progress;
        let (wanted, returned) = (self.units - canceled - lost, returned + self.came_back);
        match (returned, delivered, self.shipped) {
            _ if wanted <= 0 => "canceled",
            (1.., _, _) if returned >= wanted => "returned",
            (1.., _, _) => "partially_returned",
            (_, 1.., _) if delivered >= wanted => "delivered",
            (_, 1.., _) => "partially_delivered",
            _ if is_held => "on_hold",
            (_, _, 1..) if self.shipped >= wanted => "shipped",
            (_, _, 1..) => "partially_shipped",
            _ => "not_fulfilled",
        }
    }
}

/// A digest of a value that does not depend on the order of its keys.
pub(super) fn digest(value: &Value) -> u64 {
    xxhash_rust::xxh3::xxh3_64(value.to_string().as_bytes())
}
