//! How events change what is known of an order's returns. Total: what was recorded can always be replayed.

use crate::types::Timestamp;

use super::event::{Event, Received, Requested};
use super::state::{Book, Line, Parcel, Phase, Receipt, Refund, RefundOn, RefundState, Return, Stocking};

/// Folds one event. One that cannot follow changes nothing.
pub(super) fn evolve(book: &mut Book, event: &Event, at: Timestamp) {
    match event {
        Event::Requested(requested) => {
            if book.get(requested.number).is_none() {
                book.returns.push(Return::new(requested, at));
            }
            return;
        }
        Event::Reported(reported) => {
            book.told = reported.pieces;
            return;
        }
        Event::Received(received) => book.receipts = book.receipts.max(received.receipt),
        Event::Approved(_)
        | Event::Declined(_)
        | Event::Shipped(_)
        | Event::Closed(_)
        | Event::Canceled(_)
        | Event::StockBooked(_)
        | Event::StockRefused(_)
        | Event::RefundRequested(_)
        | Event::RefundRefused(_)
        | Event::RefundFailed(_)
        | Event::StockRetried(_)
        | Event::RefundRetried(_)
        | Event::TroubleReported(_) => {}
    }
    if let Some(one) = event.number().and_then(|number| book.get_mut(number)) {
        one.apply(event, at);
        one.updated_at = at;
        one.version += 1;
    }
}

impl Return {
    fn new(requested: &Requested, at: Timestamp) -> Self {
        let line = |line: &super::event::RequestedLine| Line {
            line: line.line,
            sku: line.sku.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            reason: line.reason,
            received: 0,
        };
        Self {
            order: requested.order,
            number: requested.number,
            policy: requested.policy,
            phase: Phase::Requested,
            lines: requested.lines.iter().map(line).collect(),
            note: requested.note.clone(),
            parcel: Parcel::default(),
            receipts: Vec::new(),
            refunds: Vec::new(),
            warned: false,
            requested_at: at,
            updated_at: at,
            version: 1,
        }
    }

    fn apply(&mut self, event: &Event, at: Timestamp) {
        match event {
            // A second wish of the same number was never decided, and a report is about all of them.
            Event::Requested(_) | Event::Reported(_) => {}
            Event::Approved(_) => self.phase = Phase::Open,
            Event::Declined(e) => {
                self.phase = Phase::Declined;
                self.note = e.note.clone().or_else(|| self.note.take());
            }
            Event::Shipped(e) => {
                self.phase = Phase::InTransit;
                self.parcel = e.parcel.clone();
            }
            Event::Received(e) => self.receive(e, at),
            Event::Closed(_) => {
                self.phase = Phase::Closed;
                if self.policy.refund_on == RefundOn::Close {
                    self.owe(None);
                }
            }
            Event::Canceled(_) => self.phase = Phase::Canceled,
            Event::StockBooked(e) => self.stocked(e.receipt, Stocking::Booked),
            Event::StockRefused(e) => self.stocked(e.receipt, Stocking::Refused { why: e.why.clone() }),
            Event::RefundRequested(e) => {
                self.settle(e.receipt, RefundState::Taken { refund: e.refund, amount: e.amount });
            }
            Event::RefundRefused(e) => {
                let (why, is_still_owed) = (e.why.clone(), e.is_still_owed);
                self.settle(e.receipt, RefundState::Refused { why, is_still_owed });
            }
            Event::RefundFailed(e) => {
                self.settle(e.receipt, RefundState::Failed { refund: e.refund, code: e.code.clone() });
            }
            Event::StockRetried(e) => self.stocked(e.receipt, Stocking::Owed),
            Event::RefundRetried(e) => self.settle(e.receipt, RefundState::Owed),
            Event::TroubleReported(e) => self.warned = e.is_refused,
        }
    }

    fn receive(&mut self, received: &Received, at: Timestamp) {
        for piece in &received.lines {
            let mut left = piece.quantity;
            for line in self.lines.iter_mut().filter(|line| line.line == piece.line) {
                let part = left.min(line.quantity.saturating_sub(line.received));
                line.received += part;
                left -= part;
            }
        }
        self.phase = if self.is_whole() { Phase::Received } else { Phase::PartiallyReceived };
        self.receipts.push(Receipt {
            number: received.receipt,
            lines: received.lines.clone(),
            value: received.value,
            stock: Stocking::Owed,
            at,
        });
        if self.policy.refund_on == RefundOn::Receipt {
            self.owe(Some(received.receipt));
        }
    }

    /// What the pieces of a receipt cost goes back, or of all of them. What costs nothing owes nothing.
    fn owe(&mut self, receipt: Option<u32>) {
        let value = match receipt {
            Some(number) => self.receipts.iter().find(|one| one.number == number).map(|one| one.value),
            None => Some(self.value_back()),
        };
        if let Some(value) = value.filter(|value| !value.is_zero()) {
            self.refunds.push(Refund { receipt, value, state: RefundState::Owed });
        }
    }

    fn stocked(&mut self, number: u32, stock: Stocking) {
        if let Some(receipt) = self.receipts.iter_mut().find(|receipt| receipt.number == number) {
            receipt.stock = stock;
        }
    }

    fn settle(&mut self, receipt: Option<u32>, state: RefundState) {
        if let Some(refund) = self.refunds.iter_mut().find(|refund| refund.receipt == receipt) {
            refund.state = state;
        }
    }
}
