//! Things as they were: states folded from the journal again by the functions that made them, up to a place in the store's
//! sequence; and the events that made them.
//!
//! What belongs to an order is found by the order's own list of events. Of anything else the store's events are looked
//! through, so that works as far as those are not too many; how such a thing stands now is what views hold.

use rusqlite::OptionalExtension as _;
use serde::Serialize;
use serde_json::Value;

use super::error::ViewsError;
use super::events::EventView;
use super::reader::{ViewsReader, event_of};
use super::schema::DocKind;
use super::slots::{doc, json};
use crate::alert::{self, Alert};
use crate::fraud::{self, Review};
use crate::fulfillment::Fulfillments;
use crate::inventory::{self, Item, Reservation};
use crate::journal::Position;
use crate::order::Orders;
use crate::payment::Payment;
use crate::returns::Returns;
use crate::runtime::{Aggregate, Event};
use crate::store::settings::{self, StoreView, Tenancy};
use crate::types::{AlertId, OrderId, Sku, StoreId, Timestamp};

/// The most events of a store that are looked through for one thing.
pub const SCANNED_MAX: u64 = 20_000;
/// The most events that one thing of an order is folded from.
const FOLDED_MAX: usize = 20_000;
/// How many events are read in one go.
const STRIDE: usize = 256;

/// Something that has a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An order.
    Order(OrderId),
    /// The payment of an order.
    Payment(OrderId),
    /// The stock that is kept for an order.
    Reservation(OrderId),
    /// The review of an order.
    Review(OrderId),
    /// The fulfilment of an order.
    Fulfillment(OrderId),
    /// The returns of an order.
    Returns(OrderId),
    /// A SKU.
    Item(Sku),
    /// An alert.
    Alert(AlertId),
    /// The store as a tenant.
    Store,
}

/// Something as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// When it last changed.
    pub at: Timestamp,
    /// How many events made it; none, where they were not counted.
    pub events: Option<u64>,
    /// Its state.
    pub state: Value,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Lost {
    /// There are more events than are looked through.
    TooMany,
    /// Views or journal cannot be read.
    Unreadable(ViewsError),
}

impl From<ViewsError> for Lost {
    fn from(error: ViewsError) -> Self {
        Lost::Unreadable(error)
    }
}

/// A fold under way.
struct Folding<S> {
    state: S,
    at: Timestamp,
    events: u64,
}

impl Thing {
    /// The order whose events it is found among.
    fn order(&self) -> Option<OrderId> {
        match self {
            Thing::Order(id)
            | Thing::Payment(id)
            | Thing::Reservation(id)
            | Thing::Review(id)
            | Thing::Fulfillment(id)
            | Thing::Returns(id) => Some(*id),
            Thing::Item(_) | Thing::Alert(_) | Thing::Store => None,
        }
    }

    /// The kinds of events that may be about it.
    fn kinds(&self) -> &'static [&'static str] {
        match self {
            Thing::Order(_) => <Orders as Aggregate>::Event::KINDS,
            Thing::Payment(_) => <Payment as Aggregate>::Event::KINDS,
            Thing::Reservation(_) | Thing::Item(_) => inventory::Event::KINDS,
            Thing::Review(_) => fraud::Event::KINDS,
            Thing::Fulfillment(_) => <Fulfillments as Aggregate>::Event::KINDS,
            Thing::Returns(_) => <Returns as Aggregate>::Event::KINDS,
            Thing::Alert(_) => alert::Event::KINDS,
            Thing::Store => settings::Event::KINDS,
        }
    }
}

