//! The one actor that runs every aggregate: admit, decide, fold, append, steps at once; answers, calls and timers once
//! durable.
//!
//! Decide and fold happen before anything is awaited, so a command sees a whole state and many commands share one sync.
//! A panic in a decision leaves a half-changed state: the family is broken up, and its supervisor rebuilds it.

use std::cell::Cell;
use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, AsyncContext, Context, Handler, SpawnHandle};

use super::aggregate::Due;
use super::ask::{Answer, Ask, Condition, Fault, Look, Refusal, Reply};
use super::commit::Durable;
use super::event::Event as _;
use super::idempotency::Known;
use super::instances::{Instance, Instances, Permit};
use super::wiring::{Family, Wiring};
use crate::types::{Actor as Who, Cause, Meta, RequestKey, Timestamp, clock};

/// How many instances one turn wakes or resumes before others get theirs.
const TURN_MAX: usize = 256;
/// How many instances at rest stay in memory for a while after views can see them.
const RESTING_MIN: usize = 4;
/// How long after something happened that while is over: none that views can see stays then.
const LETS_GO_AFTER: Duration = Duration::from_secs(1);

/// Runs all instances of one aggregate of one store.
pub struct AggregateActor<A: Wiring> {
    family: Rc<A::Family>,
    instances: Instances<A::Key, A::State>,
    timers: BTreeSet<(Timestamp, A::Key)>,
    alarm: Option<(Timestamp, SpawnHandle)>,
    /// Instances that came to rest, oldest first, with the ticket of the event that did it. What came to rest again since has
    /// another entry, and the earlier is void.
    resting: VecDeque<(u64, A::Key)>,
    newest_dropped: Option<A::Key>,
    /// Whether it will soon look at what it may let go.
    lets_go_soon: bool,
}

/// Goes on with what a restart interrupted: what is in memory, and open instances after this key.
pub struct Resume<A: Wiring>(pub Option<A::Key>);

impl<A: Wiring> actix::Message for Resume<A> {
    type Result = ();
}

/// Ends the actor: the family is broken up or put to sleep.
#[derive(Clone, Copy, Debug, actix::Message)]
#[rtype(result = "()")]
pub struct Stop;

/// A command after decide and fold.
struct Folded<A: Wiring> {
    steps: Vec<A::Step>,
    call: Option<A::Call>,
    cause: Option<Cause>,
}

type Caller<A> = tokio::sync::oneshot::Sender<Result<Answer, Refusal<<A as super::Aggregate>::Rejection>>>;

impl<A: Wiring> AggregateActor<A> {
    /// An actor with these instances, for a family on this thread.
    pub fn new(family: Rc<A::Family>, instances: impl IntoIterator<Item = (A::Key, A::State)>) -> Self {
        Self {
            family,
            instances: Instances::new(A::IS_SINGLE, instances),
            timers: BTreeSet::new(),
            alarm: None,
            resting: VecDeque::new(),
            newest_dropped: None,
            lets_go_soon: false,
        }
    }

    fn take(&mut self, ask: Ask<A>, ctx: &mut Context<Self>) {
        let Ask { key, request, meta, deadline, condition, reply } = ask;
        match self.admit(&meta, deadline) {
            // Whoever asks from outside is told before anything happens; what siblings tell each other goes with the family.
            Ok(Known::New) if matches!(reply, Reply::Caller { .. }) && !self.family.takes_events() => {
                return refuse::<A>(reply, Refusal::Fault(Fault::JournalRefused));
            }
            Ok(Known::New) => {}
            Ok(Known::Answered(answer)) => return self.replay(reply, answer),
            Err(fault) => return refuse::<A>(reply, Refusal::Fault(fault)),
        }
        self.let_go_soon(ctx);
        let condition = condition.as_ref();
        let folded = catch_unwind(AssertUnwindSafe(|| self.decide(key, request, &meta, condition, &reply)));
        match folded {
            Ok(Ok(folded)) => {
                let is_unchanged = folded.cause.is_none();
                let revealed = AssertUnwindSafe(|| {
                    self.reveal(key, &meta, folded, reply, ctx);
                    if is_unchanged {
                        self.forget_if_at_rest(key);
                    }
                });
                if let Err(panic) = catch_unwind(revealed) {
                    self.family.break_up(A::NAME, &said(panic.as_ref()));
                }
            }
            Ok(Err(why @ (Refusal::Rejected(_) | Refusal::Changed { .. }))) => self.reject(key, reply, why),
            Ok(Err(Refusal::Fault(fault))) => {
                // A sibling cannot be told to ask again: the whole family does, from what is stored.
                if !matches!(reply, Reply::Caller { .. }) {
                    self.family.break_up(A::NAME, &fault.to_string());
                }
                refuse::<A>(reply, Refusal::Fault(fault));
            }
            Err(panic) => {
                self.family.break_up(A::NAME, &said(panic.as_ref()));
                refuse::<A>(reply, Refusal::Fault(Fault::Rebuilding));
            }
        }
    }

