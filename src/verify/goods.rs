//! Goods as the journal has them: every fulfilment order from its opening, and every parcel from the door to the end of its
//! way.

use std::collections::BTreeMap;

use serde_json::Value;

use super::findings::Findings;
use crate::journal::Record;
use crate::types::Timestamp;

/// The fulfilment of one order.
#[derive(Default)]
pub(super) struct Goods {
    /// There was work, and these are its parts by number.
    pub(super) parts: BTreeMap<u64, Part>,
    /// Canceled before there was work.
    pub(super) is_never: bool,
    pub(super) version: u64,
    /// Something happened to it that is not known here.
    pub(super) is_beyond: bool,
    /// Its order cannot have its money.
    is_unpaid: bool,
    units: i64,
}

/// One fulfilment order, and its parcel.
#[derive(Clone, Debug, Default)]
pub(super) struct Part {
    /// Pieces by line.
    pub(super) lines: BTreeMap<String, i64>,
    /// Where it is, as on the wire.
    pub(super) word: String,
    /// At which stage it was held.
    stage: String,
    /// It waits for what was never there.
    is_owed: bool,
    pub(super) attempts: u64,
    pub(super) is_stalled: bool,
    /// When it will be there, as far as anybody said.
    pub(super) eta: Option<Timestamp>,
    /// When it was first heard that it is there.
    pub(super) delivered_at: Option<Timestamp>,
    /// What people were told is wrong with it.
    pub(super) reported: Option<String>,
    pub(super) tracking_code: String,
    /// What became of its pieces, where it does not arrive, and whether inventory has them.
    pub(super) ending: Option<(String, &'static str)>,
    /// What was seen, in the order in which it was told: time, status.
    pub(super) scans: Vec<(String, String)>,
}

const STAGES: [&str; 6] = ["allocated", "picking", "picked", "packing", "packed", "ready_to_ship"];

impl Part {
    pub(super) fn units(&self) -> i64 {
        self.lines.values().sum()
    }

    fn has_left(&self) -> bool {
        !self.tracking_code.is_empty() && self.word != "leaving"
    }

    /// The status of the newest scan, unless a final one was seen.
    fn follow(&mut self) {
        // What is settled is settled.
        if self.ending.is_some() {
            return;
        }
        let is_final = |status: &str| matches!(status, "delivered" | "return_to_sender");
        if let Some((_, status)) = self.scans.iter().find(|(_, status)| is_final(status)) {
            self.word.clone_from(status);
            return;
        }
        // Of two at the same time the later told counts.
        if let Some((_, status)) = self.scans.iter().max_by(|one, other| one.0.cmp(&other.0)) {
            self.word.clone_from(status);
        }
    }
}

impl Goods {
    /// Takes one record of `fulfillment.…` or `shipment.…`. Says whether its kind is known.
    pub(super) fn apply(
        &mut self,
        record: &Record<'_>,
        data: &Value,
        store: &str,
        findings: &mut Findings,
    ) -> bool {
        let subject = data["order"].as_str().unwrap_or("?").to_owned();
        let number = data["number"].as_u64();
        let is_known = match record.kind {
            "fulfillment.opened" => self.open(data),
            "fulfillment.canceled" if number.is_none() => {
                self.is_never = true;
                self.version += 1;
                return true;
            }
            "fulfillment.reported" => true,
            "fulfillment.payment_awaited" | "fulfillment.payment_arrived" => {
                let is_unpaid = record.kind == "fulfillment.payment_awaited";
                if std::mem::replace(&mut self.is_unpaid, is_unpaid) == is_unpaid {
                    findings.add(
                        store,
                        &subject,
                        "wait for the money",
                        "begun once and ended once",
                        record.kind,
                    );
                }
                true
            }
            "fulfillment.split" => {
                self.split(data);
                let sum: i64 = self.parts.values().map(Part::units).sum();
                findings.compare(store, &subject, "pieces in all parts", &self.units, &sum);
                true
            }
            "fulfillment.picked_short" => {
                let from = number.and_then(|number| self.parts.get(&number));
                if from.is_none_or(|part| part.word != "picking") {
                    findings.add(
                        store,
                        &subject,
                        "step of a fulfilment order",
                        "one that is picked",
                        record.kind,
                    );
                }
                let part = if data["into"].is_null() {
                    number
                } else {
                    self.split(data);
                    data["into"].as_u64()
                };
                if let Some(part) = part.and_then(|number| self.parts.get_mut(&number)) {
                    part.stage = "picking".into();
                    part.word = if data["remedy"] == "split" { "on_hold" } else { "incomplete" }.into();
                }
                let sum: i64 = self.parts.values().map(Part::units).sum();
                findings.compare(store, &subject, "pieces in all parts", &self.units, &sum);
                true
            }
            kind => match number.and_then(|number| self.parts.get_mut(&number)) {
                Some(part) => {
                    let before = part.word.clone();
                    match part.step(kind, data, record.at) {
                        Some(true) => true,
                        Some(false) => {
                            let expected = format!("a step that may follow {before}");
                            findings.add(store, &subject, "step of a fulfilment order", &expected, kind);
                            true
                        }
                        None => false,
                    }
                }
                None if is_ours(kind) => {
                    findings.add(
                        store,
                        &subject,
                        "fulfilment order",
                        "one that was opened",
                        &format!("{number:?}"),
                    );
                    true
                }
                None => false,
            },
        };
        self.version += 1;
        self.is_beyond |= !is_known;
        is_known
    }

