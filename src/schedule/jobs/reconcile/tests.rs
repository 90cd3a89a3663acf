//! What differs, what agrees, and what proves nothing.

use super::books::{Verdict, compare, judge};
use super::ours::{is_moving, is_of_window};
use super::*;
use crate::gateway::{BookedCharge, BookedDispute};
use crate::journal::memory::{MemoryJournal, Plan};
use crate::payment::{Begun, Claim, DisputeStatus, RefundState};
use crate::store::settings::{Command, GatewayPatch, SettingsPatch};
use crate::types::{Amount, OrderId};
use crate::views::tests::world::{Wish, World, amount, id};
use crate::views::{Options, Views};

/// A shop with an order that is paid.
fn sold() -> (World, StoreId, OrderId) {
    let mut world = World::new(MemoryJournal::new(Plan::faultless()));
    let acme = world.shop("acme", &[("MUG", 9)]);
    let order = world.confirmed(&acme, &Wish::of(&[("MUG", 1)]));
    (world, acme, order)
}

fn paid(world: &World, store: &StoreId, order: OrderId) -> Begun {
    world.shops[store].payments[&order].begun().expect("begun").clone()
}

/// What the bank would have to say of a payment.
fn booked(store: &StoreId, begun: &Begun) -> BookedCharge {
    let charge = begun.charge.as_ref().expect("a charge");
    BookedCharge {
        intent: charge.intent.clone(),
        store: Some(store.clone()),
        order: Some(begun.order),
        captured: charge.captured,
        refunded: charge.refunded,
    }
}

#[test]
fn both_must_say_the_same_of_a_charge() {
    let (world, acme, order) = sold();
    let begun = paid(&world, &acme, order);
    let later = world.now.plus_secs(60);
    let same = booked(&acme, &begun);
    let taken = same.captured;
    assert!(!taken.is_zero() && same.refunded.is_zero());
    assert_eq!(compare(&begun, &same, later), Verdict::Agrees);
    let differs = |captured: Amount, refunded: Amount| {
        let how = format!(
            "took {} and gave back 0, the bank says {} and {}",
            taken.minor(),
            captured.minor(),
            refunded.minor()
        );
        let charge = BookedCharge { captured, refunded, ..same.clone() };
        assert_eq!(compare(&begun, &charge, later), Verdict::Differs(how));
    };
    differs(amount(taken.minor() - 1), Amount::ZERO);
    differs(amount(taken.minor() + 1), Amount::ZERO);
    differs(taken, amount(1));
    differs(taken, taken);
    // Of a charge that we do not know only what was kept matters.
    let unknown = BookedCharge { intent: "pi_other".into(), refunded: taken, ..same.clone() };
    assert_eq!(compare(&begun, &unknown, later), Verdict::Agrees);
    let kept = BookedCharge { refunded: Amount::ZERO, ..unknown };
    let how = format!("took 0 and gave back 0, the bank says {} and 0", taken.minor());
    assert_eq!(compare(&begun, &kept, later), Verdict::Differs(how));
}

#[test]
fn what_moves_or_has_only_just_moved_is_left_for_later() {
    let (mut world, acme, order) = sold();
    let begun = paid(&world, &acme, order);
    let wrong = BookedCharge { captured: amount(1), ..booked(&acme, &begun) };
    let at = begun.changed_at;
    let before = Timestamp::from_micros(at.micros() - 1);
    assert!(!is_moving(&begun, at), "as old as may be");
    assert!(is_moving(&begun, before), "too young");
    assert_eq!(compare(&begun, &wrong, before), Verdict::Pending);
    assert!(matches!(compare(&begun, &wrong, at), Verdict::Differs(_)));
    // Something is asked of the bank.
    world.cancel(&acme, order);
    let undone = paid(&world, &acme, order);
    let later = world.now.plus_secs(60);
    assert!(undone.work.is_some() && is_moving(&undone, later));
    assert_eq!(compare(&undone, &wrong, later), Verdict::Pending);
    // The bank is at it.
    world.refunded(&acme, order);
    let mut refunded = paid(&world, &acme, order);
    let later = world.now.plus_secs(60);
    assert!(!is_moving(&refunded, later), "{refunded:?}");
    refunded.refunds[0].state = RefundState::Pending;
    assert!(is_moving(&refunded, later));
    refunded.refunds[0].state = RefundState::Canceled;
    assert!(!is_moving(&refunded, later));
}

