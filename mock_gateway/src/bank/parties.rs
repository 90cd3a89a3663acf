//! What can be asked about customers, payment methods and webhook endpoints, each as a plan.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::ask::Named;
use super::cards::Method;
use super::effect::Effect;
use super::news::EventType;
use super::party::{Customer, Endpoint, Party, PaymentMethod, Person};
use super::party_ask::{ADDRESS, CustomerAsk, EndpointAsk, MethodAsk, PartyAsk, PersonAsk};
use super::payments::{Circumstances, Plan};
use super::trouble::{Refusal, Trouble};
use super::{About, Bank, Expand, Intent, Kind, Verdict};
use crate::memory::Text;
use crate::render::json::Json;

/// As many as the real thing allows.
const ENDPOINTS_MAX: usize = 16;
/// Of cards that nobody gave a date.
const USUAL_EXPIRY: (u8, u16) = (12, 2034);
const MS_PER_YEAR: i64 = 31_556_952_000;

fn invalid(trouble: Trouble) -> Refusal {
    Refusal::Invalid(Box::new(trouble))
}

fn state(message: &str) -> Refusal {
    Refusal::State(Box::new(Trouble::invalid("payment_method", message.to_owned())))
}

fn done(parties: Vec<Party>, about: About, expand: Expand, with: Circumstances) -> Plan {
    let effect = Effect { parties, ..Effect::nothing(with.account, with.now_ms, with.key) };
    Ok((effect, Verdict { status: 200, expand, about }))
}

impl Bank {
    pub(super) fn plan_party(&mut self, ask: &PartyAsk<'_>, with: Circumstances) -> Plan {
        match ask {
            PartyAsk::Customer(id, ask) => self.plan_customer(*id, ask, with),
            PartyAsk::DeleteCustomer(id) => {
                let number = self.own_customer(with.account, id, "id", 404)?;
                let customer = Customer { deleted: true, ..self.customers.current(number).clone() };
                let kept = self.methods_of(with.account, number);
                let freed = kept.into_iter().map(|method| {
                    let method = self.methods.current(method).clone();
                    Party::Method(PaymentMethod { customer: None, ..method })
                });
                let parties = std::iter::once(Party::Customer(customer)).chain(freed).collect();
                done(parties, About::Customer(number), Expand::default(), with)
            }
            PartyAsk::CreateMethod(ask) => self.plan_new_method(ask, with),
            PartyAsk::UpdateMethod(id, ask) => {
                let number = self.own(Kind::Method, Some(with.account), id, "payment_method");
                let mut method = self.methods.current(number.map_err(invalid)?).clone();
                method.person = self.person(&ask.person, method.person);
                method.metadata = self.changed_metadata(&ask.metadata, method.metadata)?;
                self.method_done(method, ask.expand, with)
            }
            PartyAsk::Attach(id, ask) => {
                let customer = ask.customer.expect("read only with a customer");
                let customer = self.own_customer(with.account, customer, "customer", 400)?;
                let method = self.attachable(id, customer, with)?;
                self.method_done(method, ask.expand, with)
            }
            PartyAsk::Detach(id, ask) => {
                let number = self.own(Kind::Method, Some(with.account), id, "payment_method");
                let method = self.methods.current(number.map_err(invalid)?).clone();
                if method.customer.is_none() {
                    return Err(state(
                        "The payment method you provided is not attached to a customer so detachment is \
                         impossible.",
                    ));
                }
                self.method_done(PaymentMethod { customer: None, ..method }, ask.expand, with)
            }
            PartyAsk::Endpoint(id, ask) => self.plan_endpoint(*id, ask, with),
            PartyAsk::DeleteEndpoint(id) => {
                let number = self.own(Kind::Endpoint, Some(with.account), id, "id").map_err(invalid)?;
                let endpoint = Endpoint { deleted: true, ..self.endpoints.current(number).clone() };
                done(vec![Party::Endpoint(endpoint)], About::Endpoint(number, false), Expand::default(), with)
            }
        }
    }

