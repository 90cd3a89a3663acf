//! The bank without a server, for simulations: the same answers to the same requests, at times that the caller says.

use std::sync::Arc;

use actix_web::body::to_bytes;
use actix_web::http::Method;
use actix_web::test::TestRequest;
use actix_web::web::{Bytes, Data};

use crate::bank::{Bank, Era};
use crate::clock;
use crate::http;
use crate::teller::Teller;

/// A bank in memory that answers on the caller's thread. It listens nowhere, tells nobody, and has no time of its own; what
/// happened stands in its list of events (`GET /v1/events`). A payment method that ends connections is answered with 503.
pub struct Books {
    teller: Arc<Teller>,
}

/// What was asked, as it came over a line.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What is to be done with the target.
    pub method: Method,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Bytes,
}

/// What the bank says.
#[derive(Clone, Debug)]
pub struct Said {
    /// The status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// All of it.
    pub body: Bytes,
}

impl Books {
    /// Empty books; ids follow from the time.
    pub fn new(at_ms: i64) -> Self {
        clock::hold(at_ms);
        let bank = Bank::new(Era::new(clock::unrepeated()));
        Self { teller: Teller::new(bank, None, None) }
    }

    /// One request at a time in milliseconds since 1970. What it is to do is done when it is first polled.
    pub async fn ask(&self, at_ms: i64, asked: &Asked) -> Said {
        clock::hold(at_ms);
        let request = TestRequest::with_uri(&asked.target).method(asked.method.clone());
        let request = asked
            .headers
            .iter()
            .fold(request, |request, (name, value)| request.insert_header((name.as_str(), value.as_str())));
        let teller = Data::from(Arc::clone(&self.teller));
        let response = http::serve(request.to_http_request(), Ok(asked.body.clone()), teller).await;
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| {
                (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body()).await.expect("answers are made in memory");
        Said { status, headers, body }
    }
}