/// While the shopper is with the bank it may know of money before we do: that is for the payment to find out.
#[test]
fn what_is_not_settled_by_us_is_left_for_later() {
    let (world, acme, order) = sold();
    let begun = paid(&world, &acme, order);
    let same = booked(&acme, &begun);
    let later = world.now.plus_secs(86_400);
    let action = crate::payment::Action {
        attempt: 1,
        intent: same.intent.clone(),
        url: None,
        look_at: None,
        looks: 0,
    };
    let challenged = Begun { charge: None, action: Some(action), ..begun.clone() };
    assert!(!is_moving(&challenged, later), "nothing happens to it by itself");
    assert_eq!(compare(&challenged, &same, later), Verdict::Pending);
    let unknown = Begun { charge: None, ..begun };
    assert_eq!(compare(&unknown, &same, later), Verdict::Pending);
}

/// The bank charged, and was then away for days. What we heard of only then it has named long ago.
#[test]
fn a_charge_that_was_heard_of_after_a_long_outage_is_not_looked_for_in_the_last_while() {
    let (world, acme, order) = sold();
    let begun = paid(&world, &acme, order);
    let mut charge = begun.charge.clone().expect("a charge");
    let (from, now) = (begun.begun_at.plus_secs(86_400), begun.begun_at.plus_secs(3 * 86_400));
    charge.at = now.less(Duration::from_secs(3_600));
    assert!(!is_of_window(&begun, &charge, Window { from, to: now }));
    assert!(is_of_window(&begun, &charge, Window { from: begun.begun_at, to: now }));
    assert!(!is_of_window(&begun, &charge, Window { from: begun.begun_at, to: from }), "too young");
}

#[test]
fn a_charge_is_judged_by_whom_it_names() {
    let (mut world, acme, order) = sold();
    let unpaid = world.place(&acme, &Wish::of(&[("MUG", 1)]));
    let begun = paid(&world, &acme, order);
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options { is_inline: true, ..Options::default() };
    let views = Views::open(directory.path(), world.journal.clone(), options).expect("views");
    world.settle();
    views.pump().expect("folded");
    let mut reader = views.reader().expect("a reader");
    let later = world.now.plus_secs(60);
    let mut judged = |charge: &BookedCharge| judge(&mut reader, &None, charge, later).expect("readable");
    let same = booked(&acme, &begun);
    assert_eq!(judged(&same), Verdict::Agrees);
    assert_eq!(judged(&BookedCharge { store: None, ..same.clone() }), Verdict::Foreign);
    assert_eq!(judged(&BookedCharge { order: None, ..same.clone() }), Verdict::Foreign);
    assert_eq!(judged(&BookedCharge { store: Some(id("nobody")), ..same.clone() }), Verdict::Foreign);
    let how = format!("was never paid here, and the bank took {}", same.captured.minor());
    let never = Verdict::Differs(how);
    assert_eq!(judged(&BookedCharge { order: Some(unpaid), ..same.clone() }), never);
    assert_eq!(judged(&BookedCharge { order: Some(OrderId::from_bits(7)), ..same }), never, "of nobody");
}

#[test]
fn a_run_is_about_the_last_while_and_what_is_known_to_differ() {
    let (mut world, acme, _) = sold();
    let now = world.now.plus_secs(10_000);
    let (last, grace) = (Duration::from_secs(3_600), Duration::from_secs(60));
    let spans = |open: &[(StoreId, Alert)]| {
        let window = window(now, last, grace, open);
        let ago = |at: Timestamp| (now.micros() - at.micros()) / 1_000_000;
        (ago(window.from), ago(window.to))
    };
    assert_eq!(spans(&[]), (3_600, 60));
    let signal = raise(&acme, &["ord_1 took 1".to_owned()]);
    let alert = world.observe(&acme, signal);
    let alert = world.shops[&acme].alerts.alert(alert).expect("raised").clone();
    let since = (now.micros() - alert.first_seen_at.micros()) / 1_000_000;
    assert!(since > 0);
    assert_eq!(spans(&[(acme, alert)]), (since + 3_600, 60));
}

#[test]
fn a_store_hears_how_many_differ_and_of_the_first() {
    let store = id("acme");
    let said = |count: usize| {
        let orders: Vec<String> = (1..=count).map(|nth| format!("ord_{nth} differs")).collect();
        let Signal::Raise { kind, subject, message, .. } = raise(&store, &orders) else {
            panic!("not raised")
        };
        assert_eq!((kind, &*subject), (Kind::ReconciliationMismatch, "acme"));
        message.to_string()
    };
    assert_eq!(said(1), "1 payment differs from the bank's books: ord_1 differs");
    assert_eq!(
        said(3),
        "3 payments differ from the bank's books: ord_1 differs; ord_2 differs; ord_3 differs"
    );
    assert!(said(5).ends_with("ord_3 differs; and 2 more"), "{}", said(5));
}