    fn admit(&self, meta: &Meta, deadline: Option<std::time::Instant>) -> Result<Known, Fault> {
        if self.family.is_broken() {
            return Err(Fault::Rebuilding);
        }
        if deadline.is_some_and(|deadline| clock::monotonic() > deadline) {
            return Err(Fault::DeadlinePassed);
        }
        self.family.touch();
        meta.key.map_or(Ok(Known::New), |key| self.family.keys().check(key))
    }

    /// Decides and folds. Everything here is synchronous: no other command sees the state in between.
    fn decide(
        &mut self,
        key: A::Key,
        request: A::Request,
        meta: &Meta,
        condition: Option<&Condition<A>>,
        reply: &Reply<A>,
    ) -> Result<Folded<A>, Refusal<A::Rejection>> {
        let family = Rc::clone(&self.family);
        let was_dropped = self.newest_dropped.is_some_and(|newest| key <= newest);
        let instance = self.instances.get_or_make(key, || {
            let is_fresh = !was_dropped && A::is_fresh(&family, key);
            if is_fresh { Ok(A::State::default()) } else { A::load(&family, key) }
        })?;
        let state = &mut instance.state;
        let command = A::prepare(&family, key, state, request)?;
        let is_there = condition.map(|condition| met(condition, reply, state)).transpose()?;
        let log = family.log();
        let at = log.now();
        crate::fault_point!("decide", log.store().as_str());
        let events = A::decide(state, command, at).map_err(Refusal::Rejected)?;
        // Where nothing is, the domain says so first; what it would have made was expected to be there.
        if is_there == Some(false) {
            return Err(Refusal::Changed { now: None });
        }
        if events.is_empty() {
            return Ok(Folded { steps: Vec::new(), call: None, cause: None });
        }
        let events = Arc::new(events);
        let before = A::due(state);
        let mut steps = Vec::new();
        for event in &*events {
            A::evolve(state, event, at);
            steps.extend(A::tells(state, event));
        }
        let due = A::due(state);
        let is_at_rest = due.is_nothing();
        let Due { steps: owed, call, timer } = due;
        steps.extend(owed.into_iter().filter(|step| !before.steps.contains(step)));
        let is_revoked = before.call.is_some() && before.call != call;
        let call = call.filter(|call| before.call.as_ref() != Some(call));
        crate::fault_point!(of "folded", A::NAME, log.store().as_str());
        let cause = log.append(meta, &events, at);
        #[cfg(feature = "faults")]
        super::fault_points::pass_when_recorded(log, events.iter().map(|event| event.kind()));
        tracing::trace!(store.id = %log.store(), aggregate = A::NAME, kind = events[0].kind(), "folded");
        A::changed(&family, state, &events, at);
        A::flowed(&family, key, &events, meta, at);
        if is_revoked {
            instance.revoke();
        }
        arm(&mut self.timers, key, &mut instance.armed, timer.map(|(at, _)| at));
        if is_at_rest && !A::IS_SINGLE {
            self.resting.push_back((log.ticket(), key));
            instance.rests_since = Some(log.ticket());
        }
        Ok(Folded { steps, call, cause: Some(cause) })
    }

    /// Steps go out at once, the rest once durable.
    fn reveal(
        &mut self,
        key: A::Key,
        meta: &Meta,
        folded: Folded<A>,
        reply: Reply<A>,
        ctx: &mut Context<Self>,
    ) {
        let Folded { steps, call, cause } = folded;
        if let Some(Instance { state, .. }) = self.instances.get(key) {
            answer(&self.family, state, meta.key.filter(|_| cause.is_some()), cause, reply);
            if let Some(cause) = cause {
                for step in steps {
                    A::step(&self.family, key, state, step, cause);
                }
            }
        }
        if let Some(call) = call {
            self.make_when_durable(key, call);
        }
        if cause.is_some() {
            self.set_alarm(ctx);
        }
        self.drop_resting(RESTING_MIN);
    }

