//! A rule's condition after its types were checked: every node knows what it yields, so that nothing but a missing fact,
//! an overflow or a division by zero can go wrong when an order is judged.
//!
//! It means what the same source means in CEL (`tests.rs` compares both), without the interpreter's boxes: a rule costs
//! tens of nanoseconds and allocates nothing.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::cmp::Ordering;

use crate::types::Timestamp;

use super::command::Facts;
use super::marks::{Dimension, Marks, normal_email};
use super::velocity::{Span, Velocity};

/// Something that is so or not.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Test {
    Is(bool),
    /// The order names no customer id.
    Guest,
    /// The order says something of this.
    Has(TextFact),
    Not(Box<Test>),
    And(Box<(Test, Test)>),
    Or(Box<(Test, Test)>),
    If(Box<(Test, Test, Test)>),
    Same(Box<(Test, Test)>),
    Numbers(Relation, Box<(Number, Number)>),
    Texts(Relation, Box<(Text, Text)>),
    Part(Part, Box<(Text, Text)>),
    InNumbers(Box<Number>, Box<[Number]>),
    InTexts(Box<Text>, Box<[Text]>),
    InSkus(Box<Text>),
    /// The test holds for one of the SKUs, which it calls [`Text::Each`].
    AnySku(Box<Test>),
}

/// A whole number.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Number {
    Is(i64),
    Fact(NumberFact),
    Negated(Box<Number>),
    Of(Arithmetic, Box<(Number, Number)>),
    If(Box<(Test, Number, Number)>),
    /// How many characters a text has.
    Length(Box<Text>),
    /// How many SKUs the order lists.
    SkuCount,
}

/// A text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    Is(Box<str>),
    Fact(TextFact),
    /// The SKU that [`Test::AnySku`] is at.
    Each,
    If(Box<(Test, Text, Text)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Relation {
    Less,
    AtMost,
    Equal,
    Unequal,
    AtLeast,
    Greater,
}

impl Relation {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Relation::Less => order.is_lt(),
            Relation::AtMost => order.is_le(),
            Relation::Equal => order.is_eq(),
            Relation::Unequal => order.is_ne(),
            Relation::AtLeast => order.is_ge(),
            Relation::Greater => order.is_gt(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    StartsWith,
    EndsWith,
    Contains,
}

/// A number that every order has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NumberFact {
    Total,
    Subtotal,
    LineCount,
    Units,
    Earlier(Dimension, Span),
}

/// A text that an order may have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TextFact {
    Currency,
    CustomerId,
    Email,
    EmailDomain,
    Ip,
    Country,
    PostalCode,
    PaymentMethod,
}

impl TextFact {
    /// The name in rules.
    pub(super) const fn name(self) -> &'static str {
        match self {
            TextFact::Currency => "order.currency",
            TextFact::CustomerId => "customer.id",
            TextFact::Email => "customer.email",
            TextFact::EmailDomain => "customer.email_domain",
            TextFact::Ip => "customer.ip",
            TextFact::Country => "address.country",
            TextFact::PostalCode => "address.postal_code",
            TextFact::PaymentMethod => "payment.method",
        }
    }
}

/// Why a condition could not be told.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum Fault {
    #[error("{} is missing", .0.name())]
    Missing(TextFact),
    #[error("a number is too large")]
    Overflow,
    #[error("a division by zero")]
    DivisionByZero,
}

/// What a condition is asked about.
pub(super) struct Subject<'a> {
    facts: &'a Facts,
    email: Option<Cow<'a, str>>,
    /// Spelled when a rule first asks for it.
    ip: OnceCell<Option<String>>,
    marks: Marks,
    velocity: &'a Velocity,
    now: Timestamp,
}

impl<'a> Subject<'a> {
    pub(super) fn new(facts: &'a Facts, velocity: &'a Velocity, now: Timestamp) -> Self {
        let email = facts.email.as_deref().map(normal_email);
        let marks = Marks::of(facts, email.as_deref());
        Self { facts, email, ip: OnceCell::new(), marks, velocity, now }
    }

    pub(super) fn marks(&self) -> Marks {
        self.marks
    }

    pub(super) fn earlier(&self, dimension: Dimension, span: Span) -> u16 {
        self.velocity.earlier(dimension, self.marks.get(dimension), span, self.now)
    }

    fn number(&self, fact: NumberFact) -> i64 {
        match fact {
            NumberFact::Total => self.facts.total.minor(),
            NumberFact::Subtotal => self.facts.subtotal.minor(),
            NumberFact::LineCount => i64::from(self.facts.line_count),
            NumberFact::Units => i64::try_from(self.facts.units).unwrap_or(i64::MAX),
            NumberFact::Earlier(dimension, span) => i64::from(self.earlier(dimension, span)),
        }
    }

    fn text(&self, fact: TextFact) -> Option<&str> {
        match fact {
            TextFact::Currency => Some(self.facts.currency.as_str()),
            TextFact::CustomerId => self.facts.customer_id.as_deref(),
            TextFact::Email => self.email.as_deref(),
            TextFact::EmailDomain => self.email.as_deref()?.rsplit_once('@').map(|(_, domain)| domain),
            TextFact::Ip => {
                let spelled = || self.facts.ip.map(|ip| ip.to_canonical().to_string());
                self.ip.get_or_init(spelled).as_deref()
            }
            TextFact::Country => self.facts.country.as_deref(),
            TextFact::PostalCode => self.facts.postal_code.as_deref(),
            TextFact::PaymentMethod => Some(&self.facts.payment_method),
        }
    }
}

