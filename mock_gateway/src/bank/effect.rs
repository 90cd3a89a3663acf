//! What one execution changes, as data: planned first, then written to the data file, then applied.

use super::charge::Charge;
use super::intent::Intent;
use super::ledger::Movement;
use super::party::Party;
use super::refund::Refund;
use crate::memory::Text;

/// New versions and new rows. An object whose number is the next free one is new.
pub(crate) struct Effect {
    pub(crate) account: u32,
    pub(crate) at_ms: i64,
    /// The key of the request, for the ledger.
    pub(crate) key: Option<Text>,
    pub(crate) intent: Option<Intent>,
    pub(crate) charge: Option<Charge>,
    pub(crate) refund: Option<Refund>,
    pub(crate) parties: Vec<Party>,
    pub(crate) moves: Moves,
    /// The payment's metadata, for the ledger.
    pub(crate) metadata: Option<Text>,
}

impl Effect {
    pub(crate) fn nothing(account: u32, at_ms: i64, key: Option<Text>) -> Effect {
        Effect {
            account,
            at_ms,
            key,
            intent: None,
            charge: None,
            refund: None,
            parties: Vec::new(),
            moves: Moves::default(),
            metadata: None,
        }
    }
}

/// Up to two movements of money on the effect's charge, oldest first.
#[derive(Clone, Copy, Default)]
pub(crate) struct Moves([Option<(Movement, i64)>; 2]);

impl Moves {
    pub(crate) fn one(movement: Movement, amount: i64) -> Moves {
        Moves([Some((movement, amount)), None])
    }

    pub(crate) fn and(mut self, movement: Movement, amount: i64) -> Moves {
        self.0[1] = Some((movement, amount));
        self
    }

    /// The same, as it was stored.
    pub(crate) fn collected(moves: &[(Movement, i64)]) -> Result<Moves, String> {
        match moves {
            [] => Ok(Moves::default()),
            [first] => Ok(Moves([Some(*first), None])),
            [first, second] => Ok(Moves([Some(*first), Some(*second)])),
            _ => Err("more than two movements in one line".to_owned()),
        }
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (Movement, i64)> {
        self.0.into_iter().flatten()
    }
}
