//! Our payments against the bank's books: for every charge of a window both must say the same. What is under way, and what
//! has only just happened, is left for a later run.
//!
//! ```text
//!   the bank's charges, page by page ──▶ our payment of that order ──▶ same sums?
//!   our payments of the window ──────▶ did the bank name the charge?
//!   differing ──▶ one alert a store; a later run that finds a store agreeing ends its alert
//! ```

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::{Value, json};
use xxhash_rust::xxh3::xxh3_64;

use super::{Context, Missed, PAGE, caught_up, enter, unreadable};
use crate::alert::{Alert, Kind, Signal};
use crate::gateway::{BookedCharge, BookedDispute, BreakerState};
use crate::payment::{Begun, Charge, Refund, Standing};
use crate::runtime::Refusal;
use crate::store::Directory;
use crate::store::settings::OWN;
use crate::types::{OrderId, StoreId, Timestamp};
use crate::views::ViewsReader;

/// Pages of the bank's books that one run reads at the most.
const PAGES_MAX: usize = 4_000;
/// Payments of ours that one run looks for in them at the most.
const PAYMENTS_MAX: usize = 400_000;
/// The bank's clock and ours may differ by so much, in seconds.
const SLACK_S: u64 = 300;
/// An order may be paid so long after it was placed and still be looked for, in seconds.
const PAID_LATE_S: u64 = 24 * 3_600;
/// So many orders are named in an alert.
const NAMED_MAX: usize = 3;

/// The time that a run is about.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    /// What changed later is left for the next run.
    to: Timestamp,
}

/// What a run has found.
#[derive(Debug, Default)]
struct Found {
    charges: u64,
    foreign: u64,
    pending: u64,
    differing: BTreeMap<StoreId, Vec<String>>,
    /// Hashes of the intents that the bank has taken money by.
    named: HashSet<u64>,
}

impl Found {
    fn differs(&mut self, store: StoreId, order: OrderId, how: &str) {
        self.differing.entry(store).or_default().push(format!("{order} {how}"));
    }
}

pub(super) async fn run(context: &Context) -> Result<Value, String> {
    let directory = &context.directory;
    let node = directory.node();
    if node.breaker.state() != BreakerState::Closed {
        return Err("the bank does not answer".to_owned());
    }
    let open = open_alerts(directory).await?;
    let window =
        window(directory.node().clock.now(), context.reconcile_window, context.reconcile_grace, &open);
    let mut found = Found::default();
    let has_all = read_books(context, window, &mut found).await?;
    caught_up(directory).await?;
    let has_all = has_all && look_for_ours(directory, window, &mut found).await?;
    let mut missed = Missed::default();
    let disputes = hear_disputes(context, window, &mut missed).await?;
    let (mut raised, mut cleared) = (0_u64, 0_u64);
    for (store, orders) in &found.differing {
        let signal = raise(store, orders);
        raised += u64::from(tell(directory, store, signal, &mut missed).await);
    }
    // What was not looked at cannot have agreed.
    for (store, alert) in open.iter().filter(|(store, _)| has_all && !found.differing.contains_key(store)) {
        let signal = Signal::Clear { kind: alert.kind, subject: alert.subject.clone(), times: 0 };
        cleared += u64::from(tell(directory, store, signal, &mut missed).await);
    }
    let differing: usize = found.differing.values().map(Vec::len).sum();
    let result = json!({
        "from": window.from,
        "to": window.to,
        "charges": found.charges,
        "foreign": found.foreign,
        "pending": found.pending,
        "differing": differing,
        "stores_differing": found.differing.len(),
        "disputes": disputes.found,
        "disputes_heard": disputes.heard,
        "alerts_raised": raised,
        "alerts_cleared": cleared,
        "complete": has_all,
    });
    missed.judge(result, 1)
}

/// Alerts of earlier runs: those whose subject is their store.
async fn open_alerts(directory: &Directory) -> Result<Vec<(StoreId, Alert)>, String> {
    caught_up(directory).await?;
    let views = &directory.node().views;
    let (mut after, mut open) = (None, Vec::new());
    loop {
        let read = views.read(move |reader| reader.kept_of_kind(Kind::ReconciliationMismatch, after, PAGE));
        let page = read.await.map_err(unreadable)?;
        let Some((last, ..)) = page.last() else { return Ok(open) };
        after = Some(*last);
        let ours = page.into_iter().filter(|(_, store, alert)| *alert.subject == *store.as_str());
        open.extend(ours.map(|(_, store, alert)| (store, alert)));
    }
}

