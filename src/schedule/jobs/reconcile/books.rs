//! The books of one gateway: what it says of our payments, and whether it names all that went through it.

use std::collections::HashSet;
use std::rc::Rc;

use xxhash_rust::xxh3::xxh3_64;

use super::disputes::{self, DisputesRead};
use super::ours::{Account, Expected, is_moving};
use super::{Context, Missed, Pages, Place, SLACK_S, Window, seconds, take_one, unreadable};
use crate::gateway::{BookedCharge, Books, BreakerState};
use crate::payment::bank::Reason;
use crate::payment::{Begun, Charge, Standing};
use crate::types::{StoreId, Timestamp};
use crate::views::{Views, ViewsError, ViewsReader};

/// Why books were not read to their end, where the run may read no more.
pub(super) const TOO_MANY_PAGES: &str = "too_many_pages";

/// What came of reading one gateway's books.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) place: Place,
    /// Its name for operators.
    pub(super) label: String,
    /// The stores whose payments went through it.
    pub(super) stores: HashSet<StoreId>,
    /// What its charges say; nothing, where they could not be read.
    pub(super) found: Option<Found>,
    /// Whether each of its charges was looked at, and each of ours looked for.
    pub(super) is_whole: bool,
    /// Why not everything was read.
    pub(super) fault: Option<&'static str>,
    pub(super) disputes: DisputesRead,
    pub(super) missed: Missed,
}

/// What one gateway's charges say of ours.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) charges: u64,
    pub(super) foreign: u64,
    pub(super) elsewhere: u64,
    pub(super) pending: u64,
    /// Whose payment differs, and which and how.
    pub(super) differing: Vec<(StoreId, String)>,
}

impl Read {
    pub(super) fn nothing(context: &Context, place: Place, stores: HashSet<StoreId>) -> Self {
        let label = context.directory.node().gateways.to(place.as_ref()).label();
        let (disputes, missed) = (DisputesRead::default(), Missed::default());
        Self { place, label, stores, found: None, is_whole: false, fault: None, disputes, missed }
    }

    /// Which gateway was not read, and why.
    pub(super) fn says(&self) -> String {
        format!("{} ({})", self.label, self.fault.unwrap_or("read"))
    }
}

/// Reads one gateway's books, if it answers. Fails only where our own views cannot be read.
pub(super) async fn read(
    context: &Context,
    window: Window,
    place: Place,
    account: Account,
    pages: &Pages,
) -> Result<Read, String> {
    let node = context.directory.node();
    let breaker = node.gateways.to(place.as_ref());
    let mut read = Read::nothing(context, place, account.stores);
    let books: Option<Rc<dyn Books>> = match &read.place {
        None => Some(Rc::clone(&context.books)),
        Some(at) => (context.open_books)(at),
    };
    let Some(books) = books else {
        read.fault = Some(Reason::ConnectFailed.name());
        return Ok(read);
    };
    if breaker.breaker().state() != BreakerState::Closed {
        read.fault = Some(Reason::GatewayUnavailable.name());
        return Ok(read);
    }
    let mut found = Found::default();
    match found.read(&node.views, &*books, window, &read.place, pages).await? {
        Ok(named) => {
            found.look_for(&account.expected, &named);
            read.is_whole = true;
        }
        // What was read says something all the same, though not what is missing.
        Err(TOO_MANY_PAGES) => read.fault = Some(TOO_MANY_PAGES),
        Err(why) => {
            read.fault = Some(why);
            return Ok(read);
        }
    }
    read.found = Some(found);
    let heard = disputes::hear(context, window, &read.place, &*books, pages, &mut read.missed).await?;
    read.disputes = heard.0;
    read.fault = read.fault.or(heard.1);
    Ok(read)
}

/// The intents that a gateway names, hashed; or why not all of them are known.
type Named = Result<HashSet<u64>, &'static str>;