    fn plan_customer(&mut self, id: Option<&str>, ask: &CustomerAsk<'_>, with: Circumstances) -> Plan {
        let mut customer = match id {
            Some(id) => {
                let number = self.own_customer(with.account, id, "id", 404)?;
                self.customers.current(number).clone()
            }
            None => Customer {
                number: self.customers.count(),
                account: with.account,
                deleted: false,
                created_ms: with.now_ms,
                person: Person::default(),
                description: None,
                metadata: None,
            },
        };
        let number = customer.number;
        customer.person = self.person(&ask.person, customer.person);
        if let Some(description) = ask.description {
            customer.description = self.optional(description);
        }
        customer.metadata = self.changed_metadata(&ask.metadata, customer.metadata)?;
        let mut parties = vec![Party::Customer(customer)];
        if let Some(method) = ask.method {
            let id = match method {
                Named::Card(card) => card.id(&self.era),
                Named::Own(id) => id.to_owned(),
            };
            let method = self.attachable(&id, number, with)?;
            parties.push(Party::Method(method));
        }
        done(parties, About::Customer(number), ask.expand, with)
    }

    fn plan_new_method(&mut self, ask: &MethodAsk<'_>, with: Circumstances) -> Plan {
        let card = ask.card.expect("read only with a card");
        let exp_month = ask.exp_month.map_or(USUAL_EXPIRY.0, |month| month as u8);
        let year = ask.exp_year.map_or(i64::from(USUAL_EXPIRY.1), |year| match year {
            0..=99 => 2000 + year,
            year => year,
        });
        let this_year = 1970 + with.now_ms / MS_PER_YEAR;
        if !(this_year..this_year + 50).contains(&year) {
            let message = "Your card's expiration year is invalid.";
            return Err(invalid(Trouble::no_card("invalid_expiry_year", "exp_year", message)));
        }
        let mut method = self.new_method(card, (exp_month, year as u16), with).map_err(invalid)?;
        method.person = self.person(&ask.person, Person::default());
        method.metadata = self.changed_metadata(&ask.metadata, None)?;
        self.method_done(method, ask.expand, with)
    }

    fn new_method(
        &self,
        card: Method,
        (exp_month, exp_year): (u8, u16),
        with: Circumstances,
    ) -> Result<PaymentMethod, Trouble> {
        let number = self.methods.count();
        let method = card.owned(number).ok_or_else(|| {
            let message = "This method takes a number and is for one payment at a time: it cannot be kept.";
            Trouble::invalid("payment_method", message.to_owned())
        })?;
        Ok(PaymentMethod {
            number,
            account: with.account,
            method,
            customer: None,
            exp_month,
            exp_year,
            created_ms: with.now_ms,
            person: Person::default(),
            metadata: None,
        })
    }

    /// A payment method as it is once it is a customer's: one of everybody's becomes one of their own.
    fn attachable(&self, id: &str, customer: u32, with: Circumstances) -> Result<PaymentMethod, Refusal> {
        let method = match Method::find(id) {
            Some(card) => self.new_method(card, USUAL_EXPIRY, with).map_err(invalid)?,
            None => {
                let number = self.own(Kind::Method, Some(with.account), id, "payment_method");
                self.methods.current(number.map_err(invalid)?).clone()
            }
        };
        if method.customer.is_some_and(|known| known != customer) {
            return Err(state("The payment method you provided has already been attached to a customer."));
        }
        Ok(PaymentMethod { customer: Some(customer), ..method })
    }

    fn method_done(&self, method: PaymentMethod, expand: Expand, with: Circumstances) -> Plan {
        let number = method.number;
        done(vec![Party::Method(method)], About::Method(number), expand, with)
    }

