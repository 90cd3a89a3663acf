//! Whole replays of the month that is part of the repository, against a service that misbehaves on plan.

use std::path::PathBuf;

use clap::Parser;

use super::*;
use crate::seed::fake::Fake;

const MONTH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/seed/gifts");
/// What the month holds, less the two invoices with a tenth of a penny.
const ORDERS: u64 = 2_745;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

fn args(fake: &Fake, more: &[&str]) -> Args {
    let orders = format!("{MONTH}/orders.csv.gz");
    let products = format!("{MONTH}/products.csv.gz");
    let given = ["replay", "--orders", &orders, "--products", &products, "--url", &fake.url];
    Command::try_parse_from(given.into_iter().chain(more.iter().copied())).expect("good arguments").args
}

async fn replayed(args: Args) -> Result<Summary, ReplayError> {
    run(args).await.map(|done| done.orders.expect("orders were given"))
}

fn orders_of(args: &Args) -> PathBuf {
    args.orders.clone().expect("orders were given")
}

fn products_of(args: &Args) -> PathBuf {
    args.products.clone().expect("products were given")
}

/// A file of two orders, for what does not need a month.
fn small(directory: &Path, lines: &str) -> [String; 2] {
    let orders = directory.join("orders.csv");
    let products = directory.join("products.csv");
    let head = "invoice,at,customer,country,sku,quantity,unit_price\n";
    std::fs::write(&orders, format!("{head}{lines}")).expect("written");
    std::fs::write(&products, "sku,name,unit_price,units_sold\nA,Cup,1.50,9\nBANK CHARGES,x,15,1\n")
        .expect("written");
    [orders, products].map(|path: PathBuf| path.to_str().expect("a plain path").to_owned())
}

const TWO: &str = "1,2010-11-01T10:00:00Z,,France,A,2,1.5\n2,2010-11-01T10:00:00Z,7,EIRE,BANK CHARGES,1,15\n";

#[actix_web::test]
async fn a_month_is_taken_once_whatever_happens_on_the_way() {
    let fake = Fake::start();
    fake.with(|books| books.trouble_every = Some(25));
    let summary = replayed(args(&fake, &["--connections", "16"])).await.expect("the books match");
    assert_eq!(summary.tally.accepted(), ORDERS);
    assert_eq!(summary.tally.refused_here.len(), 2);
    assert_eq!(summary.stocked.filled, 3_033);
    assert!(summary.pushed_back > 0 && summary.lost > 0, "there was trouble on the way");
    assert_eq!(fake.with(|books| books.orders.len() as u64), ORDERS);

    // Started again, it is answered again: nothing is added, no shelf is filled.
    fake.with(|books| {
        for item in books.stock.values_mut() {
            item["on_hand"] = 0.into();
        }
    });
    let again = replayed(args(&fake, &[])).await.expect("the books match");
    assert_eq!((again.tally.taken, again.tally.replayed), (0, ORDERS));
    assert_eq!((again.stocked.filled, again.stocked.kept), (0, 3_033));
    assert_eq!(fake.with(|books| books.orders.len() as u64), ORDERS);
    fake.stop().await;
}

#[actix_web::test]
async fn shelves_filled_by_a_run_that_sold_nothing_are_filled_anew() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [orders, products] = small(directory.path(), TWO);
    let given = args(&fake, &["--stock-factor", "0.5"]);
    let given = Args { orders: Some(orders.into()), products: Some(products.into()), ..given };
    let client = Client::new(&fake.url, 1, Patience::default()).expect("a good address");
    prepare(&client, "replay").await.expect("a store");
    let (_, shelves) =
        survey(&orders_of(&given), &products_of(&given), given.stock_factor).expect("good files");
    stock::fill(&client, "replay", &shelves, 1, || ()).await.expect("filled");
    let stocked =
        replayed(Args { stock_factor: Decimal::ONE, ..given }).await.expect("the books match").stocked;
    assert_eq!(stocked, Stocked { filled: 2, kept: 0 });
    let of_a = fake.with(|books| books.stock[&("replay".to_owned(), "A".to_owned())].clone());
    assert_eq!(of_a["on_hand"], 9);
    assert_eq!(of_a["unit_price"], 150);
    fake.stop().await;
}

#[actix_web::test]
async fn books_that_differ_are_an_error_that_says_by_how_much() {
    let fake = Fake::start();
    fake.with(|books| books.captured_by_mistake = -1);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [orders, products] = small(directory.path(), TWO);
    let given = Args { orders: Some(orders.into()), products: Some(products.into()), ..args(&fake, &[]) };
    let error = replayed(given).await.expect_err("a penny is missing");
    assert!(matches!(error, ReplayError::Differs(_)));
    assert!(error.to_string().contains("pence captured: 1,799 against 1,800 of the file (-1)"), "{error}");
    fake.stop().await;
}

#[actix_web::test]
async fn orders_that_never_settle_end_the_replay() {
    let fake = Fake::start();
    fake.with(|books| books.stuck = 1);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let [orders, products] = small(directory.path(), TWO);
    let given = args(&fake, &["--settle-timeout", "0"]);
    let error = replayed(Args { orders: Some(orders.into()), products: Some(products.into()), ..given })
        .await
        .expect_err("stuck");
    assert!(matches!(error, ReplayError::Stuck { pending: 1, on_hold: 0, unseen: 0, .. }), "{error}");
    fake.stop().await;
}

#[actix_web::test]
async fn a_broken_file_is_noticed_before_anything_is_sent() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().expect("a temporary directory");
    let broken = format!("{TWO}3,2010-11-01T11:00:00Z,,France,A,1,1\n1,2010-11-01T12:00:00Z,,France,A,1,1\n");
    let [orders, products] = small(directory.path(), &broken);
    let error =
        replayed(Args { orders: Some(orders.into()), products: Some(products.into()), ..args(&fake, &[]) })
            .await;
    let error = error.expect_err("invoice 1 goes on two hours later");
    assert!(matches!(&error, ReplayError::Orders { source: OrdersError::GoesOn { .. }, .. }), "{error}");
    assert_eq!(fake.with(|books| books.calls), 0);
    fake.stop().await;
}

#[test]
fn the_month_in_the_repository_holds_what_its_description_says() {
    let file = PathBuf::from(format!("{MONTH}/orders.csv.gz"));
    let counted = census(open(&file).expect("there")).expect("a good file");
    assert_eq!((counted.invoices, counted.lines, counted.refused), (2_747, 76_464, 2));
    assert_eq!(counted.units.len(), 3_033);
}
