//! Numbers that look rolled and are the same in every run.

/// Dice of one purpose.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Dice {
    state: u64,
}

impl Dice {
    /// Dice for that number.
    pub(in crate::load) fn of(number: u64) -> Self {
        Self { state: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) }
    }

    /// A number below `sides` (splitmix64).
    pub(in crate::load) fn roll(&mut self, sides: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides.max(1)
    }
}
