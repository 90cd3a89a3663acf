//! The people who work at the shops: they look at what waits for them, and take their time.

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::shoppers::Dice;
use crate::seed::client::{Call, Client, segment};
use crate::types::clock;

const STORES: [&str; 2] = ["acme", "gifts"];
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// What they say who they are.
const NAME: &str = "the demo's staff";
/// How many things of a kind one look takes in.
const GLANCE_MAX: usize = 100;

/// Works until dropped.
pub(super) async fn work(client: &Client, seed: u64) {
    let mut desks = STORES.map(|store| Desk { store, seed, noticed: HashMap::new() });
    loop {
        sleep(LOOK_EVERY).await;
        for desk in &mut desks {
            desk.look(client, clock::instant()).await;
        }
    }
}

/// What waits for the people of one store.
#[derive(Debug)]
struct Desk {
    store: &'static str,
    seed: u64,
    /// What is there, and since when they know of it.
    noticed: HashMap<String, Instant>,
}

/// Something that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    id: String,
    task: Task,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Task {
    Approve,
    Reject,
    /// A parcel that came back: its pieces, as the store takes them.
    Receive(Value),
    /// Fill the shelf of a SKU.
    Restock(String),
    Acknowledge,
}

impl Desk {
    /// Looks at what waits at this time, and does what has waited for long enough.
    async fn look(&mut self, client: &Client, now: Instant) {
        let mut waiting = Vec::new();
        for review in self.list(client, "/v1/reviews?status=open").await {
            waiting.extend(self.review(&review));
        }
        for one in self.list(client, "/v1/returns?status=open").await {
            waiting.extend(self.returned(&one));
        }
        for alert in self.list(client, "/v1/alerts?status=firing").await {
            waiting.extend(alerted(&alert));
        }
        let is_there = |id: &String| waiting.iter().any(|(_, it)| it.id == *id);
        self.noticed.retain(|id, _| is_there(id));
        for (patience, Waiting { id, task }) in waiting {
            let since = *self.noticed.entry(id.clone()).or_insert(now);
            if now - since >= patience {
                self.act(client, &id, task).await;
            }
        }
    }

    async fn list(&self, client: &Client, path: &str) -> Vec<Value> {
        let call = Call::get(format!("{path}&limit={GLANCE_MAX}")).store(self.store);
        let page = client.send(&call).await.and_then(|answer| answer.success(path)?.read::<Value>(path));
        // They look again soon.
        match page.map(|mut page| page["data"].take()) {
            Ok(Value::Array(data)) => data,
            Ok(_) | Err(_) => Vec::new(),
        }
    }

    /// Most reviews are decided; one in eight is left to whoever runs the demo.
    fn review(&self, review: &Value) -> Option<(Duration, Waiting)> {
        let id = review["id"].as_str()?.to_owned();
        let dice = Dice::of(&id, self.seed);
        let task = match dice.roll("review", 8) {
            0 => return None,
            1..=5 => Task::Approve,
            _ => Task::Reject,
        };
        Some((Duration::from_secs(6 + dice.roll("pause", 12)), Waiting { id, task }))
    }

    /// What is sent back arrives, and most of it is sold again.
    fn returned(&self, one: &Value) -> Option<(Duration, Waiting)> {
        let id = one["id"].as_str()?.to_owned();
        let dice = Dice::of(&id, self.seed);
        let disposition = match dice.roll("state", 8) {
            0 => "write_off",
            1 => "return_to_vendor",
            2 | 3 => "damaged",
            _ => "restock",
        };
        let piece = |line: &Value| json!({ "line_id": line["line_id"], "quantity": line["quantity"], "disposition": disposition });
        let pieces: Vec<Value> = one["lines"].as_array()?.iter().map(piece).collect();
        let task = Task::Receive(json!({ "lines": pieces }));
        Some((Duration::from_secs(8 + dice.roll("way", 20)), Waiting { id, task }))
    }

