//! An order's way from `confirmed` to `completed` on a whole node: by timers, by hand, through crashes and long sleeps.

use super::*;
use crate::fulfillment::{self, Move, Stage};
use crate::payment;
use crate::runtime::Answer;
use crate::store::settings::OutOfStock;
use crate::types::{Actor, Amount, FulfillmentId};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn by_timers(stage_s: u64, transit_s: u64) -> SettingsPatch {
    let fulfillment = FulfillmentPatch {
        mode: Some(FulfillmentMode::Auto),
        stage_s: Some(stage_s),
        transit_s: Some(transit_s),
        ..FulfillmentPatch::default()
    };
    SettingsPatch { fulfillment, ..SettingsPatch::default() }
}

impl World {
    /// Some time passes in small steps, with a commit after every so many turns.
    pub(super) async fn live(&self, steps: u32, commit_every: u32) {
        for _ in 0..steps {
            tokio::time::advance(Duration::from_millis(250)).await;
            for turn in 1..=12 {
                tokio::task::yield_now().await;
                if turn % commit_every == 0 {
                    self.journal.pump();
                }
            }
        }
    }

    pub(super) async fn story(&self, store: &StoreId, id: OrderId) -> Vec<String> {
        self.run().await;
        let store = store.clone();
        let views = &self.directory.node().views;
        let read = views.read(move |reader| reader.timeline(&store, id));
        let events = self.drive(read).await.expect("readable").expect("found");
        events.into_iter().map(|event| event.kind).collect()
    }

    pub(super) async fn advance(
        &self,
        store: &StoreId,
        id: OrderId,
        number: u32,
        to: Move,
    ) -> Result<Answer, Refusal<fulfillment::Rejection>> {
        let tenant = self.enter(store).await;
        let id = FulfillmentId::new(id, number);
        let command = fulfillment::Command::Advance { number, to };
        let asked = self.drive(tenant.ask_fulfillment(id, command, Actor::Api, None)).await;
        drop(tenant);
        self.run().await;
        asked
    }

    /// Gives back one minor unit after the other, until no more refunds may be asked for.
    pub(super) async fn refund_as_often_as_may_be(&self, store: &StoreId, id: OrderId) {
        let wish = || payment::Wish {
            how_much: payment::HowMuch::Exactly(Amount::new(1).expect("within bounds")),
            reason: payment::RefundReason::Customer,
            reference: None,
        };
        for _ in 0..payment::REFUNDS_MAX {
            let tenant = self.enter(store).await;
            self.drive(tenant.refund(id, wish(), None)).await.expect("taken");
            drop(tenant);
            self.run().await;
        }
        let tenant = self.enter(store).await;
        let more = self.drive(tenant.refund(id, wish(), None)).await;
        assert!(matches!(more, Err(Refusal::Rejected(payment::Rejection::TooManyRefunds))), "{more:?}");
    }

    pub(super) async fn picked_and_packed(&self, store: &StoreId, id: OrderId) {
        for stage in &Stage::ALL[1..] {
            self.advance(store, id, 1, Move::Stage(*stage)).await.expect("the next stage");
        }
    }
}

pub(super) fn count(story: &[String], kind: &str) -> usize {
    story.iter().filter(|one| *one == kind).count()
}

fn ship() -> Move {
    Move::Ship { carrier: None, tracking_code: None }
}

/// Everything that an order's way to the door has, once.
fn is_whole(story: &[String]) {
    for kind in [
        "order.confirmed",
        "fulfillment.opened",
        "fulfillment.picking_started",
        "fulfillment.picked",
        "fulfillment.packing_started",
        "fulfillment.packed",
        "fulfillment.ready_to_ship",
        "order.shipped",
        "shipment.created",
        "fulfillment.closed",
        "shipment.in_transit",
        "shipment.out_for_delivery",
        "shipment.delivered",
        "order.completed",
        "fulfillment.reported",
    ] {
        assert_eq!(count(story, kind), 1, "{kind} in {story:?}");
    }
    assert_eq!(count(story, "inventory.updated"), 2, "committed and sold: {story:?}");
}

#[actix::test]
async fn timers_take_an_order_to_completed() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop_with("acme", 10, by_timers(1, 5)).await;
    let id = world.place(&store).await;
    world.run().await;
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    for _ in 0..30 {
        world.after(Duration::from_secs(1)).await;
    }
    let order = world.order(&store, id).await;
    assert_eq!((&order["status"], &order["fulfillment_status"]), (&"completed".into(), &"delivered".into()));
    is_whole(&world.story(&store, id).await);
    let item = world.item(&store).await;
    let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
    assert_eq!(figures, (Some(9), Some(0), Some(9)));
}

