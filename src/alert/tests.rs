//! Scenarios and laws of the alert desk.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::runtime::Event as _;
use crate::types::{AlertId, IdSource};

/// A desk and everything that happened to it. Times are seconds since 1970.
struct Shop {
    desk: Desk,
    ids: IdSource,
    journal: Vec<(Event, Timestamp)>,
}

impl Shop {
    fn new() -> Self {
        Self { desk: Desk::default(), ids: IdSource::seeded(3), journal: Vec::new() }
    }

    fn ask(&mut self, at: u64, command: Command) -> Result<Vec<Event>, Rejection> {
        let at = secs(at);
        let events = decide::decide(&self.desk, command, at)?;
        for event in &events {
            self.desk.evolve(event, at);
            self.journal.push((event.clone(), at));
        }
        Ok(events)
    }

    /// What happened, in few words.
    fn tell(&mut self, at: u64, command: Command) -> String {
        match self.ask(at, command) {
            Ok(events) => events.iter().map(|event| self.word(event)).collect::<Vec<_>>().join("; "),
            Err(why) => why.to_string(),
        }
    }

    fn word(&self, event: &Event) -> String {
        let about = self
            .desk
            .alert(event.id())
            .map_or_else(String::new, |alert| format!(" {} {} x{}", alert.kind, alert.subject, alert.count));
        let kind = event.kind().strip_prefix("alert.").expect("its topic");
        format!("{kind}{about}")
    }

    fn raise(&mut self, at: u64, kind: Kind, subject: &str, times: u32) -> String {
        let signal =
            Signal::Raise { kind, subject: subject.into(), message: format!("at {at}").into(), times };
        let id = self.ids.next(secs(at));
        self.tell(at, Command::Observe { id, signal })
    }

    fn clear(&mut self, at: u64, kind: Kind, subject: &str) -> String {
        let signal = Signal::Clear { kind, subject: subject.into(), times: 0 };
        let id = self.ids.next(secs(at));
        self.tell(at, Command::Observe { id, signal })
    }

    /// The alert of this kind that is kept.
    fn id(&self, kind: Kind, subject: &str) -> AlertId {
        self.desk.kept(kind, &subject.into()).expect("kept").id
    }

    fn alert(&self, kind: Kind, subject: &str) -> &Alert {
        self.desk.kept(kind, &subject.into()).expect("kept")
    }
}

fn secs(secs: u64) -> Timestamp {
    Timestamp::default().plus_secs(secs)
}

fn by(name: &str) -> Option<Arc<str>> {
    Some(name.into())
}

#[test]
fn one_alert_a_condition_counted_and_resolved_when_it_clears() {
    let mut shop = Shop::new();
    assert_eq!(shop.raise(10, Kind::LowStock, "MUG", 1), "raised low_stock MUG x1");
    assert_eq!(shop.raise(20, Kind::LowStock, "MUG", 3), "repeated low_stock MUG x4");
    assert_eq!(shop.raise(30, Kind::LowStock, "MUG", 0), "", "still so, which is no news");
    assert_eq!(shop.raise(30, Kind::LowStock, "POST", 0), "raised low_stock POST x1", "forgotten till now");
    let alert = shop.alert(Kind::LowStock, "MUG");
    assert_eq!((alert.first_seen_at, alert.last_seen_at), (secs(10), secs(20)));
    assert_eq!(&*alert.message, "at 20");
    assert_eq!(shop.clear(40, Kind::LowStock, "MUG"), "resolved low_stock MUG x4");
    assert_eq!(shop.clear(41, Kind::LowStock, "MUG"), "", "already said");
    assert_eq!(shop.raise(50, Kind::LowStock, "MUG", 1), "raised low_stock MUG x1", "another alert");
    assert_eq!(shop.desk.kept_count(), 2);
}

#[test]
fn what_was_seen_before_it_cleared_is_counted_too() {
    let mut shop = Shop::new();
    shop.raise(10, Kind::PaymentRetrying, "bank", 1);
    let id = shop.ids.next(secs(20));
    let signal = Signal::Clear { kind: Kind::PaymentRetrying, subject: "bank".into(), times: 7 };
    let told = shop.tell(20, Command::Observe { id, signal });
    assert_eq!(told, "repeated payment_retrying bank x8; resolved payment_retrying bank x8");
}

