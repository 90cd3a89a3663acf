//! The books beside the journal, order by order and in sums.

use std::collections::BTreeMap;

use super::accounts::{Account, Books, Intent, plain};
use super::{Args, BankReport};
use crate::journal::Position;
use crate::types::OrderId;
use crate::verify::Balance;
use crate::verify::findings::Findings;
use crate::verify::model::{Model, Store};
use crate::verify::money::{Charge, Payment};
use crate::verify::order::{Order, Phase};

/// Compares. `before` is where the journal ended before the books were read; the model is where it ended after that.
pub(in crate::verify) fn against(
    model: &Model,
    mut books: Books,
    before: Position,
    args: &Args,
    findings: &mut Findings,
) -> BankReport {
    let mut report = BankReport { foreign: books.nameless.0, ..BankReport::default() };
    findings.look(7, books.refunds);
    let mut sums: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
    for (name, store) in &model.stores {
        let mut accounts = books.stores.remove(name).unwrap_or_default();
        for (id, order) in &store.orders {
            let account = accounts.remove(id).unwrap_or_default();
            let mut side = Side { name, id: *id, order, account, findings: &mut *findings };
            side.always();
            match side.state(store, &books, before) {
                State::Elsewhere => report.elsewhere += 1,
                State::Moving { is_in_doubt } => {
                    report.in_flight += 1;
                    report.in_doubt += u64::from(is_in_doubt);
                }
                State::AtRest => {
                    report.compared += 1;
                    side.agrees();
                    for (currency, captured, refunded) in side.account.sums() {
                        let sum = sums.entry((name.clone(), currency)).or_default();
                        *sum = (sum.0 + captured, sum.1 + refunded);
                    }
                }
            }
        }
        for (id, account) in accounts {
            orphan(name, &id.to_string(), &account, findings);
        }
    }
    strangers(&books, args, &mut report, findings);
    let row = |((store, currency), (captured, refunded))| Balance { store, currency, captured, refunded };
    report.balances = sums.into_iter().map(row).collect();
    report.banks = books.banks;
    report
}

/// Money of an order that is none.
fn orphan(store: &str, subject: &str, account: &Account, findings: &mut Findings) {
    findings.look(9, account.rows);
    findings.under(9, |findings| {
        let found = format!("{} movements", account.rows);
        findings.add(store, subject, "order that the bank names", "one of ours", &found);
    });
    let left = account.intents.iter().filter(|intent| intent.held() != 0 || intent.kept() != 0);
    for Intent { id, .. } in left {
        findings.under(5, |findings| {
            findings.add(store, subject, "money at the bank", "none without an order", &**id);
        });
    }
}

/// What names no store of ours.
fn strangers(books: &Books, args: &Args, report: &mut BankReport, findings: &mut Findings) {
    for (store, accounts) in &books.stores {
        report.foreign += accounts.values().map(|account| account.rows).sum::<u64>();
        if args.is_shared {
            continue;
        }
        for (id, account) in accounts {
            orphan(store, &id.to_string(), account, findings);
        }
    }
    let (count, first) = &books.nameless;
    if let Some(first) = first.as_ref().filter(|_| !args.is_shared) {
        findings.under(9, |findings| {
            let found = format!("{count} movements without, the first {first}");
            findings.add("", "bank", "movements", "each with store and order", &found);
        });
    }
}

/// Whether an order's money can be compared.
enum State {
    /// It went through a gateway whose books were not read.
    Elsewhere,
    /// Something is under way, or was while the books were read.
    Moving { is_in_doubt: bool },
    /// Both must have the same.
    AtRest,
}

/// One order on both sides.
struct Side<'a> {
    name: &'a str,
    id: OrderId,
    order: &'a Order,
    account: Account,
    findings: &'a mut Findings,
}

