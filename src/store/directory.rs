//! The directory of stores: from an id to the one road to it, waking the store where it sleeps.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor as _, Addr, ArbiterHandle};
use futures_util::{StreamExt as _, stream};

use super::host::{Awake, Host, Wake};
use super::node::Node;
use super::recovery::Unknown;
use super::settings;
use super::tenant::{EnterError, Entered, Tenant};
use crate::gateway::Bank;
use crate::runtime::{Answer, Fault, Gate, Refusal};
use crate::types::{RequestKey, StoreId};

/// Makes the bank's client for one thread.
pub type MakeBank = Arc<dyn Fn() -> std::rc::Rc<dyn Bank> + Send + Sync>;

/// Why a directory cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A thread has no reader of views.
    #[error("views cannot be read")]
    Views(#[from] crate::views::ViewsError),
    /// A thread ended before it began.
    #[error("a thread for stores did not start")]
    Thread,
}

/// Finds stores, and wakes them on the thread they belong to.
#[derive(Clone)]
pub struct Directory {
    node: Arc<Node>,
    hosts: Arc<[Addr<Host>]>,
    awake: Awake,
}

impl Directory {
    /// A directory whose stores live on these threads, each on the one its id's hash says.
    pub async fn open(
        node: Arc<Node>,
        arbiters: &[ArbiterHandle],
        make_bank: MakeBank,
    ) -> Result<Self, OpenError> {
        let awake: Awake = Awake::default();
        let mut hosts = Vec::with_capacity(arbiters.len());
        for arbiter in arbiters {
            let reader = node.views.reader()?;
            let (to, started) = tokio::sync::oneshot::channel();
            let (node, awake, make_bank) = (Arc::clone(&node), Arc::clone(&awake), Arc::clone(&make_bank));
            arbiter.spawn_fn(move || {
                let gate = Gate::open(Arc::clone(&node.journal));
                let host = Host::new(node, gate, reader, make_bank(), awake).start();
                // The directory waits for it.
                let _ = to.send(host);
            });
            hosts.push(started.await.map_err(|_| OpenError::Thread)?);
        }
        Ok(Self { node, hosts: hosts.into(), awake })
    }

    /// Which thread a store lives on: the whole of placement.
    fn host_of(&self, store: &StoreId) -> &Addr<Host> {
        let count = u64::try_from(self.hosts.len()).unwrap_or(1).max(1);
        let place = usize::try_from(store.hash() % count).unwrap_or(0);
        &self.hosts[place]
    }

    /// Enters a store, waking it where it sleeps.
    pub async fn enter(&self, store: &StoreId) -> Result<Tenant, EnterError> {
        self.enter_or_make(store, Unknown::IsError).await
    }

    async fn enter_or_make(&self, store: &StoreId, unknown: Unknown) -> Result<Tenant, EnterError> {
        // A store may fall asleep between being found and being entered; it cannot do so for ever.
        for _ in 0..8 {
            let found = self.awake.get(store).map(|awake| Arc::clone(&awake));
            let handle = match found {
                Some(handle) => handle,
                None => {
                    let wake = Wake { store: store.clone(), unknown };
                    self.host_of(store).send(wake).await.map_err(|_| Fault::Stopping)??
                }
            };
            if unknown == Unknown::IsError && !handle.is_provisioned() {
                return Err(EnterError::NotFound);
            }
            match Tenant::enter(&self.node, &handle)? {
                Entered::Yes(tenant) => return Ok(tenant),
                Entered::Asleep => tokio::task::yield_now().await,
            }
        }
        Err(Fault::Rebuilding.into())
    }

    /// Provisions a store.
    pub async fn provision(
        &self,
        store: StoreId,
        command: settings::Command,
        key: Option<RequestKey>,
    ) -> Result<Answer, Refusal<settings::Rejection>> {
        self.node.can_take_orders()?;
        let tenant = self.enter_or_make(&store, Unknown::IsFine).await.map_err(|why| match why {
            EnterError::NotFound => Refusal::Rejected(settings::Rejection::NotFound),
            EnterError::Fault(fault) => Refusal::Fault(fault),
        })?;
        tenant.configure(command, key).await
    }

    /// Makes a store's family die, as a panic would.
    #[cfg(test)]
    pub(super) fn break_up_for_test(&self, store: &StoreId) {
        let died = super::supervisor::MemberDied { member: "order", said: "the test asked".into() };
        if let Some(supervisor) = self.awake.get(store).and_then(|awake| awake.supervisor()) {
            crate::runtime::ask::send(&supervisor, died);
        }
    }

    /// How many stores are awake.
    pub fn active(&self) -> usize {
        self.awake.len()
    }

    /// What all stores share.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// Wakes stores whose earliest due time has come, until the node stops. At start that is every store that has
    /// anything open; later, those whose timers ring while they sleep.
    pub async fn keep_waking(&self) {
        let mut every = tokio::time::interval(WAKE_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.node.is_stopping() {
            every.tick().await;
            if let Err(why) = self.wake_due().await {
                tracing::error!(error = %why, "stores that are due could not be found");
            }
        }
    }

    /// Wakes the stores that are due now.
    pub(super) async fn wake_due(&self) -> Result<(), crate::views::ViewsError> {
        let now = self.node.clock.now();
        let mut after = None;
        loop {
            let from = after.clone();
            let due = self.node.views.read(move |reader| reader.wakes(now, from.as_ref(), WAKES_MAX)).await?;
            let Some(last) = due.last().cloned() else { return Ok(()) };
            let sleeping = due.into_iter().filter(|store| !self.awake.contains_key(store));
            let waking = stream::iter(sleeping).for_each_concurrent(self.hosts.len(), async |store| {
                if let Err(why) = self.enter(&store).await {
                    tracing::warn!(store.id = %store, error = %why, "a store that is due was not woken");
                }
            });
            waking.await;
            after = Some(last);
        }
    }
}

/// How often sleeping stores are looked through for timers.
const WAKE_EVERY: Duration = Duration::from_secs(1);
/// How many are looked at in one go.
const WAKES_MAX: usize = 256;

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Directory").field("active", &self.active()).finish_non_exhaustive()
    }
}
