//! What a request asks for, read from its form. Everything that can be refused without looking at any object
//! is refused here.

use super::cards::Method;
use super::currency::{AMOUNT_MAX, Currency};
use super::expand::Expand;
use super::intent::{CancelReason, CaptureMethod};
use super::metadata::Change;
use super::party_ask::PartyAsk;
use super::refund::RefundReason;
use super::trouble::Trouble;
use crate::form::{self, Form};

/// A payment method as a request names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Named<'a> {
    /// One that everybody can name.
    Card(Method),
    /// Perhaps somebody's own: the bank has to look.
    Own(&'a str),
}

/// The fields of a request about an intent.
#[derive(Default)]
pub(crate) struct IntentAsk<'a> {
    pub(crate) amount: Option<i64>,
    pub(crate) currency: Option<Currency>,
    pub(crate) method: Option<Named<'a>>,
    pub(crate) capture: Option<CaptureMethod>,
    pub(crate) confirm: bool,
    pub(crate) off_session: bool,
    pub(crate) customer: Option<&'a str>,
    pub(crate) description: Option<&'a str>,
    pub(crate) return_url: Option<&'a str>,
    pub(crate) types: Vec<&'a str>,
    pub(crate) automatic_methods: bool,
    pub(crate) metadata: Change<'a>,
    pub(crate) amount_to_capture: Option<i64>,
    pub(crate) reason: Option<CancelReason>,
    pub(crate) expand: Expand,
}

/// The fields of a request for a refund.
#[derive(Default)]
pub(crate) struct RefundAsk<'a> {
    pub(crate) intent: Option<&'a str>,
    pub(crate) charge: Option<&'a str>,
    pub(crate) amount: Option<i64>,
    pub(crate) reason: Option<RefundReason>,
    pub(crate) metadata: Change<'a>,
    pub(crate) expand: Expand,
}

/// A request that changes something.
pub(crate) enum Ask<'a> {
    Create(IntentAsk<'a>),
    /// A deed on the intent of this id.
    On(IntentDeed, &'a str, IntentAsk<'a>),
    Refund(RefundAsk<'a>),
    Party(PartyAsk<'a>),
}

/// What may be asked of an intent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IntentDeed {
    Update,
    Confirm,
    Capture,
    Cancel,
}

impl IntentDeed {
    fn takes(self) -> &'static [&'static str] {
        match self {
            IntentDeed::Update => &[
                "amount",
                "currency",
                "payment_method",
                "capture_method",
                "metadata",
                "expand",
                "payment_method_data",
                "payment_method_types",
                "customer",
                "description",
            ],
            IntentDeed::Confirm => &[
                "payment_method",
                "payment_method_data",
                "payment_method_types",
                "capture_method",
                "off_session",
                "return_url",
                "expand",
            ],
            IntentDeed::Capture => &["amount_to_capture", "final_capture", "metadata", "expand"],
            IntentDeed::Cancel => &["cancellation_reason", "expand"],
        }
    }
}

/// What a new intent takes.
const CREATE_TAKES: &[&str] = &[
    "amount",
    "currency",
    "payment_method",
    "capture_method",
    "confirm",
    "metadata",
    "expand",
    "payment_method_data",
    "payment_method_types",
    "automatic_payment_methods",
    "off_session",
    "customer",
    "description",
    "return_url",
];

/// Parameters of the real thing that this bank takes and does nothing with.
const IGNORED: &[&str] = &[
    "amount_details",
    "application_fee_amount",
    "confirmation_method",
    "error_on_requires_action",
    "excluded_payment_method_types",
    "hooks",
    "mandate",
    "mandate_data",
    "on_behalf_of",
    "origin",
    "payment_details",
    "payment_method_configuration",
    "payment_method_options",
    "radar_options",
    "receipt_email",
    "refund_application_fee",
    "reverse_transfer",
    "setup_future_usage",
    "shipping",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "transfer_data",
    "transfer_group",
    "use_stripe_sdk",
];

const TEXT_CHARS_MAX: usize = 1_000;

impl<'a> IntentAsk<'a> {
    /// Reads the fields of a new intent.
    pub(crate) fn read_new(form: &'a Form) -> Result<Self, Trouble> {
        IntentAsk::read_these(CREATE_TAKES, form)
    }

    /// Reads the fields that this deed takes.
    pub(crate) fn read(deed: IntentDeed, form: &'a Form) -> Result<Self, Trouble> {
        IntentAsk::read_these(deed.takes(), form)
    }

    fn read_these(takes: &[&str], form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = IntentAsk::default();
        for (name, value) in form.pairs() {
            let (base, rest) = form::base(name);
            if takes.contains(&base) {
                ask.note(name, base, rest, value)?;
            } else if !IGNORED.contains(&base) {
                return Err(Trouble::unknown(name));
            }
        }
        Ok(ask)
    }