/// The power fails at every step of an order's life; it always ends completed, each timer having fired once.
#[actix::test]
async fn power_may_fail_at_any_step_of_fulfilment() {
    let mut windows = std::collections::BTreeSet::new();
    for (steps, commit_every) in (0..60).flat_map(|steps| [2, 5, 12].map(|every| (steps, every))) {
        let world = World::new().await;
        tokio::time::pause();
        let store = world.shop_with("acme", 10, by_timers(1, 5)).await;
        let id = world.place(&store).await;
        world.live(steps, commit_every).await;
        windows.insert(world.journal.end());
        let world = world.crash().await;
        world.enter(&store).await;
        world.live(90, commit_every).await;
        let at = format!("after {steps} steps, a commit every {commit_every} turns");
        assert_eq!(world.order(&store, id).await["status"], "completed", "{at}");
        is_whole(&world.story(&store, id).await);
        assert_eq!(world.ledger.charges.borrow().len(), 1, "{at}");
        assert_eq!(world.item(&store).await["on_hand"], 9, "{at}");
        tokio::time::resume();
    }
    assert!(windows.len() >= 9, "the crashes hit only {windows:?}");
}

#[actix::test]
async fn a_month_passes_and_every_timer_fires_once_while_the_store_sleeps() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop_with("acme", 10, by_timers(5 * 86_400, 5 * 86_400)).await;
    let id = world.place(&store).await;
    world.run().await;
    let mut days_asleep = 0;
    for _ in 0..33 {
        world.after(DAY).await;
        days_asleep += u32::from(world.directory.active() == 0);
        world.drive(world.directory.wake_due()).await.expect("readable");
        // Whoever was woken does what is due at once.
        world.after(Duration::from_secs(1)).await;
    }
    assert!(days_asleep >= 20, "a store that waits for days sleeps, not {days_asleep} days only");
    let story = world.story(&store, id).await;
    assert_eq!(world.order(&store, id).await["status"], "completed", "{story:?}");
    is_whole(&story);
}

/// A parcel in carriers' hands falls silent: a month later people are told, once, however often the power fails meanwhile;
/// and that it is over, once it is seen.
#[actix::test]
async fn a_parcel_that_nobody_sees_for_a_month_is_one_alert_until_it_is_seen() {
    for pumps in 0..6 {
        let world = World::new().await;
        tokio::time::pause();
        let store = world.shop("acme", 10).await;
        let id = world.place(&store).await;
        world.run().await;
        world.picked_and_packed(&store, id).await;
        world.advance(&store, id, 1, ship()).await.expect("shipped");
        for _ in 0..29 {
            world.after(DAY).await;
            world.drive(world.directory.wake_due()).await.expect("readable");
        }
        assert_eq!(alerts_of(&world, &store).await, [], "a day is left");
        // The store wakes for it, and the power fails after every number of commits of what then happens.
        tokio::time::advance(2 * DAY).await;
        world.drive(world.directory.wake_due()).await.expect("readable");
        for _ in 0..pumps {
            tokio::task::yield_now().await;
            world.journal.pump();
        }
        let world = world.crash().await;
        tokio::time::advance(32 * DAY).await;
        world.enter(&store).await;
        world.after(Duration::from_secs(1)).await;
        let open = alerts_of(&world, &store).await;
        assert_eq!(open.len(), 1, "after {pumps} commits: {open:?}");
        let story = world.story(&store, id).await;
        let told =
            |story: &[String]| (count(story, "shipment.stalled"), count(story, "shipment.trouble_reported"));
        assert_eq!(told(&story), (1, 1), "after {pumps} commits: {story:?}");
        let seen = Move::Carried(fulfillment::TrackerStatus::InTransit);
        world.advance(&store, id, 1, seen).await.expect("seen again");
        let over = alerts_of(&world, &store).await;
        assert_eq!(over.iter().map(|(status, _)| status.as_str()).collect::<Vec<_>>(), ["resolved"]);
        tokio::time::resume();
    }
}

