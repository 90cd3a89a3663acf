//! What came in, counted.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::bank::{Era, Kind};
use crate::clock;

macro_rules! counters {
    ($($name:ident = $word:literal),+ $(,)?) => {
        /// What is counted.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(crate) enum Counter {
            $($name),+
        }

        impl Counter {
            const ALL: &'static [(Counter, &'static str)] = &[$((Counter::$name, $word)),+];
        }
    };
}

counters! {
    CreateIntent = "POST /v1/payment_intents",
    UpdateIntent = "POST /v1/payment_intents/{id}",
    ConfirmIntent = "POST /v1/payment_intents/{id}/confirm",
    CaptureIntent = "POST /v1/payment_intents/{id}/capture",
    CancelIntent = "POST /v1/payment_intents/{id}/cancel",
    GetIntent = "GET /v1/payment_intents/{id}",
    ListIntents = "GET /v1/payment_intents",
    SearchIntents = "GET /v1/payment_intents/search",
    CreateRefund = "POST /v1/refunds",
    GetRefund = "GET /v1/refunds/{id}",
    ListRefunds = "GET /v1/refunds",
    GetCharge = "GET /v1/charges/{id}",
    ListCharges = "GET /v1/charges",
    ChangeParty = "POST /v1/customers, /v1/payment_methods, /v1/webhook_endpoints",
    LookAtParty = "GET /v1/customers, /v1/payment_methods, /v1/webhook_endpoints",
    Events = "GET /v1/events",
    Money = "GET /v1/balance, /v1/balance_transactions, /v1/disputes",
    Control = "/_bank",
    Unknown = "unknown",
}

/// All counters. Relaxed: they are figures, nothing rests on them.
pub(crate) struct Stats {
    era: Era,
    requests: AtomicU32,
    by_route: [AtomicU64; Counter::ALL.len()],
    replays: AtomicU64,
    in_flight: AtomicU64,
}

/// A request that is being served; dropped when it no longer is, however it ended.
pub(crate) struct InFlight<'a>(&'a Stats);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            era: Era::new(clock::unrepeated()),
            requests: AtomicU32::new(0),
            by_route: Default::default(),
            replays: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
        }
    }
}

impl Stats {
    /// An id for one request.
    pub(crate) fn request_id(&self) -> String {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        self.era.id(Kind::Request, number)
    }

    /// Counts a request in.
    pub(crate) fn enter(&self, counter: Counter) -> InFlight<'_> {
        self.by_route[counter as usize].fetch_add(1, Ordering::Relaxed);
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(self)
    }

    pub(crate) fn replayed(&self) {
        self.replays.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn replays(&self) -> u64 {
        self.replays.load(Ordering::Relaxed)
    }

    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Every route that was used, and how often.
    pub(crate) fn by_route(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = Counter::ALL
            .iter()
            .map(|(counter, name)| (*name, self.by_route[*counter as usize].load(Ordering::Relaxed)));
        counts.filter(|(_, count)| *count > 0)
    }

    pub(crate) fn reset(&self) {
        self.replays.store(0, Ordering::Relaxed);
        for count in &self.by_route {
            count.store(0, Ordering::Relaxed);
        }
    }
}
