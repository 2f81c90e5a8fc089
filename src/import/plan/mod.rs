//! Reads the file of an urban plan: its lots or zones, and the lines and points that lie beside them in other layers.

mod choose;
mod lines;
mod roles;
mod see;

use std::collections::BTreeSet;

use super::feature::Kind;
use super::formats::Choice;
use super::formats::part::{Layers, Part};
use super::report::{LayerFate, Report, Severity};
use super::source::Source;
use super::zones::{self, Imported, Options, Progress};
use crate::domain::city::AsBefore;
use crate::domain::plan::{LINES, LineKind, POINTS};
use crate::features::canonical::Writer;
use crate::words::sentence::Sentence;
use choose::{Asked, Doubt, Seen, Taken, decide};
use roles::Role;

/// Reads the file of a plan. Of an urban plan it may hold several layers.
pub fn import(source: &Source, options: &Options, progress: Progress<'_>) -> Imported {
    if !options.has_lots() {
        return zones::import(source, options, progress);
    }
    // What cannot be opened is told by the reader of zones.
    let Ok(seen) = see::see(source, &options.choice) else { return zones::import(source, options, progress) };
    if seen.iter().all(|own| own.kind == Kind::Areas && own.name().is_none()) {
        return zones::import(source, options, progress);
    }
    let Layers { lines, points } = &options.layers;
    let asked = Asked { areas: options.choice.layer.as_deref(), before: None, lines, points };
    let by_names = decide(&seen, &asked);
    let is_as_before = by_names.is_err();
    let decided = match by_names.or_else(|_| decide(&seen, &Asked { before: options.as_before.layer.as_deref(), ..asked })) {
        Ok(decided) => decided,
        Err(why) => return doubt(source, options, &seen, why),
    };
    let of_areas: Vec<&Seen> = of(&seen, &decided, |taken| *taken == Taken::Areas).map(|(own, _)| own).collect();
    if of_areas.is_empty() && seen.iter().any(|own| own.kind == Kind::Areas && own.count > 0) {
        let list = choose::list(seen.iter());
        return doubt(source, options, &seen, ("no-layer-of-plan", sentence!("no-layer-of-plan", list)));
    }
    let main = choice_of(&of_areas, &seen, Kind::Areas, options);
    let mut imported = zones::import(source, &Options { choice: main, ..options.clone() }, progress);
    if is_as_before {
        let layer = of_areas.first().and_then(|own| own.name()).unwrap_or_default();
        imported.report.add(Severity::Warning, "layer-as-before", None, sentence!("layer-as-before", layer));
    }
    let chosen = imported.report.crs.as_deref().and_then(|crs| crs.rsplit(':').next()?.parse().ok());
    // Lines lie where the areas lie, unless they say otherwise.
    let beside = Options { plane: imported.plane, ..options.clone() };
    let beside = Options { as_before: AsBefore { crs: chosen, ..options.as_before.clone() }, ..beside };
    let mut further = Vec::new();
    for (own_field, is_line) in [(LINES.field, true), (POINTS.field, false)] {
        let mut writer = Writer::default();
        for (own, taken) in of(&seen, &decided, |taken| matches!(taken, Taken::Lines(_)) == is_line && *taken != Taken::Areas) {
            let choice = choice_of(&[own], &seen, own.kind, &beside);
            let choice = Choice { lines: own.is_drawing, ..choice };
            let options = Options { choice, ..beside.clone() };
            let mut report = Report::default();
            add(source, &options, *taken, &mut writer, &mut report);
            for finding in report.findings.iter_mut().filter(|finding| finding.check == "crs-as-before") {
                finding.said = sentence!("crs-as-areas", epsg = chosen.unwrap_or(options.plane)).said();
            }
            imported.report.absorb(own.name().unwrap_or_default(), report);
        }
        further.extend(writer.finish().map(|set| (own_field.to_owned(), set)));
    }
    for (own, fate) in seen.iter().zip(&decided) {
        imported.report.layers.push(told(own, fate));
    }
    imported.report.sort();
    let is_clean = imported.report.is_clean();
    imported.set = imported.set.filter(|_| is_clean);
    imported.further = if is_clean { further } else { Vec::new() };
    imported
}

