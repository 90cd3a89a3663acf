//! The stored shape of customers, payment methods and webhook endpoints. They are few, so every version is whole.

use serde::{Deserialize, Serialize};

use super::entry::known;
use crate::bank::{Bank, Customer, Endpoint, EventType, Party, PaymentMethod, Person};
use crate::memory::Text;

/// A new version of one of them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PartyEntry {
    Customer(CustomerEntry),
    Method(MethodEntry),
    Endpoint(EndpointEntry),
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonEntry {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CustomerEntry {
    number: u32,
    deleted: bool,
    created: i64,
    person: PersonEntry,
    description: Option<String>,
    metadata: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MethodEntry {
    number: u32,
    /// The card's name in the catalogue.
    card: String,
    customer: Option<u32>,
    exp_month: u8,
    exp_year: u16,
    created: i64,
    person: PersonEntry,
    metadata: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EndpointEntry {
    number: u32,
    enabled: bool,
    deleted: bool,
    created: i64,
    from: u32,
    url: String,
    events: Vec<String>,
    api_version: Option<String>,
    description: Option<String>,
    metadata: Option<String>,
    secret: String,
    old_secret: Option<(String, i64)>,
}

fn spelled(bank: &Bank, text: Option<Text>) -> Option<String> {
    text.map(|text| bank.texts.get(text).to_owned())
}

fn kept(bank: &mut Bank, text: Option<&String>) -> Option<Text> {
    text.map(|text| bank.texts.put(text))
}

impl PersonEntry {
    fn of(bank: &Bank, person: Person) -> Self {
        PersonEntry {
            name: spelled(bank, person.name),
            email: spelled(bank, person.email),
            phone: spelled(bank, person.phone),
            address: spelled(bank, person.address),
        }
    }

    fn restored(&self, bank: &mut Bank) -> Person {
        Person {
            name: kept(bank, self.name.as_ref()),
            email: kept(bank, self.email.as_ref()),
            phone: kept(bank, self.phone.as_ref()),
            address: kept(bank, self.address.as_ref()),
        }
    }
}

impl PartyEntry {
    pub(super) fn of(bank: &Bank, party: &Party) -> Self {
        match party {
            Party::Customer(customer) => PartyEntry::Customer(CustomerEntry {
                number: customer.number,
                deleted: customer.deleted,
                created: customer.created_ms,
                person: PersonEntry::of(bank, customer.person),
                description: spelled(bank, customer.description),
                metadata: spelled(bank, customer.metadata),
            }),
            Party::Method(method) => PartyEntry::Method(MethodEntry {
                number: method.number,
                card: method.method.kind().id(&bank.era),
                customer: method.customer,
                exp_month: method.exp_month,
                exp_year: method.exp_year,
                created: method.created_ms,
                person: PersonEntry::of(bank, method.person),
                metadata: spelled(bank, method.metadata),
            }),
            Party::Endpoint(endpoint) => PartyEntry::Endpoint(EndpointEntry {
                number: endpoint.number,
                enabled: endpoint.enabled,
                deleted: endpoint.deleted,
                created: endpoint.created_ms,
                from: endpoint.from,
                url: bank.texts.get(endpoint.url).to_owned(),
                events: serde_json::from_str(bank.texts.get(endpoint.events))
                    .expect("kept as a JSON array by this bank"),
                api_version: spelled(bank, endpoint.api_version),
                description: spelled(bank, endpoint.description),
                metadata: spelled(bank, endpoint.metadata),
                secret: bank.texts.get(endpoint.secret).to_owned(),
                old_secret: endpoint
                    .old_secret
                    .map(|(text, until_ms)| (bank.texts.get(text).to_owned(), until_ms)),
            }),
        }
    }

    pub(super) fn restored(self, bank: &mut Bank, account: u32) -> Result<Party, String> {
        Ok(match self {
            PartyEntry::Customer(entry) => Party::Customer(Customer {
                number: known(entry.number, bank.customers.count())?,
                account,
                deleted: entry.deleted,
                created_ms: entry.created,
                person: entry.person.restored(bank),
                description: kept(bank, entry.description.as_ref()),
                metadata: kept(bank, entry.metadata.as_ref()),
            }),
            PartyEntry::Method(entry) => {
                let number = known(entry.number, bank.methods.count())?;
                let card = bank.method(&entry.card).and_then(|card| card.owned(number));
                Party::Method(PaymentMethod {
                    number,
                    account,
                    method: card.ok_or_else(|| format!("there is no card {}", entry.card))?,
                    customer: entry.customer,
                    exp_month: entry.exp_month,
                    exp_year: entry.exp_year,
                    created_ms: entry.created,
                    person: entry.person.restored(bank),
                    metadata: kept(bank, entry.metadata.as_ref()),
                })
            }
            PartyEntry::Endpoint(entry) => {
                let events = serde_json::to_string(&entry.events).expect("texts become JSON");
                Party::Endpoint(Endpoint {
                    number: known(entry.number, bank.endpoints.count())?,
                    account,
                    enabled: entry.enabled,
                    deleted: entry.deleted,
                    created_ms: entry.created,
                    from: entry.from,
                    url: bank.texts.put(&entry.url),
                    events: bank.texts.put(&events),
                    api_version: kept(bank, entry.api_version.as_ref()),
                    description: kept(bank, entry.description.as_ref()),
                    metadata: kept(bank, entry.metadata.as_ref()),
                    secret: bank.texts.put(&entry.secret),
                    old_secret: entry.old_secret.map(|(text, until_ms)| (bank.texts.put(&text), until_ms)),
                    wants: EventType::bits(entry.events.iter().map(String::as_str)),
                })
            }
        })
    }
}
