use super::{Json, USUAL_BYTES, intents};
use crate::bank::{Bank, Decline, Expand, Intent, Trouble};
use crate::memory::Version;

/// The body of an error as things stand now.
pub(crate) fn trouble(bank: &Bank, trouble: &Trouble) -> Vec<u8> {
    let intent = trouble.intent.map(|number| bank.intents.head(number));
    let charge = trouble.intent.and_then(|number| bank.intents.current(number).charge);
    let mut out = Vec::with_capacity(if intent.is_some() { USUAL_BYTES } else { 256 });
    write(bank, trouble, (intent, charge, None), Expand::default(), &mut out);
    out
}

/// The body of a card error: everything in it follows from the version of the intent.
pub(super) fn declined(
    bank: &Bank,
    version: Version,
    charge: Option<Version>,
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let intent = bank.intents.at(version);
    let why = intent.failure.expect("only a refused intent is a card error");
    let trouble = Trouble::declined(why, intent.number);
    write(bank, &trouble, (Some(version), intent.charge, charge), expand, out);
}

fn write(
    bank: &Bank,
    trouble: &Trouble,
    (intent, charge, whole): (Option<Version>, Option<u32>, Option<Version>),
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let mut json = Json::object(out);
    let mut error = Json::object(json.field("error"));
    if charge.is_some() {
        intents::latest_charge(&mut error, bank, charge);
    }
    if let Some(code) = trouble.code {
        error.word("code", code);
    }
    if let Some(decline) = trouble.decline {
        error.word("decline_code", decline.word());
    }
    error.text("message", &trouble.message);
    if let Some(param) = &trouble.param {
        error.text("param", param);
    }
    if let Some(intent) = intent {
        intents::write(bank, intent, whole, expand, error.field("payment_intent"));
    }
    error.word("type", trouble.kind);
    error.end();
    json.end();
}

/// An intent's `last_payment_error`.
pub(super) fn last_error(bank: &Bank, intent: &Intent, why: Decline, out: &mut Vec<u8>) {
    let mut error = Json::object(out);
    intents::latest_charge(&mut error, bank, intent.charge);
    error.word("code", why.code());
    error.word("decline_code", why.word());
    error.word("message", why.message());
    if let Some(method) = intent.method {
        let mut json = Json::object(error.field("payment_method"));
        json.word("id", &method.id(&bank.era));
        json.word("object", "payment_method");
        let mut card = Json::object(json.field("card"));
        card.word("brand", method.brand());
        card.word("last4", method.last4());
        card.end();
        json.word("type", "card");
        json.end();
    }
    error.word("type", "card_error");
    error.end();
}
