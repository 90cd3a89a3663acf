//! The stored shape of intents, charges and refunds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::bank::{
    Bank, CancelReason, CaptureMethod, Charge, ChargeState, Currency, Decline, Extras, Intent, Method,
    Prospect, Refund, RefundReason, RefundStatus, Status,
};
use crate::memory::Text;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IntentEntry<'a> {
    number: u32,
    amount: i64,
    received: i64,
    currency: Cow<'a, str>,
    status: Status,
    capture: CaptureMethod,
    created: i64,
    changed: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Decline>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<CancelReason>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    metadata: Option<&'a RawValue>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    extras: Option<ExtrasEntry<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtrasEntry<'a> {
    description: Option<Cow<'a, str>>,
    customer: Option<Cow<'a, str>>,
    return_url: Option<Cow<'a, str>>,
    #[serde(borrow)]
    types: Option<&'a RawValue>,
    automatic_methods: bool,
    key: Option<Cow<'a, str>>,
    canceled: Option<i64>,
}

/// What a charge has from its intent is not repeated, but for what the intent may lose later.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChargeEntry {
    number: u32,
    intent: u32,
    previous: Option<u32>,
    refund: Option<u32>,
    method: String,
    state: ChargeState,
    failure: Option<Decline>,
    disputed: bool,
    amount: i64,
    captured: i64,
    refunded: i64,
    created: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundEntry<'a> {
    number: u32,
    charge: u32,
    previous: Option<u32>,
    status: RefundStatus,
    prospect: Prospect,
    reason: Option<RefundReason>,
    amount: i64,
    created: i64,
    #[serde(borrow)]
    metadata: Option<&'a RawValue>,
    key: Option<Cow<'a, str>>,
}

fn raw(bank: &Bank, text: Option<Text>) -> Option<&RawValue> {
    let text = bank.texts.get(text?);
    Some(serde_json::from_str(text).expect("kept as JSON by this bank"))
}

pub(super) fn plain(bank: &Bank, text: Option<Text>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(bank.texts.get(text)))
}

fn method(bank: &Bank, id: &str) -> Result<Method, String> {
    bank.method(id).ok_or_else(|| format!("there is no payment method {id}"))
}

/// An object is the next new one or an old one; anything else means that a line is missing.
pub(super) fn known(number: u32, count: u32) -> Result<u32, String> {
    (number <= count).then_some(number).ok_or_else(|| format!("object {number} where only {count} exist"))
}

impl<'a> IntentEntry<'a> {
    pub(super) fn of(bank: &'a Bank, intent: &Intent) -> Self {
        IntentEntry {
            number: intent.number,
            amount: intent.amount,
            received: intent.received,
            currency: Cow::Borrowed(intent.currency.code()),
            status: intent.status,
            capture: intent.capture,
            created: intent.created_ms,
            changed: intent.changed_ms,
            method: intent.method.map(|method| method.id(&bank.era)),
            charge: intent.charge,
            failure: intent.failure,
            reason: intent.reason,
            metadata: raw(bank, intent.metadata),
            extras: intent.extras.as_ref().map(|extras| ExtrasEntry {
                description: plain(bank, extras.description),
                customer: plain(bank, extras.customer),
                return_url: plain(bank, extras.return_url),
                types: raw(bank, extras.types),
                automatic_methods: extras.automatic_methods,
                key: plain(bank, extras.key),
                canceled: extras.canceled_ms,
            }),
        }
    }

