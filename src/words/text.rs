//! The texts of the pages, from the catalogue.

use super::catalogue::PAGES;

pub use super::lang::Lang;

/// The text of a key; the key itself where it has no text.
pub fn text(lang: Lang, key: &str) -> &str {
    PAGES.text(lang.code(), key).unwrap_or(key)
}

/// True when the catalogue has the key.
pub fn has(key: &str) -> bool {
    PAGES.text(Lang::Vi.code(), key).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::sources::sources;

    #[test]
    fn every_key_that_the_pages_use_has_a_text() {
        for property in crate::read_model::layers::collections().iter().flat_map(|collection| &collection.properties) {
            assert!(has(&format!("field-{}", property.name)), "no text for “{}”", property.name);
        }
        let mut found = 0;
        for (path, source) in sources("src/render").into_iter().filter(|(path, _)| !path.ends_with("text.rs")) {
            for call in ["(t(\"", ".t(\"", " t(\"", "text(lang, \"", "text(self.lang, \"", "text(around.lang, \""] {
                for piece in source.split(call).skip(1) {
                    let key = piece.split('"').next().expect("key");
                    assert!(has(key), "{}: no text for “{key}”", path.display());
                    found += 1;
                }
            }
        }
        assert!(found > 100, "the search finds nothing any more");
    }
}
