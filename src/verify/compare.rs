//! The views against what the journal says.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::findings::Findings;
use super::model::{Capture, Model, Order, Phase, Store, digest};
use super::money::Payment;
use super::tenant::{Tenant, differs_at};
use crate::alert;
use crate::fraud;
use crate::fulfillment::{Fulfillment, SCANS_MAX};
use crate::order;
use crate::payment;
use crate::returns;
use crate::store::settings;
use crate::types::{Currency, OrderId, Timestamp};
use crate::views::{
    AuditedAlert, AuditedItem, AuditedOrder, AuditedStore, Figures, OrderPart, Snapshot, ViewsError, Words,
};

/// One store of the views beside what is known of it.
struct Side<'a> {
    row: AuditedStore,
    model: &'a Store,
    listed: HashMap<u64, Words>,
    /// Where the list has each return, and under which status.
    returns: HashMap<(OrderId, u64), (u64, String)>,
    orders: u64,
    items: u64,
    alerts: u64,
    /// What the documents add up to.
    summed: Figures,
}

/// Compares everything in the views with the model at the same position.
pub(super) fn all(model: &Model, views: &Snapshot, findings: &mut Findings) -> Result<(), ViewsError> {
    let mut sides: BTreeMap<u32, Side<'_>> = BTreeMap::new();
    for row in views.stores()? {
        let name = row.id.as_str().to_owned();
        match model.stores.get(&name) {
            Some(model) => {
                let (listed, returns) = (views.listed(row.no)?, views.listed_returns(row.no)?);
                let summed = Figures::default();
                let side = Side { row, model, listed, returns, orders: 0, items: 0, alerts: 0, summed };
                sides.insert(side.row.no, side);
            }
            None => findings.add(&name, "store", "existence", "none", "a row"),
        }
    }
    for name in model.stores.keys() {
        if !sides.values().any(|side| side.row.id.as_str() == name) {
            findings.add(name, "store", "existence", "a row", "none");
        }
    }
    views.orders(|row| match sides.get_mut(&row.store) {
        Some(side) => side.order(&row, findings),
        None => findings.add("", &row.id, "store", "a store that is known", &row.store),
    })?;
    views.items(|row| match sides.get_mut(&row.store) {
        Some(side) => side.item(&row, findings),
        None => findings.add("", &row.item.sku, "store", "a store that is known", &row.store),
    })?;
    views.alerts(|row| match sides.get_mut(&row.store) {
        Some(side) => side.alert(&row, findings),
        None => findings.add("", &row.alert.id, "store", "a store that is known", &row.store),
    })?;
    let logged = views.logged_keys()?;
    let mut node: BTreeMap<Currency, Figures> = BTreeMap::new();
    let mut newest: BTreeMap<Currency, Timestamp> = BTreeMap::new();
    for side in sides.values() {
        side.store(findings);
        listed(findings, side);
        for (key, (position, _)) in &side.model.keys {
            let found = match logged.get(&(side.row.no, *key)) {
                Some(position) => Some(*position),
                None => views.position_of(side.row.no, *key)?,
            };
            // One that is missing may have been forgotten, as old keys are.
            if found.is_some_and(|found| found < *position) {
                findings.add(side.name(), &format!("key {key:032x}"), "position", position, &shown(found));
            }
        }
        if let Some(known) = side.row.tenant.known() {
            add(node.entry(known.currency).or_default(), &side.row.figures);
            let newest = newest.entry(known.currency).or_default();
            *newest = side.model.last_at.max(*newest);
        }
    }
    for (currency, found) in views.node()? {
        if let Some(now) = newest.get(&currency) {
            let of_it = sides.values().filter(|side| side.sells_in(currency));
            let expected: u64 = of_it.map(|side| last_hour(side.model, *now)).sum();
            let subject = format!("figures in {currency}");
            findings.compare("", &subject, "last_hour", &expected, &found.minutes.last_hour(*now));
        }
        figures(
            findings,
            "",
            &format!("figures in {currency}"),
            &node.remove(&currency).unwrap_or_default(),
            &found,
        );
    }
    for currency in node.keys() {
        findings.add("", &format!("figures in {currency}"), "existence", "there", "none");
    }
    Ok(())
}

