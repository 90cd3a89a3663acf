//! A sound directory is clean; whatever is planted in it is found and named.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Args, BankArgs, Report, run};
use crate::journal::Journal as _;
use crate::journal::sqlite::{Options, SqliteJournal};
use crate::types::{StoreId, Timestamp};
use crate::views::tests::world::{Wish, World, id};
use crate::views::{self, Views};

const INLINE: views::Options = views::Options {
    records_max: 500,
    interval_ms: 250,
    readers: 1,
    cache_kib: 1_024,
    is_inline: true,
    keys_since: Timestamp::from_micros(0),
};

/// A stopped node's directory: two busy shops, views at the journal's end, or a bit before it.
fn directory(steps: u32, unseen: u32) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal");
    let views = Views::open(directory.path(), journal.clone(), INLINE).expect("views open");
    let mut world = World::new(journal.clone());
    let stock = [("TSHIRT-M", 400), ("MUG", 90), ("POST", 500), ("hat \"big\"", 20)];
    let shops: [StoreId; 2] = [world.shop("acme", &stock), world.shop("gifts", &stock)];
    let mut dice: u32 = 99;
    for nth in 0..steps {
        if nth == steps - unseen {
            world.settle();
            views.pump().expect("views follow");
        }
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let [_, what, which, how] = dice.to_le_bytes();
        world.happen(&shops[usize::from(nth % 5 == 0)], what, which, how % 200);
    }
    // Whatever rules and stock the dice left: this order goes all the way, and back.
    world.desk(&shops[0], crate::fraud::Command::SetRules { rules: Vec::new() });
    world.set_item(&shops[0], "TSHIRT-M", 10_000);
    world.sent_back(&shops[0], &Wish::of(&[("TSHIRT-M", 2)]));
    let done = world.confirmed(&shops[0], &Wish::of(&[("TSHIRT-M", 1)]));
    world.cancel(&shops[0], done);
    world.refunded(&shops[0], done);
    world.settle();
    if unseen == 0 {
        views.pump().expect("views follow");
    }
    drop(views);
    drop(world);
    journal.close();
    directory
}

fn check(directory: &Path) -> Report {
    run(&Args { data: directory.to_owned(), json: false, bank: BankArgs::default() })
        .expect("it can be checked")
}

fn open(kind: &str, doc: &[u8]) -> Value {
    fn json<T: DeserializeOwned + Serialize>(doc: &[u8]) -> Value {
        let doc: T = rmp_serde::from_slice(doc).expect("a document");
        serde_json::to_value(doc).expect("JSON")
    }
    match kind {
        "order" => json::<crate::order::Order>(doc),
        "payment" => json::<crate::payment::State>(doc),
        "fulfillment" => json::<crate::fulfillment::Fulfillment>(doc),
        "returns" => json::<crate::returns::Book>(doc),
        "item" => json::<crate::inventory::Item>(doc),
        "review" => json::<crate::fraud::Review>(doc),
        "store" => json::<crate::store::settings::Store>(doc),
        other => panic!("no documents are of kind {other}"),
    }
}

fn close(kind: &str, json: Value) -> Vec<u8> {
    fn doc<T: DeserializeOwned + Serialize>(json: Value) -> Vec<u8> {
        let doc: T = serde_json::from_value(json).expect("still a document");
        rmp_serde::to_vec_named(&doc).expect("a document goes to memory")
    }
    match kind {
        "order" => doc::<crate::order::Order>(json),
        "payment" => doc::<crate::payment::State>(json),
        "fulfillment" => doc::<crate::fulfillment::Fulfillment>(json),
        "returns" => doc::<crate::returns::Book>(json),
        "item" => doc::<crate::inventory::Item>(json),
        "review" => doc::<crate::fraud::Review>(json),
        "store" => doc::<crate::store::settings::Store>(json),
        other => panic!("no documents are of kind {other}"),
    }
}

