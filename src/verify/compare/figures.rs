//! Figures of stores and node beside what the journal adds up to.

use crate::order;
use crate::types::Timestamp;
use crate::verify::findings::Findings;
use crate::verify::model::Store;
use crate::verify::order::Phase;
use crate::views::Figures;

/// A store's figures as the journal has them. Which payments are being tried again, and which outcomes are unknown, is
/// summed over the views' own documents.
pub(super) fn derived(model: &Store, summed: &Figures) -> Figures {
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

pub(super) fn last_hour(model: &Store, now: Timestamp) -> u64 {
    let minute = |at: Timestamp| at.micros().div_euclid(60_000_000);
    let placed = model.orders.values().filter(|order| order.phase != Phase::Unplaced);
    placed.filter(|order| minute(order.created_at) > minute(now) - 60).count() as u64
}

pub(super) fn figures(
    findings: &mut Findings,
    store: &str,
    subject: &str,
    expected: &Figures,
    found: &Figures,
) {
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

pub(super) fn add(sum: &mut Figures, one: &Figures) {
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
