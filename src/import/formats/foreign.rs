//! Recognises files that cannot be read, and says what they are and how to export them.

use super::ReadError;

/// What a foreign file is, and how to export it from its software, in both languages.
struct Foreign {
    name: &'static str,
    vi: &'static str,
    en: &'static str,
}

const DGN: Foreign = Foreign {
    name: "DGN (MicroStation)",
    vi: "trong MicroStation chọn File → Save As → DXF, hoặc xuất Shapefile bằng FME/gCadas",
    en: "in MicroStation choose File → Save As → DXF, or export a Shapefile with FME or gCadas",
};
const DWG: Foreign =
    Foreign {
        name: "DWG (AutoCAD)", vi: "trong AutoCAD gõ lệnh SAVEAS và chọn DXF 2013", en: "in AutoCAD use SAVEAS and choose DXF 2013"
    };
const TAB: Foreign = Foreign {
    name: "MapInfo TAB/MIF",
    vi: "trong MapInfo chọn Table → Export → ESRI Shapefile rồi nén các tệp .shp, .dbf, .prj vào một tệp zip; trong QGIS chọn Export → GeoPackage",
    en: "in MapInfo choose Table → Export → ESRI Shapefile and zip .shp, .dbf and .prj together; in QGIS choose Export → GeoPackage",
};
const FILE_GDB: Foreign = Foreign {
    name: "FileGDB (ArcGIS)",
    vi: "trong ArcGIS dùng Feature Class To Shapefile, hoặc trong QGIS chọn Export → GeoPackage",
    en: "in ArcGIS use Feature Class To Shapefile, or in QGIS choose Export → GeoPackage",
};
const PDF: Foreign = Foreign {
    name: "PDF",
    vi: "bản vẽ PDF không có tọa độ; hãy xin tệp bản đồ gốc (DXF, Shapefile, GeoPackage), và đính kèm PDF bằng --document map=TỆP",
    en: "a PDF has no coordinates; ask for the map file it was made from (DXF, Shapefile, GeoPackage), and attach the PDF with --document map=FILE",
};
const PICTURE: Foreign = Foreign {
    name: "ảnh (image)",
    vi: "ảnh quét không có vùng; hãy xin tệp bản đồ gốc (DXF, Shapefile, GeoPackage), và đính kèm ảnh bằng --document map=TỆP",
    en: "a scanned picture has no areas; ask for the map file it was made from (DXF, Shapefile, GeoPackage), and attach the picture with --document map=FILE",
};
const OLD_OFFICE: Foreign = Foreign {
    name: "DGN V8 hoặc XLS/DOC cũ (DGN V8 or old Office)",
    vi: "nếu là bảng tính, lưu lại dạng XLSX; nếu là bản vẽ MicroStation, chọn File → Save As → DXF",
    en: "if it is a spreadsheet, save it as XLSX; if it is a MicroStation drawing, choose File → Save As → DXF",
};
/// First bytes of a compound file (MS-CFB 2.2).
pub(super) const OLE: &[u8] = b"\xd0\xcf\x11\xe0";
/// Name of the stream, in UTF-16, in which a password-protected workbook is kept (MS-OFFCRYPTO 2.3.4.4).
const ENCRYPTED: [u8; 30] = *b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0";
const LOCKED: Foreign = Foreign {
    name: "XLSX có mật khẩu (XLSX with a password)",
    vi: "hãy mở bằng Excel, bỏ mật khẩu (File → Info → Protect Workbook → Encrypt with Password, xóa mật khẩu) rồi lưu lại",
    en: "open it in Excel, take the password off (File → Info → Protect Workbook → Encrypt with Password, clear it) and save it again",
};
const RAR: Foreign = Foreign { name: "RAR/7z", vi: "hãy giải nén và nén lại dạng ZIP", en: "unpack it and pack it as ZIP" };
const BINARY_DXF: Foreign = Foreign { name: "DXF nhị phân (binary DXF)", vi: "lưu lại dạng DXF ASCII", en: "save it as ASCII DXF" };
const HTML: Foreign = Foreign {
    name: "HTML",
    vi: "nếu là bảng tính xuất từ trang web, hãy mở bằng Excel rồi lưu dạng XLSX",
    en: "if it is a table from a web page, open it in Excel and save it as XLSX",
};
const GML: Foreign = Foreign { name: "GML/GPX", vi: "trong QGIS chọn Export → GeoPackage", en: "in QGIS choose Export → GeoPackage" };

fn recognise(head: &[u8]) -> Option<&'static Foreign> {
    let contains = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    match head {
        [0x08, 0x05 | 0x09, 0xfe, 0x02, ..] => Some(&DGN),
        [b'A', b'C', b'1', b'0', b'0'..=b'9', ..] => Some(&DWG),
        [b'%', b'P', b'D', b'F', ..] => Some(&PDF),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(&PICTURE),
        [0xd0, 0xcf, 0x11, 0xe0, ..] if contains(&ENCRYPTED) => Some(&LOCKED),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(&OLD_OFFICE),
        [b'R', b'a', b'r', b'!', ..] | [b'7', b'z', 0xbc, 0xaf, ..] => Some(&RAR),
        _ if head.starts_with(b"AutoCAD Binary DXF") => Some(&BINARY_DXF),
        _ if head.to_ascii_lowercase().starts_with(b"!table") || head.to_ascii_lowercase().starts_with(b"version ") => Some(&TAB),
        // A KML file may contain HTML pages in its descriptions.
        _ if contains(b"<html") && contains(b"<table") && !contains(b"<kml") && !contains(b"<Placemark") => Some(&HTML),
        _ if head.starts_with(b"<") && (contains(b"<gml:") || contains(b"FeatureCollection") || contains(b"<gpx")) => Some(&GML),
        _ => None,
    }
}

fn words(foreign: &Foreign) -> ReadError {
    ReadError::new(
        "foreign-format",
        format!("Tệp {} không đọc được: {}", foreign.name, foreign.vi),
        format!("A {} file cannot be read: {}", foreign.name, foreign.en),
    )
}

/// Refuses a file recognised by its first bytes, and says how to export it.
pub(super) fn refuse(head: &[u8]) -> Result<(), ReadError> {
    recognise(head).map_or(Ok(()), |foreign| Err(words(foreign)))
}

/// Refuses an archive that contains such files and no readable ones.
pub(super) fn refuse_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), ReadError> {
    for name in names {
        let extension = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let foreign = match extension.as_str() {
            "gdbtable" => &FILE_GDB,
            "tab" | "mif" => &TAB,
            "dgn" => &DGN,
            "dwg" => &DWG,
            "pdf" => &PDF,
            _ => continue,
        };
        return Err(words(foreign));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_foreign_file_is_told_how_to_be_exported() {
        let cases: &[(&[u8], &str)] = &[
            (&[0x08, 0x09, 0xfe, 0x02, 0x00], "MicroStation"),
            (b"AC1032\0\0", "SAVEAS"),
            (b"!table\n!version 300", "MapInfo"),
            (b"%PDF-1.7", "--document map="),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "XLSX"),
            (b"Rar!\x1a\x07", "ZIP"),
        ];
        for (head, word) in cases {
            let error = refuse(head).expect_err("foreign");
            assert!(error.en.contains(word) && error.check == "foreign-format", "{error}");
        }
        assert!(refuse(b"{\"type\"").is_ok() && refuse(b"").is_ok());
        assert!(refuse_names(["x/a00000001.gdbtable"].into_iter()).expect_err("gdb").en.contains("ArcGIS"));
    }
}
