//! Holds whose time has come are let go by their store's own timer. This finds those of stores whose timer did not ring:
//! an index knows the stores that anything is overdue in, and the others are not looked at.

use serde_json::{Value, json};

use super::{Missed, PAGE, caught_up, enter, unreadable};
use crate::store::Directory;

pub(super) async fn run(directory: &Directory) -> Result<Value, String> {
    caught_up(directory).await?;
    let node = directory.node();
    let now = node.clock.now();
    let (mut after, mut stores, mut released) = (None, 0_u64, 0_u64);
    let mut missed = Missed::default();
    loop {
        let from = after.clone();
        let overdue = node.views.read(move |reader| reader.wakes(now, from.as_ref(), PAGE)).await;
        let overdue = overdue.map_err(unreadable)?;
        let Some(last) = overdue.last().cloned() else { break };
        for store in overdue {
            let Some(tenant) = enter(directory, &store, &mut missed).await else { continue };
            match tenant.expire_holds().await {
                Ok(count) => (stores, released) = (stores + 1, released + count),
                Err(why) => missed.note(&store, &why),
            }
        }
        after = Some(last);
    }
    missed.judge(json!({"stores": stores, "holds_released": released}), stores)
}
