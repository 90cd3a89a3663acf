//! The whole process, assembled from its settings: journal, views, bank, stores, HTTP, and how they stop.
//!
//! ```text
//! start: port ─▶ journal ─▶ views ─▶ threads ─▶ stores ─▶ door opens, address printed
//! stop:  door closes ─▶ requests in flight end ─▶ stores take nothing ─▶ journal, views flushed ─▶ connections close
//! ```

#[cfg(test)]
mod tests;

use std::any::Any;
use std::io::Write as _;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::{App as Web, HttpServer};
use anyhow::{Context as _, anyhow, bail};
use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};

use crate::config::{Config, Placement};
use crate::gateway::{
    Bank, Books, Breaker, BreakerConfig, Connections, Control, Disputes, OpenBank, OpenBooks, Stripe,
    StripeConfig,
};
use crate::http::{self, BankDesk, Door, DoorSlot, Limits, Page};
use crate::journal::sqlite::{Options as JournalOptions, SqliteJournal};
use crate::journal::writer::Bounds;
use crate::journal::{Health, Journal};
use crate::schedule::{self, Job};
use crate::store::{CLOCK_PATIENCE, Directory, MakeBank, Node, Options as StoreOptions};
use crate::telemetry::{Latencies, LogBook, Metrics, Sources};
use crate::types::{Clock, Timestamp, clock};
use crate::views::{Options as ViewsOptions, Views};

/// Connections that wait to be accepted; beyond them the system refuses.
const BACKLOG: u32 = 4_096;
/// How long a thread may take to start.
const START_WITHIN: Duration = Duration::from_secs(10);
/// How often the latency figures drop what is too old.
const AGE_EVERY: Duration = Duration::from_secs(5);
/// How often requests in flight are counted while stopping.
const DRAIN_EVERY: Duration = Duration::from_millis(5);
/// How long interrupted jobs may take to write what they came to.
const HALT_WITHIN: Duration = Duration::from_secs(2);
/// How long connections may take to close once nothing is in flight.
const CLOSE_WITHIN_S: u64 = 1;

/// What the program brings along, besides its settings.
#[derive(Clone, Debug, Default)]
pub struct Fittings {
    /// The page for people.
    pub page: Arc<Page>,
    /// The last log lines.
    pub logs: Arc<LogBook>,
}

/// Serves until Ctrl-C or SIGTERM, then stops. An error says why it ended otherwise.
pub async fn serve(config: Config, fittings: Fittings) -> anyhow::Result<()> {
    let mut signals = Signals::new()?;
    let mut app = App::assemble(config, fittings).await?;
    announce(&app.url)?;
    let ended = tokio::select! {
        () = signals.next() => Ok(()),
        why = app.ended() => Err(why),
    };
    tokio::select! {
        () = app.stop() => ended,
        () = signals.next() => bail!("stopped at once, on a second signal"),
    }
}

/// Says where the API is. Programs read this line, so it goes out even where standard output is a pipe.
fn announce(url: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "orderflow listening on {url}").and_then(|()| out.flush()).context("writing the address")
}

struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self { interrupt: listen(SignalKind::interrupt())?, terminate: listen(SignalKind::terminate())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// A node in this process, on a thread of its own. Dropped, it is stopped.
#[derive(Debug)]
pub struct Running {
    url: String,
    stop: Option<oneshot::Sender<()>>,
    ended: tokio::sync::watch::Receiver<bool>,
    thread: Option<std::thread::JoinHandle<anyhow::Result<()>>>,
}

/// Starts a node in this process and waits until it takes requests.
pub fn start(config: Config, fittings: Fittings) -> anyhow::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    let (started, starting) = std::sync::mpsc::channel();
    let (over, ended) = tokio::sync::watch::channel(false);
    let run = move || {
        let outcome = actix::System::new().block_on(async {
            let mut app = match App::assemble(config, fittings).await {
                Ok(app) => app,
                Err(error) => {
                    // Whoever started it waits for this.
                    let _ = started.send(Err(error));
                    return Ok(());
                }
            };
            let _ = started.send(Ok(app.url.clone()));
            let ended = tokio::select! {
                _ = stopped => Ok(()),
                why = app.ended() => Err(why),
            };
            app.stop().await;
            ended
        });
        over.send_replace(true);
        outcome
    };
    let thread =
        std::thread::Builder::new().name("orderflow".into()).spawn(run).context("starting a thread")?;
    let url = starting.recv().map_err(|_| anyhow!("the node ended before it started"))??;
    Ok(Running { url, stop: Some(stop), ended, thread: Some(thread) })
}

