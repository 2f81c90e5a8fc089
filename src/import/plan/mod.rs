//! Reads the file of an urban plan: its lots or zones, and the lines and points that lie beside them in other layers.

mod choose;
mod crossing;
mod lines;
mod roles;
mod see;

use std::collections::{BTreeMap, BTreeSet};

use super::feature::Kind;
use super::formats::part::{Layers, Part};
use super::formats::{self, Choice};
use super::report::{LayerFate, Report, Severity};
use super::source::Source;
use super::zones::{self, Imported, Options, Progress};
use crate::domain::city::AsBefore;
use crate::domain::plan::{LINES, LineKind, POINTS};
use crate::features::canonical::{CanonicalSet, FeatureText, Writer};
use crate::words::sentence::Sentence;
use choose::{Asked, Doubt, Seen, Taken, decide};

/// Reads the file of a plan. Of an urban plan it may hold several layers.
pub fn import(source: &Source, options: &Options, progress: Progress<'_>) -> Imported {
    if !options.has_lots() {
        return zones::import(source, options, progress);
    }
    let options = &Options { choice: Choice { tables: true, ..options.choice.clone() }, ..options.clone() };
    // What cannot be opened is told by the reader of zones.
    let Ok(seen) = see::see(source, &options.choice) else { return zones::import(source, options, progress) };
    if let Some(why) = of_existing_file(source, options, &seen) {
        return doubt(source, options, &seen, why);
    }
    if seen.iter().all(|own| own.kind == Kind::Areas && own.name().is_none()) {
        return zones::import(source, options, progress);
    }
    let by_names = decide(&seen, &asked(options));
    let is_as_before = by_names.is_err();
    let decided = by_names.or_else(|_| decide(&seen, &Asked { before: options.as_before.layer.as_deref(), ..asked(options) }));
    let decided = match decided {
        Ok(decided) => decided,
        Err(why) => return doubt(source, options, &seen, why),
    };
    let of_areas = parts(&seen, &decided, |taken| taken == Taken::Areas);
    if of_areas.is_empty() && seen.iter().any(|own| own.kind == Kind::Areas && own.count > 0) {
        let list = choose::list(seen.iter());
        return doubt(source, options, &seen, ("no-layer-of-plan", sentence!("no-layer-of-plan", list)));
    }
    let main = choice_of(&of_areas, &seen, options);
    let mut imported = zones::import(source, &Options { choice: main, ..options.clone() }, progress);
    if is_as_before {
        let layer = of_areas.first().and_then(|own| own.name()).unwrap_or_default();
        imported.report.add(Severity::Warning, "layer-as-before", None, sentence!("layer-as-before", layer));
    }
    // Lines lie where the areas lie, unless they say otherwise.
    let chosen = imported.report.crs.as_deref().and_then(|crs| crs.rsplit(':').next()?.parse().ok());
    let beside = Options { plane: imported.plane, as_before: AsBefore { crs: chosen, ..options.as_before.clone() }, ..options.clone() };
    let mut further = Vec::new();
    for (own_field, is_line) in [(LINES.field, true), (POINTS.field, false)] {
        let mut writer = Writer::default();
        for (own, taken) in groups(&seen, &decided).filter(|(_, taken)| matches!(taken, Taken::Lines(_)) == is_line) {
            read_group(source, &beside, &seen, &own, taken, &mut writer, &mut imported.report);
        }
        further.extend(writer.finish().map(|set| (own_field.to_owned(), set)));
    }
    if seen.iter().any(|own| own.is_drawing) && !further.is_empty() {
        // The list of layers says what became of the lines.
        imported.report.forget("linework-not-read");
    }
    tell_without_outline(&seen, &decided, &of_areas, &mut imported.report);
    if let Some((_, lines)) = further.iter().find(|(field, _)| field == LINES.field) {
        crossing::tell(&imported.drawn, &lines.chunks, &mut imported.report);
    }
    let fates = seen.iter().zip(&decided).filter(|(own, _)| !is_drawn_twice(own, &of_areas));
    imported.report.layers = fates.map(|(own, fate)| told(own, fate)).collect();
    imported.report.sort();
    let is_clean = imported.report.is_clean();
    imported.set = imported.set.filter(|_| is_clean);
    imported.further = if is_clean { further } else { Vec::new() };
    imported
}

