//! The graph and the machines against the code that they are about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use proptest::prelude::*;

use super::machine::{BEGINNING, Charted, LATER_MS, Machine, STATES_MAX, Transition, explore, step};
use super::*;
use crate::alert::Alerts;
use crate::fraud::Fraud;
use crate::fulfillment::Fulfillments;
use crate::inventory::Inventory;
use crate::order::{Orders, Step};
use crate::payment::Payment;
use crate::returns::Returns;
use crate::runtime::{Aggregate, Event as _};
use crate::store::settings::Tenancy;
use crate::types::Actor;

fn machine<A: Charted>() -> &'static Machine {
    super::machines().iter().find(|machine| machine.name == A::NAME).expect("each has one")
}

fn goes(machine: &Machine, from: &str, on: &str) -> BTreeSet<&'static str> {
    let fits = |step: &&Transition| step.from == from && step.on == on;
    machine.transitions.iter().filter(fits).map(|step| step.to).collect()
}

/// Every kind of event that the sources declare: whoever adds an aggregate hears of the graph here.
fn declared(folder: &Path, kinds: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("a readable entry").path();
        // What tests record is none of the product's.
        let is_of_tests = path.ends_with("tests") || path.ends_with("tests.rs");
        if path.is_dir() && !is_of_tests {
            declared(&path, kinds);
        } else if !is_of_tests {
            let text = std::fs::read_to_string(&path).expect("a readable source");
            let tables = text.split("events! {").skip(1).filter_map(|rest| rest.split("\n    }\n").next());
            let rows =
                tables.flat_map(str::lines).filter_map(|row| row.split("= \"").nth(1)?.split('"').next());
            kinds.extend(rows.map(str::to_owned));
        }
    }
}

#[test]
fn every_kind_of_event_has_its_place() {
    let placed: BTreeSet<String> = Edge::ALL
        .iter()
        .map(|edge| edge.topic())
        .chain(Node::ALL.iter().flat_map(|node| node.records().iter().copied()))
        .map(str::to_owned)
        .collect();
    let mut kinds = BTreeSet::new();
    declared(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut kinds);
    assert!(kinds.len() >= 60, "events are declared in another way: {kinds:?}");
    let asked_of_the_bank = ["authorize", "capture", "void", "refund", "inquire"];
    let unknown: Vec<_> = placed
        .iter()
        .filter(|topic| !kinds.contains(*topic) && !asked_of_the_bank.contains(&topic.as_str()))
        .collect();
    assert!(unknown.is_empty(), "no event is called {unknown:?}");
    let missing: Vec<_> = kinds.difference(&placed).collect();
    assert!(missing.is_empty(), "nowhere in the graph: {missing:?}");
}

#[test]
fn every_node_is_somewhere_and_every_word_is_one() {
    let ends: BTreeSet<Node> = Edge::ALL.iter().flat_map(|edge| [edge.from(), edge.to()]).collect();
    assert_eq!(ends.len(), Node::ALL.len(), "a node that nothing reaches or leaves");
    let ids: BTreeSet<String> = Edge::ALL.iter().map(|edge| edge.id()).collect();
    assert_eq!(ids.len(), Edge::COUNT, "two edges with one id");
}

/// Where what an order hears comes from.
fn sender(on: &str, actor: Actor) -> &'static [Node] {
    match on {
        "place" => &[Node::PlaceOrder],
        "cancel" => &[Node::CancelOrder],
        "retry" => &[Node::RetryOrder],
        "deadline_passed" => &[Node::OrderDeadline],
        // A commit whose hold had lapsed reserves anew, and it is that which fails.
        "stock_held" | "stock_short" | "stock_lost" => &[Node::ReserveStock],
        "stock_committed" => &[Node::CommitStock],
        "stock_released" => &[Node::ReleaseStock],
        "fraud_cleared" | "review_opened" | "fraud_blocked" => &[Node::AssessRisk],
        "review_decided" => &[Node::Review, Node::WithdrawReview],
        "review_withdrawn" => &[Node::WithdrawReview],
        "payment_challenged" | "payment_settled" => &[Node::Pay],
        "payment_failed" => &[Node::Pay, Node::UndoPayment],
        "payment_undone" => &[Node::UndoPayment],
        "capture_failed" => &[Node::Pay],
        "parcel_ready" | "shipping_resumed" => &[Node::PickAndPack],
        "people_warned" => &[Node::Alerts],
        "goods_moved" => &[Node::Track],
        "goods_returned" => &[Node::TakeBack],
        "lines_unpaid" => &[Node::UndoPayment],
        "lines_refunded" => &[Node::UndoPayment, Node::Track],
        // What is canceled may have been all that was missing.
        "fulfillment_canceled" => &[Node::StopFulfillment, Node::Track],
        // The order had not heard yet that it was paid.
        "refunds_changed" => &[Node::UndoPayment, Node::Pay],
        "dispute_changed" => &[Node::UndoPayment],
        other => panic!("{other} by {actor:?} comes from nowhere"),
    }
}