    fn open(&mut self, data: &Value) -> bool {
        let mut number = 0;
        for (member, word) in [("lines", "allocated"), ("owed", "on_hold")] {
            let lines = pieces(&data[member]);
            if lines.is_empty() {
                continue;
            }
            number += 1;
            self.units += lines.values().sum::<i64>();
            let is_owed = member == "owed";
            let part =
                Part { lines, word: word.into(), stage: "allocated".into(), is_owed, ..Part::default() };
            self.parts.insert(number, part);
        }
        true
    }

    fn split(&mut self, data: &Value) {
        let (from, into) = (data["number"].as_u64().unwrap_or(0), data["into"].as_u64().unwrap_or(0));
        let parted = pieces(&data["lines"]);
        let Some(part) = self.parts.get_mut(&from) else { return };
        for (line, quantity) in &parted {
            *part.lines.entry(line.clone()).or_default() -= quantity;
        }
        part.lines.retain(|_, quantity| *quantity != 0);
        let new = Part { lines: parted, word: part.word.clone(), ..Part::default() };
        self.parts.insert(into, new);
    }

    /// How many pieces have left.
    pub(super) fn shipped(&self) -> i64 {
        self.parts.values().filter(|part| part.has_left()).map(Part::units).sum()
    }

    /// How many pieces of each line are where they should be.
    pub(super) fn delivered(&self) -> BTreeMap<String, i64> {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for part in self.parts.values().filter(|part| part.word == "delivered") {
            for (line, quantity) in &part.lines {
                *sums.entry(line.clone()).or_default() += quantity;
            }
        }
        sums
    }

    /// Whether something of it is still to happen by itself or by a carrier.
    pub(super) fn is_working(&self) -> bool {
        let rests = |part: &Part| match &part.ending {
            Some((_, stock)) => *stock != "pending",
            None => matches!(part.word.as_str(), "canceled" | "delivered" | "return_to_sender"),
        };
        !self.parts.values().all(rests)
    }
}

fn is_ours(kind: &str) -> bool {
    // What only a later release knows is not judged.
    let moves = ["held", "released", "stock_arrived", "given_up", "canceled", "closed", "dispatch_requested"];
    kind.strip_prefix("fulfillment.").is_some_and(|kind| moves.contains(&kind) || stage_of(kind).is_some())
        || kind.strip_prefix("shipment.").is_some_and(is_scan)
        || matches!(kind, "shipment.created" | "shipment.stalled" | "shipment.trouble_reported")
        || kind == "shipment.eta_changed"
        || matches!(kind, "shipment.taken_back" | "shipment.lost")
        || matches!(kind, "shipment.stock_booked" | "shipment.stock_refused")
}

fn time(text: &Value) -> Option<Timestamp> {
    text.as_str().and_then(|text| Timestamp::parse(text).ok())
}

fn stage_of(kind: &str) -> Option<&'static str> {
    let word = kind.strip_suffix("_started").unwrap_or(kind);
    STAGES.into_iter().skip(1).find(|stage| *stage == word)
}

