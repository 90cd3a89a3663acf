//! One dispute at a time, looked up by whoever heard of it, on any thread.

use bytes::Bytes;
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue};
use tokio::sync::Semaphore;

use super::line::{Line, NoAnswer};
use super::{JSON, StripeConfig, StripeError, form, reply};
use crate::gateway::BookedDispute;
use crate::payment::bank::Reason;

/// How many are looked up at once. Disputes are rare; a flood of them is put off, and told again.
const AT_ONCE: usize = 4;

/// A line to the bank for disputes.
#[derive(Debug)]
pub struct Disputes {
    line: Line,
    headers: HeaderMap,
    places: Semaphore,
}

impl Disputes {
    /// A line that keeps no connection, so that any thread may use it.
    pub fn new(config: &StripeConfig) -> Result<Self, StripeError> {
        let bearer = format!("Bearer {}", config.secret_key);
        let mut authorization = HeaderValue::try_from(bearer).map_err(|_| StripeError::Key)?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::with_capacity(2);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, JSON.clone());
        let config = StripeConfig { idle_connections_max: 0, ..config.clone() };
        Ok(Self { line: Line::new(&config)?, headers, places: Semaphore::new(AT_ONCE) })
    }

    /// What the bank says of a dispute; nothing where it knows of none. The id must be one that may stand in a path.
    pub async fn look(&self, id: &str) -> Result<Option<BookedDispute>, Reason> {
        let Ok(_place) = self.places.try_acquire() else { return Err(Reason::LaneClosed) };
        let path = form::dispute(id);
        match self.line.exchange(Method::GET, &path, self.headers.clone(), Bytes::new()).await {
            Ok(answer) => reply::dispute(&answer),
            Err(NoAnswer::NotSent) => Err(Reason::ConnectFailed),
            Err(NoAnswer::Lost(reason)) => Err(reason),
        }
    }
}
