//! Why a card was refused, in the words of the wire.

use super::words::words;

words! {
    /// The `decline_code` of a refused payment.
    Decline {
        Generic = "generic_decline",
        InsufficientFunds = "insufficient_funds",
        LostCard = "lost_card",
        StolenCard = "stolen_card",
        ExpiredCard = "expired_card",
        IncorrectCvc = "incorrect_cvc",
        ProcessingError = "processing_error",
        AuthenticationRequired = "authentication_required",
        /// Refused by the bank's own risk rules; the network was never asked.
        Blocked = "fraudulent",
        /// The customer failed the challenge.
        ChallengeFailed = "payment_intent_authentication_failure",
    }
}

impl Decline {
    /// The error's `code`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Decline::Generic
            | Decline::InsufficientFunds
            | Decline::LostCard
            | Decline::StolenCard
            | Decline::Blocked => "card_declined",
            Decline::ExpiredCard
            | Decline::IncorrectCvc
            | Decline::ProcessingError
            | Decline::AuthenticationRequired
            | Decline::ChallengeFailed => self.word(),
        }
    }

    /// The sentence for people.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Decline::Generic | Decline::LostCard | Decline::StolenCard | Decline::Blocked => {
                "Your card was declined."
            }
            Decline::InsufficientFunds => "Your card has insufficient funds.",
            Decline::ExpiredCard => "Your card has expired.",
            Decline::IncorrectCvc => "Your card's security code is incorrect.",
            Decline::ProcessingError => {
                "An error occurred while processing your card. Try again in a little bit."
            }
            Decline::AuthenticationRequired => {
                "Your card was declined. This transaction requires authentication."
            }
            Decline::ChallengeFailed => {
                "The provided PaymentMethod has failed authentication. Provide another \
                 PaymentMethod to attempt to fulfill this PaymentIntent again."
            }
        }
    }
}