/// A picker does not find one of two; the power fails after every number of commits of what follows. The piece is struck
/// once, its money goes back once, and the rest arrives.
#[actix::test]
async fn a_short_pick_is_struck_and_refunded_once_though_the_power_fails() {
    for pumps in 0..14 {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let tenant = world.enter(&store).await;
        let mut draft = draft();
        (draft.lines[0].quantity, draft.lines[0].unit_price) = (2, Some(250));
        let id = world.drive(tenant.place(draft, None, None, None)).await.expect("taken").0;
        world.run().await;
        let order = world.order(&store, id).await;
        let line = order["lines"][0]["id"].as_str().expect("an id").parse().expect("a line");
        world.advance(&store, id, 1, Move::Stage(Stage::Picking)).await.expect("picking");
        let short = || Move::Short { lines: vec![fulfillment::Units { line, quantity: 1 }] };
        {
            let command = fulfillment::Command::Advance { number: 1, to: short() };
            let asking = tenant.ask_fulfillment(FulfillmentId::new(id, 1), command, Actor::Api, None);
            tokio::pin!(asking);
            let mut is_answered = false;
            for _ in 0..pumps {
                is_answered = is_answered || (&mut asking).now_or_never().is_some();
                world.journal.pump();
                tokio::task::yield_now().await;
            }
        }
        drop(tenant);
        let world = world.crash().await;
        world.enter(&store).await;
        world.run().await;
        if count(&world.story(&store, id).await, "fulfillment.picked_short") == 0 {
            world.advance(&store, id, 1, short()).await.expect("said again");
        }
        for stage in &Stage::ALL[2..] {
            world.advance(&store, id, 1, Move::Stage(*stage)).await.expect("the next stage");
        }
        world.advance(&store, id, 1, ship()).await.expect("shipped");
        let there = Move::Carried(fulfillment::TrackerStatus::Delivered);
        world.advance(&store, id, 1, there).await.expect("delivered");
        world.run().await;
        let order = world.order(&store, id).await;
        let at = format!("after {pumps} commits");
        assert_eq!((&order["status"], &order["amount_refunded"]), (&"completed".into(), &250.into()), "{at}");
        let item = world.item(&store).await;
        let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
        assert_eq!(figures, (Some(8), Some(0), Some(8)), "{at}: one sold, one struck");
        let story = world.story(&store, id).await;
        for kind in
            ["fulfillment.picked_short", "fulfillment.canceled", "order.lines_refunded", "payment.refunded"]
        {
            assert_eq!(count(&story, kind), 1, "{at}: {kind} in {story:?}");
        }
    }
}

/// A payment has had as many refunds as it may, and a piece will not leave. What it cost is not forgotten: the order shows that it
/// is owed, does not end, and people hear of it until somebody has seen to it.
#[actix::test]
async fn money_that_cannot_go_back_is_owed_until_people_have_seen_to_it() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let tenant = world.enter(&store).await;
    let mut draft = draft();
    (draft.lines[0].quantity, draft.lines[0].unit_price) = (2, Some(250));
    let id = world.drive(tenant.place(draft, None, None, None)).await.expect("taken").0;
    drop(tenant);
    world.run().await;
    world.refund_as_often_as_may_be(&store, id).await;
    let order = world.order(&store, id).await;
    let line = order["lines"][0]["id"].as_str().expect("an id").parse().expect("a line");
    let lines = vec![fulfillment::Units { line, quantity: 1 }];
    world.advance(&store, id, 1, Move::Split { lines }).await.expect("split");
    world.advance(&store, id, 2, Move::GiveUp).await.expect("given up");
    world.picked_and_packed(&store, id).await;
    world.advance(&store, id, 1, ship()).await.expect("shipped");
    let there = Move::Carried(fulfillment::TrackerStatus::Delivered);
    world.advance(&store, id, 1, there).await.expect("delivered");
    let order = world.order(&store, id).await;
    assert_eq!((&order["status"], &order["amount_refunded"]), (&"confirmed".into(), &80.into()), "{order}");
    let story = world.story(&store, id).await;
    assert_eq!(
        (count(&story, "order.lines_unpaid"), count(&story, "order.lines_refunded")),
        (1, 0),
        "{story:?}"
    );
    assert_eq!(alerts_of(&world, &store).await, [("firing".to_owned(), 0)]);
    // Nothing has changed, so it is refused again, and the alert stays.
    let tenant = world.enter(&store).await;
    world.drive(tenant.ask_order(id, Command::Retry, None)).await.expect("tried again");
    drop(tenant);
    let story = world.story(&store, id).await;
    assert_eq!(count(&story, "order.lines_unpaid"), 2, "{story:?}");
    let last = alerts_of(&world, &store).await;
    assert_eq!(last.iter().filter(|(status, _)| status == "firing").count(), 1, "{last:?}");
}

