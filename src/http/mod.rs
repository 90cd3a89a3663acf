//! The API over HTTP: the whole route table, and one file per noun.
//!
//! ```text
//! connection ──▶ guard ──────────────────────────────▶ Tenant or Sent ───────────────▶ handler
//!                request id, admission, time limit,    header, body, key, then the
//!                problems in their one form            store and a permit of it
//! ```
//!
//! A handler unpacks, asks, wraps. What may be done is decided behind [`crate::store::Tenant`]; what a refusal looks like
//! is decided in [`crate::problem`]. Nothing here keeps state of its own but counters.

mod admission;
mod alerts;
mod carrier;
mod dashboard;
mod docs;
mod door;
mod events;
mod flows;
mod form;
mod fulfillments;
mod gateways;
mod guard;
mod headers;
mod health;
mod inventory;
mod json;
mod legacy;
mod lists;
mod logs;
mod mac;
mod orders;
mod query;
mod recent;
mod refunds;
mod reply;
mod returns;
mod reviews;
mod rules;
mod schedules;
mod sent;
mod states;
mod stores;
mod stream;
mod strict;
mod tenant;
#[cfg(test)]
mod tests;
mod tracking;
mod web;
mod webhooks;

use actix_web::web::{ServiceConfig, resource};

pub use docs::document;
pub use door::{Door, DoorSlot, Limits};
pub use gateways::BankDesk;
pub use guard::guard;
pub use stream::StreamLimits;
pub use web::Page;

/// The longest body a route takes, in bytes; the innermost on the way to a handler counts.
#[derive(Clone, Copy, Debug)]
struct BodyLimit(usize);

/// What a route takes besides JSON; the innermost on the way to a handler counts.
#[derive(Clone, Copy, Debug)]
struct TakesForms;

/// The whole route table. Requests are served once there is a door in the slot.
pub fn routes(slot: &DoorSlot, limits: Limits) -> impl FnOnce(&mut ServiceConfig) + use<> {
    let Limits { body_order_bytes_max, body_bytes_max, .. } = limits;
    let slot = slot.clone();
    move |table: &mut ServiceConfig| {
        table
            .app_data(slot)
            .app_data(BodyLimit(body_bytes_max))
            .service(
                resource("/v1/orders")
                    .app_data(BodyLimit(body_order_bytes_max))
                    .post(orders::place)
                    .get(orders::list),
            )
            .service(
                resource("/orders/submit")
                    .app_data(BodyLimit(body_order_bytes_max))
                    .app_data(TakesForms)
                    .post(legacy::submit),
            )
            .service(resource("/v1/orders/{id}").get(orders::show))
            .service(resource("/v1/orders/{id}/timeline").get(orders::timeline))
            .service(resource("/v1/orders/{id}/fulfillments").get(fulfillments::list))
            .service(resource("/v1/orders/{id}/tracking").get(tracking::show))
            .service(resource("/v1/fulfillments/{id}/advance").post(fulfillments::advance))
            .service(resource("/v1/carrier/events").post(carrier::events))
            .service(resource("/v1/orders/{id}/cancel").post(orders::cancel))
            .service(resource("/v1/orders/{id}/cancel/preview").get(orders::preview_cancel))
            .service(resource("/v1/orders/{id}/retry").post(orders::retry))
            .service(resource("/v1/orders/{id}/refunds").post(refunds::ask).get(refunds::list))
            .service(resource("/v1/orders/{id}/returns").post(returns::request).get(returns::list))
            .service(resource("/v1/returns").get(returns::all))
            .service(resource("/v1/returns/{id}").get(returns::show))
            .service(resource("/v1/returns/{id}/approve").post(returns::approve))
            .service(resource("/v1/returns/{id}/decline").post(returns::decline))
            .service(resource("/v1/returns/{id}/ship").post(returns::ship))
            .service(resource("/v1/returns/{id}/receive").post(returns::receive))
            .service(resource("/v1/returns/{id}/close").post(returns::close))
            .service(resource("/v1/returns/{id}/cancel").post(returns::cancel))
            .service(resource("/v1/returns/{id}/retry").post(returns::retry))
            .service(resource("/v1/reviews").get(reviews::list))
            .service(resource("/v1/reviews/{id}").get(reviews::show))
            .service(resource("/v1/reviews/{id}/approve").post(reviews::approve))
            .service(resource("/v1/reviews/{id}/reject").post(reviews::reject))
            .service(resource("/v1/fraud/rules").get(rules::show).put(rules::replace))
            .service(resource("/v1/inventory").get(inventory::list))
            .service(resource("/v1/inventory/{sku}").get(inventory::show).put(inventory::set))
            .service(resource("/v1/inventory/{sku}/adjustments").post(inventory::adjust))
            .service(resource("/v1/inventory/{sku}/write-offs").post(inventory::write_off))
            .service(resource("/v1/inventory/{sku}/ledger").get(inventory::ledger))
            .service(resource("/v1/alerts").get(alerts::list))
            .service(resource("/v1/alerts/{id}").get(alerts::show))
            .service(resource("/v1/alerts/{id}/acknowledge").post(alerts::acknowledge))
            .service(resource("/v1/alerts/{id}/resolve").post(alerts::resolve))
            .service(resource("/v1/alerts/{id}/silence").post(alerts::silence))
            .service(resource("/v1/events").get(events::page))
            .service(resource("/v1/events/stream").get(stream::listen))
            .service(resource("/v1/flows").get(flows::graph))
            .service(resource("/v1/state-machines").get(flows::machines))
            .service(resource("/v1/dashboard/stats").get(dashboard::store))
            .service(resource("/v1/admin/dashboard/stats").get(dashboard::node))
            .service(resource("/v1/stores").post(stores::provision).get(stores::list))
            .service(resource("/v1/stores/{id}").get(stores::show).patch(stores::change))
            .service(resource("/v1/schedules").get(schedules::list))
            .service(resource("/v1/schedules/{name}").get(schedules::show))
            .service(resource("/v1/schedules/{name}/run").post(schedules::run))
            .service(resource("/v1/schedules/{name}/pause").post(schedules::pause))
            .service(resource("/v1/schedules/{name}/resume").post(schedules::resume))
            .service(resource("/v1/states/{aggregate}/{id}").get(states::show))
            .service(resource("/v1/states/{aggregate}/{id}/history").get(states::history))
            .service(resource("/v1/logs").get(logs::page))
            .service(resource("/v1/logs/stream").get(logs::listen))
            .service(resource("/v1/admin/logs").get(logs::page_of_node))
            .service(resource("/v1/admin/logs/stream").get(logs::listen_to_node))
            .service(resource("/v1/gateways").get(gateways::list))
            .service(resource("/v1/gateways/stripe/webhooks/{id}").post(webhooks::stripe))
            .service(
                resource("/v1/gateways/{name}/weather").get(gateways::weather).put(gateways::set_weather),
            )
            .service(resource("/v1/gateways/{name}/ledger").get(gateways::ledger))
            .service(resource(health::LIVEZ).get(health::live))
            .service(resource("/readyz").get(health::ready))
            .service(resource("/metrics").get(health::metrics))
            .service(resource("/openapi.json").get(docs::openapi))
            .service(resource("/docs").get(docs::page))
            .service(resource("/").get(web::front).head(web::front))
            .default_service(actix_web::web::to(web::whatever));
    }
}
