//! Whom the bank deals with beside payments: customers, the cards they keep here, and addresses that want to be
//! told what happens.

use super::cards::Method;
use super::news::EventType;
use crate::memory::Text;

/// Who somebody is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Person {
    pub(crate) name: Option<Text>,
    pub(crate) email: Option<Text>,
    pub(crate) phone: Option<Text>,
    /// A JSON object.
    pub(crate) address: Option<Text>,
}

/// One version of a customer.
#[derive(Clone)]
pub(crate) struct Customer {
    pub(crate) number: u32,
    pub(crate) account: u32,
    pub(crate) deleted: bool,
    pub(crate) created_ms: i64,
    pub(crate) person: Person,
    pub(crate) description: Option<Text>,
    pub(crate) metadata: Option<Text>,
}

/// One version of somebody's own payment method. Its card never changes.
#[derive(Clone)]
pub(crate) struct PaymentMethod {
    pub(crate) number: u32,
    pub(crate) account: u32,
    pub(crate) method: Method,
    pub(crate) customer: Option<u32>,
    pub(crate) exp_month: u8,
    pub(crate) exp_year: u16,
    pub(crate) created_ms: i64,
    pub(crate) person: Person,
    pub(crate) metadata: Option<Text>,
}

/// One version of an address that wants to be told.
#[derive(Clone)]
pub(crate) struct Endpoint {
    pub(crate) number: u32,
    pub(crate) account: u32,
    pub(crate) enabled: bool,
    pub(crate) deleted: bool,
    pub(crate) created_ms: i64,
    /// News from this row on.
    pub(crate) from: u32,
    pub(crate) url: Text,
    /// The types it wants, as a JSON array.
    pub(crate) events: Text,
    pub(crate) api_version: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) metadata: Option<Text>,
    pub(crate) secret: Text,
    /// The secret before, and until when both sign.
    pub(crate) old_secret: Option<(Text, i64)>,
    /// Bits of the types it wants.
    pub(crate) wants: u16,
}

impl Endpoint {
    /// It is to be told of what happens now.
    pub(crate) fn listens(&self) -> bool {
        self.enabled && !self.deleted
    }

    pub(crate) fn wants(&self, kind: EventType) -> bool {
        self.wants & kind.bit() != 0
    }
}

/// A new version of one of them.
pub(crate) enum Party {
    Customer(Customer),
    Method(PaymentMethod),
    Endpoint(Endpoint),
}
