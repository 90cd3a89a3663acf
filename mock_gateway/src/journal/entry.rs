//! The stored shape of a change. Separate from the shapes in memory, which may change freely: here texts are
//! texts and objects carry their numbers.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::objects::{ChargeEntry, IntentEntry, RefundEntry, plain};
use super::party::PartyEntry;
use crate::bank::{About, Bank, Effect, Era, EventNumber, Expand, Movement, Moves, Verdict};

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