fn actor_of(on: &str) -> Actor {
    match on {
        "place" | "cancel" | "retry" => Actor::Api,
        "deadline_passed" => Actor::Timer,
        other if other.starts_with("stock") => Actor::Inventory,
        other
            if ["payment", "refunds", "dispute", "capture_failed"]
                .iter()
                .any(|word| other.starts_with(word)) =>
        {
            Actor::Payment
        }
        "lines_unpaid" | "lines_refunded" => Actor::Payment,
        "parcel_ready" | "shipping_resumed" | "goods_moved" | "fulfillment_canceled" => Actor::Fulfillment,
        "people_warned" => Actor::Store,
        "goods_returned" => Actor::Returns,
        _ => Actor::Fraud,
    }
}

/// Where a step is done.
fn doer(step: &Step) -> Node {
    match step {
        Step::ReserveStock | Step::ExtendHold { .. } => Node::ReserveStock,
        Step::AssessRisk => Node::AssessRisk,
        Step::Pay | Step::RetryPayment => Node::Pay,
        Step::CommitStock => Node::CommitStock,
        Step::ReleaseStock => Node::ReleaseStock,
        Step::CancelPayment | Step::RefundLines { .. } => Node::UndoPayment,
        Step::WithdrawReview => Node::WithdrawReview,
        Step::Capture => Node::Pay,
        Step::GoOnShipping | Step::PauseShipping => Node::Ship,
        Step::Warn { .. } => Node::Alerts,
        Step::CancelFulfillment => Node::StopFulfillment,
    }
}

#[test]
fn an_orders_edges_begin_with_who_reports_and_end_with_who_is_sent_for() {
    let mut seen: BTreeSet<Edge> = BTreeSet::new();
    let mut faults: BTreeSet<String> = BTreeSet::new();
    explore::<Orders>(&mut |_, after, on, events| {
        let actor = actor_of(on);
        for event in events {
            let (Mark::Along(edge) | Mark::Failed(edge)) = of_order(event, actor) else {
                panic!("an order's event goes along an edge")
            };
            seen.insert(edge);
            if edge.topic() != event.kind() {
                faults.insert(format!("{edge:?} carries {}, not {}", event.kind(), edge.topic()));
            }
            if !sender(on, actor).contains(&edge.from()) {
                faults.insert(format!("{edge:?} does not begin where {on} comes from"));
            }
            // A second parcel that waits for the money finds it asked for.
            let mut sent: Vec<Node> = Orders::due(after).steps.iter().map(doer).collect();
            sent.extend(Orders::tells(after, event).iter().map(doer));
            // Some places are not sent for: people look by themselves, what rests rests, and a parcel that asked hears.
            let is_end = match edge.to() {
                Node::Review | Node::Challenge | Node::Confirm | Node::Undo | Node::Closed => true,
                Node::Books | Node::Goods | Node::Ship | Node::Complete => true,
                // While something may still leave the house, its money waits.
                Node::UndoPayment => {
                    sent.contains(&Node::UndoPayment) || sent.contains(&Node::StopFulfillment)
                }
                to => sent.contains(&to),
            };
            if !is_end {
                faults.insert(format!("{edge:?} ends nowhere that {on} leads to: {sent:?}"));
            }
        }
    });
    assert!(faults.is_empty(), "{faults:#?}");
    let orders: BTreeSet<Edge> =
        Edge::ALL.iter().copied().filter(|edge| edge.topic().starts_with("order.")).collect();
    assert_eq!(seen, orders, "edges that no order goes along, or that are not in the table");
}

