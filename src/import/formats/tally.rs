//! Counts what a reader leaves out of a file, cannot read, or reads differently from how the file has it. All
//! readers count in the same way, and the import's report lists the counts.

mod words;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::import::report::Note;
use crate::import::report::Severity;
use crate::words::sentence::Sentence;
use words::note;

/// Most kinds of things that are counted separately; any further ones are counted as [`Left::More`].
const KINDS: usize = 200;
/// Examples that the report quotes for each kind.
const QUOTED: usize = 3;

/// A kind of thing that is counted. The text in a variant is part of the kind: each layer or column is counted
/// separately.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Left {
    /// Rows of a table that are marked as deleted; they are left out.
    DeletedRows,
    /// Hidden rows of a sheet; they are read all the same.
    HiddenRows,
    /// Rows of a sheet that are struck through; they are read all the same.
    StruckRows,
    /// A GeoPackage that was written through a write-ahead log, and came without that log.
    LogBeside,
    /// Lines above a table's header.
    LinesAbove,
    /// Cells to the right of the header's last column.
    CellsBehind,
    /// Rows with cells in columns that have no name in the header.
    Nameless,
    /// Columns, or values that differ, under a name that stands twice in a table or a feature; the name.
    Twice(String),
    /// Columns beyond the number that is read.
    ColumnsBeyond,
    /// Cells of a numeric column that hold no number; the column's name.
    NotNumbers(String),
    /// Cells of `****`, where the number was too long for the field; the column's name.
    Overflown(String),
    /// Cells with an error such as `#REF!`, or with a formula whose value was not saved; the column's name.
    CellErrors(String),
    /// A column of a type that is not read: its name and its type.
    Column(String, String),
    /// Features whose attributes break off in the middle.
    AttributesCut,
    /// Cells of binary data; the column's name.
    Binary(String),
    /// Points or lines that share a feature with areas; the kind of geometry.
    Beside(String),
    /// KML placemarks that are switched off.
    Unticked,
    /// Drawings that the file refers to but does not contain.
    Reference(String),
    /// Areas that contain texts with two different codes; the layer's name.
    TwoCodes(String),
    /// A GeoPackage layer that is registered but has no table; its name.
    NoTable(String),
    /// KML links to the network, which are not followed.
    Links,
    /// Pictures laid over the map; their kind.
    Overlay(String),
    /// Files of an archive that could be read but were not asked for; the file's name.
    OtherFile(String),
    /// Another sheet or layer that was not read; its name.
    OtherLayer(String),
    /// KML coordinates separated only by commas. Two or three numbers were taken as one position; the value
    /// says which.
    CommasOnly(usize),
    /// KML coordinates with spaces after their commas.
    SpacesBehindCommas,
    /// Entities of a drawing that are not read: their kind and their layer.
    Entities(String, String),
    /// Objects on a drawing's print layout (paper space).
    Paper,
    /// Objects of a drawing that are individually switched off; the layer's name.
    Invisible(String),
    /// Objects on a layer that is off or frozen; the layer's name.
    LayerOff(String),
    /// Outlines that do not lie in the plan's plane; the layer's name.
    Tilted(String),
    /// Outlines that were slightly open and were closed; the layer's name, quoted with the gap in metres.
    Closed(String),
    /// Lines with a gap too wide to close; the layer's name, quoted with the gap in metres.
    Open(String),
    /// Hatch borders with a gap too wide to close; the layer's name, quoted with the gap in metres.
    Gap(String),
    /// Hatches whose border cannot be drawn; the layer's name.
    HatchBorder(String),
    /// Blocks that are nested more deeply than is read, or that the drawing does not define; the block's name.
    Block(String),
    /// Texts that name several codes, so that none is used; the layer's name.
    OpenCode(String),
    /// Texts that name a code but stand in no outline.
    CodeAlone,
    /// Texts with a struck-through part, which was left out; the layer's or the sheet's name.
    StruckText(String),
    /// Blocks of which the drawing shows only a part (XCLIP); they were read whole.
    Clipped(String),
    /// Areas with a code on a legend layer; the layer's name.
    Legend(String),
    /// Hidden columns of a sheet, which are read all the same; the column's name.
    HiddenColumn(String),
    /// Closed outlines without a land-use code; listed by layer.
    NoCode,
    /// Lines and bodies on layers that name no code; listed by layer.
    Linework,
    /// A Shapefile index (`.shx`) that cannot be used.
    Index,
    /// Columns of a table of points that are not known, or that repeat what another column holds.
    Unused,
    /// Columns of a plan's file that give no part of a zone.
    UnusedOfZones,
    /// Columns of a file of lines that give nothing.
    UnusedOfLines,
    /// Areas whose code stands in the name of a layer that is not clearly the plan's; the layer's name.
    UnclearLayer(String),
    /// Areas cut out of the areas around them; the outer area's layer. Quoted: their square metres.
    CutOut(String),
    /// Bytes of a `.shp` file that belong to no record of its index.
    Unlisted,
    /// Tables of a GeoPackage, or files of an archive, that hold no map this program reads; listed.
    NoMap,
    /// Columns of a plan's file that look like personal data; listed.
    Personal,
    /// Areas whose code was found among other words, as in a name; the layer's name, quoted with the texts.
    CodeAmongWords(String),
    /// Areas whose layer names another code than the text inside; the layer's name, quoted with the texts' codes.
    LayerAgainstText(String),
    /// Circles around a code, taken as the frame of a label; the layer's name, quoted with the texts.
    Framed(String),
    /// Circles with a code in an area of another code, read as zones; the layer's name, quoted with the codes.
    RoundZone(String),
    /// Cells that a program holds as a day without its year; the column's name.
    DayMonths(String),
    /// Comments on a sheet's cells; the sheet's name.
    Comments(String),
    /// Texts that fill their field to the last byte, so that their ends may be missing; the column's name.
    Filled(String),
    /// Areas with a code on a layer that the drawing does not print; the layer's name.
    NotPlotted(String),
    /// KML placemarks with a time or a span of time.
    Times,
    /// The unit of length that a drawing names, where its coordinates are too large to be metres.
    Unit(&'static str),
    /// Everything else, once very many different kinds were counted.
    More,
}

