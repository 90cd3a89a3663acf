//! Calls that wait in a store's line while its bank is away.

use std::task::Poll;

use super::*;
use crate::gateway::Admission;

/// The bank is away: nobody is called before it was tried again.
fn cut_off(world: &World) {
    let breaker = &world.directory.node().breaker;
    let away = Outcome::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None };
    // As many as it looks back on.
    for _ in 0..20 {
        breaker.record(Admission::Go, &away, crate::types::clock::monotonic());
    }
    assert!(!breaker.is_ready());
}

/// Lets every task that is ready have its turn once.
async fn stand_aside() {
    let mut has_waited = false;
    std::future::poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut has_waited, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

/// However soon after its payment began an order is canceled, and whenever the disk has kept what the payment's call rests on:
/// what waits for the bank then never goes out, so that no charge leaves long after its payment gave it up.
#[actix::test]
async fn what_waits_in_line_when_its_order_is_canceled_never_goes_out() {
    tokio::time::pause();
    for (late, later) in (0..8).flat_map(|late| (0..4).map(move |later| (late, later))) {
        let world = World::new().await;
        let store = world.shop("acme", 10).await;
        let tenant = world.enter(&store).await;
        tokio::time::advance(Duration::from_secs(1)).await;
        cut_off(&world);
        let journal = Arc::clone(&world.journal);
        // One of many tasks, as a request is.
        let shopper = actix::spawn(async move {
            let placed = tenant.place(draft(), None, None, None);
            tokio::pin!(placed);
            let id = loop {
                if let Some(taken) = (&mut placed).now_or_never() {
                    break taken.expect("taken").0;
                }
                stand_aside().await;
                journal.pump();
            };
            for _ in 0..late {
                stand_aside().await;
            }
            let canceled = tenant.ask_order(id, Command::Cancel { reason: CancelReason::Customer }, None);
            tokio::pin!(canceled);
            let mut turns = 0;
            while (&mut canceled).now_or_never().is_none() {
                if turns >= later {
                    journal.pump();
                }
                turns += 1;
                stand_aside().await;
            }
            id
        });
        let id = shopper.await.expect("it did not panic");
        world.run().await;
        world.after(Duration::from_secs(120)).await;
        assert!(
            world.ledger.charges.borrow().is_empty(),
            "charged: canceled {late} turns later, kept {later} turns after"
        );
        let order = world.order(&store, id).await;
        let stands = (order["status"].as_str(), order["payment_status"].as_str());
        assert_eq!(
            stands,
            (Some("canceled"), Some("canceled")),
            "canceled {late} turns later, kept {later} turns after"
        );
    }
}
