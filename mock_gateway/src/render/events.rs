use super::{Json, charges, intents, money, push_id, refunds, seconds};
use crate::bank::{Bank, EventNumber, EventType, Expand, Item, Kind};

/// The version of the wire that is spoken to those who name none.
const API_VERSION: &str = "2025-03-31.basil";

/// An event by itself, as it is told.
pub(crate) fn event(bank: &Bank, number: EventNumber) -> Vec<u8> {
    let mut out = Vec::with_capacity(super::USUAL_BYTES);
    write(bank, number, &mut out);
    out
}

/// Writes an event, with its object as it was then.
pub(super) fn write(bank: &Bank, number: EventNumber, out: &mut Vec<u8>) {
    let (item, kind) = bank.news.of_event(number).expect("event numbers come from the news");
    let mut json = Json::object(out);
    push_id(bank, Kind::Event, number.number(), json.field("id"));
    json.word("object", "event");
    json.word("api_version", API_VERSION);
    json.int("created", seconds(item.at_ms));
    let mut data = Json::object(json.field("data"));
    object(bank, item, kind, data.field("object"));
    data.end();
    json.flag("livemode", false);
    json.int("pending_webhooks", bank.still_to_hear(number) as i64);
    json.rest(br#""request":{"id":null,"idempotency_key":null}"#);
    json.word("type", kind.word());
    json.end();
}

fn object(bank: &Bank, item: &Item, kind: EventType, out: &mut Vec<u8>) {
    const OF_ITS_ROW: &str = "a row of the news has the versions that its events are about";
    let nothing = Expand::default();
    match kind {
        EventType::IntentCreated
        | EventType::IntentRequiresAction
        | EventType::IntentProcessing
        | EventType::IntentCapturable
        | EventType::IntentSucceeded
        | EventType::IntentFailed
        | EventType::IntentCanceled => {
            intents::write(bank, item.intent.expect(OF_ITS_ROW), None, nothing, out);
        }
        EventType::ChargeSucceeded
        | EventType::ChargeFailed
        | EventType::ChargeCaptured
        | EventType::ChargeRefunded => {
            charges::write(bank, item.charge.expect(OF_ITS_ROW), None, nothing, out);
        }
        EventType::RefundCreated | EventType::RefundUpdated | EventType::RefundFailed => {
            let refund = item.refund.expect(OF_ITS_ROW);
            let intent = bank.intents.head(bank.refunds.at(refund).intent);
            refunds::write(bank, (refund, item.charge.expect(OF_ITS_ROW), intent), nothing, out);
        }
        EventType::DisputeCreated => {
            let charge = bank.charges.at(item.charge.expect(OF_ITS_ROW)).number;
            let dispute = bank.disputes.about(charge).expect("a disputed charge has its dispute");
            money::dispute(bank, dispute, nothing, out);
        }
    }
}
