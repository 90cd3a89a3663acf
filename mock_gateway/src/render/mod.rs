//! From the bank's objects to the bytes of an answer. Everything here is a pure function of versions that
//! never change, so rendering an answer again gives the same bytes.

mod charges;
mod events;
mod intents;
pub(crate) mod json;
mod ledger;
mod money;
mod parties;
mod refunds;
mod troubles;

use crate::bank::{Bank, EventNumber, Expand, Kind, Outcome, Page, Record};
use crate::memory::{Text, Version};
use json::Json;

pub(crate) use events::event;
pub(crate) use ledger::{balances, books, row as ledger_row};
pub(crate) use money::balance;
pub(crate) use parties::known_method;
pub(crate) use troubles::trouble;

/// An intent with room for the fields to come.
const USUAL_BYTES: usize = 2_048;

/// The body of a remembered answer.
pub(crate) fn record(bank: &Bank, record: &Record) -> Vec<u8> {
    outcome(bank, record.outcome(), record.status, record.expand())
}

/// The body of an answer.
pub(crate) fn outcome(bank: &Bank, outcome: Outcome, status: u16, expand: Expand) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    match outcome {
        Outcome::Intent { intent, charge } => {
            intents::write(bank, intent, charge, expand, &mut out);
        }
        Outcome::Declined { intent, charge } => {
            troubles::declined(bank, intent, charge, expand, &mut out);
        }
        Outcome::Refund { refund, charge, intent } => {
            refunds::write(bank, (refund, charge, intent), expand, &mut out)
        }
        Outcome::Customer(customer) => parties::customer(bank, customer, &mut out),
        Outcome::Method(method) => parties::method(bank, method, expand, &mut out),
        Outcome::Endpoint { endpoint, secret } => parties::endpoint(bank, endpoint, secret, &mut out),
        Outcome::Fault => {
            return trouble(bank, &crate::bank::Trouble::of_ours(status));
        }
        Outcome::Text(text) => out.extend_from_slice(bank.texts.bytes(text)),
    }
    out
}

/// The current state of one object.
pub(crate) fn object(bank: &Bank, kind: Kind, number: u32, expand: Expand) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES);
    write_object(bank, kind, number, expand, &mut out);
    out
}

fn write_object(bank: &Bank, kind: Kind, number: u32, expand: Expand, out: &mut Vec<u8>) {
    match kind {
        Kind::Charge => charges::write(bank, bank.charges.head(number), None, expand, out),
        Kind::Refund => {
            let refund = bank.refunds.current(number);
            let versions = (
                bank.refunds.head(number),
                bank.charges.head(refund.charge),
                bank.intents.head(refund.intent),
            );
            refunds::write(bank, versions, expand, out);
        }
        Kind::Customer => parties::customer(bank, bank.customers.head(number), out),
        Kind::Method => parties::method(bank, bank.methods.head(number), expand, out),
        Kind::Endpoint => parties::endpoint(bank, bank.endpoints.head(number), false, out),
        Kind::Dispute => money::dispute(bank, number, expand, out),
        Kind::Transaction => money::transaction(bank, number, expand, out),
        Kind::Event => events::write(bank, EventNumber::from_number(number), out),
        Kind::Intent | Kind::LedgerRow | Kind::Request => {
            let charge = bank.charge_of(number);
            intents::write(bank, bank.intents.head(number), charge, expand, out);
        }
    }
}

/// A page of a list.
pub(crate) fn list(bank: &Bank, kind: Kind, page: &Page, expand: Expand) -> Vec<u8> {
    list_at(bank, url(kind), kind, page, expand)
}

/// The same, of a list that is somewhere else.
pub(crate) fn list_at(bank: &Bank, url: &str, kind: Kind, page: &Page, expand: Expand) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES * (page.numbers.len() + 1));
    let mut json = Json::object(&mut out);
    json.word("object", "list");
    json.text("url", url);
    json.flag("has_more", page.has_more);
    write_data(bank, kind, page, expand, json.field("data"));
    json.end();
    out
}

