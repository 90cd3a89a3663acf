//! A small shop's books, replayed: its orders, and what came back of them.

use serde_json::json;

use crate::support::{World, orderflow};

const HEAD: &str = "invoice,at,customer,country,sku,quantity,unit_price\n";
const ORDERS: &str = "1,2010-11-01T10:00:00Z,7,France,CUP,6,1.5\n\
    1,2010-11-01T10:00:00Z,7,France,HAT,1,9\n\
    2,2010-11-02T10:00:00Z,7,France,CUP,2,1.2\n\
    3,2010-11-03T10:00:00Z,,France,CUP,2,1.5\n";
const NOTES: &str = "C1,2010-11-02T09:00:00Z,7,France,CUP,-2,1.5\n\
    C2,2010-11-04T10:00:00Z,7,France,CUP,-3,1.2\n\
    C2,2010-11-04T10:00:00Z,7,France,HAT,-1,9\n\
    C3,2010-11-05T10:00:00Z,7,France,PEN,-1,0.1\n\
    C4,2010-11-06T10:00:00Z,,France,CUP,-1,1.5\n";

#[tokio::test]
async fn credit_notes_come_back_as_returns_of_the_orders_they_fit() {
    let world = World::start().await;
    let body = json!({"id": "replay", "name": "Replay", "currency": "GBP",
        "settings": {"fulfillment": {"mode": "auto", "stage_s": 0, "transit_s": 0}}});
    world.api().call("POST", "/v1/stores").json(&body).answer().await.must(201);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, lines: String| {
        let path = directory.path().join(name);
        std::fs::write(&path, lines).expect("ours to write");
        path.to_str().expect("a plain path").to_owned()
    };
    let orders = file("orders.csv", format!("{HEAD}{ORDERS}"));
    let products =
        file("products.csv", "sku,name,unit_price,units_sold\nCUP,Cup,1.50,10\nHAT,Hat,9,1\n".to_owned());
    let notes = file("cancellations.csv", format!("{HEAD}{NOTES}"));
    let url = world.api().url();
    let both =
        ["replay", "--orders", &orders, "--products", &products, "--cancellations", &notes, "--url", &url];
    let said = orderflow(&both).await.succeeded();
    // Two and three cups for 1.50 and 1.20 and a hat; the last of the three cups was bought for 1.50.
    for line in [
        "returns    3: 3 taken, 0 replayed, 0 refused by the service",
        "units      file 8 · matched 6 · received 6",
        "pence      file 1,720 · matched 1,560 as credited, 1,590 as bought · refunded 1,590 · unpaid 0",
        "unmatched  the note names no customer, 1 lines of 1 units: C4 CUP",
        "unmatched  none of the customer's earlier orders has the SKU, 1 lines of 1 units: C3 PEN",
    ] {
        assert!(said.contains(line), "{said}\ndoes not say {line:?}");
    }
    let alone = ["replay", "--cancellations", &notes, "--url", &url];
    let again = orderflow(&alone).await.succeeded();
    assert!(again.contains("returns    3: 0 taken, 3 replayed, 0 refused by the service"), "{again}");
    assert!(orderflow(&["replay", "--orders", &orders]).await.failed().contains("--products"));
    world.server.terminate().await;
    world.server.verify().await.succeeded();
}
