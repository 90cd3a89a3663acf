//! What a seed file may say, and how it is told when it says something else.

use super::fake::Fake;
use super::file::{Action, FulfillmentMode, OutOfStock};
use super::*;

const FILES: &[(&str, &[u8])] = &[
    (
        "good.toml",
        br#"
[[stores]]
id = "acme"
name = "Acme"
currency = "USD"
products = "list.csv"
[stores.settings]
out_of_stock = "backorder"
fulfillment = { mode = "manual" }
[[stores.skus]]
sku = "A"
unit_price = 100
on_hand = 5
[[stores.rules]]
name = "big"
action = "review"
when = "order.total > 5"
"#,
    ),
    (
        "good.json",
        br#"{"stores":[{"id":"acme","name":"Acme","currency":"JPY","skus":[{"sku":"A","on_hand":5}]}]}"#,
    ),
    ("list.csv", b"sku,name,unit_price,units_sold,on_hand\nB C,Cup,0.85,3,9\nD,Dish,0.00,4,\n"),
    ("fraction.csv", b"sku,name,unit_price,on_hand\nB,Cup,0.855,3\n"),
    ("stockless.csv", b"sku,name,unit_price\nB,Cup,0.85\n"),
    ("doubled.csv", b"sku,name,unit_price,on_hand\nA,Cup,0.85,3\n"),
];

fn load(name: &str) -> Result<Plan, SeedError> {
    from_shelf(&Shelf::Embedded(FILES), name, name.to_owned())
}

/// Parses a text by way of a directory, as the command does.
fn parse(name: &str, text: &str) -> Result<Plan, SeedError> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    for (file, bytes) in FILES {
        std::fs::write(directory.path().join(file), bytes).expect("written");
    }
    std::fs::write(directory.path().join(name), text).expect("written");
    from_path(&directory.path().join(name))
}

#[test]
fn a_good_file_becomes_a_plan() {
    let plan = load("good.toml").expect("a good file");
    let store = &plan.stores[0];
    assert_eq!(store.settings.out_of_stock, Some(OutOfStock::Backorder));
    assert_eq!(store.settings.fulfillment.as_ref().and_then(|it| it.mode), Some(FulfillmentMode::Manual));
    assert_eq!(
        store.rules.as_ref().map(|rules| (rules[0].action, rules[0].enabled)),
        Some((Action::Review, true))
    );
    let stock: Vec<_> = store.skus.iter().map(|it| (it.sku.as_str(), it.unit_price, it.on_hand)).collect();
    assert_eq!(stock, [("A", Some(100), 5), ("B C", Some(85), 9), ("D", None, 4)]);
    assert_eq!(load("good.json").expect("a good file").stores[0].rules, None);
}

#[test]
fn only_what_a_file_says_is_sent() {
    let plan = load("good.toml").expect("a good file");
    let store = &plan.stores[0];
    let settings = serde_json::to_value(&store.settings).expect("plain data");
    assert_eq!(
        settings,
        serde_json::json!({ "out_of_stock": "backorder", "fulfillment": { "mode": "manual" } })
    );
    let sku = serde_json::to_value(&store.skus[0]).expect("plain data");
    assert_eq!(
        sku,
        serde_json::json!({ "unit_price": 100, "on_hand": 5, "reorder_point": 0, "safety_stock": 0 })
    );
}

