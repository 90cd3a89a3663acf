//! What may be asked of one store, by whoever was let in.

pub(super) mod asking;
mod desks;
mod goods;
mod money;
mod orders;
mod returns;

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use super::family::Members;
use super::handle::{Life, StoreHandle};
use super::node::{Node, NodePermit};
use super::settings::{self};
use crate::flow::{self};
use crate::runtime::Fault;
use crate::types::StoreId;

pub(super) use asking::{ask_for_job, look};

/// Why a store cannot be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnterError {
    /// There is no such store.
    #[error("no such store")]
    NotFound,
    /// Not now.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Whether a store was awake, or has to be woken first.
pub(super) enum Entered {
    Yes(Tenant),
    Asleep,
}

/// The permission to ask one store: holding it is having been admitted.
#[derive(Debug)]
pub struct Tenant {
    pub(super) handle: Arc<StoreHandle>,
    pub(super) members: Arc<Members>,
    pub(super) node: Arc<Node>,
    /// How old what views show may be.
    age: Duration,
    _node_permit: NodePermit,
}

impl Drop for Tenant {
    fn drop(&mut self) {
        self.handle.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Tenant {
    /// Takes a permit of node and store.
    pub(super) fn enter(node: &Arc<Node>, handle: &Arc<StoreHandle>) -> Result<Entered, EnterError> {
        let node_permit = node.admit()?;
        let before = handle.in_flight.fetch_add(1, Ordering::SeqCst);
        let refused = match handle.life() {
            Life::Awake if before >= handle.in_flight_max.load(Ordering::Relaxed) => Some(Fault::StoreFull),
            Life::Awake => None,
            Life::Rebuilding => Some(Fault::Rebuilding),
            Life::Quarantined => Some(Fault::Quarantined),
            Life::Asleep => {
                handle.in_flight.fetch_sub(1, Ordering::SeqCst);
                return Ok(Entered::Asleep);
            }
        };
        let refused = refused.map_or_else(|| handle.members().ok_or(Fault::Rebuilding), Err);
        match refused {
            Ok(members) => Ok(Entered::Yes(Self {
                handle: Arc::clone(handle),
                members,
                node: Arc::clone(node),
                age: Duration::ZERO,
                _node_permit: node_permit,
            })),
            Err(fault) => {
                handle.in_flight.fetch_sub(1, Ordering::SeqCst);
                Err(fault.into())
            }
        }
    }

    /// Whose permission this is.
    pub fn id(&self) -> &StoreId {
        &self.handle.id
    }

    /// Figures of what flows where in this store, since it was woken.
    pub fn flow(&self) -> &flow::StoreTally {
        &self.handle.flow
    }

    /// Content with views as they were so long ago.
    #[must_use]
    pub fn content_with(mut self, age: Duration) -> Self {
        self.age = age;
        self
    }

    /// A journal position at or after everything this store has answered: views at this position show it. Any position, for
    /// whoever is content with what views show already.
    pub fn end(&self) -> u64 {
        if !self.age.is_zero() && self.node.views.are_within(self.age) {
            return 0;
        }
        self.node.journal.end()
    }

    /// What the store's carriers sign with, when it has told them.
    pub fn carrier_secret(&self) -> Option<settings::Secret> {
        self.handle.secrets.read().unwrap_or_else(PoisonError::into_inner).carrier.clone()
    }

    /// The gateways that the store names, and what they and the node's own bank sign their notifications to it with.
    pub fn gateways(&self) -> Arc<settings::GatewayPolicy> {
        Arc::clone(&self.handle.secrets.read().unwrap_or_else(PoisonError::into_inner).gateway)
    }
}