impl ViewsReader {
    /// Something as it was after the store's event of this number; as it is where none is given. Nothing where it was not
    /// there.
    pub fn past(&mut self, store: &StoreId, thing: &Thing, until: Option<u64>) -> Result<Option<Past>, Lost> {
        if until.is_none() && thing.order().is_none() {
            return Ok(self.present(store, thing)?);
        }
        let Some(positions) = self.positions_of(store, thing, until)? else { return Ok(None) };
        let until = until.unwrap_or(u64::MAX);
        match thing {
            Thing::Order(_) => self.evolved::<Orders>(&positions, until),
            Thing::Payment(_) => self.evolved::<Payment>(&positions, until),
            Thing::Fulfillment(_) => self.evolved::<Fulfillments>(&positions, until),
            Thing::Returns(_) => self.evolved::<Returns>(&positions, until),
            Thing::Reservation(_) => {
                self.folded(&positions, until, |event, at, state| Reservation::fold(state, event, at))
            }
            Thing::Review(_) => {
                self.folded(&positions, until, |event, at, state| Review::fold(state, event, at))
            }
            Thing::Item(sku) => {
                self.folded(&positions, until, |event, at, state| Item::fold(state, sku, event, at))
            }
            Thing::Alert(id) => self.folded(&positions, until, |event: &alert::Event, at, state| {
                if event.id() == *id { Alert::fold(state, event, at) } else { state }
            }),
            Thing::Store => {
                let found = self.fold::<settings::Event, settings::Store>(
                    &positions,
                    until,
                    settings::Store::default(),
                    |event, at, state| Tenancy::evolve(state, event, at),
                )?;
                let Folding { state, at, events } = found;
                Ok(state.known().map(|known| Past {
                    at,
                    events: Some(events),
                    state: shown(&StoreView::of(known)),
                }))
            }
        }
        .map_err(Lost::Unreadable)
    }

