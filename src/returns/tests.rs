//! Given an order's returns, when something is asked of them or told, then. And the laws that hold whatever happens.

use proptest::prelude::*;

use super::event::RequestedLine;
use super::*;
use crate::runtime::{Aggregate, Event as _};
use crate::types::{Amount, LineId, OrderId, Sku, Timestamp};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const ORDER: OrderId = OrderId::from_bits(9);
const PRICE: i64 = 250;

fn sku(name: &str) -> Sku {
    name.parse().expect("legal")
}

fn amount(minor: i64) -> Amount {
    Amount::new(minor).expect("legal")
}

fn line(id: u128) -> LineId {
    LineId::from_bits(id)
}

/// Three of line 1 and two of line 2, both of SKU A; one of line 3, of SKU B, which is still on its way.
fn delivered() -> Vec<Delivered> {
    let of = |id, name, quantity, at| Delivered {
        line: line(id),
        sku: sku(name),
        unit_price: amount(PRICE),
        quantity,
        at,
    };
    vec![of(1, "A", 3, Some(NOW)), of(2, "A", 2, Some(NOW)), of(3, "B", 0, None)]
}

fn asked(what: What, quantity: u32) -> Asked {
    Asked { what, quantity, reason: Reason::Unwanted }
}

fn request(policy: Policy, lines: Vec<Asked>) -> Command {
    let (window_s, delivered) = (1_000, delivered());
    Command::Request(Box::new(Request { order: ORDER, policy, window_s, lines, note: None, delivered }))
}

const AT_ONCE: Policy = Policy { approval: Approval::Automatic, refund_on: RefundOn::Receipt };
const BY_HAND: Policy = Policy { approval: Approval::Manual, refund_on: RefundOn::Close };

fn of_line(id: u128, quantity: u32) -> Vec<Asked> {
    vec![asked(What::Line(line(id)), quantity)]
}

fn seen(id: u128, quantity: u32, disposition: Disposition) -> Seen {
    Seen { what: What::Line(line(id)), quantity, disposition }
}

fn receive(number: u32, lines: Vec<Seen>) -> Command {
    Command::Receive { number, lines }
}

fn restock(number: u32, id: u128, quantity: u32) -> Command {
    receive(number, vec![seen(id, quantity, Disposition::Restock)])
}

/// The one way from commands to state: decide, store, read back, fold.
fn apply(book: &mut Book, command: Command, now: Timestamp) -> Result<Vec<&'static str>, Rejection> {
    let events = Returns::decide(book, command, now)?;
    for event in &events {
        let mut stored = Vec::new();
        event.write(&mut stored);
        let read = Event::read(event.kind(), event.version(), &stored).expect("what was written can be read");
        assert_eq!(&read, event);
        assert_eq!(read.order(), Some(ORDER));
        Returns::evolve(book, &read, now);
    }
    Ok(events.iter().map(Event::kind).collect())
}

fn given(commands: impl IntoIterator<Item = Command>) -> Book {
    let mut book = Book::default();
    for command in commands {
        apply(&mut book, command, NOW).expect("given");
    }
    book
}

fn phase(book: &Book, number: u32) -> Phase {
    book.get(number).expect("there").phase
}

fn steps(book: &Book) -> Vec<Step> {
    Returns::due(book).steps
}

fn hear(book: &mut Book, outcome: Outcome) -> Vec<&'static str> {
    apply(book, Command::Hear(outcome), NOW).expect("reports are never refused")
}

#[test]
fn a_return_is_open_at_once_where_the_store_agrees_by_itself() {
    let mut book = Book::default();
    let kinds = apply(&mut book, request(AT_ONCE, of_line(1, 2)), NOW);
    assert_eq!(kinds.as_deref(), Ok(&["return.requested", "return.approved"][..]));
    assert_eq!(phase(&book, 1), Phase::Open);
    assert!(Returns::due(&book).is_nothing(), "nothing is owed before anything came");
    let mut book = Book::default();
    assert_eq!(
        apply(&mut book, request(BY_HAND, of_line(1, 2)), NOW).as_deref(),
        Ok(&["return.requested"][..])
    );
    assert_eq!(
        apply(&mut book, Command::Approve { number: 1 }, NOW).as_deref(),
        Ok(&["return.approved"][..])
    );
    assert_eq!(apply(&mut book, Command::Approve { number: 1 }, NOW), Ok(vec![]), "said again");
}

