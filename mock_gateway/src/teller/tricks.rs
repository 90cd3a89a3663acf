//! Payments that fail in a chosen way because of their payment method.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::{Desk, Request};
use crate::bank::{Ask, Bank, Behaviour, IntentDeed, Method, Status};

/// What a method does to the request that confirms with it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trick {
    /// Held and never carried out.
    SilenceBefore,
    /// Carried out, and held.
    SilenceAfter,
    CutShort,
    Slow {
        ms: u64,
    },
    /// A stored 500.
    Fail,
    /// A 503 that leaves no trace.
    Shed,
}

/// A trick, and what to count it under if it is played a limited number of times.
#[derive(Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) trick: Trick,
    pub(crate) tally: u64,
}

impl Desk {
    /// The trick that is to be played on this request, if any.
    pub(crate) fn trick(&self, request: &Request, account: u32, ask: &Ask<'_>) -> Option<Planned> {
        let (method, subject) = confirmation(&self.bank, account, ask)?;
        let subject = xxh3_64_with_seed(subject.as_bytes(), xxh3_64(request.account.as_bytes()));
        let by_order = xxh3_64_with_seed(method.id(&self.bank.era).as_bytes(), subject);
        let once = request.key_hash().unwrap_or(by_order);
        let left = |tally, times| self.bank.tally(tally) < times;
        let (trick, tally) = match method.behaviour() {
            Behaviour::TimeoutBefore if left(once, 1) => (Trick::SilenceBefore, once),
            // Once under a key by nature: after that the key is remembered.
            Behaviour::TimeoutAfter => (Trick::SilenceAfter, by_order),
            Behaviour::ResetMidResponse => (Trick::CutShort, by_order),
            Behaviour::Slow => {
                let ms = u64::from(method.argument());
                (Trick::Slow { ms }, by_order)
            }
            Behaviour::Flaky if left(by_order, method.argument()) => (Trick::Fail, by_order),
            Behaviour::Shed if left(by_order, method.argument()) => (Trick::Shed, by_order),
            _ => return None,
        };
        Some(Planned { trick, tally })
    }
}

/// The method a request confirms with, if it has tricks, and what the payment is for.
fn confirmation(bank: &Bank, account: u32, ask: &Ask<'_>) -> Option<(Method, String)> {
    match ask {
        Ask::Create(ask) if ask.confirm => {
            let chosen = bank.chosen(account, ask.method).ok()?;
            let method = chosen.filter(|method| method.has_tricks())?;
            let order = ask.metadata.get("order_id");
            let amount = ask.amount.unwrap_or(0);
            Some((method, order.map_or_else(|| format!("amount {amount}"), str::to_owned)))
        }
        Ask::On(IntentDeed::Confirm, id, ask) => {
            let intent = bank.intents.current(bank.own_intent(account, id).ok()?);
            let open = matches!(intent.status, Status::RequiresPaymentMethod | Status::RequiresConfirmation);
            let method = bank.chosen(account, ask.method).ok()?.or(intent.shown_method());
            let method = method.filter(|method| open && method.has_tricks())?;
            let order = bank.metadata_value(intent.metadata, "order_id");
            Some((method, order.unwrap_or_else(|| format!("amount {}", intent.amount))))
        }
        Ask::Create(_) | Ask::On(..) | Ask::Refund(_) | Ask::Party(_) => None,
    }
}
