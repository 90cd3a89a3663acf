//! A store as a tenant: its name, its policies, and whether it takes orders; and a card that says so in a few words.

use orderflow::runtime::Event as _;
use orderflow::store::settings::{
    Capture, Command, Event, FulfillmentPatch, LimitsPatch, RetryPatch, SettingsPatch, Status, Store, Tenancy,
};
use orderflow::types::Timestamp;

use crate::bench::Bench;
use crate::dice::Dice;
use crate::ensure;
use crate::game::{Game, Holds};
use crate::tally::{Goals, Tally};

/// What a run must have reached.
pub(crate) const GOALS: Goals = Goals {
    commands: &["provision", "configure"],
    events: Event::KINDS,
    windows: &["out of bounds", "suspended and configured at once"],
};

const NOON: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const NAMES: [&str; 3] = ["Acme", "Bolt & Sons", "Cups"];
/// More is out of bounds.
const ATTEMPTS_MAX: u32 = 100;

/// A command, or the power fails.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Tell(Box<Command>),
    Crash,
}

/// One store under commands.
pub(crate) struct Table {
    bench: Bench<Tenancy>,
    card: Option<Card>,
}

#[derive(Clone, Debug, PartialEq)]
struct Card {
    name: String,
    status: Status,
    ttl_s: u64,
    attempts_max: u32,
    capture: Capture,
}

impl Game for Table {
    type Move = Made;
    const MOVES: (u32, u32) = (1, 30);

    fn start(dice: &mut Dice) -> Self {
        Self { bench: Bench::new(NOON, dice.one_in(8)), card: None }
    }

    fn draw(&mut self, dice: &mut Dice) -> Made {
        if dice.one_in(30) {
            return Made::Crash;
        }
        let name = dice.one_in(3).then(|| (*dice.pick(&NAMES)).to_owned());
        let settings = SettingsPatch {
            capture: dice
                .one_in(3)
                .then(|| if dice.one_in(2) { Capture::Automatic } else { Capture::OnShipment }),
            reservation_ttl_s: dice.one_in(3).then(|| u64::from(dice.roll(40) * 60)),
            retry: RetryPatch {
                attempts_max: dice.one_in(3).then(|| dice.roll(112)),
                ..RetryPatch::default()
            },
            fulfillment: FulfillmentPatch::default(),
            limits: LimitsPatch::default(),
            ..SettingsPatch::default()
        };
        let is_new = self.card.is_none() && !dice.one_in(5) || dice.one_in(20);
        Made::Tell(Box::new(if is_new {
            let (id, currency) = ("acme".parse().expect("an id"), "USD".parse().expect("a code"));
            Command::Provision { id, name, currency, settings }
        } else {
            let status = match dice.roll(4) {
                0 => Some(Status::Suspended),
                1 => Some(Status::Active),
                _ => None,
            };
            Command::Configure { name, settings, status }
        }))
    }

    fn play(&mut self, made: &Made, tally: &mut Tally) -> Holds {
        let Made::Tell(command) = made else { return self.bench.crash(tally) };
        let expected = self.expected(command);
        let kind = match **command {
            Command::Provision { .. } => "provision",
            Command::Configure { .. } => "configure",
        };
        let told = self.bench.tell(kind, command, tally)?;
        ensure!(
            told.is_ok() == expected.is_ok(),
            "{command:?} is answered {told:?}, and should be {expected:?}"
        );
        match expected {
            Err("out of bounds") => tally.window("out of bounds"),
            Err(_) => {}
            Ok(card) => {
                let events = told.unwrap_or_default();
                if events.len() == 2 {
                    tally.window("suspended and configured at once");
                }
                ensure!(
                    events.is_empty() == (self.card.as_ref() == Some(&card)),
                    "told without change: {events:?}"
                );
                self.card = Some(card);
            }
        }
        let known = self.bench.state.known();
        let shown = known.map(|known| Card {
            name: known.name.clone(),
            status: known.status,
            ttl_s: known.settings.reservation_ttl_s,
            attempts_max: known.settings.retry.attempts_max,
            capture: known.settings.capture,
        });
        ensure!(shown == self.card, "it is {shown:?}, not {:?}", self.card);
        Ok(())
    }

    fn finish(&mut self, tally: &mut Tally) -> Holds {
        self.bench.crash(tally)?;
        let packed = rmp_serde::to_vec_named(&self.bench.state).map_err(|why| why.to_string())?;
        let read: Store = rmp_serde::from_slice(&packed).map_err(|why| why.to_string())?;
        ensure!(read == self.bench.state, "as a document it is read as {read:?}");
        Ok(())
    }
}

impl Table {
    /// What should come of a command.
    fn expected(&self, command: &Command) -> Result<Card, &'static str> {
        let (mut card, name, settings, status) = match (&self.card, command) {
            (None, Command::Provision { name, settings, .. }) => {
                let (ttl_s, attempts_max) = (900, 12);
                let capture = Capture::Automatic;
                let card =
                    Card { name: "acme".to_owned(), status: Status::Active, ttl_s, attempts_max, capture };
                (card, name, settings, None)
            }
            (Some(card), Command::Configure { name, settings, status }) => {
                (card.clone(), name, settings, *status)
            }
            (None, Command::Configure { .. }) => return Err("not there"),
            (Some(_), Command::Provision { .. }) => return Err("there"),
        };
        card.name = name.clone().unwrap_or(card.name);
        card.ttl_s = settings.reservation_ttl_s.unwrap_or(card.ttl_s);
        card.attempts_max = settings.retry.attempts_max.unwrap_or(card.attempts_max);
        card.capture = settings.capture.unwrap_or(card.capture);
        card.status = status.unwrap_or(card.status);
        let is_within = card.ttl_s > 0 && (1..=ATTEMPTS_MAX).contains(&card.attempts_max);
        if is_within { Ok(card) } else { Err("out of bounds") }
    }
}
