//! Request keys and expectations.

use super::*;

#[actix::test]
async fn a_repeated_key_gets_the_first_answer_and_changes_nothing() {
    let world = World::opened(Plan::faultless()).await;
    let first = world.ask(Command::Add(5), Some("k"));
    let running = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    let first = first.await.expect("answered").expect("taken");
    assert!(matches!(running.await, Ok(Err(Refusal::Fault(Fault::KeyInUse)))));
    world.ask(Command::Add(1), None);
    world.commit().await;
    let again = world.ask(Command::Add(5), Some("k"));
    let other = world.ask(Command::Add(6), Some("k"));
    world.commit().await;
    let again = again.await.expect("answered").expect("taken");
    assert_eq!((again.body, again.is_replayed), (first.body, true));
    assert!(matches!(other.await, Ok(Err(Refusal::Fault(Fault::KeyReused)))));
    assert_eq!(world.journal.end(), 3, "opened, five, one");
}

#[actix::test]
async fn a_refused_key_may_be_tried_again() {
    let world = World::new(Plan::faultless());
    let refused = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Rejected(IsClosed)))));
    world.ask(Command::Open, None);
    let taken = world.ask(Command::Add(5), Some("k"));
    world.commit().await;
    assert!(!taken.await.expect("answered").expect("taken").is_replayed);
}

fn at(version: u64) -> Option<Expected> {
    Some(Expected::OneOf([version.to_string().into()].into()))
}

#[actix::test]
async fn of_many_who_rest_on_one_version_one_is_taken() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(5), None);
    world.commit().await;
    let asked: Vec<Asked> = (0..50).map(|_| world.ask_if(Command::Add(1), None, at(5))).collect();
    world.commit().await;
    let mut taken = 0;
    for asked in asked {
        match asked.await.expect("answered") {
            Ok(answer) => taken += answer.version,
            Err(Refusal::Changed { now }) => assert_eq!(now, Some(Tag::Version(6))),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(
        (taken, world.journal.end()),
        (6, 3),
        "one is taken, and recorded after the opening and the five"
    );
}

#[actix::test]
async fn an_expectation_waits_for_what_it_was_compared_with() {
    let world = World::opened(Plan::faultless().with(2, DiskFault::FullOnce)).await;
    world.ask(Command::Add(5), None);
    let mut refused = world.ask_if(Command::Add(1), None, at(4));
    world.settle().await;
    assert!(is_waiting(&mut refused), "five may never have been");
    world.commit().await;
    assert!(matches!(refused.await, Ok(Err(Refusal::Fault(Fault::JournalRefused)))));
}

#[actix::test]
async fn a_repeat_is_answered_whatever_it_expects_by_now() {
    let world = World::opened(Plan::faultless()).await;
    world.ask(Command::Add(5), None);
    let first = world.ask_if(Command::Add(1), Some("k"), at(5));
    world.commit().await;
    let again = world.ask_if(Command::Add(1), Some("k"), at(5));
    let other = world.ask_if(Command::Add(1), Some("l"), at(5));
    world.commit().await;
    assert_eq!(first.await.expect("answered").expect("taken").version, 6);
    let again = again.await.expect("answered").expect("taken");
    assert_eq!((again.version, again.is_replayed), (6, true));
    assert!(matches!(other.await, Ok(Err(Refusal::Changed { now: Some(Tag::Version(6)) }))));
}

#[actix::test]
async fn what_is_not_there_is_refused_by_the_domain_or_because_it_is_not() {
    let world = World::new(Plan::faultless());
    let closed = world.ask_if(Command::Add(1), None, Some(Expected::Something));
    world.commit().await;
    assert!(matches!(closed.await, Ok(Err(Refusal::Rejected(IsClosed)))));
    let opened = world.ask_if(Command::Open, None, Some(Expected::Something));
    world.commit().await;
    assert!(matches!(opened.await, Ok(Err(Refusal::Changed { now: None }))));
    assert_eq!(world.journal.end(), 0);
}
