//! Many at once, and dice whose seed is known.

use futures_util::StreamExt as _;
use futures_util::stream;

/// Does something for each of `0..count`, so many at once; returns what each came to, in order of ending.
pub(crate) async fn many<T>(count: usize, at_once: usize, each: impl AsyncFn(usize) -> T) -> Vec<T> {
    let each = &each;
    stream::iter(0..count)
        .map(|number| async move { each(number).await })
        .buffer_unordered(at_once)
        .collect()
        .await
}

/// Seeded dice (SplitMix64): a story that fails can be played again.
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Dice with a seed, which is printed for whoever reads of a failure.
    pub(crate) fn seeded(seed: u64) -> Self {
        println!("dice: seed {seed}");
        Self(seed)
    }

    /// One of `0..sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }
}
