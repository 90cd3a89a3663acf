//! How much of what the replayed shop has on its shelves, so that what it sold it could have sold.

use std::collections::BTreeMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::census::Census;
use crate::seed::client::{Client, ClientError};
use crate::seed::products::Product;
use crate::types::Decimal;

/// Stock is low when less is left than is sold in this time.
const REORDER_DAYS: u64 = 14;

/// One SKU to be filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Shelf {
    /// As the shop spells it.
    #[serde(skip)]
    pub sku: String,
    /// For people.
    pub name: String,
    /// Minor units, where the product list knows whole ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<i64>,
    /// Units sold times the factor.
    pub on_hand: u64,
    /// Two weeks of average sales.
    pub reorder_point: u64,
    /// None: the shop sold down to the last.
    pub safety_stock: u64,
}

/// What became of the shelves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stocked {
    /// SKUs that were filled.
    pub filled: u64,
    /// SKUs that were there and were left alone.
    pub kept: u64,
}

/// The shelves for everything that is on a line or in the product list, by SKU; nothing when a count is too large.
pub(super) fn shelves(census: &Census, products: Vec<Product>, factor: Decimal) -> Option<Vec<Shelf>> {
    let mut units: BTreeMap<String, (u64, Option<Product>)> =
        census.units.iter().map(|(sku, sold)| (sku.clone(), (*sold, None))).collect();
    for product in products {
        let entry = units.entry(product.sku.clone()).or_default();
        entry.0 = entry.0.max(product.units_sold.unwrap_or(0));
        entry.1 = Some(product);
    }
    units
        .into_iter()
        .map(|(sku, (sold, product))| {
            let weeks = u128::from(sold) * u128::from(REORDER_DAYS) / u128::from(census.days);
            let price = product.as_ref().and_then(|product| product.unit_price);
            Some(Shelf {
                name: product.map_or_else(|| sku.clone(), |product| product.name),
                unit_price: price.and_then(|price| price.minor_units(2).ok()),
                on_hand: factor.of(sold)?,
                reorder_point: u64::try_from(weeks).ok()?.max(1),
                safety_stock: 0,
                sku,
            })
        })
        .collect()
}

/// Fills the shelves that are not there, and those that are only while nothing was sold: a second run must not restock.
pub(super) async fn fill(
    client: &Client,
    store: &str,
    shelves: &[Shelf],
    calls_at_once: usize,
    mut step: impl FnMut(),
) -> Result<Stocked, ClientError> {
    let is_unsold = client.stats(store).await?.orders.total == 0;
    let mut fates = stream::iter(shelves)
        .map(|shelf| async move {
            let wanted = i64::try_from(shelf.on_hand).ok();
            let fills = match client.stock(store, &shelf.sku).await? {
                None => true,
                Some(there) => is_unsold && Some(there.on_hand) != wanted,
            };
            if fills {
                client.set_stock(store, &shelf.sku, shelf).await?;
            }
            Ok::<bool, ClientError>(fills)
        })
        .buffer_unordered(calls_at_once);
    let mut stocked = Stocked::default();
    while let Some(filled) = fates.try_next().await? {
        if filled {
            stocked.filled += 1;
        } else {
            stocked.kept += 1;
        }
        step();
    }
    Ok(stocked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn census(units: &[(&str, u64)], days: u64) -> Census {
        let units = units.iter().map(|(sku, sold)| ((*sku).to_owned(), *sold)).collect();
        Census { units, days, ..Census::default() }
    }

    fn product(sku: &str, price: Option<&str>, units_sold: Option<u64>) -> Product {
        Product {
            sku: sku.to_owned(),
            name: format!("name of {sku}"),
            unit_price: price.map(|price| price.parse().expect("a price")),
            units_sold,
            on_hand: None,
            reorder_point: None,
            safety_stock: None,
        }
    }

    fn factor(text: &str) -> Decimal {
        text.parse().expect("a factor")
    }

    #[test]
    fn the_shelf_holds_what_was_sold_whoever_counted_more() {
        let counted = census(&[("A", 100), ("B", 7), ("only-in-orders", 3)], 28);
        let products = vec![
            product("A", Some("0.85"), Some(90)),
            product("B", Some("0.855"), Some(9)),
            product("only-in-products", None, Some(5)),
        ];
        let shelves = shelves(&counted, products, Decimal::ONE).expect("countable");
        let seen: Vec<_> =
            shelves.iter().map(|it| (it.sku.as_str(), it.on_hand, it.reorder_point, it.unit_price)).collect();
        assert_eq!(
            seen,
            [
                ("A", 100, 50, Some(85)),
                ("B", 9, 4, None),
                ("only-in-orders", 3, 1, None),
                ("only-in-products", 5, 2, None)
            ]
        );
        assert_eq!(shelves[2].name, "only-in-orders");
    }

    #[test]
    fn the_factor_is_exact_and_drops_the_fraction() {
        for (text, sold, on_hand) in
            [("1", 19_152, 19_152), ("0.5", 7, 3), ("1.1", 10, 11), ("0", 5, 0), ("0.3", 10, 3)]
        {
            let shelves = shelves(&census(&[("A", sold)], 1), Vec::new(), factor(text)).expect("countable");
            assert_eq!(shelves[0].on_hand, on_hand, "{text} x {sold}");
        }
        assert_eq!(shelves(&census(&[("A", u64::MAX)], 1), Vec::new(), factor("2")), None);
    }

    #[test]
    fn the_reorder_point_is_two_weeks_of_sales_and_never_nothing() {
        for (sold, days, expected) in [(365, 365, 14), (1, 365, 1), (0, 30, 1), (300, 30, 140)] {
            let shelves =
                shelves(&census(&[("A", sold)], days), Vec::new(), Decimal::ONE).expect("countable");
            assert_eq!(shelves[0].reorder_point, expected, "{sold} in {days} days");
        }
    }
}
