//! Orders that nobody takes.

use serde_json::{Value, json};

use crate::support::{Basket, basket};

/// The most an order may come to, in minor units.
const AMOUNT_MAX: i64 = 99_999_999_999;

/// What is wrong, the body, and the place that must be named.
pub(super) type Case = (String, String, &'static str);

/// JSON that is no order.
pub(super) fn invalid() -> Vec<Case> {
    [quantities(), prices(), lines(), texts(), strangers(), shapes()].concat()
}

fn case(pointer: &'static str, basket: &Basket) -> Case {
    let value = basket.json().pointer(pointer).map_or("(nothing)".to_owned(), Value::to_string);
    (format!("{pointer} = {:.80}", value), basket.json().to_string(), pointer)
}

/// With another value where the problem is.
fn with(pointer: &'static str, value: Value) -> Case {
    case(pointer, &basket("MUG", 1).with(pointer, value))
}

/// With a number that only text can write.
fn written(pointer: &'static str, number: &str) -> Case {
    let body = basket("MUG", 1).with(pointer, json!("@@")).json().to_string();
    (format!("{pointer} = {number}"), body.replace("\"@@\"", number), pointer)
}

fn quantities() -> Vec<Case> {
    const AT: &str = "/lines/0/quantity";
    let mut cases: Vec<Case> =
        ["0", "-1", "1.5", "1e400", "9223372036854775808", "-9223372036854775809", "1000001", "4294967297"]
            .map(|number| written(AT, number))
            .to_vec();
    cases.extend([json!("1"), json!(null), json!([1]), json!(true)].map(|value| with(AT, value)));
    cases
}

fn prices() -> Vec<Case> {
    const AT: &str = "/lines/0/unit_price";
    let mut cases: Vec<Case> = ["0", "-5", "12.5", "9007199254740993", "100000000000", "1e400"]
        .map(|number| written(AT, number))
        .to_vec();
    let dear = |quantity| basket("MUG", quantity).with(AT, json!(AMOUNT_MAX));
    cases.push(with(AT, json!("1250")));
    cases.push(("a product that does not fit".into(), dear(1_000_000).json().to_string(), "/lines"));
    let sum = dear(1).and("MUG", 1).with("/lines/1/unit_price", json!(1));
    cases.push(("a sum that does not fit".into(), sum.json().to_string(), "/lines"));
    cases
}

fn lines() -> Vec<Case> {
    let line = json!({"sku": "MUG", "quantity": 1});
    let unknown = basket("MUG", 1).and("UNICORN", 1);
    vec![
        with("/lines", json!([])),
        with("/lines", json!(vec![line.clone(); 1_001])),
        with("/lines", json!(null)),
        with("/lines", line),
        with("/lines/0", json!("MUG")),
        with("/lines/0/sku", json!("UNICORN")),
        ("an unknown SKU on the second line".into(), unknown.json().to_string(), "/lines/1/sku"),
        with("/lines/0/sku", json!("")),
        with("/lines/0/sku", json!(" MUG")),
        with("/lines/0/sku", json!("x".repeat(65))),
        with("/lines/0/sku", json!("M\u{0}G")),
        case("/lines/0/quantity", &basket("MUG", 1).without("/lines/0/quantity")),
        case("/lines/0/sku", &basket("MUG", 1).without("/lines/0/sku")),
    ]
}

fn texts() -> Vec<Case> {
    let long = "x".repeat(257);
    let many: serde_json::Map<String, Value> = (0..51).map(|at| (format!("k{at}"), json!("v"))).collect();
    vec![
        with("/customer/id", json!("")),
        with("/customer/id", json!(long)),
        with("/customer/id", json!("a\nb")),
        with("/customer/email", json!("nowhere")),
        with("/customer/email", json!("ada@example.com\u{202e}")),
        with("/customer/ip", json!("300.1.1.1")),
        with("/shipping_address/name", json!("A\u{7}da")),
        with("/shipping_address/name", json!(long)),
        with("/shipping_address/city", json!("Lon\u{200b}don")),
        with("/shipping_address/country", json!("gb")),
        with("/shipping_address/country", json!("GBR")),
        with("/payment/payment_method", json!("")),
        with("/payment/payment_method", json!("pm_\u{0}")),
        with("/metadata", json!(many)),
        with("/metadata/channel", json!("x".repeat(501))),
        with("/metadata/channel", json!("a\u{1b}[31m")),
        with("/metadata/channel", json!(7)),
    ]
}

/// Members that nobody may set, and some that nobody knows.
fn strangers() -> Vec<Case> {
    ["/status", "/store_id", "/total", "/amount_captured", "/created_at", "/version", "/role", "/id", "/risk"]
        .map(|pointer| with(pointer, json!("confirmed")))
        .into_iter()
        .chain([
            with("/lines/0/total", json!(1)),
            with("/customer/is_admin", json!(true)),
            with("/payment/captured", json!(true)),
            with("/shipping_address/planet", json!("Mars")),
        ])
        .collect()
}

fn shapes() -> Vec<Case> {
    let twice =
        basket("MUG", 1).json().to_string().replacen("\"quantity\":1", "\"quantity\":1,\"quantity\":2", 1);
    vec![
        with("/currency", json!("EUR")),
        with("/currency", json!("usd")),
        with("/currency", json!("ZZZ")),
        with("/currency", json!("")),
        with("/currency", json!(840)),
        with("/customer", json!({})),
        with("/customer", json!("ada")),
        case("/customer", &basket("MUG", 1).without("/customer")),
        case("/payment", &basket("MUG", 1).without("/payment")),
        case("/currency", &basket("MUG", 1).without("/currency")),
        ("a member twice".into(), twice, "/lines/0/quantity"),
        ("a list".into(), "[]".into(), ""),
        ("nothing but a number".into(), "1".into(), ""),
    ]
}

/// What is no JSON, or more than anybody should have to read.
pub(super) fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let good = basket("MUG", 1).json().to_string();
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep_object = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    let inside = |value: &str| good.replace("\"web\"", value).into_bytes();
    vec![
        ("nothing", Vec::new()),
        ("white space", b"  \n".to_vec()),
        ("half", good.as_bytes()[..good.len() / 2].to_vec()),
        ("and more", format!("{good} 1").into_bytes()),
        ("twice", format!("{good}{good}").into_bytes()),
        ("a byte order mark", format!("\u{feff}{good}").into_bytes()),
        ("no JSON", b"<order/>".to_vec()),
        ("a comma too many", good.replace("}]", "},]").into_bytes()),
        ("single quotes", good.replace('"', "'").into_bytes()),
        ("a bare number that is none", inside("NaN")),
        ("a lone surrogate", inside("\"\\ud800\"")),
        ("a raw control character", inside("\"\u{1}\"")),
        ("no UTF-8", [&good.as_bytes()[..40], b"\xff\xfe"].concat()),
        ("129 levels of lists", deep(129).into_bytes()),
        ("129 levels of objects", deep_object(129).into_bytes()),
        ("100,000 levels", deep(100_000).into_bytes()),
        ("deep inside an order", inside(&deep(129))),
        ("deep inside an order, and left open", inside(&"[".repeat(100_000))),
    ]
}