    fn note(&mut self, name: &str, base: &str, rest: &'a str, value: &'a str) -> Result<(), Trouble> {
        match (base, rest) {
            ("metadata", rest) => self.metadata.note(rest, value)?,
            ("expand", rest) if form::is_index(rest) => self.expand.note(value)?,
            ("amount", "") => self.amount = Some(integer(name, value)?),
            ("amount_to_capture", "") => self.amount_to_capture = Some(integer(name, value)?),
            ("currency", "") => self.currency = Some(currency(value)?),
            ("payment_method", "") => self.method = Some(method(name, value)?),
            ("payment_method_data", "[card][number]") => {
                self.method = Some(Named::Card(number(name, value)?))
            }
            // Dates, codes and billing details: any will do.
            ("payment_method_data", _) => {}
            ("capture_method", "") => {
                let parsed = CaptureMethod::parse(value);
                self.capture = Some(parsed.ok_or_else(|| Trouble::one_of(name, CaptureMethod::WORDS))?);
            }
            ("cancellation_reason", "") => {
                let parsed = CancelReason::parse(value);
                self.reason = Some(parsed.ok_or_else(|| Trouble::one_of(name, CancelReason::WORDS))?);
            }
            ("confirm", "") => self.confirm = flag(name, value)?,
            ("off_session", "") => self.off_session = off_session(name, value)?,
            ("final_capture", "") => {
                if !flag(name, value)? {
                    let message = "This bank captures once: final_capture must be true".to_owned();
                    return Err(Trouble::invalid(name, message));
                }
            }
            ("customer", "") => self.customer = Some(text(name, value)?),
            ("description", "") => self.description = Some(text(name, value)?),
            ("return_url", "") => self.return_url = Some(text(name, value)?),
            ("payment_method_types", rest) if form::is_index(rest) => self.types.push(value),
            ("automatic_payment_methods", "[enabled]") => {
                self.automatic_methods = flag(name, value)?;
            }
            ("automatic_payment_methods", _) => {}
            _ => return Err(Trouble::unknown(name)),
        }
        Ok(())
    }
}

impl<'a> RefundAsk<'a> {
    pub(crate) fn read(form: &'a Form) -> Result<Self, Trouble> {
        let mut ask = RefundAsk::default();
        for (name, value) in form.pairs() {
            match form::base(name) {
                ("metadata", rest) => ask.metadata.note(rest, value)?,
                ("expand", rest) if form::is_index(rest) => ask.expand.note(value)?,
                ("payment_intent", "") => ask.intent = Some(value),
                ("charge", "") => ask.charge = Some(value),
                ("amount", "") => ask.amount = Some(integer(name, value)?),
                ("reason", "") => {
                    let parsed = RefundReason::parse(value);
                    ask.reason = Some(parsed.ok_or_else(|| Trouble::one_of(name, RefundReason::WORDS))?);
                }
                (base, _) if IGNORED.contains(&base) => {}
                _ => return Err(Trouble::unknown(name)),
            }
        }
        if ask.intent.is_none() && ask.charge.is_none() {
            return Err(Trouble::missing("payment_intent"));
        }
        Ok(ask)
    }
}

/// Refuses an amount that no payment in this currency can have.
pub(crate) fn chargeable(amount: i64, currency: Currency) -> Result<(), Trouble> {
    if amount < currency.least() {
        return Err(Trouble::too_small(currency, "amount"));
    }
    if amount > AMOUNT_MAX {
        let message = format!("Amount must be no more than {}", currency.spell(AMOUNT_MAX));
        return Err(Trouble::too_large(message, "amount"));
    }
    if amount % currency.step() != 0 {
        let message = format!("Amounts in {} are in steps of ten", currency.code());
        return Err(Trouble::invalid("amount", message));
    }
    Ok(())
}

pub(super) fn integer(name: &str, value: &str) -> Result<i64, Trouble> {
    if value.is_empty() {
        return Err(Trouble::empty(name));
    }
    let digits = value.strip_prefix('-').unwrap_or(value);
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Trouble::invalid_integer(name, value));
    }
    match value.parse() {
        Ok(number) if number >= 0 => Ok(number),
        Ok(_) => Err(Trouble::invalid(name, "This value must be greater than or equal to 0.".to_owned())),
        Err(_) => Err(Trouble::invalid_integer(name, value)),
    }
}

fn currency(value: &str) -> Result<Currency, Trouble> {
    Currency::parse(value).ok_or_else(|| Trouble::invalid("currency", format!("Invalid currency: {value}.")))
}

pub(super) fn method<'a>(name: &str, value: &'a str) -> Result<Named<'a>, Trouble> {
    if value.is_empty() {
        return Err(Trouble::empty(name));
    }
    if let Some(card) = Method::find(value).or_else(|| Method::by_number(value)) {
        return Ok(Named::Card(card));
    }
    // Ids of our own are told from typing errors by the bank, which knows them all.
    value.starts_with("pm_").then_some(Named::Own(value)).ok_or_else(|| Trouble::no_such_method(name, value))
}

pub(super) fn number(name: &str, value: &str) -> Result<Method, Trouble> {
    Method::by_number(value).ok_or_else(|| {
        let message = "Your card number is not one of this bank's test cards.".to_owned();
        Trouble::invalid(name, message)
    })
}

pub(super) fn flag(name: &str, value: &str) -> Result<bool, Trouble> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => {
            let message = format!("Invalid boolean: {value}");
            Err(Trouble::invalid(name, message))
        }
    }
}

fn off_session(name: &str, value: &str) -> Result<bool, Trouble> {
    match value {
        "one_off" | "recurring" => Ok(true),
        _ => flag(name, value),
    }
}

pub(super) fn text<'a>(name: &str, value: &'a str) -> Result<&'a str, Trouble> {
    if value.chars().count() > TEXT_CHARS_MAX {
        let message = format!("{name} has at most {TEXT_CHARS_MAX} characters");
        return Err(Trouble::invalid(name, message));
    }
    Ok(value)
}
