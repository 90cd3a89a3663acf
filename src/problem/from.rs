//! From every refusal to its row. The matches name every variant, so that a new one asks for its place here.

use super::{Code, Problem};
use crate::order::Invalid;
use crate::runtime::{Fault, Refusal};
use crate::schedule::Refused;
use crate::store::EnterError;
use crate::store::settings;
use crate::{alert, fraud, fulfillment, inventory, order, payment, returns};

impl<R> From<Refusal<R>> for Problem
where
    R: std::error::Error + Into<Problem>,
{
    fn from(refusal: Refusal<R>) -> Self {
        match refusal {
            Refusal::Rejected(rejection) => rejection.into(),
            Refusal::Changed { now: Some(now) } => {
                Self::new(Code::PreconditionFailed).with_etag(format!("\"{now}\""))
            }
            Refusal::Changed { now: None } => Code::PreconditionFailed.into(),
            Refusal::Fault(fault) => fault.into(),
        }
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        Self::new(match fault {
            Fault::DeadlinePassed => Code::DeadlinePassed,
            Fault::JournalRefused => Code::JournalUnavailable,
            Fault::Rebuilding => Code::StoreRebuilding,
            Fault::Quarantined => Code::StoreQuarantined,
            Fault::Stopping => Code::Stopping,
            Fault::StoreFull => Code::StoreFull,
            Fault::RateExceeded => Code::RateExceeded,
            Fault::NodeFull => Code::NodeFull,
            Fault::ViewsBehind => Code::ViewsBehind,
            Fault::KeyInUse => Code::IdempotencyKeyInUse,
            Fault::KeyReused => Code::IdempotencyKeyReused,
            Fault::Unreadable => Code::StateUnreadable,
        })
    }
}

impl From<EnterError> for Problem {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::NotFound => Code::StoreNotFound.into(),
            EnterError::Fault(fault) => fault.into(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Running { .. } => Self::because(Code::JobRunning, refused.to_string()),
            Refused::KeyReused => Code::IdempotencyKeyReused.into(),
            Refused::Stopped => Code::ScheduleUnavailable.into(),
            Refused::Unwritten => Self::because(Code::ScheduleUnavailable, refused.to_string()),
        }
    }
}

impl From<order::Rejection> for Problem {
    fn from(rejection: order::Rejection) -> Self {
        use order::Rejection as R;
        match rejection {
            R::NoSuchOrder => Code::OrderNotFound.into(),
            R::AlreadyPlaced => Code::OrderAlreadyPlaced.into(),
            R::Invalid(errors) => Self::invalid(errors),
            R::StoreSuspended => Code::StoreSuspended.into(),
            R::Illegal { status, legal, .. } => Self::because(Code::IllegalTransition, rejection.to_string())
                .with_standing(status.to_string(), legal),
        }
    }
}

impl From<settings::Rejection> for Problem {
    fn from(rejection: settings::Rejection) -> Self {
        use settings::Rejection as R;
        match rejection {
            R::NotFound => Code::StoreNotFound.into(),
            R::Exists => Code::StoreExists.into(),
            R::OutOfBounds(places) => Self::invalid(
                places
                    .into_iter()
                    .map(|(place, bounds)| Invalid::new(place, "out_of_range", bounds))
                    .collect(),
            ),
        }
    }
}

impl From<inventory::Rejection> for Problem {
    fn from(rejection: inventory::Rejection) -> Self {
        use inventory::Rejection as R;
        let detail = rejection.to_string();
        match rejection {
            R::UnknownSku { .. } => Self::because(Code::ItemNotFound, detail),
            R::NotDamaged { .. } => Self::because(Code::NotDamaged, detail),
            R::BelowPromised { .. } => Self::because(Code::BelowPromised, detail),
            R::TooMuch { .. } => Self::invalid(vec![Invalid::new("", "out_of_range", detail)]),
            R::Short { .. } => Self::because(Code::StockShort, detail),
            R::NoLines | R::TooManyLines => Self::invalid(vec![Invalid::new("/lines", "line_count", detail)]),
            R::AlreadyEnded { .. } => Self::because(Code::IllegalTransition, detail),
            R::NotReserved { .. } => Self::because(Code::ReservationNotFound, detail),
            R::NotPossible { .. } => Self::because(Code::IllegalTransition, detail),
            R::ExtendedTooOften { .. } => Self::because(Code::ExtendedTooOften, detail),
            R::TextTooLong { what } => {
                let pointer = format!("/{}", what.rsplit(' ').next().unwrap_or(what));
                Self::invalid(vec![Invalid::new(pointer, "invalid_length", detail)])
            }
        }
    }
}

