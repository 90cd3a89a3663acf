//! The gateways that a store names, in its own words, and every connection that it had before: payments end where they began.
//!
//! Another address, or another key of an account that is not known to be the same, is another connection under the same name. The
//! one before is kept for good, because money may be given back long after. A new key of the same account is not another
//! connection: payments that began with the old key go on with the new one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::policy::{SECRET_BYTES_MAX, SECRET_BYTES_MIN, Secret};
use crate::gateway::Coordinates;
use crate::payment::{Gateway, Teller};

/// The most secrets that hold at once: the one before and the one after, while it changes.
const WEBHOOK_SECRETS_MAX: usize = 2;
/// The most gateways that a store may name.
const CONNECTIONS_MAX: usize = 8;
/// The most connections that a store may have had before: each is kept for good.
const EARLIER_MAX: usize = 64;
/// The most characters of a gateway's name.
const NAME_LENGTH_MAX: usize = 32;
/// The most bytes of an address.
const URL_BYTES_MAX: usize = 256;
/// The most characters of an account's name.
const ACCOUNT_LENGTH_MAX: usize = 64;
/// What a key may have, in bytes.
const KEY_BYTES_MAX: usize = 256;
/// The last place in line.
const PRIORITY_MAX: u32 = 100;
/// The largest share.
const WEIGHT_MAX: u32 = 1_000;
/// The node's own bank, which no store can rename.
pub const OWN: &str = "bank";

/// How payments go out, and how the bank is heard.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GatewayPolicy {
    /// What the bank signs its notifications with, two while it changes; without one none is believed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub webhook_secrets: Vec<Secret>,
    /// The gateways that payments go through; the node's own bank where there is none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub connections: Vec<GatewayConnection>,
    /// Connections that were named before: payments that began with them end with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<GatewayConnection>,
}

/// One connection to a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayConnection {
    /// The store's name for it.
    pub name: Arc<str>,
    /// Which of the connections under that name, from 1.
    pub version: u32,
    /// Lower ones are tried first.
    pub priority: u32,
    /// Its share among those of one priority.
    pub weight: u32,
    /// Where it is; missing for the node's own bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<Arc<str>>,
    /// The account's key; missing for the node's own bank.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<Secret>,
    /// Whose account it is, where that is said: then a new key is one of the same account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Arc<str>>,
    /// What it signs its notifications with, two while it changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhook_secrets: Vec<Secret>,
}

/// A partial change: what is missing stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatewayPatch {
    /// What the bank signs its notifications with; an empty list takes it away.
    pub webhook_secrets: Option<Vec<Secret>>,
    /// All gateways that payments shall go through from now on; an empty list leaves the node's own bank.
    pub connections: Option<Vec<ConnectionPatch>>,
}

/// A gateway as somebody names it. What is missing stays as it was under that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionPatch {
    /// The store's name for it.
    pub name: Arc<str>,
    /// Where it is; missing for the node's own bank.
    #[serde(default)]
    pub url: Option<Arc<str>>,
    /// The account's key.
    #[serde(default)]
    pub secret_key: Option<Secret>,
    /// Whose account it is.
    #[serde(default)]
    pub account: Option<Arc<str>>,
    /// Lower ones are tried first; 1 where it was never said.
    #[serde(default)]
    pub priority: Option<u32>,
    /// Its share among those of one priority; 1 where it was never said.
    #[serde(default)]
    pub weight: Option<u32>,
    /// What it signs its notifications with.
    #[serde(default)]
    pub webhook_secrets: Option<Vec<Secret>>,
}

impl GatewayConnection {
    /// Where it is; nothing for the node's own bank.
    pub fn coordinates(&self) -> Option<Coordinates> {
        let (url, key) = (self.url.as_ref()?, self.secret_key.as_ref()?);
        Some(Coordinates { url: Arc::clone(url), secret_key: Arc::clone(key.reveal()) })
    }

    /// Whether payments that began with this one go on with another of its name.
    fn is_same(&self, other: &Self) -> bool {
        let is_same_key = self.secret_key == other.secret_key;
        let is_same_account = self.account.is_some() && self.account == other.account;
        self.name == other.name && self.url == other.url && (is_same_key || is_same_account)
    }
}

impl GatewayPolicy {
    pub(super) fn is_blank(&self) -> bool {
        self.webhook_secrets.is_empty() && self.connections.is_empty() && self.earlier.is_empty()
    }

    /// The connection that a payment began with.
    pub fn connection(&self, name: &str, version: u32) -> Option<&GatewayConnection> {
        self.all().find(|one| &*one.name == name && one.version == version)
    }

    fn all(&self) -> impl Iterator<Item = &GatewayConnection> {
        self.connections.iter().chain(&self.earlier)
    }

