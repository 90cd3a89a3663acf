//! The payment methods everybody can name: test cards by id or number, and our own `pm_of_…` that fail in
//! one chosen way for one payment.

use super::declines::Decline;
use super::ids::{Era, Kind};

/// How a payment with a method goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Behaviour {
    Approve,
    Decline(Decline),
    /// The customer has to pass a challenge first.
    Challenge,
    /// Approved, with an elevated risk score.
    Elevated,
    /// Approved, and disputed a little later.
    Dispute,
    /// Approved; refunds stay pending for a little while.
    RefundPends,
    /// Approved; refunds look fine and fail a little later.
    RefundFails,
    /// Held without being processed, then closed without an answer. Once per key.
    TimeoutBefore,
    /// Processed, held, then closed without an answer. Once per key.
    TimeoutAfter,
    /// Processed; the connection is reset in the middle of the answer. Once per key.
    ResetMidResponse,
    /// Answers after this many milliseconds.
    Slow,
    /// Fails this many times with a 500 that is stored under the key.
    Flaky,
    /// Is shed this many times with a 503 that is not stored.
    Shed,
    /// Stays `processing` for a little while, then succeeds.
    LateSuccess,
    /// The intent reports, and the bank charges, another amount than was asked for.
    AmountMismatch,
    /// Approved; everything told of it is told twice.
    TellTwice,
}

struct Card {
    id: &'static str,
    number: &'static str,
    brand: &'static str,
    behaviour: Behaviour,
}

const fn card(id: &'static str, number: &'static str, behaviour: Behaviour) -> Card {
    Card { id, number, brand: "visa", behaviour }
}

const fn ours(id: &'static str, behaviour: Behaviour) -> Card {
    card(id, "", behaviour)
}

use Behaviour as B;
use Decline as D;

/// A method whose id ends in `_` takes a number behind it.
static CATALOG: &[Card] = &[
    card("pm_card_visa", "4242424242424242", B::Approve),
    Card { id: "pm_card_mastercard", number: "5555555555554444", brand: "mastercard", behaviour: B::Approve },
    card("pm_card_visa_chargeDeclined", "4000000000000002", B::Decline(D::Generic)),
    card(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        B::Decline(D::InsufficientFunds),
    ),
    card("pm_card_visa_chargeDeclinedLostCard", "4000000000009987", B::Decline(D::LostCard)),
    card("pm_card_visa_chargeDeclinedStolenCard", "4000000000009979", B::Decline(D::StolenCard)),
    card("pm_card_chargeDeclinedExpiredCard", "4000000000000069", B::Decline(D::ExpiredCard)),
    card("pm_card_chargeDeclinedIncorrectCvc", "4000000000000127", B::Decline(D::IncorrectCvc)),
    card("pm_card_chargeDeclinedProcessingError", "4000000000000119", B::Decline(D::ProcessingError)),
    card("pm_card_authenticationRequired", "4000002760003184", B::Challenge),
    card("pm_card_radarBlock", "4100000000000019", B::Decline(D::Blocked)),
    card("pm_card_riskLevelElevated", "4000000000009235", B::Elevated),
    card("pm_card_createDispute", "4000000000000259", B::Dispute),
    card("pm_card_pendingRefund", "4000000000007726", B::RefundPends),
    card("pm_card_refundFail", "4000000000005126", B::RefundFails),
    ours("pm_of_timeout_before", B::TimeoutBefore),
    ours("pm_of_timeout_after", B::TimeoutAfter),
    ours("pm_of_reset_mid_response", B::ResetMidResponse),
    ours("pm_of_slow_", B::Slow),
    ours("pm_of_flaky_", B::Flaky),
    ours("pm_of_503_", B::Shed),
    ours("pm_of_late_success", B::LateSuccess),
    ours("pm_of_amount_mismatch", B::AmountMismatch),
    ours("pm_of_duplicate_webhook", B::TellTwice),
];

/// A method that everybody can name.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub(crate) struct Listed {
    /// Its id; where that takes a number, the part before it.
    id: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    number: &'static str,
    takes_a_number: bool,
}

/// Every method that everybody can name.
pub(crate) fn listed() -> Vec<Listed> {
    let listed =
        |card: &Card| Listed { id: card.id, number: card.number, takes_a_number: card.takes_a_number() };
    CATALOG.iter().map(listed).collect()
}

/// The longest `pm_of_slow_…` and the most failures of `pm_of_flaky_…`: beyond these it is a typing error.
const ARGUMENT_MAX: u32 = 600_000;

/// A payment method: a row of the catalogue and the number behind its name if it takes one; or somebody's own,
/// which is a row of the catalogue too, and its own number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Method {
    card: u8,
    argument: u32,
}

