//! What the alert desk hears, and who goes on telling it.

use super::*;

#[actix::test]
async fn an_alert_that_nobody_acknowledges_escalates_though_the_store_sleeps_and_the_power_fails() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 0).await;
    assert_eq!(alerts_of(&world, &store).await, [("firing".to_owned(), 0)], "nothing of it may be sold");
    let directory = world.directory.clone();
    let waking = actix::spawn(async move { directory.keep_waking().await });
    for _ in 0..4 {
        world.after(Duration::from_secs(70)).await;
    }
    assert_eq!(alerts_of(&world, &store).await, [("firing".to_owned(), 0)], "not five minutes yet");
    assert_eq!(world.directory.active(), 0, "asleep");
    // Five minutes are over soon. Reading who is due happens on another thread, in its own time, however little of it passes here.
    let mut steps = 0;
    while alerts_of(&world, &store).await != [("firing".to_owned(), 1)] {
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
    assert_eq!(
        alerts_of(&world, &store).await,
        [("firing".to_owned(), 3)],
        "three times in a month, no more"
    );
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
        assert_eq!(alerts_of(&world, &store).await, expected, "after {pumps} commits");
    }
}
