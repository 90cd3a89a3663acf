//! Folding: one record of the journal into the stores in hand. No writing, and reading only of what is not in hand.

use std::collections::hash_map::Entry as Place;

use rusqlite::Connection;

use super::error::ViewsError;
use super::head::Head;
use super::keys::KeyEntry;
use super::postings::Postings;
use super::schema::{ChunkKind, DocKind};
use super::segment::Entry;
use super::slots::{AlertSlot, Chunk, Doc, OrderSlot, Pending, Shows, SkuSlot, StoreSlot, doc};
use crate::alert::{self, Alert};
use crate::fraud::{self, Review};
use crate::fulfillment::{self, FulfillmentView, Fulfillments};
use crate::inventory::{self, Item, Reservation, Updated};
use crate::journal::{Position, Record};
use crate::order;
use crate::payment;
use crate::returns::{self, ReturnView, Returns};
use crate::runtime::Unreadable;
use crate::store::settings;
use crate::types::{FulfillmentId, OrderId, ReturnId, Sku};

/// How many events a store's row keeps before they become a chunk.
const EVENTS_CHUNK: usize = 512;
/// How many entries of a SKU's lists its row keeps before they become a chunk.
const SKU_CHUNK: usize = 256;
/// How many assessments a store's row keeps before they become a chunk.
const ASSESSED_CHUNK: usize = 512;

/// The kind of the events that judge an order.
const ASSESSED: &str = "fraud.assessed";

/// What folding a record may need beside its store.
pub(super) struct Tools<'a> {
    /// The file, to read what is not in hand.
    pub(super) file: &'a Connection,
    /// Which transaction this belongs to.
    pub(super) turn: u64,
    /// The last number given to a SKU.
    pub(super) last_sku: &'a mut u64,
    /// Where answers go that are to be kept.
    pub(super) answered: &'a mut Vec<Answered>,
}

/// The first answer to a request, to be kept.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) key: KeyEntry,
    /// Version and body, unless both follow from the order that the request made.
    pub(super) shown: Option<(u64, Vec<u8>)>,
}

/// Folds one record into its store.
pub(super) fn fold(
    store: &mut StoreSlot,
    record: &Record<'_>,
    tools: &mut Tools<'_>,
) -> Result<(), ViewsError> {
    let position = record.position;
    let unreadable = |source| ViewsError::Event { position, source };
    let head = Head::of(record).map_err(unreadable)?;
    let expected = store.sequence + 1;
    if record.sequence != expected {
        return Err(ViewsError::Sequence { position, expected, found: record.sequence });
    }
    store.sequence = expected;
    store.last_at = record.at;
    note_event(store, position);
    if let Some(id) = head.order {
        hold_order(store, id, position, tools)?.events.push(position);
    }
    if let Some(key) = head.key {
        store.pending =
            Some(Pending { key, position, at: record.at, more: head.more, shows: Shows::Nothing });
    }
    let topic = record.kind.split_once('.').map_or(record.kind, |(topic, _)| topic);
    let shows = match topic {
        "order" => fold_order(store, record, &head, tools)?,
        "payment" => fold_payment(store, record, &head).map_err(unreadable)?,
        "inventory" => fold_stock(store, record, &head, tools)?,
        "fulfillment" | "shipment" => fold_fulfillment(store, record, &head).map_err(unreadable)?,
        "return" => fold_returns(store, record, &head).map_err(unreadable)?,
        "fraud" => fold_fraud(store, record, &head, tools)?,
        "store" => fold_tenant(store, record, &head).map_err(unreadable)?,
        "alert" => fold_alert(store, record, &head, tools)?,
        // Of no aggregate that has views: its place is noted, and that is all.
        _ => Shows::Nothing,
    };
    if store.pending.is_some() {
        go_on_answering(store, shows, tools);
    }
    Ok(())
}

fn note_event(store: &mut StoreSlot, position: Position) {
    if store.events.count() >= EVENTS_CHUNK {
        let full = store.events.take();
        store.chunks.push(Chunk {
            kind: ChunkKind::Events,
            owner: 0,
            first: store.events_from,
            entries: full.bytes().to_vec(),
        });
        store.events_from = store.sequence;
    }
    store.events.push(position);
}

