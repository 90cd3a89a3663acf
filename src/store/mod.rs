//! A tenant and everything of it: its supervisor, its family of actors, and the one road to them.
//!
//! ```text
//!  Directory ── enter ──▶ Tenant (a permit) ──────────────┐ asks
//!     │ wake                                              ▼
//!    Host, one a thread ──▶ Supervisor ── raises ──▶ Family: tenancy, orders, inventory, fraud, payments
//!                               ▲                         │ a member died
//!                               └─────────────────────────┘
//! ```

pub mod settings;
