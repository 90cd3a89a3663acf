//! The table over time, which the tests move: what runs, how often, and what is known of it afterwards.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::heart::Beat;
use super::plan::Ended;
use super::shelf::Records;
use super::*;
use crate::types::Timestamp;

/// Nine o'clock.
const START: Timestamp = Timestamp::from_micros(1_772_355_600_000_000);
const HOUR_S: u64 = 3_600;

fn slots(cron: &'static str) -> Vec<(Job, Slot)> {
    vec![(Job::StockScan, Slot::on(cron))]
}

fn plan(cron: &'static str, records: Records, now: Timestamp) -> Plan {
    Plan::new(Zone::UTC, slots(cron), records, now)
}

fn nothing() -> Records {
    Records::new(BTreeMap::new(), keys::Keys::default())
}

fn run(plan: &mut Plan, trigger: Trigger, now: Timestamp, ended: Ended) {
    plan.begin(Job::StockScan, trigger, now).expect("it does not run");
    plan.end(Job::StockScan, ended, 1, now);
}

fn done() -> Ended {
    Ended::Succeeded(json!({}))
}

#[test]
fn however_many_ticks_were_missed_they_are_caught_up_with_once() {
    let mut plan = plan("0 */5 * * * *", nothing(), START);
    assert_eq!(plan.due(START.plus_secs(299)), []);
    assert_eq!(plan.due(START.plus_secs(300)), [(Job::StockScan, Trigger::Tick)]);
    let later = START.plus_secs(10 * HOUR_S + 7);
    assert_eq!(plan.due(later), [(Job::StockScan, Trigger::CatchUp)]);
    run(&mut plan, Trigger::CatchUp, later, done());
    assert_eq!(plan.due(later.plus_secs(1)), []);
    assert_eq!(plan.next(Job::StockScan), Some(START.plus_secs(10 * HOUR_S + 300)));
}

#[test]
fn a_job_that_runs_is_not_begun_again_and_its_tick_is_not_lost() {
    let mut plan = plan("0 */5 * * * *", nothing(), START);
    let began = START.plus_secs(300);
    plan.begin(Job::StockScan, Trigger::Tick, began).expect("idle");
    let refused = plan.begin(Job::StockScan, Trigger::Request, began.plus_secs(1)).expect_err("it runs");
    assert_eq!(refused.since, began);
    assert_eq!(plan.due(began.plus_secs(301)), [], "it runs still");
    plan.end(Job::StockScan, done(), 1, began.plus_secs(302));
    assert_eq!(plan.due(began.plus_secs(302)), [(Job::StockScan, Trigger::Tick)]);
}

#[test]
fn a_run_that_failed_waits_for_the_next_tick_and_one_that_was_interrupted_does_not() {
    let mut plan = plan("0 */5 * * * *", nothing(), START);
    let now = START.plus_secs(301);
    run(&mut plan, Trigger::Tick, now, Ended::Interrupted);
    assert_eq!(plan.due(now), [(Job::StockScan, Trigger::Tick)]);
    run(&mut plan, Trigger::Tick, now, Ended::Failed("why".to_owned()));
    assert_eq!(plan.due(now), []);
    let record = &plan.entries()[0].record;
    assert_eq!((record.runs, record.failures), (2, 1));
    let last = record.last_run.as_ref().expect("it ran");
    assert_eq!((last.outcome, last.error.as_deref()), (Outcome::Failed, Some("why")));
}

#[test]
fn a_paused_job_is_not_due_and_what_it_missed_is_nobodys() {
    let mut plan = plan("0 */5 * * * *", nothing(), START);
    plan.pause(Job::StockScan);
    let later = START.plus_secs(HOUR_S + 7);
    assert_eq!((plan.due(later), plan.next(Job::StockScan)), (vec![], None));
    // Kept over a restart.
    let mut plan = Plan::new(Zone::UTC, slots("0 */5 * * * *"), plan.records(), later);
    assert_eq!(plan.due(later), []);
    plan.resume(Job::StockScan, later);
    assert_eq!(plan.due(later), []);
    assert_eq!(plan.next(Job::StockScan), Some(START.plus_secs(HOUR_S + 300)));
    // What is not paused loses nothing by being resumed.
    let missed = later.plus_secs(HOUR_S);
    plan.resume(Job::StockScan, missed);
    assert_eq!(plan.due(missed), [(Job::StockScan, Trigger::CatchUp)]);
}

