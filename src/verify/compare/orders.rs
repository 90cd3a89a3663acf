//! Orders, their payments, goods and returns beside what is known of them.

use std::collections::BTreeMap;

use super::Side;
use super::shown;
use crate::fulfillment::{Fulfillment, SCANS_MAX};
use crate::order;
use crate::payment;
use crate::returns;
use crate::types::OrderId;
use crate::verify::findings::Findings;
use crate::verify::money::Payment;
use crate::verify::order::{Capture, Order, digest};
use crate::views::AuditedOrder;

pub(super) fn order(findings: &mut Findings, name: &str, id: OrderId, model: &Order, placed: &order::Placed) {
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

pub(super) fn payment(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
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
pub(super) fn refunds(
    findings: &mut Findings,
    name: &str,
    subject: &str,
    model: &Payment,
    begun: &payment::Begun,
) {
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

pub(super) fn goods(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
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
pub(super) fn listed(findings: &mut Findings, side: &Side<'_>) {
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

pub(super) fn returns(findings: &mut Findings, name: &str, row: &AuditedOrder, model: &Order) {
    let blank = crate::verify::returns::Returns::default();
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