impl Side<'_> {
    fn name(&self) -> &str {
        self.row.id.as_str()
    }

    fn sells_in(&self, currency: Currency) -> bool {
        self.row.tenant.known().is_some_and(|known| known.currency == currency)
    }

    fn store(&self, findings: &mut Findings) {
        let (name, row, model) = (self.name(), &self.row, self.model);
        findings.compare(name, "store", "sequence", &model.sequence, &row.sequence);
        findings.compare(name, "store", "time of the last event", &model.last_at, &row.last_at);
        if model.events != row.events {
            let (expected, found) = (model.events.count, row.events.count);
            findings.add(
                name,
                "store",
                "places of its events",
                &format!("{expected} as in the journal"),
                &format!("{found}, others or in another order"),
            );
        }
        let placed = model.orders.values().filter(|order| order.phase != Phase::Unplaced);
        findings.compare(name, "store", "orders", &(model.orders.len() as u64), &self.orders);
        findings.compare(
            name,
            "store",
            "orders in its list",
            &(placed.count() as u64),
            &(self.listed.len() as u64),
        );
        findings.compare(name, "store", "items", &(model.stock.items.len() as u64), &self.items);
        findings.compare(name, "store", "alerts", &(model.alerts.by_id.len() as u64), &self.alerts);
        tenant(findings, name, &model.tenant, row.tenant.known());
        desk(findings, name, row, model);
        let derived = derived(model, &self.summed);
        figures(findings, name, "figures", &derived, &row.figures);
        let expected = last_hour(model, model.last_at);
        findings.compare(
            name,
            "figures",
            "last_hour",
            &expected,
            &row.figures.minutes.last_hour(model.last_at),
        );
    }

    fn order(&mut self, row: &AuditedOrder, findings: &mut Findings) {
        self.orders += 1;
        self.summed.replace_order(OrderPart::default(), OrderPart::of(&row.order, &row.payment));
        let name = self.row.id.as_str();
        let Some(model) = self.model.orders.get(&row.id) else {
            return findings.add(name, &row.id, "existence", "none", "a row");
        };
        if model.events != row.events {
            let (expected, found) = (model.events.count, row.events.count);
            findings.add(
                name,
                &row.id,
                "places of its events",
                &format!("{expected} as in the journal"),
                &format!("{found}, others or in another order"),
            );
        }
        findings.compare(name, &row.id, "due", &shown(row.owed), &shown(row.due));
        findings.compare(name, &row.id, "waits for stock", &row.waits.1, &row.waits.0);
        match row.order.placed() {
            Some(placed) if model.phase == Phase::Unplaced => {
                findings.add(name, &row.id, "status", "unplaced", &placed.status())
            }
            Some(placed) => {
                order(findings, name, row.id, model, placed);
                match self.listed.get(&row.no) {
                    Some(words) if *words == Words::of_order(placed) => {}
                    Some(_) => {
                        findings.add(name, &row.id, "words in its list", placed.status().word(), "others")
                    }
                    None => findings.add(name, &row.id, "place in its list", "one", "none"),
                }
            }
            None => findings.compare(name, &row.id, "status", model.status(), "unplaced"),
        }
        payment(findings, name, row, model);
        goods(findings, name, row, model);
        returns(findings, name, row, model);
        let life = model.hold.as_deref().map_or("none", |hold| hold.life.name());
        let found = row.reservation.as_ref().map_or("none", |reservation| reservation.phase.name());
        findings.compare(name, &row.id, "reservation", life, found);
        let owed = model.hold.as_deref().map_or(0, |hold| hold.owed());
        let found = row.reservation.as_ref().map_or(0, |reservation| i64::from(reservation.backordered()));
        findings.compare(name, &row.id, "pieces that it waits for", &owed, &found);
        let untold = model.hold.as_deref().is_some_and(|hold| hold.is_untold);
        let found = row.reservation.as_ref().is_some_and(|reservation| reservation.untold);
        findings.compare(name, &row.id, "arrival to be told", &untold, &found);
    }

    fn alert(&mut self, row: &AuditedAlert, findings: &mut Findings) {
        self.alerts += 1;
        let (name, alert) = (self.row.id.as_str(), &row.alert);
        let (id, Some(model)) = (alert.id, self.model.alerts.by_id.get(&alert.id)) else {
            return findings.add(name, &alert.id, "existence", "none", "a row");
        };
        let (resolved_at, resolved_by) = match &alert.phase {
            alert::Phase::Firing | alert::Phase::Acknowledged => (None, None),
            alert::Phase::Resolved { by, at, .. } => (Some(*at), Some(by.name())),
        };
        let words = [
            ("kind", model.kind.as_str(), alert.kind.name()),
            ("severity", &model.severity, alert.severity.name()),
            ("status", model.status, alert.status().name()),
            ("status in its row", model.status, &row.columns.0),
            ("subject", &model.subject, &alert.subject),
            ("message", &model.message, &alert.message),
        ];
        for (what, expected, found) in words {
            findings.compare(name, &id, what, expected, found);
        }
        let maybe = [
            ("acknowledged_by", model.acknowledged_by.as_deref(), alert.acknowledged_by.as_deref()),
            ("resolved_by", model.resolved_by.as_deref(), resolved_by),
        ];
        for (what, expected, found) in maybe {
            findings.compare(name, &id, what, &shown(expected), &shown(found));
        }
        let times = [
            ("first_seen_at", Some(model.first_seen_at), Some(alert.first_seen_at)),
            ("last_seen_at", Some(model.last_seen_at), Some(alert.last_seen_at)),
            ("silenced_until", model.silenced_until, alert.silenced_until),
            ("resolved_at", model.resolved_at, resolved_at),
            ("due", model.escalates_at(), row.columns.2),
        ];
        for (what, expected, found) in times {
            findings.compare(name, &id, what, &shown(expected), &shown(found));
        }
        findings.compare(name, &id, "count", &model.count, &alert.count);
        findings.compare(name, &id, "escalations", &model.level, &u64::from(alert.escalations));
        findings.compare(name, &id, "version", &model.version, &alert.version);
        findings.compare(name, &id, "kept", &model.is_kept(), &row.columns.1);
    }

    fn item(&mut self, row: &AuditedItem, findings: &mut Findings) {
        self.items += 1;
        let (name, item) = (self.row.id.as_str(), &row.item);
        let Some(model) = self.model.stock.items.get(item.sku.as_str()) else {
            return findings.add(name, &item.sku, "existence", "none", "a row");
        };
        let levels = &item.levels;
        let compared = [
            ("on_hand", model.on_hand, levels.balance.on_hand),
            ("reserved", model.reserved, levels.balance.reserved),
            ("committed", model.committed, levels.balance.committed),
            ("damaged", model.damaged, levels.balance.damaged),
            ("safety_stock", model.safety_stock, i64::from(levels.safety_stock)),
            ("reorder_point", model.reorder_point, i64::from(levels.reorder_point)),
        ];
        for (what, expected, found) in compared {
            findings.compare(name, &item.sku, what, &expected, &found);
        }
        findings.compare(name, &item.sku, "version", &model.version, &item.version);
        findings.compare(name, &item.sku, "condition", model.condition(), item.condition().name());
        if model.ledger != row.ledger {
            let (expected, found) = (model.ledger.count, row.ledger.count);
            findings.add(
                name,
                &item.sku,
                "places of its ledger",
                &format!("{expected} as in the journal"),
                &format!("{found}, others or in another order"),
            );
        }
    }
}

