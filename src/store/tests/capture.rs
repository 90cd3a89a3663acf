//! Money that is set aside with the order and taken when its parcel leaves.

use super::goods::{by_timers, count};
use super::*;

#[actix::test]
async fn money_that_was_set_aside_is_taken_before_the_parcel_leaves() {
    let world = World::new().await;
    tokio::time::pause();
    let settings = SettingsPatch { capture: Some(settings::Capture::OnShipment), ..by_timers(1, 5) };
    let store = world.shop_with("acme", 10, settings).await;
    let id = world.place(&store).await;
    world.run().await;
    assert_eq!(world.order(&store, id).await["payment_status"], "authorized");
    world.ledger.refuses_captures.set(true);
    for _ in 0..16 {
        world.after(Duration::from_secs(1)).await;
    }
    let stuck = world.order(&store, id).await;
    assert_eq!((&stuck["status"], &stuck["payment_status"]), (&"confirmed".into(), &"authorized".into()));
    let story = world.story(&store, id).await;
    assert_eq!(
        (count(&story, "order.capture_failed"), count(&story, "shipment.created")),
        (1, 0),
        "{story:?}"
    );
    assert_eq!(world.item(&store).await["on_hand"], 10, "nothing leaves unpaid");
    // Nobody asks all the time: the store may sleep until it is tried again.
    let open = async || {
        let reader = world.directory.node().views.read(|reader| reader.open_stores());
        world.drive(reader).await.expect("readable")
    };
    let now = || world.directory.node().clock.now();
    let due = open().await;
    assert!(due.iter().all(|(_, due)| *due > now().plus_secs(3_000)), "{due:?}");
    for (nth, wait_s) in [(2, 3_600), (3, 6 * 3_600), (4, 24 * 3_600)] {
        world.after(Duration::from_secs(wait_s)).await;
        world.drive(world.directory.wake_due()).await.expect("readable");
        world.after(Duration::from_secs(5)).await;
        let story = world.story(&store, id).await;
        assert_eq!(count(&story, "order.capture_failed"), nth, "{story:?}");
    }
    // Then people are told, and it is not tried any more.
    let told = alerts_of(&world, &store).await;
    assert!(told.iter().any(|(status, _)| status == "firing"), "{told:?}");
    let due = open().await;
    assert!(due.iter().all(|(_, due)| *due > now().plus_secs(60)), "{due:?}");
    world.after(Duration::from_secs(48 * 3_600)).await;
    world.drive(world.directory.wake_due()).await.expect("readable");
    world.after(Duration::from_secs(5)).await;
    assert_eq!(count(&world.story(&store, id).await, "order.capture_failed"), 4);

    world.ledger.refuses_captures.set(false);
    let tenant = world.enter(&store).await;
    world.drive(tenant.ask_order(id, Command::Retry, None)).await.expect("tried again");
    drop(tenant);
    for _ in 0..16 {
        world.after(Duration::from_secs(1)).await;
    }
    let order = world.order(&store, id).await;
    assert_eq!((&order["status"], &order["payment_status"]), (&"completed".into(), &"captured".into()));
    assert_eq!(world.ledger.captures.get(), 1);
    let told = alerts_of(&world, &store).await;
    assert!(told.iter().all(|(status, _)| status == "resolved"), "{told:?}");
}

/// The same through a crash at every step between the parcel's question and its leaving.
#[actix::test]
async fn power_may_fail_while_the_money_is_taken() {
    for (steps, commit_every) in (18..30).flat_map(|steps| [1, 3, 12].map(|every| (steps, every))) {
        let world = World::new().await;
        tokio::time::pause();
        let settings = SettingsPatch { capture: Some(settings::Capture::OnShipment), ..by_timers(1, 5) };
        let store = world.shop_with("acme", 10, settings).await;
        let id = world.place(&store).await;
        world.live(steps, commit_every).await;
        let world = world.crash().await;
        world.enter(&store).await;
        world.live(80, 2).await;
        let at = format!("after {steps} steps, a commit every {commit_every} turns");
        let order = world.order(&store, id).await;
        assert_eq!((&order["status"], &order["amount_captured"]), (&"completed".into(), &500.into()), "{at}");
        assert_eq!(world.ledger.captures.get(), 1, "{at}");
        tokio::time::resume();
    }
}
