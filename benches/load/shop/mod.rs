//! What the stores sell and what the orders look like.

mod catalogue;
mod dice;
mod orders;

pub(super) use catalogue::{Catalogue, Policy};
pub(super) use dice::Dice;
pub(super) use orders::{Kept, Mix, Orders, customer_email, customer_id};
