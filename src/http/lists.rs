//! Lists, timelines and figures: what views know, after everything that was answered before the request came.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::door::Door;
use super::reply;
use crate::problem::{Code, Problem};
use crate::runtime::Fault;
use crate::views::{Page, ViewsError, ViewsReader};

/// The most entries of one page.
const LIMIT_MAX: u32 = 100;
/// How many a page has where nobody says.
const LIMIT: u32 = 20;

/// Where a page begins and how long it may be, for lists without filters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    /// 1 to 100; 20 where it is missing.
    #[serde(default)]
    pub(super) limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[serde(default)]
    pub(super) cursor: Option<String>,
}

/// How many entries a page shall have.
pub(super) fn limit(asked: Option<u32>) -> Result<usize, Problem> {
    super::query::limit(asked, LIMIT, LIMIT_MAX)
}

/// Asks views, once they show everything up to a position.
pub(super) async fn ask<T: Send + 'static>(
    door: &Door,
    position: u64,
    query: impl FnOnce(&mut ViewsReader) -> Result<T, ViewsError> + Send + 'static,
) -> Result<T, Problem> {
    let views = &door.directory().node().views;
    let patience: Duration = door.limits().request_timeout / 2;
    views.at_least(position, patience).await.map_err(|_| Fault::ViewsBehind)?;
    views.read(query).await.map_err(unreadable)
}

fn unreadable(error: ViewsError) -> Problem {
    if matches!(error, ViewsError::Cursor) {
        return Code::MalformedCursor.into();
    }
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    tracing::error!(%error, cause, "views could not be read");
    Fault::Unreadable.into()
}

/// A page of something, each entry shown as clients see it.
pub(super) fn page<'a, T, V: Serialize>(
    page: &'a Page<T>,
    show: impl FnMut(&'a T) -> V,
) -> actix_web::HttpResponse {
    let data: Vec<V> = page.data.iter().map(show).collect();
    reply::view(&Page { data, next_cursor: page.next_cursor.clone() })
}
