//! Whatever is canceled, refunded and sent back in whatever order, with a bank that answers late, twice or not at all, and a
//! power supply that fails in between: no money and no piece is lost or made, and all ledgers say the same.

mod bank;
mod shop;

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use self::bank::Dice;
use self::shop::Shop;
use super::START;
use crate::fulfillment::{self, Becomes, Move, TrackerStatus, Units};
use crate::inventory;
use crate::order::{self, CancelReason, Orders, Status};
use crate::payment::{self, Payment, RefundState};
use crate::returns::{self, Disposition, Returns};
use crate::runtime::Aggregate;
use crate::store::wiring;
use crate::types::{Amount, IdSource, OrderId};

const SHELF: u32 = 20;
/// Within this time everything rings but the deadline of an order, in seconds.
const SOON_S: u64 = 3_600;
const SKUS: [&str; 2] = ["CUP", "HAT"];

/// What people do.
#[derive(Clone, Copy, Debug)]
enum Act {
    Cancel,
    Refund(i64),
    RefundAll,
    Split,
    Return {
        sku: usize,
        quantity: u32,
        is_on_close: bool,
    },
    Receive {
        number: u32,
        quantity: u32,
        how: usize,
    },
    Close(u32),
    CancelReturn(u32),
    /// A parcel does not arrive: its carrier says so, or people do.
    Undelivered {
        number: u32,
        how: usize,
    },
    /// The next timer rings, unless that is an order's deadline: what waits in line is done long before.
    Wait,
    /// The next timer rings, whatever it is.
    Lapse,
    /// Some of what is to be done is done.
    Work(usize),
    /// An old answer of the bank comes again.
    Repeat,
    Crash,
}

fn any_act() -> impl Strategy<Value = Act> {
    let number = || 1..4_u32;
    prop_oneof![
        1 => Just(Act::Cancel),
        2 => (1..1_500_i64).prop_map(Act::Refund),
        1 => Just(Act::RefundAll),
        1 => Just(Act::Split),
        4 => (0..2_usize, 1..4_u32, any::<bool>())
            .prop_map(|(sku, quantity, is_on_close)| Act::Return { sku, quantity, is_on_close }),
        5 => (number(), 1..3_u32, 0..4_usize)
            .prop_map(|(number, quantity, how)| Act::Receive { number, quantity, how }),
        2 => number().prop_map(Act::Close),
        1 => number().prop_map(Act::CancelReturn),
        2 => (1..3_u32, 0..4_usize).prop_map(|(number, how)| Act::Undelivered { number, how }),
        8 => Just(Act::Wait),
        1 => Just(Act::Lapse),
        6 => (1..9_usize).prop_map(Act::Work),
        1 => Just(Act::Repeat),
        2 => Just(Act::Crash),
    ]
}

/// A shop with an order: three cups at two prices and two hats.
fn opened(seed: u64, capture: payment::Capture) -> Shop {
    let mut ids = IdSource::seeded(seed);
    let id: OrderId = ids.next(START);
    let mut shop = Shop::new(id, START, Dice(seed), capture);
    for name in SKUS {
        let set = inventory::SetItem {
            sku: name.parse().expect("legal"),
            name: None,
            unit_price: None,
            on_hand: SHELF,
            reorder_point: None,
            safety_stock: None,
        };
        shop.ask_stock(inventory::Command::SetItem(set)).expect("room on the shelf");
    }
    let draft: order::Draft = serde_json::from_value(serde_json::json!({
        "customer": {"id": "cus_1"}, "currency": "USD",
        "lines": [{"sku": "CUP", "quantity": 2, "unit_price": 500}, {"sku": "CUP", "quantity": 1, "unit_price": 400},
            {"sku": "HAT", "quantity": 2, "unit_price": 900}],
        "payment": {"payment_method": "pm_card_visa"},
    }))
    .expect("a draft");
    let cart = draft.priced(
        "USD".parse().expect("a code"),
        |_| Some(order::Listed { unit_price: None }),
        || ids.next(START),
    );
    let placement = order::Placement {
        id,
        reservation: crate::types::ReservationId::from_bits(id.bits()),
        payment: payment::id_of(id),
        cart: cart.expect("priced"),
        policy: order::Policy { reservation_ttl_s: 900, order_deadline_s: 86_400 },
        trace_id: None,
    };
    assert!(shop.ask_order(order::Command::Place(Box::new(placement))));
    shop
}

