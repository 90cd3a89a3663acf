//! How far an order's goods are: all that the order itself knows of its fulfilment.

use serde::{Deserialize, Serialize};

use crate::types::bits::is_nought;

use super::scans::TrackerStatus;
use super::state::{Becomes, Line, Phase, Units, Work};

/// How far an order's goods are, in pieces. What is in none of the counts is still in the house.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Have left the house, whatever became of them.
    #[serde(skip_serializing_if = "is_nought")]
    pub shipped: u32,
    /// Are where they should be.
    #[serde(skip_serializing_if = "is_nought")]
    pub delivered: u32,
    /// Came back without having been delivered, or are on their way back.
    #[serde(skip_serializing_if = "is_nought")]
    pub returned: u32,
    /// Will not leave the house, by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub canceled: Vec<Units>,
    /// Left the house and will not arrive, by line.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undelivered: Vec<Units>,
    /// How many of those are not coming back either.
    #[serde(skip_serializing_if = "is_nought")]
    pub lost: u32,
    /// Some of it waits for people.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_held: bool,
}

impl Work {
    /// How far the goods are, derived from the fulfilment orders.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for one in &self.orders {
            let units = one.units();
            match &one.phase {
                Phase::Working(_) | Phase::Incomplete { .. } | Phase::Leaving { .. } => {}
                Phase::OnHold { .. } => progress.is_held = true,
                Phase::Shipped(shipment) => {
                    progress.shipped += units;
                    if let Some(ending) = &shipment.ending {
                        match ending.becomes {
                            Becomes::Lost => progress.lost += units,
                            Becomes::Restock | Becomes::Damaged | Becomes::WriteOff => {
                                progress.returned += units;
                            }
                        }
                        add(&mut progress.undelivered, &one.lines);
                        continue;
                    }
                    match shipment.status {
                        TrackerStatus::Delivered => progress.delivered += units,
                        TrackerStatus::ReturnToSender => progress.returned += units,
                        TrackerStatus::Unknown
                        | TrackerStatus::PreTransit
                        | TrackerStatus::InTransit
                        | TrackerStatus::OutForDelivery
                        | TrackerStatus::AvailableForPickup
                        | TrackerStatus::Failure
                        | TrackerStatus::Cancelled
                        | TrackerStatus::Error => {}
                    }
                }
                Phase::Canceled => add(&mut progress.canceled, &one.lines),
            }
        }
        progress
    }
}

fn add(sums: &mut Vec<Units>, lines: &[Line]) {
    for more in lines {
        match sums.iter_mut().find(|known| known.line == more.line) {
            Some(known) => known.quantity += more.quantity,
            None => sums.push(Units { line: more.line, quantity: more.quantity }),
        }
    }
}
