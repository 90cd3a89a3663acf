//! Answers that many want at once: whoever is content with one that is a moment old shares it with those who asked just before.
//!
//! `Cache-Control: max-age=1` says so. A hundred pages of one store then cost what two reads a second cost.

use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody as _;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpRequest};
use bytes::Bytes;
use moka::future::Cache;

use super::door::Through;
use super::headers;
use super::reply::{self, Reply};
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::StoreId;

/// So long an answer is shared. Views may have been as old as the rest of the shortest age that can be asked for, a second.
const SHARED_FOR: Duration = Duration::from_millis(500);
/// All answers that are kept together have no more bytes.
const BYTES_MAX: u64 = 8 << 20;
/// Whoever asks for something longer asks for himself.
const ASKED_BYTES_MAX: usize = 512;
/// What an answer takes besides its bytes, about.
const OVERHEAD_BYTES: usize = 256;

/// Which answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    store: StoreId,
    age: Duration,
    /// Path and query.
    asked: Arc<str>,
}

/// The answers of the last moment.
#[derive(Debug)]
pub(super) struct Answers(Cache<Key, Bytes>);

impl Answers {
    /// None yet.
    pub(super) fn new() -> Self {
        let weigh = |key: &Key, body: &Bytes| {
            u32::try_from(key.asked.len() + body.len() + OVERHEAD_BYTES).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().max_capacity(BYTES_MAX).weigher(weigh).time_to_live(SHARED_FOR).build())
    }

    /// The answer of the last moment, or the one that is being made, or one that is made now. A problem is told to all who
    /// wait for it, and not kept.
    async fn get(
        &self,
        key: Key,
        make: impl Future<Output = Result<Bytes, Problem>>,
    ) -> Result<Bytes, Problem> {
        self.0.try_get_with(key, make).await.map_err(|problem| Problem::clone(&problem))
    }
}

/// What was asked, and how old the answer may be.
#[derive(Debug)]
pub(super) struct Recent {
    door: Through,
    age: Duration,
    asked: Arc<str>,
}

impl Recent {
    /// The body that `make` makes of a store, or that it made for somebody else a moment ago.
    pub(super) async fn or(self, tenant: Tenant, make: impl AsyncFnOnce(Tenant) -> Reply) -> Reply {
        let Self { door, age, asked } = self;
        if age.is_zero() || asked.len() > ASKED_BYTES_MAX {
            return make(tenant).await;
        }
        let key = Key { store: tenant.id().clone(), age, asked };
        let tenant = tenant.content_with(age.saturating_sub(SHARED_FOR));
        let made = async {
            let response = make(tenant).await?;
            response.into_body().try_into_bytes().map_err(|_| Problem::new(Code::Internal))
        };
        Ok(reply::json(StatusCode::OK, door.answers().get(key, made).await?))
    }
}

impl FromRequest for Recent {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let asked = request.uri().path_and_query().map_or("", |asked| asked.as_str());
        let age = headers::max_age(request.headers());
        ready(Through::of(request).map(|door| Self { door, age, asked: asked.into() }))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::future::join_all;

    use super::*;

    fn key(store: &str, seconds: u64, asked: &str) -> Key {
        let store = store.parse().expect("a legal id");
        Key { store, age: Duration::from_secs(seconds), asked: asked.into() }
    }

    #[actix_web::test]
    async fn many_who_ask_at_once_have_one_answer_and_nobody_has_anothers() {
        let (answers, made) = (Answers::new(), Cell::new(0_u32));
        let make = async |body: &'static str| {
            made.set(made.get() + 1);
            tokio::task::yield_now().await;
            Ok(Bytes::from_static(body.as_bytes()))
        };
        let of_acme =
            join_all((0..50).map(|_| answers.get(key("acme", 1, "/v1/orders"), make("acme")))).await;
        assert!(of_acme.iter().all(|body| body.as_deref() == Ok(b"acme")), "{of_acme:?}");
        assert_eq!(made.get(), 1);
        for (other, body) in [
            (key("gifts", 1, "/v1/orders"), "of another store"),
            (key("acme", 1, "/v1/orders?limit=1"), "another page"),
            (key("acme", 5, "/v1/orders"), "made of older views"),
        ] {
            assert_eq!(answers.get(other, make(body)).await.as_deref(), Ok(body.as_bytes()));
        }
        assert_eq!(made.get(), 4);
        // What is kept is bounded by its bytes.
        let long = vec![b'x'; 1 << 20];
        for nth in 0..64 {
            let body = Bytes::from(long.clone());
            let kept =
                answers.get(key("acme", 1, &format!("/v1/orders?cursor={nth}")), ready(Ok(body))).await;
            assert_eq!(kept.map(|body| body.len()), Ok(1 << 20));
        }
        answers.0.run_pending_tasks().await;
        assert!(answers.0.weighted_size() <= BYTES_MAX, "{}", answers.0.weighted_size());
    }

    #[actix_web::test]
    async fn a_problem_is_not_kept() {
        let answers = Answers::new();
        let fails = async || Err(Problem::new(Code::StoreNotFound));
        let problem = answers.get(key("acme", 1, "/"), fails()).await;
        assert_eq!(problem, Err(Problem::new(Code::StoreNotFound)));
        let body = answers.get(key("acme", 1, "/"), ready(Ok(Bytes::from_static(b"x")))).await;
        assert_eq!(body.as_deref(), Ok(&b"x"[..]));
    }
}
