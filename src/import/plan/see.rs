//! Looks at all layers of a file before one is read.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::choose::Seen;
use super::lines::tells;
use crate::import::cell;
use crate::import::feature::Kind;
use crate::import::formats::part::folder;
use crate::import::formats::{self, Choice, ReadError};
use crate::import::source::Source;

/// Features whose columns are looked at.
const SAMPLE: usize = 50;

/// What a folder of a layer holds of a kind.
#[derive(Default)]
struct Found {
    count: usize,
    sample: Vec<serde_json::Map<String, serde_json::Value>>,
}

/// Most folders of a layer that are told apart.
const MOST_FOLDERS: usize = 400;

type Parts = BTreeMap<(Option<String>, Kind), Found>;

/// Counts what a layer holds, by folder and kind of geometry.
fn count(source: &Source, choice: &Choice) -> (Parts, bool, Option<ReadError>) {
    let mut parts = Parts::new();
    let mut reader = match formats::open(source, choice) {
        Ok(reader) => reader,
        Err(error) => return (parts, false, Some(error)),
    };
    let is_drawing = reader.is_drawing();
    loop {
        let feature = match reader.next() {
            Ok(Some(raw)) => raw.parse(),
            Ok(None) => return (parts, is_drawing, None),
            Err(error) => return (parts, is_drawing, Some(error)),
        };
        let found = parts.entry((folder(&feature.properties).map(str::to_owned), Kind::of(&feature))).or_default();
        found.count += 1;
        if found.sample.len() < SAMPLE {
            found.sample.push(feature.properties);
        }
    }
}

/// All parts of a file, layer by layer. Errors: the file cannot be opened at all.
pub(super) fn see(source: &Source, choice: &Choice) -> Result<Vec<Seen>, ReadError> {
    let names = formats::names(source, &choice.limits)?;
    let layers: Vec<Option<String>> = if names.is_empty() { vec![None] } else { names.into_iter().map(Some).collect() };
    let all = layers.into_par_iter().map(|layer| {
        let own = Choice { layer: layer.clone(), lines: false, part: None, ..choice.clone() };
        let (mut parts, is_drawing, mut error) = count(source, &own);
        if !is_drawing && error.as_ref().is_none_or(|error| error.check != "empty") {
            return of(layer, parts, false, error);
        }
        // A drawing gives its areas first, and its lines and points when it is asked for them.
        let (lines, is_drawn, none) = count(source, &Choice { lines: true, ..own });
        let is_drawing = is_drawn || is_drawing;
        if is_drawing {
            parts.extend(lines.into_iter().filter(|((_, kind), _)| *kind != Kind::Areas));
            error = error.filter(|_| none.is_some());
        }
        of(layer, parts, is_drawing, error)
    });
    Ok(all.collect::<Vec<_>>().into_iter().flatten().collect())
}

/// All folders of a layer as one, for a layer that has too many to be listed.
fn joined(parts: Parts) -> Parts {
    let mut whole = Parts::new();
    for ((_, kind), found) in parts {
        let all = whole.entry((None, kind)).or_default();
        all.count += found.count;
        all.sample.extend(found.sample.into_iter().take(SAMPLE.saturating_sub(all.sample.len())));
    }
    whole
}

/// A layer's parts, as they are chosen from.
fn of(layer: Option<String>, parts: Parts, is_drawing: bool, error: Option<ReadError>) -> Vec<Seen> {
    let (parts, is_of_any_folder) = if parts.len() > MOST_FOLDERS { (joined(parts), true) } else { (parts, false) };
    let one = |folder, kind, found: &Found, broken| {
        let rows: Vec<&serde_json::Map<_, _>> = found.sample.iter().collect();
        let tells = !is_drawing && tells(&rows, kind);
        let says = |value: &serde_json::Value| cell::text(value).is_some_and(|text| !text.trim().is_empty());
        let columns = rows.iter().flat_map(|row| row.iter()).filter(|(_, value)| says(value)).map(|(column, _)| column.clone()).collect();
        Seen { layer: layer.clone(), folder, kind, count: found.count, is_drawing, tells, broken, is_of_any_folder, columns }
    };
    let broken = error.map(|error| error.said);
    if parts.is_empty() {
        return vec![one(None, Kind::Areas, &Found::default(), broken)];
    }
    parts.into_iter().map(|((folder, kind), found)| one(folder, kind, &found, broken.clone())).collect()
}
