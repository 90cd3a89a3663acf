//! Around every request: an id, a place among those in flight, a time limit, and problems in their one form.

use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderValue, RETRY_AFTER};
use actix_web::http::{Method, StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpRequest, HttpResponse, Responder, ResponseError};
use tracing::Instrument as _;

use super::admission::Class;
use super::door::{Door, DoorSlot};
use super::headers::{TRACEPARENT, Trace, X_REQUEST_ID, X_STORE_ID, own_request_id};
use super::health::LIVEZ;
use crate::problem::{Code, Problem};
use crate::types::{OrderId, StoreId};

/// Whatever has a deadline of its own gives up before it is given up.
const GRACE: Duration = Duration::from_millis(250);
/// Under which name spans around requests are listened to.
const SPANS: &str = "orderflow::http::request";

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.kind().status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The guard fills the rest in: only it knows the request.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl Responder for Problem {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::from_error(self)
    }
}

/// What a problem's body says of its request.
struct About {
    method: Method,
    uri: Uri,
    id: HeaderValue,
    trace: Option<HeaderValue>,
    /// The store that it names, as it names it.
    store: Option<HeaderValue>,
}

/// The order that a path is about.
fn order_in(path: &str) -> Option<&str> {
    path.split('/').find(|part| part.parse::<OrderId>().is_ok())
}

impl About {
    fn of(request: &ServiceRequest, door: &Door) -> Self {
        let headers = request.headers();
        let mut buffer = [0; 32];
        let made = door.request_id(&mut buffer);
        let id = own_request_id(headers)
            .unwrap_or_else(|| HeaderValue::from_bytes(made).expect("hexadecimal digits are a header"));
        let span = std::str::from_utf8(&made[..16]).expect("hexadecimal digits are ASCII");
        let trace = Trace::of(headers).and_then(|trace| trace.passed_on(span));
        let store = headers.get(X_STORE_ID).cloned();
        Self { method: request.method().clone(), uri: request.uri().clone(), id, trace, store }
    }

    /// The store, if that is the id of one.
    fn store(&self) -> Option<&str> {
        let text = self.store.as_ref()?.to_str().ok()?;
        text.parse::<StoreId>().is_ok().then_some(text)
    }

    fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// The id and the trace, on whatever goes out.
    fn mark(&self, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, self.id.clone());
        if let Some(trace) = &self.trace {
            headers.insert(TRACEPARENT, trace.clone());
        }
    }

    #[cold]
    fn problem(&self, problem: &Problem, door: &Door) -> HttpResponse {
        let kind = problem.kind();
        if kind.status >= 500 && kind.retry_after_s.is_none() {
            tracing::error!(request.id = self.id(), problem.code = kind.code, "a request failed");
        } else if kind.retry_after_s.is_some() {
            // Where much is refused because there is too much, a line each would be more of it.
            tracing::trace!(request.id = self.id(), problem.code = kind.code, "a request was put off");
        } else {
            tracing::debug!(
                store.id = self.store(),
                order.id = order_in(self.uri.path()),
                request.id = self.id(),
                request.trace = self.trace.as_ref().and_then(|trace| trace.to_str().ok()),
                request.method = self.method.as_str(),
                request.path = self.uri.path(),
                problem.code = kind.code,
                problem.detail = problem.detail(),
                "a request was refused"
            );
        }
        door.metrics().refused(problem.code());
        let mut response = HttpResponse::build(problem.status_code());
        response.insert_header((CONTENT_TYPE, "application/problem+json"));
        response.insert_header((X_REQUEST_ID, self.id.clone()));
        if let Some(wait) = problem.retry_after_s(self.id()) {
            response.insert_header((RETRY_AFTER, wait));
        }
        if let Some(allow) = problem.allow() {
            response.insert_header((ALLOW, allow));
        }
        if let Some(etag) = problem.etag() {
            response.insert_header((ETAG, etag));
        }
        if let Some(trace) = &self.trace {
            response.insert_header((TRACEPARENT, trace.clone()));
        }
        // What is left of the body is not worth reading, and a node that stops wants its connections back.
        if matches!(problem.code(), Code::BodyTooLarge | Code::RequestTimeout | Code::Stopping) {
            response.force_close();
        }
        response.body(problem.body(self.uri.path(), self.id()))
    }
}

