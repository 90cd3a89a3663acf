//! A whole node on one thread: real actors, views and journal code, a bank of a few lines, and time the test moves.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::Arbiter;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::settings::{FulfillmentMode, FulfillmentPatch, LimitsPatch, RetryPatch, SettingsPatch};
use super::*;
use crate::gateway::{Bank, Breaker, BreakerConfig, CallContext};
use crate::inventory;
use crate::journal::Journal as _;
use crate::journal::memory::{MemoryJournal, Plan, Survivors};
use crate::order::{CancelReason, Command, Draft};
use crate::payment::Capture;
use crate::payment::bank::{
    Call, Decline, IntentStatus, Operation, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot,
};
use crate::runtime::{Fault, Refusal};
use crate::types::{Amount, Clock, OrderId, StoreId, Timestamp};
use crate::views::Views;

mod full;
mod goods;
mod ledgers;
mod outage;
mod returns;
mod stale;

const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

/// A bank that survives the crashes of the node: charges once a key, refunds once a key.
#[derive(Default)]
struct Ledger {
    charges: RefCell<BTreeMap<String, Amount>>,
    undone: RefCell<BTreeMap<String, Amount>>,
    calls: Cell<u32>,
    /// What was set aside and not taken, by order.
    set_aside: RefCell<BTreeMap<OrderId, Amount>>,
    captures: Cell<u32>,
    refuses_captures: Cell<bool>,
    /// Charges, and then does not answer.
    swallows_answers: Cell<bool>,
    is_down: Cell<bool>,
}

struct FakeBank(Rc<Ledger>);

impl FakeBank {
    fn answer(&self, context: &CallContext, call: &Call) -> Outcome {
        let ledger = &self.0;
        ledger.calls.set(ledger.calls.get() + 1);
        if ledger.is_down.get() {
            return call.unsent(Reason::ConnectFailed, None);
        }
        let intent = format!("pi_{}", context.order);
        let key = crate::gateway::key(&context.store, &call.key(context.order)).to_string();
        let snapshot = |status, captured| Snapshot {
            intent: intent.as_str().into(),
            status,
            amount: Amount::new(500).expect("legal"),
            currency: "USD".parse().ok(),
            captured,
            charge: Some("ch_1".into()),
        };
        let receipt =
            |amount| RefundReceipt { id: "re_1".into(), amount, progress: RefundProgress::Succeeded };
        match call {
            Call::Authorize { amount, capture: Capture::Manual, .. } => {
                ledger.charges.borrow_mut().insert(key, *amount);
                ledger.set_aside.borrow_mut().insert(context.order, *amount);
                Outcome::Intent(snapshot(IntentStatus::RequiresCapture, Amount::ZERO))
            }
            Call::Authorize { amount, capture: Capture::Automatic, .. } => {
                ledger.charges.borrow_mut().insert(key, *amount);
                if ledger.swallows_answers.get() {
                    return call.lost(Reason::TimedOut);
                }
                Outcome::Intent(snapshot(IntentStatus::Succeeded, *amount))
            }
            Call::Refund { amount, .. } => {
                ledger.undone.borrow_mut().insert(key, *amount);
                Outcome::Refunded(receipt(*amount))
            }
            Call::Inquire { operation: Operation::Refund(_), .. } => {
                let asked = crate::gateway::key(&context.store, &call.key(context.order)).to_string();
                match ledger.undone.borrow().get(&asked) {
                    Some(amount) => Outcome::FoundRefund(Some(receipt(*amount))),
                    None => Outcome::NotFound,
                }
            }
            Call::Inquire { attempt, .. } | Call::Look { attempt, .. } => {
                let place = crate::payment::bank::Key {
                    order: context.order,
                    operation: Operation::Authorize,
                    attempt: *attempt,
                };
                let asked = crate::gateway::key(&context.store, &place).to_string();
                match ledger.charges.borrow().get(&asked) {
                    Some(_) if ledger.set_aside.borrow().contains_key(&context.order) => {
                        Outcome::Found(snapshot(IntentStatus::RequiresCapture, Amount::ZERO))
                    }
                    Some(amount) => Outcome::Found(snapshot(IntentStatus::Succeeded, *amount)),
                    None => Outcome::NotFound,
                }
            }
            Call::Capture { .. } if ledger.refuses_captures.get() => Outcome::Declined(Box::new(Decline {
                code: "card_declined".into(),
                decline_code: Some("expired_card".into()),
                message: "no".into(),
                intent: Some(intent.as_str().into()),
            })),
            Call::Capture { amount, .. } => {
                if ledger.set_aside.borrow_mut().remove(&context.order).is_some() {
                    ledger.captures.set(ledger.captures.get() + 1);
                }
                Outcome::Intent(snapshot(IntentStatus::Succeeded, *amount))
            }
            Call::Void { .. } => {
                ledger.set_aside.borrow_mut().remove(&context.order);
                Outcome::Intent(snapshot(IntentStatus::Canceled, Amount::ZERO))
            }
        }
    }
}

