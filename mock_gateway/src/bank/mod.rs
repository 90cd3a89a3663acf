//! The bank itself: everything that is under the one short lock. No HTTP, no weather, no waiting; time comes
//! in as an argument.
//!
//! ```text
//! Ask ─ plan ─▶ Effect ─▶ data file ─▶ apply ─▶ Outcome ─ render ─▶ body
//!        └────▶ Refusal                            └─ remembered under the key
//! ```
//!
//! A change adds versions and rows and never alters one, so an answer is remembered as the versions it was
//! made from.

mod accounts;
mod ask;
mod cards;
mod charge;
mod confirm;
mod currency;
mod declines;
mod dispute;
mod due;
mod effect;
mod events;
mod expand;
mod ids;
mod index;
mod intent;
mod keys;
#[cfg(test)]
mod laws;
mod ledger;
mod lists;
mod metadata;
mod news;
mod parties;
mod party;
mod party_ask;
mod payments;
mod refund;
mod refunds;
mod search;
mod target;
mod trouble;
mod words;

use std::ops::Range;
use std::sync::Arc;

use hashbrown::HashMap;
use tokio::sync::Notify;

pub(crate) use accounts::{Account, Accounts};
pub(crate) use ask::{Ask, IntentAsk, IntentDeed, RefundAsk};
pub(crate) use cards::{Behaviour, Method, listed as listed_methods};
pub(crate) use charge::{Charge, ChargeState};
pub(crate) use confirm::Dice;
pub(crate) use currency::Currency;
pub(crate) use declines::Decline;
pub(crate) use dispute::{Dispute, Disputes};
pub(crate) use effect::{Effect, Moves};
pub(crate) use events::EventAsk;
pub(crate) use expand::Expand;
pub(crate) use ids::{Era, Kind};
pub(crate) use intent::{CancelReason, CaptureMethod, Extras, Intent, Status};
pub(crate) use keys::{Outcome, Record};
pub(crate) use ledger::{Ledger, Movement, NO_STORE, Row, RowNumber};
pub(crate) use lists::{ListAsk, Page};
pub(crate) use news::{EventNumber, EventType, Item, News};
pub(crate) use party::{Customer, Endpoint, Party, PaymentMethod, Person};
pub(crate) use party_ask::{PartyAsk, PartyDeed};
pub(crate) use payments::Circumstances;
pub(crate) use refund::{Prospect, Refund, RefundReason, RefundStatus};
pub(crate) use search::SearchAsk;
pub(crate) use target::Target;
pub(crate) use trouble::{Refusal, Trouble};
pub(crate) use words::words;

use crate::journal::{Appender, Entry};
use crate::memory::{Text, Texts, Version, Versions};
use crate::render;
use due::Dues;
use index::Index;
use keys::Keys;

/// Everything the bank knows.
pub(crate) struct Bank {
    pub(crate) era: Era,
    pub(crate) texts: Texts,
    pub(crate) accounts: Accounts,
    pub(crate) intents: Versions<Intent>,
    pub(crate) charges: Versions<Charge>,
    pub(crate) refunds: Versions<Refund>,
    pub(crate) customers: Versions<Customer>,
    pub(crate) methods: Versions<PaymentMethod>,
    pub(crate) endpoints: Versions<Endpoint>,
    pub(crate) disputes: Disputes,
    pub(crate) ledger: Ledger,
    pub(crate) news: News,
    /// What of the news each endpoint has been told: everything before this.
    told: std::collections::HashMap<u32, EventNumber>,
    /// Rung when there is something to tell.
    bell: Arc<Notify>,
    keys: Keys,
    index: Index,
    dues: Dues,
    /// How often a payment that is to fail n times has failed.
    tallies: HashMap<u64, u32, std::hash::BuildHasherDefault<PassedOn>>,
    data: Option<Appender>,
    /// Position in the data file of the newest change.
    position: u64,
    /// Scheme, host and port under which shoppers find it, as far as it listens.
    pub(crate) address: String,
}

/// Tallies are counted under what is a hash already.
#[derive(Default)]
pub(crate) struct PassedOn(u64);

