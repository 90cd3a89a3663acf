//! The words every other module is written in: ids, money, quantities, time and the meta data of a command.
//!
//! Nothing here knows an order from a payment, and nothing here does I/O; `clock.rs` alone reads time, `ids.rs` alone rolls dice.

pub mod bits;
pub mod clock;
pub mod currency;
pub mod decimal;
pub mod ids;
pub mod map;
pub mod meta;
pub mod money;
pub mod quantity;
pub mod text;
pub mod trace;
mod words;

pub use clock::{Clock, Timestamp};
pub use currency::Currency;
pub use decimal::{Decimal, DecimalError};
pub use ids::{
    AlertId, FulfillmentId, IdSource, LineId, OrderId, PaymentId, RefundId, ReservationId, ReturnId,
    ShipmentId, StoreId, StoreIdError,
};
pub use meta::{Actor, Cause, Meta, RequestKey};
pub use money::Amount;
pub use quantity::{Quantity, Sku};
pub use trace::{TraceId, TraceIdError};
pub(crate) use words::words;
