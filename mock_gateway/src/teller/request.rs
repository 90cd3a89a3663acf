//! One request to change something, as the teller takes it.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::bank::{Ask, IntentAsk, IntentDeed, PartyAsk, PartyDeed, RefundAsk, Trouble};
use crate::form::Form;

/// What is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Deed {
    CreateIntent,
    OnIntent(IntentDeed, String),
    CreateRefund,
    /// On the customer, payment method or endpoint of this id; new ones have none yet.
    Party(PartyDeed, String),
}

/// Who wants what, and under which key. Owns everything, so that it can be carried out after its client
/// has gone.
pub(crate) struct Request {
    pub(crate) deed: Deed,
    pub(crate) account: String,
    pub(crate) key: Option<String>,
    pub(crate) form: Form,
    fingerprint: u64,
}

impl Request {
    pub(crate) fn new(deed: Deed, account: String, key: Option<String>, form: Form) -> Request {
        Request { fingerprint: fingerprint(&deed, &form), deed, account, key, form }
    }

    /// The same for the same parameters, in whatever order.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The place of this request's key among those in use.
    pub(crate) fn key_hash(&self) -> Option<u64> {
        let key = self.key.as_ref()?;
        Some(xxh3_64_with_seed(key.as_bytes(), xxh3_64(self.account.as_bytes())))
    }

    /// Reads the form.
    pub(crate) fn ask(&self) -> Result<Ask<'_>, Trouble> {
        match &self.deed {
            Deed::CreateIntent => IntentAsk::read_new(&self.form).map(Ask::Create),
            Deed::OnIntent(deed, id) => IntentAsk::read(*deed, &self.form).map(|ask| Ask::On(*deed, id, ask)),
            Deed::CreateRefund => RefundAsk::read(&self.form).map(Ask::Refund),
            Deed::Party(deed, id) => PartyAsk::read(*deed, id, &self.form).map(Ask::Party),
        }
    }
}

fn fingerprint(deed: &Deed, form: &Form) -> u64 {
    let sum = form.pairs().fold(0u64, |sum, (name, value)| {
        let name = xxh3_64(name.as_bytes());
        sum.wrapping_add(xxh3_64_with_seed(value.as_bytes(), name))
    });
    match deed {
        Deed::CreateIntent => xxh3_64_with_seed(b"create intent", sum),
        Deed::CreateRefund => xxh3_64_with_seed(b"create refund", sum),
        Deed::Party(deed, id) => xxh3_64_with_seed(id.as_bytes(), sum.wrapping_add(101 + *deed as u64)),
        Deed::OnIntent(deed, id) => xxh3_64_with_seed(id.as_bytes(), sum.wrapping_add(1 + *deed as u64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(deed: Deed, body: &str) -> u64 {
        let form = Form::parse(body.as_bytes()).expect("utf-8");
        Request::new(deed, "sk_test_1".to_owned(), None, form).fingerprint()
    }

    #[test]
    fn parameters_count_and_their_order_does_not() {
        let create = |body| of(Deed::CreateIntent, body);
        assert_eq!(create("a=1&b=2"), create("b=2&a=1"));
        assert_eq!(create("m%5Bx%5D=1"), create("m[x]=1"));
        assert_ne!(create("a=1"), create("a=2"));
        assert_ne!(create("a=b"), create("b=a"));
        assert_ne!(create("a=1"), of(Deed::CreateRefund, "a=1"));
        let on = |deed, id: &str| of(Deed::OnIntent(deed, id.to_owned()), "");
        assert_ne!(on(IntentDeed::Capture, "pi_1"), on(IntentDeed::Cancel, "pi_1"));
        assert_ne!(on(IntentDeed::Capture, "pi_1"), on(IntentDeed::Capture, "pi_2"));
    }
}
