//! A shop's orders as its till wrote them: CSV lines in order of time, put together by invoice while streaming.
//!
//! Two invoices of the same minute may stand mixed, so an invoice is given out only when the file's time has moved on past it:
//!
//! ```text
//! 10:00  A            A opens
//! 10:00  B            B opens
//! 10:01  A            A goes on
//! 10:12  C            A and B are complete: both are given out, in the order in which they began
//! ```
//!
//! What is held is what happened within [`SPREAD_MAX_S`]. An invoice that goes on after it was given out would be two orders under
//! one number; the file is refused then, and so is one whose time runs backwards.

use std::collections::{HashMap, HashSet, VecDeque};
use std::io::Read;

use crate::types::Decimal;
use crate::types::Timestamp;

/// For how long after its last line an invoice may still go on, in seconds of the file's time.
pub(super) const SPREAD_MAX_S: u64 = 600;

/// One invoice with all its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its number.
    pub number: String,
    /// When its first line was written, as the file spells it.
    pub at: String,
    /// The customer's number; guests have none.
    pub customer: Option<String>,
    /// The country's name, as the file spells it.
    pub country: String,
    /// Whether all lines name the same customer and country.
    pub agreement: Agreement,
    /// The lines, in the order of the file.
    pub lines: Vec<Line>,
}

/// Whether the lines of an invoice agree about whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// They do.
    Whole,
    /// Two of them name different customers or countries.
    Broken,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As the shop spells it.
    pub sku: String,
    /// Units, as written.
    pub quantity: i64,
    /// For one unit, as written.
    pub unit_price: Decimal,
}

/// Why a file of orders cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum OrdersError {
    /// It is no CSV.
    #[error("could not read the CSV")]
    Csv(#[from] csv::Error),
    /// A column is not there.
    #[error("no column `{0}`; expected invoice, at, customer, country, sku, quantity, unit_price")]
    Column(&'static str),
    /// A field is not what its column holds.
    #[error("line {line}, {column}: `{text}` is {why}")]
    Field {
        /// Line of the file, from 1.
        line: u64,
        /// Which column.
        column: &'static str,
        /// As written.
        text: String,
        /// What is wrong.
        why: String,
    },
    /// Time runs backwards, so nobody can say when an invoice is complete.
    #[error("line {line}: its time {at} is before that of the line above; the file must be in order of time")]
    Backwards {
        /// Line of the file, from 1.
        line: u64,
        /// As written.
        at: String,
    },
    /// An invoice goes on after it was complete.
    #[error(
        "line {line}: invoice {invoice} goes on more than {SPREAD_MAX_S} s after its earlier lines; \
         the lines of one invoice must stand together"
    )]
    GoesOn {
        /// Line of the file, from 1.
        line: u64,
        /// Its number.
        invoice: String,
    },
}

/// The invoices of a file, one after another.
#[derive(Debug)]
pub struct Invoices<R> {
    table: csv::Reader<R>,
    columns: Columns,
    record: csv::StringRecord,
    now: Timestamp,
    /// Those that may still go on and those that wait for one before them, in the order in which they began.
    open: VecDeque<Open>,
    /// Where in the order of all invoices each open one stands.
    place: HashMap<String, u64>,
    /// Numbers that were given out.
    done: HashSet<String>,
    ended: Ended,
}

#[derive(Debug)]
struct Open {
    invoice: Invoice,
    last: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    No,
    Yes,
}

/// Where each column stands.
#[derive(Debug)]
struct Columns {
    invoice: usize,
    at: usize,
    customer: usize,
    country: usize,
    sku: usize,
    quantity: usize,
    unit_price: usize,
}

impl Columns {
    fn of(headers: &csv::StringRecord) -> Result<Self, OrdersError> {
        let find = |name: &'static str| {
            headers.iter().position(|header| header == name).ok_or(OrdersError::Column(name))
        };
        Ok(Self {
            invoice: find("invoice")?,
            at: find("at")?,
            customer: find("customer")?,
            country: find("country")?,
            sku: find("sku")?,
            quantity: find("quantity")?,
            unit_price: find("unit_price")?,
        })
    }
}

impl<R: Read> Invoices<R> {
    /// Reads the head of the file.
    pub fn new(from: R) -> Result<Self, OrdersError> {
        let mut table = csv::Reader::from_reader(from);
        let columns = Columns::of(table.headers()?)?;
        Ok(Self {
            table,
            columns,
            record: csv::StringRecord::new(),
            now: Timestamp::from_micros(i64::MIN),
            open: VecDeque::new(),
            place: HashMap::new(),
            done: HashSet::new(),
            ended: Ended::No,
        })
    }