#[test]
fn nobody_returns_more_than_was_delivered_and_is_in_no_other_return() {
    let mut book = given([request(AT_ONCE, of_line(1, 2))]);
    let short = |left| Err(Rejection::MoreThanDelivered { place: 0, left });
    assert_eq!(apply(&mut book, request(AT_ONCE, of_line(1, 2)), NOW), short(1));
    assert_eq!(apply(&mut book, request(AT_ONCE, of_line(3, 1)), NOW), short(0), "it is not there yet");
    let twice = vec![asked(What::Line(line(2)), 1), asked(What::Line(line(2)), 2)];
    let second = Err(Rejection::MoreThanDelivered { place: 1, left: 1 });
    assert_eq!(apply(&mut book, request(AT_ONCE, twice), NOW), second);
    assert_eq!(
        apply(&mut book, request(AT_ONCE, of_line(9, 1)), NOW),
        Err(Rejection::NoSuchLine { place: 0 })
    );
    assert_eq!(apply(&mut book, request(AT_ONCE, of_line(1, 0)), NOW), Err(Rejection::NoPieces { place: 0 }));
    assert_eq!(apply(&mut book, request(AT_ONCE, vec![]), NOW), Err(Rejection::LineCount));
    let by_sku = vec![asked(What::Sku(sku("A")), 3)];
    apply(&mut book, request(AT_ONCE, by_sku), NOW).expect("one of line 1 and two of line 2");
    let parts: Vec<_> =
        book.get(2).expect("there").lines.iter().map(|part| (part.line, part.quantity)).collect();
    assert_eq!(parts, [(line(1), 1), (line(2), 2)]);
    // What will not come may be asked for again.
    apply(&mut book, Command::Cancel { number: 2 }, NOW).expect("nothing came");
    apply(&mut book, request(AT_ONCE, of_line(2, 2)), NOW).expect("free again");
    apply(&mut book, restock(1, 1, 1), NOW).expect("one of two");
    apply(&mut book, Command::Close { number: 1 }, NOW).expect("the other never comes");
    apply(&mut book, request(AT_ONCE, of_line(1, 2)), NOW).expect("all that is not back");
    assert_eq!(apply(&mut book, request(AT_ONCE, of_line(1, 1)), NOW), short(0));
}

#[test]
fn the_time_to_send_back_ends() {
    let late = NOW.plus_secs(1_001);
    let over = Err(Rejection::WindowOver { place: 0, window_s: 1_000 });
    assert_eq!(apply(&mut Book::default(), request(AT_ONCE, of_line(1, 1)), late), over);
    assert!(apply(&mut Book::default(), request(AT_ONCE, of_line(1, 1)), NOW.plus_secs(1_000)).is_ok());
    let Command::Request(request) = request(AT_ONCE, of_line(1, 1)) else { unreachable!() };
    let ever = Command::Request(Box::new(Request { window_s: 0, ..*request }));
    assert!(apply(&mut Book::default(), ever, NOW.plus_secs(1 << 30)).is_ok());
}