#[derive(Debug, Default)]
struct Count {
    pub(super) number: usize,
    pub(super) examples: Vec<String>,
}

/// Counts of one reading. Clones share the counts, so that a reader's own thread can hold one.
#[derive(Debug, Clone, Default)]
pub struct Tally(Arc<Mutex<BTreeMap<Left, Count>>>);

impl Tally {
    fn counts(&self) -> MutexGuard<'_, BTreeMap<Left, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one more of a kind.
    pub fn add(&self, what: Left) {
        self.many(what, 1);
    }

    /// Counts `number` more of a kind.
    pub fn many(&self, what: Left, number: usize) {
        if number > 0 {
            count_of(&mut self.counts(), what).number += number;
        }
    }

    /// Counts one more of a kind, and keeps the example if it is among the first.
    pub fn quote(&self, what: Left, example: &str) {
        let mut counts = self.counts();
        let count = count_of(&mut counts, what);
        count.number += 1;
        let mut example: String = example.trim().to_owned();
        if let Some((cut, _)) = example.char_indices().nth(60) {
            example.truncate(cut);
            example.push('…');
        }
        if count.examples.len() < QUOTED && !example.is_empty() && !count.examples.contains(&example) {
            count.examples.push(example);
        }
    }

    /// Counts several of a kind by name; the report lists the names with their numbers.
    pub fn list(&self, what: Left, by_name: &BTreeMap<String, usize>) {
        if by_name.is_empty() {
            return;
        }
        let mut counts = self.counts();
        let count = counts.entry(what).or_default();
        count.number += by_name.values().sum::<usize>();
        count.examples.extend(by_name.iter().take(12).map(|(name, number)| format!("{name}: {number}")));
    }

    /// The warnings, to append to an error: they may explain why nothing was read.
    pub fn because(&self) -> Sentence {
        let notes = self.notes().into_iter().filter(|note| note.severity == Severity::Warning).take(3);
        notes.fold(Sentence::none(), |before, note| sentence!("then-also", before, note = note.said))
    }

    /// How many of a kind were counted.
    pub fn count(&self, what: &Left) -> usize {
        self.counts().get(what).map_or(0, |count| count.number)
    }

    /// The notes for the report, one for each kind.
    pub fn notes(&self) -> Vec<Note> {
        self.counts().iter().map(|(what, count)| note(what, count)).collect()
    }
}

/// The count of a kind. Once [`KINDS`] different ones exist, a new one counts as [`Left::More`].
fn count_of(counts: &mut BTreeMap<Left, Count>, what: Left) -> &mut Count {
    let what = if counts.len() >= KINDS && !counts.contains_key(&what) { Left::More } else { what };
    counts.entry(what).or_default()
}
