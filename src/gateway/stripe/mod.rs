//! A bank that speaks Stripe's `/v1`: one small HTTP/1.1 pool a thread.
//!
//! What matters here is one distinction: *certainly not sent* against *unknown*. Only a connection that never came about is
//! the former. Whatever breaks after that, a kept-alive socket dropped by the other side included, is unknown, because
//! bytes may have arrived. The client underneath sends nothing twice by itself; it takes another connection only for a
//! request of which it knows that no byte was written.

mod body;
mod control;
mod dial;
mod disputes;
mod form;
mod line;
pub mod notice;
mod reply;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{FutureExt, LocalBoxFuture, ready};
use http::Method;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

pub use self::control::{Control, ControlFault};
pub use self::dial::{Dial, Wire};
pub use self::disputes::Disputes;
pub use self::line::ANSWER_BYTES_MAX;
use self::line::{Answer, Line, NoAnswer};
use self::reply::Reply;
use super::{Bank, Books, BooksPage, CallContext, Coordinates, DisputesPage, key};
use crate::payment::bank::{Call, Operation, Outcome, Reason};
use crate::types::Clock;

/// An inquiry that has to list intents reads at most so many pages of a hundred.
const PAGES_MAX: u32 = 10;
/// So many different complaints of the bank about our requests are logged, each once.
const COMPLAINTS_MAX: usize = 64;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
static JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Where the bank is and how long it may take.
#[derive(Clone)]
pub struct StripeConfig {
    /// Scheme, host and port, and a path in front of `/v1` where there is one.
    pub url: String,
    /// The account's secret key.
    pub secret_key: String,
    /// How long a connection may take to open.
    pub connect_timeout_ms: u64,
    /// How long a call may take in all.
    pub timeout_ms: u64,
    /// How many idle connections each thread keeps.
    pub idle_connections_max: usize,
    /// Where a shopper comes back to after a challenge, when the shop has such a page.
    pub return_url: Option<String>,
    /// Makes connections in place of the system; nothing but a simulation has one.
    pub dial: Option<Dial>,
}

impl StripeConfig {
    /// The same for the account of a gateway that a store names.
    #[must_use]
    pub fn at(&self, coordinates: &Coordinates) -> Self {
        let (url, secret_key) =
            (coordinates.url.as_ref().to_owned(), coordinates.secret_key.as_ref().to_owned());
        Self { url, secret_key, ..self.clone() }
    }
}

impl fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeConfig").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Why a client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum StripeError {
    /// The address is none.
    #[error("the bank's address is not an http or https URL")]
    Url,
    /// The key cannot be sent in a header.
    #[error("the bank's secret key holds characters that no key has")]
    Key,
    /// The certificates that this machine trusts cannot be read.
    #[error("reading the certificates this machine trusts")]
    Roots(#[source] std::io::Error),
}

/// Whether the bank refuses because something else happened to the intent first: the shopper paid while the order lapsed, say.
/// That is no fault of the request, and the payment looks at the intent next.
fn is_overtaken(operation: Operation, code: &str) -> bool {
    matches!(operation, Operation::Void | Operation::Capture) && code == "payment_intent_unexpected_state"
}

/// A bank that speaks Stripe's `/v1`. One a thread: its connections live on the runtime that made them.
#[derive(Clone, Debug)]
pub struct Stripe {
    inner: Rc<Inner>,
}

struct Inner {
    line: Line,
    headers: HeaderMap,
    return_url: Option<String>,
    clock: Clock,
    complaints: RefCell<BTreeSet<Arc<str>>>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("line", &self.line).finish_non_exhaustive()
    }
}

impl Stripe {
    /// A client for this thread. The clock tells it which calls have been owed for too long to be sent.
    pub fn new(config: &StripeConfig, clock: Clock) -> Result<Self, StripeError> {
        let line = Line::new(config)?;
        let bearer = format!("Bearer {}", config.secret_key);
        let mut authorization = HeaderValue::try_from(bearer).map_err(|_| StripeError::Key)?;
        authorization.set_sensitive(true);
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(AUTHORIZATION, authorization);
        headers.insert(ACCEPT, JSON.clone());
        let return_url = config.return_url.clone();
        let inner = Inner { line, headers, return_url, clock, complaints: RefCell::default() };
        Ok(Self { inner: Rc::new(inner) })
    }
}

impl Bank for Stripe {
    fn call(&self, context: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome> {
        if call.is_stale(self.inner.clock.now()) {
            return ready(call.lost(Reason::Interrupted)).boxed_local();
        }
        let inner = Rc::clone(&self.inner);
        async move { inner.make(context, call).await }.boxed_local()
    }

    fn probe(&self) -> Option<LocalBoxFuture<'static, Outcome>> {
        Some(Books::ping(self))
    }
}