#[test]
fn what_arrives_is_booked_receipt_by_receipt_and_paid_back() {
    let lines = vec![asked(What::Line(line(1)), 2), asked(What::Line(line(2)), 2)];
    let mut book = given([request(AT_ONCE, lines)]);
    let some = receive(1, vec![seen(1, 1, Disposition::Restock), seen(2, 1, Disposition::Damaged)]);
    assert_eq!(apply(&mut book, some, NOW).as_deref(), Ok(&["return.received"][..]));
    assert_eq!(phase(&book, 1), Phase::PartiallyReceived);
    let too_many = Err(Rejection::MoreThanAsked { place: 0, left: 1 });
    assert_eq!(apply(&mut book, restock(1, 1, 2), NOW), too_many);
    apply(
        &mut book,
        receive(1, vec![seen(1, 1, Disposition::WriteOff), seen(2, 1, Disposition::Restock)]),
        NOW,
    )
    .expect("the rest");
    assert_eq!(phase(&book, 1), Phase::Received);
    let refund = |receipt| Step::Refund { number: 1, receipt: Some(receipt) };
    let report = Step::Report { pieces: 4 };
    assert_eq!(steps(&book), [Step::BookStock { receipt: 1 }, refund(1), refund(2), report]);
    assert_eq!(hear(&mut book, Outcome::StockBooked { receipt: 1 }), ["return.stock_booked"]);
    assert_eq!(hear(&mut book, Outcome::StockBooked { receipt: 1 }), [""; 0], "said again");
    assert_eq!(steps(&book), [Step::BookStock { receipt: 2 }, refund(1), refund(2), report]);
    hear(&mut book, Outcome::StockRefused { receipt: 2, why: "too much".into() });
    hear(&mut book, Outcome::Noted { pieces: 4 });
    // The payment had less left than the pieces cost.
    let taken = |receipt, refund, minor| Outcome::RefundTaken {
        number: 1,
        receipt: Some(receipt),
        refund,
        amount: amount(minor),
    };
    assert_eq!(hear(&mut book, taken(1, 7, 400)), ["return.refund_requested"]);
    assert_eq!(hear(&mut book, taken(1, 7, 400)), [""; 0], "said again");
    let why = "only 0 minor units are left to refund".into();
    hear(&mut book, Outcome::RefundRefused { number: 1, receipt: Some(2), why, is_still_owed: false });
    assert_eq!(steps(&book), [Step::Warn { number: 1, is_refused: true }]);
    hear(&mut book, Outcome::Warned { number: 1, is_refused: true });
    assert!(Returns::due(&book).is_nothing());
    let one = book.get(1).expect("there");
    assert_eq!((one.value_back(), one.refunded(), one.unpaid()), (amount(1_000), amount(400), amount(600)));
    let view = serde_json::to_value(ReturnView::of(one)).expect("JSON");
    assert_eq!((&view["status"], &view["amount_unpaid"]), (&"received".into(), &600.into()), "{view}");
    assert_eq!(
        view["refunds"][0]["id"],
        format!("{}_7", ORDER.to_string().replace("ord_", "ref_")),
        "{view}"
    );
    assert_eq!(
        (&view["receipts"][1]["stock"], &view["refunds"][1]["status"]),
        (&"refused".into(), &"refused".into())
    );
}

#[test]
fn money_that_cannot_go_back_though_it_is_owed_is_unpaid_until_somebody_asks_again() {
    let mut book = given([request(AT_ONCE, of_line(1, 1)), restock(1, 1, 1)]);
    hear(&mut book, Outcome::StockBooked { receipt: 1 });
    hear(&mut book, Outcome::Noted { pieces: 1 });
    let refused = || Outcome::RefundRefused {
        number: 1,
        receipt: Some(1),
        why: "a payment has at most 80 refunds".into(),
        is_still_owed: true,
    };
    assert_eq!(hear(&mut book, refused()), ["return.refund_refused"]);
    assert_eq!(hear(&mut book, refused()), [""; 0], "said again");
    assert_eq!(steps(&book), [Step::Warn { number: 1, is_refused: true }]);
    hear(&mut book, Outcome::Warned { number: 1, is_refused: true });
    assert!(Returns::due(&book).is_nothing(), "it waits for people");
    let view = serde_json::to_value(ReturnView::of(book.get(1).expect("there"))).expect("JSON");
    assert_eq!(view["amount_unpaid"], view["value_received"], "{view}");
    assert_eq!(view["legal"], serde_json::json!(["close", "retry"]), "{view}");
    let retried = Returns::decide(&book, Command::Retry { number: 1 }, NOW).expect("taken");
    let [event @ Event::RefundRetried(_)] = &retried[..] else { panic!("{retried:?}") };
    Returns::evolve(&mut book, event, NOW);
    let refund = Step::Refund { number: 1, receipt: Some(1) };
    assert_eq!(steps(&book), [refund, Step::Warn { number: 1, is_refused: false }]);
    let amount = book.get(1).expect("there").value_back();
    let taken = Outcome::RefundTaken { number: 1, receipt: Some(1), refund: 9, amount };
    assert_eq!(hear(&mut book, taken), ["return.refund_requested"]);
    hear(&mut book, Outcome::Warned { number: 1, is_refused: false });
    assert!(Returns::due(&book).is_nothing());
    assert_eq!(book.get(1).map(Return::unpaid), Some(Amount::ZERO));
    let again = Returns::decide(&book, Command::Retry { number: 1 }, NOW);
    assert!(matches!(again, Err(Rejection::Illegal { .. })), "{again:?}");
}

