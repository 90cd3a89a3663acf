//! A node, its journal in memory and its bank, which a test moves turn by turn.

use std::path::Path;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::*;
use crate::gateway::{Bank, CallContext};
use crate::payment::Capture;
use crate::payment::bank::{Call, IntentStatus, Outcome, Reason, RefundProgress, RefundReceipt, Snapshot};

/// A bank that survives the crashes of the node: charges once a key, refunds once a key.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) charges: RefCell<BTreeMap<String, Amount>>,
    pub(super) undone: RefCell<BTreeMap<String, Amount>>,
    pub(super) calls: Cell<u32>,
    /// What was set aside and not taken, by order.
    pub(super) set_aside: RefCell<BTreeMap<OrderId, Amount>>,
    pub(super) captures: Cell<u32>,
    pub(super) refuses_captures: Cell<bool>,
    /// Charges, and then does not answer.
    pub(super) swallows_answers: Cell<bool>,
    pub(super) is_down: Cell<bool>,
}

pub(super) struct FakeBank(Rc<Ledger>);

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

pub(super) struct World {
    pub(super) journal: Arc<MemoryJournal>,
    pub(super) directory: Directory,
    pub(super) folder: tempfile::TempDir,
    pub(super) ledger: Rc<Ledger>,
}

impl World {
    pub(super) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self::open(Survivors::default(), folder, Rc::new(Ledger::default())).await
    }

    pub(super) async fn open(survivors: Survivors, folder: tempfile::TempDir, ledger: Rc<Ledger>) -> Self {
        let clock = START.plus_secs(survivors.end());
        Self::open_at(clock, survivors, folder, ledger).await
    }

    async fn open_at(
        wall: Timestamp,
        survivors: Survivors,
        folder: tempfile::TempDir,
        ledger: Rc<Ledger>,
    ) -> Self {
        let journal = MemoryJournal::recover_inline(survivors, Plan::faultless());
        let directory = directory(wall, &journal, folder.path(), &ledger).await;
        Self { journal, directory, folder, ledger }
    }

    /// The power fails, and comes back.
    pub(super) async fn crash(self) -> Self {
        let wall = START.plus_secs(self.journal.end());
        self.crash_until(wall).await
    }

    /// The same; then the wall clock says this.
    pub(super) async fn crash_until(self, wall: Timestamp) -> Self {
        let Self { journal, directory, folder, ledger } = self;
        directory.node().stop();
        let survivors = journal.crash();
        drop(directory);
        Self::open_at(wall, survivors, folder, ledger).await
    }

    pub(super) async fn turn(&self) {
        self.journal.pump();
        tokio::task::yield_now().await;
    }

    /// Runs the node until `asked` is answered.
    pub(super) async fn drive<T>(&self, asked: impl Future<Output = T>) -> T {
        tokio::pin!(asked);
        loop {
            tokio::select! {
                biased;
                answer = &mut asked => return answer,
                () = self.turn() => {}
            }
        }
    }

    pub(super) async fn run(&self) {
        for _ in 0..300 {
            self.turn().await;
        }
        self.directory.node().views.pump().expect("views");
    }

    pub(super) async fn after(&self, passed: Duration) {
        tokio::time::advance(passed).await;
        self.run().await;
    }

    pub(super) async fn shop(&self, id: &str, stock: u32) -> StoreId {
        let fulfillment =
            FulfillmentPatch { mode: Some(FulfillmentMode::Manual), ..FulfillmentPatch::default() };
        self.shop_with(id, stock, SettingsPatch { fulfillment, ..SettingsPatch::default() }).await
    }

    pub(super) async fn shop_with(&self, id: &str, stock: u32, settings: SettingsPatch) -> StoreId {
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

    pub(super) async fn enter(&self, store: &StoreId) -> Tenant {
        self.drive(self.directory.enter(store)).await.expect("entered")
    }

    pub(super) async fn place(&self, store: &StoreId) -> OrderId {
        let tenant = self.enter(store).await;
        self.drive(tenant.place(draft(), None, None, None)).await.expect("taken").0
    }

    pub(super) async fn order(&self, store: &StoreId, id: OrderId) -> serde_json::Value {
        let tenant = self.enter(store).await;
        let answer = self.drive(tenant.order(id)).await.expect("answered").expect("found");
        serde_json::from_slice(&answer.body).expect("an order")
    }

    pub(super) async fn item(&self, store: &StoreId) -> serde_json::Value {
        let tenant = self.enter(store).await;
        let sku = "A".parse().expect("legal");
        let answer = self.drive(tenant.item(&sku)).await.expect("answered").expect("found");
        serde_json::from_slice(&answer.body).expect("an item")
    }
}

/// A node whose wall clock says this as it starts.
async fn directory(
    wall: Timestamp,
    journal: &Arc<MemoryJournal>,
    folder: &Path,
    ledger: &Rc<Ledger>,
) -> Directory {
    let options = crate::views::Options { is_inline: true, ..crate::views::Options::default() };
    let views = Views::open(folder, journal.clone(), options).expect("views");
    let node = Node::new(
        Clock::following_runtime(wall).going_on_from(journal.last_at().expect("readable")),
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

pub(super) fn draft() -> Draft {
    serde_json::from_value(serde_json::json!({
        "customer": {"id": "cus_1"}, "currency": "USD",
        "lines": [{"sku": "A", "quantity": 1}],
        "payment": {"payment_method": "pm_card_visa"},
    }))
    .expect("a draft")
}

/// Every alert of a store that views know, as its status and how often it escalated.
pub(super) async fn alerts_of(world: &World, store: &StoreId) -> Vec<(String, u8)> {
    world.run().await;
    let mut reader = world.directory.node().views.reader().expect("a reader");
    let page = reader.list_alerts(store, &crate::views::AlertFilter::default(), None, 100).expect("readable");
    page.data.iter().map(|alert| (alert.status().name().to_owned(), alert.escalations)).collect()
}
