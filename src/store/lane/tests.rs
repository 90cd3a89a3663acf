//! Calls that wait for a gateway that is away, and may go elsewhere.

use futures_util::future::LocalBoxFuture;

use super::*;
use crate::payment::id_of;
use crate::types::OrderId;

/// Nobody is there, and nobody may ask.
struct Away;

impl Bank for Away {
    fn call(&self, _: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome> {
        panic!("{} went out while the breaker was open", call.name());
    }
}

/// A lane whose breaker is open, and what becomes of its calls.
struct World {
    lane: Rc<Lane>,
    /// How often it was asked whether a call may go elsewhere.
    asked: Rc<Cell<usize>>,
    /// Whether another gateway takes calls.
    other_is_there: Rc<Cell<bool>>,
    /// Which payments were handed to it, in their order.
    moved: Rc<RefCell<Vec<PaymentId>>>,
}

impl World {
    fn new() -> Self {
        let breaker = Arc::new(Breaker::default());
        let away = Outcome::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None };
        for _ in 0..20 {
            breaker.record(Admission::Go, &away, clock::monotonic());
        }
        assert!(!breaker.takes_calls());
        let lane = Lane::new("acme".parse().expect("legal"), Rc::new(Away), breaker, 4, Berths::new(4));
        let (asked, other_is_there) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
        let moved = Rc::new(RefCell::new(Vec::new()));
        let (count, is_there, to) = (Rc::clone(&asked), Rc::clone(&other_is_there), Rc::clone(&moved));
        lane.on_full(move |_, others| {
            count.set(count.get() + 1);
            others.first().filter(|_| is_there.get()).cloned()
        });
        lane.on_answer(
            move |payment, _, outcome| {
                assert!(matches!(outcome, Outcome::Elsewhere(_)), "{outcome:?}");
                to.borrow_mut().push(payment);
            },
            || panic!("nothing fails here"),
        );
        Self { lane, asked, other_is_there, moved }
    }

    fn submit(&self, order: u128) {
        let order = OrderId::from_bits(order);
        let context = CallContext { store: "acme".parse().expect("legal"), order, payment: id_of(order) };
        let or_else = vec![Gateway { name: "other".into(), version: 1 }];
        let call = Call::Look { attempt: 1, intent: "pi_1".into() };
        self.lane.submit(context, Errand { to: None, or_else, is_repeat: false, call });
    }

    fn moved(&self) -> Vec<PaymentId> {
        self.moved.take()
    }
}

fn payments(orders: impl IntoIterator<Item = u128>) -> Vec<PaymentId> {
    orders.into_iter().map(|order| id_of(OrderId::from_bits(order))).collect()
}

#[actix::test]
async fn while_all_gateways_are_away_a_call_more_is_one_question_more_however_many_wait() {
    tokio::time::pause();
    let world = World::new();
    world.submit(1);
    let of_the_first = world.asked.take();
    for order in 2..=500 {
        world.submit(order);
    }
    assert!((1..=2).contains(&of_the_first), "{of_the_first}");
    assert_eq!((world.asked.get(), world.lane.busy()), (499, 500));
    assert!(world.moved().is_empty());
}

#[actix::test]
async fn what_waits_goes_to_another_gateway_with_the_first_call_that_does() {
    tokio::time::pause();
    let world = World::new();
    (1..=3).for_each(|order| world.submit(order));
    world.other_is_there.set(true);
    world.submit(4);
    assert_eq!(world.moved(), payments([4, 1, 2, 3]));
    assert_eq!((world.lane.busy(), world.lane.breaker.traffic().waiting()), (0, 0));
}

#[actix::test]
async fn what_waits_goes_to_another_gateway_when_it_is_time_though_no_call_comes() {
    tokio::time::pause();
    let world = World::new();
    (1..=3).for_each(|order| world.submit(order));
    // While a probe is out nobody else may go, and nobody comes by: its end is what the line waits for.
    let breaker = world.lane.breaker();
    let Admission::Refused { until } = breaker.admit(clock::monotonic()) else { panic!("it is open") };
    let probe = breaker.admit(until);
    assert_eq!(probe, Admission::Probe);
    world.other_is_there.set(true);
    breaker.record(probe, &Outcome::NotSent { reason: Reason::ConnectFailed, retry_after_ms: None }, until);
    for _ in 0..8 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.moved(), payments([1, 2, 3]));
    assert_eq!(world.lane.busy(), 0);
}