#[test]
fn what_inventory_could_not_have_is_asked_again_and_people_know_until_it_has() {
    let mut book = given([request(AT_ONCE, of_line(1, 2)), restock(1, 1, 1), restock(1, 1, 1)]);
    assert_eq!(
        apply(&mut book.clone(), Command::Retry { number: 1 }, NOW),
        Err(Rejection::Illegal { action: "retried", status: "received", legal: &["close"] })
    );
    hear(&mut book, Outcome::StockBooked { receipt: 1 });
    let why = || "there are too many of \"A\"".into();
    assert_eq!(hear(&mut book, Outcome::StockRefused { receipt: 2, why: why() }), ["return.stock_refused"]);
    let warn = |is_refused| Step::Warn { number: 1, is_refused };
    assert!(steps(&book).contains(&warn(true)), "{:?}", steps(&book));
    assert_eq!(legal(book.get(1).expect("there")), ["close", "retry"]);
    let warned = |is_refused| Outcome::Warned { number: 1, is_refused };
    assert_eq!(hear(&mut book, warned(true)), ["return.trouble_reported"]);
    assert_eq!(hear(&mut book, warned(true)), [""; 0], "said again");
    assert!(!steps(&book).iter().any(|step| matches!(step, Step::Warn { .. })));
    // Closing it does not make it good, and it may still be asked for again: once, and only what was refused.
    apply(&mut book, Command::Close { number: 1 }, NOW).expect("all came");
    let again = apply(&mut book, Command::Retry { number: 1 }, NOW);
    assert_eq!(again.as_deref(), Ok(&["return.stock_retried"][..]));
    assert!(steps(&book).contains(&Step::BookStock { receipt: 2 }), "{:?}", steps(&book));
    assert!(steps(&book).contains(&warn(false)), "nothing is refused now: {:?}", steps(&book));
    assert!(apply(&mut book, Command::Retry { number: 1 }, NOW).is_err());
    hear(&mut book, Outcome::StockBooked { receipt: 2 });
    assert_eq!(hear(&mut book, warned(false)), ["return.trouble_reported"]);
    assert!(legal(book.get(1).expect("there")).is_empty());
}

#[test]
fn money_that_the_bank_did_not_give_back_is_unpaid() {
    let mut book = given([request(AT_ONCE, of_line(1, 2)), restock(1, 1, 1), restock(1, 1, 1)]);
    let taken = |receipt, refund| Outcome::RefundTaken {
        number: 1,
        receipt: Some(receipt),
        refund,
        amount: amount(PRICE),
    };
    hear(&mut book, taken(1, 1));
    hear(&mut book, taken(2, 2));
    assert_eq!(book.get(1).expect("there").unpaid(), Amount::ZERO);
    let failed = |refund| Outcome::RefundFailed { refund, code: "expired_or_canceled_card".into() };
    assert_eq!(hear(&mut book, failed(3)), [""; 0], "it is of no return");
    assert_eq!(hear(&mut book, failed(2)), ["return.refund_failed"]);
    assert_eq!(hear(&mut book, failed(2)), [""; 0], "said again");
    let one = book.get(1).expect("there");
    assert_eq!((one.refunded(), one.unpaid()), (amount(PRICE), amount(PRICE)));
    let view = serde_json::to_value(ReturnView::of(one)).expect("a document");
    assert_eq!(
        (&view["refunds"][0]["status"], &view["refunds"][1]["status"], &view["refunds"][1]["problem"]),
        (&"requested".into(), &"failed".into(), &"expired_or_canceled_card".into()),
        "{view}"
    );
    assert!(
        !steps(&book).iter().any(|step| matches!(step, Step::Refund { .. })),
        "nobody asks by itself again"
    );
}

#[test]
fn money_goes_back_at_the_close_where_the_store_wants_that() {
    let mut book = given([request(BY_HAND, of_line(1, 3)), Command::Approve { number: 1 }, restock(1, 1, 1)]);
    assert_eq!(steps(&book), [Step::BookStock { receipt: 1 }, Step::Report { pieces: 1 }]);
    apply(&mut book, restock(1, 1, 1), NOW).expect("one more");
    apply(&mut book, Command::Close { number: 1 }, NOW).expect("two of three came");
    assert!(steps(&book).contains(&Step::Refund { number: 1, receipt: None }), "{book:?}");
    assert_eq!(book.get(1).expect("there").refunds[0].value, amount(2 * PRICE));
    assert_eq!(apply(&mut book, Command::Close { number: 1 }, NOW), Ok(vec![]), "said again");
}