#[test]
fn somebody_who_looks_after_it_is_named_and_stops_the_escalation() {
    let mut shop = Shop::new();
    shop.raise(0, Kind::OutOfStock, "MUG", 1);
    let id = shop.id(Kind::OutOfStock, "MUG");
    assert_eq!(shop.desk.next_escalation(), Some(secs(300)));
    let word = "acknowledged out_of_stock MUG x1";
    assert_eq!(shop.tell(10, Command::Acknowledge { id, by: by("ada") }), word);
    assert_eq!(shop.desk.next_escalation(), None);
    assert_eq!(shop.tell(11, Command::Acknowledge { id, by: by("ada") }), "", "said already");
    assert_eq!(shop.tell(11, Command::Acknowledge { id, by: None }), "", "said already");
    assert_eq!(shop.tell(12, Command::Acknowledge { id, by: by("grace") }), word, "somebody takes over");
    assert_eq!(shop.alert(Kind::OutOfStock, "MUG").acknowledged_by.as_deref(), Some("grace"));
    assert_eq!(shop.raise(20, Kind::OutOfStock, "MUG", 1), "repeated out_of_stock MUG x2");
    assert_eq!(shop.alert(Kind::OutOfStock, "MUG").status(), Status::Acknowledged, "counted, not reopened");
}

#[test]
fn an_alert_nobody_acknowledges_escalates_three_times_each_time_later() {
    let mut shop = Shop::new();
    shop.raise(0, Kind::RefundFailed, "ord_1", 1);
    assert_eq!(shop.tell(299, Command::Escalate), "");
    let mut at = 0;
    for patience in [300, 600, 1_200] {
        at += patience;
        assert_eq!(shop.desk.next_escalation(), Some(secs(at)));
        assert_eq!(shop.tell(at, Command::Escalate), "escalated refund_failed ord_1 x1");
    }
    assert_eq!((shop.desk.next_escalation(), shop.alert(Kind::RefundFailed, "ord_1").escalations), (None, 3));
    shop.raise(0, Kind::ReviewWaiting, "ord_2", 1);
    assert_eq!(shop.desk.next_escalation(), None, "good to know is no emergency");
}

#[test]
fn silence_puts_an_escalation_off() {
    let mut shop = Shop::new();
    shop.raise(0, Kind::OutOfStock, "MUG", 1);
    let id = shop.id(Kind::OutOfStock, "MUG");
    assert_eq!(shop.tell(10, Command::Silence { id, minutes: 60 }), "silenced out_of_stock MUG x1");
    assert_eq!(shop.desk.next_escalation(), Some(secs(3_610)));
    assert_eq!(shop.tell(300, Command::Escalate), "");
    assert_eq!(shop.tell(3_610, Command::Escalate), "escalated out_of_stock MUG x1");
    for minutes in [0, MINUTES_MAX + 1] {
        assert_eq!(shop.ask(9, Command::Silence { id, minutes }), Err(Rejection::SilenceOutOfRange));
    }
}

#[test]
fn a_person_is_not_told_again_before_the_condition_has_cleared() {
    let mut shop = Shop::new();
    shop.raise(0, Kind::LowStock, "MUG", 1);
    let id = shop.id(Kind::LowStock, "MUG");
    assert_eq!(shop.tell(10, Command::Resolve { id, by: by("ada") }), "resolved low_stock MUG x1");
    assert_eq!(shop.raise(20, Kind::LowStock, "MUG", 1), "", "ada knows");
    assert_eq!(shop.clear(30, Kind::LowStock, "MUG"), "cleared low_stock MUG x1");
    assert_eq!(shop.raise(40, Kind::LowStock, "MUG", 1), "raised low_stock MUG x1");
    // What happens again and again is told of again.
    shop.raise(50, Kind::RefundFailed, "ord_1", 1);
    let id = shop.id(Kind::RefundFailed, "ord_1");
    shop.tell(51, Command::Resolve { id, by: None });
    assert_eq!(shop.raise(52, Kind::RefundFailed, "ord_1", 1), "raised refund_failed ord_1 x1");
}

#[test]
fn what_is_over_takes_no_more_commands() {
    let mut shop = Shop::new();
    shop.raise(0, Kind::LowStock, "MUG", 1);
    let id = shop.id(Kind::LowStock, "MUG");
    shop.clear(1, Kind::LowStock, "MUG");
    let over = |done| Err(Rejection::Over { status: Status::Resolved, done });
    assert_eq!(shop.ask(2, Command::Acknowledge { id, by: None }), over("acknowledged"));
    assert_eq!(shop.ask(2, Command::Resolve { id, by: None }), over("resolved"));
    assert_eq!(shop.ask(2, Command::Silence { id, minutes: 5 }), over("silenced"));
    let id = AlertId::from_bits(9);
    assert_eq!(shop.ask(2, Command::Resolve { id, by: None }), Err(Rejection::NoSuchAlert { id }));
    let long: Arc<str> = "x".repeat(NAME_BYTES_MAX + 1).into();
    assert_eq!(shop.ask(2, Command::Resolve { id, by: Some(long) }), Err(Rejection::NameTooLong));
}

