//! A whole node on one thread: real actors, views and journal code, a bank of a few lines, and time the test moves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use futures_util::FutureExt as _;

use super::settings::{FulfillmentMode, FulfillmentPatch, LimitsPatch, RetryPatch, SettingsPatch};
use super::*;
use crate::gateway::{Breaker, BreakerConfig};
use crate::inventory;
use crate::journal::Journal as _;
use crate::journal::memory::{MemoryJournal, Plan, Survivors};
use crate::order::{CancelReason, Command, Draft};
use crate::payment::Capture;
use crate::payment::bank::{Call, Decline, IntentStatus, Operation, Outcome, Reason, Snapshot};
use crate::runtime::{Fault, Refusal};
use crate::types::{Amount, Clock, OrderId, StoreId, Timestamp};
use crate::views::Views;

mod alerts;
mod capture;
mod clock;
mod full;
mod goods;
mod ledgers;
mod line;
mod memory;
mod outage;
mod returns;
mod stale;
mod world;

use self::world::{World, alerts_of, draft};

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A store that has just woken refuses something; what it keeps in memory for good is still there.
#[actix::test]
async fn a_refusal_right_after_waking_forgets_neither_stock_nor_rules() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let block = crate::fraud::Rule {
        name: "everybody".into(),
        action: crate::fraud::Action::Block,
        when: "true".into(),
        enabled: true,
    };
    let world = world.crash().await;
    let tenant = world.enter(&store).await;
    let adjust = inventory::Command::Adjust {
        sku: "NOTHING".parse().expect("legal"),
        delta: 1,
        reason: "counted".into(),
    };
    let refused = world.drive(tenant.ask_inventory("NOTHING".parse().expect("legal"), adjust, None)).await;
    assert!(
        matches!(refused, Err(Refusal::Rejected(inventory::Rejection::UnknownSku { .. }))),
        "{refused:?}"
    );
    drop(tenant);
    assert_eq!(world.item(&store).await["on_hand"], 10);
    let id = world.place(&store).await;
    world.run().await;
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    let tenant = world.enter(&store).await;
    world.drive(tenant.set_rules(vec![block], None)).await.expect("set");
    drop(tenant);
    let world = world.crash().await;
    let tenant = world.enter(&store).await;
    let nobodys = crate::fraud::Command::Approve { order: OrderId::from_bits(1), note: None };
    let refused = world.drive(tenant.ask_review(OrderId::from_bits(1), nobodys, None)).await;
    assert!(
        matches!(refused, Err(Refusal::Rejected(crate::fraud::Rejection::NoSuchReview { .. }))),
        "{refused:?}"
    );
    drop(tenant);
    let id = world.place(&store).await;
    world.run().await;
    let order = world.order(&store, id).await;
    assert_eq!(order["cancel_reason"], "fraudulent", "{order}");
}

#[actix::test]
async fn an_order_is_confirmed_and_charged_once() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let id = world.place(&store).await;
    world.run().await;
    let order = world.order(&store, id).await;
    assert_eq!((order["status"].as_str(), order["amount_captured"].as_i64()), (Some("confirmed"), Some(500)));
    assert_eq!(world.ledger.charges.borrow().len(), 1);
    let item = world.item(&store).await;
    assert_eq!((item["available"].as_i64(), item["committed"].as_i64()), (Some(9), Some(1)));
}

#[actix::test]
async fn an_order_without_stock_never_reaches_the_bank() {
    let world = World::new().await;
    let store = world.shop("acme", 0).await;
    let id = world.place(&store).await;
    world.run().await;
    assert_eq!(world.order(&store, id).await["cancel_reason"], "out_of_stock");
    assert_eq!(world.ledger.calls.get(), 0);
}

#[actix::test]
async fn a_confirmed_order_is_undone_on_wish() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let id = world.place(&store).await;
    world.run().await;
    let tenant = world.enter(&store).await;
    let cancel = Command::Cancel { reason: CancelReason::Staff };
    world.drive(tenant.ask_order(id, cancel, None)).await.expect("canceled");
    drop(tenant);
    world.run().await;
    let order = world.order(&store, id).await;
    assert_eq!(
        (order["status"].as_str(), order["payment_status"].as_str()),
        (Some("canceled"), Some("refunded"))
    );
    assert_eq!(world.ledger.undone.borrow().values().map(|amount| amount.minor()).sum::<i64>(), 500);
    assert_eq!(world.item(&store).await["available"], 10);
}

/// The power fails after every number of turns of the node: whatever was folded, synced or sent by then, the order ends
/// confirmed, charged once, its stock allocated once.
#[actix::test]
async fn power_may_fail_at_any_step() {
    let mut windows = std::collections::BTreeSet::new();
    for (turns, commit_every) in (0..24).flat_map(|turns| [1, 3, 7].map(|every| (turns, every))) {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let tenant = world.enter(&store).await;
        let key = crate::types::RequestKey::new("k", &[b"body"]);
        {
            let placing = tenant.place(draft(), Some(key), None, None);
            tokio::pin!(placing);
            for turn in 1..=turns {
                // The caller's question dies with the node, answered or not.
                let is_answered = tokio::select! {
                    biased;
                    _ = &mut placing => true,
                    () = tokio::task::yield_now() => false,
                };
                if turn % commit_every == 0 {
                    world.journal.pump();
                }
                if is_answered {
                    break;
                }
            }
        }
        drop(tenant);
        windows.insert((world.journal.end(), world.ledger.calls.get()));
        let world = world.crash().await;
        let tenant = world.enter(&store).await;
        let (id, _) =
            world.drive(tenant.place(draft(), Some(key), None, None)).await.expect("taken, or taken before");
        drop(tenant);
        world.run().await;
        let order = world.order(&store, id).await;
        let at = format!("after {turns} turns, a commit every {commit_every}");
        assert_eq!(order["status"], "confirmed", "{at}");
        assert_eq!(world.ledger.charges.borrow().len(), 1, "{at}");
        let item = world.item(&store).await;
        let figures = (item["available"].as_i64(), item["committed"].as_i64(), item["reserved"].as_i64());
        assert_eq!(figures, (Some(9), Some(1), Some(0)), "{at}");
    }
    // Nothing of it durable, durable but unsent, sent but unrecorded.
    assert!(windows.len() >= 3, "the crashes hit only {windows:?}");
}

