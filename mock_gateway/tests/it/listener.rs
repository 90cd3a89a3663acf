//! An address that is told, and remembers what it was told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use parking_lot::Mutex;
use serde_json::Value;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// One notice as it came.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) signature: String,
    pub(crate) body: String,
}

impl Heard {
    pub(crate) fn event(&self) -> Value {
        serde_json::from_str(&self.body).expect("a notice is JSON")
    }

    /// Whether one of its signatures was made with this secret.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let mut parts = self.signature.split(',');
        let at = parts.next().and_then(|part| part.strip_prefix("t=")).expect("a time comes first");
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
        mac.update(format!("{at}.{}", self.body).as_bytes());
        let expected: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        parts.any(|part| part.strip_prefix("v1=") == Some(&*expected))
    }
}

/// Listens on a free port; answers as it is told to.
#[derive(Clone)]
pub(crate) struct Listener {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    says: Arc<AtomicU16>,
}

impl Listener {
    pub(crate) async fn open() -> Listener {
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/hooks", socket.local_addr().expect("it is bound"));
        let listener = Listener { url, heard: Arc::default(), says: Arc::new(AtomicU16::new(200)) };
        tokio::spawn({
            let listener = listener.clone();
            async move {
                while let Ok((connection, _)) = socket.accept().await {
                    tokio::spawn(listener.clone().serve(connection));
                }
            }
        });
        listener
    }

    /// Everything is answered with this from now on.
    pub(crate) fn say(&self, status: u16) {
        self.says.store(status, Ordering::SeqCst);
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().clone()
    }

    /// Types in the order in which they came.
    pub(crate) fn types(&self) -> Vec<String> {
        self.heard().iter().map(|heard| text(&heard.event(), "type")).collect()
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        self.heard().iter().map(|heard| id(&heard.event())).collect()
    }

    async fn serve(self, mut connection: TcpStream) {
        let mut buffer = Vec::new();
        while let Some((head, body)) = read(&mut connection, &mut buffer).await {
            let signature = head.lines().find_map(|line| line.strip_prefix("stripe-signature: "));
            let signature = signature.expect("every notice is signed").to_owned();
            assert!(head.starts_with("POST /hooks HTTP/1.1"), "{head}");
            let says = self.says.load(Ordering::SeqCst);
            self.heard.lock().push(Heard { signature, body });
            let answer = format!("HTTP/1.1 {says} Said\r\ncontent-length: 0\r\n\r\n");
            if connection.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }
}

/// One request's head and body; `None` at the end of the connection.
async fn read(connection: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(String, String)> {
    loop {
        let end = buffer.windows(4).position(|window| window == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8(buffer[..end].to_vec()).expect("heads are plain");
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.expect("notices have a length").parse().expect("a number");
            if buffer.len() >= end + 4 + length {
                let rest = buffer.split_off(end + 4 + length);
                let body = String::from_utf8(buffer.split_off(end + 4)).expect("bodies are UTF-8");
                *buffer = rest;
                return Some((head, body));
            }
        }
        let mut piece = [0; 4_096];
        match connection.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => buffer.extend_from_slice(&piece[..count]),
        }
    }
}