    fn step(&mut self) -> Result<Option<Invoice>, OrdersError> {
        loop {
            if let Some(invoice) = self.complete() {
                return Ok(Some(invoice));
            }
            if self.ended == Ended::Yes {
                return Ok(None);
            }
            if self.table.read_record(&mut self.record)? {
                self.take_line()?;
            } else {
                self.ended = Ended::Yes;
            }
        }
    }

    /// The first open invoice, when nothing can come to it any more.
    fn complete(&mut self) -> Option<Invoice> {
        let first = self.open.front()?;
        if self.ended == Ended::No && first.last.plus_secs(SPREAD_MAX_S) >= self.now {
            return None;
        }
        let invoice = self.open.pop_front().expect("the front was looked at").invoice;
        let number = invoice.number.clone();
        self.place.remove(&number);
        self.done.insert(number);
        Some(invoice)
    }

    fn take_line(&mut self) -> Result<(), OrdersError> {
        let line = self.record.position().map_or(0, csv::Position::line);
        let columns = &self.columns;
        let field = |column: usize| self.record.get(column).unwrap_or_default();
        let wrong = |column: &'static str, at: usize, why: &str| OrdersError::Field {
            line,
            column,
            text: field(at).to_owned(),
            why: why.to_owned(),
        };
        let number = field(columns.invoice);
        if number.is_empty() {
            return Err(wrong("invoice", columns.invoice, "no number"));
        }
        let written = field(columns.at);
        let at = Timestamp::parse(written).map_err(|_| wrong("at", columns.at, "not an RFC 3339 time"))?;
        let quantity = field(columns.quantity).parse();
        let quantity = quantity.map_err(|_| wrong("quantity", columns.quantity, "not a whole number"))?;
        let unit_price = field(columns.unit_price).parse();
        let unit_price =
            unit_price.map_err(|why| wrong("unit_price", columns.unit_price, &format!("{why}")))?;
        let sku = field(columns.sku);
        if sku.is_empty() {
            return Err(wrong("sku", columns.sku, "no SKU"));
        }
        if at < self.now {
            return Err(OrdersError::Backwards { line, at: written.to_owned() });
        }
        self.now = at;

        let customer = field(columns.customer);
        let country = field(columns.country);
        let bought = Line { sku: sku.to_owned(), quantity, unit_price };
        match self.place.get(number) {
            Some(place) => {
                let given_out = u64::try_from(self.done.len()).expect("a count fits");
                let index = usize::try_from(place - given_out).expect("an open invoice is in memory");
                let open = &mut self.open[index];
                // It was complete already and only waited for one before it.
                if open.last.plus_secs(SPREAD_MAX_S) < at {
                    return Err(OrdersError::GoesOn { line, invoice: number.to_owned() });
                }
                open.last = at;
                let invoice = &mut open.invoice;
                if invoice.customer.as_deref().unwrap_or_default() != customer || invoice.country != country {
                    invoice.agreement = Agreement::Broken;
                }
                invoice.lines.push(bought);
            }
            None if self.done.contains(number) => {
                return Err(OrdersError::GoesOn { line, invoice: number.to_owned() });
            }
            None => {
                let began = u64::try_from(self.done.len() + self.open.len()).expect("a count fits");
                self.place.insert(number.to_owned(), began);
                self.open.push_back(Open {
                    invoice: Invoice {
                        number: number.to_owned(),
                        at: written.to_owned(),
                        customer: (!customer.is_empty()).then(|| customer.to_owned()),
                        country: country.to_owned(),
                        agreement: Agreement::Whole,
                        lines: vec![bought],
                    },
                    last: at,
                });
            }
        }
        Ok(())
    }
}

impl<R: Read> Iterator for Invoices<R> {
    type Item = Result<Invoice, OrdersError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "invoice,at,customer,country,sku,quantity,unit_price\n";

    fn read(lines: &str) -> Result<Vec<Invoice>, OrdersError> {
        Invoices::new(format!("{HEAD}{lines}").as_bytes())?.collect()
    }

    fn shapes(lines: &str) -> Vec<(String, Vec<String>)> {
        let invoices = read(lines).expect("a good file");
        invoices
            .into_iter()
            .map(|it| (it.number, it.lines.into_iter().map(|line| line.sku).collect()))
            .collect()
    }

