//! What passes between an order and the fraud desk.

use std::rc::Rc;
use std::sync::Arc;

use super::order::report;
use super::{count_all, meta};
use crate::flow;
use crate::fraud::{self, Fraud};
use crate::order::{self, Placed};
use crate::runtime::ask::send;
use crate::runtime::{Ask, Family as _, Fault, Only, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::{listener, settings};
use crate::types::{Actor, Cause, Meta, OrderId, Timestamp};

pub(super) fn assess(family: &Rc<StoreFamily>, id: OrderId, placed: &Placed, meta: &Meta) {
    let Some(tenant) = family.tenant() else { return };
    let on_lapse = match tenant.settings.review.on_lapse {
        settings::OnLapse::Approve => fraud::OnLapse::Approve,
        settings::OnLapse::Reject => fraud::OnLapse::Reject,
    };
    let cart = &placed.cart;
    let address = cart.shipping_address.as_ref();
    let facts = fraud::Facts {
        order: id,
        total: cart.total,
        subtotal: cart.total,
        currency: cart.currency,
        line_count: u32::try_from(cart.lines.len()).unwrap_or(u32::MAX),
        units: cart.lines.iter().map(|line| u64::from(line.quantity.units())).sum(),
        skus: cart.lines.iter().map(|line| line.sku.clone()).collect(),
        customer_id: cart.customer.id.clone(),
        email: cart.customer.email.clone(),
        ip: cart.customer.ip,
        country: address.map(|address| address.country.clone()),
        postal_code: address.and_then(|address| address.postal_code.clone()),
        address_line: address.and_then(|address| address.line1.clone()),
        payment_method: Arc::clone(&cart.payment.payment_method),
        review: fraud::ReviewPolicy { sla_s: tenant.settings.review.sla_s, on_lapse },
    };
    let tell = report(family, id, Actor::Fraud);
    let heard = move |desk: &fraud::Desk, taken: Result<Option<Cause>, fraud::Rejection>| {
        if let (Ok(cause), Some(standing)) = (taken, desk.standing(id)) {
            tell(cause, assessed(standing));
        }
    };
    let command = fraud::Command::Assess(Box::new(facts));
    send(&family.members.fraud, Ask::sibling(Only, command, *meta, heard));
}

/// What an order hears of how it was judged.
pub fn assessed(standing: fraud::Standing<'_>) -> order::Outcome {
    use fraud::Standing;
    use order::{Clearance, Outcome};
    let risk = |verdict: fraud::VerdictSummary<'_>| order::Risk {
        score: verdict.score,
        level: verdict.level.name().to_owned(),
        rules: verdict.rules.iter().map(ToString::to_string).collect(),
    };
    match standing {
        Standing::Passed(verdict) => Outcome::Cleared { risk: risk(verdict) },
        Standing::Blocked(verdict) => Outcome::Blocked { risk: risk(verdict) },
        Standing::Waiting { verdict, due_at } => Outcome::Parked { risk: risk(verdict), due_at },
        Standing::Approved => Outcome::Reviewed { clearance: Clearance::Approved },
        Standing::Rejected => Outcome::Reviewed { clearance: Clearance::Rejected },
        Standing::Withdrawn => Outcome::ReviewWithdrawn,
    }
}

pub(super) fn withdraw(family: &Rc<StoreFamily>, id: OrderId, meta: &Meta) {
    let tell = report(family, id, Actor::Fraud);
    let heard = move |_: &fraud::Desk, taken: Result<Option<Cause>, fraud::Rejection>| {
        tell(taken.ok().flatten(), order::Outcome::ReviewWithdrawn);
    };
    let command = fraud::Command::Withdraw { order: id };
    send(&family.members.fraud, Ask::sibling(Only, command, *meta, heard));
}

impl Wiring for Fraud {
    type Family = StoreFamily;
    type Request = fraud::Command;

    fn prepare(
        family: &Rc<StoreFamily>,
        _key: Only,
        desk: &mut fraud::Desk,
        command: fraud::Command,
    ) -> Result<fraud::Command, Refusal<fraud::Rejection>> {
        if let Some(order) = forgotten_review(family, desk, &command)
            && let Some(review) = family.stored(|reader| reader.review(family.log().store(), order))?
        {
            desk.recall(review);
        }
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<fraud::Desk, Fault> {
        Ok(fraud::Desk::default())
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[fraud::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_fraud);
    }

    fn step(family: &Rc<StoreFamily>, _key: Only, _desk: &fraud::Desk, step: fraud::Step, cause: Cause) {
        let fraud::Step::ReviewClosed { order, approved } = step;
        let clearance = if approved { order::Clearance::Approved } else { order::Clearance::Rejected };
        let command = order::Command::Hear(order::Outcome::Reviewed { clearance });
        send(&family.members.orders, Ask::tell(order, command, meta(Actor::Fraud, cause)));
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: fraud::Call) {
        match call {}
    }

    fn changed(family: &Rc<StoreFamily>, _desk: &mut fraud::Desk, events: &[fraud::Event], _at: Timestamp) {
        for event in events {
            listener::reviewed(family, event);
        }
    }
}

/// The order whose review a command is about, when it may be stored but is not in memory.
fn forgotten_review(family: &StoreFamily, desk: &fraud::Desk, command: &fraud::Command) -> Option<OrderId> {
    let order = match command {
        fraud::Command::Assess(facts) => Some(facts.order).filter(|order| !family.is_new(*order)),
        fraud::Command::Approve { order, .. }
        | fraud::Command::Reject { order, .. }
        | fraud::Command::Withdraw { order } => Some(*order),
        fraud::Command::Lapse | fraud::Command::SetRules { .. } => None,
    };
    order.filter(|order| desk.review(*order).is_none())
}
