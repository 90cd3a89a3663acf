//! Orders.

use std::time::Instant;

use super::Tenant;
use super::asking::{ask, look};
use crate::order::{self, Order, OrderView, Orders};
use crate::runtime::ask::Show;
use crate::runtime::{Answer, Fault, Refusal, Terms};
use crate::store::handle::lock;
use crate::store::wiring::OrderRequest;
use crate::types::{OrderId, RequestKey, TraceId};

impl Tenant {
    /// Takes an order. Answers once it is durable, with the order as taken and its id; a repeated key gets the first
    /// answer again.
    pub async fn place(
        &self,
        draft: order::Draft,
        key: Option<RequestKey>,
        trace_id: Option<TraceId>,
        deadline: Option<Instant>,
    ) -> Result<(OrderId, Answer), Refusal<order::Rejection>> {
        self.node.can_take_orders()?;
        let now = self.node.clock.now();
        self.handle.rate.take(now).map_err(|_| Fault::RateExceeded)?;
        let id: OrderId = lock(&self.handle.ids).next(now);
        let request = OrderRequest::Draft { draft: Box::new(draft), trace_id };
        let answer = ask(&self.members.orders, id, request, key.into(), deadline, self.show_order()).await?;
        Ok((order_in(&answer).unwrap_or(id), answer))
    }

    /// Asks an order for something; answers with the order as it then stands.
    pub async fn ask_order(
        &self,
        id: OrderId,
        command: order::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<order::Rejection>> {
        ask(&self.members.orders, id, command.into(), terms.into(), None, self.show_order()).await
    }

    /// One order.
    pub async fn order(&self, id: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.orders, id, self.show_order()).await
    }

    fn show_order(&self) -> Show<Orders> {
        let store = self.handle.id.clone();
        Box::new(move |order: &Order| {
            order.placed().map(|placed| Answer::of(&OrderView::of(&store, placed), placed.version))
        })
    }
}

/// The order that an answer is about: its body begins with the id.
fn order_in(answer: &Answer) -> Option<OrderId> {
    let text = std::str::from_utf8(&answer.body).ok()?;
    text.strip_prefix("{\"id\":\"")?.split('"').next()?.parse().ok()
}
