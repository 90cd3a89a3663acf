//! What happens in a world by chance: the dice come from whoever asks.

use super::*;

const EMAILS: [Option<&str>; 4] =
    [Some("ada@example.com"), Some("Grace@Example.com"), Some("zoë@example.com"), None];
const CUSTOMERS: [Option<&str>; 3] = [Some("cus_1"), Some("cus_2"), None];
const NAMES: [Option<&str>; 4] = [Some("Ada Lovelace"), Some("Grace Hopper"), Some("Zoë Ö"), None];

impl World {
    /// What people do with one of the newest alerts.
    pub(super) fn tend(&mut self, store: &StoreId, which: usize, how: usize) {
        let Some(id) =
            self.shops.get(store).and_then(|shop| shop.alerted.iter().nth_back(which % 9)).copied()
        else {
            return;
        };
        let by = Some("ada".into());
        let command = match how % 4 {
            0 => alert::Command::Acknowledge { id, by },
            1 => alert::Command::Silence { id, minutes: 30 },
            2 => alert::Command::Resolve { id, by },
            _ => alert::Command::Escalate,
        };
        self.alert(store, command);
    }

    /// Does something that may happen to some order of a store, whatever it leads to.
    pub(crate) fn happen(&mut self, store: &StoreId, what: u8, which: u8, how: u8) {
        let (which, how) = (usize::from(which), usize::from(how));
        let known = self.shops.get(store).map_or(0, |shop| shop.orders.len());
        let order =
            self.shops.get(store).and_then(|shop| shop.orders.keys().nth_back(which % known.max(1)).copied());
        if what % 4 == 1 {
            self.key = Some(RequestKey::new(&format!("key-{store}-{which}-{how}"), &[&[what]]));
        }
        let wish = Wish {
            customer: CUSTOMERS[how % CUSTOMERS.len()],
            email: EMAILS[how / 3 % EMAILS.len()],
            name: NAMES[how / 5 % NAMES.len()],
            lines: (0..=how % 3)
                .map(|n| (SKUS[(which + 2 * n) % SKUS.len()], 1 + u32::from(how > 100)))
                .collect(),
        };
        self.now = self.now.plus_millis(how as u64 * 1_000);
        let Some(order) = order else {
            self.place(store, &wish);
            return;
        };
        self.is_auto = how.is_multiple_of(2);
        for turn in 0..usize::from(what) % 5 {
            self.forward(store, order, how + turn);
        }
        for turn in 0..which % 4 {
            self.bring_back(store, order, how + turn);
        }
        match what % 26 {
            0..=3 => {
                self.place(store, &wish);
            }
            4 | 5 => self.reserve(store, order),
            6 | 7 => self.assess(store, order),
            8 => self.begin(store, order),
            9 | 10 => self.charge(store, order),
            11 => self.commit(store, order),
            12 => self.decline(store, order),
            13 => self.cancel(store, order),
            14 => self.refunded(store, order),
            15 => {
                self.set_item(store, SKUS[which % 4], u32::try_from(how).unwrap_or(0) / 8);
            }
            16 => {
                let (sku, delta) = (sku(SKUS[which % 4]), how as i64 - 100);
                self.stock(store, inventory::Command::Adjust { sku, delta, reason: "counted".into() });
            }
            17 => {
                self.stock(store, inventory::Command::Expire);
            }
            18 => {
                self.order(store, order, order::Command::Lapse);
            }
            19 => {
                let note = Some("looked at".into());
                let command = if how > 100 {
                    fraud::Command::Approve { order, note }
                } else {
                    fraud::Command::Reject { order, note }
                };
                self.desk(store, command);
                self.assess(store, order);
            }
            20 => {
                self.desk(store, fraud::Command::SetRules { rules: rules(how) });
            }
            21 => {
                let reason = bank::Reason::TimedOut;
                self.bank(
                    store,
                    order,
                    bank::Outcome::Unknown { reason, replayed: false, retry_after_ms: None },
                );
            }
            22 => {
                self.pay(store, order, payment::Command::Resume);
            }
            23 => {
                let kind = Kind::ALL[how % Kind::ALL.len()];
                let (subject, times) = (SKUS[which % SKUS.len()].into(), 1 + u32::from(how > 150));
                let signal = if how % 3 == 0 {
                    Signal::Clear { kind, subject, times: 0 }
                } else {
                    Signal::Raise { kind, subject, message: format!("{how}").into(), times }
                };
                self.observe(store, signal);
            }
            24 => self.tend(store, which, how),
            _ => {
                let name = Some(format!("Shop {how}"));
                let settings = settings::SettingsPatch::default();
                self.tenancy(store, settings::Command::Configure { name, settings, status: None });
                // From beginning to end, for the reviews' sake and for long lists.
                self.confirmed(store, &wish);
            }
        }
    }
}

fn rules(how: usize) -> Vec<fraud::Rule> {
    let rule = |name: &str, action, when: &str| fraud::Rule {
        name: name.into(),
        action,
        when: when.into(),
        enabled: true,
    };
    match how % 3 {
        0 => Vec::new(),
        1 => vec![rule("large", fraud::Action::Review, "order.total > 1500")],
        _ => vec![rule("all", fraud::Action::Block, "order.total > 2500")],
    }
}
