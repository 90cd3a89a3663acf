//! How the stock is asked about one reservation.

use super::{BEGINNING, Charted, ORDER, Print, amount, labels, named, sku, step};
use crate::inventory::{self, Inventory};
use crate::types::{Quantity, ReservationId, Timestamp};

impl Charted for Inventory {
    const ABOUT: &'static str = "the reservation of one order; a store's stock keeps one of each order";

    /// A store with ten of the one SKU.
    fn begin() -> inventory::Stock {
        let item = inventory::SetItem {
            sku: sku(),
            name: None,
            unit_price: Some(amount()),
            on_hand: 10,
            reorder_point: None,
            safety_stock: None,
        };
        let begin = step::<Self>(&inventory::Stock::default(), inventory::Command::SetItem(item), BEGINNING);
        begin.map(|(stock, _)| stock).unwrap_or_default()
    }

    fn place(stock: &inventory::Stock) -> &'static str {
        stock.reservation(ORDER).map_or("none", |reservation| reservation.phase.name())
    }

    fn fingerprint(stock: &inventory::Stock, into: &mut Print) {
        let extensions = stock.reservation(ORDER).map(|reservation| match reservation.phase {
            inventory::Phase::Held { extensions, .. } => extensions,
            inventory::Phase::Committed
            | inventory::Phase::Fulfilled
            | inventory::Phase::Released { .. }
            | inventory::Phase::Expired => 0,
        });
        into.add(extensions);
        let back = |reservation: &inventory::Reservation| {
            (reservation.parcels, reservation.receipts, reservation.undelivered)
        };
        into.add(stock.reservation(ORDER).map(back));
        let owed = |reservation: &inventory::Reservation| (reservation.backordered(), reservation.untold);
        into.add(stock.reservation(ORDER).map(owed));
        // Whether what is owed is there, and what is said of it, depends on all the figures.
        if let Some(item) = stock.item(sku().as_str()) {
            into.debug(&item.levels.balance);
            into.debug(&item.announced);
        }
    }

    fn samples(_: &inventory::Stock, now: Timestamp) -> Vec<(&'static str, inventory::Command)> {
        use inventory::Command as C;
        let parcel = |number| inventory::Parcel { number, lines: vec![(sku(), 1)] };
        let reserve = |quantity, policy| inventory::Reserve {
            reservation: ReservationId::from_bits(ORDER.bits()),
            order: ORDER,
            lines: vec![(sku(), Quantity::new(quantity).expect("a quantity"))],
            expires_at: now.plus_secs(3_600),
            policy,
        };
        // As many as are there and one more; and then there are plenty.
        let more = inventory::SetItem {
            sku: sku(),
            name: None,
            unit_price: Some(amount()),
            on_hand: 20,
            reorder_point: None,
            safety_stock: None,
        };
        let back =
            inventory::ReturnedLine { sku: sku(), restocked: 1, damaged: 1, written_off: 0, to_vendor: 0 };
        let commands = vec![
            C::Reserve(reserve(2, inventory::OutOfStock::Cancel)),
            C::Reserve(reserve(11, inventory::OutOfStock::Backorder)),
            C::SetItem(more),
            C::Forgo { order: ORDER, parcel: parcel(3) },
            C::Serve { skus: Vec::new() },
            C::ArrivalHeard { order: ORDER },
            C::Extend { order: ORDER, expires_at: now.plus_secs(7_200) },
            C::Commit { order: ORDER },
            C::Release { order: ORDER, reason: inventory::ReleaseReason::Canceled },
            C::Ship { order: ORDER, parcel: None },
            C::Ship { order: ORDER, parcel: Some(parcel(1)) },
            C::GiveBack { order: ORDER, parcel: parcel(2), is_missing: false },
            C::TakeBack { order: ORDER, receipt: 1, lines: vec![back.clone()] },
            C::TakeBackParcel { order: ORDER, number: 1, lines: vec![back] },
            C::Expire,
        ];
        named(labels::inventory_command, commands)
    }
}