impl Bank for FakeBank {
    fn call(&self, context: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome> {
        let outcome = self.answer(&context, &call);
        async move {
            tokio::task::yield_now().await;
            outcome
        }
        .boxed_local()
    }
}

thread_local! {
    static LEDGER: RefCell<Option<Rc<Ledger>>> = const { RefCell::new(None) };
}

struct World {
    journal: Arc<MemoryJournal>,
    directory: Directory,
    folder: tempfile::TempDir,
    ledger: Rc<Ledger>,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(Survivors::default(), folder, Rc::new(Ledger::default())).await
    }

    async fn open(survivors: Survivors, folder: tempfile::TempDir, ledger: Rc<Ledger>) -> Self {
        let journal = MemoryJournal::recover_inline(survivors, Plan::faultless());
        let directory = directory(&journal, folder.path(), &ledger).await;
        Self { journal, directory, folder, ledger }
    }

    /// The power fails, and comes back.
    async fn crash(self) -> Self {
        let Self { journal, directory, folder, ledger } = self;
        directory.node().stop();
        let survivors = journal.crash();
        drop(directory);
        Self::open(survivors, folder, ledger).await
    }

    async fn turn(&self) {
        self.journal.pump();
        tokio::task::yield_now().await;
    }

    /// Runs the node until `asked` is answered.
    async fn drive<T>(&self, asked: impl Future<Output = T>) -> T {
        tokio::pin!(asked);
        loop {
            tokio::select! {
                biased;
                answer = &mut asked => return answer,
                () = self.turn() => {}
            }
        }
    }

    async fn run(&self) {
        for _ in 0..300 {
            self.turn().await;
        }
        self.directory.node().views.pump().expect("views");
    }

    async fn after(&self, passed: Duration) {
        tokio::time::advance(passed).await;
        self.run().await;
    }

    async fn shop(&self, id: &str, stock: u32) -> StoreId {
        let fulfillment =
            FulfillmentPatch { mode: Some(FulfillmentMode::Manual), ..FulfillmentPatch::default() };
        self.shop_with(id, stock, SettingsPatch { fulfillment, ..SettingsPatch::default() }).await
    }

    async fn shop_with(&self, id: &str, stock: u32, settings: SettingsPatch) -> StoreId {
        let store: StoreId = id.parse().expect("legal");
        let settings = SettingsPatch {
            retry: RetryPatch { base_ms: Some(100), cap_ms: Some(1_000), attempts_max: None },
            limits: LimitsPatch { in_flight: Some(4), ..LimitsPatch::default() },
            ..settings
        };
        let provision = settings::Command::Provision {
            id: store.clone(),
            name: None,
            currency: "USD".parse().expect("a code"),
            settings,
        };
        self.drive(self.directory.provision(store.clone(), provision, None)).await.expect("provisioned");
        let sku: crate::types::Sku = "A".parse().expect("legal");
        let set = inventory::Command::SetItem(inventory::SetItem {
            sku: sku.clone(),
            name: None,
            unit_price: Amount::new(500),
            on_hand: stock,
            reorder_point: None,
            safety_stock: None,
        });
        let tenant = self.enter(&store).await;
        self.drive(tenant.ask_inventory(sku, set, None)).await.expect("stocked");
        store
    }

    async fn enter(&self, store: &StoreId) -> Tenant {
        self.drive(self.directory.enter(store)).await.expect("entered")
    }

    async fn place(&self, store: &StoreId) -> OrderId {
        let tenant = self.enter(store).await;
        self.drive(tenant.place(draft(), None, None, None)).await.expect("taken").0
    }

    async fn order(&self, store: &StoreId, id: OrderId) -> serde_json::Value {
        let tenant = self.enter(store).await;
        let answer = self.drive(tenant.order(id)).await.expect("answered").expect("found");
        serde_json::from_slice(&answer.body).expect("an order")
    }

