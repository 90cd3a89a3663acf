//! What happened, for those who want to be told. An event is not stored: a row names the versions that came to be
//! together, and which events follow from them, so that an event is a row and a bit and is rendered when asked for.

use super::charge::{Charge, ChargeState};
use super::intent::{Intent, Status};
use super::refund::{Refund, RefundStatus};
use super::words::words;
use crate::memory::{Paged, Version};

words! {
    /// The type of an event; those of one row happened in this order.
    EventType {
        IntentCreated = "payment_intent.created",
        IntentRequiresAction = "payment_intent.requires_action",
        IntentProcessing = "payment_intent.processing",
        ChargeSucceeded = "charge.succeeded",
        ChargeFailed = "charge.failed",
        ChargeCaptured = "charge.captured",
        IntentCapturable = "payment_intent.amount_capturable_updated",
        IntentSucceeded = "payment_intent.succeeded",
        IntentFailed = "payment_intent.payment_failed",
        IntentCanceled = "payment_intent.canceled",
        RefundCreated = "refund.created",
        ChargeRefunded = "charge.refunded",
        RefundUpdated = "refund.updated",
        RefundFailed = "refund.failed",
        DisputeCreated = "charge.dispute.created",
    }
}

const BITS: u32 = 4;
const _: () = assert!(EventType::ALL.len() <= 1 << BITS);

impl EventType {
    pub(crate) const ALL: [EventType; 15] = [
        EventType::IntentCreated,
        EventType::IntentRequiresAction,
        EventType::IntentProcessing,
        EventType::ChargeSucceeded,
        EventType::ChargeFailed,
        EventType::ChargeCaptured,
        EventType::IntentCapturable,
        EventType::IntentSucceeded,
        EventType::IntentFailed,
        EventType::IntentCanceled,
        EventType::RefundCreated,
        EventType::ChargeRefunded,
        EventType::RefundUpdated,
        EventType::RefundFailed,
        EventType::DisputeCreated,
    ];

    pub(crate) fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether `pattern` names this type: `*`, `charge.*`, or the whole word.
    pub(crate) fn is(self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            Some(start) => self.word().starts_with(start),
            None => self.word() == pattern,
        }
    }

    /// Bits of all types that one of these names.
    pub(crate) fn bits<'a>(patterns: impl Iterator<Item = &'a str> + Clone) -> u16 {
        let named = |kind: &EventType| patterns.clone().any(|pattern| kind.is(pattern));
        EventType::ALL.iter().filter(|kind| named(kind)).fold(0, |bits, kind| bits | kind.bit())
    }
}

/// What came to be at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Item {
    pub(crate) at_ms: i64,
    pub(crate) account: u32,
    pub(crate) intent: Option<Version>,
    pub(crate) charge: Option<Version>,
    pub(crate) refund: Option<Version>,
    pub(crate) types: u16,
}

impl Item {
    /// The types of its events, in the order in which they happened.
    pub(crate) fn types(self) -> impl DoubleEndedIterator<Item = EventType> {
        EventType::ALL.into_iter().filter(move |kind| self.types & kind.bit() != 0)
    }
}

/// An event: a row of the news and one of its types. They rise with time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct EventNumber(u32);

impl EventNumber {
    pub(crate) fn of(row: u32, kind: EventType) -> EventNumber {
        EventNumber(row << BITS | kind as u32)
    }

    /// The first that a row could have.
    pub(crate) fn first_of(row: u32) -> EventNumber {
        EventNumber(row << BITS)
    }

    pub(crate) fn from_number(number: u32) -> EventNumber {
        EventNumber(number)
    }

    pub(crate) fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn row(self) -> u32 {
        self.0 >> BITS
    }

    pub(crate) fn kind(self) -> Option<EventType> {
        EventType::ALL.get((self.0 & ((1 << BITS) - 1)) as usize).copied()
    }

    /// The number right behind it.
    pub(crate) fn next(self) -> EventNumber {
        EventNumber(self.0 + 1)
    }
}

