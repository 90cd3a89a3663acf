//! From a seed file to a plan: read, checked, product lists put in.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::SeedError;
use super::file::{SeedFile, Sku, Store};
use super::products::{self, Product};
use super::table;

/// Where seed files come from.
#[derive(Debug, Clone)]
pub enum Shelf {
    /// A directory.
    Directory(PathBuf),
    /// Names and contents that are part of the program.
    Embedded(&'static [(&'static str, &'static [u8])]),
}

impl Shelf {
    /// The text of a file.
    fn text(&self, name: &str) -> io::Result<String> {
        match self {
            Shelf::Directory(directory) => fs::read_to_string(directory.join(name)),
            Shelf::Embedded(_) => {
                let mut text = String::new();
                self.open(name)?.read_to_string(&mut text)?;
                Ok(text)
            }
        }
    }

    /// A file's contents, unpacked.
    pub fn open(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Shelf::Directory(directory) => table::open(&directory.join(name)),
            Shelf::Embedded(files) => {
                let found = files.iter().find(|(known, _)| *known == name);
                let (_, bytes) = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                table::unpacked(Cursor::new(*bytes))
            }
        }
    }
}

/// A seed file with every product in its place.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How errors and the summary call the file.
    pub(super) file: String,
    /// Each store, its `skus` complete.
    pub stores: Vec<Store>,
}

/// Reads the seed file at a path; product lists are looked for beside it.
pub fn from_path(path: &Path) -> Result<Plan, SeedError> {
    let directory = path.parent().map(Path::to_owned).unwrap_or_default();
    let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
        return Err(SeedError::Read {
            file: path.display().to_string(),
            source: io::Error::from(io::ErrorKind::InvalidInput),
        });
    };
    from_shelf(&Shelf::Directory(directory), name, path.display().to_string())
}

/// Reads a seed file from a shelf; `file` is what errors call it.
pub fn from_shelf(shelf: &Shelf, name: &str, file: String) -> Result<Plan, SeedError> {
    let text = shelf.text(name).map_err(|source| SeedError::Read { file: file.clone(), source })?;
    let is_json = Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    let parsed: SeedFile = if is_json { json(&text, &file)? } else { toml(&text, &file)? };
    let mut plan = Plan { file, stores: parsed.stores };
    if plan.stores.is_empty() {
        return Err(plan.wrong("stores", "no store in it"));
    }
    let mut ids = HashSet::new();
    for place in 0..plan.stores.len() {
        let key = format!("stores[{place}]");
        if !ids.insert(plan.stores[place].id.clone()) {
            return Err(plan.wrong(&format!("{key}.id"), "the same store twice"));
        }
        if let Some(list) = plan.stores[place].products.clone() {
            let listed = product_list(shelf, &plan, &key, place, &list)?;
            plan.stores[place].skus.extend(listed);
        }
        check(&plan, &key, &plan.stores[place])?;
    }
    Ok(plan)
}

impl Plan {
    /// An error about one key of the file.
    fn wrong(&self, key: &str, why: &str) -> SeedError {
        SeedError::Content { file: self.file.clone(), key: key.to_owned(), why: why.to_owned() }
    }
}

fn product_list(
    shelf: &Shelf,
    plan: &Plan,
    key: &str,
    place: usize,
    list: &str,
) -> Result<Vec<Sku>, SeedError> {
    let key = format!("{key}.products");
    let wrong = |why: String| plan.wrong(&key, &format!("{list}: {why}"));
    let digits = plan.stores[place].currency.minor_digits();
    let from = shelf.open(list).map_err(|error| wrong(error.to_string()))?;
    let products = products::read(from).map_err(|error| match error {
        products::ProductsError::Csv(source) => wrong(source.to_string()),
        row @ (products::ProductsError::Row { .. } | products::ProductsError::Price { .. }) => {
            wrong(row.to_string())
        }
    })?;
    products.into_iter().map(|product| stocked(product, digits).map_err(&wrong)).collect()
}

/// A product as a SKU to be filled.
fn stocked(product: Product, minor_digits: u32) -> Result<Sku, String> {
    let Product { sku, name, unit_price, units_sold, on_hand, reorder_point, safety_stock } = product;
    let price = unit_price.map(|price| price.minor_units(minor_digits)).transpose();
    Ok(Sku {
        unit_price: price.map_err(|why| format!("unit_price of SKU {sku} is {why}"))?,
        on_hand: on_hand
            .or(units_sold)
            .ok_or_else(|| format!("SKU {sku} has neither on_hand nor units_sold"))?,
        sku: sku.parse().map_err(|why| format!("`{sku}`: {why}"))?,
        name: Some(name),
        reorder_point: reorder_point.unwrap_or(0),
        safety_stock: safety_stock.unwrap_or(0),
    })
}

/// What the types cannot say.
fn check(plan: &Plan, key: &str, store: &Store) -> Result<(), SeedError> {
    let mut skus = HashSet::new();
    for (place, sku) in store.skus.iter().enumerate() {
        if !skus.insert(&sku.sku) {
            return Err(plan.wrong(&format!("{key}.skus"), &format!("SKU {} twice", sku.sku)));
        }
        if sku.unit_price.is_some_and(i64::is_negative) {
            return Err(plan.wrong(&format!("{key}.skus[{place}].unit_price"), "a negative price"));
        }
    }
    let mut names = HashSet::new();
    for (place, rule) in store.rules.iter().flatten().enumerate() {
        if !names.insert(&rule.name) {
            return Err(plan.wrong(&format!("{key}.rules[{place}].name"), "the same rule twice"));
        }
    }
    Ok(())
}

fn toml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, SeedError> {
    let syntax = |error: toml::de::Error| SeedError::Syntax {
        file: file.to_owned(),
        line: line_of(text, error.span()),
        why: error.message().to_owned(),
    };
    let document = toml::Deserializer::parse(text).map_err(syntax)?;
    serde_path_to_error::deserialize(document).map_err(|error| {
        let key = error.path().to_string();
        let inner = error.into_inner();
        let line = line_of(text, inner.span());
        SeedError::Content { file: format!("{file}:{line}"), key, why: inner.message().to_owned() }
    })
}

fn json<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, SeedError> {
    let mut document = serde_json::Deserializer::from_str(text);
    let wrong = |error: &serde_json::Error| error.to_string();
    let value = serde_path_to_error::deserialize(&mut document).map_err(|error| {
        let key = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => {
                SeedError::Content { file: format!("{file}:{}", inner.line()), key, why: wrong(&inner) }
            }
            _ => SeedError::Syntax { file: file.to_owned(), line: inner.line(), why: wrong(&inner) },
        }
    })?;
    document.end().map_err(|error| SeedError::Syntax {
        file: file.to_owned(),
        line: error.line(),
        why: wrong(&error),
    })?;
    Ok(value)
}

/// The line that a span of a text begins on, from 1.
fn line_of(text: &str, span: Option<std::ops::Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start.min(text.len()));
    text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1
}
