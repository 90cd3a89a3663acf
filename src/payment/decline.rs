//! From a bank's decline code to what may be tried next: the table, as data.

use serde::{Deserialize, Serialize};

/// What may be tried after a decline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryClass {
    /// Nothing: the card is lost, stolen, wrong or refused for good.
    Never,
    /// Another means of payment.
    DifferentMethod,
    /// The shopper proves who they are.
    StepUp,
    /// The same again, later.
    SameLater,
    /// The same elsewhere; with one gateway, the same later.
    OtherGateway,
}

impl RetryClass {
    /// Whether another attempt with the same method makes sense.
    pub const fn is_retriable(self) -> bool {
        match self {
            RetryClass::SameLater | RetryClass::OtherGateway => true,
            RetryClass::Never | RetryClass::DifferentMethod | RetryClass::StepUp => false,
        }
    }
}

/// Every code we know, sorted so that it can be searched. A code that is missing asks for a different method: trying the
/// same card again on a reason we do not understand costs the shop its standing with the card networks.
const TABLE: &[(&str, RetryClass)] = {
    use RetryClass::{DifferentMethod, Never, OtherGateway, SameLater, StepUp};
    &[
        ("amount_too_large", Never),
        ("amount_too_small", Never),
        ("approve_with_id", SameLater),
        ("authentication_not_handled", StepUp),
        ("authentication_required", StepUp),
        ("call_issuer", DifferentMethod),
        ("card_not_supported", DifferentMethod),
        ("card_velocity_exceeded", DifferentMethod),
        ("currency_not_supported", DifferentMethod),
        ("do_not_honor", DifferentMethod),
        ("do_not_try_again", Never),
        ("duplicate_transaction", Never),
        ("expired_card", DifferentMethod),
        ("fraudulent", Never),
        ("generic_decline", DifferentMethod),
        ("highest_risk_level", Never),
        ("incorrect_address", DifferentMethod),
        ("incorrect_cvc", DifferentMethod),
        ("incorrect_number", Never),
        ("incorrect_pin", DifferentMethod),
        ("incorrect_zip", DifferentMethod),
        ("insufficient_funds", DifferentMethod),
        ("invalid_account", Never),
        ("invalid_amount", Never),
        ("invalid_cvc", DifferentMethod),
        ("invalid_expiry_month", DifferentMethod),
        ("invalid_expiry_year", DifferentMethod),
        ("invalid_number", Never),
        ("issuer_not_available", OtherGateway),
        ("issuer_unavailable", OtherGateway),
        ("lost_card", Never),
        ("merchant_blacklist", Never),
        ("new_account_information_available", DifferentMethod),
        ("no_action_taken", DifferentMethod),
        ("not_permitted", DifferentMethod),
        ("offline_pin_required", StepUp),
        ("online_or_offline_pin_required", StepUp),
        ("pickup", Never),
        ("pickup_card", Never),
        ("pin_try_exceeded", DifferentMethod),
        ("processing_error", SameLater),
        ("reenter_transaction", SameLater),
        ("restricted_card", Never),
        ("revocation_of_all_authorizations", Never),
        ("revocation_of_authorization", Never),
        ("security_violation", Never),
        ("service_not_allowed", DifferentMethod),
        ("stolen_card", Never),
        ("stop_payment_order", Never),
        ("testmode_decline", DifferentMethod),
        ("transaction_not_allowed", DifferentMethod),
        ("try_again_later", SameLater),
        ("withdrawal_count_limit_exceeded", DifferentMethod),
    ]
};

/// What may be tried after a decline with these codes: the finer one speaks first.
pub fn class(code: &str, decline_code: Option<&str>) -> RetryClass {
    let look_up = |word: &str| {
        TABLE
            .binary_search_by(|(known, _)| (*known).cmp(word))
            .ok()
            .and_then(|at| TABLE.get(at))
            .map(|row| row.1)
    };
    decline_code.and_then(look_up).or_else(|| look_up(code)).unwrap_or(RetryClass::DifferentMethod)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_searched() {
        assert!(TABLE.is_sorted_by(|a, b| a.0 < b.0));
        for (code, expected) in TABLE {
            assert_eq!(class("card_declined", Some(code)), *expected, "{code}");
            assert_eq!(class(code, None), *expected, "{code}");
        }
    }

    #[test]
    fn the_finer_code_speaks_first_and_the_unknown_one_asks_for_another_method() {
        assert_eq!(class("card_declined", Some("lost_card")), RetryClass::Never);
        assert_eq!(class("processing_error", Some("unheard_of")), RetryClass::SameLater);
        assert_eq!(class("card_declined", None), RetryClass::DifferentMethod);
    }
}
