//! Carrying out a request that changes something.
//!
//! ```text
//! door shut / reset ──▶ no trace
//!        │
//! key known ──▶ the same answer again (other parameters: 400)
//! key in use ─▶ 409
//!        │
//! (half of the wait) ─▶ carried out, remembered ─▶ (other half) ─▶ on disk ─▶ answered or not
//! ```
//!
//! From "carried out" on, nothing depends on the client still being there.

use std::sync::Arc;
use std::time::Duration;

use super::tricks::Trick;
use super::{Answer, Desk, Reply, Request, Teller};
use crate::bank::{About, Ask, Circumstances, Dice, Effect, Expand, Refusal, Trouble, Verdict};
use crate::clock;
use crate::render;
use crate::weather::{Fate, Injected};

/// What came of a request's first moment.
enum Begun {
    Done(Reply),
    /// It has to wait: its key is in use from now on.
    Later {
        delay_ms: u64,
    },
}

/// Whether the answer is kept back for a while after the deed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    No,
    Yes,
}

impl Teller {
    /// Serves one change.
    pub(crate) async fn change(self: &Arc<Self>, request: Request) -> Reply {
        let now_ms = clock::now_ms();
        let store = self.store_of_change(&request);
        let fate = self.sky.fate_of_change(store.as_deref(), now_ms);
        match self.begin(&request, &fate, now_ms) {
            Begun::Done(reply) => reply,
            Begun::Later { delay_ms } => {
                let teller = Arc::clone(self);
                let deed = actix_web::rt::spawn(async move {
                    tokio::time::sleep(Duration::from_millis(delay_ms / 2)).await;
                    let reply = teller.finish(&request, &fate);
                    tokio::time::sleep(Duration::from_millis(delay_ms.div_ceil(2))).await;
                    reply
                });
                // The task ends early only with the whole runtime.
                deed.await.unwrap_or(Reply::Hangup { position: 0 })
            }
        }
    }

    /// The store a change is about; only found out when some store has weather of its own.
    fn store_of_change(&self, request: &Request) -> Option<String> {
        if !self.sky.is_by_store() {
            return None;
        }
        if let Some(store) = request.form.get("metadata[store_id]") {
            return Some(store.to_owned());
        }
        let ask = request.ask().ok()?;
        self.desk.lock().bank.store_of_ask(&request.account, &ask)
    }

    fn begin(&self, request: &Request, fate: &Fate, now_ms: i64) -> Begun {
        let mut desk = self.desk.lock();
        if let Some(status) = fate.refuse {
            let trouble = Trouble::of_ours(status);
            return Begun::Done(Reply::Answer(Answer {
                should_retry: Some(true),
                retry_after_s: fate.retry_after_s,
                ..desk.refusal(&trouble)
            }));
        }
        let position = desk.bank.position();
        if fate.drop_before {
            return Begun::Done(Reply::Hangup { position });
        }
        desk.bank.settle_due(now_ms);
        if let Some(answer) = desk.known(request) {
            return match fate.delay_ms {
                0 => Begun::Done(self.hand_over(answer, fate)),
                delay_ms => Begun::Later { delay_ms },
            };
        }
        let ask = match request.ask() {
            Ok(ask) => ask,
            Err(trouble) => return Begun::Done(Reply::Answer(desk.refusal(&trouble))),
        };
        let delay_ms = fate.delay_ms.max(desk.slowness(request, &ask));
        if delay_ms == 0 {
            let reply = self.carry_out(&mut desk, request, &ask, fate, now_ms, Waits::No);
            return Begun::Done(reply);
        }
        if let Some(hash) = request.key_hash() {
            desk.in_use.insert(hash, request.fingerprint());
        }
        Begun::Later { delay_ms }
    }

    /// After the first half of a wait.
    fn finish(&self, request: &Request, fate: &Fate) -> Reply {
        let now_ms = clock::now_ms();
        let mut desk = self.desk.lock();
        desk.bank.settle_due(now_ms);
        let hash = request.key_hash();
        if let Some(hash) = hash {
            desk.in_use.remove(&hash);
        }
        if let Some(answer) = desk.known(request) {
            return self.hand_over(answer, fate);
        }
        match request.ask() {
            Ok(ask) => self.carry_out(&mut desk, request, &ask, fate, now_ms, Waits::Yes),
            Err(trouble) => Reply::Answer(desk.refusal(&trouble)),
        }
    }

    fn hand_over(&self, answer: Answer, fate: &Fate) -> Reply {
        if answer.replayed {
            self.stats.replayed();
        }
        if fate.drop_after { Reply::Hangup { position: answer.position } } else { Reply::Answer(answer) }
    }

