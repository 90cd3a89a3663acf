//! Telling what happened: the news of an account as events, newest first, and what of them each endpoint has heard.

use std::sync::Arc;

use tokio::sync::Notify;

use super::cards::Behaviour;
use super::lists::{Created, Page, limit};
use super::news::{self, EventNumber, EventType, Item};
use super::party::Endpoint;
use super::trouble::Trouble;
use super::{Bank, Charge, Effect, Kind, Refund};
use crate::form::{self, Form};
use crate::journal::Entry;

/// A list of events.
#[derive(Default)]
pub(crate) struct EventAsk<'a> {
    limit: Option<usize>,
    starting_after: Option<&'a str>,
    ending_before: Option<&'a str>,
    created: Created,
    types: Vec<&'a str>,
}

impl<'a> EventAsk<'a> {
    pub(crate) fn read(form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = EventAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("limit", "") => ask.limit = Some(limit(name, value)?),
                ("starting_after", "") => ask.starting_after = Some(value),
                ("ending_before", "") => ask.ending_before = Some(value),
                ("created", rest) => ask.created.note(name, rest, value)?,
                ("type", "") => ask.types.push(value),
                ("types", rest) if form::is_index(rest) => ask.types.push(value),
                // Nothing in an event can be shown whole.
                ("expand", rest) if form::is_index(rest) => {}
                ("delivery_success", "") => {}
                _ => return Err(Trouble::unknown(name)),
            }
        }
        Ok(ask)
    }
}

impl Bank {
    /// What an effect has to tell, before it is applied.
    pub(super) fn item(&self, effect: &Effect, charge: Option<&Charge>, refund: Option<&Refund>) -> Item {
        let intent = effect.intent.as_ref();
        let of_intent = intent.map_or(0, |intent| news::of_intent(self.intents.find(intent.number), intent));
        let of_charge = charge.map_or(0, |charge| news::of_charge(self.charges.find(charge.number), charge));
        let of_refund = refund.map_or(0, |refund| news::of_refund(self.refunds.find(refund.number), refund));
        Item {
            at_ms: effect.at_ms,
            account: effect.account,
            intent: None,
            charge: None,
            refund: None,
            types: of_intent | of_charge | of_refund,
        }
    }

    pub(super) fn tell(&mut self, item: Item) {
        let row = self.news.push(item);
        let account = self.accounts.get_mut(item.account);
        account.news.push(row);
        if account.listening > 0 {
            self.bell.notify_one();
        }
    }

    /// What rings when there is something to tell.
    pub(crate) fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// The event of this id, if it is this account's.
    pub(crate) fn own_event(&self, account: Option<u32>, id: &str) -> Result<EventNumber, Trouble> {
        let number = self.era.parse(Kind::Event, id).map(EventNumber::from_number);
        let ours = number.filter(|number| {
            let owner = self.news.of_event(*number).map(|(item, _)| item.account);
            owner.is_some() && owner == account
        });
        ours.ok_or_else(|| Trouble::no_such(Kind::Event.noun(), "id", id))
    }

    /// One page of an account's events.
    pub(crate) fn list_events(&self, account: Option<u32>, ask: &EventAsk<'_>) -> Result<Page, Trouble> {
        let mut page = Page { numbers: Vec::new(), has_more: false };
        let Some(number) = account else { return Ok(page) };
        let rows = &self.accounts.get(number).news;
        let cursor = |id: Option<&str>| id.map(|id| self.own_event(account, id)).transpose();
        let (below, above) = (cursor(ask.starting_after)?, cursor(ask.ending_before)?);
        let bits = if ask.types.is_empty() { u16::MAX } else { EventType::bits(ask.types.iter().copied()) };
        let limit = ask.limit.unwrap_or(super::lists::LIMIT);
        let is_wanted = |event: EventNumber, kind: EventType| {
            kind.bit() & bits != 0
                && below.is_none_or(|below| event < below)
                && above.is_none_or(|above| event > above)
        };
        let mut visit = |place: u32| {
            let row = *rows.get(place).expect("places are below the length");
            let item = self.news.item(row).expect("accounts know rows that are there");
            if !ask.created.holds(item.at_ms) {
                return false;
            }
            let mut kinds: Vec<EventType> = item.types().collect();
            if above.is_none() {
                kinds.reverse();
            }
            let events = kinds.into_iter().map(|kind| (EventNumber::of(row, kind), kind));
            page.numbers.extend(events.filter(|(e, k)| is_wanted(*e, *k)).map(|(e, _)| e.number()));
            page.numbers.len() > limit
        };
        let first_not = |holds: &dyn Fn(u32) -> bool| {
            let (mut low, mut high) = (0, rows.len());
            while low < high {
                let middle = low + (high - low) / 2;
                let row = *rows.get(middle).expect("places are below the length");
                if holds(row) { low = middle + 1 } else { high = middle }
            }
            low
        };
        match above {
            Some(above) => {
                let low = first_not(&|row| row < above.row());
                (low..rows.len()).any(&mut visit);
            }
            None => {
                let high = below.map_or(rows.len(), |below| first_not(&|row| row <= below.row()));
                (0..high).rev().any(&mut visit);
            }
        }
        page.has_more = page.numbers.len() > limit;
        page.numbers.truncate(limit);
        if above.is_some() {
            page.numbers.reverse();
        }
        Ok(page)
    }

