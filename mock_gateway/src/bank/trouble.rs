//! Errors as the wire has them.

use super::currency::Currency;
use super::declines::Decline;

/// The body of an answer that is not a success.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) status: u16,
    pub(crate) kind: &'static str,
    pub(crate) code: Option<&'static str>,
    pub(crate) decline: Option<Decline>,
    pub(crate) message: String,
    pub(crate) param: Option<String>,
    /// The intent it is about, shown inside the error.
    pub(crate) intent: Option<u32>,
}

/// Why a request was not carried out.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The request itself is wrong. Leaves no trace: its key may be used again.
    Invalid(Box<Trouble>),
    /// The request was looked at and the object's state does not allow it. Stored under the key.
    State(Box<Trouble>),
}

impl Trouble {
    fn invalid_request(status: u16, code: Option<&'static str>, message: String) -> Trouble {
        Trouble {
            status,
            kind: "invalid_request_error",
            code,
            decline: None,
            message,
            param: None,
            intent: None,
        }
    }

    fn about(mut self, param: &str) -> Trouble {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn missing(param: &str) -> Trouble {
        let message = format!("Missing required param: {param}.");
        Trouble::invalid_request(400, Some("parameter_missing"), message).about(param)
    }

    pub(crate) fn unknown(param: &str) -> Trouble {
        let message = format!("Received unknown parameter: {param}");
        Trouble::invalid_request(400, Some("parameter_unknown"), message).about(param)
    }

    pub(crate) fn invalid_integer(param: &str, value: &str) -> Trouble {
        let message = format!("Invalid integer: {value}");
        Trouble::invalid_request(400, Some("parameter_invalid_integer"), message).about(param)
    }

    pub(crate) fn empty(param: &str) -> Trouble {
        let message = format!(
            "You passed an empty string for '{param}'. We assume empty values are an attempt to \
             unset a parameter; however '{param}' cannot be unset."
        );
        Trouble::invalid_request(400, Some("parameter_invalid_empty"), message).about(param)
    }

    /// A value that is none of a closed list, or otherwise makes no sense.
    pub(crate) fn invalid(param: &str, message: String) -> Trouble {
        Trouble::invalid_request(400, None, message).about(param)
    }

    pub(crate) fn one_of(param: &str, words: &[&str]) -> Trouble {
        let message = format!("Invalid {param}: must be one of {}", words.join(", "));
        Trouble::invalid(param, message)
    }

    /// The object in the path, or the one a request is about, is not there for this account.
    pub(crate) fn no_such(what: &str, param: &str, id: &str) -> Trouble {
        let message = format!("No such {what}: '{id}'");
        Trouble::invalid_request(404, Some("resource_missing"), message).about(param)
    }

    pub(crate) fn no_such_method(param: &str, id: &str) -> Trouble {
        let message = format!("No such PaymentMethod: '{id}'");
        Trouble::invalid_request(400, Some("resource_missing"), message).about(param)
    }

    /// An object that a parameter names is not there for this account.
    pub(crate) fn no_such_reference(what: &str, param: &str, id: &str) -> Trouble {
        Trouble { status: 400, ..Trouble::no_such(what, param, id) }
    }

    /// A value that is refused under a code of its own.
    pub(crate) fn coded(code: &'static str, param: &str, message: String) -> Trouble {
        Trouble::invalid_request(400, Some(code), message).about(param)
    }

    /// A card whose data cannot be a card's.
    pub(crate) fn no_card(code: &'static str, param: &str, message: &str) -> Trouble {
        let refused = Trouble::invalid_request(402, Some(code), message.to_owned()).about(param);
        Trouble { kind: "card_error", ..refused }
    }

    pub(crate) fn no_such_url(method: &str, path: &str) -> Trouble {
        let message =
            format!("Unrecognized request URL ({method}: {path}). See README.md for what this bank serves.");
        Trouble::invalid_request(404, None, message)
    }

    pub(crate) fn too_small(currency: Currency, param: &str) -> Trouble {
        let message = format!("Amount must be at least {}", currency.spell(currency.least()));
        Trouble::invalid_request(400, Some("amount_too_small"), message).about(param)
    }

    pub(crate) fn too_large(message: String, param: &str) -> Trouble {
        Trouble::invalid_request(400, Some("amount_too_large"), message).about(param)
    }

    pub(crate) fn unexpected_state(intent: u32, message: String) -> Trouble {
        Trouble {
            intent: Some(intent),
            ..Trouble::invalid_request(400, Some("payment_intent_unexpected_state"), message)
        }
    }

    pub(crate) fn already_refunded(charge: &str) -> Trouble {
        let message = format!("Charge {charge} has already been refunded.");
        Trouble::invalid_request(400, Some("charge_already_refunded"), message)
    }

    pub(crate) fn unauthorized(message: &str) -> Trouble {
        Trouble::invalid_request(401, None, message.to_owned())
    }

    pub(crate) fn malformed(status: u16, message: &str) -> Trouble {
        Trouble::invalid_request(status, None, message.to_owned())
    }

    pub(crate) fn other_parameters(key: &str) -> Trouble {
        let message = format!(
            "Keys for idempotent requests can only be used with the same parameters they were \
             first used with. Try using a key other than '{key}' if you meant to execute a \
             different request."
        );
        Trouble { kind: "idempotency_error", ..Trouble::invalid_request(400, None, message) }
    }

    pub(crate) fn key_in_use(key: &str) -> Trouble {
        let message = format!(
            "There is currently another in-progress request using this Idempotent Key: {key}. \
             Please try again later."
        );
        Trouble {
            kind: "idempotency_error",
            ..Trouble::invalid_request(409, Some("idempotency_key_in_use"), message)
        }
    }

    pub(crate) fn declined(decline: Decline, intent: u32) -> Trouble {
        Trouble {
            status: 402,
            kind: "card_error",
            code: Some(decline.code()),
            decline: Some(decline),
            message: decline.message().to_owned(),
            param: None,
            intent: Some(intent),
        }
    }

    /// The bank's own fault, of any 5xx status, or 429.
    pub(crate) fn of_ours(status: u16) -> Trouble {
        let (kind, code, message) = match status {
            429 => ("invalid_request_error", Some("rate_limit"), "Request rate limit exceeded."),
            503 => ("api_error", None, "The bank is not available right now."),
            502 | 504 => ("api_error", None, "The bank's network did not answer."),
            _ => ("api_error", None, "An unknown error occurred at the bank."),
        };
        Trouble { kind, ..Trouble::invalid_request(status, code, message.to_owned()) }
    }
}
