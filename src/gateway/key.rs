//! The idempotency key as the bank sees it.

use std::fmt::Write;

use crate::payment::bank::Key;
use crate::types::StoreId;

/// `of_<store>_<order>_<operation>_<attempt>`: a pure function of its parts, so that a retry after a crash repeats it.
pub fn key(store: &StoreId, key: &Key) -> String {
    let mut text = String::with_capacity(store.as_str().len() + 64);
    write!(text, "of_{store}_{}_{}_{}", key.order, key.operation, key.attempt)
        .expect("writing to memory does not fail");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payment::bank::Operation;
    use crate::types::OrderId;

    #[test]
    fn a_key_says_what_it_is_for() {
        let store: StoreId = "acme".parse().expect("legal");
        let order = OrderId::from_bits(1);
        let render = |operation, attempt| key(&store, &Key { order, operation, attempt });
        assert_eq!(render(Operation::Authorize, 1), "of_acme_ord_00000000000000000000000001_authorize_1");
        assert_eq!(render(Operation::Refund(2), 3), "of_acme_ord_00000000000000000000000001_refund_2_3");
    }
}