fn tenant(findings: &mut Findings, name: &str, model: &Tenant, known: Option<&settings::Known>) {
    let there = |is_there| if is_there { "provisioned" } else { "unknown" };
    findings.compare(name, "store", "existence", there(model.version > 0), there(known.is_some()));
    let Some(known) = known.filter(|_| !model.is_beyond && model.version > 0) else { return };
    findings.compare(name, "store", "name", model.name.as_str(), known.name.as_str());
    findings.compare(name, "store", "currency", model.currency.as_str(), known.currency.as_str());
    let status = match known.status {
        settings::Status::Active => "active",
        settings::Status::Suspended => "suspended",
    };
    findings.compare(name, "store", "status", model.status, status);
    findings.compare(name, "store", "version", &model.version, &known.version);
    findings.compare(name, "store", "created_at", &model.created_at, &known.created_at);
    findings.compare(name, "store", "updated_at", &model.updated_at, &known.updated_at);
    let found = serde_json::to_value(&known.settings).unwrap_or_default();
    if let Some(place) = differs_at(&model.settings, &found) {
        findings.add(name, "store", "settings", &format!("{place} as in the journal"), "another");
    }
}

/// The fraud desk: its rules, its assessments, and every review.
fn desk(findings: &mut Findings, name: &str, row: &AuditedStore, model: &Store) {
    let found = row.rules.as_ref().map(|rules| serde_json::to_value(rules).unwrap_or_default());
    if let Some(place) = differs_at(&model.fraud.rules, &found.unwrap_or_default()) {
        findings.add(name, "rules", "fraud rules", &format!("{place} as in the journal"), "others");
    }
    if model.fraud.assessed != row.assessed {
        let (expected, found) = (model.fraud.assessed.count, row.assessed.count);
        findings.add(
            name,
            "store",
            "places of its assessments",
            &format!("{expected} as in the journal"),
            &format!("{found}, others or in another order"),
        );
    }
    findings.compare(name, "store", "reviews", &model.fraud.reviews, &(row.reviews.len() as u64));
    for (review, due) in &row.reviews {
        let subject = format!("review of {}", review.order);
        let case = model.orders.get(&review.order).and_then(|order| order.case.as_deref());
        let Some(known) = case.and_then(|case| case.review.as_ref()) else {
            findings.add(name, &subject, "existence", "none", "a document");
            continue;
        };
        let (by, note, closed_at) = match &review.status {
            fraud::Status::Open => (None, None, None),
            fraud::Status::Approved { by, note, closed_at }
            | fraud::Status::Rejected { by, note, closed_at } => {
                let by = match by {
                    fraud::By::Person => "person",
                    fraud::By::Lapse => "lapse",
                };
                (Some(by), note.as_deref(), Some(*closed_at))
            }
            fraud::Status::Withdrawn { closed_at } => (None, None, Some(*closed_at)),
        };
        let on_lapse = match review.on_lapse {
            fraud::OnLapse::Approve => "approve",
            fraud::OnLapse::Reject => "reject",
        };
        findings.compare(name, &subject, "status", known.status, review.status.name());
        findings.compare(name, &subject, "score", &known.score, &u64::from(review.score));
        findings.compare(name, &subject, "rules", known.rules.join(", ").as_str(), &review.rules.join(", "));
        findings.compare(name, &subject, "on_lapse", known.on_lapse.as_str(), on_lapse);
        findings.compare(name, &subject, "opened_at", &known.opened_at, &review.opened_at);
        findings.compare(name, &subject, "due_at", &shown(known.due_at), &shown(Some(review.due_at)));
        findings.compare(name, &subject, "by", &shown(known.by.as_deref()), &shown(by));
        findings.compare(name, &subject, "note", &shown(known.note.as_deref()), &shown(note));
        findings.compare(name, &subject, "closed_at", &shown(known.closed_at), &shown(closed_at));
        let lapses = known.due_at.filter(|_| known.status == "open");
        findings.compare(name, &subject, "due", &shown(lapses), &shown(*due));
    }
}

