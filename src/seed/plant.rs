//! From a plan to calls, so that doing it again changes nothing.

use std::fmt;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};

use super::client::{Client, ClientError, Made};
use super::error::SeedError;
use super::file::{Rule, Sku, Store};
use super::load::Plan;

/// What to do with a SKU that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: it may have been sold from.
    Keep,
    /// Set it to what the file says.
    Overwrite,
}

/// What became of a store's own document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreChange {
    /// It was made.
    Made,
    /// Its name or settings were set to what the file says.
    Changed,
    /// It was as the file says.
    Unchanged,
}

/// What became of a store's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulesChange {
    /// That many are now in force.
    Set(usize),
    /// They were as the file says.
    Unchanged(usize),
    /// The file says nothing about them.
    Untouched,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// One entry a store, in the order of the file.
    pub stores: Vec<StoreSummary>,
}

/// What was done for one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreSummary {
    /// Which.
    pub id: String,
    /// Its document.
    pub store: StoreChange,
    /// SKUs that are new.
    pub skus_made: u64,
    /// SKUs that were there and were set anew.
    pub skus_overwritten: u64,
    /// SKUs that were there and were left alone.
    pub skus_kept: u64,
    /// Its fraud rules.
    pub rules: RulesChange,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, store) in self.stores.iter().enumerate() {
            if place > 0 {
                f.write_str("\n")?;
            }
            let change = match store.store {
                StoreChange::Made => "made",
                StoreChange::Changed => "settings changed",
                StoreChange::Unchanged => "was there",
            };
            write!(
                f,
                "store {}: {change}; SKUs: {} made, {} overwritten, {} left alone; fraud rules: ",
                store.id, store.skus_made, store.skus_overwritten, store.skus_kept
            )?;
            match store.rules {
                RulesChange::Set(count) => write!(f, "{count} set")?,
                RulesChange::Unchanged(count) => write!(f, "{count} as they were")?,
                RulesChange::Untouched => f.write_str("not in the file")?,
            }
        }
        Ok(())
    }
}

/// Calls at once while SKUs are filled.
const CALLS_AT_ONCE: usize = 16;

/// Makes the service hold what the plan says. Doing it again doubles nothing.
pub async fn plant(client: &Client, plan: &Plan, existing: Existing) -> Result<Summary, SeedError> {
    let mut stores = Vec::with_capacity(plan.stores.len());
    for (place, store) in plan.stores.iter().enumerate() {
        let bed = Bed { client, plan, store, key: format!("stores[{place}]") };
        let change = bed.store().await?;
        let rules = bed.rules(change).await?;
        let [made, overwritten, kept] = bed.skus(change, existing).await?;
        stores.push(StoreSummary {
            id: store.id.to_string(),
            store: change,
            skus_made: made,
            skus_overwritten: overwritten,
            skus_kept: kept,
            rules,
        });
    }
    Ok(Summary { stores })
}

/// One store being filled.
struct Bed<'a> {
    client: &'a Client,
    plan: &'a Plan,
    store: &'a Store,
    key: String,
}

impl Bed<'_> {
    fn refused(&self, part: &str) -> impl FnOnce(ClientError) -> SeedError {
        let key = if part.is_empty() { self.key.clone() } else { format!("{}.{part}", self.key) };
        let file = self.plan.file.clone();
        move |source| SeedError::Service { file, key, source }
    }

    async fn store(&self) -> Result<StoreChange, SeedError> {
        let Store { id, name, currency, settings, skus: _, products: _, rules: _ } = self.store;
        let body = json!({ "id": id, "name": name, "currency": currency, "settings": settings });
        match self.client.make_store(&body).await.map_err(self.refused(""))? {
            Made::New => return Ok(StoreChange::Made),
            Made::Existed => {}
        }
        let theirs = self.client.store(id.as_str()).await.map_err(self.refused(""))?;
        let their_currency = theirs["currency"].as_str().unwrap_or_default();
        if their_currency != currency.as_str() {
            return Err(SeedError::Currency {
                file: self.plan.file.clone(),
                key: format!("{}.currency", self.key),
                theirs: their_currency.to_owned(),
                ours: currency.to_string(),
            });
        }
        match difference(&json!({ "name": name, "settings": settings }), &theirs) {
            None => Ok(StoreChange::Unchanged),
            Some(patch) => {
                let changed = self.client.change_store(id.as_str(), &patch).await;
                changed.map_err(self.refused("settings"))?;
                Ok(StoreChange::Changed)
            }
        }
    }

    async fn rules(&self, store: StoreChange) -> Result<RulesChange, SeedError> {
        let Some(rules) = &self.store.rules else {
            return Ok(RulesChange::Untouched);
        };
        let id = self.store.id.as_str();
        if store != StoreChange::Made {
            let theirs = self.client.rules(id).await.map_err(self.refused("rules"))?;
            if same_rules(rules, &theirs) {
                return Ok(RulesChange::Unchanged(rules.len()));
            }
        }
        let set = self.client.set_rules(id, &json!({ "rules": rules })).await;
        set.map_err(self.refused("rules"))?;
        Ok(RulesChange::Set(rules.len()))
    }

    /// How many SKUs were made, overwritten and kept.
    async fn skus(&self, store: StoreChange, existing: Existing) -> Result<[u64; 3], SeedError> {
        stream::iter(&self.store.skus)
            .map(|sku| self.sku(sku, store, existing))
            .buffer_unordered(CALLS_AT_ONCE)
            .try_fold([0; 3], |mut counts, fate| async move {
                counts[fate as usize] += 1;
                Ok(counts)
            })
            .await
    }

    async fn sku(&self, sku: &Sku, store: StoreChange, existing: Existing) -> Result<SkuFate, SeedError> {
        let id = self.store.id.as_str();
        let name = sku.sku.as_str();
        let key = format!("skus.{name}");
        let fate = match store {
            StoreChange::Made => SkuFate::Made,
            StoreChange::Changed | StoreChange::Unchanged => {
                match (self.client.stock(id, name).await.map_err(self.refused(&key))?, existing) {
                    (None, _) => SkuFate::Made,
                    (Some(_), Existing::Overwrite) => SkuFate::Overwritten,
                    (Some(_), Existing::Keep) => return Ok(SkuFate::Kept),
                }
            }
        };
        self.client.set_stock(id, name, sku).await.map_err(self.refused(&key))?;
        Ok(fate)
    }
}

