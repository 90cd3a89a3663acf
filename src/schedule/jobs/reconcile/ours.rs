//! What our own payments of a window say: which gateways they went through, and which charges each of those must name.

use std::collections::{HashMap, HashSet};

use xxhash_rust::xxh3::xxh3_64;

use super::{PAGE, Place, Window, seconds, unreadable};
use crate::payment::{Begun, Charge, Gateway, Refund};
use crate::types::{Amount, OrderId, StoreId, Timestamp};
use crate::views::{PaymentRow, Views};

/// Payments of ours that one run looks at at the most.
const PAYMENTS_MAX: usize = 400_000;
/// An order may be paid so long after it was placed and still be looked for, in seconds.
const PAID_LATE_S: u64 = 24 * 3_600;

/// Our payments of a window, by gateway. The node's own bank is always among them.
#[derive(Debug)]
pub(super) struct Ours {
    pub(super) accounts: HashMap<Place, Account>,
    /// Whether that is all of them.
    pub(super) is_whole: bool,
}

/// What went through one gateway.
#[derive(Debug, Default)]
pub(super) struct Account {
    /// The stores whose payments they are.
    pub(super) stores: HashSet<StoreId>,
    /// Charges that its books must name.
    pub(super) expected: Vec<Expected>,
}

/// A charge that a gateway must know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) store: StoreId,
    pub(super) order: OrderId,
    /// A hash of the intent that made it.
    pub(super) intent: u64,
    pub(super) captured: Amount,
}

/// Where the gateways are that payments name, as far as anybody has asked.
type Places = HashMap<(StoreId, Gateway), Place>;

/// Looks at the payments of a window, those of the newest orders first.
pub(super) async fn of(views: &Views, window: Window) -> Result<Ours, String> {
    let placed_from_s = seconds(window.from).saturating_sub(PAID_LATE_S.cast_signed());
    let placed_from = Timestamp::from_micros(placed_from_s.saturating_mul(1_000_000));
    let mut ours = Ours { accounts: HashMap::from([(None, Account::default())]), is_whole: false };
    let (mut places, mut before) = (Places::default(), u64::MAX);
    for _ in 0..PAYMENTS_MAX / PAGE {
        let read = views.read(move |reader| reader.payments_before(before, PAGE));
        let page = read.await.map_err(unreadable)?;
        ours.is_whole = page.iter().all(|(_, _, order, _)| order.made_at() < placed_from);
        find(views, &page, &mut places).await?;
        for (_, store, order, state) in &page {
            if let Some(begun) = state.begun() {
                ours.add(store, *order, begun, window, &places);
            }
        }
        match page.last() {
            Some((last, ..)) if !ours.is_whole => before = *last,
            Some(_) | None => break,
        }
    }
    Ok(ours)
}

/// Asks the settings of stores where the gateways of their payments are.
async fn find(views: &Views, page: &[PaymentRow], places: &mut Places) -> Result<(), String> {
    let named = page.iter().filter_map(|(_, store, _, state)| Some((store, state.begun()?)));
    let named = named
        .flat_map(|(store, begun)| begun.routed.iter().map(|routed| (store.clone(), routed.gateway.clone())));
    let unknown: HashSet<(StoreId, Gateway)> = named.filter(|known| !places.contains_key(known)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let read = views.read(move |reader| {
        let mut found = Vec::with_capacity(unknown.len());
        for (store, gateway) in unknown {
            let stored = reader.store(&store)?;
            let place =
                stored.and_then(|stored| stored.known.settings.gateway.coordinates_of(Some(&gateway)));
            found.push(((store, gateway), place));
        }
        Ok(found)
    });
    places.extend(read.await.map_err(unreadable)?);
    Ok(())
}

impl Ours {
    fn add(&mut self, store: &StoreId, order: OrderId, begun: &Begun, window: Window, places: &Places) {
        let place_of = |gateway: Option<&Gateway>| {
            let place = gateway.and_then(|gateway| places.get(&(store.clone(), gateway.clone())));
            place.cloned().flatten()
        };
        let mut used: Vec<Place> =
            begun.routed.iter().map(|routed| place_of(Some(&routed.gateway))).collect();
        if used.is_empty() {
            used.push(None);
        }
        for place in used {
            let account = self.accounts.entry(place).or_default();
            if !account.stores.contains(store) {
                account.stores.insert(store.clone());
            }
        }
        if is_moving(begun, window.to) {
            return;
        }
        for charge in begun.charges().filter(|charge| is_of_window(begun, charge, window)) {
            let place = place_of(begun.gateway_of_attempt(charge.attempt));
            self.accounts.entry(place).or_default().expected.push(Expected {
                store: store.clone(),
                order,
                intent: xxh3_64(charge.intent.as_bytes()),
                captured: charge.captured,
            });
        }
    }
}

/// Whether a payment may be about to change, or has only just changed.
pub(super) fn is_moving(begun: &Begun, settled_before: Timestamp) -> bool {
    begun.work.is_some()
        || begun.changed_at > settled_before
        || begun.refunds.iter().any(Refund::is_under_way)
}

/// Whether the bank must have named a charge of ours in a window. It has charges by when they were made, we by when we heard of
/// them: after a long outage that is much later, but never before the payment began.
pub(super) fn is_of_window(begun: &Begun, charge: &Charge, window: Window) -> bool {
    !charge.captured.is_zero() && begun.begun_at >= window.from && charge.at <= window.to
}
