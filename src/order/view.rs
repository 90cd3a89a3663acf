//! An order as clients see it.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::types::{Amount, Currency, LineId, OrderId, Sku, StoreId, Timestamp, TraceId};

use super::cart::{Address, Customer, PaymentChoice};
use super::state::{Ended, Phase, Placed, Risk};
use super::words::{CancelReason, FulfillmentStatus, PaymentStatus, Status};

/// `GET /v1/orders/{id}`
#[derive(Debug, Serialize)]
pub struct OrderView<'a> {
    id: OrderId,
    store_id: &'a StoreId,
    status: Status,
    payment_status: PaymentStatus,
    fulfillment_status: FulfillmentStatus,
    currency: Currency,
    subtotal: Amount,
    total: Amount,
    amount_captured: Amount,
    amount_refunded: Amount,
    lines: Vec<LineView<'a>>,
    customer: &'a Customer,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<&'a Address>,
    payment: &'a PaymentChoice,
    risk: Option<&'a Risk>,
    cancel_reason: Option<CancelReason>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_detail: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    action_url: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
    deadline: Timestamp,
    version: u64,
    metadata: &'a BTreeMap<String, String>,
    trace_id: TraceId,
    links: Links,
}

#[derive(Debug, Serialize)]
struct LineView<'a> {
    id: LineId,
    sku: &'a Sku,
    quantity: u32,
    unit_price: Amount,
    total: i64,
}

#[derive(Debug)]
struct Links(OrderId);

impl Serialize for Links {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let id = self.0;
        let mut map = serializer.serialize_map(Some(3))?;
        map.serialize_entry("self", &Shown(format_args!("/v1/orders/{id}")))?;
        map.serialize_entry("timeline", &Shown(format_args!("/v1/orders/{id}/timeline")))?;
        map.serialize_entry("tracking", &Shown(format_args!("/v1/orders/{id}/tracking")))?;
        map.end()
    }
}

struct Shown<'a>(std::fmt::Arguments<'a>);

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'a> OrderView<'a> {
    /// The order as it stands.
    pub fn of(store_id: &'a StoreId, placed: &'a Placed) -> Self {
        let (cancel_reason, cancel_detail) = match &placed.phase {
            Phase::Closed { ended: Ended::Canceled { reason, detail }, .. } => {
                (Some(*reason), detail.as_deref())
            }
            Phase::Closed { ended: Ended::Expired, .. } => (Some(CancelReason::Expired), None),
            Phase::Reserving
            | Phase::Screening
            | Phase::OnHold { .. }
            | Phase::Paying
            | Phase::Challenged
            | Phase::Committing
            | Phase::Confirmed
            | Phase::Completed => (None, None),
        };
        let cart = &placed.cart;
        Self {
            id: placed.id,
            store_id,
            status: placed.status(),
            payment_status: placed.payment_status(),
            fulfillment_status: placed.fulfillment_status(),
            currency: cart.currency,
            subtotal: cart.total,
            total: cart.total,
            amount_captured: placed.money.captured,
            amount_refunded: placed.money.refunded,
            lines: cart
                .lines
                .iter()
                .map(|line| LineView {
                    id: line.id,
                    sku: &line.sku,
                    quantity: line.quantity.units(),
                    unit_price: line.unit_price,
                    total: line.unit_price.minor() * i64::from(line.quantity.units()),
                })
                .collect(),
            customer: &cart.customer,
            shipping_address: cart.shipping_address.as_ref(),
            payment: &cart.payment,
            risk: placed.risk.as_ref(),
            cancel_reason,
            cancel_detail,
            action_url: placed.action_url.as_deref(),
            created_at: placed.created_at,
            updated_at: placed.updated_at,
            deadline: placed.deadline,
            version: placed.version,
            metadata: &cart.metadata,
            trace_id: placed.trace(),
            links: Links(placed.id),
        }
    }
}

/// What an order looked like when it was taken: the first answer, which a repeated request gets again. A function of what
/// never changes, so it needs no store of its own.
pub fn as_placed(placed: &Placed) -> Placed {
    Placed {
        deadline: placed.created_at.plus_secs(placed.policy.order_deadline_s),
        phase: Phase::Reserving,
        money: super::state::Money::default(),
        goods: super::goods::Goods::default(),
        action_url: None,
        risk: None,
        ended_at: None,
        updated_at: placed.created_at,
        version: 1,
        ..placed.clone()
    }
}
