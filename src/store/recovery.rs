//! Raising a store: from what views hold to a running family.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, AsyncContext as _, Context};

use super::family::{Members, StoreFamily};
use super::handle::StoreHandle;
use super::host::Shard;
use super::lane::Lane;
use super::lanes::{self, Lanes};
use super::listener;
use super::node::Node;
use super::settings::Store;
use super::supervisor::{JOURNAL, Supervisor};
use super::wiring;
use crate::alert::{self, Alerts, Kind, Signal};
use crate::fraud::Desk;
use crate::inventory::{Listed, Stock};
use crate::runtime::{Aggregate as _, AggregateActor, Durable, Family as _, Fault, Only, StoreLog};
use crate::types::{Actor, IdSource, Meta, OrderId, StoreId, Timestamp};
use crate::views::{ViewsError, ViewsReader};

/// What to make of a store that was never provisioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unknown {
    /// It is about to be.
    IsFine,
    /// There is nothing to raise.
    IsError,
}

/// How long views may take to show all that the journal holds.
const CATCH_UP_MAX: Duration = Duration::from_secs(10);

/// Everything stored that a family needs to begin with. Orders, payments, fulfilments and returns are loaded as they are asked for.
struct Begin {
    store: Store,
    stock: Stock,
    desk: Desk,
    alerts: alert::Desk,
    sequence: u64,
    last_at: Timestamp,
    newest_order: Option<OrderId>,
}

/// Which of a store's events may be missing in views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// Those of before the node started: a store of this process falls asleep only once views show all of it.
    FromBefore,
    /// Those of a family that has just died.
    OfTheDead,
}

/// Waits until views show all events of a store that is about to be raised.
pub(super) async fn caught_up(node: &Node, missing: Missing) -> Result<(), Fault> {
    let wanted = match missing {
        Missing::FromBefore => node.began_at,
        Missing::OfTheDead => node.journal.end(),
    };
    node.views.at_least(wanted, CATCH_UP_MAX).await.map_err(|_| Fault::ViewsBehind)
}

/// Raises a store's family on this thread from what views show; nothing when the store was never provisioned.
pub(super) fn raise(
    shard: &Rc<Shard>,
    handle: &Arc<StoreHandle>,
    supervisor: Addr<Supervisor>,
    unknown: Unknown,
) -> Result<Option<Rc<StoreFamily>>, Fault> {
    let begin = load(&shard.reader, handle.id()).map_err(|why| {
        tracing::error!(store.id = %handle.id(), error = %why, "stored state could not be read");
        Fault::Unreadable
    })?;
    match (begin, unknown) {
        (Some(begin), _) => Ok(Some(start(shard, handle, supervisor, begin))),
        (None, Unknown::IsFine) => Ok(Some(start(shard, handle, supervisor, Begin::nothing()))),
        (None, Unknown::IsError) => Ok(None),
    }
}

impl Begin {
    fn nothing() -> Self {
        Self {
            store: Store::Unknown,
            stock: Stock::default(),
            desk: Desk::default(),
            alerts: alert::Desk::default(),
            sequence: 0,
            last_at: Timestamp::default(),
            newest_order: None,
        }
    }
}

fn load(reader: &RefCell<ViewsReader>, id: &StoreId) -> Result<Option<Begin>, ViewsError> {
    let mut reader = reader.borrow_mut();
    let Some(stored) = reader.store(id)? else { return Ok(None) };
    let items = reader.items(id)?;
    let held = reader.held_reservations(id)?;
    let alerts = reader.kept_alerts(id)?;
    let (rules, assessments, reviews) = (reader.rules(id)?, reader.assessments(id)?, reader.reviews(id)?);
    Ok(Some(Begin {
        store: Store::Known(Box::new(stored.known)),
        stock: Stock::restore(items, held),
        desk: Desk::restore(rules, assessments, reviews),
        alerts: alert::Desk::restore(alerts),
        sequence: stored.sequence,
        last_at: stored.last_at,
        newest_order: stored.newest_order,
    }))
}

