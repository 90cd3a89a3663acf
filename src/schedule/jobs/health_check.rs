//! How journal, views and bank are. A bank that answers clears the alerts of stores that sleep and so do not hear of it.

use serde_json::{Value, json};

use super::{Context, Missed, PAGE, caught_up, enter, unreadable};
use crate::alert::{Kind, Signal};
use crate::gateway::{Admission, BreakerState, Health as BankHealth, health};
use crate::journal::Health;
use crate::store::Directory;
use crate::store::settings::OWN;
use crate::types::clock;

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
    let is_good = journal.is_none() && failure.is_none() && lag <= node.options.views_lag_max && bank_answers;
    let mut missed = Missed::default();
    let mut cleared = 0;
    if bank_answers && breaker == BreakerState::Closed && journal.is_none() && failure.is_none() {
        cleared = clear(directory, &mut missed).await?;
    }
    let result = json!({
        "healthy": is_good,
        "journal": {"good": journal.is_none(), "position": node.journal.end(), "fault": journal},
        "views": {"lag": lag, "lag_max": node.options.views_lag_max, "fault": failure.as_deref()},
        "gateways": [{
            "name": "bank",
            "answers": bank_answers,
            "breaker": breaker.name(),
            "outages": node.breaker.counters().outages,
        }],
        "stores": {"active": directory.active(), "quarantined": node.quarantined()},
        "alerts_cleared": cleared,
    });
    missed.judge(result, 1)
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
