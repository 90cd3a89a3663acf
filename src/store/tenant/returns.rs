//! Goods that come back.

use std::cell::Cell;
use std::sync::{Arc, PoisonError};

use tokio::sync::oneshot;

use super::Tenant;
use super::asking::{ask, look};
use crate::fulfillment::Fulfillments;
use crate::order::Orders;
use crate::returns::{self, ReturnView, Returns};
use crate::runtime::ask::Show;
use crate::runtime::{Answer, Fault, Refusal, Terms};
use crate::store::settings::{self};
use crate::store::wiring::{self};
use crate::types::{OrderId, RequestKey, ReturnId};
use crate::views::Page;

impl Tenant {
    /// Asks for goods of an order to come back; answers with the return. Nothing when there is no such order.
    ///
    /// What was delivered only ever grows, so to have looked a moment ago is to have looked in time.
    pub async fn request_return(
        &self,
        order: OrderId,
        lines: Vec<returns::Asked>,
        note: Option<Arc<str>>,
        key: Option<RequestKey>,
    ) -> Result<Option<Answer>, Refusal<returns::Rejection>> {
        let (to, work) = oneshot::channel();
        let to = Cell::new(Some(to));
        let show: Show<Fulfillments> = Box::new(move |state| {
            if let Some(to) = to.take() {
                // Whoever asked may have gone.
                let _ = to.send(state.work().cloned().map(Box::new));
            }
            None
        });
        look(&self.members.fulfillments, order, show).await?;
        let work = work.await.map_err(|_| Fault::Rebuilding)?;
        let (to, placed) = oneshot::channel();
        let to = Cell::new(Some(to));
        let show: Show<Orders> = Box::new(move |state| {
            let lines = state.placed().map(|placed| wiring::returns::delivered(placed, work.as_deref()));
            if let Some(to) = to.take() {
                let _ = to.send(lines);
            }
            None
        });
        look(&self.members.orders, order, show).await?;
        let Some(delivered) = placed.await.map_err(|_| Fault::Rebuilding)? else { return Ok(None) };
        let policy = self.handle.returns.read().unwrap_or_else(PoisonError::into_inner).clone();
        let request = returns::Request {
            order,
            policy: returns::Policy {
                approval: match policy.approval {
                    settings::ReturnApproval::Automatic => returns::Approval::Automatic,
                    settings::ReturnApproval::Manual => returns::Approval::Manual,
                },
                refund_on: match policy.refund_on {
                    settings::RefundOn::Receipt => returns::RefundOn::Receipt,
                    settings::RefundOn::Close => returns::RefundOn::Close,
                },
            },
            window_s: policy.window_s,
            lines,
            note,
            delivered,
        };
        let show: Show<Returns> = Box::new(|book| {
            let last = book.returns.last()?;
            Some(Answer::of(&ReturnView::of(last), last.version))
        });
        let command = returns::Command::Request(Box::new(request));
        ask(&self.members.returns, order, command, key.into(), None, show).await.map(Some)
    }

    /// Asks something of a return; answers with it as it then stands.
    pub async fn ask_return(
        &self,
        id: ReturnId,
        command: returns::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<returns::Rejection>> {
        ask(&self.members.returns, id.order(), command, terms.into(), None, show_return(id)).await
    }

    /// One return.
    pub async fn find_return(&self, id: ReturnId) -> Result<Option<Answer>, Fault> {
        look(&self.members.returns, id.order(), show_return(id)).await
    }

    /// The returns of an order, by number.
    pub async fn returns(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        let show: Show<Returns> = Box::new(|book| {
            let data: Vec<ReturnView<'_>> = book.returns.iter().map(ReturnView::of).collect();
            Some(Answer::of(&Page { data, next_cursor: None }, 0))
        });
        look(&self.members.returns, order, show).await
    }
}

fn show_return(id: ReturnId) -> Show<Returns> {
    Box::new(move |book| {
        let one = book.get(id.number())?;
        Some(Answer::of(&ReturnView::of(one), one.version))
    })
}
