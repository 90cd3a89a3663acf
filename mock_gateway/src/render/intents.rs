use super::{Json, charge_or_id, customer_or_id, id, metadata, parties, push_id, seconds, text, troubles};
use crate::bank::{Bank, Expand, Kind, Status};
use crate::memory::Version;

/// Writes an intent; `charge` is the version of its charge to show where that is to be whole.
pub(super) fn write(
    bank: &Bank,
    intent: Version,
    charge: Option<Version>,
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let intent = bank.intents.at(intent);
    let extras = intent.extras.as_deref();
    let mut json = Json::object(out);
    push_id(bank, Kind::Intent, intent.number, json.field("id"));
    json.word("object", "payment_intent");
    json.int("amount", intent.amount);
    json.int("amount_capturable", intent.capturable());
    json.rest(br#""amount_details":{"tip":{}}"#);
    json.int("amount_received", intent.received);
    json.rest(br#""application":null,"application_fee_amount":null"#);
    let automatic = extras.is_some_and(|extras| extras.automatic_methods);
    let automatic: &[u8] =
        if automatic { br#"{"allow_redirects":"always","enabled":true}"# } else { b"null" };
    json.raw("automatic_payment_methods", automatic);
    match extras.and_then(|extras| extras.canceled_ms) {
        Some(at_ms) => json.int("canceled_at", seconds(at_ms)),
        None => json.raw("canceled_at", b"null"),
    }
    json.word_or_null("cancellation_reason", intent.reason.map(|reason| reason.word()));
    json.word("capture_method", intent.capture.word());
    let secret = json.field("client_secret");
    secret.push(b'"');
    bank.era.write_secret(intent.number, secret);
    secret.push(b'"');
    json.word("confirmation_method", "automatic");
    json.int("created", seconds(intent.created_ms));
    json.word("currency", intent.currency.code());
    customer_or_id(&mut json, bank, intent.customer(), expand);
    text(&mut json, "description", bank, intent.description());
    let out = json.field("last_payment_error");
    match intent.failure {
        Some(why) => troubles::last_error(bank, intent, why, out),
        None => out.extend_from_slice(b"null"),
    }
    let whole = charge.filter(|_| expand.latest_charge());
    charge_or_id(bank, whole, intent.charge, expand, json.field("latest_charge"));
    json.flag("livemode", false);
    metadata(&mut json, bank, intent.metadata);
    next_action(&mut json, bank, intent.number, intent.status, {
        extras.and_then(|extras| extras.return_url)
    });
    json.rest(br#""on_behalf_of":null"#);
    parties::method_or_id(bank, intent.shown_method(), expand, json.field("payment_method"));
    json.rest(br#""payment_method_options":{}"#);
    let types = extras.and_then(|extras| extras.types);
    let types = types.map_or(&b"[\"card\"]"[..], |types| bank.texts.bytes(types));
    json.raw("payment_method_types", types);
    let processing: &[u8] = match intent.status {
        Status::Processing => br#"{"card":{},"type":"card"}"#,
        Status::RequiresPaymentMethod
        | Status::RequiresConfirmation
        | Status::RequiresAction
        | Status::RequiresCapture
        | Status::Succeeded
        | Status::Canceled => b"null",
    };
    json.raw("processing", processing);
    json.rest(
        br#""receipt_email":null,"review":null,"setup_future_usage":null,"shipping":null,"source":null,"statement_descriptor":null,"statement_descriptor_suffix":null"#,
    );
    json.word("status", intent.status.word());
    json.rest(br#""transfer_data":null,"transfer_group":null"#);
    json.end();
}

fn next_action(
    json: &mut Json<'_>,
    bank: &Bank,
    number: u32,
    status: Status,
    return_url: Option<crate::memory::Text>,
) {
    if status != Status::RequiresAction {
        json.raw("next_action", b"null");
        return;
    }
    let mut action = Json::object(json.field("next_action"));
    let mut redirect = Json::object(action.field("redirect_to_url"));
    text(&mut redirect, "return_url", bank, return_url);
    let path = format!("{}/_bank/challenges/{}", bank.address, bank.era.id(Kind::Intent, number));
    redirect.text("url", &path);
    redirect.end();
    action.word("type", "redirect_to_url");
    action.end();
}

/// Writes what an error says about the intent's latest charge.
pub(super) fn latest_charge(json: &mut Json<'_>, bank: &Bank, charge: Option<u32>) {
    id(json, "charge", bank, Kind::Charge, charge);
}