    fn reject(&mut self, key: A::Key, reply: Reply<A>, why: Refusal<A::Rejection>) {
        match reply {
            Reply::None => {
                tracing::debug!(store.id = %self.family.log().store(), aggregate = A::NAME, %key, %why, "command rejected");
            }
            // A rejection, too, rests on what was folded before it.
            Reply::Caller { to, .. } => self.family.log().when_durable(move |durable| {
                let answer = match durable {
                    Durable::At(_) => why,
                    Durable::Refused => Refusal::Fault(Fault::JournalRefused),
                };
                let _ = to.send(Err(answer));
            }),
            Reply::Sibling(heard) => {
                // A sibling expects nothing, so the domain it was that said no.
                if let (Some(known), Refusal::Rejected(why)) = (self.instances.get(key), why) {
                    heard(&known.state, Err(why));
                }
            }
        }
        self.forget_if_at_rest(key);
    }

    fn replay(&self, reply: Reply<A>, answer: Answer) {
        if let Reply::Caller { to, .. } = reply {
            self.family.log().when_durable(move |_| {
                let _ = to.send(Ok(answer));
            });
        }
    }

    fn set_alarm(&mut self, ctx: &mut Context<Self>) {
        let next = self.timers.first().map(|(at, _)| *at);
        match (next, &self.alarm) {
            (None, _) => {
                if let Some((_, handle)) = self.alarm.take() {
                    ctx.cancel_future(handle);
                }
            }
            (Some(next), Some((set, _))) if *set <= next => {}
            (Some(next), _) => {
                if let Some((_, handle)) = self.alarm.take() {
                    ctx.cancel_future(handle);
                }
                let wait = self.family.log().now().until(next);
                let handle = ctx.run_later(wait, |actor, ctx| actor.ring(ctx));
                self.alarm = Some((next, handle));
            }
        }
    }

    fn ring(&mut self, ctx: &mut Context<Self>) {
        self.alarm = None;
        let now = self.family.log().now();
        let due: Vec<A::Key> =
            self.timers.iter().take_while(|(at, _)| *at <= now).take(TURN_MAX).map(|(_, key)| *key).collect();
        for key in due {
            if self.family.is_broken() {
                return;
            }
            let Some(instance) = self.instances.get_mut(key) else { continue };
            // Disarmed first: a command that changes nothing must not ring for ever.
            arm(&mut self.timers, key, &mut instance.armed, None);
            if let Some((_, command)) = A::due(&instance.state).timer {
                crate::fault_point!(of "timer_fired", A::NAME, self.family.log().store().as_str());
                self.take(Ask::tell(key, command, Meta::by(Who::Timer)), ctx);
            }
        }
        self.set_alarm(ctx);
    }

    /// Runs all that an instance owes, as after a restart.
    fn resume(&mut self, key: A::Key) {
        let Some(instance) = self.instances.get_mut(key) else { return };
        let due = A::due(&instance.state);
        let log = self.family.log();
        let cause = Cause { sequence: log.sequence(), at: log.now() };
        for step in due.steps {
            A::step(&self.family, key, &instance.state, step, cause);
        }
        arm(&mut self.timers, key, &mut instance.armed, due.timer.map(|(at, _)| at));
        if let Some(call) = due.call {
            self.make_when_durable(key, call);
        }
    }

    /// Makes a call once all that it rests on is durable, if it is still owed then: a disk may take long, and meanwhile the
    /// instance may have thought better of it.
    fn make_when_durable(&mut self, key: A::Key, call: A::Call) {
        let Some(instance) = self.instances.get_mut(key) else { return };
        instance.revoke();
        let permit = Permit::new(Cell::new(true));
        instance.permit = Some(Rc::clone(&permit));
        let family_then = Rc::clone(&self.family);
        self.family.log().when_durable(move |durable| match durable {
            Durable::At(_) if permit.get() && !family_then.is_broken() => {
                let called = catch_unwind(AssertUnwindSafe(|| A::call(&family_then, key, call)));
                if let Err(panic) = called {
                    family_then.break_up(A::NAME, &said(panic.as_ref()));
                }
            }
            // A family that is going makes no calls; the one after it asks `due`.
            Durable::At(_) | Durable::Refused => {}
        });
    }

