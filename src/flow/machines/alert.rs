//! How the alert desk is asked about one subject.

use std::sync::Arc;

use super::{Charted, Print, labels, named};
use crate::alert::{self, Alert, Alerts, Desk, Kind, Phase, Signal};
use crate::types::{AlertId, Timestamp};

/// One that lasts until it clears, and one that happens again and again.
const KINDS: [Kind; 2] = [Kind::LowStock, Kind::RefundFailed];

/// The newest alert there was.
fn newest(desk: &Desk) -> Option<&Alert> {
    (1..).map_while(|bits| desk.alert(AlertId::from_bits(bits))).last()
}

impl Charted for Alerts {
    const ABOUT: &'static str =
        "the alerts of one subject, one after the other; a store's desk keeps one of each subject";

    fn place(desk: &Desk) -> &'static str {
        match newest(desk).map(|alert| &alert.phase) {
            None => "none",
            Some(Phase::Firing) => "firing",
            Some(Phase::Acknowledged) => "acknowledged",
            Some(Phase::Resolved { lasts: false, .. }) => "resolved",
            Some(Phase::Resolved { lasts: true, .. }) => "resolved_while_it_lasts",
        }
    }

    fn fingerprint(desk: &Desk, into: &mut Print) {
        let Some(alert) = newest(desk) else { return };
        let (is_named, is_silenced) = (alert.acknowledged_by.is_some(), alert.silenced_until.is_some());
        into.add((alert.kind, alert.escalations, is_named, is_silenced));
    }

    fn samples(desk: &Desk, _: Timestamp) -> Vec<(&'static str, alert::Command)> {
        use alert::Command as C;
        let subject: Arc<str> = "subject".into();
        let newest = newest(desk);
        let next = AlertId::from_bits(newest.map_or(0, |alert| alert.id.bits()) + 1);
        let mut commands = vec![C::Escalate];
        for kind in KINDS {
            // As long as one is kept, the subject's is that one.
            if newest.is_some_and(|alert| alert.is_kept() && alert.kind != kind) {
                continue;
            }
            for times in [0, 1] {
                let (subject, message) = (Arc::clone(&subject), "message".into());
                commands
                    .push(C::Observe { id: next, signal: Signal::Raise { kind, subject, message, times } });
                let subject = "subject".into();
                commands.push(C::Observe { id: next, signal: Signal::Clear { kind, subject, times } });
            }
        }
        let id = newest.map_or(next, |alert| alert.id);
        for by in [None, Some(Arc::<str>::from("somebody"))] {
            commands.push(C::Acknowledge { id, by: by.clone() });
            commands.push(C::Resolve { id, by });
        }
        commands.push(C::Silence { id, minutes: 30 });
        named(labels::alert_command, commands)
    }
}