/// The order's row, to be changed. Begins one at `position` for an order that has none.
fn hold_order<'s>(
    store: &'s mut StoreSlot,
    id: OrderId,
    position: Position,
    tools: &Tools<'_>,
) -> Result<&'s mut OrderSlot, ViewsError> {
    let slot = match store.orders.entry(id) {
        Place::Occupied(known) => known.into_mut(),
        Place::Vacant(unknown) => {
            let is_surely_new = store.newest_order.is_none_or(|newest| id > newest);
            let stored = if is_surely_new { None } else { OrderSlot::load(tools.file, store.no, id)? };
            store.newest_order = store.newest_order.max(Some(id));
            unknown.insert(stored.unwrap_or_else(|| OrderSlot::new(position)))
        }
    };
    slot.used = tools.turn;
    if !slot.is_dirty {
        slot.is_dirty = true;
        store.dirty_orders.push(id);
    }
    Ok(slot)
}

/// The SKU's row, to be changed. Begins one for a SKU that has none.
fn hold_sku<'s>(
    store: &'s mut StoreSlot,
    sku: &Sku,
    tools: &mut Tools<'_>,
) -> Result<&'s mut SkuSlot, ViewsError> {
    if !store.skus.contains_key(sku) {
        let stored = SkuSlot::load(tools.file, store.no, sku.as_str())?;
        let slot = stored.unwrap_or_else(|| {
            *tools.last_sku += 1;
            SkuSlot::new(*tools.last_sku)
        });
        store.skus.insert(sku.clone(), slot);
    }
    let slot = store.skus.get_mut(sku).expect("it was put there if it was not there");
    slot.used = tools.turn;
    if !slot.is_dirty {
        slot.is_dirty = true;
        store.dirty_skus.push(sku.clone());
    }
    Ok(slot)
}

fn fold_order(
    store: &mut StoreSlot,
    record: &Record<'_>,
    head: &Head<'_>,
    tools: &mut Tools<'_>,
) -> Result<Shows, ViewsError> {
    let unreadable = |source| ViewsError::Event { position: record.position, source };
    let event = head.event::<order::Event>(record.kind).map_err(unreadable)?;
    let Some(id) = head.order else { return Ok(Shows::Nothing) };
    let Some(slot) = store.orders.get_mut(&id) else { return Ok(Shows::Nothing) };
    slot.order.evolve(&event, record.at);
    if let order::Event::Created(created) = &*event
        && slot.listed.is_none()
        && let Some(placed) = slot.order.placed()
    {
        // Lists are in the order of rows, so an order that something else named first moves to where it was placed.
        if slot.no != record.position {
            slot.no_before = if slot.is_new { None } else { Some(slot.no) };
            slot.no = record.position;
        }
        let entry = Entry::of(slot.no, placed);
        slot.listed = Some(entry.words);
        let no = slot.no;
        list(store, &entry);
        store.figures.minutes.count(record.at);
        store.placed_at.push(record.at);
        let mut skus: Vec<&Sku> = created.cart.lines.iter().map(|line| &line.sku).collect();
        skus.sort_unstable();
        skus.dedup();
        for sku in skus {
            let slot = hold_sku(store, sku, tools)?;
            let (sku_no, full) = (slot.no, push(&mut slot.wanting, no));
            seal(store, ChunkKind::Wanting, sku_no, full);
        }
    }
    Ok(Shows::Order(id))
}

/// Adds a placed order to the store's list.
fn list(store: &mut StoreSlot, entry: &Entry) {
    if !store.segment.push(entry) {
        let full = std::mem::take(&mut store.segment);
        if let Some(first) = full.first() {
            store.segments.insert(first, full);
        }
        let is_in = store.segment.push(entry);
        debug_assert!(is_in, "an empty segment takes any order");
    }
}

fn fold_payment(store: &mut StoreSlot, record: &Record<'_>, head: &Head<'_>) -> Result<Shows, Unreadable> {
    let event = head.event::<payment::Event>(record.kind)?;
    let Some(id) = head.order else { return Ok(Shows::Nothing) };
    if let Some(slot) = store.orders.get_mut(&id) {
        <payment::Payment as crate::runtime::Aggregate>::evolve(&mut slot.payment, &event, record.at);
    }
    let is_wish = matches!(*event, payment::Event::RefundRequested(_));
    Ok(if is_wish { Shows::Refund(id) } else { Shows::Nothing })
}

fn fold_fulfillment(
    store: &mut StoreSlot,
    record: &Record<'_>,
    head: &Head<'_>,
) -> Result<Shows, Unreadable> {
    let event = head.event::<fulfillment::Event>(record.kind)?;
    let Some(id) = head.order else { return Ok(Shows::Nothing) };
    if let Some(slot) = store.orders.get_mut(&id) {
        <Fulfillments as crate::runtime::Aggregate>::evolve(&mut slot.fulfillment, &event, record.at);
    }
    Ok(event.number().map_or(Shows::Nothing, |number| Shows::Fulfillment(FulfillmentId::new(id, number))))
}

