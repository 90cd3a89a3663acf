use super::{Json, id, metadata, text};
use crate::bank::{Bank, Kind, Row};
use crate::clock;

/// Writes one row.
pub(crate) fn row(bank: &Bank, number: u32, row: &Row, out: &mut Vec<u8>) {
    let charge = bank.charges.current(row.charge);
    let mut json = Json::object(out);
    id(&mut json, "id", bank, Kind::LedgerRow, Some(number));
    json.word("type", row.movement.word());
    json.int("amount", row.amount);
    json.word("currency", charge.currency.code());
    id(&mut json, "payment_intent", bank, Kind::Intent, Some(charge.intent));
    id(&mut json, "charge", bank, Kind::Charge, Some(row.charge));
    id(&mut json, "refund", bank, Kind::Refund, row.refund);
    text(&mut json, "idempotency_key", bank, row.key);
    metadata(&mut json, bank, row.metadata);
    json.flag("answered", row.answered);
    json.word("at", &clock::rfc3339(row.at_ms));
    json.end();
}

/// Writes the balances, by currency.
pub(crate) fn balances(bank: &Bank, store: Option<u32>, out: &mut Vec<u8>) {
    let mut json = Json::object(out);
    for (currency, balance) in bank.ledger.balances(store) {
        let mut one = Json::object(json.field(currency.code()));
        one.int("authorized", balance.authorized);
        one.int("captured", balance.captured);
        one.int("refunded", balance.refunded);
        one.int("voided", balance.voided);
        one.int("net", balance.net());
        one.end();
    }
    json.end();
}

/// Writes the purses of every currency: what went out of each and what came in. Both sums of a currency are equal.
pub(crate) fn books(bank: &Bank, store: Option<u32>, out: &mut Vec<u8>) {
    let mut json = Json::object(out);
    for (currency, balance) in bank.ledger.balances(store) {
        let mut one = Json::object(json.field(currency.code()));
        for (name, sides) in balance.purses() {
            let mut purse = Json::object(one.field(name));
            purse.int("debit", sides.debit);
            purse.int("credit", sides.credit);
            purse.end();
        }
        one.end();
    }
    json.end();
}