    fn carry_out(
        &self,
        desk: &mut Desk,
        request: &Request,
        ask: &Ask<'_>,
        fate: &Fate,
        now_ms: i64,
        waits: Waits,
    ) -> Reply {
        let account = desk.bank.accounts.open(&request.account);
        let trick = desk.trick(request, account, ask);
        if let Some(planned) = trick {
            match planned.trick {
                Trick::SilenceBefore => {
                    desk.bank.count_failure(planned.tally);
                    let position = desk.bank.position();
                    return Reply::Silence { position };
                }
                Trick::Shed => {
                    desk.bank.count_failure(planned.tally);
                    return Reply::Answer(Answer {
                        should_retry: Some(true),
                        ..desk.refusal(&Trouble::of_ours(503))
                    });
                }
                Trick::Fail => {
                    desk.bank.count_failure(planned.tally);
                    return Reply::Answer(desk.fault(request, account, 500, now_ms));
                }
                Trick::SilenceAfter | Trick::CutShort | Trick::Slow { .. } => {}
            }
        }
        if let Some(Injected::Before(status)) = fate.error {
            let answer = desk.fault(request, account, status, now_ms);
            return self.hand_over(answer, fate);
        }
        let mut answer = desk.execute(request, ask, account, fate, now_ms);
        let moved_by_trick = trick.filter(|_| answer.status == 200).map(|planned| planned.trick);
        match moved_by_trick {
            Some(Trick::SilenceAfter) => Reply::Silence { position: answer.position },
            Some(Trick::CutShort) => Reply::CutShort(answer),
            _ => {
                // Nothing is between here and the connection: spare the second visit to the desk.
                if waits == Waits::No && !fate.drop_after && !self.waits_for_disk() {
                    let rows = std::mem::replace(&mut answer.rows, 0..0);
                    desk.bank.answered(rows);
                }
                self.hand_over(answer, fate)
            }
        }
    }
}

impl Desk {
    /// The answer that is certain before anything is carried out: the one given before, or that the key
    /// cannot be used for this now.
    fn known(&self, request: &Request) -> Option<Answer> {
        let key = request.key.as_ref()?;
        let bank = &self.bank;
        let record = bank.accounts.find(&request.account).and_then(|account| bank.recall(account, key));
        if let Some(record) = record {
            if record.fingerprint() != request.fingerprint() {
                return Some(self.refusal(&Trouble::other_parameters(key)));
            }
            return Some(Answer {
                replayed: true,
                position: bank.position(),
                ..Answer::new(record.status, render::record(bank, record))
            });
        }
        let in_use = self.in_use.get(&request.key_hash()?)?;
        let trouble = if *in_use == request.fingerprint() {
            Trouble::key_in_use(key)
        } else {
            Trouble::other_parameters(key)
        };
        Some(Answer { should_retry: (trouble.status == 409).then_some(true), ..self.refusal(&trouble) })
    }

    /// How long the request's own payment method makes it wait.
    fn slowness(&self, request: &Request, ask: &Ask<'_>) -> u64 {
        // An account that never did anything has no intents to confirm, so any number will do for it.
        let account = self.bank.accounts.find(&request.account).unwrap_or(u32::MAX);
        match self.trick(request, account, ask).map(|planned| planned.trick) {
            Some(Trick::Slow { ms }) => ms,
            _ => 0,
        }
    }

    /// Carries a request out and remembers the answer under its key.
    fn execute(
        &mut self,
        request: &Request,
        ask: &Ask<'_>,
        account: u32,
        fate: &Fate,
        now_ms: i64,
    ) -> Answer {
        let key = request.key.as_ref().map(|key| self.bank.texts.put(key));
        let with = Circumstances { account, now_ms, key, dice: Dice { decline: fate.decline } };
        let (effect, verdict) = match self.bank.plan(ask, with) {
            Ok((effect, verdict)) => (effect, verdict),
            Err(Refusal::Invalid(trouble)) => return self.refusal(&trouble),
            Err(Refusal::State(trouble)) => {
                if key.is_none() {
                    return self.refusal(&trouble);
                }
                let body = render::trouble(&self.bank, &trouble);
                let body = String::from_utf8(body).expect("made of whole texts");
                let verdict =
                    Verdict { status: trouble.status, expand: Expand::default(), about: About::Text(body) };
                (Effect::nothing(account, now_ms, key), verdict)
            }
        };
        let verdict = match fate.error {
            Some(Injected::After(status)) => Verdict { status, about: About::Fault, ..verdict },
            Some(Injected::Before(_)) | None => verdict,
        };
        self.commit(request, effect, verdict)
    }

    /// Remembers a 5xx in place of carrying the request out.
    fn fault(&mut self, request: &Request, account: u32, status: u16, now_ms: i64) -> Answer {
        let key = request.key.as_ref().map(|key| self.bank.texts.put(key));
        let verdict = Verdict { status, expand: Expand::default(), about: About::Fault };
        self.commit(request, Effect::nothing(account, now_ms, key), verdict)
    }

    fn commit(&mut self, request: &Request, effect: Effect, verdict: Verdict) -> Answer {
        let (status, expand) = (verdict.status, verdict.expand);
        let (outcome, rows) = self.bank.commit(effect, request.fingerprint(), verdict);
        Answer {
            rows,
            position: self.bank.position(),
            ..Answer::new(status, render::outcome(&self.bank, outcome, status, expand))
        }
    }

    /// An answer that leaves no trace.
    pub(crate) fn refusal(&self, trouble: &Trouble) -> Answer {
        Answer {
            position: self.bank.position(),
            ..Answer::new(trouble.status, render::trouble(&self.bank, trouble))
        }
    }
}
