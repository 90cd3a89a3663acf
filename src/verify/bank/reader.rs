//! Asking a bank for its books, page by page.

use std::borrow::Cow;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::accounts::{Books, Row};
use super::{BankError, Read, Source};
use crate::verify::findings::Findings;

/// Rows of a page of the ledger.
const LEDGER_PAGE: usize = 5_000;
/// Entries of a page of a list: no bank gives more.
const LIST_PAGE: usize = 100;
/// The longest a page may take.
const PAGE_MAX: Duration = Duration::from_secs(30);
/// So often a page is asked for that does not come.
const TRIES: u32 = 5;
/// The first wait before it is asked for again.
const PAUSE: Duration = Duration::from_millis(200);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Reads the books of all these banks, in turn.
pub(super) async fn all(
    accounts: &[(String, String)],
    source: Source,
    findings: &mut Findings,
) -> Result<Books, BankError> {
    let mut books = Books::default();
    for (bank, (url, key)) in accounts.iter().enumerate() {
        let line = Line::to(url, key)?;
        let source = match source {
            Source::Auto if line.has_ledger().await? => Source::Ledger,
            Source::Auto => Source::Listings,
            named => named,
        };
        books.banks.push(Read { url: url.clone(), source, rows: 0 });
        match source {
            Source::Ledger | Source::Auto => line.ledger(bank, &mut books, findings).await?,
            Source::Listings => line.listings(bank, &mut books, findings).await?,
        }
    }
    Ok(books)
}

/// The way to one bank.
struct Line {
    client: Client,
    url: String,
    key: String,
}

#[derive(Deserialize)]
struct Page<T> {
    data: Vec<T>,
    has_more: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    store_id: Option<String>,
    order_id: Option<String>,
}

/// A row of the ledger.
#[derive(Deserialize)]
struct LedgerRow {
    id: String,
    #[serde(rename = "type")]
    kind: Cow<'static, str>,
    amount: i64,
    currency: String,
    payment_intent: String,
    idempotency_key: Option<String>,
    metadata: Metadata,
}

/// An intent as the bank lists it.
#[derive(Deserialize)]
struct Intent {
    id: String,
    amount: i64,
    amount_received: i64,
    currency: String,
    status: String,
    metadata: Metadata,
}

/// A refund as the bank lists it.
#[derive(Deserialize)]
struct Refund {
    id: String,
    amount: i64,
    currency: String,
    payment_intent: Option<String>,
    status: String,
}

/// One side of a purse.
#[derive(Deserialize)]
struct Sides {
    debit: i64,
    credit: i64,
}

impl Line {
    fn to(url: &str, key: &str) -> Result<Self, BankError> {
        let mut client = Client::builder().timeout(PAGE_MAX).redirect(reqwest::redirect::Policy::none());
        let host = reqwest::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        if host.is_some_and(|host| host == "localhost" || host.starts_with("127.") || host == "[::1]") {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|source| BankError::Unread {
            url: url.to_owned(),
            doing: "setting up the line".to_owned(),
            source: source.into(),
        })?;
        Ok(Self { client, url: url.to_owned(), key: key.to_owned() })
    }

    fn unread(&self, doing: &str, source: Cause) -> BankError {
        BankError::Unread { url: self.url.clone(), doing: format!("GET {doing}"), source }
    }

