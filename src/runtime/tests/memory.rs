//! Which instances stay in memory, and for how long.

use super::*;

#[actix::test]
async fn an_instance_with_a_fresh_key_is_not_looked_up() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    send(&world.till, Ask::tell(101, Command::Open, Meta::by(Actor::Api)));
    world.commit().await;
    assert_eq!(world.family.loads.get(), 0);
    send(&world.till, Ask::tell(7, Command::Open, Meta::by(Actor::Api)));
    world.commit().await;
    assert_eq!(world.family.loads.get(), 1);
}

/// Whoever repeats what is known already wakes an instance that rests; it does not stay for that.
#[actix::test]
async fn what_was_looked_up_for_nothing_does_not_stay_in_memory() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    for key in 0..20 {
        send(&world.till, Ask::tell(key, Command::Nothing, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(world.family.loads.get(), 20);
    for key in 0..20 {
        send(&world.till, Ask::tell(key, Command::Nothing, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(world.family.loads.get(), 40, "none of them was kept");
}

#[actix::test]
async fn what_was_looked_up_for_nothing_goes_at_once() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.tell(7, Command::Nothing).await;
    world.tell(7, Command::Nothing).await;
    assert_eq!(world.loads(), 2);
}

#[actix::test]
async fn what_was_looked_up_stays_until_views_have_seen_what_it_was_looked_up_beside() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.tell(8, Command::Open).await;
    world.tell(7, Command::Nothing).await;
    world.tell(7, Command::Nothing).await;
    assert_eq!(world.loads(), 2, "each of the two once");
}

#[actix::test]
async fn what_waits_for_something_is_not_forgotten_however_much_of_it_can_be_seen() {
    tokio::time::pause();
    let world = World::opened(Plan::faultless()).await;
    world.family.visible.set(u64::MAX);
    world.tell(7, Command::Nothing).await;
    let taken = world.ask(Command::Add(1), None);
    world.commit().await;
    assert_eq!(taken.await.expect("answered").expect("the till is still open").version, 1);
    assert_eq!(world.loads(), 1);
}

impl World {
    /// Opens a till and closes it again: two tickets, and it rests.
    async fn rest(&self, keys: impl IntoIterator<Item = u32>) {
        for key in keys {
            self.tell(key, Command::Open).await;
            self.tell(key, Command::Close).await;
        }
    }
}

#[actix::test]
async fn what_rests_goes_once_views_have_seen_it_but_for_the_last_few() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest(1..=12).await;
    assert_eq!(world.loads(), 12);
    // The rests of the first three are seen.
    world.family.visible.set(6);
    world.tell(12, Command::Nothing).await;
    world.tell(4, Command::Nothing).await;
    assert_eq!(world.loads(), 12, "the fourth is not seen yet");
    world.tell(3, Command::Nothing).await;
    assert_eq!(world.loads(), 13, "the third is, and had gone");

    world.family.visible.set(u64::MAX);
    for kept in [12, 11, 10, 3] {
        world.tell(kept, Command::Nothing).await;
    }
    assert_eq!(world.loads(), 13, "the last four stay");
    world.tell(9, Command::Nothing).await;
    assert_eq!(world.loads(), 14);
}

#[actix::test]
async fn what_rested_and_was_taken_up_again_stays() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest([1]).await;
    world.tell(1, Command::Open).await;
    world.rest(2..=6).await;
    world.family.visible.set(u64::MAX);
    world.tell(6, Command::Nothing).await;
    world.tell(1, Command::Add(1)).await;
    assert_eq!((world.loads(), world.family.told.borrow().len()), (6, 1));
}

#[actix::test]
async fn of_two_rests_the_last_must_be_seen() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest([1, 1]).await;
    world.rest(2..=6).await;
    world.family.visible.set(2);
    world.tell(6, Command::Nothing).await;
    world.tell(1, Command::Nothing).await;
    assert_eq!(world.loads(), 6, "only the first is seen");
    world.family.visible.set(4);
    world.tell(6, Command::Nothing).await;
    world.tell(1, Command::Nothing).await;
    assert_eq!(world.loads(), 7);
}

