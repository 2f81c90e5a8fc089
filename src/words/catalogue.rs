//! The catalogues: `texts.toml` for what pages show, `sentences.toml` for what rules, readers and checks say. Each holds
//! all languages of a text side by side, by their ISO 639 codes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// For each key its text in every language that has it.
#[derive(Debug, Default)]
pub struct Catalogue(BTreeMap<String, BTreeMap<String, String>>);

/// The language that every text has, and that stands in for others.
const FIRST: &str = "vi";

impl Catalogue {
    /// Reads a catalogue in TOML.
    pub fn read(source: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(source).map(Self)
    }

    /// The text of a key in a language, else in the first language; none where the key is unknown.
    pub fn text(&self, code: &str, key: &str) -> Option<&str> {
        let own = self.0.get(key)?;
        own.get(code).or_else(|| own.get(FIRST)).map(String::as_str)
    }

    /// True if a language has every text.
    pub fn is_whole(&self, code: &str) -> bool {
        self.0.values().all(|own| own.contains_key(code))
    }
}

// If a catalogue could not be read, people would see keys. The tests make sure that both can be read.

/// What pages show.
pub static PAGES: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("texts.toml")).unwrap_or_default());

/// What rules, readers and checks say.
pub static SENTENCES: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::read(include_str!("sentences.toml")).unwrap_or_default());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_that_lacks_a_text_falls_back_to_vietnamese_and_is_not_whole() {
        let source = "[a]\nvi = \"một\"\nen = \"one\"\ntyz = \"nâng\"\n[b]\nvi = \"hai\"\nen = \"two\"\n";
        let catalogue = Catalogue::read(source).expect("a catalogue");
        assert_eq!((catalogue.text("tyz", "a"), catalogue.text("tyz", "b"), catalogue.text("tyz", "c")), (Some("nâng"), Some("hai"), None));
        assert!(catalogue.is_whole("en") && !catalogue.is_whole("tyz"));
        let complete = Catalogue::read(&format!("{source}tyz = \"slong\"\n")).expect("a catalogue");
        assert!(complete.is_whole("tyz"));
    }

    #[test]
    fn every_text_is_there_in_both_languages_and_in_nfc() {
        for catalogue in [&*PAGES, &*SENTENCES] {
            assert!(catalogue.0.len() > 300);
            for (key, own) in &catalogue.0 {
                for code in ["vi", "en"] {
                    let text = own.get(code).unwrap_or_else(|| panic!("no {code} for “{key}”"));
                    assert!((!text.is_empty() || key == "nothing") && unicode_normalization::is_nfc(text), "{key}");
                }
                assert!(own.keys().all(|code| ["vi", "en", "tyz", "hmn"].contains(&code.as_str())), "{key}: an unknown language");
            }
        }
    }
}
