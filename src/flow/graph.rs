//! The nodes: where something is asked, done, waited for or decided.

/// What sort of place a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Somebody calls the API.
    Api,
    /// An actor does something because something happened.
    Event,
    /// A clock strikes.
    Cron,
    /// A person decides.
    Human,
    /// The bank.
    Bank,
}

macro_rules! nodes {
    ($(
        $name:ident = $kind:ident $id:literal, $label:literal
            $(, at [$($route:literal),+])? $(, records [$($record:literal),+])?;
    )+) => {
        /// A place that things flow through.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Node {
            $(#[doc = $label] $name,)+
        }

        impl Node {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Node] = &[$(Node::$name,)+];

            /// Its stable word.
            pub const fn id(self) -> &'static str {
                match self { $(Node::$name => $id,)+ }
            }

            /// What people call it.
            pub const fn label(self) -> &'static str {
                match self { $(Node::$name => $label,)+ }
            }

            /// What sort of place it is.
            pub const fn kind(self) -> Kind {
                match self { $(Node::$name => Kind::$kind,)+ }
            }

            /// Where it is called, for a place of the API.
            pub const fn routes(self) -> &'static [&'static str] {
                match self { $(Node::$name => &[$($($route),+)?],)+ }
            }

            /// The kinds of events that are recorded here on the way.
            pub const fn records(self) -> &'static [&'static str] {
                match self { $(Node::$name => &[$($($record),+)?],)+ }
            }
        }
    };
}

nodes! {
    PlaceOrder = Api "place_order", "an order is sent", at ["POST /v1/orders", "POST /orders/submit"];
    CancelOrder = Api "cancel_order", "somebody wants it undone", at ["POST /v1/orders/{id}/cancel"];
    RetryOrder = Api "retry_order", "somebody wants it tried now", at ["POST /v1/orders/{id}/retry"];
    RefundOrder = Api "refund_order", "money shall go back", at ["POST /v1/orders/{id}/refunds"];
    ManageStock = Api "manage_stock", "stock is counted", at ["PUT /v1/inventory/{sku}", "POST /v1/inventory/{sku}/adjustments", "POST /v1/inventory/{sku}/write-offs"];
    ReturnOrder = Api "return_order", "goods shall come back", at ["POST /v1/orders/{id}/returns"];
    ManageRules = Api "manage_rules", "fraud rules are written", at ["PUT /v1/fraud/rules"];
    ManageStore = Api "manage_store", "a store is set up", at ["POST /v1/stores", "PATCH /v1/stores/{id}"];

    HearBank = Api "hear_bank", "the bank says that something happened", at ["POST /v1/gateways/stripe/webhooks/{id}"];

    ReserveStock = Event "reserve_stock", "stock is reserved", records ["inventory.reserved"];
    AssessRisk = Event "assess_risk", "fraud rules are asked", records ["fraud.assessed"];
    Pay = Event "pay", "money is taken",
        records ["payment.created", "payment.attempt_started", "payment.retry_started", "payment.failed"];
    CommitStock = Event "commit_stock", "stock is allocated", records ["inventory.updated"];
    Confirm = Event "confirm", "the order is confirmed";
    PickAndPack = Event "pick_and_pack", "goods are picked and packed",
        at ["POST /v1/fulfillments/{id}/advance"],
        records [
            "fulfillment.picking_started", "fulfillment.picked", "fulfillment.packing_started", "fulfillment.packed",
            "fulfillment.ready_to_ship", "fulfillment.held", "fulfillment.released", "fulfillment.stock_arrived", "fulfillment.split",
            "fulfillment.picked_short", "fulfillment.given_up", "fulfillment.dispatch_requested"
        ];
    Ship = Event "ship", "a parcel may leave, and is sold", records ["inventory.updated", "fulfillment.closed"];
    Carry = Api "carry", "a carrier brings the parcel", at ["POST /v1/carrier/events"];
    Track = Event "track", "how far the goods are is found out";
    Goods = Event "goods", "the order knows how far its goods are";
    TakeBack = Event "take_back", "what came back is booked and paid for",
        records [
            "inventory.updated", "shipment.stock_booked", "shipment.stock_refused", "return.stock_booked", "return.stock_refused", "return.refund_requested",
            "return.refund_refused", "return.refund_failed"
        ];
    Complete = Event "complete", "the order is completed";
    Books = Event "books", "the order knows what was given back";
    Stock = Event "stock", "stock is kept";
    Settings = Event "settings", "policies are kept";
    Notice = Event "notice", "somebody notices that something is wrong";
    Alerts = Event "alerts", "what people should know of is kept";

    Undo = Event "undo", "the order ends and is undone";
    StopFulfillment = Event "stop_fulfillment", "what has not left the house stays", records ["inventory.released", "inventory.backorder_dropped"];
    ReleaseStock = Event "release_stock", "stock goes back";
    UndoPayment = Event "undo_payment", "money goes back";
    WithdrawReview = Event "withdraw_review", "the review is called off";
    Closed = Event "closed", "nothing is owed";

    Review = Human "review", "people look at the order",
        at ["POST /v1/reviews/{id}/approve", "POST /v1/reviews/{id}/reject"],
        records ["fraud.review_opened", "fraud.review_approved", "fraud.review_rejected"];
    Challenge = Human "challenge", "the shopper proves who they are";

    TendReturn = Human "tend_return", "people look after a return",
        at [
            "POST /v1/returns/{id}/approve", "POST /v1/returns/{id}/decline", "POST /v1/returns/{id}/ship",
            "POST /v1/returns/{id}/receive", "POST /v1/returns/{id}/close", "POST /v1/returns/{id}/cancel",
            "POST /v1/returns/{id}/retry"
        ],
        records [
            "return.approved", "return.declined", "return.shipped", "return.closed", "return.canceled",
            "return.stock_retried", "return.refund_retried"
        ];

    TendAlert = Human "tend_alert", "people look after an alert",
        at ["POST /v1/alerts/{id}/acknowledge", "POST /v1/alerts/{id}/resolve", "POST /v1/alerts/{id}/silence"];

    PaymentRetry = Cron "payment_retry", "the next try waits for its time";
    RefundCheck = Cron "refund_check", "a refund is looked at again";
    OrderDeadline = Cron "order_deadline", "an order's time is over";
    HoldExpiry = Cron "hold_expiry", "a hold's time is over";
    ReviewLapse = Cron "review_lapse", "a review's time is over";
    ParcelSilence = Cron "parcel_silence", "nobody saw a parcel for too long";
    AlertPatience = Cron "alert_patience", "nobody looked after an alert in time";

    Bank = Bank "bank", "the bank";
}