#[test]
fn the_other_aggregates_edges_carry_what_they_say_and_each_is_gone_along() {
    let mut seen: BTreeSet<(&'static str, Mark)> = BTreeSet::new();
    explore::<Payment>(&mut |_, _, _, events| {
        for actor in [Actor::Bank, Actor::Returns] {
            seen.extend(events.iter().map(|event| (event.kind(), of_payment(event, actor))));
        }
    });
    explore::<Inventory>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_inventory(event))));
    });
    explore::<Fraud>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_fraud(event))));
    });
    explore::<Fulfillments>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_fulfillment(event))));
    });
    explore::<Returns>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_returns(event))));
    });
    explore::<Alerts>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_alert(event))));
    });
    explore::<Tenancy>(&mut |_, _, _, events| {
        seen.extend(events.iter().map(|event| (event.kind(), of_store(event))));
    });
    let mut along: BTreeMap<Edge, &str> = BTreeMap::new();
    for (kind, mark) in seen {
        match mark {
            Mark::Along(edge) | Mark::Failed(edge) => {
                assert_eq!(edge.topic(), kind, "{edge:?}");
                along.insert(edge, kind);
            }
            Mark::At(node) => assert!(node.records().contains(&kind), "{kind} at {node:?}"),
        }
    }
    let missing: Vec<_> = Edge::ALL
        .iter()
        .filter(|edge| edge.topic().contains('.') && !edge.topic().starts_with("order."))
        .filter(|edge| !along.contains_key(edge))
        // What people write is no machine of one order, and an item's condition none of one reservation.
        .filter(|edge| !matches!(edge, Edge::StockCounted | Edge::RulesWritten | Edge::ThresholdReached))
        .collect();
    assert!(missing.is_empty(), "nothing goes along {missing:?}");
}

#[test]
fn everything_that_can_be_told_apart_is_looked_at() {
    for machine in super::machines() {
        assert!(machine.looked_at < STATES_MAX, "{} has too many states to look at", machine.name);
    }
}

#[test]
fn an_orders_machine_is_the_one_on_paper() {
    let machine = machine::<Orders>();
    assert_eq!(machine.initial, "unplaced");
    assert_eq!(
        machine.resting,
        BTreeSet::from(["unplaced", "confirmed", "completed", "canceled", "expired"])
    );
    assert_eq!(machine.terminal, BTreeSet::from(["completed"]), "late money opens what had ended otherwise");
    for (from, on, to) in [
        ("unplaced", "place", "reserving"),
        ("reserving", "stock_held", "screening"),
        ("reserving", "stock_short", "canceled"),
        ("screening", "fraud_cleared", "paying"),
        ("screening", "review_opened", "on_hold"),
        ("screening", "fraud_blocked", "undoing"),
        ("paying", "payment_settled", "committing"),
        ("paying", "payment_challenged", "requires_action"),
        ("requires_action", "payment_settled", "committing"),
        ("committing", "stock_committed", "confirmed"),
        ("confirmed", "cancel", "undoing"),
        ("confirmed", "goods_moved", "completed"),
        ("paying", "deadline_passed", "undoing"),
        // Money for an order that has ended goes back.
        ("canceled", "payment_settled", "undoing"),
    ] {
        let goes = goes(machine, from, on);
        assert!(goes.contains(to), "{from} --{on}--> {goes:?}, not {to}");
    }
    // Its deadline is over; what its time brings is another try for the money that parcels wait for.
    assert_eq!(goes(machine, "confirmed", "deadline_passed"), BTreeSet::from(["confirmed"]));
    for (from, on) in [("canceled", "cancel"), ("on_hold", "stock_held")] {
        assert_eq!(goes(machine, from, on), BTreeSet::new(), "{from} --{on}--> nowhere");
    }
    assert_eq!(goes(machine, "on_hold", "review_decided"), BTreeSet::from(["paying", "undoing"]));
}

#[test]
fn the_other_machines_have_every_state_on_paper() {
    let payment = machine::<Payment>();
    let states = [
        "unbegun",
        "authorizing",
        "waiting_to_retry",
        "inquiring",
        "requires_action",
        "authorized",
        "capturing",
        "captured",
        "refunding",
        "refunded",
        "voiding",
        "canceled",
        "failed",
    ];
    for state in states {
        assert!(payment.states.contains(state), "{state} in {:?}", payment.states);
    }
    let resting = ["unbegun", "authorized", "captured", "refunded", "canceled", "failed"];
    assert_eq!(payment.resting, BTreeSet::from(resting));
    let stock = machine::<Inventory>();
    let states = BTreeSet::from(["none", "held", "committed", "fulfilled", "released", "expired"]);
    assert_eq!(stock.states, states);
    assert_eq!(stock.terminal, BTreeSet::from(["fulfilled", "released"]));
    let review = machine::<Fraud>();
    assert_eq!(review.states, BTreeSet::from(["none", "open", "approved", "rejected", "withdrawn"]));
    assert_eq!(review.terminal, BTreeSet::from(["approved", "rejected", "withdrawn"]));
    let work = machine::<Fulfillments>();
    for state in
        ["unopened", "never", "allocated", "ready_to_ship", "on_hold", "leaving", "pre_transit", "delivered"]
    {
        assert!(work.states.contains(state), "{state} in {:?}", work.states);
    }
    assert_eq!(work.terminal, BTreeSet::from(["canceled", "delivered", "never", "return_to_sender"]));
    let back = machine::<Returns>();
    let states = [
        "none",
        "requested",
        "declined",
        "open",
        "in_transit",
        "partially_received",
        "received",
        "closed",
        "canceled",
    ];
    assert_eq!(back.states, BTreeSet::from(states));
    assert_eq!(back.terminal, BTreeSet::from(["declined", "closed", "canceled"]));
    let alert = machine::<Alerts>();
    let states = ["none", "firing", "acknowledged", "resolved", "resolved_while_it_lasts"];
    assert_eq!(alert.states, BTreeSet::from(states));
    assert_eq!(goes(alert, "resolved_while_it_lasts", "seen"), BTreeSet::new(), "known already");
    assert_eq!(goes(alert, "resolved_while_it_lasts", "seen_over"), BTreeSet::from(["resolved"]));
    assert_eq!(goes(alert, "firing", "seen_over"), BTreeSet::from(["resolved"]));
    let store = machine::<Tenancy>();
    assert_eq!(store.states, BTreeSet::from(["unknown", "active", "suspended"]));
    assert_eq!(goes(store, "active", "suspend"), BTreeSet::from(["suspended"]));
}

