//! Starting and stopping the bank.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use tokio::sync::oneshot;

use crate::bank::{Bank, Era};
use crate::clock;
use crate::http;
use crate::journal::{self, LoadError};
use crate::teller::Teller;
use crate::weather::{Script, ScriptError};

/// How a bank is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Listening to more than this machine has to be asked for: there is no protection of any kind.
    pub allow_remote: bool,
    /// Where to keep everything; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    /// A script of weather changes that begins at once.
    pub scenario: Option<PathBuf>,
    /// Threads that serve requests.
    pub workers: usize,
}

impl Default for Options {
    /// `127.0.0.1:4010`, in memory, fair weather, one thread.
    fn default() -> Self {
        Options {
            listen: SocketAddr::from(([127, 0, 0, 1], 4010)),
            allow_remote: false,
            data: None,
            scenario: None,
            workers: 1,
        }
    }
}

impl Options {
    /// The same on a free port: what tests want.
    pub fn on_a_free_port() -> Options {
        Options { listen: SocketAddr::from(([127, 0, 0, 1], 0)), ..Options::default() }
    }
}

/// Why a bank did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Anybody who can reach the address could do anything.
    #[error("{0} is not a loopback address, and listening to other machines was not allowed")]
    NotLoopback(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The data file cannot be used.
    #[error(transparent)]
    Data(#[from] LoadError),
    /// The scenario cannot be used.
    #[error(transparent)]
    Scenario(#[from] ScriptError),
    /// The server did not come up.
    #[error("cannot start the server")]
    Server(#[source] io::Error),
}

/// Stopping takes no longer than this, whatever clients do.
const SHUTDOWN_S: u64 = 8;
const KEEP_ALIVE: Duration = Duration::from_secs(75);
const BACKLOG: i32 = 4_096;

/// A bank at work. Dropping it lets it stop by itself; [`Running::stop`] waits until it has.
pub struct Running {
    address: SocketAddr,
    teller: Arc<Teller>,
    server: ServerHandle,
    ended: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a bank on threads of its own, so that it works beside any runtime or none. Returns once it listens.
///
/// # Errors
///
/// When the address, the data file or the scenario cannot be used.
pub fn start(options: Options) -> Result<Running, StartError> {
    if !options.allow_remote && !options.listen.ip().is_loopback() {
        return Err(StartError::NotLoopback(options.listen));
    }
    let script = options.scenario.as_deref().map(Script::load).transpose()?;
    let (mut bank, journal) = match &options.data {
        Some(path) => {
            let (bank, journal) = journal::open(path)?;
            (bank, Some(journal))
        }
        None => (Bank::new(Era::new(clock::unrepeated())), None),
    };
    let listener =
        listen(options.listen).map_err(|source| StartError::Listen { address: options.listen, source })?;
    let address = listener.local_addr().map_err(StartError::Server)?;
    bank.listens_at(address);
    let teller = Teller::new(bank, journal, script);
    let (tell_started, started) = std::sync::mpsc::channel();
    let (tell_ended, ended) = oneshot::channel();
    let thread = std::thread::Builder::new()
        .name("bank".to_owned())
        .spawn({
            let teller = Arc::clone(&teller);
            let workers = options.workers.max(1);
            move || run(listener, workers, teller, &tell_started, tell_ended)
        })
        .map_err(StartError::Server)?;
    let unheard = |_| StartError::Server(io::Error::other("its thread ended at once"));
    let server = started.recv().map_err(unheard)?.map_err(StartError::Server)?;
    tracing::info!(%address, "the bank is open");
    Ok(Running { address, teller, server, ended: Some(ended), thread: Some(thread) })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A bank that was killed has to come back on its port at once.
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

fn run(
    listener: TcpListener,
    workers: usize,
    teller: Arc<Teller>,
    tell_started: &std::sync::mpsc::Sender<io::Result<ServerHandle>>,
    tell_ended: oneshot::Sender<()>,
) {
    actix_web::rt::System::new().block_on(async move {
        let data = Data::from(Arc::clone(&teller));
        let server =
            HttpServer::new(move || App::new().app_data(data.clone()).default_service(web::to(http::serve)))
                .workers(workers)
                .keep_alive(KEEP_ALIVE)
                // A client that is gone lets go of what it was waiting for.
                .h1_allow_half_closed(false)
                .on_connect(http::on_connect)
                .shutdown_timeout(SHUTDOWN_S)
                .disable_signals()
                .listen(listener);
        match server {
            Ok(server) => {
                let server = server.run();
                // Ends by itself when the bank closes.
                drop(actix_web::rt::spawn(crate::notices::run(Arc::clone(&teller))));
                // Nobody listens any more only if `start` panicked.
                let _ = tell_started.send(Ok(server.handle()));
                if let Err(error) = server.await {
                    tracing::error!(%error, "the server ended");
                }
            }
            Err(error) => {
                let _ = tell_started.send(Err(error));
            }
        }
        teller.shut();
    });
    // A bank that was dropped has nobody waiting.
    let _ = tell_ended.send(());
}

impl Running {
    /// `http://127.0.0.1:PORT`, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no more requests, finishes those in flight, writes what is left, and ends.
    pub async fn stop(mut self) {
        self.teller.close();
        // The handle's future is only needed by those who want to wait on it in the server's own runtime.
        drop(self.server.stop(true));
        if let Some(ended) = self.ended.take() {
            // An error means that the thread ended without a word, which is an end too.
            let _ = ended.await;
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    /// Returns, with the reason, if the bank can no longer keep its word and has to be stopped.
    pub async fn failed(&self) -> String {
        self.teller.broken().await.to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.teller.close();
        drop(self.server.stop(true));
    }
}
