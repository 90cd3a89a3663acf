//! Calls in line: first come, first served.

use std::collections::VecDeque;

use super::Waiting;
use crate::payment::bank::Errand;
use crate::types::PaymentId;

/// Calls in line. However long it is, it knows whether any of them may go elsewhere.
#[derive(Default)]
pub(super) struct Line {
    calls: VecDeque<Waiting>,
    /// How many of them may go elsewhere.
    movable: usize,
}

impl Line {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Whether any may go elsewhere.
    pub(super) fn has_movable(&self) -> bool {
        self.movable > 0
    }

    /// One more, behind all others.
    pub(super) fn push(&mut self, waiting: Waiting) {
        self.movable += usize::from(is_movable(&waiting.errand));
        self.calls.push_back(waiting);
    }

    /// The one that has waited longest.
    pub(super) fn pop(&mut self) -> Option<Waiting> {
        self.pop_if(|_| true)
    }

    /// The one that has waited longest, if it is such a one.
    pub(super) fn pop_if(&mut self, is_such: impl Fn(&Waiting) -> bool) -> Option<Waiting> {
        let next = self.calls.pop_front_if(|waiting| is_such(waiting))?;
        self.movable -= usize::from(is_movable(&next.errand));
        Some(next)
    }

    /// A payment's call, wherever it stands.
    pub(super) fn take_out(&mut self, payment: PaymentId) -> Option<Waiting> {
        let at = self.calls.iter().position(|waiting| waiting.context.payment == payment)?;
        let found = self.calls.remove(at)?;
        self.movable -= usize::from(is_movable(&found.errand));
        Some(found)
    }

    /// All of them, in their order.
    pub(super) fn take_all(&mut self) -> VecDeque<Waiting> {
        self.movable = 0;
        std::mem::take(&mut self.calls)
    }
}

fn is_movable(errand: &Errand) -> bool {
    !errand.or_else.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::CallContext;
    use crate::payment::bank::Call;
    use crate::payment::{Gateway, id_of};
    use crate::types::OrderId;

    fn waiting(order: u128, is_movable: bool) -> Waiting {
        let order = OrderId::from_bits(order);
        let context = CallContext { store: "acme".parse().expect("legal"), order, payment: id_of(order) };
        let call = Call::Look { attempt: 1, intent: "pi_1".into() };
        let or_else =
            if is_movable { vec![Gateway { name: "other".into(), version: 1 }] } else { Vec::new() };
        Waiting { context, errand: Errand { to: None, or_else, is_repeat: false, call } }
    }

    #[test]
    fn a_line_knows_whether_any_of_it_may_go_elsewhere_whichever_way_it_gets_shorter() {
        let numbers = |waiting: Option<Waiting>| waiting.map(|one| one.context.order.bits());
        let mut line = Line::default();
        assert!(line.is_empty() && !line.has_movable() && line.pop().is_none());
        for (order, is_movable) in [(1, false), (2, true), (3, false), (4, true), (5, true)] {
            line.push(waiting(order, is_movable));
        }
        assert_eq!((line.len(), line.has_movable()), (5, true));
        assert_eq!(numbers(line.pop()), Some(1));
        assert_eq!(numbers(line.pop_if(|one| one.context.order.bits() != 2)), None);
        assert_eq!(numbers(line.pop_if(|one| one.context.order.bits() == 2)), Some(2));
        assert!(line.has_movable());
        assert_eq!(numbers(line.take_out(id_of(OrderId::from_bits(4)))), Some(4));
        assert_eq!(numbers(line.take_out(id_of(OrderId::from_bits(4)))), None);
        assert!(line.has_movable());
        assert_eq!(numbers(line.take_out(id_of(OrderId::from_bits(5)))), Some(5));
        assert!(!line.has_movable() && !line.is_empty());
        line.push(waiting(6, true));
        let all: Vec<u128> = line.take_all().into_iter().map(|one| one.context.order.bits()).collect();
        assert_eq!(all, [3, 6]);
        assert!(line.is_empty() && !line.has_movable());
    }
}