    fn plan_endpoint(&mut self, id: Option<&str>, ask: &EndpointAsk<'_>, with: Circumstances) -> Plan {
        let mut endpoint = match id {
            Some(id) => {
                let number = self.own(Kind::Endpoint, Some(with.account), id, "id").map_err(invalid)?;
                self.endpoints.current(number).clone()
            }
            None => self.new_endpoint(ask, with)?,
        };
        let number = endpoint.number;
        if let Some(url) = ask.url {
            endpoint.url = self.texts.put(url);
        }
        if !ask.events.is_empty() {
            let json = serde_json::to_string(&ask.events).expect("texts become JSON");
            endpoint.events = self.texts.put(&json);
            endpoint.wants = EventType::bits(ask.events.iter().copied());
        }
        if let Some(disabled) = ask.disabled {
            // What happened meanwhile is not told afterwards.
            if endpoint.enabled == disabled && !disabled {
                endpoint.from = self.news.len();
            }
            endpoint.enabled = !disabled;
        }
        if let Some(description) = ask.description {
            endpoint.description = self.optional(description);
        }
        endpoint.metadata = self.changed_metadata(&ask.metadata, endpoint.metadata)?;
        done(vec![Party::Endpoint(endpoint)], About::Endpoint(number, id.is_none()), ask.expand, with)
    }

    fn new_endpoint(&mut self, ask: &EndpointAsk<'_>, with: Circumstances) -> Result<Endpoint, Refusal> {
        let account = self.accounts.get(with.account);
        let known = (0..account.endpoints.len()).filter_map(|place| account.endpoints.get(place));
        let open = known.filter(|number| !self.endpoints.current(**number).deleted).count();
        if open >= ENDPOINTS_MAX {
            let message = format!("You have reached the maximum of {ENDPOINTS_MAX} test webhook endpoints.");
            return Err(invalid(Trouble::invalid("url", message)));
        }
        let number = self.endpoints.count();
        let secret = self.secret(number, with.now_ms);
        let nothing = self.texts.put("[]");
        Ok(Endpoint {
            number,
            account: with.account,
            enabled: true,
            deleted: false,
            created_ms: with.now_ms,
            from: self.news.len(),
            url: nothing,
            events: nothing,
            api_version: ask.api_version.and_then(|text| self.optional(text)),
            description: None,
            metadata: None,
            secret,
            old_secret: None,
            wants: 0,
        })
    }

    /// Gives an endpoint a new secret; the old one signs as well for a while.
    pub(crate) fn rotate(&mut self, number: u32, overlap_ms: i64, now_ms: i64) -> Text {
        let mut endpoint = self.endpoints.current(number).clone();
        endpoint.old_secret = (overlap_ms > 0).then_some((endpoint.secret, now_ms + overlap_ms));
        endpoint.secret = self.secret(number, now_ms);
        let (account, secret) = (endpoint.account, endpoint.secret);
        let parties = vec![Party::Endpoint(endpoint)];
        self.commit_alone(Effect { parties, ..Effect::nothing(account, now_ms, None) });
        secret
    }