fn order(findings: &mut Findings, name: &str, id: OrderId, model: &Order, placed: &order::Placed) {
    findings.compare(name, &id, "version", &model.version, &placed.version);
    findings.compare(name, &id, "created_at", &model.created_at, &placed.created_at);
    let (expected, found) = (shown(model.trace_id.as_deref()), shown(placed.trace_id));
    findings.compare(name, &id, "trace_id", &expected, &found);
    if model.is_beyond {
        return;
    }
    findings.compare(name, &id, "updated_at", &model.updated_at, &placed.updated_at);
    findings.compare(name, &id, "ended_at", &shown(model.ended_at), &shown(placed.ended_at));
    findings.compare(name, &id, "status", model.status(), placed.status().word());
    findings.compare(name, &id, "payment_status", model.payment_status(), placed.payment_status().word());
    findings.compare(
        name,
        &id,
        "fulfillment_status",
        model.fulfillment_status(),
        placed.fulfillment_status().word(),
    );
    let goods = &placed.goods;
    let capture = Capture {
        failure: goods.capture_failure.clone(),
        failures: goods.capture_failures,
        retry_at: goods.capture_retry_at,
        is_paused: goods.is_paused,
        is_warned: goods.warned,
    };
    if model.capture != capture {
        let (expected, found) = (format!("{:?}", model.capture), format!("{capture:?}"));
        findings.add(name, &id, "how taking the money went", &expected, &found);
    }
    let forgone = goods.progress.forgone_value(&placed.cart).map(crate::types::Amount::minor);
    findings.compare(
        name,
        &id,
        "value of what will not arrive",
        &shown(Some(model.forgone)),
        &shown(forgone),
    );
    let back = goods.refunded.minor();
    findings.compare(name, &id, "canceled lines refunded", &model.lines_refunded, &back);
    let (unpaid, found) = (shown(model.unpaid.as_ref()), shown(goods.refund_failure.as_ref()));
    findings.compare(name, &id, "why nothing goes back", &unpaid, &found);
    let cart = serde_json::to_value(&*placed.cart).map(|cart| digest(&cart)).unwrap_or_default();
    if cart != model.cart {
        findings.add(name, &id, "cart", "as in the journal", "another");
    }
    let money = &placed.money;
    let compared = [
        ("total", model.total, placed.cart.total),
        ("authorized", model.authorized, money.authorized),
        ("captured", model.captured, money.captured),
        ("refunded", model.refunded, money.refunded),
    ];
    for (what, expected, found) in compared {
        findings.compare(name, &id, what, &expected, &found.minor());
    }
}

