//! A store as a tenant as the journal has it: its name, its policies, and whether it takes orders.

use serde_json::Value;

use super::calls::Gateway;
use super::findings::Findings;
use crate::journal::Record;
use crate::types::Timestamp;

/// One store.
#[derive(Default)]
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) currency: String,
    /// As they were last written.
    pub(super) settings: Value,
    pub(super) status: &'static str,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    /// How many events made it; nought for one that was never provisioned.
    pub(super) version: u64,
    /// Something happened to it that is not known here.
    pub(super) is_beyond: bool,
}

impl Tenant {
    /// Takes one record of `store.…`. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let is_there = self.version > 0;
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let is_legal = match record.kind {
            "store.provisioned" => {
                (self.name, self.currency) = (text("name"), text("currency"));
                (self.settings, self.status, self.created_at) =
                    (data["settings"].clone(), "active", record.at);
                !is_there
            }
            "store.configured" => {
                (self.name, self.settings) = (text("name"), data["settings"].clone());
                is_there
            }
            "store.suspended" => is_there && std::mem::replace(&mut self.status, "suspended") == "active",
            "store.resumed" => is_there && std::mem::replace(&mut self.status, "active") == "suspended",
            _ => {
                self.is_beyond = true;
                return false;
            }
        };
        if !is_legal {
            findings.add(store, "store", "step of a store", "one that may follow", record.kind);
        }
        (self.version, self.updated_at) = (self.version + 1, record.at);
        true
    }

    /// Where a gateway of the store is; nothing for the node's own bank.
    pub(super) fn gateway_url(&self, gateway: &Gateway) -> Option<&str> {
        let named = |list: &str| self.settings["gateway"][list].as_array().map_or(&[][..], Vec::as_slice);
        let mut all = named("connections").iter().chain(named("earlier"));
        let is_it = |one: &&Value| {
            one["name"] == gateway.name.as_str() && one["version"].as_u64() == Some(gateway.version)
        };
        all.find(is_it)?["url"].as_str()
    }
}

/// Where a document says something else than was written, as a JSON pointer. What it says beyond that was added by a later
/// release. Policies hold secrets, so no values are named.
pub(super) fn differs_at(written: &Value, found: &Value) -> Option<String> {
    match (written, found) {
        (Value::Object(written), Value::Object(found)) => written.iter().find_map(|(name, written)| {
            let found = found.get(name).unwrap_or(&Value::Null);
            differs_at(written, found).map(|place| format!("/{name}{place}"))
        }),
        (Value::Array(written), Value::Array(found)) if written.len() == found.len() => {
            let pairs = written.iter().zip(found).enumerate();
            pairs.into_iter().find_map(|(nth, (written, found))| {
                differs_at(written, found).map(|place| format!("/{nth}{place}"))
            })
        }
        (written, found) => (written != found).then(String::new),
    }
}
