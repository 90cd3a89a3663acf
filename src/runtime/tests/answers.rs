//! What a command leads to, and when whoever asked hears of it.

use super::*;

#[actix::test]
async fn nothing_is_revealed_before_it_is_durable() {
    let world = World::opened(Plan::faultless()).await;
    let mut taken = world.ask(Command::Add(12), None);
    let mut unchanged = world.ask(Command::Add(0), None);
    world.settle().await;
    assert_eq!(*world.family.told.borrow(), [12], "siblings hear at once");
    assert!(is_waiting(&mut taken), "an answer waits");
    assert!(is_waiting(&mut unchanged), "so does one that changed nothing but saw what did");
    assert!(world.family.called.borrow().is_empty(), "and so does a call to the outside");
    world.commit().await;
    assert_eq!(taken.await.expect("answered").expect("taken").version, 12);
    assert_eq!(unchanged.await.expect("answered").expect("taken").version, 12);
    assert_eq!(*world.family.called.borrow(), [12]);
}

#[actix::test]
async fn a_call_that_is_not_owed_any_more_when_the_disk_is_ready_is_not_made() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(12), None);
    world.ask(Command::Close, None);
    world.commit().await;
    assert!(world.family.called.borrow().is_empty(), "it was taken back while it waited");

    world.ask(Command::Open, None);
    world.ask(Command::Add(3), None);
    world.ask(Command::Add(4), None);
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [19], "of two that replace each other, the last is made");
}

#[actix::test]
async fn a_call_that_stays_owed_while_it_waits_is_made_once() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(12), None);
    world.ask(Command::Open, None);
    world.commit().await;
    assert_eq!(*world.family.called.borrow(), [12], "opened again, the till still owes the call");
}

#[actix::test]
async fn what_is_owed_to_a_sibling_is_told_once_and_anew_only_when_it_changes() {
    let world = World::opened(Plan::faultless()).await;
    for command in [Command::Owe(5), Command::Open, Command::Owe(5), Command::Owe(6)] {
        world.ask(command, None);
    }
    world.settle().await;
    assert_eq!(*world.family.told.borrow(), [5, 6]);
}

#[actix::test]
async fn rejections_wait_for_what_they_rest_on() {
    let world = World::opened(Plan::faultless()).await;
    let closed = world.ask(Command::Close, None);
    let mut refused = world.ask(Command::Add(1), None);
    world.settle().await;
    assert!(is_waiting(&mut refused));
    world.commit().await;
    closed.await.expect("answered").expect("closed");
    assert!(matches!(refused.await, Ok(Err(Refusal::Rejected(IsClosed)))));
}

#[actix::test]
async fn what_the_journal_refuses_never_happened() {
    let world = World::opened(Plan::faultless().with(2, DiskFault::FullOnce)).await;
    let refused = world.ask(Command::Add(12), None);
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
    assert!(world.family.called.borrow().is_empty(), "nobody was called");
    assert!(world.family.is_broken(), "memory was ahead of the journal: the family goes");
    let after = world.ask(Command::Add(1), None);
    world.commit().await;
    assert!(matches!(after.await, Ok(Err(Refusal::Fault(Fault::Rebuilding)))));
    assert_eq!(world.journal.end(), 1, "only the opening was recorded");
}

#[actix::test]
async fn whoever_asks_while_nothing_can_be_kept_is_told_before_anything_happens() {
    let world = World::opened(Plan::faultless()).await;
    let kept = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    kept.await.expect("answered").expect("taken");
    world.family.takes_events.set(false);
    let refused = world.ask(Command::Add(1), None);
    let repeated = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
    assert_eq!(repeated.await.expect("answered").expect("the first answer").version, 5);
    assert!(!world.family.is_broken(), "memory never ran ahead");
    assert_eq!(world.journal.end(), 2);
}

#[actix::test]
async fn a_panic_breaks_up_the_family_with_its_words_and_nothing_of_it_is_recorded() {
    let panics = [
        (Panic::Words, "the till is broken"),
        (Panic::MadeWords, "the till with 0 is broken"),
        (Panic::NoWords, "a panic without words"),
    ];
    for (panic, words) in panics {
        let world = World::opened(Plan::faultless()).await;
        let broken = world.ask(Command::Break(panic), None);
        world.commit().await;
        assert!(matches!(broken.await, Ok(Err(Refusal::Fault(Fault::Rebuilding)))));
        assert_eq!(world.family.broken.borrow().as_deref(), Some(words));
        assert_eq!(world.journal.end(), 1);
    }
}