fn payment(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
    let subject = format!("payment of {}", row.id);
    match (model.payment.as_deref(), row.payment.begun()) {
        (None, None) => {}
        (Some(_), None) => findings.add(name, &subject, "existence", "begun", "none"),
        (None, Some(_)) => findings.add(name, &subject, "existence", "none", "begun"),
        (Some(model), Some(begun)) if !model.is_beyond => {
            let (captured, refunded) = Payment::totals(model);
            findings.compare(name, &subject, "amount", &model.amount, &begun.amount.minor());
            findings.compare(name, &subject, "captured", &captured, &begun.captured().minor());
            findings.compare(name, &subject, "refunded", &refunded, &begun.refunded().minor());
            refunds(findings, name, &subject, model, begun);
            let found: BTreeMap<String, String> = begun
                .disputes
                .iter()
                .map(|dispute| (dispute.id.to_string(), dispute.status.word().to_owned()))
                .collect();
            if found != model.disputes {
                let (expected, found) = (format!("{:?}", model.disputes), format!("{found:?}"));
                findings.add(name, &subject, "disputes", &expected, &found);
            }
        }
        (Some(_), Some(_)) => {}
    }
}

/// Refund by refund. Should the bank have made one twice, the newest counts.
fn refunds(findings: &mut Findings, name: &str, subject: &str, model: &Payment, begun: &payment::Begun) {
    let mut found: BTreeMap<u64, (i64, &str)> = BTreeMap::new();
    for refund in &begun.refunds {
        found.insert(refund.number.into(), (refund.amount.minor(), refund.status().word()));
    }
    let derived = model.refunds.iter().map(|(number, refund)| (*number, (refund.amount, refund.status)));
    let derived: BTreeMap<u64, (i64, &str)> = derived.collect();
    if derived != found {
        findings.add(name, subject, "refunds", &format!("{derived:?}"), &format!("{found:?}"));
    }
}

