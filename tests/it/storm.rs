//! Money under every weather: each of the bank's own methods and each thing that can be wrong with the bank, alone and in pairs,
//! over the real programs. Whatever the bank did meanwhile, when it is back every payment comes to an end that the bank's books
//! confirm to the minor unit, nobody is charged twice, and no doubt lasts longer than a minute.
//!
//! A pair of winds blows one after the other, then both at once: *second*, *both*, *first*. Each has a store of its own, and
//! every method buys in every store. Some orders are paid before, so that captures, voids and refunds meet the weather too. Of
//! the worlds, some see the bank come back because it clears, some because it was killed and started again, and in some the
//! server dies in the middle.

mod doubts;
mod winds;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::fulfillment::{STAGES, advance, work};
use crate::support::{Bank, REST, Setup, Shop, World, basket, holds, many, until};
use winds::{Wind, methods, winds};

const GOOD: &str = "pm_card_visa";
const CHALLENGED: &str = "pm_card_authenticationRequired";
/// Besides one a method: enough of an ordinary kind for every wind to be felt.
const ORDINARY: usize = 3;
/// No doubt may last longer, once the bank is well.
const DOUBT_MAX_S: f64 = 60.0;
/// How long each weather lasts after its orders were taken.
const SPELL: Duration = Duration::from_millis(1_500);
/// Stores of one world.
const STORES: usize = 9;

/// Which winds blow over one store, and when.
#[derive(Clone, Debug)]
struct Combination {
    store: String,
    spells: [Wind; 3],
    /// Every wind among them, by name.
    names: Vec<String>,
}

impl Combination {
    fn alone(wind: &Wind) -> Self {
        let spells = [wind.clone(), wind.clone(), wind.clone()];
        Self { store: id(&wind.name), spells, names: vec![wind.name.clone()] }
    }

    fn pair(first: &Wind, second: &Wind) -> Self {
        let both = first.and(second);
        let names = vec![first.name.clone(), second.name.clone()];
        Self { store: id(&both.name), spells: [second.clone(), both, first.clone()], names }
    }
}

fn id(name: &str) -> String {
    name.replace('_', "-")
}

/// How the bank of a world comes back, and what happens to the server meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Course {
    Clears,
    /// The bank is killed; in its next life the weather is fair.
    BankDies,
    ServerDies,
}

/// What was seen of one world: felt winds, and how long doubts lasted.
#[derive(Debug, Default)]
struct Seen {
    felt: BTreeMap<String, usize>,
    doubts: usize,
    longest_s: f64,
    orders: usize,
}

#[tokio::test]
async fn every_method_survives_every_weather_alone_and_in_pairs() {
    let catalog = Bank::inside().catalog().await;
    let (winds, _) = winds(&catalog);
    let mut combinations = Vec::new();
    for (nth, first) in winds.iter().enumerate() {
        combinations.push(Combination::alone(first));
        combinations.extend(winds[nth + 1..].iter().map(|second| Combination::pair(first, second)));
    }
    combinations.push(Combination::alone(&Wind::calm()));
    let methods = methods(&catalog);
    let worlds: Vec<&[Combination]> = combinations.chunks(STORES).collect();
    let courses = [Course::Clears, Course::BankDies, Course::ServerDies];
    let seen = many(worlds.len(), worlds.len(), async |nth| {
        let setup = Setup::new().bank_process();
        let world = setup.start().await;
        world_in(&world, worlds[nth], &methods, courses[nth % courses.len()]).await
    })
    .await;
    let felt = sum(&seen);
    for wind in &winds {
        assert!(
            felt.get(&wind.name).is_some_and(|orders| *orders > 0),
            "nobody felt {}: {felt:?}",
            wind.name
        );
    }
}

#[tokio::test]
async fn every_method_survives_notifications_in_every_weather() {
    let catalog = Bank::inside().catalog().await;
    let (mut winds, of_notices) = winds(&catalog);
    winds.insert(0, Wind::calm());
    let methods = methods(&catalog);
    let luck = many(winds.len(), winds.len(), async |nth| {
        let world = Setup::new().bank_process().start().await;
        let combination = Combination::pair(&winds[nth], &of_notices);
        let store = combination.store.clone();
        let seen = world_in(&world, &[combination], &methods, Course::Clears).await;
        (store, seen)
    })
    .await;
    let of_all = |kind: &str| luck.iter().filter_map(|(_, seen)| seen.felt.get(kind)).sum::<usize>();
    for kind in ["delivered", "lost", "duplicated", "held_back"] {
        assert!(of_all(kind) > 0, "no notification was {kind}: {luck:?}");
    }
}

