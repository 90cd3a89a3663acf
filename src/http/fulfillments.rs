//! Pick, pack and ship: the fulfilment orders of an order, and their way on by hand.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde::Deserialize;

use super::door::Through;
use super::json::check_plain;
use super::lists;
use super::query::PathTo;
use super::reply::{self, Reply};
use super::sent::Sent;
use crate::fulfillment::{Becomes, Command, FulfillmentView, Move, Stage, TrackerStatus, Units};
use crate::order::Invalid;
use crate::problem::{Code, Problem};
use crate::store::Tenant;
use crate::types::{Actor, FulfillmentId, OrderId};
use crate::views::Page;

/// The most bytes of a carrier's name, a tracking code and a note.
const TEXT_BYTES_MAX: usize = 200;

/// The fulfilment orders of an order, by number. None before it is confirmed.
pub(super) async fn list(door: Through, tenant: Tenant, PathTo(id): PathTo<OrderId>) -> Reply {
    let store = tenant.id().clone();
    let query = move |views: &mut crate::views::ViewsReader| views.fulfilled_order(&store, id);
    let (_, fulfillment) = lists::ask(&door, tenant.end(), query).await?.ok_or(Code::OrderNotFound)?;
    let data = fulfillment
        .work()
        .map_or_else(Vec::new, |work| work.orders.iter().map(|one| FulfillmentView::of(work, one)).collect());
    Ok(reply::view(&Page { data, next_cursor: None }))
}

/// Where a fulfilment order shall be.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    /// A stage of the work, `shipped`, `on_hold`, `released`, `split`, `short`, `canceled`, where its parcel was seen,
    /// `taken_back` or `lost`.
    to: String,
    /// What goes into a parcel of its own, or was not found; for `split` and `short`.
    #[serde(default)]
    lines: Option<Vec<Units>>,
    /// Whose parcel it is; for `shipped`.
    #[serde(default)]
    carrier: Option<Arc<str>>,
    /// The carrier's name for it; for `shipped`.
    #[serde(default)]
    tracking_code: Option<Arc<str>>,
    /// Why, for other people; for `on_hold`.
    #[serde(default)]
    note: Option<Arc<str>>,
    /// What becomes of its pieces; for `taken_back`, and `restock` where it is missing.
    #[serde(default)]
    disposition: Option<TakenBack>,
}

/// What becomes of the pieces of a parcel that came back.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TakenBack {
    Restock,
    Damaged,
    WriteOff,
}

/// Moves a fulfilment order on by hand.
pub(super) async fn advance(Sent { tenant, body }: Sent, PathTo(id): PathTo<FulfillmentId>) -> Reply {
    let to = body.json::<Advance>()?.checked()?;
    let command = Command::Advance { number: id.number(), to };
    let answer = tenant.ask_fulfillment(id, command, Actor::Api, body.terms()).await?;
    Ok(reply::answer(StatusCode::OK, answer))
}

impl Advance {
    fn checked(self) -> Result<Move, Problem> {
        let Advance { to, lines, carrier, tracking_code, note, disposition } = self;
        let texts = [
            ("/carrier", carrier.as_deref()),
            ("/tracking_code", tracking_code.as_deref()),
            ("/note", note.as_deref()),
        ];
        check_plain(texts)?;
        for (pointer, text) in texts {
            if text.is_some_and(|text| !(1..=TEXT_BYTES_MAX).contains(&text.len())) {
                let detail = format!("1 to {TEXT_BYTES_MAX} bytes");
                return Err(Problem::invalid(vec![Invalid::new(pointer, "invalid_length", detail)]));
            }
        }
        let (is_shipped, is_held) = (to == "shipped", to == "on_hold");
        let is_split = to == "split" || to == "short";
        let strays = [
            ("/lines", lines.is_some() && !is_split),
            ("/carrier", carrier.is_some() && !is_shipped),
            ("/tracking_code", tracking_code.is_some() && !is_shipped),
            ("/note", note.is_some() && !is_held),
            ("/disposition", disposition.is_some() && to != "taken_back"),
        ];
        if let Some((pointer, _)) = strays.into_iter().find(|(_, is_stray)| *is_stray) {
            let detail = format!("says nothing about {to}");
            return Err(Problem::invalid(vec![Invalid::new(pointer, "unknown_field", detail)]));
        }
        match to.as_str() {
            "shipped" => Ok(Move::Ship { carrier, tracking_code }),
            "on_hold" => Ok(Move::Hold { note }),
            "released" => Ok(Move::Release),
            "split" => Ok(Move::Split { lines: lines.unwrap_or_default() }),
            "short" => Ok(Move::Short { lines: lines.unwrap_or_default() }),
            "canceled" => Ok(Move::GiveUp),
            "taken_back" => Ok(Move::TakeBack {
                becomes: match disposition {
                    None | Some(TakenBack::Restock) => Becomes::Restock,
                    Some(TakenBack::Damaged) => Becomes::Damaged,
                    Some(TakenBack::WriteOff) => Becomes::WriteOff,
                },
            }),
            "lost" => Ok(Move::Lose),
            word => {
                let stage =
                    Stage::from_word(word).filter(|stage| *stage != Stage::Allocated).map(Move::Stage);
                let seen = || match TrackerStatus::from_word(word)? {
                    seen @ (TrackerStatus::InTransit
                    | TrackerStatus::OutForDelivery
                    | TrackerStatus::AvailableForPickup
                    | TrackerStatus::Delivered
                    | TrackerStatus::ReturnToSender) => Some(Move::Carried(seen)),
                    TrackerStatus::Unknown
                    | TrackerStatus::PreTransit
                    | TrackerStatus::Failure
                    | TrackerStatus::Cancelled
                    | TrackerStatus::Error => None,
                };
                stage.or_else(seen).ok_or_else(|| {
                    let detail = "no stage of the work, and nothing that may be done to a fulfilment order";
                    Problem::invalid(vec![Invalid::new("/to", "unknown_value", detail)])
                })
            }
        }
    }
}
