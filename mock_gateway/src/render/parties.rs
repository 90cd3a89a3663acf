use super::{Json, id, metadata, push_id, seconds, text};
use crate::bank::{Bank, Expand, Kind, Method, Person};
use crate::memory::{Text, Version};

const NO_ADDRESS: &[u8] =
    br#"{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null}"#;
/// Of everybody's cards.
const USUAL_EXPIRY: (u8, u16) = (12, 2034);

/// Writes a customer, or that it is gone.
pub(super) fn customer(bank: &Bank, customer: Version, out: &mut Vec<u8>) {
    let customer = bank.customers.at(customer);
    let mut json = Json::object(out);
    push_id(bank, Kind::Customer, customer.number, json.field("id"));
    json.word("object", "customer");
    if customer.deleted {
        json.flag("deleted", true);
        return json.end();
    }
    address(&mut json, bank, customer.person.address, b"null");
    json.int("balance", 0);
    json.int("created", seconds(customer.created_ms));
    json.rest(br#""currency":null,"default_source":null,"delinquent":false"#);
    text(&mut json, "description", bank, customer.description);
    json.rest(br#""discount":null"#);
    text(&mut json, "email", bank, customer.person.email);
    json.rest(
        br#""invoice_settings":{"custom_fields":null,"default_payment_method":null,"footer":null,"rendering_options":null}"#,
    );
    json.flag("livemode", false);
    metadata(&mut json, bank, customer.metadata);
    text(&mut json, "name", bank, customer.person.name);
    text(&mut json, "phone", bank, customer.person.phone);
    json.rest(br#""preferred_locales":[],"shipping":null,"tax_exempt":"none","test_clock":null"#);
    json.end();
}

fn address(json: &mut Json<'_>, bank: &Bank, address: Option<Text>, none: &[u8]) {
    json.raw("address", address.map_or(none, |address| bank.texts.bytes(address)));
}

/// When a method's card ends.
pub(super) fn expiry(bank: &Bank, method: Method) -> (u8, u16) {
    method.own_number().map_or(USUAL_EXPIRY, |number| {
        let own = bank.methods.current(number);
        (own.exp_month, own.exp_year)
    })
}

/// Writes somebody's own payment method.
pub(super) fn method(bank: &Bank, method: Version, expand: Expand, out: &mut Vec<u8>) {
    let own = bank.methods.at(method);
    write_method(bank, own.method, (own.person, own.metadata, own.created_ms), own.customer, expand, out);
}

/// A payment method that everybody can name, as if it were one's own.
pub(crate) fn known_method(bank: &Bank, method: Method) -> Vec<u8> {
    let mut out = Vec::with_capacity(1_024);
    let nobody = (Person::default(), None, 0);
    write_method(bank, method, nobody, None, Expand::default(), &mut out);
    out
}

/// A reference to a payment method: its id, or the whole of it.
pub(super) fn method_or_id(bank: &Bank, named: Option<Method>, expand: Expand, out: &mut Vec<u8>) {
    let Some(named) = named else {
        return out.extend_from_slice(b"null");
    };
    match named.own_number() {
        Some(number) if expand.method() => {
            method(bank, bank.methods.head(number), expand.inside(), out);
        }
        None if expand.method() => out.extend_from_slice(&known_method(bank, named)),
        Some(_) | None => {
            out.push(b'"');
            named.write(&bank.era, out);
            out.push(b'"');
        }
    }
}

fn write_method(
    bank: &Bank,
    method: Method,
    (person, own_metadata, created_ms): (Person, Option<Text>, i64),
    owner: Option<u32>,
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let mut json = Json::object(out);
    json.word("id", &method.id(&bank.era));
    json.word("object", "payment_method");
    json.rest(br#""allow_redisplay":"unspecified""#);
    let mut billing = Json::object(json.field("billing_details"));
    address(&mut billing, bank, person.address, NO_ADDRESS);
    text(&mut billing, "email", bank, person.email);
    text(&mut billing, "name", bank, person.name);
    text(&mut billing, "phone", bank, person.phone);
    billing.rest(br#""tax_id":null"#);
    billing.end();
    let (month, year) = expiry(bank, method);
    let mut card = Json::object(json.field("card"));
    card.word("brand", method.brand());
    card.rest(br#""checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":"pass"},"country":"US""#);
    card.word("display_brand", method.brand());
    card.int("exp_month", i64::from(month));
    card.int("exp_year", i64::from(year));
    card.word("fingerprint", &format!("Fp{}{}", method.brand(), method.last4()));
    card.rest(br#""funding":"credit","generated_from":null"#);
    card.word("last4", method.last4());
    let mut networks = Json::object(card.field("networks"));
    networks.raw("available", format!("[\"{}\"]", method.brand()).as_bytes());
    networks.raw("preferred", b"null");
    networks.end();
    card.rest(br#""regulated_status":"unregulated","three_d_secure_usage":{"supported":true},"wallet":null"#);
    card.end();
    json.int("created", seconds(created_ms));
    match owner {
        Some(owner) if expand.customer() => {
            customer(bank, bank.customers.head(owner), json.field("customer"));
        }
        owner => id(&mut json, "customer", bank, Kind::Customer, owner),
    }
    json.flag("livemode", false);
    metadata(&mut json, bank, own_metadata);
    json.word("type", "card");
    json.end();
}

/// Writes a webhook endpoint, or that it is gone.
pub(super) fn endpoint(bank: &Bank, endpoint: Version, with_secret: bool, out: &mut Vec<u8>) {
    let endpoint = bank.endpoints.at(endpoint);
    let mut json = Json::object(out);
    push_id(bank, Kind::Endpoint, endpoint.number, json.field("id"));
    json.word("object", "webhook_endpoint");
    if endpoint.deleted {
        json.flag("deleted", true);
        return json.end();
    }
    text(&mut json, "api_version", bank, endpoint.api_version);
    json.rest(br#""application":null"#);
    json.int("created", seconds(endpoint.created_ms));
    text(&mut json, "description", bank, endpoint.description);
    json.raw("enabled_events", bank.texts.bytes(endpoint.events));
    json.flag("livemode", false);
    metadata(&mut json, bank, endpoint.metadata);
    if with_secret {
        text(&mut json, "secret", bank, Some(endpoint.secret));
    }
    json.word("status", if endpoint.enabled { "enabled" } else { "disabled" });
    text(&mut json, "url", bank, Some(endpoint.url));
    json.end();
}