fn harm(directory: &Path, file: &str, sql: &str) {
    let file = Connection::open(directory.join(file)).expect("the file opens");
    let flags = FunctionFlags::SQLITE_DETERMINISTIC;
    // doc_get(kind, doc, pointer) and doc_set(kind, doc, pointer, JSON value): documents as one would write them in JSON.
    file.create_scalar_function("doc_get", 3, flags, |of| {
        let json = open(of.get_raw(0).as_str()?, of.get_raw(1).as_blob()?);
        Ok(json.pointer(of.get_raw(2).as_str()?).and_then(Value::as_i64))
    })
    .expect("a function");
    file.create_scalar_function("doc_set", 4, flags, |of| {
        let kind = of.get_raw(0).as_str()?;
        let mut json = open(kind, of.get_raw(1).as_blob()?);
        let place = json.pointer_mut(of.get_raw(2).as_str()?).expect("a document has what is to be changed");
        *place = serde_json::from_str(of.get_raw(3).as_str()?).expect("JSON");
        Ok(close(kind, json))
    })
    .expect("a function");
    let changed = file.execute(sql, []).expect("harm done");
    assert!(changed > 0, "{sql}");
}

#[test]
fn a_sound_directory_is_clean() {
    let directory = directory(1_500, 0);
    let report = check(directory.path());
    assert!(report.is_clean(), "{report}");
    assert_eq!((report.stores, report.views_position), (2, Some(report.records)));
    assert!(report.orders > 100 && report.in_flight > 10 && report.in_flight < report.orders);
    assert!(report.balances.iter().any(|balance| balance.captured > 0 && balance.refunded > 0));
    assert!(report.unchecked_kinds.is_empty(), "{report}");
    let json = Report { is_json: true, ..report }.to_string();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
}

#[test]
fn views_behind_the_journal_are_compared_where_they_are_and_at_its_end() {
    let directory = directory(1_500, 200);
    let report = check(directory.path());
    assert!(report.is_clean(), "{report}");
    assert!(report.views_position < Some(report.records));
    std::fs::remove_file(directory.path().join("views.db")).expect("removed");
    let report = check(directory.path());
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.views_position, None);
    assert!(!directory.path().join("views.db").exists(), "nothing is changed on disk");
}

