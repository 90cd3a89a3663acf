//! A store as a tenant: its name, its currency and its policies. The first event of every store is its provisioning.
//!
//! ```text
//!            Provision            Suspend
//!  Unknown ───────────▶ Active ◀─────────▶ Suspended
//!                        │  ▲    Resume        │  ▲
//!                        └──┘ Configure        └──┘ Configure
//! ```

#![warn(clippy::wildcard_enum_match_arm)]

mod decide;
mod gateways;
mod policy;
#[cfg(test)]
mod tests;
mod view;

use serde::{Deserialize, Serialize};

use crate::runtime::{Aggregate, Due, Only};
use crate::types::{Currency, OrderId, StoreId, Timestamp};

pub use decide::{Command, Rejection};
pub use gateways::{ConnectionPatch, GatewayConnection, GatewayPatch, GatewayPolicy, OWN};
pub use policy::{
    Capture, FulfillmentMode, FulfillmentPatch, FulfillmentPolicy, Limits, LimitsPatch, OnLapse, OutOfStock,
    RefundOn, Retry, RetryPatch, ReturnApproval, ReturnsPatch, ReturnsPolicy, Review, ReviewPatch, Secret,
    Settings, SettingsPatch, ShortPick, Undelivered,
};
pub use view::StoreView;

/// The aggregate: one a store.
#[derive(Debug)]
pub struct Tenancy;

/// Nothing leaves it: siblings read its state where they need it.
#[derive(Debug, PartialEq, Eq)]
pub enum Nothing {}

crate::events! {
    /// Something that happened to a store as a tenant.
    pub enum Event {
        /// It was provisioned.
        Provisioned(Provisioned) = "store.provisioned", 1;
        /// Name or policies changed.
        Configured(Configured) = "store.configured", 1;
        /// It takes no orders.
        Suspended(Suspended) = "store.suspended", 1;
        /// It takes orders again.
        Resumed(Resumed) = "store.resumed", 1;
    }
}

/// `store.provisioned`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Provisioned {
    /// The store.
    pub id: StoreId,
    /// As people call it.
    pub name: String,
    /// What it sells in, for good.
    pub currency: Currency,
    /// Its policies.
    pub settings: Settings,
}

/// `store.configured`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    /// The store.
    pub id: StoreId,
    /// As people call it from now on.
    pub name: String,
    /// Its policies from now on.
    pub settings: Settings,
}

/// `store.suspended`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspended {
    /// The store.
    pub id: StoreId,
}

/// `store.resumed`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resumed {
    /// The store.
    pub id: StoreId,
}

macro_rules! of_a_store {
    ($($name:ident),+) => {$(
        impl $name {
            fn order(&self) -> Option<OrderId> {
                None
            }
            fn subject(&self) -> String {
                self.id.to_string()
            }
        }
    )+};
}

of_a_store!(Provisioned, Configured, Suspended, Resumed);

/// A store as it stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Store {
    /// Not provisioned.
    #[default]
    Unknown,
    /// Provisioned.
    Known(Box<Known>),
}

/// A provisioned store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// Its id.
    pub id: StoreId,
    /// As people call it.
    pub name: String,
    /// What it sells in.
    pub currency: Currency,
    /// Whether it takes orders.
    pub status: Status,
    /// Its policies.
    pub settings: Settings,
    /// When it was provisioned.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// Whether a store takes orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It does.
    Active,
    /// It does not; what is under way goes on.
    Suspended,
}

impl Store {
    /// The provisioned store, when it was.
    pub fn known(&self) -> Option<&Known> {
        match self {
            Store::Unknown => None,
            Store::Known(known) => Some(known),
        }
    }

    /// Folds one event.
    pub fn evolve(&mut self, event: &Event, at: Timestamp) {
        if let (Store::Unknown, Event::Provisioned(new)) = (&*self, event) {
            *self = Store::Known(Box::new(Known {
                id: new.id.clone(),
                name: new.name.clone(),
                currency: new.currency,
                status: Status::Active,
                settings: new.settings.clone(),
                created_at: at,
                updated_at: at,
                version: 1,
            }));
            return;
        }
        let Store::Known(known) = self else { return };
        match event {
            Event::Provisioned(_) => return,
            Event::Configured(new) => {
                known.name.clone_from(&new.name);
                known.settings = new.settings.clone();
            }
            Event::Suspended(_) => known.status = Status::Suspended,
            Event::Resumed(_) => known.status = Status::Active,
        }
        known.updated_at = at;
        known.version += 1;
    }
}

impl Aggregate for Tenancy {
    const NAME: &'static str = "store";
    const IS_SINGLE: bool = true;
    type Key = Only;
    type State = Store;
    type Command = Command;
    type Event = Event;
    type Rejection = Rejection;
    type Step = Nothing;
    type Call = Nothing;

    fn decide(state: &Store, command: Command, _now: Timestamp) -> Result<Vec<Event>, Rejection> {
        decide::decide(state, command)
    }

    fn evolve(state: &mut Store, event: &Event, at: Timestamp) {
        state.evolve(event, at);
    }

    fn due(_state: &Store) -> Due<Self> {
        Due::nothing()
    }
}
