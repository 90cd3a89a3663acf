//! A clerk who reads an order's events and knows the published table: which step may follow which, what each ending owes, and
//! when money and goods may move.

use orderflow::order::{CancelReason, CanceledUnits, Event, Order, Progress, Status, Step};
use orderflow::types::Timestamp;

use super::LINES;
use crate::ensure;
use crate::game::Holds;
use crate::tally::Tally;

/// The clerk's card of one order.
#[derive(Debug, Default)]
pub(super) struct Clerk {
    stage: Stage,
    version: u64,
    deadline: Timestamp,
    held_until: Option<Timestamp>,
    captured: i64,
    refunded: i64,
    is_disputed: bool,
    is_warned: bool,
    /// Parcels that may leave.
    gone: Vec<u32>,
    /// Parcels that wait for the money.
    waiting: Vec<u32>,
    is_rest_canceled: bool,
    /// What went back for pieces that will not arrive.
    lines_refunded: i64,
    progress: Progress,
    owes: Owes,
}

/// Where it is, by the table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Stage {
    #[default]
    Unplaced,
    Reserving,
    Screening,
    OnHold,
    Paying,
    Challenged,
    Committing,
    Confirmed,
    Completed,
    Canceled,
    Expired,
}

/// What an ended order owes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Owes {
    work: bool,
    stock: bool,
    money: bool,
    review: bool,
}

impl Stage {
    const BEFORE_PROMISE: [Stage; 4] = [Stage::Reserving, Stage::Screening, Stage::Paying, Stage::Challenged];

    fn is_ended(self) -> bool {
        matches!(self, Stage::Canceled | Stage::Expired)
    }
}

