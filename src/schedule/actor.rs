//! The cron actor: begins what is due, one run of a job at a time, and answers whoever asks something of a job.

use std::collections::BTreeMap;
use std::io;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::fut::ready;
use actix::{
    Actor, ActorFutureExt as _, AsyncContext as _, Context, Handler, Message, ResponseActFuture,
    ResponseFuture, WrapFuture as _,
};
use futures_util::FutureExt as _;
use tokio::sync::watch;

use super::board::{Board, JobView};
use super::heart::Beat;
use super::job::{Job, Trigger};
use super::jobs::Chores;
use super::keys::Known;
use super::plan::{Ended, Plan};
use super::shelf::Shelf;
use crate::runtime::Answer;
use crate::runtime::ask::send;
use crate::types::{Clock, RequestKey, Timestamp, clock};

/// Runs the jobs of one table.
pub(super) struct Cron {
    plan: Plan,
    clock: Clock,
    work: Rc<dyn Chores>,
    shelf: Arc<Shelf>,
    board: Arc<Board>,
    run_max: Duration,
    /// How many times the file was to be written.
    writings: u64,
    /// Jobs of which not all is on disk, with the writing that will change that: until then they are shown as they were.
    unwritten: BTreeMap<Job, u64>,
    /// Whether everything ends.
    halts: watch::Sender<bool>,
    /// Runs that are not over, or whose end is not on disk.
    busy: watch::Sender<usize>,
}

/// What may be asked of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Run now, whatever the clock says, paused or not.
    Run,
    /// Run only when asked.
    Pause,
    /// Run by the clock again.
    Resume,
}

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It runs already.
    #[error("the job has been running since {since}")]
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// The key came with another request.
    #[error("this idempotency key came with another request")]
    KeyReused,
    /// The node stops, or has no jobs.
    #[error("jobs do not run")]
    Stopped,
    /// What was asked is in force, but not on disk.
    #[error("what was asked cannot be written to disk")]
    Unwritten,
}

/// Somebody asks something of a job.
#[derive(Debug, Message)]
#[rtype(result = "Result<Answer, Refused>")]
pub(super) struct Ask {
    pub(super) job: Job,
    pub(super) wish: Wish,
    pub(super) key: Option<RequestKey>,
}

/// Begin nothing more, interrupt what runs, and say when all is on disk.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Halt;

/// A run is over.
#[derive(Debug, Message)]
#[rtype(result = "()")]
struct Over {
    job: Job,
    ended: Ended,
    took: Duration,
}

impl Cron {
    pub(super) fn new(
        plan: Plan,
        clock: Clock,
        work: Rc<dyn Chores>,
        shelf: Arc<Shelf>,
        board: Arc<Board>,
        run_max: Duration,
    ) -> Self {
        let (halts, busy) = (watch::Sender::new(false), watch::Sender::new(0));
        let (writings, unwritten) = (0, BTreeMap::new());
        let cron = Self { plan, clock, work, shelf, board, run_max, writings, unwritten, halts, busy };
        cron.publish();
        cron
    }

    fn halts(&self) -> bool {
        *self.halts.borrow()
    }

    /// Begins a run of a job that does not run.
    fn launch(&self, job: Job, trigger: Trigger, ctx: &Context<Self>) {
        tracing::debug!(job = job.name(), ?trigger, "job begins");
        self.busy.send_modify(|busy| *busy += 1);
        let (work, cron, run_max) = (Rc::clone(&self.work), ctx.address(), self.run_max);
        let mut halts = self.halts.subscribe();
        actix::spawn(async move {
            let began = clock::monotonic();
            let run = AssertUnwindSafe(async move { work.run(job).await }).catch_unwind();
            // Whatever a job asks may be asked again, so it can be left at any point.
            let ended = tokio::select! {
                ended = tokio::time::timeout(run_max, run) => match ended {
                    Ok(Ok(Ok(result))) => Ended::Succeeded(result),
                    Ok(Ok(Err(why))) => Ended::Failed(why),
                    Ok(Err(_)) => Ended::Failed("it panicked".to_owned()),
                    Err(_) => Ended::Failed(format!("it took longer than {} s", run_max.as_secs())),
                },
                _ = halts.wait_for(|halts| *halts) => Ended::Interrupted,
            };
            let took = clock::monotonic().saturating_duration_since(began);
            send(&cron, Over { job, ended, took });
        });
    }

