//! Events as stored: an explicit kind and version each, and nothing implied.

use crate::types::OrderId;

/// Something that happened to one aggregate.
pub trait Event: Sized + Clone + Send + Sync + 'static {
    /// Every kind this aggregate can record, as stored and as on the wire.
    const KINDS: &'static [&'static str];

    /// The kind, a topic of the form `subject.past_tense`.
    fn kind(&self) -> &'static str;

    /// The version of the shape that [`Event::write`] writes for this kind.
    fn version(&self) -> u16;

    /// Appends the event's data as one JSON object.
    fn write(&self, into: &mut Vec<u8>);

    /// Reads what [`Event::write`] of this or an earlier release wrote.
    fn read(kind: &str, version: u16, data: &[u8]) -> Result<Self, Unreadable>;

    /// The order this event belongs to, when it belongs to one.
    fn order(&self) -> Option<OrderId>;

    /// What the event is about, as on the wire: an id, a SKU, a store.
    fn subject(&self) -> String;
}

/// A stored event that this release cannot read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The kind belongs to no aggregate of this release.
    #[error("unknown event kind {kind}")]
    Kind {
        /// The kind found.
        kind: String,
    },
    /// The version is newer than this release, or older than any it can lift.
    #[error("event {kind} has version {version}, which this release does not read")]
    Version {
        /// The kind found.
        kind: String,
        /// The version found.
        version: u16,
    },
    /// The data is not what kind and version promise.
    #[error("data of event {kind} is damaged")]
    Data {
        /// The kind found.
        kind: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

/// Declares an aggregate's events: one struct a variant, its kind and the version it is written in.
///
/// Several variants may share a kind only if their data tells them apart; none does today. A shape that changes gets the
/// next version, and a function beside it that lifts the older one: `Kept(Kept) = "order.kept", 2, lift_kept;` where
/// `fn lift_kept(version: u16, data: &[u8]) -> Result<Kept, Unreadable>`.
#[macro_export]
macro_rules! events {
    (
        $(#[$doc:meta])*
        pub enum $name:ident {
            $($(#[$variant_doc:meta])* $variant:ident($data:ty) = $kind:literal, $version:literal $(, $lift:path)?;)+
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant($data),)+
        }

        impl $crate::runtime::Event for $name {
            const KINDS: &'static [&'static str] = &[$($kind),+];

            fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $kind,)+ }
            }

            fn version(&self) -> u16 {
                match self { $(Self::$variant(_) => $version,)+ }
            }

            fn write(&self, into: &mut Vec<u8>) {
                match self {
                    $(Self::$variant(data) => serde_json::to_writer(into, data),)+
                }
                .expect("event data has string keys and goes to memory")
            }

            fn read(kind: &str, version: u16, data: &[u8]) -> Result<Self, $crate::runtime::Unreadable> {
                use $crate::runtime::Unreadable;
                match (kind, version) {
                    $(($kind, $version) => serde_json::from_slice(data)
                        .map(Self::$variant)
                        .map_err(|source| Unreadable::Data { kind: kind.into(), source }),)+
                    $($(($kind, older) if older < $version => $lift(older, data).map(Self::$variant),)?)+
                    $(($kind, _) => Err(Unreadable::Version { kind: kind.into(), version }),)+
                    _ => Err(Unreadable::Kind { kind: kind.into() }),
                }
            }

            fn order(&self) -> Option<$crate::types::OrderId> {
                match self { $(Self::$variant(data) => data.order(),)+ }
            }

            fn subject(&self) -> String {
                match self { $(Self::$variant(data) => data.subject(),)+ }
            }
        }
    };
}
