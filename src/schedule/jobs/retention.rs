//! Request keys that are older than need be are forgotten, in portions, by the projector, with or without news to write. Views
//! that are made anew do not remember them again.

use serde_json::{Value, json};

use super::Context;

pub(super) fn run(context: &Context) -> Value {
    let node = context.directory.node();
    let before = node.clock.now().less(context.keys_kept);
    node.views.forget_keys_before(before);
    json!({"keys_before": before, "forgotten_since_start": node.views.forgotten()})
}
