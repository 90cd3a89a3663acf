//! Runs: the programs under load while faults that a seed has drawn come one after the other.
//!
//! A run draws its dials first: which faults it knows (some know none), and how close they come after each other. Each of its
//! faults then comes once, in an order of its own, and after that as the dice fall. When the faults have
//! stopped, everything has to settle within a bound, and what shoppers were told, what the API says, what the bank did and what
//! the journal has must be the same story.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::doubts;
use crate::support::{Dice, LIMIT, Setup, Shop, Verdict, World, until};
use crate::workload::{Stores, Tally};

/// The first seed, unless `CHAOS_SEED` says so.
const SEED: u64 = 20_261_122;
/// How many kills, unless `CHAOS_KILLS` says so: enough for about a minute.
const KILLS: u64 = 12;
/// No more runs are begun after so long, unless `CHAOS_SECONDS` says so.
const SECONDS: u64 = 45;
/// Shoppers at once.
const SHOPPERS: usize = 12;
/// How long everything may take to settle once the faults have stopped: a doubt takes half a minute to end, and no more than one.
const SETTLED_WITHIN: Duration = Duration::from_secs(120);
/// How long a payment may be in doubt once the bank is well.
const DOUBT_MAX_S: f64 = 60.0;
/// A node with these four shops may take so much memory, in KiB, and so many files.
const MEMORY_KIB_MAX: u64 = 768 * 1_024;
const FILES_MAX: usize = 512;
/// Room for a run, and little more: the journal's log and that of the views may each reach 64 MiB before it starts over.
const DISK_MIB: u32 = 256;
/// Keys whose requests are sent again in the end.
const REPEATED_MAX: usize = 40;

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    KillServer,
    KillBank,
    KillBoth,
    StopServer,
    StopBank,
    FullDisk,
    Clock(&'static str),
    Weather,
    Restart,
    /// None: the checker looks at the node and the bank while they work.
    Check,
}

const FAULTS: [Fault; 13] = [
    Fault::KillServer,
    Fault::KillBank,
    Fault::KillBoth,
    Fault::StopServer,
    Fault::StopBank,
    Fault::FullDisk,
    Fault::Clock("+1h"),
    Fault::Clock("-1h"),
    Fault::Clock("+30d"),
    Fault::Clock("-30d"),
    Fault::Weather,
    Fault::Restart,
    Fault::Check,
];

/// What was done, and what it met.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    kills: u64,
    stops: u64,
    full_disks: u64,
    clock_jumps: u64,
    weathers: u64,
    restarts: u64,
    orders: u64,
    refused: u64,
    unknown: u64,
    doubts: u64,
    retries: u64,
    repeated: u64,
    checks: u64,
    /// How long any doubt lasted after the bank was well again, in milliseconds; of runs whose clocks were right.
    longest_doubt_ms: u64,
}

impl Figures {
    fn add(&mut self, other: &Self) {
        let Self { kills, stops, full_disks, clock_jumps, weathers, restarts, .. } = *other;
        let Self { orders, refused, unknown, doubts, retries, repeated, checks, .. } = *other;
        self.longest_doubt_ms = self.longest_doubt_ms.max(other.longest_doubt_ms);
        for (sum, one) in [
            (&mut self.kills, kills),
            (&mut self.stops, stops),
            (&mut self.full_disks, full_disks),
            (&mut self.clock_jumps, clock_jumps),
            (&mut self.weathers, weathers),
            (&mut self.restarts, restarts),
            (&mut self.orders, orders),
            (&mut self.refused, refused),
            (&mut self.unknown, unknown),
            (&mut self.doubts, doubts),
            (&mut self.retries, retries),
            (&mut self.repeated, repeated),
            (&mut self.checks, checks),
        ] {
            *sum += one;
        }
    }
}

/// Whether the run of a seed knows every fault: each eighth, the first one among them.
fn knows_all(seed: u64) -> bool {
    seed % 8 == SEED % 8
}

