//! What a client sends, priced or refused.

use super::*;

#[test]
fn drafts_are_priced_from_line_or_catalogue_and_summed() {
    assert_eq!(cart().total, amount(2 * 1_999 + 500));
    assert_eq!(draft().faults(), vec![]);
}

#[test]
fn every_fault_of_a_draft_is_named_with_its_place() {
    let table: &[(&str, serde_json::Value, &str, &str)] = &[
        ("/lines", serde_json::json!([]), "/lines", "line_count"),
        ("/lines/0/quantity", 0.into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/quantity", (-1).into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/quantity", 4_294_967_297_i64.into(), "/lines/0/quantity", "invalid_quantity"),
        ("/lines/0/unit_price", 0.into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/unit_price", (-5).into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/unit_price", i64::MAX.into(), "/lines/0/unit_price", "invalid_price"),
        ("/lines/0/sku", "a\u{0}".into(), "/lines/0/sku", "invalid_sku"),
        ("/currency", "XXX".into(), "/currency", "unknown_currency"),
        ("/customer", serde_json::json!({}), "/customer", "customer_unknown"),
        ("/customer/id", "a\nb".into(), "/customer/id", "control_character"),
        ("/customer/email", "nobody".into(), "/customer/email", "invalid_email"),
        ("/customer/id", "x".repeat(257).into(), "/customer/id", "invalid_length"),
        (
            "/shipping_address",
            serde_json::json!({"country": "gb"}),
            "/shipping_address/country",
            "invalid_country",
        ),
        ("/payment/payment_method", "".into(), "/payment/payment_method", "invalid_length"),
        ("/metadata", serde_json::json!({"a/b": "\u{202e}"}), "/metadata/a~1b", "control_character"),
    ];
    for (at, value, pointer, code) in table {
        let body = with(at, value.clone());
        let faults = serde_json::from_value::<Draft>(body).expect("well formed").faults();
        let named: Vec<(&str, &str)> =
            faults.iter().map(|fault| (fault.pointer.as_str(), fault.code)).collect();
        assert_eq!(named, [(*pointer, *code)], "{at} = {value}");
    }
}

#[test]
fn a_draft_the_store_cannot_price_is_refused_line_by_line() {
    let mut draft = draft();
    draft.currency = "EUR".into();
    draft.lines[0].sku = "B".into();
    draft.lines[1].quantity = 1_000_000;
    draft.lines[1].unit_price = Some(99_999_999_999);
    let refused = draft.priced("USD".parse().expect("a code"), listed, || crate::types::LineId::from_bits(1));
    let codes: Vec<&str> = refused.expect_err("refused").iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["currency_mismatch", "unknown_sku", "total_too_large"]);
}

fn with(at: &str, value: serde_json::Value) -> serde_json::Value {
    let mut body = serde_json::json!({
        "customer": {"id": "cus_1", "email": "ada@example.com"}, "currency": "USD",
        "lines": [{"sku": "A", "quantity": 1, "unit_price": 1}],
        "shipping_address": {"country": "GB"}, "payment": {"payment_method": "pm"}, "metadata": {},
    });
    match body.pointer_mut(at) {
        Some(place) => *place = value,
        None => panic!("{at} is not in the body"),
    }
    body
}

fn codes(body: serde_json::Value) -> Vec<&'static str> {
    let draft: Draft = serde_json::from_value(body).expect("well formed");
    draft.faults().iter().map(|fault| fault.code).collect()
}

#[test]
fn what_is_just_within_the_bounds_is_taken_and_what_is_just_beyond_is_not() {
    let lines = |count: usize| {
        let line = serde_json::json!({"sku": "A", "quantity": 1, "unit_price": 1});
        serde_json::Value::from(vec![line; count])
    };
    let notes = |count: usize| {
        (0..count).map(|nth| (format!("note {nth}"), "".into())).collect::<serde_json::Map<_, _>>().into()
    };
    let text = |length: usize| serde_json::Value::from("é".repeat(length));
    let table: [(&str, serde_json::Value, &[&str]); 12] = [
        ("/lines", lines(1_000), &[]),
        ("/lines", lines(1_001), &["line_count"]),
        ("/customer/id", text(1), &[]),
        ("/customer/id", text(256), &[]),
        ("/customer/id", text(257), &["invalid_length"]),
        ("/customer", serde_json::json!({"id": "cus_1"}), &[]),
        ("/customer", serde_json::json!({"email": "a@b"}), &[]),
        ("/customer", serde_json::json!({"email": "@b"}), &["invalid_length"]),
        ("/metadata", notes(50), &[]),
        ("/metadata", notes(51), &["too_many_entries"]),
        ("/metadata", serde_json::json!({"k".repeat(40): "v".repeat(500)}), &[]),
        ("/metadata", serde_json::json!({"k".repeat(41): "v".repeat(501)}), &["invalid_length"; 2]),
    ];
    for (at, value, expected) in table {
        assert_eq!(codes(with(at, value.clone())), expected, "{at} = {value}");
    }
}

#[test]
fn one_fault_of_a_store_refuses_a_draft_whose_total_is_known() {
    let refused = |change: fn(&mut Draft)| {
        let mut draft = draft();
        change(&mut draft);
        let priced =
            draft.priced("USD".parse().expect("a code"), listed, || crate::types::LineId::from_bits(1));
        priced.expect_err("refused").iter().map(|fault| fault.code).collect::<Vec<_>>()
    };
    assert_eq!(refused(|draft| draft.currency = "EUR".into()), ["currency_mismatch"]);
    assert_eq!(refused(|draft| draft.lines[0].sku = "B".into()), ["unknown_sku"]);
}

#[test]
fn notes_are_an_object_in_which_no_key_stands_twice() {
    let refused = |notes: &str| {
        let body = with("/metadata", serde_json::json!({})).to_string();
        let body = body.replace(r#""metadata":{}"#, &format!(r#""metadata":{notes}"#));
        serde_json::from_str::<Draft>(&body).expect_err("refused").to_string()
    };
    assert!(refused("[]").contains("expected an object of texts"), "{}", refused("[]"));
    let twice = refused(r#"{"a": "1", "a": "2"}"#);
    assert!(twice.contains("duplicate field `a`"), "{twice}");
}
