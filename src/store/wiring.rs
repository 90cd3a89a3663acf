//! Who hears of what: one aggregate's step becomes another's command. A file an aggregate whose siblings hear of it; the
//! only place that knows two domains at once.

mod count;
mod fraud;
pub(super) mod goods;
mod money;
mod order;
pub(super) mod returns;
mod stock;
mod tenancy;

use crate::types::{Actor, Cause, Meta, OrderId};

pub(super) use count::count_all;
pub(super) use money::answered;
#[cfg(test)]
pub(super) use money::paid;
pub use order::OrderRequest;

/// One aggregate's words in another's: pure, for whoever plays a store without its actors.
pub mod words {
    pub use super::fraud::assessed;
    pub use super::goods::{lines_gone, lines_wish, parcel_of, parted, progress, undelivered, unsent};
    pub use super::money::paid;
    pub use super::returns::{back, delivered, money, wish};
}

fn meta(actor: Actor, cause: Cause) -> Meta {
    Meta { actor, cause: Some(cause), key: None }
}
