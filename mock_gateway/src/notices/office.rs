//! All endpoints' lanes: what is sent to whom now, and what is written down of what they heard.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lane::{Fate, Lane};
use crate::bank::{Bank, Endpoint, EventNumber, NO_STORE, Target};
use crate::clock;
use crate::render;
use crate::teller::Teller;

/// How far somebody has heard is written down no more often than this, unless all is told.
const NOTE_EVERY_MS: i64 = 100;

/// What became of notices, counted. Relaxed: they are figures, nothing rests on them.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) delivered: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) given_up: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) duplicated: AtomicU64,
    pub(crate) held_back: AtomicU64,
    /// In hand now.
    pub(crate) waiting: AtomicU64,
}

/// An event for one address.
pub(super) struct Letter {
    pub(super) era: u64,
    pub(super) endpoint: u32,
    pub(super) event: EventNumber,
    pub(super) target: Target,
    pub(super) secrets: Vec<String>,
    pub(super) body: Vec<u8>,
}

/// What became of a letter.
pub(super) struct Answered {
    era: u64,
    endpoint: u32,
    event: EventNumber,
    is_heard: bool,
}

impl Letter {
    pub(super) fn answered(&self, outcome: Result<(), String>) -> Answered {
        if let Err(why) = &outcome {
            tracing::debug!(host = %self.target.host, %why, "a notice was not taken");
        }
        Answered { era: self.era, endpoint: self.endpoint, event: self.event, is_heard: outcome.is_ok() }
    }
}

/// What is to be done now, and when to look again.
#[derive(Default)]
pub(super) struct Round {
    pub(super) letters: Vec<Letter>,
    /// How far the data file has to be on disk before anybody may hear this.
    pub(super) position: u64,
    pub(super) wake_ms: Option<i64>,
}

struct Desk {
    lane: Lane,
    noted: EventNumber,
    noted_ms: i64,
}

/// Everything in hand. Forgotten with the books it is about.
#[derive(Default)]
pub(super) struct Office {
    era: u64,
    desks: HashMap<u32, Desk>,
}

impl Office {
    /// Looks at every endpoint once.
    pub(super) fn round(&mut self, teller: &Teller, now_ms: i64) -> Round {
        let mut desk = teller.desk.lock();
        let bank = &mut desk.bank;
        if self.era != bank.era.seed() {
            *self = Office { era: bank.era.seed(), desks: HashMap::new() };
        }
        let mut round = Round::default();
        let listeners = (0..bank.endpoints.count()).filter(|number| {
            let listens = bank.endpoints.current(*number).listens();
            if !listens {
                self.desks.remove(number);
            }
            listens
        });
        let listeners: Vec<u32> = listeners.collect();
        if !listeners.is_empty() {
            bank.settle_due(now_ms);
            round.wake_ms = bank.next_due();
        }
        for number in listeners {
            let endpoint = bank.endpoints.current(number).clone();
            let told = bank.told(&endpoint);
            let of_it = self.desks.entry(number).or_insert_with(|| Desk {
                lane: Lane::new(told),
                noted: told,
                noted_ms: now_ms,
            });
            // It may have been switched off and on again since anybody looked.
            of_it.lane.begin_at(told);
            fill(&mut of_it.lane, bank, &endpoint, teller, now_ms);
            for event in of_it.lane.due(now_ms) {
                round.letters.extend(letter(bank, &endpoint, event, now_ms));
            }
            let told = of_it.lane.told();
            let is_time = of_it.lane.len() == 0 || now_ms - of_it.noted_ms >= NOTE_EVERY_MS;
            if told > of_it.noted && is_time {
                bank.note_told(number, told);
                (of_it.noted, of_it.noted_ms) = (told, now_ms);
            }
            let wake_ms = of_it.lane.wake_ms();
            round.wake_ms = [round.wake_ms, wake_ms].into_iter().flatten().min();
        }
        let waiting: usize = self.desks.values().map(|desk| desk.lane.len()).sum();
        teller.notices.waiting.store(waiting as u64, Ordering::Relaxed);
        round.position = bank.position();
        round
    }

    /// Notes what became of a letter.
    pub(super) fn note(&mut self, teller: &Teller, answered: Answered) {
        if answered.era != self.era {
            return;
        }
        let Some(desk) = self.desks.get_mut(&answered.endpoint) else { return };
        let tally = &teller.notices;
        let count = match desk.lane.answered(answered.event, answered.is_heard, clock::now_ms()) {
            Fate::Heard => &tally.delivered,
            Fate::Again => &tally.failed,
            Fate::GivenUp => &tally.given_up,
            Fate::Unknown => return,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Takes what happened since in hand, and decides each event's luck.
fn fill(lane: &mut Lane, bank: &Bank, endpoint: &Endpoint, teller: &Teller, now_ms: i64) {
    let tally = &teller.notices;
    while lane.has_room() {
        let Some(event) = bank.next_for(endpoint, lane.next()) else {
            lane.skip_to(EventNumber::first_of(bank.news.len()));
            return;
        };
        let Some((item, _)) = bank.news.of_event(event) else { return };
        let store = bank.store_of_item(item);
        let store = (store != NO_STORE).then(|| bank.ledger.store_name(store));
        let luck = teller.sky.luck_of_notice(store, now_ms);
        let twice = bank.tells_twice(item) || luck.duplicate;
        if luck.lose {
            tally.lost.fetch_add(1, Ordering::Relaxed);
        } else {
            tally.duplicated.fetch_add(u64::from(twice), Ordering::Relaxed);
            tally.held_back.fetch_add(u64::from(luck.held_ms > 0), Ordering::Relaxed);
        }
        let copies = if luck.lose { 0 } else { 1 + u32::from(twice) };
        lane.take(event, now_ms + luck.held_ms, copies);
    }
}

fn letter(bank: &Bank, endpoint: &Endpoint, event: EventNumber, now_ms: i64) -> Option<Letter> {
    // Checked when it was taken; a file could have been written by hand.
    let target = Target::parse(bank.texts.get(endpoint.url))?;
    let mut secrets = vec![bank.texts.get(endpoint.secret).to_owned()];
    let old = endpoint.old_secret.filter(|(_, until_ms)| *until_ms > now_ms);
    secrets.extend(old.map(|(secret, _)| bank.texts.get(secret).to_owned()));
    Some(Letter {
        era: bank.era.seed(),
        endpoint: endpoint.number,
        event,
        target,
        secrets,
        body: render::event(bank, event),
    })
}
