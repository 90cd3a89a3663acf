//! The words for an order: where it is in its life, and its money and goods in one word each.

use crate::types::words;

words! {
    /// The order's lifecycle, as shown.
    Status {
        /// On its way.
        Pending = "pending",
        /// Waits for the shopper at the bank.
        RequiresAction = "requires_action",
        /// Waits for people.
        OnHold = "on_hold",
        /// Stock, fraud and money are settled.
        Confirmed = "confirmed",
        /// Delivered and done.
        Completed = "completed",
        /// Undone.
        Canceled = "canceled",
        /// Undone because its deadline passed.
        Expired = "expired",
    }

    /// The order's money in one word, derived.
    PaymentStatus {
        /// Nothing asked of a bank yet.
        NotPaid = "not_paid",
        /// A bank has been or will be asked.
        Awaiting = "awaiting",
        /// The shopper must act.
        RequiresAction = "requires_action",
        /// Set aside.
        Authorized = "authorized",
        /// Taken.
        Captured = "captured",
        /// Part given back.
        PartiallyRefunded = "partially_refunded",
        /// All given back.
        Refunded = "refunded",
        /// The cardholder does not accept it.
        Disputed = "disputed",
        /// None taken, none will be.
        Canceled = "canceled",
    }

    /// The order's goods in one word, derived.
    FulfillmentStatus {
        /// Nothing shipped.
        NotFulfilled = "not_fulfilled",
        /// Blocked while people look.
        OnHold = "on_hold",
        /// Nothing will ship.
        Canceled = "canceled",
        /// Some of it is with a carrier.
        PartiallyShipped = "partially_shipped",
        /// All of it is with a carrier.
        Shipped = "shipped",
        /// Some of it is there.
        PartiallyDelivered = "partially_delivered",
        /// All of it is there.
        Delivered = "delivered",
        /// Some of it came back.
        PartiallyReturned = "partially_returned",
        /// All of it came back.
        Returned = "returned",
    }

    /// Why an order was canceled: the closed list.
    CancelReason {
        /// The shopper wanted it.
        Customer = "customer",
        /// Fraud, by rule or by people.
        Fraudulent = "fraudulent",
        /// Not enough stock.
        OutOfStock = "out_of_stock",
        /// The bank would not.
        PaymentFailed = "payment_failed",
        /// It was there already.
        Duplicate = "duplicate",
        /// Its time ran out.
        Expired = "expired",
        /// The shop's people wanted it.
        Staff = "staff",
        /// Anything else.
        Other = "other",
    }
}
