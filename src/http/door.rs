//! What all handlers share.

use std::future::{Ready, ready};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use tokio::sync::watch;

use super::admission::Class;
use super::gateways::BankDesk;
use super::logs;
use super::recent::Answers;
use super::stream::{Hub, StreamLimits};
use super::web::Page;
use super::webhooks::Heard;
use crate::config::Config;
use crate::gateway::Disputes;
use crate::problem::{Code, Problem};
use crate::schedule::Schedule;
use crate::store::Directory;
use crate::telemetry::{Latencies, LogBook, Metrics};
use crate::types::{IdSource, OrderId, StoreId, Timestamp, clock};

/// Bounds on what is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest order, in bytes.
    pub body_order_bytes_max: usize,
    /// The longest body of anything else, in bytes.
    pub body_bytes_max: usize,
    /// After so long a request is answered, done or not.
    pub request_timeout: Duration,
    /// Requests in flight at once.
    pub in_flight_max: u32,
    /// Those who listen to events.
    pub streams: StreamLimits,
}

impl Limits {
    /// The bounds that settings name.
    pub fn of(config: &Config) -> Self {
        Self {
            body_order_bytes_max: config.server.body_order_bytes_max,
            body_bytes_max: config.server.body_bytes_max,
            request_timeout: Duration::from_millis(config.server.request_timeout_ms),
            in_flight_max: config.stores.in_flight_max,
            streams: StreamLimits {
                node_max: config.streams.node_max,
                store_max: config.streams.store_max,
                heartbeat: Duration::from_millis(config.streams.heartbeat_ms),
                patience: Duration::from_millis(config.streams.patience_ms),
            },
        }
    }
}

/// Where the door will be: threads that speak HTTP start before the stores behind it do.
#[derive(Clone, Debug, Default)]
pub struct DoorSlot(Arc<OnceLock<Arc<Door>>>);

impl DoorSlot {
    /// Hangs the door; the first one stays.
    pub fn open(&self, door: Arc<Door>) {
        // A second door would be a second node in one process, which has its own slot.
        let _ = self.0.set(door);
    }

    /// The door, or that there is none yet.
    pub(super) fn door(&self) -> Result<Arc<Door>, Problem> {
        self.0.get().cloned().ok_or_else(|| Code::Starting.into())
    }
}

/// The door a request came through, for handlers.
#[derive(Clone, Debug)]
pub(super) struct Through(pub(super) Arc<Door>);

impl Through {
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        let slot = request.app_data::<DoorSlot>().ok_or(Code::Internal)?;
        slot.door().map(Self)
    }
}

impl std::ops::Deref for Through {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.0
    }
}

impl FromRequest for Through {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// The way in: what stands between connections and stores.
#[derive(Debug)]
pub struct Door {
    directory: Directory,
    latencies: Arc<Latencies>,
    metrics: Arc<Metrics>,
    limits: Limits,
    schedule: Option<Schedule>,
    page: Arc<Page>,
    bank: Option<BankDesk>,
    disputes: Option<Disputes>,
    logs: Arc<LogBook>,
    log_seats: logs::Seats,
    in_flight: AtomicU32,
    is_closing: AtomicBool,
    /// The same for those who wait for it.
    closing: watch::Sender<bool>,
    streams: Arc<Hub>,
    heard: Heard,
    answers: Answers,
    /// Request ids are hashes of this and a count: told apart over restarts, and nobody can guess the next.
    id_seed: u128,
    ids_made: AtomicU64,
}

impl Door {
    /// A door to the stores of a directory.
    pub fn new(
        directory: Directory,
        latencies: Arc<Latencies>,
        metrics: Arc<Metrics>,
        limits: Limits,
    ) -> Self {
        let id: OrderId = IdSource::unpredictable().next(Timestamp::default());
        Self {
            directory,
            latencies,
            limits,
            schedule: None,
            page: Arc::default(),
            bank: None,
            disputes: None,
            logs: Arc::default(),
            log_seats: logs::Seats::default(),
            in_flight: AtomicU32::new(0),
            is_closing: AtomicBool::new(false),
            closing: watch::Sender::new(false),
            streams: Hub::new(limits.streams, metrics.streams()),
            heard: Heard::default(),
            answers: Answers::new(),
            metrics,
            id_seed: id.bits(),
            ids_made: AtomicU64::new(0),
        }
    }

