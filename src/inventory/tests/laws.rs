//! Whatever is asked: stock is conserved.

use super::*;

fn commands() -> impl Strategy<Value = Command> {
    let line = (0..NAMES.len(), 1..6u32).prop_map(|(name, units)| (NAMES[name], units));
    let policy = prop_oneof![Just(OutOfStock::Cancel), Just(OutOfStock::Backorder)];
    let order_no = 0..8u128;
    prop_oneof![
        2 => (0..NAMES.len(), 0..20u32, 0..6u32).prop_map(|(n, have, low)| set(NAMES[n], have, low)),
        2 => (0..NAMES.len(), -9..9i64).prop_map(|(n, delta)| Command::Adjust {
            sku: sku(NAMES[n]),
            delta,
            reason: "count".into(),
        }),
        6 => (order_no.clone(), prop::collection::vec(line, 1..4), 0..400i64, policy)
            .prop_map(|(n, lines, until, policy)| reserve(n, &lines, until, policy)),
        1 => (order_no.clone(), 0..500i64)
            .prop_map(|(n, until)| Command::Extend { order: order(n), expires_at: at(until) }),
        3 => order_no.clone().prop_map(|n| Command::Commit { order: order(n) }),
        3 => order_no.clone().prop_map(release),
        1 => order_no.clone().prop_map(|n| Command::Ship { order: order(n), parcel: None }),
        2 => (order_no.clone(), 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3))
            .prop_map(|(n, number, lines)| Command::Ship { order: order(n), parcel: Some(parcel(number, &lines)) }),
        3 => (order_no.clone(), 1..6u32, prop::collection::vec((0..NAMES.len(), 0..3u32, 0..3u32, 0..3u32), 1..4))
            .prop_map(|(n, receipt, lines)| take_back(n, receipt, &lines)),
        2 => (order_no.clone(), 1..4u32, prop::collection::vec((0..NAMES.len(), 0..3u32, 0..3u32, 0..3u32), 1..4))
            .prop_map(|(n, number, lines)| undelivered(n, number, &lines)),
        1 => (0..NAMES.len(), 0..4u32).prop_map(|(name, quantity)| write_off(NAMES[name], quantity)),
        1 => (order_no, 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3), any::<bool>())
            .prop_map(|(n, number, lines, is_missing)| {
                Command::GiveBack { order: order(n), parcel: parcel(number, &lines), is_missing }
            }),
        2 => (0..8u128, 1..4u32, prop::collection::vec((0..NAMES.len(), 1..4u32), 1..3))
            .prop_map(|(n, number, lines)| Command::Forgo { order: order(n), parcel: parcel(number, &lines) }),
        1 => (0..8u128).prop_map(|n| Command::ArrivalHeard { order: order(n) }),
        1 => Just(Command::Serve { skus: Vec::new() }),
        1 => Just(Command::Expire),
        1 => Just(Command::Announce { skus: ["A", "B", "X"].map(sku).to_vec() }),
    ]
}

/// Reserved and committed pieces by SKU, from the reservations.
fn claimed(stock: &Stock, name: &str) -> (i64, i64) {
    let of = |wanted: fn(Phase) -> bool| {
        let known = (0..8).filter_map(|n| stock.reservation(order(n)));
        known
            .filter(|reservation| wanted(reservation.phase))
            .flat_map(|reservation| reservation.remaining().to_vec())
            .filter(|line| line.sku.as_str() == name)
            .map(|line| i64::from(line.quantity))
            .sum()
    };
    (of(|phase| matches!(phase, Phase::Held { .. })), of(|phase| matches!(phase, Phase::Committed)))
}