/// A caller may ask again; what siblings tell each other is told once, so the family goes and begins again.
#[actix::test]
async fn what_cannot_be_read_is_told_a_caller_and_breaks_up_a_family_of_siblings() {
    let world = World::new(Plan::faultless());
    world.family.is_unreadable.set(true);
    let asked = world.ask(Command::Open, None);
    world.commit().await;
    assert!(matches!(asked.await, Ok(Err(Refusal::Fault(Fault::Unreadable)))));
    assert!(!world.family.is_broken(), "nobody but the caller is concerned");
    world.tell(7, Command::Open).await;
    assert_eq!(world.family.broken.borrow().as_deref(), Some("stored state could not be read"));
}

#[actix::test]
async fn a_command_past_its_deadline_is_not_looked_at() {
    tokio::time::pause();
    let world = World::opened(Plan::faultless()).await;
    let until = |deadline| {
        let (to, asked) = oneshot::channel();
        let reply = Reply::Caller { to, show: Box::new(|_: &Till| None) };
        let meta = Meta::by(Actor::Api);
        let ask =
            Ask { key: 7, request: Command::Add(1), meta, deadline: Some(deadline), condition: None, reply };
        send(&world.till, ask);
        asked
    };
    let now = crate::types::clock::monotonic();
    let (passed, just) = (until(now - Duration::from_millis(1)), until(now));
    world.commit().await;
    assert!(matches!(passed.await, Ok(Err(Refusal::Fault(Fault::DeadlinePassed)))));
    assert!(matches!(just.await, Ok(Ok(_))), "a deadline is the last moment, not the first too late");
    assert_eq!(world.journal.end(), 2);
}

#[actix::test]
async fn whoever_looks_sees_what_is_durable() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(5), None);
    let mut looked = world.look(7);
    world.settle().await;
    assert!(is_waiting(&mut looked), "five may never have been");
    world.commit().await;
    assert_eq!(looked.await.expect("answered").expect("shown").expect("there").version, 5);

    let unknown = world.look(8);
    world.commit().await;
    assert_eq!(unknown.await.expect("answered").expect("shown").expect("there").version, 0);
    assert_eq!(world.loads(), 2, "looked up");

    world.family.is_unreadable.set(true);
    let unreadable = world.look(8);
    world.commit().await;
    assert_eq!(unreadable.await.expect("answered"), Err(Fault::Unreadable));
    world.family.break_up("till", "as the test asked");
    let broken = world.look(7);
    world.commit().await;
    assert_eq!(broken.await.expect("answered"), Err(Fault::Rebuilding));
}

#[actix::test]
async fn whoever_looked_at_what_the_journal_refuses_saw_nothing() {
    let world = World::opened(Plan::faultless().with(2, DiskFault::FullOnce)).await;
    world.ask(Command::Add(5), None);
    let looked = world.look(7);
    world.commit().await;
    assert_eq!(looked.await.expect("answered"), Err(Fault::JournalRefused));
}

/// What a sibling heard: the sum it saw, and what the command led to.
type Heard = Arc<std::sync::Mutex<Vec<(u64, Result<Option<u64>, IsClosed>)>>>;

#[actix::test]
async fn a_sibling_hears_at_once_what_became_of_its_command() {
    let world = World::opened(Plan::faultless()).await;
    let heard = Heard::default();
    for command in [Command::Add(5), Command::Nothing, Command::Close, Command::Add(1)] {
        let heard = Arc::clone(&heard);
        let hears = move |till: &Till, led_to: Result<Option<Cause>, IsClosed>| {
            let led_to = led_to.map(|cause| cause.map(|cause| cause.sequence));
            heard.lock().expect("nobody panicked").push((till.sum, led_to));
        };
        send(&world.till, Ask::sibling(7, command, Meta::by(Actor::Order), hears));
    }
    world.settle().await;
    let heard = heard.lock().expect("nobody panicked");
    assert_eq!(*heard, [(5, Ok(Some(2))), (5, Ok(None)), (5, Ok(Some(3))), (5, Err(IsClosed))]);
    assert_eq!(world.journal.end(), 1, "nothing of it is durable yet");
}