#[test]
fn a_bad_file_is_refused_with_file_and_key() {
    let head = "[[stores]]\nid = \"acme\"\nname = \"Acme\"\ncurrency = \"USD\"\n";
    let sku = "[[stores.skus]]\nsku = \"A\"\non_hand = 5\n";
    let rule = "[[stores.rules]]\nname = \"a\"\naction = \"block\"\nwhen = \"true\"\n";
    for (text, says) in [
        ("stores = 1".to_owned(), "bad.toml:1: stores: invalid type"),
        ("stores = []".to_owned(), "bad.toml: stores: no store in it"),
        ("stores = [".to_owned(), "bad.toml:1: "),
        (head.replace("acme", "Acme"), "bad.toml:2: stores[0].id: a store id is"),
        (head.replace("USD", "BTC"), "bad.toml:4: stores[0].currency: not an ISO 4217"),
        (head.replace("name", "nmae"), "stores[0].nmae: unknown field `nmae`"),
        (
            format!("{head}[stores.settings]\nreview = {{ sla = 5 }}"),
            "stores[0].settings.review.sla: unknown field `sla`",
        ),
        (
            format!("{head}[stores.settings]\ncapture = \"later\""),
            "stores[0].settings.capture: unknown variant `later`",
        ),
        (format!("{head}[stores.settings]\norder_deadline_s = -1"), "stores[0].settings.order_deadline_s: "),
        (format!("{head}{sku}").replace("5", "\"5\""), "stores[0].skus[0].on_hand: invalid type"),
        (format!("{head}{sku}{sku}"), "bad.toml: stores[0].skus: SKU A twice"),
        (format!("{head}{sku}unit_price = -1"), "stores[0].skus[0].unit_price: a negative price"),
        (format!("{head}{rule}").replace("block", "ban"), "stores[0].rules[0].action: unknown variant `ban`"),
        (format!("{head}{rule}{rule}"), "stores[0].rules[1].name: the same rule twice"),
        (format!("{head}{head}"), "stores[1].id: the same store twice"),
        (format!("{head}products = \"none.csv\""), "stores[0].products: none.csv: "),
        (
            format!("{head}products = \"fraction.csv\""),
            "unit_price of SKU B is not a whole number of minor units",
        ),
        (format!("{head}products = \"stockless.csv\""), "SKU B has neither on_hand nor units_sold"),
        (format!("{head}products = \"doubled.csv\"\n{sku}"), "stores[0].skus: SKU A twice"),
    ] {
        let said = parse("bad.toml", &text).expect_err(&text).to_string();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    }
    for (text, says) in [
        (
            r#"{"stores":[{"id":"a","name":"A","currency":"USD","colour":1}]}"#,
            "bad.json:1: stores[0].colour: unknown field",
        ),
        (r#"{"stores":["#, "bad.json:1: "),
        (r#"{"stores":[{"id":"a","name":"A","currency":"USD"}]} x"#, "bad.json:1: trailing"),
    ] {
        let said = parse("bad.json", text).expect_err(text).to_string();
        assert!(said.contains(says), "{said:?} does not say {says:?}");
    }
}

async fn planted(fake: &Fake, plan: &Plan, existing: Existing) -> StoreSummary {
    let client = Client::new(&fake.url, 4, Patience::default()).expect("a good address");
    let mut summary = plant(&client, plan, existing).await.expect("planted");
    summary.stores.remove(0)
}

#[actix_web::test]
async fn seeding_again_changes_nothing_and_sold_stock_stays_sold() {
    let fake = Fake::start();
    let plan = load("good.toml").expect("a good file");
    let first = planted(&fake, &plan, Existing::Keep).await;
    assert_eq!((first.store, first.skus_made, first.rules), (StoreChange::Made, 3, RulesChange::Set(1)));
    let key = ("acme".to_owned(), "B C".to_owned());
    assert_eq!(fake.with(|books| books.stock[&key]["on_hand"].clone()), 9);

    fake.with(|books| {
        books.writes.clear();
        books.stock.get_mut(&key).expect("made")["on_hand"] = 2.into();
    });
    let second = planted(&fake, &plan, Existing::Keep).await;
    assert_eq!(
        (second.store, second.skus_kept, second.rules),
        (StoreChange::Unchanged, 3, RulesChange::Unchanged(1))
    );
    assert_eq!(fake.with(|books| books.writes.clone()), ["POST /v1/stores"], "which the service refuses");
    assert_eq!(fake.with(|books| books.stock[&key]["on_hand"].clone()), 2);

    let third = planted(&fake, &plan, Existing::Overwrite).await;
    assert_eq!((third.skus_overwritten, third.skus_kept), (3, 0));
    assert_eq!(fake.with(|books| books.stock[&key]["on_hand"].clone()), 9);
    fake.stop().await;
}

#[actix_web::test]
async fn a_store_that_is_there_is_changed_only_where_it_differs() {
    let fake = Fake::start();
    let plan = load("good.toml").expect("a good file");
    planted(&fake, &plan, Existing::Keep).await;
    fake.with(|books| {
        let store = books.stores.get_mut("acme").expect("made");
        store["settings"]["out_of_stock"] = "cancel".into();
        store["settings"]["capture"] = "on_shipment".into();
        books.rules.clear();
    });
    let again = planted(&fake, &plan, Existing::Keep).await;
    assert_eq!((again.store, again.rules), (StoreChange::Changed, RulesChange::Set(1)));
    let settings = fake.with(|books| books.stores["acme"]["settings"].clone());
    assert_eq!(settings["out_of_stock"], "backorder");
    assert_eq!(settings["capture"], "on_shipment", "the file says nothing about it");

    fake.with(|books| books.stores.get_mut("acme").expect("made")["currency"] = "EUR".into());
    let client = Client::new(&fake.url, 4, Patience::default()).expect("a good address");
    let error = plant(&client, &plan, Existing::Keep).await.expect_err("another currency");
    assert!(matches!(error, SeedError::Currency { .. }), "{error}");
    fake.stop().await;
}

#[test]
fn the_seed_files_of_the_repository_are_good() {
    let directory = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/config/seed"));
    let acme = from_path(&directory.join("acme.toml")).expect("a good file");
    assert_eq!(acme.stores[0].skus.len(), 12);
    let gifts = from_path(&directory.join("gifts.toml")).expect("a good file");
    assert_eq!(gifts.stores[0].skus.len(), 3_033);
}