/// Set in `card` of a method that is somebody's own.
const OWN: u8 = 0x80;
const _: () = assert!(CATALOG.len() < OWN as usize);

impl Method {
    /// Finds a method by id or by card number.
    pub(crate) fn find(name: &str) -> Option<Method> {
        let place = CATALOG.iter().position(|card| card.is(name))?;
        let argument = match name.strip_prefix(CATALOG[place].id) {
            Some(digits) if CATALOG[place].takes_a_number() => digits.parse().ok()?,
            Some(_) | None => 0,
        };
        (argument <= ARGUMENT_MAX).then_some(Method { card: place as u8, argument })
    }

    /// Finds a card by its number alone.
    pub(crate) fn by_number(number: &str) -> Option<Method> {
        let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| Method::find(&digits)).flatten()
    }

    /// Somebody's own card of this kind. `None` for a kind that takes a number: there is room for one only.
    pub(crate) fn owned(self, number: u32) -> Option<Method> {
        (!self.card().takes_a_number()).then_some(Method { card: self.card | OWN, argument: number })
    }

    /// The number among everybody's own methods.
    pub(crate) fn own_number(self) -> Option<u32> {
        (self.card & OWN != 0).then_some(self.argument)
    }

    /// What it is in the catalogue.
    pub(crate) fn kind(self) -> Method {
        match self.own_number() {
            Some(_) => Method { card: self.card & !OWN, argument: 0 },
            None => self,
        }
    }

    pub(crate) fn behaviour(self) -> Behaviour {
        self.card().behaviour
    }

    /// Does something to the request beyond what happens to the money.
    pub(crate) fn has_tricks(self) -> bool {
        matches!(
            self.behaviour(),
            Behaviour::TimeoutBefore
                | Behaviour::TimeoutAfter
                | Behaviour::ResetMidResponse
                | Behaviour::Slow
                | Behaviour::Flaky
                | Behaviour::Shed
        )
    }

    /// The number behind the name.
    pub(crate) fn argument(self) -> u32 {
        self.argument
    }

    pub(crate) fn brand(self) -> &'static str {
        self.card().brand
    }

    pub(crate) fn last4(self) -> &'static str {
        let number = self.card().number;
        number.get(number.len().wrapping_sub(4)..).unwrap_or("4242")
    }

    /// Writes the id.
    pub(crate) fn write(self, era: &Era, out: &mut Vec<u8>) {
        if let Some(number) = self.own_number() {
            return era.write(Kind::Method, number, out);
        }
        out.extend_from_slice(self.card().id.as_bytes());
        if self.card().takes_a_number() {
            out.extend_from_slice(itoa::Buffer::new().format(self.argument).as_bytes());
        }
    }

    /// The id.
    pub(crate) fn id(self, era: &Era) -> String {
        let mut out = Vec::with_capacity(32);
        self.write(era, &mut out);
        String::from_utf8(out).expect("method ids are plain letters and digits")
    }

    fn card(self) -> &'static Card {
        &CATALOG[usize::from(self.card & !OWN)]
    }
}

impl Card {
    fn takes_a_number(&self) -> bool {
        self.id.ends_with('_')
    }

    fn is(&self, name: &str) -> bool {
        if self.takes_a_number() {
            name.strip_prefix(self.id)
                .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        } else {
            self.id == name || (!self.number.is_empty() && self.number == name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_found_by_id_and_by_number_and_spells_itself() {
        let era = Era::new(1);
        for card in CATALOG {
            let id = match card.takes_a_number() {
                true => format!("{}7", card.id),
                false => card.id.to_owned(),
            };
            let method = Method::find(&id).expect("the catalogue finds its own ids");
            assert_eq!(method.id(&era), id);
            match method.owned(7) {
                Some(own) => {
                    assert_eq!((own.own_number(), own.kind()), (Some(7), method));
                    assert_eq!(own.behaviour(), method.behaviour());
                    assert!(own.id(&era).starts_with("pm_3"));
                }
                None => assert!(card.takes_a_number()),
            }
            if !card.number.is_empty() {
                assert_eq!(Method::by_number(card.number), Some(method));
            }
        }
        let spaced = Method::by_number("4242 4242 4242 4242").map(|method| method.id(&era));
        assert_eq!(spaced.as_deref(), Some("pm_card_visa"));
    }

    #[test]
    fn nonsense_is_no_method() {
        for name in ["", "pm_card_", "pm_of_slow_", "pm_of_slow_x", "pm_of_slow_99999999999", "4242"] {
            assert_eq!(Method::find(name), None, "{name}");
        }
    }
}
