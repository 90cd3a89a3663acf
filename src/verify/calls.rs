//! What goes to the bank for one payment as the journal has it: every call that may bear a key, and through which gateway.

use std::fmt;

use serde_json::Value;

/// What a bank is made to do: the third part of a call's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Operation {
    Authorize,
    Capture,
    Void,
    Refund(u64),
}

impl Operation {
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "authorize" => Some(Self::Authorize),
            "capture" => Some(Self::Capture),
            "void" => Some(Self::Void),
            _ => text.strip_prefix("refund_")?.parse().ok().map(Self::Refund),
        }
    }

    /// Whether a call of this kind leads to a row of that kind: an authorisation may take at once, a capture lets go of the rest.
    pub(super) fn makes(self, row: &str) -> bool {
        match self {
            Self::Authorize => matches!(row, "authorization" | "capture"),
            Self::Capture => matches!(row, "capture" | "void"),
            Self::Void => row == "void",
            Self::Refund(_) => row == "refund",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorize => f.write_str("authorize"),
            Self::Capture => f.write_str("capture"),
            Self::Void => f.write_str("void"),
            Self::Refund(number) => write!(f, "refund_{number}"),
        }
    }
}

/// A store's name for a gateway, and which connection under that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gateway {
    pub(super) name: String,
    pub(super) version: u64,
}

impl Gateway {
    fn read(value: &Value) -> Option<Self> {
        Some(Self { name: value["name"].as_str()?.to_owned(), version: value["version"].as_u64()? })
    }
}

/// The calls of one payment.
#[derive(Default)]
pub(super) struct Calls {
    /// Every operation with its logical attempt, beyond the first authorisation, which is implied.
    made: Vec<(Operation, u64)>,
    /// The gateways that it goes through, in turn; none where that is the node's own bank.
    pub(super) gateways: Vec<Gateway>,
    /// The shopper is with their bank, which may know more than we do.
    pub(super) awaits_shopper: bool,
    /// They were, once: what they did there is no call of ours.
    pub(super) was_challenged: bool,
    /// An intent that the bank told of is being looked at.
    pub(super) is_looking: bool,
    /// Nobody knows what became of a call.
    pub(super) is_in_doubt: bool,
    /// How often that was so and ended.
    pub(super) doubts_ended: u64,
}

impl Calls {
    /// Those of a payment that begins.
    pub(super) fn begun(data: &Value) -> Self {
        let gateways = Gateway::read(&data["gateways"][0]).into_iter().collect();
        Self { gateways, ..Self::default() }
    }

    /// Takes one event of the payment, `payment.` left out.
    pub(super) fn apply(&mut self, kind: &str, data: &Value) {
        match kind {
            "attempt_started" => {
                let operation = data["operation"].as_str().and_then(Operation::parse);
                let attempt = data["attempt"].as_u64().unwrap_or(0);
                self.made.extend(operation.map(|operation| (operation, attempt)));
                self.gateways.extend(Gateway::read(&data["gateway"]));
                self.awaits_shopper = false;
                self.settled();
            }
            "outcome_unknown" => self.is_in_doubt = true,
            "requires_action" => {
                (self.awaits_shopper, self.was_challenged) = (true, true);
                self.settled();
            }
            "look_started" => self.is_looking = true,
            "look_ended" => self.is_looking = !data["again_at"].is_null(),
            "processed" | "declined" | "failed" | "canceled" | "voided" | "integrity_failure"
            | "charge_found" => {
                self.awaits_shopper = false;
                self.is_looking &= kind != "charge_found";
                self.settled();
            }
            "captured" | "capture_failed" | "refunded" | "refund_pending" | "refund_failed" => self.settled(),
            _ => {}
        }
    }

    fn settled(&mut self) {
        self.doubts_ended += u64::from(std::mem::take(&mut self.is_in_doubt));
    }

    /// Whether a call with this operation and attempt may have gone out.
    pub(super) fn has(&self, operation: Operation, attempt: u64) -> bool {
        (operation, attempt) == (Operation::Authorize, 1) || self.made.contains(&(operation, attempt))
    }
}
