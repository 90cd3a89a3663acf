//! Alerts: those a desk keeps, lists of all of them, and what jobs look for over all stores.

use super::cursor::{Cursor, List};
use super::error::ViewsError;
use super::lists::Page;
use super::reader::{ViewsReader, collect};
use super::slots::{json, stored_alert};
use crate::alert::{Alert, Kind, Severity, Status};
use crate::types::{AlertId, Sku, StoreId};

/// Which alerts to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Those with this status.
    pub status: Option<Status>,
    /// Those of this kind.
    pub kind: Option<Kind>,
    /// Those that are this bad.
    pub severity: Option<Severity>,
}

/// After what to go on, in a walk over the alerts of one kind: number of the store, id.
pub(crate) type AlertPlace = (u32, AlertId);

impl ViewsReader {
    /// The alerts that a store's desk keeps.
    pub fn kept_alerts(&mut self, store: &StoreId) -> Result<Vec<Alert>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(Vec::new()) };
        let sql = "SELECT doc FROM alerts INDEXED BY alerts_kept WHERE store = ?1 AND kept = 1 ORDER BY id";
        let kept: Vec<Option<Alert>> = collect(&self.file, sql, [no], |row| json(row, 0))?;
        Ok(kept.into_iter().flatten().collect())
    }

    /// An alert.
    pub fn alert(&mut self, store: &StoreId, id: AlertId) -> Result<Option<Alert>, ViewsError> {
        let Some(no) = self.number(store)? else { return Ok(None) };
        stored_alert(&self.file, no, id)
    }

    /// Alerts of a store, the newest first.
    pub fn list_alerts(
        &mut self,
        store: &StoreId,
        filter: &AlertFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Alert>, ViewsError> {
        let cursor = cursor.map(|text| Cursor::decode(text, List::Alerts, Some(store))).transpose()?;
        let Some(no) = self.number(store)? else { return Ok(Page::empty()) };
        // One byte more than any id has: nothing is after it.
        let before = cursor.map_or_else(|| vec![0xFF; 17], |cursor| cursor.last.to_be_bytes().to_vec());
        // Few are open, and an index knows which.
        let is_open = matches!(filter.status, Some(Status::Firing | Status::Acknowledged));
        let sql = if is_open {
            "SELECT id, doc FROM alerts INDEXED BY alerts_kept WHERE store = ?1 AND kept = 1 AND id < ?2
             AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR severity = ?5)
             ORDER BY id DESC LIMIT ?6"
        } else {
            "SELECT id, doc FROM alerts WHERE store = ?1 AND id < ?2
             AND (?3 IS NULL OR status = ?3) AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR severity = ?5)
             ORDER BY id DESC LIMIT ?6"
        };
        let params = (
            no,
            before,
            filter.status.map(Status::name),
            filter.kind.map(Kind::name),
            filter.severity.map(Severity::name),
            i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1),
        );
        let found = collect(&self.file, sql, params, |row| {
            let id: [u8; 16] = row.get(0).map_err(ViewsError::sqlite("reading a list of alerts"))?;
            Ok((u128::from_be_bytes(id), json::<Alert>(row, 1)?))
        })?;
        let known = found.into_iter().filter_map(|(id, alert)| Some((id, alert?)));
        Ok(Page::of(known.collect(), limit, List::Alerts, Some(store)))
    }

    /// The alerts of one kind that desks keep, over all stores, after one of them.
    pub fn kept_of_kind(
        &mut self,
        kind: Kind,
        after: Option<AlertPlace>,
        limit: usize,
    ) -> Result<Vec<(AlertPlace, StoreId, Alert)>, ViewsError> {
        let (store, id) = after.unwrap_or((0, AlertId::from_bits(0)));
        let sql = "SELECT store, doc FROM alerts INDEXED BY alerts_by_kind
                   WHERE kind = ?1 AND kept = 1 AND (store, id) > (?2, ?3) ORDER BY store, id LIMIT ?4";
        let params = (kind.name(), store, id.to_bytes(), i64::try_from(limit).unwrap_or(i64::MAX));
        let found: Vec<(u32, Option<Alert>)> = collect(&self.file, sql, params, |row| {
            let no = row.get(0).map_err(ViewsError::sqlite("reading alerts"))?;
            Ok((no, json(row, 1)?))
        })?;
        let mut kept = Vec::with_capacity(found.len());
        for (no, alert) in found {
            if let Some(alert) = alert {
                kept.push(((no, alert.id), self.store_id(no)?, alert));
            }
        }
        Ok(kept)
    }

    /// Items that stand otherwise than their store last said, over all stores, in the order of their rows, after one of
    /// them. An index knows them, so looking costs nothing where there are none.
    pub fn unannounced_items(
        &mut self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, StoreId, Sku)>, ViewsError> {
        let sql = "SELECT no, store, sku FROM skus INDEXED BY skus_unannounced
                   WHERE unannounced = 1 AND no > ?1 ORDER BY no LIMIT ?2";
        let params = (after.cast_signed(), i64::try_from(limit).unwrap_or(i64::MAX));
        let fail = || ViewsError::sqlite("reading items");
        let found: Vec<(i64, u32, String)> = collect(&self.file, sql, params, |row| {
            Ok((row.get(0).map_err(fail())?, row.get(1).map_err(fail())?, row.get(2).map_err(fail())?))
        })?;
        let mut items = Vec::with_capacity(found.len());
        for (no, store, sku) in found {
            let sku = sku.parse().map_err(|_| ViewsError::damaged(format!("SKU number {no}")))?;
            items.push((no.cast_unsigned(), self.store_id(store)?, sku));
        }
        Ok(items)
    }
}