#[actix::test]
async fn a_charge_whose_answer_was_lost_is_found_and_not_repeated() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 10).await;
    world.ledger.swallows_answers.set(true);
    let id = world.place(&store).await;
    world.run().await;
    world.after(Duration::from_secs(5)).await;
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    assert_eq!(world.ledger.charges.borrow().len(), 1);
}

#[actix::test]
async fn a_dead_family_is_rebuilt_and_its_neighbour_notices_nothing() {
    let world = World::new().await;
    let (store, neighbour) = (world.shop("acme", 10).await, world.shop("other", 10).await);
    let id = world.place(&store).await;
    world.run().await;
    let tenant = world.enter(&neighbour).await;
    world.directory.break_up_for_test(&store);
    world.turn().await;
    let refused = world.drive(world.directory.enter(&store)).await;
    assert!(matches!(refused, Err(EnterError::Fault(Fault::Rebuilding))), "{refused:?}");
    world.drive(tenant.place(draft(), None, None, None)).await.expect("the neighbour goes on");
    tokio::time::sleep(Duration::from_millis(30)).await;
    world.run().await;
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    world.place(&store).await;
    assert_eq!(world.directory.node().deaths(), 1);
}

#[actix::test]
async fn a_store_that_keeps_dying_is_set_aside_and_later_tried_again() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 10).await;
    for _ in 0..3 {
        world.directory.break_up_for_test(&store);
        world.run().await;
        world.after(Duration::from_secs(6)).await;
    }
    let refused = world.drive(world.directory.enter(&store)).await;
    assert!(matches!(refused, Err(EnterError::Fault(Fault::Quarantined))), "{refused:?}");
    assert_eq!(world.directory.node().quarantined(), 1);
    world.after(Duration::from_secs(301)).await;
    world.place(&store).await;
    assert_eq!(world.directory.node().quarantined(), 0);
}

#[actix::test]
async fn an_idle_store_sleeps_and_wakes_for_a_request_and_for_its_timer() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 10).await;
    world.ledger.is_down.set(true);
    let id = world.place(&store).await;
    world.run().await;
    let cancel_later = world.directory.clone();
    let waking = actix::spawn(async move { cancel_later.keep_waking().await });
    for _ in 0..40 {
        world.after(Duration::from_secs(1)).await;
    }
    assert_eq!(world.order(&store, id).await["status"], "pending");
    world.ledger.is_down.set(false);
    for _ in 0..40 {
        world.after(Duration::from_millis(500)).await;
    }
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    for _ in 0..10 {
        world.after(Duration::from_secs(30)).await;
    }
    assert_eq!(world.directory.active(), 0, "asleep");
    assert_eq!(world.order(&store, id).await["status"], "confirmed", "awake again");
    world.directory.node().stop();
    world.after(Duration::from_secs(2)).await;
    waking.abort();
}

#[actix::test]
async fn permits_bound_what_a_store_works_on() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(world.enter(&store).await);
    }
    let refused = world.drive(world.directory.enter(&store)).await;
    assert!(matches!(refused, Err(EnterError::Fault(Fault::StoreFull))), "{refused:?}");
    held.pop();
    world.enter(&store).await;
}

#[actix::test]
async fn a_store_that_was_not_provisioned_is_not_there() {
    let world = World::new().await;
    let store: StoreId = "nobody".parse().expect("legal");
    assert!(matches!(world.drive(world.directory.enter(&store)).await, Err(EnterError::NotFound)));
    let bad = settings::Command::Provision {
        id: store.clone(),
        name: Some(String::new()),
        currency: "USD".parse().expect("a code"),
        settings: SettingsPatch::default(),
    };
    let refused = world.drive(world.directory.provision(store.clone(), bad, None)).await;
    assert!(matches!(refused, Err(Refusal::Rejected(settings::Rejection::OutOfBounds(_)))));
    assert!(matches!(world.drive(world.directory.enter(&store)).await, Err(EnterError::NotFound)));
    assert_eq!(world.journal.end(), 0, "a refusal leaves nothing");
}

#[actix::test]
async fn a_store_can_be_made_while_somebody_looks_for_it() {
    let world = World::new().await;
    let store: StoreId = "acme".parse().expect("legal");
    let provision = settings::Command::Provision {
        id: store.clone(),
        name: None,
        currency: "USD".parse().expect("a code"),
        settings: SettingsPatch::default(),
    };
    let both = async {
        // The look is first, so that it is the one that wakes.
        tokio::join!(
            biased;
            world.directory.enter(&store),
            world.directory.provision(store.clone(), provision, None),
        )
    };
    let (looked, made) = world.drive(both).await;
    assert!(matches!(looked, Err(EnterError::NotFound)), "{looked:?}");
    made.expect("provisioned");
    world.enter(&store).await;
}
