//! Waiting until nothing is on its way any more.

use std::time::Duration;

use tokio::time::sleep;

use super::error::ReplayError;
use super::progress::Progress;
use crate::seed::client::{Client, OrderFigures, Stats};

const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks at the store's figures until they know all `accepted` orders and none is open. Ends with an error when for `patience`
/// nothing came nearer to that.
pub(super) async fn settle(
    client: &Client,
    store: &str,
    accepted: u64,
    patience: Duration,
    progress: &mut Progress,
) -> Result<Stats, ReplayError> {
    let mut nearest = u64::MAX;
    let mut moved = crate::types::clock::instant();
    loop {
        let stats = client.stats(store).await?;
        let left = left(&stats.orders, accepted);
        if left == 0 {
            progress.set(accepted, "");
            return Ok(stats);
        }
        if left < nearest {
            nearest = left;
            moved = crate::types::clock::instant();
        } else if moved.elapsed() > patience {
            return Err(ReplayError::Stuck {
                store: store.to_owned(),
                waited: patience,
                pending: stats.orders.pending,
                on_hold: stats.orders.on_hold,
                unseen: accepted.saturating_sub(stats.orders.total),
            });
        }
        let note = format!("{} pending, {} on hold", stats.orders.pending, stats.orders.on_hold);
        progress.set(accepted.saturating_sub(left), &note);
        sleep(LOOK_EVERY).await;
    }
}

/// Orders that are open or that the figures do not know yet.
fn left(orders: &OrderFigures, accepted: u64) -> u64 {
    orders.open() + accepted.saturating_sub(orders.total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_trail_behind_are_not_taken_for_the_end() {
        let figures = |total, pending, on_hold| OrderFigures {
            total,
            pending,
            on_hold,
            confirmed: total - pending - on_hold,
            completed: 0,
            canceled: 0,
        };
        assert_eq!(left(&figures(10, 0, 0), 10), 0);
        assert_eq!(left(&figures(7, 0, 0), 10), 3);
        assert_eq!(left(&figures(10, 2, 1), 10), 3);
        assert_eq!(left(&figures(12, 0, 0), 10), 0);
    }
}
