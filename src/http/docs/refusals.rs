//! What a route may refuse: its own problems, and those of its sort.

use super::Route;
use crate::problem::Code;

/// What the whole node may say to anybody.
const NODE: [Code; 5] = [Code::Internal, Code::Starting, Code::Stopping, Code::NodeFull, Code::AnswerOverdue];
/// What a store says on the way in.
const STORE: [Code; 5] = [
    Code::StoreNotFound,
    Code::StoreFull,
    Code::StoreRebuilding,
    Code::StoreQuarantined,
    Code::StateUnreadable,
];
const STORE_HEADER: [Code; 2] = [Code::StoreIdMissing, Code::StoreIdMalformed];
/// What becomes of a request that changes something.
const WRITE: [Code; 9] = [
    Code::MalformedRequest,
    Code::MalformedHeader,
    Code::IdempotencyKeyMalformed,
    Code::IdempotencyKeyInUse,
    Code::IdempotencyKeyReused,
    Code::RequestTimeout,
    Code::BodyTooLarge,
    Code::UnsupportedMediaType,
    Code::JournalUnavailable,
];
const BODY: [Code; 2] = [Code::MalformedJson, Code::ValidationFailed];
const VIEWS: [Code; 2] = [Code::ViewsBehind, Code::StateUnreadable];

/// Every problem that a route may answer with, in the order of the table. Whatever its code, an unknown one is left out;
/// a test looks for those.
pub(super) fn of(route: &Route) -> Vec<Code> {
    // Whether the process lives is nobody's to refuse, and what needs no door is served without one.
    if route.path == "/livez" {
        return Vec::new();
    }
    let enters_store = route.is_of_a_store() || route.path == "/v1/stores/{id}";
    let sorts: [(bool, &[Code]); 8] = [
        (true, &NODE),
        (route.is_of_a_store(), &STORE_HEADER),
        (enters_store, &STORE),
        (route.is_write(), &WRITE),
        (route.body.is_some(), &BODY),
        (route.edits, &[Code::PreconditionFailed]),
        (!route.query.is_empty(), &[Code::MalformedQuery]),
        (route.asks_views(), &VIEWS),
    ];
    let is_listed = route.query.contains_key("cursor");
    let may = |code: &Code| {
        sorts.iter().any(|(applies, codes)| *applies && codes.contains(code))
            || (is_listed && *code == Code::MalformedCursor)
            || route.problems.iter().any(|own| *own == code.kind().code)
    };
    Code::ALL.iter().copied().filter(may).collect()
}
