//! Counts what a reader leaves out of a file, cannot read, or reads differently from how the file has it. All
//! readers count in the same way, and the import's report lists the counts.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::import::report::Note;
use crate::import::report::Severity;

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
    /// Areas whose code stands in the name of a layer that is not clearly the plan's; the layer's name.
    UnclearLayer(String),
    /// Areas cut out of the areas around them; the outer area's layer. Quoted: their square metres.
    CutOut(String),
    /// Bytes of a `.shp` file that belong to no record of its index.
    Unlisted,
    /// Columns of a plan's file that look like personal data; listed.
    Personal,
    /// Everything else, once very many different kinds were counted.
    More,
}

#[derive(Debug, Default)]
struct Count {
    number: usize,
    examples: Vec<String>,
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
        let example: String = example.trim().chars().take(40).collect();
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

    /// The warnings, in Vietnamese and English, as sentences to append to an error: they may explain why
    /// nothing was read.
    pub fn because(&self) -> (String, String) {
        let notes = self.notes().into_iter().filter(|note| note.severity == Severity::Warning).take(3);
        notes.fold(Default::default(), |(vi, en): (String, String), note| (format!("{vi}. {}", note.vi), format!("{en}. {}", note.en)))
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

#[expect(clippy::too_many_lines, reason = "one arm for each thing that is left out")]
fn note(what: &Left, count: &Count) -> Note {
    use Severity::{Repair, Warning};
    let n = count.number;
    let examples = count.examples.iter().map(|text| format!("“{text}”")).collect::<Vec<_>>().join(", ");
    let more = if n > count.examples.len() { " …" } else { "" };
    let examples = format!("{examples}{more}");
    let gaps = count.examples.join("; ");
    let listed = count.examples.join(", ");
    // “1 row was”, “2 rows were”.
    let be = |one: &'static str, more: &'static str| if n == 1 { one } else { more };
    let many = |one: &str, more: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {more}") };
    let (severity, check, vi, en) = match what {
        Left::DeletedRows => (
            Warning,
            "deleted-rows",
            format!("{n} dòng của bảng thuộc tính đã bị đánh dấu xóa, không đưa vào"),
            many("row of the table is marked as deleted and was left out", "rows of the table are marked as deleted and were left out"),
        ),
        Left::HiddenRows => (
            Warning,
            "hidden-rows",
            format!("{n} dòng của trang tính đang bị ẩn (lọc) nhưng vẫn được đọc; nếu không muốn công bố, hãy xóa các dòng đó"),
            many(
                "row of the sheet is hidden (by a filter) and was read all the same; delete it if it is not to be published",
                "rows of the sheet are hidden (by a filter) and were read all the same; delete them if they are not to be published",
            ),
        ),
        Left::StruckRows => (
            Warning,
            "struck-rows",
            format!("{n} dòng của trang tính bị gạch ngang nhưng vẫn được đọc ({examples}); nếu không muốn công bố, hãy xóa các dòng đó"),
            format!(
                "{} of the sheet {} struck through and read all the same ({examples}); delete what is not to be published",
                many("row", "rows"),
                be("is", "are")
            ),
        ),
        Left::LogBeside => (
            Warning,
            "log-beside",
            "GeoPackage này được ghi qua một tệp -wal bên cạnh; nếu nó được sao chép khi phần mềm (như QGIS) còn mở thì những sửa đổi cuối bị \
             thiếu: hãy đóng phần mềm rồi sao chép lại"
                .to_owned(),
            "This GeoPackage is written through a -wal file beside it; if it was copied while software (such as QGIS) had it open, the last \
             changes are missing: close the software and copy it again"
                .to_owned(),
        ),
        Left::LinesAbove => (
            Repair,
            "lines-above-header",
            format!("Đã bỏ qua {n} dòng quanh dòng tiêu đề: {examples}"),
            format!("{} around the header: {examples}", many("line was skipped", "lines were skipped")),
        ),
        Left::CellsBehind => (
            Warning,
            "cells-behind",
            format!("{n} dòng có ô nằm ngoài các cột của dòng tiêu đề, không đọc: {examples}"),
            format!("{} cells behind the header's last column, which were not read: {examples}", many("row has", "rows have")),
        ),
        Left::Nameless => (
            Warning,
            "column-without-name",
            format!("{n} dòng có ô ở cột không có tên trong dòng tiêu đề, không đọc: {examples}"),
            format!("{} cells in a column without a name, which were not read: {examples}", many("row has", "rows have")),
        ),
        Left::Twice(name) => (
            Warning,
            "name-twice",
            format!("“{name}” có hai lần; chỉ lần đầu được dùng, không dùng: {examples}; hãy bỏ hoặc đổi tên"),
            format!("“{name}” stands twice; the first is used, and not: {examples}; remove or rename it"),
        ),
        Left::ColumnsBeyond => (
            Warning,
            "columns-beyond",
            format!("Bảng có quá nhiều cột; {n} cột cuối không đọc"),
            format!("The table has too many columns; the last {n} were not read"),
        ),
        Left::NotNumbers(column) => (
            Warning,
            "not-a-number",
            format!("Cột số “{column}” có {n} ô không đọc được thành số: {examples}"),
            format!(
                "The numeric column “{column}” has {} as numbers: {examples}",
                many("cell that cannot be read", "cells that cannot be read")
            ),
        ),
        Left::Overflown(column) => (
            Warning,
            "number-overflown",
            format!("Cột “{column}” có {n} ô ghi “****”: số dài hơn cột nên đã mất, hoặc vốn để trống"),
            format!(
                "Column “{column}” has {} of “****”: the number was longer than the column and is lost, or there is none",
                many("cell", "cells")
            ),
        ),
        Left::CellErrors(column) => (
            Warning,
            "cell-error",
            format!("Cột “{column}” có {n} ô lỗi hoặc công thức chưa có giá trị, bỏ trống: {examples}; hãy mở bằng Excel, sửa và lưu lại"),
            format!(
                "Column “{column}” has {}, left empty: {examples}; open it in Excel, mend it and save it again",
                many("cell with an error or a formula without its value", "cells with an error or a formula without its value")
            ),
        ),
        Left::Column(column, kind) => (
            Warning,
            "column-not-read",
            format!("Cột “{column}” không đọc: {}", column_kind(kind).0),
            format!("Column “{column}” was not read: {}", column_kind(kind).1),
        ),
        Left::AttributesCut => (
            Warning,
            "attributes-cut",
            format!("{n} đối tượng có thuộc tính bị cắt; phần còn lại để trống"),
            format!("The attributes of {} break off; the rest of them is left empty", many("feature", "features")),
        ),
        Left::Binary(column) => (
            Warning,
            "cells-not-text",
            format!("Cột “{column}” có {n} ô là dữ liệu nhị phân, không phải chữ; bỏ trống"),
            format!("Column “{column}” has {} of binary data, no text; left empty", many("cell", "cells")),
        ),
        Left::Beside(kind) => (
            Warning,
            "beside-areas",
            format!("{n} {kind} nằm cùng đối tượng với hình khác, không đọc"),
            format!(
                "{} beside other shapes in one feature, not read",
                if n == 1 { format!("1 {kind} stands") } else { format!("{n} {kind}s stand") }
            ),
        ),
        Left::Unticked => (
            Warning,
            "unticked",
            format!("{n} đối tượng đang tắt hiển thị (visibility 0) nhưng vẫn được đọc; nếu không muốn công bố, hãy xóa chúng"),
            format!(
                "{} switched off (visibility 0) and read all the same; delete what is not to be published",
                many("placemark is", "placemarks are")
            ),
        ),
        Left::Reference(file) => (
            Warning,
            "reference-not-read",
            format!("Bản vẽ tham chiếu ngoài tới “{file}” không có trong tệp; hãy gộp vào (bind) rồi lưu lại, hoặc gửi kèm"),
            format!("The drawing refers to “{file}”, which is not in the file; bind it and save again, or send it too"),
        ),
        Left::TwoCodes(layer) => (
            Warning,
            "two-codes",
            format!("{n} vùng trên lớp “{layer}” có chữ của hai mã loại đất ({examples}); đã lấy mã đầu, hãy kiểm tra đường chia"),
            format!(
                "{} on layer “{layer}” texts of two land-use codes ({examples}); the first was taken: look for a missing dividing line",
                many("area holds", "areas hold")
            ),
        ),
        Left::NoTable(layer) => (
            Warning,
            "layer-without-table",
            format!("Lớp “{layer}” có trong danh sách của tệp nhưng không có bảng dữ liệu"),
            format!("Layer “{layer}” stands in the file's list but has no table"),
        ),
        Left::Links => (
            Warning,
            "links-not-read",
            format!("Tệp còn có {n} liên kết mạng; nội dung ở nơi được liên kết không được đọc"),
            format!("The file also holds {}; what is there was not read", many("network link", "network links")),
        ),
        Left::Overlay(kind) => (
            Warning,
            "overlay-not-read",
            format!("Tệp còn có {n} ảnh phủ ({kind}); ảnh không có vùng nên không đọc"),
            format!("The file also holds {} ({kind}); pictures have no areas and were not read", many("overlay", "overlays")),
        ),
        Left::OtherFile(name) => (
            Warning,
            "file-not-read",
            format!("Tệp nén còn có “{name}”, không đọc; nếu cần, hãy chọn bằng --layer"),
            format!("The archive also holds “{name}”, which was not read; choose it with --layer if it is meant"),
        ),
        Left::OtherLayer(name) => (
            Warning,
            "layer-not-read",
            format!("Tệp còn có lớp “{name}”, không đọc; nếu cần, hãy chọn bằng --layer"),
            format!("The file also has the layer “{name}”, which was not read; choose it with --layer if it is meant"),
        ),
        Left::CommasOnly(numbers) => (
            Repair,
            "commas-only",
            format!("Tọa độ của {n} hình chỉ ngăn cách bằng dấu phẩy; đã đọc mỗi vị trí {numbers} số"),
            format!(
                "The coordinates of {} are separated by commas only; they were taken {} numbers a position",
                many("shape", "shapes"),
                if *numbers == 3 { "three" } else { "two" }
            ),
        ),
        Left::SpacesBehindCommas => (
            Repair,
            "spaces-behind-commas",
            format!("Tọa độ của {n} hình có khoảng trắng sau dấu phẩy; đã đọc đúng ý"),
            format!(
                "There are spaces after the commas in the coordinates of {}; they were read as they are meant",
                many("shape", "shapes")
            ),
        ),
        Left::Entities(kind, layer) => {
            let (vi, en) = entity_hint(kind);
            (
                Warning,
                "entities-not-read",
                format!("{n} {kind} trên lớp “{layer}” không được đọc{vi}"),
                format!(
                    "{} on layer “{layer}” {} not read{en}",
                    if n == 1 { format!("1 {kind}") } else { format!("{n} {kind}s") },
                    be("was", "were")
                ),
            )
        }
        Left::Paper => (
            Warning,
            "paper-space",
            format!("{n} đối tượng của trang in (paper space) đã được bỏ qua"),
            many("object of the print layout (paper space) was left out", "objects of the print layout (paper space) were left out"),
        ),
        Left::Invisible(layer) => (
            Warning,
            "invisible",
            format!("{n} đối tượng bị tắt hiển thị trên lớp “{layer}” đã được bỏ qua"),
            format!("{} on layer “{layer}” {} switched off and left out", many("object", "objects"), be("is", "are")),
        ),
        Left::LayerOff(layer) => (
            Warning,
            "layer-off",
            format!(
                "Lớp “{layer}” đang tắt hoặc đóng băng; {n} đối tượng trên đó đã được bỏ qua. Nếu chúng thuộc quy hoạch, hãy bật lớp rồi lưu lại"
            ),
            format!(
                "Layer “{layer}” is off or frozen; {} on it {} left out. If it belongs to the plan, switch it on and save again",
                many("object", "objects"),
                be("was", "were")
            ),
        ),
        Left::Tilted(layer) => (
            Warning,
            "tilted",
            format!("{n} đường trên lớp “{layer}” nằm trong mặt phẳng khác mặt bằng, đã được bỏ qua; hãy vẽ lại trên mặt bằng"),
            format!(
                "{} on layer “{layer}” {} in a plane that is not the plan's and {} left out; draw it in the plan",
                many("outline", "outlines"),
                be("lies", "lie"),
                be("was", "were")
            ),
        ),
        Left::Closed(layer) => (
            Repair,
            "outline-closed",
            format!("{n} đường bao trên lớp “{layer}” hở {} m; đã khép lại", gaps.replace('.', ",")),
            format!(
                "{} on layer “{layer}” {} open by {gaps} m and {} closed",
                many("outline", "outlines"),
                be("was", "were"),
                be("was", "were")
            ),
        ),
        Left::Open(layer) => (
            Warning,
            "outline-open",
            format!("{n} đường trên lớp “{layer}” hở {} m nên không phải là vùng; nếu là vùng, hãy khép kín", gaps.replace('.', ",")),
            format!("{} on layer “{layer}” {} open by {gaps} m and no zone; close it if it is one", many("line", "lines"), be("is", "are")),
        ),
        Left::Gap(layer) => (
            Warning,
            "hatch-gap",
            format!("Biên của {n} vùng tô (hatch) trên lớp “{layer}” hở {} m nên không đọc; hãy tô lại", gaps.replace('.', ",")),
            format!(
                "The border of {} on layer “{layer}” has a gap of {gaps} m, so it was not read; hatch it again",
                many("hatch", "hatches")
            ),
        ),
        Left::HatchBorder(layer) => (
            Warning,
            "hatch-border",
            format!("{n} vùng tô (hatch) trên lớp “{layer}” có biên không đọc được; hãy tô lại"),
            format!("{} on layer “{layer}” {} a border that cannot be read; hatch it again", many("hatch", "hatches"), be("has", "have")),
        ),
        Left::Block(name) => (
            Warning,
            "block-not-read",
            format!("Khối “{name}” được chèn {n} lần nhưng không có trong bản vẽ, hoặc lồng quá sâu; không đọc"),
            format!(
                "Block “{name}” is inserted {} but is not in the drawing, or nested too deeply; it was not read",
                many("time", "times")
            ),
        ),
        Left::NoCode => (
            Warning,
            "no-code-in-drawing",
            format!("{n} đường khép kín không có mã loại đất (theo lớp hay chữ bên trong) nên không phải là vùng: {listed}"),
            format!(
                "{} no land-use code (by layer or by a text inside) and {} no zone: {listed}",
                many("closed outline carries", "closed outlines carry"),
                be("is", "are")
            ),
        ),
        Left::OpenCode(layer) => (
            Warning,
            "several-codes",
            format!("{n} vùng trên lớp “{layer}” có một chữ ghi nhiều mã loại đất: {examples}; hãy chỉ ghi mã theo quy hoạch"),
            format!("{} on layer “{layer}” a text that names several codes: {examples}; write the planned one only", many("area has", "areas have")),
        ),
        Left::CodeAlone => (
            Warning,
            "code-without-outline",
            format!("{n} chữ mã loại đất không nằm trong đường khép kín nào ({examples}); hãy xem có thiếu ranh giới không"),
            format!("{} in no closed outline ({examples}): look whether a boundary is missing", many("text of a code stands", "texts of codes stand")),
        ),
        Left::StruckText(layer) => (
            Warning,
            "struck-text",
            format!("{n} chữ trên “{layer}” có phần bị gạch ngang, phần đó không đọc: {examples}"),
            format!("{} on “{layer}” a part that is struck through and was not read: {examples}", many("text has", "texts have")),
        ),
        Left::Clipped(block) => (
            Warning,
            "block-clipped",
            format!("Khối “{block}” chỉ được hiện một phần trong bản vẽ (XCLIP) nhưng được đọc cả phần bị che; hãy xóa phần thừa nếu không thuộc quy hoạch"),
            format!("The drawing shows only a part of block “{block}” (XCLIP); all of it was read: delete what does not belong to the plan"),
        ),
        Left::Legend(layer) => (
            Warning,
            "legend",
            format!("{n} vùng có mã trên lớp “{layer}” giống ô chú giải nhưng vẫn được đọc; nếu là chú giải, hãy xóa hoặc tắt lớp"),
            format!(
                "{} with a code on layer “{layer}” {} like the legend's boxes and {} read all the same; delete them or switch the layer off",
                many("area", "areas"),
                be("looks", "look"),
                be("was", "were")
            ),
        ),
        Left::HiddenColumn(column) => (
            Warning,
            "hidden-column",
            format!("Cột “{column}” đang bị ẩn nhưng vẫn được đọc; nếu không muốn công bố, hãy xóa cột đó"),
            format!("Column “{column}” is hidden and was read all the same; delete it if it is not to be published"),
        ),
        Left::Linework => (
            Warning,
            "linework-not-read",
            format!("{n} đối tượng không phải đường khép kín trên các lớp không có mã loại đất không được đọc: {listed}"),
            format!(
                "{} on layers without a land-use code {} not closed and {} not read: {listed}",
                many("object", "objects"),
                be("is", "are"),
                be("was", "were")
            ),
        ),
        Left::Unused => (
            Warning,
            "columns-not-used",
            format!("Các cột không dùng: {listed}; nếu cần, hãy đổi tên như Tên, Địa chỉ, Số điện thoại, Giờ làm việc, Ghi chú"),
            format!(
                "Columns that are not used: {listed}; if they are meant, rename them to Tên, Địa chỉ, Số điện thoại, Giờ làm việc, Ghi chú"
            ),
        ),
        Left::UnclearLayer(layer) => (
            Warning,
            "layer-unclear",
            format!("Tên lớp “{layer}” ({n} vùng) không nói rõ quy hoạch: có chữ hiện trạng, cũ, xóa, không, hoặc hai mã; nếu không thuộc quy hoạch hãy tắt lớp, nếu thuộc hãy đổi tên lớp"),
            format!(
                "The name of layer “{layer}” ({}) does not say clearly what is planned: it names the present use, something old or struck, or two codes; switch the layer off, or rename it",
                many("area", "areas")
            ),
        ),
        Left::CutOut(layer) => (
            Repair,
            "cut-out",
            format!("{n} vùng nằm trong vùng khác trên lớp “{layer}”; đã trừ khỏi vùng ngoài: {examples}"),
            format!("{} inside an area on layer “{layer}” and {} cut out of it: {examples}", many("area lies", "areas lie"), be("was", "were")),
        ),
        Left::Unlisted => (
            Warning,
            "shapes-not-listed",
            "Tệp .shp còn hình mà .shx không liệt kê; các hình đó không đọc. Nếu chúng chưa bị xóa, hãy lưu lại lớp bằng QGIS".to_owned(),
            "The .shp holds shapes that its .shx does not list; they were not read. If they were not deleted, save the layer anew with QGIS".to_owned(),
        ),
        Left::Personal => (
            Warning,
            "personal-data",
            format!("Tệp gốc được công bố kèm quy hoạch; các cột {listed} có thể là dữ liệu cá nhân: hãy xóa khỏi tệp trước khi công bố"),
            format!("The file itself is published with the plan, and the columns {listed} may hold personal data: delete them from the file first"),
        ),
        Left::UnusedOfZones => (
            Warning,
            "columns-not-used",
            format!("Các cột không dùng: {listed}; nếu cần công bố, hãy chọn bằng --map name=TÊN_CỘT hoặc --map note=TÊN_CỘT"),
            format!("Columns that are not used: {listed}; if one is to be published, choose it with --map name=COLUMN or --map note=COLUMN"),
        ),
        Left::More => (Warning, "and-more", format!("Còn {n} mục khác không đọc"), format!("{n} other things were not read")),
        Left::Index => (
            Warning,
            "index-not-used",
            "Tệp .shx bị hỏng; đã đọc .shp theo thứ tự của nó".to_owned(),
            "The .shx file is damaged; the .shp was read in its own order".to_owned(),
        ),
    };
    Note { severity, check, vi, en }
}

/// Why a column of a type is not read.
fn column_kind(kind: &str) -> (String, String) {
    match kind {
        "M" | "G" | "P" => (
            format!("kiểu {kind} (memo), nội dung nằm ở tệp khác không có ở đây; hãy đổi thành cột chữ"),
            format!("it is of type {kind} (memo), whose text is in a file that is not here; make it a column of text"),
        ),
        kind => (
            format!("kiểu {kind} không đọc được; hãy đổi thành cột chữ"),
            format!("its type {kind} is not known; make it a column of text"),
        ),
    }
}

/// Advice on what to do with an entity that cannot be read, in Vietnamese and English.
fn entity_hint(kind: &str) -> (&'static str, &'static str) {
    match kind {
        "REGION" | "3DSOLID" | "BODY" | "SURFACE" | "PLANESURFACE" | "EXTRUDEDSURFACE" | "REVOLVEDSURFACE" | "SWEPTSURFACE"
        | "LOFTEDSURFACE" | "NURBSURFACE" => ("; hãy phá khối (explode) hoặc vẽ đường bao của nó", "; explode it or draw its outline"),
        "LINE" | "ARC" | "SPLINE" | "ELLIPSE" => {
            ("; nếu là biên của một vùng, hãy nối thành polyline khép kín", "; if it borders a zone, join it to a closed polyline")
        }
        "ACAD_PROXY_ENTITY" => {
            ("; hãy xuất bản vẽ ra DXF từ phần mềm đã tạo đối tượng", "; export the drawing from the software that made the object")
        }
        _ => ("; nếu là vùng, hãy vẽ đường bao khép kín của nó", "; if it is a zone, draw its closed outline"),
    }
}