impl Side<'_> {
    /// What must hold whatever is under way: every call that moved money was journaled before it went out.
    fn always(&mut self) {
        let payment = self.order.payment.as_deref();
        self.findings.look(9, self.account.calls.len() as u64);
        for (operation, attempt) in &self.account.calls {
            if !payment.is_some_and(|payment| payment.calls.has(*operation, *attempt)) {
                let found = format!("{operation}, attempt {attempt}");
                self.findings.under(9, |findings| {
                    findings.add(self.name, &self.id, "call at the bank", "one that the journal has", &found);
                });
            }
        }
        let was_challenged = payment.is_some_and(|payment| payment.calls.was_challenged);
        if self.account.by_shopper > 0 && !was_challenged {
            let found = format!("{} movements without a key", self.account.by_shopper);
            self.findings.under(9, |findings| {
                findings.add(self.name, &self.id, "key of a call", "one, unless a shopper acted", &found);
            });
        }
        if payment.is_none() && self.account.rows > 0 {
            let found = format!("{} movements", self.account.rows);
            self.findings.under(9, |findings| {
                findings.add(self.name, &self.id, "money at the bank", "none without a payment", &found);
            });
        }
        let limit = payment.map_or(0, |payment| payment.amount);
        let own = payment.map_or("", |payment| payment.currency.as_str());
        let known = |intent: &Intent| charge_of(payment, intent).is_some();
        // More than was asked for is known as a charge of its own, or is not known yet.
        let too_much =
            |intent: &&Intent| *intent.currency == *own && intent.captured > limit && !known(intent);
        let is_working = payment.is_some_and(|payment| payment.is_working);
        if let Some(intent) = self.account.intents.iter().find(too_much).filter(|_| !is_working) {
            self.findings.under(4, |findings| {
                findings.add(
                    self.name,
                    &self.id,
                    "taken at the bank",
                    &format!("at most {limit}"),
                    &intent.captured,
                );
            });
        }
    }

    fn state(&self, store: &Store, books: &Books, before: Position) -> State {
        let Some(payment) = self.order.payment.as_deref() else {
            let is_new = self.order.last > before;
            return if is_new { State::Moving { is_in_doubt: false } } else { State::AtRest };
        };
        let is_read = |url: Option<&str>| match url {
            // The node's own bank is the first that was named.
            None => true,
            Some(url) => books.banks.iter().any(|bank| bank.url == plain(url)),
        };
        if !payment.calls.gateways.iter().all(|gateway| is_read(store.tenant.gateway_url(gateway))) {
            return State::Elsewhere;
        }
        let calls = &payment.calls;
        let is_moving = payment.is_working || calls.awaits_shopper || calls.is_looking || calls.is_in_doubt;
        if is_moving || payment.is_beyond || self.order.last > before {
            return State::Moving { is_in_doubt: calls.is_in_doubt };
        }
        State::AtRest
    }

    /// Both sides have the same, intent by intent and to the minor unit.
    fn agrees(&mut self) {
        let Self { name, id, order, account, findings } = self;
        let (name, id) = (*name, *id);
        let payment = order.payment.as_deref();
        findings.look(4, u64::from(payment.is_some()));
        findings.look(6, 1);
        findings.look(8, payment.map_or(0, |payment| payment.calls.doubts_ended));
        let (unproven, pending) = payment.map_or((0, 0), on_their_way);
        for intent in &account.intents {
            let subject = format!("{id}, {} at the bank", intent.id);
            let Some(charge) = charge_of(payment, intent) else {
                if intent.held() != 0 || intent.kept() != 0 {
                    let found = format!("{} held, {} taken", intent.held(), intent.kept());
                    findings.under(5, |findings| {
                        findings.add(
                            name,
                            &subject,
                            "money of an intent",
                            "none that we do not know",
                            &found,
                        );
                    });
                }
                continue;
            };
            let currency = charge.currency.as_deref().or(payment.map(|payment| payment.currency.as_str()));
            findings.under(6, |findings| {
                findings.compare(name, &subject, "currency", currency.unwrap_or_default(), &*intent.currency);
                findings.compare(name, &subject, "set aside", &charge.amount, &intent.authorized);
                findings.compare(name, &subject, "taken", &charge.captured, &intent.captured);
                let (ours, theirs) = (charge.refunded, intent.refunded);
                if ours - theirs > unproven || theirs - ours > pending {
                    findings.add(name, &subject, "given back", &ours, &theirs);
                }
            });
            let holds = charge.captured == 0 && !charge.is_voided;
            if holds != (intent.held() > 0) {
                let word = |holds| if holds { "held" } else { "let go" };
                findings.under(5, |findings| {
                    findings.compare(name, &subject, "what is set aside", word(holds), word(!holds));
                });
            }
        }
        for charge in payment.map_or(&[][..], |payment| &payment.charges) {
            let has_it = |intent: &Intent| *intent.id == *charge.intent;
            findings.look(29, u64::from(charge.captured > 0));
            if (charge.captured > 0 || !charge.is_voided) && !account.intents.iter().any(has_it) {
                let found = format!("{}, of which it has no row", charge.intent);
                findings.under(29, |findings| {
                    findings.add(
                        name,
                        &id,
                        "money that the bank knows of",
                        "all that was set aside or taken",
                        &found,
                    );
                });
            }
        }
        if order.is_at_rest() && matches!(order.phase, Phase::Canceled | Phase::Expired) {
            findings.look(5, 1);
            let held: i64 = account.intents.iter().map(Intent::held).sum();
            let kept: i64 = account.intents.iter().map(Intent::kept).sum();
            if held != 0 || (kept != 0 && unproven == 0) {
                findings.under(5, |findings| {
                    let found = format!("{held} held, {kept} kept");
                    findings.add(name, &id, "money of an order that ended", "none at the bank", &found);
                });
            }
        }
    }
}

/// The charge that we know an intent of the bank's by.
fn charge_of<'a>(payment: Option<&'a Payment>, intent: &Intent) -> Option<&'a Charge> {
    payment?.charges.iter().find(|charge| *charge.intent == *intent.id)
}

/// What the bank said it gave back and may take back yet, and what it has accepted and may give back any moment.
fn on_their_way(payment: &Payment) -> (i64, i64) {
    let sum = |is: fn(&crate::verify::money::Refund) -> bool| {
        payment.refunds.values().filter(|refund| is(refund)).map(|refund| refund.amount).sum()
    };
    let is_pending = |refund: &crate::verify::money::Refund| {
        refund.is_sent && matches!(refund.status, "pending" | "requires_action")
    };
    (sum(|refund| refund.is_unproven), sum(is_pending))
}

impl Account {
    /// Taken and given back, by currency.
    fn sums(&self) -> impl Iterator<Item = (String, i64, i64)> {
        self.intents.iter().map(|intent| (intent.currency.to_string(), intent.captured, intent.refunded))
    }
}