#[test]
fn a_clock_that_was_set_back_silences_nothing() {
    let mut plan = plan("0 */5 * * * *", nothing(), START.plus_secs(1_000 * HOUR_S));
    assert_eq!(plan.due(START), []);
    assert_eq!(plan.due(START.plus_secs(300)), [(Job::StockScan, Trigger::Tick)]);
}

#[test]
fn a_job_that_is_not_enabled_runs_when_asked() {
    let slot = Slot { enabled: false, ..Slot::on("* * * * * *") };
    let mut plan = Plan::new(Zone::UTC, vec![(Job::StockScan, slot)], nothing(), START);
    assert_eq!((plan.due(START.plus_secs(9)), plan.next(Job::StockScan)), (vec![], None));
    run(&mut plan, Trigger::Request, START, done());
    assert_eq!(plan.entries()[0].record.runs, 1);
}

/// Work that takes its time.
#[derive(Default)]
struct Labour {
    takes: Cell<Duration>,
    panics: Cell<bool>,
    fails: Cell<bool>,
    running: Cell<u32>,
    running_most: Cell<u32>,
    begun: RefCell<Vec<Timestamp>>,
    clock: Cell<Option<Clock>>,
}

impl Chores for Rc<Labour> {
    fn run(&self, _: Job) -> LocalBoxFuture<'static, Result<Value, String>> {
        let labour = Rc::clone(self);
        Box::pin(async move {
            let now = labour.clock.get().expect("a clock").now();
            labour.begun.borrow_mut().push(now);
            labour.running.set(labour.running.get() + 1);
            labour.running_most.set(labour.running_most.get().max(labour.running.get()));
            tokio::time::sleep(labour.takes.get()).await;
            labour.running.set(labour.running.get() - 1);
            assert!(!labour.panics.get(), "as armed");
            if labour.fails.get() { Err("as told".to_owned()) } else { Ok(json!({"done": true})) }
        })
    }
}

/// An actor whose beats the test gives.
struct Stage {
    labour: Rc<Labour>,
    shelf: Arc<Shelf>,
    schedule: Schedule,
}

impl Stage {
    fn open(folder: &Path, cron: &'static str, clock: Clock) -> Self {
        let labour = Rc::new(Labour::default());
        labour.clock.set(Some(clock));
        let (shelf, records) = Shelf::open(folder).expect("readable");
        let plan = plan(cron, records, clock.now());
        let board = Arc::new(Board::default());
        let work: Rc<dyn Chores> = Rc::new(Rc::clone(&labour));
        let run_max = Duration::from_secs(HOUR_S);
        let cron = Cron::new(plan, clock, work, Arc::clone(&shelf), Arc::clone(&board), run_max).start();
        Self { labour, shelf, schedule: Schedule { cron, board } }
    }

    async fn passes(&self, seconds: u64) {
        for _ in 0..seconds {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let waits = Arc::new(AtomicBool::new(true));
            self.schedule.cron.send(Beat { waits }).await.expect("it runs");
        }
    }

    async fn ask(&self, wish: Wish) -> Result<Value, Refused> {
        let answer = self.schedule.ask(Job::StockScan, wish, None).await?;
        Ok(serde_json::from_slice(&answer.body).expect("JSON"))
    }

    fn view(&self) -> JobView {
        self.schedule.board().job(Job::StockScan).expect("it is in the table")
    }

    async fn halts(self) {
        self.schedule.cron.send(Halt).await.expect("it runs");
    }
}

fn paused_clock() -> Clock {
    tokio::time::pause();
    Clock::following_runtime(START)
}

#[actix::test]
async fn two_hours_of_ticks_run_as_often_as_the_table_says() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 */5 * * * *", clock);
    stage.passes(2 * HOUR_S).await;
    assert_eq!(stage.labour.begun.borrow().len(), 24);
    let view = stage.view();
    assert_eq!((view.runs, view.failures, view.status), (24, 0, "idle"));
    assert_eq!(view.next_run_at, Some(START.plus_secs(2 * HOUR_S + 300)));
    let last = view.last_run.expect("it ran");
    assert_eq!(
        (last.trigger, last.outcome, last.result),
        (Trigger::Tick, Outcome::Succeeded, Some(json!({"done": true})))
    );
}

