//! The machine that runs any aggregate durably. Knows no commerce.

pub mod actor;
pub mod aggregate;
pub mod ask;
pub mod commit;
pub mod event;
pub mod fault_points;
pub mod idempotency;
mod instances;
#[cfg(test)]
mod tests;
pub mod wiring;

pub use actor::{AggregateActor, Resume, Stop};
pub use aggregate::{Aggregate, Due, Only};
pub use ask::{Answer, Ask, Condition, Expected, Fault, Look, Refusal, Reply, Tag, Terms};
pub use commit::{Durable, Gate, StoreLog};
pub use event::{Event, Unreadable};
pub use idempotency::{Keys, Known, Stored};
pub use wiring::{Family, LetGo, Wiring};
