//! A run: so many commands, shared out over the games and played on every core; then what was reached, and one line of
//! figures.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::dice::derived;
use crate::game::{self, Failure};
use crate::tally::{Goals, Tally};
use crate::{alert, fraud, fulfillment, inventory, order, payment, returns, seeds, self_check, shop, store};

/// How many commands, unless somebody says otherwise.
const COMMANDS: u64 = 10_000_000;
/// From this many commands on a run of all games must have reached everything.
const COMMANDS_THAT_REACH_ALL: u64 = 2_000_000;
/// Where to begin, unless somebody says otherwise.
const SEED: u64 = 1;
/// How many commands a thread plays at once.
const BLOCK: u64 = 20_000;
/// How often a long run says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(15);

/// A game as the run knows it.
struct Played {
    name: &'static str,
    /// Its share of the commands, in hundredths.
    share: u64,
    play: fn(u64, &mut Tally) -> Result<(), Box<Failure>>,
    goals: Goals,
}

/// Every game.
fn games() -> Vec<Played> {
    macro_rules! played {
        ($module:ident, $share:literal) => {
            Played {
                name: stringify!($module),
                share: $share,
                play: game::play::<$module::Table>,
                goals: $module::GOALS,
            }
        };
    }
    vec![
        played!(shop, 14),
        played!(payment, 22),
        played!(inventory, 18),
        played!(order, 14),
        played!(fulfillment, 12),
        played!(returns, 8),
        played!(alert, 6),
        played!(fraud, 4),
        played!(store, 2),
    ]
}

/// What a run is to play.
#[derive(Debug)]
pub(crate) struct Plan {
    commands: u64,
    seed: u64,
    /// One game to play again, and nothing else.
    again: Option<(String, u64)>,
    /// The games to play; all, where none is named.
    names: Vec<String>,
}

impl Plan {
    /// As environment and arguments say. Options of other test programs are passed over.
    pub(crate) fn from_environment() -> Self {
        let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("not a number: {text}"));
        let commands =
            std::env::var("ORDERFLOW_CORE_COMMANDS").map_or(COMMANDS, |text| number(&text.replace('_', "")));
        let (seed, again) = match std::env::var("ORDERFLOW_CORE_SEED") {
            Ok(text) => match text.split_once(':') {
                Some((name, seed)) => (SEED, Some((name.to_owned(), number(seed)))),
                None => (number(&text), None),
            },
            Err(_) => (SEED, None),
        };
        let names = std::env::args().skip(1).filter(|name| !name.starts_with('-')).collect();
        Self { commands, seed, again, names }
    }
}

/// Plays, and says what came of it.
pub(crate) fn run(plan: Plan) -> Result<(), String> {
    self_check::check()?;
    let games = games();
    if let Some((name, seed)) = &plan.again {
        let one = games.iter().find(|one| one.name == *name).ok_or(format!("no game is called {name}"))?;
        let mut tally = Tally::default();
        (one.play)(*seed, &mut tally).map_err(|failure| told(name, &failure))?;
        println!("{name}:{seed} holds: {} commands, {} events", tally.commands, tally.events);
        return Ok(());
    }
    let is_wanted = |one: &&Played| plan.names.is_empty() || plan.names.iter().any(|name| name == one.name);
    let wanted: Vec<&Played> = games.iter().filter(is_wanted).collect();
    if wanted.is_empty() {
        return Err(format!("no game is called {:?}", plan.names));
    }
    for (name, seed, was) in seeds::FAILED_ONCE {
        if let Some(one) = wanted.iter().find(|one| one.name == *name) {
            (one.play)(*seed, &mut Tally::default())
                .map_err(|failure| format!("again: {was}\n{}", told(name, &failure)))?;
        }
    }
    let began = now();
    let shares: u64 = wanted.iter().map(|one| one.share).sum();
    let parts: Vec<(&Played, u64)> =
        wanted.iter().map(|one| (*one, (plan.commands * one.share / shares).max(1))).collect();
    let tallies = play_all(&plan, &parts)?;
    report(&plan, &parts, &tallies, began.elapsed())
}