    /// The same door, to scheduled jobs too.
    pub fn with_schedule(mut self, schedule: Schedule) -> Self {
        self.schedule = Some(schedule);
        self
    }

    /// The same door, with a way to what only a mock bank has.
    pub fn with_bank(mut self, bank: BankDesk) -> Self {
        self.bank = Some(bank);
        self
    }

    /// The same door, with a way to ask the bank about disputes.
    pub fn with_disputes(mut self, disputes: Disputes) -> Self {
        self.disputes = Some(disputes);
        self
    }

    /// The way to ask the bank about disputes.
    pub(super) fn disputes(&self) -> Option<&Disputes> {
        self.disputes.as_ref()
    }

    /// The answers of the last moment.
    pub(super) fn answers(&self) -> &Answers {
        &self.answers
    }

    /// What the bank told of late.
    pub(super) fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The way to what only a mock bank has.
    pub(super) fn bank(&self) -> Option<&BankDesk> {
        self.bank.as_ref()
    }

    /// The same door, to the last log lines too.
    pub fn with_logs(mut self, logs: Arc<LogBook>) -> Self {
        self.logs = logs;
        self
    }

    /// The last log lines.
    pub(super) fn logs(&self) -> &Arc<LogBook> {
        &self.logs
    }

    /// Those who listen to them.
    pub(super) fn log_seats(&self) -> &logs::Seats {
        &self.log_seats
    }

    /// The same door, to a page for people too.
    pub fn with_page(mut self, page: Arc<Page>) -> Self {
        self.page = page;
        self
    }

    /// The page for people.
    pub(super) fn page(&self) -> &Page {
        &self.page
    }

    /// Scheduled jobs, where there are any.
    pub fn schedule(&self) -> Option<&Schedule> {
        self.schedule.as_ref()
    }

    /// The stores.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// How long orders take.
    pub fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// Counters of requests.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Bounds on what is taken in.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Takes no more requests; those in flight go on, but for those who only listen.
    pub fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.closing.send_replace(true);
    }

    /// Follows whether requests are taken.
    pub(super) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// Those who listen to events.
    pub(super) fn streams(&self) -> &Arc<Hub> {
        &self.streams
    }

    /// Whether no more requests are taken.
    pub fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }

    /// How many requests are being worked on.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// A place among the requests being worked on, or why there is none.
    pub(super) fn admit(&self, class: Class) -> Result<Admitted<'_>, Problem> {
        if self.is_closing() && class != Class::Free {
            return Err(Code::Stopping.into());
        }
        // Dropped again at once where there is no place.
        let admitted = Admitted(self);
        let before = self.in_flight.fetch_add(1, Ordering::SeqCst);
        if before < class.share_of(self.limits.in_flight_max) {
            Ok(admitted)
        } else {
            Err(Code::NodeFull.into())
        }
    }

    /// An order of `store` that came at `began` has been answered.
    pub(super) fn accepted(&self, store: &StoreId, began: Instant) {
        let took = clock::monotonic().saturating_duration_since(began);
        self.latencies.accept(store, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        self.metrics.accepted(took);
    }

    /// A new request id: 32 hexadecimal digits, written into a buffer of the caller.
    pub(super) fn request_id<'a>(&self, buffer: &'a mut [u8; 32]) -> &'a [u8] {
        let count = self.ids_made.fetch_add(1, Ordering::Relaxed);
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.id_seed.to_le_bytes());
        bytes[16..].copy_from_slice(&count.to_le_bytes());
        let hash = xxhash_rust::xxh3::xxh3_128(&bytes).to_be_bytes();
        for (pair, byte) in buffer.chunks_exact_mut(2).zip(hash) {
            pair.copy_from_slice(&[hex(byte >> 4), hex(byte & 15)]);
        }
        buffer
    }
}

const fn hex(digit: u8) -> u8 {
    b"0123456789abcdef"[digit as usize]
}

/// A place among the requests being worked on.
pub(super) struct Admitted<'a>(&'a Door);

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
