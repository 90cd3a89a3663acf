//! Questions to actors, and their answers.

use std::time::Instant;

use tokio::sync::oneshot;

use crate::runtime::ask::{Show, send};
use crate::runtime::{
    Aggregate, AggregateActor, Answer, Ask, Condition, Fault, Look, Refusal, Reply, Terms, Wiring,
};
use crate::types::{Actor, Meta, RequestKey, clock};

pub(super) async fn ask<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    terms: Terms,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let condition = terms.expected.map(|expected| Condition { expected, of: None });
    ask_if(actor, key, request, terms.key, condition, deadline, show).await
}

pub(super) async fn ask_if<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    request_key: Option<RequestKey>,
    condition: Option<Condition<A>>,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let meta = Meta { actor: Actor::Api, cause: None, key: request_key };
    put(actor, key, request, meta, condition, deadline, show).await
}

/// Asks in the name of a scheduled job.
pub(in crate::store) async fn ask_for_job<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: impl Into<A::Request>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    put(actor, key, request.into(), Meta::by(Actor::Schedule), None, None, show).await
}

pub(super) async fn put<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: A::Key,
    request: A::Request,
    meta: Meta,
    condition: Option<Condition<A>>,
    deadline: Option<Instant>,
    show: Show<A>,
) -> Result<Answer, Refusal<A::Rejection>> {
    let (to, answer) = oneshot::channel();
    send(actor, Ask { key, request, meta, deadline, condition, reply: Reply::Caller { to, show } });
    // An actor that ends drops the question: its family is being rebuilt.
    match within(deadline, answer).await? {
        Some(answer) => answer,
        None => Err(Fault::Rebuilding.into()),
    }
}

pub(in crate::store) async fn look<A: Wiring>(
    actor: &actix::Addr<AggregateActor<A>>,
    key: <A as Aggregate>::Key,
    show: Show<A>,
) -> Result<Option<Answer>, Fault> {
    let (to, answer) = oneshot::channel();
    send(actor, Look { key, show, to });
    answer.await.unwrap_or(Err(Fault::Rebuilding))
}

async fn within<T>(deadline: Option<Instant>, answer: oneshot::Receiver<T>) -> Result<Option<T>, Fault> {
    match deadline {
        None => Ok(answer.await.ok()),
        Some(deadline) => {
            let left = deadline.saturating_duration_since(clock::monotonic());
            let answered = tokio::time::timeout(left, answer).await.map_err(|_| Fault::DeadlinePassed)?;
            Ok(answered.ok())
        }
    }
}
