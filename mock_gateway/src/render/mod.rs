//! From the bank's objects to the bytes of an answer. Everything here is a pure function of versions that
//! never change, so rendering an answer again gives the same bytes.

mod charges;
mod intents;
pub(crate) mod json;
mod ledger;
mod refunds;
mod troubles;

use crate::bank::{Bank, Expand, Kind, Outcome, Page, Record};
use crate::memory::{Text, Version};
use json::Json;

pub(crate) use ledger::{balances, row as ledger_row};
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
            intents::write(bank, intent, charge.filter(|_| expand.latest_charge), &mut out);
        }
        Outcome::Declined { intent, charge } => {
            troubles::declined(bank, intent, charge, expand, &mut out);
        }
        Outcome::Refund { refund, charge, intent } => {
            refunds::write(bank, (refund, charge, intent), expand, &mut out)
        }
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
        Kind::Charge => {
            let intent = bank.charges.current(number).intent;
            let intent = expand.payment_intent.then(|| bank.intents.head(intent));
            charges::write(bank, bank.charges.head(number), intent, out);
        }
        Kind::Refund => {
            let refund = bank.refunds.current(number);
            let versions = (
                bank.refunds.head(number),
                bank.charges.head(refund.charge),
                bank.intents.head(refund.intent),
            );
            refunds::write(bank, versions, expand, out);
        }
        Kind::Intent | Kind::Transaction | Kind::LedgerRow | Kind::Request => {
            let charge = bank.charge_of(number).filter(|_| expand.latest_charge);
            intents::write(bank, bank.intents.head(number), charge, out);
        }
    }
}

/// A page of a list.
pub(crate) fn list(bank: &Bank, kind: Kind, page: &Page, expand: Expand) -> Vec<u8> {
    let mut out = Vec::with_capacity(USUAL_BYTES * (page.numbers.len() + 1));
    let mut json = Json::object(&mut out);
    json.word("object", "list");
    json.word("url", url(kind));
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
        Kind::Intent | Kind::Transaction | Kind::LedgerRow | Kind::Request => "/v1/payment_intents",
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
fn charge_or_id(bank: &Bank, whole: Option<Version>, number: Option<u32>, out: &mut Vec<u8>) {
    match (whole, number) {
        (Some(version), _) => charges::write(bank, version, None, out),
        (None, Some(number)) => push_id(bank, Kind::Charge, number, out),
        (None, None) => out.extend_from_slice(b"null"),
    }
}
