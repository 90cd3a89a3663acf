//! Our payments against the books of the banks: for every charge of a window both must say the same. What is under way, and what
//! has only just happened, is left for a later run.
//!
//! ```text
//!   our payments of the window ──▶ the gateways that they went through, and what each must name    ours.rs
//!   each gateway's charges, page by page ──▶ our payment of that order ──▶ same sums?             books.rs
//!                                        └──▶ did it name all that it must?
//!   each gateway's disputes, page by page ──▶ has the payment heard?                           disputes.rs
//!   differing ──▶ one alert a store; a later run that finds a store agreeing ends its alert
//! ```
//!
//! A gateway whose books cannot be read is named and stops no other: nothing that went through it is judged, and no alert of a
//! store that uses it ends.

mod books;
mod disputes;
mod ours;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use self::books::{Found, Read};
use self::ours::Account;
use super::{Context, Missed, PAGE, caught_up, enter, unreadable};
use crate::alert::{Alert, Kind, Signal};
use crate::gateway::Coordinates;
use crate::store::Directory;
use crate::types::{StoreId, Timestamp};

/// Gateways whose books one run reads at the most; where there are more, each run has others.
const GATEWAYS_MAX: usize = 1_000;
/// So many books are read at once.
const AT_ONCE: usize = 8;
/// Pages of charges that one run reads at the most, of all gateways; and as many of disputes.
const PAGES_MAX: usize = 4_000;
/// A bank's clock and ours may differ by so much, in seconds.
const SLACK_S: u64 = 300;
/// So many orders are named in an alert.
const NAMED_MAX: usize = 3;
/// So many gateways are named that could not be read.
const UNREAD_MAX: usize = 32;

/// Where a gateway is; nothing for the node's own bank.
type Place = Option<Coordinates>;
type Accounts = Vec<(Place, Account)>;

/// The time that a run is about.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Timestamp,
    /// What changed later is left for the next run.
    to: Timestamp,
}

/// What a run may still read, of all gateways.
struct Pages {
    charges: Cell<usize>,
    disputes: Cell<usize>,
}

/// Takes one of what is left.
fn take_one(left: &Cell<usize>) -> bool {
    let before = left.get();
    left.set(before.saturating_sub(1));
    before > 0
}

