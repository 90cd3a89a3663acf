//! Making an effect so: new versions, new rows of the ledger, and what follows from them for lists, searches, dues and
//! news. The only way into the books, in this life and when an earlier one is read back.

use std::ops::Range;

use super::index;
use super::metadata;
use super::{Bank, Charge, Dispute, Effect, Intent, Item, Movement, Refund, Row, RowNumber};
use crate::memory::{Text, Version};

impl Bank {
    /// Makes an effect so.
    pub(crate) fn apply(&mut self, mut effect: Effect) -> Range<u32> {
        let first_row = self.ledger.len();
        let (mut charge, mut refund) = (effect.charge.take(), effect.refund.take());
        if let Some(charge) = &mut charge {
            for (movement, amount) in effect.moves.iter() {
                self.post_movement((movement, amount), charge, refund.as_mut(), &effect);
            }
        }
        let item = self.item(&effect, charge.as_ref(), refund.as_ref());
        let intent = effect.intent.map(|intent| self.put_intent(intent));
        let charge = charge.map(|charge| self.put_charge(charge, effect.at_ms));
        let refund = refund.map(|refund| self.put_refund(refund, effect.at_ms));
        if item.types != 0 {
            self.tell(Item { intent, charge, refund, ..item });
        }
        for party in effect.parties {
            self.put_party(party);
        }
        first_row..self.ledger.len()
    }

    /// Writes one movement of money into the books.
    fn post_movement(
        &mut self,
        (movement, amount): (Movement, i64),
        charge: &mut Charge,
        refund: Option<&mut Refund>,
        effect: &Effect,
    ) {
        let row = Row {
            movement,
            answered: false,
            charge: charge.number,
            refund: refund.as_ref().map(|refund| refund.number),
            store: charge.store,
            amount,
            at_ms: effect.at_ms,
            key: effect.key,
            metadata: effect.metadata,
        };
        let row = self.ledger.push(row, charge.currency);
        let account = self.accounts.get_mut(charge.account);
        match (movement, refund) {
            (Movement::Capture, _) => {
                charge.transaction = Some(RowNumber::of(row));
                account.transactions.push(row);
                account.post(charge.currency, amount);
            }
            (Movement::Refund, Some(refund)) => {
                refund.transaction = Some(RowNumber::of(row));
                account.transactions.push(row);
                account.post(charge.currency, -amount);
            }
            (Movement::Refund, None) | (Movement::Authorization | Movement::Void, _) => {}
        }
    }

    fn put_intent(&mut self, intent: Intent) -> Version {
        let before = self.intents.find(intent.number).map(|old| old.metadata);
        if before.is_none() {
            let account = self.accounts.get_mut(intent.account);
            account.intents.push(intent.number);
        }
        if before != Some(intent.metadata) {
            self.post(&intent, before.flatten());
        }
        self.dues.note_intent(&intent);
        self.intents.put(intent.number, intent)
    }

    /// Lets the intent be found by the pairs it did not have before.
    fn post(&mut self, intent: &Intent, before: Option<Text>) {
        let Some(metadata) = intent.metadata else {
            return;
        };
        let before = before.map(|text| self.texts.bytes(text));
        for pair in metadata::spelled_pairs(self.texts.bytes(metadata)) {
            if before.is_none_or(|text| !metadata::holds(text, pair)) {
                let hash = index::hash(intent.account, pair);
                self.index.post(hash, intent.number);
            }
        }
    }

    fn put_charge(&mut self, charge: Charge, at_ms: i64) -> Version {
        if charge.number == self.charges.count() {
            let account = self.accounts.get_mut(charge.account);
            account.charges.push(charge.number);
        }
        if charge.disputed && self.disputes.about(charge.number).is_none() {
            let dispute = Dispute { account: charge.account, charge: charge.number, created_ms: at_ms };
            let number = self.disputes.push(dispute);
            self.accounts.get_mut(charge.account).disputes.push(number);
        }
        self.dues.note_charge(&charge, at_ms);
        self.charges.put(charge.number, charge)
    }

    fn put_refund(&mut self, refund: Refund, at_ms: i64) -> Version {
        if refund.number == self.refunds.count() {
            let account = self.accounts.get_mut(refund.account);
            account.refunds.push(refund.number);
        }
        self.dues.note_refund(&refund, at_ms);
        self.refunds.put(refund.number, refund)
    }
}
