//! Reads a rule's condition: parses it, checks its types, and turns it into a [`Test`].
//!
//! What rules may use of CEL: `order.…`, `customer.…`, `address.…`, `payment.…`, `velocity.…`; true, false, whole numbers,
//! texts, lists of these; `! && || ?: == != < <= > >= + - * / % in`; `has(fact)`, `size(text or order.skus)`, `startsWith`,
//! `endsWith`, `contains`; and `order.skus.exists(x, …)`. There is nothing to loop over but an order's SKUs, so what a
//! condition costs at most is known before it is ever asked.

use std::sync::LazyLock;

use cel::Env;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, SourceInfo, operators};

use super::condition::{Arithmetic, Number, NumberFact, Part, Relation, Test, Text, TextFact};
use super::depth::{self, DEPTH_MAX};
use super::marks::Dimension;
use super::rules::{Problem, WHEN_BYTES_MAX};
use super::velocity::Span;

/// A condition that can be asked.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) when: Test,
    /// What it takes at most, in steps of some ten nanoseconds.
    pub(super) cost: u32,
    pub(super) uses: Use,
}

/// What conditions count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Use(u8);

impl Use {
    pub(super) fn and(self, other: Use) -> Use {
        Use(self.0 | other.0)
    }

    pub(super) fn counts(self, dimension: Dimension) -> bool {
        self.0 & 1 << dimension.place() != 0
    }

    fn count(&mut self, dimension: Dimension) {
        self.0 |= 1 << dimension.place();
    }
}

/// The most SKUs an order lists.
const SKUS_MAX: u32 = 1_000;
/// Comparing with each of them.
const SKUS_COST: u32 = SKUS_MAX / 2;
/// Searching a text.
const SEARCH_COST: u32 = 16;

/// CEL without macros, so that `has` and `exists` arrive as they are written.
static PLAIN: LazyLock<Env> = LazyLock::new(Env::default);

/// Reads a condition.
pub(super) fn compile(source: &str) -> Result<Compiled, Problem> {
    if source.len() > WHEN_BYTES_MAX {
        let message = format!("a condition has at most {WHEN_BYTES_MAX} bytes");
        return Err(Problem::at(source, 0, message));
    }
    depth::check(source)?;
    let parser = PLAIN.parser().enable_optional_syntax(false).max_recursion_depth(DEPTH_MAX as u16);
    let (parsed, places) = parser.parse_with_source_info(source).map_err(|errors| {
        let error = errors.errors.into_iter().next();
        let (line, column, message) = error.map_or_else(Default::default, |error| {
            let place = |place: isize| u32::try_from(place).unwrap_or_default().max(1);
            (place(error.pos.0), place(error.pos.1), error.msg)
        });
        Problem { line, column, message, ..Problem::at(source, 0, "") }
    })?;
    let mut reader = Reader { source, places, each: None, cost: 0, uses: Use::default() };
    let value = reader.read(&parsed)?;
    match value {
        Value::Test(when) => Ok(Compiled { when, cost: reader.cost, uses: reader.uses }),
        Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Skus => {
            let message = format!("a condition is true or false, this is {}", value.kind());
            Err(reader.no(&parsed, message))
        }
    }
}

/// What a part of a condition yields.
enum Value {
    Test(Test),
    Number(Number),
    Text(Text),
    List(Vec<Value>),
    Skus,
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Test(_) => "true or false",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) | Value::Skus => "a list",
        }
    }
}

/// A name that rules may use.
#[derive(Clone, Copy)]
enum Fact {
    Guest,
    Number(NumberFact),
    Text(TextFact),
    Skus,
}

const GROUPS: [&str; 5] = ["order", "customer", "address", "payment", "velocity"];

