//! A store as the API shows it.

use serde::Serialize;

use super::{Known, Settings, Status};
use crate::types::{Currency, StoreId, Timestamp};

/// `GET /v1/stores/{id}`
#[derive(Debug, Serialize)]
pub struct StoreView<'a> {
    id: &'a StoreId,
    name: &'a str,
    currency: Currency,
    status: Status,
    settings: &'a Settings,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: u64,
}

impl<'a> StoreView<'a> {
    /// The store as it stands.
    pub fn of(known: &'a Known) -> Self {
        Self {
            id: &known.id,
            name: &known.name,
            currency: known.currency,
            status: known.status,
            settings: &known.settings,
            created_at: known.created_at,
            updated_at: known.updated_at,
            version: known.version,
        }
    }
}
