//! Recognises files that cannot be read, and says what they are and how to export them.

use super::ReadError;
use crate::import::source::convert_gdb;
use crate::words::sentence::{Sentence, ToWord, Word};

/// A kind of file that is not read.
#[derive(Debug, Clone, Copy)]
enum Foreign {
    Dgn,
    Dwg,
    Tab,
    Pdf,
    Picture,
    OldOffice,
    Locked,
    Rar,
    BinaryDxf,
    Html,
    Gml,
}

impl Foreign {
    /// What the file is, and how to export it from its software.
    fn words(self) -> (Word, Sentence) {
        match self {
            Self::Dgn => ("DGN (MicroStation)".to_word(), sentence!("foreign-dgn")),
            Self::Dwg => ("DWG (AutoCAD)".to_word(), sentence!("foreign-dwg")),
            Self::Tab => ("MapInfo TAB/MIF".to_word(), sentence!("foreign-tab")),
            Self::Pdf => ("PDF".to_word(), sentence!("foreign-pdf")),
            Self::Picture => (sentence!("foreign-picture-name").to_word(), sentence!("foreign-picture")),
            Self::OldOffice => (sentence!("foreign-old-office-name").to_word(), sentence!("foreign-old-office")),
            Self::Locked => (sentence!("foreign-locked-name").to_word(), sentence!("foreign-locked")),
            Self::Rar => ("RAR/7z".to_word(), sentence!("foreign-rar")),
            Self::BinaryDxf => (sentence!("foreign-binary-dxf-name").to_word(), sentence!("foreign-binary-dxf")),
            Self::Html => ("HTML".to_word(), sentence!("foreign-html")),
            Self::Gml => ("GML/GPX".to_word(), sentence!("foreign-gml")),
        }
    }
}

/// First bytes of a compound file (MS-CFB 2.2).
pub(super) const OLE: &[u8] = b"\xd0\xcf\x11\xe0";
/// Name of the stream, in UTF-16, in which a password-protected workbook is kept (MS-OFFCRYPTO 2.3.4.4).
const ENCRYPTED: [u8; 30] = *b"E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0";
fn recognise(head: &[u8]) -> Option<Foreign> {
    let contains = |needle: &[u8]| head.windows(needle.len()).any(|window| window == needle);
    match head {
        [0x08, 0x05 | 0x09, 0xfe, 0x02, ..] => Some(Foreign::Dgn),
        [b'A', b'C', b'1', b'0', b'0'..=b'9', ..] => Some(Foreign::Dwg),
        [b'%', b'P', b'D', b'F', ..] => Some(Foreign::Pdf),
        [0x89, b'P', b'N', b'G', ..] | [0xff, 0xd8, 0xff, ..] | [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Foreign::Picture),
        [0xd0, 0xcf, 0x11, 0xe0, ..] if contains(&ENCRYPTED) => Some(Foreign::Locked),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Some(Foreign::OldOffice),
        [b'R', b'a', b'r', b'!', ..] | [b'7', b'z', 0xbc, 0xaf, ..] => Some(Foreign::Rar),
        _ if head.starts_with(b"AutoCAD Binary DXF") => Some(Foreign::BinaryDxf),
        _ if head.to_ascii_lowercase().starts_with(b"!table") || head.to_ascii_lowercase().starts_with(b"version ") => Some(Foreign::Tab),
        // A KML file may contain HTML pages in its descriptions.
        _ if contains(b"<html") && contains(b"<table") && !contains(b"<kml") && !contains(b"<Placemark") => Some(Foreign::Html),
        _ if head.starts_with(b"<") && (contains(b"<gml:") || contains(b"FeatureCollection") || contains(b"<gpx")) => Some(Foreign::Gml),
        _ => None,
    }
}

fn refusal(foreign: Foreign) -> ReadError {
    let (name, advice) = foreign.words();
    ReadError::new("foreign-format", sentence!("foreign-format", name, advice))
}

/// Refuses a file recognised by its first bytes, and says how to export it.
pub(super) fn refuse(head: &[u8]) -> Result<(), ReadError> {
    recognise(head).map_or(Ok(()), |foreign| Err(refusal(foreign)))
}

/// Refuses an archive that contains such files and no readable ones; `archive` is its name.
pub(super) fn refuse_names<'a>(archive: &str, names: impl Iterator<Item = &'a str>) -> Result<(), ReadError> {
    for name in names {
        if name.to_lowercase().ends_with(".gdbtable") {
            let folder = name.rsplit_once('/').map(|(folder, _)| format!("/{folder}")).unwrap_or_default();
            let (name, advice) = ("FileGDB (ArcGIS)", convert_gdb(&format!("/vsizip/{archive}{folder}")));
            return Err(ReadError::new("foreign-format", sentence!("foreign-format", name, advice)));
        }
        let extension = name.rsplit('.').next().unwrap_or_default().to_lowercase();
        let foreign = match extension.as_str() {
            "tab" | "mif" => Foreign::Tab,
            "dgn" => Foreign::Dgn,
            "dwg" => Foreign::Dwg,
            "pdf" => Foreign::Pdf,
            _ => continue,
        };
        return Err(refusal(foreign));
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
            assert!(error.to_string().contains(word) && error.check == "foreign-format", "{error}");
        }
        assert!(refuse(b"{\"type\"").is_ok() && refuse(b"").is_ok());
        assert!(
            refuse_names("x.zip", ["x.gdb/a00000001.gdbtable"].into_iter())
                .expect_err("gdb")
                .to_string()
                .contains("ogr2ogr -f GPKG \"x.gpkg\" \"/vsizip/x.zip/x.gdb\"")
        );
    }
}
