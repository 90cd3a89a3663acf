//! What a seed is about: how big the shops are, what their people do, and what fails how often. "Nothing" and "extreme" included.

use super::dice::Dice;
use super::fault::Fault;
use super::plan::Inquiry;

/// What a run is made of.
#[derive(Clone, Debug)]
pub(crate) struct Dials {
    /// Shops.
    pub(crate) stores: u64,
    /// SKUs a shop.
    pub(crate) skus: u64,
    /// Pieces of each in the beginning.
    pub(crate) stock: u64,
    /// Orders placed, over all shops.
    pub(crate) orders: u64,
    /// Over how long, in virtual milliseconds.
    pub(crate) span_ms: u64,
    /// Of a thousand shops: those that capture at shipment.
    pub(crate) at_shipment: u64,
    /// Those that take orders for what they do not have.
    pub(crate) backorder: u64,
    /// Those whose goods leave by themselves.
    pub(crate) leaves: u64,
    /// How long stock is held, in seconds.
    pub(crate) hold_s: u64,
    /// Of a thousand orders: those canceled later, given money back for, paid with a card that is refused.
    pub(crate) cancels: u64,
    pub(crate) refunds: u64,
    pub(crate) declines: u64,
    /// Of a thousand orders that leave: those of which something comes back.
    pub(crate) returns: u64,
    /// Of a thousand clients: those that give up after one try.
    pub(crate) impatient: u64,
    /// Of a thousand requests: those that are sent twice at once.
    pub(crate) doubled: u64,
    /// Of a thousand calls to the bank: those that something happens to, and what may.
    pub(crate) faults: u64,
    pub(crate) kinds: Vec<Fault>,
    /// Of a thousand looks at the bank: those that fail.
    pub(crate) blind: u64,
    pub(crate) inquiry: Inquiry,
    /// How long a call takes at the most to get to the bank, and its answer to come back.
    pub(crate) way_ms: u64,
    /// Outages of the bank: when, and for how long.
    pub(crate) outages: Vec<(u64, u64)>,
    /// Of a thousand notices of the bank: lost, told twice, late; forged ones beside them.
    pub(crate) lost: u64,
    pub(crate) twice: u64,
    pub(crate) late: u64,
    pub(crate) forged: u64,
    /// Crashes: how many, and how long nobody is there afterwards at the most.
    pub(crate) crashes: u64,
    pub(crate) away_ms: u64,
    /// How long a commit takes at the most, in microseconds.
    pub(crate) commit_us: u64,
    /// How long views rest between two looks at the journal, at the most.
    pub(crate) views_ms: u64,
    /// Of a thousand commits: those that find the disk full, and those that fail in a way nobody can vouch for.
    pub(crate) full: u64,
    pub(crate) poison: u64,
}

impl Dials {
    /// A single shop in which nothing fails but what a plan names.
    pub(crate) fn of_one() -> Self {
        Self {
            stores: 1,
            skus: 1,
            stock: 10,
            orders: 1,
            span_ms: 0,
            at_shipment: 0,
            backorder: 0,
            leaves: 0,
            hold_s: 900,
            cancels: 0,
            refunds: 0,
            declines: 0,
            returns: 0,
            impatient: 0,
            doubled: 0,
            faults: 0,
            kinds: vec![],
            blind: 0,
            inquiry: Inquiry::Answers,
            way_ms: 5,
            outages: vec![],
            lost: 0,
            twice: 0,
            late: 0,
            forged: 0,
            crashes: 0,
            away_ms: 2_000,
            commit_us: 200,
            views_ms: 5,
            full: 0,
            poison: 0,
        }
    }

    /// What a seed says.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed, "dials");
        let dice = &mut dice;
        let span_ms = dice.of(&[2_000, 20_000, 120_000, 600_000, 1_800_000]);
        let kinds = match dice.below(4) {
            // One kind alone, a few, or all.
            0 => vec![dice.of(Fault::ALL)],
            1 => (0..4).map(|_| dice.of(Fault::ALL)).collect(),
            _ => Fault::ALL.to_vec(),
        };
        let outages = (0..dice.of(&[0, 0, 0, 1, 3]))
            .map(|_| (dice.below(span_ms), dice.of(&[500, 5_000, 30_000, 300_000])))
            .collect();
        Self {
            stores: dice.of(&[1, 1, 2, 3]),
            skus: dice.of(&[1, 1, 3, 6]),
            stock: dice.of(&[0, 1, 5, 20, 1_000]),
            orders: dice.of(&[1, 4, 12, 30, 60]),
            span_ms,
            at_shipment: dice.of(&[0, 300, 1_000]),
            backorder: dice.of(&[0, 0, 500]),
            leaves: dice.of(&[0, 500, 1_000]),
            hold_s: dice.of(&[30, 120, 900]),
            cancels: dice.of(&[0, 100, 500]),
            refunds: dice.of(&[0, 200, 600]),
            declines: dice.of(&[0, 100, 500]),
            returns: Dice::new(seed, "dials of returns").of(&[0, 200, 700]),
            impatient: dice.of(&[0, 100, 600]),
            doubled: Dice::new(seed, "dials of doubles").of(&[0, 0, 300]),
            faults: dice.of(&[0, 20, 100, 300, 700]),
            kinds,
            blind: dice.of(&[0, 0, 100, 500]),
            inquiry: dice.of(&[Inquiry::Answers, Inquiry::Answers, Inquiry::Lags]),
            way_ms: dice.of(&[0, 5, 200, 3_000, 10_000]),
            outages,
            lost: dice.of(&[0, 300, 1_000]),
            twice: dice.of(&[0, 300]),
            late: dice.of(&[0, 300, 900]),
            forged: dice.of(&[0, 100]),
            crashes: dice.of(&[0, 1, 2, 5, 9]),
            away_ms: dice.of(&[0, 100, 5_000, 120_000]),
            commit_us: dice.of(&[50, 1_000, 30_000, 400_000]),
            views_ms: dice.of(&[0, 10, 250, 3_000]),
            full: dice.of(&[0, 0, 0, 30]),
            poison: dice.of(&[0, 0, 0, 10]),
        }
    }
}
