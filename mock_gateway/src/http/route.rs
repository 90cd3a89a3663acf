//! The whole route table.

use actix_web::http::Method;

use crate::bank::{IntentDeed, Kind};
use crate::teller::{Counter, Deed, Look};

/// The bank's own control surface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Control<'a> {
    ShowWeather,
    SetWeather,
    ClearWeather,
    ShowScenario,
    SetScenario,
    Ledger,
    Stats,
    Reset,
    /// The customer's answer to an intent's challenge.
    Challenge(&'a str),
}

/// What a request is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Route<'a> {
    Change(Deed),
    Look(Look<'a>),
    Control(Control<'a>),
    Unknown,
}

impl<'a> Route<'a> {
    pub(crate) fn of(method: &Method, path: &'a str) -> Route<'a> {
        let mut parts = [""; 5];
        let mut count = 0;
        for part in path.trim_start_matches('/').split('/') {
            if count == parts.len() {
                return Route::Unknown;
            }
            parts[count] = part;
            count += 1;
        }
        let (is_get, is_post) = (method == Method::GET, method == Method::POST);
        let is_put = method == Method::PUT;
        let on = |deed, id: &str| Route::Change(Deed::OnIntent(deed, id.to_owned()));
        match &parts[..count] {
            ["v1", "payment_intents"] if is_post => Route::Change(Deed::CreateIntent),
            ["v1", "payment_intents"] if is_get => Route::Look(Look::List(Kind::Intent)),
            ["v1", "payment_intents", "search"] if is_get => Route::Look(Look::Search),
            ["v1", "payment_intents", id] if is_get => Route::Look(Look::One(Kind::Intent, id)),
            ["v1", "payment_intents", id] if is_post => on(IntentDeed::Update, id),
            ["v1", "payment_intents", id, "confirm"] if is_post => on(IntentDeed::Confirm, id),
            ["v1", "payment_intents", id, "capture"] if is_post => on(IntentDeed::Capture, id),
            ["v1", "payment_intents", id, "cancel"] if is_post => on(IntentDeed::Cancel, id),
            ["v1", "refunds"] if is_post => Route::Change(Deed::CreateRefund),
            ["v1", "refunds"] if is_get => Route::Look(Look::List(Kind::Refund)),
            ["v1", "refunds", id] if is_get => Route::Look(Look::One(Kind::Refund, id)),
            ["v1", "charges"] if is_get => Route::Look(Look::List(Kind::Charge)),
            ["v1", "charges", id] if is_get => Route::Look(Look::One(Kind::Charge, id)),
            ["_bank", "weather"] if is_get => Route::Control(Control::ShowWeather),
            ["_bank", "weather"] if is_put => Route::Control(Control::SetWeather),
            ["_bank", "weather"] if method == Method::DELETE => Route::Control(Control::ClearWeather),
            ["_bank", "scenario"] if is_get => Route::Control(Control::ShowScenario),
            ["_bank", "scenario"] if is_put => Route::Control(Control::SetScenario),
            ["_bank", "ledger"] if is_get => Route::Control(Control::Ledger),
            ["_bank", "stats"] if is_get => Route::Control(Control::Stats),
            ["_bank", "reset"] if is_post => Route::Control(Control::Reset),
            ["_bank", "challenges", id] if is_post => Route::Control(Control::Challenge(id)),
            _ => Route::Unknown,
        }
    }

    /// What to count it as.
    pub(crate) fn counter(&self) -> Counter {
        match self {
            Route::Change(Deed::CreateIntent) => Counter::CreateIntent,
            Route::Change(Deed::OnIntent(IntentDeed::Update, _)) => Counter::UpdateIntent,
            Route::Change(Deed::OnIntent(IntentDeed::Confirm, _)) => Counter::ConfirmIntent,
            Route::Change(Deed::OnIntent(IntentDeed::Capture, _)) => Counter::CaptureIntent,
            Route::Change(Deed::OnIntent(IntentDeed::Cancel, _)) => Counter::CancelIntent,
            Route::Change(Deed::CreateRefund) => Counter::CreateRefund,
            Route::Look(Look::Search) => Counter::SearchIntents,
            Route::Look(Look::One(Kind::Charge, _)) => Counter::GetCharge,
            Route::Look(Look::One(Kind::Refund, _)) => Counter::GetRefund,
            Route::Look(Look::One(..)) => Counter::GetIntent,
            Route::Look(Look::List(Kind::Charge)) => Counter::ListCharges,
            Route::Look(Look::List(Kind::Refund)) => Counter::ListRefunds,
            Route::Look(Look::List(_)) => Counter::ListIntents,
            Route::Control(_) => Counter::Control,
            Route::Unknown => Counter::Unknown,
        }
    }
}
