//! Writing: everything in hand that was changed, in one transaction with the position reached.
//!
//! Nothing in hand is marked as written before the commit, so a transaction that failed is simply tried again.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::error::ViewsError;
use super::figures::{AlertPart, Figures, ItemPart, OrderPart};
use super::schema::{ChunkKind, DocKind};
use super::segment::Words;
use super::slots::{OrderSlot, SkuSlot, StoreSlot, segment_with};
use crate::alert::Alert;
use crate::fulfillment::Fulfillment;
use crate::inventory::Item;
use crate::runtime::Aggregate;
use crate::types::{Currency, OrderId, Timestamp};

type Node = BTreeMap<Currency, Figures>;

/// Brings figures and lists up to what the changed orders and SKUs now are. Doing it twice changes nothing more.
pub(super) fn tally(store: &mut StoreSlot, node: &mut Node, file: &Connection) -> Result<(), ViewsError> {
    let mut none = Figures::default();
    let currency = store.tenant.value.known().map(|known| known.currency);
    let node = match currency {
        Some(currency) => node.entry(currency).or_default(),
        None => &mut none,
    };
    for id in &store.dirty_orders {
        let Some(slot) = store.orders.get_mut(id) else { continue };
        let part = OrderPart::of(&slot.order, &slot.payment);
        if part != slot.counted {
            store.figures.replace_order(slot.counted, part);
            node.replace_order(slot.counted, part);
            slot.counted = part;
        }
        let Some(listed) = slot.listed else { continue };
        let Some(words) = slot.order.placed().map(Words::of_order) else { continue };
        if words == listed {
            continue;
        }
        if store.segment.first().is_some_and(|first| first <= slot.no) {
            store.segment.set_words(slot.no, words);
        } else {
            let in_hand = store.segments.range(..=slot.no).next_back();
            let first = match in_hand.filter(|(_, segment)| segment.spans(slot.no)) {
                Some((first, _)) => *first,
                None => {
                    let (first, segment) = segment_with(file, store.no, slot.no)?
                        .ok_or_else(|| ViewsError::damaged(format!("order {id} is in no list")))?;
                    store.segments.insert(first, segment);
                    first
                }
            };
            if let Some(segment) = store.segments.get_mut(&first) {
                segment.set_words(slot.no, words);
            }
        }
        slot.listed = Some(words);
    }
    for at in store.placed_at.drain(..) {
        node.minutes.count(at);
    }
    for slot in store.alerts.values_mut().filter(|slot| slot.is_dirty) {
        let part = AlertPart::of(slot.alert.as_ref());
        store.figures.replace_alert(slot.counted, part);
        node.replace_alert(slot.counted, part);
        slot.counted = part;
    }
    for sku in &store.dirty_skus {
        let Some(slot) = store.skus.get_mut(sku) else { continue };
        let part = ItemPart::of(slot.item.as_ref());
        store.figures.replace_item(slot.counted, part);
        node.replace_item(slot.counted, part);
        slot.counted = part;
    }
    Ok(())
}

/// Writes the rows of all changed orders, in the order in which they came.
pub(super) fn orders<'a>(
    file: &Connection,
    stores: impl Iterator<Item = &'a StoreSlot>,
) -> rusqlite::Result<()> {
    let mut dirty: Vec<(&OrderSlot, OrderId, u32)> = Vec::new();
    for store in stores {
        dirty.extend(store.dirty_orders.iter().filter_map(|id| Some((store.orders.get(id)?, *id, store.no))));
    }
    dirty.sort_unstable_by_key(|(slot, ..)| slot.no);
    let mut insert =
        file.prepare_cached("INSERT INTO orders VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)")?;
    let mut update = file.prepare_cached(
        "UPDATE orders SET due = ?2, doc = ?3, payment = ?4, reservation = ?5, fulfillment = ?6, returns = ?7,
         events = ?8, waits = ?9 WHERE no = ?1",
    )?;
    let (mut order, mut payment, mut reservation, mut fulfillment, mut returns) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (slot, id, store) in dirty {
        let order = written(&mut order, slot.order.placed().map(|_| &slot.order));
        let payment = written(&mut payment, slot.payment.begun().map(|_| &slot.payment));
        let reservation = written(&mut reservation, slot.reservation.as_ref());
        let is_opened = slot.fulfillment != Fulfillment::Unopened;
        let fulfillment = written(&mut fulfillment, is_opened.then_some(&slot.fulfillment));
        let has_returns = !slot.returns.returns.is_empty();
        let returns = written(&mut returns, has_returns.then_some(&slot.returns));
        let (no, due, events) =
            (slot.no.cast_signed(), due(slot).map(Timestamp::micros), slot.events.bytes());
        if has_returns {
            list_returns(file, slot, id, store)?;
        }
        let waits = waits(slot);
        if let Some(before) = slot.no_before {
            file.prepare_cached("UPDATE orders SET no = ?2 WHERE no = ?1")?
                .execute((before.cast_signed(), no))?;
        }
        if slot.is_new {
            insert.execute((
                no,
                store,
                id.to_bytes(),
                due,
                order,
                payment,
                reservation,
                fulfillment,
                returns,
                events,
                waits,
            ))?;
        } else {
            update.execute((no, due, order, payment, reservation, fulfillment, returns, events, waits))?;
        }
    }
    Ok(())
}

