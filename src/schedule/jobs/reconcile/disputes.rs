//! The disputes in one gateway's books: that a notification came is a matter of luck.

use super::books::TOO_MANY_PAGES;
use super::{Context, Missed, Pages, Place, SLACK_S, Window, enter, seconds, take_one, unreadable};
use crate::gateway::{BookedDispute, Books};
use crate::runtime::Refusal;
use crate::views::{ViewsError, ViewsReader};

/// A gateway's disputes of a window.
#[derive(Debug, Default)]
pub(super) struct DisputesRead {
    /// How many name an order.
    pub(super) found: u64,
    /// Of those, what was news.
    pub(super) heard: u64,
}

/// Has payments hear of every dispute that they do not know as their gateway does. Says why not all were read, where that is so.
pub(super) async fn hear(
    context: &Context,
    window: Window,
    place: &Place,
    books: &dyn Books,
    pages: &Pages,
    missed: &mut Missed,
) -> Result<(DisputesRead, Option<&'static str>), String> {
    let views = &context.directory.node().views;
    let from_s = seconds(window.from) - SLACK_S.cast_signed();
    let (mut read, mut after) = (DisputesRead::default(), None);
    while take_one(&pages.disputes) {
        let page = match books.disputes(from_s, after).await {
            Ok(page) => page,
            Err(reason) => return Ok((read, Some(reason.name()))),
        };
        read.found +=
            page.disputes.iter().filter(|one| one.store.is_some() && one.order.is_some()).count() as u64;
        let at = place.clone();
        let news = views.read(move |reader| {
            let mut news = Vec::new();
            for dispute in page.disputes {
                if is_news(reader, &at, &dispute)? {
                    news.push(dispute);
                }
            }
            Ok(news)
        });
        for BookedDispute { store, order, claim } in news.await.map_err(unreadable)? {
            let (Some(store), Some(order)) = (store, order) else { continue };
            let Some(tenant) = enter(&context.directory, &store, missed).await else { continue };
            match tenant.claimed(order, claim, place.as_ref()).await {
                Ok(()) => read.heard += 1,
                // Its charge is not known yet: next time.
                Err(Refusal::Rejected(_)) => {}
                Err(why) => missed.note(&store, &why),
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok((read, None));
        }
    }
    Ok((read, Some(TOO_MANY_PAGES)))
}

/// Whether a dispute is about a payment that went through this gateway, and is not known as it stands.
pub(super) fn is_news(
    reader: &mut ViewsReader,
    place: &Place,
    dispute: &BookedDispute,
) -> Result<bool, ViewsError> {
    let (Some(store), Some(order)) = (&dispute.store, dispute.order) else { return Ok(false) };
    let Some(stored) = reader.store(store)? else { return Ok(false) };
    let gateways = &stored.known.settings.gateway;
    let state = reader.payment(store, crate::payment::id_of(order))?.unwrap_or_default();
    // What never began here is another's, who writes the same names on it.
    let Some(begun) = state.begun() else { return Ok(false) };
    let claim = &dispute.claim;
    let is_here = gateways.coordinates_of(begun.gateway_of_intent(&claim.intent)) == *place;
    let mut known = begun.disputes.iter();
    Ok(is_here && !known.any(|known| known.id == claim.id && known.status == claim.status))
}