#[test]
fn more_than_a_desk_keeps_is_counted_by_one_alert() {
    let mut shop = Shop::new();
    for nth in 0..OPEN_MAX {
        shop.raise(0, Kind::ReviewWaiting, &format!("ord_{nth}"), 1);
    }
    assert_eq!(shop.raise(1, Kind::LowStock, "MUG", 1), "raised alert_overflow alerts x1");
    assert_eq!(shop.raise(2, Kind::LowStock, "POST", 2), "repeated alert_overflow alerts x3");
    assert_eq!(shop.raise(2, Kind::ReviewWaiting, "ord_7", 1), "repeated review_waiting ord_7 x2");
    assert_eq!(shop.desk.kept_count(), OPEN_MAX + 1);
    let mut last = String::new();
    let mut cleared = 0;
    while !last.contains("alert_overflow") {
        last = shop.clear(3, Kind::ReviewWaiting, &format!("ord_{cleared}"));
        cleared += 1;
    }
    assert!((OPEN_MAX / 20..OPEN_MAX / 5).contains(&cleared), "not at the bound itself: {cleared}");
    assert_eq!(shop.raise(4, Kind::LowStock, "MUG", 1), "raised low_stock MUG x1");
}

#[test]
fn what_a_person_ends_comes_last_though_it_makes_room() {
    let mut shop = Shop::new();
    let mut failed = Vec::new();
    for nth in 0..=OPEN_MAX {
        shop.raise(0, Kind::RefundFailed, &format!("ord_{nth}"), 1);
        failed.extend(shop.desk.kept(Kind::RefundFailed, &format!("ord_{nth}").into()).map(|alert| alert.id));
    }
    let overflow = shop.desk.kept(Kind::AlertOverflow, &OVERFLOW_SUBJECT.into()).expect("too many").id;
    let mut last = Vec::new();
    for id in failed {
        last = shop.ask(1, Command::Resolve { id, by: None }).expect("it is open");
        assert_eq!(last.last().map(Event::id), Some(id), "its record is what a repeated request is shown");
        if last.len() > 1 {
            break;
        }
    }
    assert_eq!(last.first().map(Event::id), Some(overflow), "{last:?}");
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut shop = Shop::new();
    let subject = format!("{}ü", "x".repeat(SUBJECT_BYTES_MAX - 1));
    shop.raise(0, Kind::LowStock, &subject, 1);
    assert_eq!(
        shop.raise(1, Kind::LowStock, &subject, 1).split(' ').next(),
        Some("repeated"),
        "the same cut"
    );
    assert!(shop.clear(2, Kind::LowStock, &subject).starts_with("resolved"));
}