proptest! {
    #[test]
    fn stock_is_conserved_whatever_is_asked(asked in prop::collection::vec((commands(), 0..60i64), 1..80)) {
        let mut shop = Shop::default();
        let mut ledger: HashMap<Sku, Balance> = HashMap::new();
        let mut conditions: HashMap<Sku, Condition> = HashMap::new();
        let mut documents: (HashMap<Sku, Item>, HashMap<OrderId, Reservation>) = Default::default();
        // Something began to wait that may be there already, and nobody has looked since.
        let mut is_unlooked = false;
        let mut now = 0;
        for (command, pause) in asked {
            now += pause;
            let Ok(events) = shop.ask(now, command.clone()) else {
                prop_assert_eq!(
                    Inventory::decide(&shop.stock, command.clone(), at(now)).is_err(), true
                );
                continue;
            };
            // The oldest first, each all it is owed: whoever was passed over could not be served whole.
            let served: Vec<u128> = events
                .iter()
                .filter_map(|event| {
                    let Event::BackorderAllocated(allocated) = event else { return None };
                    Some(allocated.order.bits())
                })
                .collect();
            prop_assert!(served.is_sorted_by(|one, next| one < next), "each once: {served:?}");
            let overlooked = Inventory::decide(&shop.stock, Command::Serve { skus: Vec::new() }, at(now));
            let waits_anew = matches!(command, Command::Commit { .. });
            // A hold that was over before it began ends with whatever is asked next, and frees what it held.
            let is_served = overlooked.as_ref().is_ok_and(|events| {
                !events.iter().any(|event| matches!(event, Event::Released(_)))
                    && events.iter().any(|event| matches!(event, Event::BackorderAllocated(_)))
            });
            prop_assert!(waits_anew || is_unlooked || !is_served, "{overlooked:?}");
            is_unlooked |= waits_anew;
            is_unlooked &= !matches!(&command, Command::Serve { .. });
            for event in &events {
                for entry in event.entries() {
                    ledger.entry(entry.sku.clone()).or_default().post(entry.kind, entry.quantity);
                }
                if let Event::ThresholdReached(reached) = event {
                    let before = conditions.insert(reached.sku.clone(), reached.condition);
                    prop_assert_ne!(before, Some(reached.condition), "told twice");
                }
                let (skus, order) = event.touches();
                for sku in skus {
                    let item = documents.0.remove(sku);
                    let item = Item::fold(item, sku, event, at(now)).expect("touched");
                    documents.0.insert(sku.clone(), item);
                }
                if let Some(order) = order {
                    let known = documents.1.remove(&order);
                    let known = Reservation::fold(known, event, at(now)).expect("touched");
                    documents.1.insert(order, known);
                }
            }
            for item in shop.stock.items() {
                let Balance { on_hand, reserved, committed, damaged } = item.levels.balance;
                prop_assert_eq!(Some(&item.levels.balance), Some(&ledger.get(&item.sku).copied().unwrap_or_default()));
                prop_assert_eq!((reserved, committed), claimed(&shop.stock, item.sku.as_str()));
                prop_assert!(0 <= reserved && 0 <= committed && 0 <= damaged);
                prop_assert!(reserved + committed + damaged <= on_hand);
                let told = conditions.get(&item.sku).copied().unwrap_or(Condition::InStock);
                prop_assert_eq!(told, item.condition());
                prop_assert_eq!(Some(item), documents.0.get(&item.sku));
                prop_assert_eq!(shop.stock.levels(item.sku.as_str(), at(now)).map(|l| l.balance.on_hand), Some(on_hand));
            }
            for n in 0..8 {
                prop_assert_eq!(shop.stock.reservation(order(n)), documents.1.get(&order(n)));
            }
            let asks_for_a_past = matches!(command, Command::Reserve(_) | Command::Extend { .. });
            let due = shop.stock.next_expiry().is_some_and(|first| first <= at(now));
            prop_assert!(!due || asks_for_a_past, "a due hold was left");
            // Asked again at once, nothing changes. A correction is a new one each time.
            let repeatable = match &command {
                Command::Adjust { .. } | Command::WriteOff { .. } => false,
                Command::Reserve(reserve) => reserve.expires_at > at(now),
                Command::SetItem(_) | Command::Extend { .. } | Command::Commit { .. }
                | Command::Release { .. } | Command::Ship { .. } | Command::GiveBack { .. } | Command::Expire
                | Command::Forgo { .. } | Command::Serve { .. } | Command::ArrivalHeard { .. }
                | Command::TakeBack { .. } | Command::TakeBackParcel { .. } | Command::Announce { .. } => true,
            };
            if repeatable {
                prop_assert_eq!(Inventory::decide(&shop.stock, command, at(now)), Ok(vec![]));
            }
        }
        prop_assert_eq!(&shop.stock, &shop.replayed);
        let items: Vec<_> = shop.stock.items().cloned().collect();
        let known = (0..8).filter_map(|n| shop.stock.reservation(order(n)).cloned());
        let restored = Stock::restore(items, known.collect::<Vec<_>>());
        prop_assert_eq!(&restored, &shop.stock);
        let documents = serde_json::to_string(&(shop.stock.items().collect::<Vec<_>>(), &documents.1.values().collect::<Vec<_>>()));
        let read: (Vec<Item>, Vec<Reservation>) = serde_json::from_str(&documents.expect("JSON")).expect("read back");
        prop_assert_eq!(Stock::restore(read.0, read.1), shop.stock);
    }
}
