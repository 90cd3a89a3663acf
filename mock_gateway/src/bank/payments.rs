//! What can be asked of an intent, each as a plan: the effect and the answer, or why not.

use super::ask::{Ask, IntentAsk, IntentDeed, chargeable};
use super::cards::Method;
use super::charge::ChargeState;
use super::confirm::{Dice, Manner};
use super::effect::{Effect, Moves};
use super::intent::{CaptureMethod, Extras, Intent, Status};
use super::ledger::Movement;
use super::metadata::Change;
use super::trouble::{Refusal, Trouble};
use super::{About, Bank, Decline, Kind, Verdict};
use crate::memory::Text;

/// Who asks, when, and with what luck.
#[derive(Clone, Copy)]
pub(crate) struct Circumstances {
    pub(crate) account: u32,
    pub(crate) now_ms: i64,
    pub(crate) key: Option<Text>,
    pub(crate) dice: Dice,
}

/// An effect, and the answer that goes with it.
pub(crate) type Plan = Result<(Effect, Verdict), Refusal>;

fn invalid(trouble: Trouble) -> Refusal {
    Refusal::Invalid(Box::new(trouble))
}

impl Bank {
    /// Plans one request. Changes nothing but the store of texts.
    pub(crate) fn plan(&mut self, ask: &Ask<'_>, with: Circumstances) -> Plan {
        match ask {
            Ask::Create(ask) => self.plan_create(ask, with),
            Ask::On(deed, id, ask) => {
                let number = self.own_intent(with.account, id).map_err(invalid)?;
                match deed {
                    IntentDeed::Update => self.plan_update(number, ask, with),
                    IntentDeed::Confirm => self.plan_confirm(number, ask, with),
                    IntentDeed::Capture => self.plan_capture(number, ask, with),
                    IntentDeed::Cancel => self.plan_cancel(number, ask, with),
                }
            }
            Ask::Refund(ask) => self.plan_refund(ask, with),
            Ask::Party(ask) => self.plan_party(ask, with),
        }
    }

    /// The intent of this id, if it is this account's.
    pub(crate) fn own_intent(&self, account: u32, id: &str) -> Result<u32, Trouble> {
        self.own(Kind::Intent, Some(account), id, "intent")
    }

    fn plan_create(&mut self, ask: &IntentAsk<'_>, with: Circumstances) -> Plan {
        let amount = ask.amount.ok_or_else(|| invalid(Trouble::missing("amount")))?;
        let currency = ask.currency;
        let currency = currency.ok_or_else(|| invalid(Trouble::missing("currency")))?;
        chargeable(amount, currency).map_err(invalid)?;
        if ask.confirm && ask.method.is_none() {
            return Err(invalid(Trouble::missing("payment_method")));
        }
        let chosen = self.chosen(with.account, ask.method).map_err(invalid)?;
        self.known_customer(ask, with.account)?;
        let metadata = self.changed_metadata(&ask.metadata, None)?;
        let intent = Intent {
            number: self.intents.count(),
            account: with.account,
            store: self.store_of(metadata),
            currency,
            status: match chosen {
                Some(_) => Status::RequiresConfirmation,
                None => Status::RequiresPaymentMethod,
            },
            capture: ask.capture.unwrap_or(CaptureMethod::Automatic),
            reason: None,
            failure: None,
            method: chosen,
            charge: None,
            amount,
            received: 0,
            created_ms: with.now_ms,
            changed_ms: with.now_ms,
            metadata,
            extras: self.extras(ask),
        };
        if let Some(method) = chosen {
            self.is_for(method, &intent).map_err(invalid)?;
        }
        match chosen {
            Some(method) if ask.confirm => Ok(self.confirmed(intent, method, ask, with)),
            Some(_) | None => Ok(changed(intent, ask, with)),
        }
    }

