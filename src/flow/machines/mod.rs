//! The machines of the domain: what each is asked in which state, so that they can be found.

mod alert;
mod fraud;
mod fulfillment;
mod inventory;
mod order;
mod payment;
mod returns;
mod store;

use std::sync::OnceLock;

use super::labels;
use super::machine::{BEGINNING, Charted, Machine, Print, explore, step};
use crate::alert::Alerts;
use crate::fraud::Fraud;
use crate::fulfillment::Fulfillments;
use crate::inventory::Inventory;
use crate::order::Orders;
use crate::payment::Payment;
use crate::returns::Returns;
use crate::store::settings::Tenancy;
use crate::types::{Amount, Currency, OrderId, Sku};

/// Every machine. They are found when somebody first asks, which takes a moment and is done once.
pub fn all() -> &'static [Machine] {
    static MACHINES: OnceLock<Vec<Machine>> = OnceLock::new();
    MACHINES.get_or_init(|| {
        vec![
            explore::<Orders>(&mut |_, _, _, _| {}),
            explore::<Payment>(&mut |_, _, _, _| {}),
            explore::<Inventory>(&mut |_, _, _, _| {}),
            explore::<Fraud>(&mut |_, _, _, _| {}),
            explore::<Fulfillments>(&mut |_, _, _, _| {}),
            explore::<Returns>(&mut |_, _, _, _| {}),
            explore::<Alerts>(&mut |_, _, _, _| {}),
            explore::<Tenancy>(&mut |_, _, _, _| {}),
        ]
    })
}

const ORDER: OrderId = OrderId::from_bits(1);

fn amount() -> Amount {
    Amount::new(1_000).expect("within bounds")
}

fn currency() -> Currency {
    "USD".parse().expect("a code in use")
}

fn sku() -> Sku {
    "SKU".parse().expect("a legal SKU")
}

fn named<C>(label: impl Fn(&C) -> &'static str, commands: Vec<C>) -> Vec<(&'static str, C)> {
    commands.into_iter().map(|command| (label(&command), command)).collect()
}
