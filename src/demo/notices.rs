//! The bank tells the demo's stores what happens to their payments: one endpoint a store at the bank, and its secret among the
//! store's settings. Orders settle without it as well, so a bank that takes no endpoints is said and no more.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::json;

use crate::seed::client::{Client, ClientError};

/// What is worth being told: whatever ends a wait.
const KINDS: [&str; 6] = [
    "payment_intent.succeeded",
    "payment_intent.amount_capturable_updated",
    "payment_intent.payment_failed",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
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

/// The endpoints that the bank has.
#[derive(Deserialize)]
struct Endpoints {
    data: Vec<Known>,
}

#[derive(Deserialize)]
struct Known {
    id: String,
    url: String,
}

/// An endpoint, as the bank shows it when it is made.
#[derive(Deserialize)]
struct Endpoint {
    secret: String,
}

/// Has the bank tell a store, under the key that the server shows to the bank, and tell it once: endpoints of an earlier start
/// are taken back.
pub(super) async fn subscribe(client: &Client, bank_url: &str, key: &str, store: &str) -> Result<(), Untold> {
    let place = format!("/v1/gateways/stripe/webhooks/{store}");
    let (bank, endpoints) = (reqwest::Client::new(), format!("{bank_url}/v1/webhook_endpoints"));
    let ask = async |method: Method, url: &str, form: String| {
        let asked = bank.request(method, url).timeout(ANSWER_MAX);
        let asked = asked.header(AUTHORIZATION, format!("Bearer {key}"));
        let asked = asked.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        asked.send().await?.error_for_status()
    };
    let all = ask(Method::GET, &format!("{endpoints}?limit=100"), String::new()).await?;
    let Endpoints { data } = all.json().await?;
    for Known { id, .. } in data.iter().filter(|known| known.url.ends_with(&place)) {
        ask(Method::DELETE, &format!("{endpoints}/{id}"), String::new()).await?;
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("url", &format!("{}{place}", client.base()));
    for kind in KINDS {
        form.append_pair("enabled_events[]", kind);
    }
    let Endpoint { secret } = ask(Method::POST, &endpoints, form.finish()).await?.json().await?;
    let secrets = json!({ "settings": { "gateway": { "webhook_secrets": [secret] } } });
    Ok(client.change_store(store, &secrets).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::client::Patience;
    use crate::seed::fake::Fake;

    #[actix_web::test]
    async fn a_store_is_told_once_however_often_the_demo_was_started() {
        let bank =
            mock_gateway::start(mock_gateway::Options::on_a_free_port()).expect("a port is free on loopback");
        let fake = Fake::start();
        for store in ["acme", "gifts"] {
            fake.books.lock().expect("nobody panics").stores.insert(store.to_owned(), json!({ "id": store }));
        }
        let client = Client::new(&fake.url, 1, Patience::default()).expect("a client");
        for store in ["acme", "gifts", "acme"] {
            subscribe(&client, &bank.url(), "sk_test_1", store).await.expect("subscribed");
        }
        let asked = reqwest::Client::new().get(format!("{}/v1/webhook_endpoints", bank.url()));
        let answer = asked.header(AUTHORIZATION, "Bearer sk_test_1").send().await.expect("an answer");
        let Endpoints { data } = answer.json().await.expect("a list");
        let mut told: Vec<&str> = data.iter().filter_map(|known| known.url.rsplit('/').next()).collect();
        told.sort_unstable();
        assert_eq!(told, ["acme", "gifts"]);
        fake.stop().await;
        bank.stop().await;
    }
}