impl Clerk {
    /// Reads one event.
    pub(super) fn read(&mut self, event: &Event, now: Timestamp, tally: &mut Tally) -> Holds {
        use Stage as S;
        let stage = self.stage;
        let from = |legal: &[Stage]| -> Holds {
            ensure!(legal.contains(&stage), "not from {stage:?}");
            Ok(())
        };
        self.version += 1;
        match event {
            Event::Created(e) => {
                from(&[S::Unplaced])?;
                (self.stage, self.deadline) = (S::Reserving, e.deadline);
            }
            Event::StockHeld(_) => {
                from(&[S::Reserving])?;
                self.stage = S::Screening;
            }
            Event::Cleared(_) => {
                from(&[S::Screening])?;
                self.stage = S::Paying;
            }
            Event::ParkedForReview(e) => {
                from(&[S::Screening])?;
                (self.stage, self.held_until) = (S::OnHold, Some(e.due_at));
            }
            Event::ReviewPassed(e) => {
                from(&[S::Screening, S::OnHold])?;
                ensure!(e.deadline >= self.deadline, "the deadline comes nearer");
                (self.stage, self.deadline) = (S::Paying, e.deadline);
            }
            Event::Challenged(_) => {
                from(&[S::Paying])?;
                self.stage = S::Challenged;
            }
            Event::Paid(e) => {
                from(&[S::Paying, S::Challenged])?;
                ensure!(!e.authorized.is_zero(), "paid with nothing");
                (self.stage, self.captured) = (S::Committing, e.captured.minor());
            }
            Event::PaidLate(e) => {
                from(&[S::Canceled, S::Expired])?;
                ensure!(!self.owes.money, "that the money goes back is known");
                self.captured = self.captured.max(e.captured.minor());
                self.owes.money = true;
            }
            Event::Confirmed(_) => {
                from(&[S::Committing])?;
                self.stage = S::Confirmed;
            }
            Event::Canceled(e) => {
                from(&[
                    S::Reserving,
                    S::Screening,
                    S::OnHold,
                    S::Paying,
                    S::Challenged,
                    S::Committing,
                    S::Confirmed,
                ])?;
                ensure!(self.gone.is_empty(), "canceled, and {:?} have left", self.gone);
                if self.captured > 0 {
                    tally.window("canceled after it was paid");
                }
                self.end(S::Canceled, (!e.on_request).then_some(e.reason));
            }
            Event::Expired(_) => {
                from(&S::BEFORE_PROMISE)?;
                ensure!(now >= self.deadline, "it expires before its time");
                tally.window("expired");
                self.end(S::Expired, None);
            }
            Event::RetryRequested(_) => {
                from(&[S::Paying, S::Challenged, S::Confirmed, S::Canceled, S::Expired])?;
                ensure!(!stage.is_ended() || self.owes.money, "what is tried again is settled");
            }
            Event::StockReleased(_) => {
                from(&[S::Canceled, S::Expired])?;
                ensure!(std::mem::take(&mut self.owes.stock), "stock is released twice");
            }
            Event::PaymentUndone(e) => {
                from(&[S::Canceled, S::Expired])?;
                ensure!(std::mem::take(&mut self.owes.money), "money is undone twice");
                (self.captured, self.refunded) = (e.captured.minor(), e.refunded.minor());
            }
            Event::ReviewWithdrawn(_) => {
                from(&[S::Canceled, S::Expired])?;
                ensure!(std::mem::take(&mut self.owes.review), "the review is called off twice");
            }
            Event::RefundsChanged(e) => {
                from(&[S::Committing, S::Confirmed, S::Completed, S::Canceled, S::Expired])?;
                (self.captured, self.refunded) = (e.captured.minor(), e.refunded.minor());
                if stage.is_ended() && self.refunded < self.captured {
                    self.owes.money = true;
                }
            }
            Event::Disputed(_) => {
                ensure!(!std::mem::replace(&mut self.is_disputed, true), "disputed twice");
            }
            Event::DisputeEnded(_) => {
                ensure!(std::mem::take(&mut self.is_disputed), "nothing was disputed");
            }
            Event::CaptureRequested(e) => {
                from(&[S::Confirmed])?;
                ensure!(self.captured == 0, "the money is there");
                let is_known = self.gone.contains(&e.number) || self.waiting.contains(&e.number);
                ensure!(!is_known && !self.is_rest_canceled, "that parcel does not wait for the money");
                self.waiting.push(e.number);
            }
            Event::Captured(e) => {
                from(&[S::Confirmed])?;
                ensure!(self.captured == 0 && !e.captured.is_zero(), "captured twice, or nothing");
                self.captured = e.captured.minor();
            }
            Event::CaptureFailed(_) | Event::CaptureRetried(_) | Event::ShippingResumed(_) => {
                from(&[S::Confirmed])?;
            }
            Event::Shipped(e) => {
                from(&[S::Confirmed])?;
                ensure!(self.captured > 0, "it leaves, and is not paid");
                ensure!(!self.gone.contains(&e.number), "one parcel leaves twice");
                ensure!(!self.is_rest_canceled, "it leaves, and was to stay");
                self.waiting.retain(|number| *number != e.number);
                self.gone.push(e.number);
                self.progress.shipped += e.units;
            }
            Event::RemainderCanceled(_) => {
                from(&[S::Confirmed])?;
                ensure!(!self.gone.is_empty(), "the rest is canceled of what is all there");
                ensure!(!std::mem::replace(&mut self.is_rest_canceled, true), "the rest is canceled twice");
                self.waiting.clear();
                tally.window("canceled in part");
            }
            Event::FulfillmentCanceled(e) => {
                from(&[S::Confirmed, S::Canceled, S::Expired])?;
                let was_asked =
                    std::mem::take(&mut self.is_rest_canceled) | std::mem::take(&mut self.owes.work);
                ensure!(was_asked, "nobody asked for it");
                self.moved(&e.progress)?;
            }
            Event::FulfillmentUpdated(e) => {
                from(&[S::Confirmed])?;
                self.moved(&e.progress)?;
            }
            Event::LinesRefunded(e) => {
                from(&[S::Confirmed])?;
                let value = e.value.minor();
                ensure!(value > self.lines_refunded, "less goes back than before");
                ensure!(value <= self.forgone(), "{} is what they cost", self.forgone());
                self.lines_refunded = value;
            }
            Event::LinesUnpaid(_) => {
                from(&[S::Confirmed])?;
                ensure!(self.forgone() > self.lines_refunded, "nothing is owed");
            }
            Event::TroubleReported(e) => {
                from(&[S::Confirmed, S::Completed, S::Canceled, S::Expired])?;
                ensure!(self.is_warned != e.is_stuck, "people know");
                self.is_warned = e.is_stuck;
            }
            Event::Completed(e) => {
                from(&[S::Confirmed])?;
                self.moved(&e.progress)?;
                let units: u32 = LINES.iter().map(|(_, quantity, _)| quantity).sum();
                let Progress { delivered, .. } = self.progress;
                let ended = pieces(&self.progress.canceled) + pieces(&self.progress.undelivered);
                ensure!(delivered + ended >= units, "{delivered} are there and {ended} will not be");
                ensure!(self.captured > 0 || delivered == 0, "delivered and done, and not paid");
                let is_square = self.captured == 0 || self.lines_refunded >= self.forgone();
                ensure!(is_square, "{} is owed, {} went back", self.forgone(), self.lines_refunded);
                self.stage = S::Completed;
                tally.window("completed");
            }
            Event::GoodsReturned(_) => from(&[S::Confirmed, S::Completed])?,
        }
        Ok(())
    }

