//! The sentences for what was left out, in Vietnamese and English.

use super::{Count, Left};
use crate::import::report::{Note, Severity};

#[expect(clippy::too_many_lines, reason = "one arm for each thing that is left out")]
pub(super) fn note(what: &Left, count: &Count) -> Note {
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
        Left::UnusedOfLines => (
            Warning,
            "columns-not-used",
            format!("Các cột không dùng: {listed}; nếu một cột là tên của đoạn đường, hãy chọn bằng --name-column TÊN_CỘT"),
            format!("Columns that are not used: {listed}; if one holds the lines' names, choose it with --name-column COLUMN"),
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
        Left::NoMap => (
            Warning,
            "no-map-beside",
            format!("Tệp còn có phần không phải bản đồ đọc được, không đọc: {listed}"),
            format!("The file also holds what is no map that can be read, and was not read: {listed}"),
        ),
        Left::Personal => (
            Warning,
            "personal-data",
            format!("Tệp gốc được công bố kèm quy hoạch; các cột {listed} có thể là dữ liệu cá nhân: hãy xóa khỏi tệp trước khi công bố"),
            format!("The file itself is published with the plan, and the columns {listed} may hold personal data: delete them from the file first"),
        ),
        Left::Comments(sheet) => (
            Warning,
            "comments-not-read",
            format!("Trang tính “{sheet}” có {n} ghi chú gắn vào ô (comment), không đọc: {examples}; nếu cần công bố, hãy chép vào ô"),
            format!(
                "Sheet “{sheet}” has {} on its cells, not read: {examples}; what is to be published belongs into a cell",
                many("comment", "comments")
            ),
        ),
        Left::Filled(column) => (
            Warning,
            "field-full",
            format!("Cột “{column}” có {n} ô đầy đến byte cuối cùng nên chữ có thể đã bị cắt: {examples}; hãy so với bản gốc"),
            format!(
                "Column “{column}” has {} to the last byte, so that its end may be missing: {examples}; compare with the original",
                many("cell that is full", "cells that are full")
            ),
        ),
        Left::NotPlotted(layer) => (
            Warning,
            "layer-not-plotted",
            format!("Lớp “{layer}” được đặt không in, nhưng {n} vùng có mã trên đó vẫn được đọc; nếu không thuộc quy hoạch, hãy tắt lớp"),
            format!(
                "Layer “{layer}” is set not to print, but {} with a code on it {} read; switch it off if it is not the plan's",
                many("area", "areas"),
                be("was", "were")
            ),
        ),
        Left::Times => (
            Warning,
            "times-not-used",
            format!("{n} đối tượng có thời gian (TimeSpan, TimeStamp), không dùng; ngày hiệu lực lấy từ quyết định"),
            format!("{} a time (TimeSpan, TimeStamp), which was not used; dates come from the decision", many("placemark has", "placemarks have")),
        ),
        Left::Unit(unit) => (
            Warning,
            "drawing-unit",
            format!("Bản vẽ vẽ theo {unit} ($INSUNITS), không phải mét; hãy thu nhỏ (SCALE) về mét rồi lưu lại"),
            format!("The drawing is in {unit} ($INSUNITS), not in metres; scale it to metres (SCALE) and save it again"),
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