pub(super) async fn run(context: &Context) -> Result<Value, String> {
    let directory = &context.directory;
    let node = directory.node();
    let open = open_alerts(directory).await?;
    let window = window(node.clock.wall(), context.reconcile_window, context.reconcile_grace, &open);
    let ours = ours::of(&node.views, window).await?;
    let reads = read_all(context, window, ours.accounts).await?;
    if reads.iter().all(|read| read.found.is_none()) {
        let reasons: Vec<String> = reads.iter().take(NAMED_MAX).map(Read::says).collect();
        return Err(format!("no bank's books could be read: {}", reasons.join(", ")));
    }
    let in_doubt = in_doubt(directory, &open, &reads).await?;
    let differing = differing(&reads);
    let mut missed = Missed::default();
    let (mut raised, mut cleared) = (0_u64, 0_u64);
    for (store, orders) in &differing {
        let signal = raise(store, orders);
        raised += u64::from(tell(directory, store, signal, &mut missed).await);
    }
    // What was not looked at cannot have agreed.
    let is_over =
        |store: &StoreId| ours.is_whole && !differing.contains_key(store) && !in_doubt.contains(store);
    for (store, alert) in open.iter().filter(|(store, _)| is_over(store)) {
        let signal = Signal::Clear { kind: alert.kind, subject: alert.subject.clone(), times: 0 };
        cleared += u64::from(tell(directory, store, signal, &mut missed).await);
    }
    let sum = |count: fn(&Found) -> u64| {
        reads.iter().filter_map(|read| read.found.as_ref()).map(count).sum::<u64>()
    };
    let faulty: Vec<&Read> = reads.iter().filter(|read| read.fault.is_some()).collect();
    let unread = |read: &&Read| json!({"gateway": read.label, "reason": read.fault});
    let result = json!({
        "from": window.from,
        "to": window.to,
        "gateways": reads.len(),
        "gateways_unread": faulty.len(),
        "unread": faulty.iter().take(UNREAD_MAX).map(unread).collect::<Vec<_>>(),
        "charges": sum(|found| found.charges),
        "foreign": sum(|found| found.foreign),
        "elsewhere": sum(|found| found.elsewhere),
        "pending": sum(|found| found.pending),
        "differing": differing.values().map(Vec::len).sum::<usize>(),
        "stores_differing": differing.len(),
        "disputes": reads.iter().map(|read| read.disputes.found).sum::<u64>(),
        "disputes_heard": reads.iter().map(|read| read.disputes.heard).sum::<u64>(),
        "alerts_raised": raised,
        "alerts_cleared": cleared,
        "complete": ours.is_whole && faulty.is_empty(),
    });
    reads.into_iter().for_each(|read| missed.add(read.missed));
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

/// The gateways that a run reads, the node's own bank first, and those that it leaves out: each run has another order, so that none
/// is left out by every one.
fn in_turn(accounts: HashMap<Place, Account>, now: Timestamp) -> (Accounts, Accounts) {
    let seed = now.micros().cast_unsigned();
    let mut accounts: Accounts = accounts.into_iter().collect();
    accounts.sort_by_cached_key(|(place, _)| {
        let lot = |at: &Coordinates| {
            xxh3_64_with_seed(at.secret_key.as_bytes(), xxh3_64_with_seed(at.url.as_bytes(), seed))
        };
        place.as_ref().map(lot)
    });
    let left_out = accounts.split_off(GATEWAYS_MAX.min(accounts.len()));
    (accounts, left_out)
}

/// Reads the books of every gateway, several at once.
async fn read_all(
    context: &Context,
    window: Window,
    accounts: HashMap<Place, Account>,
) -> Result<Vec<Read>, String> {
    let pages = Pages { charges: Cell::new(PAGES_MAX), disputes: Cell::new(PAGES_MAX) };
    let (accounts, left_out) = in_turn(accounts, window.to);
    let reading =
        accounts.into_iter().map(|(place, account)| books::read(context, window, place, account, &pages));
    let reads: Vec<Result<Read, String>> = stream::iter(reading).buffer_unordered(AT_ONCE).collect().await;
    let mut reads = reads.into_iter().collect::<Result<Vec<Read>, String>>()?;
    reads.extend(left_out.into_iter().map(|(place, account)| Read {
        fault: Some("too_many_gateways"),
        ..Read::nothing(context, place, account.stores)
    }));
    reads.sort_by(|one, other| (one.place.is_some(), &one.label).cmp(&(other.place.is_some(), &other.label)));
    Ok(reads)
}

/// What differs, by store, each payment once: two keys of one account show the same charges.
fn differing(reads: &[Read]) -> BTreeMap<StoreId, Vec<String>> {
    let (mut known, mut differing) = (HashSet::new(), BTreeMap::<StoreId, Vec<String>>::new());
    for (store, how) in reads.iter().filter_map(|read| read.found.as_ref()).flat_map(|found| &found.differing)
    {
        if known.insert(xxh3_64_with_seed(how.as_bytes(), xxh3_64(store.as_str().as_bytes()))) {
            differing.entry(store.clone()).or_default().push(how.clone());
        }
    }
    differing
}

/// Of the stores with alerts those that use a gateway that was not read to its end.
async fn in_doubt(
    directory: &Directory,
    open: &[(StoreId, Alert)],
    reads: &[Read],
) -> Result<HashSet<StoreId>, String> {
    let unread: Vec<&Read> = reads.iter().filter(|read| !read.is_whole).collect();
    let mut in_doubt = HashSet::new();
    if unread.is_empty() {
        return Ok(in_doubt);
    }
    for some in open.chunks(PAGE) {
        let stores: Vec<StoreId> = some.iter().map(|(store, _)| store.clone()).collect();
        let read = directory.node().views.read(move |reader| {
            stores.into_iter().map(|store| Ok((reader.store(&store)?, store))).collect::<Result<Vec<_>, _>>()
        });
        for (stored, store) in read.await.map_err(unreadable)? {
            let gateways = stored.map(|stored| stored.known.settings.gateway).unwrap_or_default();
            let uses = |read: &&Read| read.stores.contains(&store) || gateways.uses(read.place.as_ref());
            if unread.iter().any(uses) {
                in_doubt.insert(store);
            }
        }
    }
    Ok(in_doubt)
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
