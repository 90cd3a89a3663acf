//! Dice that follow from a seed.

/// SplitMix64.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to one less than `sides`, which is at least one.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.bits() % sides
    }

    /// True `percent` times in a hundred.
    pub(crate) fn likely(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }
}