    #[test]
    fn lines_of_one_invoice_become_one_order_and_a_repeated_sku_stays_repeated() {
        let invoices = read(
            "1,2010-11-01T10:00:00Z,13085,EIRE,A,2,1.5\n\
             1,2010-11-01T10:00:00Z,13085,EIRE,A,1,1.5\n\
             2,2010-11-01T10:01:00Z,,France,\"B \"\"C\"\"\",3,2\n",
        )
        .expect("a good file");
        assert_eq!(invoices.len(), 2);
        assert_eq!(invoices[0].customer.as_deref(), Some("13085"));
        assert_eq!(invoices[0].lines.iter().map(|line| line.quantity).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(invoices[1].customer, None);
        assert_eq!(invoices[1].lines[0].sku, "B \"C\"");
        assert_eq!(invoices[1].at, "2010-11-01T10:01:00Z");
    }

    #[test]
    fn invoices_of_the_same_minutes_may_stand_mixed() {
        let mixed = "1,2010-11-01T10:00:00Z,,France,A,1,1\n\
                     2,2010-11-01T10:00:00Z,,France,B,1,1\n\
                     1,2010-11-01T10:01:00Z,,France,C,1,1\n\
                     3,2010-11-01T11:00:00Z,,France,D,1,1\n\
                     2,2010-11-01T11:00:00Z,,France,E,1,1\n";
        let upto_three = &mixed[..mixed.rfind("2,2010").expect("the last line")];
        let expected = [("1", vec!["A", "C"]), ("2", vec!["B"]), ("3", vec!["D"])];
        let expected =
            expected.map(|(number, skus)| (number.to_owned(), skus.into_iter().map(String::from).collect()));
        assert_eq!(shapes(upto_three), expected);
        // An hour later it is not the same order any more.
        let error = read(mixed).expect_err("invoice 2 goes on");
        assert!(matches!(&error, OrdersError::GoesOn { line: 6, invoice } if invoice == "2"), "{error}");
    }

    #[test]
    fn an_invoice_that_waits_for_an_earlier_one_does_not_go_on_either() {
        // Invoice 1 stays open by a line every ten minutes; 2 is complete long before it is given out.
        let mut lines = String::from("1,2010-11-01T10:00:00Z,,F,A,1,1\n2,2010-11-01T10:00:00Z,,F,A,1,1\n");
        for minute in [10, 20, 30] {
            lines.push_str(&format!("1,2010-11-01T10:{minute}:00Z,,F,A,1,1\n"));
        }
        assert_eq!(shapes(&lines).len(), 2);
        lines.push_str("2,2010-11-01T10:30:00Z,,F,A,1,1\n");
        assert!(matches!(read(&lines), Err(OrdersError::GoesOn { line: 7, .. })));
    }

    #[test]
    fn a_broken_file_is_refused_with_its_line() {
        let good = "1,2010-11-01T10:00:00Z,,France,A,1,1\n";
        for (line, says) in [
            ("2,2010-11-01T09:59:59Z,,France,A,1,1", "in order of time"),
            ("2,yesterday,,France,A,1,1", "line 3, at: `yesterday` is not an RFC 3339 time"),
            ("2,2010-11-01T10:00:00Z,,France,A,1.5,1", "line 3, quantity: `1.5` is not a whole number"),
            ("2,2010-11-01T10:00:00Z,,France,A,1,£1", "line 3, unit_price: `£1` is not a decimal number"),
            ("2,2010-11-01T10:00:00Z,,France,A,1,-1", "line 3, unit_price: `-1` is a negative number"),
            (",2010-11-01T10:00:00Z,,France,A,1,1", "line 3, invoice: "),
            ("2,2010-11-01T10:00:00Z,,France,,1,1", "line 3, sku: "),
        ] {
            let said = read(&format!("{good}{line}\n")).expect_err(line).to_string();
            assert!(said.contains(says), "{said:?} does not say {says:?}");
        }
        assert!(matches!(read(&format!("{good}2,x\n")), Err(OrdersError::Csv(_))));
        assert!(matches!(Invoices::new("invoice,at\n".as_bytes()), Err(OrdersError::Column("customer"))));
        assert!(read("").is_ok_and(|none| none.is_empty()));
    }

    #[test]
    fn lines_that_disagree_about_the_customer_are_noticed() {
        let lines = "1,2010-11-01T10:00:00Z,7,France,A,1,1\n1,2010-11-01T10:00:00Z,8,France,A,1,1\n";
        assert_eq!(read(lines).expect("readable")[0].agreement, Agreement::Broken);
    }
}