/// The last while, but nothing that may still be moving; and as far back as what is known to differ.
fn window(now: Timestamp, last: Duration, grace: Duration, open: &[(StoreId, Alert)]) -> Window {
    let oldest = open.iter().map(|(_, alert)| alert.first_seen_at).fold(now, Timestamp::min);
    Window { from: oldest.less(last), to: now.less(grace) }
}

/// Compares every charge that the bank names; whether that was all of them.
async fn read_books(context: &Context, window: Window, found: &mut Found) -> Result<bool, String> {
    let views = &context.directory.node().views;
    let slack = SLACK_S.cast_signed();
    let (from_s, to_s) = (seconds(window.from) - slack, seconds(window.to) + slack);
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page = context.books.charges(from_s, to_s, after).await;
        let page = page.map_err(|reason| format!("reading the bank's books: {}", reason.name()))?;
        let taken: Vec<BookedCharge> =
            page.charges.into_iter().filter(|charge| !charge.captured.is_zero()).collect();
        found.charges += taken.len() as u64;
        found.named.extend(taken.iter().map(|charge| xxh3_64(charge.intent.as_bytes())));
        let read = views.read(move |reader| {
            taken.into_iter().map(|charge| Ok((judge(reader, &charge, window.to)?, charge))).collect()
        });
        let verdicts: Vec<(Verdict, BookedCharge)> = read.await.map_err(unreadable)?;
        for (verdict, charge) in verdicts {
            match (verdict, charge.store, charge.order) {
                (Verdict::Agrees, ..) => {}
                (Verdict::Pending, ..) => found.pending += 1,
                (Verdict::Differs(how), Some(store), Some(order)) => found.differs(store, order, &how),
                (Verdict::Foreign | Verdict::Differs(_), ..) => found.foreign += 1,
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a charge of the bank's is to us.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// It is as we have it.
    Agrees,
    /// It is not.
    Differs(String),
    /// It may still change.
    Pending,
    /// It names nothing of ours.
    Foreign,
}

fn judge(
    reader: &mut ViewsReader,
    charge: &BookedCharge,
    settled_before: Timestamp,
) -> Result<Verdict, crate::views::ViewsError> {
    let (Some(store), Some(order)) = (&charge.store, charge.order) else { return Ok(Verdict::Foreign) };
    if reader.store(store)?.is_none() {
        return Ok(Verdict::Foreign);
    }
    let state = reader.payment(store, crate::payment::id_of(order))?.unwrap_or_default();
    Ok(match state.begun() {
        Some(begun) => compare(begun, charge, settled_before),
        None => {
            Verdict::Differs(format!("was never paid here, and the bank took {}", charge.captured.minor()))
        }
    })
}

fn compare(begun: &Begun, charge: &BookedCharge, settled_before: Timestamp) -> Verdict {
    if is_moving(begun, settled_before) || !is_settled(begun) {
        return Verdict::Pending;
    }
    let (captured, refunded) = (charge.captured.minor(), charge.refunded.minor());
    let (ours_captured, ours_refunded) = match begun.charge_of(&charge.intent) {
        Some(Charge { captured, refunded, .. }) => (captured.minor(), refunded.minor()),
        // Of what we do not know only what was kept matters.
        None if captured == refunded => return Verdict::Agrees,
        None => (0, 0),
    };
    if (captured, refunded) == (ours_captured, ours_refunded) {
        return Verdict::Agrees;
    }
    Verdict::Differs(format!(
        "took {ours_captured} and gave back {ours_refunded}, the bank says {captured} and {refunded}"
    ))
}

/// Whether a payment may be about to change, or has only just changed.
fn is_moving(begun: &Begun, settled_before: Timestamp) -> bool {
    begun.work.is_some()
        || begun.changed_at > settled_before
        || begun.refunds.iter().any(Refund::is_under_way)
}

/// Whether we know what became of the money: while a shopper is with the bank, or while it goes back, the bank may know more.
fn is_settled(begun: &Begun) -> bool {
    match begun.standing() {
        Standing::Pending { .. } | Standing::RequiresAction { .. } | Standing::Undoing { .. } => false,
        Standing::Authorized { .. }
        | Standing::Captured { .. }
        | Standing::Failed { .. }
        | Standing::Undone { .. } => true,
    }
}

/// Whether the bank must have named a charge of ours in a window. It has charges by when they were made, we by when we heard of
/// them: after a long outage that is much later, but never before the payment began.
fn is_of_window(begun: &Begun, charge: &Charge, window: Window) -> bool {
    !charge.captured.is_zero() && begun.begun_at >= window.from && charge.at <= window.to
}

/// Whether a charge is in these books: other gateways keep their own.
fn is_own(begun: &Begun, charge: &Charge) -> bool {
    begun.gateway_of_attempt(charge.attempt).is_none_or(|gateway| &*gateway.name == OWN)
}

/// Looks for every payment of ours in what the bank has named; whether that was all of them.
async fn look_for_ours(directory: &Directory, window: Window, found: &mut Found) -> Result<bool, String> {
    let views = &directory.node().views;
    let placed_from_s = seconds(window.from).saturating_sub(PAID_LATE_S.cast_signed());
    let placed_from = Timestamp::from_micros(placed_from_s.saturating_mul(1_000_000));
    let mut before = u64::MAX;
    for _ in 0..PAYMENTS_MAX / PAGE {
        let read = views.read(move |reader| reader.payments_before(before, PAGE));
        let page = read.await.map_err(unreadable)?;
        let Some((last, ..)) = page.last() else { return Ok(true) };
        before = *last;
        let mut is_past = true;
        for (_, store, order, state) in page {
            is_past &= order.made_at() < placed_from;
            let Some(begun) = state.begun().filter(|begun| !is_moving(begun, window.to)) else {
                continue;
            };
            for charge in
                begun.charges().filter(|charge| is_of_window(begun, charge, window) && is_own(begun, charge))
            {
                if !found.named.contains(&xxh3_64(charge.intent.as_bytes())) {
                    let how = format!("took {}, of which the bank knows nothing", charge.captured.minor());
                    found.differs(store.clone(), order, &how);
                }
            }
        }
        if is_past {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The bank's disputes of a window.
#[derive(Debug, Default)]
struct DisputesRead {
    found: u64,
    /// Of those, what was news.
    heard: u64,
}

/// Has payments hear of every dispute that they do not know as the bank does: that a notification came is a matter of luck.
async fn hear_disputes(
    context: &Context,
    window: Window,
    missed: &mut Missed,
) -> Result<DisputesRead, String> {
    let views = &context.directory.node().views;
    let from_s = seconds(window.from) - SLACK_S.cast_signed();
    let (mut read, mut after) = (DisputesRead::default(), None);
    for _ in 0..PAGES_MAX {
        let page = context.books.disputes(from_s, after).await;
        let page = page.map_err(|reason| format!("reading the bank's disputes: {}", reason.name()))?;
        for BookedDispute { store, order, claim } in page.disputes {
            let (Some(store), Some(order)) = (store, order) else { continue };
            read.found += 1;
            let (of, asked) = (store.clone(), claim.clone());
            let known = views.read(move |reader| {
                let state = reader.payment(&of, crate::payment::id_of(order))?.unwrap_or_default();
                let is_known = |begun: &Begun| {
                    let mut all = begun.disputes.iter();
                    all.any(|known| known.id == asked.id && known.status == asked.status)
                };
                Ok(state.begun().map(is_known))
            });
            // What never began here is another's, who writes the same names on it.
            if known.await.map_err(unreadable)? != Some(false) {
                continue;
            }
            let Some(tenant) = enter(&context.directory, &store, missed).await else { continue };
            match tenant.claimed(order, claim).await {
                Ok(()) => read.heard += 1,
                // Its charge is not known yet: next time.
                Err(Refusal::Rejected(_)) => {}
                Err(why) => missed.note(&store, &why),
            }
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(read)
}

fn seconds(at: Timestamp) -> i64 {
    at.micros().div_euclid(1_000_000)
}

/// What a store hears: how many payments differ, and the first of them.
fn raise(store: &StoreId, orders: &[String]) -> Signal {
    let named = orders.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join("; ");
    let (payments, more) = match orders.len() {
        1 => ("payment differs", String::new()),
        count if count <= NAMED_MAX => ("payments differ", String::new()),
        count => ("payments differ", format!("; and {} more", count - NAMED_MAX)),
    };
    let message = format!("{} {payments} from the bank's books: {named}{more}", orders.len());
    let kind = Kind::ReconciliationMismatch;
    Signal::Raise { kind, subject: store.as_str().into(), message: message.into(), times: 0 }
}

async fn tell(directory: &Directory, store: &StoreId, signal: Signal, missed: &mut Missed) -> bool {
    let Some(tenant) = enter(directory, store, missed).await else { return false };
    match tenant.observe(signal).await {
        Ok(()) => true,
        Err(why) => {
            missed.note(store, &why);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::memory::{MemoryJournal, Plan};
    use crate::payment::RefundState;
    use crate::types::Amount;
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
        let mut judged = |charge: &BookedCharge| judge(&mut reader, charge, later).expect("readable");
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
}