fn act(shop: &mut Shop, act: Act) {
    match act {
        Act::Cancel => drop(shop.ask_order(order::Command::Cancel { reason: CancelReason::Customer })),
        Act::Refund(minor) => wish(shop, payment::HowMuch::Exactly(Amount::new(minor).expect("legal"))),
        Act::RefundAll => wish(shop, payment::HowMuch::AllThatIsLeft),
        Act::Split => {
            let first =
                shop.work.work().and_then(|work| work.orders.first()).and_then(|one| one.lines.first());
            if let Some(line) = first.map(|line| line.line) {
                let to = Move::Split { lines: vec![Units { line, quantity: 1 }] };
                shop.ask_work(fulfillment::Command::Advance { number: 1, to });
            }
        }
        Act::Return { sku, quantity, is_on_close } => {
            let refund_on = if is_on_close { returns::RefundOn::Close } else { returns::RefundOn::Receipt };
            let what = returns::What::Sku(SKUS[sku].parse().expect("legal"));
            let request = returns::Request {
                order: shop.id,
                policy: returns::Policy { approval: returns::Approval::Automatic, refund_on },
                window_s: 0,
                lines: vec![returns::Asked { what, quantity, reason: returns::Reason::Other }],
                note: None,
                delivered: wiring::returns::delivered(shop.placed(), shop.work.work()),
            };
            shop.ask_returns(returns::Command::Request(Box::new(request)));
        }
        Act::Receive { number, quantity, how } => {
            let Some(line) = shop.book.get(number).and_then(|one| one.lines.first()).map(|line| line.line)
            else {
                return;
            };
            let disposition = Disposition::ALL[how % Disposition::ALL.len()];
            let lines = vec![returns::Seen { what: returns::What::Line(line), quantity, disposition }];
            shop.ask_returns(returns::Command::Receive { number, lines });
        }
        Act::Close(number) => drop(shop.ask_returns(returns::Command::Close { number })),
        Act::CancelReturn(number) => drop(shop.ask_returns(returns::Command::Cancel { number })),
        Act::Undelivered { number, how } => {
            let to = [
                Move::Carried(TrackerStatus::ReturnToSender),
                Move::Carried(TrackerStatus::Failure),
                Move::TakeBack { becomes: Becomes::Damaged },
                Move::Lose,
            ];
            shop.ask_work(fulfillment::Command::Advance { number, to: to[how].clone() });
        }
        Act::Wait => drop(shop.ring(SOON_S)),
        Act::Lapse => drop(shop.ring(u64::from(u32::MAX))),
        Act::Work(most) => shop.run(most),
        Act::Repeat => shop.repeat(),
        Act::Crash => shop.crash(),
    }
}

fn wish(shop: &mut Shop, how_much: payment::HowMuch) {
    let wish = payment::Wish { how_much, reason: payment::RefundReason::Goodwill, reference: None };
    let _ = shop.ask_payment(payment::Command::Refund(wish));
}

/// Pieces of a SKU that left with parcels, and what came back of them by what became of it.
fn moved(shop: &Shop, name: &str) -> (i64, BTreeMap<&'static str, i64>) {
    let parcels = shop.work.work().map_or(&[][..], |work| &work.orders);
    let gone = parcels.iter().filter(|one| one.shipment().is_some()).flat_map(|one| &one.lines);
    let gone = gone.filter(|line| line.sku.as_str() == name).map(|line| i64::from(line.quantity)).sum();
    let mut back = BTreeMap::new();
    for one in parcels {
        let Some(ending) = one.shipment().and_then(|parcel| parcel.ending.as_ref()) else { continue };
        for line in one.lines.iter().filter(|line| line.sku.as_str() == name) {
            *back.entry(ending.becomes.word()).or_default() += i64::from(line.quantity);
        }
    }
    let booked = shop.book.returns.iter().flat_map(|one| &one.receipts);
    for receipt in booked.filter(|receipt| receipt.stock == returns::Stocking::Booked) {
        for piece in receipt.lines.iter().filter(|piece| piece.sku.as_str() == name) {
            *back.entry(piece.disposition.word()).or_default() += i64::from(piece.quantity);
        }
    }
    (gone, back)
}

/// Holds at every moment.
fn check(shop: &Shop) {
    shop.bank.check();
    let money = shop.placed().money;
    assert!(money.refunded <= money.captured, "{money:?}");
    if let Some(begun) = shop.payment.begun() {
        assert!(begun.refunded() <= begun.captured(), "{begun:?}");
        assert!(begun.charges().all(|charge| charge.refunded <= charge.captured), "{begun:?}");
    }
    for name in SKUS {
        let item = shop.stock.item(name).expect("on the shelf");
        let balance = item.levels.balance;
        assert_eq!(Some(&balance), shop.posted.get(name), "the sum of its ledger");
        let inventory::Balance { on_hand, reserved, committed, damaged } = balance;
        assert!(reserved >= 0 && committed >= 0 && damaged >= 0, "{balance:?}");
        assert!(reserved + committed + damaged <= on_hand, "{balance:?}");
    }
    for one in &shop.book.returns {
        assert!(one.refunded().minor() + one.unpaid().minor() <= one.value_back().minor(), "{one:?}");
    }
}

