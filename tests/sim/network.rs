//! The network to the bank: connections of one process, which die with it, and bytes that are late, cut, doubled or wrong.

use std::fmt::Write as _;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use mock_gateway::{Asked, Said};
use orderflow::gateway::{Dial, Wire};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::sync::{mpsc, oneshot};

use super::bank::{key_of, refused_card};
use super::fault::{Fault, Operation};
use super::notices;
use super::plan::Inquiry;
use super::world::{Window, World};

/// Longer than any call waits.
const NEVER: Duration = Duration::from_secs(3_600);
const BUFFER: usize = 64 * 1_024;
/// A look that lags shows what was there so long ago.
const LAG_MS: u64 = 30_000;

/// Somebody wants to be connected.
pub(crate) struct Call(oneshot::Sender<io::Result<Box<dyn Wire>>>);

/// The way out of a node, and where its calls come in.
pub(crate) fn network() -> (Dial, mpsc::UnboundedReceiver<Call>) {
    let (to, calls) = mpsc::unbounded_channel();
    let dial = Dial::new(move |_| {
        let (answer, answered) = oneshot::channel();
        let gone = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let sent = to.send(Call(answer)).map_err(|_| gone());
        Box::pin(async move {
            sent?;
            answered.await.map_err(|_| gone())?
        })
    });
    (dial, calls)
}

/// Lets arrive, each in its time, what an earlier life left on its way.
pub(crate) fn left_under_way(world: &Rc<World>) {
    for place in world.bank.left_under_way() {
        let world = Rc::clone(world);
        actix::spawn(async move {
            wait_until(&world, place.0).await;
            if let Some(asked) = world.bank.arrive(place) {
                world.count("calls that outlived their node");
                world.bank.do_it(&world, asked).await;
            }
        });
    }
}

/// Takes calls until the process ends.
pub(crate) async fn run(world: Rc<World>, mut calls: mpsc::UnboundedReceiver<Call>) {
    while let Some(Call(answer)) = calls.recv().await {
        let failure = match connecting(&world) {
            Some(Fault::Refused) => Some(io::ErrorKind::ConnectionRefused),
            Some(Fault::NameFails) => Some(io::ErrorKind::NotFound),
            Some(_) => Some(io::ErrorKind::InvalidData),
            None => None,
        };
        let made: io::Result<Box<dyn Wire>> = match failure {
            Some(kind) => Err(kind.into()),
            None => {
                let (near, far) = tokio::io::duplex(BUFFER);
                let world = Rc::clone(&world);
                actix::spawn(async move {
                    // Whoever called may have gone.
                    let _ = serve(&world, far).await;
                });
                Ok(Box::new(near))
            }
        };
        // Whoever called may have given up.
        let _ = answer.send(made);
    }
}

