use super::{Json, charge_or_id, id, metadata, push_id, seconds, transaction_or_id};
use crate::bank::{Bank, Expand, Kind, RefundStatus};
use crate::memory::Version;

/// Writes a refund, with its charge and its intent whole where asked for.
pub(super) fn write(
    bank: &Bank,
    (refund, charge, intent): (Version, Version, Version),
    expand: Expand,
    out: &mut Vec<u8>,
) {
    let refund = bank.refunds.at(refund);
    let mut json = Json::object(out);
    push_id(bank, Kind::Refund, refund.number, json.field("id"));
    json.word("object", "refund");
    json.int("amount", refund.amount);
    transaction_or_id(&mut json, bank, refund.transaction, expand);
    let whole = expand.charge().then_some(charge);
    charge_or_id(bank, whole, Some(refund.charge), expand, json.field("charge"));
    json.int("created", seconds(refund.created_ms));
    json.word("currency", bank.charges.at(charge).currency.code());
    if refund.status == RefundStatus::Failed {
        json.word("failure_reason", "unknown");
    }
    json.flag("livemode", false);
    metadata(&mut json, bank, refund.metadata);
    if expand.intent() {
        super::intents::write(bank, intent, Some(charge), expand.inside(), json.field("payment_intent"));
    } else {
        id(&mut json, "payment_intent", bank, Kind::Intent, Some(refund.intent));
    }
    json.word_or_null("reason", refund.reason.map(|reason| reason.word()));
    json.rest(br#""receipt_number":null"#);
    json.word("status", refund.status.word());
    json.end();
}
