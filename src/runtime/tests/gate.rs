//! The log of a store, and the gate that its events pass.

use super::*;

/// A gate, and logs of stores that share it.
struct Passage {
    journal: Arc<MemoryJournal>,
    gate: Rc<Gate>,
}

impl Passage {
    fn new(plan: Plan) -> Self {
        let journal = MemoryJournal::inline(plan);
        let gate = Gate::open(journal.clone());
        Self { journal, gate }
    }

    fn log(&self, store: &str) -> Rc<StoreLog> {
        let store = store.parse().expect("legal");
        StoreLog::resume(
            store,
            1,
            Rc::clone(&self.gate),
            Clock::following_runtime(START),
            0,
            Timestamp::default(),
        )
    }

    /// One batch becomes durable or is refused, and whoever waits is told.
    async fn commit(&self) {
        turns().await;
        self.journal.pump();
        turns().await;
    }
}

/// The thread gets round to everything.
async fn turns() {
    for _ in 0..5 {
        tokio::task::yield_now().await;
    }
}

/// Records so many events at once.
fn record(log: &Rc<StoreLog>, events: usize) -> Cause {
    let events = vec![Event::Added(Added { units: 1 }); events];
    log.append(&Meta::by(Actor::Api), &Arc::new(events), log.now())
}