async fn wait_until(world: &World, at_ms: u64) {
    let wait = at_ms.saturating_sub(world.passed_ms());
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

/// What happens before there is a connection.
fn connecting(world: &Rc<World>) -> Option<Fault> {
    if world.plan.cell.is_some() {
        return world.fate_at_connect();
    }
    if world.is_calm() {
        return None;
    }
    let is_out = world.is_out();
    let dials = &world.plan.dials;
    let mut dice = world.bank.dice.borrow_mut();
    let fault = dice.of(&dials.kinds);
    let strikes = dice.falls(dials.faults) && fault.is_at_connect();
    drop(dice);
    let struck = if is_out { Some(Fault::Refused) } else { strikes.then_some(fault) };
    if let Some(fault) = struck {
        world.struck(fault);
    }
    struck
}

/// One connection: calls one after the other.
async fn serve(world: &Rc<World>, mut line: DuplexStream) -> io::Result<()> {
    while let Some(asked) = read(&mut line).await? {
        let operation = Operation::of(asked.method.as_str(), &asked.target);
        world.count("calls");
        world.called(operation);
        world.pass(Window::Sent);
        let is_out = world.is_out();
        let mut fault = if is_out { Some(Fault::Unavailable) } else { world.fate_of(operation) };
        if fault.is_some_and(Fault::is_at_connect) {
            // There is a connection: it is too late for those.
            fault = Some(Fault::Dropped);
        }
        let key = key_of(&asked).unwrap_or_default().to_owned();
        if world.bank.is_stored(&key) && !is_out {
            fault = Some(Fault::Stored);
        }
        if let Some(fault) = fault.filter(|_| !is_out) {
            world.struck(fault);
        }
        world.note(|line| write!(line, "call {} {} {key} {fault:?}", asked.method, asked.target));
        let way = { world.bank.dice.borrow_mut().below(world.way_ms() + 1) };
        let back = { world.bank.dice.borrow_mut().below(world.way_ms() + 1) };
        let does_nothing = |status, code: &str, more: &[(&str, &str)]| Some(error(status, code, more));
        let said = match fault {
            None | Some(Fault::Forgotten) if operation == Operation::Inquiry => {
                Some(look(world, asked, way).await)
            }
            None => Some(travel(world, asked, way).await),
            Some(Fault::TimeoutBefore) => None,
            Some(Fault::Dropped) => return Ok(()),
            Some(Fault::ErrorBefore) => does_nothing(500, "api_error", &[]),
            Some(Fault::BadGateway) => does_nothing(502, "api_error", &[]),
            Some(Fault::Unavailable) => does_nothing(503, "api_error", &[("retry-after", "2")]),
            Some(Fault::TooMany) => does_nothing(429, "rate_limit", &[("retry-after", "1")]),
            Some(Fault::InProgress) => does_nothing(409, "idempotency_key_in_use", &[]),
            Some(Fault::Declined) if operation == Operation::Authorise => {
                Some(travel(world, refused_card(&asked), way).await)
            }
            Some(Fault::Declined) => {
                world.bank.decline(&key);
                Some(travel(world, asked, way).await)
            }
            Some(Fault::Stored) => {
                if !world.bank.is_stored(&key) && !key.is_empty() {
                    world.bank.store(&key);
                    if world.bank.dice.borrow_mut().falls(500) {
                        travel(world, asked, way).await;
                    }
                }
                does_nothing(500, "api_error", &[("idempotent-replayed", "true")])
            }
            Some(Fault::TimeoutAfter) => {
                travel(world, asked, way).await;
                None
            }
            Some(Fault::Forgotten) => {
                world.bank.forget(world.passed_ms(), &key);
                travel(world, asked, way).await;
                None
            }
            Some(Fault::ErrorAfter) => {
                travel(world, asked, way).await;
                does_nothing(500, "api_error", &[])
            }
            Some(Fault::Junk) => {
                let said = travel(world, asked, way).await;
                Some(Said { status: 200, body: "<html>maintenance</html>".into(), ..said })
            }
            Some(Fault::HalfJson) => {
                let said = travel(world, asked, way).await;
                let half = said.body.slice(..said.body.len() / 2);
                Some(Said { body: half, ..said })
            }
            Some(Fault::OtherAmount) => Some(other_amount(travel(world, asked, way).await)),
            Some(Fault::ResetAfter) => {
                let said = travel(world, asked, way).await;
                let whole = bytes_of(&said);
                line.write_all(&whole[..whole.len() - said.body.len().div_ceil(2)]).await?;
                return Ok(());
            }
            Some(Fault::Dribbles) => {
                let said = travel(world, asked, way).await;
                for byte in bytes_of(&said) {
                    line.write_all(&[byte]).await?;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                return Ok(());
            }
            Some(Fault::Refused | Fault::NameFails | Fault::TlsFails) => {
                unreachable!("they were made into another above")
            }
        };
        let Some(said) = said else {
            tokio::time::sleep(NEVER).await;
            return Ok(());
        };
        if !world.is_dead() {
            notices::gather(world).await;
        }
        tokio::time::sleep(Duration::from_millis(back)).await;
        world.pass(Window::Answered);
        line.write_all(&bytes_of(&said)).await?;
        if world.plan.cell.is_some_and(|cell| cell.is_at_connect()) {
            // So that the next call has to connect.
            return Ok(());
        }
    }
    Ok(())
}

/// A call gets to the bank, late perhaps, and is carried out, whatever becomes of whoever made it.
async fn travel(world: &Rc<World>, asked: Asked, way_ms: u64) -> Said {
    if way_ms == 0 {
        return world.bank.do_it(world, asked).await;
    }
    let place = world.bank.send(world.passed_ms() + way_ms, asked);
    wait_until(world, place.0).await;
    match world.bank.arrive(place) {
        Some(asked) => world.bank.do_it(world, asked).await,
        None => unreachable!("only another life takes what is under way"),
    }
}

/// A look at the bank, which may show what was.
async fn look(world: &Rc<World>, asked: Asked, way_ms: u64) -> Said {
    tokio::time::sleep(Duration::from_millis(way_ms)).await;
    match world.inquiry() {
        Inquiry::Answers => world.bank.do_it(world, asked).await,
        Inquiry::Down => error(503, "api_error", &[]),
        Inquiry::Lags => {
            let said = world.bank.do_it(world, asked.clone()).await;
            lagging(world, &asked, said)
        }
    }
}

/// What would have been said a while ago. Refunds are shown as they are: their lists have times of their own to go by.
fn lagging(world: &World, asked: &Asked, said: Said) -> Said {
    let Some(then) = world.passed_ms().checked_sub(LAG_MS) else {
        return if asked.target.contains("/search") || asked.target.contains('?') {
            emptied(said)
        } else {
            error(404, "resource_missing", &[])
        };
    };
    let Ok(mut body) = serde_json::from_slice::<Value>(&said.body) else { return said };
    if body["object"] == "payment_intent" {
        let id = body["id"].as_str().unwrap_or_default();
        return match world.bank.seen_at(id, then) {
            Some(seen) => Said { body: seen.to_string().into(), ..said },
            None => error(404, "resource_missing", &[]),
        };
    }
    if let Some(data) = body["data"].as_array_mut() {
        let old = std::mem::take(data).into_iter().filter_map(|one| {
            let id = one["id"].as_str().unwrap_or_default();
            if one["object"] == "payment_intent" { world.bank.seen_at(id, then) } else { Some(one) }
        });
        *data = old.collect();
        return Said { body: body.to_string().into(), ..said };
    }
    said
}

fn emptied(said: Said) -> Said {
    let Ok(mut body) = serde_json::from_slice::<Value>(&said.body) else { return said };
    if body["data"].is_array() {
        body["data"] = json!([]);
    }
    Said { body: body.to_string().into(), ..said }
}

fn other_amount(said: Said) -> Said {
    let Ok(mut body) = serde_json::from_slice::<Value>(&said.body) else { return said };
    if said.status == 200 {
        for name in ["amount", "amount_received", "amount_capturable"] {
            if let Some(amount) = body[name].as_i64().filter(|amount| *amount > 0) {
                body[name] = json!(amount + 1);
            }
        }
    }
    Said { body: body.to_string().into(), ..said }
}

pub(crate) fn error(status: u16, code: &str, more: &[(&str, &str)]) -> Said {
    let kind = match status {
        402 => "card_error",
        400..500 => "invalid_request_error",
        _ => "api_error",
    };
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    headers.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let error = json!({"error": {"type": kind, "code": code, "message": "the network said so"}});
    Said { status, headers, body: error.to_string().into() }
}

fn bytes_of(said: &Said) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} .\r\ncontent-length: {}\r\n", said.status, said.body.len());
    for (name, value) in &said.headers {
        if name != "content-length" && name != "transfer-encoding" {
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    head.push_str("\r\n");
    let mut whole = head.into_bytes();
    whole.extend_from_slice(&said.body);
    whole
}

/// The next request on a line; nothing when it was closed.
async fn read(line: &mut DuplexStream) -> io::Result<Option<Asked>> {
    let mut buffer = Vec::new();
    loop {
        if let Some((asked, head, length)) = head_of(&buffer)? {
            while buffer.len() < head + length {
                if line.read_buf(&mut buffer).await? == 0 {
                    return Ok(None);
                }
            }
            let body = buffer[head..head + length].to_vec().into();
            return Ok(Some(Asked { body, ..asked }));
        }
        if line.read_buf(&mut buffer).await? == 0 {
            return Ok(None);
        }
    }
}

/// A request's head, where it ends, and how long the body is.
fn head_of(buffer: &[u8]) -> io::Result<Option<(Asked, usize, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(buffer).map_err(|why| io::Error::other(why.to_string()))?;
    let httparse::Status::Complete(head) = parsed else { return Ok(None) };
    let headers: Vec<(String, String)> = request
        .headers
        .iter()
        .map(|header| (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let asked = Asked {
        method: request.method.unwrap_or_default().parse().map_err(io::Error::other)?,
        target: request.path.unwrap_or_default().to_owned(),
        headers,
        body: bytes::Bytes::new(),
    };
    Ok(Some((asked, head, length)))
}
