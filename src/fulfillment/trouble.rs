//! What is wrong with a parcel that people should know of: a function of what is known of it, decided nowhere else.

use crate::types::words;

use super::scans::{ATTEMPTS_MAX, TrackerStatus};
use super::state::{Shipment, Stocking};

words! {
    /// What is wrong with a parcel.
    Trouble {
        /// Nobody has seen it for too long.
        Stalled = "stalled",
        /// It was brought in vain so often, and not moved since.
        Attempts = "attempts_failed",
        /// It comes back.
        Returned = "return_to_sender",
        /// Its carrier cannot deliver it.
        Failed = "failure",
        /// It does not arrive, and inventory cannot take its pieces back.
        StockRefused = "stock_refused",
        /// It was given up, and then it was delivered.
        AfterAll = "delivered_after_all",
    }
}

impl Shipment {
    /// What is wrong with it now. Over as soon as it moves on, or is there, or has been seen to.
    pub fn trouble(&self) -> Option<Trouble> {
        match self.ending.as_ref().map(|ending| &ending.stock) {
            None | Some(Stocking::Owed) => {}
            Some(Stocking::Refused { .. }) => return Some(Trouble::StockRefused),
            Some(Stocking::Booked) => {
                let is_there = self.scans.iter().any(|scan| scan.status == TrackerStatus::Delivered);
                return is_there.then_some(Trouble::AfterAll);
            }
        }
        match self.status {
            TrackerStatus::Delivered => None,
            TrackerStatus::ReturnToSender => Some(Trouble::Returned),
            TrackerStatus::Failure | TrackerStatus::Cancelled | TrackerStatus::Error => Some(Trouble::Failed),
            TrackerStatus::Unknown
            | TrackerStatus::PreTransit
            | TrackerStatus::InTransit
            | TrackerStatus::OutForDelivery
            | TrackerStatus::AvailableForPickup => {
                let is_in_vain = self.scans.last().is_some_and(|newest| newest.is_failed_attempt);
                if self.is_stalled {
                    Some(Trouble::Stalled)
                } else if is_in_vain && self.attempts >= ATTEMPTS_MAX {
                    Some(Trouble::Attempts)
                } else {
                    None
                }
            }
        }
    }
}