impl Running {
    /// Where it listens, with scheme and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Resolves when it has ended, by itself or not.
    pub async fn ended(&mut self) {
        // An error means that its thread is gone, which is an end too.
        let _ = self.ended.wait_for(|is_over| *is_over).await;
    }

    /// Takes no more requests, finishes what is in flight, flushes; says why where it had ended by itself. Blocks.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.shut()
    }

    fn shut(&mut self) -> anyhow::Result<()> {
        // Gone already, where it ended by itself.
        let _ = self.stop.take().map(|stop| stop.send(()));
        match self.thread.take().map(std::thread::JoinHandle::join) {
            None => Ok(()),
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(anyhow!("the node's thread panicked")),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.shut() {
            tracing::error!(error = %error, "the node did not end well");
        }
    }
}

/// Everything that runs.
struct App {
    url: String,
    grace: Duration,
    door: Arc<Door>,
    directory: Directory,
    jobs: schedule::Running,
    journal: Arc<dyn Journal>,
    views: Arc<Views>,
    server: ServerHandle,
    serving: tokio::task::JoinHandle<std::io::Result<()>>,
    arbiters: Vec<actix::Arbiter>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl App {
    async fn assemble(config: Config, fittings: Fittings) -> anyhow::Result<Self> {
        config.check()?;
        let listener = bind(config.server.listen)?;
        let url = format!("http://{}", listener.local_addr().context("asking for the address")?);

        let directory = &config.data.directory;
        std::fs::create_dir_all(directory)
            .with_context(|| format!("making the data directory {}", directory.display()))?;
        let journal: Arc<dyn Journal> = SqliteJournal::open(directory, journal_options(&config))?;
        let views = Views::open(directory, Arc::clone(&journal), views_options(&config))?;

        let slot = DoorSlot::default();
        let (worker, mut workers) = mpsc::unbounded_channel();
        let server = serve_http(&config, listener, slot.clone(), worker)?;
        let handle = server.handle();
        let serving = actix::spawn(server);
        let (arbiters, threads) = threads(&config, &mut workers).await?;

        let clock = Clock::SYSTEM.going_on_from(journal.last_at()?);
        if clock.ahead() > CLOCK_PATIENCE {
            let behind_s = clock.ahead().as_secs();
            tracing::warn!(
                behind_s,
                "the wall clock is behind the journal's last record; the journal's time goes on from there"
            );
        }
        let latencies = Arc::new(Latencies::default());
        let settled = Arc::clone(&latencies);
        let node = Node::new(
            clock,
            Arc::clone(&journal),
            Arc::clone(&views),
            connections(&config, clock),
            store_options(&config),
            Box::new(move |store, took| {
                settled.settle(store, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
            }),
        );
        let directory = Directory::open(node, &threads, make_bank(&config, clock)?).await?;
        let work = Rc::new(chores(&config, directory.clone())?);
        let jobs = schedule::start(cron_table(&config), &config.data.directory, Clock::SYSTEM, work).await?;
        let metrics = Metrics::new(Sources(directory.clone())).with_jobs(Arc::clone(jobs.schedule().board()));
        let door =
            Door::new(directory.clone(), Arc::clone(&latencies), Arc::new(metrics), Limits::of(&config));
        let control =
            Control::new(&stripe_config(&config)).context("setting up the line to the bank's desk")?;
        let door =
            door.with_schedule(jobs.schedule().clone()).with_page(fittings.page).with_logs(fittings.logs);
        let disputes =
            Disputes::new(&stripe_config(&config)).context("setting up the line for the bank's disputes")?;
        let door = Arc::new(door.with_bank(BankDesk::new(control)).with_disputes(disputes));
        let tasks = vec![actix::spawn(keep_waking(directory.clone())), actix::spawn(keep_young(latencies))];
        slot.open(Arc::clone(&door));
        tracing::info!(url, journal.position = journal.end(), threads = threads.len(), "taking requests");
        let grace = Duration::from_secs(config.server.shutdown_grace_s);
        Ok(Self {
            url,
            grace,
            door,
            directory,
            jobs,
            journal,
            views,
            server: handle,
            serving,
            arbiters,
            tasks,
        })
    }

    /// Resolves when the node cannot go on, with why.
    async fn ended(&mut self) -> anyhow::Error {
        let mut health = self.journal.follow_health();
        let poisoned = async {
            let is_over = |health: &Health| matches!(health, Health::Poisoned(_) | Health::Closed);
            match health.wait_for(is_over).await.as_deref() {
                Ok(Health::Poisoned(why)) => {
                    anyhow!("the journal failed and cannot be trusted any more: {why}")
                }
                Ok(_) | Err(_) => anyhow!("the journal was closed"),
            }
        };
        let mut seen = self.views.follow();
        let views = Arc::clone(&self.views);
        let blind = async move {
            while seen.changed().await.is_ok() {
                if let Some(why) = views.failure() {
                    return anyhow!("views have stopped: {why}");
                }
            }
            anyhow!("views were dropped")
        };
        tokio::select! {
            why = poisoned => why,
            why = blind => why,
            served = &mut self.serving => match served {
                Ok(Ok(())) => anyhow!("the HTTP server ended by itself"),
                Ok(Err(error)) => anyhow::Error::new(error).context("the HTTP server failed"),
                Err(error) => anyhow::Error::new(error).context("the HTTP server panicked"),
            },
        }
    }

    /// Takes no more requests, finishes those in flight, flushes. Ends within its grace and a little.
    async fn stop(mut self) {
        self.door.close();
        if tokio::time::timeout(HALT_WITHIN, self.jobs.stop()).await.is_err() {
            tracing::warn!("jobs did not stop in time");
        }
        let drained = async {
            while self.door.in_flight() > 0 {
                tokio::time::sleep(DRAIN_EVERY).await;
            }
        };
        if tokio::time::timeout(self.grace, drained).await.is_err() {
            tracing::warn!(requests = self.door.in_flight(), "requests were still in flight at the end");
        }
        self.directory.node().stop();
        for task in &self.tasks {
            task.abort();
        }
        let (journal, views) = (Arc::clone(&self.journal), Arc::clone(&self.views));
        let flushed = tokio::task::spawn_blocking(move || {
            journal.close();
            views.close();
        });
        if flushed.await.is_err() {
            tracing::error!("the journal could not be flushed");
        }
        self.server.stop(true).await;
        for arbiter in self.arbiters.drain(..) {
            arbiter.stop();
            if arbiter.join().is_err() {
                tracing::error!("a thread of stores panicked");
            }
        }
        tracing::info!(journal.position = self.journal.end(), "stopped");
    }
}

/// Takes the port. Nothing is accepted yet, but nobody else can take it.
fn bind(address: SocketAddr) -> anyhow::Result<std::net::TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let listen = || -> std::io::Result<std::net::TcpListener> {
        let socket = socket?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std()
    };
    listen().map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow!("the address {address} is in use by another process; choose another with --listen")
        }
        _ => anyhow::Error::new(error).context(format!("listening on {address}")),
    })
}

