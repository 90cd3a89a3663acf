//! The stored shape of a change. Separate from the shapes in memory, which may change freely: here texts are
//! texts and objects carry their numbers.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::party::PartyEntry;
use crate::bank::{
    About, Bank, CancelReason, CaptureMethod, Charge, ChargeState, Currency, Decline, Effect, Era,
    EventNumber, Expand, Extras, Intent, Method, Movement, Moves, Prospect, Refund, RefundReason,
    RefundStatus, Status, Verdict,
};
use crate::memory::Text;

/// One line's content.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, str>>,
    /// The request's key.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    intent: Option<IntentEntry<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charge: Option<ChargeEntry>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    refund: Option<RefundEntry<'a>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    moves: Vec<(Movement, i64)>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parties: Vec<PartyEntry>,
    /// An endpoint has heard every event before this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    told: Option<(u32, u32)>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    answer: Option<AnswerEntry<'a>>,
    /// Rows of the ledger whose answer was handed over, first and end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    answered: Option<(u32, u32)>,
    /// One more failure of a payment that is to fail n times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<u64>,
    /// Everything before is forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset: Option<u64>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IntentEntry<'a> {
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
struct ChargeEntry {
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
struct RefundEntry<'a> {
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerEntry<'a> {
    fingerprint: u64,
    status: u16,
    expand: u16,
    #[serde(borrow)]
    about: AboutEntry<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AboutEntry<'a> {
    Intent(u32),
    Declined(u32),
    Refund(u32),
    Customer(u32),
    Method(u32),
    Endpoint(u32, bool),
    Fault,
    Text(#[serde(borrow)] Cow<'a, str>),
}

fn raw(bank: &Bank, text: Option<Text>) -> Option<&RawValue> {
    let text = bank.texts.get(text?);
    Some(serde_json::from_str(text).expect("kept as JSON by this bank"))
}

fn plain(bank: &Bank, text: Option<Text>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(bank.texts.get(text)))
}

impl<'a> Entry<'a> {
    /// An effect and its answer.
    pub(crate) fn of_effect(
        bank: &'a Bank,
        effect: &'a Effect,
        fingerprint: u64,
        verdict: &'a Verdict,
    ) -> Entry<'a> {
        let about = match &verdict.about {
            About::Intent(number) => AboutEntry::Intent(*number),
            About::Declined(number) => AboutEntry::Declined(*number),
            About::Refund(number) => AboutEntry::Refund(*number),
            About::Customer(number) => AboutEntry::Customer(*number),
            About::Method(number) => AboutEntry::Method(*number),
            About::Endpoint(number, secret) => AboutEntry::Endpoint(*number, *secret),
            About::Fault => AboutEntry::Fault,
            About::Text(body) => AboutEntry::Text(Cow::Borrowed(body)),
        };
        let answer =
            AnswerEntry { fingerprint, status: verdict.status, expand: verdict.expand.bits(), about };
        Entry { answer: Some(answer), ..Entry::of_effect_alone(bank, effect) }
    }

    /// An effect that nobody asked for.
    pub(crate) fn of_effect_alone(bank: &'a Bank, effect: &'a Effect) -> Entry<'a> {
        let account = bank.accounts.get(effect.account);
        Entry {
            at: Some(effect.at_ms),
            account: Some(Cow::Borrowed(account.key())),
            key: plain(bank, effect.key),
            intent: effect.intent.as_ref().map(|intent| IntentEntry::of(bank, intent)),
            charge: effect.charge.as_ref().map(|charge| ChargeEntry::of(bank, charge)),
            refund: effect.refund.as_ref().map(|refund| RefundEntry::of(bank, refund)),
            moves: effect.moves.iter().collect(),
            parties: effect.parties.iter().map(|party| PartyEntry::of(bank, party)).collect(),
            ..Entry::default()
        }
    }

    pub(crate) fn answered(rows: Range<u32>) -> Entry<'static> {
        Entry { answered: Some((rows.start, rows.end)), ..Entry::default() }
    }

    pub(crate) fn failure(under: u64) -> Entry<'static> {
        Entry { failure: Some(under), ..Entry::default() }
    }

    pub(crate) fn told(endpoint: u32, until: EventNumber) -> Entry<'static> {
        Entry { told: Some((endpoint, until.number())), ..Entry::default() }
    }

    pub(crate) fn reset(era: u64) -> Entry<'static> {
        Entry { reset: Some(era), ..Entry::default() }
    }

    /// Makes it so again.
    pub(super) fn restore(self, bank: &mut Bank) -> Result<(), String> {
        if let Some(era) = self.reset {
            bank.reset(Era::new(era));
        }
        if let Some((first, end)) = self.answered {
            bank.answered(first..end);
        }
        if let Some(failure) = self.failure {
            bank.restore_failure(failure);
        }
        if let Some((endpoint, until)) = self.told {
            bank.restore_told(endpoint, EventNumber::from_number(until));
        }
        let (Some(account), Some(at_ms)) = (&self.account, self.at) else {
            return Ok(());
        };
        let account = bank.accounts.open(account);
        let key = self.key.as_deref().map(|key| bank.texts.put(key));
        let intent = self.intent.map(|entry| entry.restored(bank, account)).transpose()?;
        let charge = self.charge.map(|entry| entry.restored(bank, account, intent.as_ref())).transpose()?;
        let refund = match self.refund {
            Some(entry) => {
                let charge = charge.as_ref().ok_or("a refund without its charge")?;
                Some(entry.restored(bank, account, charge.intent)?)
            }
            None => None,
        };
        let mut parties = Vec::with_capacity(self.parties.len());
        for party in self.parties {
            parties.push(party.restored(bank, account)?);
        }
        let metadata = match (&intent, &charge, &refund) {
            (_, Some(charge), Some(refund)) => bank.refund_metadata(charge.intent, refund.metadata),
            (Some(intent), _, _) => intent.metadata,
            (None, _, _) => None,
        };
        let effect = Effect {
            intent,
            charge,
            refund,
            parties,
            moves: Moves::collected(&self.moves)?,
            metadata,
            ..Effect::nothing(account, at_ms, key)
        };
        bank.apply(effect);
        if let Some(answer) = self.answer {
            let verdict = Verdict {
                status: answer.status,
                expand: Expand::from_bits(answer.expand),
                about: answer.about.restored(bank)?,
            };
            bank.remember((account, key), at_ms, answer.fingerprint, &verdict);
        }
        Ok(())
    }
}

