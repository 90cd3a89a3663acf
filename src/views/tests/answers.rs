//! Request keys: the first answer is given again, from memory, from the tree and from a rebuilt file.

use super::world::{Wish, World, sku};
use super::{Bench, INLINE, Options, open};
use crate::inventory::{self, ItemView};
use crate::order::{self, OrderView};
use crate::runtime::{Answer, Stored};
use crate::store::settings::{Command, SettingsPatch, StoreView};
use crate::types::{RequestKey, StoreId, Timestamp};

fn key(name: &str) -> RequestKey {
    RequestKey::new(name, &[b"body of ", name.as_bytes()])
}

fn order_now(world: &World, store: &StoreId, order: crate::types::OrderId) -> Answer {
    let placed = world.shops[store].orders[&order].placed().expect("placed");
    Answer::of(&OrderView::of(store, placed), placed.version)
}

#[test]
fn the_first_answer_is_found_however_long_ago_it_was_given() {
    let mut bench = Bench::new();
    let acme = bench.world.shop("acme", &[("MUG", 100)]);
    let gifts = bench.world.shop("gifts", &[("MUG", 100)]);
    let mut expected: Vec<(RequestKey, Answer)> = Vec::new();

    bench.world.key = Some(key("place"));
    let placed = bench.world.place(&acme, &Wish::of(&[("MUG", 1)]));
    expected.push((key("place"), order_now(&bench.world, &acme, placed)));
    bench.world.reserve(&acme, placed);

    bench.world.key = Some(key("cancel"));
    bench.world.order(&acme, placed, order::Command::Cancel { reason: order::CancelReason::Staff });
    expected.push((key("cancel"), order_now(&bench.world, &acme, placed)));
    bench.world.hear(&acme, placed, order::Outcome::StockReleased);

    // What expires on the way comes first, and the SKU asked about last but for its threshold.
    bench.world.now = bench.world.now.plus_secs(10_000);
    bench.world.key = Some(key("count"));
    bench.world.set_item(&acme, "MUG", 2);
    let item = bench.world.shops[&acme].stock.item("MUG").expect("there").clone();
    expected.push((key("count"), Answer::of(&ItemView::of(&item), item.version)));
    bench
        .world
        .stock(&acme, inventory::Command::Adjust { sku: sku("MUG"), delta: 1, reason: "found one".into() });

    bench.world.key = Some(key("configure"));
    let (name, settings) = (Some("Acme & Sons".to_owned()), SettingsPatch::default());
    bench.world.tenancy(&acme, Command::Configure { name, settings, status: None });
    let known = bench.world.shops[&acme].tenant.known().expect("provisioned").clone();
    expected.push((key("configure"), Answer::of(&StoreView::of(&known), known.version)));

    let check = |bench: &Bench| {
        let mut reader = bench.look();
        for (key, answer) in &expected {
            let stored = Some(Stored { payload: key.payload, answer: answer.clone() });
            assert_eq!(reader.answer(&acme, key.key).expect("readable"), stored);
            assert_eq!(reader.answer(&gifts, key.key).expect("readable"), None, "another store's");
        }
        assert_eq!(reader.answer(&acme, key("never").key).expect("readable"), None);
    };
    check(&bench);
    // A transaction each, until every slice of the key space was swept twice.
    for round in 0..130 {
        bench.world.set_item(&gifts, "MUG", 1 + round);
        check(&bench);
    }
    bench.reopen();
    check(&bench);
    bench.views.close();
    super::super::schema::remove(bench.directory.path()).expect("removed");
    bench.reopen();
    check(&bench);
}

#[test]
fn old_keys_are_forgotten_when_asked() {
    let mut bench = Bench::new();
    let acme = bench.world.shop("acme", &[("MUG", 100)]);
    bench.world.key = Some(key("old"));
    bench.world.set_item(&acme, "MUG", 50);
    let bound = bench.world.now.plus_millis(1);
    bench.world.now = bound.plus_secs(1);
    bench.world.key = Some(key("young"));
    bench.world.set_item(&acme, "MUG", 51);
    bench.look();
    bench.views.forget_keys_before(bound);
    for count in 0..200 {
        bench.world.set_item(&acme, "MUG", 100 + count);
        bench.look();
    }
    let mut reader = bench.look();
    assert_eq!(reader.answer(&acme, key("old").key).expect("readable"), None);
    assert!(reader.answer(&acme, key("young").key).expect("readable").is_some());
    // Made anew, they are remembered as far as they are wanted.
    let anew = |keys_since| {
        let directory = tempfile::tempdir().expect("a directory");
        let views = open(directory.path(), &bench.world.journal, Options { keys_since, ..INLINE });
        views.pump().expect("folded");
        let mut reader = views.reader().expect("a reader");
        ["old", "young"].map(|name| reader.answer(&acme, key(name).key).expect("readable").is_some())
    };
    assert_eq!(anew(Timestamp::from_micros(0)), [true, true]);
    assert_eq!(anew(bound), [false, true]);
}

#[test]
fn old_keys_are_forgotten_though_nothing_happens() {
    let mut bench = Bench::new();
    let acme = bench.world.shop("acme", &[("MUG", 100)]);
    for (name, count) in [("one", 51), ("two", 52), ("three", 53)] {
        bench.world.key = Some(key(name));
        bench.world.set_item(&acme, "MUG", count);
    }
    let bound = bench.world.now.plus_millis(1);
    bench.look();
    let directory = tempfile::tempdir().expect("a directory");
    let options = Options { interval_ms: 1, is_inline: false, ..INLINE };
    let views = open(directory.path(), &bench.world.journal, options);
    let wait = |is_so: &dyn Fn() -> bool| {
        for _ in 0..6_000 {
            if is_so() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("not in time");
    };
    wait(&|| views.position() == bench.world.journal.end());
    assert!(views.reader().expect("a reader").answer(&acme, key("two").key).expect("readable").is_some());
    views.forget_keys_before(bound);
    // Each key and its answer; the shop was made without one.
    wait(&|| views.forgotten() >= 6);
    for name in ["one", "two", "three"] {
        let answer = views.reader().expect("a reader").answer(&acme, key(name).key);
        assert_eq!(answer.expect("readable"), None, "{name}");
    }
    views.close();
}