/// Serves HTTP on threads of its own. Each sends its arbiter when it starts.
fn serve_http(
    config: &Config,
    listener: std::net::TcpListener,
    slot: DoorSlot,
    worker: mpsc::UnboundedSender<actix::ArbiterHandle>,
) -> anyhow::Result<Server> {
    let limits = Limits::of(config);
    let threads = workers(config);
    let send_timeout_ms = config.server.send_timeout_ms;
    let server = HttpServer::new(move || {
        // Nobody listens any more when stores live apart.
        let _ = worker.send(actix::Arbiter::current());
        Web::new().wrap(from_fn(http::guard)).configure(http::routes(&slot, limits))
    });
    let server = server
        .workers(threads)
        .max_connections((config.server.connections_max / threads).max(1))
        .keep_alive(Duration::from_secs(config.server.keep_alive_s))
        .client_request_timeout(Duration::from_millis(config.server.head_timeout_ms))
        .tcp_nodelay(true)
        .on_connect(move |connection, _| give_up_after(connection, send_timeout_ms))
        .disable_signals()
        .shutdown_timeout(CLOSE_WITHIN_S)
        .listen(listener)
        .context("listening for requests")?;
    Ok(server.run())
}

/// Lets the system cut a connection whose peer takes nothing: nothing else notices while there is no room to write.
fn give_up_after(connection: &dyn Any, timeout_ms: u32) {
    let Some(socket) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    if let Err(error) = rustix::net::sockopt::set_tcp_user_timeout(socket, timeout_ms) {
        // Then such a peer keeps its connection, of which there are no more than may be.
        tracing::debug!(%error, "a connection has no time limit for sending");
    }
}

