//! What goes wrong, and when: drawn from a seed, or set for one cell of a matrix.

use super::dials::Dials;
use super::fault::{Fault, Operation};

/// What the bank says when it is asked what became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inquiry {
    Answers,
    /// It shows what was there half a minute ago.
    Lags,
    /// It is away for a while.
    Down,
}

/// What the bank tells of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Never,
    Once,
    TenTimes,
    /// Before the answer of the call.
    BeforeAnswer,
    /// What came later is told first.
    Backwards,
    /// After the deed was undone.
    AfterVoid,
    /// With a signature that is not the bank's, or an old one.
    Forged,
    /// Of another store's payment.
    Foreign,
}

impl Inquiry {
    pub(crate) const ALL: &[Inquiry] = &[Self::Answers, Self::Lags, Self::Down];
}

impl Notice {
    pub(crate) const ALL: &[Notice] = &[
        Self::Never,
        Self::Once,
        Self::TenTimes,
        Self::BeforeAnswer,
        Self::Backwards,
        Self::AfterVoid,
        Self::Forged,
        Self::Foreign,
    ];
}

/// Where the node dies around the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crash {
    Never,
    /// The intent to call is folded and not durable.
    BeforeIntent,
    /// It is durable, and no byte went out.
    BeforeSend,
    /// The call is out, and nothing is recorded of its answer.
    BeforeRecord,
    /// The answer is recorded, and nobody has heard.
    BeforeReply,
}

impl Crash {
    pub(crate) const ALL: &[Crash] =
        &[Self::Never, Self::BeforeIntent, Self::BeforeSend, Self::BeforeRecord, Self::BeforeReply];
}

/// One fault at one call, and everything around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) operation: Operation,
    /// Nothing in a rehearsal, which shows where the call comes.
    pub(crate) fault: Option<Fault>,
    pub(crate) inquiry: Inquiry,
    pub(crate) notice: Notice,
    pub(crate) crash: Crash,
}

impl Cell {
    /// Whether the call needs a connection of its own.
    pub(crate) fn is_at_connect(&self) -> bool {
        self.fault.is_some_and(Fault::is_at_connect)
    }
}

/// What goes wrong in a run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) dials: Dials,
    /// In place of what the dials say of the bank.
    pub(crate) cell: Option<Cell>,
}
