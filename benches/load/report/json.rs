//! The document that programs read.

use serde_json::{Value, json};

use super::{Budget, Figure, Row};

/// Every figure, with what it was measured on and how.
pub(in crate::load) fn document(machine: &impl serde::Serialize, how: &Value, rows: &[Row]) -> Value {
    json!({
        "machine": machine,
        "how": how,
        "rows": rows.iter().map(row).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "name": row.name,
        "figures": row.figures.iter().map(figure).collect::<Vec<_>>(),
        "notes": row.notes,
        "failed": row.failed,
        "took_s": row.took.as_secs_f64(),
    })
}

fn figure(figure: &Figure) -> Value {
    let (at_least, at_most) = match figure.budget {
        Some(Budget::AtLeast(least)) => (Some(least), None),
        Some(Budget::AtMost(most)) => (None, Some(most)),
        None => (None, None),
    };
    json!({
        "name": figure.name,
        "value": figure.value,
        "unit": figure.unit,
        "at_least": at_least,
        "at_most": at_most,
        "met": figure.is_met(),
    })
}