/// How a run is to be.
struct Dials {
    faults: Vec<Fault>,
    /// How many of them.
    steps: u64,
    /// The longest rest between two, in milliseconds.
    rest_ms: u64,
}

impl Dials {
    /// Of the others every eighth knows no fault, and every eighth all of them close upon each other.
    fn drawn(dice: &mut Dice, knows_all: bool) -> Self {
        let intensity = if knows_all { 4 } else { dice.roll(8) };
        let mut faults: Vec<Fault> = FAULTS.to_vec();
        let (steps, rest_ms) = match intensity {
            0 => {
                faults.clear();
                (0, 400)
            }
            7 => (40, 60),
            _ => (24, 600),
        };
        if !knows_all && intensity != 7 {
            faults.retain(|_| dice.roll(8) > 0);
        }
        // While clocks jump nobody can say how long a doubt lasted.
        if !knows_all && dice.roll(3) == 0 {
            faults.retain(|fault| !matches!(fault, Fault::Clock(_)));
        }
        for place in (1..faults.len()).rev() {
            let other = usize::try_from(dice.roll(place as u64 + 1)).expect("small");
            faults.swap(place, other);
        }
        Self { faults, steps, rest_ms }
    }

    fn fault(&self, step: u64, dice: &mut Dice) -> Option<Fault> {
        let count = self.faults.len() as u64;
        let place = if step < count { step } else { dice.roll(count.max(1)) };
        self.faults.get(usize::try_from(place).expect("small")).copied()
    }
}

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}: a number")))
}

#[tokio::test]
async fn whatever_happens_to_the_processes_nothing_is_lost_or_charged_twice() {
    let (seed, kills) = (setting("CHAOS_SEED", SEED), setting("CHAOS_KILLS", KILLS));
    let limit = Duration::from_secs(setting("CHAOS_SECONDS", SECONDS));
    let (begun, mut all, mut runs) = (Instant::now(), Figures::default(), 0);
    while runs == 0 || (all.kills < kills && begun.elapsed() < limit) {
        let one = run(seed + runs).await;
        all.add(&one);
        runs += 1;
        println!("chaos: run {runs}, {} of {kills} kills, {:?}: {one:?}", all.kills, begun.elapsed());
    }
    let Figures { kills, stops, full_disks, clock_jumps, weathers, restarts, orders, .. } = all;
    let Figures { refused, unknown, doubts, retries, repeated, checks, longest_doubt_ms, .. } = all;
    // Runs that met nothing prove nothing.
    let expected = (seed..seed + runs).any(knows_all);
    for (what, count) in [
        ("kills", kills),
        ("stops", stops),
        ("full_disks", full_disks),
        ("clock_jumps", clock_jumps),
        ("weathers", weathers),
        ("restarts", restarts),
        ("doubts", doubts),
        ("retries", retries),
        ("repeated", repeated),
        ("checks", checks),
    ] {
        assert!(count > 0 || !expected, "no run of these met any {what}: {all:?}");
    }
    println!(
        "chaos: seed={seed} runs={runs} kills={kills} stops={stops} full_disks={full_disks} clock_jumps={clock_jumps} \
         weathers={weathers} restarts={restarts} orders={orders} refused={refused} unknown={unknown} doubts={doubts} \
         retries={retries} repeated={repeated} checks={checks} longest_doubt_ms={longest_doubt_ms} violations=0 seconds={}",
        begun.elapsed().as_secs()
    );
}

