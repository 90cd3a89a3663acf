//! Every setting there is, with its default, its bounds and its reason: the one table that files, environment, flags,
//! `orderflow config` and `config/default.toml` follow.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::layers::Layers;
use super::value::{AuthMode, LogFormat, Placement, Secret, Setting};
use super::{ConfigError, Effective};
use crate::schedule::{Slot, Zone};

/// One setting as it is.
pub(super) struct Key {
    /// `section.key`.
    pub(super) name: &'static str,
    /// What it is for, a line each.
    pub(super) about: &'static [&'static str],
    /// Its value.
    pub(super) value: toml::Value,
    /// Whether its value is never shown.
    pub(super) is_secret: bool,
}

/// A section's name and what it is about.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) about: &'static [&'static str],
    pub(super) keys: Vec<Key>,
}

macro_rules! settings {
    ($(
        $(#[doc = $about:literal])*
        $section:ident: $type:ident {
            $($(#[doc = $doc:literal])* $(@$secret:ident)? $key:ident: $value:ty = $default:expr $(, in $bounds:expr)? $(, if $check:expr)?;)+
        }
    )+) => {
        $(
            $(#[doc = $about])*
            #[derive(Clone, Debug, PartialEq)]
            pub struct $type {
                $($(#[doc = $doc])* pub $key: $value,)+
            }

            impl Default for $type {
                fn default() -> Self {
                    Self { $($key: $default,)+ }
                }
            }
        )+

        /// Every setting.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct Config {
            $($(#[doc = $about])* pub $section: $type,)+
        }

        /// Every key's name.
        pub(super) const NAMES: &[&str] = &[$($(concat!(stringify!($section), ".", stringify!($key)),)+)+];

        impl Config {
            /// Every setting with its value, in the order of the table.
            pub(super) fn sections(&self) -> Vec<Section> {
                vec![$(Section {
                    name: stringify!($section),
                    about: &[$($about,)*],
                    keys: vec![$(Key {
                        name: concat!(stringify!($section), ".", stringify!($key)),
                        about: &[$($doc,)*],
                        value: self.$section.$key.to_toml(),
                        is_secret: false $(|| stringify!($secret) == "secret")?,
                    },)+],
                },)+]
            }
        }

        impl Layers {
            /// Reads and checks every value that was set; the rest are defaults.
            pub(super) fn settle(self) -> Result<Effective, ConfigError> {
                let mut config = Config::default();
                $($(
                    #[allow(unused_variables, reason = "not every key has bounds")]
                    let name = concat!(stringify!($section), ".", stringify!($key));
                    if let Some(value) = self.read::<$value>(name)? {
                        $(self.bounded(name, &value, $bounds)?;)?
                        $(self.checked(name, &value, |value| $check(value))?;)?
                        config.$section.$key = value;
                    }
                )+)+
                config.check()?;
                Ok(Effective { config, origins: self.into_origins() })
            }
        }
    };
}

const fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// An HTTP address without user, query and fragment.
fn is_base_url(text: &str) -> Result<(), &'static str> {
    let wrong = "expected an address like http://127.0.0.1:4010, without user, query and fragment";
    let url = reqwest::Url::parse(text).map_err(|_| wrong)?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if is_plain { Ok(()) } else { Err(wrong) }
}

fn is_base_url_or_empty(text: &str) -> Result<(), &'static str> {
    if text.is_empty() { Ok(()) } else { is_base_url(text) }
}

fn is_header_safe(secret: &Secret) -> Result<(), &'static str> {
    let fits = |b: u8| b.is_ascii_graphic();
    if !secret.reveal().is_empty() && secret.reveal().bytes().all(fits) {
        Ok(())
    } else {
        Err("expected visible ASCII characters without spaces")
    }
}

fn is_log_filter(text: &str) -> Result<(), &'static str> {
    // The filter itself takes a level that it does not know for a target, and then says everything of it.
    let is_level = |text: &str| text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let is_known =
        text.split(',').all(|part| is_level(part.rsplit_once('=').map_or(part, |(_, level)| level)));
    if is_known && text.parse::<tracing_subscriber::filter::Targets>().is_ok() {
        Ok(())
    } else {
        Err("expected off, error, warn, info, debug or trace, or target=level pairs with commas between")
    }
}

settings! {
    /// Taking requests.
    server: Server {
        /// Address and port. Port 0 takes a free one; the first line on standard output names it.
        listen: SocketAddr = loopback(8080);
        /// Threads that speak HTTP; 0 is one a core.
        workers: u32 = 0, in 0..=1_024;
        /// After so long a request is answered 503, in milliseconds, done or not: nobody waits for ever.
        request_timeout_ms: u64 = 10_000, in 10..=600_000;
        /// A request's head must be there within, in milliseconds: slow heads hold a connection.
        head_timeout_ms: u64 = 5_000, in 100..=60_000;
        /// The longest order, in bytes: 1,000 lines with addresses and notes fit.
        body_order_bytes_max: usize = 262_144, in 1_024..=16_777_216;
        /// The longest body of anything else, in bytes.
        body_bytes_max: usize = 65_536, in 1_024..=16_777_216;
        /// Connections open at once, over all threads; more wait in the system's queue.
        connections_max: usize = 20_000, in 1..=1_000_000;
        /// An idle connection is closed after so many seconds.
        keep_alive_s: u64 = 60, in 1..=3_600;
        /// A peer that takes nothing of what it is sent for so long loses its connection, in milliseconds.
        send_timeout_ms: u32 = 30_000, in 100..=3_600_000;
        /// How long requests in flight may take to finish once the process is asked to stop, in seconds.
        shutdown_grace_s: u64 = 5, in 0..=10;
    }

    /// Who may call.
    auth: Auth {
        /// "open": anybody who reaches the address, which must be a loopback one. "required" is not built yet.
        mode: AuthMode = AuthMode::Open;
    }

    /// What is kept.
    data: Data {
        /// Directory of the journal and the views; made where it is missing, held by one process at a time.
        directory: PathBuf = PathBuf::from("./data");
    }

    /// The bank.
    gateway: Gateway {
        /// Where it is: Stripe's API, or a subset of it.
        url: String = "http://127.0.0.1:4010".into(), if is_base_url;
        /// The key sent with every call.
        @secret secret_key: Secret = "sk_test_orderflow".into(), if is_header_safe;
        /// A connection must be there within, in milliseconds; before it is, nothing can have been charged.
        connect_timeout_ms: u64 = 1_000, in 1..=60_000;
        /// An answer must be there within, in milliseconds; after it, the outcome is unknown and will be looked up.
        timeout_ms: u64 = 10_000, in 10..=600_000;
        /// Calls in flight for one store, so that no store takes the bank from the others.
        lane_calls_max: usize = 64, in 1..=4_096;
        /// Calls to the bank that all stores of one thread have under way at once; lanes take turns. More only wait at the bank.
        thread_calls_max: usize = 128, in 1..=65_536;
        /// Idle connections that each thread keeps.
        idle_connections_max: usize = 128, in 1..=4_096;
        /// Where a shopper comes back to after a challenge; empty, when the shop has no such page.
        return_url: String = String::new(), if is_base_url_or_empty;
        /// Outages in a row that open the breaker: calls are then not made.
        breaker_outages: u32 = 5, in 1..=10_000;
        /// How long it stays open at first, in milliseconds; doubles with every probe that fails.
        breaker_open_first_ms: u64 = 1_000, in 10..=600_000;
        /// The longest it stays open, in milliseconds.
        breaker_open_max_ms: u64 = 15_000, in 10..=3_600_000;
        /// After so long a probe is taken for lost, in milliseconds.
        breaker_probe_max_ms: u64 = 30_000, in 10..=3_600_000;
        /// How many calls a second it takes, where that is known; 0 is not known: then it is found out by its 429s.
        calls_per_second: u32 = 0, in 0..=1_000_000;
        /// To a hundred calls that go out for the first time, so many may be repeats; of any gateway.
        retry_budget_percent: u32 = 10, in 0..=1_000;
        /// So many repeats a second there may be in any case.
        retries_per_second_min: u32 = 32, in 1..=100_000;
    }

    /// The tenants on this node.
    stores: Stores {
        /// Threads that stores live on; 0 is one a core. With placement "shared" it is server.workers.
        arbiters: u32 = 0, in 0..=1_024;
        /// "shared": stores live on the threads that speak HTTP, which used two cores best. "apart": on their own.
        placement: Placement = Placement::Shared;
        /// A store nobody asked for so many seconds leaves memory.
        idle_after_s: u64 = 60, in 1..=86_400;
        /// A store that dies so often within quarantine_window_s is set aside.
        quarantine_deaths_max: u32 = 5, in 1..=1_000;
        /// The window of quarantine_deaths_max, in seconds.
        quarantine_window_s: u64 = 60, in 1..=86_400;
        /// How long a store stays set aside before it is tried again, in seconds.
        quarantine_s: u64 = 300, in 1..=86_400;
        /// Requests in flight on this node. Reads are refused at three quarters of it, new orders at nine tenths, the
        /// rest at the whole, so that cancelations still pass when shoppers do not.
        in_flight_max: u32 = 8_192, in 8..=1_000_000;
        /// New orders are refused while views trail the journal by more records than this.
        views_lag_max: u64 = 2_000_000, in 1..=1_000_000_000;
    }

    /// The journal.
    journal: Journal {
        /// How long the writer waits for more once the commit before was busy, in microseconds.
        linger_us: u64 = 300, in 0..=100_000;
        /// A batch is closed at so many records.
        batch_rows_max: usize = 8_192, in 1..=1_000_000;
        /// A batch is closed at so many bytes.
        batch_bytes_max: usize = 8_388_608, in 1_024..=1_073_741_824;
        /// How often what was written moves from the log into the file, in milliseconds.
        checkpoint_ms: u64 = 100, in 10..=60_000;
        /// How often a refusing journal (full disk) tries again, in milliseconds.
        probe_ms: u64 = 500, in 10..=60_000;
        /// The most bytes of the file; past them new events are refused, as on a full disk. 0 is no limit.
        file_bytes_max: u64 = 0, in 0..=i64::MAX.unsigned_abs();
    }

    /// The views.
    views: Views {
        /// How often they are written, in milliseconds: smaller and more often doubles their cost. Whoever must see their
        /// own writes does not wait for it.
        flush_ms: u64 = 250, in 1..=60_000;
        /// They are written earlier once so many records have been folded.
        batch_records_max: u64 = 16_384, in 1..=10_000_000;
        /// Lists and figures that are looked up at once; others wait their turn.
        readers: u32 = 2, in 1..=256;
        /// How much of the file each of those keeps in memory, in KiB.
        reader_cache_kib: u32 = 32_768, in 64..=16_777_216;
    }

    /// Jobs that run by the clock. A line has six fields: second, minute, hour, day of the month, month, day of the week.
    schedule: Schedule {
        /// The time zone in which lines are read, by its IANA name.
        time_zone: Zone = Zone::UTC;
        /// Says how items stand whose crossing of a threshold was missed.
        stock_scan: Slot = Slot::on("0 */5 * * * *");
        /// Lets go of holds whose time has come and whose store's own timer did not ring.
        reservation_sweep: Slot = Slot::on("30 * * * * *");
        /// Looks at journal, views and bank; the result stands in /readyz and /v1/schedules/health_check.
        health_check: Slot = Slot::on("*/15 * * * * *");
        /// Forgets request keys older than keys_kept_h.
        retention: Slot = Slot::on("0 20 * * * *");
        /// Compares our payments with the books of the banks they went through, and raises reconciliation_mismatch where they differ.
        reconcile: Slot = Slot::on("0 10 * * * *");
        /// Finds orders that have not moved for stuck_after_s though something is owed to them, and raises saga_stuck.
        stuck_scan: Slot = Slot::on("45 * * * * *");
        /// Tidies up the files of journal and views, if nothing happens just then.
        checkpoint: Slot = Slot::on("0 40 3 * * *");
        /// How far back payments are compared with the bank's books, in hours; further where something is known to differ.
        reconcile_window_h: u64 = 48, in 1..=8_784;
        /// Payments that changed so lately are not compared yet, in seconds.
        reconcile_grace_s: u64 = 300, in 1..=86_400;
        /// An order that should move by itself and has not for so long is stuck, in seconds.
        stuck_after_s: u64 = 3_600, in 1..=31_536_000;
        /// For how long a repeated request gets its first answer again, in hours.
        keys_kept_h: u64 = 48, in 24..=8_784;
        /// The longest a run may take, in seconds; a job is never run twice at once.
        run_max_s: u64 = 600, in 1..=86_400;
    }

    /// Live events: clients that listen to what happens in a store.
    streams: Streams {
        /// How many may listen at once, over all stores.
        node_max: usize = 512, in 1..=100_000;
        /// How many may listen to one store.
        store_max: usize = 64, in 1..=100_000;
        /// After so long without an event they get a sign of life, in milliseconds.
        heartbeat_ms: u64 = 15_000, in 10..=3_600_000;
        /// Whoever takes longer over what they are sent is told where to go on, and dropped, in milliseconds.
        patience_ms: u64 = 10_000, in 10..=3_600_000;
    }

    /// What the process says, on standard error.
    logs: Logs {
        /// off, error, warn, info, debug or trace; or target=level pairs with commas between.
        level: String = "info".into(), if is_log_filter;
        /// "text" for people, "json" for programs.
        format: LogFormat = LogFormat::Text;
    }
}
