//! What holds whatever is asked, in whatever order.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::ledger::Purse;
use super::*;
use crate::form::Form;

/// One request, or a while in which nothing is asked. Objects are named by how long ago they were made.
#[derive(Clone, Debug)]
enum Step {
    Sell { amount: i64, currency: &'static str, capture: &'static str, card: &'static str },
    Capture { ago: u32, amount: i64 },
    Cancel { ago: u32 },
    Confirm { ago: u32, card: &'static str },
    Refund { ago: u32, amount: i64 },
    Wait { ms: i64 },
}

const CARDS: [&str; 8] = [
    "pm_card_visa",
    "pm_card_visa",
    "pm_card_visa_chargeDeclined",
    "pm_card_authenticationRequired",
    "pm_card_pendingRefund",
    "pm_card_refundFail",
    "pm_of_late_success",
    "pm_of_amount_mismatch",
];

fn step() -> impl Strategy<Value = Step> {
    let card = || proptest::sample::select(&CARDS[..]);
    let capture = proptest::sample::select(&["automatic", "manual", "manual", "automatic_async"][..]);
    let currency = proptest::sample::select(&["usd", "jpy"][..]);
    prop_oneof![
        3 => (1..5_000i64, currency, capture, card())
            .prop_map(|(amount, currency, capture, card)| Step::Sell { amount, currency, capture, card }),
        2 => (0..6u32, 0..6_000i64).prop_map(|(ago, amount)| Step::Capture { ago, amount }),
        1 => (0..6u32).prop_map(|ago| Step::Cancel { ago }),
        1 => (0..6u32, card()).prop_map(|(ago, card)| Step::Confirm { ago, card }),
        3 => (0..6u32, 0..3_000i64).prop_map(|(ago, amount)| Step::Refund { ago, amount }),
        1 => (0..2_000i64).prop_map(|ms| Step::Wait { ms }),
    ]
}

struct World {
    bank: Bank,
    now_ms: i64,
    account: u32,
}

impl World {
    fn open() -> World {
        let mut bank = Bank::new(Era::new(1));
        let account = bank.accounts.open("sk_test_law");
        World { bank, now_ms: 1_767_225_600_000, account }
    }

    fn take(&mut self, step: &Step) {
        let intent = |ago: &u32| {
            let number = self.bank.intents.count().checked_sub(1 + ago)?;
            Some(self.bank.era.id(Kind::Intent, number))
        };
        match step {
            Step::Sell { amount, currency, capture, card } => {
                let fields = format!(
                    "amount={amount}&currency={currency}&capture_method={capture}&payment_method={card}&confirm=true"
                );
                self.ask(None, None, &fields);
            }
            Step::Capture { ago, amount } => {
                let fields = format!("amount_to_capture={amount}");
                let intent = intent(ago);
                self.ask(Some(IntentDeed::Capture), intent, &fields);
            }
            Step::Cancel { ago } => {
                let intent = intent(ago);
                self.ask(Some(IntentDeed::Cancel), intent, "");
            }
            Step::Confirm { ago, card } => {
                let intent = intent(ago);
                self.ask(Some(IntentDeed::Confirm), intent, &format!("payment_method={card}"));
            }
            Step::Refund { ago, amount } => {
                if let Some(intent) = intent(ago) {
                    let form = form(&format!("payment_intent={intent}&amount={amount}"));
                    let ask = RefundAsk::read(&form).expect("a good form");
                    self.carry_out(&Ask::Refund(ask));
                }
            }
            Step::Wait { ms } => {
                self.now_ms += ms;
                self.bank.settle_due(self.now_ms);
            }
        }
    }

    fn ask(&mut self, deed: Option<IntentDeed>, id: Option<String>, fields: &str) {
        let form = form(fields);
        match (deed, id) {
            (None, _) => {
                let ask = IntentAsk::read_new(&form).expect("a good form");
                self.carry_out(&Ask::Create(ask));
            }
            (Some(deed), Some(id)) => {
                let ask = IntentAsk::read(deed, &form).expect("a good form");
                self.carry_out(&Ask::On(deed, &id, ask));
            }
            (Some(_), None) => {}
        }
    }

    fn carry_out(&mut self, ask: &Ask<'_>) {
        let with =
            Circumstances { account: self.account, now_ms: self.now_ms, key: None, dice: Dice::default() };
        if let Ok((effect, verdict)) = self.bank.plan(ask, with) {
            self.bank.commit(effect, 0, verdict);
        }
    }

    /// Money is neither made nor lost, and every way of counting it comes to the same.
    fn check(&self) {
        let bank = &self.bank;
        let (mut held, mut shops) = (BTreeMap::new(), BTreeMap::new());
        for charge in (0..bank.charges.count()).map(|number| bank.charges.current(number)) {
            let code = charge.currency.code();
            assert!(charge.captured <= charge.amount && charge.refunded >= 0);
            match charge.state {
                ChargeState::Authorized => *held.entry(code).or_insert(0) += charge.amount,
                ChargeState::Captured => {
                    assert!(charge.refunded <= charge.captured);
                    *shops.entry(code).or_insert(0) += charge.captured;
                }
                ChargeState::Pending | ChargeState::Failed | ChargeState::Voided => {}
            }
        }
        for refund in (0..bank.refunds.count()).map(|number| bank.refunds.current(number)) {
            if refund.transaction.is_some() {
                let code = bank.charges.current(refund.charge).currency.code();
                *shops.entry(code).or_insert(0) -= refund.amount;
            }
        }
        for (currency, balance) in bank.ledger.balances(None) {
            let code = currency.code();
            let purses = [Purse::Cardholders, Purse::Holds, Purse::Shop].map(|purse| balance.purse(purse));
            assert_eq!(purses.iter().sum::<i64>(), 0, "debits are credits");
            assert_eq!(purses[1], held.get(code).copied().unwrap_or(0), "what is held is in the holds");
            assert_eq!(purses[2], shops.get(code).copied().unwrap_or(0), "what is the shop's is there");
            assert!(purses[1] >= 0 && purses[2] >= 0);
            assert_eq!(purses[2], balance.net());
            let account = bank.accounts.get(self.account);
            let known = account.balance.iter().find(|(known, _)| *known == currency);
            assert_eq!(purses[2], known.map_or(0, |(_, sum)| *sum));
        }
    }

    /// Every event can be told, once, in order of time.
    fn check_news(&self) {
        let mut before = None;
        let all = EventAsk::default();
        let mut count = 0;
        for row in 0..self.bank.news.len() {
            let item = self.bank.news.item(row).expect("rows are counted from nought");
            assert!(before <= Some(item.at_ms));
            before = Some(item.at_ms);
            for kind in item.types() {
                count += 1;
                let told = render::event(&self.bank, EventNumber::of(row, kind));
                let told: serde_json::Value = serde_json::from_slice(&told).expect("events are JSON");
                assert_eq!(told["type"], kind.word());
                assert!(told["data"]["object"]["id"].is_string());
            }
        }
        let page = self.bank.list_events(Some(self.account), &all).expect("a good list");
        assert_eq!(page.numbers.len(), count.min(lists::LIMIT));
    }
}

fn form(fields: &str) -> Form {
    Form::parse(fields.as_bytes()).expect("plain text")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_whatever_is_asked(steps in proptest::collection::vec(step(), 1..60)) {
        let mut world = World::open();
        for step in &steps {
            world.take(step);
            world.check();
        }
        world.take(&Step::Wait { ms: 10_000 });
        world.check();
        world.check_news();
    }
}
