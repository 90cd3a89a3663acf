//! The decisions about an order from `confirmed` to `completed`: parcels are let go once the money is taken, and what
//! fulfilment reports is taken over. The money of what will not leave the house, or not arrive, is owed back.

use super::Step;
use super::event::{
    Canceled, CaptureFailed, CaptureRequested, CaptureRetried, Captured, Event, FulfillmentUpdated,
    GoodsReturned, LinesRefunded, LinesUnpaid, Shipped, ShippingResumed, TroubleReported,
};
use super::goods::Progress;
use super::state::Placed;
use super::words::CancelReason;
use crate::types::{Amount, Timestamp};

/// After how long money that could not be taken is tried for again, in seconds: after the first time, the second, and so on.
/// Then people must see to it.
pub(super) const CAPTURE_WAITS_S: [u64; 3] = [3_600, 6 * 3_600, 24 * 3_600];

/// What a confirmed order owes: the money before its parcels leave, and a stop to what shall not leave.
pub(super) fn owed(placed: &Placed) -> Vec<Step> {
    let goods = &placed.goods;
    let wants_money =
        !goods.waiting.is_empty() && placed.money.captured.is_zero() && goods.capture_failure.is_none();
    let mut steps = Vec::new();
    if goods.canceling.is_some() {
        steps.push(Step::CancelFulfillment);
    }
    if wants_money {
        steps.push(Step::Capture);
    }
    if goods.is_paused && !placed.money.captured.is_zero() {
        steps.push(Step::GoOnShipping);
    }
    steps.extend(warning(placed));
    if let Some(value) = refund_owed(placed, &goods.progress).filter(|_| goods.refund_failure.is_none()) {
        steps.push(Step::RefundLines { before: goods.refunded, value });
    }
    steps
}

/// What the alert desk has not heard, however the order ended: people must see to its money, or need not any more.
pub(super) fn warning(placed: &Placed) -> Option<Step> {
    let is_stuck = placed.is_stuck();
    (placed.goods.warned != is_stuck).then_some(Step::Warn { is_stuck })
}

/// A parcel asks whether it may leave. It hears the answer from the order's state.
pub(super) fn parcel_ready(placed: &Placed, number: u32, units: u32) -> Vec<Event> {
    let (id, goods) = (placed.id, &placed.goods);
    let is_known = goods.may_leave(number) || goods.waiting.iter().any(|(waits, _)| *waits == number);
    if is_known || goods.canceling.is_some() {
        vec![]
    } else if placed.money.captured.is_zero() {
        vec![Event::CaptureRequested(CaptureRequested { id, number, units })]
    } else {
        vec![Event::Shipped(Shipped { id, number, units })]
    }
}

/// The money is there: whatever waited for it may leave.
pub(super) fn settled(placed: &Placed, captured: Amount) -> Vec<Event> {
    if captured.is_zero() || !placed.money.captured.is_zero() {
        return vec![];
    }
    let id = placed.id;
    let mut events = vec![Event::Captured(Captured { id, captured })];
    let waiting = placed.goods.waiting.iter();
    events.extend(
        waiting.map(|(number, units)| Event::Shipped(Shipped { id, number: *number, units: *units })),
    );
    events
}

/// The money cannot be had: what waits for it goes on waiting. It is tried for again a few times, and then people must see
/// to it: they retry or cancel.
pub(super) fn capture_failed(placed: &Placed, code: String, now: Timestamp) -> Vec<Event> {
    let is_news = placed.goods.capture_failure.as_ref() != Some(&code);
    let is_wanted = !placed.goods.waiting.is_empty() && placed.money.captured.is_zero();
    if is_wanted && is_news {
        let tries = usize::try_from(placed.goods.capture_failures).unwrap_or(usize::MAX);
        let retry_at = CAPTURE_WAITS_S.get(tries).map(|wait_s| now.plus_secs(*wait_s));
        vec![Event::CaptureFailed(CaptureFailed { id: placed.id, code, retry_at })]
    } else {
        vec![]
    }
}

/// The time has come to try again.
pub(super) fn lapse(placed: &Placed, now: Timestamp) -> Vec<Event> {
    if placed.goods.capture_retry_at.is_some_and(|at| at <= now) {
        vec![Event::CaptureRetried(CaptureRetried { id: placed.id })]
    } else {
        vec![]
    }
}

/// Fulfilment asks again where it had been told not to.
pub(super) fn resumed(placed: &Placed) -> Vec<Event> {
    if placed.goods.is_paused && !placed.money.captured.is_zero() {
        vec![Event::ShippingResumed(ShippingResumed { id: placed.id })]
    } else {
        vec![]
    }
}

