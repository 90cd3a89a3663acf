//! A store's rules: read and checked once, when they are set, and then asked of every order.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::types::text;

use super::compile::{Compiled, Use, compile};
use super::condition::{Subject, Test};
use super::event::Decision;
use super::marks::Dimension;

/// The most rules of one store.
pub const RULES_MAX: usize = 100;
/// The most bytes of one rule's condition.
pub const WHEN_BYTES_MAX: usize = 2_000;
/// The most bytes of all conditions of a store together: reading them keeps its thread from other stores.
pub const ALL_BYTES_MAX: usize = 32_768;
/// The most bytes of a rule's name.
pub const NAME_BYTES_MAX: usize = 100;
/// The most that all rules of a store may cost together, in steps of some ten nanoseconds, for the largest order.
pub const COST_MAX: u32 = 200_000;

/// One rule as people write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name, unique within the store.
    pub name: Arc<str>,
    /// What it does with an order that it matches.
    pub action: Action,
    /// When it matches: a condition in the Common Expression Language.
    pub when: Arc<str>,
    /// Whether it is asked at all.
    #[serde(default = "enabled")]
    pub enabled: bool,
}

fn enabled() -> bool {
    true
}

/// What a rule does with an order that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It passes, whatever later rules say.
    Allow,
    /// It is stopped.
    Block,
    /// People shall look at it.
    Review,
}

impl Action {
    /// The order in which rules are asked. Within an action, the first that matches decides.
    const IN_TURN: [Action; 3] = [Action::Allow, Action::Block, Action::Review];

    const fn decision(self) -> Decision {
        match self {
            Action::Allow => Decision::Allow,
            Action::Block => Decision::Block,
            Action::Review => Decision::Review,
        }
    }
}

/// What is wrong with a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Which of the rules, counted from nought.
    pub index: usize,
    /// Its name.
    pub rule: Arc<str>,
    /// On which line of its condition, counted from one.
    pub line: u32,
    /// At which character of the line, counted from one.
    pub column: u32,
    /// What is wrong, for people.
    pub message: String,
}

impl Problem {
    /// A problem at a byte of a source, of a rule that is yet to be named.
    pub(super) fn at(source: &str, byte: usize, message: impl Into<String>) -> Self {
        let before = source.get(..byte).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            index: 0,
            rule: Arc::default(),
            line: count(before.matches('\n').count()),
            column: count(before[line_start..].chars().count()),
            message: message.into(),
        }
    }

    fn of(self, index: usize, rule: &Rule) -> Self {
        Self { index, rule: Arc::clone(&rule.name), ..self }
    }

    pub(super) fn first(problems: &[Problem]) -> String {
        problems.first().map(ToString::to_string).unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { index: _, rule, line, column, message } = self;
        write!(f, "{rule}, line {line}, column {column}: {message}")
    }
}

/// A rule that could not be asked, and why. It counts as not matching.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleError {
    /// The rule's name.
    pub rule: Arc<str>,
    /// Why.
    pub error: Arc<str>,
}

/// What the rules say of an order.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judgement {
    /// What becomes of it.
    pub decision: Decision,
    /// The rules that made the decision.
    pub rules: Vec<Arc<str>>,
    /// The rules that could not be asked.
    pub errors: Vec<RuleError>,
}

/// A store's rules. Cheap to clone. Stored as what people wrote; read from that when an order is first judged, so that a
/// store which wakes pays nothing for rules it does not ask.
#[derive(Clone, Default)]
pub struct RuleSet(Arc<Inner>);

#[derive(Default)]
struct Inner {
    rules: Vec<Rule>,
    ready: OnceLock<Ready>,
}

#[derive(Default)]
struct Ready {
    /// The enabled rules, in the order in which they are asked.
    asked: Vec<Asked>,
    uses: Use,
}

struct Asked {
    name: Arc<str>,
    decision: Decision,
    when: Result<Test, Arc<str>>,
}