fn unasked<A: Charted>(all: &[&'static str], but: &[&str]) -> Vec<&'static str>
where
    A::State: Clone,
{
    let mut asked: BTreeSet<&str> = BTreeSet::new();
    explore::<A>(&mut |before, after, _, _| {
        for state in [before, after] {
            asked.extend(A::samples(state, BEGINNING).iter().map(|(label, _)| *label));
        }
    });
    all.iter().copied().filter(|label| !asked.contains(label) && !but.contains(label)).collect()
}

#[test]
fn every_command_is_asked() {
    let nothing: Vec<&str> = Vec::new();
    assert_eq!(unasked::<Orders>(labels::ORDER_COMMANDS, &[]), nothing);
    assert_eq!(unasked::<Payment>(labels::PAYMENT_COMMANDS, &[]), nothing);
    // What is about items or rules moves no reservation and no review.
    assert_eq!(
        unasked::<Inventory>(labels::INVENTORY_COMMANDS, &["set_item", "adjust", "write_off", "announce"]),
        nothing
    );
    assert_eq!(unasked::<Fraud>(labels::FRAUD_COMMANDS, &["set_rules"]), nothing);
    assert_eq!(unasked::<Fulfillments>(labels::FULFILLMENT_COMMANDS, &[]), nothing);
    assert_eq!(unasked::<Returns>(labels::RETURNS_COMMANDS, &[]), nothing);
    assert_eq!(unasked::<Alerts>(labels::ALERT_COMMANDS, &[]), nothing);
    assert_eq!(unasked::<Tenancy>(labels::STORE_COMMANDS, &[]), nothing);
}

/// Walks at random, and says which steps are not in the machine.
fn strays<A: Charted>(choices: &[(u16, bool)]) -> Vec<Transition>
where
    A::State: Clone,
{
    let machine = machine::<A>();
    let (mut state, mut now, mut strays) = (A::begin(), BEGINNING, Vec::new());
    for (choice, is_late) in choices {
        now = now.plus_millis(LATER_MS[usize::from(*is_late)]);
        let mut samples = A::samples(&state, now);
        let (on, command) = samples.swap_remove(usize::from(*choice) % samples.len());
        let Some((after, events)) = step::<A>(&state, command, now) else { continue };
        let records = events.iter().map(A::Event::kind).collect();
        let taken = Transition { from: A::place(&state), on, to: A::place(&after), records };
        if !machine.transitions.contains(&taken) {
            strays.push(taken);
        }
        state = after;
    }
    strays
}

proptest! {
    /// Finding one's way leaves out what cannot matter; this is what holds it to that.
    #[test]
    fn no_walk_leaves_the_machines(choices in prop::collection::vec((any::<u16>(), any::<bool>()), 1..60)) {
        prop_assert_eq!(strays::<Orders>(&choices), vec![]);
        prop_assert_eq!(strays::<Payment>(&choices), vec![]);
        prop_assert_eq!(strays::<Inventory>(&choices), vec![]);
        prop_assert_eq!(strays::<Fraud>(&choices), vec![]);
        prop_assert_eq!(strays::<Fulfillments>(&choices), vec![]);
        prop_assert_eq!(strays::<Returns>(&choices), vec![]);
        prop_assert_eq!(strays::<Alerts>(&choices), vec![]);
        prop_assert_eq!(strays::<Tenancy>(&choices), vec![]);
    }
}