    fn plan_update(&mut self, number: u32, ask: &IntentAsk<'_>, with: Circumstances) -> Plan {
        let mut intent = self.intents.current(number).clone();
        let touches_money =
            ask.amount.is_some() || ask.currency.is_some() || ask.method.is_some() || ask.capture.is_some();
        let open = match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => true,
            Status::Processing | Status::RequiresCapture | Status::Succeeded | Status::Canceled => false,
        };
        if touches_money && !open {
            return Err(self.unexpected(
                &intent,
                "updated",
                "requires_payment_method, requires_confirmation or requires_action",
            ));
        }
        intent.amount = ask.amount.unwrap_or(intent.amount);
        intent.currency = ask.currency.unwrap_or(intent.currency);
        intent.capture = ask.capture.unwrap_or(intent.capture);
        chargeable(intent.amount, intent.currency).map_err(invalid)?;
        let chosen = self.chosen(with.account, ask.method).map_err(invalid)?;
        self.known_customer(ask, with.account)?;
        self.change_texts(&mut intent, ask)?;
        if let Some(method) = chosen {
            self.is_for(method, &intent).map_err(invalid)?;
            intent.method = chosen;
            intent.status = Status::RequiresConfirmation;
        }
        intent.changed_ms = with.now_ms;
        Ok(changed(intent, ask, with))
    }

    fn plan_confirm(&mut self, number: u32, ask: &IntentAsk<'_>, with: Circumstances) -> Plan {
        let mut intent = self.intents.current(number).clone();
        match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation => {}
            // Asking again changes nothing: the customer still has to act.
            Status::RequiresAction if ask.method.is_none() => {
                return Ok(changed(intent, ask, with));
            }
            Status::RequiresAction => {}
            Status::Processing | Status::RequiresCapture | Status::Succeeded | Status::Canceled => {
                return Err(self.unexpected(
                    &intent,
                    "confirmed",
                    "requires_payment_method or requires_confirmation",
                ));
            }
        }
        let chosen = self.chosen(with.account, ask.method).map_err(invalid)?;
        let Some(method) = chosen.or(intent.shown_method()) else {
            let message = "You cannot confirm this PaymentIntent because it's missing a payment \
                           method.";
            let trouble = Trouble::unexpected_state(number, message.to_owned());
            return Err(Refusal::State(Box::new(trouble)));
        };
        self.is_for(method, &intent).map_err(invalid)?;
        intent.capture = ask.capture.unwrap_or(intent.capture);
        if let Some(url) = ask.return_url {
            intent.extras_mut().return_url = Some(self.texts.put(url));
        }
        intent.changed_ms = with.now_ms;
        Ok(self.confirmed(intent, method, ask, with))
    }

    fn confirmed(
        &self,
        mut intent: Intent,
        method: Method,
        ask: &IntentAsk<'_>,
        with: Circumstances,
    ) -> (Effect, Verdict) {
        let manner = Manner { method, off_session: ask.off_session, dice: with.dice, key: with.key };
        let (charge, moves) = self.confirm(&mut intent, manner);
        let (refused, number) = (intent.failure.is_some(), intent.number);
        let (effect, mut verdict) = changed(intent, ask, with);
        if refused {
            verdict.status = 402;
            verdict.about = About::Declined(number);
        }
        let effect = Effect { charge, moves, ..effect };
        (effect, verdict)
    }

    fn plan_capture(&mut self, number: u32, ask: &IntentAsk<'_>, with: Circumstances) -> Plan {
        let mut intent = self.intents.current(number).clone();
        if intent.status != Status::RequiresCapture {
            return Err(self.unexpected(&intent, "captured", "requires_capture"));
        }
        let held = intent.amount;
        let amount = ask.amount_to_capture.unwrap_or(held);
        if amount == 0 {
            let message = "amount_to_capture must be at least 1".to_owned();
            return Err(invalid(Trouble::invalid("amount_to_capture", message)));
        }
        if amount > held {
            let message = format!(
                "Capture amount ({}) is more than the amount that can be captured ({}).",
                intent.currency.spell(amount),
                intent.currency.spell(held)
            );
            let trouble = Trouble::too_large(message, "amount_to_capture");
            return Err(Refusal::State(Box::new(trouble)));
        }
        self.change_texts(&mut intent, ask)?;
        let charge = intent.charge.expect("an authorised intent has a charge");
        let mut charge = self.charges.current(charge).clone();
        charge.state = ChargeState::Captured;
        charge.captured = amount;
        intent.status = Status::Succeeded;
        intent.received = amount;
        intent.changed_ms = with.now_ms;
        let taken = Moves::one(Movement::Capture, amount);
        let moves = match held - amount {
            0 => taken,
            rest => taken.and(Movement::Void, rest),
        };
        let (effect, verdict) = changed(intent, ask, with);
        let effect = Effect { charge: Some(charge), moves, ..effect };
        Ok((effect, verdict))
    }

    fn plan_cancel(&mut self, number: u32, ask: &IntentAsk<'_>, with: Circumstances) -> Plan {
        let mut intent = self.intents.current(number).clone();
        let (charge, moves) = match intent.status {
            Status::RequiresPaymentMethod | Status::RequiresConfirmation | Status::RequiresAction => {
                (None, Moves::default())
            }
            Status::RequiresCapture => {
                let charge = intent.charge.expect("an authorised intent has a charge");
                let mut charge = self.charges.current(charge).clone();
                charge.state = ChargeState::Voided;
                charge.refunded = charge.amount;
                (Some(charge), Moves::one(Movement::Void, intent.amount))
            }
            Status::Processing | Status::Succeeded | Status::Canceled => {
                return Err(self.unexpected(
                    &intent,
                    "canceled",
                    "requires_payment_method, requires_capture, requires_confirmation or \
                     requires_action",
                ));
            }
        };
        intent.status = Status::Canceled;
        intent.reason = ask.reason;
        intent.changed_ms = with.now_ms;
        intent.extras_mut().canceled_ms = Some(with.now_ms);
        let (effect, verdict) = changed(intent, ask, with);
        let effect = Effect { charge, moves, ..effect };
        Ok((effect, verdict))
    }

    /// The customer passed or failed the challenge. Not a request of the wire's, so nothing is remembered.
    pub(crate) fn end_challenge(&mut self, number: u32, passed: bool, now_ms: i64) -> bool {
        let mut intent = self.intents.current(number).clone();
        let Some(method) = intent.method.filter(|_| intent.status == Status::RequiresAction) else {
            return false;
        };
        intent.changed_ms = now_ms;
        let (charge, moves) = if passed {
            let mut charge = self.new_charge(&intent, method);
            intent.charge = Some(charge.number);
            let moves = super::confirm::approve(&mut intent, &mut charge);
            (charge, moves)
        } else {
            let refused = self.refuse(&mut intent, method, Decline::ChallengeFailed);
            (refused, Moves::default())
        };
        self.commit_alone(Effect {
            metadata: intent.metadata,
            charge: Some(charge),
            moves,
            intent: Some(intent.clone()),
            ..Effect::nothing(intent.account, now_ms, intent.later_key())
        });
        true
    }

    /// A payment names no customer, or one that is there.
    fn known_customer(&self, ask: &IntentAsk<'_>, account: u32) -> Result<(), Refusal> {
        match ask.customer {
            None | Some("") => Ok(()),
            Some(id) => self.own_customer(account, id, "customer", 400).map(|_| ()),
        }
    }

    fn unexpected(&self, intent: &Intent, deed: &str, allowed: &str) -> Refusal {
        let id = self.era.id(Kind::Intent, intent.number);
        let status = intent.status.word();
        let message = format!(
            "This PaymentIntent ({id}) could not be {deed} because it has a status of {status}. \
             Only a PaymentIntent with one of the following statuses may be {deed}: {allowed}."
        );
        let trouble = Trouble::unexpected_state(intent.number, message);
        Refusal::State(Box::new(trouble))
    }

    fn change_texts(&mut self, intent: &mut Intent, ask: &IntentAsk<'_>) -> Result<(), Refusal> {
        if !ask.metadata.is_nothing() {
            intent.metadata = self.changed_metadata(&ask.metadata, intent.metadata)?;
            intent.store = self.store_of(intent.metadata);
        }
        if let Some(description) = ask.description {
            intent.extras_mut().description = self.optional(description);
        }
        if let Some(customer) = ask.customer {
            intent.extras_mut().customer = self.optional(customer);
        }
        if !ask.types.is_empty() {
            intent.extras_mut().types = self.types(&ask.types);
        }
        Ok(())
    }

    /// Metadata after a change, kept; the old text when nothing is asked for.
    pub(crate) fn changed_metadata(
        &mut self,
        change: &Change<'_>,
        before: Option<Text>,
    ) -> Result<Option<Text>, Refusal> {
        if change.is_nothing() {
            return Ok(before);
        }
        let text = change.applied_to(before.map(|text| self.texts.get(text)));
        Ok(text.map_err(invalid)?.map(|text| self.texts.put(&text)))
    }

    fn extras(&mut self, ask: &IntentAsk<'_>) -> Option<Box<Extras>> {
        let usual_types = ask.types.is_empty() || ask.types == ["card"];
        if ask.description.is_none()
            && ask.customer.is_none()
            && ask.return_url.is_none()
            && usual_types
            && !ask.automatic_methods
        {
            return None;
        }
        Some(Box::new(Extras {
            description: ask.description.and_then(|text| self.optional(text)),
            customer: ask.customer.and_then(|text| self.optional(text)),
            return_url: ask.return_url.and_then(|text| self.optional(text)),
            types: if usual_types { None } else { self.types(&ask.types) },
            automatic_methods: ask.automatic_methods,
            key: None,
            canceled_ms: None,
        }))
    }

    /// An empty text clears a field.
    pub(super) fn optional(&mut self, text: &str) -> Option<Text> {
        (!text.is_empty()).then(|| self.texts.put(text))
    }

    fn types(&mut self, types: &[&str]) -> Option<Text> {
        let json = serde_json::to_string(types).expect("texts become JSON");
        Some(self.texts.put(&json))
    }
}

/// The plan of a changed intent, answered as it then is.
fn changed(intent: Intent, ask: &IntentAsk<'_>, with: Circumstances) -> (Effect, Verdict) {
    let verdict = Verdict { status: 200, expand: ask.expand, about: About::Intent(intent.number) };
    let effect = Effect {
        metadata: intent.metadata,
        intent: Some(intent),
        ..Effect::nothing(with.account, with.now_ms, with.key)
    };
    (effect, verdict)
}
