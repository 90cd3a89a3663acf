//! A small file of credit notes, and the orders that it does and does not fit.

use super::plan::{Planned, PlannedLine};
use super::*;
use crate::types::Timestamp;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn order(id: &str, taken: &str, lines: &[(&str, &str, u32, i64)]) -> Bought {
    let line = |(id, sku, left, unit_price): &(&str, &str, u32, i64)| BoughtLine {
        id: (*id).to_owned(),
        sku: (*sku).to_owned(),
        left: *left,
        unit_price: *unit_price,
    };
    Bought { id: id.to_owned(), at: at(taken), is_delivered: true, lines: lines.iter().map(line).collect() }
}

/// Customer 7: an old order of six cups, a newer one of four at two prices, one after all credits, one that is on its way.
fn ledger() -> Ledger {
    let mut ledger = Ledger::default();
    let newer = order(
        "new",
        "2010-02-01T10:00:00Z",
        &[("n1", "CUP", 3, 150), ("n2", "CUP", 1, 120), ("n3", "HAT", 1, 900)],
    );
    ledger.enter("cus_7".to_owned(), newer);
    ledger.enter("cus_7".to_owned(), order("old", "2010-01-01T10:00:00Z", &[("o1", "CUP", 6, 150)]));
    ledger.enter("cus_7".to_owned(), order("late", "2010-12-01T10:00:00Z", &[("l1", "PEN", 6, 10)]));
    let away = order("away", "2010-01-02T10:00:00Z", &[("a1", "JUG", 2, 300)]);
    ledger.enter("cus_7".to_owned(), Bought { is_delivered: false, ..away });
    ledger.sort();
    ledger
}

fn planned(lines: &str) -> Plan {
    let file = format!("invoice,at,customer,country,sku,quantity,unit_price\n{lines}");
    plan(file.as_bytes(), ledger()).expect("a good file")
}

fn shown(plan: &Plan) -> Vec<String> {
    let line = |line: &PlannedLine| format!("{}x{}@{}", line.quantity, line.id, line.unit_price);
    let one = |one: &Planned| {
        format!("{} {}: {}", one.note, one.order, one.lines.iter().map(line).collect::<Vec<_>>().join(" "))
    };
    plan.returns.iter().map(one).collect()
}

#[test]
fn what_is_credited_comes_from_the_latest_order_that_has_it_at_that_price_first() {
    let plan = planned(
        "C1,2010-03-01T10:00:00Z,7,France,CUP,-2,1.5\n\
         C2,2010-03-02T10:00:00Z,7,France,CUP,-4,1.50\n\
         C2,2010-03-02T10:00:00Z,7,France,HAT,-1,9\n\
         C3,2010-03-03T10:00:00Z,7,France,CUP,-4,1.5\n",
    );
    assert_eq!(
        shown(&plan),
        [
            "C1 new: 2xn1@150",
            "C2 old: 3xo1@150",
            "C2 new: 1xn1@150 1xn3@900",
            "C3 old: 3xo1@150",
            "C3 new: 1xn2@120"
        ]
    );
    assert!(plan.unmatched.is_empty(), "{:?}", plan.unmatched);
    assert_eq!((plan.notes, plan.file.lines, plan.file.units), (3, 4, 11));
    assert_eq!((plan.matched.units, plan.matched.pence), (11, 10 * 150 + 900));
}

#[test]
fn what_fits_no_order_is_listed_with_its_reason() {
    let plan = planned(
        "C0,2009-12-31T10:00:00Z,7,France,CUP,-1,1.5\n\
         C1,2010-03-01T10:00:00Z,,France,CUP,-1,1.5\n\
         C2,2010-03-02T10:00:00Z,8,France,CUP,-1,1.5\n\
         C3,2010-03-03T10:00:00Z,7,France,PEN,-1,0.1\n\
         C4,2010-03-04T10:00:00Z,7,France,CUP,-11,1.5\n\
         C5,2010-03-05T10:00:00Z,7,France,JUG,-1,3\n\
         C6,2010-03-06T10:00:00Z,7,France,HAT,-1,0.001\n\
         C7,2010-03-07T10:00:00Z,7,France,HAT,1,9\n",
    );
    let reasons: Vec<_> =
        plan.unmatched.iter().map(|one| (one.note.as_str(), one.units, one.reason)).collect();
    assert_eq!(
        reasons,
        [
            ("C0", 1, Reason::NoOrder),
            ("C1", 1, Reason::NoCustomer),
            ("C2", 1, Reason::NoOrder),
            ("C3", 1, Reason::NeverBought),
            ("C4", 1, Reason::MoreThanBought),
            ("C5", 1, Reason::NotDelivered),
            ("C6", 1, Reason::NoCredit),
            ("C7", 0, Reason::NoCredit),
        ]
    );
    assert_eq!(shown(&plan), ["C4 old: 6xo1@150", "C4 new: 3xn1@150 1xn2@120"]);
}

fn summary() -> ReturnsSummary {
    let plan = planned("C4,2010-03-04T10:00:00Z,7,France,CUP,-11,1.5\n");
    let carried = Carried {
        taken: 2,
        planned_units: 10,
        planned_pence: 1_470,
        received_units: 10,
        received_pence: 1_470,
        refunded: 1_400,
        unpaid: 70,
        ..Carried::default()
    };
    ReturnsSummary {
        store: "replay".to_owned(),
        url: "http://here".to_owned(),
        orders: 4,
        notes: plan.notes,
        file: plan.file,
        matched: plan.matched,
        returns: 2,
        unmatched: plan.unmatched,
        carried,
        store_refunded: 1_400,
    }
}

#[test]
fn books_that_agree_match_and_every_difference_is_named() {
    let said = summary().to_string();
    assert!(said.contains("units      file 11 · matched 10 · received 10\n"), "{said}");
    assert!(
        said.contains("matched 1,500 as credited, 1,470 as bought · refunded 1,400 · unpaid 70\n"),
        "{said}"
    );
    assert!(said.contains("1 lines of 1 units: C4 CUP\n"), "{said}");
    assert!(said.contains("\nmatch "), "{said}");
    type Change = fn(&mut ReturnsSummary);
    let changes: [(Change, &str); 4] = [
        (|it| it.carried.received_units = 9, "units received, against those sent back: 9 against 10"),
        (
            |it| it.carried.unpaid = 0,
            "pence refunded and unpaid, against those received: 1,400 against 1,470",
        ),
        (|it| it.store_refunded = 1_399, "1,399 against 1,400 asked for"),
        (
            |it| {
                let reason = "422".to_owned();
                it.carried.refused.push(crate::replay::Refused { invoice: "C4".to_owned(), reason });
            },
            "the service refused 1 returns",
        ),
    ];
    for (change, says) in changes {
        let mut changed = summary();
        change(&mut changed);
        let said = changed.to_string();
        assert!(said.contains("DIFFERENCE") && said.contains(says), "{said}\ndoes not say {says:?}");
        assert_eq!(changed.differences().len(), 1, "{said}");
    }
}