/// One world's stores through their weather, to the end of everything.
async fn world_in(world: &World, all: &[Combination], methods: &[String], course: Course) -> Seen {
    let shops =
        many(all.len(), all.len(), async |nth| open(world, nth, &all[nth], all.len() == 1).await).await;
    let mut shops: Vec<(usize, Shop, Vec<String>)> = shops;
    shops.sort_by_key(|(nth, ..)| *nth);
    let begun = tokio::time::Instant::now();
    for spell in 0..3 {
        for (nth, combination) in all.iter().enumerate() {
            let weather = combination.spells[spell].weather(100 * nth + spell);
            world.bank.weather_over(&combination.store, weather).await;
        }
        many(all.len(), all.len(), async |nth| {
            let (_, shop, paid) = &shops[nth];
            if spell == 1 {
                undo(shop, paid, nth).await;
            }
            for method in methods_of(methods, spell, nth) {
                shop.buy(&basket("MUG", 1).paid_with(&method)).await;
            }
        })
        .await;
        holds("nobody is charged twice", SPELL, async || {
            for (_, shop, _) in &shops {
                charged_once(world, shop).await?;
            }
            Ok(())
        })
        .await;
        if spell == 1 && course == Course::ServerDies {
            world.server.crash().await;
        }
    }
    let back = Timestamp::now();
    match course {
        Course::BankDies => world.bank.crash().await,
        Course::Clears | Course::ServerDies => {
            for combination in all {
                world.bank.weather_over(&combination.store, json!({"mode": "ok"})).await;
            }
        }
    }
    answer_challenges(world, &shops).await;
    let mut seen = Seen::default();
    for (nth, shop, _) in &shops {
        world.proves(&[shop]).await;
        let events = shop.events().await;
        let (longest_s, doubts) = doubts::longest(&events, back);
        assert!(longest_s <= DOUBT_MAX_S, "{}: in doubt for {longest_s} s", shop.id);
        seen.longest_s = seen.longest_s.max(longest_s);
        seen.doubts += doubts;
        let orders = shop.whole_list("/v1/orders").await;
        seen.orders += orders.len();
        let felt = felt(&orders, &events);
        for name in &all[*nth].names {
            *seen.felt.entry(name.clone()).or_default() += felt;
        }
    }
    let notices = world.bank.notices().await;
    for (kind, count) in notices.as_object().expect("counts") {
        let count = count.as_u64().and_then(|count| usize::try_from(count).ok()).expect("a count");
        seen.felt.insert(kind.clone(), count);
    }
    println!("{course:?} {:?} after {:?}: {seen:?}", all[0].store, begun.elapsed());
    world.server.terminate().await;
    world.server.verify().await.succeeded();
    seen
}

/// A store with three orders that are paid already; told by the bank, if it is alone.
async fn open(
    world: &World,
    nth: usize,
    combination: &Combination,
    is_told: bool,
) -> (usize, Shop, Vec<String>) {
    let mut settings = json!({"capture": if nth.is_multiple_of(2) { "automatic" } else { "on_shipment" }});
    if is_told {
        let url = format!("{}/v1/gateways/stripe/webhooks/{}", world.api().url(), combination.store);
        let secret = world.bank.tells(&url).await;
        settings["gateway"] = json!({"webhook_secrets": [secret]});
    }
    let shop = world.shop_with(&combination.store, settings).await;
    shop.stock("MUG", 100).await;
    let mut paid = Vec::new();
    for _ in 0..2 {
        paid.push(shop.buy_until(&basket("MUG", 2), "confirmed").await);
    }
    if nth % 2 == 1 {
        let parcel = &work(&shop, &paid[0]).await[0]["id"];
        for stage in STAGES {
            advance(&shop, parcel.as_str().expect("an id"), json!({"to": stage})).await.must(200);
        }
    }
    (nth, shop, paid)
}

/// One paid order is canceled: voided or given back whole. Of the other the money is taken, because it leaves, or given back
/// in part.
async fn undo(shop: &Shop, paid: &[String], nth: usize) {
    shop.cancel(&paid[1]).await.must(200);
    if nth % 2 == 1 {
        let parcel = work(shop, &paid[0]).await[0]["id"].as_str().expect("an id").to_owned();
        advance(shop, &parcel, json!({"to": "shipped", "carrier": "ups"})).await.must(200);
    } else {
        let wish = json!({"amount": 700, "reason": "goodwill"});
        shop.post(&format!("/v1/orders/{}/refunds", paid[0]), &wish).await.must(202);
    }
}

