//! One thread's stores: the host wakes them, and what they share on that thread.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, AsyncContext, Context, Handler, Message, ResponseFuture};

use super::handle::StoreHandle;
use super::lane::Berths;
use super::lanes::Lines;
use super::node::Node;
use super::recovery::{self, Missing, Unknown};
use super::supervisor::{Raised, Supervisor};
use super::tenant::EnterError;
use crate::gateway::Bank;
use crate::runtime::{Fault, Gate};
use crate::types::StoreId;
use crate::types::map::SharedMap;
use crate::views::ViewsReader;

/// Stores that are awake, reached from every thread.
pub(super) type Awake = Arc<SharedMap<StoreId, Arc<StoreHandle>>>;

/// What the stores of one thread share.
pub(super) struct Shard {
    pub(super) node: Arc<Node>,
    pub(super) gate: Rc<Gate>,
    pub(super) reader: Rc<RefCell<ViewsReader>>,
    pub(super) bank: Rc<dyn Bank>,
    pub(super) berths: Rc<Berths>,
    /// The ways to gateways that stores name themselves.
    pub(super) lines: Lines,
    awake: Awake,
}

impl Shard {
    /// Takes a store off the list of those awake.
    pub(super) fn forget(&self, store: &StoreId) {
        self.awake.remove(store);
    }
}

/// Wakes the stores of one thread.
pub(super) struct Host {
    shard: Rc<Shard>,
    /// Wakings under way: whoever else wants the store waits for the same one.
    waking: Rc<RefCell<HashMap<StoreId, Vec<Waiting>>>>,
}

type Woken = Result<Arc<StoreHandle>, EnterError>;

/// Whoever waits for a store.
struct Waiting {
    unknown: Unknown,
    to: tokio::sync::oneshot::Sender<Woken>,
}

/// Wakes a store.
#[derive(Debug, Message)]
#[rtype(result = "Woken")]
pub(super) struct Wake {
    pub(super) store: StoreId,
    pub(super) unknown: Unknown,
}

impl Host {
    /// A host for this thread.
    pub(super) fn new(
        node: Arc<Node>,
        gate: Rc<Gate>,
        reader: ViewsReader,
        bank: Rc<dyn Bank>,
        awake: Awake,
    ) -> Self {
        let reader = Rc::new(RefCell::new(reader));
        let berths = Berths::new(node.options.thread_calls_max);
        Self {
            shard: Rc::new(Shard { node, gate, reader, bank, berths, lines: Lines::default(), awake }),
            waking: Rc::default(),
        }
    }
}

impl Actor for Host {
    type Context = Context<Self>;
}

impl Handler<Wake> for Host {
    type Result = ResponseFuture<Woken>;

    fn handle(&mut self, Wake { store, unknown }: Wake, _: &mut Context<Self>) -> Self::Result {
        if let Some(awake) = self.shard.awake.get(&store).map(|awake| Arc::clone(&awake)) {
            return Box::pin(async move { Ok(awake) });
        }
        let (to, woken) = tokio::sync::oneshot::channel();
        let is_first = {
            let mut waking = self.waking.borrow_mut();
            let waiting = waking.entry(store.clone()).or_default();
            waiting.push(Waiting { unknown, to });
            waiting.len() == 1
        };
        if is_first {
            let (shard, waking) = (Rc::clone(&self.shard), Rc::clone(&self.waking));
            actix::spawn(async move {
                let mut woken = wake(&shard, &store, unknown).await;
                // Whoever came to make the store while somebody else looked for it in vain.
                let is_for_a_maker = |waiting: &Waiting| waiting.unknown == Unknown::IsFine;
                let is_to_be_made =
                    waking.borrow().get(&store).is_some_and(|all| all.iter().any(is_for_a_maker));
                if matches!(woken, Err(EnterError::NotFound)) && is_to_be_made {
                    woken = wake(&shard, &store, Unknown::IsFine).await;
                }
                for waiting in waking.borrow_mut().remove(&store).unwrap_or_default() {
                    // Whoever asked may have gone.
                    let _ = waiting.to.send(woken.clone());
                }
            });
        }
        Box::pin(async move { woken.await.unwrap_or(Err(EnterError::Fault(Fault::Stopping))) })
    }
}

async fn wake(shard: &Rc<Shard>, store: &StoreId, unknown: Unknown) -> Woken {
    if shard.node.is_stopping() {
        return Err(Fault::Stopping.into());
    }
    recovery::caught_up(&shard.node, Missing::FromBefore).await?;
    let handle = StoreHandle::new(store.clone());
    let ctx = Context::<Supervisor>::new();
    let address = ctx.address();
    #[cfg(test)]
    handle.supervised_by(address.clone());
    let raised = recovery::raise(shard, &handle, address, unknown)?.ok_or(EnterError::NotFound)?;
    let mut supervisor = Supervisor::new(Rc::clone(shard), Arc::clone(&handle));
    supervisor.adopt(Raised(raised));
    ctx.run(supervisor);
    shard.awake.insert(store.clone(), Arc::clone(&handle));
    Ok(handle)
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}