impl std::hash::Hasher for PassedOn {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxhash_rust::xxh3::xxh3_64(bytes);
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// What is to be remembered under a key.
pub(crate) struct Verdict {
    pub(crate) status: u16,
    pub(crate) expand: Expand,
    pub(crate) about: About,
}

/// What a remembered answer is about; becomes an [`Outcome`] once the versions are known.
#[derive(Clone)]
pub(crate) enum About {
    Intent(u32),
    Declined(u32),
    Refund(u32),
    Customer(u32),
    Method(u32),
    /// An endpoint, and whether its secret is shown.
    Endpoint(u32, bool),
    Fault,
    Text(String),
}

impl Bank {
    pub(crate) fn new(era: Era) -> Bank {
        Bank {
            era,
            texts: Texts::default(),
            accounts: Accounts::default(),
            intents: Versions::default(),
            charges: Versions::default(),
            refunds: Versions::default(),
            customers: Versions::default(),
            methods: Versions::default(),
            endpoints: Versions::default(),
            disputes: Disputes::default(),
            ledger: Ledger::default(),
            news: News::default(),
            told: std::collections::HashMap::new(),
            bell: Arc::default(),
            keys: Keys::default(),
            index: Index::default(),
            dues: Dues::default(),
            tallies: HashMap::default(),
            data: None,
            position: 0,
            address: String::new(),
        }
    }

    /// Says where shoppers find the bank.
    pub(crate) fn listens_at(&mut self, address: std::net::SocketAddr) {
        self.address = format!("http://{address}");
    }

    /// From here on every change is also written to the data file.
    pub(crate) fn write_to(&mut self, data: Appender, position: u64) {
        self.data = Some(data);
        self.position = position;
    }

    /// Where the data file has to be durable for everything known now to be durable.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// How many keys are remembered.
    pub(crate) fn keys_kept(&self) -> usize {
        self.keys.len()
    }

    /// What was answered under this key before.
    pub(crate) fn recall(&self, account: u32, key: &str) -> Option<&Record> {
        self.keys.find(&self.texts, account, key)
    }

    /// Writes an effect and its verdict to the data file and makes them so.
    pub(crate) fn commit(
        &mut self,
        effect: Effect,
        fingerprint: u64,
        verdict: Verdict,
    ) -> (Outcome, Range<u32>) {
        if let Some(data) = &self.data {
            let entry = Entry::of_effect(self, &effect, fingerprint, &verdict);
            self.position = data.append(&entry);
        }
        let (account, at_ms, key) = (effect.account, effect.at_ms, effect.key);
        let rows = self.apply(effect);
        let outcome = self.remember((account, key), at_ms, fingerprint, &verdict);
        (outcome, rows)
    }

    /// Remembers an answer under its key, if the request had one.
    pub(crate) fn remember(
        &mut self,
        (account, key): (u32, Option<Text>),
        at_ms: i64,
        fingerprint: u64,
        verdict: &Verdict,
    ) -> Outcome {
        let mut outcome = self.outcome(&verdict.about);
        if let Some(key) = key {
            if verdict.expand.is_deep() {
                // It shows objects besides those it is about, as they are now.
                let body = render::outcome(self, outcome, verdict.status, verdict.expand);
                let body = String::from_utf8(body).expect("made of whole texts");
                outcome = Outcome::Text(self.texts.put(&body));
            }
            let record =
                Record::new((account, key), fingerprint, at_ms, verdict.status, verdict.expand, outcome);
            self.keys.remember(&self.texts, record);
        }
        outcome
    }

    fn outcome(&mut self, about: &About) -> Outcome {
        match about {
            About::Intent(number) => {
                Outcome::Intent { intent: self.intents.head(*number), charge: self.charge_of(*number) }
            }
            About::Declined(number) => {
                Outcome::Declined { intent: self.intents.head(*number), charge: self.charge_of(*number) }
            }
            About::Refund(number) => {
                let refund = self.refunds.current(*number);
                Outcome::Refund {
                    refund: self.refunds.head(*number),
                    charge: self.charges.head(refund.charge),
                    intent: self.intents.head(refund.intent),
                }
            }
            About::Customer(number) => Outcome::Customer(self.customers.head(*number)),
            About::Method(number) => Outcome::Method(self.methods.head(*number)),
            About::Endpoint(number, secret) => {
                Outcome::Endpoint { endpoint: self.endpoints.head(*number), secret: *secret }
            }
            About::Fault => Outcome::Fault,
            About::Text(body) => Outcome::Text(self.texts.put(body)),
        }
    }

