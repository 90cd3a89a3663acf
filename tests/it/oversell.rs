//! A sale: more shoppers than mugs.

use crate::support::{Verdict, World, basket, many};

#[tokio::test]
async fn a_hundred_mugs_go_to_a_hundred_of_five_hundred_shoppers() {
    let world = World::start().await;
    let shop = world.shop("sale").await;
    shop.stock("MUG", 100).await;
    let verdicts = many(500, 500, async |shopper| {
        shop.try_buy(&basket("MUG", 1).for_customer(&format!("cus_{shopper}"))).await
    })
    .await;
    let taken = verdicts.iter().filter(|verdict| matches!(verdict, Verdict::Accepted(_))).count();
    assert_eq!(taken, 500, "stock is looked at after the order is taken");
    world.proves(&[&shop]).await;

    let orders = shop.whole_list("/v1/orders").await;
    let with = |member: &str, value: &str| orders.iter().filter(|order| order[member] == value).count();
    assert_eq!((with("status", "confirmed"), with("cancel_reason", "out_of_stock")), (100, 400));
    assert_eq!(shop.available("MUG").await, 0);
    let books = world.bank.books("sale").await;
    assert_eq!(books.rows.len(), 200, "set aside and taken, for each of the hundred and nobody else");
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn baskets_that_want_the_same_two_things_share_them_whole() {
    let world = World::start().await;
    let shop = world.shop("sale").await;
    shop.stock("CUP", 30).await;
    shop.stock("SAUCER", 20).await;
    // Half name the one first, half the other: all lines or none, whatever their order.
    many(80, 40, async |shopper| {
        let pair = if shopper % 2 == 0 {
            basket("CUP", 1).and("SAUCER", 1)
        } else {
            basket("SAUCER", 1).and("CUP", 1)
        };
        shop.buy(&pair).await
    })
    .await;
    world.ends(&[&shop]).await;
}

#[tokio::test]
async fn stock_that_comes_back_is_sold_again() {
    let world = World::start().await;
    let shop = world.shop("sale").await;
    shop.stock("MUG", 1).await;
    let first = shop.buy_until(&basket("MUG", 1), "confirmed").await;
    shop.buy_until(&basket("MUG", 1), "canceled").await;
    shop.cancel(&first).await.must(200);
    world.proves(&[&shop]).await;
    shop.buy_until(&basket("MUG", 1), "confirmed").await;
    shop.adjust("MUG", 2).await;
    shop.buy_until(&basket("MUG", 2), "confirmed").await;
    world.ends(&[&shop]).await;
}
