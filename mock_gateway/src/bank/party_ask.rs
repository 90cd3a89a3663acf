//! What requests about customers, payment methods and webhook endpoints ask for.

use super::ask::{Named, flag, integer, method, number, text};
use super::cards::Method;
use super::expand::Expand;
use super::metadata::Change;
use super::target::Target;
use super::trouble::Trouble;
use crate::form::{self, Form};

/// What may be asked about them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PartyDeed {
    CreateCustomer,
    UpdateCustomer,
    DeleteCustomer,
    CreateMethod,
    UpdateMethod,
    AttachMethod,
    DetachMethod,
    CreateEndpoint,
    UpdateEndpoint,
    DeleteEndpoint,
}

/// A request about one of them, by id, or for a new one.
pub(crate) enum PartyAsk<'a> {
    Customer(Option<&'a str>, CustomerAsk<'a>),
    DeleteCustomer(&'a str),
    CreateMethod(MethodAsk<'a>),
    UpdateMethod(&'a str, MethodAsk<'a>),
    Attach(&'a str, MethodAsk<'a>),
    Detach(&'a str, MethodAsk<'a>),
    Endpoint(Option<&'a str>, EndpointAsk<'a>),
    DeleteEndpoint(&'a str),
}

/// Who somebody is; an empty text clears.
#[derive(Default)]
pub(crate) struct PersonAsk<'a> {
    pub(crate) name: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
    pub(crate) phone: Option<&'a str>,
    /// Parts of the new address; empty to clear it, `None` to leave it.
    pub(crate) address: Option<Vec<(&'static str, &'a str)>>,
}

/// The parts of an address, as they are shown.
pub(crate) const ADDRESS: [&str; 6] = ["city", "country", "line1", "line2", "postal_code", "state"];

impl<'a> PersonAsk<'a> {
    fn note(&mut self, name: &str, field: &str, rest: &'a str, value: &'a str) -> Result<(), Trouble> {
        match (field, rest) {
            ("name", "") => self.name = Some(text(name, value)?),
            ("email", "") => {
                if !value.is_empty() && !value.contains('@') {
                    let message = format!("Invalid email address: {value}");
                    return Err(Trouble::coded("email_invalid", name, message));
                }
                self.email = Some(text(name, value)?);
            }
            ("phone", "") => self.phone = Some(text(name, value)?),
            ("address", "") if value.is_empty() => self.address = Some(Vec::new()),
            ("address", rest) => {
                let part = form::key(rest).and_then(|key| ADDRESS.iter().find(|known| **known == key));
                let part = part.ok_or_else(|| Trouble::unknown(name))?;
                self.address.get_or_insert_default().push((part, text(name, value)?));
            }
            _ => return Err(Trouble::unknown(name)),
        }
        Ok(())
    }
}

/// The fields of a customer.
#[derive(Default)]
pub(crate) struct CustomerAsk<'a> {
    pub(crate) person: PersonAsk<'a>,
    pub(crate) description: Option<&'a str>,
    pub(crate) method: Option<Named<'a>>,
    pub(crate) metadata: Change<'a>,
    pub(crate) expand: Expand,
}

/// Taken, and nothing is done with them.
const IGNORED_OF_CUSTOMERS: &[&str] =
    &["invoice_settings", "preferred_locales", "shipping", "tax", "tax_exempt", "validate"];

impl<'a> CustomerAsk<'a> {
    fn read(form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = CustomerAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("metadata", rest) => ask.metadata.note(rest, value)?,
                ("expand", rest) if form::is_index(rest) => ask.expand.note(value)?,
                ("description", "") => ask.description = Some(text(name, value)?),
                ("payment_method", "") => ask.method = Some(method(name, value)?),
                (base, _) if IGNORED_OF_CUSTOMERS.contains(&base) => {}
                (base, rest) => ask.person.note(name, base, rest, value)?,
            }
        }
        Ok(ask)
    }
}

