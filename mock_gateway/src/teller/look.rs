//! Looking something up.

use std::sync::Arc;
use std::time::Duration;

use super::{Answer, Teller};
use crate::bank::{Bank, EventAsk, Expand, Kind, ListAsk, Method, SearchAsk, Trouble};
use crate::clock;
use crate::form::{self, Form};
use crate::render;

/// What is looked up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Look<'a> {
    One(Kind, &'a str),
    List(Kind),
    /// Payment methods of a customer.
    MethodsOf(&'a str),
    Search,
    Balance,
}

impl Teller {
    /// Serves one look-up.
    pub(crate) async fn look(self: &Arc<Self>, account: &str, look: Look<'_>, form: &Form) -> Answer {
        let store = self.store_of_look(look, form);
        let fate = self.sky.fate_of_look_up(store.as_deref(), clock::now_ms());
        if let Some(status) = fate.refuse {
            return Answer {
                should_retry: Some(true),
                retry_after_s: fate.retry_after_s,
                ..self.desk.lock().refusal(&Trouble::of_ours(status))
            };
        }
        if fate.delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(fate.delay_ms)).await;
        }
        let mut desk = self.desk.lock();
        desk.bank.settle_due(clock::now_ms());
        let bank = &desk.bank;
        let account = bank.accounts.find(account);
        let looked = match look {
            Look::One(Kind::Event, id) => {
                one(form).and_then(|_| Ok(render::event(bank, bank.own_event(account, id)?)))
            }
            Look::One(Kind::Method, id) if Method::find(id).is_some() => one(form).and_then(|_| {
                let known = Method::find(id).ok_or_else(|| Trouble::no_such_method("id", id))?;
                Ok(render::known_method(bank, known))
            }),
            Look::One(kind, id) => one(form).and_then(|expand| {
                let param = if kind == Kind::Intent { "intent" } else { "id" };
                let number = bank.own(kind, account, id, param)?;
                Ok(render::object(bank, kind, number, expand))
            }),
            Look::List(Kind::Event) => EventAsk::read(form).and_then(|ask| {
                let page = bank.list_events(account, &ask)?;
                Ok(render::list(bank, Kind::Event, &page, Expand::default()))
            }),
            Look::List(kind) => ListAsk::read(kind, form).and_then(|ask| {
                let page = bank.list(kind, account, &ask)?;
                Ok(render::list(bank, kind, &page, ask.expand))
            }),
            Look::MethodsOf(customer) => methods_of(bank, account, customer, form),
            Look::Search => SearchAsk::read(form).and_then(|ask| {
                let page = bank.search(account, &ask)?;
                Ok(render::search_result(bank, &page, ask.expand))
            }),
            Look::Balance => {
                one(form).map(|_| render::balance(account.map(|number| bank.accounts.get(number))))
            }
        };
        match looked {
            Ok(body) => Answer { position: bank.position(), ..Answer::new(200, body) },
            Err(trouble) => desk.refusal(&trouble),
        }
    }

    fn store_of_look(&self, look: Look<'_>, form: &Form) -> Option<String> {
        if !self.sky.is_by_store() {
            return None;
        }
        match look {
            Look::One(kind, id) => self.desk.lock().bank.store_of_object(kind, id),
            Look::Search => SearchAsk::read(form).ok()?.store(),
            Look::List(_) | Look::MethodsOf(_) | Look::Balance => None,
        }
    }
}

fn methods_of(bank: &Bank, account: Option<u32>, customer: &str, form: &Form) -> Result<Vec<u8>, Trouble> {
    bank.own(Kind::Customer, account, customer, "customer")?;
    let ask = ListAsk::read(Kind::Method, form)?.of_customer(customer);
    let page = bank.list(Kind::Method, account, &ask)?;
    let url = format!("/v1/customers/{customer}/payment_methods");
    Ok(render::list_at(bank, &url, Kind::Method, &page, ask.expand))
}

/// A single object takes `expand[]` alone.
fn one(form: &Form) -> Result<Expand, Trouble> {
    let mut expand = Expand::default();
    for (name, value) in form.pairs() {
        match form::base(name) {
            ("expand", rest) if form::is_index(rest) => expand.note(value)?,
            ("client_secret", "") => {}
            _ => return Err(Trouble::unknown(name)),
        }
    }
    Ok(expand)
}
