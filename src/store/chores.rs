//! What scheduled jobs ask of a store. Everything here may be asked again.

use super::listener::AlertRequest;
use super::tenant::{Tenant, ask_for_job, look};
use crate::alert::{self, Alerts};
use crate::inventory::{self, Inventory};
use crate::runtime::ask::Show;
use crate::runtime::{Answer, Fault, Only, Refusal};
use crate::types::{Sku, Timestamp};

/// How many portions of holds one question lets go of at the most.
const PORTIONS_MAX: usize = 10_000;

impl Tenant {
    /// Tells the alert desk what a job has seen; returns once that is durable.
    pub async fn observe(&self, signal: alert::Signal) -> Result<(), Refusal<alert::Rejection>> {
        let show: Show<Alerts> = Box::new(|_| None);
        let request = AlertRequest::Seen(signal);
        ask_for_job(&self.members.alerts, Only, request, show).await.map(drop)
    }

    /// Says how these items stand, where that is not what was last said; returns once that is durable.
    pub async fn announce(&self, skus: Vec<Sku>) -> Result<(), Refusal<inventory::Rejection>> {
        let show: Show<Inventory> = Box::new(|_| None);
        let command = inventory::Command::Announce { skus };
        ask_for_job(&self.members.inventory, Only, command, show).await.map(drop)
    }

    /// Lets go of holds whose time has come; returns how many there were once that is durable.
    pub async fn expire_holds(&self) -> Result<u64, Refusal<inventory::Rejection>> {
        let mut left = self.overdue_holds().await?;
        let mut released = 0;
        for _ in 0..PORTIONS_MAX {
            if left == 0 {
                break;
            }
            let show = count_overdue(self.node.clock.now());
            let command = inventory::Command::Expire;
            let now_left = counted(&ask_for_job(&self.members.inventory, Only, command, show).await?);
            released += left.saturating_sub(now_left);
            left = now_left;
        }
        Ok(released)
    }

    async fn overdue_holds(&self) -> Result<u64, Fault> {
        let show = count_overdue(self.node.clock.now());
        let answer = look(&self.members.inventory, Only, show).await?;
        Ok(answer.as_ref().map_or(0, counted))
    }
}

fn count_overdue(now: Timestamp) -> Show<Inventory> {
    Box::new(move |stock| Some(Answer::of(&stock.overdue_count(now), 0)))
}

fn counted(answer: &Answer) -> u64 {
    serde_json::from_slice(&answer.body).expect("a count is a number")
}
