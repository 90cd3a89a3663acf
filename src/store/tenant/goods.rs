//! Stock, fulfilments and their parcels.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::Tenant;
use super::asking::{ask, look};
use crate::fulfillment::{self, FulfillmentView, Fulfillments};
use crate::inventory::{self, Inventory, ItemView};
use crate::runtime::ask::{Show, send};
use crate::runtime::{Answer, Ask, Condition, Fault, Only, Refusal, Reply, Terms};
use crate::types::{Actor, FulfillmentId, Meta, Sku};

impl Tenant {
    /// One SKU's stock.
    pub async fn item(&self, sku: &Sku) -> Result<Option<Answer>, Fault> {
        look(&self.members.inventory, Only, self.show_item(sku)).await
    }

    /// Asks for a change of one SKU's stock; answers with it as it then stands.
    pub async fn ask_inventory(
        &self,
        sku: Sku,
        command: inventory::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<inventory::Rejection>> {
        let show = self.show_item(&sku);
        ask(&self.members.inventory, Only, command, terms.into(), None, show).await
    }

    /// Moves a fulfilment order on, or hears what a carrier saw of its parcel; answers with it as it then stands.
    pub async fn ask_fulfillment(
        &self,
        id: FulfillmentId,
        command: fulfillment::Command,
        actor: Actor,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fulfillment::Rejection>> {
        let show: Show<Fulfillments> = Box::new(move |state| {
            let work = state.work()?;
            let one = work.order_of(id.number())?;
            Some(Answer::of(&FulfillmentView::of(work, one), work.version))
        });
        let (to, answer) = oneshot::channel();
        let Terms { key, expected } = terms.into();
        let meta = Meta { actor, cause: None, key };
        let condition = expected.map(|expected| Condition { expected, of: None });
        let reply = Reply::Caller { to, show };
        let asked = Ask { key: id.order(), request: command, meta, deadline: None, condition, reply };
        send(&self.members.fulfillments, asked);
        answer.await.unwrap_or(Err(Fault::Rebuilding.into()))
    }

    fn show_item(&self, sku: &Sku) -> Show<Inventory> {
        let (sku, node) = (sku.clone(), Arc::clone(&self.node));
        Box::new(move |stock| {
            let view = ItemView::at(stock, sku.as_str(), node.clock.now())?;
            Some(Answer::of(&view, view.version))
        })
    }
}
