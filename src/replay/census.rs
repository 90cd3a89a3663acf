//! The first pass over a file of orders: is it whole, how much is in it, how much of each SKU was sold.

use std::collections::BTreeMap;
use std::io::Read;

use super::order::{self, Sums};
use super::orders::{Invoices, OrdersError};
use crate::types::Timestamp;

const DAY_S: u64 = 86_400;

/// What a file of orders holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Census {
    /// Invoices, refused ones too.
    pub invoices: u64,
    /// Lines, those of refused invoices too.
    pub lines: u64,
    /// Invoices that the replay refuses.
    pub refused: u64,
    /// What the other invoices come to.
    pub sums: Sums,
    /// Units sold by SKU, those of refused invoices too: the shop sold them.
    pub units: BTreeMap<String, u64>,
    /// Days from the first invoice to the last, at least 1.
    pub days: u64,
}

/// Reads the whole file and counts.
pub fn census(from: impl Read) -> Result<Census, OrdersError> {
    let mut census = Census { days: 1, ..Census::default() };
    let mut first = None;
    for invoice in Invoices::new(from)? {
        let invoice = invoice?;
        census.invoices += 1;
        census.lines += u64::try_from(invoice.lines.len()).expect("a count fits");
        match order::ready(&invoice, order::CARD) {
            Ok(ready) => census.sums += ready.sums,
            Err(_) => census.refused += 1,
        }
        for line in &invoice.lines {
            let units = u64::try_from(line.quantity).unwrap_or(0);
            match census.units.get_mut(&line.sku) {
                Some(sum) => *sum = sum.saturating_add(units),
                None => drop(census.units.insert(line.sku.clone(), units)),
            }
        }
        let at = Timestamp::parse(&invoice.at).expect("the time was read before");
        let passed_s = first.get_or_insert(at).until(at).as_secs();
        census.days = passed_s.div_ceil(DAY_S).max(1);
    }
    Ok(census)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_is_sold_and_what_is_refused() {
        let file = "invoice,at,customer,country,sku,quantity,unit_price\n\
                    1,2010-11-01T10:00:00Z,,France,A,2,1.5\n\
                    1,2010-11-01T10:00:00Z,,France,A,1,1.5\n\
                    2,2010-11-02T10:00:01Z,,France,A,1,0.001\n";
        let counted = census(file.as_bytes()).expect("a good file");
        assert_eq!((counted.invoices, counted.lines, counted.refused, counted.days), (2, 3, 1, 2));
        assert_eq!(counted.sums, Sums { lines: 2, units: 3, pence: 450 });
        assert_eq!(counted.units, BTreeMap::from([("A".to_owned(), 4)]));
    }
}
