//! One life of the node, from start to power failure: the real program but for its disk, its network and its clock.

use std::cell::Cell;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use futures_util::future::LocalBoxFuture;
use orderflow::config::Config;
use orderflow::gateway::{Bank, Breaker, Disputes, Stripe, StripeConfig};
use orderflow::http::{self, Door, DoorSlot, Limits};
use orderflow::journal::memory::{MemoryJournal, Survivors};
use orderflow::journal::{Health, Journal as _};
use orderflow::store::{Directory, MakeBank, Node as Stores, Options};
use orderflow::telemetry::{Latencies, Metrics, Sources};
use orderflow::types::Clock;
use orderflow::views::{self, Views};

use super::bank::SECRET_KEY;
use super::disk;
use super::network;
use super::world::{Death, Window, World};

/// An answer of the node.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_replayed: bool,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) body: serde_json::Value,
}

type Service = Box<dyn Fn(TestRequest) -> LocalBoxFuture<'static, Answer>>;

/// A node that takes requests.
pub(crate) struct Node {
    service: Service,
    pub(crate) journal: Arc<MemoryJournal>,
}

impl Node {
    /// Asks as a client does, without a connection in between.
    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Answer {
        let request = TestRequest::with_uri(path).method(method.parse().expect("a method"));
        let request = headers
            .iter()
            .fold(request, |request, (name, value)| request.insert_header((*name, value.as_str())));
        let request = match body {
            Some(body) => request.insert_header(("content-type", "application/json")).set_payload(body),
            None => request,
        };
        (self.service)(request).await
    }
}

/// How a life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The power failed, or the journal did.
    Died,
    /// What was to be done is done.
    Done,
}

/// Starts a node on what the last one left, lets `work` use it, and cuts the power at the end of that or before.
pub(crate) fn live<W: Future<Output = ()>>(
    world: &Rc<World>,
    folder: &std::path::Path,
    away_ms: u64,
    death: Option<Death>,
    survivors: Survivors,
    work: impl FnOnce(Rc<World>, Rc<Node>) -> W,
) -> (Ended, Survivors) {
    let system = actix::System::with_tokio_rt(|| {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().start_paused(true).build().expect("a runtime without threads")
    });
    let life = world.next_life();
    let kept = Cell::new(None);
    orderflow::types::ids::foresee(world.seed ^ (life << 32));
    let (ended, runtime) = system.block_on(async {
        let journal = MemoryJournal::recover_inline(survivors.clone(), disk::plan(world));
        world.begin(Arc::clone(&journal));
        world.left(survivors);
        // The machine is away for a while; the bank is not.
        network::left_under_way(world);
        tokio::time::sleep(Duration::from_millis(away_ms)).await;
        world.may_die(death);
        world.note(|line| write!(line, "life {life} from {}", journal.end()));
        let (lost, mut health) = (Rc::clone(world), journal.follow_health());
        let poisoned = async move {
            // A process ends when its journal cannot be trusted any more.
            let _ = health.wait_for(|health| matches!(health, Health::Poisoned(_))).await;
            if !lost.is_dead() {
                lost.count("journals poisoned");
            }
        };
        let mortal = async {
            if let Some(Death::After(ms)) = death {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                world.count("crashes at a time");
                world.die();
            }
            world.dying.notified().await;
        };
        let living = async {
            let (node, views) = start(world, folder, journal).await;
            kept.set(Some(Arc::downgrade(&views)));
            drop(views);
            world.meet(&node);
            world.pass(Window::Started);
            work(Rc::clone(world), node).await;
        };
        let ended = tokio::select! {
            biased;
            () = mortal => Ended::Died,
            () = poisoned => Ended::Died,
            () = living => Ended::Done,
        };
        world.part();
        world.halt();
        (ended, tokio::runtime::Handle::current())
    });
    // Everything that ran on it goes with it; some of that looks for a runtime in its last moment.
    let entered = runtime.enter();
    drop(system);
    drop(entered);
    if kept.take().is_some_and(|views| views.strong_count() > 0) {
        world.violated(27, format!("life {life} is over, and something of it is left"));
    }
    (ended, world.end())
}

async fn start(
    world: &Rc<World>,
    folder: &std::path::Path,
    journal: Arc<MemoryJournal>,
) -> (Rc<Node>, Arc<Views>) {
    let config = Config::default();
    let options = views::Options { is_inline: true, ..views::Options::default() };
    let views = Views::open(folder, journal.clone(), options).expect("views open on whatever is there");
    actix::spawn(disk::run(Rc::clone(world), Arc::clone(&journal), Arc::clone(&views)));
    let (dial, calls) = network::network();
    actix::spawn(network::run(Rc::clone(world), calls));
    let stripe = StripeConfig {
        url: "http://bank.test".to_owned(),
        secret_key: SECRET_KEY.to_owned(),
        connect_timeout_ms: config.gateway.connect_timeout_ms,
        timeout_ms: config.gateway.timeout_ms,
        idle_connections_max: config.gateway.idle_connections_max,
        return_url: None,
        dial: Some(dial),
    };
    let clock = Clock::following_runtime(world.now()).going_on_from(journal.last_at().expect("a record"));
    let latencies = Arc::new(Latencies::default());
    let stores = Stores::new(
        clock,
        journal.clone(),
        Arc::clone(&views),
        Arc::new(Breaker::default()),
        Options::default(),
        Box::new(|_, _| {}),
    );
    let of_thread = stripe.clone();
    let make_bank: MakeBank =
        Arc::new(move || Rc::new(Stripe::new(&of_thread, clock).expect("a client")) as Rc<dyn Bank>);
    let directory =
        Directory::open(stores, &[actix::Arbiter::current()], make_bank).await.expect("a directory");
    let metrics = Metrics::new(Sources(directory.clone()));
    let limits = Limits::of(&config);
    let door = Door::new(directory.clone(), latencies, Arc::new(metrics), limits)
        .with_disputes(Disputes::new(&stripe).expect("a line for disputes"));
    let slot = DoorSlot::default();
    slot.open(Arc::new(door));
    let app =
        init_service(App::new().wrap(from_fn(http::guard)).configure(http::routes(&slot, limits))).await;
    let app = Rc::new(app);
    let service: Service = Box::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move { answered(&*app, request).await })
    });
    let waking = directory.clone();
    actix::spawn(async move { waking.keep_waking().await });
    (Rc::new(Node { service, journal }), views)
}

async fn answered<S, B>(app: &S, request: TestRequest) -> Answer
where
    S: actix_web::dev::Service<
            actix_http::Request,
            Response = actix_web::dev::ServiceResponse<B>,
            Error = actix_web::Error,
        >,
    B: actix_web::body::MessageBody + 'static,
{
    let response = match app.call(request.to_request()).await {
        Ok(response) => response.map_into_boxed_body().into_parts().1,
        Err(error) => error.error_response(),
    };
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_replayed = header("idempotent-replayed") == Some("true");
    let retry_after_s = header("retry-after").and_then(|value| value.parse().ok());
    let status = response.status().as_u16();
    let Ok(body) = to_bytes(response.into_body()).await else { panic!("a body that breaks off") };
    let body = match &body[..] {
        [] => serde_json::Value::Null,
        body => serde_json::from_slice(body).expect("answers are JSON"),
    };
    Answer { status, is_replayed, retry_after_s, body }
}
