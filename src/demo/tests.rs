//! The demo with a script for a bank and a service in memory.

use std::sync::{Arc, Mutex};

use super::bank::tests::{ADDRESS, GOOD, script};
use super::*;
use crate::seed::fake::{Books, Fake};

/// The service as a server of the demo.
struct InMemory {
    fake: Fake,
    ends: Option<Cause>,
}

impl Server for InMemory {
    fn url(&self) -> String {
        self.fake.url.clone()
    }

    fn bank_key(&self) -> String {
        "sk_test_of_the_demo".into()
    }

    async fn ended(&mut self) -> Result<(), Cause> {
        match self.ends.take() {
            Some(cause) => Err(cause),
            None => std::future::pending().await,
        }
    }

    async fn stop(self) -> Result<(), Cause> {
        self.fake.stop().await;
        Ok(())
    }
}

fn args(directory: &tempfile::TempDir, traffic: u32) -> Args {
    Args {
        listen: ([127, 0, 0, 1], 0).into(),
        data: directory.path().join("data"),
        traffic,
        traffic_seed: Some(1),
        calm: true,
        bank_listen: ADDRESS.into(),
    }
}

#[actix_web::test]
async fn both_stores_are_filled_and_orders_come_until_it_is_stopped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = script(directory.path(), GOOD);
    let books: Arc<Mutex<Option<Arc<Mutex<Books>>>>> = Arc::default();
    let seen = Arc::clone(&books);
    let serve = |setup: Setup| async move {
        assert_eq!(setup.bank_url, "http://127.0.0.1:4999");
        let fake = Fake::start();
        *seen.lock().expect("nobody panics") = Some(Arc::clone(&fake.books));
        Ok(InMemory { fake, ends: None })
    };
    // Asked to stop once, as soon as both stores have had an order.
    let (ask, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let watched = Arc::clone(&books);
    let watcher = actix_web::rt::spawn(async move {
        while !both_have_orders(&watched) {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        ask.send(()).expect("the demo runs until it is asked");
        ask
    });
    let stop = async || asked.recv().await.expect("the watcher keeps its end");
    host(args(&directory, 200), &program, serve, stop).await.expect("stopped well");
    assert!(directory.path().join("mock_gateway.stopped").exists(), "the bank was stopped");
    let books = books.lock().expect("nobody panics").clone().expect("served");
    let books = books.lock().expect("nobody panics");
    assert_eq!(books.stock.len(), 12 + 3_033);
    drop(watcher);
}

fn both_have_orders(books: &Mutex<Option<Arc<Mutex<Books>>>>) -> bool {
    let Some(books) = books.lock().expect("nobody panics").clone() else {
        return false;
    };
    let books = books.lock().expect("nobody panics");
    let has = |store: &str| books.orders.keys().any(|(of, _)| of == store);
    has("acme") && has("gifts")
}

#[actix_web::test]
async fn a_server_that_does_not_start_or_ends_takes_the_bank_with_it() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let program = script(directory.path(), GOOD);
    let stopped = directory.path().join("mock_gateway.stopped");
    let never = async || std::future::pending().await;

    let serve = |_| async { Err::<InMemory, Cause>("no disk".into()) };
    let error = host(args(&directory, 0), &program, serve, never).await.expect_err("it did not start");
    assert!(matches!(&error, DemoError::ServerStart(cause) if cause.to_string() == "no disk"), "{error}");
    assert!(stopped.exists(), "the bank was stopped");

    std::fs::remove_file(&stopped).expect("it was there");
    let serve = |_| async { Ok(InMemory { fake: Fake::start(), ends: Some("disk gone".into()) }) };
    let error = host(args(&directory, 0), &program, serve, never).await.expect_err("it ended");
    assert!(matches!(error, DemoError::ServerEnded(Some(_))), "{error}");
    assert!(stopped.exists(), "the bank was stopped");
}
