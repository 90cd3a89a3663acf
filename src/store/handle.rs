//! What threads share of an active store: whether it is awake, who its members are, and what bounds it has.

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::family::Members;
use super::rate::Rate;
use super::settings::{self, Known};
use crate::flow::{self};
use crate::types::{IdSource, OrderId, StoreId};

/// What a store's handle says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Life {
    /// Its actors run.
    Awake = 0,
    /// Its actors are being rebuilt.
    Rebuilding = 1,
    /// It kept dying.
    Quarantined = 2,
    /// Its actors have ended; the next request wakes it under a new handle.
    Asleep = 3,
}

/// What others sign with.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    pub(super) carrier: Option<settings::Secret>,
    /// The gateways, and what they sign with.
    pub(super) gateway: Arc<settings::GatewayPolicy>,
}

/// What threads share of an active store.
#[derive(Debug)]
pub struct StoreHandle {
    pub(super) id: StoreId,
    life: AtomicU8,
    is_provisioned: AtomicBool,
    members: RwLock<Option<Arc<Members>>>,
    pub(super) in_flight: AtomicU32,
    pub(super) in_flight_max: AtomicU32,
    pub(super) rate: Rate,
    pub(super) ids: Mutex<IdSource>,
    pub(super) secrets: RwLock<Secrets>,
    /// Figures of what flows where, since the store was woken.
    pub(super) flow: flow::StoreTally,
    pub(super) returns: RwLock<settings::ReturnsPolicy>,
    #[cfg(test)]
    supervisor: Mutex<Option<actix::Addr<super::Supervisor>>>,
}

impl StoreHandle {
    pub(super) fn new(id: StoreId) -> Arc<Self> {
        let limits = settings::Limits::default();
        Arc::new(Self {
            id,
            life: AtomicU8::new(Life::Rebuilding as u8),
            is_provisioned: AtomicBool::new(false),
            members: RwLock::new(None),
            in_flight: AtomicU32::new(0),
            in_flight_max: AtomicU32::new(limits.in_flight),
            rate: Rate::default(),
            ids: Mutex::new(IdSource::unpredictable()),
            secrets: RwLock::default(),
            flow: flow::StoreTally::default(),
            returns: RwLock::default(),
            #[cfg(test)]
            supervisor: Mutex::new(None),
        })
    }

    /// Whose handle this is.
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// Takes over the limits of the store's settings.
    pub(super) fn apply(&self, known: &Known) {
        self.is_provisioned.store(true, Ordering::Relaxed);
        let in_flight_max = match known.settings.limits.in_flight {
            0 => u32::MAX,
            bound => bound,
        };
        self.in_flight_max.store(in_flight_max, Ordering::Relaxed);
        self.rate.set(known.settings.limits.orders_per_second);
        *self.secrets.write().unwrap_or_else(PoisonError::into_inner) = Secrets {
            carrier: known.settings.fulfillment.carrier_secret.clone(),
            gateway: Arc::new(known.settings.gateway.clone()),
        };
        self.returns.write().unwrap_or_else(PoisonError::into_inner).clone_from(&known.settings.returns);
    }

    /// Opens the road to new members; ids will come after `newest`.
    pub(super) fn open(&self, members: Members, newest: Option<OrderId>) {
        if let Some(newest) = newest {
            let mut ids = lock(&self.ids);
            *ids = std::mem::replace(&mut *ids, IdSource::seeded(0)).after(newest);
        }
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(members));
        self.set_life(Life::Awake);
    }

    /// Closes the road.
    pub(super) fn shut(&self, life: Life) {
        self.set_life(life);
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn set_life(&self, life: Life) {
        self.life.store(life as u8, Ordering::SeqCst);
    }

    pub(super) fn life(&self) -> Life {
        match self.life.load(Ordering::SeqCst) {
            0 => Life::Awake,
            1 => Life::Rebuilding,
            2 => Life::Quarantined,
            _ => Life::Asleep,
        }
    }

    /// Puts the store to sleep unless somebody is on the road.
    pub(super) fn fall_asleep(&self) -> bool {
        self.set_life(Life::Asleep);
        if self.in_flight.load(Ordering::SeqCst) == 0 {
            *self.members.write().unwrap_or_else(PoisonError::into_inner) = None;
            true
        } else {
            self.set_life(Life::Awake);
            false
        }
    }

    /// Whether the store exists: one that is only about to be provisioned does not.
    pub(super) fn is_provisioned(&self) -> bool {
        self.is_provisioned.load(Ordering::Relaxed)
    }

    /// How many requests are being worked on.
    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// The store's supervisor, once it has one.
    #[cfg(test)]
    pub(super) fn supervisor(&self) -> Option<actix::Addr<super::Supervisor>> {
        lock(&self.supervisor).clone()
    }

    #[cfg(test)]
    pub(super) fn supervised_by(&self, supervisor: actix::Addr<super::Supervisor>) {
        *lock(&self.supervisor) = Some(supervisor);
    }

    pub(super) fn members(&self) -> Option<Arc<Members>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
