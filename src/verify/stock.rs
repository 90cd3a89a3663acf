//! Stock as the journal has it: sums of ledger entries, and the life of every hold.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::findings::Findings;
use crate::journal::Record;
use crate::views::Fingerprint;

/// A store's items.
#[derive(Default)]
pub(super) struct Stock {
    pub(super) items: BTreeMap<String, Item>,
}

/// One SKU.
#[derive(Clone, Copy, Default)]
pub(super) struct Item {
    pub(super) on_hand: i64,
    pub(super) reserved: i64,
    pub(super) committed: i64,
    pub(super) damaged: i64,
    pub(super) safety_stock: i64,
    pub(super) reorder_point: i64,
    pub(super) version: u64,
    /// Places of its ledger's entries.
    pub(super) ledger: Fingerprint,
}

/// Stock held or promised for an order.
#[derive(Default)]
pub(super) struct Hold {
    pub(super) life: Life,
    /// What is still held or promised.
    lines: Vec<(String, i64)>,
    /// What is owed beyond that.
    owed: Vec<(String, i64)>,
    /// What was owed has come, and fulfilment has not heard of it.
    pub(super) is_untold: bool,
    /// The parcels that took part of it.
    parcels: BTreeSet<u64>,
    /// What left the house, and is not back.
    gone: BTreeMap<String, i64>,
    /// The receipts of what came back.
    receipts: BTreeSet<u64>,
    /// The parcels that left and did not arrive.
    undelivered: BTreeSet<u64>,
}

impl Hold {
    /// How many pieces are owed beyond what is held or promised.
    pub(super) fn owed(&self) -> i64 {
        self.owed.iter().map(|(_, quantity)| quantity).sum()
    }

    /// All that was owed has come, and is promised. Says whether that was it.
    fn arrives(&mut self, lines: &[(String, i64)]) -> bool {
        let is_sound = self.life == Life::Committed && !lines.is_empty() && self.owed == lines;
        for (sku, quantity) in lines {
            match self.lines.iter_mut().find(|(known, _)| known == sku) {
                Some((_, promised)) => *promised += quantity,
                None => self.lines.push((sku.clone(), *quantity)),
            }
        }
        self.owed.clear();
        self.is_untold = true;
        is_sound
    }

    /// What was owed is not waited for any more. Says whether that was it.
    fn drops(&mut self, parcel: u64, lines: &[(String, i64)]) -> bool {
        let is_sound = self.life == Life::Committed && self.owed == lines && self.parcels.insert(parcel);
        self.owed.clear();
        self.finish();
        is_sound
    }

    /// Of which nothing is left and nothing is owed, that is fulfilled.
    fn finish(&mut self) {
        if self.owed.is_empty() && self.lines.iter().all(|(_, left)| *left == 0) {
            self.life = Life::Fulfilled;
        }
    }

    /// Whether a parcel took its part.
    pub(super) fn has_parcel(&self, number: u64) -> bool {
        self.parcels.contains(&number)
    }

    /// Whether what came back with a receipt is booked.
    pub(super) fn has_receipt(&self, number: u64) -> bool {
        self.receipts.contains(&number)
    }

    /// Whether a parcel that left is booked as not arriving.
    pub(super) fn has_undelivered(&self, number: u64) -> bool {
        self.undelivered.contains(&number)
    }

    fn leaves(&mut self, lines: &[(String, i64)]) {
        for (sku, quantity) in lines {
            *self.gone.entry(sku.clone()).or_default() += quantity;
        }
    }

    /// Pieces are back. Says whether they had left, and whether the receipt, or the parcel, is a new one.
    fn comes_back(&mut self, receipt: u64, parcel: Option<u64>, lines: &[(String, i64)]) -> bool {
        let mut is_sound = match parcel {
            Some(number) => self.undelivered.insert(number) && self.parcels.contains(&number),
            None => receipt > 0 && self.receipts.insert(receipt),
        };
        is_sound &= matches!(self.life, Life::Committed | Life::Fulfilled);
        for (sku, quantity) in lines {
            let left = self.gone.entry(sku.clone()).or_default();
            *left -= quantity;
            is_sound &= *left >= 0;
        }
        is_sound
    }