    fn end(&mut self, stage: Stage, said: Option<CancelReason>) {
        use Stage as S;
        let before = std::mem::replace(&mut self.stage, stage);
        let was_asked_for_money = matches!(before, S::Paying | S::Challenged | S::Committing | S::Confirmed);
        // Who says so has seen to it; a person has not.
        self.owes = Owes {
            work: before == S::Confirmed || before == S::Committing && said != Some(CancelReason::OutOfStock),
            stock: before != S::Reserving || said != Some(CancelReason::OutOfStock),
            money: was_asked_for_money && said != Some(CancelReason::PaymentFailed),
            review: before == S::OnHold && said != Some(CancelReason::Fraudulent),
        };
        self.is_rest_canceled = false;
    }

    fn moved(&mut self, progress: &Progress) -> Holds {
        ensure!(progress.shipped >= self.progress.shipped, "what has left has not");
        self.progress = progress.clone();
        Ok(())
    }

    /// What the pieces cost that will not leave or not arrive.
    fn forgone(&self) -> i64 {
        let all = self.progress.canceled.iter().chain(&self.progress.undelivered);
        all.map(|part| {
            let line = LINES.iter().find(|(id, ..)| *id == part.line.bits());
            line.map_or(0, |(_, _, price)| price * i64::from(part.quantity))
        })
        .sum()
    }

    /// Whether the order is what the card says.
    pub(super) fn compare(&self, order: &Order) -> Holds {
        let Some(placed) = order.placed() else { return Ok(()) };
        let status = match self.stage {
            Stage::Unplaced => return Err("placed, and nobody took it".to_owned()),
            Stage::Reserving | Stage::Screening | Stage::Paying | Stage::Committing => Status::Pending,
            Stage::OnHold => Status::OnHold,
            Stage::Challenged => Status::RequiresAction,
            Stage::Confirmed => Status::Confirmed,
            Stage::Completed => Status::Completed,
            Stage::Canceled => Status::Canceled,
            Stage::Expired => Status::Expired,
        };
        ensure!(placed.status() == status, "it is {}, and should be {status}", placed.status());
        ensure!(placed.version == self.version, "version {} after {} events", placed.version, self.version);
        let money = (placed.money.captured.minor(), placed.money.refunded.minor());
        ensure!(money == (self.captured, self.refunded), "its money is {money:?}, not {self:?}");
        ensure!(self.refunded <= self.captured, "more went back than was taken: {self:?}");
        Ok(())
    }

    /// Whether it owes what an order there owes, and rings in time.
    pub(super) fn owes(&self, steps: &[Step], timer: Option<Timestamp>) -> Holds {
        use Stage as S;
        let only = |step: Step| vec![step];
        let expected = match self.stage {
            S::Unplaced => Vec::new(),
            S::Reserving => only(Step::ReserveStock),
            S::Screening => only(Step::AssessRisk),
            S::OnHold => {
                let until = self.held_until.unwrap_or_default();
                vec![Step::AssessRisk, Step::ExtendHold { until }]
            }
            S::Paying | S::Challenged => only(Step::Pay),
            S::Committing => only(Step::CommitStock),
            S::Confirmed | S::Completed => {
                let is_asked = steps.contains(&Step::CancelFulfillment);
                ensure!(
                    is_asked == self.is_rest_canceled,
                    "the rest is to stay, and is not stopped: {steps:?}"
                );
                return Ok(());
            }
            S::Canceled | S::Expired => {
                let Owes { work, stock, money, review } = self.owes;
                let all = [
                    (work, Step::CancelFulfillment),
                    (stock && !work, Step::ReleaseStock),
                    (money && !work, Step::CancelPayment),
                    (review, Step::WithdrawReview),
                ];
                let owed: Vec<Step> =
                    all.into_iter().filter_map(|(is_owed, step)| is_owed.then_some(step)).collect();
                let are = |step: &&Step| !matches!(step, Step::Warn { .. });
                let owes: Vec<Step> = steps.iter().filter(are).copied().collect();
                ensure!(owes == owed, "it owes {owes:?}, and should owe {owed:?}");
                return Ok(());
            }
        };
        ensure!(steps == expected, "it owes {steps:?}, and should owe {expected:?}");
        let rings = S::BEFORE_PROMISE.contains(&self.stage).then_some(self.deadline);
        ensure!(timer == rings, "it rings at {timer:?}, and should at {rings:?}");
        Ok(())
    }
}

fn pieces(of: &[CanceledUnits]) -> u32 {
    of.iter().map(|part| part.quantity).sum()
}
