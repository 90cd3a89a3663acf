//! What becomes of appends that come after the end.

use super::*;
use crate::journal::board::Board;
use crate::journal::intake::Intake;

/// A lane of a board, and an intake that was closed before one more append came.
fn closed_with_one_late() -> (std::sync::Arc<Board>, Intake, Lane, Receiver<Settled>) {
    let board = Board::new(7);
    let (sender, settled) = channel();
    let lane = board.open_lane(Box::new(move |outcome| drop(sender.send(outcome))));
    let (intake, mut appends) = Intake::new(board.clone());
    intake.append_all(vec![append(lane, 1)]);
    intake.close();
    intake.append_all(vec![append(lane, 2)]);
    assert_eq!(appends.take_now().map(|append| append.ticket), Some(1), "what came before is settled first");
    assert!(appends.take_now().is_none() && settled.try_recv().is_err(), "the late one waits for that");
    (board, intake, lane, settled)
}

fn append(lane: Lane, ticket: u64) -> Append {
    Append { lane, ticket, store: store_id("a"), generation: 1, rows: vec![row("a", ticket)] }
}

#[test]
fn what_comes_after_the_end_is_refused_once_everything_before_it_is_settled() {
    let (board, intake, lane, settled) = closed_with_one_late();
    intake.closed();
    assert_eq!(settled.try_recv(), Ok(Settled { ticket: 2, refused: vec![2], end: 7 }));
    intake.append_all(vec![append(lane, 3)]);
    assert_eq!(settled.try_recv(), Ok(Settled { ticket: 3, refused: vec![3], end: 7 }));
    assert_eq!((board.figures().refused, board.health()), (2, Health::Closed));
}

#[test]
fn nobody_hears_of_a_poisoned_journal_what_came_too_late() {
    let (board, intake, lane, settled) = closed_with_one_late();
    board.set_health(Health::Poisoned("as the test asked".into()));
    intake.closed();
    intake.append_all(vec![append(lane, 3)]);
    assert!(settled.try_recv().is_err(), "neither taken nor refused");
    assert_eq!(board.figures().refused, 0);
}