    /// The events that made something, oldest first, those after a sequence number. Nothing where it was never there.
    pub fn history(
        &mut self,
        store: &StoreId,
        thing: &Thing,
        after: u64,
        limit: usize,
    ) -> Result<Option<Vec<EventView>>, Lost> {
        let Some(positions) = self.positions_of(store, thing, None)? else { return Ok(None) };
        let (mut found, mut is_there) = (Vec::new(), false);
        'all: for some in positions.chunks(STRIDE) {
            let mut wanted = Vec::new();
            self.read_journal(some, |record| {
                if thing.kinds().contains(&record.kind) && is_about(thing, &record)? {
                    is_there = true;
                    if record.sequence > after {
                        wanted.push(record.position);
                    }
                }
                Ok(())
            })?;
            for event in self.views_at(&wanted)? {
                if found.len() == limit {
                    break 'all;
                }
                found.push(event);
            }
        }
        Ok(is_there.then_some(found))
    }

    /// How something stands that no order leads to.
    fn present(&mut self, store: &StoreId, thing: &Thing) -> Result<Option<Past>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        let past = |at: Timestamp, state: Value| Past { at, events: None, state };
        Ok(match thing {
            Thing::Item(sku) => self.item_now(no, sku)?.map(|item| past(item.updated_at, shown(&item))),
            Thing::Alert(id) => self.alert(store, *id)?.map(|alert| past(alert.updated_at, shown(&alert))),
            Thing::Store => match doc::<settings::Store>(&self.file, no, DocKind::Store, &[])? {
                Some(settings::Store::Known(known)) => {
                    Some(past(known.updated_at, shown(&StoreView::of(&known))))
                }
                Some(settings::Store::Unknown) | None => None,
            },
            Thing::Order(_)
            | Thing::Payment(_)
            | Thing::Reservation(_)
            | Thing::Review(_)
            | Thing::Fulfillment(_)
            | Thing::Returns(_) => None,
        })
    }

    fn item_now(&self, store: u32, sku: &Sku) -> Result<Option<Item>, ViewsError> {
        let fail = ViewsError::sqlite("reading an item");
        let mut statement =
            self.file.prepare_cached("SELECT doc FROM skus WHERE store = ?1 AND sku = ?2").map_err(&fail)?;
        let found = statement
            .query_row((store, sku.as_str()), |row| Ok(json::<Item>(row, 0)))
            .optional()
            .map_err(&fail)?;
        Ok(found.transpose()?.flatten())
    }

    /// Where events stand that may be about something, up to a sequence number.
    fn positions_of(
        &mut self,
        store: &StoreId,
        thing: &Thing,
        until: Option<u64>,
    ) -> Result<Option<Vec<Position>>, Lost> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        if let Some(order) = thing.order() {
            let positions = self.positions_of_order(no, order)?;
            if positions.as_ref().is_some_and(|positions| positions.len() > FOLDED_MAX) {
                return Err(Lost::TooMany);
            }
            return Ok(positions);
        }
        let newest = self.store(store)?.map_or(0, |known| known.sequence);
        let wanted = until.unwrap_or(newest).min(newest);
        if wanted > SCANNED_MAX {
            return Err(Lost::TooMany);
        }
        Ok(Some(self.positions_after(no, 0, usize::try_from(wanted).unwrap_or(usize::MAX))?))
    }

    /// The state of an aggregate whose instances are an order's.
    fn evolved<A: Aggregate>(
        &mut self,
        positions: &[Position],
        until: u64,
    ) -> Result<Option<Past>, ViewsError>
    where
        A::State: Serialize,
    {
        let start = A::State::default();
        let found =
            self.fold(positions, until, start, |event: &A::Event, at, state| A::evolve(state, event, at))?;
        let Folding { state, at, events } = found;
        Ok((events > 0).then(|| Past { at, events: Some(events), state: shown(&state) }))
    }

    /// The state of something that is part of an aggregate.
    fn folded<E: Event, S: Serialize + Clone + PartialEq>(
        &mut self,
        positions: &[Position],
        until: u64,
        fold: impl Fn(&E, Timestamp, Option<S>) -> Option<S>,
    ) -> Result<Option<Past>, ViewsError> {
        let start = (None::<S>, Timestamp::default(), 0_u64);
        let found = self.fold(positions, until, start, |event: &E, at, (state, changed_at, events)| {
            let before = state.clone();
            *state = fold(event, at, state.take());
            if *state != before {
                (*changed_at, *events) = (at, *events + 1);
            }
        })?;
        let (state, at, events) = found.state;
        Ok(state.map(|state| Past { at, events: Some(events), state: shown(&state) }))
    }

    fn fold<E: Event, S>(
        &mut self,
        positions: &[Position],
        until: u64,
        start: S,
        mut evolve: impl FnMut(&E, Timestamp, &mut S),
    ) -> Result<Folding<S>, ViewsError> {
        let mut folding = Folding { state: start, at: Timestamp::default(), events: 0 };
        let mut is_past = false;
        for some in positions.chunks(STRIDE) {
            self.read_journal(some, |record| {
                is_past |= record.sequence > until;
                if !is_past && E::KINDS.contains(&record.kind) {
                    let event: E = event_of(&record)?;
                    evolve(&event, record.at, &mut folding.state);
                    (folding.at, folding.events) = (record.at, folding.events + 1);
                }
                Ok(())
            })?;
            if is_past {
                break;
            }
        }
        Ok(folding)
    }
}

/// Whether an event of one of its kinds is about a thing.
fn is_about(thing: &Thing, record: &crate::journal::Record<'_>) -> Result<bool, ViewsError> {
    Ok(match thing {
        Thing::Item(sku) => {
            let event: inventory::Event = event_of(record)?;
            let (mut skus, _) = event.touches();
            skus.any(|touched| touched == sku)
        }
        Thing::Alert(id) => event_of::<alert::Event>(record)?.id() == *id,
        Thing::Reservation(_) | Thing::Store => true,
        Thing::Order(_)
        | Thing::Payment(_)
        | Thing::Review(_)
        | Thing::Fulfillment(_)
        | Thing::Returns(_) => true,
    })
}

fn shown(state: &impl Serialize) -> Value {
    serde_json::to_value(state).expect("a state has string keys")
}
