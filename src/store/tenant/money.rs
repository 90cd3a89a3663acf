//! Payments and refunds.

use super::Tenant;
use super::asking::{ask_if, look, put};
use crate::gateway::Coordinates;
use crate::payment::bank::Notice;
use crate::payment::{self, Claim, Payment, PaymentView, RefundView};
use crate::runtime::ask::Show;
use crate::runtime::{Answer, Condition, Fault, Refusal, Terms};
use crate::types::{Actor, Meta, OrderId};
use crate::views::Page;

impl Tenant {
    /// The payment of an order.
    pub async fn payment(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        let id = payment::id_of(order);
        let show: Show<Payment> =
            Box::new(move |state| state.begun().map(|begun| Answer::of(&PaymentView::of(id, begun), 0)));
        look(&self.members.payments, id, show).await
    }

    /// The refunds of an order as a page, oldest first; an empty one, when nothing was ever to be paid.
    pub async fn refunds(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.payments, payment::id_of(order), show_refunds()).await
    }

    /// Asks for money to be given back; answers with the refund and its id.
    pub async fn refund(
        &self,
        order: OrderId,
        wish: payment::Wish,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<payment::Rejection>> {
        let show: Show<Payment> = Box::new(|state| {
            let last = RefundView::last_wished(state.begun()?)?;
            Some(Answer::of(&last, 0))
        });
        let Terms { key, expected } = terms.into();
        // What is there is the list: the refund that is asked for is not yet on it.
        let condition = expected.map(|expected| Condition { expected, of: Some(show_refunds()) });
        let request = payment::Command::Refund(wish);
        let payment = payment::id_of(order);
        ask_if(&self.members.payments, payment, request, key, condition, None, show).await
    }

    /// Hears what the bank tells of a payment. Answers once what follows from it is durable.
    pub async fn notify(&self, order: OrderId, notice: Notice) -> Result<(), Refusal<payment::Rejection>> {
        let command = payment::Command::Notified(notice);
        let show: Show<Payment> = Box::new(|state| {
            let begun = state.begun()?;
            Some(Answer::of(&PaymentView::of(begun.id(), begun), 0))
        });
        let (payment, meta) = (payment::id_of(order), Meta::by(Actor::Bank));
        put(&self.members.payments, payment, command, meta, None, None, show).await.map(drop)
    }

    /// Hears what a gateway (nothing for the node's own bank) says of a dispute. Answers once that is durable; refused where the
    /// payment's money is with another.
    pub async fn claimed(
        &self,
        order: OrderId,
        claim: Claim,
        at: Option<&Coordinates>,
    ) -> Result<(), Refusal<payment::Rejection>> {
        let show: Show<Payment> = Box::new(|state| {
            let begun = state.begun()?;
            Some(Answer::of(&PaymentView::of(begun.id(), begun), 0))
        });
        let (payment, meta) = (payment::id_of(order), Meta::by(Actor::Bank));
        let command = payment::Command::Claimed { claim, by: self.gateways().teller(at) };
        put(&self.members.payments, payment, command, meta, None, None, show).await.map(drop)
    }
}

fn show_refunds() -> Show<Payment> {
    Box::new(|state| {
        let data = state.begun().map(RefundView::all).unwrap_or_default();
        Some(Answer::of(&Page { data, next_cursor: None }, 0))
    })
}