/// One world, from its beginning to its proof.
async fn run(seed: u64) -> Figures {
    let mut dice = Dice::seeded(seed);
    let dials = Dials::drawn(&mut dice, knows_all(seed));
    println!("chaos: seed {seed}, {} steps of {:?}", dials.steps, dials.faults);
    // A shopper may ask again after a month has passed in between: keys are kept for longer.
    let setup = Setup::new().bank_process().small_disk(DISK_MIB).setting("schedule.keys_kept_h", 8_000);
    let world = setup.start().await;
    let stores = Stores::open(&world).await;
    let (is_over, tally) = (AtomicBool::new(false), Tally::default());
    let mut figures = Figures::default();
    let load = stores.shopping(SHOPPERS, &is_over, &tally);
    let trouble = async {
        for step in 0..dials.steps {
            sleep(Duration::from_millis(10 + dice.roll(dials.rest_ms))).await;
            if let Some(fault) = dials.fault(step, &mut dice) {
                befalls(&world, fault, &mut dice, &mut figures).await;
            }
        }
        sleep(Duration::from_millis(dials.rest_ms)).await;
        // All is well from here on.
        world.bank.clears().await;
        let well = jiff::Timestamp::now();
        world.server.set_clock(None).await;
        world.server.crash().await;
        is_over.store(true, Ordering::Relaxed);
        well
    };
    let ((), well) = tokio::join!(load, trouble);
    figures.orders = tally.taken.load(Ordering::Relaxed);
    figures.refused = tally.refused.load(Ordering::Relaxed);
    figures.unknown = tally.unknown.load(Ordering::Relaxed);
    let asked = figures.orders + figures.refused + figures.unknown;
    assert!(figures.orders * 2 >= asked, "less than half of the orders were taken: {figures:?}");
    let well = Some(well).filter(|_| figures.clock_jumps == 0);
    prove(&world, &stores, well, &mut figures).await;
    figures
}

/// Lets one thing happen, and waits until it is over.
async fn befalls(world: &World, fault: Fault, dice: &mut Dice, figures: &mut Figures) {
    let during = Duration::from_millis(200 + dice.roll(1_800));
    match fault {
        Fault::KillServer => {
            world.server.crash().await;
            figures.kills += 1;
        }
        Fault::KillBank => {
            world.bank.crash().await;
            figures.kills += 1;
        }
        Fault::KillBoth => {
            tokio::join!(world.server.crash(), world.bank.crash());
            figures.kills += 2;
        }
        Fault::StopServer => {
            world.server.stands_still(during).await;
            figures.stops += 1;
        }
        Fault::StopBank => {
            world.bank.stands_still(during).await;
            figures.stops += 1;
        }
        Fault::FullDisk => figures.full_disks += u64::from(full_disk(world, during).await),
        Fault::Clock(off) => {
            world.server.set_clock(Some(off)).await;
            world.server.crash().await;
            (figures.clock_jumps, figures.kills) = (figures.clock_jumps + 1, figures.kills + 1);
        }
        Fault::Weather => {
            let weathers = [
                json!({"mode": "down"}),
                json!({"mode": "flaky", "error_rate": 0.5, "seed": dice.roll(1_000)}),
                json!({"mode": "brownout", "seed": dice.roll(1_000)}),
                json!({"mode": "slow"}),
                json!({"mode": "ok", "drop_after": 0.7, "seed": dice.roll(1_000)}),
                json!({"mode": "ok", "drop_before": 0.7, "seed": dice.roll(1_000)}),
                json!({"mode": "ok", "error_rate": 0.7, "error_after": 1.0, "status": [500, 502], "seed": dice.roll(1_000)}),
                json!({"mode": "ok", "rate": 10, "retry_after_s": 1}),
            ];
            let which = usize::try_from(dice.roll(weathers.len() as u64)).expect("small");
            world.bank.weather(weathers[which].clone()).await;
            sleep(during).await;
            world.bank.clears().await;
            figures.weathers += 1;
        }
        Fault::Check => {
            world.server.verify_with(&world.bank_urls(), &[]).await.succeeded();
            figures.checks += 1;
        }
        Fault::Restart => {
            world.server.restart().await;
            figures.restarts += 1;
        }
    }
}

/// No room for a while. Whether the node noticed: it says that it takes nothing, and takes orders again by itself.
async fn full_disk(world: &World, during: Duration) -> bool {
    let Some(disk) = world.server.disk() else {
        return file_that_may_not_grow(world, during).await;
    };
    disk.fill();
    let has_noticed = is_refusing(world, during).await;
    disk.free();
    until("orders to be taken again", LIMIT, async || {
        let ready = world.api().call("GET", "/readyz").send().await.map_err(|error| error.to_string())?;
        if ready.status == 503 { Err(ready.text) } else { Ok(()) }
    })
    .await;
    has_noticed
}