/// Brings the list of returns up to what those of an order now are.
fn list_returns(file: &Connection, slot: &OrderSlot, id: OrderId, store: u32) -> rusqlite::Result<()> {
    let mut insert = file.prepare_cached("INSERT OR REPLACE INTO returns VALUES (?1, ?2, ?3, ?4, ?5)")?;
    let mut update = file.prepare_cached(
        "UPDATE returns SET status = ?4 WHERE store = ?1 AND id = ?2 AND number = ?3 AND status <> ?4",
    )?;
    for one in &slot.returns.returns {
        let (number, status) = (one.number, one.phase.word());
        match slot.asked.iter().find(|(asked, _)| *asked == number) {
            Some((_, no)) => insert.execute((no.cast_signed(), store, id.to_bytes(), number, status))?,
            None => update.execute((store, id.to_bytes(), number, status))?,
        };
    }
    Ok(())
}

/// When the world next owes an order something: the order itself, its payment, the hold on its stock, its fulfilment, or its
/// returns.
pub(super) fn due(slot: &OrderSlot) -> Option<Timestamp> {
    let order = crate::order::Orders::due(&slot.order).earliest();
    let payment = crate::payment::Payment::due(&slot.payment).earliest();
    let hold = slot.reservation.as_ref().and_then(|reservation| match reservation.phase {
        // Fulfilment is to hear of it now.
        _ if reservation.untold => Some(Timestamp::default()),
        crate::inventory::Phase::Held { expires_at, .. } => Some(expires_at),
        crate::inventory::Phase::Committed
        | crate::inventory::Phase::Fulfilled
        | crate::inventory::Phase::Released { .. }
        | crate::inventory::Phase::Expired => None,
    });
    let fulfillment = crate::fulfillment::Fulfillments::due(&slot.fulfillment).earliest();
    let returns = crate::returns::Returns::due(&slot.returns).earliest();
    [order, payment, hold, fulfillment, returns].into_iter().flatten().min()
}

/// Whether an order waits for stock: its store must know of it whenever it is awake.
pub(super) fn waits(slot: &OrderSlot) -> bool {
    slot.reservation.as_ref().is_some_and(crate::inventory::Reservation::waits)
}

/// Writes everything of a store but its orders.
pub(super) fn store(file: &Connection, store: &StoreSlot) -> rusqlite::Result<()> {
    let no = store.no;
    let figures = serde_json::to_vec(&store.figures).expect("figures have string keys and go to memory");
    let figures = std::str::from_utf8(&figures).expect("JSON is UTF-8");
    let newest = store.newest_order.map(OrderId::to_bytes);
    let (sequence, last_at, from) =
        (store.sequence.cast_signed(), store.last_at.micros(), store.events_from.cast_signed());
    let (events, orders, assessed) = (store.events.bytes(), store.segment.to_bytes(), store.assessed.bytes());
    if store.is_new {
        file.prepare_cached("INSERT INTO stores VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")?.execute(
            (no, store.id.as_str(), sequence, last_at, newest, figures, from, events, orders, assessed),
        )?;
    } else {
        file.prepare_cached(
            "UPDATE stores SET sequence = ?2, last_at = ?3, newest_order = ?4, figures = ?5, events_from = ?6,
             events = ?7, orders = ?8, assessed = ?9 WHERE no = ?1",
        )?
        .execute((no, sequence, last_at, newest, figures, from, events, orders, assessed))?;
    }
    for sku in &store.dirty_skus {
        if let Some(slot) = store.skus.get(sku) {
            write_sku(file, no, sku.as_str(), slot)?;
        }
    }
    let mut chunk = file.prepare_cached("INSERT OR REPLACE INTO chunks VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for full in &store.chunks {
        let (kind, owner, first) = (full.kind as i64, full.owner.cast_signed(), full.first.cast_signed());
        chunk.execute((no, kind, owner, first, &full.entries))?;
    }
    for (first, segment) in &store.segments {
        chunk.execute((no, ChunkKind::Orders as i64, 0, first.cast_signed(), segment.to_bytes()))?;
    }
    write_docs(file, store)
}

