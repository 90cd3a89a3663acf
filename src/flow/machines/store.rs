//! How a store as a tenant is asked.

use super::{Charted, Print, currency, labels, named};
use crate::store::settings::{Command, LimitsPatch, SettingsPatch, Status, Store, Tenancy};
use crate::types::Timestamp;

impl Charted for Tenancy {
    const ABOUT: &'static str = "the store itself, as a tenant of this node";

    fn place(store: &Store) -> &'static str {
        match store.known().map(|known| known.status) {
            None => "unknown",
            Some(Status::Active) => "active",
            Some(Status::Suspended) => "suspended",
        }
    }

    fn fingerprint(store: &Store, into: &mut Print) {
        into.add(store.known().map(|known| known.settings.limits.in_flight));
    }

    fn samples(_: &Store, _: Timestamp) -> Vec<(&'static str, Command)> {
        let provision = Command::Provision {
            id: "store".parse().expect("a legal id"),
            name: None,
            currency: currency(),
            settings: SettingsPatch::default(),
        };
        let configure = |status, settings| Command::Configure { name: None, settings, status };
        let limits = LimitsPatch { in_flight: Some(1), ..LimitsPatch::default() };
        let other = SettingsPatch { limits, ..SettingsPatch::default() };
        let commands = vec![
            provision,
            configure(None, other),
            configure(Some(Status::Suspended), SettingsPatch::default()),
            configure(Some(Status::Active), SettingsPatch::default()),
        ];
        named(labels::store_command, commands)
    }
}
