//! Alerts: what people should know of, and what they do about it.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::door::{Door, Through};
use super::json::check_plain;
use super::lists;
use super::query::{Params, PathTo};
use super::recent::Recent;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::alert::{AlertView, Command, Kind, Severity, Status};
use crate::problem::{Code, Problem};
use crate::runtime::Answer;
use crate::store::Tenant;
use crate::types::AlertId;
use crate::views::{AlertFilter, ViewsReader};

/// Which alerts to list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// `firing`, `acknowledged` or `resolved`; all where it is missing.
    #[serde(default)]
    status: Option<Status>,
    /// Those of this kind; all where it is missing.
    #[serde(default)]
    kind: Option<Kind>,
    /// `info`, `warning` or `critical`; all where it is missing.
    #[serde(default)]
    severity: Option<Severity>,
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    cursor: Option<String>,
}

/// The store's alerts, the newest first.
pub(super) async fn list(
    door: Through,
    tenant: Tenant,
    recent: Recent,
    Params(asked): Params<Asked>,
) -> Reply {
    let limit = lists::limit(asked.limit)?;
    let Asked { status, kind, severity, cursor, .. } = asked;
    let make = async |tenant: Tenant| {
        let (store, filter) = (tenant.id().clone(), AlertFilter { status, kind, severity });
        let query =
            move |views: &mut ViewsReader| views.list_alerts(&store, &filter, cursor.as_deref(), limit);
        let page = lists::ask(&door, tenant.end(), query).await?;
        Ok(lists::page(&page, AlertView::of))
    };
    recent.or(tenant, make).await
}

/// One alert.
pub(super) async fn show(door: Through, tenant: Tenant, PathTo(id): PathTo<AlertId>) -> Reply {
    reply::found(find(&door, &tenant, id).await?, Code::AlertNotFound)
}

/// An alert that is not over is asked for at its desk, any other in views.
async fn find(door: &Door, tenant: &Tenant, id: AlertId) -> Result<Option<Answer>, Problem> {
    if let Some(answer) = tenant.alert(id).await? {
        return Ok(Some(answer));
    }
    let store = tenant.id().clone();
    let stored = lists::ask(door, tenant.end(), move |views| views.alert(&store, id)).await?;
    Ok(stored.map(|alert| Answer::of(&AlertView::of(&alert), alert.version)))
}

/// Who does it.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Hand {
    /// A name, for other people.
    #[serde(default)]
    by: Option<Arc<str>>,
}

/// Somebody looks after it: it escalates no more.
pub(super) async fn acknowledge(sent: Sent, PathTo(id): PathTo<AlertId>) -> Reply {
    let Hand { by } = sent.body.json_or_default()?;
    check_plain([("/by", by.as_deref())])?;
    ask(sent, id, Command::Acknowledge { id, by }).await
}

/// It is over, whatever the condition.
pub(super) async fn resolve(sent: Sent, PathTo(id): PathTo<AlertId>) -> Reply {
    let Hand { by } = sent.body.json_or_default()?;
    check_plain([("/by", by.as_deref())])?;
    ask(sent, id, Command::Resolve { id, by }).await
}

/// How long nobody wants to hear of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Silence {
    /// In minutes, 1 to 43,200.
    minutes: u32,
}

/// It does not escalate for a while.
pub(super) async fn silence(sent: Sent, PathTo(id): PathTo<AlertId>) -> Reply {
    let Silence { minutes } = sent.body.json()?;
    ask(sent, id, Command::Silence { id, minutes }).await
}

async fn ask(Sent { tenant, body }: Sent, id: AlertId, command: Command) -> Reply {
    Ok(reply::answer(StatusCode::OK, tenant.ask_alert(id, command, body.terms()).await?))
}