/// The doubt about a file of one nameless layer whose own name says that it shows what is there already.
fn of_existing_file(source: &Source, options: &Options, seen: &[Seen]) -> Option<Doubt> {
    let names = [Some(source.name.clone()), formats::inner(source, &options.choice.limits)];
    let name = names.into_iter().flatten().find(|name| roles::read(name).role == Some(roles::Role::Existing))?;
    let is_one = seen.iter().all(|own| own.layer.is_none());
    is_one.then(|| ("no-layer-of-plan", sentence!("file-of-existing", name)))
}

/// Warns of lots that red lines run through, where the lines came in a file of their own.
pub fn check_lines(imported: &mut Imported) {
    let lines = imported.further.iter().find(|(field, _)| field == LINES.field).map(|(_, lines)| lines);
    if let Some(lines) = lines {
        crossing::tell(&imported.drawn, &lines.chunks, &mut imported.report);
        imported.report.sort();
    }
}

/// Reads a file of which all lines, or all points, belong to a plan. It may have several layers.
pub fn import_beside(source: &Source, options: &Options, are_lines: bool) -> Imported {
    let mut report = Report::about(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    let set = match see::see(source, &options.choice) {
        Err(error) => {
            zones::unreadable(&mut report, error);
            None
        }
        Ok(seen) => match of_existing_file(source, options, &seen) {
            Some((check, said)) => {
                report.add(Severity::Error, check, None, said);
                None
            }
            None => read_beside(source, options, &seen, are_lines, &mut report),
        },
    };
    if !source.is_unchanged() {
        report.add(Severity::Error, "changed-while-read", None, sentence!("changed-while-read-plan"));
    }
    report.sort();
    let drawn = set.as_ref().map(|set| set.chunks.clone()).unwrap_or_default();
    Imported { set: set.filter(|_| report.is_clean()), report, drawn, plane: options.plane, further: Vec::new() }
}

/// Reads what is seen of a file of lines, or of points.
fn read_beside(source: &Source, options: &Options, seen: &[Seen], are_lines: bool, report: &mut Report) -> Option<CanonicalSet> {
    let Layers { areas, lines, points } = &options.layers;
    // A bare name means the layer of this file.
    let own = [areas.as_slice(), if are_lines { lines } else { points }].concat();
    let asked = Asked { lines: &own, points: &own, ..Asked::default() };
    let decided = match choose::decide_beside(seen, &asked, if are_lines { Kind::Lines } else { Kind::Points }) {
        Ok(decided) => decided,
        Err((check, said)) => {
            report.add(Severity::Error, check, None, said);
            return None;
        }
    };
    let mut writer = Writer::default();
    for (own, taken) in groups(seen, &decided) {
        read_group(source, options, seen, &own, taken, &mut writer, report);
    }
    report.layers = seen.iter().zip(&decided).map(|(own, fate)| told(own, fate)).collect();
    let set = writer.finish();
    if report.is_clean() && set.is_none() {
        let why = seen.iter().find_map(|own| own.broken.clone()).map(|note| sentence!("and-also", note));
        let said = if are_lines { sentence!("no-lines-in-file", why) } else { sentence!("no-points-in-file", why) };
        report.add(Severity::Error, "empty", None, said);
    }
    set
}

/// What the planner chose.
fn asked(options: &Options) -> Asked<'_> {
    let Layers { areas, lines, points } = &options.layers;
    let areas = if areas.is_empty() { options.choice.layer.as_slice() } else { areas };
    Asked { areas, before: None, lines, points }
}

/// Parts of one layer that are taken as the same thing: they are read at once.
fn groups<'a>(seen: &'a [Seen], decided: &'a [Result<Taken, Sentence>]) -> impl Iterator<Item = (Vec<&'a Seen>, Taken)> + 'a {
    let mut groups: BTreeMap<(Option<&String>, Kind, Taken), Vec<&Seen>> = BTreeMap::new();
    for (own, fate) in seen.iter().zip(decided) {
        if let Ok(taken) = fate
            && *taken != Taken::Areas
        {
            groups.entry((own.layer.as_ref(), own.kind, *taken)).or_default().push(own);
        }
    }
    groups.into_iter().map(|((.., taken), own)| (own, taken))
}

