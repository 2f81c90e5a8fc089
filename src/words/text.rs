//! The texts of the pages, from one catalogue: `texts.toml` holds all languages of a text side by side.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::copied::untailed;

/// The languages of the pages. The others fall back to the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
    /// Tày.
    Tay,
    /// Mông.
    Hmong,
}

impl Lang {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Vi, Self::En, Self::Tay, Self::Hmong];

    /// The language's ISO 639 code: `vi`, `en`, `tyz`, `hmn`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
            Self::Tay => "tyz",
            Self::Hmong => "hmn",
        }
    }

    /// The language's name for itself.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vi => "Tiếng Việt",
            Self::En => "English",
            Self::Tay => "Tày",
            Self::Hmong => "Hmoob",
        }
    }

    /// The languages that have every text: those a reader can choose.
    pub fn offered() -> &'static [Self] {
        &CATALOGUE.offered
    }

    /// Chooses between two texts that are not in the catalogue, such as the two names of an item.
    pub fn pick<'a>(self, vi: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::En => en,
            _ => vi,
        }
    }

    /// The query that chooses this language in an address: `?lang=en`, or nothing for the first language.
    pub fn query(self) -> &'static str {
        match self {
            Self::Vi => "",
            Self::En => "?lang=en",
            Self::Tay => "?lang=tyz",
            Self::Hmong => "?lang=hmn",
        }
    }

    /// The parameter that chooses this language in an address with a query: `&lang=en`, or nothing for the first.
    pub fn and(self) -> &'static str {
        match self {
            Self::Vi => "",
            Self::En => "&lang=en",
            Self::Tay => "&lang=tyz",
            Self::Hmong => "&lang=hmn",
        }
    }

    /// The language that `?lang=` asks for, else Accept-Language: another language if the reader prefers it
    /// to Vietnamese, otherwise Vietnamese.
    pub fn choose(query: Option<&str>, accept: Option<&str>) -> Self {
        let known = |tag: &str| Self::offered().iter().copied().find(|lang| lang.code() == tag);
        let query = query.map(|query| untailed(query).to_ascii_lowercase());
        if let Some(lang) = query.as_deref().and_then(known) {
            return lang;
        }
        let mut best = (0.0, Self::Vi);
        for part in accept.into_iter().flat_map(|accept| accept.split(',')) {
            let mut pieces = part.split(';');
            let tag = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = |piece: &str| {
                let (name, value) = piece.split_once('=')?;
                if name.trim().eq_ignore_ascii_case("q") { value.trim().parse::<f32>().ok() } else { None }
            };
            let quality = pieces.find_map(weight).unwrap_or(1.0);
            let Some(lang) = tag.split('-').next().and_then(known) else { continue };
            if quality > best.0 {
                best = (quality, lang);
            }
        }
        best.1
    }
}

/// For each key its text in every language that has it.
struct Catalogue {
    texts: BTreeMap<String, BTreeMap<String, String>>,
    offered: Vec<Lang>,
}

impl Catalogue {
    fn read(source: &str) -> Result<Self, toml::de::Error> {
        let texts: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(source)?;
        let has_all = |lang: &Lang| texts.values().all(|own| own.contains_key(lang.code()));
        let offered = Lang::ALL.into_iter().filter(has_all).collect();
        Ok(Self { texts, offered })
    }

    fn text<'a>(&'a self, lang: Lang, key: &'a str) -> &'a str {
        let Some(own) = self.texts.get(key) else { return key };
        own.get(lang.code()).or_else(|| own.get(Lang::Vi.code())).map_or(key, String::as_str)
    }
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // If the catalogue could not be read, pages would show keys. The tests make sure that it can be read.
    Catalogue::read(include_str!("texts.toml")).unwrap_or(Catalogue { texts: BTreeMap::new(), offered: vec![Lang::Vi] })
});

/// The text of a key; the key itself where it has no text.
pub fn text(lang: Lang, key: &str) -> &str {
    CATALOGUE.text(lang, key)
}

/// True when the catalogue has the key.
pub fn has(key: &str) -> bool {
    CATALOGUE.texts.contains_key(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_normalization::is_nfc;

    #[test]
    fn every_text_is_there_in_both_languages_and_in_nfc() {
        let catalogue = Catalogue::read(include_str!("texts.toml")).expect("a catalogue, each key once");
        for (key, own) in &catalogue.texts {
            for lang in [Lang::Vi, Lang::En] {
                let text = own.get(lang.code()).unwrap_or_else(|| panic!("no {} for “{key}”", lang.code()));
                assert!(!text.is_empty() && is_nfc(text), "{key}");
            }
            assert!(own.keys().all(|code| Lang::ALL.iter().any(|lang| lang.code() == code)), "{key}: an unknown language");
        }
        assert_eq!(Lang::offered(), [Lang::Vi, Lang::En]);
    }

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

    #[test]
    fn a_language_that_lacks_a_text_falls_back_to_vietnamese_and_is_not_offered() {
        let source = "[a]\nvi = \"một\"\nen = \"one\"\ntyz = \"nâng\"\n[b]\nvi = \"hai\"\nen = \"two\"\n";
        let catalogue = Catalogue::read(source).expect("a catalogue");
        assert_eq!(catalogue.text(Lang::Tay, "a"), "nâng");
        assert_eq!(catalogue.text(Lang::Tay, "b"), "hai");
        assert_eq!(catalogue.offered, [Lang::Vi, Lang::En]);
        let complete = Catalogue::read(&format!("{source}tyz = \"slong\"\n")).expect("a catalogue");
        assert_eq!(complete.offered, [Lang::Vi, Lang::En, Lang::Tay]);
    }

    #[test]
    fn english_is_chosen_only_where_it_is_preferred() {
        assert_eq!(Lang::choose(None, Some("en-US,en;q=0.9,vi;q=0.8")), Lang::En);
        assert_eq!(Lang::choose(None, Some("vi,en;q=0.9")), Lang::Vi);
        assert_eq!(Lang::choose(None, Some("fr")), Lang::Vi);
        assert_eq!(Lang::choose(Some("vi"), Some("en")), Lang::Vi);
        assert_eq!(Lang::choose(Some("tyz"), Some("en")), Lang::En, "a language without its texts cannot be chosen");
    }
}