impl Test {
    /// Whether the test holds for an order.
    pub(super) fn holds(&self, of: &Subject<'_>) -> Result<bool, Fault> {
        self.ask(of, "")
    }

    fn ask(&self, of: &Subject<'_>, each: &str) -> Result<bool, Fault> {
        match self {
            Test::Is(is) => Ok(*is),
            Test::Guest => Ok(of.facts.customer_id.is_none()),
            Test::Has(fact) => Ok(of.text(*fact).is_some()),
            Test::Not(test) => Ok(!test.ask(of, each)?),
            Test::And(pair) => either_decides(false, &pair.0, &pair.1, of, each),
            Test::Or(pair) => either_decides(true, &pair.0, &pair.1, of, each),
            Test::If(three) => {
                let (test, yes, no) = &**three;
                if test.ask(of, each)? { yes.ask(of, each) } else { no.ask(of, each) }
            }
            Test::Same(pair) => Ok(pair.0.ask(of, each)? == pair.1.ask(of, each)?),
            Test::Numbers(relation, pair) => {
                Ok(relation.holds(pair.0.tell(of, each)?.cmp(&pair.1.tell(of, each)?)))
            }
            Test::Texts(relation, pair) => {
                Ok(relation.holds(pair.0.read(of, each)?.cmp(pair.1.read(of, each)?)))
            }
            Test::Part(part, pair) => {
                let (whole, piece) = (pair.0.read(of, each)?, pair.1.read(of, each)?);
                Ok(match part {
                    Part::StartsWith => whole.starts_with(piece),
                    Part::EndsWith => whole.ends_with(piece),
                    Part::Contains => whole.contains(piece),
                })
            }
            Test::InNumbers(number, list) => {
                let number = number.tell(of, each)?;
                // To the end even when found: a list with a fault in it is no list.
                list.iter().try_fold(false, |found, one| Ok(found | (one.tell(of, each)? == number)))
            }
            Test::InTexts(text, list) => {
                let text = text.read(of, each)?;
                list.iter().try_fold(false, |found, one| Ok(found | (one.read(of, each)? == text)))
            }
            Test::InSkus(text) => {
                let text = text.read(of, each)?;
                Ok(of.facts.skus.iter().any(|sku| sku.as_str() == text))
            }
            Test::AnySku(test) => {
                let mut told = Ok(false);
                for sku in &of.facts.skus {
                    match test.ask(of, sku.as_str()) {
                        Ok(true) => return Ok(true),
                        Ok(false) => {}
                        Err(fault) => told = Err(fault),
                    }
                }
                told
            }
        }
    }
}

/// `&&` and `||`: a side that says `deciding` decides, whatever is wrong with the other.
fn either_decides(
    deciding: bool,
    left: &Test,
    right: &Test,
    of: &Subject<'_>,
    each: &str,
) -> Result<bool, Fault> {
    let left = left.ask(of, each);
    if left == Ok(deciding) {
        return left;
    }
    let right = right.ask(of, each)?;
    if right == deciding { Ok(deciding) } else { left }
}

impl Number {
    fn tell(&self, of: &Subject<'_>, each: &str) -> Result<i64, Fault> {
        match self {
            Number::Is(is) => Ok(*is),
            Number::Fact(fact) => Ok(of.number(*fact)),
            Number::Negated(number) => number.tell(of, each)?.checked_neg().ok_or(Fault::Overflow),
            Number::Of(arithmetic, pair) => {
                let (left, right) = (pair.0.tell(of, each)?, pair.1.tell(of, each)?);
                let result = match arithmetic {
                    Arithmetic::Add => left.checked_add(right),
                    Arithmetic::Subtract => left.checked_sub(right),
                    Arithmetic::Multiply => left.checked_mul(right),
                    Arithmetic::Divide | Arithmetic::Remainder if right == 0 => {
                        return Err(Fault::DivisionByZero);
                    }
                    Arithmetic::Divide => left.checked_div(right),
                    Arithmetic::Remainder => left.checked_rem(right),
                };
                result.ok_or(Fault::Overflow)
            }
            Number::If(three) => {
                let (test, yes, no) = &**three;
                if test.ask(of, each)? { yes.tell(of, each) } else { no.tell(of, each) }
            }
            Number::Length(text) => {
                let length = text.read(of, each)?.chars().count();
                Ok(i64::try_from(length).unwrap_or(i64::MAX))
            }
            Number::SkuCount => Ok(i64::try_from(of.facts.skus.len()).unwrap_or(i64::MAX)),
        }
    }
}

impl Text {
    fn read<'t>(&'t self, of: &'t Subject<'_>, each: &'t str) -> Result<&'t str, Fault> {
        match self {
            Text::Is(is) => Ok(is),
            Text::Fact(fact) => of.text(*fact).ok_or(Fault::Missing(*fact)),
            Text::Each => Ok(each),
            Text::If(three) => {
                let (test, yes, no) = &**three;
                if test.ask(of, each)? { yes.read(of, each) } else { no.read(of, each) }
            }
        }
    }
}
