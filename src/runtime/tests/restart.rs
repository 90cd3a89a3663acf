//! What goes on after a restart, and how an actor ends.

use super::*;

/// While a restart goes on with what was open before it, new instances come up and are soon among those with something due.
#[actix::test]
async fn what_was_made_since_a_restart_does_not_go_on_twice() {
    let world = World::new(Plan::faultless());
    for command in [Command::Open, Command::Add(12)] {
        send(&world.till, Ask::tell(101, command, Meta::by(Actor::Api)));
    }
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [12]);
    *world.family.open.borrow_mut() = vec![(3, calling(30)), (101, calling(12))];
    send(&world.till, Resume(None));
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [12, 30]);
}

#[actix::test]
async fn what_a_restart_finds_in_memory_goes_on_and_so_does_what_came_up_meanwhile() {
    let world = World::with(Plan::faultless(), [(4, Till { owes: Some(2), ..calling(40) })]);
    *world.family.open.borrow_mut() = vec![(3, calling(30)), (9, calling(90))];
    send(&world.till, Resume(None));
    // Between the turns of the restart somebody looks at the one that is still to come: it is in memory then.
    send(&world.till, Ask::tell(9, Command::Nothing, Meta::by(Actor::Api)));
    world.commit().await;
    let mut called = world.family.called.borrow().clone();
    called.sort_unstable();
    assert_eq!((world.loads(), called), (1, vec![30, 40, 90]));
    assert_eq!(*world.family.told.borrow(), [2]);
}

#[actix::test]
async fn a_timer_is_armed_again_after_a_restart() {
    tokio::time::pause();
    let open = Till { closes_at: Some(START.plus_secs(60)), ..Till::default() };
    let world = World::with(Plan::faultless(), [(4, open)]);
    send(&world.till, Resume(None));
    tokio::time::sleep(Duration::from_secs(59)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 0, "not yet");
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.commit().await;
    assert_eq!(world.journal.end(), 1, "closed by itself");
}

#[actix::test]
async fn a_restart_that_cannot_read_breaks_up_the_family() {
    let world = World::with(Plan::faultless(), [(4, calling(40))]);
    world.family.is_unreadable.set(true);
    send(&world.till, Resume(None));
    world.commit().await;
    assert_eq!(world.family.broken.borrow().as_deref(), Some("stored state could not be read"));
    assert!(world.family.called.borrow().is_empty());
    world.family.is_unreadable.set(false);
    send(&world.till, Resume(None));
    world.commit().await;
    assert!(world.family.called.borrow().is_empty(), "a broken family does nothing any more");
}

#[actix::test]
async fn a_stopped_actor_is_gone() {
    let world = World::new(Plan::faultless());
    assert!(world.till.connected());
    send(&world.till, Stop);
    world.settle().await;
    assert!(!world.till.connected());
}
