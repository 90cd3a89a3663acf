//! One store's sale day: what the others feel when one store asks for a hundred times its share.
//!
//! ```text
//!  calm     the others at their even rate
//!  flooded  the same, and one store at a hundred times its share
//! ```
//!
//! In turn, several times, and the round in the middle counts: a disk that stands still for a tenth of a second decides the 99th
//! percentile of the round in which it does, on one side only.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{Bench, SKUS};
use crate::load::drive::{Open, Tally, open};
use crate::load::report::{Budget, Row};
use crate::load::shop::{Catalogue, Orders, Policy};
use crate::load::stage::Stage;
use crate::load::standing::Standing;

const STORES: u64 = 50;
/// What all stores ask for together, of what the server can settle.
const SHARE: f64 = 0.1;
const TIMES: f64 = 100.0;
const CONNECTIONS: usize = 64;
const FLOOD_CONNECTIONS: usize = 128;
/// Odd, so that there is one in the middle.
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_secs(2);
const SETTLED_WITHIN: Duration = Duration::from_secs(60);

pub(super) async fn measure(bench: &mut Bench, row: &mut Row) -> Result<()> {
    let capacity = bench.settle_rate(row).await?;
    let even = capacity * SHARE / STORES as f64;
    let catalogue = Catalogue { stores: STORES, skus: SKUS, policy: Policy::ByHand };
    let mut stage = Stage::with_stores(&bench.place, catalogue).await?;
    let names = catalogue.names();
    let (greedy, others) = names.split_at(1);
    let ordinary = |lasts| Open {
        address: stage.server.address,
        connections: CONNECTIONS,
        rate: even * (STORES - 1) as f64,
        lasts,
    };
    let flood = |lasts| Open {
        address: stage.server.address,
        connections: FLOOD_CONNECTIONS,
        rate: even * TIMES,
        lasts,
    };
    let orders = Rc::new(Orders::new("others", others.to_vec(), SKUS));
    let sale = Rc::new(Orders::new("sale", greedy.to_vec(), SKUS));
    let warm = open(ordinary(WARM_UP), &orders).await?.checked("the warm-up")?;

    let lasts = bench.options.duration() / 2;
    let (mut calm, mut flooded, mut flooding) = (Tally::default(), Tally::default(), Tally::default());
    let mut rounds = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let quiet = open(ordinary(lasts), &orders).await?.checked("the others, calm")?;
        let both = tokio::join!(open(ordinary(lasts), &orders), open(flood(lasts), &sale));
        let loud = both.0?.checked("the others, flooded")?;
        rounds.push(loud.latency_ms(0.99) / quiet.latency_ms(0.99));
        calm.add(&quiet);
        flooded.add(&loud);
        flooding.add(&both.1?.checked("the flood")?);
        // The calm of the next round is not to pay for this round's flood.
        let accepted = [&warm, &calm, &flooded, &flooding].iter().map(|tally| tally.accepted).sum();
        Standing::settled(stage.control(), accepted, SETTLED_WITHIN).await?;
    }
    stage.server.alive()?;

    rounds.sort_unstable_by(f64::total_cmp);
    let up_by = |times: f64| (times - 1.0) * 100.0;
    let middle = up_by(rounds[ROUNDS / 2]);
    row.judge("the others' accept p99, up by, middle round", middle, "%", Budget::AtMost(10.0));
    row.tell("... the least of all rounds", up_by(rounds[0]), "%");
    row.tell("... the most", up_by(rounds[ROUNDS - 1]), "%");
    row.tell("the others' accept p99, calm, all rounds", calm.latency_ms(0.99), "ms");
    row.tell("the others' accept p99, flooded, all rounds", flooded.latency_ms(0.99), "ms");
    row.tell("the others' accept p50, calm", calm.latency_ms(0.5), "ms");
    row.tell("the others' accept p50, flooded", flooded.latency_ms(0.5), "ms");
    row.tell("the flood's rate", flooding.rate(), "/s");
    row.tell("the flood's refusals", flooding.refused as f64, "");
    row.tell("the flood's accept p99", flooding.latency_ms(0.99), "ms");
    row.note(format!(
        "{STORES} stores at {even:.1} orders/s each; one of them at {:.0}/s, {ROUNDS} rounds in turn",
        even * TIMES,
    ));
    row.note(format!("calm: {}", calm.words()));
    row.note(format!("flooded: {}", flooded.words()));
    row.note(format!("the flood: {}", flooding.words()));
    let refused = calm.refused + flooded.refused;
    if refused > 0 {
        bail!("{refused} orders of stores within their share were refused");
    }
    Ok(())
}
