//! What the bank's books may say and may not: each kind of lie, told once.

use serde_json::{Value, json};

use super::accounts::{Books, Row};
use super::{Args, BankReport, Read, Source, against};
use crate::journal::Position;
use crate::types::OrderId;
use crate::verify::findings::Findings;
use crate::verify::model::Model;
use crate::views::tests::world::START;

/// A movement as the ledger has it: kind, amount, intent, key, order.
type Moved = (&'static str, i64, &'static str, Option<String>, OrderId);

fn order(nth: u128) -> OrderId {
    OrderId::from_bits(nth)
}

fn key(nth: u128, operation: &str, attempt: u32) -> Option<String> {
    Some(format!("of_acme_{}_{operation}_{attempt}", order(nth)))
}

/// Two orders: one paid, confirmed and refunded in part; the other authorised, then canceled and let go.
fn story() -> Vec<(&'static str, u128, Value)> {
    let of = |nth: u128, data: Value| {
        let mut data = data;
        data["order"] = json!(order(nth));
        data
    };
    let created = |nth| of(nth, json!({"amount": 500, "currency": "USD"}));
    let held = |captured| json!({"intent": "pi_1", "amount": 500, "captured": captured, "attempt": 1});
    vec![
        ("order.created", 1, json!({"cart": {"total": 500, "lines": [{"quantity": 1, "unit_price": 500}]}})),
        ("payment.created", 1, created(1)),
        ("payment.processed", 1, of(1, held(500))),
        ("payment.refund_requested", 1, of(1, json!({"refund": 1, "intent": "pi_1", "amount": 200}))),
        ("payment.attempt_started", 1, of(1, json!({"operation": "refund_1", "attempt": 1, "amount": 200}))),
        ("payment.refunded", 1, of(1, json!({"refund": 1, "id": "re_1", "intent": "pi_1", "amount": 200}))),
        ("payment.refund_checked", 1, of(1, json!({"refund": 1}))),
        ("payment.refunds_reported", 1, of(1, json!({"refunded": 200}))),
        ("order.created", 2, json!({"cart": {"total": 500, "lines": [{"quantity": 1, "unit_price": 500}]}})),
        ("payment.created", 2, created(2)),
        ("payment.outcome_unknown", 2, of(2, json!({"operation": "authorize", "attempt": 1}))),
        (
            "payment.processed",
            2,
            of(2, json!({"intent": "pi_2", "amount": 500, "captured": 0, "attempt": 1})),
        ),
        ("order.canceled", 2, json!({"reason": "customer"})),
        ("payment.cancel_requested", 2, of(2, json!({"reason": "customer"}))),
        ("payment.attempt_started", 2, of(2, json!({"operation": "void", "attempt": 1, "amount": 500}))),
        ("payment.voided", 2, of(2, json!({"intent": "pi_2"}))),
        ("order.stock_released", 2, json!({})),
        ("order.payment_undone", 2, json!({"captured": 0, "refunded": 0})),
    ]
}

fn ledger() -> Vec<Moved> {
    vec![
        ("authorization", 500, "pi_1", key(1, "authorize", 1), order(1)),
        ("capture", 500, "pi_1", key(1, "authorize", 1), order(1)),
        ("authorization", 500, "pi_2", key(2, "authorize", 1), order(2)),
        ("refund", 200, "pi_1", key(1, "refund_1", 1), order(1)),
        ("void", 500, "pi_2", key(2, "void", 1), order(2)),
    ]
}

struct Said {
    report: BankReport,
    findings: Findings,
}

impl Said {
    fn names(&self, invariant: usize, what: &str) -> bool {
        self.findings.kept.iter().any(|one| one.invariant == invariant && one.what == what)
    }
}