fn fact(name: &str) -> Option<Fact> {
    use NumberFact::{Earlier, LineCount, Subtotal, Total, Units};
    let texts = [
        TextFact::Currency,
        TextFact::CustomerId,
        TextFact::Email,
        TextFact::EmailDomain,
        TextFact::Ip,
        TextFact::Country,
        TextFact::PostalCode,
        TextFact::PaymentMethod,
    ];
    if let Some(text) = texts.into_iter().find(|text| text.name() == name) {
        return Some(Fact::Text(text));
    }
    Some(match name {
        "order.total" => Fact::Number(Total),
        "order.subtotal" => Fact::Number(Subtotal),
        "order.line_count" => Fact::Number(LineCount),
        "order.units" => Fact::Number(Units),
        "order.skus" => Fact::Skus,
        "customer.is_guest" => Fact::Guest,
        "velocity.customer_1h" => Fact::Number(Earlier(Dimension::Customer, Span::Hour)),
        "velocity.customer_24h" => Fact::Number(Earlier(Dimension::Customer, Span::Day)),
        "velocity.email_1h" => Fact::Number(Earlier(Dimension::Email, Span::Hour)),
        "velocity.email_24h" => Fact::Number(Earlier(Dimension::Email, Span::Day)),
        "velocity.card_1h" => Fact::Number(Earlier(Dimension::Card, Span::Hour)),
        "velocity.card_24h" => Fact::Number(Earlier(Dimension::Card, Span::Day)),
        "velocity.address_1h" => Fact::Number(Earlier(Dimension::Address, Span::Hour)),
        "velocity.address_24h" => Fact::Number(Earlier(Dimension::Address, Span::Day)),
        "velocity.ip_1h" => Fact::Number(Earlier(Dimension::Ip, Span::Hour)),
        "velocity.ip_24h" => Fact::Number(Earlier(Dimension::Ip, Span::Day)),
        _ => return None,
    })
}

struct Reader<'s> {
    source: &'s str,
    places: SourceInfo,
    /// What the condition calls the SKU it looks at, within `exists`.
    each: Option<String>,
    cost: u32,
    uses: Use,
}