    pub(super) fn restored(self, bank: &mut Bank, account: u32) -> Result<Intent, String> {
        let number = known(self.number, bank.intents.count())?;
        let metadata = bank.restored_metadata(number, self.metadata.map(RawValue::get));
        let mut keep = |text: &Option<Cow<'_, str>>| text.as_ref().map(|text| bank.texts.put(text));
        let extras = self.extras.map(|extras| {
            Box::new(Extras {
                description: keep(&extras.description),
                customer: keep(&extras.customer),
                return_url: keep(&extras.return_url),
                types: keep(&extras.types.map(|types| Cow::Borrowed(types.get()))),
                automatic_methods: extras.automatic_methods,
                key: keep(&extras.key),
                canceled_ms: extras.canceled,
            })
        });
        let currency = Currency::parse(&self.currency);
        Ok(Intent {
            number,
            account,
            store: bank.store_of(metadata),
            currency: currency.ok_or_else(|| format!("there is no currency {}", self.currency))?,
            status: self.status,
            capture: self.capture,
            reason: self.reason,
            failure: self.failure,
            method: self.method.as_deref().map(|id| method(bank, id)).transpose()?,
            charge: self.charge,
            amount: self.amount,
            received: self.received,
            created_ms: self.created,
            changed_ms: self.changed,
            metadata,
            extras,
        })
    }
}

impl ChargeEntry {
    pub(super) fn of(bank: &Bank, charge: &Charge) -> Self {
        ChargeEntry {
            number: charge.number,
            intent: charge.intent,
            previous: charge.previous,
            refund: charge.latest_refund,
            method: charge.method.id(&bank.era),
            state: charge.state,
            failure: charge.failure,
            disputed: charge.disputed,
            amount: charge.amount,
            captured: charge.captured,
            refunded: charge.refunded,
            created: charge.created_ms,
        }
    }

    pub(super) fn restored(
        self,
        bank: &Bank,
        account: u32,
        intent: Option<&Intent>,
    ) -> Result<Charge, String> {
        let number = known(self.number, bank.charges.count())?;
        let before = bank.charges.find(number);
        let intent = intent.filter(|intent| intent.number == self.intent);
        let intent =
            intent.or_else(|| bank.intents.find(self.intent)).ok_or("a charge without its intent")?;
        Ok(Charge {
            number,
            account,
            intent: self.intent,
            store: before.map_or(intent.store, |before| before.store),
            previous: self.previous,
            latest_refund: self.refund,
            transaction: before.and_then(|before| before.transaction),
            method: method(bank, &self.method)?,
            currency: intent.currency,
            state: self.state,
            failure: self.failure,
            disputed: self.disputed,
            amount: self.amount,
            captured: self.captured,
            refunded: self.refunded,
            created_ms: self.created,
            metadata: before.map_or(intent.metadata, |before| before.metadata),
            description: before.map_or(intent.description(), |before| before.description),
            customer: before.map_or(intent.customer(), |before| before.customer),
        })
    }
}

impl<'a> RefundEntry<'a> {
    pub(super) fn of(bank: &'a Bank, refund: &Refund) -> Self {
        RefundEntry {
            number: refund.number,
            charge: refund.charge,
            previous: refund.previous,
            status: refund.status,
            prospect: refund.prospect,
            reason: refund.reason,
            amount: refund.amount,
            created: refund.created_ms,
            metadata: raw(bank, refund.metadata),
            key: plain(bank, refund.key),
        }
    }

    pub(super) fn restored(self, bank: &mut Bank, account: u32, intent: u32) -> Result<Refund, String> {
        let number = known(self.number, bank.refunds.count())?;
        let transaction = bank.refunds.find(number).and_then(|before| before.transaction);
        let before = bank.refunds.find(number).map(|before| (before.metadata, before.key));
        let (metadata, key) = before.unwrap_or_else(|| {
            let metadata = self.metadata.map(|text| bank.texts.put(text.get()));
            (metadata, self.key.map(|key| bank.texts.put(&key)))
        });
        Ok(Refund {
            number,
            account,
            charge: self.charge,
            intent,
            previous: self.previous,
            transaction,
            status: self.status,
            prospect: self.prospect,
            reason: self.reason,
            amount: self.amount,
            created_ms: self.created,
            metadata,
            key,
        })
    }
}
