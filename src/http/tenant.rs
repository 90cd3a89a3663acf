//! The only road to a store: a handler that wants one asks for a [`Tenant`], and gets it by the request's `X-Store-ID` or
//! not at all.

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::door::Through;
use super::headers;
use crate::problem::Problem;
use crate::store::Tenant;

impl FromRequest for Tenant {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = headers::store_id(request.headers()).and_then(|id| Ok((id, Through::of(request)?)));
        let age = headers::max_age(request.headers());
        Box::pin(async move {
            let (id, door) = named?;
            Ok(door.directory().enter(&id).await?.content_with(age))
        })
    }
}
