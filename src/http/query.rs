//! Paths and queries, each read whole or refused.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::web::Query;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use crate::problem::{Code, Problem};
use crate::schedule::Job;
use crate::types::{AlertId, FulfillmentId, OrderId, ReturnId, Sku, StoreId};

/// A query with no parameter that the route does not take.
#[derive(Debug)]
pub(super) struct Params<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest for Params<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match Query::<T>::from_query(request.query_string()) {
            Ok(query) => Ok(Self(query.into_inner())),
            Err(error) => {
                let cause = match &error {
                    actix_web::error::QueryPayloadError::Deserialize(cause) => cause.to_string(),
                    _ => error.to_string(),
                };
                Err(Problem::because(Code::MalformedQuery, cause))
            }
        })
    }
}

/// How many entries of a list are asked for.
pub(super) fn limit(asked: Option<u32>, default: u32, most: u32) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(default);
    if (1..=most).contains(&limit) {
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    } else {
        Err(Problem::because(Code::MalformedQuery, format!("limit is 1 to {most}")))
    }
}

/// What a path names. A text that is no id names nothing, so it is looked for and not found.
pub(super) trait Named: Sized {
    /// The path's own word for it.
    const PARAMETER: &'static str;
    /// What it is not, when it is none.
    const MISSING: Code;

    /// From its spelling.
    fn parse(text: &str) -> Option<Self>;
}

impl Named for OrderId {
    const PARAMETER: &'static str = "id";
    const MISSING: Code = Code::OrderNotFound;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Named for AlertId {
    const PARAMETER: &'static str = "id";
    const MISSING: Code = Code::AlertNotFound;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Named for FulfillmentId {
    const PARAMETER: &'static str = "id";
    const MISSING: Code = Code::FulfillmentNotFound;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Named for ReturnId {
    const PARAMETER: &'static str = "id";
    const MISSING: Code = Code::ReturnNotFound;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Named for Job {
    const PARAMETER: &'static str = "name";
    const MISSING: Code = Code::ScheduleNotFound;

    fn parse(text: &str) -> Option<Self> {
        Self::named(text)
    }
}

impl Named for StoreId {
    const PARAMETER: &'static str = "id";
    const MISSING: Code = Code::StoreNotFound;

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Named for Sku {
    const PARAMETER: &'static str = "sku";
    const MISSING: Code = Code::ItemNotFound;

    fn parse(text: &str) -> Option<Self> {
        let text = percent_encoding::percent_decode_str(text).decode_utf8().ok()?;
        text.parse().ok()
    }
}

/// The thing a path names.
#[derive(Debug)]
pub(super) struct PathTo<T>(pub(super) T);

impl<T: Named> FromRequest for PathTo<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = request.match_info().get(T::PARAMETER).and_then(T::parse);
        ready(named.map(Self).ok_or_else(|| T::MISSING.into()))
    }
}