#[test]
fn what_costs_nothing_owes_nothing() {
    let Command::Request(request) = request(AT_ONCE, of_line(1, 1)) else { unreachable!() };
    let mut free = *request;
    free.delivered[0].unit_price = Amount::ZERO;
    let mut book = given([Command::Request(Box::new(free)), restock(1, 1, 1)]);
    assert_eq!(steps(&book), [Step::BookStock { receipt: 1 }, Step::Report { pieces: 1 }]);
    apply(&mut book, Command::Close { number: 1 }, NOW).expect("all of it came");
    assert!(book.get(1).expect("there").refunds.is_empty());
}

/// Every step from every phase: what is legal leads on, what was said again changes nothing, the rest is refused with what is
/// legal instead.
#[test]
fn each_phase_allows_its_steps_and_no_other() {
    let open = || vec![request(AT_ONCE, of_line(1, 2))];
    let with = |more: Vec<Command>| open().into_iter().chain(more).collect::<Vec<_>>();
    let ship = || Command::Ship { number: 1, parcel: Parcel::default() };
    let ways: Vec<Vec<Command>> = vec![
        vec![request(BY_HAND, of_line(1, 2))],
        vec![request(BY_HAND, of_line(1, 2)), Command::Decline { number: 1, note: Some("no".into()) }],
        open(),
        with(vec![ship()]),
        with(vec![restock(1, 1, 1)]),
        with(vec![restock(1, 1, 2)]),
        with(vec![restock(1, 1, 2), Command::Close { number: 1 }]),
        with(vec![Command::Cancel { number: 1 }]),
    ];
    let asked: [(&str, Command, Phase); 6] = [
        ("approve", Command::Approve { number: 1 }, Phase::Open),
        ("decline", Command::Decline { number: 1, note: None }, Phase::Declined),
        ("ship", ship(), Phase::InTransit),
        ("receive", restock(1, 1, 1), Phase::PartiallyReceived),
        ("close", Command::Close { number: 1 }, Phase::Closed),
        ("cancel", Command::Cancel { number: 1 }, Phase::Canceled),
    ];
    for (way, expected) in
        ways.into_iter().zip(Phase::ALL.iter().copied().collect::<std::collections::BTreeSet<_>>())
    {
        let book = given(way);
        assert_eq!(phase(&book, 1), expected);
        let legal = legal(book.get(1).expect("there"));
        for (word, command, after) in asked.clone() {
            let said = apply(&mut book.clone(), command, NOW);
            match said {
                Ok(kinds) if kinds.is_empty() => assert_eq!(expected, after, "{word}"),
                Ok(_) => assert!(legal.contains(&word), "{word} in {expected}"),
                Err(Rejection::Illegal { status, legal: told, .. }) => {
                    assert!(!legal.contains(&word), "{word} in {expected}");
                    assert_eq!((status, told), (expected.word(), legal));
                }
                Err(other) => panic!("{word} in {expected}: {other}"),
            }
        }
    }
    assert_eq!(apply(&mut Book::default(), Command::Approve { number: 1 }, NOW), Err(Rejection::NotFound));
}

#[test]
fn returns_and_receipts_are_bounded() {
    let mut book = Book::default();
    for number in 1..=u32::try_from(RETURNS_MAX).expect("small") {
        apply(&mut book, request(AT_ONCE, of_line(1, 1)), NOW).expect("within the bound");
        apply(&mut book, Command::Cancel { number }, NOW).expect("nothing came");
    }
    assert_eq!(apply(&mut book, request(AT_ONCE, of_line(1, 1)), NOW), Err(Rejection::TooManyReturns));
    let mut book = given([request(AT_ONCE, of_line(1, 3))]);
    book.receipts = RECEIPTS_MAX;
    assert_eq!(apply(&mut book, restock(1, 1, 1), NOW), Err(Rejection::TooManyReceipts));
}

