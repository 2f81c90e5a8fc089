//! Recognises attached files by their first bytes, and reads the pages and the title of a PDF.

use hayro_syntax::Pdf;

/// What is known about a file from its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct About {
    /// Media type.
    pub media_type: &'static str,
    /// Number of pages, for a PDF.
    pub pages: Option<u32>,
    /// Title in the document information of a PDF.
    pub title: Option<String>,
}

/// Largest PDF that is looked into, bytes; larger ones are only kept.
const PDF_BYTES: usize = 128 << 20;

impl About {
    /// Looks at a file's bytes. A PDF that cannot be read has no pages and no title.
    pub fn of(bytes: &[u8]) -> Self {
        let media_type = media_type(bytes);
        if media_type != "application/pdf" || bytes.len() > PDF_BYTES {
            return Self { media_type, ..Self::default() };
        }
        // The bytes are untrusted: if the library fails or panics on them, pages and title are unknown.
        let seen = std::panic::catch_unwind(|| {
            let pdf = Pdf::new(bytes.to_vec()).ok()?;
            let title = pdf.metadata().title.as_deref().map(pdf_text);
            let title = title.map(|title| crate::words::fold::clean(&title)).filter(|title| !title.is_empty());
            Some((u32::try_from(pdf.pages().len()).ok().filter(|pages| *pages > 0), title))
        });
        let (pages, title) = seen.ok().flatten().unwrap_or_default();
        Self { media_type, pages, title: title.map(|title| title.chars().take(300).collect()) }
    }
}

/// A text string of a PDF: UTF-16 or UTF-8 if it has a byte order mark, else read as Latin-1, which is near
/// enough (ISO 32000-1 §7.9.2.2).
fn pdf_text(bytes: &[u8]) -> String {
    match bytes {
        [0xfe, 0xff, rest @ ..] => encoding_rs::UTF_16BE.decode_without_bom_handling(rest).0.into_owned(),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned),
    }
}

/// The media type under which a file is offered; never one that a browser would execute.
pub fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [b'P', b'K', 3, 4, ..] => "application/zip",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "image/tiff",
        _ if std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0')) => "text/plain",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_and_svg_are_offered_as_plain_text() {
        assert_eq!(media_type(b"<html><script>alert(1)</script>"), "text/plain");
        assert_eq!(media_type(b"<svg onload=alert(1)>"), "text/plain");
        assert_eq!(media_type(b"%PDF-1.7"), "application/pdf");
        assert_eq!(media_type(b"\xff\xfe\x00"), "application/octet-stream");
    }
}
