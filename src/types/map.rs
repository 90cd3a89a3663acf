//! Maps of what is looked up at every command. Their hash is seeded anew in each process, so that nobody outside can make
//! keys collide, and costs a fraction of the standard library's.

/// A map.
pub type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
/// A set.
pub type Set<K> = std::collections::HashSet<K, foldhash::fast::RandomState>;
/// A map that threads share.
pub type SharedMap<K, V> = dashmap::DashMap<K, V, foldhash::fast::RandomState>;
