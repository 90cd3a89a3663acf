//! Everything that can be wrong with the bank, from its own list: what it learns one day and nobody drives fails a story.

use serde_json::{Map, Value, json};

/// One thing that is wrong with the bank, or several at once.
#[derive(Clone, Debug)]
pub(super) struct Wind {
    /// How it is called: by its mode or dial.
    pub(super) name: String,
    fields: Map<String, Value>,
}

impl Wind {
    fn new(name: &str, fields: Value) -> Self {
        let Value::Object(fields) = fields else { panic!("{name}: an object of fields") };
        Self { name: name.to_owned(), fields }
    }

    /// Nothing is wrong.
    pub(super) fn calm() -> Self {
        Self::new("ok", json!({"mode": "ok"}))
    }

    /// Both at the same time.
    pub(super) fn and(&self, other: &Self) -> Self {
        let mut fields = self.fields.clone();
        for (name, value) in &other.fields {
            match fields.get_mut(name) {
                None => drop(fields.insert(name.clone(), value.clone())),
                Some(_) if name == "mode" => drop(fields.insert("also".to_owned(), json!([value]))),
                Some(Value::Array(own)) => own.extend(value.as_array().expect("a list too").iter().cloned()),
                // Shares and seconds: the worse.
                Some(own) if value.as_f64() > own.as_f64() => *own = value.clone(),
                Some(_) => {}
            }
        }
        Self { name: format!("{}-{}", self.name, other.name), fields }
    }

    /// As the bank wants to hear it.
    pub(super) fn weather(&self, seed: usize) -> Value {
        let mut fields = self.fields.clone();
        fields.insert("seed".to_owned(), json!(seed));
        Value::Object(fields)
    }
}

/// Every mode of the bank's weather but the fair one, and every dial that is not a mode of its own, each strong enough to be felt;
/// of the notifications last.
pub(super) fn winds(catalog: &Value) -> (Vec<Wind>, Wind) {
    let modes = names(&catalog["modes"]).filter(|mode| *mode != "ok");
    let mut winds: Vec<Wind> = modes.map(|mode| Wind::new(mode, json!({"mode": mode}))).collect();
    let mut of_notices = None;
    for dial in names(&catalog["dials"]) {
        let fields = match dial {
            // The modes `flaky` and `slow` are these.
            "error_rate" | "latency_ms" => continue,
            "error_after" => json!({"error_rate": 0.5, "error_after": 1.0, "status": [500, 502, 504]}),
            "status" => json!({"error_rate": 0.5, "status": [429], "retry_after_s": 1}),
            // With what is refused in time: see above.
            "retry_after_s" => continue,
            "rate" => json!({"rate": 10}),
            "drop_before" | "drop_after" | "decline_rate" => json!({dial: 0.5}),
            "webhook" => {
                let dials = json!({dial: {"duplicate": 0.5, "lose": 0.5, "reorder": 0.5}});
                of_notices = Some(Wind::new(dial, dials));
                continue;
            }
            other => panic!("the bank has a dial that nobody drives: {other}"),
        };
        winds.push(Wind::new(dial, fields));
    }
    (winds, of_notices.expect("notifications have a dial"))
}

/// Every method of the bank's own, those that take a number with one; a good card, and one whose holder has to prove themselves.
pub(super) fn methods(catalog: &Value) -> Vec<String> {
    let all = catalog["methods"].as_array().expect("methods");
    let own = all.iter().filter_map(|method| {
        let id = method["id"].as_str().expect("an id");
        let number = match id {
            _ if !id.starts_with("pm_of_") => return None,
            _ if method["takes_a_number"] != true => "",
            "pm_of_slow_" => "300",
            "pm_of_flaky_" => "1",
            "pm_of_503_" => "2",
            other => panic!("the bank has a method that nobody drives: {other}"),
        };
        Some(format!("{id}{number}"))
    });
    own.chain([super::GOOD, super::CHALLENGED].map(str::to_owned)).collect()
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().expect("a list").iter().map(|name| name.as_str().expect("a name"))
}