    /// Takes a part out, and says whether it was there and nobody had taken it before.
    fn part(&mut self, number: u64, lines: &[(String, i64)]) -> bool {
        let mut is_sound = self.life == Life::Committed && self.parcels.insert(number);
        for (sku, quantity) in lines {
            match self.lines.iter_mut().find(|(known, left)| known == sku && left >= quantity) {
                Some((_, left)) => *left -= quantity,
                None => is_sound = false,
            }
        }
        self.finish();
        is_sound
    }
}

/// By how much a piece changes what is on hand, reserved and committed.
type Moves = (i64, i64, i64);

/// Where a hold is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Life {
    #[default]
    Held,
    Committed,
    Fulfilled,
    Released,
    Expired,
}

impl Life {
    /// The name on the wire.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Life::Held => "held",
            Life::Committed => "committed",
            Life::Fulfilled => "fulfilled",
            Life::Released => "released",
            Life::Expired => "expired",
        }
    }
}

impl Item {
    fn available(&self) -> i64 {
        self.on_hand - self.reserved - self.committed - self.damaged
    }

    /// How it stands, as on the wire.
    pub(super) fn condition(&self) -> &'static str {
        match self.available() - self.safety_stock {
            ..=0 => "out_of_stock",
            some if some <= self.reorder_point => "low_stock",
            _ => "in_stock",
        }
    }
}

