//! What may happen to one call to the bank.

/// A call, as far as faults care.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    Authorise,
    Capture,
    Void,
    Refund,
    Inquiry,
}

impl Operation {
    /// All of them.
    pub(crate) const ALL: &[Operation] =
        &[Self::Authorise, Self::Capture, Self::Void, Self::Refund, Self::Inquiry];

    /// What a request to the bank is.
    pub(crate) fn of(method: &str, target: &str) -> Self {
        let path = target.split('?').next().unwrap_or(target);
        match method {
            "GET" => Self::Inquiry,
            _ if path.ends_with("/capture") => Self::Capture,
            _ if path.ends_with("/cancel") => Self::Void,
            _ if path.starts_with("/v1/refunds") => Self::Refund,
            _ => Self::Authorise,
        }
    }
}

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// Nobody listens.
    Refused,
    /// The name cannot be looked up.
    NameFails,
    /// The connection cannot be secured.
    TlsFails,
    /// It never arrives, and nothing comes back.
    TimeoutBefore,
    /// It is carried out, and nothing comes back.
    TimeoutAfter,
    /// It is carried out, and the connection breaks in the middle of the answer.
    ResetAfter,
    /// It is carried out, and half of the JSON comes back as a whole answer.
    HalfJson,
    /// 500, and nothing happened.
    ErrorBefore,
    /// 500, and it happened.
    ErrorAfter,
    /// 502 from something in between.
    BadGateway,
    /// 503 with `Retry-After`.
    Unavailable,
    /// 429.
    TooMany,
    /// It is carried out, and the answer is 200 and no JSON.
    Junk,
    /// It is carried out, and the answer names another amount.
    OtherAmount,
    /// The issuer says no.
    Declined,
    /// It is carried out, and the answer comes a byte a second.
    Dribbles,
    /// The connection is closed as the call comes in.
    Dropped,
    /// 500, and the bank repeats that under this key for ever; it may have happened.
    Stored,
    /// 409: the same key is in progress.
    InProgress,
    /// It is carried out and nothing comes back, and the bank forgets the key.
    Forgotten,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: &[Fault] = &[
        Self::Refused,
        Self::NameFails,
        Self::TlsFails,
        Self::TimeoutBefore,
        Self::TimeoutAfter,
        Self::ResetAfter,
        Self::HalfJson,
        Self::ErrorBefore,
        Self::ErrorAfter,
        Self::BadGateway,
        Self::Unavailable,
        Self::TooMany,
        Self::Junk,
        Self::OtherAmount,
        Self::Declined,
        Self::Dribbles,
        Self::Dropped,
        Self::Stored,
        Self::InProgress,
        Self::Forgotten,
    ];

    /// Whether it happens before there is a connection.
    pub(crate) fn is_at_connect(self) -> bool {
        matches!(self, Self::Refused | Self::NameFails | Self::TlsFails)
    }

    /// Whether it can happen to a look, which has no key and moves no money.
    pub(crate) fn fits_a_look(self) -> bool {
        !matches!(
            self,
            Self::OtherAmount | Self::Declined | Self::Stored | Self::InProgress | Self::Forgotten
        )
    }
}
