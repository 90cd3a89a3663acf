//! What falls due by itself.

use super::*;

#[actix::test]
async fn timers_ring_once_and_not_early() {
    tokio::time::pause();
    let world = World::opened(Plan::faultless()).await;
    tokio::time::sleep(Duration::from_secs(59)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 1, "not yet");
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 2, "closed by itself");
    tokio::time::sleep(Duration::from_secs(30 * 86_400)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 2, "and only once");
}

#[actix::test]
async fn the_earliest_timer_rings_first_whichever_was_set_first() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    for (key, secs) in [(1, 60), (2, 10), (3, 90)] {
        world.tell(key, Command::OpenFor { secs }).await;
    }
    for (at, closed) in [(9, 0), (11, 1), (59, 1), (61, 2), (89, 2), (91, 3)] {
        let until = crate::types::clock::monotonic();
        let passed = world.family.log.now().until(START.plus_secs(at));
        tokio::time::sleep_until((until + passed).into()).await;
        world.commit().await;
        assert_eq!(world.journal.end(), 3 + closed, "after {at} seconds");
    }
}

#[actix::test]
async fn a_timer_that_was_moved_rings_when_it_is_due_then() {
    tokio::time::pause();
    let world = World::opened(Plan::faultless()).await;
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.tell(7, Command::Open).await;
    tokio::time::sleep(Duration::from_secs(31)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 2, "put off");
    tokio::time::sleep(Duration::from_secs(30)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 3);
}

#[actix::test]
async fn many_timers_of_one_moment_all_ring() {
    tokio::time::pause();
    let world = World::new(Plan::faultless());
    for key in 1..=600 {
        send(&world.till, Ask::tell(key, Command::Open, Meta::by(Actor::Api)));
    }
    world.commit().await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    world.commit().await;
    world.commit().await;
    world.commit().await;
    assert_eq!(world.journal.end(), 1_200);
}
