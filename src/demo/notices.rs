//! The bank tells the demo's stores what happens to their payments: one endpoint a store at the bank, and its secret among the
//! store's settings. Orders settle without it as well, so a bank that takes no endpoints is said and no more.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;

use crate::seed::client::{Client, ClientError};

/// What is worth being told: whatever ends a wait.
const KINDS: [&str; 5] = [
    "payment_intent.succeeded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed",
    "refund.updated",
    "refund.failed",
];

/// A bank that takes longer does not keep the demo from opening.
const ANSWER_MAX: Duration = Duration::from_secs(10);

/// Why a store is not told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Untold {
    /// The bank takes no endpoint.
    #[error("the bank takes no endpoint for notifications")]
    Bank(#[from] reqwest::Error),
    /// The store takes no secret.
    #[error("the store does not take the secret of its notifications")]
    Store(#[from] ClientError),
}

/// An endpoint, as the bank shows it when it is made.
#[derive(Deserialize)]
struct Endpoint {
    secret: String,
}

/// Has the bank tell a store, under the key that the server shows to the bank.
pub(super) async fn subscribe(client: &Client, bank_url: &str, key: &str, store: &str) -> Result<(), Untold> {
    let url = format!("{}/v1/gateways/stripe/webhooks/{store}", client.base());
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("url", &url);
    for kind in KINDS {
        form.append_pair("enabled_events[]", kind);
    }
    let asked = reqwest::Client::new()
        .post(format!("{bank_url}/v1/webhook_endpoints"))
        .timeout(ANSWER_MAX)
        .header(AUTHORIZATION, format!("Bearer {key}"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(form.finish());
    let Endpoint { secret } = asked.send().await?.error_for_status()?.json().await?;
    let secrets = json!({ "settings": { "gateway": { "webhook_secrets": [secret] } } });
    Ok(client.change_store(store, &secrets).await?)
}