/// The fields of a payment method, and whom to attach it to.
#[derive(Default)]
pub(crate) struct MethodAsk<'a> {
    pub(crate) card: Option<Method>,
    pub(crate) exp_month: Option<i64>,
    pub(crate) exp_year: Option<i64>,
    pub(crate) person: PersonAsk<'a>,
    pub(crate) customer: Option<&'a str>,
    pub(crate) metadata: Change<'a>,
    pub(crate) expand: Expand,
    kind: Option<&'a str>,
}

/// Cards by the tokens that test suites use for them.
const TOKENS: &[(&str, &str)] = &[
    ("tok_visa", "pm_card_visa"),
    ("tok_mastercard", "pm_card_mastercard"),
    ("tok_chargeDeclined", "pm_card_visa_chargeDeclined"),
    ("tok_createDispute", "pm_card_createDispute"),
];

impl<'a> MethodAsk<'a> {
    fn read(takes: &[&str], form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = MethodAsk::default();
        for (name, value) in form.pairs() {
            let (base, rest) = form::base(name);
            if !takes.contains(&base) {
                return Err(Trouble::unknown(name));
            }
            ask.note(name, (base, rest), value)?;
        }
        Ok(ask)
    }

    fn note(&mut self, name: &str, (base, rest): (&str, &'a str), value: &'a str) -> Result<(), Trouble> {
        match (base, rest) {
            ("type", "") => self.kind = Some(value),
            ("customer", "") => self.customer = Some(value),
            ("metadata", rest) => self.metadata.note(rest, value)?,
            ("expand", rest) if form::is_index(rest) => self.expand.note(value)?,
            ("card", "[number]") => self.card = Some(number(name, value)?),
            ("card", "[exp_month]") => self.exp_month = Some(integer(name, value)?),
            ("card", "[exp_year]") => self.exp_year = Some(integer(name, value)?),
            ("card", "[cvc]") => {}
            ("card", "[token]") => {
                let id = TOKENS.iter().find(|(token, _)| *token == value).map(|(_, id)| *id);
                let known = id.and_then(Method::find);
                self.card = Some(known.ok_or_else(|| Trouble::no_such_reference("token", name, value))?);
            }
            ("billing_details", rest) => {
                let inner = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
                let (field, rest) = inner.ok_or_else(|| Trouble::unknown(name))?;
                self.person.note(name, field, rest, value)?;
            }
            ("allow_redisplay", "") => {}
            _ => return Err(Trouble::unknown(name)),
        }
        Ok(())
    }

    fn read_new(form: &'a Form) -> Result<Self, Trouble> {
        const TAKES: &[&str] = &["type", "card", "billing_details", "metadata", "expand", "allow_redisplay"];
        let ask = MethodAsk::read(TAKES, form)?;
        match ask.kind {
            Some("card") => {}
            Some(_) => return Err(Trouble::invalid("type", "This bank knows cards only".to_owned())),
            None => return Err(Trouble::missing("type")),
        }
        if ask.card.is_none() {
            return Err(Trouble::missing("card[number]"));
        }
        if ask.exp_month.is_some_and(|month| !(1..=12).contains(&month)) {
            let message = "Your card's expiration month is invalid.";
            return Err(Trouble::no_card("invalid_expiry_month", "exp_month", message));
        }
        Ok(ask)
    }
}

/// The fields of a webhook endpoint.
#[derive(Default)]
pub(crate) struct EndpointAsk<'a> {
    pub(crate) url: Option<&'a str>,
    pub(crate) events: Vec<&'a str>,
    pub(crate) description: Option<&'a str>,
    pub(crate) api_version: Option<&'a str>,
    pub(crate) disabled: Option<bool>,
    pub(crate) metadata: Change<'a>,
    pub(crate) expand: Expand,
}

const EVENTS_MAX: usize = 250;