    async fn item(&self, store: &StoreId) -> serde_json::Value {
        let tenant = self.enter(store).await;
        let sku = "A".parse().expect("legal");
        let answer = self.drive(tenant.item(&sku)).await.expect("answered").expect("found");
        serde_json::from_slice(&answer.body).expect("an item")
    }
}

async fn directory(journal: &Arc<MemoryJournal>, folder: &Path, ledger: &Rc<Ledger>) -> Directory {
    let options = crate::views::Options { is_inline: true, ..crate::views::Options::default() };
    let views = Views::open(folder, journal.clone(), options).expect("views");
    let node = Node::new(
        Clock::following_runtime(START.plus_secs(journal.end())),
        journal.clone(),
        views,
        Arc::new(Breaker::new(BreakerConfig { outages_in_a_row: 1_000, ..BreakerConfig::default() })),
        Options { idle_after: Duration::from_secs(60), deaths_max: 3, ..Options::default() },
        Box::new(|_, _| {}),
    );
    LEDGER.with(|slot| *slot.borrow_mut() = Some(Rc::clone(ledger)));
    let bank: MakeBank = Arc::new(|| {
        let ledger = LEDGER.with(|slot| slot.borrow().clone()).expect("set before");
        Rc::new(FakeBank(ledger))
    });
    Directory::open(node, &[Arbiter::current()], bank).await.expect("a directory")
}

fn draft() -> Draft {
    serde_json::from_value(serde_json::json!({
        "customer": {"id": "cus_1"}, "currency": "USD",
        "lines": [{"sku": "A", "quantity": 1}],
        "payment": {"payment_method": "pm_card_visa"},
    }))
    .expect("a draft")
}

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

/// Every alert of a store that views know, as its status and how often it escalated.
async fn alerts(world: &World, store: &StoreId) -> Vec<(String, u8)> {
    world.run().await;
    let mut reader = world.directory.node().views.reader().expect("a reader");
    let page = reader.list_alerts(store, &crate::views::AlertFilter::default(), None, 100).expect("readable");
    page.data.iter().map(|alert| (alert.status().name().to_owned(), alert.escalations)).collect()
}

#[actix::test]
async fn an_alert_that_nobody_acknowledges_escalates_though_the_store_sleeps_and_the_power_fails() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 0).await;
    assert_eq!(alerts(&world, &store).await, [("firing".to_owned(), 0)], "nothing of it may be sold");
    let directory = world.directory.clone();
    let waking = actix::spawn(async move { directory.keep_waking().await });
    for _ in 0..4 {
        world.after(Duration::from_secs(70)).await;
    }
    assert_eq!(alerts(&world, &store).await, [("firing".to_owned(), 0)], "not five minutes yet");
    assert_eq!(world.directory.active(), 0, "asleep");
    // Five minutes are over soon. Reading who is due happens on another thread, in its own time, however little of it passes here.
    let mut steps = 0;
    while alerts(&world, &store).await != [("firing".to_owned(), 1)] {
        assert!(steps < 2_000, "never woken for it");
        world.after(Duration::from_secs(1)).await;
        steps += 1;
    }
    waking.abort();
    let world = world.crash().await;
    let directory = world.directory.clone();
    let waking = actix::spawn(async move { directory.keep_waking().await });
    for _ in 0..30 * 24 {
        world.after(Duration::from_secs(3_600)).await;
    }
    assert_eq!(alerts(&world, &store).await, [("firing".to_owned(), 3)], "three times in a month, no more");
    waking.abort();
}

#[actix::test]
async fn what_the_desk_was_not_told_before_a_crash_it_hears_after() {
    // The power fails after every number of commits of the crossing and its alert: afterwards there is one, and one only.
    for pumps in 0..4 {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let sku: crate::types::Sku = "A".parse().expect("legal");
        let tenant = world.enter(&store).await;
        {
            let delta = inventory::Command::Adjust { sku: sku.clone(), delta: -10, reason: "lost".into() };
            let asking = tenant.ask_inventory(sku.clone(), delta, None);
            tokio::pin!(asking);
            for _ in 0..pumps {
                let _ = (&mut asking).now_or_never();
                world.journal.pump();
                tokio::task::yield_now().await;
            }
        }
        drop(tenant);
        let world = world.crash().await;
        let is_out = world.item(&store).await["available"] == 0;
        let expected = if is_out { vec![("firing".to_owned(), 0)] } else { Vec::new() };
        assert_eq!(alerts(&world, &store).await, expected, "after {pumps} commits");
    }
}
