//! Bytes on a socket, for what no decent client sends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// A server that keeps such a connection open longer than this waits for more.
const SILENCE: Duration = Duration::from_secs(10);

/// Writes bytes to a server and reads all that it says until it closes or falls silent.
pub(crate) async fn raw(url: &str, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).await.expect("the server listens");
    let mut said = Vec::new();
    let (mut reader, mut writer) = stream.split();
    // A server that has refused need not read the rest.
    let talk = async { tokio::join!(writer.write_all(bytes), reader.read_to_end(&mut said)) };
    let talked = timeout(SILENCE, talk).await;
    drop(talked);
    String::from_utf8_lossy(&said).into_owned()
}
