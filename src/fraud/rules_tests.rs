//! What conditions mean: in a table, beside what CEL's own interpreter makes of them, and what hostile ones can do.

use std::collections::HashMap;

use cel::{Context, Program, Value};
use proptest::prelude::*;

use super::compile::compile;
use super::condition::Subject;
use super::tests::{at, facts};
use super::*;

/// A condition asked of an order: `yes`, `no`, or what is wrong with it.
fn ask(when: &str, facts: &Facts, velocity: &Velocity) -> String {
    match compile(when) {
        Err(problem) => format!("{}:{} {}", problem.line, problem.column, problem.message),
        Ok(compiled) => match compiled.when.holds(&Subject::new(facts, velocity, at(0))) {
            Ok(true) => "yes".into(),
            Ok(false) => "no".into(),
            Err(fault) => format!("fault: {fault}"),
        },
    }
}

fn told(when: &str) -> String {
    ask(when, &facts(1), &Velocity::default())
}

const GOOD: [(&str, &str); 44] = [
    ("true", "yes"),
    ("!true", "no"),
    ("order.total == 5273 && order.subtotal == order.total", "yes"),
    ("order.total >= 5273 && order.total <= 5273 && order.total != 1", "yes"),
    ("order.currency == 'USD'", "yes"),
    ("order.line_count == 2 && order.units == 3", "yes"),
    ("order.total / order.units > 1757", "no"),
    ("order.total % 10 == 3 && -order.total < 0", "yes"),
    ("order.total * 2 - 546 == 10000", "yes"),
    (r#"customer.id == "cus_1""#, "yes"),
    (r#"customer.email == "ada@example.com""#, "yes"),
    (r#"customer.email_domain == "example.com""#, "yes"),
    (r#"customer.email_domain in ["a.example", "example.com"]"#, "yes"),
    (r#"!(customer.email_domain in ["a.example"])"#, "yes"),
    (r#"customer.ip.startsWith("203.0.113.")"#, "yes"),
    (r#"customer.email.endsWith(".com") && customer.email.contains("@")"#, "yes"),
    ("customer.is_guest", "no"),
    ("customer.is_guest == false", "yes"),
    (r#"address.country != "GB" || address.postal_code.startsWith("N1")"#, "yes"),
    (r#"payment.method == "pm_card_visa""#, "yes"),
    ("velocity.customer_1h + velocity.customer_24h + velocity.email_1h == 0", "yes"),
    ("velocity.card_1h + velocity.card_24h + velocity.email_24h == 0", "yes"),
    ("velocity.address_1h + velocity.address_24h == velocity.ip_1h + velocity.ip_24h", "yes"),
    (r#""MUG" in order.skus"#, "yes"),
    (r#""CUP" in order.skus"#, "no"),
    (r#"order.skus.exists(s, s.startsWith("TSHIRT-"))"#, "yes"),
    (r#"order.skus.exists(s, s == customer.id || size(s) > 8)"#, "no"),
    ("size(order.skus) == 2 && order.skus.size() == 2", "yes"),
    ("size(customer.id) == 5 && customer.id.size() == 5", "yes"),
    (r#"size("πέντε") == 5"#, "yes"),
    ("order.units in [1, 2, 3]", "yes"),
    ("order.units in []", "no"),
    ("has(customer.ip) && has(customer.id) && has(order.total)", "yes"),
    ("order.units > 2 ? order.total > 1 : false", "yes"),
    ("(customer.is_guest ? 1000 : 9000) > order.total", "yes"),
    (r#"(customer.is_guest ? "a" : customer.id) == "cus_1""#, "yes"),
    (r#""b" > "a" && "a" <= "a""#, "yes"),
    ("9223372036854775807 + order.total > 0", "fault: a number is too large"),
    ("order.total / 0 > 0", "fault: a division by zero"),
    ("order.total % 0 > 0", "fault: a division by zero"),
    ("order.total / 0 > 0 || true", "yes"),
    ("order.total / 0 > 0 && false", "no"),
    ("true || order.total / 0 > 0", "yes"),
    ("order.total > 1 // in minor units\n && true", "yes"),
];

#[test]
fn conditions_mean_what_they_say() {
    for (when, means) in GOOD {
        assert_eq!(told(when), means, "{when}");
    }
}

#[test]
fn a_fact_that_is_missing_can_be_asked_for_and_nothing_else() {
    let guest = Facts {
        customer_id: None,
        email: None,
        ip: None,
        country: None,
        postal_code: None,
        address_line: None,
        ..facts(1)
    };
    let ask = |when| ask(when, &guest, &Velocity::default());
    assert_eq!(ask("customer.is_guest"), "yes");
    assert_eq!(ask("has(customer.id) || has(customer.email) || has(customer.ip)"), "no");
    assert_eq!(ask("customer.id == 'x'"), "fault: customer.id is missing");
    assert_eq!(ask("customer.email_domain == 'x'"), "fault: customer.email_domain is missing");
    assert_eq!(ask("customer.id == 'x' || customer.is_guest"), "yes");
    assert_eq!(ask("has(customer.id) && customer.id == 'x'"), "no");
    assert_eq!(ask("order.skus.exists(s, s == customer.ip)"), "fault: customer.ip is missing");
    assert_eq!(ask("order.skus.exists(s, s == 'MUG' || s == customer.ip)"), "yes");
    assert_eq!(ask("velocity.ip_24h == 0 && velocity.address_1h == 0"), "yes");
}

#[test]
fn what_cannot_be_a_rule_is_refused_at_its_place() {
    for (when, refusal) in [
        ("", "1:1 Syntax error: mismatched input '<EOF>'"),
        ("order.total >", "1:14 Syntax error"),
        ("order.total", "1:6 a condition is true or false, this is a number"),
        ("order.total > 'x'", "1:13 a number does not compare with a text like this"),
        ("order.total > 5.5", "1:15 rules know whole numbers only"),
        ("order.total > 5u", "1:15 numbers are written without u"),
        ("order.totl > 5", "1:6 no fact is called order.totl"),
        ("total > 5", "1:1 no fact is called total"),
        ("order == 5", "1:1 order alone is nothing"),
        ("customer.id == null", "1:16 rules know no null"),
        ("'ü' == customer.nam", "1:16 no fact is called customer.nam"),
        ("'ü' ==", "1:7 Syntax error"),
        ("true &&\n\n  nope(1)", "3:7 rules know no nope like this"),
        ("customer.email.matches('.*')", "1:23 rules know no matches like this"),
        ("order.skus.all(s, true)", "1:15 rules know no all like this"),
        ("order.skus.map(s, s) == []", "1:15 rules know no map like this"),
        ("[1, 2].exists(x, x > 1)", "1:1 exists is asked of order.skus only"),
        ("order.skus.exists(s, order.skus.exists(t, s == t))", "1:27 exists does not stand within"),
        ("order.skus.exists(order, true)", "1:19 exists needs a new name here"),
        ("order.skus[0] == 'x'", "1:11 a list is asked with in or exists"),
        ("order.skus == []", "1:12 a list does not compare with a list like this"),
        ("{'a': 1}.a == 1", "1:1 only a name has parts"),
        ("1 in [1, 'a']", "1:6 this list is one of numbers, and has a text in it"),
        ("1 in ['a']", "1:6 this list is one of numbers"),
        ("customer.is_guest > false", "1:19 true or false does not compare"),
        ("'a' + 'b' == 'ab'", "1:1 a number is wanted here, this is a text"),
        ("!order.total", "1:7 true or false is wanted here"),
        ("order.total.foo > 1", "1:12 no fact is called order.total.foo"),
        ("has(order)", "1:5 has(…) asks for one fact"),
        ("has(order.nope)", "1:10 no fact is called order.nope"),
        ("true ? 1 : true", "1:6 both choices are of one kind"),
        ("b'a' == b'a'", "1:1 a text begins with a plain quote"),
        ("r'a' == 'a'", "1:1 a text begins with a plain quote"),
        ("'''a''' == 'a'", "1:3 between two texts stands something"),
        ("'a == 1", "1:1 this text is not closed"),
        ("'\\x41' == 'A'", "1:2 within a text, \\ stands only before"),
        ("`a` == 1", "1:1 this character is only allowed within a text"),
        ("(true", "1:6 a bracket is not closed"),
        ("true)", "1:5 nothing is open that this could close"),
        ("999999999999999999999 > 1", "1:1 invalid int literal"),
    ] {
        let told = told(when);
        assert!(told.starts_with(refusal), "{when}: {told}");
    }
}

/// Runs on a thread with as little stack as an actor's may have left.
fn with_little_stack(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(test).expect("a thread");
    thread.join().expect("no overflow");
}

#[test]
fn hostile_sources_are_refused_soon_and_without_exhausting_the_stack() {
    with_little_stack(|| {
        let many = |piece: &str, of: usize| piece.repeat(of);
        for source in [
            many("(", 1_999),
            many("(", 999) + &many(")", 999),
            many("[", 1_999),
            many("{", 1_999),
            many("!", 1_999),
            many("-", 1_999),
            many("!(", 700) + "true" + &many(")", 500),
            many("1+", 999) + "1 > 0",
            many("1<", 999) + "1",
            "a".to_owned() + &many(".a", 990),
            "order.skus".to_owned() + &many("[0]", 600),
            many("true?true:", 190) + "true",
            many("true?", 300) + "true" + &many(":true", 300),
            many("size(", 390),
            many("(((((1+1)+1)+1)+1)+1)+", 80) + "1 > 0",
            "\"\\q ".to_owned() + &many("1+", 900),
            "\"\n ".to_owned() + &many("1+", 900),
            "xr\"\\\" ".to_owned() + &many("1+", 900) + "\"",
            many("1 in ", 390) + "[1]",
            many("\"", 1_999),
            many("/", 1_999),
            many("a ", 900),
            many("? : ", 400),
            many("&& ", 600),
            many("\u{202e}", 600),
        ] {
            let told = told(&source);
            assert!(told != "yes" && told != "no", "{source}: {told}");
        }
    });
}

#[test]
fn the_deepest_legal_rules_fit_the_stack() {
    with_little_stack(|| {
        let nested = "(".repeat(49) + "true" + &")".repeat(49);
        assert_eq!(told(&nested), "yes");
        let chain = "1+".repeat(48) + "1 > 0";
        assert_eq!(told(&chain), "yes");
        let wide = vec!["order.total > 1"; 110].join("&&");
        assert_eq!(told(&wide), "yes");
        let list = vec!["1"; 900].join(",");
        assert_eq!(told(&format!("1 in [{list}]")), "yes");
        let choices = "false?true:".repeat(18) + "true";
        assert_eq!(told(&choices), "yes");
    });
}

#[test]
fn what_all_rules_may_cost_together_is_bounded() {
    let costly = (0..RULES_MAX).map(|n| Rule {
        name: format!("r{n}").into(),
        action: Action::Block,
        when: r#"order.skus.exists(s, s == "a" || s == "b" || s == "c")"#.into(),
        enabled: true,
    });
    let costly: Vec<Rule> = costly.collect();
    let Err(problems) = RuleSet::check(costly.clone()) else { panic!("too costly") };
    assert!(problems[0].message.contains("too long"), "{}", problems[0]);
    assert!(RuleSet::check(costly[..10].to_vec()).is_ok());

    let long = |n| Rule {
        name: format!("r{n}").into(),
        when: format!("true//{}", "x".repeat(1_900)).into(),
        ..costly[0].clone()
    };
    assert!(RuleSet::check((0..17).map(long).collect()).is_ok());
    let Err(problems) = RuleSet::check((0..18).map(long).collect()) else { panic!("too long") };
    assert!(problems[0].message.contains("32768 bytes"), "{}", problems[0]);
}

/// The same order as CEL's own interpreter sees it.
fn interpreted(when: &str, facts: &Facts) -> Option<bool> {
    let mut context = Context::default();
    let text = |value: &str| Value::from(value.to_owned());
    let mut group = |name: &str, of: Vec<(&str, Option<Value>)>| {
        let of = of.into_iter().filter_map(|(name, value)| Some((name, value?)));
        context.add_variable_from_value(name, of.collect::<HashMap<_, _>>());
    };
    let email = facts.email.as_deref().map(|email| email.trim().to_lowercase());
    group(
        "order",
        vec![
            ("total", Some(Value::Int(facts.total.minor()))),
            ("subtotal", Some(Value::Int(facts.subtotal.minor()))),
            ("currency", Some(text(facts.currency.as_str()))),
            ("line_count", Some(Value::Int(i64::from(facts.line_count)))),
            ("units", Some(Value::Int(facts.units as i64))),
            ("skus", Some(facts.skus.iter().map(|sku| text(sku.as_str())).collect::<Vec<_>>().into())),
        ],
    );
    group(
        "customer",
        vec![
            ("id", facts.customer_id.as_deref().map(text)),
            ("email", email.as_deref().map(text)),
            ("email_domain", email.as_deref().and_then(|email| email.split('@').nth(1)).map(text)),
            ("ip", facts.ip.map(|ip| text(&ip.to_string()))),
            ("is_guest", Some(Value::Bool(facts.customer_id.is_none()))),
        ],
    );
    group(
        "address",
        vec![
            ("country", facts.country.as_deref().map(text)),
            ("postal_code", facts.postal_code.as_deref().map(text)),
        ],
    );
    group("payment", vec![("method", Some(text(&facts.payment_method)))]);
    let counts = ["customer", "email", "card", "address", "ip"]
        .into_iter()
        .flat_map(|what| ["1h", "24h"].map(|span| format!("{what}_{span}")));
    let counts = counts.map(|name| (name, Value::Int(0))).collect::<HashMap<_, _>>();
    context.add_variable_from_value("velocity", counts);
    match Program::compile(when).expect("what we read, CEL reads").execute(&context) {
        Ok(Value::Bool(yes)) => Some(yes),
        Ok(other) => panic!("{when} gave {other:?}"),
        Err(_) => None,
    }
}

#[test]
fn the_table_means_the_same_to_the_interpreter() {
    for (when, means) in GOOD {
        let expected = match means {
            "yes" => Some(true),
            "no" => Some(false),
            _ => None,
        };
        assert_eq!(interpreted(when, &facts(1)), expected, "{when}");
    }
}

fn tests(depth: u32) -> BoxedStrategy<String> {
    let number = prop_oneof![
        Just("order.total".to_owned()),
        Just("order.units".to_owned()),
        Just("velocity.email_1h".to_owned()),
        Just("size(order.skus)".to_owned()),
        Just("9223372036854775807".to_owned()),
        (-3..6i64).prop_map(|n| format!("({n})")),
    ];
    let number = number.prop_recursive(3, 8, 2, |inner| {
        (inner.clone(), prop_oneof!["\\+", "-", "\\*", "/", "%"], inner)
            .prop_map(|(left, op, right)| format!("({left} {op} {right})"))
    });
    let text = prop_oneof![
        Just("customer.id".to_owned()),
        Just("customer.email".to_owned()),
        Just("customer.ip".to_owned()),
        Just("order.currency".to_owned()),
        Just("'MUG'".to_owned()),
        Just("'cus_1'".to_owned()),
        Just("''".to_owned()),
    ];
    let leaf = prop_oneof![
        Just("true".to_owned()),
        Just("customer.is_guest".to_owned()),
        Just("has(customer.ip)".to_owned()),
        (number.clone(), prop_oneof!["<", "<=", "==", "!=", ">=", ">"], number.clone())
            .prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        (text.clone(), prop_oneof!["<", "==", "!=", ">="], text.clone())
            .prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        (number.clone(), prop::collection::vec(number, 0..3))
            .prop_map(|(one, list)| format!("{one} in [{}]", list.join(", "))),
        (text.clone(), prop::collection::vec(text.clone(), 0..3))
            .prop_map(|(one, list)| format!("{one} in [{}]", list.join(", "))),
        text.clone().prop_map(|text| format!("{text} in order.skus")),
        (text.clone(), prop_oneof!["startsWith", "endsWith", "contains"], text.clone())
            .prop_map(|(whole, how, part)| format!("{whole}.{how}({part})")),
        (text.clone(), text).prop_map(|(one, two)| format!("order.skus.exists(s, s == {one} || s < {two})")),
    ];
    leaf.prop_recursive(depth, 24, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|test| format!("!({test})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l}) && ({r})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l}) || ({r})")),
            (inner.clone(), inner.clone()).prop_map(|(l, r)| format!("({l}) == ({r})")),
            (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("({a}) ? ({b}) : ({c})")),
        ]
    })
    .boxed()
}

proptest! {
    #[test]
    fn conditions_mean_the_same_to_the_interpreter(when in tests(3), guest in any::<bool>()) {
        let mut facts = facts(1);
        if guest {
            facts.customer_id = None;
            facts.ip = None;
        }
        let expected = match interpreted(&when, &facts) {
            Some(true) => "yes",
            Some(false) => "no",
            None => "fault",
        };
        let told = ask(&when, &facts, &Velocity::default());
        prop_assert!(told.starts_with(expected), "{}: {}, the interpreter says {}", when, told, expected);
    }

    #[test]
    fn no_source_does_harm(source in r#"[a-z .()"'\[\]0-9+&|!<>=,?:\\\n-]{0,120}"#) {
        let _ = told(&source);
    }
}