/// Plays every part, on every core. What is played does not depend on how many there are.
fn play_all(plan: &Plan, parts: &[(&Played, u64)]) -> Result<BTreeMap<&'static str, Tally>, String> {
    let blocks: Vec<(&Played, u64, u64)> = parts
        .iter()
        .flat_map(|(one, commands)| {
            let count = commands.div_ceil(BLOCK);
            (0..count).map(move |nth| (*one, nth, BLOCK.min(commands - nth * BLOCK)))
        })
        .collect();
    let (next, is_over, done) = (AtomicUsize::new(0), AtomicBool::new(false), AtomicU64::new(0));
    let tallies: Mutex<BTreeMap<&'static str, Tally>> = Mutex::default();
    let failures: Mutex<Vec<String>> = Mutex::default();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let began = now();
    std::thread::scope(|scope| {
        for place in 0..threads {
            let (blocks, next, is_over, done) = (&blocks, &next, &is_over, &done);
            let (tallies, failures) = (&tallies, &failures);
            scope.spawn(move || {
                let mut said = began;
                while !is_over.load(Ordering::Relaxed) {
                    let Some((one, nth, commands)) = blocks.get(next.fetch_add(1, Ordering::Relaxed)) else {
                        break;
                    };
                    let mut tally = Tally::default();
                    let block = derived(plan.seed, derived(nth.wrapping_add(1), name_bits(one.name)));
                    let mut game = 0;
                    while tally.commands < *commands {
                        let seed = derived(block, game);
                        if let Err(failure) = (one.play)(seed, &mut tally) {
                            failures.lock().expect("nobody panics").push(told(one.name, &failure));
                            is_over.store(true, Ordering::Relaxed);
                            return;
                        }
                        game += 1;
                    }
                    done.fetch_add(tally.commands, Ordering::Relaxed);
                    tallies.lock().expect("nobody panics").entry(one.name).or_default().add(&tally);
                    if place == 0 && said.elapsed() >= SAY_EVERY {
                        said = now();
                        let done = done.load(Ordering::Relaxed);
                        eprintln!("core: {done} commands in {} s", began.elapsed().as_secs());
                    }
                }
            });
        }
    });
    match failures.into_inner().expect("nobody panics").into_iter().next() {
        Some(failure) => Err(failure),
        None => Ok(tallies.into_inner().expect("nobody panics")),
    }
}

fn report(
    plan: &Plan,
    parts: &[(&Played, u64)],
    tallies: &BTreeMap<&'static str, Tally>,
    took: Duration,
) -> Result<(), String> {
    let mut all = Tally::default();
    let mut missed = Vec::new();
    for (one, _) in parts {
        let Some(tally) = tallies.get(one.name) else { continue };
        println!(
            "{}: {} games, {} commands, {} refused",
            one.name, tally.games, tally.commands, tally.refused
        );
        for (name, [accepted, unchanged, refused]) in &tally.by_command {
            println!(
                "    {name:<24} {accepted:>10} accepted {unchanged:>10} unchanged {refused:>10} refused"
            );
        }
        for (name, count) in tally.by_event.iter().chain(&tally.windows) {
            println!("    {name:<48} {count:>10}");
        }
        missed.extend(tally.missed(&one.goals).into_iter().map(|what| format!("{}: {what}", one.name)));
        all.add(tally);
    }
    let seconds = took.as_secs_f64();
    println!(
        "core: seed={} games={} commands={} accepted={} refused={} events={} replays={} seconds={:.1} per_second={:.0} violations=0",
        plan.seed,
        all.games,
        all.commands,
        all.accepted,
        all.refused,
        all.events,
        all.replays,
        seconds,
        all.commands as f64 / seconds.max(0.001),
    );
    if plan.commands >= COMMANDS_THAT_REACH_ALL && !missed.is_empty() {
        return Err(format!("the run did not reach what it is about:\n{}", missed.join("\n")));
    }
    Ok(())
}

fn told(name: &str, failure: &Failure) -> String {
    let Failure { seed, violation, moves_before, moves } = failure;
    let moves_after = moves.len();
    let moves = moves.join("\n    ");
    format!(
        "core: {name} is violated: {violation}\n  by {moves_after} of {moves_before} moves:\n    {moves}\n  again: ORDERFLOW_CORE_SEED={name}:{seed} cargo test -p orderflow --features faults --test core"
    )
}

fn name_bits(name: &str) -> u64 {
    name.bytes().fold(0, |bits, byte| bits.wrapping_mul(257).wrapping_add(u64::from(byte)))
}

#[expect(clippy::disallowed_methods, reason = "how long a run took is for people, and decides nothing")]
fn now() -> Instant {
    Instant::now()
}
