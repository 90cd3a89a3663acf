//! One keep-alive connection, one request at a time.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Answer, Body, Progress, Whole, progress};

/// A connection and what came in on it.
#[derive(Debug)]
pub(in crate::load) struct Connection {
    address: SocketAddr,
    stream: TcpStream,
    inbound: Vec<u8>,
    joined: Vec<u8>,
    answered: usize,
    is_fresh: bool,
}

impl Connection {
    /// Opens one.
    pub(in crate::load) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = connect(address).await?;
        let inbound = Vec::with_capacity(4_096);
        Ok(Self { address, stream, inbound, joined: Vec::new(), answered: 0, is_fresh: true })
    }

    /// Sends a request and waits for its answer. A server may close a connection between two requests; then it is opened again. Sending
    /// twice does no harm: every POST has a key.
    pub(in crate::load) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        let whole = match self.attempt(request).await {
            Err(error) if is_closed(&error) && !self.is_fresh && self.inbound.is_empty() => {
                self.stream = connect(self.address).await?;
                self.attempt(request).await?
            }
            attempted => attempted?,
        };
        self.is_fresh = false;
        self.answered = whole.length;
        let body = match whole.body {
            Body::Plain(range) => &self.inbound[range],
            Body::Chunked(chunks) => {
                self.joined.clear();
                for chunk in chunks {
                    self.joined.extend_from_slice(&self.inbound[chunk]);
                }
                &self.joined
            }
        };
        Ok(Answer { status: whole.status, body })
    }

    async fn attempt(&mut self, request: &[u8]) -> io::Result<Whole> {
        self.inbound.drain(..self.answered);
        self.answered = 0;
        self.stream.write_all(request).await?;
        let mut needed = 1;
        loop {
            if self.stream.read_buf(&mut self.inbound).await? == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "closed before the answer was whole",
                ));
            }
            if self.inbound.len() < needed {
                continue;
            }
            match progress(&self.inbound)? {
                Progress::Whole(whole) => return Ok(whole),
                Progress::Needs(bytes) => needed = bytes,
            }
            self.inbound.reserve(needed.saturating_sub(self.inbound.len()));
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}