#[test]
fn every_planted_difference_is_named() {
    let captured = "SELECT no FROM orders WHERE store = 1 AND doc_get('order', doc, '/placed/money/captured') > 0 LIMIT 1";
    let left = "SELECT no FROM orders WHERE store = 1 AND CASE WHEN fulfillment IS NOT NULL
                THEN doc_get('fulfillment', fulfillment, '/opened/orders/0/phase/shipped/attempts') END IS NOT NULL LIMIT 1";
    let back = "SELECT no FROM orders WHERE store = 1 AND CASE WHEN returns IS NOT NULL
                THEN doc_get('returns', returns, '/returns/0/lines/0/received') > 0 ELSE FALSE END LIMIT 1";
    let review = "store = 1 AND kind = 2 AND id = (SELECT min(id) FROM docs WHERE store = 1 AND kind = 2)";
    let plants = [
        (format!("UPDATE orders SET doc = doc_set('order', doc, '/placed/money/captured', '7') WHERE no = ({captured})"), "acme", "captured"),
        (format!("UPDATE orders SET doc = doc_set('order', doc, '/placed/version', '99') WHERE no = ({captured})"), "acme", "version"),
        (format!("UPDATE orders SET payment = doc_set('payment', payment, '/begun/charge/captured', '1') WHERE no = ({captured})"), "acme", "captured"),
        (format!("UPDATE orders SET due = 5 WHERE no = ({captured} OFFSET 3)"), "acme", "due"),
        (format!("UPDATE orders SET fulfillment = doc_set('fulfillment', fulfillment, '/opened/orders/0/phase', '\"canceled\"') WHERE no = ({left})"), "acme", "word"),
        (format!("UPDATE orders SET fulfillment = doc_set('fulfillment', fulfillment, '/opened/orders/0/phase/shipped/attempts', '9') WHERE no = ({left})"), "acme", "attempts"),
        ("UPDATE orders SET fulfillment = NULL WHERE no IN (SELECT no FROM orders WHERE store = 2 AND fulfillment IS NOT NULL LIMIT 1)".into(), "gifts", "existence"),
        (format!("UPDATE orders SET returns = doc_set('returns', returns, '/returns/0/lines/0/received', '0') WHERE no = ({back})"), "acme", "pieces that came back"),
        (format!("UPDATE orders SET returns = doc_set('returns', returns, '/returns/0/phase', '\"declined\"') WHERE no = ({back})"), "acme", "status"),
        (format!("UPDATE orders SET returns = NULL WHERE no = ({back})"), "acme", "count"),
        ("UPDATE returns SET status = 'lost' WHERE no = (SELECT max(no) FROM returns WHERE store = 1)".into(), "acme", "place in the list of returns"),
        ("UPDATE returns SET no = no + 100000 WHERE no = (SELECT max(no) FROM returns WHERE store = 1)".into(), "acme", "place in the list of returns"),
        ("DELETE FROM returns WHERE no = (SELECT min(no) FROM returns WHERE store = 1)".into(), "acme", "place in the list of returns"),
        ("UPDATE skus SET doc = doc_set('item', doc, '/levels/balance/damaged', '77') WHERE store = 1 AND sku = 'MUG'".into(), "acme", "damaged"),
        (format!("UPDATE orders SET reservation = NULL WHERE no = ({captured} OFFSET 2)"), "acme", "reservation"),
        (format!("UPDATE orders SET events = x'01' WHERE no = ({captured})"), "acme", "places of its events"),
        (format!("DELETE FROM orders WHERE no = ({captured})"), "acme", "orders"),
        ("UPDATE skus SET doc = doc_set('item', doc, '/levels/balance/reserved', '77') WHERE store = 2 AND sku = 'MUG'".into(), "gifts", "reserved"),
        ("UPDATE skus SET doc = doc_set('item', doc, '/levels/balance/on_hand', '3') WHERE store = 1 AND sku = 'POST'".into(), "acme", "on_hand"),
        ("UPDATE skus SET ledger = x'05' WHERE store = 1 AND sku = 'POST'".into(), "acme", "places of its ledger"),
        ("UPDATE stores SET sequence = sequence + 1 WHERE no = 2".into(), "gifts", "sequence"),
        ("UPDATE stores SET figures = json_set(figures, '$.captured', 1) WHERE no = 1".into(), "acme", "captured"),
        ("UPDATE stores SET figures = json_set(figures, '$.orders[3]', 1000) WHERE no = 1".into(), "acme", "orders confirmed"),
        ("UPDATE stores SET figures = json_set(figures, '$.retrying', 1000) WHERE no = 2".into(), "gifts", "retrying"),
        ("UPDATE stores SET events = x'01' WHERE no = 1".into(), "acme", "places of its events"),
        ("UPDATE stores SET orders = x'' WHERE no = 1".into(), "acme", "place in its list"),
        ("DELETE FROM stores WHERE no = 2".into(), "gifts", "existence"),
        ("UPDATE docs SET doc = doc_set('store', doc, '/known/name', '\"Other\"') WHERE store = 2 AND kind = 1".into(), "gifts", "name"),
        ("UPDATE docs SET doc = doc_set('store', doc, '/known/settings/reservation_ttl_s', '7') WHERE store = 1 AND kind = 1".into(), "acme", "settings"),
        ("UPDATE docs SET doc = doc_set('store', doc, '/known/settings/fulfillment/stalled_s', '7') WHERE store = 2 AND kind = 1".into(), "gifts", "settings"),
        ("UPDATE docs SET doc = doc_set('store', doc, '/known/status', '\"suspended\"') WHERE store = 2 AND kind = 1".into(), "gifts", "status"),
        ("DELETE FROM docs WHERE store = 1 AND kind = 3".into(), "acme", "fraud rules"),
        (format!("UPDATE docs SET doc = doc_set('review', doc, '/score', '1') WHERE ({review})"), "acme", "score"),
        (format!("UPDATE docs SET doc = doc_set('review', doc, '/status', '\"open\"'), due = 5 WHERE ({review})"), "acme", "due"),
        (format!("UPDATE docs SET doc = doc_set('review', doc, '/rules', '[\"mine\"]') WHERE ({review})"), "acme", "rules"),
        (format!("DELETE FROM docs WHERE ({review})"), "acme", "reviews"),
        ("UPDATE stores SET assessed = x'01' WHERE no = 1".into(), "acme", "places of its assessments"),
        (format!("UPDATE orders SET doc = doc_set('order', doc, '/placed/goods', '{{\"refunded\": 3}}') WHERE no = ({left})"), "acme", "canceled lines refunded"),
        ("UPDATE progress SET figures = json_set(figures, '$.USD.refunded', 5)".into(), "", "refunded"),
    ];
    let sound = directory(1_200, 0);
    for (sql, store, what) in plants {
        let copy = tempfile::tempdir().expect("a directory");
        for file in std::fs::read_dir(sound.path()).expect("a directory") {
            let file = file.expect("a file").path();
            std::fs::copy(&file, copy.path().join(file.file_name().expect("a name"))).expect("copied");
        }
        harm(copy.path(), "views.db", &sql);
        let report = check(copy.path());
        let is_named = report.differences.iter().any(|one| one.store == store && one.what == what);
        assert!(is_named, "{sql}\n{report}");
    }
}

