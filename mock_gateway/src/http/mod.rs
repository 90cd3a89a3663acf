//! From the connection to the teller and back.

mod answer;
mod auth;
mod control;
mod ledger;
mod line;
mod route;

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use crate::bank::Trouble;
use crate::form::Form;
use crate::teller::{Answer, Reply, Request, Teller};
use route::Route;

pub(crate) use line::on_connect;

/// How long a client is kept waiting for an answer that never comes.
const SILENCE: Duration = Duration::from_secs(60);

const KEY_BYTES_MAX: usize = 255;

/// Serves every request.
pub(crate) async fn serve(
    request: HttpRequest,
    body: Result<Bytes, actix_web::Error>,
    teller: Data<Teller>,
) -> HttpResponse {
    let teller = teller.into_inner();
    let route = Route::of(request.method(), request.path());
    let _in_flight = teller.stats.enter(route.counter());
    let body = match body {
        Ok(body) => body,
        Err(error) => {
            let status = error.as_response_error().status_code().as_u16();
            let trouble = Trouble::malformed(status, "The body is too long or was cut off.");
            return refuse(&request, &teller, &trouble);
        }
    };
    match route {
        Route::Control(control) => control::serve(&request, &teller, control, &body).await,
        Route::Change(deed) => change(&request, &teller, deed, &body).await,
        Route::Look(look) => {
            let account = match auth::account(request.headers()) {
                Ok(account) => account,
                Err(trouble) => return refuse(&request, &teller, &trouble),
            };
            let Some(form) = Form::parse(request.query_string().as_bytes()) else {
                return refuse(&request, &teller, &not_utf8());
            };
            let answer = teller.look(&account, look, &form).await;
            deliver(&request, &teller, Reply::Answer(answer)).await
        }
        Route::Unknown => {
            let trouble = Trouble::no_such_url(request.method().as_str(), request.path());
            refuse(&request, &teller, &trouble)
        }
    }
}

async fn change(
    request: &HttpRequest,
    teller: &Arc<Teller>,
    deed: crate::teller::Deed,
    body: &Bytes,
) -> HttpResponse {
    let read = auth::account(request.headers()).and_then(|account| {
        let key = key(request)?;
        form_only(request, body)?;
        let form = Form::parse(body).ok_or_else(not_utf8)?;
        Ok(Request::new(deed, account, key, form))
    });
    match read {
        Ok(read) => {
            let reply = teller.change(read).await;
            deliver(request, teller, reply).await
        }
        Err(trouble) => refuse(request, teller, &trouble),
    }
}

fn not_utf8() -> Trouble {
    Trouble::malformed(400, "Invalid request: the parameters are not UTF-8.")
}

fn form_only(request: &HttpRequest, body: &Bytes) -> Result<(), Trouble> {
    let Some(kind) = request.headers().get(header::CONTENT_TYPE).filter(|_| !body.is_empty()) else {
        return Ok(());
    };
    let form = b"application/x-www-form-urlencoded";
    let is_form = kind.as_bytes().get(..form.len()).is_some_and(|start| start.eq_ignore_ascii_case(form));
    if is_form {
        return Ok(());
    }
    let message = "Invalid request: this bank reads application/x-www-form-urlencoded only.";
    Err(Trouble::malformed(415, message))
}

fn key(request: &HttpRequest) -> Result<Option<String>, Trouble> {
    let Some(value) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    match value.to_str() {
        Ok("") => Ok(None),
        Ok(key) if key.len() <= KEY_BYTES_MAX => Ok(Some(key.to_owned())),
        Ok(_) | Err(_) => {
            let message = "Idempotency keys are plain text of at most 255 characters.";
            Err(Trouble::malformed(400, message))
        }
    }
}

/// Answers at once, about nothing that would have to be on disk first.
fn refuse(request: &HttpRequest, teller: &Teller, trouble: &Trouble) -> HttpResponse {
    let answer = teller.desk.lock().refusal(trouble);
    answer::response(request, teller, answer)
}

/// Lets the client see what it is to see.
async fn deliver(request: &HttpRequest, teller: &Teller, reply: Reply) -> HttpResponse {
    let position = match &reply {
        Reply::Answer(answer) | Reply::CutShort(answer) => answer.position,
        Reply::Silence { position } | Reply::Hangup { position } => *position,
    };
    let is_durable = teller.durable(position).await.is_ok();
    let reply = match reply {
        Reply::Answer(mut answer) if is_durable => {
            teller.answered(std::mem::replace(&mut answer.rows, 0..0));
            return answer::response(request, teller, answer);
        }
        other => other,
    };
    let Some(line) = request.conn_data::<line::Line>() else {
        let trouble = Trouble::of_ours(503);
        return answer::response(request, teller, teller.desk.lock().refusal(&trouble));
    };
    match reply {
        // Memory is ahead of the disk: nothing that it knows may be told.
        Reply::Answer(_) => line.hang_up().await,
        _ if !is_durable => line.hang_up().await,
        Reply::CutShort(answer) => line.cut_short(Bytes::from(answer.body)),
        Reply::Silence { .. } => {
            tokio::select! {
                () = tokio::time::sleep(SILENCE) => {}
                () = teller.closing() => {}
            }
            line.hang_up().await
        }
        Reply::Hangup { .. } => line.hang_up().await,
    }
}

/// The answer of a route that has nothing to do with money.
fn json(request: &HttpRequest, teller: &Teller, status: u16, body: Vec<u8>) -> HttpResponse {
    answer::response(request, teller, Answer::new(status, body))
}