fn model(story: &[(&'static str, u128, Value)]) -> Model {
    let mut model = Model::default();
    for (kind, nth, data) in story {
        let body = json!({"v": 1, "order": order(*nth), "data": data}).to_string();
        let record = crate::journal::Record {
            position: model.position + 1,
            store: "acme",
            sequence: model.position + 1,
            at: START,
            kind,
            bytes: body.as_bytes(),
            origin: None,
        };
        model.apply(&record, &mut Findings::default());
    }
    model
}

fn compared(model: &Model, ledger: &[Moved], before: Position, args: &Args) -> Said {
    let (mut books, mut findings) = (Books::default(), Findings::default());
    books.banks.push(Read { url: "http://bank".into(), source: Source::Ledger, rows: 0 });
    for (kind, amount, intent, key, order) in ledger {
        let order = order.to_string();
        let (key, store) = (Some(key.as_deref()), Some("acme"));
        let row = Row { kind, amount: *amount, currency: "usd", intent, key, store, order: Some(&order) };
        books.take(0, &row, &mut findings);
    }
    let report = against(model, books, before, args, &mut findings);
    Said { report, findings }
}

fn says(ledger: &[Moved]) -> Said {
    compared(&model(&story()), ledger, 1_000, &Args::default())
}

#[test]
fn books_that_agree_are_believed() {
    let said = says(&ledger());
    assert_eq!(said.findings.count, 0, "{:?}", said.findings.kept);
    let BankReport { compared, in_flight, foreign, balances, .. } = &said.report;
    assert_eq!((*compared, *in_flight, *foreign), (2, 0, 0));
    assert_eq!((balances[0].captured, balances[0].refunded), (500, 200));
    assert_eq!(said.findings.looked_at(8), 1, "one doubt, which ended as the bank has it");
}

#[test]
fn every_lie_of_the_books_is_named() {
    type Lie = fn(&mut Vec<Moved>);
    let lies: [(usize, &str, Lie); 19] = [
        (4, "charged", |all| all.push(("authorization", 500, "pi_9", key(1, "authorize", 1), order(1)))),
        (4, "charged", |all| all.insert(1, all[0].clone())),
        (4, "taken at the bank", |all| all.insert(2, all[1].clone())),
        (6, "taken", |all| all[1].1 = 499),
        (6, "set aside", |all| (all[0].1, all[1].1) = (501, 501)),
        (6, "given back", |all| all[3].1 = 199),
        (6, "given back", |all| drop(all.remove(3))),
        (7, "given back at the bank", |all| all[3].1 = 501),
        // The same at the end, but money went back before it had come.
        (7, "given back at the bank", |all| all.swap(1, 3)),
        (5, "what is set aside", |all| drop(all.remove(4))),
        (5, "money of an order that ended", |all| drop(all.remove(4))),
        (5, "money of an intent", |all| {
            all.push(("authorization", 500, "pi_9", key(2, "authorize", 1), order(2)));
        }),
        (9, "key of a call", |all| all[0].3 = Some("somebody-else".into())),
        (9, "key of a call", |all| all[0].3 = None),
        (9, "key of a call", |all| all[4].3 = None),
        (9, "key of a call", |all| all[3].3 = key(2, "refund_1", 1)),
        (9, "call at the bank", |all| all[3].3 = key(1, "refund_1", 2)),
        (9, "order that the bank names", |all| all[2].4 = order(7)),
        (29, "money that the bank knows of", |all| {
            all.retain(|row| row.2 != "pi_1");
        }),
    ];
    for (nth, (invariant, what, tell)) in lies.iter().enumerate() {
        let mut all = ledger();
        tell(&mut all);
        let said = says(&all);
        assert!(said.names(*invariant, what), "{nth}, {what}: {:?}", said.findings.kept);
    }
}

#[test]
fn an_order_without_a_payment_may_have_no_money_at_the_bank() {
    let only_placed: Vec<_> =
        story().into_iter().filter(|(kind, ..)| !kind.starts_with("payment.")).collect();
    let said = compared(&model(&only_placed), &ledger(), 1_000, &Args::default());
    assert!(said.names(9, "money at the bank"), "{:?}", said.findings.kept);
    assert!(said.names(5, "money of an intent"), "{:?}", said.findings.kept);
}

/// What a shopper does at their bank moves money without a call of ours, and only there.
#[test]
fn a_shopper_who_was_sent_to_their_bank_needs_no_key() {
    let mut story = story();
    let asked = json!({"order": order(1), "attempt": 1, "intent": "pi_1"});
    let place = story.iter().position(|(kind, ..)| *kind == "payment.processed").expect("it happens");
    story.insert(place, ("payment.requires_action", 1, asked));
    let mut all = ledger();
    (all[0].3, all[1].3) = (None, None);
    let said = compared(&model(&story), &all, 1_000, &Args::default());
    assert_eq!(said.findings.count, 0, "{:?}", said.findings.kept);
}

/// What is under way may be ahead on either side; what must hold at any time is asked all the same.
#[test]
fn what_moves_is_no_difference_and_what_must_never_be_is_one() {
    let story: Vec<_> = story().into_iter().filter(|(_, nth, _)| *nth == 1).collect();
    let is_before = |until: &str| {
        let end = story.iter().position(|(kind, ..)| *kind == until).expect("it happens");
        model(&story[..end])
    };
    // The refund went out and nothing was heard of it; then it was heard of while the books were read.
    let (out, heard) = (is_before("payment.refunded"), model(&story));
    let one: Vec<Moved> = ledger().into_iter().filter(|row| row.4 == order(1)).collect();
    for (model, before) in [(&out, 1_000), (&heard, 4)] {
        let said = compared(model, &one, before, &Args::default());
        assert_eq!((said.findings.count, said.report.in_flight), (0, 1), "{:?}", said.findings.kept);
    }
    let early = is_before("payment.attempt_started");
    let said = compared(&early, &one, 1_000, &Args::default());
    assert!(said.names(9, "call at the bank"), "no intent of that refund: {:?}", said.findings.kept);
}

/// A bank may say yes to a refund and take it back, and may say later and give it.
#[test]
fn a_refund_that_may_still_turn_is_no_difference() {
    let mut story = story();
    story.retain(|(kind, ..)| *kind != "payment.refund_checked");
    let mut unpaid = ledger();
    unpaid.remove(3);
    let said = compared(&model(&story), &unpaid, 1_000, &Args::default());
    assert_eq!(said.findings.count, 0, "{:?}", said.findings.kept);
}

#[test]
fn what_others_do_with_a_shared_account_is_counted() {
    let mut all = ledger();
    all.push(("authorization", 5, "pi_x", None, order(3)));
    let args = |is_shared| Args { is_shared, ..Args::default() };
    let model = model(&story());
    let strange = |is_shared| {
        let (mut books, mut findings) = (Books::default(), Findings::default());
        books.banks.push(Read { url: "http://bank".into(), source: Source::Ledger, rows: 0 });
        let row = Row {
            kind: "capture",
            amount: 5,
            currency: "usd",
            intent: "pi_x",
            key: Some(None),
            store: None,
            order: None,
        };
        books.take(0, &row, &mut findings);
        let report = against(&model, books, 0, &args(is_shared), &mut findings);
        (findings.kept.iter().any(|one| one.what == "movements"), report.foreign)
    };
    assert_eq!(strange(false), (true, 1));
    assert_eq!(strange(true), (false, 1));
}

#[test]
fn an_address_without_a_key_or_scheme_is_refused() {
    let args = |banks: &[&str], keys: &[&str]| Args {
        banks: banks.iter().map(ToString::to_string).collect(),
        keys: keys.iter().map(ToString::to_string).collect(),
        ..Args::default()
    };
    assert!(args(&["127.0.0.1:4010"], &["sk"]).accounts().is_err());
    assert!(args(&["http://a", "http://b", "http://c"], &["sk", "sl"]).accounts().is_err());
    let both = args(&["http://a/", "http://b"], &["sk"]).accounts().expect("one key for all");
    assert_eq!(both, [("http://a".to_owned(), "sk".to_owned()), ("http://b".to_owned(), "sk".to_owned())]);
}
