//! The views against what the journal says.

mod figures;
mod orders;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::findings::Findings;
use super::model::{Model, Store};
use super::order::Phase;
use super::tenant::{Tenant, differs_at};
use crate::alert;
use crate::fraud;
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
    let seen: u64 = sides.values().map(|side| side.orders + side.items + side.alerts).sum();
    findings.look(16, seen);
    let logged = views.logged_keys()?;
    let mut node: BTreeMap<Currency, Figures> = BTreeMap::new();
    let mut newest: BTreeMap<Currency, Timestamp> = BTreeMap::new();
    for side in sides.values() {
        side.store(findings);
        orders::listed(findings, side);
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
            figures::add(node.entry(known.currency).or_default(), &side.row.figures);
            let newest = newest.entry(known.currency).or_default();
            *newest = side.model.last_at.max(*newest);
        }
    }
    for (currency, found) in views.node()? {
        if let Some(now) = newest.get(&currency) {
            let of_it = sides.values().filter(|side| side.sells_in(currency));
            let expected: u64 = of_it.map(|side| figures::last_hour(side.model, *now)).sum();
            let subject = format!("figures in {currency}");
            findings.compare("", &subject, "last_hour", &expected, &found.minutes.last_hour(*now));
        }
        figures::figures(
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
        let derived = figures::derived(model, &self.summed);
        figures::figures(findings, name, "figures", &derived, &row.figures);
        let expected = figures::last_hour(model, model.last_at);
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
                orders::order(findings, name, row.id, model, placed);
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
        orders::payment(findings, name, row, model);
        orders::goods(findings, name, row, model);
        orders::returns(findings, name, row, model);
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

fn shown(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}
