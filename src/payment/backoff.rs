//! How long to wait: exponential with full jitter, the jitter being a hash and not dice.

use crate::types::{PaymentId, Timestamp};

use super::command::RetryPolicy;

/// A bank that rejects the request as such needs a person, not a hammer.
pub const REFUSED_WAIT_MS: u64 = 300_000;

/// The longest wait a bank may ask for; past that we ask again unbidden.
pub const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// The `tries`-th wait in a row of a payment, `tries` counting from 1: somewhere in 1 ms to base·2^(tries−1), capped,
/// spread by a hash of payment and `tries`, so that payments that fell together do not come back together.
pub(super) fn wait_ms(policy: RetryPolicy, payment: PaymentId, tries: u32) -> u64 {
    let doublings = tries.saturating_sub(1).min(32);
    let ceiling = (u64::from(policy.base_ms) << doublings).min(u64::from(policy.cap_ms)).max(1);
    spread(payment, tries, ceiling)
}

/// A wait of more than half of `ceiling_ms`, spread likewise.
pub(super) fn long_wait_ms(payment: PaymentId, tries: u32, ceiling_ms: u64) -> u64 {
    ceiling_ms / 2 + spread(payment, tries, ceiling_ms.div_ceil(2))
}

/// When the wait is over, not before what the bank asked for.
pub(super) fn until(now: Timestamp, wait_ms: u64, retry_after_ms: Option<u64>) -> Timestamp {
    now.plus_millis(wait_ms.max(retry_after_ms.unwrap_or(0).min(RETRY_AFTER_MS_MAX)))
}

fn spread(payment: PaymentId, tries: u32, ceiling_ms: u64) -> u64 {
    let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&payment.to_bytes(), u64::from(tries));
    1 + hash % ceiling_ms.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: RetryPolicy = RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 12 };

    #[test]
    fn waits_grow_are_capped_and_differ_between_payments() {
        let payments = || (0..2_000).map(PaymentId::from_bits);
        for (tries, ceiling) in
            [(1, 500), (2, 1_000), (5, 8_000), (8, 60_000), (40, 60_000), (u32::MAX, 60_000)]
        {
            let waits: Vec<u64> = payments().map(|payment| wait_ms(POLICY, payment, tries)).collect();
            assert!(waits.iter().all(|wait| (1..=ceiling).contains(wait)), "try {tries}");
            let mean = waits.iter().sum::<u64>() / 2_000;
            assert!(mean.abs_diff(ceiling / 2) < ceiling / 20, "try {tries}: mean {mean}");
        }
    }

    #[test]
    fn long_waits_last_for_more_than_half_of_their_ceiling() {
        for ceiling in [1, 2, 1_001, REFUSED_WAIT_MS] {
            let waits = (0..2_000).map(|n| long_wait_ms(PaymentId::from_bits(n), 3, ceiling));
            let (least, most) =
                waits.fold((u64::MAX, 0), |(least, most), wait| (wait.min(least), wait.max(most)));
            assert!(least > ceiling / 2 && most <= ceiling, "{least} to {most} of {ceiling}");
            assert!(
                most - least >= (ceiling / 2 - ceiling / 20).saturating_sub(1),
                "{least} to {most} of {ceiling}"
            );
        }
    }

    #[test]
    fn a_policy_of_nothing_still_waits() {
        let policy = RetryPolicy { base_ms: 0, cap_ms: 0, attempts_max: 0 };
        assert_eq!(wait_ms(policy, PaymentId::from_bits(1), 1), 1);
    }

    #[test]
    fn the_bank_may_ask_for_longer_but_not_for_ever() {
        let now = Timestamp::from_micros(0);
        assert_eq!(until(now, 10, Some(5_000)), now.plus_millis(5_000));
        assert_eq!(until(now, 10, Some(5)), now.plus_millis(10));
        assert_eq!(until(now, 10, Some(u64::MAX)), now.plus_millis(RETRY_AFTER_MS_MAX));
    }
}