/// Holds when all has come to rest.
fn check_at_rest(shop: &Shop) {
    let explain = || format!("{:#?}\n{:#?}\n{:#?}\n{:#?}", shop.order, shop.payment, shop.book, shop.bank);
    assert!(Orders::due(&shop.order).steps.is_empty(), "{}", explain());
    assert!(Returns::due(&shop.book).is_nothing(), "{}", explain());
    let placed = shop.placed();
    let is_ended = matches!(placed.status(), Status::Canceled | Status::Expired);
    let (captured, refunded) = shop.bank.totals();
    // Of a charge that nobody wanted the order may never have heard; it went back whole.
    let net = captured - refunded;
    assert_eq!(
        placed.money.captured.minor() - placed.money.refunded.minor(),
        net,
        "order and bank: {}",
        explain()
    );
    if let Some(begun) = shop.payment.begun() {
        assert!(begun.work.is_none(), "{}", explain());
        assert_eq!(
            begun.captured().minor() - begun.refunded().minor(),
            net,
            "payment and bank: {}",
            explain()
        );
        let made: i64 = begun
            .refunds
            .iter()
            .filter(|refund| matches!(refund.state, RefundState::Succeeded { .. }))
            .map(|refund| refund.amount.minor())
            .sum();
        assert_eq!(made, refunded, "refund by refund: {}", explain());
    }
    if is_ended {
        assert_eq!(net, 0, "{}", explain());
    }
    if placed.status() == Status::Completed {
        let (goods, forgone) = (&placed.goods, placed.goods.progress.forgone_value(&placed.cart));
        assert_eq!(forgone, Some(goods.refunded), "what did not arrive was seen to: {}", explain());
        assert_eq!(goods.canceling, None, "{}", explain());
    }
    for name in SKUS {
        let (gone, back) = moved(shop, name);
        let count = |word: &str| back.get(word).copied().unwrap_or(0);
        let inventory::Balance { on_hand, reserved, damaged, .. } =
            shop.stock.item(name).expect("on the shelf").levels.balance;
        let expected = i64::from(SHELF) - gone + count("restock") + count("damaged");
        assert_eq!((on_hand, reserved, damaged), (expected, 0, count("damaged")), "{name}: {}", explain());
        let all = count("restock")
            + count("damaged")
            + count("write_off")
            + count("lost")
            + count("return_to_vendor");
        assert!(all <= gone, "{name}: {}", explain());
        if is_ended {
            assert_eq!(on_hand, i64::from(SHELF), "{name}: {}", explain());
        }
    }
    let pieces = shop.book.pieces_back();
    assert_eq!(placed.goods.came_back, pieces, "{}", explain());
    let paid = shop.book.returns.iter().flat_map(|one| &one.refunds);
    assert!(
        paid.clone().all(|refund| refund.taken().plus(refund.unpaid()) == Some(refund.value)),
        "{}",
        explain()
    );
}

/// What a story came to.
fn ending(shop: &Shop) -> Vec<&'static str> {
    let placed = shop.placed();
    let returns = &shop.book.returns;
    let is = [
        ("completed", placed.status() == Status::Completed),
        (
            "canceled, and paid before",
            placed.status() == Status::Canceled && !placed.money.captured.is_zero(),
        ),
        ("the rest canceled", placed.goods.progress.canceled_units() > 0),
        (
            "refunded in part",
            !placed.money.refunded.is_zero() && placed.money.refunded < placed.money.captured,
        ),
        ("sent back and paid", returns.iter().any(|one| !one.refunded().is_zero())),
        ("sent back and not paid in full", returns.iter().any(|one| !one.unpaid().is_zero())),
        ("came back undelivered", placed.goods.progress.undelivered_units() > placed.goods.progress.lost),
        ("lost", placed.goods.progress.lost > 0),
        ("thrown away", SKUS.iter().any(|name| moved(shop, name).1.contains_key("write_off"))),
        ("never paid", placed.money.captured.is_zero()),
    ];
    is.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect()
}

#[test]
fn ledgers_stay_equal_whatever_is_canceled_refunded_and_sent_back() {
    let config = ProptestConfig { cases: 10_000, source_file: Some(file!()), ..ProptestConfig::default() };
    // Most stories are told of orders that get somewhere.
    let stories = (any::<u64>(), any::<bool>(), 0..30_usize, proptest::collection::vec(any_act(), 0..40));
    let endings = RefCell::new(BTreeMap::<&str, u32>::new());
    let told = TestRunner::new(config).run(&stories, |(seed, is_on_shipment, head_start, acts)| {
        let capture = if is_on_shipment { payment::Capture::Manual } else { payment::Capture::Automatic };
        let mut shop = opened(seed, capture);
        for _ in 0..head_start {
            shop.run(4);
            shop.ring(SOON_S);
            check(&shop);
        }
        for one in acts {
            act(&mut shop, one);
            check(&shop);
        }
        // Faults stop; whoever was interrupted goes on.
        shop.is_stormy = false;
        shop.crash();
        for _ in 0..400 {
            shop.run(64);
            check(&shop);
            if shop.is_idle() && !shop.ring(u64::from(u32::MAX)) {
                break;
            }
        }
        prop_assert!(Payment::due(&shop.payment).is_nothing(), "{:?}", shop.payment);
        check_at_rest(&shop);
        for ending in ending(&shop) {
            *endings.borrow_mut().entry(ending).or_default() += 1;
        }
        Ok(())
    });
    told.unwrap_or_else(|why| panic!("{why}"));
    let endings = endings.into_inner();
    assert!(
        endings.len() == 10 && endings.values().all(|count| *count >= 20),
        "some stories were hardly told: {endings:?}"
    );
}
