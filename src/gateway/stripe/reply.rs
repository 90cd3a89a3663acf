//! What an answer means. Nothing is guessed: what cannot be read is unknown.

use std::sync::Arc;

use super::Answer;
use super::body::{Charge, Dispute, Error, Failure, Intent, Page, Refund, RefundStatus};
use crate::gateway::{BookedDispute, BooksPage, CallContext, DisputesPage};
use crate::payment::bank::{IntentStatus, Operation, Outcome, Reason};

/// An answer to something we asked to be done.
pub(super) struct Reply<'a> {
    answer: &'a Answer,
}

impl<'a> Reply<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
        Self { answer }
    }

    /// What it means for the operation.
    pub(super) fn outcome(&self, operation: Operation) -> Outcome {
        let answer = self.answer;
        match answer.status.as_u16() {
            200..=299 => self.done(operation),
            402 => match error(answer) {
                Some(error) => Outcome::Declined(Box::new(error.decline())),
                None => self.unknown(Reason::Unreadable),
            },
            409 => Outcome::Busy { reason: Reason::KeyInUse, retry_after_ms: answer.retry_after_ms },
            429 => Outcome::Busy { reason: Reason::RateLimited, retry_after_ms: answer.retry_after_ms },
            // Given up by something between us and the bank, or by the bank half way.
            408 | 499 => self.unknown(Reason::TimedOut),
            400..=499 => self.refused(operation),
            500..=599 => self.unknown(Reason::ServerError),
            _ => self.unknown(Reason::Unreadable),
        }
    }

    fn done(&self, operation: Operation) -> Outcome {
        let body = &self.answer.body;
        let outcome = match operation {
            Operation::Authorize | Operation::Capture | Operation::Void => {
                serde_json::from_slice::<Intent<'_>>(body)
                    .ok()
                    .and_then(|intent| intent.snapshot())
                    .map(Outcome::Intent)
            }
            Operation::Refund(_) => serde_json::from_slice::<Refund<'_>>(body)
                .ok()
                .and_then(|refund| refund.read())
                .map(|status| match status {
                    RefundStatus::Accepted(receipt) => Outcome::Refunded(receipt),
                    RefundStatus::Failed(code) => Outcome::RefundFailed { code },
                }),
        };
        outcome.unwrap_or_else(|| self.unknown(Reason::Unreadable))
    }

    fn refused(&self, operation: Operation) -> Outcome {
        match error(self.answer) {
            // Another request went out under this key: what became of that one is the question.
            Some(error) if error.kind.as_deref() == Some("idempotency_error") => {
                Outcome::Unknown { reason: Reason::KeyConflict, replayed: true, retry_after_ms: None }
            }
            // What this shopper wants cannot be charged, and no waiting changes that.
            Some(error) if operation == Operation::Authorize && error.is_about_the_payment() => {
                Outcome::Declined(Box::new(error.decline()))
            }
            Some(error) => Outcome::Refused { code: error.code(), message: error.message() },
            None => Outcome::Refused {
                code: format!("http_{}", self.answer.status.as_u16()).into(),
                message: "".into(),
            },
        }
    }

    fn unknown(&self, reason: Reason) -> Outcome {
        let Answer { is_replayed, retry_after_ms, .. } = *self.answer;
        Outcome::Unknown { reason, replayed: is_replayed, retry_after_ms }
    }
}

fn error(answer: &Answer) -> Option<Error<'_>> {
    serde_json::from_slice::<Failure<'_>>(&answer.body).ok().map(|failure| failure.error)
}

/// An answer to a look at one intent. Another order's is none of ours, whoever said that it was: its money is never touched.
pub(super) fn found(answer: &Answer, context: &CallContext) -> Outcome {
    match answer.status.as_u16() {
        200 => match serde_json::from_slice::<Intent<'_>>(&answer.body) {
            Ok(intent) if !is_of(&intent, context) => Outcome::NotFound,
            Ok(intent) => intent.snapshot().map_or_else(|| failed(answer), Outcome::Found),
            Err(_) => failed(answer),
        },
        404 if error(answer).is_some() => Outcome::NotFound,
        _ => failed(answer),
    }
}

/// Whether the bank offers no search, so that its answer says nothing about the money.
pub(super) fn is_search_missing(answer: &Answer) -> bool {
    matches!(answer.status.as_u16(), 400 | 404 | 405)
}

/// An attempt among a page of intents; and, when it is not there and there are more pages, where the next begins.
pub(super) fn find_attempt(
    answer: &Answer,
    context: &CallContext,
    attempt: u32,
) -> (Outcome, Option<Arc<str>>) {
    let page = match answer.status.as_u16() {
        200 => serde_json::from_slice::<Page<Intent<'_>>>(&answer.body).ok(),
        _ => None,
    };
    let Some(page) = page else { return (failed(answer), None) };
    let is_ours = |intent: &&Intent<'_>| {
        let its_attempt = intent.metadata.attempt.as_deref().and_then(|text| text.parse().ok());
        is_of(intent, context) && its_attempt == Some(attempt)
    };
    let mut ours = Vec::new();
    for intent in page.data.iter().filter(is_ours) {
        match intent.snapshot() {
            Some(snapshot) => ours.push(snapshot),
            None => return (failed(answer), None),
        }
    }
    // One attempt makes one intent. Should there be more, the one that holds money is the one to know of.
    if let Some(snapshot) = ours.into_iter().max_by_key(|snapshot| weight(&snapshot.status)) {
        return (Outcome::Found(snapshot), None);
    }
    let next = page.has_more.then(|| page.data.last().and_then(Intent::id)).flatten();
    (Outcome::NotFound, next)
}