#[derive(Clone, Copy)]
enum SkuFate {
    Made,
    Overwritten,
    Kept,
}

/// The part of `ours` that `theirs` has otherwise; nothing when it has all of it.
fn difference(ours: &Value, theirs: &Value) -> Option<Value> {
    match (ours, theirs) {
        (Value::Object(ours), theirs) => {
            let parts: Map<String, Value> = ours
                .iter()
                .filter_map(|(key, value)| {
                    Some((key.clone(), difference(value, theirs.get(key).unwrap_or(&Value::Null))?))
                })
                .collect();
            (!parts.is_empty()).then_some(Value::Object(parts))
        }
        (ours, theirs) => (ours != theirs).then(|| ours.clone()),
    }
}

/// Whether the service's rules say the same, in the same order, whatever else it tells about each.
fn same_rules(ours: &[Rule], theirs: &Value) -> bool {
    let Some(theirs) = theirs["rules"].as_array() else {
        return false;
    };
    ours.len() == theirs.len()
        && ours.iter().zip(theirs).all(|(ours, theirs)| {
            theirs["name"] == ours.name.as_str()
                && theirs["when"] == ours.when.as_str()
                && theirs["action"] == json!(ours.action)
                && theirs["enabled"].as_bool().unwrap_or(true) == ours.enabled
        })
}

#[cfg(test)]
mod tests {
    use super::super::file::Action;
    use super::*;

    #[test]
    fn only_what_differs_is_patched() {
        let theirs = json!({ "name": "Acme", "settings": { "capture": "automatic", "retry": { "base_ms": 500, "cap_ms": 60_000 } } });
        for (ours, expected) in [
            (json!({ "name": "Acme", "settings": {} }), None),
            (json!({ "name": "Acme", "settings": { "retry": { "cap_ms": 60_000 } } }), None),
            (
                json!({ "name": "Acme", "settings": { "retry": { "base_ms": 1, "cap_ms": 60_000 } } }),
                Some(json!({ "settings": { "retry": { "base_ms": 1 } } })),
            ),
            (
                json!({ "name": "New", "settings": { "limits": { "in_flight": 9 } } }),
                Some(json!({ "name": "New", "settings": { "limits": { "in_flight": 9 } } })),
            ),
        ] {
            assert_eq!(difference(&ours, &theirs), expected);
        }
    }

    #[test]
    fn rules_are_compared_by_what_they_say() {
        let rule = Rule { name: "a".into(), action: Action::Block, when: "true".into(), enabled: true };
        let theirs = |rules: Value| json!({ "rules": rules, "version": 3 });
        let same = json!({ "name": "a", "action": "block", "when": "true", "enabled": true, "hits": 7 });
        assert!(same_rules(std::slice::from_ref(&rule), &theirs(json!([same]))));
        assert!(same_rules(&[], &theirs(json!([]))));
        assert!(!same_rules(&[], &theirs(json!([same]))));
        assert!(!same_rules(&[rule], &theirs(json!([{ "name": "a", "action": "allow", "when": "true" }]))));
        assert!(!same_rules(&[], &json!(null)));
    }
}