    /// The current version of an intent's latest charge.
    pub(crate) fn charge_of(&self, intent: u32) -> Option<Version> {
        let charge = self.intents.current(intent).charge?;
        Some(self.charges.head(charge))
    }

    /// Makes an effect so.
    pub(crate) fn apply(&mut self, mut effect: Effect) -> Range<u32> {
        let first_row = self.ledger.len();
        let (mut charge, mut refund) = (effect.charge.take(), effect.refund.take());
        if let Some(charge) = &mut charge {
            for (movement, amount) in effect.moves.iter() {
                self.post_movement((movement, amount), charge, refund.as_mut(), &effect);
            }
        }
        let item = self.item(&effect, charge.as_ref(), refund.as_ref());
        let intent = effect.intent.map(|intent| self.put_intent(intent));
        let charge = charge.map(|charge| self.put_charge(charge, effect.at_ms));
        let refund = refund.map(|refund| self.put_refund(refund, effect.at_ms));
        if item.types != 0 {
            self.tell(Item { intent, charge, refund, ..item });
        }
        for party in effect.parties {
            self.put_party(party);
        }
        first_row..self.ledger.len()
    }

    /// Writes one movement of money into the books.
    fn post_movement(
        &mut self,
        (movement, amount): (Movement, i64),
        charge: &mut Charge,
        refund: Option<&mut Refund>,
        effect: &Effect,
    ) {
        let row = Row {
            movement,
            answered: false,
            charge: charge.number,
            refund: refund.as_ref().map(|refund| refund.number),
            store: charge.store,
            amount,
            at_ms: effect.at_ms,
            key: effect.key,
            metadata: effect.metadata,
        };
        let row = self.ledger.push(row, charge.currency);
        let account = self.accounts.get_mut(charge.account);
        match (movement, refund) {
            (Movement::Capture, _) => {
                charge.transaction = Some(RowNumber::of(row));
                account.transactions.push(row);
                account.post(charge.currency, amount);
            }
            (Movement::Refund, Some(refund)) => {
                refund.transaction = Some(RowNumber::of(row));
                account.transactions.push(row);
                account.post(charge.currency, -amount);
            }
            (Movement::Refund, None) | (Movement::Authorization | Movement::Void, _) => {}
        }
    }

    fn put_intent(&mut self, intent: Intent) -> Version {
        let before = self.intents.find(intent.number).map(|old| old.metadata);
        if before.is_none() {
            let account = self.accounts.get_mut(intent.account);
            account.intents.push(intent.number);
        }
        if before != Some(intent.metadata) {
            self.post(&intent, before.flatten());
        }
        self.dues.note_intent(&intent);
        self.intents.put(intent.number, intent)
    }

    /// Lets the intent be found by the pairs it did not have before.
    fn post(&mut self, intent: &Intent, before: Option<Text>) {
        let Some(metadata) = intent.metadata else {
            return;
        };
        let before = before.map(|text| self.texts.bytes(text));
        for pair in metadata::spelled_pairs(self.texts.bytes(metadata)) {
            if before.is_none_or(|text| !metadata::holds(text, pair)) {
                let hash = index::hash(intent.account, pair);
                self.index.post(hash, intent.number);
            }
        }
    }

    fn put_charge(&mut self, charge: Charge, at_ms: i64) -> Version {
        if charge.number == self.charges.count() {
            let account = self.accounts.get_mut(charge.account);
            account.charges.push(charge.number);
        }
        if charge.disputed && self.disputes.about(charge.number).is_none() {
            let dispute = Dispute { account: charge.account, charge: charge.number, created_ms: at_ms };
            let number = self.disputes.push(dispute);
            self.accounts.get_mut(charge.account).disputes.push(number);
        }
        self.dues.note_charge(&charge, at_ms);
        self.charges.put(charge.number, charge)
    }

