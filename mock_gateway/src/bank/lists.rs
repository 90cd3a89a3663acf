//! Pages of an account's objects, newest first.

use super::trouble::Trouble;
use super::{Bank, Expand, Kind};
use crate::form::{self, Form};
use crate::memory::{Paged, Text};

const LIMIT_MAX: usize = 100;
pub(super) const LIMIT: usize = 10;

/// Which page, of which objects.
#[derive(Default)]
pub(crate) struct ListAsk<'a> {
    limit: Option<usize>,
    starting_after: Option<&'a str>,
    ending_before: Option<&'a str>,
    created: Created,
    customer: Option<&'a str>,
    intent: Option<&'a str>,
    charge: Option<&'a str>,
    email: Option<&'a str>,
    source: Option<&'a str>,
    currency: Option<&'a str>,
    word: Option<&'a str>,
    pub(crate) expand: Expand,
}

/// Created not before and not after these seconds.
#[derive(Clone, Copy, Default)]
pub(crate) struct Created {
    from: Option<i64>,
    to: Option<i64>,
}

impl Created {
    /// Reads `created`, `created[gte]` and the like.
    pub(crate) fn note(&mut self, name: &str, rest: &str, value: &str) -> Result<(), Trouble> {
        let seconds: i64 = value.parse().map_err(|_| Trouble::invalid_integer(name, value))?;
        match rest {
            "" => *self = Created { from: Some(seconds), to: Some(seconds) },
            "[gt]" => self.from = Some(seconds.saturating_add(1)),
            "[gte]" => self.from = Some(seconds),
            "[lt]" => self.to = Some(seconds.saturating_sub(1)),
            "[lte]" => self.to = Some(seconds),
            _ => return Err(Trouble::unknown(name)),
        }
        Ok(())
    }

    /// Whether this moment is among those asked for.
    pub(crate) fn holds(self, at_ms: i64) -> bool {
        let seconds = at_ms.div_euclid(1000);
        self.from.is_none_or(|from| seconds >= from) && self.to.is_none_or(|to| seconds <= to)
    }
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

/// What can be listed by customer, and what by payment.
const CUSTOMERS_OWN: [Kind; 3] = [Kind::Intent, Kind::Charge, Kind::Method];
const OF_PAYMENTS: [Kind; 3] = [Kind::Charge, Kind::Refund, Kind::Dispute];

impl<'a> ListAsk<'a> {
    /// The same list, of one customer.
    pub(crate) fn of_customer(self, customer: &'a str) -> Self {
        ListAsk { customer: Some(customer), ..self }
    }

