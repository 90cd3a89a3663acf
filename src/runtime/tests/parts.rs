//! What the parts of the machine say by themselves.

use super::*;

#[test]
fn due_says_what_is_owed_and_when_next() {
    type Owed = Due<Tills>;
    let time = START;
    let call = || Owed::call(CallHome(1));
    let cases = [
        ("nothing", Owed::nothing(), true, None),
        ("a step", Owed::step(Tell(1)), false, Some(Timestamp::default())),
        ("a call", call(), false, Some(Timestamp::default())),
        ("a timer", Owed::at(time, Command::Close), false, Some(time)),
        ("a call and a timer", call().and_at(time, Command::Close), false, Some(Timestamp::default())),
    ];
    for (what, due, is_nothing, earliest) in cases {
        assert_eq!((due.is_nothing(), due.earliest()), (is_nothing, earliest), "{what}");
    }
    let both = call().and_at(time, Command::Close);
    assert_eq!((both.call, both.timer.map(|(at, _)| at)), (Some(CallHome(1)), Some(time)));
    assert_eq!(Owed::step(Tell(3)).steps, [Tell(3)]);
}

#[test]
fn only_a_key_that_came_with_another_request_never_succeeds_later() {
    assert!(!Fault::KeyReused.is_retryable());
    for fault in [Fault::JournalRefused, Fault::KeyInUse, Fault::Unreadable, Fault::Quarantined] {
        assert!(fault.is_retryable(), "{fault}");
    }
}

#[test]
fn a_key_alone_makes_terms_that_expect_nothing() {
    let key = RequestKey::new("k", &[b"body"]);
    let terms = Terms::from(Some(key));
    assert_eq!((terms.key, terms.expected), (Some(key), None));
}

#[test]
fn an_expectation_is_met_by_something_or_by_one_of_its_tags() {
    let one_of = Expected::OneOf(["3".into(), "000000000000000a".into()].into());
    for (there, is_something, is_one) in [
        (None, false, false),
        (Some(Tag::Version(3)), true, true),
        (Some(Tag::Version(4)), true, false),
        (Some(Tag::Digest(10)), true, true),
        (Some(Tag::Digest(3)), true, false),
    ] {
        assert_eq!(Expected::Something.is_met_by(there), is_something, "{there:?}");
        assert_eq!(one_of.is_met_by(there), is_one, "{there:?}");
    }
}

#[test]
fn what_has_no_version_is_told_apart_by_all_that_it_shows() {
    assert_eq!(Answer::of(&"one", 7).tag(), Tag::Version(7));
    let (one, other) = (Answer::of(&"one", 0).tag(), Answer::of(&"other", 0).tag());
    assert!(matches!(one, Tag::Digest(_)) && one != other && one == Answer::of(&"one", 0).tag());
}

#[test]
fn only_one_is_named_after_its_store() {
    assert_eq!(Only.to_string(), "store");
}

#[test]
fn keys_say_whether_any_are_held() {
    let keys = Keys::new(Box::new(|_| Ok(None)));
    assert!(keys.is_empty());
    keys.taken(RequestKey::new("k", &[]), Answer::of(&1, 1), 1, 0);
    assert_eq!((keys.is_empty(), format!("{keys:?}")), (false, "Keys { recent: 1, .. }".to_owned()));
}

#[actix::test]
async fn what_is_seen_in_a_debugger_names_itself() {
    let world = World::new(Plan::faultless());
    world.family.log.on_refused(|| {});
    let (to, _looked) = oneshot::channel();
    let look: Look<Tills> = Look { key: 7, show: Box::new(|_| None), to };
    assert_eq!(format!("{look:?}"), r#"Look { aggregate: "till", key: 7, .. }"#);
    let ask: Ask<Tills> = Ask::tell(7, Command::Open, Meta::by(Actor::Api));
    assert_eq!(format!("{ask:?}"), r#"Ask { aggregate: "till", key: 7, .. }"#);
    let actor = AggregateActor::<Tills>::new(Rc::clone(&world.family), []);
    assert_eq!(format!("{actor:?}"), r#"AggregateActor { aggregate: "till", .. }"#);
    let log = format!("{:?}", world.family.log);
    assert!(log.contains("Gate { issued: Cell { value: 0 }, settled: Cell { value: 0 }, .. }"), "{log}");
    assert!(log.contains("OnRefused"), "{log}");
}