impl<'a> EndpointAsk<'a> {
    fn read(is_new: bool, form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = EndpointAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("url", "") => ask.url = Some(target(value)?),
                ("enabled_events", rest) if form::is_index(rest) => ask.events.push(event(name, value)?),
                ("description", "") => ask.description = Some(text(name, value)?),
                ("api_version", "") if is_new => ask.api_version = Some(text(name, value)?),
                ("disabled", "") if !is_new => ask.disabled = Some(flag(name, value)?),
                ("metadata", rest) => ask.metadata.note(rest, value)?,
                ("expand", rest) if form::is_index(rest) => ask.expand.note(value)?,
                _ => return Err(Trouble::unknown(name)),
            }
        }
        if ask.events.len() > EVENTS_MAX {
            let message = format!("At most {EVENTS_MAX} event types can be named; '*' names them all");
            return Err(Trouble::invalid("enabled_events", message));
        }
        if is_new && ask.url.is_none() {
            return Err(Trouble::missing("url"));
        }
        if is_new && ask.events.is_empty() {
            return Err(Trouble::missing("enabled_events"));
        }
        Ok(ask)
    }
}

fn target(value: &str) -> Result<&str, Trouble> {
    match Target::parse(text("url", value)?) {
        Some(_) => Ok(value),
        None => {
            let message = "Invalid URL: this bank tells only http addresses of this very machine, as in \
                           http://127.0.0.1:8080/webhooks";
            Err(Trouble::coded("url_invalid", "url", message.to_owned()))
        }
    }
}

/// Types that never happen here are taken as well: a shop asks for what it needs, whatever bank it is.
fn event<'a>(name: &str, value: &'a str) -> Result<&'a str, Trouble> {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.".contains(&byte);
    let is_type = value.contains('.') && value.len() <= 100 && value.bytes().all(is_word);
    if value == "*" || is_type {
        return Ok(value);
    }
    Err(Trouble::invalid(name, format!("Invalid {name}: '{value}' is no type of event")))
}

impl<'a> PartyAsk<'a> {
    /// Reads the form of a deed.
    pub(crate) fn read(deed: PartyDeed, id: &'a str, form: &'a Form) -> Result<Self, Trouble> {
        match deed {
            PartyDeed::CreateCustomer => CustomerAsk::read(form).map(|ask| PartyAsk::Customer(None, ask)),
            PartyDeed::UpdateCustomer => {
                let ask = CustomerAsk::read(form)?;
                match ask.method {
                    Some(_) => Err(Trouble::unknown("payment_method")),
                    None => Ok(PartyAsk::Customer(Some(id), ask)),
                }
            }
            PartyDeed::DeleteCustomer => nothing(form).map(|()| PartyAsk::DeleteCustomer(id)),
            PartyDeed::CreateMethod => MethodAsk::read_new(form).map(PartyAsk::CreateMethod),
            PartyDeed::UpdateMethod => {
                let ask =
                    MethodAsk::read(&["billing_details", "metadata", "expand", "allow_redisplay"], form);
                ask.map(|ask| PartyAsk::UpdateMethod(id, ask))
            }
            PartyDeed::AttachMethod => {
                let ask = MethodAsk::read(&["customer", "expand"], form)?;
                match ask.customer {
                    Some(_) => Ok(PartyAsk::Attach(id, ask)),
                    None => Err(Trouble::missing("customer")),
                }
            }
            PartyDeed::DetachMethod => {
                MethodAsk::read(&["expand"], form).map(|ask| PartyAsk::Detach(id, ask))
            }
            PartyDeed::CreateEndpoint => {
                EndpointAsk::read(true, form).map(|ask| PartyAsk::Endpoint(None, ask))
            }
            PartyDeed::UpdateEndpoint => {
                EndpointAsk::read(false, form).map(|ask| PartyAsk::Endpoint(Some(id), ask))
            }
            PartyDeed::DeleteEndpoint => nothing(form).map(|()| PartyAsk::DeleteEndpoint(id)),
        }
    }
}

fn nothing(form: &Form) -> Result<(), Trouble> {
    form.pairs().next().map_or(Ok(()), |(name, _)| Err(Trouble::unknown(name)))
}