/// How many threads speak HTTP.
fn workers(config: &Config) -> usize {
    or_cores(config.server.workers)
}

fn or_cores(asked: u32) -> usize {
    match usize::try_from(asked) {
        Ok(0) | Err(_) => std::thread::available_parallelism().map_or(1, usize::from),
        Ok(asked) => asked,
    }
}

/// The threads that stores live on, those of them to be stopped by us first.
async fn threads(
    config: &Config,
    workers_started: &mut mpsc::UnboundedReceiver<actix::ArbiterHandle>,
) -> anyhow::Result<(Vec<actix::Arbiter>, Vec<actix::ArbiterHandle>)> {
    match config.stores.placement {
        Placement::Apart => {
            let own: Vec<_> = (0..or_cores(config.stores.arbiters)).map(|_| actix::Arbiter::new()).collect();
            let handles = own.iter().map(actix::Arbiter::handle).collect();
            Ok((own, handles))
        }
        Placement::Shared => {
            let mut handles = Vec::new();
            for _ in 0..workers(config) {
                let started = tokio::time::timeout(START_WITHIN, workers_started.recv()).await;
                handles.push(started.ok().flatten().context("a thread for HTTP did not start")?);
            }
            Ok((Vec::new(), handles))
        }
    }
}

fn journal_options(config: &Config) -> JournalOptions {
    let journal = &config.journal;
    JournalOptions {
        bounds: Bounds {
            batch_rows_max: journal.batch_rows_max,
            batch_bytes_max: journal.batch_bytes_max,
            linger_us: journal.linger_us,
            probe_ms: journal.probe_ms,
        },
        checkpoint_ms: journal.checkpoint_ms,
        bytes_max: Some(journal.file_bytes_max).filter(|most| *most > 0),
    }
}

fn views_options(config: &Config) -> ViewsOptions {
    let views = &config.views;
    // What is forgotten by the clock does not come back with views that are made anew.
    let kept = config.schedule.retention.enabled.then(|| keys_kept(config));
    let keys_since = kept.map_or(Timestamp::default(), |kept| Clock::SYSTEM.now().less(kept));
    ViewsOptions {
        records_max: views.batch_records_max,
        interval_ms: views.flush_ms,
        readers: views.readers,
        cache_kib: views.reader_cache_kib,
        is_inline: false,
        keys_since,
    }
}

fn breaker_config(config: &Config) -> BreakerConfig {
    let gateway = &config.gateway;
    BreakerConfig {
        outages_in_a_row: gateway.breaker_outages,
        open_ms_first: gateway.breaker_open_first_ms,
        open_ms_max: gateway.breaker_open_max_ms,
        probe_ms_max: gateway.breaker_probe_max_ms,
        calls_per_second: 0,
        repeats_percent: gateway.retry_budget_percent,
        repeats_per_second_least: gateway.retries_per_second_min,
    }
}