/// A parcel comes back undelivered; the power fails after every number of commits of what follows. Its piece is in stock
/// once, its money goes back once, people hear of it, and the order ends.
#[actix::test]
async fn a_parcel_that_comes_back_is_booked_and_paid_back_once_though_the_power_fails() {
    use fulfillment::TrackerStatus as T;
    for pumps in 0..16 {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let id = world.place(&store).await;
        world.run().await;
        world.picked_and_packed(&store, id).await;
        world.advance(&store, id, 1, ship()).await.expect("shipped");
        let tenant = world.enter(&store).await;
        {
            let command = fulfillment::Command::Advance { number: 1, to: Move::Carried(T::ReturnToSender) };
            let asking = tenant.ask_fulfillment(FulfillmentId::new(id, 1), command, Actor::Api, None);
            tokio::pin!(asking);
            let mut is_answered = false;
            for _ in 0..pumps {
                is_answered = is_answered || (&mut asking).now_or_never().is_some();
                world.journal.pump();
                tokio::task::yield_now().await;
            }
        }
        drop(tenant);
        let world = world.crash().await;
        world.enter(&store).await;
        world.run().await;
        if count(&world.story(&store, id).await, "shipment.returned") == 0 {
            world.advance(&store, id, 1, Move::Carried(T::ReturnToSender)).await.expect("said again");
        }
        world.run().await;
        let at = format!("after {pumps} commits");
        let order = world.order(&store, id).await;
        assert_eq!(
            (&order["status"], &order["fulfillment_status"], &order["payment_status"]),
            (&"completed".into(), &"returned".into(), &"refunded".into()),
            "{at}"
        );
        let item = world.item(&store).await;
        let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
        assert_eq!(figures, (Some(10), Some(0), Some(10)), "{at}");
        let story = world.story(&store, id).await;
        for kind in [
            "shipment.taken_back",
            "shipment.stock_booked",
            "order.lines_refunded",
            "payment.refunded",
            "order.completed",
        ] {
            assert_eq!(count(&story, kind), 1, "{at}: {kind} in {story:?}");
        }
        let told = alerts_of(&world, &store).await;
        assert!(told.iter().all(|(status, _)| status == "resolved"), "{at}: {told:?}");
    }
}

fn counted(delta: i64) -> inventory::Command {
    inventory::Command::Adjust { sku: "A".parse().expect("legal"), delta, reason: "counted".into() }
}

/// A store that takes back orders has nothing; then stock comes, while the power fails after every number of commits of
/// what follows. The oldest order is served, whole and once, and goes its way; the younger waits on.
#[actix::test]
async fn what_comes_goes_to_the_oldest_order_that_waits_though_the_power_fails() {
    for pumps in 0..12 {
        let world = World::new().await;
        tokio::time::pause();
        let settings = SettingsPatch { out_of_stock: Some(OutOfStock::Backorder), ..by_timers(1, 5) };
        let store = world.shop_with("acme", 0, settings).await;
        let (first, second) = (world.place(&store).await, world.place(&store).await);
        world.run().await;
        for id in [first, second] {
            let order = world.order(&store, id).await;
            assert_eq!(
                (&order["status"], &order["fulfillment_status"]),
                (&"confirmed".into(), &"on_hold".into())
            );
        }
        let reader = world.directory.node().views.read(|reader| reader.open_stores());
        // The alert about the empty shelf has a time of its own.
        let soon = world.directory.node().clock.now().plus_secs(60);
        let due = world.drive(reader).await.expect("readable");
        assert!(due.iter().all(|(_, due)| *due > soon), "who waits for stock owes nothing: {due:?}");
        let tenant = world.enter(&store).await;
        {
            let asking = tenant.ask_inventory("A".parse().expect("legal"), counted(1), None);
            tokio::pin!(asking);
            let mut is_answered = false;
            for _ in 0..pumps {
                is_answered = is_answered || (&mut asking).now_or_never().is_some();
                world.journal.pump();
                tokio::task::yield_now().await;
            }
        }
        drop(tenant);
        let world = world.crash().await;
        world.enter(&store).await;
        world.run().await;
        let at = format!("after {pumps} commits");
        if world.item(&store).await["on_hand"] == 0 {
            let tenant = world.enter(&store).await;
            let asked = tenant.ask_inventory("A".parse().expect("legal"), counted(1), None);
            world.drive(asked).await.expect("counted");
        }
        for _ in 0..30 {
            world.after(Duration::from_secs(1)).await;
        }
        assert_eq!(world.order(&store, first).await["status"], "completed", "{at}");
        assert_eq!(world.order(&store, second).await["fulfillment_status"], "on_hold", "{at}");
        let story = world.story(&store, first).await;
        for kind in [
            "inventory.backorder_allocated",
            "fulfillment.stock_arrived",
            "inventory.backorder_reported",
            "shipment.created",
        ] {
            assert_eq!(count(&story, kind), 1, "{at}: {kind} in {story:?}");
        }
        assert_eq!(count(&world.story(&store, second).await, "inventory.backorder_allocated"), 0, "{at}");
        let item = world.item(&store).await;
        let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
        assert_eq!(figures, (Some(0), Some(0), Some(0)), "{at}");
        tokio::time::resume();
    }
}