#[actix::test]
async fn a_slow_job_never_runs_over_itself() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 */5 * * * *", clock);
    stage.labour.takes.set(Duration::from_secs(701));
    stage.passes(301).await;
    let Err(Refused::Running { since }) = stage.ask(Wish::Run).await else { panic!("it runs already") };
    assert_eq!(since, stage.labour.begun.borrow()[0]);
    assert_eq!(stage.view().status, "running");
    stage.passes(2 * HOUR_S).await;
    let begun = stage.labour.begun.borrow().clone();
    assert_eq!(stage.labour.running_most.get(), 1);
    assert!(begun.is_sorted_by(|a, b| a.until(*b) >= Duration::from_secs(701)), "{begun:?}");
    assert!(begun.len() >= 9, "what was missed is caught up with: {begun:?}");
}

#[actix::test]
async fn a_panic_and_a_failure_are_said_and_the_next_tick_runs() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 */5 * * * *", clock);
    stage.labour.panics.set(true);
    stage.passes(310).await;
    let last = stage.view().last_run.expect("it ran");
    assert_eq!((last.outcome, last.error.as_deref()), (Outcome::Failed, Some("it panicked")));
    stage.labour.panics.set(false);
    stage.labour.fails.set(true);
    stage.passes(300).await;
    assert_eq!(stage.view().last_run.expect("it ran").error.as_deref(), Some("as told"));
    stage.labour.fails.set(false);
    stage.labour.takes.set(Duration::from_secs(2 * HOUR_S));
    stage.passes(300 + HOUR_S + 5).await;
    assert_eq!(stage.view().last_run.expect("it ran").error.as_deref(), Some("it took longer than 3600 s"));
    assert_eq!((stage.view().runs, stage.view().failures), (3, 3));
}

#[actix::test]
async fn stopping_interrupts_what_runs_and_the_next_start_catches_up_once() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 0 * * * *", clock);
    stage.labour.takes.set(Duration::from_secs(600));
    stage.passes(HOUR_S + 10).await;
    let before = clock.now();
    let schedule = stage.schedule.clone();
    stage.halts().await;
    assert!(before.until(clock.now()) < Duration::from_secs(1), "nobody waits for the job");
    assert_eq!(schedule.ask(Job::StockScan, Wish::Run, None).await, Err(Refused::Stopped));
    let last = schedule.board().job(Job::StockScan).and_then(|job| job.last_run).expect("it ran");
    assert_eq!(last.outcome, Outcome::Interrupted);

    tokio::time::sleep(Duration::from_secs(24 * HOUR_S)).await;
    let stage = Stage::open(folder.path(), "0 0 * * * *", clock);
    assert_eq!(stage.view().last_run, Some(last), "what was known is known");
    stage.passes(60).await;
    let view = stage.view();
    let last = view.last_run.expect("it ran");
    assert_eq!((last.trigger, last.outcome, view.runs), (Trigger::CatchUp, Outcome::Succeeded, 2));
}

#[actix::test]
async fn what_was_asked_under_a_key_is_done_once_and_known_after_a_restart() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 0 0 1 1 *", clock);
    let key = Some(RequestKey::new("once", &[b"run"]));
    let first = stage.schedule.ask(Job::StockScan, Wish::Run, key).await.expect("run");
    assert!(!first.is_replayed);
    stage.passes(2).await;
    let again = stage.schedule.ask(Job::StockScan, Wish::Run, key).await.expect("answered again");
    assert_eq!((again.is_replayed, &again.body), (true, &first.body));
    let other = Some(RequestKey::new("once", &[b"pause"]));
    let refused = stage.schedule.ask(Job::StockScan, Wish::Pause, other).await;
    assert_eq!(refused, Err(Refused::KeyReused));
    let paused = stage.ask(Wish::Pause).await.expect("paused");
    assert_eq!((&paused["paused"], &paused["next_run_at"]), (&json!(true), &Value::Null));
    // No clean stop: what was answered is on disk.
    let stage = Stage::open(folder.path(), "0 0 0 1 1 *", clock);
    assert!(stage.view().paused);
    let again = stage.schedule.ask(Job::StockScan, Wish::Run, key).await.expect("answered again");
    assert!(again.is_replayed);
    assert_eq!(stage.labour.begun.borrow().len(), 0);
    assert_eq!(stage.ask(Wish::Resume).await.expect("resumed")["paused"], json!(false));
}