fn start(
    shard: &Rc<Shard>,
    handle: &Arc<StoreHandle>,
    supervisor: Addr<Supervisor>,
    begin: Begin,
) -> Rc<StoreFamily> {
    let node = &shard.node;
    let (tenancy, orders, inventory, fraud, payments, fulfillments) =
        (Context::new(), Context::new(), Context::new(), Context::new(), Context::new(), Context::new());
    let alerts = Context::new();
    let returns = Context::new();
    let members = Members {
        tenancy: tenancy.address(),
        orders: orders.address(),
        inventory: inventory.address(),
        fraud: fraud.address(),
        payments: payments.address(),
        alerts: alerts.address(),
        fulfillments: fulfillments.address(),
        returns: returns.address(),
    };
    let log = StoreLog::resume(
        handle.id().clone(),
        node.next_generation(),
        Rc::clone(&shard.gate),
        node.clock,
        begin.sequence,
        begin.last_at,
    );
    let lane = Lane::new(
        handle.id().clone(),
        Rc::clone(&shard.bank),
        Arc::clone(&node.breaker),
        node.options.lane_calls_max,
        Rc::clone(&shard.berths),
    );
    let family = StoreFamily::new(
        Arc::clone(node),
        Arc::clone(handle),
        log,
        members.clone(),
        Lanes::new(Rc::clone(shard), Rc::clone(&lane)),
        Rc::clone(&shard.reader),
        supervisor,
        begin.newest_order,
    );
    family.set_tenant(&begin.store);
    for item in begin.stock.items() {
        family.list(item.sku.clone(), Listed { unit_price: item.unit_price });
    }
    let refused = Rc::downgrade(&family);
    family.log.on_refused(move || {
        if let Some(family) = refused.upgrade() {
            family.break_up(JOURNAL, "the journal refused events");
        }
    });
    lanes::attach(&family, &lane, listener::GATEWAY.into());
    let is_waited_for = begin.stock.waited_for().next().is_some();
    let standing = listener::Standing::of(&begin.stock, &begin.desk, &begin.alerts);
    tenancy.run(AggregateActor::new(Rc::clone(&family), [(Only, begin.store)]));
    inventory.run(AggregateActor::new(Rc::clone(&family), [(Only, begin.stock)]));
    fraud.run(AggregateActor::new(Rc::clone(&family), [(Only, begin.desk)]));
    alerts.run(AggregateActor::new(Rc::clone(&family), [(Only, begin.alerts)]));
    payments.run(AggregateActor::new(Rc::clone(&family), []));
    fulfillments.run(AggregateActor::new(Rc::clone(&family), []));
    returns.run(AggregateActor::new(Rc::clone(&family), []));
    orders.run(AggregateActor::new(Rc::clone(&family), []));
    go_on(&family, standing, is_waited_for);
    family
}

/// Lets a family go on with what it owes, as soon as the journal takes it. Until then it answers what it is asked and
/// does nothing of its own: what it did would be refused, and it would be raised again, and again.
fn go_on(family: &Rc<StoreFamily>, standing: listener::Standing, is_waited_for: bool) {
    let go = move |family: &Rc<StoreFamily>| {
        listener::compare(family, standing);
        if is_waited_for {
            // What came while the store was not awake, or could not be promised before it fell.
            wiring::goods::serve(family, Vec::new());
        }
        family.members.go_on();
    };
    if family.node.journal_takes() {
        return go(family);
    }
    let (node, held) = (Arc::clone(&family.node), Rc::downgrade(family));
    actix::spawn(async move {
        let is_taking = node.journal_taking().await;
        if let Some(family) = held.upgrade().filter(|family| is_taking && !family.is_broken()) {
            go(&family);
        }
    });
}

/// Journals that a store was set aside. It has no family then, so nobody else writes its sequence.
pub(super) async fn note_quarantine(shard: &Shard, id: &StoreId, said: &str) -> Result<(), Fault> {
    let node = &shard.node;
    caught_up(node, Missing::OfTheDead).await?;
    let begin = load(&shard.reader, id).map_err(|why| {
        tracing::error!(store.id = %id, error = %why, "stored state could not be read");
        Fault::Unreadable
    })?;
    // Its first events were lost with the family: there is no store to say it of.
    let Some(begin) = begin else { return Ok(()) };
    let (sequence, last_at) = (begin.sequence, begin.last_at);
    let log = StoreLog::resume(
        id.clone(),
        node.next_generation(),
        Rc::clone(&shard.gate),
        node.clock,
        sequence,
        last_at,
    );
    let at = log.now();
    let signal = Signal::Raise {
        kind: Kind::StoreQuarantined,
        subject: id.as_str().into(),
        message: alert::cut(
            &format!("the store kept dying and was set aside: {said}"),
            alert::MESSAGE_BYTES_MAX,
        ),
        times: 1,
    };
    let command = alert::Command::Observe { id: IdSource::unpredictable().next(at), signal };
    let events = Alerts::decide(&begin.alerts, command, at).unwrap_or_default();
    if events.is_empty() {
        return Ok(());
    }
    log.append(&Meta::by(Actor::Store), &Arc::new(events), at);
    let (decided, heard) = tokio::sync::oneshot::channel();
    log.when_durable(move |durable| {
        // Whoever waits is told, or has gone.
        let _ = decided.send(durable);
    });
    match heard.await {
        Ok(Durable::At(_)) => Ok(()),
        Ok(Durable::Refused) | Err(_) => Err(Fault::JournalRefused),
    }
}
