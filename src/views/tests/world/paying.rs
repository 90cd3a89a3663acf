//! How the orders of a world are paid, and given back.

use super::*;

impl World {
    /// A payment begins.
    pub(crate) fn begin(&mut self, store: &StoreId, order: OrderId) {
        if !matches!(self.phase(store, order), Some(order::Phase::Paying)) {
            return;
        }
        let Some(cart) = self.cart(store, order) else { return };
        let command = payment::Command::Begin {
            order,
            amount: cart.total,
            currency: cart.currency,
            method: cart.payment.payment_method,
            capture: payment::Capture::Automatic,
            retry: payment::RetryPolicy { base_ms: 500, cap_ms: 60_000, attempts_max: 3 },
            gateways: self.candidates(store),
            gateway_ready: true,
        };
        self.pay(store, order, command);
    }

    /// The gateways that the store names, as if all of them took calls.
    fn candidates(&self, store: &StoreId) -> Vec<payment::Candidate> {
        let known = self.shops.get(store).and_then(|shop| shop.tenant.known());
        let named = known.into_iter().flat_map(|known| &known.settings.gateway.connections);
        let candidate = |one: &settings::GatewayConnection| payment::Candidate {
            gateway: payment::Gateway { name: Arc::clone(&one.name), version: one.version },
            priority: one.priority,
            weight: one.weight,
            is_ready: true,
        };
        named.map(candidate).collect()
    }

    /// The bank answers whatever it was last asked.
    pub(crate) fn bank(&mut self, store: &StoreId, order: OrderId, outcome: bank::Outcome) -> bool {
        let work = self.shops.get(store).and_then(|shop| shop.payments.get(&order)).and_then(|state| {
            state.begun().and_then(|begun| begun.work.as_ref().map(|work| (work.operation, work.attempt)))
        });
        let Some((operation, attempt)) = work else { return false };
        self.pay(store, order, payment::Command::Answered { operation, attempt, outcome })
    }

    /// The bank says that all of it was taken.
    pub(crate) fn charge(&mut self, store: &StoreId, order: OrderId) {
        let Some(cart) = self.cart(store, order) else { return };
        let snapshot = bank::Snapshot {
            intent: format!("pi_{}", order.bits()).into(),
            status: bank::IntentStatus::Succeeded,
            amount: cart.total,
            currency: Some(cart.currency),
            captured: cart.total,
            charge: Some("ch_1".into()),
        };
        if self.works_at(store, order, |operation| operation == bank::Operation::Authorize) {
            self.bank(store, order, bank::Outcome::Intent(snapshot));
            self.report(store, order);
        }
    }

    pub(super) fn works_at(
        &self,
        store: &StoreId,
        order: OrderId,
        is: impl Fn(bank::Operation) -> bool,
    ) -> bool {
        let begun = self.shops.get(store).and_then(|shop| shop.payments.get(&order)?.begun());
        begun.and_then(|begun| begun.work.as_ref()).is_some_and(|work| is(work.operation))
    }

    /// The order hears where its payment stands.
    pub(super) fn report(&mut self, store: &StoreId, order: OrderId) {
        use payment::Standing;
        let state = self.shops.get(store).and_then(|shop| shop.payments.get(&order));
        let outcome = match state.and_then(Payment::standing) {
            Some(Standing::Captured { amount, .. }) => {
                order::Outcome::PaymentSettled { authorized: amount, captured: amount }
            }
            Some(Standing::Failed { .. }) => order::Outcome::PaymentFailed { code: "stolen_card".into() },
            Some(Standing::Undone { captured, refunded }) => {
                order::Outcome::PaymentUndone { captured, refunded }
            }
            Some(
                Standing::Pending { .. }
                | Standing::RequiresAction { .. }
                | Standing::Authorized { .. }
                | Standing::Undoing { .. },
            ) => return,
            // It never began.
            None => order::Outcome::PaymentUndone { captured: Amount::ZERO, refunded: Amount::ZERO },
        };
        self.hear(store, order, outcome);
    }

    pub(super) fn phase(&self, store: &StoreId, order: OrderId) -> Option<&order::Phase> {
        Some(&self.shops.get(store)?.orders.get(&order)?.placed()?.phase)
    }

    /// The bank says no.
    pub(crate) fn decline(&mut self, store: &StoreId, order: OrderId) {
        let decline = bank::Decline {
            code: "card_declined".into(),
            decline_code: Some("stolen_card".into()),
            message: "no".into(),
            intent: None,
        };
        if self.works_at(store, order, |operation| operation == bank::Operation::Authorize) {
            self.bank(store, order, bank::Outcome::Declined(Box::new(decline)));
            self.report(store, order);
        }
    }

    /// What the pieces cost that will not leave goes back.
    pub(super) fn refund_lines(&mut self, store: &StoreId, order: OrderId) {
        let placed = self.shops.get(store).and_then(|shop| shop.orders.get(&order));
        let steps = placed.map(Orders::due).map(|due| due.steps).unwrap_or_default();
        for step in steps {
            if let order::Step::RefundLines { value, .. } = step {
                self.hear(store, order, order::Outcome::LinesRefunded { value });
            }
        }
    }

    /// The bank has given everything back.
    pub(crate) fn refunded(&mut self, store: &StoreId, order: OrderId) {
        let begun = self.shops.get(store).and_then(|shop| shop.payments.get(&order)?.begun());
        let Some(work) = begun.and_then(|begun| begun.work.as_ref()) else { return };
        let receipt = bank::RefundReceipt {
            id: format!("re_{}", work.operation).into(),
            amount: work.amount,
            progress: bank::RefundProgress::Succeeded,
        };
        if self.works_at(store, order, |operation| matches!(operation, bank::Operation::Refund(_))) {
            self.bank(store, order, bank::Outcome::Refunded(receipt));
            self.report(store, order);
        }
    }
}
