//! Request keys that are older than need be are forgotten, in portions, by the projector's next transactions. Views that are
//! made anew remember them again until this has run once more, which is soon.

use serde_json::{Value, json};

use super::Context;
use crate::types::Timestamp;

pub(super) fn run(context: &Context) -> Value {
    let node = context.directory.node();
    let kept = i64::try_from(context.keys_kept.as_micros()).unwrap_or(i64::MAX);
    let before = Timestamp::from_micros(node.clock.now().micros().saturating_sub(kept));
    node.views.forget_keys_before(before);
    json!({"keys_before": before, "forgotten_since_start": node.views.forgotten()})
}
