//! What a store keeps in memory of orders that rest.

use super::*;
use crate::runtime::{Answer, Only};
use crate::store::tenant::asking::look;

const LATER: Duration = Duration::from_millis(1_001);

/// Whether an order's hold on the stock is in memory.
async fn is_kept(world: &World, store: &StoreId, id: OrderId) -> bool {
    let tenant = world.enter(store).await;
    let show = Box::new(move |stock: &inventory::Stock| stock.knows(id).then(|| Answer::of(&"there", 0)));
    world.drive(look(&tenant.members.inventory, Only, show)).await.expect("answered").is_some()
}

#[actix::test]
async fn what_rests_is_kept_until_views_have_seen_it_and_taken_up_again_when_it_is_asked_for() {
    tokio::time::pause();
    let world = World::new().await;
    let store = world.shop("acme", 10).await;
    let id = world.place(&store).await;
    for _ in 0..300 {
        world.turn().await;
    }
    assert_eq!(world.order(&store, id).await["status"], "confirmed");
    // What views see they see at the end of such a while.
    for is_there in [true, false] {
        world.after(LATER).await;
        assert_eq!(is_kept(&world, &store, id).await, is_there);
    }
    assert_eq!(world.item(&store).await["on_hand"], 10);
    let tenant = world.enter(&store).await;
    let cancel = Command::Cancel { reason: CancelReason::Customer };
    world.drive(tenant.ask_order(id, cancel, None)).await.expect("canceled");
    world.run().await;
    assert_eq!(world.order(&store, id).await["status"], "canceled");
    assert_eq!(world.item(&store).await["available"], 10);
}