    async fn ask(&self, path: &str) -> Result<(StatusCode, bytes::Bytes), Cause> {
        let request = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.key);
        let answer = request.send().await?;
        Ok((answer.status(), answer.bytes().await?))
    }

    /// Asks again where the bank does not answer, or not now: a page that is missing makes books that prove nothing.
    async fn patiently(&self, path: &str) -> Result<(StatusCode, bytes::Bytes), BankError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.ask(path).await {
                Ok((status, body))
                    if !status.is_server_error() && status != StatusCode::TOO_MANY_REQUESTS =>
                {
                    return Ok((status, body));
                }
                Ok((status, _)) if tries == TRIES => {
                    return Err(self.unread(path, format!("the bank answers {status}").into()));
                }
                Err(why) if tries == TRIES => return Err(self.unread(path, why)),
                Ok(_) | Err(_) => tokio::time::sleep(PAUSE * 2_u32.pow(tries)).await,
            }
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, BankError> {
        let (status, body) = self.patiently(path).await?;
        if status != StatusCode::OK {
            return Err(self.unread(path, format!("the bank answers {status}").into()));
        }
        serde_json::from_slice(&body).map_err(|why| self.unread(path, why.into()))
    }

    /// Whether it keeps a ledger, as no real bank does.
    async fn has_ledger(&self) -> Result<bool, BankError> {
        let (status, body) = self.patiently("/_bank/ledger?limit=1").await?;
        Ok(status == StatusCode::OK && serde_json::from_slice::<Page<LedgerRow>>(&body).is_ok())
    }

    async fn ledger(&self, bank: usize, books: &mut Books, findings: &mut Findings) -> Result<(), BankError> {
        let mut path = format!("/_bank/ledger?limit={LEDGER_PAGE}");
        loop {
            let page: Page<LedgerRow> = self.get(&path).await?;
            for row in &page.data {
                let row = Row {
                    kind: &row.kind,
                    amount: row.amount,
                    currency: &row.currency,
                    intent: &row.payment_intent,
                    key: Some(row.idempotency_key.as_deref()),
                    store: row.metadata.store_id.as_deref(),
                    order: row.metadata.order_id.as_deref(),
                };
                books.take(bank, &row, findings);
            }
            match page.data.last() {
                Some(last) if page.has_more => {
                    path = format!("/_bank/ledger?limit={LEDGER_PAGE}&after={}", last.id)
                }
                _ => break,
            }
        }
        self.purses(findings).await
    }

    /// The bank's double entry: whatever went out of a purse went into another.
    async fn purses(&self, findings: &mut Findings) -> Result<(), BankError> {
        type Purses = std::collections::BTreeMap<String, std::collections::BTreeMap<String, Sides>>;
        let purses: Purses = self.get("/_bank/books").await?;
        for (currency, purses) in &purses {
            let sum = |side: fn(&Sides) -> i64| purses.values().map(side).sum::<i64>();
            let (debits, credits) = (sum(|sides| sides.debit), sum(|sides| sides.credit));
            findings.look(6, 1);
            findings.under(6, |findings| {
                findings.compare(
                    "",
                    &format!("purses in {currency} at the bank"),
                    "credits",
                    &debits,
                    &credits,
                );
            });
        }
        Ok(())
    }

    /// Lists name the newest first, so whatever comes meanwhile stands before what is still to be read.
    async fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        id: impl Fn(&T) -> &str,
        mut each: impl FnMut(&T),
    ) -> Result<(), BankError> {
        let mut path = format!("/v1/{what}?limit={LIST_PAGE}");
        loop {
            let page: Page<T> = self.get(&path).await?;
            page.data.iter().for_each(&mut each);
            match page.data.last() {
                Some(last) if page.has_more => {
                    path = format!("/v1/{what}?limit={LIST_PAGE}&starting_after={}", id(last));
                }
                _ => return Ok(()),
            }
        }
    }

    /// What follows from the lists: of each intent what it holds and took, then what went back.
    async fn listings(
        &self,
        bank: usize,
        books: &mut Books,
        findings: &mut Findings,
    ) -> Result<(), BankError> {
        let mut owners = std::collections::HashMap::new();
        let of_intent = |one: &Intent| {
            let Intent { id, amount, amount_received, currency, status, metadata } = one;
            let row = |kind, amount| Row {
                kind,
                amount,
                currency,
                intent: id,
                key: None,
                store: metadata.store_id.as_deref(),
                order: metadata.order_id.as_deref(),
            };
            let mut take = |kind, amount: i64| {
                if amount != 0 {
                    books.take(bank, &row(kind, amount), findings);
                }
            };
            match status.as_str() {
                "requires_capture" => take("authorization", *amount),
                "succeeded" => {
                    take("authorization", *amount);
                    take("capture", *amount_received);
                    take("void", amount - amount_received);
                    owners.insert(id.clone(), (metadata.store_id.clone(), metadata.order_id.clone()));
                }
                // Nothing is held, and nothing was taken.
                _ => {}
            }
        };
        self.list("payment_intents", |intent: &Intent| &intent.id, of_intent).await?;
        let of_refund = |refund: &Refund| {
            let intent = refund.payment_intent.as_deref().unwrap_or_default();
            let owner = owners.get(intent);
            let row = Row {
                kind: "refund",
                amount: refund.amount,
                currency: &refund.currency,
                intent,
                key: None,
                store: owner.and_then(|(store, _)| store.as_deref()),
                order: owner.and_then(|(_, order)| order.as_deref()),
            };
            if refund.status == "succeeded" {
                books.take(bank, &row, findings);
            }
        };
        self.list("refunds", |refund: &Refund| &refund.id, of_refund).await
    }
}