impl Reader<'_> {
    fn read(&mut self, node: &IdedExpr) -> Result<Value, Problem> {
        self.cost = self.cost.saturating_add(1);
        match &node.expr {
            Expr::Literal(literal) => self.literal(node, literal),
            Expr::Ident(_) | Expr::Select(_) => self.name(node),
            Expr::Call(call) => self.call(node, call),
            Expr::List(list) => {
                let items = list.elements.iter().map(|item| self.read(item));
                items.collect::<Result<_, _>>().map(Value::List)
            }
            Expr::Map(_) | Expr::Struct(_) => Err(self.no(node, "rules know no maps")),
            Expr::Comprehension(_) | Expr::Unspecified => Err(self.no(node, "this is unknown")),
        }
    }

    fn literal(&self, node: &IdedExpr, literal: &LiteralValue) -> Result<Value, Problem> {
        match literal {
            LiteralValue::Boolean(is) => Ok(Value::Test(Test::Is(*is.inner()))),
            LiteralValue::Int(is) => Ok(Value::Number(Number::Is(*is.inner()))),
            LiteralValue::String(is) => Ok(Value::Text(Text::Is(is.inner().into()))),
            LiteralValue::UInt(_) => Err(self.no(node, "numbers are written without u")),
            LiteralValue::Double(_) => {
                Err(self.no(node, "rules know whole numbers only; money is in minor units"))
            }
            LiteralValue::Bytes(_) => Err(self.no(node, "rules know no bytes")),
            LiteralValue::Null => Err(self.no(node, "rules know no null; ask with has(…)")),
        }
    }

    fn name(&mut self, node: &IdedExpr) -> Result<Value, Problem> {
        let name = self.spelled(node)?;
        if self.each.as_deref() == Some(name.as_str()) {
            return Ok(Value::Text(Text::Each));
        }
        match fact(&name) {
            Some(Fact::Guest) => Ok(Value::Test(Test::Guest)),
            Some(Fact::Text(text)) => Ok(Value::Text(Text::Fact(text))),
            Some(Fact::Skus) => Ok(Value::Skus),
            Some(Fact::Number(number)) => {
                if let NumberFact::Earlier(dimension, _) = number {
                    self.uses.count(dimension);
                    self.cost = self.cost.saturating_add(SEARCH_COST);
                }
                Ok(Value::Number(Number::Fact(number)))
            }
            None => Err(self.unknown(node, &name)),
        }
    }

    /// The name that a chain of selections spells, `order.total`.
    fn spelled(&self, node: &IdedExpr) -> Result<String, Problem> {
        match &node.expr {
            Expr::Ident(name) => Ok(name.clone()),
            Expr::Select(select) => {
                let mut name = self.spelled(&select.operand)?;
                name.push('.');
                name.push_str(&select.field);
                Ok(name)
            }
            Expr::Unspecified
            | Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => Err(self.no(node, "only a name has parts")),
        }
    }

    fn unknown(&self, node: &IdedExpr, name: &str) -> Problem {
        if GROUPS.contains(&name) {
            self.no(node, format!("{name} alone is nothing; name one of its facts"))
        } else {
            self.no(node, format!("no fact is called {name}"))
        }
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr) -> Result<Value, Problem> {
        let name = call.func_name.as_str();
        match (name, call.target.as_deref(), call.args.as_slice()) {
            (operators::LOGICAL_AND, None, [left, right]) => {
                Ok(Value::Test(Test::And(Box::new((self.test(left)?, self.test(right)?)))))
            }
            (operators::LOGICAL_OR, None, [left, right]) => {
                Ok(Value::Test(Test::Or(Box::new((self.test(left)?, self.test(right)?)))))
            }
            (operators::LOGICAL_NOT, None, [test]) => Ok(Value::Test(Test::Not(Box::new(self.test(test)?)))),
            (operators::CONDITIONAL, None, [test, yes, no]) => self.choice(node, test, yes, no),
            (operators::NEGATE, None, [number]) => {
                Ok(Value::Number(Number::Negated(Box::new(self.number(number)?))))
            }
            (operators::IN, None, [item, list]) => self.within(item, list).map(Value::Test),
            ("has", None, [of]) => self.has(of).map(Value::Test),
            ("size", None, [of]) | ("size", Some(of), []) => self.size(of).map(Value::Number),
            ("exists", Some(list), [each, test]) => self.exists(list, each, test).map(Value::Test),
            ("startsWith", Some(whole), [piece]) => self.part(Part::StartsWith, whole, piece),
            ("endsWith", Some(whole), [piece]) => self.part(Part::EndsWith, whole, piece),
            ("contains", Some(whole), [piece]) => self.part(Part::Contains, whole, piece),
            (name, None, [left, right]) => {
                if let Some(relation) = relation(name) {
                    self.compare(node, relation, left, right).map(Value::Test)
                } else if let Some(arithmetic) = arithmetic(name) {
                    let pair = (self.number(left)?, self.number(right)?);
                    Ok(Value::Number(Number::Of(arithmetic, Box::new(pair))))
                } else {
                    Err(self.no_such_call(node, name))
                }
            }
            (name, _, _) => Err(self.no_such_call(node, name)),
        }
    }

    fn no_such_call(&self, node: &IdedExpr, name: &str) -> Problem {
        if name == operators::INDEX {
            return self.no(node, "a list is asked with in or exists, not by place");
        }
        self.no(node, format!("rules know no {name} like this"))
    }

    fn choice(
        &mut self,
        node: &IdedExpr,
        test: &IdedExpr,
        yes: &IdedExpr,
        no: &IdedExpr,
    ) -> Result<Value, Problem> {
        let test = self.test(test)?;
        match (self.read(yes)?, self.read(no)?) {
            (Value::Test(yes), Value::Test(no)) => Ok(Value::Test(Test::If(Box::new((test, yes, no))))),
            (Value::Number(yes), Value::Number(no)) => {
                Ok(Value::Number(Number::If(Box::new((test, yes, no)))))
            }
            (Value::Text(yes), Value::Text(no)) => Ok(Value::Text(Text::If(Box::new((test, yes, no))))),
            (yes, no) => {
                let (yes, no) = (yes.kind(), no.kind());
                Err(self.no(node, format!("both choices are of one kind, not {yes} and {no}")))
            }
        }
    }

    fn compare(
        &mut self,
        node: &IdedExpr,
        relation: Relation,
        left: &IdedExpr,
        right: &IdedExpr,
    ) -> Result<Test, Problem> {
        match (self.read(left)?, self.read(right)?, relation) {
            (Value::Number(left), Value::Number(right), relation) => {
                Ok(Test::Numbers(relation, Box::new((left, right))))
            }
            (Value::Text(left), Value::Text(right), relation) => {
                Ok(Test::Texts(relation, Box::new((left, right))))
            }
            (Value::Test(left), Value::Test(right), Relation::Equal) => {
                Ok(Test::Same(Box::new((left, right))))
            }
            (Value::Test(left), Value::Test(right), Relation::Unequal) => {
                Ok(Test::Not(Box::new(Test::Same(Box::new((left, right))))))
            }
            (left, right, _) => {
                let (left, right) = (left.kind(), right.kind());
                Err(self.no(node, format!("{left} does not compare with {right} like this")))
            }
        }
    }

    fn within(&mut self, item: &IdedExpr, list: &IdedExpr) -> Result<Test, Problem> {
        match (self.read(item)?, self.read(list)?) {
            (Value::Text(text), Value::Skus) => {
                self.cost = self.cost.saturating_add(SKUS_COST);
                Ok(Test::InSkus(Box::new(text)))
            }
            (Value::Number(number), Value::List(items)) => {
                let items = items.into_iter().map(|item| match item {
                    Value::Number(number) => Ok(number),
                    other @ (Value::Test(_) | Value::Text(_) | Value::List(_) | Value::Skus) => {
                        Err(self.no_item(list, &other, "numbers"))
                    }
                });
                Ok(Test::InNumbers(Box::new(number), items.collect::<Result<_, _>>()?))
            }
            (Value::Text(text), Value::List(items)) => {
                let items = items.into_iter().map(|item| match item {
                    Value::Text(text) => Ok(text),
                    other @ (Value::Test(_) | Value::Number(_) | Value::List(_) | Value::Skus) => {
                        Err(self.no_item(list, &other, "texts"))
                    }
                });
                Ok(Test::InTexts(Box::new(text), items.collect::<Result<_, _>>()?))
            }
            (item, list_value) => {
                let (item, kind) = (item.kind(), list_value.kind());
                Err(self.no(list, format!("{item} is never in {kind} like this")))
            }
        }
    }

    fn no_item(&self, list: &IdedExpr, item: &Value, wanted: &str) -> Problem {
        self.no(list, format!("this list is one of {wanted}, and has {} in it", item.kind()))
    }

    fn has(&mut self, of: &IdedExpr) -> Result<Test, Problem> {
        let name = match &of.expr {
            Expr::Select(_) => self.spelled(of)?,
            Expr::Unspecified
            | Expr::Ident(_)
            | Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Struct(_) => return Err(self.no(of, "has(…) asks for one fact")),
        };
        match fact(&name) {
            Some(Fact::Text(fact)) => Ok(Test::Has(fact)),
            Some(Fact::Guest | Fact::Number(_) | Fact::Skus) => Ok(Test::Is(true)),
            None => Err(self.unknown(of, &name)),
        }
    }

    fn size(&mut self, of: &IdedExpr) -> Result<Number, Problem> {
        match self.read(of)? {
            Value::Text(text) => {
                self.cost = self.cost.saturating_add(SEARCH_COST);
                Ok(Number::Length(Box::new(text)))
            }
            Value::Skus => Ok(Number::SkuCount),
            other @ (Value::Test(_) | Value::Number(_) | Value::List(_)) => {
                let kind = other.kind();
                Err(self.no(of, format!("a text and order.skus have a size, {kind} has none")))
            }
        }
    }

    fn exists(&mut self, list: &IdedExpr, each: &IdedExpr, test: &IdedExpr) -> Result<Test, Problem> {
        if !matches!(self.read(list)?, Value::Skus) {
            return Err(self.no(list, "exists is asked of order.skus only"));
        }
        let name = match &each.expr {
            Expr::Ident(name) if !GROUPS.contains(&name.as_str()) => name.clone(),
            Expr::Unspecified
            | Expr::Ident(_)
            | Expr::Call(_)
            | Expr::Comprehension(_)
            | Expr::List(_)
            | Expr::Literal(_)
            | Expr::Map(_)
            | Expr::Select(_)
            | Expr::Struct(_) => return Err(self.no(each, "exists needs a new name here")),
        };
        if self.each.is_some() {
            return Err(self.no(list, "exists does not stand within exists"));
        }
        self.each = Some(name);
        let before = std::mem::take(&mut self.cost);
        let test = self.test(test)?;
        self.cost = before.saturating_add(self.cost.saturating_mul(SKUS_MAX));
        self.each = None;
        Ok(Test::AnySku(Box::new(test)))
    }

    fn part(&mut self, part: Part, whole: &IdedExpr, piece: &IdedExpr) -> Result<Value, Problem> {
        self.cost = self.cost.saturating_add(SEARCH_COST);
        let pair = (self.text(whole)?, self.text(piece)?);
        Ok(Value::Test(Test::Part(part, Box::new(pair))))
    }

    fn test(&mut self, node: &IdedExpr) -> Result<Test, Problem> {
        match self.read(node)? {
            Value::Test(test) => Ok(test),
            other @ (Value::Number(_) | Value::Text(_) | Value::List(_) | Value::Skus) => {
                Err(self.wanted(node, "true or false", &other))
            }
        }
    }

    fn number(&mut self, node: &IdedExpr) -> Result<Number, Problem> {
        match self.read(node)? {
            Value::Number(number) => Ok(number),
            other @ (Value::Test(_) | Value::Text(_) | Value::List(_) | Value::Skus) => {
                Err(self.wanted(node, "a number", &other))
            }
        }
    }

    fn text(&mut self, node: &IdedExpr) -> Result<Text, Problem> {
        match self.read(node)? {
            Value::Text(text) => Ok(text),
            other @ (Value::Test(_) | Value::Number(_) | Value::List(_) | Value::Skus) => {
                Err(self.wanted(node, "a text", &other))
            }
        }
    }

    fn wanted(&self, node: &IdedExpr, wanted: &str, found: &Value) -> Problem {
        self.no(node, format!("{wanted} is wanted here, this is {}", found.kind()))
    }

    fn no(&self, node: &IdedExpr, message: impl Into<String>) -> Problem {
        let byte = self.places.offset_for(node.id).map_or(0, |(start, _)| start as usize);
        Problem::at(self.source, byte, message)
    }
}

fn relation(operator: &str) -> Option<Relation> {
    Some(match operator {
        operators::LESS => Relation::Less,
        operators::LESS_EQUALS => Relation::AtMost,
        operators::EQUALS => Relation::Equal,
        operators::NOT_EQUALS => Relation::Unequal,
        operators::GREATER_EQUALS => Relation::AtLeast,
        operators::GREATER => Relation::Greater,
        _ => return None,
    })
}

fn arithmetic(operator: &str) -> Option<Arithmetic> {
    Some(match operator {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        operators::DIVIDE => Arithmetic::Divide,
        operators::MODULO => Arithmetic::Remainder,
        _ => return None,
    })
}
