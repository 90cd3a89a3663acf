//! Binary start to ready on an empty directory, and what it then holds.

use std::time::Duration;

use anyhow::Result;
use tokio::time::sleep;

use super::Bench;
use crate::load::clock::millis;
use crate::load::procfs;
use crate::load::report::{Budget, Row};
use crate::load::stage::Stage;

const STARTS: usize = 9;
/// After so long a started server has done what it does at its start.
const SETTLES_AFTER: Duration = Duration::from_millis(500);

pub(super) async fn measure(bench: &Bench, row: &mut Row) -> Result<()> {
    let mut readies = Vec::new();
    let mut residents = Vec::new();
    let mut stops = Vec::new();
    for _ in 0..STARTS {
        let stage = Stage::raise(&bench.place).await?;
        readies.push(millis(stage.ready_after));
        sleep(SETTLES_AFTER).await;
        residents.push(stage.server.resident_mib()?);
        if stops.is_empty() {
            row.note(format!("{} threads", procfs::threads(stage.server.id())));
        }
        stops.push(millis(stage.stop_server()?.0));
    }
    for figures in [&mut readies, &mut residents, &mut stops] {
        figures.sort_by(f64::total_cmp);
    }
    row.judge("start to ready, empty, p50", readies[STARTS / 2], "ms", Budget::AtMost(100.0));
    row.tell("start to ready, the slowest", readies[STARTS - 1], "ms");
    row.judge("resident, p50", residents[STARTS / 2], "MiB", Budget::AtMost(30.0));
    row.tell("asked to stop to ended, the slowest", stops[STARTS - 1], "ms");
    row.note(format!("{STARTS} starts, each on an empty directory; ready is /readyz 200"));
    Ok(())
}
