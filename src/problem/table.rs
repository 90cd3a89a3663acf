//! The table.

/// One row: what every problem of a code has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// HTTP status.
    pub status: u16,
    /// Stable word for programs.
    pub code: &'static str,
    /// What kind of problem it is, for people; the same every time.
    pub title: &'static str,
    /// What to say where nothing more precise is known.
    pub detail: &'static str,
    /// Seconds after which the same request may succeed; nothing, where it never will.
    pub retry_after_s: Option<u64>,
}

macro_rules! table {
    ($($name:ident = $status:literal $code:literal, $title:literal, $detail:literal $(, after $retry:literal)?;)+) => {
        /// Every problem there is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)+
        }

        impl Code {
            /// All of them, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$name,)+];

            /// The row.
            pub const fn kind(self) -> &'static Kind {
                match self {
                    $(Code::$name => &Kind {
                        status: $status,
                        code: $code,
                        title: $title,
                        detail: $detail,
                        retry_after_s: after!($($retry)?),
                    },)+
                }
            }
        }
    };
}

macro_rules! after {
    () => {
        None
    };
    ($retry:literal) => {
        Some($retry)
    };
}

table! {
    // What was sent cannot be understood.
    StoreIdMissing = 400 "store_id_missing", "No store named", "the request needs one X-Store-ID header";
    StoreIdMalformed = 400 "store_id_malformed", "Not a store id", "X-Store-ID takes one id of 1 to 64 of a-z, 0-9, - and _";
    MalformedRequest = 400 "malformed_request", "Malformed request", "the request is not well-formed HTTP";
    MalformedJson = 400 "malformed_json", "Malformed JSON", "the body is not one JSON value";
    MalformedForm = 400 "malformed_form", "Malformed form", "the body is not one form";
    MalformedQuery = 400 "malformed_query", "Malformed query", "the query has a parameter that this route does not take, or a value that it does not understand";
    MalformedCursor = 400 "malformed_cursor", "Not a cursor", "the cursor is not one that this list gave";
    MalformedHeader = 400 "malformed_header", "Malformed header", "a header has a value that cannot be understood";
    IdempotencyKeyMalformed = 400 "idempotency_key_malformed", "Malformed Idempotency-Key", "Idempotency-Key takes one key of 1 to 255 visible ASCII characters, bare or quoted";

    SignatureInvalid = 401 "signature_invalid", "Not signed as it must be", "X-Carrier-Signature must be sha256=<hex>, the HMAC-SHA256 of the body under the secret that the store gave its carriers";

    // What was asked for is not there.
    NotFound = 404 "not_found", "No such route", "nothing is served under this path";
    StoreNotFound = 404 "store_not_found", "No such store", "there is no store with this id";
    OrderNotFound = 404 "order_not_found", "No such order", "the store has no order with this id";
    ItemNotFound = 404 "item_not_found", "No such item", "the store has no item with this SKU";
    ReviewNotFound = 404 "review_not_found", "No such review", "the store has no review of this order";
    AlertNotFound = 404 "alert_not_found", "No such alert", "the store has no alert with this id";
    ReservationNotFound = 404 "reservation_not_found", "No such reservation", "nothing is reserved for this order";
    ScheduleNotFound = 404 "schedule_not_found", "No such job", "there is no scheduled job with this name";
    GatewayNotFound = 404 "gateway_not_found", "No such gateway", "there is no gateway with this name";
    GatewayNotMock = 404 "gateway_not_mock", "Not a mock", "the gateway is a real bank: it has no weather and no ledger of its own to show";
    StateNotFound = 404 "state_not_found", "No such state", "the store has nothing of this kind and id, or had not at that time";
    PaymentNotFound = 404 "payment_not_found", "No such payment", "the order has no payment";
    FulfillmentNotFound = 404 "fulfillment_not_found", "No such fulfilment order", "the store has no fulfilment order with this id";
    ShipmentNotFound = 404 "shipment_not_found", "No such shipment", "the store has no shipment with this id";
    ReturnNotFound = 404 "return_not_found", "No such return", "the store has no return with this id";
    MethodNotAllowed = 405 "method_not_allowed", "Method not allowed", "this path does not know the method";

    // It came too slowly, too long, or as something else.
    RequestTimeout = 408 "request_timeout", "Request too slow", "the body did not arrive in time";
    BodyTooLarge = 413 "body_too_large", "Body too large", "the body is longer than this route takes";
    UnsupportedMediaType = 415 "unsupported_media_type", "Unsupported media type", "the body must be application/json in UTF-8, not compressed";

    // What was asked for does not fit what is there.
    StoreExists = 409 "store_exists", "Store exists", "there is a store with this id";
    StoreSuspended = 409 "store_suspended", "Store suspended", "the store takes no orders now";
    OrderAlreadyPlaced = 409 "order_already_placed", "Order already placed", "the order was placed already";
    IllegalTransition = 409 "illegal_transition", "Not in this state", "the present state does not allow this";
    BelowPromised = 409 "below_promised", "Stock is promised", "less would be on hand than is promised to orders";
    StockShort = 409 "stock_short", "Not enough stock", "there is not enough stock";
    ReviewClosed = 409 "review_closed", "Review closed", "the review was decided already";
    ExtendedTooOften = 409 "extended_too_often", "Extended too often", "the reservation cannot be extended again";
    RefundImpossible = 409 "refund_impossible", "Nothing to refund", "nothing of this order can be given back";
    JobRunning = 409 "job_running", "Job running", "the job runs already; it is never run twice at once";
    NotDamaged = 409 "not_damaged", "Not damaged", "fewer pieces are damaged than shall be thrown away";
    IdempotencyKeyInUse = 409 "idempotency_key_in_use", "Still running", "the first request with this Idempotency-Key is still running", after 1;
    PreconditionFailed = 412 "precondition_failed", "Changed meanwhile", "the resource is at another version than If-Match names";

    // It was understood and is wrong.
    ValidationFailed = 422 "validation_failed", "Validation failed", "some values cannot be taken; see errors";
    ReturnWindowOver = 422 "return_window_over", "Too late to return", "it was delivered too long ago";
    TooManyReturns = 422 "too_many_returns", "Too many returns", "the order has as many returns as it may";
    HistoryTooLong = 422 "history_too_long", "History too long", "more events would have to be looked through than is done for one request";
    IdempotencyKeyReused = 422 "idempotency_key_reused", "Idempotency-Key reused", "this Idempotency-Key came with another request";

    // The store has had its share.
    StoreFull = 429 "store_full", "Store busy", "the store has as many requests in flight as it may", after 1;
    RateExceeded = 429 "rate_exceeded", "Rate exceeded", "the store takes no more orders this second", after 1;
    StoreStreamsFull = 429 "streams_full", "Too many listeners", "the store's events have as many listeners as they may", after 5;

    // It is our fault, or nobody's.
    Internal = 500 "internal_error", "Internal error", "something went wrong here; it is logged under the request id";
    DeadlinePassed = 503 "deadline_passed", "Too late", "no answer came before the deadline, and the request may still take effect: repeat it with the same Idempotency-Key", after 1;
    AnswerOverdue = 503 "answer_overdue", "No answer in time", "the answer did not come in time and the request may still take effect: repeat it with the same Idempotency-Key", after 1;
    JournalUnavailable = 503 "journal_unavailable", "Nothing can be written", "the journal cannot take events now; nothing was done", after 2;
    StoreRebuilding = 503 "store_rebuilding", "Store rebuilding", "the store is being rebuilt from the journal", after 1;
    StoreQuarantined = 503 "store_quarantined", "Store set aside", "the store was set aside after repeated failures", after 30;
    NodeFull = 503 "node_full", "Node busy", "the node has as many requests in flight as it may", after 1;
    NodeStreamsFull = 503 "node_streams_full", "Too many listeners", "the node has as many listeners to events as it may", after 5;
    ViewsBehind = 503 "views_behind", "Views behind", "views trail the journal by too much to take new orders", after 2;
    Starting = 503 "starting", "Starting", "the node is starting", after 1;
    Stopping = 503 "stopping", "Stopping", "the node is stopping", after 2;
    StateUnreadable = 503 "state_unreadable", "State unreadable", "stored state could not be read", after 5;
    GatewayUnavailable = 503 "gateway_unavailable", "Bank not reachable", "the mock bank does not answer where it keeps weather and ledger", after 2;
    PaymentBusy = 503 "payment_busy", "Payment busy", "the payment is at the bank with something else: send the notification again", after 2;
    ScheduleUnavailable = 503 "schedule_unavailable", "Jobs unavailable", "scheduled jobs do not run now, or what was asked of them cannot be written", after 2;
}
