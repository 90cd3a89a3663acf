//! Connections that are made by somebody else than the system.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tower_service::Service;

/// Whatever bytes go over in both directions.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// A connection on its way.
type Dialing = BoxFuture<'static, io::Result<Box<dyn Wire>>>;

/// Opens a connection to an address, in place of the system: a simulation's network.
#[derive(Clone)]
pub struct Dial(Arc<dyn Fn(Uri) -> Dialing + Send + Sync>);

impl Dial {
    /// Connections are what this makes of an address.
    pub fn new(
        dial: impl Fn(Uri) -> BoxFuture<'static, io::Result<Box<dyn Wire>>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(dial))
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

/// A connection that was dialed.
pub(super) struct Dialed(TokioIo<Box<dyn Wire>>);

impl Connection for Dialed {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl Read for Dialed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl Write for Dialed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// Connections by a [`Dial`], as the pool wants them.
#[derive(Clone)]
pub(super) struct Network(Dial);

impl Network {
    /// Connections by this.
    pub(super) fn of(dial: Dial) -> Self {
        Self(dial)
    }
}

impl Service<Uri> for Network {
    type Response = Dialed;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Dialed>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let dialing = (self.0.0)(to);
        Box::pin(async move { dialing.await.map(|wire| Dialed(TokioIo::new(wire))) })
    }
}
