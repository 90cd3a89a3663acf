//! What a person wants to know when all is up.

use std::fmt::Write;

use super::HURRIED_DEADLINE_S;
use super::traffic::{Day, Mood};
use crate::seed::Plan;

const ORDER: &str = r#"{"customer": {"email": "ada@example.com"}, "currency": "USD", "lines": [{"sku": "TSHIRT-M", "quantity": 2}], "shipping_address": {"name": "Ada", "line1": "1 Loop Rd", "city": "London", "postal_code": "N1", "country": "GB"}, "payment": {"payment_method": "pm_card_visa"}}"#;

/// Where everything is, and two commands to begin with.
pub(super) fn message(url: &str, bank_url: &str, plans: &[Plan], day: Option<&Day>) -> String {
    let mut text = format!("OrderFlow is ready at {url} (the bank at {bank_url})\n\n");
    for store in plans.iter().flat_map(|plan| &plan.stores) {
        let (id, name, currency) = (&store.id, &store.name, store.currency);
        writeln!(text, "  store {id}: {name}, {} SKUs, {currency}", store.skus.len())
            .expect("a string takes text");
    }
    if let Some(Day { rate, seed, mood, .. }) = day {
        let bank = match mood {
            Mood::Calm => "the bank does what it is asked",
            Mood::Changing => "the bank is down for some seconds now and then (--calm keeps it up)",
        };
        writeln!(
            text,
            "  traffic: {rate} orders a second; {bank}; orders at acme expire after {HURRIED_DEADLINE_S} s;\n           \
             --traffic-seed {seed} makes this day again"
        )
        .expect("a string takes text");
    }
    let every_time = "-H 'X-Store-ID: acme'";
    write!(
        text,
        "\nPlace an order:\n\n  \
         ORDER=$(curl -sS {url}/v1/orders {every_time} -H 'Content-Type: application/json' -H \"Idempotency-Key: try-$(date +%s)\" \\\n    \
         -d '{ORDER}' | grep -o 'ord_[0-9A-Za-z]*' | head -n 1); echo $ORDER\n\n\
         Follow it:\n\n  \
         curl -sS {url}/v1/orders/$ORDER/timeline {every_time}\n\n\
         Ctrl-C stops both."
    )
    .expect("a string takes text");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_to_try_is_one_that_acme_takes() {
        let order: serde_json::Value = serde_json::from_str(ORDER).expect("JSON");
        let plans = super::super::embedded::plans().expect("good files");
        let sku = order["lines"][0]["sku"].as_str().expect("text");
        assert!(plans[0].stores[0].skus.iter().any(|sold| sold.sku.as_str() == sku));
        let rate = std::num::NonZeroU32::new(5).expect("not nought");
        let day = Day { rate, seed: 7, mood: Mood::Changing, most: 1 };
        let said = message("http://127.0.0.1:8080", "http://127.0.0.1:4010", &plans, Some(&day));
        for part in [
            "store acme: Acme Outfitters, 12 SKUs, USD",
            "store gifts: ",
            "5 orders a second",
            "--traffic-seed 7",
            "http://127.0.0.1:8080/v1/orders/$ORDER/timeline",
        ] {
            assert!(said.contains(part), "{said}");
        }
        assert!(!ORDER.contains('\''), "it stands between single quotes");
    }
}