fn is_scan(kind: &str) -> bool {
    matches!(
        kind,
        "in_transit"
            | "out_for_delivery"
            | "delivered"
            | "attempt_failed"
            | "returned"
            | "failed"
            | "scanned"
    )
}

impl Part {
    /// Takes a step. Says whether it was legal; nothing for one that is not known.
    fn step(&mut self, kind: &str, data: &Value, at: Timestamp) -> Option<bool> {
        let (topic, kind) = kind.split_once('.')?;
        if topic == "shipment" && is_scan(kind) {
            let text = |member: &str| data["scan"][member].as_str().unwrap_or_default().to_owned();
            let is_legal = self.has_left();
            self.scans.push((text("at"), text("status")));
            self.attempts += u64::from(data["scan"]["is_failed_attempt"] == true);
            self.is_stalled = false;
            self.eta = time(&data["eta"]).or(self.eta);
            self.follow();
            if self.word == "delivered" {
                self.delivered_at = self.delivered_at.or(Some(at));
            }
            return Some(is_legal);
        }
        let stage = STAGES.iter().position(|stage| *stage == self.word);
        Some(match (topic, kind) {
            ("shipment", "created") => {
                let is_legal = matches!(self.word.as_str(), "ready_to_ship" | "leaving");
                self.tracking_code = data["tracking_code"].as_str().unwrap_or_default().to_owned();
                self.word = "pre_transit".into();
                self.eta = time(&data["eta"]);
                is_legal
            }
            ("shipment", "eta_changed") => {
                self.eta = time(&data["eta"]);
                self.has_left() && self.ending.is_none()
            }
            ("shipment", "trouble_reported") => {
                self.reported = data["trouble"].as_str().map(ToOwned::to_owned);
                self.has_left()
            }
            ("shipment", "stalled") => !std::mem::replace(&mut self.is_stalled, true) && self.has_left(),
            ("shipment", "taken_back" | "lost") => {
                let is_open = self.ending.as_ref().is_none_or(|(_, stock)| *stock == "refused");
                let becomes = data["becomes"].as_str().unwrap_or_default();
                let is_legal = self.has_left() && self.word != "delivered" && is_open;
                self.ending = Some((becomes.to_owned(), "pending"));
                is_legal && (becomes == "lost") == (kind == "lost")
            }
            ("shipment", "stock_booked" | "stock_refused") => match &mut self.ending {
                Some((_, stock)) => {
                    let was = *stock;
                    *stock = if kind == "stock_booked" { "booked" } else { "refused" };
                    was == "pending"
                }
                None => false,
            },
            ("fulfillment", "held") => {
                self.stage = if self.word == "leaving" { "ready_to_ship".into() } else { self.word.clone() };
                self.word = "on_hold".into();
                self.tracking_code.clear();
                stage.is_some() || self.stage == "ready_to_ship"
            }
            ("fulfillment", "released") => {
                let is_legal = self.word == "on_hold";
                self.word.clone_from(&self.stage);
                is_legal
            }
            ("fulfillment", "stock_arrived") => {
                let is_legal = self.word == "on_hold" && std::mem::take(&mut self.is_owed);
                self.word = "allocated".into();
                is_legal
            }
            ("fulfillment", "given_up") => {
                let is_legal = stage.is_some() || self.word == "on_hold";
                self.word = "incomplete".into();
                is_legal
            }
            ("fulfillment", "dispatch_requested") => {
                let is_legal = self.word == "ready_to_ship";
                self.word = "leaving".into();
                is_legal
            }
            ("fulfillment", "closed") => self.has_left(),
            ("fulfillment", "canceled") => {
                let is_legal = !self.has_left() && self.word != "canceled";
                self.word = "canceled".into();
                is_legal
            }
            ("fulfillment", kind) => {
                let next = stage_of(kind)?;
                let is_legal = stage.and_then(|at| STAGES.get(at + 1)) == Some(&next);
                self.word = next.to_owned();
                is_legal
            }
            _ => return None,
        })
    }
}

fn pieces(lines: &Value) -> BTreeMap<String, i64> {
    let lines = lines.as_array().map_or(&[][..], Vec::as_slice);
    let piece = |line: &Value| Some((line["line"].as_str()?.to_owned(), line["quantity"].as_i64()?));
    lines.iter().filter_map(piece).collect()
}
