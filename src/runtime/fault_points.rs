//! Named places where tests make things go wrong. Compiled to nothing unless the feature `faults` is on.
//!
//! `ORDERFLOW_FAULTS="abort@after_commit#3,panic@decide=poison"`: abort the process at the third pass of `after_commit`;
//! panic at every pass of `decide` for the store `poison`. `lose@threshold`,
//! `lose@expiry`, `lose@trouble`: what is called so is never said. `POINTS` lists every place; a name that is not in it
//! refuses to start, and a name that no process passes fails the tests.

/// Passes a named place, for a store or for none.
#[macro_export]
macro_rules! fault_point {
    ($name:literal) => {
        $crate::fault_point!($name, "")
    };
    ($name:literal, $store:expr) => {
        #[cfg(feature = "faults")]
        $crate::runtime::fault_points::pass($name, $store);
    };
    // One of several places of a kind: `before_send.capture`.
    (of $kind:literal, $part:expr, $store:expr) => {
        #[cfg(feature = "faults")]
        $crate::runtime::fault_points::pass_part($kind, $part, $store);
    };
    // The answer to a call of the bank at this path is there, and not read.
    (unread $path:expr) => {
        #[cfg(feature = "faults")]
        $crate::runtime::fault_points::pass_unread($path);
    };
    // In the middle of what follows, wherever that is then.
    (within $name:literal) => {
        #[cfg(feature = "faults")]
        $crate::runtime::fault_points::pass_within($name);
    };
}

#[cfg(feature = "faults")]
pub use armed::{loses, pass, pass_part, pass_unread, pass_when_recorded, pass_within};
#[cfg(feature = "faults")]
pub use points::POINTS;

#[cfg(feature = "faults")]
mod points {
    /// Every named place, and where that is.
    pub const POINTS: &[(&str, &str)] = &[
        ("decide", "a command is admitted, nothing is decided"),
        ("folded.order", "an order is folded in memory, nothing is handed to the journal"),
        ("before_commit", "a batch is gathered, nothing of it is written"),
        ("after_commit", "a batch is synced, nobody has heard of it"),
        ("after_acknowledge", "the threads of stores have been told of a batch"),
        ("before_answer", "what a request asked for is durable, its answer has not left"),
        ("recorded.order", "a new order is durable, nobody outside has heard"),
        ("recorded.reservation", "stock is durably held, neither the shopper nor the bank has heard"),
        ("before_send.authorize", "the intent to authorise is durable, nothing has gone out"),
        ("before_send.capture", "the same of a capture"),
        ("before_send.void", "the same of a void"),
        ("before_send.refund", "the same of a refund"),
        ("before_send.inquire", "a call is in doubt, the question about it has not gone out"),
        ("answer_unread.authorize", "the bank has authorised, its answer is not read"),
        ("answer_unread.capture", "the same of a capture"),
        ("answer_unread.void", "the same of a void"),
        ("answer_unread.refund", "the same of a refund"),
        ("after_answer.authorize", "the answer is read, nothing is recorded"),
        ("after_answer.capture", "the same of a capture"),
        ("after_answer.void", "the same of a void"),
        ("after_answer.refund", "the same of a refund"),
        ("recorded.authorize", "the bank's yes is durable, nobody has heard"),
        ("recorded.capture", "the same of a capture"),
        ("recorded.void", "the same of a void"),
        ("recorded.refund", "the same of a refund"),
        ("recorded.alert", "an alert is durable, nobody has heard"),
        ("timer_fired.inventory", "a hold's time is up, nothing is recorded"),
        ("timer_fired.order", "an order's time is up, nothing is recorded"),
        ("timer_fired.payment", "a wait before the bank is called again is over, nothing is recorded"),
        ("views_half_written", "a transaction of the views is half written"),
        ("checkpoint_under_way", "the journal's log is being moved into its file"),
        ("recovery_half_done", "some of what a store owes after a restart goes on, the rest does not yet"),
    ];
}

#[cfg(feature = "faults")]
mod armed {
    use std::rc::Rc;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::points::POINTS;
    use crate::runtime::commit::{Durable, StoreLog};

    struct Fault {
        action: Action,
        name: String,
        store: Option<String>,
        at_pass: Option<u64>,
        passes: AtomicU64,
    }

