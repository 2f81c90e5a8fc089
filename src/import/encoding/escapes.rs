//! Letters that programs write as HTML references or as JSON escapes.

use std::borrow::Cow;

use quick_xml::escape::resolve_html5_entity;

/// A text with its references (`&#7841;`, `&#x1EA1;`, `&acirc;`) and escapes (`\\u1ea1`) replaced by the letters they stand
/// for. A text without any is handed back. `&` alone, and references that stand for a control character, stay.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let has_references = text.contains('&') && text.contains(';');
    if !has_references && !text.contains("\\u") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut is_changed) = (text, false);
    while let Some(at) = rest.find(['&', '\\']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((letters, length)) = reference(rest).or_else(|| escape(rest)) {
            out.push_str(&letters);
            rest = &rest[length..];
            is_changed = true;
        } else {
            let (first, behind) = rest.split_at(1);
            out.push_str(first);
            rest = behind;
        }
    }
    out.push_str(rest);
    if is_changed { Cow::Owned(out) } else { Cow::Borrowed(text) }
}

/// The letters of a reference at the beginning of a text, and its length in bytes.
fn reference(text: &str) -> Option<(String, usize)> {
    let (name, _) = text.strip_prefix('&')?.split_once(';')?;
    let letters = match name.strip_prefix('#') {
        Some(number) => {
            let code = number.strip_prefix(['x', 'X']).map_or_else(|| number.parse().ok(), |hex| u32::from_str_radix(hex, 16).ok());
            char::from_u32(code?).filter(|c| !c.is_control())?.to_string()
        }
        None if name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => resolve_html5_entity(name)?.to_owned(),
        None => return None,
    };
    Some((letters, name.len() + 2))
}

/// The letter of a JSON escape at the beginning of a text, and its length in bytes. Only letters beyond ASCII are written
/// so; a path such as `C:\\u0041` is none.
fn escape(text: &str) -> Option<(String, usize)> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let code = u32::from_str_radix(digits, 16).ok().filter(|code| *code >= 0xc0)?;
    Some((char::from_u32(code)?.to_string(), 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_escapes_become_their_letters_and_all_else_stays() {
        for (written, meant) in [
            ("Tr&#7841;m y t&#7871; &#272;&#7891;ng T&acirc;m", "Trạm y tế Đồng Tâm"),
            ("Khu ph&#x1ed1; 1 &amp; 2", "Khu phố 1 & 2"),
            ("Tr\\u1ea1m y t\\u1EBF", "Trạm y tế"),
        ] {
            assert_eq!(plain(written), meant);
        }
        for same in ["A & B; C", "&;", "&#0;", "&#xd800;", "&khong;", "C:\\u0041", "\\u12", "Tổ 5 \\", "&#99999999999;"] {
            assert!(matches!(plain(same), Cow::Borrowed(_)), "{same}");
        }
    }
}