/// All rows.
#[derive(Default)]
pub(crate) struct News(Paged<Item>);

impl News {
    pub(crate) fn len(&self) -> u32 {
        self.0.len()
    }

    pub(crate) fn item(&self, row: u32) -> Option<&Item> {
        self.0.get(row)
    }

    pub(crate) fn push(&mut self, item: Item) -> u32 {
        self.0.push(item)
    }

    /// The row of an event, if it happened.
    pub(crate) fn of_event(&self, event: EventNumber) -> Option<(&Item, EventType)> {
        let kind = event.kind()?;
        let item = self.item(event.row()).filter(|item| item.types & kind.bit() != 0)?;
        Some((item, kind))
    }
}

/// What a new version of an intent has to tell.
pub(crate) fn of_intent(before: Option<&Intent>, after: &Intent) -> u16 {
    let created = if before.is_none() { EventType::IntentCreated.bit() } else { 0 };
    let same_status = before.map(|before| before.status) == Some(after.status);
    let told = match after.status {
        Status::RequiresPaymentMethod => {
            let tried = before.and_then(|before| before.charge) != after.charge;
            if tried { EventType::IntentFailed.bit() } else { 0 }
        }
        _ if same_status => 0,
        Status::RequiresConfirmation => 0,
        Status::RequiresAction => EventType::IntentRequiresAction.bit(),
        Status::Processing => EventType::IntentProcessing.bit(),
        Status::RequiresCapture => EventType::IntentCapturable.bit(),
        Status::Succeeded => EventType::IntentSucceeded.bit(),
        Status::Canceled => EventType::IntentCanceled.bit(),
    };
    created | told
}

/// What a new version of a charge has to tell.
pub(crate) fn of_charge(before: Option<&Charge>, after: &Charge) -> u16 {
    let was = before.map_or(ChargeState::Pending, |before| before.state);
    let mut told = match (was, after.state) {
        (ChargeState::Pending, ChargeState::Authorized | ChargeState::Captured) => {
            EventType::ChargeSucceeded.bit()
        }
        (ChargeState::Pending, ChargeState::Failed) => EventType::ChargeFailed.bit(),
        (ChargeState::Authorized, ChargeState::Captured) => EventType::ChargeCaptured.bit(),
        _ => 0,
    };
    if after.refunded > before.map_or(0, |before| before.refunded) {
        told |= EventType::ChargeRefunded.bit();
    }
    if after.disputed && !before.is_some_and(|before| before.disputed) {
        told |= EventType::DisputeCreated.bit();
    }
    told
}

/// What a new version of a refund has to tell.
pub(crate) fn of_refund(before: Option<&Refund>, after: &Refund) -> u16 {
    match (before.map(|before| before.status), after.status) {
        (None, _) => EventType::RefundCreated.bit(),
        (Some(was), is) if was == is => 0,
        (Some(_), RefundStatus::Failed) => EventType::RefundUpdated.bit() | EventType::RefundFailed.bit(),
        (Some(_), RefundStatus::Pending | RefundStatus::Succeeded) => EventType::RefundUpdated.bit(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_has_its_bit_and_its_number() {
        assert_eq!(EventType::ALL.len(), EventType::WORDS.len());
        for (place, kind) in EventType::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.word()), (place, EventType::WORDS[place]));
            let number = EventNumber::of(77, kind);
            assert_eq!((number.row(), number.kind()), (77, Some(kind)));
        }
    }

    #[test]
    fn types_are_named_one_by_one_by_family_or_all_at_once() {
        let bits = |names: &[&str]| EventType::bits(names.iter().copied());
        assert_eq!(bits(&["charge.failed"]), EventType::ChargeFailed.bit());
        assert_eq!(bits(&["*"]).count_ones(), 15);
        assert_eq!(bits(&["refund.*"]).count_ones(), 3);
        assert_eq!(bits(&["customer.created"]), 0);
    }
}
