//! Asking the card: what a confirmation does to an intent.

use super::Bank;
use super::cards::{Behaviour, Method};
use super::charge::{Charge, ChargeState};
use super::currency::AMOUNT_MAX;
use super::declines::Decline;
use super::effect::Moves;
use super::intent::{CaptureMethod, Intent, Status};
use super::ledger::Movement;
use crate::memory::Text;

/// Chance, decided by the weather before the bank is asked.
#[derive(Clone, Copy, Default)]
pub(crate) struct Dice {
    /// Decline this payment even though its card is good.
    pub(crate) decline: bool,
}

/// How a confirmation is made.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) method: Method,
    pub(crate) off_session: bool,
    pub(crate) dice: Dice,
    pub(crate) key: Option<Text>,
}

impl Bank {
    /// Confirms: changes the intent, and says which charge was made and which money moved.
    pub(crate) fn confirm(&self, intent: &mut Intent, manner: Manner) -> (Option<Charge>, Moves) {
        let behaviour = manner.method.behaviour();
        intent.method = Some(manner.method);
        intent.failure = None;
        if let Some(decline) = declines(behaviour, manner) {
            return (Some(self.refuse(intent, manner.method, decline)), Moves::default());
        }
        match behaviour {
            Behaviour::Challenge => {
                intent.status = Status::RequiresAction;
                return (None, Moves::default());
            }
            Behaviour::AmountMismatch => intent.amount = (intent.amount + 1).min(AMOUNT_MAX),
            _ => {}
        }
        let mut charge = self.new_charge(intent, manner.method);
        intent.charge = Some(charge.number);
        if behaviour == Behaviour::LateSuccess {
            intent.status = Status::Processing;
            intent.extras_mut().key = manner.key;
            return (Some(charge), Moves::default());
        }
        if intent.capture == CaptureMethod::AutomaticAsync {
            intent.extras_mut().key = manner.key;
        }
        let moves = approve(intent, &mut charge);
        (Some(charge), moves)
    }

    /// A failed attempt.
    pub(crate) fn refuse(&self, intent: &mut Intent, method: Method, why: Decline) -> Charge {
        let mut charge = self.new_charge(intent, method);
        charge.state = ChargeState::Failed;
        charge.failure = Some(why);
        intent.charge = Some(charge.number);
        intent.failure = Some(why);
        intent.status = Status::RequiresPaymentMethod;
        charge
    }

    /// An attempt about which the card has not answered.
    pub(crate) fn new_charge(&self, intent: &Intent, method: Method) -> Charge {
        Charge {
            number: self.charges.count(),
            account: intent.account,
            intent: intent.number,
            store: intent.store,
            previous: intent.charge,
            latest_refund: None,
            transaction: None,
            method,
            currency: intent.currency,
            state: ChargeState::Pending,
            failure: None,
            disputed: false,
            amount: intent.amount,
            captured: 0,
            refunded: 0,
            created_ms: intent.changed_ms,
            metadata: intent.metadata,
            description: intent.description(),
            customer: intent.customer(),
        }
    }
}

/// Whether, and why, the card refuses.
fn declines(behaviour: Behaviour, manner: Manner) -> Option<Decline> {
    match behaviour {
        Behaviour::Decline(why) => Some(why),
        Behaviour::Challenge if manner.off_session => Some(Decline::AuthenticationRequired),
        _ if manner.dice.decline => Some(Decline::Generic),
        _ => None,
    }
}

/// The card said yes: hold the money, and take it unless that is for later.
pub(crate) fn approve(intent: &mut Intent, charge: &mut Charge) -> Moves {
    let held = Moves::one(Movement::Authorization, intent.amount);
    match intent.capture {
        CaptureMethod::Automatic => {
            intent.status = Status::Succeeded;
            intent.received = intent.amount;
            charge.state = ChargeState::Captured;
            charge.captured = charge.amount;
            held.and(Movement::Capture, charge.amount)
        }
        CaptureMethod::AutomaticAsync => {
            intent.status = Status::Processing;
            charge.state = ChargeState::Authorized;
            held
        }
        CaptureMethod::Manual => {
            intent.status = Status::RequiresCapture;
            charge.state = ChargeState::Authorized;
            held
        }
    }
}
