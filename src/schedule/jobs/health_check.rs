//! How journal, views, clock and banks are. A bank that answers clears the alerts of stores that sleep and so do not hear of it.
//! Gateways that stores name are not asked, since they are not ours to ask: what calls to them have shown is said.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Context, Missed, PAGE, caught_up, enter, unreadable};
use crate::alert::{Kind, Signal};
use crate::gateway::{Admission, BreakerState, Connection, Health as BankHealth, health};
use crate::journal::Health;
use crate::store::settings::OWN;
use crate::store::{CLOCK_PATIENCE, Directory};
use crate::types::clock;

/// So many gateways of stores are said how they are, those that are away first.
const GATEWAYS_MAX: usize = 100;

pub(super) async fn run(context: &Context) -> Result<Value, String> {
    let directory = &context.directory;
    let bank_answers = ping(context).await;
    let node = directory.node();
    let journal = match node.journal.health() {
        Health::Good => None,
        Health::Refusing(why) | Health::Poisoned(why) => Some(why.to_string()),
        Health::Closed => Some("closed".to_owned()),
    };
    let lag = node.views.lag();
    let failure = node.views.failure();
    let breaker = node.breaker.state();
    let behind = node.clock.ahead();
    let is_good = journal.is_none()
        && failure.is_none()
        && lag <= node.options.views_lag_max
        && bank_answers
        && behind <= CLOCK_PATIENCE;
    let mut missed = Missed::default();
    let mut cleared = 0;
    if bank_answers && breaker == BreakerState::Closed && journal.is_none() && failure.is_none() {
        cleared = clear(directory, &mut missed).await?;
    }
    let in_use = node.gateways.all();
    let result = json!({
        "healthy": is_good,
        "journal": {"good": journal.is_none(), "position": node.journal.end(), "fault": journal},
        "views": {"lag": lag, "lag_max": node.options.views_lag_max, "fault": failure.as_deref()},
        "clock": {"behind_s": behind.as_secs()},
        "gateways": gateways(&in_use, bank_answers),
        "gateways_in_use": in_use.len(),
        "stores": {"active": directory.active(), "quarantined": node.quarantined()},
        "alerts_cleared": cleared,
    });
    missed.judge(result, 1)
}

/// How every gateway is, the node's own first; whether it answers is known of that alone.
fn gateways(in_use: &[Arc<Connection>], bank_answers: bool) -> Vec<Value> {
    let mut all: Vec<(&Connection, BreakerState)> =
        in_use.iter().map(|one| (&**one, one.breaker().state())).collect();
    all.sort_by_key(|(one, state)| (one.coordinates().is_some(), *state == BreakerState::Closed));
    let says = |(one, state): (&Connection, BreakerState)| {
        let mut said = json!({
            "name": one.label(),
            "breaker": state.name(),
            "outages": one.breaker().counters().outages,
        });
        if one.coordinates().is_none() {
            said["answers"] = bank_answers.into();
        }
        said
    };
    all.into_iter().take(GATEWAYS_MAX + 1).map(says).collect()
}

/// Whether the bank answers. The breaker hears of it: where nobody has anything to ask, it would otherwise stay open.
async fn ping(context: &Context) -> bool {
    let breaker = &context.directory.node().breaker;
    let admission = breaker.admit(clock::monotonic());
    match admission {
        Admission::Refused { .. } => false,
        // It answers; just now it is asked no more than it can take.
        Admission::Later { .. } => true,
        Admission::Go | Admission::Probe => {
            let outcome = context.books.ping().await;
            breaker.record(admission, &outcome, clock::monotonic());
            health(&outcome) == BankHealth::Healthy
        }
    }
}

/// The bank answers: who was told otherwise is told so.
async fn clear(directory: &Directory, missed: &mut Missed) -> Result<u64, String> {
    caught_up(directory).await?;
    let views = &directory.node().views;
    let (mut after, mut cleared) = (None, 0);
    loop {
        let read = views.read(move |reader| reader.kept_of_kind(Kind::PaymentGatewayDown, after, PAGE)).await;
        let page = read.map_err(unreadable)?;
        let Some((last, ..)) = page.last() else { return Ok(cleared) };
        after = Some(*last);
        // A gateway that stores name themselves is looked after by those stores.
        for (_, store, alert) in page.into_iter().filter(|(.., alert)| &*alert.subject == OWN) {
            let Some(tenant) = enter(directory, &store, missed).await else { continue };
            let signal = Signal::Clear { kind: alert.kind, subject: alert.subject, times: 0 };
            match tenant.observe(signal).await {
                Ok(()) => cleared += 1,
                Err(why) => missed.note(&store, &why),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::{Breaker, Connections, Coordinates};
    use crate::payment::bank::{Outcome, Reason};

    #[test]
    fn gateways_that_are_away_are_said_before_the_others_and_after_our_own() {
        let connections = Connections::from(Arc::new(Breaker::default()));
        let to = |url: &str| {
            connections.to(Some(&Coordinates { url: url.into(), secret_key: "sk_secret".into() }))
        };
        let named: Vec<_> = (100..100 + GATEWAYS_MAX).map(|nth| to(&format!("http://a{nth}"))).collect();
        let away = to("http://z");
        let failed = Outcome::InquiryFailed { reason: Reason::ConnectFailed, retry_after_ms: None };
        while away.breaker().state() == BreakerState::Closed {
            let now = clock::monotonic();
            away.breaker().record(away.breaker().admit(now), &failed, now);
        }
        let in_use = connections.all();
        assert_eq!(in_use.len(), named.len() + 2);
        let said = gateways(&in_use, true);
        assert_eq!(said.len(), GATEWAYS_MAX + 1, "bounded");
        let (own, first) = (&said[0], &said[1]);
        assert_eq!(
            (&own["name"], &own["answers"], &own["breaker"]),
            (&json!("bank"), &json!(true), &json!("closed"))
        );
        assert_eq!((&first["breaker"], first.get("answers")), (&json!("open"), None), "{first}");
        assert!(first["name"].as_str().is_some_and(|name| name.starts_with("z#")), "{first}");
        assert!(
            said[2..].iter().all(|one| one["breaker"] == "closed" && !one.to_string().contains("sk_secret"))
        );
    }
}
