//! Which columns hold what a plan needs.

use serde_json::{Map, Value};

use super::Options;
use super::held::LotColumns;
use super::lines_of_lots::{self, Lines, is_line};
use super::words::held_words;
use crate::domain::city::Columns;
use crate::domain::land_use::{self, LandUse};
use crate::import::columns;
use crate::import::formats::{Left, Tally};
use crate::import::report::{Report, Severity};

/// The use that a text names, if the plan may have it.
fn allowed(options: &Options, text: &str) -> Option<&'static LandUse> {
    let entry = if options.kind.is_urban() { land_use::called(text, options.kind) } else { land_use::get(text) };
    entry.filter(|entry| land_use::is_allowed(entry, options.kind, options.signed))
}

type FindColumn<'a> = &'a dyn Fn(&[&Map<String, Value>], Option<&str>) -> Option<String>;

/// Finds the columns: those that the planner named first, then those that the authority used before.
pub(super) fn find_columns(rows: &[&Map<String, Value>], options: &Options, report: &mut Report) -> Option<Columns> {
    if options.outline {
        return Some(Columns { name: columns::name_column(rows, options.columns.name.as_deref(), None), ..Columns::default() });
    }
    let allowed = |text: &str| Some(allowed(options, text)?.code.as_str());
    let asked = &options.columns;
    let code = columns::code_column(rows, asked.land_use.as_deref(), allowed);
    let as_before = &options.as_before.columns;
    let remembered = as_before.land_use.as_deref().filter(|_| asked.land_use.is_none());
    let before = remembered.and_then(|name| columns::code_column(rows, Some(name), allowed));
    let is_chosen = asked.land_use.is_some() || before.is_some();
    if let (Some(before), Some(code)) = (&before, &code)
        && before != code
        && columns::rival_codes(rows, before, allowed).contains(code)
    {
        report.add(Severity::Warning, "land-use-as-before", None, sentence!("land-use-as-before", column = before, other = code));
    }
    let found = before.or(code);
    if found.is_none() && asked.land_use.is_none() && options.has_lots() {
        report.add(Severity::Warning, "lots-without-use", None, sentence!("lots-without-use", list = columns::list(rows)));
        return Some(Columns {
            land_use: None,
            name: columns::name_column(rows, asked.name.as_deref(), None),
            note: columns::note_column(rows, asked.note.as_deref()),
        });
    }
    let Some(land_use) = found else {
        let lead = match &asked.land_use {
            Some(name) => sentence!("no-such-column", name),
            None => sentence!("no-code-column-found"),
        };
        let list = columns::list(rows);
        report.add(Severity::Error, "no-code-column", None, sentence!("no-code-column", lead, list));
        return None;
    };
    let rivals = if is_chosen { Vec::new() } else { columns::rival_codes(rows, &land_use, allowed) };
    if !rivals.is_empty() {
        let list = |names: &mut dyn Iterator<Item = &String>| names.map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
        if !options.kind.is_urban() {
            let list = list(&mut std::iter::once(&land_use).chain(&rivals));
            report.add(Severity::Error, "choose-code-column", None, sentence!("choose-code-column", list));
            return None;
        }
        // A code of the land law beside a class of the urban plan is usual there.
        let said = sentence!("other-code-column", column = land_use, others = list(&mut rivals.iter()));
        report.add(Severity::Warning, "other-code-column", None, said);
    }
    for (field, name) in [("name", &asked.name), ("note", &asked.note)] {
        let Some(name) = name else { continue };
        if columns::name_column(rows, Some(name), None).is_none() {
            let list = columns::list(rows);
            report.add(Severity::Error, "no-column", None, sentence!("column-map-columns", name, field, list));
            return None;
        }
    }
    let find = |asked: &Option<String>, before: &Option<String>, find: FindColumn<'_>| {
        let before = before.as_deref().filter(|_| asked.is_none()).and_then(|name| find(rows, Some(name)));
        before.or_else(|| find(rows, asked.as_deref()))
    };
    Some(Columns {
        name: find(&asked.name, &as_before.name, &|rows, name| columns::name_column(rows, name, Some(&land_use))),
        note: find(&asked.note, &as_before.note, &columns::note_column),
        land_use: Some(land_use),
    })
}

/// The columns of lots; `raw` gives the name of one as it is in the file. None, with an error, for one that the planner named and the file does not have.
pub(super) fn find_lots(
    rows: &[&Map<String, Value>],
    columns: &[String],
    raw: impl Fn(&str) -> String,
    options: &Options,
    uses: Option<&str>,
    report: &mut Report,
) -> Option<LotColumns> {
    // `KYHIEU` may be the lot's number or its use: the content decides.
    let names_uses = |column: &str| columns::holds_codes(rows, column, |text| Some(allowed(options, text)?.code.as_str()));
    match LotColumns::find(columns, &options.lot_columns, uses, &names_uses, raw) {
        Ok(mut found) => {
            for (one, other) in found.drop_clashing(columns, &options.lot_columns) {
                report.add(Severity::Warning, "cut-names-clash", None, sentence!("cut-names-clash", one, other));
            }
            Some(found)
        }
        Err((field, name)) => {
            let list = columns.iter().take(40).map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
            report.add(Severity::Error, "no-column", None, sentence!("no-lot-column", name, field, list));
            None
        }
    }
}

/// Takes the lines of texts that a drawing prints into its lots for the columns of lots, and says so: the planner compares it
/// with the legend. `areas` are those of the rows as measured, square metres. What the planner named is not touched.
pub(super) fn take_lines(
    lots: &mut LotColumns,
    rows: &[&Map<String, Value>],
    areas: impl Iterator<Item = Option<f64>>,
    options: &Options,
    report: &mut Report,
) {
    lots.usual_lines = lines_of_lots::usual(rows);
    if options.lot_columns.values().any(|column| is_line(column)) {
        return;
    }
    match lines_of_lots::find(rows, areas) {
        Lines::None => {}
        Lines::Found { held, count, example } => {
            report.add(Severity::Warning, "lines-of-lots", None, sentence!("lines-of-lots", list = held_words(&held), count, example));
            lots.take_lines(&held);
        }
        Lines::Unclear { count, example } => {
            report.add(Severity::Warning, "lines-of-lots-unclear", None, sentence!("lines-of-lots-unclear", count, example));
        }
    }
}

/// Names the columns of which nothing is taken.
pub(super) fn tell_unused(rows: &[&Map<String, Value>], columns: &Columns, lots: Option<&LotColumns>, report: &mut Report) {
    let used = [&columns.land_use, &columns.name, &columns.note];
    let repeats_code =
        |column: &str| columns.land_use.as_deref().is_some_and(|code| rows.iter().all(|row| row.get(column) == row.get(code)));
    let is_used = |column: &str| {
        used.iter().any(|used| used.as_deref() == Some(column)) || lots.is_some_and(|lots| lots.use_column(column)) || repeats_code(column)
    };
    let unused = columns::unused(rows, is_used);
    let tally = Tally::default();
    tally.list(Left::UnusedOfZones, &unused);
    let is_personal = |(column, _): &(&String, &usize)| columns::is_personal(column);
    let personal = unused.iter().filter(is_personal).map(|(column, count)| (column.clone(), *count)).collect();
    tally.list(Left::Personal, &personal);
    report.take(tally.notes());
}