impl From<fraud::Rejection> for Problem {
    fn from(rejection: fraud::Rejection) -> Self {
        use fraud::Rejection as R;
        let detail = rejection.to_string();
        match rejection {
            R::NoSuchReview { .. } => Code::ReviewNotFound.into(),
            R::NotOpen { status, .. } => {
                Self::because(Code::ReviewClosed, detail).with_standing(status.name(), &[])
            }
            R::BadRules { problems } => Self::invalid(problems.iter().map(bad_rule).collect()),
            R::NoteTooLong => Self::invalid(vec![Invalid::new("/note", "invalid_length", detail)]),
        }
    }
}

/// Which rule, and where in it.
fn bad_rule(problem: &fraud::Problem) -> Invalid {
    Invalid::new(format!("/rules/{}/when", problem.index), "invalid_rule", problem.to_string())
}

impl From<alert::Rejection> for Problem {
    fn from(rejection: alert::Rejection) -> Self {
        use alert::Rejection as R;
        let detail = rejection.to_string();
        match rejection {
            R::NoSuchAlert { .. } => Code::AlertNotFound.into(),
            R::Over { status, .. } => {
                Self::because(Code::IllegalTransition, detail).with_standing(status.name(), &[])
            }
            R::SilenceOutOfRange => Self::invalid(vec![Invalid::new("/minutes", "out_of_range", detail)]),
            R::NameTooLong => Self::invalid(vec![Invalid::new("/by", "invalid_length", detail)]),
        }
    }
}

impl From<fulfillment::Rejection> for Problem {
    fn from(rejection: fulfillment::Rejection) -> Self {
        use fulfillment::Rejection as R;
        let detail = rejection.to_string();
        match rejection {
            R::NotFound => Code::FulfillmentNotFound.into(),
            R::Illegal { status, legal, .. } => {
                Self::because(Code::IllegalTransition, detail).with_standing(status, legal)
            }
            R::NotAPart => Self::invalid(vec![Invalid::new("/lines", "not_a_part", detail)]),
            R::TooManyParts => Self::because(Code::IllegalTransition, detail),
            R::OtherParcel => {
                Self::invalid(vec![Invalid::new("/result/tracking_code", "other_parcel", detail)])
            }
        }
    }
}

impl From<returns::Rejection> for Problem {
    fn from(rejection: returns::Rejection) -> Self {
        use returns::Rejection as R;
        let detail = rejection.to_string();
        let at = |place: usize, member: &str, code: &'static str, detail: String| {
            Self::invalid(vec![Invalid::new(format!("/lines/{place}{member}"), code, detail)])
        };
        match rejection {
            R::NotFound => Code::ReturnNotFound.into(),
            R::Illegal { status, legal, .. } => {
                Self::because(Code::IllegalTransition, detail).with_standing(status, legal)
            }
            R::LineCount => Self::invalid(vec![Invalid::new("/lines", "line_count", detail)]),
            R::NoPieces { place } => at(place, "/quantity", "out_of_range", detail),
            R::NoSuchLine { place } => at(place, "", "no_such_line", detail),
            R::MoreThanDelivered { place, .. } => at(place, "/quantity", "more_than_delivered", detail),
            R::MoreThanAsked { place, .. } => at(place, "/quantity", "more_than_asked", detail),
            R::WindowOver { .. } => Self::because(Code::ReturnWindowOver, detail),
            R::TooManyReturns | R::TooManyReceipts => Self::because(Code::TooManyReturns, detail),
        }
    }
}

impl From<payment::Rejection> for Problem {
    fn from(rejection: payment::Rejection) -> Self {
        use payment::Rejection as R;
        let detail = rejection.to_string();
        match rejection {
            R::NotBegun => Code::PaymentNotFound.into(),
            R::NothingToPay => Self::invalid(vec![Invalid::new("/amount", "out_of_range", detail)]),
            R::OtherTerms | R::NotAuthorized | R::Busy | R::Elsewhere | R::Over => {
                Self::because(Code::IllegalTransition, detail)
            }
            R::NotCaptured | R::TooManyRefunds => Self::because(Code::RefundImpossible, detail),
            R::RefundTooLarge { .. } => {
                Self::invalid(vec![Invalid::new("/amount", "refund_too_large", detail)])
            }
        }
    }
}
