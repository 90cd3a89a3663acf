//! One dispute at a time, looked up by whoever heard of it, on any thread, at the gateway that may know of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use super::line::{Line, NoAnswer};
use super::{JSON, StripeConfig, StripeError, form, reply};
use crate::gateway::{BookedDispute, Coordinates};
use crate::payment::bank::Reason;

/// How many are looked up at once on one line. Disputes are rare; a flood of them is put off, and told again.
const AT_ONCE: usize = 4;
/// How many lines to gateways of stores are kept. They hold no connection; making one reads this machine's certificates.
const KEPT_MAX: usize = 64;

/// Lines for disputes: one to the node's own bank, and those to gateways of stores that were asked last.
#[derive(Debug)]
pub struct Disputes {
    config: StripeConfig,
    own: OneLine,
    others: Mutex<VecDeque<(Coordinates, Arc<OneLine>)>>,
}

#[derive(Debug)]
struct OneLine {
    line: Line,
    headers: HeaderMap,
    places: Semaphore,
}

impl Disputes {
    /// Lines that keep no connection, so that any thread may use them. Gateways of stores have the same time to answer.
    pub fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let config = StripeConfig { idle_connections_max: 0, ..config.clone() };
        Ok(Self { own: OneLine::new(&config)?, config, others: Mutex::default() })
    }

    /// What a gateway (nothing for the node's own bank) says of a dispute; nothing where it knows of none. The id must be one
    /// that may stand in a path.
    pub async fn look(&self, at: Option<&Coordinates>, id: &str) -> Result<Option<BookedDispute>, Reason> {
        match at {
            None => self.own.look(id).await,
            // A gateway of which no line can be made is never reached.
            Some(at) => self.line_to(at).map_err(|_| Reason::ConnectFailed)?.look(id).await,
        }
    }

    fn line_to(&self, at: &Coordinates) -> Result<Arc<OneLine>, StripeError> {
        // A thread that panicked here left lines behind that are whole.
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = others.iter().find(|(of, _)| of == at) {
            return Ok(Arc::clone(known));
        }
        let line = Arc::new(OneLine::new(&self.config.at(at))?);
        if others.len() >= KEPT_MAX {
            others.pop_front();
        }
        others.push_back((at.clone(), Arc::clone(&line)));
        Ok(line)
    }
}

impl OneLine {
    fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let bearer = format!("Bearer {}", config.secret_key);
        let mut authorization = HeaderValue::try_from(bearer).map_err(|_| StripeError::Key)?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, JSON.clone());
        Ok(Self { line: Line::new(config)?, headers, places: Semaphore::new(AT_ONCE) })
    }

    async fn look(&self, id: &str) -> Result<Option<BookedDispute>, Reason> {
        let Ok(_place) = self.places.try_acquire() else { return Err(Reason::LaneClosed) };
        let path = form::dispute(id);
        match self.line.exchange(Method::GET, &path, self.headers.clone(), Bytes::new()).await {
            Ok(answer) => reply::dispute(&answer),
            Err(NoAnswer::NotSent) => Err(Reason::ConnectFailed),
            Err(NoAnswer::Lost(reason)) => Err(reason),
        }
    }
}
