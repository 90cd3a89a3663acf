//! What a flat order stands for, and what is said of one that stands for none.

use serde_json::{Value, json};

use super::Flat;
use crate::http::{form, json as body};
use crate::order::Draft;
use crate::problem::Problem;

fn draft(text: &str) -> Result<Draft, Problem> {
    let flat: Flat = body::read(text.as_bytes())?;
    let shape = flat.shape();
    let draft = flat.draft().map_err(Problem::invalid)?;
    let faults = draft.faults();
    if faults.is_empty() {
        Ok(draft)
    } else {
        Err(Problem::invalid(faults.into_iter().map(|fault| shape.placed(fault)).collect()))
    }
}

fn filled_in(text: &str) -> Result<Draft, Problem> {
    draft(std::str::from_utf8(&form::to_json(text.as_bytes())?).expect("JSON is text"))
}

fn says(read: Result<Draft, Problem>) -> String {
    match read {
        Ok(draft) => format!("{:?}", draft.lines.iter().map(|line| line.unit_price).collect::<Vec<_>>()),
        Err(problem) => {
            let body: Value = serde_json::from_slice(&problem.body("/", "r")).expect("JSON");
            let error = &body["errors"][0];
            format!("{} {}", error["pointer"], error["code"]).replace('"', "")
        }
    }
}

fn flat() -> Value {
    json!({"customer_name": "Ada", "email": "ada@example.com", "currency": "USD", "sku": "MUG", "quantity": 2,
           "price": "19.99", "street": "1 Loop Rd", "city": "London", "postal_code": "N1", "country": "GB",
           "card_number": "4242 4242 4242 4242"})
}

#[test]
fn form_and_json_stand_for_the_same_order() {
    let form = "customer_name=Ada&email=ada%40example.com&currency=USD&sku=MUG&quantity=2&price=19.99&street=1+Loop+Rd\
                &street2=&city=London&state=&postal_code=N1&country=GB&card_number=4242-4242-4242-4242";
    let (form, json) = (filled_in(form).expect("good"), draft(&flat().to_string()).expect("good"));
    assert_eq!(format!("{form:?}"), format!("{json:?}"));
    assert_eq!((json.lines[0].unit_price, json.lines[0].quantity), (Some(1_999), 2));
    assert_eq!(json.payment.payment_method, "pm_card_visa");
    assert_eq!(json.shipping_address.and_then(|address| address.name).as_deref(), Some("Ada"));

    let many = "email=a%40b.c&currency=JPY&payment_method=pm_x&items[0][sku]=A&items[0][quantity]=1&items[0][price]=500\
                &items[1][sku]=B&items[1][quantity]=3";
    let many = filled_in(many).expect("good");
    let lines: Vec<_> =
        many.lines.iter().map(|line| (line.sku.as_str(), line.quantity, line.unit_price)).collect();
    assert_eq!(lines, [("A", 1, Some(500)), ("B", 3, None)]);
}

#[test]
fn prices_are_exact_or_refused() {
    for (currency, price, expected) in [
        ("USD", json!(19.99), "[Some(1999)]"),
        ("USD", json!("19.9"), "[Some(1990)]"),
        ("USD", json!(20), "[Some(2000)]"),
        ("USD", json!("0.290"), "[Some(29)]"),
        // 1.005 and 8.295 are no floats.
        ("USD", json!("8.295"), "/price too_many_decimals"),
        ("JPY", json!("500"), "[Some(500)]"),
        ("JPY", json!("500.5"), "/price too_many_decimals"),
        ("KWD", json!("1.005"), "[Some(1005)]"),
        ("KWD", json!("1.0055"), "/price too_many_decimals"),
        ("USD", json!("-1"), "/price invalid_price"),
        ("USD", json!("0"), "/price invalid_price"),
        ("USD", json!("1,50"), "/price invalid_price"),
        ("USD", json!("$5"), "/price invalid_price"),
        ("USD", json!("99999999999999"), "/price invalid_price"),
        ("USD", json!("999999999.99"), "[Some(99999999999)]"),
        ("USD", json!("1000000000"), "/price invalid_price"),
        ("USD", json!(true), "/price wrong_type"),
        ("USD", json!([1]), "/price wrong_type"),
        ("XXX", json!("1.5"), "/currency unknown_currency"),
    ] {
        let mut body = flat();
        body["currency"] = json!(currency);
        body["price"] = price.clone();
        assert_eq!(says(draft(&body.to_string())), expected, "{price} {currency}");
    }
    // Numbers that only text can write.
    for (price, expected) in [
        ("0.1000000000000000055511151231257827", "/price invalid_price"),
        ("1e2", "/price invalid_price"),
        ("1e400", "/price invalid_price"),
        ("1.10", "[Some(110)]"),
    ] {
        let body = flat().to_string().replace("\"19.99\"", price);
        assert_eq!(says(draft(&body)), expected, "{price}");
    }
}

#[test]
fn what_is_wrong_is_said_where_it_was_sent() {
    let with = |changes: Value| {
        let mut body = flat();
        for (member, value) in changes.as_object().expect("changes") {
            if value.is_null() {
                body.as_object_mut().expect("an object").remove(member);
            } else {
                body[member] = value.clone();
            }
        }
        says(draft(&body.to_string()))
    };
    for (changes, expected) in [
        (json!({}), "[Some(1999)]"),
        (json!({"quantity": "2"}), "[Some(1999)]"),
        (json!({"quantity": "2.5"}), "/quantity out_of_range"),
        (json!({"quantity": 0}), "/quantity invalid_quantity"),
        (json!({"quantity": "+1"}), "/quantity out_of_range"),
        (json!({"quantity": null}), "/quantity missing_field"),
        (json!({"sku": null}), "/sku missing_field"),
        (json!({"sku": " "}), "/sku invalid_sku"),
        (json!({"currency": null}), "/currency missing_field"),
        (json!({"email": null}), "/email customer_unknown"),
        (json!({"email": "nobody"}), "/email invalid_email"),
        (json!({"country": "England"}), "/country invalid_country"),
        (json!({"country": null}), "/country missing_field"),
        (json!({"street": "a\u{0}b"}), "/street control_character"),
        (json!({"customer_name": "a\u{202e}b"}), "/customer_name control_character"),
        (json!({"card_number": "4111111111111111"}), "/card_number card_number_not_taken"),
        (json!({"payment_method": "pm_x"}), "/card_number either_or"),
        (json!({"card_number": null}), "/payment_method missing_field"),
        (json!({"card_number": null, "payment_method": ""}), "/payment_method invalid_length"),
        (json!({"items": [{"sku": "A", "quantity": 1}]}), "/items either_or"),
        (json!({"items": [], "sku": null, "quantity": null, "price": null}), "/items line_count"),
        (
            json!({"items": [{"sku": "A", "quantity": 1}, {"sku": "B", "quantity": 1, "price": "0.001"}],
                   "sku": null, "quantity": null, "price": null}),
            "/items/1/price too_many_decimals",
        ),
        (
            json!({"items": [["A", 1, "2"]], "sku": null, "quantity": null, "price": null}),
            "/items/0 wrong_type",
        ),
        (json!({"total": 5}), "/total unknown_field"),
        (json!({"store_id": "other"}), "/store_id unknown_field"),
        (json!({"name": "Twice"}), "/customer_name duplicate_field"),
        // No address: the name is a note.
        (json!({"street": null, "city": null, "postal_code": null, "country": null}), "[Some(1999)]"),
    ] {
        assert_eq!(with(changes.clone()), expected, "{changes}");
    }
}
