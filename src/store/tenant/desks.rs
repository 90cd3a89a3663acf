//! Reviews, alerts, rules and the store itself: what there is one desk of.

use super::Tenant;
use super::asking::{ask, look};
use crate::alert::{self, AlertView, Alerts};
use crate::fraud::{self, Fraud, ReviewView, RulesView};
use crate::runtime::ask::Show;
use crate::runtime::{Answer, Fault, Only, Refusal, Terms};
use crate::store::settings::{self, Tenancy};
use crate::types::{AlertId, OrderId};

impl Tenant {
    /// The review of an order.
    pub async fn review(&self, order: OrderId) -> Result<Option<Answer>, Fault> {
        look(&self.members.fraud, Only, show_review(order)).await
    }

    /// Asks for a review's end; answers with it as it then stands.
    pub async fn ask_review(
        &self,
        order: OrderId,
        command: fraud::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fraud::Rejection>> {
        ask(&self.members.fraud, Only, command, terms.into(), None, show_review(order)).await
    }

    /// An alert that is not over, or has not been for long.
    pub async fn alert(&self, id: AlertId) -> Result<Option<Answer>, Fault> {
        look(&self.members.alerts, Only, show_alert(id)).await
    }

    /// Asks for something of an alert; answers with it as it then stands.
    pub async fn ask_alert(
        &self,
        id: AlertId,
        command: alert::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<alert::Rejection>> {
        ask(&self.members.alerts, Only, command.into(), terms.into(), None, show_alert(id)).await
    }

    /// The store's fraud rules.
    pub async fn rules(&self) -> Result<Option<Answer>, Fault> {
        look(&self.members.fraud, Only, show_rules()).await
    }

    /// Replaces the store's fraud rules; answers with them.
    pub async fn set_rules(
        &self,
        rules: Vec<fraud::Rule>,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<fraud::Rejection>> {
        let command = fraud::Command::SetRules { rules };
        ask(&self.members.fraud, Only, command, terms.into(), None, show_rules()).await
    }

    /// The store as a tenant.
    pub async fn settings(&self) -> Result<Option<Answer>, Fault> {
        look(&self.members.tenancy, Only, show_store()).await
    }

    /// Provisions or changes the store as a tenant; answers with it.
    pub async fn configure(
        &self,
        command: settings::Command,
        terms: impl Into<Terms>,
    ) -> Result<Answer, Refusal<settings::Rejection>> {
        ask(&self.members.tenancy, Only, command, terms.into(), None, show_store()).await
    }
}

fn show_review(order: OrderId) -> Show<Fraud> {
    Box::new(move |desk| desk.review(order).map(|review| Answer::of(&ReviewView::of(review), 0)))
}

fn show_alert(id: AlertId) -> Show<Alerts> {
    Box::new(move |desk| desk.alert(id).map(|alert| Answer::of(&AlertView::of(alert), alert.version)))
}

fn show_rules() -> Show<Fraud> {
    Box::new(|desk| Some(Answer::of(&RulesView::of(desk.rules()), 0)))
}

fn show_store() -> Show<Tenancy> {
    Box::new(|store: &settings::Store| {
        store.known().map(|known| Answer::of(&settings::StoreView::of(known), known.version))
    })
}
