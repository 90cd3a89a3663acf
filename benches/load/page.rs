//! Open pages: each asks what the dashboard asks when it opens, listens to its store, and reads again what events make old, as often as
//! the page's own `refresh.ts` does.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

use super::client::{Connection, Request};
use super::clock::{now, since};

/// What a dashboard shows of its store: read when it opens, and again when events have made it old.
const SHOWN: [&str; 4] = [
    "/v1/dashboard/stats",
    "/v1/orders?limit=12",
    "/v1/inventory?condition=out_of_stock&limit=20",
    "/v1/inventory?condition=low_stock&limit=20",
];
/// What it reads when it opens only, as long as no event is about it.
const ONCE: [&str; 4] = [
    "/v1/stores?limit=100",
    "/v1/reviews?status=open&limit=100",
    "/v1/alerts?status=firing&limit=50",
    "/v1/alerts?status=acknowledged&limit=20",
];
/// What it looks at by the clock.
const POLLED: &str = "/v1/gateways";
const POLLED_EVERY: Duration = Duration::from_secs(15);
/// Where it listens, to what eyes can follow.
const STREAM: &str = "/v1/events/stream?sample=true";
/// Where it would listen to everything.
const WHOLE: &str = "/v1/events/stream";
/// Of many pages none begins at the same moment as another.
const APART: Duration = Duration::from_millis(7);
const READ_AT_ONCE: usize = 64 << 10;

/// How pages ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// As the page does: a sample of what happens, and what events made old may be a moment old when it is read again.
    AsThePage,
    /// Every event, and nothing that is not the very last state: what any client may ask for.
    Whole,
}

/// What pages have seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Events that they have heard of, by themselves or in counts.
    pub(super) events: u64,
    /// Bytes of their streams.
    pub(super) bytes: u64,
    /// Requests besides.
    pub(super) asked: u64,
}

/// Open pages; dropping them closes all.
#[derive(Debug)]
pub(super) struct Pages {
    tasks: JoinSet<Result<()>>,
    seen: Rc<RefCell<Seen>>,
}

impl Pages {
    /// Opens so many, on those stores in turn. They listen when this returns.
    pub(super) async fn open(
        address: SocketAddr,
        stores: &[String],
        count: usize,
        manner: Manner,
    ) -> Result<Self> {
        let (mut tasks, seen) = (JoinSet::new(), Rc::new(RefCell::new(Seen::default())));
        for store in stores.iter().cycle().take(count) {
            let mut reads = Reads::open(address, store, manner, Rc::clone(&seen)).await?;
            for path in ONCE.iter().chain(&SHOWN).chain(&[POLLED]) {
                reads.read(path, Age::Exact).await?;
            }
            let stream = listen(address, store, manner).await?;
            let heard = Rc::new(Heard::default());
            tasks.spawn_local(hear(stream, Ear::new(manner), Rc::clone(&heard), Rc::clone(&seen)));
            tasks.spawn_local(reads.go_on(heard));
            sleep(APART).await;
        }
        *seen.borrow_mut() = Seen::default();
        Ok(Self { tasks, seen })
    }

    /// What they have seen since they were open. Fails where one of them ended before its time.
    pub(super) async fn close(mut self) -> Result<Seen> {
        if let Some(ended) = self.tasks.try_join_next() {
            ended.context("a page's task")??;
            bail!("a page's stream ended while it was looked at");
        }
        self.tasks.shutdown().await;
        Ok(*self.seen.borrow())
    }
}

/// What a page's stream tells the rest of the page.
#[derive(Debug, Default)]
struct Heard {
    news: Notify,
    /// Events of this second, and of the one before.
    window: Cell<(u64, u64)>,
}

async fn listen(address: SocketAddr, store: &str, manner: Manner) -> Result<TcpStream> {
    let mut bytes = Vec::new();
    let path = match manner {
        Manner::AsThePage => STREAM,
        Manner::Whole => WHOLE,
    };
    Request::begin(&mut bytes, "GET", path)
        .header("X-Store-ID", store)
        .header("Accept", "text/event-stream")
        .end();
    let mut stream = TcpStream::connect(address).await.context("connecting a page")?;
    stream.write_all(&bytes).await.context("opening a stream")?;
    let mut head = [0; 15];
    stream.read_exact(&mut head).await.context("opening a stream")?;
    if !head.starts_with(b"HTTP/1.1 200") {
        bail!("a stream was answered: {}", String::from_utf8_lossy(&head));
    }
    Ok(stream)
}

