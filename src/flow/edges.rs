//! The edges: what goes from one node to another, under which topic.

use super::graph::Node;

macro_rules! edges {
    ($($name:ident = $from:ident -> $to:ident, $topic:literal;)+) => {
        /// One way from a node to another.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Edge {
            $(#[doc = $topic] $name,)+
        }

        impl Edge {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Edge] = &[$(Edge::$name,)+];
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// Where it begins.
            pub const fn from(self) -> Node {
                match self { $(Edge::$name => Node::$from,)+ }
            }

            /// Where it ends.
            pub const fn to(self) -> Node {
                match self { $(Edge::$name => Node::$to,)+ }
            }

            /// What goes along it: the kind of the event that does, or what the bank is asked.
            pub const fn topic(self) -> &'static str {
                match self { $(Edge::$name => $topic,)+ }
            }

            /// Its stable word: both ends and the topic.
            pub fn id(self) -> String {
                format!("{}--{}--{}", self.from().id(), self.topic(), self.to().id())
            }
        }
    };
}

edges! {
    // The way of an order.
    Placed = PlaceOrder -> ReserveStock, "order.created";
    Held = ReserveStock -> AssessRisk, "order.stock_held";
    Cleared = AssessRisk -> Pay, "order.cleared";
    Parked = AssessRisk -> Review, "order.parked_for_review";
    HeldLonger = Review -> ReserveStock, "inventory.reservation_extended";
    Passed = Review -> Pay, "order.review_passed";
    Challenged = Pay -> Challenge, "order.payment_challenged";
    Paid = Pay -> CommitStock, "order.paid";
    Confirmed = CommitStock -> Confirm, "order.confirmed";
    Retried = RetryOrder -> Pay, "order.retry_requested";

    // To the door.
    Opened = CommitStock -> PickAndPack, "fulfillment.opened";
    BackorderServed = Stock -> PickAndPack, "inventory.backorder_allocated";
    BackorderReported = PickAndPack -> Stock, "inventory.backorder_reported";
    CaptureRequested = PickAndPack -> Pay, "order.capture_requested";
    CapturedForParcels = Pay -> Ship, "order.captured";
    CaptureRefused = Pay -> Ship, "order.capture_failed";
    CaptureRetried = OrderDeadline -> Pay, "order.capture_retried";
    PaymentAwaited = Ship -> PickAndPack, "fulfillment.payment_awaited";
    PaymentArrived = Ship -> PickAndPack, "fulfillment.payment_arrived";
    ShippingResumed = PickAndPack -> Ship, "order.shipping_resumed";
    CaptureTroubleReported = Alerts -> Ship, "order.trouble_reported";
    LetGo = PickAndPack -> Ship, "order.shipped";
    LetGoOncePaid = Pay -> Ship, "order.shipped";
    HandedOver = Ship -> Carry, "shipment.created";
    InTransit = Carry -> Track, "shipment.in_transit";
    OutForDelivery = Carry -> Track, "shipment.out_for_delivery";
    Delivered = Carry -> Track, "shipment.delivered";
    AttemptFailed = Carry -> Track, "shipment.attempt_failed";
    ComingBack = Carry -> Track, "shipment.returned";
    Undeliverable = Carry -> Track, "shipment.failed";
    Scanned = Carry -> Track, "shipment.scanned";
    EtaChanged = Carry -> Track, "shipment.eta_changed";
    Stalled = ParcelSilence -> Track, "shipment.stalled";
    TroubleReported = Track -> Notice, "shipment.trouble_reported";
    GoodsMoved = Track -> Goods, "order.fulfillment_updated";
    GoodsReported = Goods -> Track, "fulfillment.reported";
    Completed = Track -> Complete, "order.completed";

    // The way back.
    OutOfStock = ReserveStock -> Undo, "order.canceled";
    NothingToSend = Track -> Undo, "order.canceled";
    Blocked = AssessRisk -> Undo, "order.canceled";
    Rejected = Review -> Undo, "order.canceled";
    Unpaid = Pay -> Undo, "order.canceled";
    Canceled = CancelOrder -> Undo, "order.canceled";
    Expired = OrderDeadline -> Undo, "order.expired";
    PaidLate = Pay -> UndoPayment, "order.paid_late";
    RemainderCanceled = CancelOrder -> StopFulfillment, "order.remainder_canceled";
    FulfillmentStopping = Undo -> StopFulfillment, "fulfillment.canceled";
    FulfillmentStopped = StopFulfillment -> Undo, "order.fulfillment_canceled";
    StockReleasing = Undo -> ReleaseStock, "inventory.released";
    PaymentUndoing = Undo -> UndoPayment, "payment.cancel_requested";
    PaymentCanceled = Undo -> UndoPayment, "payment.canceled";
    ReviewWithdrawing = Undo -> WithdrawReview, "fraud.review_withdrawn";
    StockReleased = ReleaseStock -> Closed, "order.stock_released";
    PaymentUndone = UndoPayment -> Closed, "order.payment_undone";
    ReviewWithdrawn = WithdrawReview -> Closed, "order.review_withdrawn";

    // Money back on request.
    RefundRequested = RefundOrder -> UndoPayment, "payment.refund_requested";
    RefundPending = Bank -> UndoPayment, "payment.refund_pending";
    RefundCheckStarted = RefundCheck -> UndoPayment, "payment.refund_check_started";
    RefundChecked = Bank -> UndoPayment, "payment.refund_checked";
    RefundsChanged = UndoPayment -> Books, "order.refunds_changed";
    OrderDisputed = UndoPayment -> Books, "order.disputed";
    OrderDisputeEnded = UndoPayment -> Books, "order.dispute_ended";
    DisputeReported = Books -> UndoPayment, "payment.dispute_reported";
    LinesUnpaid = UndoPayment -> Books, "order.lines_unpaid";
    LinesRefunded = UndoPayment -> Books, "order.lines_refunded";
    RefundsReported = Books -> UndoPayment, "payment.refunds_reported";
    MoneyTroubleReported = Alerts -> UndoPayment, "payment.trouble_reported";
    ArrivedLate = Bank -> UndoPayment, "payment.arrived_late";

    // Goods back.
    ReturnAsked = ReturnOrder -> TendReturn, "return.requested";
    ReturnReceived = TendReturn -> TakeBack, "return.received";
    ReturnRefunding = TakeBack -> UndoPayment, "payment.refund_requested";
    ParcelTakenBack = Track -> TakeBack, "shipment.taken_back";
    ParcelLost = Track -> TakeBack, "shipment.lost";
    CameBack = TakeBack -> Goods, "order.goods_returned";
    ReturnTroubleReported = TakeBack -> Notice, "return.trouble_reported";
    ReturnReported = Goods -> TakeBack, "return.reported";

    // To the bank and back.
    AskedToAuthorize = Pay -> Bank, "authorize";
    AskedToCapture = Pay -> Bank, "capture";
    AskedToVoid = UndoPayment -> Bank, "void";
    AskedToRefund = UndoPayment -> Bank, "refund";
    Inquired = Pay -> Bank, "inquire";
    Processed = Bank -> Pay, "payment.processed";
    Captured = Bank -> Pay, "payment.captured";
    Declined = Bank -> Pay, "payment.declined";
    Unknown = Bank -> Pay, "payment.outcome_unknown";
    MustAct = Bank -> Pay, "payment.requires_action";
    CaptureFailed = Bank -> Pay, "payment.capture_failed";
    Voided = Bank -> UndoPayment, "payment.voided";
    Refunded = Bank -> UndoPayment, "payment.refunded";
    RefundFailed = Bank -> UndoPayment, "payment.refund_failed";
    ChargeFound = Bank -> UndoPayment, "payment.charge_found";
    IntegrityFailed = Bank -> UndoPayment, "payment.integrity_failure";
    RetryScheduled = Pay -> PaymentRetry, "payment.retry_scheduled";
    RetryStarted = PaymentRetry -> Pay, "payment.retry_started";
    Notified = HearBank -> Pay, "payment.retry_started";
    LookStarted = HearBank -> Pay, "payment.look_started";
    LookEnded = Bank -> Pay, "payment.look_ended";
    Disputed = HearBank -> UndoPayment, "payment.disputed";
    DisputeUpdated = HearBank -> UndoPayment, "payment.dispute_updated";

    // Clocks and people.
    HoldExpired = HoldExpiry -> ReleaseStock, "inventory.released";
    LapseApproved = ReviewLapse -> Review, "fraud.review_approved";
    LapseRejected = ReviewLapse -> Review, "fraud.review_rejected";
    StockCounted = ManageStock -> Stock, "inventory.updated";
    RulesWritten = ManageRules -> AssessRisk, "fraud.rules_changed";
    ThresholdReached = Stock -> Notice, "inventory.threshold_reached";

    // What people should know of.
    AlertRaised = Notice -> Alerts, "alert.raised";
    AlertRepeated = Notice -> Alerts, "alert.repeated";
    AlertOver = Notice -> Alerts, "alert.resolved";
    AlertCleared = Notice -> Alerts, "alert.cleared";
    AlertAcknowledged = TendAlert -> Alerts, "alert.acknowledged";
    AlertSilenced = TendAlert -> Alerts, "alert.silenced";
    AlertResolved = TendAlert -> Alerts, "alert.resolved";
    AlertEscalated = AlertPatience -> Alerts, "alert.escalated";

    // A shop's settings.
    StoreProvisioned = ManageStore -> Settings, "store.provisioned";
    StoreConfigured = ManageStore -> Settings, "store.configured";
    StoreSuspended = ManageStore -> Settings, "store.suspended";
    StoreResumed = ManageStore -> Settings, "store.resumed";
}