/// Around every request.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let slot = request.app_data::<DoorSlot>().ok_or_else(|| Problem::new(Code::Internal))?;
    let door = match slot.door() {
        Ok(door) => door,
        // A process that reads a long journal lives, though it serves nobody yet.
        Err(_) if request.path() == LIVEZ => {
            return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
        }
        Err(problem) => return Ok(unopened(request, &problem)),
    };
    let about = About::of(&request, &door);
    let class = Class::of(&about.method, about.uri.path());
    let admitted = match door.admit(class) {
        Ok(admitted) => admitted,
        Err(problem) => {
            let response = about.problem(&problem, &door);
            return Ok(request.into_response(response));
        }
    };
    let answered = serve(request, next, &about, door.limits().request_timeout + GRACE).await;
    drop(admitted);
    let answered = match answered {
        Ok(answered) => {
            let problem = as_problem(&answered);
            let (request, mut response) = answered.into_parts();
            match problem {
                Some(problem) => response = about.problem(&problem, &door),
                None => about.mark(&mut response),
            }
            ServiceResponse::new(request, response)
        }
        Err(error) => {
            let problem = error.as_error::<Problem>().cloned().unwrap_or_else(|| Code::Internal.into());
            let response = about.problem(&problem, &door);
            door.metrics().answered(response.status());
            return Err(InternalError::from_response(problem, response).into());
        }
    };
    door.metrics().answered(answered.status());
    Ok(answered)
}

/// Before there is a door there are neither ids nor figures, but problems have their form all the same.
#[cold]
fn unopened(request: ServiceRequest, problem: &Problem) -> ServiceResponse<BoxBody> {
    let mut response = HttpResponse::build(problem.status_code());
    response.insert_header((CONTENT_TYPE, "application/problem+json"));
    if let Some(wait) = problem.retry_after_s("") {
        response.insert_header((RETRY_AFTER, wait));
    }
    let body = problem.body(request.path(), "");
    request.into_response(response.body(body))
}

/// The request itself, within a time limit, and in a span where somebody listens.
async fn serve(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    about: &About,
    limit: Duration,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let call = tokio::time::timeout(limit, next.call(request));
    // A target of its own: that refusals are listened to is no reason for a span around every request.
    let answered = if tracing::enabled!(target: SPANS, tracing::Level::DEBUG) {
        let trace = about.trace.as_ref().and_then(|trace| trace.to_str().ok()).unwrap_or_default();
        let (method, path) = (about.method.as_str(), about.uri.path());
        let span =
            tracing::debug_span!(target: SPANS, "request", request.id = about.id(), trace, method, path);
        call.instrument(span).await
    } else {
        call.await
    };
    answered
        .unwrap_or_else(|_| Err(Problem::new(Code::AnswerOverdue).into()))
        .map(ServiceResponse::map_into_boxed_body)
}

/// The problem that a response stands for: a handler's own, or what the server says in its own way.
fn as_problem(answered: &ServiceResponse<BoxBody>) -> Option<Problem> {
    let response = answered.response();
    if let Some(error) = response.error() {
        return Some(error.as_error::<Problem>().cloned().unwrap_or_else(|| of_status(response.status())));
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let allow = response.headers().get(ALLOW).and_then(|allow| allow.to_str().ok()).unwrap_or_default();
        return Some(Problem::new(Code::MethodNotAllowed).with_allow(allow));
    }
    None
}

fn of_status(status: StatusCode) -> Problem {
    Problem::new(match status {
        StatusCode::NOT_FOUND => Code::NotFound,
        StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
        status if status.is_client_error() => Code::MalformedRequest,
        _ => Code::Internal,
    })
}