fn write_sku(file: &Connection, store: u32, sku: &str, slot: &SkuSlot) -> rusqlite::Result<()> {
    let mut item = Vec::new();
    let item = written(&mut item, slot.item.as_ref());
    let (ledger, wanting) = (slot.ledger.bytes(), slot.wanting.bytes());
    let unannounced = slot.item.as_ref().is_some_and(Item::is_unannounced);
    if slot.is_new {
        file.prepare_cached("INSERT INTO skus VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute((
            slot.no.cast_signed(),
            store,
            sku,
            item,
            ledger,
            wanting,
            unannounced,
        ))?;
    } else {
        file.prepare_cached(
            "UPDATE skus SET doc = ?2, ledger = ?3, orders = ?4, unannounced = ?5 WHERE no = ?1",
        )?
        .execute((slot.no.cast_signed(), item, ledger, wanting, unannounced))?;
    }
    Ok(())
}

fn write_docs(file: &Connection, store: &StoreSlot) -> rusqlite::Result<()> {
    let mut buffer = Vec::new();
    if store.tenant.is_dirty {
        put(file, store.no, DocKind::Store, &[], None, written(&mut buffer, Some(&store.tenant.value)))?;
    }
    if store.rules.is_dirty {
        put(file, store.no, DocKind::Rules, &[], None, written(&mut buffer, Some(&store.rules.value)))?;
    }
    for (order, doc) in store.reviews.iter().filter(|(_, doc)| doc.is_dirty) {
        if let Some(review) = &doc.value {
            let due = review.is_open().then_some(review.due_at);
            put(file, store.no, DocKind::Review, &order.to_bytes(), due, written(&mut buffer, Some(review)))?;
        }
    }
    for alert in store.alerts.values().filter(|slot| slot.is_dirty).filter_map(|slot| slot.alert.as_ref()) {
        put_alert(file, store.no, alert, written(&mut buffer, Some(alert)))?;
    }
    Ok(())
}

fn put_alert(file: &Connection, store: u32, alert: &Alert, doc: Option<&[u8]>) -> rusqlite::Result<()> {
    file.prepare_cached("INSERT OR REPLACE INTO alerts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?.execute(
        (
            store,
            alert.id.to_bytes(),
            alert.kind.name(),
            alert.severity.name(),
            alert.status().name(),
            alert.is_kept(),
            alert.escalates_at().map(Timestamp::micros),
            doc,
        ),
    )?;
    Ok(())
}

fn put(
    file: &Connection,
    store: u32,
    kind: DocKind,
    id: &[u8],
    due: Option<Timestamp>,
    doc: Option<&[u8]>,
) -> rusqlite::Result<()> {
    file.prepare_cached("INSERT OR REPLACE INTO docs VALUES (?1, ?2, ?3, ?4, ?5)")?.execute((
        store,
        kind as i64,
        id,
        due.map(Timestamp::micros),
        doc,
    ))?;
    Ok(())
}

/// A document as MessagePack, in a buffer that is used again and again.
fn written<'b>(buffer: &'b mut Vec<u8>, doc: Option<&impl serde::Serialize>) -> Option<&'b [u8]> {
    let doc = doc?;
    buffer.clear();
    let mut packer = rmp_serde::Serializer::new(&mut *buffer).with_struct_map();
    doc.serialize(&mut packer).expect("a document goes to memory");
    Some(buffer)
}
