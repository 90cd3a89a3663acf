//! A store as the API shows it.

use std::borrow::Cow;

use serde::Serialize;

use super::{Known, Secret, Settings, Status};
use crate::types::{Currency, StoreId, Timestamp};

/// `GET /v1/stores/{id}`
#[derive(Debug, Serialize)]
pub struct StoreView<'a> {
    id: &'a StoreId,
    name: &'a str,
    currency: Currency,
    status: Status,
    settings: Cow<'a, Settings>,
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
            settings: shown(&known.settings),
            created_at: known.created_at,
            updated_at: known.updated_at,
            version: known.version,
        }
    }
}

/// Settings without what is nobody's to see.
fn shown(settings: &Settings) -> Cow<'_, Settings> {
    let has_secrets = settings.fulfillment.carrier_secret.is_some() || !settings.gateway.is_blank();
    if !has_secrets {
        return Cow::Borrowed(settings);
    }
    let mut shown = settings.clone();
    let secrets = shown.fulfillment.carrier_secret.iter_mut().chain(shown.gateway.secrets_mut());
    secrets.for_each(|secret| *secret = Secret::from(Secret::SHOWN));
    Cow::Owned(shown)
}
