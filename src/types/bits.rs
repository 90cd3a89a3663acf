//! Sets of small numbers that count from 1, kept as one bit each; and whether a figure is worth storing.

/// The bit of a number of at most 32.
pub const fn bit(number: u32) -> u32 {
    1_u32.rotate_left(number.wrapping_sub(1))
}

/// The bit of a number of at most 64.
pub const fn wide_bit(number: u32) -> u64 {
    1_u64.rotate_left(number.wrapping_sub(1))
}

/// Whether a figure or a state is as it is before anything happened: stored forms leave such ones out.
pub fn is_nought<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
