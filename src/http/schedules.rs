//! Scheduled jobs: how they stand, and what whoever runs the platform asks of them.

use actix_web::http::StatusCode;
use serde::Serialize;

use super::door::Through;
use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Body;
use crate::problem::Code;
use crate::schedule::{Job, JobView, Schedule, Wish};

#[derive(Serialize)]
struct All<'a> {
    data: &'a [JobView],
    /// There are few: all are on the first page.
    next_cursor: Option<String>,
}

/// All jobs, in the order of the cron table.
pub(super) async fn list(door: Through) -> Reply {
    let jobs = schedule(&door)?.board().jobs();
    Ok(reply::view(&All { data: &jobs, next_cursor: None }))
}

/// One job.
pub(super) async fn show(door: Through, PathTo(job): PathTo<Job>) -> Reply {
    let view = schedule(&door)?.board().job(job).ok_or(Code::ScheduleNotFound)?;
    Ok(reply::view(&view))
}

/// Runs a job now, paused or not. It goes on after the answer; one that runs already is not begun again.
pub(super) async fn run(door: Through, body: Body, PathTo(job): PathTo<Job>) -> Reply {
    ask(&door, &body, job, Wish::Run, StatusCode::ACCEPTED).await
}

/// The job runs only when asked. A run under way goes on.
pub(super) async fn pause(door: Through, body: Body, PathTo(job): PathTo<Job>) -> Reply {
    ask(&door, &body, job, Wish::Pause, StatusCode::OK).await
}

/// The job runs by the clock again, from its next tick on.
pub(super) async fn resume(door: Through, body: Body, PathTo(job): PathTo<Job>) -> Reply {
    ask(&door, &body, job, Wish::Resume, StatusCode::OK).await
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

async fn ask(door: &Through, body: &Body, job: Job, wish: Wish, status: StatusCode) -> Reply {
    let Nothing {} = body.json_or_default()?;
    Ok(reply::answer(status, schedule(door)?.ask(job, wish, body.key).await?))
}

fn schedule(door: &Through) -> Result<&Schedule, Code> {
    door.schedule().ok_or(Code::ScheduleUnavailable)
}
