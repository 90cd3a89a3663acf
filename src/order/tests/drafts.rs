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
        let mut body = serde_json::json!({
            "customer": {"id": "cus_1", "email": "ada@example.com"}, "currency": "USD",
            "lines": [{"sku": "A", "quantity": 1, "unit_price": 1}],
            "shipping_address": {"country": "GB"}, "payment": {"payment_method": "pm"}, "metadata": {},
        });
        match body.pointer_mut(at) {
            Some(place) => *place = value.clone(),
            None => panic!("{at} is not in the body"),
        }
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