    /// Does a thing. It may be refused, if somebody else was faster.
    async fn act(&self, client: &Client, id: &str, task: Task) {
        let call = match task {
            Task::Approve => Call::post(format!("/v1/reviews/{id}/approve")).json(&json!({ "note": NAME })),
            Task::Reject => Call::post(format!("/v1/reviews/{id}/reject")).json(&json!({ "note": NAME })),
            Task::Acknowledge => {
                Call::post(format!("/v1/alerts/{id}/acknowledge")).json(&json!({ "by": NAME }))
            }
            Task::Receive(pieces) => Call::post(format!("/v1/returns/{id}/receive")).json(&pieces),
            Task::Restock(sku) => {
                let Some(delta) = self.delivery(client, &sku).await else { return };
                let path = format!("/v1/inventory/{}/adjustments", segment(&sku));
                Call::post(path).json(&json!({ "delta": delta, "reason": "a delivery" }))
            }
        };
        // The same thing is done once, however often it is looked at.
        drop(client.send(&call.store(self.store).key(format!("demo-staff-{id}"))).await);
    }

    /// How many pieces a delivery brings: enough for a while.
    async fn delivery(&self, client: &Client, sku: &str) -> Option<u64> {
        let call = Call::get(format!("/v1/inventory/{}", segment(sku))).store(self.store);
        let item: Value = client.send(&call).await.ok()?.read("an item").ok()?;
        Some(2 * item["reorder_point"].as_u64()? + 20)
    }
}

/// What people do about an alert, and how long they leave it.
fn alerted(alert: &Value) -> Option<(Duration, Waiting)> {
    let id = alert["id"].as_str()?.to_owned();
    let sku = alert["subject"].as_str()?.to_owned();
    let (seconds, task) = match alert["kind"].as_str()? {
        "out_of_stock" => (6, Task::Restock(sku)),
        "low_stock" => (45, Task::Restock(sku)),
        "payment_gateway_down" => (3, Task::Acknowledge),
        _ => return None,
    };
    Some((Duration::from_secs(seconds), Waiting { id, task }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::client::Patience;
    use crate::seed::fake::Fake;

    #[actix_web::test]
    async fn what_has_waited_long_enough_is_done_once_and_the_rest_is_left() {
        let fake = Fake::start();
        let review = |number: u32| json!({ "id": format!("ord_{number}") });
        fake.with(|books| {
            books.stores.insert("acme".into(), json!({}));
            books.stock.insert(("acme".into(), "A B".into()), json!({ "on_hand": 0, "reorder_point": 10 }));
            let alerts = json!([
                { "id": "alr_1", "kind": "out_of_stock", "subject": "A B" },
                { "id": "alr_2", "kind": "payment_gateway_down", "subject": "bank" },
                { "id": "alr_3", "kind": "saga_stuck", "subject": "ord_1" },
            ]);
            books.lists.insert("/v1/alerts".into(), alerts);
            books.lists.insert("/v1/reviews".into(), (0..40).map(review).collect());
            let line = json!({ "line_id": "li_1", "quantity": 1 });
            books.lists.insert("/v1/returns".into(), json!([{ "id": "ret_1", "lines": [line] }]));
        });
        let client = Client::new(&fake.url, 1, Patience::default()).expect("a good address");
        let mut desk = Desk { store: "acme", seed: 1, noticed: HashMap::new() };
        let start = clock::instant();
        desk.look(&client, start).await;
        assert_eq!(fake.with(|books| books.writes.len()), 0, "nobody is as quick as that");
        desk.look(&client, start + Duration::from_secs(60)).await;
        let writes = fake.with(|books| std::mem::take(&mut books.writes));
        let count = |what: &str| writes.iter().filter(|write| write.contains(what)).count();
        assert_eq!(count("POST /v1/inventory/A%20B/adjustments"), 1, "{writes:?}");
        assert_eq!((count("/v1/alerts/alr_2/acknowledge"), count("alr_3")), (1, 0), "{writes:?}");
        assert_eq!(count("POST /v1/returns/ret_1/receive"), 1, "{writes:?}");
        let (approved, rejected) = (count("/approve"), count("/reject"));
        assert!(approved > rejected && rejected > 0 && approved + rejected < 40, "{approved}, {rejected}");

        fake.with(|books| books.lists.clear());
        desk.look(&client, start + Duration::from_secs(62)).await;
        assert!(desk.noticed.is_empty(), "what is over is forgotten");
        assert_eq!(fake.with(|books| books.writes.len()), 0);
        fake.stop().await;
    }
}
