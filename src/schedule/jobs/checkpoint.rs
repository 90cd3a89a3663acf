//! While nothing happens: the journal's log is moved into its file and cut, and the views' likewise, and SQLite may look at
//! what its indexes are like. A node that is never idle is none the worse: both move their logs as they go.

use std::time::Duration;

use serde_json::{Value, json};

use super::Context;

/// Nothing must have happened for so long.
const IDLE_FOR: Duration = Duration::from_secs(1);

pub(super) async fn run(context: &Context) -> Value {
    let node = context.directory.node();
    let before = node.journal.end();
    tokio::time::sleep(IDLE_FOR).await;
    let end = node.journal.end();
    let is_idle = before == end;
    if is_idle {
        node.journal.tidy();
        node.views.tidy();
    }
    json!({"idle": is_idle, "position": end})
}