    fn forget_if_at_rest(&mut self, key: A::Key) {
        let Some(instance) = self.instances.get_mut(key) else { return };
        // Loaded or made for this command only: nothing rests on it.
        if instance.rests_since.is_none() && A::due(&instance.state).is_nothing() {
            let ticket = self.family.log().ticket();
            if self.family.visible() >= ticket {
                self.drop_instance(key);
            } else {
                self.resting.push_back((ticket, key));
                instance.rests_since = Some(ticket);
            }
        }
    }

    /// Lets go of what rests and views can see, oldest first, until so many are left.
    fn drop_resting(&mut self, least: usize) {
        if self.resting.len() <= least {
            return;
        }
        let visible = self.family.visible();
        while self.resting.len() > least
            && let Some((ticket, key)) = self.resting.front().copied()
            && ticket <= visible
        {
            self.resting.pop_front();
            let Some(instance) = self.instances.get_mut(key) else { continue };
            if instance.rests_since != Some(ticket) {
                continue;
            }
            instance.rests_since = None;
            if A::due(&instance.state).is_nothing() {
                self.drop_instance(key);
            }
        }
    }

    fn let_go_soon(&mut self, ctx: &mut Context<Self>) {
        if !std::mem::replace(&mut self.lets_go_soon, true) {
            ctx.run_later(LETS_GO_AFTER, |actor, ctx| {
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| actor.let_go(ctx))) {
                    actor.family.break_up(A::NAME, &said(panic.as_ref()));
                }
            });
        }
    }

    /// Lets go of all that rests and views can see, and of the room that it took. Looks again while something is left that
    /// they cannot see yet.
    fn let_go(&mut self, ctx: &mut Context<Self>) {
        self.lets_go_soon = false;
        if self.family.is_broken() {
            return;
        }
        self.drop_resting(0);
        let visible = self.family.visible();
        let mut is_left = self.family.keys().forget(visible) || !self.resting.is_empty();
        if let (Some(let_go), Some(only)) = (A::LETS_GO, self.instances.only()) {
            is_left |= let_go(&self.family, &mut only.state, visible);
        }
        self.instances.give_back();
        if self.resting.is_empty() {
            self.resting = VecDeque::new();
        }
        if is_left {
            self.let_go_soon(ctx);
        }
    }

    fn drop_instance(&mut self, key: A::Key) {
        if let Some(mut dropped) = self.instances.remove(key) {
            arm(&mut self.timers, key, &mut dropped.armed, None);
            self.newest_dropped = self.newest_dropped.max(Some(key));
        }
    }
}

/// Whether what a command rests on is there at all; refused, when it is there as something else.
fn met<A: Wiring>(
    condition: &Condition<A>,
    reply: &Reply<A>,
    state: &A::State,
) -> Result<bool, Refusal<A::Rejection>> {
    let show = match (&condition.of, reply) {
        (Some(show), _) | (None, Reply::Caller { show, .. }) => show,
        (None, Reply::None | Reply::Sibling(_)) => return Ok(true),
    };
    match show(state).map(|there| there.tag()) {
        None => Ok(false),
        there if condition.expected.is_met_by(there) => Ok(true),
        there => Err(Refusal::Changed { now: there }),
    }
}

fn arm<K: Copy + Ord>(
    timers: &mut BTreeSet<(Timestamp, K)>,
    key: K,
    armed: &mut Option<Timestamp>,
    at: Option<Timestamp>,
) {
    let before = std::mem::replace(armed, at);
    if before == at {
        return;
    }
    if let Some(before) = before {
        timers.remove(&(before, key));
    }
    if let Some(at) = at {
        timers.insert((at, key));
    }
}

/// Answers a command that was taken. `key` is the request's key, when its events must be remembered under it.
fn answer<A: Wiring>(
    family: &Rc<A::Family>,
    state: &A::State,
    key: Option<RequestKey>,
    cause: Option<Cause>,
    reply: Reply<A>,
) {
    match reply {
        Reply::None => {}
        Reply::Sibling(heard) => heard(state, Ok(cause)),
        Reply::Caller { to, show } => {
            let answer = show(state).unwrap_or_else(|| Answer::of(&serde_json::Value::Null, 0));
            if let Some(key) = key {
                family.keys().taken(key, answer.clone(), family.log().ticket(), family.visible());
            }
            send_when_durable::<A>(family, to, answer, key);
        }
    }
}