/// The alert desk has heard.
pub(super) fn warned(placed: &Placed, is_stuck: bool) -> Vec<Event> {
    if placed.goods.warned == is_stuck {
        vec![]
    } else {
        vec![Event::TroubleReported(TroubleReported { id: placed.id, is_stuck })]
    }
}

/// Fulfilment says how far the goods are.
pub(super) fn goods_moved(placed: &Placed, progress: Progress) -> Vec<Event> {
    let known = &placed.goods.progress;
    let progress = Progress { shipped: progress.shipped.max(known.shipped), ..progress };
    if *known == progress {
        return vec![];
    }
    if progress.shipped == 0 && progress.canceled_units() >= placed.cart.units() {
        let detail = Some("nothing of it could be sent".into());
        return vec![Event::Canceled(Canceled {
            id: placed.id,
            reason: CancelReason::OutOfStock,
            detail,
            risk: None,
            on_request: false,
        })];
    }
    let updated = FulfillmentUpdated { id: placed.id, progress };
    // While the rest is being canceled, the answer to that ends the order: what the rest cost is not owed back before.
    let is_over = placed.goods.canceling.is_none() && is_complete(placed, &updated.progress);
    vec![if is_over { Event::Completed(updated) } else { Event::FulfillmentUpdated(updated) }]
}

/// Pieces came back.
pub(super) fn goods_returned(placed: &Placed, pieces: u32) -> Vec<Event> {
    if placed.goods.came_back == pieces {
        return vec![];
    }
    vec![Event::GoodsReturned(GoodsReturned { id: placed.id, pieces })]
}

/// Whatever had not left will not.
pub(super) fn remainder_canceled(placed: &Placed, progress: Progress) -> Vec<Event> {
    if placed.goods.canceling.is_none() {
        return vec![];
    }
    // The answer goes by way of the stock, and what was told of the goods since may have overtaken it.
    let known = &placed.goods.progress;
    let progress = if progress.ended_units() < known.ended_units() { known.clone() } else { progress };
    let updated = FulfillmentUpdated { id: placed.id, progress };
    let mut events = vec![Event::FulfillmentCanceled(updated.clone())];
    // What is canceled was paid for: the order ends once that goes back.
    let is_free = updated.progress.forgone_value(&placed.cart) <= Some(placed.goods.refunded);
    if is_free && is_complete(placed, &updated.progress) {
        events.push(Event::Completed(updated));
    }
    events
}

/// What they cost cannot go back, though it is owed: people must see to it, and retry.
pub(super) fn lines_unpaid(placed: &Placed, why: String) -> Vec<Event> {
    if refund_owed(placed, &placed.goods.progress).is_none() || placed.goods.refund_failure.is_some() {
        return vec![];
    }
    vec![Event::LinesUnpaid(LinesUnpaid { id: placed.id, why })]
}

/// What the pieces cost that will not leave or not arrive goes back.
pub(super) fn lines_refunded(placed: &Placed, value: Amount) -> Vec<Event> {
    let (goods, progress) = (&placed.goods, &placed.goods.progress);
    let owed = progress.forgone_value(&placed.cart).unwrap_or(Amount::ZERO);
    if value <= goods.refunded || value > owed {
        return vec![];
    }
    let mut events = vec![Event::LinesRefunded(LinesRefunded { id: placed.id, value })];
    if value == owed && goods.canceling.is_none() && progress.is_done(placed.cart.units()) {
        let progress = progress.clone();
        events.push(Event::Completed(FulfillmentUpdated { id: placed.id, progress }));
    }
    events
}

/// What the pieces cost that will not leave or not arrive, where that is more than goes back by now. Nothing while no money was taken,
/// or while it is still open what will leave.
fn refund_owed(placed: &Placed, progress: &Progress) -> Option<Amount> {
    let value = progress.forgone_value(&placed.cart)?;
    let is_open = placed.goods.canceling.is_some() || placed.money.captured.is_zero();
    (!is_open && value > placed.goods.refunded).then_some(value)
}

/// Whether there is anything that people may want tried again: parcels wait for their money, or money could not go back.
pub(super) fn may_retry(placed: &Placed) -> bool {
    !placed.goods.waiting.is_empty() || placed.goods.refund_failure.is_some()
}

/// Whether every piece has left or will not leave.
pub(super) fn is_all_gone(placed: &Placed) -> bool {
    let progress = &placed.goods.progress;
    progress.shipped.saturating_add(progress.canceled_units()) >= placed.cart.units()
}

/// Every line delivered, canceled or known not to arrive, and the money settled: taken, or nothing to be paid for.
fn is_complete(placed: &Placed, progress: &Progress) -> bool {
    let is_settled = !placed.money.captured.is_zero() || progress.delivered == 0;
    progress.is_done(placed.cart.units()) && is_settled && refund_owed(placed, progress).is_none()
}