#[test]
fn a_journal_that_breaks_the_rules_is_told_whatever_the_views_say() {
    use crate::journal::{Append, Row};
    let directory = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal");
    let mut world = World::new(journal.clone());
    let acme = world.shop("acme", &[("MUG", 3)]);
    let order = world.confirmed(&acme, &Wish::of(&[("MUG", 2)]));
    world.settle();
    let (heard, settled) = std::sync::mpsc::channel();
    let lane = journal.open_lane(Box::new(move |outcome| drop(heard.send(outcome))));
    let sequence = world.shops[&acme].sequence;
    let event = |nth: u64, kind: &'static str, data: serde_json::Value| {
        let subject = order.to_string();
        let body =
            serde_json::json!({"v": 1, "subject": subject, "order": subject, "actor": "bank", "data": data});
        Row {
            sequence: sequence + nth,
            at: world.now,
            kind,
            body: body.to_string().into_bytes(),
            origin: None,
        }
    };
    let lines = serde_json::json!([{"sku": "MUG", "quantity": 2}]);
    let intent = format!("pi_{}", order.bits());
    let rows = vec![
        event(
            1,
            "inventory.reserved",
            serde_json::json!({"reservation": crate::types::ReservationId::from_bits(order.bits()), "order": order, "lines": lines, "expires_at": world.now, "policy": "cancel"}),
        ),
        event(
            2,
            "payment.refunded",
            serde_json::json!({"order": order, "refund": 1, "id": "re", "intent": intent, "amount": 5_000}),
        ),
        event(
            3,
            "payment.refund_requested",
            serde_json::json!({"order": order, "refund": 2, "intent": intent, "amount": 5_000, "reason": "goodwill"}),
        ),
        event(4, "order.confirmed", serde_json::json!({"id": order})),
        event(5, "order.paid", serde_json::json!({"id": order, "authorized": 9_000, "captured": 9_000})),
        event(6, "parcel.sent", serde_json::json!({})),
    ];
    journal.append(Append { lane, ticket: 1, store: id("acme"), generation: 2, rows });
    assert!(settled.recv().expect("the journal answers").refused.is_empty());
    drop(world);
    journal.close();
    let report = check(directory.path());
    let named = |what: &str| report.differences.iter().any(|one| one.store == "acme" && one.what == what);
    for what in ["available", "life of its hold", "refunded", "refunds asked for", "step", "captured"] {
        assert!(named(what), "{what}\n{report}");
    }
    assert_eq!(report.unchecked_kinds, ["parcel.sent"]);
}

/// Raised, repeated, ended by a person and by its condition: what the checker makes of every sort of alert is what the desk does.
#[test]
fn the_checker_knows_every_kind_of_alert_of_this_release() {
    use crate::alert::{Command, Kind, Signal};
    let directory = tempfile::tempdir().expect("a directory");
    let journal = SqliteJournal::open(directory.path(), Options::default()).expect("a journal");
    let views = Views::open(directory.path(), journal.clone(), INLINE).expect("views open");
    let mut world = World::new(journal.clone());
    let acme = world.shop("acme", &[("MUG", 3)]);
    for kind in Kind::ALL.iter().copied() {
        for subject in ["left", "ended", "tended", "over"] {
            let raise =
                |times| Signal::Raise { kind, subject: subject.into(), message: "see to it".into(), times };
            let clear = || Signal::Clear { kind, subject: subject.into(), times: 0 };
            let id = world.observe(&acme, raise(1));
            world.observe(&acme, raise(2));
            let by = Some("ada".into());
            match subject {
                "ended" => {
                    world.observe(&acme, clear());
                }
                "tended" => {
                    world.alert(&acme, Command::Resolve { id, by });
                }
                "over" => {
                    world.alert(&acme, Command::Resolve { id, by });
                    world.observe(&acme, clear());
                    world.observe(&acme, raise(1));
                }
                _ => {}
            }
        }
    }
    for _ in 0..4 {
        world.now = world.now.plus_secs(24 * 3_600);
        world.alert(&acme, Command::Escalate);
    }
    world.settle();
    views.pump().expect("views follow");
    drop(views);
    drop(world);
    journal.close();
    let report = check(directory.path());
    assert!(report.is_clean() && report.unchecked_kinds.is_empty(), "{report}");
}