/// The node's own bank, and the way to the gateways that stores name.
fn connections(config: &Config, clock: Clock) -> Connections {
    let own = BreakerConfig { calls_per_second: config.gateway.calls_per_second, ..breaker_config(config) };
    let usual = stripe_config(config);
    let open: OpenBank = Arc::new(move |coordinates| {
        Stripe::new(&usual.at(coordinates), clock).ok().map(|bank| Rc::new(bank) as Rc<dyn Bank>)
    });
    Connections::new(Arc::new(Breaker::new(own)), breaker_config(config), open)
}

fn store_options(config: &Config) -> StoreOptions {
    let stores = &config.stores;
    StoreOptions {
        idle_after: Duration::from_secs(stores.idle_after_s),
        deaths_max: stores.quarantine_deaths_max,
        deaths_window: Duration::from_secs(stores.quarantine_window_s),
        quarantine: Duration::from_secs(stores.quarantine_s),
        lane_calls_max: config.gateway.lane_calls_max,
        thread_calls_max: config.gateway.thread_calls_max,
        in_flight_max: stores.in_flight_max,
        views_lag_max: stores.views_lag_max,
    }
}

fn cron_table(config: &Config) -> schedule::Table {
    let settings = &config.schedule;
    let slot = |job: &Job| match job {
        Job::StockScan => &settings.stock_scan,
        Job::ReservationSweep => &settings.reservation_sweep,
        Job::HealthCheck => &settings.health_check,
        Job::Reconcile => &settings.reconcile,
        Job::StuckScan => &settings.stuck_scan,
        Job::Checkpoint => &settings.checkpoint,
        Job::Retention => &settings.retention,
    };
    schedule::Table {
        zone: settings.time_zone,
        run_max: Duration::from_secs(settings.run_max_s),
        slots: Job::ALL.iter().map(|job| (*job, slot(job).clone())).collect(),
    }
}

/// What jobs work on, with lines of their own to the books of banks.
fn chores(config: &Config, directory: Directory) -> anyhow::Result<schedule::Context> {
    let settings = &config.schedule;
    let hours = |hours: u64| Duration::from_secs(hours.saturating_mul(3_600));
    let usual = stripe_config(config);
    let books = Stripe::new(&usual, Clock::SYSTEM).context("setting up the client of the bank")?;
    let open_books: OpenBooks = Rc::new(move |coordinates| {
        Stripe::new(&usual.at(coordinates), Clock::SYSTEM).ok().map(|books| Rc::new(books) as Rc<dyn Books>)
    });
    Ok(schedule::Context {
        directory,
        books: Rc::new(books),
        open_books,
        reconcile_window: hours(settings.reconcile_window_h),
        reconcile_grace: Duration::from_secs(settings.reconcile_grace_s),
        stuck_after: Duration::from_secs(settings.stuck_after_s),
        keys_kept: keys_kept(config),
    })
}

fn keys_kept(config: &Config) -> Duration {
    Duration::from_secs(config.schedule.keys_kept_h.saturating_mul(3_600))
}

fn stripe_config(config: &Config) -> StripeConfig {
    let gateway = &config.gateway;
    StripeConfig {
        url: gateway.url.clone(),
        secret_key: gateway.secret_key.reveal().to_owned(),
        connect_timeout_ms: gateway.connect_timeout_ms,
        timeout_ms: gateway.timeout_ms,
        idle_connections_max: gateway.idle_connections_max,
        return_url: Some(gateway.return_url.clone()).filter(|url| !url.is_empty()),
        dial: None,
    }
}

/// A bank's client for each thread that asks.
fn make_bank(config: &Config, clock: Clock) -> anyhow::Result<MakeBank> {
    let stripe = stripe_config(config);
    // Made once here, so that a wrong setting ends the start and not a thread.
    Stripe::new(&stripe, clock).context("setting up the client of the bank")?;
    Ok(Arc::new(move || {
        let bank = Stripe::new(&stripe, clock).expect("the same settings made a client before");
        Rc::new(bank) as Rc<dyn Bank>
    }))
}

async fn keep_waking(directory: Directory) {
    directory.keep_waking().await;
}

async fn keep_young(latencies: Arc<Latencies>) {
    let mut every = tokio::time::interval(AGE_EVERY);
    loop {
        every.tick().await;
        latencies.age(clock::monotonic());
    }
}