fn send_when_durable<A: Wiring>(
    family: &Rc<A::Family>,
    to: Caller<A>,
    answer: Answer,
    key: Option<RequestKey>,
) {
    let family_then = Rc::clone(family);
    family.log().when_durable(move |durable| {
        let answer = match durable {
            Durable::At(_) => {
                if let Some(key) = key {
                    family_then.keys().durable(key);
                }
                crate::fault_point!("before_answer", family_then.log().store().as_str());
                Ok(answer)
            }
            Durable::Refused => Err(Refusal::Fault(Fault::JournalRefused)),
        };
        // A caller that has gone away finds the outcome by its key.
        let _ = to.send(answer);
    });
}

fn refuse<A: Wiring>(reply: Reply<A>, why: Refusal<A::Rejection>) {
    match reply {
        Reply::Caller { to, .. } => {
            let _ = to.send(Err(why));
        }
        // A sibling of a broken family goes with it.
        Reply::None | Reply::Sibling(_) => {}
    }
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}

impl<A: Wiring> Actor for AggregateActor<A> {
    type Context = Context<Self>;
}

impl<A: Wiring> Handler<Ask<A>> for AggregateActor<A> {
    type Result = ();

    fn handle(&mut self, ask: Ask<A>, ctx: &mut Context<Self>) {
        self.take(ask, ctx);
    }
}

impl<A: Wiring> Handler<Look<A>> for AggregateActor<A> {
    type Result = ();

    fn handle(&mut self, look: Look<A>, _: &mut Context<Self>) {
        let Look { key, show, to } = look;
        if self.family.is_broken() {
            let _ = to.send(Err(Fault::Rebuilding));
            return;
        }
        self.family.touch();
        let shown = match self.instances.get(key) {
            Some(known) => Ok(show(&known.state)),
            None => A::load(&self.family, key).map(|state| show(&state)),
        };
        self.family.log().when_durable(move |durable| {
            let _ = to.send(match durable {
                Durable::At(_) => shown,
                Durable::Refused => Err(Fault::JournalRefused),
            });
        });
    }
}

impl<A: Wiring> Handler<Resume<A>> for AggregateActor<A> {
    type Result = ();

    fn handle(&mut self, Resume(after): Resume<A>, ctx: &mut Context<Self>) {
        if self.family.is_broken() {
            return;
        }
        let open = match A::open_after(&self.family, after, TURN_MAX) {
            Ok(open) => open,
            Err(fault) => return self.family.break_up(A::NAME, &fault.to_string()),
        };
        let last = open.last().map(|(key, _)| *key);
        // What was made since has done what it owes: done again, a call would be out twice.
        let was_there = |key: A::Key| A::IS_SINGLE || !A::is_fresh(&self.family, key);
        // What is in memory already goes on first.
        let mut keys: Vec<A::Key> = Vec::with_capacity(open.len());
        if after.is_none() {
            keys.extend(self.instances.keys().filter(|key| was_there(*key)));
        }
        for (key, state) in open {
            if self.instances.add(key, state) || after.is_some() && was_there(key) {
                keys.push(key);
            }
        }
        for key in keys {
            let resumed = catch_unwind(AssertUnwindSafe(|| self.resume(key)));
            if let Err(panic) = resumed {
                return self.family.break_up(A::NAME, &said(panic.as_ref()));
            }
            crate::fault_point!("recovery_half_done", self.family.log().store().as_str());
        }
        self.set_alarm(ctx);
        if let Some(last) = last {
            // The next turn queues behind what came meanwhile.
            ctx.notify(Resume(Some(last)));
        }
    }
}

impl<A: Wiring> Handler<Stop> for AggregateActor<A> {
    type Result = ();

    fn handle(&mut self, _: Stop, ctx: &mut Context<Self>) {
        use actix::ActorContext;
        ctx.stop();
    }
}

impl<A: Wiring> std::fmt::Debug for AggregateActor<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AggregateActor").field("aggregate", &A::NAME).finish_non_exhaustive()
    }
}
