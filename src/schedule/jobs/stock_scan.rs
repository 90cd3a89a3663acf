//! Items that stand otherwise than their store last said: the store is asked to say so. Where events missed nothing there
//! are none, and looking costs a look at an empty index.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Missed, PAGE, caught_up, enter, unreadable};
use crate::store::Directory;
use crate::types::{Sku, StoreId};

pub(super) async fn run(directory: &Directory) -> Result<Value, String> {
    caught_up(directory).await?;
    let views = &directory.node().views;
    let (mut after, mut items, mut stores) = (0, 0_u64, 0_u64);
    let mut missed = Missed::default();
    loop {
        let page =
            views.read(move |reader| reader.unannounced_items(after, PAGE)).await.map_err(unreadable)?;
        let Some((last, ..)) = page.last() else { break };
        after = *last;
        let mut by_store: BTreeMap<StoreId, Vec<Sku>> = BTreeMap::new();
        for (_, store, sku) in page {
            by_store.entry(store).or_default().push(sku);
        }
        for (store, skus) in by_store {
            let Some(tenant) = enter(directory, &store, &mut missed).await else { continue };
            let count = skus.len() as u64;
            match tenant.announce(skus).await {
                Ok(()) => (items, stores) = (items + count, stores + 1),
                Err(why) => missed.note(&store, &why),
            }
        }
    }
    missed.judge(json!({"items": items, "stores": stores}), stores)
}