fn at(url: &str) -> Place {
    Some(Coordinates { url: url.into(), secret_key: "sk".into() })
}

/// What a store names from now on: name, address, place in line.
fn names(world: &mut World, store: &StoreId, gateways: &[(&str, &str, u32)]) {
    let wish = |(name, url, priority): &(&str, &str, u32)| match *url {
        "" => json!({"name": name, "priority": priority}),
        url => json!({"name": name, "url": url, "secret_key": "sk", "priority": priority}),
    };
    let connections: Vec<Value> = gateways.iter().map(wish).collect();
    let gateway: GatewayPatch =
        serde_json::from_value(json!({ "connections": connections })).expect("a legal patch");
    let settings = SettingsPatch { gateway, ..SettingsPatch::default() };
    assert!(world.tenancy(store, Command::Configure { name: None, settings, status: None }));
}

/// A world with two gateways of `acme`'s beside the node's own bank, of which each has a payment; and another store.
struct Several {
    world: World,
    acme: StoreId,
    other: StoreId,
    /// One order each, by the address of its gateway; the empty one is the node's own bank.
    orders: Vec<(&'static str, OrderId)>,
    views: std::sync::Arc<Views>,
    _directory: tempfile::TempDir,
}

impl Several {
    fn new() -> Self {
        let (mut world, acme, first) = sold();
        let other = world.shop("other", &[("MUG", 9)]);
        world.confirmed(&other, &Wish::of(&[("MUG", 1)]));
        let mut orders = vec![("", first)];
        names(&mut world, &acme, &[("a", "http://a", 1), ("b", "http://b", 2)]);
        orders.push(("http://a", world.confirmed(&acme, &Wish::of(&[("MUG", 2)]))));
        // The other way round; and what was named before is kept.
        names(&mut world, &acme, &[("b", "http://b", 1)]);
        orders.push(("http://b", world.confirmed(&acme, &Wish::of(&[("MUG", 3)]))));
        let directory = tempfile::tempdir().expect("a directory");
        let options = Options { is_inline: true, ..Options::default() };
        let views = Views::open(directory.path(), world.journal.clone(), options).expect("views");
        world.settle();
        views.pump().expect("folded");
        world.now = world.now.plus_secs(60);
        Self { world, acme, other, orders, views, _directory: directory }
    }

    fn place(&self, nth: usize) -> Place {
        Some(self.orders[nth].0).filter(|url| !url.is_empty()).and_then(at)
    }

    fn booked(&self, nth: usize) -> BookedCharge {
        booked(&self.acme, &paid(&self.world, &self.acme, self.orders[nth].1))
    }