/// What is bought with in a spell: over the three of them each method once, not in the same one in every store.
fn methods_of(methods: &[String], spell: usize, nth: usize) -> Vec<String> {
    let own = methods.iter().enumerate().filter(|(place, _)| (place + nth) % 3 == spell);
    let ordinary = std::iter::repeat_n(GOOD, ORDINARY).map(str::to_owned);
    own.map(|(_, method)| method.clone()).chain(ordinary).collect()
}

async fn charged_once(world: &World, shop: &Shop) -> Result<(), String> {
    let books = world.bank.books(&shop.id).await;
    let mut live: BTreeMap<String, i64> = BTreeMap::new();
    for row in &books.rows {
        let Some(order) = books.order_of(row) else { return Err(format!("a row of no order: {row}")) };
        let live = live.entry(order).or_default();
        *live += match row["type"].as_str() {
            Some("authorization") => 1,
            Some("void") => -1,
            _ => 0,
        };
        if *live > 1 {
            return Err(format!("charged twice: {row}"));
        }
    }
    Ok(())
}

/// The shoppers prove themselves, however late their orders come to ask for it.
async fn answer_challenges(world: &World, shops: &[(usize, Shop, Vec<String>)]) {
    until("all challenges to be passed", REST, async || {
        let mut open = Vec::new();
        for (_, shop, _) in shops {
            let waiting = shop.get("/v1/orders?limit=100&status=requires_action").await;
            let waiting = waiting["data"].as_array().cloned().unwrap_or_default();
            for order in &waiting {
                world.bank.passes_challenges(order["id"].as_str().expect("an id")).await;
            }
            // In one look, or an order could pass from one of these to another between two.
            let stats = shop.stats().await;
            let may_still_ask =
                [("orders", "requires_action"), ("orders", "pending"), ("payments", "unknown")];
            if may_still_ask.iter().any(|(figure, kind)| stats[figure][kind] != 0) {
                open.push(format!("{}: {stats}", shop.id));
            }
        }
        if open.is_empty() { Ok(()) } else { Err(format!("{open:?}")) }
    })
    .await;
}

/// How many orders with an ordinary card met something out of the ordinary.
fn felt(orders: &[Value], events: &[Value]) -> usize {
    let is_strange = |event: &&Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        ["payment.outcome_unknown", "payment.retry_scheduled", "payment.declined"].contains(&kind)
    };
    let strange: std::collections::BTreeSet<&str> =
        events.iter().filter(is_strange).filter_map(|event| event["order_id"].as_str()).collect();
    let is_ordinary = |order: &&Value| order["payment"]["payment_method"] == GOOD;
    let ordinary = orders.iter().filter(is_ordinary).filter_map(|order| order["id"].as_str());
    ordinary.filter(|order| strange.contains(order)).count()
}

fn sum(seen: &[Seen]) -> BTreeMap<String, usize> {
    let mut sums = BTreeMap::new();
    for (name, orders) in seen.iter().flat_map(|seen| &seen.felt) {
        *sums.entry(name.clone()).or_default() += orders;
    }
    sums
}

#[test]
fn winds_act_together() {
    let catalog = json!({"modes": ["ok", "down", "slow"], "dials": ["error_after", "status", "webhook"], "methods": []});
    let (winds, _) = winds(&catalog);
    let names: Vec<&str> = winds.iter().map(|wind| wind.name.as_str()).collect();
    assert_eq!(names, ["down", "slow", "error_after", "status"]);
    let both = winds[0].and(&winds[1]).weather(7);
    assert_eq!(both, json!({"mode": "down", "also": ["slow"], "seed": 7}));
    let both = winds[2].and(&winds[3]).weather(7);
    assert_eq!(both["status"], json!([500, 502, 504, 429]), "{both}");
    assert_eq!(Combination::pair(&winds[0], &winds[2]).store, "down-error-after");
    let every: Vec<String> =
        (0..3).flat_map(|spell| methods_of(&["a".into(), "b".into()], spell, 4)).collect();
    assert_eq!(every.iter().filter(|method| *method != GOOD).count(), 2, "each once: {every:?}");
}
