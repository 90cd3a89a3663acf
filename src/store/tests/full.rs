//! A journal that has no room: the family that was ahead of it goes, its successor waits, answers what it is asked, and
//! goes on when there is room again.

use super::*;
use crate::journal::Health;

#[actix::test]
async fn a_store_waits_for_room_without_being_raised_again_and_again() {
    let world = World::new().await;
    tokio::time::pause();
    let store = world.shop("acme", 10).await;
    world.ledger.is_down.set(true);
    let id = world.place(&store).await;
    world.run().await;

    // The payment's next retry cannot be written down.
    world.journal.fill_up();
    world.after(Duration::from_secs(5)).await;
    assert!(matches!(world.journal.health(), Health::Refusing(_)));
    let refused = world.journal.figures().refused;
    assert!(refused > 0, "nothing was written, so nothing was refused");
    for _ in 0..60 {
        world.after(Duration::from_secs(1)).await;
        assert_eq!(world.order(&store, id).await["status"], "pending", "reading goes on");
    }
    assert_eq!(world.journal.figures().refused, refused, "what waits for room does not try");
    let tenant = world.enter(&store).await;
    let cancel = Command::Cancel { reason: CancelReason::Staff };
    let answer = world.drive(tenant.ask_order(id, cancel, None)).await;
    assert!(matches!(answer, Err(Refusal::Fault(Fault::JournalRefused))), "{answer:?}");
    drop(tenant);
    assert_eq!(world.journal.figures().refused, refused, "whoever asks is told before anything happens");

    world.journal.make_room();
    world.ledger.is_down.set(false);
    for _ in 0..20 {
        world.after(Duration::from_secs(1)).await;
    }
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    assert_eq!(world.ledger.charges.borrow().len(), 1);
    assert_eq!(world.directory.node().deaths(), 0, "a full disk is no death");
}