#[test]
fn the_checker_knows_every_kind_of_this_release() {
    use crate::runtime::Event;
    let mut model = super::Model::default();
    let order = crate::types::OrderId::from_bits(1);
    let body = format!(r#"{{"v":1,"subject":"x","order":"{order}","actor":"api","data":{{}}}}"#);
    let kinds = [
        crate::order::Event::KINDS,
        crate::payment::Event::KINDS,
        crate::inventory::Event::KINDS,
        crate::fraud::Event::KINDS,
        crate::fulfillment::Event::KINDS,
        crate::alert::Event::KINDS,
        crate::returns::Event::KINDS,
        crate::store::settings::Event::KINDS,
    ];
    // What an update says decides which it is; the other tests have all of them.
    for kind in kinds.concat().into_iter().filter(|kind| *kind != "inventory.updated") {
        let record = crate::journal::Record {
            position: model.position + 1,
            store: "acme",
            sequence: model.position + 1,
            at: crate::views::tests::world::START,
            kind,
            bytes: body.as_bytes(),
            origin: None,
        };
        model.apply(&record, &mut super::Findings::default());
    }
    assert!(model.unchecked.is_empty(), "{:?}", model.unchecked);
}

/// What is found in a journal of these records of one order: kind, seconds since the first, request key, data.
fn found(records: &[(&'static str, u64, Option<u128>, Value)]) -> Vec<String> {
    let order = crate::types::OrderId::from_bits(1);
    let (mut model, mut findings) = (super::Model::default(), super::Findings::default());
    for (kind, after_s, key, data) in records {
        let body = serde_json::json!({"v": 1, "order": order, "data": data, "key": {"key": key.map(|key| format!("{key:032x}"))}});
        let body = body.to_string();
        let record = crate::journal::Record {
            position: model.position + 1,
            store: "acme",
            sequence: model.position + 1,
            at: crate::views::tests::world::START.plus_secs(*after_s),
            kind,
            bytes: body.as_bytes(),
            origin: None,
        };
        model.apply(&record, &mut findings);
    }
    model.finish(&mut findings);
    findings.kept.into_iter().map(|one| one.what).collect()
}

fn cart() -> Value {
    serde_json::json!({"cart": {"total": 500, "lines": [{"quantity": 1, "unit_price": 500}]}})
}

#[test]
fn two_orders_of_one_request_are_found_until_its_key_may_be_forgotten() {
    let day = 24 * 3_600;
    let placed = |after_s, key| ("order.created", after_s, Some(key), cart());
    let request = "request".to_owned();
    assert!(found(&[placed(0, 7), placed(day - 1, 7)]).contains(&request));
    assert!(!found(&[placed(0, 7), placed(day, 7)]).contains(&request));
    assert!(!found(&[placed(0, 7), placed(1, 8)]).contains(&request));
}

#[test]
fn money_kept_of_an_order_that_ended_is_found_though_a_parcel_had_waited_for_it() {
    let nothing = || serde_json::json!({});
    let story = [
        ("order.created", cart()),
        ("order.stock_held", nothing()),
        ("order.cleared", nothing()),
        ("order.paid", serde_json::json!({"authorized": 500, "captured": 0})),
        ("order.confirmed", nothing()),
        ("order.capture_requested", serde_json::json!({"number": 1, "units": 1})),
        ("order.canceled", serde_json::json!({"reason": "customer"})),
        ("order.fulfillment_canceled", nothing()),
        ("order.stock_released", nothing()),
        ("order.payment_undone", serde_json::json!({"captured": 500, "refunded": 0})),
    ];
    let found = found(&story.map(|(kind, data)| (kind, 0, None, data)));
    assert!(found.contains(&"money kept, by order and by payment".to_owned()), "{found:?}");
}

/// A line of 500 and one of 300, of which the second is canceled.
#[test]
fn what_canceled_lines_cost_is_what_goes_back_for_them() {
    let lines = [crate::types::LineId::from_bits(1), crate::types::LineId::from_bits(2)];
    let story = |back: Option<i64>| {
        let priced = serde_json::json!([
            {"id": lines[0], "quantity": 1, "unit_price": 500},
            {"id": lines[1], "quantity": 2, "unit_price": 300},
        ]);
        let progress = serde_json::json!({"progress":
            {"shipped": 1, "delivered": 1, "canceled": [{"line": lines[1], "quantity": 2}]}});
        let nothing = || serde_json::json!({});
        let mut story = vec![
            ("order.created", serde_json::json!({"cart": {"total": 1_100, "lines": priced}})),
            ("order.stock_held", nothing()),
            (
                "fraud.assessed",
                serde_json::json!({"order": "ord", "decision": "pass", "score": 3, "level": "normal"}),
            ),
            ("order.cleared", nothing()),
            ("order.paid", serde_json::json!({"authorized": 1_100, "captured": 1_100})),
            ("order.confirmed", nothing()),
            ("order.fulfillment_updated", progress.clone()),
        ];
        story.extend(back.map(|value| ("order.lines_refunded", serde_json::json!({"value": value}))));
        story.push(("order.completed", progress));
        found(&story.into_iter().map(|(kind, data)| (kind, 0, None, data)).collect::<Vec<_>>())
    };
    let what = "canceled lines refunded".to_owned();
    assert!(!story(Some(600)).contains(&what));
    for lie in [None, Some(599), Some(601), Some(1_100)] {
        assert!(story(lie).contains(&what), "{lie:?}");
    }
}

#[test]
fn an_order_goes_on_only_as_the_fraud_desk_lets_it() {
    let nothing = || serde_json::json!({});
    let assessed = |decision: &str| {
        ("fraud.assessed", serde_json::json!({"decision": decision, "score": 70, "level": "elevated"}))
    };
    let opened = || {
        let due_at = crate::views::tests::world::START.plus_secs(60);
        (
            "fraud.review_opened",
            serde_json::json!({"rules": [], "score": 70, "due_at": due_at, "on_lapse": "reject"}),
        )
    };
    let decided = |kind, by: &str| (kind, serde_json::json!({ "by": by }));
    let found = |steps: Vec<(&'static str, Value)>| {
        let begun = [("order.created", cart()), ("order.stock_held", nothing())];
        let story = begun.into_iter().chain(steps);
        found(&story.map(|(kind, data)| (kind, 0, None, data)).collect::<Vec<_>>())
    };
    let (cleared, parked) = (("order.cleared", nothing()), ("order.parked_for_review", nothing()));
    let passed = ("order.review_passed", nothing());
    let approved = decided("fraud.review_approved", "person");
    for sound in [
        vec![assessed("pass"), cleared.clone()],
        vec![assessed("allow"), cleared.clone()],
        vec![assessed("review"), opened(), parked.clone(), approved.clone(), passed.clone()],
    ] {
        let found = found(sound);
        let is_about = |what: &String| what == "verdict" || what == "step of a review";
        assert!(!found.iter().any(is_about), "{found:?}");
    }
    for (what, lie) in [
        ("verdict", vec![cleared.clone()]),
        ("verdict", vec![assessed("block"), cleared.clone()]),
        ("verdict", vec![assessed("review"), opened(), cleared]),
        ("verdict", vec![assessed("pass"), parked.clone()]),
        (
            "verdict",
            vec![assessed("review"), opened(), parked, decided("fraud.review_rejected", "person"), passed],
        ),
        ("step of a review", vec![assessed("pass"), opened()]),
        ("step of a review", vec![assessed("review"), opened(), approved.clone(), approved.clone()]),
        ("step of a review", vec![assessed("review"), approved]),
        ("step of a review", vec![assessed("review"), opened(), decided("fraud.review_approved", "lapse")]),
        ("step of a review", vec![assessed("review"), opened(), decided("fraud.review_rejected", "lapse")]),
        (
            "level of its risk",
            vec![("fraud.assessed", serde_json::json!({"decision": "pass", "score": 70, "level": "normal"}))],
        ),
    ] {
        let found = found(lie.clone());
        assert!(found.iter().any(|one| one == what), "{lie:?}: {found:?}");
    }
}

#[test]
fn a_store_is_provisioned_once_and_then_changed() {
    let nothing = || serde_json::json!({});
    let found = |kinds: &[&'static str]| {
        let story: Vec<_> = kinds.iter().map(|kind| (*kind, 0, None, nothing())).collect();
        found(&story).contains(&"step of a store".to_owned())
    };
    let (made, suspended, resumed) = ("store.provisioned", "store.suspended", "store.resumed");
    assert!(!found(&[made, "store.configured", suspended, "store.configured", resumed, suspended]));
    for lie in [&["store.configured"][..], &[made, made], &[made, resumed], &[made, suspended, suspended]] {
        assert!(found(lie), "{lie:?}");
    }
}