/// Whether an intent says that it pays this order of this store: we write that on every one.
fn is_of(intent: &Intent<'_>, context: &CallContext) -> bool {
    let mut buffer = [0; 32];
    let order = context.order.encode(&mut buffer);
    let data = &intent.metadata;
    data.order_id.as_deref() == Some(order) && data.store_id.as_deref() == Some(context.store.as_str())
}

fn weight(status: &IntentStatus) -> u8 {
    match status {
        IntentStatus::Canceled => 0,
        IntentStatus::RequiresPaymentMethod(_) => 1,
        IntentStatus::RequiresAction { .. } => 2,
        IntentStatus::Processing => 3,
        IntentStatus::RequiresCapture => 4,
        IntentStatus::Succeeded => 5,
    }
}

/// A refund among those of its intent. One that was accepted counts whichever attempt it was; one that failed only for its own.
pub(super) fn find_refund(answer: &Answer, number: u32, attempt: u32) -> Outcome {
    let page = match answer.status.as_u16() {
        200 => serde_json::from_slice::<Page<Refund<'_>>>(&answer.body).ok(),
        _ => None,
    };
    let Some(page) = page else { return failed(answer) };
    let is = |text: &Option<std::borrow::Cow<'_, str>>, wanted: u32| {
        text.as_deref().and_then(|text| text.parse().ok()) == Some(wanted)
    };
    let mut has_failed = false;
    for refund in page.data.iter().filter(|refund| is(&refund.metadata.refund, number)) {
        match refund.read() {
            Some(RefundStatus::Accepted(receipt)) => return Outcome::FoundRefund(Some(receipt)),
            Some(RefundStatus::Failed(_)) => has_failed |= is(&refund.metadata.attempt, attempt),
            None => return failed(answer),
        }
    }
    match (has_failed, page.has_more) {
        (true, _) => Outcome::FoundRefund(None),
        (false, false) => Outcome::NotFound,
        // More refunds of one payment than a page holds.
        (false, true) => Outcome::InquiryFailed { reason: Reason::Interrupted, retry_after_ms: None },
    }
}

/// An inquiry that brought nothing.
fn failed(answer: &Answer) -> Outcome {
    Outcome::InquiryFailed { reason: reason_of(answer), retry_after_ms: answer.retry_after_ms }
}

fn reason_of(answer: &Answer) -> Reason {
    match answer.status.as_u16() {
        429 => Reason::RateLimited,
        408 | 499 => Reason::TimedOut,
        400..=499 => Reason::Refused,
        500..=599 => Reason::ServerError,
        _ => Reason::Unreadable,
    }
}

/// A page of the bank's books. One line of it that cannot be read makes all of it unreadable: books with a hole say nothing.
pub(super) fn books(answer: &Answer) -> Result<BooksPage, Reason> {
    if answer.status.as_u16() != 200 {
        return Err(reason_of(answer));
    }
    let page = serde_json::from_slice::<Page<Charge<'_>>>(&answer.body).map_err(|_| Reason::Unreadable)?;
    let charges: Option<Vec<_>> = page.data.iter().map(Charge::booked).collect();
    let charges = charges.ok_or(Reason::Unreadable)?;
    let next = page.has_more.then(|| page.data.last().and_then(Charge::id)).flatten();
    Ok(BooksPage { charges, next })
}

/// A page of disputes. Those that no intent was charged for are nobody's here; one that cannot be read makes all unreadable.
pub(super) fn disputes(answer: &Answer) -> Result<DisputesPage, Reason> {
    if answer.status.as_u16() != 200 {
        return Err(reason_of(answer));
    }
    let page = serde_json::from_slice::<Page<Dispute<'_>>>(&answer.body).map_err(|_| Reason::Unreadable)?;
    let ours = page.data.iter().filter(|dispute| dispute.has_intent());
    let disputes: Option<Vec<_>> = ours.map(Dispute::booked).collect();
    let next = page.has_more.then(|| page.data.last().and_then(Dispute::id)).flatten();
    Ok(DisputesPage { disputes: disputes.ok_or(Reason::Unreadable)?, next })
}

/// One dispute; nothing where the bank knows of none, or of none that an intent was charged for.
pub(super) fn dispute(answer: &Answer) -> Result<Option<BookedDispute>, Reason> {
    match answer.status.as_u16() {
        200 => match serde_json::from_slice::<Dispute<'_>>(&answer.body) {
            Ok(dispute) if !dispute.has_intent() => Ok(None),
            Ok(dispute) => dispute.booked().map(Some).ok_or(Reason::Unreadable),
            Err(_) => Err(Reason::Unreadable),
        },
        404 if error(answer).is_some() => Ok(None),
        _ => Err(reason_of(answer)),
    }
}

/// Any answer in time is one; what it says of the bank's health the breaker knows.
pub(super) fn pinged(answer: &Answer) -> Outcome {
    match answer.status.as_u16() {
        200 => Outcome::NotFound,
        _ => failed(answer),
    }
}
