//! One keep-alive connection, one request at a time.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Answer, Body, Progress, progress};

/// A connection and what came in on it.
#[derive(Debug)]
pub(in crate::load) struct Connection {
    stream: TcpStream,
    inbound: Vec<u8>,
    joined: Vec<u8>,
    answered: usize,
}

impl Connection {
    /// Opens one.
    pub(in crate::load) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, inbound: Vec::with_capacity(4_096), joined: Vec::new(), answered: 0 })
    }

    /// Sends a request and waits for its answer.
    pub(in crate::load) async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.inbound.drain(..self.answered);
        self.answered = 0;
        self.stream.write_all(request).await?;
        let mut needed = 1;
        let whole = loop {
            if self.stream.read_buf(&mut self.inbound).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "closed before the answer was whole"));
            }
            if self.inbound.len() < needed {
                continue;
            }
            match progress(&self.inbound)? {
                Progress::Whole(whole) => break whole,
                Progress::Needs(bytes) => needed = bytes,
            }
            self.inbound.reserve(needed.saturating_sub(self.inbound.len()));
        };
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
}
