//! A tenant and everything of it: its supervisor, its family of actors, and the one road to them.
//!
//! ```text
//!  Directory ── enter ──▶ Tenant (a permit) ──────────────┐ asks
//!     │ wake                                              ▼
//!    Host, one a thread ──▶ Supervisor ── raises ──▶ Family: tenancy, orders, inventory, fraud, payments, alerts
//!                               ▲                         │ a member died
//!                               └─────────────────────────┘
//! ```

mod chores;
mod directory;
mod family;
mod handle;
mod host;
mod lane;
mod lanes;
mod listener;
mod node;
mod preview;
mod rate;
mod recovery;
pub mod settings;
mod supervisor;
mod tenant;
#[cfg(test)]
mod tests;
pub mod wiring;

pub use directory::{Directory, MakeBank, OpenError};
pub use family::{Members, StoreFamily};
pub use handle::StoreHandle;
pub use listener::{AlertRequest, CLOCK_PATIENCE};
pub use node::{Node, OnSettled, Options};
pub use preview::{CancelPreview, Money, MoneyAction, Parcel, Pieces, Scope};
pub use supervisor::{MemberDied, Supervisor};
pub use tenant::{EnterError, Tenant};
pub use wiring::OrderRequest;
