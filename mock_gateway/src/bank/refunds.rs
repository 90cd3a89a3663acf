//! Giving money back.

use super::ask::RefundAsk;
use super::cards::Behaviour;
use super::charge::ChargeState;
use super::effect::{Effect, Moves};
use super::ledger::Movement;
use super::metadata;
use super::payments::{Circumstances, Plan};
use super::refund::{Prospect, Refund, RefundStatus};
use super::trouble::{Refusal, Trouble};
use super::{About, Bank, Kind, Verdict};
use crate::memory::Text;

fn invalid(trouble: Trouble) -> Refusal {
    Refusal::Invalid(Box::new(trouble))
}

fn state(trouble: Trouble) -> Refusal {
    Refusal::State(Box::new(trouble))
}

impl Bank {
    pub(crate) fn plan_refund(&mut self, ask: &RefundAsk<'_>, with: Circumstances) -> Plan {
        let number = self.charge_to_refund(ask, with.account)?;
        let mut charge = self.charges.current(number).clone();
        if charge.state != ChargeState::Captured {
            let message = "This PaymentIntent does not have a successful charge to refund.";
            let trouble = Trouble::unexpected_state(charge.intent, message.to_owned());
            return Err(state(trouble));
        }
        let left = charge.refundable();
        if left == 0 {
            let id = self.era.id(Kind::Charge, number);
            return Err(state(Trouble::already_refunded(&id)));
        }
        let amount = ask.amount.unwrap_or(left);
        if amount == 0 {
            let message = "Refund amounts must be at least 1".to_owned();
            return Err(invalid(Trouble::invalid("amount", message)));
        }
        if amount > left {
            let message = format!(
                "Refund amount ({}) is greater than unrefunded amount on charge ({})",
                charge.currency.spell(amount),
                charge.currency.spell(left)
            );
            return Err(state(Trouble::too_large(message, "amount")));
        }
        let own = self.changed_metadata(&ask.metadata, None)?;
        let (status, prospect) = match charge.method.behaviour() {
            Behaviour::RefundPends => (RefundStatus::Pending, Prospect::WillSucceed),
            Behaviour::RefundFails => (RefundStatus::Succeeded, Prospect::WillFail),
            _ => (RefundStatus::Succeeded, Prospect::Settled),
        };
        let refund = Refund {
            number: self.refunds.count(),
            account: with.account,
            charge: number,
            intent: charge.intent,
            previous: charge.latest_refund,
            transaction: None,
            status,
            prospect,
            reason: ask.reason,
            amount,
            created_ms: with.now_ms,
            metadata: own,
            key: with.key,
        };
        charge.refunded += amount;
        charge.latest_refund = Some(refund.number);
        let moves = match prospect {
            Prospect::Settled => Moves::one(Movement::Refund, amount),
            // The ledger says what really moved: nothing yet, or nothing ever.
            Prospect::WillSucceed | Prospect::WillFail => Moves::default(),
        };
        let verdict = Verdict { status: 200, expand: ask.expand, about: About::Refund(refund.number) };
        let effect = Effect {
            metadata: self.refund_metadata(refund.intent, own),
            charge: Some(charge),
            refund: Some(refund),
            moves,
            ..Effect::nothing(with.account, with.now_ms, with.key)
        };
        Ok((effect, verdict))
    }

    /// The payment's metadata with the refund's own laid over it.
    pub(crate) fn refund_metadata(&mut self, intent: u32, own: Option<Text>) -> Option<Text> {
        let below = self.intents.current(intent).metadata;
        let Some(own) = own else {
            return below;
        };
        let below = below.map(|text| self.texts.get(text));
        let both = metadata::overlay(below, self.texts.get(own));
        Some(self.texts.put(&both))
    }

    fn charge_to_refund(&self, ask: &RefundAsk<'_>, account: u32) -> Result<u32, Refusal> {
        let account = Some(account);
        let by_intent = match ask.intent {
            None => None,
            Some(id) => {
                let number = self.own(Kind::Intent, account, id, "payment_intent");
                let intent = self.intents.current(number.map_err(invalid)?);
                Some((intent.number, intent.charge))
            }
        };
        if let Some(id) = ask.charge {
            let number = self.own(Kind::Charge, account, id, "charge");
            let charge = self.charges.current(number.map_err(invalid)?);
            if by_intent.is_some_and(|(intent, _)| intent != charge.intent) {
                let message = "The charge does not belong to the payment_intent.".to_owned();
                return Err(invalid(Trouble::invalid("charge", message)));
            }
            return Ok(charge.number);
        }
        let (intent, charge) = by_intent.expect("one of the two is required when the form is read");
        charge.ok_or_else(|| {
            let message = "This PaymentIntent does not have a successful charge to refund.";
            state(Trouble::unexpected_state(intent, message.to_owned()))
        })
    }
}