    #[derive(Clone, Copy)]
    enum Action {
        Abort,
        Panic,
        Lose,
    }

    static ARMED: OnceLock<Vec<Fault>> = OnceLock::new();

    fn faults() -> &'static [Fault] {
        ARMED.get_or_init(|| parse(&std::env::var("ORDERFLOW_FAULTS").unwrap_or_default()))
    }

    /// Whether what is called so is to be lost.
    pub fn loses(name: &str) -> bool {
        faults().iter().any(|fault| matches!(fault.action, Action::Lose) && fault.name == name)
    }

    /// Does what was armed for this place, if anything.
    pub fn pass(name: &str, store: &str) {
        for fault in faults() {
            if fault.name != name || fault.store.as_deref().is_some_and(|armed| armed != store) {
                continue;
            }
            let pass = fault.passes.fetch_add(1, Ordering::Relaxed) + 1;
            if fault.at_pass.is_none_or(|at| at == pass) {
                match fault.action {
                    Action::Abort => std::process::abort(),
                    Action::Panic => panic!("fault point {name} was armed"),
                    Action::Lose => {}
                }
            }
        }
    }

    /// One of several places of a kind.
    pub fn pass_part(kind: &str, part: &str, store: &str) {
        let is_of_kind = |fault: &Fault| {
            let rest = fault.name.strip_prefix(kind).and_then(|rest| rest.strip_prefix('.'));
            rest == Some(part)
        };
        // Armed without a part, it is each of them.
        pass(kind, store);
        if let Some(fault) = faults().iter().find(|fault| is_of_kind(fault)) {
            pass(&fault.name, store);
        }
    }

    /// A place that lies somewhere in what follows: the process dies while that is at work.
    pub fn pass_within(name: &'static str) {
        if faults().iter().any(|fault| fault.name == name) {
            std::thread::spawn(move || pass(name, ""));
        }
    }

    /// The head of the bank's answer to a call is there. What the call was, its path says.
    pub fn pass_unread(path: &str) {
        let part = match path.rsplit('/').next().unwrap_or_default() {
            "payment_intents" => "authorize",
            "capture" => "capture",
            "cancel" => "void",
            "refunds" => "refund",
            _ => return,
        };
        pass_part("answer_unread", part, "");
    }

    /// Events have been handed to the journal: the place is where they are durable and those who wait have not been told.
    pub fn pass_when_recorded(log: &Rc<StoreLog>, kinds: impl Iterator<Item = &'static str>) {
        for kind in kinds {
            let name = match kind {
                "order.created" => "recorded.order",
                "inventory.reserved" => "recorded.reservation",
                "payment.processed" => "recorded.authorize",
                "payment.captured" => "recorded.capture",
                "payment.voided" => "recorded.void",
                "payment.refunded" => "recorded.refund",
                "alert.raised" => "recorded.alert",
                _ => continue,
            };
            if faults().iter().any(|fault| fault.name == name) {
                let store = log.store().clone();
                log.when_durable(move |durable| match durable {
                    Durable::At(_) => pass(name, store.as_str()),
                    Durable::Refused => {}
                });
            }
        }
    }

    fn parse(text: &str) -> Vec<Fault> {
        text.split(',')
            .filter(|part| !part.is_empty())
            .map(|part| parse_one(part).unwrap_or_else(|| panic!("ORDERFLOW_FAULTS: {part}")))
            .collect()
    }

    fn parse_one(text: &str) -> Option<Fault> {
        let (action, place) = text.split_once('@')?;
        let action = match action {
            "abort" => Action::Abort,
            "panic" => Action::Panic,
            "lose" => Action::Lose,
            _ => return None,
        };
        let (place, at_pass) = match place.split_once('#') {
            Some((place, pass)) => (place, Some(pass.parse().ok()?)),
            None => (place, None),
        };
        let (name, store) = match place.split_once('=') {
            Some((name, store)) => (name, Some(store.to_owned())),
            None => (place, None),
        };
        let is_known = match action {
            Action::Abort | Action::Panic => {
                POINTS.iter().any(|(known, _)| *known == name || known.split('.').next() == Some(name))
            }
            Action::Lose => ["threshold", "expiry", "trouble"].contains(&name),
        };
        is_known.then(|| Fault { action, name: name.to_owned(), store, at_pass, passes: AtomicU64::new(0) })
    }
}
