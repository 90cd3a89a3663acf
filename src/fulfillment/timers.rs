//! What happens by itself, and when: stages and the built-in carrier in mode `auto`, and silence.

use crate::types::Timestamp;

use super::scans::TrackerStatus;
use super::state::{Mode, Phase, Policy, Shipment, Stage, Work, WorkOrder};

/// What a time brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The next stage of the work.
    Stage(Stage),
    /// The built-in carrier sees the parcel there.
    Seen(TrackerStatus),
    /// Nobody has seen it for too long.
    Silence,
}

/// When something next happens by itself.
pub(super) fn next(work: &Work) -> Option<Timestamp> {
    work.orders.iter().filter_map(|one| of(one, work.policy)).map(|(at, _)| at).min()
}

/// What next happens to a fulfilment order by itself, and when.
pub(super) fn of(one: &WorkOrder, policy: Policy) -> Option<(Timestamp, Due)> {
    match (&one.phase, policy.mode) {
        (Phase::Working(stage), Mode::Auto) => {
            stage.next().map(|next| (one.since.plus_secs(policy.stage_s), Due::Stage(next)))
        }
        (Phase::Shipped(shipment), mode) => {
            let leg = match mode {
                Mode::Auto => leg(shipment, policy),
                Mode::Manual => None,
            };
            [leg, silence(shipment, policy)].into_iter().flatten().min_by_key(|(at, _)| *at)
        }
        (Phase::Working(_), Mode::Manual)
        | (Phase::OnHold { .. } | Phase::Incomplete { .. } | Phase::Leaving { .. } | Phase::Canceled, _) => {
            None
        }
    }
}

/// Where the built-in carrier sees the parcel next: on its way after a fifth of the journey, on the last van after four.
fn leg(shipment: &Shipment, policy: Policy) -> Option<(Timestamp, Due)> {
    let (fifths, status) = match shipment.status {
        TrackerStatus::Unknown | TrackerStatus::PreTransit => (1, TrackerStatus::InTransit),
        TrackerStatus::InTransit => (4, TrackerStatus::OutForDelivery),
        TrackerStatus::OutForDelivery => (5, TrackerStatus::Delivered),
        TrackerStatus::AvailableForPickup
        | TrackerStatus::Delivered
        | TrackerStatus::ReturnToSender
        | TrackerStatus::Failure
        | TrackerStatus::Cancelled
        | TrackerStatus::Error => return None,
    };
    let journey_ms = policy.transit_s.saturating_mul(1_000);
    let at = shipment.shipped_at.plus_millis(journey_ms / 5 * fifths);
    shipment.ending.is_none().then_some((at, Due::Seen(status)))
}

fn silence(shipment: &Shipment, policy: Policy) -> Option<(Timestamp, Due)> {
    let is_over = shipment.is_over() || shipment.is_stalled;
    (!is_over).then(|| (shipment.heard_at.plus_secs(policy.stalled_s), Due::Silence))
}

/// When a parcel that is still in the house will be there, as far as timers say.
pub(super) fn eta(one: &WorkOrder, policy: Policy) -> Option<Timestamp> {
    match (&one.phase, policy.mode) {
        (Phase::Working(stage), Mode::Auto) => {
            let mut stages = 0;
            let mut at = *stage;
            while let Some(next) = at.next() {
                (at, stages) = (next, stages + 1);
            }
            let work = policy.stage_s.saturating_mul(stages);
            Some(one.since.plus_secs(work.saturating_add(policy.transit_s)))
        }
        (Phase::Shipped(shipment), _) => shipment.eta,
        (Phase::Working(_), Mode::Manual)
        | (Phase::OnHold { .. } | Phase::Incomplete { .. } | Phase::Leaving { .. } | Phase::Canceled, _) => {
            None
        }
    }
}
