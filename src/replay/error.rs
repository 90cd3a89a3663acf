//! Why a replay did not end well.

use std::io;
use std::time::Duration;

use super::cancellations::ReturnsSummary;
use super::orders::OrdersError;
use super::summary::Summary;
use crate::seed::client::ClientError;
use crate::seed::products::ProductsError;

/// Why a replay did not end well.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file cannot be opened.
    #[error("could not open {file}")]
    Open {
        /// Which.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The orders cannot be replayed as they are.
    #[error("could not read the orders of {file}")]
    Orders {
        /// Which file.
        file: String,
        /// Why.
        source: OrdersError,
    },
    /// The products cannot be used as they are.
    #[error("could not read the products of {file}")]
    Products {
        /// Which file.
        file: String,
        /// Why.
        source: ProductsError,
    },
    /// Stock times the factor cannot be counted.
    #[error("the stock factor makes more units than can be counted")]
    StockFactor,
    /// The service could not be used; everything taken so far stays, and the same command goes on from there.
    #[error("could not replay; the same command goes on where this one ended")]
    Service(#[from] ClientError),
    /// The store sells in another currency.
    #[error("store {store} answers in {currency}, the file is in GBP; choose another with --store")]
    Currency {
        /// Which.
        store: String,
        /// Its currency.
        currency: String,
    },
    /// Orders stay open and nothing moves.
    #[error(
        "store {store} made no progress for {} s: {pending} orders pending, {on_hold} on hold, {unseen} not in its figures yet",
        .waited.as_secs()
    )]
    Stuck {
        /// Which.
        store: String,
        /// For how long nothing moved.
        waited: Duration,
        /// Orders on their way.
        pending: u64,
        /// Orders waiting for a review.
        on_hold: u64,
        /// Orders taken that the figures do not know.
        unseen: u64,
    },
    /// All is sent and settled, and the books differ. The summary is part of the text.
    #[error("the service's books differ from the file's\n{0}")]
    Differs(Box<Summary>),
    /// All came back that could, and the books differ. The summary is part of the text.
    #[error("the service's books of returns differ from the file's\n{0}")]
    ReturnsDiffer(Box<ReturnsSummary>),
}
