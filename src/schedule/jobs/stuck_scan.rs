//! Orders that have stood still for too long though something is owed to them. An index knows the orders that anything is
//! owed to; those that wait for people, shoppers or parcels are not meant.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Context, Missed, PAGE, caught_up, enter, unreadable};
use crate::alert::{Kind, Signal};
use crate::store::Directory;
use crate::types::{OrderId, ReturnId, StoreId, Timestamp};
use crate::views::{StuckOrder, StuckPage};

/// Of so many orders a store hears in one run; there are seldom so many without one cause.
const TOLD_MAX: usize = 100;

pub(super) async fn run(context: &Context) -> Result<Value, String> {
    let directory = &context.directory;
    caught_up(directory).await?;
    let now = directory.node().clock.now();
    let after = i64::try_from(context.stuck_after.as_micros()).unwrap_or(i64::MAX);
    let since = Timestamp::from_micros(now.micros().saturating_sub(after));
    let mut missed = Missed::default();
    let cleared = clear(directory, since, &mut missed).await?;
    let views = &directory.node().views;
    let (mut place, mut stuck) = (None, 0_u64);
    let mut told: BTreeMap<StoreId, usize> = BTreeMap::new();
    loop {
        let from = place;
        let read = views.read(move |reader| reader.stuck_orders(since, from, PAGE)).await;
        let StuckPage { next, orders } = read.map_err(unreadable)?;
        for (store, order) in orders {
            stuck += 1;
            let count = told.entry(store.clone()).or_default();
            *count += 1;
            if *count <= TOLD_MAX {
                raise(directory, &store, &order, &mut missed).await;
            }
        }
        place = next;
        if place.is_none() {
            break;
        }
    }
    missed.judge(json!({"stuck": stuck, "stores": told.len(), "alerts_cleared": cleared}), 1)
}

async fn raise(directory: &Directory, store: &StoreId, order: &StuckOrder, missed: &mut Missed) {
    let Some(tenant) = enter(directory, store, missed).await else { return };
    let message = format!("the order is {} and has not moved since {}", order.standing, order.since);
    let signal = Signal::Raise {
        kind: Kind::SagaStuck,
        subject: order.id.to_string().into(),
        message: message.into(),
        times: 0,
    };
    if let Err(why) = tenant.observe(signal).await {
        missed.note(store, &why);
    }
}

/// Orders that have moved, though their store did not say so: it may have died in between.
async fn clear(directory: &Directory, since: Timestamp, missed: &mut Missed) -> Result<u64, String> {
    let views = &directory.node().views;
    let (mut after, mut cleared) = (None, 0);
    loop {
        let read = views.read(move |reader| {
            let mut page = Vec::new();
            for (place, store, alert) in reader.kept_of_kind(Kind::SagaStuck, after, PAGE)? {
                let (order, back) = (alert.subject.parse::<OrderId>(), alert.subject.parse::<ReturnId>());
                let is_stuck = match (order, back) {
                    (Ok(order), _) => reader.is_stuck(&store, order, since)?,
                    (Err(_), Ok(back)) => reader.is_return_stuck(&store, back)?,
                    (Err(_), Err(_)) => false,
                };
                page.push((place, store, alert, is_stuck));
            }
            Ok(page)
        });
        let page = read.await.map_err(unreadable)?;
        let Some((last, ..)) = page.last() else { return Ok(cleared) };
        after = Some(*last);
        for (_, store, alert, _) in page.into_iter().filter(|(.., is_stuck)| !is_stuck) {
            let Some(tenant) = enter(directory, &store, missed).await else { continue };
            let signal = Signal::Clear { kind: alert.kind, subject: alert.subject, times: 0 };
            match tenant.observe(signal).await {
                Ok(()) => cleared += 1,
                Err(why) => missed.note(&store, &why),
            }
        }
    }
}