/// A fresh key is one that nothing can be stored of; once its instance has gone from memory, something is.
#[actix::test]
async fn a_fresh_key_whose_instance_has_gone_is_looked_up() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest(101..=106).await;
    world.family.visible.set(u64::MAX);
    world.tell(106, Command::Nothing).await;
    assert_eq!(world.loads(), 0);
    world.tell(102, Command::Nothing).await;
    assert_eq!(world.loads(), 1, "the last that went");
    world.tell(101, Command::Nothing).await;
    assert_eq!(world.loads(), 2, "one that went before it");
    world.tell(107, Command::Nothing).await;
    assert_eq!(world.loads(), 2, "one that never was");
}

#[actix::test]
async fn a_second_later_nothing_that_views_have_seen_stays() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest(1..=3).await;
    drop(world.ask(Command::Open, Some("once")));
    world.commit().await;
    let loads = world.loads();
    // All but the last of the tills that rest.
    world.family.visible.set(4);
    world.later().await;
    world.tell(3, Command::Nothing).await;
    assert_eq!((world.loads(), world.family.keys.len()), (loads, 1), "the third rest is not seen yet");
    world.tell(2, Command::Nothing).await;
    assert_eq!(world.loads(), loads + 1, "the second is, and had gone");

    world.family.visible.set(u64::MAX);
    world.later().await;
    assert!(world.family.keys.is_empty());
    for (key, loads) in [(3, loads + 2), (2, loads + 3), (7, loads + 3)] {
        world.tell(key, Command::Nothing).await;
        assert_eq!(world.loads(), loads, "{key}");
    }
}

#[actix::test]
async fn what_goes_a_second_later_is_what_rests_then() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    world.rest(1..=2).await;
    world.tell(2, Command::Open).await;
    world.family.visible.set(u64::MAX);
    world.later().await;
    world.tell(2, Command::Add(1)).await;
    assert_eq!((world.loads(), world.family.told.borrow().len()), (2, 1), "the second till is open again");
    world.tell(1, Command::Nothing).await;
    assert_eq!(world.loads(), 3);
}

#[actix::test]
async fn what_views_have_not_seen_is_looked_at_again() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    drop(world.ask(Command::Open, Some("once")));
    world.commit().await;
    world.later().await;
    assert_eq!(world.family.keys.len(), 1);
    world.family.visible.set(1);
    world.later().await;
    assert!(world.family.keys.is_empty(), "a key, while nothing rests");

    world.rest([1]).await;
    world.later().await;
    world.family.visible.set(u64::MAX);
    world.later().await;
    let loads = world.loads();
    world.tell(1, Command::Nothing).await;
    assert_eq!(world.loads(), loads + 1, "what rests, while no key is left");
}

#[actix::test]
async fn the_only_one_of_a_store_stays_and_lets_go_of_its_parts_until_none_is_left() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    let only = AggregateActor::<Tills<true>>::new(Rc::clone(&world.family), [(7, Till::default())]).start();
    let opened = World::ask_of(&only, Command::Open, Some("once"), None);
    world.commit().await;
    opened.await.expect("answered").expect("opened");
    world.family.parts_rest_since.set(2);
    for (visible, times, keys) in [(0, 1, 1), (1, 2, 0), (2, 3, 0), (2, 3, 0)] {
        world.family.visible.set(visible);
        world.later().await;
        assert_eq!((world.family.lets_go.get(), world.family.keys.len()), (times, keys), "{visible}");
    }
    let added = World::ask_of(&only, Command::Add(1), None, None);
    world.commit().await;
    assert_eq!((added.await.expect("answered").expect("it is open").version, world.loads()), (1, 0));
}
