//! Scenarios (given events, when a command, then events or a rejection), rules in a table, and laws.

use std::sync::Arc;

use proptest::prelude::*;

use crate::runtime::{Aggregate, Event as _};
use crate::types::{Amount, OrderId, Timestamp};

use super::*;

pub(super) fn order(n: u128) -> OrderId {
    OrderId::from_bits(n)
}

pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000)
}

/// An ordinary order of a customer: two shirts and a mug, to London.
pub(super) fn facts(n: u128) -> Facts {
    let amount = |minor| Amount::new(minor).expect("a legal amount");
    Facts {
        order: order(n),
        total: amount(5_273),
        subtotal: amount(5_273),
        currency: "USD".parse().expect("a currency"),
        line_count: 2,
        units: 3,
        skus: ["TSHIRT-M", "MUG"].map(|sku| sku.parse().expect("a SKU")).into(),
        customer_id: Some("cus_1".into()),
        email: Some(" Ada@Example.com".into()),
        ip: "203.0.113.9".parse().ok(),
        country: Some("GB".into()),
        postal_code: Some("N1 9GU".into()),
        address_line: Some("1 Loop Rd".into()),
        payment_method: "pm_card_visa".into(),
        review: ReviewPolicy { sla_s: 3_600, on_lapse: OnLapse::Reject },
    }
}

fn rule(name: &str, action: Action, when: &str) -> Rule {
    Rule { name: name.into(), action, when: when.into(), enabled: true }
}

fn rules(of: &[(&str, Action, &str)]) -> Command {
    let rules = of.iter().map(|(name, action, when)| rule(name, *action, when)).collect();
    Command::SetRules { rules }
}

fn assess(facts: Facts) -> Command {
    Command::Assess(Box::new(facts))
}

fn review_all(on_lapse: OnLapse) -> (Bench, Facts) {
    let mut desk = Bench::given(&[("everybody", Action::Review, "true")]);
    let policy = ReviewPolicy { sla_s: 3_600, on_lapse };
    let facts = Facts { review: policy, ..facts(1) };
    desk.tell(0, assess(facts.clone()));
    (desk, facts)
}

/// A desk under test: what it decides is written, read back and folded.
#[derive(Default)]
struct Bench {
    desk: Desk,
    replayed: Desk,
    assessments: Vec<Assessment>,
}

impl Bench {
    fn given(of: &[(&str, Action, &str)]) -> Self {
        let mut desk = Self::default();
        desk.ask(0, rules(of)).expect("good rules");
        desk
    }

    fn ask(&mut self, now: i64, command: Command) -> Result<Vec<Event>, Rejection> {
        let events = Fraud::decide(&self.desk, command, at(now))?;
        for event in &events {
            let mut written = Vec::new();
            event.write(&mut written);
            let read = Event::read(event.kind(), event.version(), &written).expect("readable");
            assert_eq!(&read, event);
            if let Event::Assessed(assessed) = event {
                self.assessments.push(Assessment::of(assessed, at(now)));
            }
            Fraud::evolve(&mut self.desk, event, at(now));
            Fraud::evolve(&mut self.replayed, &read, at(now));
        }
        Ok(events)
    }

    /// Asks, and tells the events as lines of text.
    fn tell(&mut self, now: i64, command: Command) -> String {
        match self.ask(now, command) {
            Ok(events) => events.iter().map(told).collect::<Vec<_>>().join("; "),
            Err(why) => format!("no: {why}"),
        }
    }
}

fn told(event: &Event) -> String {
    let by = |decided: &ReviewDecided| match (decided.by, &decided.note) {
        (By::Person, Some(note)) => format!("a person: {note}"),
        (By::Person, None) => "a person".to_owned(),
        (By::Lapse, _) => "lapse".to_owned(),
    };
    match event {
        Event::Assessed(assessed) => {
            let mut told = format!(
                "{} {} {} {:?}",
                assessed.decision.name(),
                assessed.score,
                assessed.level.name(),
                assessed.rules,
            );
            for RuleError { rule, error } in &assessed.errors {
                told += &format!(" ({rule}: {error})");
            }
            told
        }
        Event::ReviewOpened(opened) => format!("review until {}", opened.due_at.millis() / 1_000),
        Event::ReviewApproved(decided) => format!("approved by {}", by(decided)),
        Event::ReviewRejected(decided) => format!("rejected by {}", by(decided)),
        Event::ReviewWithdrawn(_) => "withdrawn".into(),
        Event::RulesChanged(changed) => format!("{} rules", changed.rules.rules().len()),
    }
}