impl RuleSet {
    /// Checks rules that people wrote. All that is wrong with them is told at once.
    pub fn check(rules: Vec<Rule>) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut compiled = Vec::with_capacity(rules.len());
        let (mut cost, mut bytes): (u32, usize) = (0, 0);
        for (index, rule) in rules.iter().enumerate() {
            let mut no = |problem: Problem| problems.push(problem.of(index, rule));
            let whole = |message: &str| Problem::at("", 0, message);
            bytes = bytes.saturating_add(rule.when.len());
            if index == RULES_MAX {
                no(whole(&format!("a store has at most {RULES_MAX} rules")));
                break;
            }
            if bytes > ALL_BYTES_MAX {
                no(whole(&format!("all conditions together have at most {ALL_BYTES_MAX} bytes")));
                break;
            }
            if rule.name.is_empty() || rule.name.len() > NAME_BYTES_MAX || !text::is_plain(&rule.name) {
                no(whole(&format!("a name has 1 to {NAME_BYTES_MAX} plain bytes")));
            }
            if rules[..index].iter().any(|earlier| earlier.name == rule.name) {
                no(whole("another rule has this name already"));
            }
            let when = compile(&rule.when);
            match &when {
                Ok(when) if cost.saturating_add(when.cost) > COST_MAX => {
                    no(whole("with this rule, all together would take too long for a large order"));
                }
                Ok(when) => cost += when.cost,
                Err(problem) => no(problem.clone()),
            }
            compiled.push(when);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let ready = OnceLock::from(Ready::assemble(&rules, compiled));
        Ok(Self(Arc::new(Inner { rules, ready })))
    }

    /// Takes rules that were checked once. One that this release cannot read stays, and is told with every verdict.
    pub fn recorded(rules: Vec<Rule>) -> Self {
        Self(Arc::new(Inner { rules, ready: OnceLock::new() }))
    }

    fn ready(&self) -> &Ready {
        self.0.ready.get_or_init(|| {
            let compiled = self.rules().iter().map(|rule| compile(&rule.when)).collect();
            Ready::assemble(self.rules(), compiled)
        })
    }

    /// The rules as people wrote them.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// Whether an enabled rule counts earlier orders in this dimension.
    pub fn counts(&self, dimension: Dimension) -> bool {
        self.ready().uses.counts(dimension)
    }

    /// What the rules say of an order.
    pub(super) fn judge(&self, subject: &Subject<'_>) -> Judgement {
        let mut errors = Vec::new();
        for asked in &self.ready().asked {
            let error = match &asked.when {
                Ok(when) => match when.holds(subject) {
                    Ok(true) => {
                        let rules = vec![Arc::clone(&asked.name)];
                        return Judgement { decision: asked.decision, rules, errors };
                    }
                    Ok(false) => continue,
                    Err(fault) => fault.to_string().into(),
                },
                Err(unreadable) => Arc::clone(unreadable),
            };
            errors.push(RuleError { rule: Arc::clone(&asked.name), error });
        }
        Judgement { decision: Decision::Pass, rules: Vec::new(), errors }
    }
}

impl Ready {
    fn assemble(rules: &[Rule], compiled: Vec<Result<Compiled, Problem>>) -> Self {
        let mut uses = Use::default();
        let enabled = rules.iter().zip(compiled).filter(|(rule, _)| rule.enabled);
        let mut asked: Vec<(Action, Asked)> = enabled
            .map(|(rule, compiled)| {
                let when = match compiled {
                    Ok(compiled) => {
                        uses = uses.and(compiled.uses);
                        Ok(compiled.when)
                    }
                    Err(problem) => Err(problem.message.into()),
                };
                let (name, decision) = (Arc::clone(&rule.name), rule.action.decision());
                (rule.action, Asked { name, decision, when })
            })
            .collect();
        // Stable: within an action the store's order stays.
        asked.sort_by_key(|(action, _)| Action::IN_TURN.iter().position(|one| one == action));
        Self { asked: asked.into_iter().map(|(_, asked)| asked).collect(), uses }
    }
}

impl PartialEq for RuleSet {
    fn eq(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.rules()).finish()
    }
}

impl Serialize for RuleSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.rules().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RuleSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::recorded)
    }
}
