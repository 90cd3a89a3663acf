//! Pages of an account's objects, newest first.

use super::trouble::Trouble;
use super::{Bank, Expand, Kind};
use crate::form::{self, Form};
use crate::memory::Paged;

const LIMIT_MAX: usize = 100;
const LIMIT: usize = 10;

/// Which page, of which objects.
#[derive(Default)]
pub(crate) struct ListAsk<'a> {
    limit: Option<usize>,
    starting_after: Option<&'a str>,
    ending_before: Option<&'a str>,
    /// Created not before and not after these seconds.
    created_from: Option<i64>,
    created_to: Option<i64>,
    customer: Option<&'a str>,
    intent: Option<&'a str>,
    charge: Option<&'a str>,
    pub(crate) expand: Expand,
}

/// Numbers of the objects of a page, newest first.
pub(crate) struct Page {
    pub(crate) numbers: Vec<u32>,
    pub(crate) has_more: bool,
}

/// Reads `limit`.
pub(crate) fn limit(name: &str, value: &str) -> Result<usize, Trouble> {
    match value.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Ok(_) => {
            let message = format!("Limits are between 1 and {LIMIT_MAX}.");
            Err(Trouble::invalid(name, message))
        }
        Err(_) => Err(Trouble::invalid_integer(name, value)),
    }
}

impl<'a> ListAsk<'a> {
    /// Reads the query of a list of these objects.
    pub(crate) fn read(kind: Kind, form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = ListAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("limit", "") => ask.limit = Some(limit(name, value)?),
                ("starting_after", "") => ask.starting_after = Some(value),
                ("ending_before", "") => ask.ending_before = Some(value),
                ("created", rest) => ask.note_created(name, rest, value)?,
                ("expand", rest) if form::is_index(rest) => ask.expand.note(value)?,
                ("customer", "") if kind == Kind::Intent => ask.customer = Some(value),
                ("payment_intent", "") if kind != Kind::Intent => ask.intent = Some(value),
                ("charge", "") if kind == Kind::Refund => ask.charge = Some(value),
                _ => return Err(Trouble::unknown(name)),
            }
        }
        if ask.starting_after.is_some() && ask.ending_before.is_some() {
            let message = "Use either starting_after or ending_before, not both.".to_owned();
            return Err(Trouble::invalid("ending_before", message));
        }
        Ok(ask)
    }

    fn note_created(&mut self, name: &str, rest: &str, value: &str) -> Result<(), Trouble> {
        let seconds: i64 = value.parse().map_err(|_| Trouble::invalid_integer(name, value))?;
        match rest {
            "" => {
                self.created_from = Some(seconds);
                self.created_to = Some(seconds);
            }
            "[gt]" => self.created_from = Some(seconds.saturating_add(1)),
            "[gte]" => self.created_from = Some(seconds),
            "[lt]" => self.created_to = Some(seconds.saturating_sub(1)),
            "[lte]" => self.created_to = Some(seconds),
            _ => return Err(Trouble::unknown(name)),
        }
        Ok(())
    }
}

/// Numbers in rising order, from wherever they are kept.
enum Source<'a> {
    All(&'a Paged<u32>),
    Few(Vec<u32>),
}