#[test]
fn allow_comes_before_block_and_block_before_review_whatever_their_order() {
    let mut desk = Bench::given(&[
        ("look", Action::Review, "order.total > 100"),
        ("stop_second", Action::Block, "order.total > 3000"),
        ("stop", Action::Block, "order.total > 1000"),
        ("friend", Action::Allow, r#"customer.email_domain == "example.com""#),
    ]);
    let stranger = |n, total| Facts {
        email: Some("eve@elsewhere.example".into()),
        total: Amount::new(total).expect("a legal amount"),
        ..facts(n)
    };
    assert_eq!(desk.tell(1, assess(facts(1))), r#"allow 0 normal ["friend"]"#);
    assert_eq!(desk.tell(1, assess(stranger(2, 5_000))), r#"block 90 highest ["stop_second"]"#);
    assert_eq!(desk.tell(1, assess(stranger(3, 2_000))), r#"block 93 highest ["stop"]"#);
    assert_eq!(desk.tell(1, assess(stranger(4, 500))), r#"review 71 elevated ["look"]; review until 3601"#);
    assert_eq!(desk.tell(1, assess(stranger(5, 501))), r#"review 74 elevated ["look"]; review until 3601"#);
    assert_eq!(desk.tell(1, assess(stranger(6, 502))), r#"review 77 highest ["look"]; review until 3601"#);
    assert_eq!(desk.tell(1, assess(stranger(7, 50))), "pass 20 normal []");
    assert_eq!(desk.tell(9_999, assess(stranger(8, 50))), "pass 5 normal []");
}

#[test]
fn a_question_that_is_repeated_changes_nothing() {
    let mut desk = Bench::given(&[("big", Action::Review, "order.total > 9000")]);
    let big = Facts { total: Amount::new(9_001).expect("legal"), ..facts(2) };
    assert_eq!(desk.tell(1, assess(facts(1))), "pass 5 normal []");
    assert_eq!(desk.tell(2, assess(facts(1))), "");
    desk.tell(2, assess(big.clone()));
    assert_eq!(desk.tell(3, assess(big)), "");
    let passed = VerdictSummary { score: 5, level: Level::Normal, rules: &[] };
    assert_eq!(desk.desk.standing(order(1)), Some(Standing::Passed(passed)));
    assert_eq!(desk.desk.standing(order(3)), None);
}

#[test]
fn a_rule_that_cannot_be_asked_does_not_match_and_is_told() {
    let mut desk = Bench::given(&[
        ("home", Action::Block, r#"customer.ip.startsWith("10.")"#),
        ("none", Action::Block, "order.total / (order.units - 3) > 1"),
        ("guests", Action::Review, "customer.is_guest"),
    ]);
    let hidden = Facts { ip: None, ..facts(1) };
    assert_eq!(
        desk.tell(1, assess(hidden)),
        "pass 5 normal [] (home: customer.ip is missing) (none: a division by zero)"
    );
}

#[test]
fn people_decide_reviews_once() {
    let (mut desk, facts) = review_all(OnLapse::Reject);
    let approve = || Command::Approve { order: facts.order, note: Some("called her".into()) };
    let reject = || Command::Reject { order: facts.order, note: None };
    assert_eq!(Fraud::due(&desk.desk).earliest(), Some(at(3_600)));
    let waiting = desk.desk.standing(facts.order);
    assert!(matches!(waiting, Some(Standing::Waiting { due_at, .. }) if due_at == at(3_600)));

    let nobody = Command::Approve { order: order(99), note: None };
    assert_eq!(desk.tell(9, nobody), format!("no: no review of {}", order(99)));
    let long = Command::Approve { order: facts.order, note: Some("x".repeat(1_001).into()) };
    assert_eq!(desk.ask(9, long), Err(Rejection::NoteTooLong));

    let events = desk.ask(10, approve()).expect("open");
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), ["approved by a person: called her"]);
    let closed = Step::ReviewClosed { order: facts.order, approved: true };
    assert_eq!(Fraud::tells(&desk.desk, &events[0]), Some(closed));
    assert_eq!(desk.desk.standing(facts.order), Some(Standing::Approved));

    let refusal = format!("no: the review of {} is approved", facts.order);
    assert_eq!(desk.tell(11, approve()), refusal);
    assert_eq!(desk.tell(11, reject()), refusal);
    assert_eq!(desk.tell(11, Command::Withdraw { order: facts.order }), "");
    assert_eq!(desk.tell(9_999, Command::Lapse), "");
    assert!(Fraud::due(&desk.desk).is_nothing());
    let review = desk.desk.review(facts.order).expect("kept");
    assert_eq!(
        serde_json::to_value(ReviewView::of(review)).expect("JSON"),
        serde_json::json!({
            "id": facts.order, "order_id": facts.order, "status": "approved",
            "rules": ["everybody"], "score": 65, "level": "elevated",
            "opened_at": at(0), "due_at": at(3_600), "on_lapse": "reject",
            "closed_by": "person", "closed_at": at(10), "note": "called her",
        })
    );
}

#[test]
fn an_order_that_ends_takes_its_review_with_it() {
    let (mut desk, facts) = review_all(OnLapse::Approve);
    let withdraw = || Command::Withdraw { order: facts.order };
    assert_eq!(desk.tell(1, withdraw()), "withdrawn");
    assert_eq!(desk.tell(1, withdraw()), "");
    assert_eq!(desk.tell(1, Command::Withdraw { order: order(99) }), "");
    assert_eq!(desk.desk.standing(facts.order), Some(Standing::Withdrawn));
    let late = Command::Approve { order: facts.order, note: None };
    assert_eq!(desk.tell(2, late), format!("no: the review of {} is withdrawn", facts.order));
    assert_eq!(desk.tell(2, assess(facts)), "");
    assert_eq!(desk.tell(9_999, Command::Lapse), "");
}

#[test]
fn a_review_that_nobody_decides_ends_by_policy() {
    for (on_lapse, told, standing) in [
        (OnLapse::Approve, "approved by lapse", Standing::Approved),
        (OnLapse::Reject, "rejected by lapse", Standing::Rejected),
    ] {
        let (mut desk, facts) = review_all(on_lapse);
        assert_eq!(desk.tell(3_599, Command::Lapse), "");
        assert_eq!(desk.tell(3_600, Command::Lapse), told);
        assert_eq!(desk.tell(3_600, Command::Lapse), "");
        assert_eq!(desk.desk.standing(facts.order), Some(standing));
    }
}

#[test]
fn many_reviews_lapse_in_bounded_batches_and_the_last_closed_are_kept() {
    let mut desk = Bench::given(&[("everybody", Action::Review, "true")]);
    let count = CLOSED_KEPT_MAX + 6;
    for n in 0..count {
        desk.ask(0, assess(facts(n as u128))).expect("assessed");
    }
    let mut left = count;
    while left > 0 {
        assert_eq!(Fraud::due(&desk.desk).earliest(), Some(at(3_600)));
        let batch = left.min(LAPSED_PER_DECISION_MAX);
        assert_eq!(desk.ask(3_600, Command::Lapse).map(|events| events.len()), Ok(batch));
        left -= batch;
    }
    assert!(Fraud::due(&desk.desk).is_nothing());
    assert_eq!(desk.desk.reviews().count(), CLOSED_KEPT_MAX);
    // The oldest must be brought back before anybody asks.
    assert_eq!(desk.desk.standing(order(0)), None);
    assert_eq!(desk.desk.standing(order(6)), Some(Standing::Rejected));
    assert_eq!(desk.tell(3_601, assess(facts(0))), "");
}

#[test]
fn rules_are_set_once_and_all_that_is_wrong_is_told() {
    let mut desk = Bench::default();
    let good = || rules(&[("big", Action::Review, "order.total > 500000")]);
    assert_eq!(desk.tell(0, good()), "1 rules");
    assert_eq!(desk.tell(0, good()), "");
    let bad = rules(&[
        ("fine", Action::Block, "true"),
        ("typo", Action::Block, "true &&\n  order.totl > 5"),
        ("", Action::Block, "true"),
        ("fine", Action::Allow, "false"),
    ]);
    let Err(Rejection::BadRules { problems }) = desk.ask(1, bad) else { panic!("bad rules") };
    let told: Vec<String> = problems.iter().map(|problem| format!("{}: {problem}", problem.index)).collect();
    assert_eq!(
        told,
        [
            "1: typo, line 2, column 8: no fact is called order.totl",
            "2: , line 1, column 1: a name has 1 to 100 plain bytes",
            "3: fine, line 1, column 1: another rule has this name already",
        ]
    );
    let many = vec![rule("r", Action::Block, "true"); RULES_MAX + 1];
    let Err(problems) = RuleSet::check(many) else { panic!("too many") };
    assert_eq!(problems.last().map(|problem| problem.index), Some(RULES_MAX));
    let none = Command::SetRules { rules: vec![] };
    assert_eq!(desk.tell(2, none), "0 rules");
}

#[test]
fn a_rule_that_is_switched_off_is_not_asked() {
    let mut desk = Bench::default();
    let off = Rule { enabled: false, ..rule("stop", Action::Block, "true") };
    desk.ask(0, Command::SetRules { rules: vec![off] }).expect("a good rule");
    assert_eq!(desk.tell(1, assess(facts(1))), "pass 5 normal []");
}

#[test]
fn a_recorded_rule_that_this_release_cannot_read_is_told_with_every_verdict() {
    let data = br#"{"rules":[{"name":"old","action":"block","when":"geo.distance > 5"}]}"#;
    let event = Event::read("fraud.rules_changed", 1, data).expect("readable");
    let mut desk = Bench::default();
    Fraud::evolve(&mut desk.desk, &event, at(0));
    assert_eq!(desk.tell(1, assess(facts(1))), "pass 5 normal [] (old: no fact is called geo.distance)");
}

#[test]
fn earlier_orders_count_in_every_respect_and_the_order_itself_does_not() {
    let mut desk = Bench::given(&[
        ("email", Action::Review, "velocity.email_1h >= 2"),
        ("day", Action::Block, "velocity.address_24h >= 3 && velocity.address_1h == 0"),
    ]);
    let spelled = |n, email: &str, line: &str| Facts {
        email: Some(email.into()),
        address_line: Some(line.into()),
        ..facts(n)
    };
    assert!(desk.tell(0, assess(spelled(1, "ada@example.com", "1 Loop Rd"))).starts_with("pass"));
    assert!(desk.tell(1, assess(spelled(2, "ADA@example.COM ", "1  loop rd "))).starts_with("pass"));
    assert!(desk.tell(2, assess(spelled(3, "Ada@Example.com", "1 LOOP RD"))).starts_with("review"));
    // An hour after the first, two are left of the hour; a day's worth counts on.
    assert!(desk.tell(3_600, assess(spelled(4, "ada@example.com", "x"))).starts_with("review"));
    let marked = spelled(5, "bob@example.com", "1 Loop Rd");
    assert!(desk.tell(3_602, assess(marked)).starts_with("block"));
    // A day after the first, two are left of the day, and the one from an hour later.
    let late = spelled(6, "eve@example.com", "1 Loop Rd");
    assert!(desk.tell(86_400, assess(late)).starts_with("block"));
    let later = spelled(7, "eve@example.com", "1 Loop Rd");
    assert!(desk.tell(86_400 + 3_602, assess(later)).starts_with("pass"));
}

#[test]
fn the_window_is_bounded_and_the_oldest_leave_first() {
    let mut desk = Bench::given(&[("crowd", Action::Review, "velocity.customer_24h >= 4096")]);
    for n in 0..WINDOW_MAX as u128 {
        let told = desk.tell(n as i64, assess(facts(n)));
        assert!(told.starts_with("pass"), "{n}: {told}");
    }
    assert!(desk.desk.knows(order(0)));
    let now = WINDOW_MAX as i64;
    assert!(desk.tell(now, assess(facts(5_000))).starts_with("review"));
    assert!(!desk.desk.knows(order(0)));
    assert!(desk.desk.knows(order(1)) && desk.desk.knows(order(5_000)));
    assert_eq!(desk.desk.velocity().assessments().count(), WINDOW_MAX);
    // Asked again after it has left the window, an order is judged anew.
    assert!(desk.tell(now, assess(facts(0))).starts_with("review"));
}

#[test]
fn counts_kept_and_counts_made_agree_while_the_window_overflows() {
    let mut kept = Velocity::default();
    kept.track(|_| true);
    let mut made = Velocity::default();
    let total = WINDOW_MAX as u128 + 2_000;
    for n in 0..total {
        let mark = |kind: u128, of: u128| Some(Mark::of(&((kind << 64) | (n % of)).to_le_bytes()));
        let assessment = Assessment {
            order: order(n),
            // Two to three thousand an hour, so that the last hour begins within the window.
            at: Timestamp::from_micros(n as i64 * 1_500_000),
            decision: Decision::Pass,
            score: 5,
            rules: [].into(),
            marks: Marks { customer: mark(1, 3), email: mark(2, 1), ip: mark(3, 5_000), ..Marks::default() },
        };
        kept.push(assessment.clone());
        made.push(assessment);
        if n % 500 == 0 || n + 5 > total {
            let now = Timestamp::from_micros(n as i64 * 1_500_000 + 700);
            for dimension in Dimension::ALL {
                let mark = kept.assessments().last().and_then(|one| one.marks.get(dimension));
                for span in [Span::Hour, Span::Day] {
                    let counts = [&kept, &made].map(|velocity| velocity.earlier(dimension, mark, span, now));
                    assert_eq!(counts[0], counts[1], "{n} {dimension:?} {span:?}");
                }
            }
        }
    }
    let email = kept.assessments().last().and_then(|one| one.marks.email);
    let now = Timestamp::from_micros(total as i64 * 1_500_000);
    assert_eq!(usize::from(kept.earlier(Dimension::Email, email, Span::Day, now)), WINDOW_MAX);
    assert_eq!(kept.earlier(Dimension::Email, email, Span::Hour, now), 2_399);
}

#[test]
fn events_look_like_this_on_the_wire() {
    let (desk, facts) = review_all(OnLapse::Reject);
    let events = Fraud::decide(&desk.desk, assess(Facts { order: order(2), ..facts }), at(1));
    let written: Vec<String> = events
        .expect("assessed")
        .iter()
        .map(|event| {
            let mut data = Vec::new();
            event.write(&mut data);
            format!("{} {}", event.kind(), String::from_utf8(data).expect("JSON"))
        })
        .collect();
    assert_eq!(
        written,
        [
            concat!(
                r#"fraud.assessed {"order":"ord_00000000000000000000000002","decision":"review","#,
                r#""score":68,"level":"elevated","rules":["everybody"],"marks":{"#,
                r#""customer":"59c981283eab7de3","card":"cbb8dd1fe2902615","email":"47849209ccd8421f","#,
                r#""address":"c7aeac483457724e","ip":"078065f6a8d3afab"}}"#,
            ),
            concat!(
                r#"fraud.review_opened {"order":"ord_00000000000000000000000002","#,
                r#""rules":["everybody"],"score":68,"due_at":"1970-01-01T01:00:01.000000Z","#,
                r#""on_lapse":"reject"}"#,
            ),
        ]
    );
}

fn commands() -> impl Strategy<Value = Command> {
    let whose = ["ada@example.com", "bob@example.com", "ADA@example.com"];
    let asked = (0..40u128, 0..whose.len(), 0..3u8, any::<bool>(), 0..4_000u64, any::<bool>());
    let asked = asked.prop_map(move |(n, who, ip, guest, sla_s, approve)| {
        let on_lapse = if approve { OnLapse::Approve } else { OnLapse::Reject };
        assess(Facts {
            email: Some(whose[who].into()),
            customer_id: (!guest).then(|| Arc::from("cus_1")),
            ip: Some([10, 0, 0, ip].into()),
            review: ReviewPolicy { sla_s, on_lapse },
            ..facts(n)
        })
    });
    let sets: [&[(&str, Action, &str)]; 3] = [
        &[("a", Action::Review, "velocity.email_1h > 1"), ("b", Action::Block, "customer.is_guest")],
        &[("c", Action::Review, "velocity.ip_24h % 2 == 1 || velocity.customer_1h > 2")],
        &[],
    ];
    prop_oneof![
        12 => asked,
        2 => (0..40u128).prop_map(|n| Command::Approve { order: order(n), note: None }),
        2 => (0..40u128).prop_map(|n| Command::Reject { order: order(n), note: None }),
        1 => (0..40u128).prop_map(|n| Command::Withdraw { order: order(n) }),
        2 => Just(Command::Lapse),
        1 => (0..sets.len()).prop_map(move |n| rules(sets[n])),
    ]
}

proptest! {
    #[test]
    fn the_desk_is_what_its_events_say(asked in prop::collection::vec((commands(), 0..1_500i64), 1..120)) {
        let mut desk = Bench::default();
        let mut reviews = std::collections::HashMap::new();
        let mut now = 0;
        for (command, pause) in asked {
            now += pause;
            let Ok(events) = desk.ask(now, command.clone()) else { continue };
            for event in &events {
                if let Some(order) = event.order()
                    && let Some(review) = Review::fold(reviews.remove(&order), event, at(now))
                {
                    reviews.insert(order, review);
                }
            }
            // Asked again at once: nothing more, or a reason.
            let again = Fraud::decide(&desk.desk, command, at(now));
            let closed = matches!(again, Err(Rejection::NotOpen { .. }));
            prop_assert!(closed || again.is_ok_and(|events| events.is_empty()), "changed again");
            for dimension in Dimension::ALL {
                for span in [Span::Hour, Span::Day] {
                    for later in [0, 700, 3_600, 90_000] {
                        let velocity = desk.desk.velocity();
                        let mark = facts(0).email.map(|_| Mark::of(b"ada@example.com"));
                        let counted = velocity.earlier(dimension, mark, span, at(now + later));
                        let since = at(now + later - if span == Span::Hour { 3_600 } else { 86_400 });
                        let plain = desk.assessments.iter().filter(|one| {
                            one.at > since && one.marks.get(dimension) == mark
                        });
                        prop_assert_eq!(usize::from(counted), plain.count());
                    }
                }
            }
        }
        prop_assert_eq!(&desk.desk, &desk.replayed);
        for review in desk.desk.reviews() {
            prop_assert_eq!(Some(review), reviews.get(&review.order));
        }
        let rows = serde_json::to_string(desk.desk.velocity().assessments().collect::<Vec<_>>().as_slice()).expect("JSON");
        let rows: Vec<Assessment> = serde_json::from_str(&rows).expect("read back");
        let kept = serde_json::to_string(&desk.desk.reviews().collect::<Vec<_>>()).expect("JSON");
        let kept: Vec<Review> = serde_json::from_str(&kept).expect("read back");
        let rules = serde_json::to_string(desk.desk.rules()).expect("JSON");
        let rules = serde_json::from_str(&rules).expect("read back");
        let restored = Desk::restore(rules, rows, kept);
        prop_assert_eq!(restored.velocity(), desk.desk.velocity());
        prop_assert_eq!(restored.rules(), desk.desk.rules());
        prop_assert_eq!(restored.next_lapse(), desk.desk.next_lapse());
        for n in 0..40 {
            prop_assert_eq!(restored.review(order(n)), desk.desk.review(order(n)));
            prop_assert_eq!(restored.standing(order(n)), desk.desk.standing(order(n)));
        }
    }
}
