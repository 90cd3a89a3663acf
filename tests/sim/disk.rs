//! The disk: how long commits take, which of them fail and how, and when views look.

use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use orderflow::journal::memory::{Fault, MemoryJournal, Plan};
use orderflow::journal::{Health, Journal as _};
use orderflow::views::Views;

use super::world::{Window, World};

/// So many commits of a life may fail.
const COMMITS: u64 = 400;
/// How long a full disk stays full.
const FULL_FOR: Duration = Duration::from_secs(4);
const PROBE: Duration = Duration::from_millis(500);

/// What fails in this life.
pub(crate) fn plan(world: &World) -> Plan {
    let dials = &world.plan.dials;
    if world.is_calm() {
        return Plan::faultless();
    }
    let mut dice = world.dice(&format!("disk of life {}", world.life()));
    (1..=COMMITS).fold(Plan::faultless(), |plan, nth| {
        if dice.falls(dials.poison) {
            plan.with(nth, dice.of(&[Fault::PoisonKept, Fault::PoisonLost]))
        } else if dice.falls(dials.full) {
            plan.with(nth, dice.of(&[Fault::Full, Fault::FullOnce]))
        } else {
            plan
        }
    })
}

/// Commits what is handed over, after a while, and lets views look, after another.
pub(crate) async fn run(world: Rc<World>, journal: Arc<MemoryJournal>, views: Arc<Views>) {
    actix::spawn(look(Rc::clone(&world), Arc::clone(&journal), views));
    let mut dice = world.dice(&format!("commits of life {}", world.life()));
    loop {
        journal.appended().await;
        if world.is_dead() {
            return;
        }
        world.pass(Window::BeforeCommit);
        let wait = dice.below(if world.is_calm() { 200 } else { world.plan.dials.commit_us } + 1);
        tokio::time::sleep(Duration::from_micros(wait)).await;
        if world.is_dead() {
            return;
        }
        let before = journal.end();
        let decided = journal.pump();
        let end = journal.end();
        world.note(|line| write!(line, "commit {decided} to {end}"));
        if end > before {
            world.pass(Window::AfterCommit);
        }
        if matches!(journal.health(), Health::Refusing(_)) {
            world.count("full disks");
            let until = tokio::time::Instant::now() + FULL_FOR;
            while matches!(journal.health(), Health::Refusing(_)) && !world.is_dead() {
                if tokio::time::Instant::now() >= until {
                    journal.make_room();
                }
                journal.pump();
                tokio::time::sleep(PROBE).await;
            }
        }
    }
}

async fn look(world: Rc<World>, journal: Arc<MemoryJournal>, views: Arc<Views>) {
    let mut end = journal.follow();
    let mut dice = world.dice(&format!("views of life {}", world.life()));
    // What was there before is looked at as well.
    end.mark_changed();
    while end.changed().await.is_ok() {
        let wait = dice.below(if world.is_calm() { 5 } else { world.plan.dials.views_ms } + 1);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        world.pass(Window::BeforeViews);
        if world.is_dead() {
            return;
        }
        if let Err(why) = views.pump() {
            return world.violated(16, format!("views stopped: {why}"));
        }
    }
}