/// The shape of every kind, frozen.
#[test]
fn events_are_stored_like_this() {
    let mut written = Vec::new();
    let mut book = Book::default();
    let commands = [
        request(BY_HAND, of_line(1, 2)),
        Command::Approve { number: 1 },
        Command::Ship { number: 1, parcel: Parcel { carrier: Some("ups".into()), tracking_code: None } },
        restock(1, 1, 1),
        Command::Hear(Outcome::StockBooked { receipt: 1 }),
        Command::Close { number: 1 },
        Command::Hear(Outcome::RefundTaken { number: 1, receipt: None, refund: 1, amount: amount(PRICE) }),
        Command::Hear(Outcome::Noted { pieces: 1 }),
    ];
    for command in commands {
        for event in Returns::decide(&book, command, NOW).expect("taken") {
            let mut data = Vec::new();
            event.write(&mut data);
            written.push(format!("{} {}", event.kind(), String::from_utf8(data).expect("JSON")));
            Returns::evolve(&mut book, &event, NOW);
        }
    }
    let order = r#""order":"ord_00000000000000000000000009","#;
    let line = r#""line":"li_00000000000000000000000001","sku":"A","#;
    assert_eq!(
        written,
        [
            format!(
                r#"return.requested {{{order}"number":1,"policy":{{"approval":"manual","refund_on":"close"}},"lines":[{{{line}"quantity":2,"unit_price":250,"reason":"unwanted"}}]}}"#
            ),
            format!(r#"return.approved {{{order}"number":1}}"#),
            format!(r#"return.shipped {{{order}"number":1,"parcel":{{"carrier":"ups"}}}}"#),
            format!(
                r#"return.received {{{order}"number":1,"receipt":1,"lines":[{{{line}"quantity":1,"disposition":"restock"}}],"value":250}}"#
            ),
            format!(r#"return.stock_booked {{{order}"number":1,"receipt":1}}"#),
            format!(r#"return.closed {{{order}"number":1}}"#),
            format!(r#"return.refund_requested {{{order}"number":1,"refund":1,"amount":250}}"#),
            format!(r#"return.reported {{{order}"pieces":1}}"#),
        ]
    );
}

fn any_what() -> impl Strategy<Value = What> {
    prop_oneof![
        4 => (1..4_u128).prop_map(|id| What::Line(line(id))),
        1 => prop_oneof![Just("A"), Just("B"), Just("C")].prop_map(|name| What::Sku(sku(name))),
    ]
}

fn any_command() -> impl Strategy<Value = Command> {
    let number = 1..5_u32;
    let policy = prop_oneof![Just(AT_ONCE), Just(BY_HAND)];
    let asked_for =
        proptest::collection::vec((any_what(), 0..3_u32).prop_map(|(what, n)| asked(what, n)), 0..3);
    let seen = (any_what(), 0..3_u32, 0..Disposition::ALL.len()).prop_map(|(what, quantity, at)| Seen {
        what,
        quantity,
        disposition: Disposition::ALL[at],
    });
    let receipt = prop_oneof![Just(None), (1..6_u32).prop_map(Some)];
    let outcome = prop_oneof![
        (1..6_u32).prop_map(|receipt| Outcome::StockBooked { receipt }),
        (1..6_u32).prop_map(|receipt| Outcome::StockRefused { receipt, why: "no".into() }),
        (1..5_u32, receipt.clone(), 0..900_i64).prop_map(|(number, receipt, minor)| {
            Outcome::RefundTaken { number, receipt, refund: number, amount: amount(minor.min(PRICE)) }
        }),
        (1..5_u32, receipt, proptest::bool::ANY).prop_map(|(number, receipt, is_still_owed)| {
            Outcome::RefundRefused { number, receipt, why: "no".into(), is_still_owed }
        }),
        (1..3_u32).prop_map(|refund| Outcome::RefundFailed { refund, code: "no".into() }),
        (1..5_u32, proptest::bool::ANY)
            .prop_map(|(number, is_refused)| Outcome::Warned { number, is_refused }),
        (0..6_u32).prop_map(|pieces| Outcome::Noted { pieces }),
    ];
    prop_oneof![
        4 => (policy, asked_for).prop_map(|(policy, lines)| request(policy, lines)),
        2 => number.clone().prop_map(|number| Command::Approve { number }),
        1 => number.clone().prop_map(|number| Command::Decline { number, note: None }),
        1 => number.clone().prop_map(|number| Command::Ship { number, parcel: Parcel::default() }),
        5 => (number.clone(), proptest::collection::vec(seen, 0..3)).prop_map(|(number, lines)| receive(number, lines)),
        2 => number.clone().prop_map(|number| Command::Close { number }),
        1 => number.clone().prop_map(|number| Command::Cancel { number }),
        2 => number.prop_map(|number| Command::Retry { number }),
        6 => outcome.prop_map(Command::Hear),
    ]
}

proptest! {
    /// Whatever happens: of no line comes back more than was delivered, in all returns together; nothing is paid twice or
    /// beyond what came; what is final stays so; what is told twice is taken once; and the replayed state is the live one.
    #[test]
    fn laws(commands in proptest::collection::vec(any_command(), 0..60)) {
        let mut book = Book::default();
        let mut history = Vec::new();
        for command in commands {
            let before = book.clone();
            let Ok(events) = Returns::decide(&book, command.clone(), NOW) else { continue };
            for event in events {
                Returns::evolve(&mut book, &event, NOW);
                history.push(event);
            }
            // Several refunds of this world bear one number, and what is asked anew is refused.
            let is_anew = matches!(
                command,
                Command::Request(_) | Command::Receive { .. } | Command::Hear(Outcome::RefundFailed { .. })
            );
            if let Command::Retry { number } = command {
                prop_assert!(!book.get(number).is_some_and(Return::is_refused));
            } else if !is_anew {
                prop_assert_eq!(Returns::decide(&book, command, NOW), Ok(vec![]));
            }
            for of in delivered() {
                let there: u32 = book
                    .returns
                    .iter()
                    .flat_map(|one| &one.lines)
                    .filter(|part| part.line == of.line)
                    .map(|part| part.received)
                    .sum();
                prop_assert!(there <= book.taken(of.line) && book.taken(of.line) <= of.quantity);
            }
            for one in &book.returns {
                prop_assert!(one.lines.iter().all(|part| part.received <= part.quantity));
                let pieces: u32 = one.receipts.iter().flat_map(|receipt| &receipt.lines).map(|piece| piece.quantity).sum();
                prop_assert_eq!(pieces, one.pieces_back());
                prop_assert_eq!(one.value_back(), amount(i64::from(pieces) * PRICE));
                let owed: i64 = one.refunds.iter().map(|refund| refund.value.minor()).sum();
                prop_assert!(owed <= one.value_back().minor());
                let Some(was) = before.get(one.number) else { continue };
                let is_final = matches!(was.phase, Phase::Declined | Phase::Closed | Phase::Canceled);
                prop_assert!(!is_final || one.phase == was.phase);
                for (was, is) in was.refunds.iter().zip(&one.refunds) {
                    let has_failed = matches!(was.state, RefundState::Taken { .. })
                        && matches!(is.state, RefundState::Failed { .. });
                    prop_assert!(was.state == RefundState::Owed || was == is || has_failed);
                }
            }
            let mut numbers: Vec<u32> =
                book.returns.iter().flat_map(|one| &one.receipts).map(|receipt| receipt.number).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=book.receipts).collect::<Vec<_>>());
        }
        let mut replayed = Book::default();
        for event in &history {
            let mut stored = Vec::new();
            event.write(&mut stored);
            let read = Event::read(event.kind(), event.version(), &stored).expect("readable");
            Returns::evolve(&mut replayed, &read, NOW);
        }
        prop_assert_eq!(&replayed, &book);
        let document = rmp_serde::to_vec_named(&book).expect("a document");
        prop_assert_eq!(rmp_serde::from_slice::<Book>(&document).expect("the same"), book);
    }
}

#[test]
fn a_step_that_cannot_follow_changes_nothing() {
    let mut book = Book::default();
    let requested = Requested {
        order: ORDER,
        number: 1,
        policy: AT_ONCE,
        lines: vec![RequestedLine {
            line: line(1),
            sku: sku("A"),
            quantity: 1,
            unit_price: amount(PRICE),
            reason: Reason::Other,
        }],
        note: None,
    };
    Returns::evolve(&mut book, &Event::Approved(Approved { order: ORDER, number: 1 }), NOW);
    assert_eq!(book, Book::default());
    Returns::evolve(&mut book, &Event::Requested(requested.clone()), NOW);
    let once = book.clone();
    Returns::evolve(&mut book, &Event::Requested(requested), NOW.plus_secs(1));
    assert_eq!(book, once);
}
