//! The gateways that stores of this node speak to: the node's own bank, and those that stores name themselves. Stores that name
//! the same address and account share one connection, and with it one breaker, one pace and one budget of repeats.

use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, ready};

use super::{Bank, Breaker, BreakerConfig, CallContext};
use crate::payment::bank::{Call, Outcome, Reason};

/// Where a gateway is, and who we are there.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Coordinates {
    /// Scheme, host and port, and a path in front of `/v1` where there is one.
    pub url: Arc<str>,
    /// The account's secret key.
    pub secret_key: Arc<str>,
}

impl fmt::Debug for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coordinates").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Makes a client for one thread; nothing where none can be made of these coordinates.
pub type OpenBank = Arc<dyn Fn(&Coordinates) -> Option<Rc<dyn Bank>> + Send + Sync>;

/// A gateway and what is known of its health, shared by all threads.
#[derive(Debug)]
pub struct Connection {
    coordinates: Option<Coordinates>,
    breaker: Arc<Breaker>,
}

impl Connection {
    /// Where it is; nothing for the node's own bank.
    pub fn coordinates(&self) -> Option<&Coordinates> {
        self.coordinates.as_ref()
    }

    /// Whether it answers, and how fast it may be asked.
    pub fn breaker(&self) -> &Arc<Breaker> {
        &self.breaker
    }

    /// A name for operators that tells two accounts of one address apart and shows nothing of the key.
    pub fn label(&self) -> String {
        match &self.coordinates {
            None => "bank".to_owned(),
            Some(Coordinates { url, secret_key }) => {
                let host = url.split_once("://").map_or(&**url, |(_, host)| host);
                let mark = xxhash_rust::xxh3::xxh3_64(secret_key.as_bytes()) & 0xff_ffff;
                format!("{host}#{mark:06x}")
            }
        }
    }
}

/// All connections that are in use, and the way to others.
pub struct Connections {
    own: Arc<Connection>,
    others: Mutex<HashMap<Coordinates, Weak<Connection>>>,
    config: BreakerConfig,
    open: Option<OpenBank>,
}

impl Connections {
    /// The node's own bank, and clients for whatever gateways stores name.
    pub fn new(own: Arc<Breaker>, config: BreakerConfig, open: OpenBank) -> Self {
        Self { config, open: Some(open), ..Self::from(own) }
    }

    /// The node's own bank.
    pub fn own(&self) -> &Arc<Connection> {
        &self.own
    }

    /// The connection of these coordinates, shared by whoever asks for it while anybody uses it.
    pub fn to(&self, coordinates: Option<&Coordinates>) -> Arc<Connection> {
        let Some(coordinates) = coordinates else { return Arc::clone(&self.own) };
        let mut others = self.lock();
        if let Some(known) = others.get(coordinates).and_then(Weak::upgrade) {
            return known;
        }
        others.retain(|_, connection| connection.strong_count() > 0);
        let breaker = Arc::new(Breaker::new(self.config));
        let new = Arc::new(Connection { coordinates: Some(coordinates.clone()), breaker });
        others.insert(coordinates.clone(), Arc::downgrade(&new));
        new
    }

    /// A client of a connection for this thread. One that cannot be made is a bank that is never reached.
    pub fn open(&self, coordinates: &Coordinates) -> Rc<dyn Bank> {
        let opened = self.open.as_ref().and_then(|open| open(coordinates));
        opened.unwrap_or_else(|| {
            tracing::error!(gateway.url = %coordinates.url, "no client could be made of a store's gateway");
            Rc::new(Nobody)
        })
    }

    /// Every connection in use, the node's own first.
    pub fn all(&self) -> Vec<Arc<Connection>> {
        let mut all: Vec<_> = self.lock().values().filter_map(Weak::upgrade).collect();
        all.sort_by_key(|connection| connection.label());
        all.insert(0, Arc::clone(&self.own));
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Coordinates, Weak<Connection>>> {
        // A thread that panicked here left a map behind that is whole.
        self.others.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The node's own bank only.
impl From<Arc<Breaker>> for Connections {
    fn from(breaker: Arc<Breaker>) -> Self {
        Self {
            own: Arc::new(Connection { coordinates: None, breaker }),
            others: Mutex::default(),
            config: BreakerConfig::default(),
            open: None,
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").field("own", &self.own).finish_non_exhaustive()
    }
}

/// A gateway that nobody can speak to.
struct Nobody;

impl Bank for Nobody {
    fn call(&self, _context: CallContext, call: Call) -> LocalBoxFuture<'static, Outcome> {
        ready(call.unsent(Reason::ConnectFailed, None)).boxed_local()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str, key: &str) -> Coordinates {
        Coordinates { url: url.into(), secret_key: key.into() }
    }

    #[test]
    fn the_same_address_and_account_is_one_connection_while_anybody_uses_it() {
        let connections = Connections::from(Arc::new(Breaker::default()));
        let one = connections.to(Some(&at("http://a", "sk_1")));
        let same = connections.to(Some(&at("http://a", "sk_1")));
        let other = connections.to(Some(&at("http://a", "sk_2")));
        assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
        assert!(Arc::ptr_eq(&connections.to(None), connections.own()));
        assert_eq!(connections.all().len(), 3);
        assert_ne!(one.label(), other.label());
        assert!(!format!("{one:?} {}", one.label()).contains("sk_1"), "keys are shown to nobody");
        drop((one, same));
        assert_eq!(connections.all().len(), 2);
    }
}