/// Reads a stream to its end, and counts what it brings.
async fn hear(mut stream: TcpStream, mut ear: Ear, heard: Rc<Heard>, seen: Rc<RefCell<Seen>>) -> Result<()> {
    let mut buffer = vec![0; READ_AT_ONCE];
    let mut second = now();
    loop {
        let count = stream.read(&mut buffer).await.context("listening")?;
        if count == 0 {
            return Ok(());
        }
        let events = ear.hear(&buffer[..count]);
        let mut seen = seen.borrow_mut();
        seen.bytes += count as u64;
        seen.events += events;
        drop(seen);
        let (of_this, of_last) = heard.window.get();
        if since(second) > Duration::from_secs(1) {
            second = now();
            heard.window.set((events, of_this));
        } else {
            heard.window.set((of_this + events, of_last));
        }
        if events > 0 {
            heard.news.notify_one();
        }
    }
}

/// Counts the events that a stream tells of.
struct Ear {
    manner: Manner,
    /// A line that is not whole yet.
    rest: Vec<u8>,
    /// Whether the message that is being read counts others.
    is_count: bool,
}

impl Ear {
    fn new(manner: Manner) -> Self {
        Self { manner, rest: Vec::new(), is_count: false }
    }

    fn hear(&mut self, piece: &[u8]) -> u64 {
        if self.manner == Manner::Whole {
            // Each event has four lines: `id`, `event`, `data` and an empty one. Nearer is not needed, and this is cheap.
            return (piece.iter().filter(|byte| **byte == b'\n').count() / 4) as u64;
        }
        let mut events = 0;
        for line in piece.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(line);
            if !self.rest.ends_with(b"\n") {
                break;
            }
            if let Some(name) = self.rest.strip_prefix(b"event: ") {
                self.is_count = name == b"skipped\n";
                events += u64::from(!self.is_count);
            } else if let Some(data) = self.rest.strip_prefix(b"data: ").filter(|_| self.is_count) {
                let told: Counted = serde_json::from_slice(data).unwrap_or_default();
                events += told.types.values().sum::<u64>();
            }
            self.rest.clear();
        }
        events
    }
}

/// Events that are only counted.
#[derive(Debug, Default, Deserialize)]
struct Counted {
    #[serde(default)]
    types: HashMap<String, u64>,
}

/// How old what is read may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Age {
    Exact,
    AMoment,
}

/// A page's requests beside its stream.
struct Reads {
    connection: Connection,
    store: String,
    manner: Manner,
    request: Vec<u8>,
    seen: Rc<RefCell<Seen>>,
}

impl Reads {
    async fn open(address: SocketAddr, store: &str, manner: Manner, seen: Rc<RefCell<Seen>>) -> Result<Self> {
        let connection = Connection::open(address).await.context("connecting a page")?;
        Ok(Self { connection, store: store.to_owned(), manner, request: Vec::new(), seen })
    }

    async fn read(&mut self, path: &str, age: Age) -> Result<()> {
        let request = Request::begin(&mut self.request, "GET", path).header("X-Store-ID", &self.store);
        match (self.manner, age) {
            (Manner::AsThePage, Age::AMoment) => request.header("Cache-Control", "max-age=1").end(),
            (Manner::AsThePage | Manner::Whole, _) => request.end(),
        }
        let answer = self.connection.exchange(&self.request).await.context("a page's request")?;
        // "Not now" is tried again when something happens next.
        if !answer.is_success() && !answer.is_refusal() {
            bail!("{path} was answered {}: {}", answer.status, String::from_utf8_lossy(answer.body));
        }
        self.seen.borrow_mut().asked += 1;
        Ok(())
    }

    /// Reads again what is shown, at most once an interval that is longer where much happens.
    async fn go_on(mut self, heard: Rc<Heard>) -> Result<()> {
        let mut polled = now();
        let mut shown: Option<Instant> = None;
        loop {
            tokio::select! {
                () = heard.news.notified() => {}
                () = sleep_until((polled + POLLED_EVERY).into()) => {
                    self.read(POLLED, Age::Exact).await?;
                    polled = now();
                    continue;
                }
            }
            let (of_this, of_last) = heard.window.get();
            let interval = interval(of_this.max(of_last));
            let wait = shown.map_or(Duration::ZERO, |shown| interval.saturating_sub(since(shown)));
            sleep(wait.max(Duration::from_millis(40))).await;
            shown = Some(now());
            for path in SHOWN {
                self.read(path, Age::AMoment).await?;
            }
        }
    }
}

/// How often at most something is read again.
fn interval(events_in_last_second: u64) -> Duration {
    match events_in_last_second {
        0..=60 => Duration::from_millis(750),
        61..=400 => Duration::from_secs(2),
        401.. => Duration::from_secs(4),
    }
}