/// What waiters were told, in the order in which they were.
type Told = Rc<RefCell<Vec<(&'static str, Durable)>>>;

fn wait(log: &Rc<StoreLog>, who: &'static str, told: &Told) {
    let told = Rc::clone(told);
    log.when_durable(move |durable| told.borrow_mut().push((who, durable)));
}

#[actix::test]
async fn events_are_numbered_in_their_store_and_tickets_on_their_thread() {
    let passage = Passage::new(Plan::faultless());
    let (acme, zen) = (passage.log("acme"), passage.log("zen"));
    assert_eq!((acme.sequence(), acme.ticket()), (0, 0));
    assert_eq!(record(&acme, 2).sequence, 2);
    assert_eq!(record(&zen, 1).sequence, 1);
    assert_eq!(record(&acme, 3).sequence, 5);
    assert_eq!((acme.sequence(), acme.ticket()), (5, 3));
    assert_eq!((zen.sequence(), zen.ticket()), (1, 2));
    assert_eq!((acme.store().as_str(), acme.gate().end()), ("acme", 0), "nothing is durable yet");
    passage.commit().await;
    assert_eq!(zen.gate().end(), 6);
    let mut recorded = Vec::new();
    let mut reader = passage.journal.reader().expect("a reader");
    reader
        .read_after(0, 10, &mut |record| {
            recorded.push((record.store.to_owned(), record.sequence));
            Ok(())
        })
        .expect("readable");
    let expected = [("acme", 1), ("acme", 2), ("zen", 1), ("acme", 3), ("acme", 4), ("acme", 5)];
    assert_eq!(recorded, expected.map(|(store, sequence)| (store.to_owned(), sequence)));
}

#[actix::test]
async fn what_a_thread_records_in_one_turn_becomes_durable_together() {
    let passage = Passage::new(Plan::faultless());
    let (acme, zen) = (passage.log("acme"), passage.log("zen"));
    for turn in 1..=2 {
        record(&acme, 1);
        record(&zen, 2);
        record(&acme, 1);
        assert_eq!(passage.journal.pump(), 0, "the turn has not ended");
        turns().await;
        assert_eq!(passage.journal.pump(), 3);
        assert_eq!(passage.journal.figures().commits, turn);
    }
}

#[actix::test]
async fn what_was_recorded_reaches_the_journal_though_its_gate_goes() {
    let passage = Passage::new(Plan::faultless());
    record(&passage.log("acme"), 1);
    let Passage { journal, gate } = passage;
    drop(gate);
    assert_eq!(journal.pump(), 1);
}

#[actix::test]
async fn whoever_waits_for_more_than_a_commit_held_goes_on_waiting() {
    let passage = Passage::new(Plan::faultless());
    let acme = passage.log("acme");
    let told = Told::default();
    record(&acme, 1);
    wait(&acme, "one", &told);
    turns().await;
    passage.journal.pump();
    // The thread has not heard of the commit yet when the next event is folded.
    record(&acme, 1);
    wait(&acme, "two", &told);
    turns().await;
    assert_eq!(*told.borrow(), [("one", Durable::At(1))]);
    passage.commit().await;
    assert_eq!(told.borrow()[1..], [("two", Durable::At(2))]);
}

#[actix::test]
async fn each_waits_for_what_its_own_store_did_last() {
    let passage = Passage::new(Plan::faultless());
    let (acme, zen, idle) = (passage.log("acme"), passage.log("zen"), passage.log("idle"));
    let told = Told::default();
    record(&acme, 1);
    record(&zen, 1);
    // Whoever waits for less is told first, whoever asked first among equals.
    wait(&zen, "zen", &told);
    wait(&acme, "acme", &told);
    wait(&acme, "acme again", &told);
    wait(&idle, "idle", &told);
    assert_eq!(*told.borrow(), [("idle", Durable::At(0))], "a store that did nothing waits for nothing");
    passage.commit().await;
    let durable = Durable::At(2);
    assert_eq!(told.borrow()[1..], [("acme", durable), ("acme again", durable), ("zen", durable)]);
    wait(&acme, "later", &told);
    assert_eq!(told.borrow().last(), Some(&("later", durable)), "what is durable is said at once");
}

#[actix::test]
async fn a_store_whose_events_were_refused_is_told_once_and_no_other_is() {
    let passage = Passage::new(Plan::faultless().with(2, DiskFault::FullOnce));
    let (acme, zen) = (passage.log("acme"), passage.log("zen"));
    let (told, refused) = (Told::default(), Rc::new(RefCell::new(Vec::new())));
    for log in [&acme, &zen] {
        let (refused, store) = (Rc::clone(&refused), log.store().to_string());
        log.on_refused(move || refused.borrow_mut().push(store.clone()));
    }
    record(&zen, 1);
    passage.commit().await;
    record(&acme, 1);
    record(&acme, 1);
    wait(&acme, "acme", &told);
    passage.commit().await;
    wait(&acme, "acme later", &told);
    wait(&zen, "zen", &told);
    let refusals = [("acme", Durable::Refused), ("acme later", Durable::Refused), ("zen", Durable::At(1))];
    assert_eq!(*told.borrow(), refusals);
    assert_eq!(*refused.borrow(), ["acme"]);
}

#[actix::test]
async fn a_waiter_that_panics_takes_nobody_with_it() {
    let passage = Passage::new(Plan::faultless());
    let acme = passage.log("acme");
    let told = Told::default();
    record(&acme, 1);
    acme.when_durable(|_| panic!("as the test asked"));
    wait(&acme, "the next", &told);
    passage.commit().await;
    assert_eq!(*told.borrow(), [("the next", Durable::At(1))]);
}

#[actix::test]
async fn what_views_can_see_is_the_last_ticket_they_have_passed() {
    let passage = Passage::new(Plan::faultless());
    let acme = passage.log("acme");
    assert_eq!(passage.gate.visible(7), 0, "nothing was recorded");
    for _ in 0..4 {
        record(&acme, 10);
        passage.commit().await;
    }
    for (position, ticket) in [(0, 0), (9, 0), (10, 1), (29, 2), (30, 3), (35, 3), (40, 4), (99, 4)] {
        assert_eq!(passage.gate.visible(position), ticket, "at {position}");
    }
    record(&acme, 1);
    passage.commit().await;
    assert_eq!((passage.gate.visible(40), passage.gate.visible(41)), (4, 5));
}

/// Views that stand still cost a bounded memory, and what they are taken to have seen errs on the late side.
#[actix::test]
async fn views_that_stand_still_are_not_waited_for_in_ever_more_memory() {
    let passage = Passage::new(Plan::faultless());
    let acme = passage.log("acme");
    for _ in 0..4_100 {
        record(&acme, 1);
        passage.commit().await;
    }
    assert_eq!(passage.gate.visible(4_095), 4_095);
    assert_eq!(passage.gate.visible(4_099), 4_095, "the last few were merged");
    assert_eq!(passage.gate.visible(4_100), 4_100);
}

#[actix::test]
async fn journal_time_is_never_before_the_last_event() {
    tokio::time::pause();
    let passage = Passage::new(Plan::faultless());
    let acme = passage.log("acme");
    let ahead = START.plus_secs(5);
    acme.append(&Meta::by(Actor::Api), &Arc::new(vec![Event::Closed(Closed {})]), ahead);
    assert_eq!(acme.now(), ahead);
    tokio::time::advance(Duration::from_secs(6)).await;
    assert_eq!(acme.now(), START.plus_secs(6), "and the clock's where that is later");
}

#[test]
fn what_waits_is_let_go_with_its_arbiter() {
    let system = actix::System::new();
    let log = system.block_on(async {
        let passage = Passage::new(Plan::faultless());
        let log = passage.log("acme");
        record(&log, 1);
        let held = Rc::clone(&log);
        log.when_durable(move |_| drop(held));
        Rc::downgrade(&log)
    });
    assert!(log.upgrade().is_some(), "it waits for its commit");
    drop(system);
    assert!(log.upgrade().is_none(), "nobody will tell it any more");
}
