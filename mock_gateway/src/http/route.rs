//! The whole route table.

use actix_web::http::Method;

use crate::bank::{IntentDeed, Kind, PartyDeed};
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
    /// What can be chosen: methods, modes and dials.
    Catalog,
    /// The purses and what went through them.
    Books,
    Notices,
    /// A new secret for an endpoint.
    Rotate(&'a str),
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
        let is_delete = method == Method::DELETE;
        let party = |deed, id: &str| Route::Change(Deed::Party(deed, id.to_owned()));
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
            ["v1", "customers"] if is_post => party(PartyDeed::CreateCustomer, ""),
            ["v1", "customers", id] if is_post => party(PartyDeed::UpdateCustomer, id),
            ["v1", "customers", id] if is_delete => party(PartyDeed::DeleteCustomer, id),
            ["v1", "customers", id, "payment_methods"] if is_get => Route::Look(Look::MethodsOf(id)),
            ["v1", "payment_methods"] if is_post => party(PartyDeed::CreateMethod, ""),
            ["v1", "payment_methods", id] if is_post => party(PartyDeed::UpdateMethod, id),
            ["v1", "payment_methods", id, "attach"] if is_post => party(PartyDeed::AttachMethod, id),
            ["v1", "payment_methods", id, "detach"] if is_post => party(PartyDeed::DetachMethod, id),
            ["v1", "webhook_endpoints"] if is_post => party(PartyDeed::CreateEndpoint, ""),
            ["v1", "webhook_endpoints", id] if is_post => party(PartyDeed::UpdateEndpoint, id),
            ["v1", "webhook_endpoints", id] if is_delete => party(PartyDeed::DeleteEndpoint, id),
            ["v1", "balance"] if is_get => Route::Look(Look::Balance),
            ["v1", name] if is_get && kind(name).is_some() => {
                kind(name).map_or(Route::Unknown, |kind| Route::Look(Look::List(kind)))
            }
            ["v1", name, id] if is_get && kind(name).is_some() => {
                kind(name).map_or(Route::Unknown, |kind| Route::Look(Look::One(kind, id)))
            }
            ["_bank", "weather"] if is_get => Route::Control(Control::ShowWeather),
            ["_bank", "weather"] if is_put => Route::Control(Control::SetWeather),
            ["_bank", "weather"] if is_delete => Route::Control(Control::ClearWeather),
            ["_bank", "scenario"] if is_get => Route::Control(Control::ShowScenario),
            ["_bank", "scenario"] if is_put => Route::Control(Control::SetScenario),
            ["_bank", "ledger"] if is_get => Route::Control(Control::Ledger),
            ["_bank", "catalog"] if is_get => Route::Control(Control::Catalog),
            ["_bank", "books"] if is_get => Route::Control(Control::Books),
            ["_bank", "webhooks"] if is_get => Route::Control(Control::Notices),
            ["_bank", "webhook_endpoints", id, "rotate"] if is_post => Route::Control(Control::Rotate(id)),
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
            Route::Change(Deed::Party(..)) => Counter::ChangeParty,
            Route::Look(Look::MethodsOf(_)) => Counter::LookAtParty,
            Route::Look(Look::Balance) => Counter::Money,
            Route::Look(Look::One(kind, _) | Look::List(kind)) if other(*kind).is_some() => {
                other(*kind).unwrap_or(Counter::Unknown)
            }
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

/// What is looked up under this name.
fn kind(name: &str) -> Option<Kind> {
    match name {
        "customers" => Some(Kind::Customer),
        "payment_methods" => Some(Kind::Method),
        "webhook_endpoints" => Some(Kind::Endpoint),
        "events" => Some(Kind::Event),
        "disputes" => Some(Kind::Dispute),
        "balance_transactions" => Some(Kind::Transaction),
        _ => None,
    }
}

/// How looking these up is counted.
fn other(kind: Kind) -> Option<Counter> {
    match kind {
        Kind::Customer | Kind::Method | Kind::Endpoint => Some(Counter::LookAtParty),
        Kind::Event => Some(Counter::Events),
        Kind::Dispute | Kind::Transaction => Some(Counter::Money),
        Kind::Intent | Kind::Charge | Kind::Refund | Kind::LedgerRow | Kind::Request => None,
    }
}
