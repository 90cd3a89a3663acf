//! Seeds that failed once. Each is played first in every run, for ever.

/// The game, its seed, and what was wrong.
pub(crate) const FAILED_ONCE: &[(&str, u64, &str)] = &[
    ("inventory", 8_182_369_291_864_359_013, "who waited for stock was served twice in one breath"),
    (
        "inventory",
        15_434_583_561_678_119_391,
        "who had left with what there was got the rest, and kept it for ever",
    ),
    (
        "inventory",
        11_962_371_426_059_265_965,
        "what a replay announced after orders that waited were served came in another order",
    ),
    (
        "payment",
        7_906_758_377_813_954_213,
        "a refund that the bank made twice was tried again under a key in use",
    ),
    (
        "payment",
        9_562_686_133_947_849_141,
        "money taken before a void, and not as much as was asked for, was booked as the order's own",
    ),
];
