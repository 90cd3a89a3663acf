//! Named places where tests make things go wrong. Compiled to nothing unless the feature `faults` is on.
//!
//! `ORDERFLOW_FAULTS="abort@after_commit#3,panic@decide=poison"`: abort the process at the third pass of `after_commit`;
//! panic at every pass of `decide` for the store `poison`. `lose@threshold`,
//! `lose@expiry`, `lose@trouble`: what is called so is never said.

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
}

#[cfg(feature = "faults")]
pub use armed::{loses, pass};

#[cfg(feature = "faults")]
mod armed {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

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
        Some(Fault { action, name: name.to_owned(), store, at_pass, passes: AtomicU64::new(0) })
    }
}