    /// Another one each time: it depends on how many texts there are.
    fn secret(&mut self, endpoint: u32, now_ms: i64) -> Text {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.era.seed().to_le_bytes())
            .expect("HMAC takes keys of any length");
        mac.update(&endpoint.to_le_bytes());
        mac.update(&now_ms.to_le_bytes());
        mac.update(&self.texts.bytes_held().to_le_bytes());
        let bytes = mac.finalize().into_bytes();
        let mut secret = String::from("whsec_");
        for byte in &bytes[..24] {
            secret.push_str(&format!("{byte:02x}"));
        }
        self.texts.put(&secret)
    }

    pub(super) fn put_party(&mut self, party: Party) {
        match party {
            Party::Customer(customer) => {
                if customer.number == self.customers.count() {
                    self.accounts.get_mut(customer.account).customers.push(customer.number);
                }
                self.customers.put(customer.number, customer);
            }
            Party::Method(method) => {
                if method.number == self.methods.count() {
                    self.accounts.get_mut(method.account).methods.push(method.number);
                }
                self.methods.put(method.number, method);
            }
            Party::Endpoint(endpoint) => {
                let account = self.accounts.get_mut(endpoint.account);
                let listened = match self.endpoints.find(endpoint.number) {
                    Some(before) => before.listens(),
                    None => {
                        account.endpoints.push(endpoint.number);
                        false
                    }
                };
                account.listening += u32::from(endpoint.listens());
                account.listening -= u32::from(listened);
                self.endpoints.put(endpoint.number, endpoint);
                self.bell.notify_one();
            }
        }
    }

    /// The customer of this id, if it is this account's and still there.
    pub(super) fn own_customer(
        &self,
        account: u32,
        id: &str,
        param: &str,
        status: u16,
    ) -> Result<u32, Refusal> {
        let number = self.own(Kind::Customer, Some(account), id, param);
        let number = number.ok().filter(|number| !self.customers.current(*number).deleted);
        number.ok_or_else(|| invalid(Trouble { status, ..Trouble::no_such("customer", param, id) }))
    }

    /// Methods that are a customer's, oldest first.
    fn methods_of(&self, account: u32, customer: u32) -> Vec<u32> {
        let all = &self.accounts.get(account).methods;
        let all = (0..all.len()).filter_map(|place| all.get(place).copied());
        all.filter(|number| self.methods.current(*number).customer == Some(customer)).collect()
    }

    /// The method that a request names.
    pub(crate) fn chosen(&self, account: u32, named: Option<Named<'_>>) -> Result<Option<Method>, Trouble> {
        match named {
            None => Ok(None),
            Some(Named::Card(card)) => Ok(Some(card)),
            Some(Named::Own(id)) => {
                let number = self.own(Kind::Method, Some(account), id, "payment_method");
                let number = number.map_err(|_| Trouble::no_such_method("payment_method", id))?;
                Ok(Some(self.methods.current(number).method))
            }
        }
    }

    /// The method of this id, whoever's it is.
    pub(crate) fn method(&self, id: &str) -> Option<Method> {
        Method::find(id).or_else(|| {
            let number = self.era.parse(Kind::Method, id)?;
            self.methods.find(number).map(|method| method.method)
        })
    }

    /// A customer's method pays for that customer only.
    pub(super) fn is_for(&self, method: Method, intent: &Intent) -> Result<(), Trouble> {
        let owner = method.own_number().and_then(|number| self.methods.current(number).customer);
        let Some(owner) = owner else { return Ok(()) };
        let owner = self.era.id(Kind::Customer, owner);
        if intent.customer().is_some_and(|customer| self.texts.get(customer) == owner) {
            return Ok(());
        }
        let message = format!(
            "The provided PaymentMethod cannot be used with this PaymentIntent: it belongs to the customer \
             {owner}, whom the PaymentIntent does not name."
        );
        Err(Trouble::invalid("payment_method", message))
    }

    fn person(&mut self, ask: &PersonAsk<'_>, before: Person) -> Person {
        let mut changed = |text: Option<&str>, before: Option<Text>| match text {
            Some(text) => self.optional(text),
            None => before,
        };
        let person = Person {
            name: changed(ask.name, before.name),
            email: changed(ask.email, before.email),
            phone: changed(ask.phone, before.phone),
            address: before.address,
        };
        match &ask.address {
            None => person,
            Some(parts) if parts.is_empty() => Person { address: None, ..person },
            Some(parts) => {
                let mut out = Vec::new();
                let mut json = Json::object(&mut out);
                for name in ADDRESS {
                    let part = parts.iter().rev().find(|(known, _)| *known == name);
                    json.text_or_null(name, part.map(|(_, value)| *value).filter(|value| !value.is_empty()));
                }
                json.end();
                let text = String::from_utf8(out).expect("made of whole texts");
                Person { address: Some(self.texts.put(&text)), ..person }
            }
        }
    }
}
