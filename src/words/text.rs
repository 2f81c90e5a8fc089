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

    #[test]
    fn every_key_that_the_pages_use_has_a_text() {
        for property in crate::read_model::layers::collections().iter().flat_map(|collection| &collection.properties) {
            assert!(has(&format!("field-{}", property.name)), "no text for “{}”", property.name);
        }
        let mut open = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/render")];
        let mut found = 0;
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(folder).expect("folder") {
                let path = entry.expect("entry").path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                if path.extension().is_none_or(|extension| extension != "rs") || path.ends_with("text.rs") {
                    continue;
                }
                let source = std::fs::read_to_string(&path).expect("source");
                for call in ["(t(\"", ".t(\"", " t(\"", "text(lang, \"", "text(self.lang, \"", "text(around.lang, \""] {
                    for piece in source.split(call).skip(1) {
                        let key = piece.split('"').next().expect("key");
                        assert!(has(key), "{}: no text for “{key}”", path.display());
                        found += 1;
                    }
                }
            }
        }
        assert!(found > 100, "the search finds nothing any more");
    }
}
