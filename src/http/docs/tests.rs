//! The document is that of this program: its routes, its words, its problems.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::http::json;
use crate::problem::Code;
use crate::{alert, fulfillment, inventory, order, returns};

/// Every `METHOD path` that `routes` registers, read from its text.
fn registered() -> BTreeSet<String> {
    let text = include_str!("../mod.rs");
    let table = text.split_once("pub fn routes(").expect("the route table").1;
    let table = table.split_once("default_service").expect("its end").0;
    let mut all = BTreeSet::new();
    for service in table.split("resource(").skip(1) {
        let (path, rest) = service.split_once(')').expect("a path");
        let path = if path == "health::LIVEZ" { crate::http::health::LIVEZ } else { path.trim_matches('"') };
        for method in ["get", "post", "put", "patch", "delete"] {
            if rest.contains(&format!(".{method}(")) {
                all.insert(format!("{method} {path}"));
            }
        }
    }
    assert!(all.len() > 40, "the table was not understood: {all:?}");
    all
}

#[test]
fn every_route_is_documented_and_every_documented_route_is_there() {
    let documented: BTreeSet<String> =
        API.routes.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    assert_eq!(documented.len(), API.routes.len(), "a route stands there twice");
    let registered = registered();
    let missing: Vec<_> = registered.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&registered).collect();
    assert!(missing.is_empty(), "describe these in src/http/docs/api.toml: {missing:?}");
    assert!(gone.is_empty(), "src/http/docs/api.toml describes what is not served: {gone:?}");
}

#[test]
fn every_name_that_is_used_is_described_and_every_code_is_one_of_ours() {
    let document = document::of(&API);
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    assert_eq!(
        schemas.len(),
        API.words.len() + API.requests.len() + API.views.len(),
        "a name stands there twice"
    );
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let unknown: Vec<_> = used.iter().filter(|name| !schemas.contains_key(*name)).collect();
    assert!(unknown.is_empty(), "no such schema: {unknown:?}");
    let idle: Vec<_> = schemas.keys().filter(|name| !used.contains(*name)).collect();
    assert!(idle.is_empty(), "nobody uses {idle:?}");
    let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.kind().code).collect();
    for route in &API.routes {
        for code in &route.problems {
            assert!(codes.contains(code.as_str()), "{} {}: {code}", route.method, route.path);
        }
        assert!(API.tags.contains_key(&route.tag), "{}", route.tag);
        assert_eq!(route.parameter().is_some(), route.id.is_some(), "{} names something", route.path);
    }
    let ids: BTreeSet<String> = API.routes.iter().map(Route::anchor).collect();
    assert_eq!(ids.len(), API.routes.len(), "operations are told apart by their ids");
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str) {
                found.insert(name.trim_start_matches("#/components/schemas/").to_owned());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_words_are_those_of_the_code() {
    fn check<T: Copy>(name: &str, all: &[T], word: impl Fn(T) -> &'static str) {
        let ours: Vec<&str> = all.iter().map(|one| word(*one)).collect();
        assert_eq!(API.words[name].split('|').collect::<Vec<_>>(), ours, "{name}");
    }
    check("OrderStatus", order::Status::ALL, order::Status::word);
    check("PaymentStatus", order::PaymentStatus::ALL, order::PaymentStatus::word);
    check("FulfillmentStatus", order::FulfillmentStatus::ALL, order::FulfillmentStatus::word);
    check("CancelReason", order::CancelReason::ALL, order::CancelReason::word);
    check("AlertKind", alert::Kind::ALL, alert::Kind::name);
    check("Severity", alert::Severity::ALL, alert::Severity::name);
    check("WorkStatus", fulfillment::Status::ALL, fulfillment::Status::word);
    check("WorkStage", fulfillment::Stage::ALL, fulfillment::Stage::word);
    check("HoldReason", fulfillment::HoldReason::ALL, fulfillment::HoldReason::word);
    check("TrackerStatus", fulfillment::TrackerStatus::ALL, fulfillment::TrackerStatus::word);
    check("ReturnStatus", returns::Phase::ALL, returns::Phase::word);
    check("ReturnReason", returns::Reason::ALL, returns::Reason::word);
    check("Disposition", returns::Disposition::ALL, returns::Disposition::word);
    for condition in API.words["Condition"].split('|') {
        let read: Result<inventory::Condition, _> = serde_json::from_value(condition.into());
        assert_eq!(read.expect("one of ours").name(), condition);
    }
}

#[test]
fn every_sample_is_what_its_schema_says() {
    let document = document::of(&API);
    for name in API.requests.keys().chain(API.views.keys()).chain(API.words.keys()) {
        let sample = shapes::sample(&API, name);
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": document["components"],
        });
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        let faults: Vec<String> = validator.iter_errors(&sample).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{name}: {faults:?} in {sample}");
    }
    // And the one that most will begin with is an order.
    let order = shapes::sample(&API, "NewOrder").to_string();
    let draft: order::Draft = json::read(order.as_bytes()).expect("readable");
    assert!(draft.faults().is_empty());
}

#[test]
fn the_page_names_every_route_and_needs_nothing_from_anywhere() {
    let page = page::of(&API, &document::of(&API));
    for route in &API.routes {
        assert!(page.contains(&format!("id=\"{}\"", route.anchor())), "{}", route.path);
    }
    for foreign in ["<script", "src=", "https://", "url(", "@import", "onclick", "style=\""] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    assert!(page.ends_with("</html>\n") && page.len() < 400_000, "{}", page.len());
    assert!(page::policy().starts_with("default-src 'none'; style-src 'sha256-"));
}
