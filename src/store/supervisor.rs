//! The supervisor of one store: raises its family, notices when a member dies, rebuilds, puts to sleep, sets aside.
//!
//! It owns lifecycles, not traffic: requests go straight to the members.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};

use super::family::StoreFamily;
use super::handle::{Life, StoreHandle};
use super::host::Shard;
use super::{listener, recovery};
use crate::runtime::{Durable, Family as _, Fault};
use crate::types::Timestamp;

/// A member of the family died.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct MemberDied {
    /// Which aggregate.
    pub member: &'static str,
    /// What it said.
    pub said: String,
}

/// What "died" when the journal refused events: no member at all.
pub(super) const JOURNAL: &str = "journal";

/// The family is up, for the first time or again.
pub(super) struct Raised(pub(super) Rc<StoreFamily>);

/// The longest a rebuilding waits after repeated deaths.
const BACK_OFF_MAX: Duration = Duration::from_secs(5);
/// How long the first rebuilding waits: long enough for what the dead family sent to the journal to settle.
const BACK_OFF_BASE: Duration = Duration::from_millis(10);

/// The supervisor of one store.
pub struct Supervisor {
    shard: Rc<Shard>,
    handle: Arc<StoreHandle>,
    family: Option<Rc<StoreFamily>>,
    deaths: VecDeque<Timestamp>,
    is_quarantined: bool,
}

impl Supervisor {
    pub(super) fn new(shard: Rc<Shard>, handle: Arc<StoreHandle>) -> Self {
        Self { shard, handle, family: None, deaths: VecDeque::new(), is_quarantined: false }
    }

    pub(super) fn adopt(&mut self, Raised(family): Raised) {
        self.handle.open(family.members.clone(), family.newest_stored);
        self.family = Some(family);
    }

    /// What to do about one more death: wait this long and rebuild, or set the store aside.
    fn count_death(&mut self) -> Result<Duration, Duration> {
        let options = &self.shard.node.options;
        let now = self.shard.node.clock.now();
        while let Some(first) = self.deaths.front()
            && first.until(now) > options.deaths_window
        {
            self.deaths.pop_front();
        }
        self.deaths.push_back(now);
        self.shard.node.count_death();
        let count = u32::try_from(self.deaths.len()).unwrap_or(u32::MAX);
        if count >= options.deaths_max {
            self.deaths.clear();
            return Err(options.quarantine);
        }
        let doubled = BACK_OFF_BASE.saturating_mul(1_u32 << (2 * (count - 1)).min(20));
        Ok(doubled.min(BACK_OFF_MAX))
    }

    fn rebuild_after(&mut self, wait: Duration, dead: Option<Rc<StoreFamily>>, ctx: &mut Context<Self>) {
        self.rebuild_saying(wait, dead, None, ctx);
    }

    /// The same; where the store is set aside, its journal says so, with what its last family died of.
    fn rebuild_saying(
        &mut self,
        wait: Duration,
        dead: Option<Rc<StoreFamily>>,
        set_aside: Option<String>,
        ctx: &mut Context<Self>,
    ) {
        let (shard, handle, supervisor) = (Rc::clone(&self.shard), Arc::clone(&self.handle), ctx.address());
        let rebuilding = async move {
            if let Some(dead) = dead {
                settled(&dead).await;
            }
            if let Some(said) = set_aside
                && let Err(why) = recovery::note_quarantine(&shard, handle.id(), &said).await
            {
                tracing::error!(store.id = %handle.id(), error = %why, "an alert could not be journaled");
            }
            tokio::time::sleep(wait).await;
            recovery::caught_up(&shard.node, recovery::Missing::OfTheDead).await?;
            recovery::raise(&shard, &handle, supervisor, recovery::Unknown::IsError)
        };
        ctx.spawn(rebuilding.into_actor(self).map(|raised, supervisor, ctx| supervisor.rebuilt(raised, ctx)));
    }

    fn rebuilt(&mut self, raised: Result<Option<Rc<StoreFamily>>, Fault>, ctx: &mut Context<Self>) {
        if std::mem::take(&mut self.is_quarantined) {
            self.shard.node.count_released();
        }
        match raised {
            Ok(Some(family)) => {
                tracing::warn!(store.id = %self.handle.id(), "store rebuilt from the journal");
                self.adopt(Raised(family));
            }
            // The store's first events were lost with the family: it does not exist.
            Ok(None) => self.end(ctx),
            Err(why) => {
                tracing::error!(store.id = %self.handle.id(), error = %why, "store could not be rebuilt");
                self.rebuild_after(BACK_OFF_MAX, None, ctx);
            }
        }
    }

    /// Ends the store's activation. The next request, or its earliest timer, wakes it.
    fn end(&mut self, ctx: &mut Context<Self>) {
        self.handle.shut(Life::Asleep);
        self.shard.forget(self.handle.id());
        if let Some(family) = self.family.take() {
            family.end();
        }
        ctx.stop();
    }

    fn look_after(&mut self, ctx: &mut Context<Self>) {
        let Some(family) = &self.family else { return };
        if self.shard.node.journal_takes() {
            listener::look_at_clock(family);
        }
        let idle = family.touched_at().until(self.shard.node.clock.now());
        let is_idle = idle >= self.shard.node.options.idle_after
            && self.handle.in_flight() == 0
            && family.lanes.busy() == 0
            && family.visible() >= family.log.ticket();
        if is_idle && self.handle.fall_asleep() {
            tracing::debug!(store.id = %self.handle.id(), "store put to sleep");
            self.end(ctx);
        }
    }
}

/// Waits until the journal has decided everything a family handed to it.
async fn settled(family: &Rc<StoreFamily>) {
    let (decided, heard) = tokio::sync::oneshot::channel();
    family.log.when_durable(move |_: Durable| {
        let _ = decided.send(());
    });
    // A journal that is closed decides nothing any more; then nothing is pending either.
    let _ = heard.await;
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        let every = (self.shard.node.options.idle_after / 2).max(Duration::from_millis(50));
        ctx.run_interval(every, |supervisor, ctx| supervisor.look_after(ctx));
    }
}

impl Handler<MemberDied> for Supervisor {
    type Result = ();

    fn handle(&mut self, died: MemberDied, ctx: &mut Context<Self>) {
        // Without a family it is being rebuilt already.
        let Some(dead) = self.family.take() else { return };
        dead.end();
        let MemberDied { member, said } = died;
        if member == JOURNAL {
            // Nothing is wrong with the store: memory ran ahead of a journal that was full.
            self.handle.shut(Life::Rebuilding);
            return self.rebuild_after(BACK_OFF_BASE, Some(dead), ctx);
        }
        match self.count_death() {
            Ok(wait) => {
                self.handle.shut(Life::Rebuilding);
                tracing::warn!(store.id = %self.handle.id(), aggregate = member, said, "store is being rebuilt");
                self.rebuild_after(wait, Some(dead), ctx);
            }
            Err(wait) => {
                self.handle.shut(Life::Quarantined);
                self.is_quarantined = true;
                self.shard.node.count_quarantined();
                tracing::error!(store.id = %self.handle.id(), aggregate = member, said, "store set aside: it kept dying");
                self.rebuild_saying(wait, Some(dead), Some(format!("{member}: {said}")), ctx);
            }
        }
    }
}

impl Message for Raised {
    type Result = ();
}

impl std::fmt::Debug for Supervisor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Supervisor").field("store", self.handle.id()).finish_non_exhaustive()
    }
}