    /// Where the gateway of a payment is; nothing for the node's own bank. Whoever has its name has its connection: none is
    /// ever forgotten.
    pub fn coordinates_of(&self, gateway: Option<&Gateway>) -> Option<Coordinates> {
        let Gateway { name, version } = gateway?;
        self.connection(name, *version)?.coordinates()
    }

    /// Whether payments go or went through a gateway by these settings.
    pub fn uses(&self, at: Option<&Coordinates>) -> bool {
        let is_unnamed = at.is_none() && self.connections.is_empty();
        is_unnamed || self.all().any(|one| one.coordinates().as_ref() == at)
    }

    /// A gateway, by every name that the store has for it.
    pub fn teller(&self, at: Option<&Coordinates>) -> Teller {
        let known = self.all().filter(|one| one.coordinates().as_ref() == at);
        let name = |one: &GatewayConnection| Gateway { name: Arc::clone(&one.name), version: one.version };
        Teller { is_own: at.is_none(), names: known.map(name).collect() }
    }

    /// Every gateway that may know of a payment, each once: first those that sign with this secret, then as they are named, then
    /// those named before. The node's own bank (nothing) is among them where the store names it, or none.
    pub fn that_may_know(&self, secret: &Secret) -> Vec<Option<Coordinates>> {
        let mut named: Vec<&GatewayConnection> = self.all().collect();
        named.sort_by_key(|one| !one.webhook_secrets.contains(secret));
        let mut all: Vec<Option<Coordinates>> = Vec::with_capacity(named.len());
        for at in named.into_iter().map(GatewayConnection::coordinates) {
            if !all.contains(&at) {
                all.push(at);
            }
        }
        if self.connections.is_empty() && !all.contains(&None) {
            all.insert(0, None);
        }
        all
    }

    /// What any of the gateways may sign with: those of earlier ones go on telling of payments that began with them.
    pub fn all_webhook_secrets(&self) -> Vec<Secret> {
        let named = self.all().flat_map(|one| &one.webhook_secrets);
        let mut all: Vec<Secret> = self.webhook_secrets.iter().chain(named).cloned().collect();
        all.dedup();
        all
    }

    pub(super) fn apply(&mut self, patch: &GatewayPatch) {
        if let Some(secrets) = &patch.webhook_secrets {
            self.webhook_secrets.clone_from(secrets);
        }
        let Some(wished) = &patch.connections else { return };
        let before = std::mem::take(&mut self.connections);
        let mut last = before.iter().chain(&self.earlier).map(|one| one.version).max().unwrap_or(0);
        for wish in wished {
            let known = before.iter().find(|one| one.name == wish.name);
            let mut new = GatewayConnection {
                name: Arc::clone(&wish.name),
                version: 0,
                priority: wish.priority.or(known.map(|known| known.priority)).unwrap_or(1),
                weight: wish.weight.or(known.map(|known| known.weight)).unwrap_or(1),
                url: wish.url.clone().or_else(|| known.and_then(|known| known.url.clone())),
                secret_key: wish
                    .secret_key
                    .clone()
                    .or_else(|| known.and_then(|known| known.secret_key.clone())),
                account: wish.account.clone().or_else(|| known.and_then(|known| known.account.clone())),
                webhook_secrets: wish
                    .webhook_secrets
                    .clone()
                    .or_else(|| known.map(|known| known.webhook_secrets.clone()))
                    .unwrap_or_default(),
            };
            let again = self.earlier.iter().position(|one| one.is_same(&new));
            new.version = match (known.filter(|known| known.is_same(&new)), again) {
                (Some(known), _) => known.version,
                (None, Some(place)) => self.earlier.remove(place).version,
                (None, None) => {
                    last = last.saturating_add(1);
                    last
                }
            };
            self.connections.push(new);
        }
        let is_kept = |one: &&GatewayConnection| {
            self.connections.iter().any(|new| new.name == one.name && new.version == one.version)
        };
        let given_up: Vec<_> = before.iter().filter(|one| !is_kept(one)).cloned().collect();
        self.earlier.extend(given_up);
    }

