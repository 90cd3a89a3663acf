//! Ending a connection without an answer, on purpose.
//!
//! Every connection keeps a second handle of its socket. To hang up, reading is shut down through that handle:
//! the server sees the end of the stream, gives up the request and closes the socket, which has been told to
//! reset on close.

use std::any::Any;
use std::cell::RefCell;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::Extensions;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use socket2::Socket;

/// The second handle.
pub(crate) struct Line(RefCell<Option<Socket>>);

/// Keeps the handle with the connection.
pub(crate) fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else {
        return;
    };
    // Answers are small and whole: waiting for more to send only costs time.
    let _ = stream.set_nodelay(true);
    match stream.as_fd().try_clone_to_owned() {
        Ok(handle) => {
            data.insert(Line(RefCell::new(Some(Socket::from(handle)))));
        }
        Err(error) => tracing::warn!(%error, "no second handle for a connection"),
    }
}

impl Line {
    /// Ends the connection; never returns, because the server drops the request.
    pub(crate) async fn hang_up(&self) -> HttpResponse {
        cut(self.0.take());
        std::future::pending().await
    }

    /// Sends half of a body and ends the connection.
    pub(crate) fn cut_short(&self, body: Bytes) -> HttpResponse {
        HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(HalfBody {
            promised: body.len() as u64,
            half: Some(body.slice(..body.len() / 2)),
            socket: self.0.take(),
        })
    }
}

fn cut(socket: Option<Socket>) {
    if let Some(socket) = socket {
        // Fails only when the client was faster, and then the connection is gone already.
        let _ = socket.set_linger(Some(Duration::ZERO));
        let _ = socket.shutdown(Shutdown::Read);
    }
}

struct HalfBody {
    promised: u64,
    half: Option<Bytes>,
    socket: Option<Socket>,
}

impl MessageBody for HalfBody {
    type Error = std::convert::Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.promised)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        match self.half.take() {
            Some(half) => Poll::Ready(Some(Ok(half))),
            None => {
                cut(self.socket.take());
                Poll::Pending
            }
        }
    }
}
