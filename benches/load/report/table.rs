//! The table that people read.

use std::fmt::Write;

use super::{Budget, Figure, Row};

/// All rows, figure by figure, with the notes below each.
pub(in crate::load) fn table(rows: &[Row]) -> String {
    let mut lines = vec![[
        "row".to_owned(),
        "figure".to_owned(),
        "value".to_owned(),
        "budget".to_owned(),
        "verdict".to_owned(),
    ]];
    for row in rows {
        for (place, figure) in row.figures.iter().enumerate() {
            let name = if place == 0 { row.name } else { "" };
            lines.push(line(name, figure));
        }
        if let Some(why) = &row.failed {
            let name = if row.figures.is_empty() { row.name } else { "" };
            lines.push([name.into(), "FAILED".into(), String::new(), String::new(), one_line(why)]);
        }
    }
    let mut text = aligned(&lines);
    for row in rows.iter().filter(|row| !row.notes.is_empty()) {
        writeln!(text, "\n{} ({:.0} s)", row.name, row.took.as_secs_f64()).expect("a string takes text");
        for note in &row.notes {
            writeln!(text, "  {note}").expect("a string takes text");
        }
    }
    text
}

fn line(row: &str, figure: &Figure) -> [String; 5] {
    let budget = match figure.budget {
        Some(Budget::AtLeast(least)) => format!("≥ {}", short(least)),
        Some(Budget::AtMost(most)) => format!("≤ {}", short(most)),
        None => String::new(),
    };
    let value = format!("{} {}", short(figure.value), figure.unit);
    [row.to_owned(), figure.name.clone(), value, budget, figure.verdict()]
}

/// A number with as many digits as say something.
fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => grouped(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0
            && digit.is_ascii_digit()
            && (digits.len() - place).is_multiple_of(3)
            && !text.ends_with('-')
        {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn aligned(lines: &[[String; 5]]) -> String {
    let mut widths = [0; 5];
    for line in lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for (place, [row, figure, value, budget, verdict]) in lines.iter().enumerate() {
        let [w_row, w_figure, w_value, w_budget, _] = widths;
        let line =
            format!("{row:<w_row$}  {figure:<w_figure$}  {value:>w_value$}  {budget:>w_budget$}  {verdict}");
        writeln!(text, "{}", line.trim_end()).expect("a string takes text");
        if place == 0 {
            let whole = widths.iter().sum::<usize>() + 8;
            writeln!(text, "{}", "─".repeat(whole.min(120))).expect("a string takes text");
        }
    }
    text
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
