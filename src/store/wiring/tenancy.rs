//! What the other actors of a store hear of its settings.

use std::rc::Rc;

use super::count_all;
use crate::flow;
use crate::runtime::{Fault, Only, Refusal, Wiring};
use crate::store::family::StoreFamily;
use crate::store::settings::{self, Tenancy};
use crate::types::{Cause, Meta, Timestamp};

impl Wiring for Tenancy {
    type Family = StoreFamily;
    type Request = settings::Command;

    fn prepare(
        _family: &Rc<StoreFamily>,
        _key: Only,
        _state: &mut settings::Store,
        command: settings::Command,
    ) -> Result<settings::Command, Refusal<settings::Rejection>> {
        Ok(command)
    }

    fn is_fresh(_family: &Rc<StoreFamily>, _key: Only) -> bool {
        true
    }

    fn load(_family: &Rc<StoreFamily>, _key: Only) -> Result<settings::Store, Fault> {
        Ok(settings::Store::default())
    }

    fn step(
        _family: &Rc<StoreFamily>,
        _key: Only,
        _state: &settings::Store,
        step: settings::Nothing,
        _cause: Cause,
    ) {
        match step {}
    }

    fn call(_family: &Rc<StoreFamily>, _key: Only, call: settings::Nothing) {
        match call {}
    }

    fn changed(
        family: &Rc<StoreFamily>,
        state: &mut settings::Store,
        _events: &[settings::Event],
        _at: Timestamp,
    ) {
        family.set_tenant(state);
    }

    fn flowed(family: &Rc<StoreFamily>, _key: Only, events: &[settings::Event], meta: &Meta, at: Timestamp) {
        count_all(family, events, meta, at, flow::of_store);
    }
}