fn goods(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
    let subject = format!("fulfilment of {}", row.id);
    let (known, found) = (model.goods.as_deref(), &row.fulfillment);
    let word = match found {
        Fulfillment::Unopened => "none",
        Fulfillment::Never => "never",
        Fulfillment::Opened(_) => "opened",
    };
    let expected = known.map_or("none", |goods| if goods.is_never { "never" } else { "opened" });
    findings.compare(name, &subject, "existence", expected, word);
    let (Some(known), Fulfillment::Opened(work)) = (known, found) else { return };
    if known.is_beyond {
        return;
    }
    findings.compare(name, &subject, "version", &known.version, &work.version);
    findings.compare(name, &subject, "parts", &known.parts.len(), &work.orders.len());
    for one in &work.orders {
        let Some(part) = known.parts.get(&u64::from(one.number)) else { continue };
        let subject = one.id(row.id).to_string();
        findings.compare(name, &subject, "word", part.word.as_str(), one.phase.word());
        findings.compare(name, &subject, "pieces", &part.units(), &i64::from(one.units()));
        for line in &one.lines {
            let expected = part.lines.get(&line.line.to_string()).copied().unwrap_or(0);
            findings.compare(name, &subject, "pieces of a line", &expected, &i64::from(line.quantity));
        }
        let Some(shipment) = one.shipment() else { continue };
        findings.compare(
            name,
            &subject,
            "tracking code",
            part.tracking_code.as_str(),
            &shipment.tracking_code,
        );
        findings.compare(name, &subject, "attempts", &part.attempts, &u64::from(shipment.attempts));
        findings.compare(name, &subject, "stalled", &part.is_stalled, &shipment.is_stalled);
        findings.compare(name, &subject, "eta", &shown(part.eta), &shown(shipment.eta));
        let (there, found) = (shown(part.delivered_at), shown(shipment.delivered_at));
        findings.compare(name, &subject, "delivered_at", &there, &found);
        let reported = shipment.reported.map(crate::fulfillment::Trouble::word);
        findings.compare(
            name,
            &subject,
            "trouble reported",
            &shown(part.reported.as_ref()),
            &shown(reported),
        );
        let ending = shipment.ending.as_ref();
        let found = ending.map(|ending| format!("{}, stock {}", ending.becomes, ending.stock.word()));
        let expected = part.ending.as_ref().map(|(becomes, stock)| format!("{becomes}, stock {stock}"));
        findings.compare(name, &subject, "ending", &shown(expected), &shown(found));
        let kept = part.scans.len().min(SCANS_MAX);
        findings.compare(name, &subject, "scans", &kept, &shipment.scans.len());
    }
}

/// The list of a store's returns: each where it was asked for, under its present status.
fn listed(findings: &mut Findings, side: &Side<'_>) {
    let name = side.name();
    let mut left = side.returns.clone();
    for (id, order) in &side.model.orders {
        for (number, one) in order.returns.iter().flat_map(|returns| &returns.by_number) {
            let subject = format!("return {number} of {id}");
            let found = left.remove(&(*id, *number));
            let expected = format!("{} at {}", one.status, one.position);
            let found = found.map(|(position, status)| format!("{status} at {position}"));
            findings.compare(name, &subject, "place in the list of returns", &expected, &shown(found));
        }
    }
    for (id, number) in left.keys() {
        findings.add(
            name,
            &format!("return {number} of {id}"),
            "place in the list of returns",
            "none",
            "one",
        );
    }
}

fn returns(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
    let blank = super::returns::Returns::default();
    let known = model.returns.as_deref().unwrap_or(&blank);
    let subject = format!("returns of {}", row.id);
    findings.compare(name, &subject, "count", &known.by_number.len(), &row.returns.returns.len());
    if known.is_beyond {
        return;
    }
    findings.compare(name, &subject, "pieces told", &known.told, &i64::from(row.returns.told));
    for one in &row.returns.returns {
        let Some(model) = known.by_number.get(&u64::from(one.number)) else { continue };
        let subject = one.id().to_string();
        findings.compare(name, &subject, "status", model.status, one.phase.word());
        findings.compare(name, &subject, "version", &model.version, &one.version);
        let wanted: i64 = one.lines.iter().map(|line| i64::from(line.quantity)).sum();
        findings.compare(name, &subject, "pieces asked for", &model.wanted(), &wanted);
        findings.compare(name, &subject, "pieces that came back", &model.there(), &one.pieces_back().into());
        findings.compare(name, &subject, "refunded", &model.refunded(), &one.refunded().minor());
        findings.compare(name, &subject, "unpaid", &model.unpaid(), &one.unpaid().minor());
        findings.compare(name, &subject, "people warned", &model.is_warned, &one.warned);
        findings.compare(name, &subject, "receipts", &model.receipts.len(), &one.receipts.len());
        for receipt in &one.receipts {
            let word = match receipt.stock {
                returns::Stocking::Owed => "pending",
                returns::Stocking::Booked => "booked",
                returns::Stocking::Refused { .. } => "refused",
            };
            let expected = model.receipts.get(&u64::from(receipt.number)).copied().unwrap_or("none");
            findings.compare(name, &subject, "stock of a receipt", expected, word);
        }
    }
}