impl Stock {
    /// Takes one record of `inventory.…`. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        hold: Option<&mut Option<Box<Hold>>>,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let kind = record.kind.strip_prefix("inventory.").unwrap_or_default();
        let change = data["change"].as_str().unwrap_or_default();
        let lines = lines(data);
        let from = data["from"].as_str().unwrap_or_default();
        let number = |name: &str| data[name].as_i64();
        // Which figures move, and how the hold's life goes on from what.
        let (moves, next, allowed): (Moves, Option<Life>, &[Option<Life>]) = match (kind, change) {
            ("updated", "set") => {
                let sku = data["sku"].as_str().unwrap_or_default();
                let moved = number("on_hand").unwrap_or(0) - number("on_hand_before").unwrap_or(0);
                let is_new = !self.items.contains_key(sku);
                let item = self.items.entry(sku.to_owned()).or_default();
                if is_new != data["on_hand_before"].is_null() {
                    findings.add(
                        store,
                        sku,
                        "step",
                        "counted before if and only if it is known",
                        "otherwise",
                    );
                }
                item.on_hand += moved;
                item.reorder_point = number("reorder_point").unwrap_or(0);
                item.safety_stock = number("safety_stock").unwrap_or(0);
                item.version += 1;
                if moved != 0 {
                    item.ledger.push(record.position);
                }
                self.check(sku, number("on_hand"), store, findings);
                return true;
            }
            ("updated", "adjusted") => {
                let sku = data["sku"].as_str().unwrap_or_default().to_owned();
                self.post(&[(sku.clone(), number("delta").unwrap_or(0))], (1, 0, 0), record, store, findings);
                self.check(&sku, number("on_hand"), store, findings);
                return true;
            }
            ("updated", "returned") => {
                self.take_back(record, data, hold, store, findings);
                return true;
            }
            ("updated", "written_off") => {
                let sku = data["sku"].as_str().unwrap_or_default();
                let quantity = number("quantity").unwrap_or(0);
                if let Some(item) = self.items.get_mut(sku) {
                    item.on_hand -= quantity;
                    item.damaged -= quantity;
                    item.version += 1;
                    item.ledger.push(record.position);
                }
                self.check(sku, number("on_hand"), store, findings);
                return true;
            }
            ("backorder_allocated" | "backorder_dropped" | "backorder_reported", _) => {
                self.owed(record, data, hold, &lines, store, findings);
                return true;
            }
            ("reserved", _) => ((0, 1, 0), Some(Life::Held), &[None, Some(Life::Expired)]),
            ("updated", "committed") => ((0, -1, 1), Some(Life::Committed), &[Some(Life::Held)]),
            ("updated", "shipped") => ((-1, 0, -1), Some(Life::Fulfilled), &[Some(Life::Committed)]),
            ("released", _) if from == "committed" => {
                ((0, 0, -1), Some(Life::Released), &[Some(Life::Committed)])
            }
            ("released", _) if data["reason"] == "expired" => {
                ((0, -1, 0), Some(Life::Expired), &[Some(Life::Held)])
            }
            ("released", _) => ((0, -1, 0), Some(Life::Released), &[Some(Life::Held)]),
            ("reservation_extended", _) => ((0, 0, 0), None, &[Some(Life::Held)]),
            ("threshold_reached", _) => return true,
            _ => return false,
        };
        self.post(&lines, moves, record, store, findings);
        let has_left = next == Some(Life::Fulfilled);
        if let Some(number) = data["parcel"].as_u64() {
            let is_sound = hold.and_then(Option::as_deref_mut).is_some_and(|hold| {
                if has_left {
                    hold.leaves(&lines);
                }
                hold.part(number, &lines)
            });
            if !is_sound {
                let subject = data["order"].as_str().unwrap_or("?");
                findings.add(store, subject, "parcel", "part of what is promised, once", &number);
            }
            return true;
        }
        if let Some(hold) = hold {
            let before = hold.as_deref().map(|hold| hold.life);
            if !allowed.contains(&before) {
                let subject = data["order"].as_str().unwrap_or("?");
                findings.add(
                    store,
                    subject,
                    "life of its hold",
                    &format!("one of {allowed:?}"),
                    &format!("{before:?}"),
                );
            }
            if let Some(life) = next {
                let known = hold.as_deref().map(|hold| hold.lines.clone());
                let is_begun = kind == "reserved";
                if let (false, Some(known)) = (is_begun, &known)
                    && *known != lines
                {
                    let subject = data["order"].as_str().unwrap_or("?");
                    findings.add(
                        store,
                        subject,
                        "lines of its hold",
                        &format!("{known:?}"),
                        &format!("{lines:?}"),
                    );
                }
                let before = hold.take().unwrap_or_default();
                let mut after = Hold { life, lines: Vec::new(), parcels: BTreeSet::new(), ..*before };
                if is_begun || life == Life::Committed {
                    after.owed = owed_in(data);
                }
                if has_left {
                    after.leaves(&lines);
                }
                after.lines = lines;
                *hold = Some(Box::new(after));
            }
        }
        true
    }

    /// What an order waits for has come, or is not waited for any more.
    fn owed(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        hold: Option<&mut Option<Box<Hold>>>,
        lines: &[(String, i64)],
        store: &str,
        findings: &mut Findings,
    ) {
        let hold = hold.and_then(Option::as_deref_mut);
        let is_sound = match record.kind {
            "inventory.backorder_allocated" => {
                for (sku, quantity) in lines {
                    let Some(item) = self.items.get_mut(sku) else {
                        findings.add(store, sku, "ledger", "an item that is known", record.kind);
                        continue;
                    };
                    // A reservation and an allocation, each an entry of its own.
                    item.committed += quantity;
                    item.version += 2;
                    item.ledger.push(record.position);
                    self.check(sku, None, store, findings);
                }
                hold.is_some_and(|hold| hold.arrives(lines))
            }
            "inventory.backorder_dropped" => {
                let parcel = data["parcel"].as_u64().unwrap_or(0);
                hold.is_some_and(|hold| hold.drops(parcel, lines))
            }
            _ => hold.is_some_and(|hold| std::mem::take(&mut hold.is_untold)),
        };
        if !is_sound {
            let subject = data["order"].as_str().unwrap_or("?");
            findings.add(store, subject, "what it waits for", "all that it is owed, once", record.kind);
        }
    }

    /// Goods of an order are back: some are sold again, some kept as damaged, some thrown away.
    fn take_back(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        hold: Option<&mut Option<Box<Hold>>>,
        store: &str,
        findings: &mut Findings,
    ) {
        let mut all = Vec::new();
        for line in data["lines"].as_array().map_or(&[][..], Vec::as_slice) {
            let count = |member: &str| line[member].as_i64().unwrap_or(0);
            let (restocked, damaged) = (count("restocked"), count("damaged"));
            let (thrown, sent_on) = (count("written_off"), count("to_vendor"));
            let sku = line["sku"].as_str().unwrap_or_default();
            let Some(item) = self.items.get_mut(sku) else {
                findings.add(store, sku, "ledger", "an item that is known", record.kind);
                continue;
            };
            item.on_hand += restocked + damaged;
            item.damaged += damaged;
            // Each sort of movement is an entry of its own; what is thrown away or sent on came back broken first.
            let moves = [restocked, damaged + thrown + sent_on, thrown, sent_on];
            item.version += moves.iter().filter(|count| **count != 0).count() as u64;
            item.ledger.push(record.position);
            all.push((sku.to_owned(), restocked + damaged + thrown + sent_on));
            self.check(sku, None, store, findings);
        }
        let (receipt, parcel) = (data["receipt"].as_u64().unwrap_or(0), data["parcel"].as_u64());
        let hold = hold.and_then(Option::as_deref_mut);
        let is_sound = hold.is_some_and(|hold| hold.comes_back(receipt, parcel, &all));
        if !is_sound {
            let subject = data["order"].as_str().unwrap_or("?");
            findings.add(store, subject, "receipt", "part of what had left, once", &receipt);
        }
    }

    fn post(
        &mut self,
        lines: &[(String, i64)],
        (on_hand, reserved, committed): Moves,
        record: &Record<'_>,
        store: &str,
        findings: &mut Findings,
    ) {
        if (on_hand, reserved, committed) == (0, 0, 0) {
            return;
        }
        for (sku, quantity) in lines.iter().filter(|(_, quantity)| *quantity != 0) {
            let Some(item) = self.items.get_mut(sku) else {
                findings.add(store, sku, "ledger", "an item that is known", record.kind);
                continue;
            };
            item.on_hand += on_hand * quantity;
            item.reserved += reserved * quantity;
            item.committed += committed * quantity;
            item.version += 1;
            item.ledger.push(record.position);
            self.check(sku, None, store, findings);
        }
    }

    /// What must hold of an item after every event.
    fn check(&self, sku: &str, on_hand: Option<i64>, store: &str, findings: &mut Findings) {
        let Some(item) = self.items.get(sku) else { return };
        if let Some(on_hand) = on_hand {
            findings.compare(store, sku, "on_hand", &item.on_hand, &on_hand);
        }
        for (what, figure) in [
            ("reserved", item.reserved),
            ("committed", item.committed),
            ("damaged", item.damaged),
            ("available", item.available()),
        ] {
            if figure < 0 {
                findings.add(store, sku, what, "not below 0", &figure);
            }
        }
    }

    /// What must hold at the end: what is held and promised is the sum of the holds that live.
    pub(super) fn finish<'a>(
        &self,
        holds: impl Iterator<Item = &'a Hold>,
        store: &str,
        findings: &mut Findings,
    ) {
        let mut sums: HashMap<&str, (i64, i64)> = HashMap::new();
        for hold in holds {
            for (sku, quantity) in &hold.lines {
                let sum = sums.entry(sku).or_default();
                match hold.life {
                    Life::Held => sum.0 += quantity,
                    Life::Committed => sum.1 += quantity,
                    Life::Fulfilled | Life::Released | Life::Expired => {}
                }
            }
        }
        for (sku, item) in &self.items {
            let (reserved, committed) = sums.get(sku.as_str()).copied().unwrap_or_default();
            findings.compare(store, sku, "reserved, by ledger and by holds", &reserved, &item.reserved);
            findings.compare(store, sku, "committed, by ledger and by holds", &committed, &item.committed);
        }
    }
}

/// What a hold is owed beyond what is there.
fn owed_in(data: &Value) -> Vec<(String, i64)> {
    let lines = data["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |line: &Value| Some((line["sku"].as_str()?.to_owned(), line["backordered"].as_i64()?));
    lines.iter().filter_map(line).filter(|(_, quantity)| *quantity > 0).collect()
}

fn lines(data: &Value) -> Vec<(String, i64)> {
    let lines = data["lines"].as_array().map_or(&[][..], Vec::as_slice);
    let line = |line: &Value| Some((line["sku"].as_str()?.to_owned(), line["quantity"].as_i64()?));
    lines.iter().filter_map(line).collect()
}