fn fold_returns(store: &mut StoreSlot, record: &Record<'_>, head: &Head<'_>) -> Result<Shows, Unreadable> {
    let event = head.event::<returns::Event>(record.kind)?;
    let Some(id) = head.order else { return Ok(Shows::Nothing) };
    if let Some(slot) = store.orders.get_mut(&id) {
        <Returns as crate::runtime::Aggregate>::evolve(&mut slot.returns, &event, record.at);
        if let returns::Event::Requested(requested) = &*event {
            slot.asked.push((requested.number, record.position));
        }
    }
    Ok(event.number().map_or(Shows::Nothing, |number| Shows::Return(ReturnId::new(id, number))))
}

fn fold_stock(
    store: &mut StoreSlot,
    record: &Record<'_>,
    head: &Head<'_>,
    tools: &mut Tools<'_>,
) -> Result<Shows, ViewsError> {
    let unreadable = |source| ViewsError::Event { position: record.position, source };
    let event = head.event::<inventory::Event>(record.kind).map_err(unreadable)?;
    let (skus, order) = event.touches();
    for sku in skus {
        let slot = hold_sku(store, sku, tools)?;
        slot.item = Item::fold(slot.item.take(), sku, &event, record.at);
        if event.entries().any(|entry| entry.sku == sku) {
            let (sku_no, full) = (slot.no, push(&mut slot.ledger, record.position));
            seal(store, ChunkKind::Ledger, sku_no, full);
        }
    }
    if let Some(slot) = order.and_then(|id| store.orders.get_mut(&id)) {
        slot.reservation = Reservation::fold(slot.reservation.take(), &event, record.at);
    }
    Ok(match &*event {
        inventory::Event::Updated(Updated::Set(set)) => Shows::Item(set.sku.clone()),
        inventory::Event::Updated(Updated::Adjusted(adjusted)) => Shows::Item(adjusted.sku.clone()),
        inventory::Event::Updated(Updated::WrittenOff(gone)) => Shows::Item(gone.sku.clone()),
        inventory::Event::Updated(Updated::Committed(_) | Updated::Shipped(_) | Updated::Returned(_))
        | inventory::Event::Reserved(_)
        | inventory::Event::Extended(_)
        | inventory::Event::Released(_)
        | inventory::Event::BackorderAllocated(_)
        | inventory::Event::BackorderDropped(_)
        | inventory::Event::BackorderReported(_)
        | inventory::Event::ThresholdReached(_) => Shows::Nothing,
    })
}

fn fold_fraud(
    store: &mut StoreSlot,
    record: &Record<'_>,
    head: &Head<'_>,
    tools: &mut Tools<'_>,
) -> Result<Shows, ViewsError> {
    use fraud::Event;
    let unreadable = |source| ViewsError::Event { position: record.position, source };
    // One for every order, and only its place is kept: whoever wants to know more reads the journal.
    if record.kind == ASSESSED {
        if store.assessed.count() >= ASSESSED_CHUNK {
            let full = Some(store.assessed.take());
            seal(store, ChunkKind::Assessed, 0, full);
        }
        store.assessed.push(record.position);
        return Ok(Shows::Nothing);
    }
    let event = head.event::<Event>(record.kind).map_err(unreadable)?;
    let order = match &*event {
        Event::Assessed(_) => return Ok(Shows::Nothing),
        Event::RulesChanged(changed) => {
            store.rules = Doc { value: changed.rules.clone(), is_dirty: true };
            return Ok(Shows::Rules);
        }
        Event::ReviewOpened(opened) => opened.order,
        Event::ReviewApproved(decided) | Event::ReviewRejected(decided) => decided.order,
        Event::ReviewWithdrawn(withdrawn) => withdrawn.order,
    };
    let review = match store.reviews.entry(order) {
        Place::Occupied(known) => known.into_mut(),
        Place::Vacant(unknown) => {
            let value = doc(tools.file, store.no, DocKind::Review, &order.to_bytes())?;
            unknown.insert(Doc { value, is_dirty: false })
        }
    };
    review.value = Review::fold(review.value.take(), &event, record.at);
    review.is_dirty = true;
    Ok(Shows::Review(order))
}

