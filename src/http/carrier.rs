//! What carriers tell: EasyPost's `tracker.updated` events, signed over the raw body.

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;
use serde::{Deserialize, Serialize};

use super::mac::is_mac_of;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::fulfillment::{Command, Place, Rejection, Scan, TrackerStatus};
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::runtime::{Refusal, Terms};
use crate::store::Tenant;
use crate::types::text::is_plain;
use crate::types::{Actor, FulfillmentId, ShipmentId, Timestamp};

const SIGNATURE: HeaderName = HeaderName::from_static("x-carrier-signature");
/// The most scans of one message.
const SCANS_AT_ONCE_MAX: usize = 100;
/// The most bytes of a text in a scan; longer ones are cut.
const TEXT_BYTES_MAX: usize = 200;

/// One message. Carriers add members as they like; those that are not known are passed over.
#[derive(Debug, Deserialize)]
struct Message {
    /// The tracker as the carrier has it.
    result: Tracker,
}

#[derive(Debug, Deserialize)]
struct Tracker {
    /// Which shipment.
    shipment_id: ShipmentId,
    /// The carrier's name for it.
    #[serde(default)]
    tracking_code: Option<Arc<str>>,
    /// When it will be there.
    #[serde(default)]
    est_delivery_date: Option<Timestamp>,
    /// What was seen, known or not, in any order.
    #[serde(default)]
    tracking_details: Vec<Detail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    status: TrackerStatus,
    datetime: Timestamp,
    #[serde(default)]
    status_detail: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    tracking_location: Option<Location>,
}

#[derive(Debug, Default, Deserialize)]
struct Location {
    #[serde(default)]
    city: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    country: Option<String>,
}

/// What a carrier hears.
#[derive(Debug, Serialize)]
struct Received {
    shipment_id: ShipmentId,
    received: usize,
}

/// Takes what a carrier saw. Whatever is known already changes nothing, so a carrier may repeat itself.
pub(super) async fn events(request: HttpRequest, Sent { tenant, body }: Sent) -> Reply {
    if !is_signed(&request, &tenant, body.raw()) {
        return Err(Code::SignatureInvalid.into());
    }
    let Message { result: tracker } = body.json()?;
    let received = tracker.tracking_details.len();
    if received > SCANS_AT_ONCE_MAX {
        let detail = format!("a message has at most {SCANS_AT_ONCE_MAX} scans");
        let fault = Invalid::new("/result/tracking_details", "too_many", detail);
        return Err(Problem::invalid(vec![fault]));
    }
    let shipment_id = tracker.shipment_id;
    let command = Command::Scan {
        number: shipment_id.number(),
        tracking_code: tracker.tracking_code,
        eta: tracker.est_delivery_date,
        scans: tracker.tracking_details.into_iter().map(Detail::scan).collect(),
    };
    let id = FulfillmentId::new(shipment_id.order(), shipment_id.number());
    // No key: scans tell themselves apart, and a carrier's answer shows nothing of the order.
    match tenant.ask_fulfillment(id, command, Actor::Carrier, Terms::default()).await {
        Ok(_) => Ok(reply::view(&Received { shipment_id, received })),
        Err(Refusal::Rejected(Rejection::NotFound)) => Err(Code::ShipmentNotFound.into()),
        Err(refusal) => Err(refusal.into()),
    }
}

impl Detail {
    fn scan(self) -> Scan {
        let Detail { status, datetime, status_detail, message, tracking_location } = self;
        // EasyPost's words for a parcel that was brought in vain, and AfterShip's.
        let is_failed_attempt = matches!(
            status_detail.as_deref(),
            Some("unable_to_deliver" | "delivery_exception" | "attempt_failed" | "failed_attempt")
        );
        let place = tracking_location.map(|at| Place {
            city: text(at.city),
            state: text(at.state),
            country: text(at.country),
        });
        Scan {
            status,
            at: datetime,
            detail: text(status_detail),
            message: text(message),
            place: place.filter(|place| *place != Place::default()),
            is_failed_attempt,
        }
    }
}

/// A text of a stranger: cut where it is too long, dropped where it is empty or holds what cannot be shown.
fn text(text: Option<String>) -> Option<Arc<str>> {
    let mut text = text.filter(|text| !text.is_empty() && is_plain(text))?;
    let mut end = TEXT_BYTES_MAX.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    Some(text.into())
}

/// Whether the body is signed with the store's secret. Without a secret nothing is.
fn is_signed(request: &HttpRequest, tenant: &Tenant, body: &[u8]) -> bool {
    let mut named = request.headers().get_all(SIGNATURE);
    let (Some(signature), None) = (named.next(), named.next()) else { return false };
    let Some(secret) = tenant.carrier_secret() else { return false };
    let hex = signature.to_str().ok().and_then(|text| text.strip_prefix("sha256="));
    hex.is_some_and(|hex| is_mac_of(secret.reveal(), &[body], hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_strangers_are_cut_at_a_letter_and_dropped_when_hidden() {
        assert_eq!(text(Some("é".repeat(150))).map(|text| text.len()), Some(200));
        assert_eq!(text(Some(format!("a{}", "é".repeat(150)))).map(|text| text.len()), Some(199));
        assert_eq!(text(Some("a\u{202e}b".into())), None);
        assert_eq!(text(Some(String::new())), None);
    }
}