impl Source<'_> {
    fn len(&self) -> u32 {
        match self {
            Source::All(numbers) => numbers.len(),
            Source::Few(numbers) => numbers.len() as u32,
        }
    }

    fn at(&self, place: u32) -> u32 {
        let number = match self {
            Source::All(numbers) => numbers.get(place),
            Source::Few(numbers) => numbers.get(place as usize),
        };
        *number.expect("places are below the length")
    }

    /// The first place for which this no longer holds.
    fn partition(&self, holds: impl Fn(u32) -> bool) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if holds(self.at(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

impl Bank {
    /// One page of a list; an account that never did anything has empty lists.
    pub(crate) fn list(&self, kind: Kind, account: Option<u32>, ask: &ListAsk<'_>) -> Result<Page, Trouble> {
        let Some(account) = account else {
            return Ok(Page { numbers: Vec::new(), has_more: false });
        };
        let source = self.source(kind, account, ask)?;
        let (mut low, mut high) = (0, source.len());
        if let Some(from) = ask.created_from {
            low = source.partition(|number| self.created(kind, number) < from);
        }
        if let Some(to) = ask.created_to {
            high = source.partition(|number| self.created(kind, number) <= to);
        }
        if let Some(id) = ask.starting_after {
            let cursor = self.own(kind, Some(account), id, "starting_after")?;
            high = high.min(source.partition(|number| number < cursor));
        }
        let upwards = ask.ending_before.is_some();
        if let Some(id) = ask.ending_before {
            let cursor = self.own(kind, Some(account), id, "ending_before")?;
            low = low.max(source.partition(|number| number <= cursor));
        }
        let limit = ask.limit.unwrap_or(LIMIT);
        let places = low..high.max(low);
        let wanted = |place: u32| Some(source.at(place)).filter(|n| self.wanted(kind, *n, ask));
        let mut numbers: Vec<u32> = if upwards {
            places.filter_map(wanted).take(limit + 1).collect()
        } else {
            places.rev().filter_map(wanted).take(limit + 1).collect()
        };
        let has_more = numbers.len() > limit;
        numbers.truncate(limit);
        if upwards {
            numbers.reverse();
        }
        Ok(Page { numbers, has_more })
    }

    fn source(&self, kind: Kind, account: u32, ask: &ListAsk<'_>) -> Result<Source<'_>, Trouble> {
        let of = self.accounts.get(account);
        let own_intent = |id| self.own(Kind::Intent, Some(account), id, "payment_intent");
        let few = match (kind, ask.intent, ask.charge) {
            (Kind::Charge, Some(id), _) => self.charges_of(own_intent(id)?),
            (Kind::Refund, _, Some(id)) => {
                self.refunds_of(self.own(Kind::Charge, Some(account), id, "charge")?)
            }
            (Kind::Refund, Some(id), None) => {
                let charges = self.charges_of(own_intent(id)?);
                charges.into_iter().flat_map(|charge| self.refunds_of(charge)).collect()
            }
            (Kind::Charge, None, _) => return Ok(Source::All(&of.charges)),
            (Kind::Refund, None, None) => return Ok(Source::All(&of.refunds)),
            _ => return Ok(Source::All(&of.intents)),
        };
        Ok(Source::Few(few))
    }

    /// Charges of an intent, oldest first.
    fn charges_of(&self, intent: u32) -> Vec<u32> {
        let latest = self.intents.current(intent).charge;
        let chain = std::iter::successors(latest, |charge| self.charges.current(*charge).previous);
        let mut numbers: Vec<u32> = chain.collect();
        numbers.reverse();
        numbers
    }

    /// Refunds of a charge, oldest first.
    fn refunds_of(&self, charge: u32) -> Vec<u32> {
        let latest = self.charges.current(charge).latest_refund;
        let chain = std::iter::successors(latest, |refund| self.refunds.current(*refund).previous);
        let mut numbers: Vec<u32> = chain.collect();
        numbers.reverse();
        numbers
    }

    /// The object of this id, if it is this account's.
    pub(crate) fn own(
        &self,
        kind: Kind,
        account: Option<u32>,
        id: &str,
        param: &str,
    ) -> Result<u32, Trouble> {
        let owner = |number: u32| match kind {
            Kind::Intent => self.intents.find(number).map(|intent| intent.account),
            Kind::Charge => self.charges.find(number).map(|charge| charge.account),
            Kind::Refund => self.refunds.find(number).map(|refund| refund.account),
            Kind::Transaction | Kind::LedgerRow | Kind::Request => None,
        };
        let number = self.era.parse(kind, id);
        let ours = number.filter(|number| account.is_some() && owner(*number) == account);
        ours.ok_or_else(|| Trouble::no_such(kind.noun(), param, id))
    }

    fn created(&self, kind: Kind, number: u32) -> i64 {
        let created_ms = match kind {
            Kind::Charge => self.charges.current(number).created_ms,
            Kind::Refund => self.refunds.current(number).created_ms,
            Kind::Intent | Kind::Transaction | Kind::LedgerRow | Kind::Request => {
                self.intents.current(number).created_ms
            }
        };
        created_ms.div_euclid(1000)
    }

    fn wanted(&self, kind: Kind, number: u32, ask: &ListAsk<'_>) -> bool {
        let Some(customer) = ask.customer.filter(|_| kind == Kind::Intent) else {
            return true;
        };
        let known = self.intents.current(number).customer();
        known.is_some_and(|known| self.texts.bytes(known) == customer.as_bytes())
    }
}