fn fold_alert(
    store: &mut StoreSlot,
    record: &Record<'_>,
    head: &Head<'_>,
    tools: &mut Tools<'_>,
) -> Result<Shows, ViewsError> {
    let unreadable = |source| ViewsError::Event { position: record.position, source };
    let event = head.event::<alert::Event>(record.kind).map_err(unreadable)?;
    let id = event.id();
    let slot = match store.alerts.entry(id) {
        Place::Occupied(known) => known.into_mut(),
        Place::Vacant(unknown) => unknown.insert(AlertSlot::load(tools.file, store.no, id)?),
    };
    slot.alert = Alert::fold(slot.alert.take(), &event, record.at);
    slot.is_dirty = true;
    Ok(Shows::Alert(id))
}

fn fold_tenant(store: &mut StoreSlot, record: &Record<'_>, head: &Head<'_>) -> Result<Shows, Unreadable> {
    let event = head.event::<settings::Event>(record.kind)?;
    store.tenant.value.evolve(&event, record.at);
    store.tenant.is_dirty = true;
    Ok(Shows::Store)
}

/// Adds a number to a SKU's list; returns the list as it was, when it was full.
fn push(list: &mut Postings, value: u64) -> Option<Postings> {
    let full = (list.count() >= SKU_CHUNK).then(|| list.take());
    list.push(value);
    full
}

fn seal(store: &mut StoreSlot, kind: ChunkKind, owner: u64, full: Option<Postings>) {
    if let Some(full) = full
        && let Some(first) = full.first()
    {
        store.chunks.push(Chunk { kind, owner, first, entries: full.bytes().to_vec() });
    }
}

/// One event of a command whose answer is to be kept has come by. The journal says beside the key how many follow, so the
/// answer is rendered exactly where the actor rendered it: after the last.
fn go_on_answering(store: &mut StoreSlot, shows: Shows, tools: &mut Tools<'_>) {
    let Some(pending) = &mut store.pending else { return };
    // What lapsed on the way came first; what was asked for comes last.
    if shows != Shows::Nothing {
        pending.shows = shows;
    }
    if pending.more > 0 {
        pending.more -= 1;
        return;
    }
    let Some(pending) = store.pending.take() else { return };
    let key = KeyEntry {
        key: pending.key.key,
        store: store.no,
        payload: pending.key.payload,
        position: pending.position,
        at: pending.at,
    };
    if let Shows::Order(id) = pending.shows
        && let Some(slot) = store.orders.get(&id)
        && slot.no == pending.position
        && slot.order.placed().is_some_and(|placed| placed.version == 1)
    {
        tools.answered.push(Answered { key, shown: None });
    } else if let Some(shown) = render(store, &pending.shows) {
        tools.answered.push(Answered { key, shown: Some(shown) });
    }
}

/// The view that a caller was shown, by the same functions.
fn render(store: &StoreSlot, shows: &Shows) -> Option<(u64, Vec<u8>)> {
    let json = |view: serde_json::Result<Vec<u8>>| view.expect("a view has string keys and goes to memory");
    match shows {
        Shows::Nothing => None,
        Shows::Order(id) => {
            let placed = store.orders.get(id)?.order.placed()?;
            Some((placed.version, json(serde_json::to_vec(&order::OrderView::of(&store.id, placed)))))
        }
        Shows::Refund(id) => {
            let last = payment::RefundView::last_wished(store.orders.get(id)?.payment.begun()?)?;
            Some((0, json(serde_json::to_vec(&last))))
        }
        Shows::Item(sku) => {
            let item = store.skus.get(sku)?.item.as_ref()?;
            Some((item.version, json(serde_json::to_vec(&inventory::ItemView::of(item)))))
        }
        Shows::Review(order) => {
            let review = store.reviews.get(order)?.value.as_ref()?;
            Some((0, json(serde_json::to_vec(&fraud::ReviewView::of(review)))))
        }
        Shows::Alert(id) => {
            let alert = store.alerts.get(id)?.alert.as_ref()?;
            Some((alert.version, json(serde_json::to_vec(&alert::AlertView::of(alert)))))
        }
        Shows::Fulfillment(id) => {
            let work = store.orders.get(&id.order())?.fulfillment.work()?;
            let view = FulfillmentView::of(work, work.order_of(id.number())?);
            Some((work.version, json(serde_json::to_vec(&view))))
        }
        Shows::Return(id) => {
            let one = store.orders.get(&id.order())?.returns.get(id.number())?;
            Some((one.version, json(serde_json::to_vec(&ReturnView::of(one)))))
        }
        Shows::Rules => Some((0, json(serde_json::to_vec(&fraud::RulesView::of(&store.rules.value))))),
        Shows::Store => {
            let known = store.tenant.value.known()?;
            Some((known.version, json(serde_json::to_vec(&settings::StoreView::of(known)))))
        }
    }
}
