//! The seed files, as part of the program: one binary shows itself anywhere.

use crate::replay::{Invoice, Invoices, OrdersError};
use crate::seed::{self, Plan, SeedError, Shelf};

const SHELF: Shelf = Shelf::Embedded(&[
    ("acme.toml", include_bytes!("../../config/seed/acme.toml")),
    ("gifts.toml", include_bytes!("../../config/seed/gifts.toml")),
    ("gifts/products.csv.gz", include_bytes!("../../config/seed/gifts/products.csv.gz")),
    ("gifts/orders.csv.gz", include_bytes!("../../config/seed/gifts/orders.csv.gz")),
]);

/// The plans of both stores.
pub(super) fn plans() -> Result<[Plan; 2], SeedError> {
    let plan = |name: &str| seed::from_shelf(&SHELF, name, format!("{name} (embedded)"));
    Ok([plan("acme.toml")?, plan("gifts.toml")?])
}

/// The orders of the shop's month.
pub(super) fn orders() -> Result<Vec<Invoice>, OrdersError> {
    Invoices::new(SHELF.open("gifts/orders.csv.gz").map_err(csv::Error::from)?)?.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_embedded_is_whole() {
        let [acme, gifts] = plans().expect("good files");
        assert_eq!((acme.stores[0].skus.len(), gifts.stores[0].skus.len()), (12, 3_033));
        assert_eq!(orders().expect("a good file").len(), 2_747);
    }
}
