//! What carriers see of a parcel, in EasyPost's words, and what follows from it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::types::Timestamp;
use crate::types::words;

use super::state::{Shipment, Stocking};

/// The most scans of one parcel that are kept: real parcels have some twenty. The oldest make room, those that tell of its end
/// only where there is nothing else.
pub const SCANS_MAX: usize = 100;
/// How often a parcel is brought in vain before people should know.
pub const ATTEMPTS_MAX: u32 = 3;

words! {
    /// Where a parcel is.
    TrackerStatus {
        /// The carrier does not know it yet.
        Unknown = "unknown",
        /// It has a label.
        PreTransit = "pre_transit",
        /// It is on its way.
        InTransit = "in_transit",
        /// It is on the last van.
        OutForDelivery = "out_for_delivery",
        /// It waits in a shop.
        AvailableForPickup = "available_for_pickup",
        /// It is there.
        Delivered = "delivered",
        /// It comes back.
        ReturnToSender = "return_to_sender",
        /// It cannot be delivered.
        Failure = "failure",
        /// Its label was canceled.
        Cancelled = "cancelled",
        /// The carrier is confused.
        Error = "error",
    }
}

impl TrackerStatus {
    /// Whether nothing after it counts.
    pub const fn is_final(self) -> bool {
        match self {
            TrackerStatus::Delivered | TrackerStatus::ReturnToSender => true,
            TrackerStatus::Unknown
            | TrackerStatus::PreTransit
            | TrackerStatus::InTransit
            | TrackerStatus::OutForDelivery
            | TrackerStatus::AvailableForPickup
            | TrackerStatus::Failure
            | TrackerStatus::Cancelled
            | TrackerStatus::Error => false,
        }
    }
}

/// One thing that a carrier saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scan {
    /// Where the parcel was.
    pub status: TrackerStatus,
    /// When, by the carrier's clock.
    pub at: Timestamp,
    /// The carrier's finer word; with the time it tells one scan from another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Arc<str>>,
    /// The carrier's sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Arc<str>>,
    /// Whereabouts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// It was brought, and nobody took it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_failed_attempt: bool,
}

/// Whereabouts a parcel was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Town.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<Arc<str>>,
    /// State, county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Arc<str>>,
    /// Country, as the carrier spells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Arc<str>>,
}

impl Scan {
    /// Whether it is the same scan as another: time and code agree.
    pub fn is_same(&self, other: &Scan) -> bool {
        self.at == other.at && self.status == other.status && self.detail == other.detail
    }
}

impl Shipment {
    /// Whether a scan says anything new.
    pub fn is_news(&self, scan: &Scan) -> bool {
        let is_known = self.scans.iter().any(|known| known.is_same(scan));
        !is_known && !self.is_forgotten(scan)
    }

    /// Whether it would have to make room for itself: nobody knows any more whether it was there.
    fn is_forgotten(&self, scan: &Scan) -> bool {
        if self.scans.len() < SCANS_MAX {
            return false;
        }
        match self.scans.iter().find(|known| !known.status.is_final()) {
            Some(oldest) => !scan.status.is_final() && scan.at <= oldest.at,
            None => !scan.status.is_final() || self.scans.first().is_some_and(|oldest| scan.at <= oldest.at),
        }
    }

    /// Whether no scan changes its status any more.
    pub const fn is_over(&self) -> bool {
        self.status.is_final() || self.ending.is_some()
    }

    /// Whether people may say that it does not arrive: not of one that did, nor of one whose pieces have been seen to.
    pub(super) const fn may_end(&self) -> bool {
        match (&self.ending, self.status) {
            (_, TrackerStatus::Delivered) => false,
            (None, _) => true,
            (Some(ending), _) => matches!(ending.stock, Stocking::Refused { .. }),
        }
    }

    /// Whether its carrier will not deliver it, and says so in a word that another may follow.
    pub(super) const fn has_failed(&self) -> bool {
        matches!(self.status, TrackerStatus::Failure | TrackerStatus::Cancelled | TrackerStatus::Error)
    }

    /// Takes a scan in: the status is that of the newest scan by carrier time, unless a final one was seen, or it is settled
    /// that it does not arrive.
    pub(super) fn take(&mut self, scan: &Scan) {
        let is_newest = self.scans.last().is_none_or(|newest| newest.at <= scan.at);
        if !self.is_over() && (is_newest || scan.status.is_final()) {
            self.status = scan.status;
        }
        if scan.is_failed_attempt {
            self.attempts = self.attempts.saturating_add(1);
        }
        let place = self.scans.partition_point(|known| known.at <= scan.at);
        self.scans.insert(place, scan.clone());
        if self.scans.len() > SCANS_MAX {
            let oldest = self.scans.iter().position(|known| !known.status.is_final());
            self.scans.remove(oldest.unwrap_or(0));
        }
    }
}
