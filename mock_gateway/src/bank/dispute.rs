//! A payment that its cardholder does not accept. It is told of and shown; no money moves for it here.

use hashbrown::HashMap;

use crate::memory::Paged;

/// One dispute. Never changes.
pub(crate) struct Dispute {
    pub(crate) account: u32,
    pub(crate) charge: u32,
    pub(crate) created_ms: i64,
}

/// All of them; a charge has at most one.
#[derive(Default)]
pub(crate) struct Disputes {
    all: Paged<Dispute>,
    by_charge: HashMap<u32, u32, std::hash::BuildHasherDefault<super::PassedOn>>,
}

impl Disputes {
    pub(crate) fn push(&mut self, dispute: Dispute) -> u32 {
        let charge = dispute.charge;
        let number = self.all.push(dispute);
        self.by_charge.insert(charge, number);
        number
    }

    pub(crate) fn find(&self, number: u32) -> Option<&Dispute> {
        self.all.get(number)
    }

    /// The dispute about a charge.
    pub(crate) fn about(&self, charge: u32) -> Option<u32> {
        self.by_charge.get(&charge).copied()
    }
}
