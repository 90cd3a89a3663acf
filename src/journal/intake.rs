//! The way in: appends on their way to the writer, and what becomes of those that come after the end.

use std::sync::{Arc, Mutex, PoisonError};

use super::board::Board;
use super::queue::{Entry, Exit, queue};
use super::{Append, Health};

/// Where appends come in, until it is closed.
pub(super) struct Intake {
    board: Arc<Board>,
    entry: Entry<Append>,
    late: Mutex<Late>,
}

/// Appends that came while the writer worked off what came before them.
enum Late {
    Waiting(Vec<Append>),
    Refused,
}

impl Intake {
    pub(super) fn new(board: Arc<Board>) -> (Self, Exit<Append>) {
        // Not bounded here: `append` cannot wait, and admission bounds what is under way in the whole process.
        let (entry, exit) = queue();
        (Self { board, entry, late: Mutex::new(Late::Waiting(Vec::new())) }, exit)
    }

    pub(super) fn append_all(&self, appends: Vec<Append>) {
        if let Err(appends) = self.entry.put_all(appends) {
            appends.into_iter().for_each(|append| self.refuse(append));
        }
    }

    /// A refusal must not overtake the outcomes of what the same lane handed over before.
    fn refuse(&self, append: Append) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *late {
            Late::Waiting(waiting) => waiting.push(append),
            Late::Refused if self.board.is_poisoned() => {}
            Late::Refused => self.board.refuse_late(append.lane, append.ticket),
        }
    }

    /// Takes no more. The writer ends after what was handed over.
    pub(super) fn close(&self) {
        self.entry.close();
    }

    /// Everything handed over was settled: what came too late can be told so.
    pub(super) fn closed(&self) {
        let mut late = self.late.lock().unwrap_or_else(PoisonError::into_inner);
        if let Late::Waiting(waiting) = std::mem::replace(&mut *late, Late::Refused)
            && !self.board.is_poisoned()
        {
            for append in waiting {
                self.board.refuse_late(append.lane, append.ticket);
            }
        }
        self.board.set_health(Health::Closed);
    }
}