/// Reads the lines or points of parts of one layer.
fn read_group(source: &Source, options: &Options, seen: &[Seen], parts: &[&Seen], taken: Taken, writer: &mut Writer, report: &mut Report) {
    let is_drawing = parts.iter().any(|own| own.is_drawing);
    let choice = Choice { lines: is_drawing, ..choice_of(parts, seen, options) };
    let options = Options { choice, ..options.clone() };
    let mut found = Report::default();
    let mut own = Vec::new();
    add(source, &options, taken, &mut own, &mut found);
    if found.findings.iter().any(|finding| finding.check == "crs-contradiction") {
        // The system that was given is that of the areas; these lines name their own.
        (found, own) = (Report::default(), Vec::new());
        add(source, &Options { crs: None, ..options.clone() }, taken, &mut own, &mut found);
    }
    for finding in found.findings.iter_mut().filter(|finding| finding.check == "crs-as-before") {
        finding.said = sentence!("crs-as-areas", epsg = options.as_before.crs.unwrap_or(options.plane)).said();
    }
    own.iter().for_each(|piece| writer.push(piece));
    report.features += if report.crs.is_none() { found.features } else { 0 };
    report.crs = report.crs.take().or(found.crs.take());
    let names: Vec<&str> = parts.iter().filter_map(|own| own.name()).collect();
    report.absorb(&names.join(", "), found);
}

/// Lots that were drawn as lines or points: they stand beside the areas, in the same layer, and have their columns.
fn tell_without_outline(seen: &[Seen], decided: &[Result<Taken, Sentence>], of_areas: &[&Seen], report: &mut Report) {
    let columns: Vec<String> = report.code_column.iter().chain(report.lot_columns.get("lot")).cloned().collect();
    for (own, fate) in seen.iter().zip(decided) {
        let is_beside = !own.is_drawing
            && own.kind != Kind::Areas
            && of_areas.iter().any(|areas| (&areas.layer, &areas.folder) == (&own.layer, &own.folder));
        let Some(column) = columns.iter().find(|column| own.columns.contains(*column)).filter(|_| fate.is_err() && is_beside) else {
            continue;
        };
        let kind = if own.kind == Kind::Lines { sentence!("kind-lines") } else { sentence!("kind-points") };
        let said = sentence!("lots-without-outline", count = own.count, column, kind);
        report.add(Severity::Error, "not-a-polygon", None, said);
    }
}

/// Adds the lines or points that are read to `pieces`.
fn add(source: &Source, options: &Options, taken: Taken, pieces: &mut Vec<FeatureText>, report: &mut Report) {
    match taken {
        Taken::Lines(kind) => lines::add_lines(source, options, kind, pieces, report),
        Taken::Points(kind) => lines::add_points(source, options, kind, pieces, report),
        Taken::Areas => {}
    }
}

/// The parts that are taken so.
fn parts<'a>(seen: &'a [Seen], decided: &[Result<Taken, Sentence>], is_one: impl Fn(Taken) -> bool) -> Vec<&'a Seen> {
    seen.iter().zip(decided).filter(|(_, fate)| fate.as_ref().is_ok_and(|taken| is_one(*taken))).map(|(own, _)| own).collect()
}

/// True for the lines of a drawing that are the outlines of areas which are taken: the list would name them twice.
fn is_drawn_twice(own: &Seen, of_areas: &[&Seen]) -> bool {
    let are_they = |areas: &&Seen| (&areas.layer, &areas.folder, areas.count) == (&own.layer, &own.folder, own.count);
    own.is_drawing && own.kind == Kind::Lines && of_areas.iter().any(are_they)
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

/// What is to be read for these parts, which lie in one layer and are of one kind.
fn choice_of(parts: &[&Seen], seen: &[Seen], options: &Options) -> Choice {
    let Some(first) = parts.first() else { return Choice { part: None, ..options.choice.clone() } };
    let (layer, kind) = (first.layer.clone(), first.kind);
    let is_all = seen
        .iter()
        // A drawing gives either its areas, or its lines and points.
        .filter(|own| own.layer == layer && own.count > 0 && !(own.is_drawing && (own.kind == Kind::Areas) != (kind == Kind::Areas)))
        .all(|own| parts.contains(&own));
    let folders = (!first.is_of_any_folder).then(|| parts.iter().map(|own| own.folder.clone()).collect::<BTreeSet<_>>());
    Choice { layer, part: (!is_all).then_some(Part { kind, folders }), ..options.choice.clone() }
}

/// The report on a file of which nothing can be taken before the planner chooses.
fn doubt(source: &Source, options: &Options, seen: &[Seen], (check, said): Doubt) -> Imported {
    let mut report = Report::about(&source.name);
    report.sha256 = source.digest().ok().map(|digest| digest.to_string());
    report.add(Severity::Error, check, None, said);
    report.layers = seen.iter().map(|own| told(own, &Err(sentence!("layer-undecided")))).collect();
    Imported { report, set: None, drawn: Vec::new(), plane: options.plane, further: Vec::new() }
}