    /// Reads the query of a list of these objects.
    pub(crate) fn read(kind: Kind, form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = ListAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("limit", "") => ask.limit = Some(limit(name, value)?),
                ("starting_after", "") => ask.starting_after = Some(value),
                ("ending_before", "") => ask.ending_before = Some(value),
                ("created", rest) => ask.created.note(name, rest, value)?,
                ("expand", rest) if form::is_index(rest) => ask.expand.note(value)?,
                ("customer", "") if CUSTOMERS_OWN.contains(&kind) => ask.customer = Some(value),
                ("payment_intent", "") if OF_PAYMENTS.contains(&kind) => ask.intent = Some(value),
                ("charge", "") if matches!(kind, Kind::Refund | Kind::Dispute) => ask.charge = Some(value),
                ("email", "") if kind == Kind::Customer => ask.email = Some(value),
                ("type", "") if matches!(kind, Kind::Method | Kind::Transaction) => ask.word = Some(value),
                ("currency", "") if kind == Kind::Transaction => ask.currency = Some(value),
                ("source", "") if kind == Kind::Transaction => ask.source = Some(value),
                _ => return Err(Trouble::unknown(name)),
            }
        }
        if ask.starting_after.is_some() && ask.ending_before.is_some() {
            let message = "Use either starting_after or ending_before, not both.".to_owned();
            return Err(Trouble::invalid("ending_before", message));
        }
        Ok(ask)
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
        if let Some(from) = ask.created.from {
            low = source.partition(|number| self.created(kind, number) < from);
        }
        if let Some(to) = ask.created.to {
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
            (Kind::Customer, ..) => return Ok(Source::All(&of.customers)),
            (Kind::Method, ..) => return Ok(Source::All(&of.methods)),
            (Kind::Endpoint, ..) => return Ok(Source::All(&of.endpoints)),
            (Kind::Dispute, ..) => return Ok(Source::All(&of.disputes)),
            (Kind::Transaction, ..) => return Ok(Source::All(&of.transactions)),
            (Kind::Intent | Kind::LedgerRow | Kind::Request | Kind::Event, ..) => {
                return Ok(Source::All(&of.intents));
            }
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
            Kind::Customer => self.customers.find(number).map(|customer| customer.account),
            Kind::Method => self.methods.find(number).map(|method| method.account),
            Kind::Endpoint => {
                let endpoint = self.endpoints.find(number).filter(|endpoint| !endpoint.deleted);
                endpoint.map(|endpoint| endpoint.account)
            }
            Kind::Dispute => self.disputes.find(number).map(|dispute| dispute.account),
            Kind::Transaction => {
                let row = self.ledger.row(number).filter(|row| row.movement.is_transaction());
                row.map(|row| self.charges.current(row.charge).account)
            }
            Kind::LedgerRow | Kind::Request | Kind::Event => None,
        };
        let number = self.era.parse(kind, id);
        let ours = number.filter(|number| account.is_some() && owner(*number) == account);
        ours.ok_or_else(|| Trouble::no_such(kind.noun(), param, id))
    }

    fn created(&self, kind: Kind, number: u32) -> i64 {
        let created_ms = match kind {
            Kind::Charge => self.charges.current(number).created_ms,
            Kind::Refund => self.refunds.current(number).created_ms,
            Kind::Customer => self.customers.current(number).created_ms,
            Kind::Method => self.methods.current(number).created_ms,
            Kind::Endpoint => self.endpoints.current(number).created_ms,
            Kind::Dispute => self.disputes.find(number).map_or(0, |dispute| dispute.created_ms),
            Kind::Transaction => self.ledger.row(number).map_or(0, |row| row.at_ms),
            Kind::Intent | Kind::LedgerRow | Kind::Request | Kind::Event => {
                self.intents.current(number).created_ms
            }
        };
        created_ms.div_euclid(1000)
    }

    fn wanted(&self, kind: Kind, number: u32, ask: &ListAsk<'_>) -> bool {
        let same = |known: Option<Text>, wanted: Option<&str>| match (known, wanted) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(known), Some(wanted)) => self.texts.bytes(known) == wanted.as_bytes(),
        };
        let is = |kind: Kind, number: u32, wanted: Option<&str>| {
            wanted.is_none_or(|wanted| self.era.parse(kind, wanted) == Some(number))
        };
        match kind {
            Kind::Intent => same(self.intents.current(number).customer(), ask.customer),
            Kind::Charge => same(self.charges.current(number).customer, ask.customer),
            Kind::Customer => {
                let customer = self.customers.current(number);
                !customer.deleted && same(customer.person.email, ask.email)
            }
            Kind::Method => {
                let owner = self.methods.current(number).customer;
                let theirs = match (owner, ask.customer) {
                    (_, None) => true,
                    (None, Some(_)) => false,
                    (Some(owner), wanted) => is(Kind::Customer, owner, wanted),
                };
                theirs && ask.word.is_none_or(|word| word == "card")
            }
            Kind::Endpoint => !self.endpoints.current(number).deleted,
            Kind::Dispute => self.disputes.find(number).is_some_and(|dispute| {
                let intent = self.charges.current(dispute.charge).intent;
                is(Kind::Charge, dispute.charge, ask.charge) && is(Kind::Intent, intent, ask.intent)
            }),
            Kind::Transaction => self.ledger.row(number).is_some_and(|row| {
                let currency = self.charges.current(row.charge).currency.code();
                let source = match row.refund {
                    Some(refund) => is(Kind::Refund, refund, ask.source),
                    None => is(Kind::Charge, row.charge, ask.source),
                };
                let word = if row.refund.is_some() { "refund" } else { "charge" };
                source
                    && ask.word.is_none_or(|wanted| wanted == word)
                    && ask.currency.is_none_or(|wanted| wanted.eq_ignore_ascii_case(currency))
            }),
            Kind::Refund | Kind::LedgerRow | Kind::Request | Kind::Event => true,
        }
    }
}