/// Where no disk can be mounted, the journal's file has a limit, which looks the same to the node.
async fn file_that_may_not_grow(world: &World, during: Duration) -> bool {
    let size = std::fs::metadata(world.server.data().join("journal.db")).map_or(0, |file| file.len());
    world.server.set("journal.file_bytes_max", &(size + 65_536).to_string()).await;
    world.server.restart().await;
    let has_noticed = is_refusing(world, during * 3).await;
    world.server.set("journal.file_bytes_max", "0").await;
    world.server.restart().await;
    has_noticed
}

async fn is_refusing(world: &World, during: Duration) -> bool {
    let since = Instant::now();
    let mut has_noticed = false;
    while since.elapsed() < during || (!has_noticed && since.elapsed() < during * 4) {
        if let Ok(ready) = world.api().call("GET", "/readyz").send().await {
            has_noticed |= ready.status == 503 && ready.text.contains("journal");
        }
        sleep(Duration::from_millis(50)).await;
    }
    has_noticed
}

/// Everything settles, and everybody tells the same story.
async fn prove(world: &World, stores: &Stores, well: Option<jiff::Timestamp>, figures: &mut Figures) {
    stores.end(world).await;
    world.proves_within(SETTLED_WITHIN, &stores.all()).await;
    for shop in stores.all() {
        let kinds = shop.events().await;
        let count = |kind: &str| kinds.iter().filter(|event| event["type"] == kind).count() as u64;
        if let Some(well) = well {
            let (longest_s, _) = doubts::longest(&kinds, well);
            assert!(longest_s <= DOUBT_MAX_S, "{}: in doubt for {longest_s} s", shop.id);
            figures.longest_doubt_ms = figures.longest_doubt_ms.max((longest_s * 1_000.0) as u64);
        }
        figures.doubts += count("payment.outcome_unknown");
        figures.retries += count("payment.retry_scheduled");
        figures.repeated += repeats_answer_alike(shop).await;
    }
    bounded(world).await;
    world.server.verify_with(&world.bank_urls(), &[]).await.succeeded();
    world.ends(&stores.all()).await;
}

/// The same request under the same key is the same order; another under that key is refused.
async fn repeats_answer_alike(shop: &Shop) -> u64 {
    let log = shop.log();
    let taken = log.iter().filter_map(|entry| match &entry.verdict {
        Verdict::Accepted(id) => Some((entry, id)),
        Verdict::Refused(_) | Verdict::Unknown => None,
    });
    let mut repeated = 0;
    for (entry, id) in taken.take(REPEATED_MAX) {
        let again = shop.call("POST", "/v1/orders").key(&entry.key).json(&entry.body).answer().await;
        assert_eq!(
            (again.status, again.body["id"].as_str()),
            (202, Some(&**id)),
            "{}: {}",
            entry.key,
            again.text
        );
        let mut other: Value = entry.body.clone();
        other["lines"][0]["quantity"] = json!(7);
        let other = shop.call("POST", "/v1/orders").key(&entry.key).json(&other).answer().await;
        assert_eq!(other.status, 422, "another order under {}: {}", entry.key, other.text);
        repeated += 1;
    }
    repeated
}

/// What the node holds on to has a bound.
async fn bounded(world: &World) {
    let process = std::path::PathBuf::from("/proc").join(world.server.id().await.to_string());
    let status = std::fs::read_to_string(process.join("status")).expect("a process of ours");
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let memory: Option<u64> = memory.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    let memory = memory.expect("a figure in KiB");
    assert!(memory < MEMORY_KIB_MAX, "{memory} KiB resident");
    let files = std::fs::read_dir(process.join("fd")).expect("a process of ours").count();
    assert!(files < FILES_MAX, "{files} files open");
}