impl Books for Stripe {
    fn charges(
        &self,
        from_s: i64,
        to_s: i64,
        after: Option<Arc<str>>,
    ) -> LocalBoxFuture<'static, Result<BooksPage, Reason>> {
        let inner = Rc::clone(&self.inner);
        async move {
            let path = form::charges(from_s, to_s, after.as_deref());
            match inner.get(&path).await {
                Ok(answer) => reply::books(&answer),
                Err(Outcome::InquiryFailed { reason, .. }) => Err(reason),
                Err(_) => Err(Reason::Unreadable),
            }
        }
        .boxed_local()
    }

    fn disputes(
        &self,
        from_s: i64,
        after: Option<Arc<str>>,
    ) -> LocalBoxFuture<'static, Result<DisputesPage, Reason>> {
        let inner = Rc::clone(&self.inner);
        async move {
            match inner.get(&form::disputes(from_s, after.as_deref())).await {
                Ok(answer) => reply::disputes(&answer),
                Err(Outcome::InquiryFailed { reason, .. }) => Err(reason),
                Err(_) => Err(Reason::Unreadable),
            }
        }
        .boxed_local()
    }

    fn ping(&self) -> LocalBoxFuture<'static, Outcome> {
        let inner = Rc::clone(&self.inner);
        async move { inner.look("/v1/charges?limit=1", reply::pinged).await }.boxed_local()
    }
}

impl Inner {
    async fn make(&self, context: CallContext, call: Call) -> Outcome {
        let outcome = match &call {
            Call::Authorize { .. } => self.post(&context, &call, "/v1/payment_intents").await,
            Call::Capture { intent, .. } => {
                self.post(&context, &call, &format!("/v1/payment_intents/{intent}/capture")).await
            }
            Call::Void { intent, .. } => {
                self.post(&context, &call, &format!("/v1/payment_intents/{intent}/cancel")).await
            }
            Call::Refund { .. } => self.post(&context, &call, "/v1/refunds").await,
            Call::Look { intent, .. } => {
                self.look(&format!("/v1/payment_intents/{intent}"), |answer| reply::found(answer, &context))
                    .await
            }
            Call::Inquire { operation, attempt, intent, since } => match (operation, intent) {
                (Operation::Refund(refund), Some(intent)) => {
                    let path = form::refunds_of(intent);
                    self.look(&path, |answer| reply::find_refund(answer, *refund, *attempt)).await
                }
                (Operation::Refund(_), None) => Outcome::NotFound,
                (Operation::Authorize | Operation::Capture | Operation::Void, Some(intent)) => {
                    let path = format!("/v1/payment_intents/{intent}");
                    self.look(&path, |answer| reply::found(answer, &context)).await
                }
                (Operation::Authorize | Operation::Capture | Operation::Void, None) => {
                    self.search(&context, *attempt, since.millis().div_euclid(1_000)).await
                }
            },
        };
        if let Outcome::Refused { code, .. } = &outcome
            && !is_overtaken(call.operation(), code)
        {
            self.complain(&context, call.operation(), code);
        }
        outcome
    }

    /// Asks for something to be done.
    async fn post(&self, context: &CallContext, call: &Call, path: &str) -> Outcome {
        let mut headers = self.headers.clone();
        headers.insert(CONTENT_TYPE, FORM.clone());
        let rendered = key(&context.store, &call.key(context.order));
        let Ok(rendered) = HeaderValue::try_from(rendered) else {
            return call.unsent(Reason::Interrupted, None);
        };
        headers.insert(&IDEMPOTENCY_KEY, rendered);
        let body = form::body(context, call, self.return_url.as_deref());
        match self.line.exchange(Method::POST, path, headers, body).await {
            Ok(answer) => Reply::of(&answer).outcome(call.operation()),
            Err(NoAnswer::NotSent) => call.unsent(Reason::ConnectFailed, None),
            Err(NoAnswer::Lost(reason)) => call.lost(reason),
        }
    }

    /// Looks something up.
    async fn look(&self, path: &str, read: impl FnOnce(&Answer) -> Outcome) -> Outcome {
        match self.get(path).await {
            Ok(answer) => read(&answer),
            Err(outcome) => outcome,
        }
    }

    async fn get(&self, path: &str) -> Result<Answer, Outcome> {
        let failed = |reason| Outcome::InquiryFailed { reason, retry_after_ms: None };
        let answered = self.line.exchange(Method::GET, path, self.headers.clone(), "").await;
        answered.map_err(|none| match none {
            NoAnswer::NotSent => failed(Reason::ConnectFailed),
            NoAnswer::Lost(reason) => failed(reason),
        })
    }

    /// Looks for an attempt whose intent nobody knows: by the order it names, or, where the bank offers no search, among
    /// all intents since the attempt began.
    async fn search(&self, context: &CallContext, attempt: u32, since_secs: i64) -> Outcome {
        let answer = match self.get(&form::search(context.order)).await {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        if !reply::is_search_missing(&answer) {
            return reply::find_attempt(&answer, context, attempt).0;
        }
        let mut after: Option<Arc<str>> = None;
        for _ in 0..PAGES_MAX {
            let path = form::list(since_secs, after.as_deref());
            let answer = match self.get(&path).await {
                Ok(answer) => answer,
                Err(outcome) => return outcome,
            };
            match reply::find_attempt(&answer, context, attempt) {
                (Outcome::NotFound, Some(last)) => after = Some(last),
                (outcome, _) => return outcome,
            }
        }
        // There are more intents than we are willing to read: that says nothing about ours.
        Outcome::InquiryFailed { reason: Reason::Interrupted, retry_after_ms: None }
    }

    /// Says loudly, and once, that the bank does not like how we ask.
    fn complain(&self, context: &CallContext, operation: Operation, code: &Arc<str>) {
        let mut complaints = self.complaints.borrow_mut();
        if complaints.len() < COMPLAINTS_MAX && complaints.insert(Arc::clone(code)) {
            tracing::error!(
                store.id = %context.store,
                order.id = %context.order,
                payment.operation = %operation,
                bank.code = %code,
                "bank rejects our requests"
            );
        }
    }
}
