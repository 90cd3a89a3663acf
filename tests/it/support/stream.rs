//! A client of server-sent events, which remembers where it is.

use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::http::Answer;
use super::shop::Shop;
use super::until::LIMIT;
use super::world::World;

/// One block of a stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Block {
    /// Its id, where it has one.
    pub(crate) id: Option<u64>,
    /// Its type; a block without is none that clients are shown.
    pub(crate) event: Option<String>,
    /// Its data.
    pub(crate) data: Option<Value>,
    /// Whether it has a comment.
    pub(crate) has_comment: bool,
}

/// Somebody who listens to a store.
#[derive(Debug)]
pub(crate) struct Listening {
    response: Response,
    unread: Vec<u8>,
    /// The last id that was heard.
    pub(crate) last_id: Option<u64>,
}

impl Listening {
    /// Listens to a store's stream, with a query such as `?after=0`, from after an id where there is one.
    pub(crate) async fn to(shop: &Shop, query: &str, last_id: Option<u64>) -> Self {
        let opened = Self::ask(shop, query, last_id).await.expect("the server is there");
        opened.unwrap_or_else(|refused| panic!("the stream was refused: {}", refused.text))
    }

    /// The same, or what it was refused with; an error where there is no server.
    pub(crate) async fn ask(
        shop: &Shop,
        query: &str,
        last_id: Option<u64>,
    ) -> Result<Result<Self, Answer>, reqwest::Error> {
        Self::open(shop, &format!("/v1/events/stream{query}"), last_id).await
    }

    /// Listens to any stream of a store.
    pub(crate) async fn at(shop: &Shop, path: &str, last_id: Option<u64>) -> Self {
        let opened = Self::open(shop, path, last_id).await.expect("the server is there");
        opened.unwrap_or_else(|refused| panic!("the stream was refused: {}", refused.text))
    }

    async fn open(
        shop: &Shop,
        path: &str,
        last_id: Option<u64>,
    ) -> Result<Result<Self, Answer>, reqwest::Error> {
        let mut call = shop.call("GET", path);
        if let Some(id) = last_id {
            call = call.header("last-event-id", id.to_string());
        }
        Ok(match call.open().await? {
            Ok(response) => {
                let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
                assert_eq!(kind, Some("text/event-stream"));
                Ok(Self { response, unread: Vec::new(), last_id })
            }
            Err(refused) => Err(refused),
        })
    }

    /// The next block; nothing once the stream has ended or broken.
    pub(crate) async fn block(&mut self) -> Option<Block> {
        timeout(LIMIT, self.read()).await.expect("a block, a sign of life or an end in time")
    }

    async fn read(&mut self) -> Option<Block> {
        loop {
            if let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
                let text: Vec<u8> = self.unread.drain(..end + 2).collect();
                let block = Block::parse(std::str::from_utf8(&text).expect("UTF-8"));
                self.last_id = block.id.or(self.last_id);
                return Some(block);
            }
            self.unread.extend_from_slice(&self.response.chunk().await.ok()??);
        }
    }

    /// The next event that has happened in the store; nothing once the stream has ended or broken.
    pub(crate) async fn event(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            let Some(kind) = block.event.as_deref().filter(|kind| *kind != "dropped") else { continue };
            let data = block.data.expect("an event has data");
            assert_eq!((data["type"].as_str(), data["sequence"].as_u64()), (Some(kind), block.id), "{data}");
            return Some(data);
        }
    }

    /// So many events, or as many as there are within a time.
    pub(crate) async fn events(&mut self, count: usize, within: Duration) -> Vec<Value> {
        let mut heard = Vec::new();
        let hear = async {
            while heard.len() < count {
                let Some(event) = self.event().await else { return };
                heard.push(event);
            }
        };
        // What was heard by then is what there is.
        let _ = timeout(within, hear).await;
        heard
    }
}

/// A connection that has asked the first shop for everything after an id, takes little at a time, and does not read.
pub(crate) async fn deaf(world: &World, path: &str, last_id: Option<u64>) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let address = world.api().url().trim_start_matches("http://").parse().expect("an address");
    let mut connection = socket.connect(address).await.expect("the server listens");
    let after = last_id.map_or(String::new(), |id| format!("last-event-id: {id}\r\n"));
    let ask =
        format!("GET {path} HTTP/1.1\r\nhost: x\r\nx-store-id: acme\r\n{after}connection: close\r\n\r\n");
    connection.write_all(ask.as_bytes()).await.expect("written");
    connection
}

/// What somebody hears who did not read for longer than anybody's patience, and after which id the last words say to go on.
pub(crate) async fn heard_in_the_end(mut slow: TcpStream) -> (String, u64) {
    // While nobody reads, nothing can be said; once there is room again, the last words come.
    sleep(Duration::from_millis(2_500)).await;
    let mut said = Vec::new();
    timeout(LIMIT, slow.read_to_end(&mut said)).await.expect("an end").expect("readable");
    let said = String::from_utf8(said).expect("text");
    let words = said.rsplit("data: ").next().expect("last words");
    let words: Value = serde_json::from_str(words.lines().next().expect("a line")).expect("JSON");
    assert_eq!(words["reason"], "slow", "{words}");
    let resume = words["resume_after"].as_u64().expect("a place");
    (said, resume)
}

impl Block {
    fn parse(text: &str) -> Self {
        let mut block = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.split_once(':').map(|(name, value)| (name, value.strip_prefix(' ').unwrap_or(value))) {
                Some(("", _)) => block.has_comment = true,
                Some(("id", id)) => block.id = Some(id.parse().expect("a sequence number")),
                Some(("event", kind)) => block.event = Some(kind.to_owned()),
                Some(("data", data)) => block.data = Some(serde_json::from_str(data).expect("JSON")),
                Some(("retry", wait)) => drop(wait.parse::<u64>().expect("milliseconds")),
                other => panic!("no line of a stream: {other:?} in {text:?}"),
            }
        }
        block
    }
}