    fn judged(&self, place: &Place, charge: &BookedCharge) -> Verdict {
        let mut reader = self.views.reader().expect("a reader");
        judge(&mut reader, place, charge, self.world.now).expect("readable")
    }
}

#[test]
fn a_charge_is_compared_with_the_books_that_it_belongs_to() {
    let several = Several::new();
    for (books, _) in several.orders.iter().enumerate() {
        let place = several.place(books);
        for (nth, (_, order)) in several.orders.iter().enumerate() {
            let same = several.booked(nth);
            let expected = if nth == books { Verdict::Agrees } else { Verdict::Elsewhere };
            assert_eq!(several.judged(&place, &same), expected, "{nth} in {place:?}");
            let more = BookedCharge { captured: amount(same.captured.minor() + 1), ..same.clone() };
            match (several.judged(&place, &more), nth == books) {
                (Verdict::Differs(_), true) | (Verdict::Elsewhere, false) => {}
                (verdict, _) => panic!("{nth} in {place:?}: {verdict:?}"),
            }
            // Money that we know of by no gateway is said by whichever has it.
            let unknown = BookedCharge { intent: "pi_unheard_of".into(), order: Some(*order), ..same };
            assert!(matches!(several.judged(&place, &unknown), Verdict::Differs(_)), "{nth} in {place:?}");
        }
    }
}

/// Whoever owns an account may write another's names on what it charges.
#[test]
fn a_gateway_of_one_store_says_nothing_of_another() {
    let several = Several::new();
    let lie = BookedCharge {
        intent: "pi_made_up".into(),
        store: Some(several.other.clone()),
        order: Some(OrderId::from_bits(7)),
        ..several.booked(1)
    };
    for nth in [1, 2] {
        assert_eq!(several.judged(&several.place(nth), &lie), Verdict::Foreign);
    }
    assert!(matches!(several.judged(&None, &lie), Verdict::Differs(_)), "the node's own bank speaks of all");
}

#[tokio::test]
async fn every_gateway_that_payments_went_through_is_read_and_must_name_them() {
    let several = Several::new();
    let window = Window { from: several.world.now.less(Duration::from_secs(3_600)), to: several.world.now };
    let ours = ours::of(&several.views, window).await.expect("readable");
    assert!(ours.is_whole);
    assert_eq!(ours.accounts.len(), 3);
    for (nth, (_, order)) in several.orders.iter().enumerate() {
        let account = &ours.accounts[&several.place(nth)];
        let own = usize::from(several.place(nth).is_none());
        assert_eq!((account.stores.len(), account.expected.len()), (1 + own, 1 + own), "{account:?}");
        assert!(account.stores.contains(&several.acme));
        // Named by another's books it is not named.
        let mut found = Found::default();
        let named = |intent: &str| HashSet::from([xxh3_64(intent.as_bytes())]);
        let of_acme: Vec<_> =
            account.expected.iter().filter(|one| one.store == several.acme).cloned().collect();
        found.look_for(&of_acme, &named("pi_of_another"));
        let how =
            format!("{order} took {}, of which the bank knows nothing", several.booked(nth).captured.minor());
        assert_eq!(found.differing, [(several.acme.clone(), how)]);
        found.look_for(&of_acme, &named(&several.booked(nth).intent));
        assert_eq!(found.differing.len(), 1);
    }
    // Of another time: only the node's own bank is read, as ever.
    let past =
        Window { from: several.world.now.plus_secs(2 * 86_400), to: several.world.now.plus_secs(3 * 86_400) };
    let ours = ours::of(&several.views, past).await.expect("readable");
    assert!(ours.accounts.values().all(|account| account.expected.is_empty()));
}

#[test]
fn a_dispute_is_news_from_the_gateway_that_has_the_money() {
    let several = Several::new();
    let mut reader = several.views.reader().expect("a reader");
    for (books, _) in several.orders.iter().enumerate() {
        for nth in 0..several.orders.len() {
            let charge = several.booked(nth);
            let dispute = BookedDispute {
                store: charge.store,
                order: charge.order,
                claim: Claim {
                    id: "dp_1".into(),
                    intent: charge.intent,
                    amount: charge.captured,
                    reason: "fraudulent".into(),
                    status: DisputeStatus::NeedsResponse,
                },
            };
            let mut is_news = |dispute: &BookedDispute| {
                disputes::is_news(&mut reader, &several.place(books), dispute).expect("readable")
            };
            assert_eq!(is_news(&dispute), nth == books, "{nth} in {:?}", several.place(books));
            assert!(!is_news(&BookedDispute { order: Some(OrderId::from_bits(7)), ..dispute.clone() }));
            assert!(!is_news(&BookedDispute { store: None, ..dispute }));
        }
    }
}

/// Two keys of one account show the same charges.
#[test]
fn what_two_books_say_alike_is_said_once() {
    let says = |store: &str, how: &str| Read {
        place: at("http://a"),
        label: String::new(),
        stores: HashSet::new(),
        found: Some(Found { differing: vec![(id(store), how.to_owned())], ..Found::default() }),
        is_whole: true,
        fault: None,
        disputes: disputes::DisputesRead::default(),
        missed: Missed::default(),
    };
    let all =
        differing(&[says("acme", "one"), says("acme", "one"), says("acme", "two"), says("gifts", "one")]);
    assert_eq!(all[&id("acme")], ["one", "two"]);
    assert_eq!(all[&id("gifts")], ["one"]);
}

#[test]
fn what_a_run_may_read_ends() {
    let left = Cell::new(2);
    assert_eq!(
        [take_one(&left), take_one(&left), take_one(&left), take_one(&left)],
        [true, true, false, false]
    );
}

#[test]
fn our_own_bank_is_always_read_and_of_too_many_others_each_run_leaves_out_others() {
    let chosen = |seed: i64| {
        let places = (0..=GATEWAYS_MAX).map(|nth| at(&format!("http://{nth}")));
        let accounts = places.chain([None]).map(|place| (place, Account::default())).collect();
        let (read, left_out) = in_turn(accounts, Timestamp::from_micros(seed));
        assert_eq!((read.len(), left_out.len(), read[0].0.is_none()), (GATEWAYS_MAX, 2, true));
        left_out.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert_eq!(chosen(1), chosen(1));
    assert_ne!(chosen(1), chosen(2));
}
