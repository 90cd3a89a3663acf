//! The decisions about a store as a tenant.

use crate::types::text::is_plain;
use crate::types::{Currency, StoreId};

use super::policy::{Settings, SettingsPatch};
use super::{Configured, Event, Known, Provisioned, Resumed, Status, Store, Suspended};

/// The most characters of a store's name.
const NAME_LENGTH_MAX: usize = 200;

/// What may be asked of a store as a tenant.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Make it.
    Provision {
        /// Its id.
        id: StoreId,
        /// As people call it; the id where it is missing.
        name: Option<String>,
        /// What it sells in, for good.
        currency: Currency,
        /// Its policies, where they are not the defaults.
        settings: SettingsPatch,
    },
    /// Change it in part.
    Configure {
        /// As people call it.
        name: Option<String>,
        /// Policies to change.
        settings: SettingsPatch,
        /// Whether it takes orders.
        status: Option<Status>,
    },
}

/// Why a store says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// There is no such store.
    #[error("no such store")]
    NotFound,
    /// The id is taken.
    #[error("there is a store with this id")]
    Exists,
    /// A value is out of bounds: places (JSON pointers) and what they may hold.
    #[error("a setting is out of bounds")]
    OutOfBounds(Vec<(String, String)>),
}

/// Answers one command.
pub(super) fn decide(store: &Store, command: Command) -> Result<Vec<Event>, Rejection> {
    match (store, command) {
        (Store::Unknown, Command::Provision { id, name, currency, settings }) => {
            let name = checked(name.unwrap_or_else(|| id.to_string()))?;
            let settings = Settings::default().patched(&settings).map_err(within_settings)?;
            Ok(vec![Event::Provisioned(Provisioned { id, name, currency, settings })])
        }
        (Store::Known(_), Command::Provision { .. }) => Err(Rejection::Exists),
        (Store::Unknown, Command::Configure { .. }) => Err(Rejection::NotFound),
        (Store::Known(known), Command::Configure { name, settings, status }) => {
            configure(known, name, &settings, status)
        }
    }
}

fn configure(
    known: &Known,
    name: Option<String>,
    settings: &SettingsPatch,
    status: Option<Status>,
) -> Result<Vec<Event>, Rejection> {
    let name = checked(name.unwrap_or_else(|| known.name.clone()))?;
    let settings = known.settings.patched(settings).map_err(within_settings)?;
    let id = known.id.clone();
    let mut events = Vec::new();
    match (known.status, status) {
        (Status::Active, Some(Status::Suspended)) => {
            events.push(Event::Suspended(Suspended { id: id.clone() }))
        }
        (Status::Suspended, Some(Status::Active)) => events.push(Event::Resumed(Resumed { id: id.clone() })),
        (Status::Active, Some(Status::Active) | None)
        | (Status::Suspended, Some(Status::Suspended) | None) => {}
    }
    if name != known.name || settings != known.settings {
        events.push(Event::Configured(Configured { id, name, settings }));
    }
    Ok(events)
}

fn within_settings(faults: Vec<(String, String)>) -> Rejection {
    Rejection::OutOfBounds(
        faults.into_iter().map(|(place, bounds)| (format!("/settings{place}"), bounds)).collect(),
    )
}

fn checked(name: String) -> Result<String, Rejection> {
    let length = name.chars().count();
    if (1..=NAME_LENGTH_MAX).contains(&length) && is_plain(&name) {
        Ok(name)
    } else {
        let bounds = format!("1 to {NAME_LENGTH_MAX} characters, none of them control characters");
        Err(Rejection::OutOfBounds(vec![("/name".into(), bounds)]))
    }
}