#[actix::test]
async fn a_manual_store_costs_one_event_and_sleeps() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 10).await;
    let id = world.place(&store).await;
    let story = world.story(&store, id).await;
    let goods = story.iter().filter(|kind| kind.starts_with("fulfillment.")).count();
    assert_eq!(goods, 1, "{story:?}");
    let reader = world.directory.node().views.read(|reader| reader.open_stores());
    assert_eq!(world.drive(reader).await.expect("readable"), [], "it waits for people, and owes nothing");
}

#[actix::test]
async fn people_take_an_order_to_completed() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let id = world.place(&store).await;
    world.run().await;
    world.picked_and_packed(&store, id).await;
    world.advance(&store, id, 1, ship()).await.expect("shipped");
    assert_eq!(world.order(&store, id).await["fulfillment_status"], "shipped");
    assert_eq!(world.item(&store).await["on_hand"], 9);
    let there = Move::Carried(fulfillment::TrackerStatus::Delivered);
    world.advance(&store, id, 1, there).await.expect("delivered");
    assert_eq!(world.order(&store, id).await["status"], "completed");
}

#[actix::test]
async fn a_cancel_stops_the_work_before_it_gives_back() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop_with("acme", 10, by_timers(5, 5)).await;
    let id = world.place(&store).await;
    world.run().await;
    world.after(Duration::from_secs(12)).await;
    let tenant = world.enter(&store).await;
    let cancel = Command::Cancel { reason: CancelReason::Customer };
    world.drive(tenant.ask_order(id, cancel, None)).await.expect("canceled");
    drop(tenant);
    world.after(Duration::from_secs(100)).await;
    let order = world.order(&store, id).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&"canceled".into(), &"refunded".into()));
    assert_eq!(world.item(&store).await["available"], 10);
    let story = world.story(&store, id).await;
    let place = |kind: &str| story.iter().position(|one| one == kind);
    assert!(place("fulfillment.canceled") < place("inventory.released"), "{story:?}");
    assert!(place("order.fulfillment_canceled") < place("payment.refunded"), "{story:?}");
    assert_eq!(count(&story, "shipment.created"), 0, "{story:?}");
}

#[actix::test]
async fn once_a_parcel_left_a_cancel_keeps_the_rest_back() {
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let tenant = world.enter(&store).await;
    let mut draft = draft();
    (draft.lines[0].quantity, draft.lines[0].unit_price) = (2, Some(250));
    let id = world.drive(tenant.place(draft, None, None, None)).await.expect("taken").0;
    drop(tenant);
    world.run().await;
    let tenant = world.enter(&store).await;
    let order = world.order(&store, id).await;
    let line = order["lines"][0]["id"].as_str().expect("an id").parse().expect("a line");
    let lines = vec![fulfillment::Units { line, quantity: 1 }];
    world.advance(&store, id, 1, Move::Split { lines }).await.expect("split");
    world.picked_and_packed(&store, id).await;
    world.advance(&store, id, 1, ship()).await.expect("shipped");
    assert_eq!(world.order(&store, id).await["fulfillment_status"], "partially_shipped");
    let cancel = Command::Cancel { reason: CancelReason::Customer };
    world.drive(tenant.ask_order(id, cancel, None)).await.expect("the rest is canceled");
    drop(tenant);
    world.run().await;
    let order = world.order(&store, id).await;
    assert_eq!((&order["status"], &order["fulfillment_status"]), (&"confirmed".into(), &"shipped".into()));
    let item = world.item(&store).await;
    let figures = (item["on_hand"].as_i64(), item["committed"].as_i64(), item["available"].as_i64());
    assert_eq!(figures, (Some(9), Some(0), Some(9)), "one sold, one free again");
    assert_eq!(world.order(&store, id).await["amount_refunded"], 250);
    let late = world.advance(&store, id, 2, Move::Stage(Stage::Picking)).await;
    assert!(matches!(late, Err(Refusal::Rejected(_))), "{late:?}");
    let there = Move::Carried(fulfillment::TrackerStatus::Delivered);
    world.advance(&store, id, 1, there).await.expect("delivered");
    assert_eq!(world.order(&store, id).await["status"], "completed");
}
