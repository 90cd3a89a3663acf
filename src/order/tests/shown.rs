//! What people see of an order: its words, its sums, its times.

use serde_json::{Value, json};

use super::*;
use crate::order::OrderView;
use crate::types::TraceId;

fn shown(order: &Order) -> Value {
    let store = "acme".parse().expect("an id");
    serde_json::to_value(OrderView::of(&store, order.placed().expect("placed"))).expect("JSON")
}

fn challenged() -> Order {
    let url = Some("https://bank.example/act".into());
    given_also(paying(), [hear(Outcome::PaymentChallenged { url })])
}

fn disputed(is_disputed: bool) -> Command {
    hear(Outcome::DisputeChanged { is_disputed })
}

#[test]
fn the_money_is_one_word() {
    let table = [
        (paying(), "awaiting"),
        (challenged(), "requires_action"),
        (set_aside(), "authorized"),
        (confirmed(), "captured"),
        (given_also(confirmed(), [refunds(1)]), "partially_refunded"),
        (given_also(confirmed(), [refunds(4_498)]), "refunded"),
        (given_also(confirmed(), [disputed(true)]), "disputed"),
        (given_also(confirmed(), [disputed(true), refunds(1)]), "disputed"),
        (given_also(confirmed(), [disputed(true), refunds(4_498)]), "refunded"),
        (given_also(confirmed(), [disputed(true), disputed(false)]), "captured"),
        (given_also(set_aside(), [cancel()]), "canceled"),
        (given_also(confirmed(), [cancel()]), "captured"),
    ];
    for (order, word) in table {
        assert_eq!(shown(&order)["payment_status"], word, "{order:?}");
    }
}

#[test]
fn what_the_bank_says_of_a_dispute_is_news_once() {
    let order = check(&confirmed(), disputed(true), &["order.disputed"], Status::Confirmed, &[]);
    let order = check(&order, disputed(true), &[], Status::Confirmed, &[]);
    let order = check(&order, disputed(false), &["order.dispute_ended"], Status::Confirmed, &[]);
    check(&order, disputed(false), &[], Status::Confirmed, &[]);
}

#[test]
fn the_goods_are_one_word() {
    let of = |progress| given_also(confirmed(), [ready(1, 3), moved(progress)]);
    let held = Progress { is_held: true, ..Progress::default() };
    let table = [
        (paying(), "not_fulfilled"),
        (given([place(), hear(Outcome::StockHeld), parked()]), "on_hold"),
        (confirmed(), "not_fulfilled"),
        (given_also(confirmed(), [moved(held)]), "on_hold"),
        (given_also(confirmed(), [ready(1, 2)]), "partially_shipped"),
        (given_also(confirmed(), [ready(1, 3)]), "shipped"),
        (of(Progress { shipped: 3, delivered: 2, ..Progress::default() }), "partially_delivered"),
        (of(Progress { shipped: 3, delivered: 3, ..Progress::default() }), "delivered"),
        (of(Progress { shipped: 3, returned: 1, ..Progress::default() }), "partially_returned"),
        (of(Progress { shipped: 3, returned: 3, ..Progress::default() }), "returned"),
        (given_also(confirmed(), [cancel()]), "canceled"),
    ];
    for (order, word) in table {
        assert_eq!(shown(&order)["fulfillment_status"], word, "{order:?}");
    }
}

#[test]
fn an_order_is_shown_with_its_lines_and_sums() {
    let shown = shown(&given_also(confirmed(), [refunds(998)]));
    let lines = |field: &str| [shown["lines"][0][field].clone(), shown["lines"][1][field].clone()];
    assert_eq!(lines("quantity"), [json!(2), json!(1)]);
    assert_eq!(lines("unit_price"), [json!(1_999), json!(500)]);
    assert_eq!(lines("total"), [json!(3_998), json!(500)]);
    let id = shown["id"].as_str().expect("an id");
    let of = |rest: &str| json!(format!("/v1/orders/{id}{rest}"));
    assert_eq!(
        shown["links"],
        json!({"self": of(""), "timeline": of("/timeline"), "tracking": of("/tracking")})
    );
    for (field, value) in [
        ("store_id", json!("acme")),
        ("status", json!("confirmed")),
        ("currency", json!("USD")),
        ("subtotal", json!(4_498)),
        ("total", json!(4_498)),
        ("amount_captured", json!(4_498)),
        ("amount_refunded", json!(998)),
        ("cancel_reason", Value::Null),
        ("version", json!(6)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
}

#[test]
fn why_it_ended_is_shown() {
    let short = given([place(), hear(Outcome::StockShort { lacking: "A".into() })]);
    let why = |order: &Order| {
        let shown = shown(order);
        (shown["cancel_reason"].clone(), shown["cancel_detail"].clone())
    };
    assert_eq!(why(&short), (json!("out_of_stock"), json!("A")));
    let mut expired = paying();
    apply(&mut expired, Command::Lapse, NOW.plus_secs(3_600)).expect("expired");
    assert_eq!(why(&expired), (json!("expired"), Value::Null));
}

#[test]
fn where_the_shopper_must_act_is_shown_for_as_long_as_they_must() {
    assert_eq!(shown(&challenged())["action_url"], "https://bank.example/act");
    assert!(shown(&given_also(challenged(), [settled()])).get("action_url").is_none());
    // Asking for another try is no answer to the bank.
    assert_eq!(shown(&given_also(challenged(), [Command::Retry]))["action_url"], "https://bank.example/act");
}

#[test]
fn each_event_moves_the_version_and_the_time_and_the_end_stays_where_it_was() {
    let mut order = paying();
    let at = |seconds| NOW.plus_secs(seconds);
    apply(&mut order, cancel(), at(5)).expect("canceled");
    apply(&mut order, hear(Outcome::StockReleased), at(9)).expect("released");
    let placed = order.placed().expect("placed");
    assert_eq!((placed.version, placed.created_at), (5, NOW));
    assert_eq!((placed.updated_at, placed.ended_at), (at(9), Some(at(5))));
}

#[test]
fn the_trace_is_the_requests_or_follows_from_the_id() {
    let mut placed = paying().placed().expect("placed").clone();
    assert_eq!(placed.trace(), TraceId::of_order(placed.id));
    let of_request = TraceId::of_order(OrderId::from_bits(77));
    placed.trace_id = Some(of_request);
    assert_eq!(placed.trace(), of_request);
}

#[test]
fn payment_and_fulfilment_are_told_of_what_they_wait_for() {
    let tells = |order: &Order, command: Command| {
        let events = Orders::decide(order, command, NOW).expect("taken");
        events.iter().map(|event| Orders::tells(order, event)).collect::<Vec<_>>()
    };
    let waiting = given_also(set_aside(), [ready(1, 3)]);
    let failed = hear(Outcome::CaptureFailed { authorized: amount(4_498), code: "expired_card".into() });
    assert_eq!(tells(&paying(), Command::Retry), [Some(Step::RetryPayment)]);
    assert_eq!(tells(&waiting, failed), [Some(Step::PauseShipping)]);
    assert_eq!(tells(&waiting, settled()), [Some(Step::GoOnShipping), None]);
    assert_eq!(tells(&paying(), settled()), [None]);
}