#[test]
fn stored_shapes_are_frozen() {
    let id: AlertId = IdSource::seeded(1).next(secs(1_700_000_000));
    let samples = [
        (
            Event::Raised(Raised {
                id,
                kind: Kind::LowStock,
                severity: Severity::Warning,
                subject: "MUG".into(),
                message: "5 left".into(),
                times: 1,
            }),
            format!(
                r#"{{"id":"{id}","kind":"low_stock","severity":"warning","subject":"MUG","message":"5 left","times":1}}"#
            ),
        ),
        (Event::Repeated(Repeated { id, times: 2, message: None }), format!(r#"{{"id":"{id}","times":2}}"#)),
        (Event::Acknowledged(Acknowledged { id, by: by("ada") }), format!(r#"{{"id":"{id}","by":"ada"}}"#)),
        (Event::Escalated(Escalated { id, level: 1 }), format!(r#"{{"id":"{id}","level":1}}"#)),
        (
            Event::Silenced(Silenced { id, until: secs(60) }),
            format!(r#"{{"id":"{id}","until":"1970-01-01T00:01:00.000000Z"}}"#),
        ),
        (
            Event::Resolved(Resolved { id, by: By::Condition, name: None }),
            format!(r#"{{"id":"{id}","by":"condition"}}"#),
        ),
        (Event::Cleared(Cleared { id }), format!(r#"{{"id":"{id}"}}"#)),
    ];
    assert_eq!(samples.len(), Event::KINDS.len());
    for (event, expected) in samples {
        let mut bytes = Vec::new();
        event.write(&mut bytes);
        assert_eq!(String::from_utf8(bytes.clone()).expect("JSON"), expected);
        assert_eq!(Event::read(event.kind(), 1, &bytes).expect("readable"), event);
    }
}

fn any_step() -> impl Strategy<Value = (u8, u8, u8, u16)> {
    (0_u8..8, any::<u8>(), any::<u8>(), 0_u16..2_000)
}

/// One random step: what is asked, about which alert, how.
fn random(
    shop: &mut Shop,
    known: &mut Vec<AlertId>,
    at: u64,
    (what, which, how, _): (u8, u8, u8, u16),
) -> Command {
    let kinds = [Kind::LowStock, Kind::RefundFailed, Kind::PaymentRetrying, Kind::OutOfStock];
    let (kind, subject): (_, Arc<str>) =
        (kinds[usize::from(which) % kinds.len()], format!("S{}", how % 3).into());
    let id = known.get(usize::from(which) % known.len().max(1)).copied().unwrap_or(AlertId::from_bits(1));
    match what {
        0..=2 => {
            let id = shop.ids.next(secs(at));
            known.push(id);
            let message = format!("{how}").into();
            Command::Observe {
                id,
                signal: Signal::Raise { kind, subject, message, times: u32::from(how % 4) },
            }
        }
        3 => {
            let id = shop.ids.next(secs(at));
            Command::Observe { id, signal: Signal::Clear { kind, subject, times: u32::from(how % 2) } }
        }
        4 => Command::Acknowledge { id, by: (how % 2 == 0).then(|| format!("p{}", how % 3).into()) },
        5 => Command::Resolve { id, by: None },
        6 => Command::Silence { id, minutes: u32::from(how) },
        _ => Command::Escalate,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is asked in whatever order: one alert a kind and subject, live state is replayed state, a repeated command
    /// changes nothing, and every prefix of the journal folds.
    #[test]
    fn laws_of_the_desk(steps in prop::collection::vec(any_step(), 1..60)) {
        let mut shop = Shop::new();
        let mut known = Vec::new();
        let mut at = 1;
        for step in steps {
            at += u64::from(step.3);
            let command = random(&mut shop, &mut known, at, step);
            let before = shop.desk.clone();
            let asked = shop.ask(at, command.clone());
            if asked.is_err() || asked.as_ref().is_ok_and(Vec::is_empty) {
                prop_assert_eq!(&shop.desk, &before, "nothing happened");
            }
            // Said twice: only what counts, and what begins a span of time, happens twice.
            let is_idempotent = match &command {
                Command::Observe { signal: Signal::Raise { times, .. }, .. } => *times == 0,
                Command::Silence { .. } => false,
                Command::Observe { .. } | Command::Acknowledge { .. } | Command::Resolve { .. }
                | Command::Escalate => true,
            };
            if is_idempotent {
                let again = shop.ask(at, command);
                prop_assert!(again.is_err() || again.is_ok_and(|events| events.is_empty()));
            }
            let keys: BTreeSet<_> = shop.desk.all_kept().map(|alert| (alert.kind, &alert.subject)).collect();
            prop_assert_eq!(keys.len(), shop.desk.all_kept().count());
            prop_assert_eq!(keys.len(), shop.desk.kept_count());
            let first = shop.desk.all_kept().filter_map(Alert::escalates_at).min();
            prop_assert_eq!(first, shop.desk.next_escalation());
        }
        let mut replayed = Desk::default();
        let mut documents: BTreeMap<AlertId, Option<Alert>> = BTreeMap::new();
        for (event, at) in &shop.journal {
            replayed.evolve(event, *at);
            let document = documents.entry(event.id()).or_default();
            *document = Alert::fold(document.take(), event, *at);
        }
        prop_assert_eq!(&replayed, &shop.desk);
        let kept: BTreeMap<_, _> = shop.desk.all_kept().map(|alert| (alert.id, alert.clone())).collect();
        let stored: BTreeMap<_, _> =
            documents.into_iter().filter_map(|(id, alert)| Some((id, alert.filter(Alert::is_kept)?))).collect();
        prop_assert_eq!(&stored, &kept);
        let restored = Desk::restore(stored.into_values());
        prop_assert!(restored.all_kept().all(|alert| shop.desk.alert(alert.id) == Some(alert)));
        prop_assert_eq!(restored.next_escalation(), shop.desk.next_escalation());
    }
}
