//! How an order is asked.

use std::collections::BTreeMap;

use super::{BEGINNING, Charted, ORDER, Print, amount, currency, labels, named, sku};
use crate::order::{self, Order, Orders};
use crate::payment;
use crate::types::{Amount, LineId, Quantity, ReservationId, Timestamp};

const LINE: LineId = LineId::from_bits(1);

impl Charted for Orders {
    const ABOUT: &'static str = "an order, from its placing to its end";

    fn place(order: &Order) -> &'static str {
        use order::{Ended, Phase as P};
        let Order::Placed(placed) = order else { return "unplaced" };
        match &placed.phase {
            P::Reserving => "reserving",
            P::Screening => "screening",
            P::OnHold { .. } => "on_hold",
            P::Paying => "paying",
            P::Challenged => "requires_action",
            P::Committing => "committing",
            P::Confirmed => "confirmed",
            P::Completed => "completed",
            P::Closed { undo, .. } if !undo.is_done() => "undoing",
            P::Closed { ended: Ended::Canceled { .. }, .. } => "canceled",
            P::Closed { ended: Ended::Expired, .. } => "expired",
        }
    }

    fn fingerprint(order: &Order, into: &mut Print) {
        // Times, versions and the verdict decide nothing by themselves.
        if let Order::Placed(placed) = order {
            into.debug(&placed.phase);
            into.debug(&placed.money);
            let mut goods = placed.goods.clone();
            let is_open = !matches!(placed.phase, order::Phase::Closed { .. });
            if is_open && !goods.waiting.is_empty() {
                // Whether there is a time decides, not which.
                into.add((goods.capture_retry_at.take().is_some(), goods.capture_failures.min(3)));
            } else {
                // Nothing waits for the money: how taking it went decides nothing any more.
                (goods.capture_failure, goods.capture_retry_at) = (None, None);
            }
            goods.capture_failures = 0;
            if !is_open {
                goods.waiting.clear();
                (goods.is_paused, goods.refund_failure) = (false, None);
            }
            goods.is_paused &= !matches!(placed.phase, order::Phase::Completed);
            if goods.is_paused || goods.warned {
                // What is still to be said of its money has nothing to do with how far its goods are.
                goods.came_back = 0;
                (goods.progress.delivered, goods.progress.is_held) = (0, false);
            }
            into.debug(&goods);
        }
    }

    fn samples(order: &Order, _: Timestamp) -> Vec<(&'static str, order::Command)> {
        use order::{CancelReason, Clearance, Command as C, Outcome as O};
        let risk = || order::Risk { score: 5, level: "normal".into(), rules: Vec::new() };
        let mut reports = vec![
            O::StockHeld,
            O::StockShort { lacking: String::new() },
            O::StockCommitted,
            O::StockLost { lacking: String::new() },
            O::StockReleased,
            O::Cleared { risk: risk() },
            O::Parked { risk: risk(), due_at: BEGINNING },
            O::Blocked { risk: risk() },
            O::Reviewed { clearance: Clearance::Approved },
            O::Reviewed { clearance: Clearance::Rejected },
            O::ReviewWithdrawn,
            O::PaymentChallenged { url: None },
            O::PaymentSettled { authorized: amount(), captured: amount() },
            O::PaymentSettled { authorized: amount(), captured: Amount::ZERO },
            O::PaymentFailed { code: String::new() },
            O::PaymentUndone { captured: amount(), refunded: amount() },
            O::RefundsChanged { captured: amount(), refunded: amount() },
            O::RefundsChanged { captured: amount(), refunded: Amount::ZERO },
            O::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO },
            O::CaptureFailed { authorized: amount(), code: String::new() },
            O::ShippingResumed,
            O::LinesUnpaid { why: String::new() },
            O::Warned { is_stuck: order.placed().is_some_and(order::Placed::is_stuck) },
            O::ParcelReady { number: 1, units: 1 },
            O::GoodsReturned { pieces: 1 },
        ];
        // A dispute changes nothing else, and what goes on beside it is what goes on without: it is enough to have it where an order
        // waits for nothing but its goods.
        let is_at_rest = |placed: &order::Placed| {
            matches!(placed.phase, order::Phase::Confirmed) && placed.goods == order::Goods::default()
        };
        if order.placed().is_some_and(is_at_rest) {
            reports.push(O::DisputeChanged { is_disputed: true });
        }
        if order.placed().is_some_and(|placed| placed.money.is_disputed) {
            reports = vec![O::DisputeChanged { is_disputed: false }];
            return named(labels::order_command, reports.into_iter().map(C::Hear).collect());
        }
        let canceled = |quantity| vec![order::CanceledUnits { line: LINE, quantity }];
        let far = |shipped, delivered, canceled| order::Progress {
            shipped,
            delivered,
            canceled,
            ..order::Progress::default()
        };
        let moves = [
            far(1, 0, vec![]),
            far(1, 1, vec![]),
            far(2, 2, vec![]),
            order::Progress { is_held: true, ..order::Progress::default() },
        ];
        let stops = [far(0, 0, canceled(2)), far(1, 0, canceled(1)), far(1, 1, canceled(1))];
        reports.extend(moves.map(|progress| O::GoodsMoved { progress }));
        let short = [far(0, 0, canceled(1)), far(0, 0, canceled(2)), far(1, 1, canceled(1))];
        reports.extend(short.map(|progress| O::GoodsMoved { progress }));
        let prices = [500, 1_000].into_iter().filter_map(Amount::new);
        reports.extend(prices.map(|value| O::LinesRefunded { value }));
        reports.extend(stops.map(|progress| O::FulfillmentCanceled { progress }));
        let mut commands = vec![C::Place(Box::new(placement())), C::Retry, C::Lapse];
        commands.push(C::Cancel { reason: CancelReason::Customer });
        commands.extend(reports.into_iter().map(C::Hear));
        named(labels::order_command, commands)
    }
}

fn placement() -> order::Placement {
    // Two pieces, so that one may leave and the other not.
    let quantity = Quantity::new(2).expect("two is a quantity");
    let unit_price = Amount::new(500).expect("within bounds");
    let line = order::Line { id: LINE, sku: sku(), quantity, unit_price };
    let cart = order::Cart {
        customer: order::Customer { id: Some("customer".into()), ..order::Customer::default() },
        currency: currency(),
        lines: vec![line],
        shipping_address: None,
        payment: order::PaymentChoice { payment_method: "card".into() },
        metadata: BTreeMap::new(),
        total: amount(),
    };
    order::Placement {
        id: ORDER,
        reservation: ReservationId::from_bits(ORDER.bits()),
        payment: payment::id_of(ORDER),
        cart,
        policy: order::Policy { reservation_ttl_s: 900, order_deadline_s: 86_400 },
        trace_id: None,
    }
}
