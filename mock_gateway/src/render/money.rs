use super::{Json, charges, id, push_id, refunds, seconds};
use crate::bank::{Account, Bank, Expand, Kind};

/// Writes a row of the ledger as a change of the account's balance. This bank takes no fee.
pub(super) fn transaction(bank: &Bank, number: u32, expand: Expand, out: &mut Vec<u8>) {
    let row = bank.ledger.row(number).expect("transactions are rows that are there");
    let charge = bank.charges.current(row.charge);
    let (amount, word) = match row.refund {
        Some(_) => (-row.amount, "refund"),
        None => (row.amount, "charge"),
    };
    let mut json = Json::object(out);
    push_id(bank, Kind::Transaction, number, json.field("id"));
    json.word("object", "balance_transaction");
    json.int("amount", amount);
    json.int("available_on", seconds(row.at_ms));
    json.rest(br#""balance_type":"payments""#);
    json.int("created", seconds(row.at_ms));
    json.word("currency", charge.currency.code());
    super::text(&mut json, "description", bank, charge.description);
    json.rest(br#""exchange_rate":null,"fee":0,"fee_details":[]"#);
    json.int("net", amount);
    json.word("reporting_category", word);
    match row.refund {
        Some(refund) if expand.source() => {
            let versions =
                (bank.refunds.head(refund), bank.charges.head(row.charge), bank.intents.head(charge.intent));
            refunds::write(bank, versions, expand.inside(), json.field("source"));
        }
        Some(refund) => id(&mut json, "source", bank, Kind::Refund, Some(refund)),
        None if expand.source() => {
            charges::write(bank, bank.charges.head(row.charge), None, expand.inside(), json.field("source"));
        }
        None => id(&mut json, "source", bank, Kind::Charge, Some(row.charge)),
    }
    json.word("status", "available");
    json.word("type", word);
    json.end();
}

/// What an account has. Everything is available at once here.
pub(crate) fn balance(account: Option<&Account>) -> Vec<u8> {
    let sums = account.map(|account| account.balance.as_slice()).unwrap_or_default();
    let mut sums: Vec<(&str, i64)> = sums.iter().map(|(currency, sum)| (currency.code(), *sum)).collect();
    if sums.is_empty() {
        sums.push(("usd", 0));
    }
    sums.sort_unstable();
    let mut out = Vec::with_capacity(256);
    let mut json = Json::object(&mut out);
    json.word("object", "balance");
    parts(json.field("available"), sums.iter().copied());
    json.flag("livemode", false);
    parts(json.field("pending"), sums.iter().map(|(code, _)| (*code, 0)));
    json.end();
    out
}

fn parts<'a>(out: &mut Vec<u8>, sums: impl Iterator<Item = (&'a str, i64)>) {
    out.push(b'[');
    for (place, (code, sum)) in sums.enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let mut part = Json::object(out);
        part.int("amount", sum);
        part.word("currency", code);
        let mut sources = Json::object(part.field("source_types"));
        sources.int("card", sum);
        sources.end();
        part.end();
    }
    out.push(b']');
}

/// Writes a dispute: opened, and not yet answered.
pub(super) fn dispute(bank: &Bank, number: u32, expand: Expand, out: &mut Vec<u8>) {
    const ANSWER_DUE_S: i64 = 7 * 86_400;
    let dispute = bank.disputes.find(number).expect("disputes come from this list");
    let charge = bank.charges.current(dispute.charge);
    let mut json = Json::object(out);
    push_id(bank, Kind::Dispute, number, json.field("id"));
    json.word("object", "dispute");
    json.int("amount", charge.captured);
    json.rest(br#""balance_transactions":[]"#);
    if expand.charge() {
        let version = bank.charges.head(dispute.charge);
        charges::write(bank, version, None, expand.inside(), json.field("charge"));
    } else {
        id(&mut json, "charge", bank, Kind::Charge, Some(dispute.charge));
    }
    json.int("created", seconds(dispute.created_ms));
    json.word("currency", charge.currency.code());
    json.rest(br#""enhanced_eligibility_types":[],"evidence":{}"#);
    let mut evidence = Json::object(json.field("evidence_details"));
    evidence.int("due_by", seconds(dispute.created_ms) + ANSWER_DUE_S);
    evidence.rest(br#""has_evidence":false,"past_due":false,"submission_count":0"#);
    evidence.end();
    json.rest(br#""is_charge_refundable":true,"livemode":false,"metadata":{}"#);
    if expand.intent() {
        let version = bank.intents.head(charge.intent);
        let latest = bank.charge_of(charge.intent);
        super::intents::write(bank, version, latest, expand.inside(), json.field("payment_intent"));
    } else {
        id(&mut json, "payment_intent", bank, Kind::Intent, Some(charge.intent));
    }
    json.rest(br#""reason":"fraudulent","status":"needs_response""#);
    json.end();
}
