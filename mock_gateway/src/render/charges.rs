use super::{Json, customer_or_id, id, metadata, parties, push_id, seconds, text, transaction_or_id};
use crate::bank::{Bank, Behaviour, Charge, ChargeState, Decline, Expand, Kind};
use crate::memory::Version;

/// Writes a charge; `intent` is the version of its intent to show where that is to be whole, the current one if
/// none is given.
pub(super) fn write(
    bank: &Bank,
    charge: Version,
    intent: Option<Version>,
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let charge = bank.charges.at(charge);
    let (paid, captured) = match charge.state {
        ChargeState::Pending => (false, false),
        ChargeState::Failed => (false, false),
        ChargeState::Authorized | ChargeState::Voided => (true, false),
        ChargeState::Captured => (true, true),
    };
    let mut json = Json::object(out);
    push_id(bank, Kind::Charge, charge.number, json.field("id"));
    json.word("object", "charge");
    json.int("amount", charge.amount);
    json.int("amount_captured", charge.captured);
    json.int("amount_refunded", charge.refunded);
    json.rest(br#""application":null,"application_fee":null,"application_fee_amount":null"#);
    transaction_or_id(&mut json, bank, charge.transaction, expand);
    json.rest(
        br#""billing_details":{"address":{"city":null,"country":null,"line1":null,"line2":null,"postal_code":null,"state":null},"email":null,"name":null,"phone":null},"calculated_statement_descriptor":"MOCK BANK""#,
    );
    json.flag("captured", captured);
    json.int("created", seconds(charge.created_ms));
    json.word("currency", charge.currency.code());
    customer_or_id(&mut json, bank, charge.customer, expand);
    text(&mut json, "description", bank, charge.description);
    json.flag("disputed", charge.disputed);
    json.word_or_null("failure_code", charge.failure.map(Decline::code));
    json.text_or_null("failure_message", charge.failure.map(Decline::message));
    json.rest(br#""fraud_details":{}"#);
    json.flag("livemode", false);
    metadata(&mut json, bank, charge.metadata);
    outcome(charge, json.field("outcome"));
    json.flag("paid", paid);
    if expand.intent() {
        let intent = intent.unwrap_or_else(|| bank.intents.head(charge.intent));
        let latest = bank.charge_of(charge.intent);
        super::intents::write(bank, intent, latest, expand.inside(), json.field("payment_intent"));
    } else {
        id(&mut json, "payment_intent", bank, Kind::Intent, Some(charge.intent));
    }
    let out = json.field("payment_method");
    out.push(b'"');
    charge.method.write(&bank.era, out);
    out.push(b'"');
    payment_method_details(bank, charge, json.field("payment_method_details"));
    json.rest(br#""receipt_email":null"#);
    json.flag("refunded", charge.is_refunded());
    json.rest(br#""review":null,"shipping":null,"statement_descriptor":null"#);
    json.word(
        "status",
        match charge.state {
            ChargeState::Pending => "pending",
            ChargeState::Failed => "failed",
            ChargeState::Authorized | ChargeState::Captured | ChargeState::Voided => "succeeded",
        },
    );
    json.end();
}

fn outcome(charge: &Charge, out: &mut Vec<u8>) {
    let score = charge.risk_score();
    let level = match score {
        75.. => "highest",
        65.. => "elevated",
        _ => "normal",
    };
    let (network, kind, message) = match charge.failure {
        None if charge.state == ChargeState::Pending => {
            out.extend_from_slice(b"null");
            return;
        }
        None => ("approved_by_network", "authorized", "Payment complete."),
        Some(Decline::Blocked) => {
            ("not_sent_to_network", "blocked", "This bank blocked this payment as too risky.")
        }
        Some(_) => {
            ("declined_by_network", "issuer_declined", "The bank returned the decline code of this charge.")
        }
    };
    let reason = match (charge.failure, charge.method.behaviour()) {
        (Some(Decline::Blocked), _) => Some("highest_risk_level"),
        (Some(why), _) => Some(why.word()),
        (None, Behaviour::Elevated) => Some("elevated_risk_level"),
        (None, _) => None,
    };
    let mut json = Json::object(out);
    json.word("network_status", network);
    json.word_or_null("reason", reason);
    json.word("risk_level", level);
    json.int("risk_score", i64::from(score));
    json.word("seller_message", message);
    json.word("type", kind);
    json.end();
}

fn payment_method_details(bank: &Bank, charge: &Charge, out: &mut Vec<u8>) {
    let mut json = Json::object(out);
    let mut card = Json::object(json.field("card"));
    card.word("brand", charge.method.brand());
    card.rest(br#""checks":{"address_line1_check":null,"address_postal_code_check":null,"cvc_check":"pass"},"country":"US""#);
    let (month, year) = parties::expiry(bank, charge.method);
    card.int("exp_month", i64::from(month));
    card.int("exp_year", i64::from(year));
    card.rest(br#""funding":"credit""#);
    card.word("last4", charge.method.last4());
    card.word("network", charge.method.brand());
    card.rest(br#""three_d_secure":null,"wallet":null"#);
    card.end();
    json.word("type", "card");
    json.end();
}