    fn publish(&self) {
        self.board.publish(&self.plan, |job| self.unwritten.contains_key(&job));
    }

    /// Writes what is known; of this job it is shown once it is on disk. What cannot be written is in force all the same.
    fn write(&mut self, job: Job) -> ResponseActFuture<Self, io::Result<()>> {
        self.writings += 1;
        let writing = self.writings;
        self.unwritten.insert(job, writing);
        let written = self.shelf.save(&self.plan.records()).into_actor(self);
        Box::pin(written.map(move |written, cron, _| {
            if cron.unwritten.get(&job) == Some(&writing) {
                cron.unwritten.remove(&job);
                cron.publish();
            }
            written
        }))
    }

    /// An answer about a job, once what it rests on is on disk.
    fn answered(&mut self, job: Job, answer: Answer) -> ResponseActFuture<Self, Result<Answer, Refused>> {
        let written = self.write(job);
        Box::pin(written.map(move |written, _, _| written.map(|()| answer).map_err(|_| Refused::Unwritten)))
    }
}

impl Actor for Cron {
    type Context = Context<Self>;
}

impl Handler<Beat> for Cron {
    type Result = ();

    fn handle(&mut self, beat: Beat, ctx: &mut Context<Self>) {
        beat.waits.store(false, Ordering::SeqCst);
        if self.halts() {
            return;
        }
        let now = self.clock.now();
        let due = self.plan.due(now);
        if due.is_empty() {
            return;
        }
        for (job, trigger) in due {
            if self.plan.begin(job, trigger, now).is_ok() {
                self.launch(job, trigger, ctx);
            }
        }
        self.publish();
    }
}

impl Handler<Over> for Cron {
    type Result = ();

    fn handle(&mut self, Over { job, ended, took }: Over, ctx: &mut Context<Self>) {
        match &ended {
            Ended::Succeeded(result) => tracing::debug!(job = job.name(), %result, "job done"),
            Ended::Failed(why) => tracing::error!(job = job.name(), reason = %why, "job failed"),
            Ended::Interrupted => tracing::info!(job = job.name(), "job interrupted"),
        }
        let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.plan.end(job, ended, took_ms, self.clock.now());
        let written = self.write(job).map(|written, cron, _| {
            // That it is not on disk was said; the job would be run once more than needed, which does no harm.
            drop(written);
            cron.busy.send_modify(|busy| *busy -= 1);
        });
        ctx.spawn(written);
    }
}

impl Handler<Ask> for Cron {
    type Result = ResponseActFuture<Self, Result<Answer, Refused>>;

    fn handle(&mut self, Ask { job, wish, key }: Ask, ctx: &mut Context<Self>) -> Self::Result {
        if self.halts() {
            return refused(Refused::Stopped);
        }
        let now = self.clock.now();
        match key.map_or(Known::New, |key| self.plan.keys.check(key, now)) {
            Known::New => {}
            Known::Reused => return refused(Refused::KeyReused),
            Known::Answered(body) => {
                let answer = Answer { body: body.into(), version: 0, is_replayed: true };
                // The first time it may not have come to disk.
                return self.answered(job, answer);
            }
        }
        match wish {
            Wish::Pause => self.plan.pause(job),
            Wish::Resume => self.plan.resume(job, now),
            Wish::Run => match self.plan.begin(job, Trigger::Request, now) {
                Ok(()) => self.launch(job, Trigger::Request, ctx),
                Err(busy) => return refused(Refused::Running { since: busy.since }),
            },
        }
        let answer = Answer::of(&self.plan.entry(job).map(|entry| JobView::of(&self.plan, entry)), 0);
        if let Some(key) = key {
            let body = String::from_utf8_lossy(&answer.body).into_owned();
            self.plan.keys.keep(key, now, body);
        }
        self.answered(job, answer)
    }
}

fn refused(why: Refused) -> ResponseActFuture<Cron, Result<Answer, Refused>> {
    Box::pin(ready(Err(why)))
}

impl Handler<Halt> for Cron {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Halt, _: &mut Context<Self>) -> Self::Result {
        self.halts.send_replace(true);
        let mut busy = self.busy.subscribe();
        Box::pin(async move {
            // The sender goes only with the actor, and then nothing runs.
            let _ = busy.wait_for(|busy| *busy == 0).await;
        })
    }
}

impl std::fmt::Debug for Cron {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cron").field("plan", &self.plan).finish_non_exhaustive()
    }
}
