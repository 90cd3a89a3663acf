//! Product lists: CSV with `sku, name, unit_price` and, where known, sales, stock and thresholds.

use std::io::Read;

use serde::Deserialize;

use crate::types::{Decimal, DecimalError};

/// One row of a product list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// As the shop spells it.
    pub sku: String,
    /// For people.
    pub name: String,
    /// For one unit; nothing where the list says zero, which is how a list says that it does not know.
    pub unit_price: Option<Decimal>,
    /// Units sold in the time the list is about.
    pub units_sold: Option<u64>,
    /// Units on the shelf.
    pub on_hand: Option<u64>,
    /// At or under this many, stock is low.
    pub reorder_point: Option<u64>,
    /// Units that are never sold.
    pub safety_stock: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    sku: String,
    name: String,
    unit_price: String,
    units_sold: Option<u64>,
    #[serde(rename = "order_lines")]
    _order_lines: Option<u64>,
    on_hand: Option<u64>,
    reorder_point: Option<u64>,
    safety_stock: Option<u64>,
}

/// Why a product list cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProductsError {
    /// It is no CSV of products.
    #[error("could not read a product")]
    Csv(#[from] csv::Error),
    /// A row is not as the columns want it.
    #[error("line {line}, {column}: {why}")]
    Row {
        /// Line of the file.
        line: u64,
        /// Which column, or all of them.
        column: String,
        /// What is wrong.
        why: String,
    },
    /// A price is none.
    #[error("line {line}, unit_price of SKU {sku}: `{text}` is {why}")]
    Price {
        /// Line of the file.
        line: u64,
        /// Whose price.
        sku: String,
        /// As written.
        text: String,
        /// What is wrong.
        why: DecimalError,
    },
}

/// Reads a product list whole; even a large shop's fits in memory.
pub fn read(from: impl Read) -> Result<Vec<Product>, ProductsError> {
    let mut table = csv::Reader::from_reader(from);
    let headers = table.headers()?.clone();
    let mut record = csv::StringRecord::new();
    let mut products = Vec::new();
    while table.read_record(&mut record)? {
        let row: Row = record.deserialize(Some(&headers)).map_err(|error| in_row(error, &headers))?;
        let line = record.position().map_or(0, csv::Position::line);
        let price: Decimal = row.unit_price.parse().map_err(|why| ProductsError::Price {
            line,
            sku: row.sku.clone(),
            text: row.unit_price.clone(),
            why,
        })?;
        products.push(Product {
            sku: row.sku,
            name: row.name,
            unit_price: (price.of(1_000_000) != Some(0)).then_some(price),
            units_sold: row.units_sold,
            on_hand: row.on_hand,
            reorder_point: row.reorder_point,
            safety_stock: row.safety_stock,
        });
    }
    Ok(products)
}

/// The same error with the name of its column.
fn in_row(error: csv::Error, headers: &csv::StringRecord) -> ProductsError {
    match error.kind() {
        csv::ErrorKind::Deserialize { pos, err } => {
            let place = err.field().and_then(|field| usize::try_from(field).ok());
            ProductsError::Row {
                line: pos.as_ref().map_or(0, csv::Position::line),
                column: place.and_then(|place| headers.get(place)).unwrap_or("the columns").to_owned(),
                why: err.kind().to_string(),
            }
        }
        _ => ProductsError::Csv(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_with_and_without_stock_is_read() {
        let sold = read("sku,name,unit_price,units_sold,order_lines\nA 1,\"CUP, \"\"BIG\"\" & SON\",0.85,12,3\nPADS,x,0.00,2,2\n".as_bytes())
            .expect("a good list");
        assert_eq!(sold[0].sku, "A 1");
        assert_eq!(sold[0].name, "CUP, \"BIG\" & SON");
        assert_eq!(sold[0].unit_price.map(|price| price.minor_units(2)), Some(Ok(85)));
        assert_eq!((sold[0].units_sold, sold[0].on_hand), (Some(12), None));
        assert_eq!(sold[1].unit_price, None);

        let stocked = read("sku,name,unit_price,on_hand,reorder_point,safety_stock\nA,x,1,5,,1\n".as_bytes())
            .expect("a good list");
        assert_eq!(
            (stocked[0].on_hand, stocked[0].reorder_point, stocked[0].safety_stock),
            (Some(5), None, Some(1))
        );
    }

    #[test]
    fn a_bad_list_is_refused_with_its_line() {
        for (text, says) in [
            ("sku,name,unit_price\nA,x,1.2.3\n", "line 2"),
            ("sku,name,unit_price\nA,x,-1\n", "negative"),
            ("sku,name,unit_price,colour\nA,x,1,red\n", "colour"),
            ("sku,name\nA,x\n", "unit_price"),
            ("sku,name,unit_price,on_hand\nA,x,1,-5\n", "line 2, on_hand: "),
            ("sku,name,unit_price\nA,x\n", "line: 2"),
        ] {
            let error = read(text.as_bytes()).expect_err(text);
            let said = match &error {
                ProductsError::Csv(source) => source.to_string(),
                row @ (ProductsError::Row { .. } | ProductsError::Price { .. }) => row.to_string(),
            };
            assert!(said.contains(says), "{said:?} does not say {says:?}");
        }
    }
}