impl Found {
    /// Compares every charge that a gateway names.
    async fn read(
        &mut self,
        views: &Views,
        books: &dyn Books,
        window: Window,
        place: &Place,
        pages: &Pages,
    ) -> Result<Named, String> {
        let slack = SLACK_S.cast_signed();
        let (from_s, to_s) = (seconds(window.from) - slack, seconds(window.to) + slack);
        let (mut named, mut after) = (HashSet::new(), None);
        while take_one(&pages.charges) {
            let page = match books.charges(from_s, to_s, after).await {
                Ok(page) => page,
                Err(reason) => return Ok(Err(reason.name())),
            };
            let taken: Vec<BookedCharge> =
                page.charges.into_iter().filter(|charge| !charge.captured.is_zero()).collect();
            self.charges += taken.len() as u64;
            named.extend(taken.iter().map(|charge| xxh3_64(charge.intent.as_bytes())));
            let place = place.clone();
            let verdicts = views.read(move |reader| {
                let judged =
                    taken.into_iter().map(|charge| Ok((judge(reader, &place, &charge, window.to)?, charge)));
                judged.collect::<Result<Vec<_>, ViewsError>>()
            });
            for (verdict, charge) in verdicts.await.map_err(unreadable)? {
                match (verdict, charge.store, charge.order) {
                    (Verdict::Agrees, ..) => {}
                    (Verdict::Pending, ..) => self.pending += 1,
                    (Verdict::Elsewhere, ..) => self.elsewhere += 1,
                    (Verdict::Differs(how), Some(store), Some(order)) => {
                        self.differing.push((store, format!("{order} {how}")));
                    }
                    (Verdict::Foreign | Verdict::Differs(_), ..) => self.foreign += 1,
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(Ok(named));
            }
        }
        Ok(Err(TOO_MANY_PAGES))
    }

    /// Looks for charges of ours among those that a gateway has named.
    pub(super) fn look_for(&mut self, expected: &[Expected], named: &HashSet<u64>) {
        for Expected { store, order, captured, .. } in
            expected.iter().filter(|charge| !named.contains(&charge.intent))
        {
            let how = format!("{order} took {}, of which the bank knows nothing", captured.minor());
            self.differing.push((store.clone(), how));
        }
    }
}

/// What a charge in a gateway's books is to us.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// It is as we have it.
    Agrees,
    /// It is not.
    Differs(String),
    /// It may still change.
    Pending,
    /// We know it by another gateway, whose books are to say what it is: these prove nothing, either way.
    Elsewhere,
    /// It names nothing of ours, or a store that has nothing to do with this gateway.
    Foreign,
}

pub(super) fn judge(
    reader: &mut ViewsReader,
    place: &Place,
    charge: &BookedCharge,
    settled_before: Timestamp,
) -> Result<Verdict, ViewsError> {
    let (Some(store), Some(order)) = (&charge.store, charge.order) else { return Ok(Verdict::Foreign) };
    let Some(stored) = reader.store(store)? else { return Ok(Verdict::Foreign) };
    let gateways = &stored.known.settings.gateway;
    // Whoever owns a gateway writes what he likes into its books: it speaks of the stores that name it. The node's own bank is ours.
    if place.is_some() && !gateways.uses(place.as_ref()) {
        return Ok(Verdict::Foreign);
    }
    let state = reader.payment(store, crate::payment::id_of(order))?.unwrap_or_default();
    let Some(begun) = state.begun() else {
        let how = format!("was never paid here, and the bank took {}", charge.captured.minor());
        return Ok(Verdict::Differs(how));
    };
    let is_known = begun.charge_of(&charge.intent).is_some();
    if is_known && gateways.coordinates_of(begun.gateway_of_intent(&charge.intent)) != *place {
        return Ok(Verdict::Elsewhere);
    }
    Ok(compare(begun, charge, settled_before))
}

pub(super) fn compare(begun: &Begun, charge: &BookedCharge, settled_before: Timestamp) -> Verdict {
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