impl AboutEntry<'_> {
    fn restored(self, bank: &Bank) -> Result<About, String> {
        let (about, known) = match self {
            AboutEntry::Intent(number) => (About::Intent(number), bank.intents.find(number).is_some()),
            AboutEntry::Declined(number) => (About::Declined(number), bank.intents.find(number).is_some()),
            AboutEntry::Refund(number) => (About::Refund(number), bank.refunds.find(number).is_some()),
            AboutEntry::Customer(number) => (About::Customer(number), bank.customers.find(number).is_some()),
            AboutEntry::Method(number) => (About::Method(number), bank.methods.find(number).is_some()),
            AboutEntry::Endpoint(number, secret) => {
                (About::Endpoint(number, secret), bank.endpoints.find(number).is_some())
            }
            AboutEntry::Fault => (About::Fault, true),
            AboutEntry::Text(body) => (About::Text(body.into_owned()), true),
        };
        known.then_some(about).ok_or_else(|| "an answer about nothing".to_owned())
    }
}

fn method(bank: &Bank, id: &str) -> Result<Method, String> {
    bank.method(id).ok_or_else(|| format!("there is no payment method {id}"))
}

/// An object is the next new one or an old one; anything else means that a line is missing.
pub(super) fn known(number: u32, count: u32) -> Result<u32, String> {
    (number <= count).then_some(number).ok_or_else(|| format!("object {number} where only {count} exist"))
}

impl<'a> IntentEntry<'a> {
    fn of(bank: &'a Bank, intent: &Intent) -> Self {
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

    fn restored(self, bank: &mut Bank, account: u32) -> Result<Intent, String> {
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
    fn of(bank: &Bank, charge: &Charge) -> Self {
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

    fn restored(self, bank: &Bank, account: u32, intent: Option<&Intent>) -> Result<Charge, String> {
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
    fn of(bank: &'a Bank, refund: &Refund) -> Self {
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

    fn restored(self, bank: &mut Bank, account: u32, intent: u32) -> Result<Refund, String> {
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