/// A store's figures as the journal has them. Which payments are being tried again, and which outcomes are unknown, is
/// summed over the views' own documents.
fn derived(model: &Store, summed: &Figures) -> Figures {
    let mut figures = Figures { retrying: summed.retrying, unknown: summed.unknown, ..Figures::default() };
    for order in model.orders.values() {
        let place = order::Status::ALL.iter().position(|status| status.word() == order.status());
        if let Some(place) = place {
            figures.orders[place] += 1;
        }
        let Some(payment) = order.payment.as_deref() else { continue };
        let (captured, refunded) = payment.totals();
        figures.captured += captured;
        figures.refunded += refunded;
        figures.succeeded += u64::from(payment.has_succeeded);
        figures.declined += u64::from(payment.has_failed);
    }
    figures.skus = model.stock.items.len() as u64;
    for item in model.stock.items.values() {
        figures.low_stock += u64::from(item.condition() == "low_stock");
        figures.out_of_stock += u64::from(item.condition() == "out_of_stock");
    }
    figures.firing = model.alerts.with_status("firing");
    figures.acknowledged = model.alerts.with_status("acknowledged");
    figures
}

fn last_hour(model: &Store, now: Timestamp) -> u64 {
    let minute = |at: Timestamp| at.micros().div_euclid(60_000_000);
    let placed = model.orders.values().filter(|order| order.phase != Phase::Unplaced);
    placed.filter(|order| minute(order.created_at) > minute(now) - 60).count() as u64
}

fn figures(findings: &mut Findings, store: &str, subject: &str, expected: &Figures, found: &Figures) {
    for (place, status) in order::Status::ALL.iter().enumerate() {
        findings.compare(
            store,
            subject,
            &format!("orders {status}"),
            &expected.orders[place],
            &found.orders[place],
        );
    }
    findings.compare(store, subject, "captured", &expected.captured, &found.captured);
    findings.compare(store, subject, "refunded", &expected.refunded, &found.refunded);
    let counts = |figures: &Figures| {
        let Figures { succeeded, declined, retrying, unknown, skus, low_stock, out_of_stock, .. } = *figures;
        let Figures { firing, acknowledged, .. } = *figures;
        [
            ("succeeded", succeeded),
            ("declined", declined),
            ("retrying", retrying),
            ("unknown", unknown),
            ("skus", skus),
            ("low_stock", low_stock),
            ("out_of_stock", out_of_stock),
            ("firing", firing),
            ("acknowledged", acknowledged),
        ]
    };
    for ((what, expected), (_, found)) in counts(expected).into_iter().zip(counts(found)) {
        findings.compare(store, subject, what, &expected, &found);
    }
}

fn add(sum: &mut Figures, one: &Figures) {
    for (sum, count) in sum.orders.iter_mut().zip(one.orders) {
        *sum += count;
    }
    sum.captured += one.captured;
    sum.refunded += one.refunded;
    sum.succeeded += one.succeeded;
    sum.declined += one.declined;
    sum.retrying += one.retrying;
    sum.unknown += one.unknown;
    sum.skus += one.skus;
    sum.low_stock += one.low_stock;
    sum.out_of_stock += one.out_of_stock;
    sum.firing += one.firing;
    sum.acknowledged += one.acknowledged;
}

fn shown(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}