    fn put_refund(&mut self, refund: Refund, at_ms: i64) -> Version {
        if refund.number == self.refunds.count() {
            let account = self.accounts.get_mut(refund.account);
            account.refunds.push(refund.number);
        }
        self.dues.note_refund(&refund, at_ms);
        self.refunds.put(refund.number, refund)
    }

    /// Notes that the answer about these rows was handed over.
    pub(crate) fn answered(&mut self, rows: Range<u32>) {
        if rows.is_empty() {
            return;
        }
        if let Some(data) = &self.data {
            data.append_unhurried(&Entry::answered(rows.clone()));
        }
        self.ledger.answered(rows);
    }

    /// How often a payment under this tally has failed so far.
    pub(crate) fn tally(&self, under: u64) -> u32 {
        self.tallies.get(&under).copied().unwrap_or(0)
    }

    /// Counts one more failure.
    pub(crate) fn count_failure(&mut self, under: u64) {
        if let Some(data) = &self.data {
            self.position = data.append(&Entry::failure(under));
        }
        self.restore_failure(under);
    }

    /// The same, of an earlier life.
    pub(crate) fn restore_failure(&mut self, under: u64) {
        *self.tallies.entry(under).or_insert(0) += 1;
    }

    /// Forgets everything and starts a new era, in which no old id means anything.
    pub(crate) fn reset(&mut self, era: Era) {
        if let Some(data) = &self.data {
            self.position = data.append(&Entry::reset(era.seed()));
        }
        let (data, position, bell) = (self.data.take(), self.position, Arc::clone(&self.bell));
        *self = Bank::new(era);
        self.data = data;
        self.bell = bell;
        self.position = position;
    }

    /// Metadata read back: the text kept already where it is the same.
    pub(crate) fn restored_metadata(&mut self, intent: u32, text: Option<&str>) -> Option<Text> {
        let before = self.intents.find(intent).and_then(|intent| intent.metadata);
        let text = text?;
        let same = before.filter(|before| self.texts.get(*before) == text);
        Some(same.unwrap_or_else(|| self.texts.put(text)))
    }

    /// One value of a metadata text.
    pub(crate) fn metadata_value(&self, metadata: Option<Text>, key: &str) -> Option<String> {
        metadata::value(self.texts.get(metadata?), key).map(|value| value.into_owned())
    }

    /// The store whose payment this request is about, as far as that is known.
    pub(crate) fn store_of_ask(&self, account: &str, ask: &Ask<'_>) -> Option<String> {
        let account = self.accounts.find(account)?;
        let (kind, id) = match ask {
            Ask::Create(_) | Ask::Party(_) => return None,
            Ask::On(_, id, _) => (Kind::Intent, *id),
            Ask::Refund(ask) => match (ask.intent, ask.charge) {
                (Some(id), _) => (Kind::Intent, id),
                (None, Some(id)) => (Kind::Charge, id),
                (None, None) => return None,
            },
        };
        self.own(kind, Some(account), id, "id").ok()?;
        self.store_of_object(kind, id)
    }

    /// The store whose object this is.
    pub(crate) fn store_of_object(&self, kind: Kind, id: &str) -> Option<String> {
        let number = self.era.parse(kind, id)?;
        let store = match kind {
            Kind::Intent => self.intents.find(number)?.store,
            Kind::Charge => self.charges.find(number)?.store,
            Kind::Refund => self.intents.current(self.refunds.find(number)?.intent).store,
            Kind::Transaction => self.ledger.row(number)?.store,
            Kind::Dispute => self.charges.current(self.disputes.find(number)?.charge).store,
            Kind::LedgerRow
            | Kind::Request
            | Kind::Customer
            | Kind::Method
            | Kind::Endpoint
            | Kind::Event => return None,
        };
        (store != NO_STORE).then(|| self.ledger.store_name(store).to_owned())
    }

    /// The store a metadata text names.
    pub(crate) fn store_of(&mut self, metadata: Option<Text>) -> u32 {
        let Some(metadata) = metadata else {
            return NO_STORE;
        };
        let name = metadata::value(self.texts.get(metadata), "store_id");
        name.map_or(NO_STORE, |name| self.ledger.store(&name))
    }
}
