//! The architecture as a test: what the folders promise each other, checked on the text of the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders that decide. Each knows the machine and the words, and no other of them.
const DOMAINS: &[&str] = &["order", "payment", "fraud", "inventory", "fulfillment", "returns", "alert"];
/// Files that every domain folder has.
const EVERYWHERE: &[&str] = &["command.rs", "event.rs", "state.rs", "decide.rs", "view.rs"];
/// What no file of a domain folder mentions, whatever it is called: no clock, dice, I/O, logging or float.
const IMPURE: &[&str] = &[
    "actix",
    "tokio",
    "std::time",
    "Instant",
    "SystemTime",
    "clock::",
    "rand::",
    "tracing",
    "std::fs",
    "std::net::Tcp",
    "f32",
    "f64",
];
/// What each folder may use of the crate, besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("types", &[]),
    ("runtime", &["types", "journal"]),
    ("journal", &["types", "runtime"]),
    ("order", &["types", "runtime"]),
    ("payment", &["types", "runtime"]),
    ("fraud", &["types", "runtime"]),
    ("inventory", &["types", "runtime"]),
    ("fulfillment", &["types", "runtime"]),
    ("alert", &["types", "runtime"]),
    ("returns", &["types", "runtime"]),
    ("gateway", &["types", "payment"]),
    (
        "views",
        &[
            "types",
            "runtime",
            "journal",
            "order",
            "payment",
            "fraud",
            "inventory",
            "fulfillment",
            "alert",
            "returns",
            "store",
        ],
    ),
    ("schedule", &["types", "runtime", "journal", "views", "store", "gateway", "alert", "order", "payment"]),
    (
        "flow",
        &[
            "types",
            "runtime",
            "order",
            "payment",
            "fraud",
            "inventory",
            "fulfillment",
            "returns",
            "alert",
            "store",
        ],
    ),
    (
        "store",
        &[
            "types",
            "runtime",
            "journal",
            "views",
            "order",
            "payment",
            "fraud",
            "inventory",
            "fulfillment",
            "alert",
            "returns",
            "gateway",
            "flow",
        ],
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_path_buf()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repository") {
            let path = entry.expect("a readable entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "{} holds no sources", folder.display());
    files
}

/// A file's code: no comments, and nothing of its own tests.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a readable source");
    let text = text.split("#[cfg(test)]\nmod tests {").next().expect("split gives a first part").to_owned();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

fn is_test(path: &Path) -> bool {
    let is_of_tests = |part: &str| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs");
    path.components().any(|part| part.as_os_str().to_str().is_some_and(is_of_tests))
}

fn name(path: &Path) -> String {
    path.strip_prefix(root()).expect("below the root").display().to_string()
}

fn mentions(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let begins = word.starts_with(is_part) && before.is_some_and(is_part);
        let goes_on = word.ends_with(is_part) && after.is_some_and(is_part);
        !begins && !goes_on
    })
}

#[test]
fn decisions_are_pure() {
    let mut faults = Vec::new();
    for domain in DOMAINS {
        let folder = root().join("src").join(domain);
        let missing = EVERYWHERE.iter().filter(|file| !folder.join(file).is_file());
        faults.extend(missing.map(|file| format!("{} has no {file}", name(&folder))));
        for path in rust_files(&folder).into_iter().filter(|path| !is_test(path)) {
            let text = code(&path);
            faults.extend(
                IMPURE
                    .iter()
                    .filter(|word| mentions(&text, word))
                    .map(|word| format!("{}: {word}", name(&path))),
            );
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn arrows_point_one_way() {
    let modules: BTreeSet<String> = fs::read_dir(root().join("src"))
        .expect("src")
        .map(|entry| entry.expect("a readable entry").path())
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    let mut faults = Vec::new();
    for (folder, allowed) in ARROWS {
        for path in rust_files(&root().join("src").join(folder)) {
            if is_test(&path) {
                continue;
            }
            let text = code(&path);
            for module in &modules {
                let is_used = mentions(&text, &format!("crate::{module}"));
                if is_used && module != folder && !allowed.contains(&module.as_str()) {
                    faults.push(format!("{} uses {module}", name(&path)));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn only_wiring_makes_reports_of_siblings() {
    let mut faults = Vec::new();
    for path in rust_files(&root().join("src")) {
        let text = code(&path);
        let file = name(&path);
        let is_allowed = file.starts_with("src/order/")
            || file.starts_with("src/fulfillment/")
            || file.starts_with("src/returns/")
            || file.starts_with("src/store/")
            // Names what siblings may hear, and asks them beside any store.
            || file.starts_with("src/flow/")
            || is_test(&path);
        let reports = ["order::Outcome", "fulfillment::Outcome", "returns::Outcome", "Command::Hear"];
        if !is_allowed && reports.iter().any(|report| mentions(&text, report)) {
            faults.push(file);
        }
    }
    assert!(faults.is_empty(), "a client could claim that stock was held: {faults:#?}");
}

#[test]
fn time_is_read_and_dice_are_rolled_in_one_place_each() {
    let mut faults = Vec::new();
    for path in rust_files(&root().join("src")) {
        if is_test(&path) {
            continue;
        }
        let text = code(&path);
        let file = name(&path);
        let reads_time = mentions(&text, "SystemTime::now") || mentions(&text, "Instant::now");
        if reads_time && file != "src/types/clock.rs" {
            faults.push(format!("{file} reads time"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn every_file_is_part_of_the_program() {
    let mut orphans = Vec::new();
    for package in ["src", "mock_gateway/src"] {
        for path in rust_files(&root().join(package)) {
            let stem = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
            let folder = path.parent().expect("in a folder").to_path_buf();
            let (module, parents) = match stem.as_str() {
                "lib" | "main" => continue,
                "mod" => {
                    let module =
                        folder.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
                    (module, parents_of(&folder))
                }
                _ => (stem, parents_of(&path)),
            };
            let is_declared = parents.iter().filter(|parent| parent.exists()).any(|parent| {
                let text = fs::read_to_string(parent).expect("a readable source");
                mentions(&text, &format!("mod {module}"))
            });
            if !is_declared {
                orphans.push(name(&path));
            }
        }
    }
    assert!(orphans.is_empty(), "{orphans:#?}");
}

/// The files that may declare the module at a path.
fn parents_of(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().expect("in a folder");
    vec![folder.join("mod.rs"), folder.join("lib.rs"), folder.join("main.rs"), folder.with_extension("rs")]
}

#[test]
fn no_file_outgrows_a_room() {
    let mut long: Vec<String> = Vec::new();
    for folder in ["src", "mock_gateway", "tests", "benches"] {
        for path in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&path).expect("a readable source").lines().count();
            if lines > 700 && !is_test(&path) {
                long.push(format!("{}: {lines} lines", name(&path)));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}
