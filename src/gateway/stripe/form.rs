//! What is asked, in the bank's form encoding.

use std::fmt::Write;

use crate::gateway::CallContext;
use crate::payment::Capture;
use crate::payment::bank::Call;
use crate::types::OrderId;

/// The body of a call; empty for an inquiry, which has none.
pub(super) fn body(context: &CallContext, call: &Call, return_url: Option<&str>) -> String {
    let mut form = Form(String::with_capacity(512));
    match call {
        Call::Authorize { attempt, amount, currency, method, capture, .. } => {
            form.number("amount", amount.minor());
            form.word("currency", &currency.as_str().to_ascii_lowercase());
            form.text("payment_method", method);
            // Cards alone: every other method may want a page to come back to.
            form.word("payment_method_types%5B%5D", "card");
            form.word("confirm", "true");
            form.word(
                "capture_method",
                match capture {
                    Capture::Automatic => "automatic",
                    Capture::Manual => "manual",
                },
            );
            if let Some(url) = return_url {
                form.text("return_url", url);
            }
            form.metadata(context, *attempt);
        }
        Call::Capture { amount, .. } => form.number("amount_to_capture", amount.minor()),
        Call::Void { reason, .. } => form.word("cancellation_reason", cancellation(reason.as_deref())),
        Call::Refund { refund, attempt, intent, amount, reason, .. } => {
            form.text("payment_intent", intent);
            form.number("amount", amount.minor());
            form.word("reason", refund_reason(reason.as_deref()));
            form.metadata(context, *attempt);
            form.number("metadata%5Brefund%5D", i64::from(*refund));
        }
        Call::Inquire { .. } | Call::Look { .. } => {}
    }
    form.0
}

/// Our reasons in the bank's words for a void.
fn cancellation(reason: Option<&str>) -> &'static str {
    match reason {
        Some("duplicate") => "duplicate",
        Some("fraudulent") => "fraudulent",
        Some("customer") => "requested_by_customer",
        _ => "abandoned",
    }
}

/// Our reasons in the bank's words for a refund; it has no others.
fn refund_reason(reason: Option<&str>) -> &'static str {
    match reason {
        Some("duplicate") => "duplicate",
        Some("fraudulent") => "fraudulent",
        _ => "requested_by_customer",
    }
}

/// Path and query that find the intents of an order.
pub(super) fn search(order: OrderId) -> String {
    // An order id has no character that the query language or a URL would mind.
    format!("/v1/payment_intents/search?limit=100&query=metadata%5B%27order_id%27%5D%3A%27{order}%27")
}

/// Path and query of one page of all intents since a time, newest first, allowing clocks to differ by a few minutes.
pub(super) fn list(since_secs: i64, after: Option<&str>) -> String {
    let from = since_secs.saturating_sub(300);
    let mut path = format!("/v1/payment_intents?limit=100&created%5Bgte%5D={from}");
    if let Some(after) = after {
        path.push_str("&starting_after=");
        path.push_str(after);
    }
    path
}

/// Path and query of one page of the charges made between two times. Fifty whole charges stay well below the longest answer.
pub(super) fn charges(from_s: i64, to_s: i64, after: Option<&str>) -> String {
    let mut path = format!("/v1/charges?limit=50&created%5Bgte%5D={from_s}&created%5Blte%5D={to_s}");
    if let Some(after) = after {
        path.push_str("&starting_after=");
        path.push_str(after);
    }
    path
}

/// Path and query of one page of the disputes opened since a time, each with its payment.
pub(super) fn disputes(from_s: i64, after: Option<&str>) -> String {
    let mut path =
        format!("/v1/disputes?limit=50&created%5Bgte%5D={from_s}&expand%5B%5D=data.payment_intent");
    if let Some(after) = after {
        path.push_str("&starting_after=");
        path.push_str(after);
    }
    path
}

/// Path and query of one dispute with its payment.
pub(super) fn dispute(id: &str) -> String {
    format!("/v1/disputes/{id}?expand%5B%5D=payment_intent")
}

/// Path and query of the refunds of an intent.
pub(super) fn refunds_of(intent: &str) -> String {
    format!("/v1/refunds?limit=100&payment_intent={intent}")
}

/// A form as it grows. Names are given encoded.
struct Form(String);

impl Form {
    fn name(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.0.push_str(name);
        self.0.push('=');
    }

    /// A value that needs no encoding.
    fn word(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.push_str(value);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.0.extend(form_urlencoded::byte_serialize(value.as_bytes()));
    }

    fn number(&mut self, name: &str, value: i64) {
        self.name(name);
        write!(self.0, "{value}").expect("writing to memory does not fail");
    }

    /// What lets any payment be found again.
    fn metadata(&mut self, context: &CallContext, attempt: u32) {
        self.word("metadata%5Border_id%5D", context.order.encode(&mut [0; 32]));
        self.word("metadata%5Bstore_id%5D", context.store.as_str());
        self.number("metadata%5Battempt%5D", i64::from(attempt));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Amount, Timestamp};

    fn context() -> CallContext {
        CallContext {
            store: "acme".parse().expect("legal"),
            order: OrderId::from_bits(7),
            payment: crate::payment::id_of(OrderId::from_bits(7)),
        }
    }

    #[test]
    fn an_authorisation_says_everything_the_bank_needs() {
        let call = Call::Authorize {
            attempt: 2,
            amount: Amount::new(3_998).expect("legal"),
            currency: "USD".parse().expect("legal"),
            method: "pm_a b&c=ü".into(),
            capture: Capture::Manual,
            due_since: Timestamp::default(),
        };
        let sent = body(&context(), &call, Some("https://shop.example/?a=b"));
        let read: Vec<(String, String)> = form_urlencoded::parse(sent.as_bytes()).into_owned().collect();
        let expected = [
            ("amount", "3998"),
            ("currency", "usd"),
            ("payment_method", "pm_a b&c=ü"),
            ("payment_method_types[]", "card"),
            ("confirm", "true"),
            ("capture_method", "manual"),
            ("return_url", "https://shop.example/?a=b"),
            ("metadata[order_id]", "ord_00000000000000000000000007"),
            ("metadata[store_id]", "acme"),
            ("metadata[attempt]", "2"),
        ];
        let expected: Vec<(String, String)> =
            expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn undoing_speaks_the_banks_words() {
        let void = Call::Void { attempt: 1, intent: "pi_1".into(), reason: Some("out_of_stock".into()) };
        assert_eq!(body(&context(), &void, None), "cancellation_reason=abandoned");
        let refund = Call::Refund {
            refund: 1,
            attempt: 1,
            intent: "pi_1".into(),
            amount: Amount::new(5).expect("legal"),
            reason: Some("fraudulent".into()),
            due_since: Timestamp::default(),
        };
        assert_eq!(
            body(&context(), &refund, None),
            "payment_intent=pi_1&amount=5&reason=fraudulent&metadata%5Border_id%5D=ord_00000000000000000000000007\
             &metadata%5Bstore_id%5D=acme&metadata%5Battempt%5D=1&metadata%5Brefund%5D=1"
        );
    }
}
