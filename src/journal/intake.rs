//! The way in: appends on their way to the writer, and what becomes of those that come after the end.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::board::Board;
use super::{Append, Health};

/// Where appends come in, until it is closed.
pub(super) struct Intake {
    board: Arc<Board>,
    open: RwLock<Option<Sender<Append>>>,
    late: Mutex<Late>,
}

/// Appends that came while the writer worked off what came before them.
enum Late {
    Waiting(Vec<Append>),
    Refused,
}

impl Intake {
    pub(super) fn new(board: Arc<Board>) -> (Self, Receiver<Append>) {
        // Not bounded here: `append` cannot wait, and admission bounds what is under way in the whole process.
        let (sender, receiver) = unbounded();
        (
            Self { board, open: RwLock::new(Some(sender)), late: Mutex::new(Late::Waiting(Vec::new())) },
            receiver,
        )
    }

    pub(super) fn append(&self, append: Append) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        match &*open {
            // The receiver is gone only with a process that is going down; then nobody is answered.
            Some(sender) => drop(sender.send(append)),
            None => {
                drop(open);
                self.refuse(append);
            }
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

    /// Takes no more. The receiver ends after what was handed over.
    pub(super) fn close(&self) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).take();
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