/// Reads a file of which all lines, or all points, belong to a plan. It may have several layers.
pub fn import_beside(source: &Source, options: &Options, are_lines: bool) -> Imported {
    let mut report = Report::about(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    let mut writer = Writer::default();
    let kind = if are_lines { Kind::Lines } else { Kind::Points };
    match see::see(source, &options.choice) {
        Err(error) => zones::unreadable(&mut report, error),
        Ok(seen) => {
            let own: Vec<&Seen> = seen.iter().filter(|own| own.kind == kind && !own.is_existing()).collect();
            for own in &own {
                let choice = Choice { lines: own.is_drawing, ..choice_of(&[own], &seen, kind, options) };
                let options = Options { choice, ..options.clone() };
                let mut found = Report::default();
                let taken = match own.role() {
                    Some(Role::Lines(kind)) if are_lines => Taken::Lines(Some(kind)),
                    Some(Role::Points(kind)) if !are_lines => Taken::Points(Some(kind)),
                    _ if are_lines => Taken::Lines(None),
                    _ => Taken::Points(None),
                };
                add(source, &options, taken, &mut writer, &mut found);
                report.features += found.features;
                report.crs = report.crs.take().or(found.crs.take());
                report.absorb(own.name().unwrap_or_default(), found);
            }
            if own.is_empty() {
                let said = if are_lines { sentence!("no-lines-in-file") } else { sentence!("no-points-in-file") };
                report.add(Severity::Error, "empty", None, said);
            }
        }
    }
    if !source.is_unchanged() {
        report.add(Severity::Error, "changed-while-read", None, sentence!("changed-while-read-plan"));
    }
    report.sort();
    let set = writer.finish();
    let drawn = set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    Imported { set: set.filter(|_| report.is_clean()), report, drawn, plane: options.plane, further: Vec::new() }
}

/// Adds the lines or points of a part to `writer`.
fn add(source: &Source, options: &Options, taken: Taken, writer: &mut Writer, report: &mut Report) {
    match taken {
        Taken::Lines(kind) => lines::add_lines(source, options, kind, writer, report),
        Taken::Points(kind) => lines::add_points(source, options, kind, writer, report),
        Taken::Areas => {}
    }
}

/// The parts that are taken as something.
fn of<'a>(
    seen: &'a [Seen],
    decided: &'a [Result<Taken, Sentence>],
    is_one: impl Fn(&Taken) -> bool + 'a,
) -> impl Iterator<Item = (&'a Seen, &'a Taken)> + 'a {
    seen.iter().zip(decided).filter_map(move |(own, fate)| fate.as_ref().ok().filter(|taken| is_one(taken)).map(|taken| (own, taken)))
}

/// A line of the report for a part: as what it was taken, or why not.
fn told(own: &Seen, fate: &Result<Taken, Sentence>) -> LayerFate {
    let count = own.count;
    let what = match own.kind {
        Kind::Areas => sentence!("layer-areas", count),
        Kind::Lines => sentence!("layer-lines", count),
        Kind::Points => sentence!("layer-points", count),
    };
    let fate_words = match fate {
        Ok(Taken::Areas) => sentence!("taken-areas"),
        Ok(Taken::Lines(Some(kind))) => sentence!("taken-lines", kind = line_words(*kind)),
        Ok(Taken::Lines(None)) => sentence!("taken-lines-by-column"),
        Ok(Taken::Points(_)) => sentence!("taken-points"),
        Err(why) => sentence!("layer-left-out", why),
    };
    let broken = own.broken.as_ref().map(|why| sentence!("and-also", note = why));
    LayerFate {
        name: own.name().map(str::to_owned),
        kind: own.kind,
        features: count,
        taken: fate.as_ref().ok().map(|taken| field_of(*taken).to_owned()),
        said: sentence!("layer-told", what, fate = fate_words, broken).said(),
    }
}

/// What a kind of line is called.
fn line_words(kind: LineKind) -> Sentence {
    match kind {
        LineKind::RedLine => sentence!("line-red-line"),
        LineKind::BuildingLine => sentence!("line-building-line"),
        LineKind::Road => sentence!("line-road"),
        LineKind::Corridor => sentence!("line-corridor"),
        LineKind::Limit => sentence!("line-limit"),
        LineKind::Other => sentence!("line-other"),
    }
}

/// The field of the facts that takes it.
fn field_of(taken: Taken) -> &'static str {
    match taken {
        Taken::Areas => "zones",
        Taken::Lines(_) => LINES.field,
        Taken::Points(_) => POINTS.field,
    }
}

/// What is to be read for these parts, which lie in one layer.
fn choice_of(parts: &[&Seen], seen: &[Seen], kind: Kind, options: &Options) -> Choice {
    let layer = parts.first().and_then(|own| own.layer.clone());
    let is_all = seen.iter().filter(|own| own.layer == layer && !(own.is_drawing && own.kind != kind)).all(|own| parts.contains(&own));
    let folders: BTreeSet<Option<String>> = parts.iter().map(|own| own.folder.clone()).collect();
    let part = (!is_all && !parts.is_empty()).then_some(Part { kind, folders });
    Choice { layer, part, ..options.choice.clone() }
}

/// The report on a file of which nothing can be taken before the planner chooses.
fn doubt(source: &Source, options: &Options, seen: &[Seen], (check, said): Doubt) -> Imported {
    let mut report = Report::about(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    report.add(Severity::Error, check, None, said);
    report.layers = seen.iter().map(|own| told(own, &Err(sentence!("layer-undecided")))).collect();
    Imported { report, set: None, drawn: Vec::new(), plane: options.plane, further: Vec::new() }
}