/// A page of what a search found.
pub(crate) fn search_result(bank: &Bank, page: &Page, expand: Expand) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES * (page.numbers.len() + 1));
    let mut json = Json::object(&mut out);
    json.word("object", "search_result");
    json.word("url", "/v1/payment_intents/search");
    json.flag("has_more", page.has_more);
    let next = page.numbers.last().filter(|_| page.has_more);
    let next = next.map(|number| bank.era.id(Kind::Intent, *number));
    json.word_or_null("next_page", next.as_deref());
    write_data(bank, Kind::Intent, page, expand, json.field("data"));
    json.end();
    out
}

fn write_data(bank: &Bank, kind: Kind, page: &Page, expand: Expand, out: &mut Vec<u8>) {
    out.push(b'[');
    for (place, number) in page.numbers.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write_object(bank, kind, *number, expand, out);
    }
    out.push(b']');
}

fn url(kind: Kind) -> &'static str {
    match kind {
        Kind::Charge => "/v1/charges",
        Kind::Refund => "/v1/refunds",
        Kind::Customer => "/v1/customers",
        Kind::Method => "/v1/payment_methods",
        Kind::Endpoint => "/v1/webhook_endpoints",
        Kind::Event => "/v1/events",
        Kind::Dispute => "/v1/disputes",
        Kind::Transaction => "/v1/balance_transactions",
        Kind::Intent | Kind::LedgerRow | Kind::Request => "/v1/payment_intents",
    }
}

fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000)
}

fn id(json: &mut Json<'_>, name: &str, bank: &Bank, kind: Kind, number: Option<u32>) {
    let out = json.field(name);
    match number {
        Some(number) => push_id(bank, kind, number, out),
        None => out.extend_from_slice(b"null"),
    }
}

fn push_id(bank: &Bank, kind: Kind, number: u32, out: &mut Vec<u8>) {
    out.push(b'"');
    bank.era.write(kind, number, out);
    out.push(b'"');
}

fn metadata(json: &mut Json<'_>, bank: &Bank, metadata: Option<Text>) {
    let text = metadata.map_or(&b"{}"[..], |text| bank.texts.bytes(text));
    json.raw("metadata", text);
}

fn text(json: &mut Json<'_>, name: &str, bank: &Bank, text: Option<Text>) {
    json.text_or_null(name, text.map(|text| bank.texts.get(text)));
}

/// A reference to a charge: its id, or the whole of it.
fn charge_or_id(bank: &Bank, whole: Option<Version>, number: Option<u32>, expand: Expand, out: &mut Vec<u8>) {
    match (whole, number) {
        (Some(version), _) => charges::write(bank, version, None, expand.inside(), out),
        (None, Some(number)) => push_id(bank, Kind::Charge, number, out),
        (None, None) => out.extend_from_slice(b"null"),
    }
}

/// A reference to a customer, which is kept as the text of its id.
fn customer_or_id(json: &mut Json<'_>, bank: &Bank, customer: Option<Text>, expand: Expand) {
    let known = customer.and_then(|text| bank.era.parse(Kind::Customer, bank.texts.get(text)));
    match known.filter(|_| expand.customer()) {
        Some(number) => parties::customer(bank, bank.customers.head(number), json.field("customer")),
        None => text(json, "customer", bank, customer),
    }
}

/// A reference to a row of the ledger that changed the balance.
fn transaction_or_id(json: &mut Json<'_>, bank: &Bank, row: Option<crate::bank::RowNumber>, expand: Expand) {
    match row {
        Some(row) if expand.transaction() => {
            money::transaction(bank, row.row(), expand.inside(), json.field("balance_transaction"));
        }
        row => id(json, "balance_transaction", bank, Kind::Transaction, row.map(|row| row.row())),
    }
}
