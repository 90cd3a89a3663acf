//! Returns as clients see them.

use serde::Serialize;

use crate::types::{Amount, LineId, OrderId, RefundId, ReturnId, Sku, Timestamp};

use super::legal;
use super::state::{
    Disposition, Line, Phase, Piece, Reason, Receipt, Refund, RefundOn, RefundState, Return, Stocking,
};

/// One return.
#[derive(Debug, Serialize)]
pub struct ReturnView<'a> {
    /// Its id.
    pub id: ReturnId,
    /// Of which order.
    pub order_id: OrderId,
    /// How far it is.
    pub status: Phase,
    /// What shall come back, and how much of it has.
    pub lines: Vec<LineView<'a>>,
    /// What arrived, oldest first.
    pub receipts: Vec<ReceiptView<'a>>,
    /// What goes back for it, oldest first.
    pub refunds: Vec<RefundOfView<'a>>,
    /// When the money goes back.
    pub refund_on: RefundOn,
    /// What the pieces cost that came back, in minor units.
    pub value_received: Amount,
    /// What the payment was asked to give back; how that goes is with the order's refunds.
    pub amount_refunded: Amount,
    /// What does not go back, because no more of the order's money was there, or because the bank refused.
    pub amount_unpaid: Amount,
    /// Why, for people; after a decline, why not.
    pub note: Option<&'a str>,
    /// Whose parcel it is.
    pub carrier: Option<&'a str>,
    /// The carrier's name for it.
    pub tracking_code: Option<&'a str>,
    /// What may be asked of it now.
    pub legal: &'static [&'static str],
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When something last happened to it.
    pub updated_at: Timestamp,
    /// How many events made it, from 1.
    pub version: u64,
}

/// Some pieces of a line that shall come back.
#[derive(Debug, Serialize)]
pub struct LineView<'a> {
    /// Which line of the order.
    pub line_id: LineId,
    /// Of what.
    pub sku: &'a Sku,
    /// How many shall come back.
    pub quantity: u32,
    /// How many have.
    pub received: u32,
    /// What one cost.
    pub unit_price: Amount,
    /// Why.
    pub reason: Reason,
}

/// What arrived at once.
#[derive(Debug, Serialize)]
pub struct ReceiptView<'a> {
    /// Over all returns of the order, from 1.
    pub number: u32,
    /// What.
    pub lines: Vec<PieceView<'a>>,
    /// What it cost.
    pub value: Amount,
    /// `pending`, `booked` or `refused`.
    pub stock: &'static str,
    /// Why inventory cannot have it.
    pub stock_problem: Option<&'a str>,
    /// When.
    pub at: Timestamp,
}

/// Some pieces that arrived.
#[derive(Debug, Serialize)]
pub struct PieceView<'a> {
    /// Of which line of the order.
    pub line_id: LineId,
    /// Of what.
    pub sku: &'a Sku,
    /// How many.
    pub quantity: u32,
    /// What becomes of them.
    pub disposition: Disposition,
}

/// Money that goes back for a return.
#[derive(Debug, Serialize)]
pub struct RefundOfView<'a> {
    /// The order's refund, once the payment was asked.
    pub id: Option<RefundId>,
    /// For which receipt; for all of them, where there is none.
    pub receipt: Option<u32>,
    /// `pending`, `requested`, `refused`, or `failed` where the bank said no.
    pub status: &'static str,
    /// What the pieces cost.
    pub value: Amount,
    /// What goes back.
    pub amount: Amount,
    /// What does not.
    pub unpaid: Amount,
    /// Why nothing goes back.
    pub problem: Option<&'a str>,
}

impl<'a> ReturnView<'a> {
    /// A return as it stands.
    pub fn of(one: &'a Return) -> Self {
        Self {
            id: one.id(),
            order_id: one.order,
            status: one.phase,
            lines: one.lines.iter().map(LineView::of).collect(),
            receipts: one.receipts.iter().map(ReceiptView::of).collect(),
            refunds: one.refunds.iter().map(|refund| RefundOfView::of(one.order, refund)).collect(),
            refund_on: one.policy.refund_on,
            value_received: one.value_back(),
            amount_refunded: one.refunded(),
            amount_unpaid: one.unpaid(),
            note: one.note.as_deref(),
            carrier: one.parcel.carrier.as_deref(),
            tracking_code: one.parcel.tracking_code.as_deref(),
            legal: legal(one),
            created_at: one.requested_at,
            updated_at: one.updated_at,
            version: one.version,
        }
    }
}

impl<'a> LineView<'a> {
    fn of(line: &'a Line) -> Self {
        let Line { line: line_id, sku, quantity, unit_price, reason, received } = line;
        Self {
            line_id: *line_id,
            sku,
            quantity: *quantity,
            received: *received,
            unit_price: *unit_price,
            reason: *reason,
        }
    }
}

impl<'a> ReceiptView<'a> {
    fn of(receipt: &'a Receipt) -> Self {
        let (stock, stock_problem) = match &receipt.stock {
            Stocking::Owed => ("pending", None),
            Stocking::Booked => ("booked", None),
            Stocking::Refused { why } => ("refused", Some(&**why)),
        };
        let piece = |piece: &'a Piece| PieceView {
            line_id: piece.line,
            sku: &piece.sku,
            quantity: piece.quantity,
            disposition: piece.disposition,
        };
        Self {
            number: receipt.number,
            lines: receipt.lines.iter().map(piece).collect(),
            value: receipt.value,
            stock,
            stock_problem,
            at: receipt.at,
        }
    }
}

impl<'a> RefundOfView<'a> {
    fn of(order: OrderId, refund: &'a Refund) -> Self {
        let (id, status, problem) = match &refund.state {
            RefundState::Owed => (None, "pending", None),
            RefundState::Taken { refund, .. } => (Some(RefundId::new(order, *refund)), "requested", None),
            RefundState::Refused { why, .. } => (None, "refused", Some(&**why)),
            RefundState::Failed { refund, code } => {
                (Some(RefundId::new(order, *refund)), "failed", Some(&**code))
            }
        };
        Self {
            id,
            receipt: refund.receipt,
            status,
            value: refund.value,
            amount: refund.taken(),
            unpaid: refund.unpaid(),
            problem,
        }
    }
}