#[actix::test]
async fn a_file_that_cannot_be_read_is_set_aside() {
    let clock = paused_clock();
    for broken in ["{\"format\": 1, \"jobs\"", "{\"format\": 9, \"jobs\": {}, \"keys\": []}", ""] {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("schedule.json"), broken).expect("written");
        let stage = Stage::open(folder.path(), "0 0 * * * *", clock);
        assert_eq!(stage.view().last_run, None);
        let aside = std::fs::read_to_string(folder.path().join("schedule.json.damaged"));
        assert_eq!(aside.expect("it is kept"), broken);
        stage.ask(Wish::Pause).await.expect("written anew");
        assert!(Stage::open(folder.path(), "0 0 * * * *", clock).view().paused);
    }
}

#[actix::test]
async fn what_cannot_be_written_is_not_answered_as_done() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 0 * * * *", clock);
    std::fs::create_dir(folder.path().join("schedule.json.next")).expect("in the way");
    assert_eq!(stage.ask(Wish::Pause).await, Err(Refused::Unwritten));
    // Nor is it when the same is asked again.
    let key = Some(RequestKey::new("once", &[b"pause"]));
    for _ in 0..2 {
        let asked = stage.schedule.ask(Job::StockScan, Wish::Pause, key).await;
        assert_eq!(asked, Err(Refused::Unwritten));
    }
    std::fs::remove_dir(folder.path().join("schedule.json.next")).expect("out of the way");
    assert!(stage.schedule.ask(Job::StockScan, Wish::Pause, key).await.expect("written").is_replayed);
    assert!(Stage::open(folder.path(), "0 0 * * * *", clock).view().paused);
}

/// Whoever has seen a run sees it after a crash as well.
#[actix::test]
async fn what_is_not_on_disk_is_not_shown() {
    let (clock, folder) = (paused_clock(), tempfile::tempdir().expect("a folder"));
    let stage = Stage::open(folder.path(), "0 0 0 1 1 *", clock);
    let before = stage.view();
    let (is_held, hears) = std::sync::mpsc::channel();
    let (lets_go, waits) = std::sync::mpsc::channel::<()>();
    let shelf = Arc::clone(&stage.shelf);
    let holder = std::thread::spawn(move || {
        let _held = shelf.hold();
        is_held.send(()).expect("somebody waits");
        // Until the other end is gone.
        assert!(waits.recv().is_err(), "nothing is sent");
    });
    hears.recv().expect("held");
    let schedule = stage.schedule.clone();
    let asked = actix::spawn(async move { schedule.ask(Job::StockScan, Wish::Run, None).await });
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.labour.begun.borrow().len(), 1);
    assert_eq!((stage.view(), asked.is_finished()), (before, false));
    drop(lets_go);
    holder.join().expect("no panic");
    let answer = asked.await.expect("no panic").expect("run").body;
    assert_eq!(serde_json::from_slice::<Value>(&answer).expect("JSON")["status"], "running");
    let ran = async {
        while stage.view().runs == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ran).await.expect("it is shown");
    let shown = stage.view();
    assert_eq!((shown.runs, shown.status), (1, "idle"));
    assert_eq!(Stage::open(folder.path(), "0 0 0 1 1 *", clock).view(), shown);
}

#[actix::test]
async fn the_scheduler_beats() {
    let folder = tempfile::tempdir().expect("a folder");
    let labour = Rc::new(Labour::default());
    labour.clock.set(Some(Clock::SYSTEM));
    let table = Table { zone: Zone::UTC, run_max: Duration::from_secs(60), slots: slots("* * * * * *") };
    let work: Rc<dyn Chores> = Rc::new(Rc::clone(&labour));
    let running = start(table, folder.path(), Clock::SYSTEM, work).await.expect("started");
    let ran = async {
        while running.schedule().board().job(Job::StockScan).is_none_or(|job| job.runs < 2) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ran).await.expect("it beats");
    running.stop().await;
}