    /// Names what is out of bounds, with its bounds.
    pub(super) fn faults(&self, faults: &mut Vec<(String, String)>) {
        secrets(&self.webhook_secrets, "/gateway", faults);
        let mut fault = |place: String, bounds: String| faults.push((place, bounds));
        if self.connections.len() > CONNECTIONS_MAX {
            fault("/gateway/connections".into(), format!("0 to {CONNECTIONS_MAX} gateways"));
        }
        if self.earlier.len() > EARLIER_MAX {
            let bounds = format!("a store can have had {EARLIER_MAX} earlier connections");
            fault("/gateway/connections".into(), bounds);
        }
        for (nth, one) in self.connections.iter().enumerate() {
            let mut fault = |member: &str, bounds: String| {
                faults.push((format!("/gateway/connections/{nth}/{member}"), bounds));
            };
            let is_name = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
            if !(1..=NAME_LENGTH_MAX).contains(&one.name.len()) || !one.name.bytes().all(is_name) {
                fault("name", format!("1 to {NAME_LENGTH_MAX} of a-z 0-9 - _"));
            }
            if self.connections.iter().take(nth).any(|other| other.name == one.name) {
                fault("name", "another than the others".into());
            }
            if (&*one.name == OWN) != one.url.is_none() || one.url.is_some() != one.secret_key.is_some() {
                let bounds = format!("with secret_key, or \"{OWN}\" without both for the node's own");
                fault("url", bounds);
            }
            if one.url.as_ref().is_some_and(|url| !is_base_url(url)) {
                fault("url", "an address like https://api.stripe.com, without user and query".into());
            }
            let is_visible = |secret: &Secret| {
                let bytes = secret.reveal().as_bytes();
                (1..=KEY_BYTES_MAX).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
            };
            if one.secret_key.as_ref().is_some_and(|key| !is_visible(key)) {
                fault("secret_key", format!("1 to {KEY_BYTES_MAX} visible ASCII characters"));
            }
            let is_plain = |text: &str| {
                (1..=ACCOUNT_LENGTH_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
            };
            if one.account.as_ref().is_some_and(|account| !is_plain(account)) {
                fault("account", format!("1 to {ACCOUNT_LENGTH_MAX} visible ASCII characters"));
            }
            if !(1..=PRIORITY_MAX).contains(&one.priority) {
                fault("priority", format!("1 to {PRIORITY_MAX}"));
            }
            if !(1..=WEIGHT_MAX).contains(&one.weight) {
                fault("weight", format!("1 to {WEIGHT_MAX}"));
            }
            secrets(&one.webhook_secrets, &format!("/gateway/connections/{nth}"), faults);
        }
    }

    /// Everything in it that is nobody's to see.
    pub(super) fn secrets_mut(&mut self) -> impl Iterator<Item = &mut Secret> {
        let named = self.connections.iter_mut().chain(&mut self.earlier);
        let named = named.flat_map(|one| one.secret_key.iter_mut().chain(&mut one.webhook_secrets));
        self.webhook_secrets.iter_mut().chain(named)
    }
}

fn secrets(secrets: &[Secret], place: &str, faults: &mut Vec<(String, String)>) {
    for (nth, secret) in secrets.iter().enumerate() {
        if !(SECRET_BYTES_MIN..=SECRET_BYTES_MAX).contains(&secret.reveal().len()) {
            let bounds = format!("{SECRET_BYTES_MIN} to {SECRET_BYTES_MAX} bytes");
            faults.push((format!("{place}/webhook_secrets/{nth}"), bounds));
        }
    }
    if secrets.len() > WEBHOOK_SECRETS_MAX {
        faults.push((format!("{place}/webhook_secrets"), format!("0 to {WEBHOOK_SECRETS_MAX} secrets")));
    }
}

/// An HTTP address without user and query.
fn is_base_url(text: &str) -> bool {
    let Ok(url) = text.parse::<http::Uri>() else { return false };
    text.len() <= URL_BYTES_MAX
        && matches!(url.scheme_str(), Some("http" | "https"))
        && url.host().is_some_and(|host| !host.is_empty())
        && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && url.query().is_none()
        && !text.contains('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(name: &str, url: &str, key: &str) -> ConnectionPatch {
        let (url, secret_key) = match url {
            "" => (None, None),
            url => (Some(url.into()), Some(Secret::from(key))),
        };
        let (account, priority, weight, webhook_secrets) = (None, None, None, None);
        ConnectionPatch { name: name.into(), url, secret_key, account, priority, weight, webhook_secrets }
    }

    fn named(policy: &mut GatewayPolicy, wishes: Vec<ConnectionPatch>) -> Vec<(String, u32)> {
        policy.apply(&GatewayPatch { webhook_secrets: None, connections: Some(wishes) });
        policy.connections.iter().map(|one| (one.name.to_string(), one.version)).collect()
    }

    #[test]
    fn another_address_or_account_is_another_connection_and_the_one_before_is_kept() {
        let mut policy = GatewayPolicy::default();
        let first = named(&mut policy, vec![wish("main", "http://a", "sk_1")]);
        assert_eq!(named(&mut policy, vec![wish("main", "http://a", "sk_1")]), first, "nothing changed");
        let moved = named(&mut policy, vec![wish("main", "http://b", "sk_2")]);
        assert_ne!(moved, first);
        let (name, version) = &first[0];
        let kept = policy.connection(name, *version).expect("kept");
        assert_eq!((kept.url.as_deref(), policy.earlier.len()), (Some("http://a"), 1));
        // And back again: it is the connection that it was.
        assert_eq!(named(&mut policy, vec![wish("main", "http://a", "sk_1")]), first);
        assert_eq!(policy.earlier.len(), 1);
        assert!(named(&mut policy, vec![]).is_empty());
        assert_eq!(policy.earlier.len(), 2, "payments may still have to go back");
    }

    #[test]
    fn a_new_key_of_a_named_account_is_the_same_connection() {
        let of_account =
            |key| ConnectionPatch { account: Some("acct_1".into()), ..wish("main", "http://a", key) };
        let mut policy = GatewayPolicy::default();
        let first = named(&mut policy, vec![of_account("sk_1")]);
        assert_eq!(named(&mut policy, vec![of_account("sk_2")]), first);
        assert!(policy.earlier.is_empty());
        let key = policy.connections[0].secret_key.as_ref().map(|key| Arc::clone(key.reveal()));
        assert_eq!(key.as_deref(), Some("sk_2"));
    }

    #[test]
    fn a_key_that_is_not_said_again_stays() {
        let mut policy = GatewayPolicy::default();
        let first = named(&mut policy, vec![wish("main", "http://a", "sk_1")]);
        let share = ConnectionPatch { secret_key: None, weight: Some(7), ..wish("main", "http://a", "") };
        assert_eq!(named(&mut policy, vec![share]), first);
        assert_eq!(policy.connections[0].weight, 7);
    }

    #[test]
    fn who_may_know_of_a_payment_is_asked_once_and_who_signed_first() {
        let at = |url: &str| Some(Coordinates { url: url.into(), secret_key: "sk".into() });
        let signing = |name: &str, url: &str, secret: &str| ConnectionPatch {
            webhook_secrets: Some(vec![Secret::from(secret)]),
            ..wish(name, url, "sk")
        };
        let mut policy = GatewayPolicy::default();
        let secret = Secret::from("of c");
        assert_eq!(policy.that_may_know(&secret), [None], "the node's own bank where none is named");
        assert!(policy.uses(None) && !policy.uses(at("http://a").as_ref()));
        named(&mut policy, vec![wish("old", "http://o", "sk")]);
        let two_names = vec![
            wish("a", "http://a", "sk"),
            signing("c", "http://c", "of c"),
            wish("again", "http://a", "sk"),
        ];
        let versions = named(&mut policy, two_names.clone());
        assert_eq!(policy.that_may_know(&secret), [at("http://c"), at("http://a"), at("http://o")]);
        let other = Secret::from("of nobody");
        assert_eq!(policy.that_may_know(&other), [at("http://a"), at("http://c"), at("http://o")]);
        assert!(policy.uses(at("http://o").as_ref()) && !policy.uses(None), "it was named, and that was not");

        let gateway =
            |nth: usize| Gateway { name: versions[nth].0.as_str().into(), version: versions[nth].1 };
        let teller = policy.teller(at("http://a").as_ref());
        assert_eq!(teller, Teller { is_own: false, names: vec![gateway(0), gateway(2)] });
        assert_eq!(policy.teller(None), Teller::own());
        assert_eq!(policy.coordinates_of(Some(&gateway(1))), at("http://c"));
        assert_eq!(policy.coordinates_of(None), None);

        named(&mut policy, [two_names, vec![wish("bank", "", "")]].concat());
        assert_eq!(policy.that_may_know(&other)[2], None, "where it stands among them");
        assert!(policy.uses(None) && policy.teller(None).names.len() == 1);
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        let faults = |wishes: Vec<ConnectionPatch>| {
            let mut policy = GatewayPolicy::default();
            named(&mut policy, wishes);
            let mut faults = Vec::new();
            policy.faults(&mut faults);
            faults.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
        };
        assert!(faults(vec![wish("bank", "", ""), wish("b", "https://api.example/x", "sk")]).is_empty());
        let place = |member: &str| vec![format!("/gateway/connections/0/{member}")];
        assert_eq!(faults(vec![wish("bank", "http://a", "sk")]), place("url"), "that is the node's own");
        assert_eq!(faults(vec![wish("other", "", "")]), place("url"));
        for url in ["ftp://a", "http://user@a", "http://a?b", "a", "http://"] {
            assert_eq!(faults(vec![wish("m", url, "sk")]), place("url"), "{url}");
        }
        assert_eq!(faults(vec![wish("M", "http://a", "sk")]), place("name"));
        assert_eq!(faults(vec![wish("m", "http://a", "s k")]), place("secret_key"));
        let twice = vec![wish("m", "http://a", "sk"), wish("m", "http://b", "sk")];
        assert!(faults(twice).contains(&"/gateway/connections/1/name".to_owned()));
        let many = (0..9).map(|nth| wish(&format!("m{nth}"), "http://a", "sk")).collect();
        assert_eq!(faults(many), ["/gateway/connections"]);
    }
}