    /// The next event behind a number that an endpoint is to hear.
    pub(crate) fn next_for(&self, endpoint: &Endpoint, from: EventNumber) -> Option<EventNumber> {
        let rows = &self.accounts.get(endpoint.account).news;
        let (mut low, mut high) = (0, rows.len());
        while low < high {
            let middle = low + (high - low) / 2;
            let row = *rows.get(middle).expect("places are below the length");
            if row < from.row() { low = middle + 1 } else { high = middle }
        }
        (low..rows.len()).find_map(|place| {
            let row = *rows.get(place).expect("places are below the length");
            let item = self.news.item(row).expect("accounts know rows that are there");
            let kinds = item.types().filter(|kind| endpoint.wants(*kind));
            kinds.map(|kind| EventNumber::of(row, kind)).find(|event| *event >= from)
        })
    }

    /// Everything before this an endpoint has heard, or is not to hear.
    pub(crate) fn told(&self, endpoint: &Endpoint) -> EventNumber {
        let from = EventNumber::first_of(endpoint.from);
        self.told.get(&endpoint.number).copied().map_or(from, |told| told.max(from))
    }

    /// Notes how far an endpoint has heard. Goes to the data file with whatever comes next: heard twice is better
    /// than not at all.
    pub(crate) fn note_told(&mut self, endpoint: u32, until: EventNumber) {
        if let Some(data) = &self.data {
            data.append_unhurried(&Entry::told(endpoint, until));
        }
        self.restore_told(endpoint, until);
    }

    /// The same, of an earlier life.
    pub(crate) fn restore_told(&mut self, endpoint: u32, until: EventNumber) {
        self.told.insert(endpoint, until);
    }

    /// Endpoints that have not heard of an event yet.
    pub(crate) fn still_to_hear(&self, event: EventNumber) -> usize {
        let Some((item, kind)) = self.news.of_event(event) else { return 0 };
        let account = self.accounts.get(item.account);
        if account.listening == 0 {
            return 0;
        }
        let endpoints = (0..account.endpoints.len()).filter_map(|place| account.endpoints.get(place));
        let waiting = endpoints
            .map(|number| self.endpoints.current(*number))
            .filter(|endpoint| endpoint.listens() && endpoint.wants(kind) && self.told(endpoint) <= event);
        waiting.count()
    }

    /// The store that an event is about, for its weather.
    pub(crate) fn store_of_item(&self, item: &Item) -> u32 {
        match (item.charge, item.intent) {
            (Some(charge), _) => self.charges.at(charge).store,
            (None, Some(intent)) => self.intents.at(intent).store,
            (None, None) => super::NO_STORE,
        }
    }

    /// The payment is one of which everything is told twice.
    pub(crate) fn tells_twice(&self, item: &Item) -> bool {
        let method = match (item.charge, item.intent) {
            (Some(charge), _) => Some(self.charges.at(charge).method),
            (None, Some(intent)) => self.intents.at(intent).method,
            (None, None) => None,
        };
        method.is_some_and(|method| method.behaviour() == Behaviour::TellTwice)
    }

    /// When something happens by itself next.
    pub(crate) fn next_due(&self) -> Option<i64> {
        self.dues.soonest()
    }
}
