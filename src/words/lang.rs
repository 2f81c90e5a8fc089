//! The languages in which the program speaks.

use std::sync::LazyLock;

use super::catalogue::{PAGES, SENTENCES};
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
        &OFFERED
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

static OFFERED: LazyLock<Vec<Lang>> =
    LazyLock::new(|| Lang::ALL.into_iter().filter(|lang| PAGES.is_whole(lang.code()) && SENTENCES.is_whole(lang.code())).collect());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vietnamese_and_english_are_offered() {
        assert_eq!(Lang::offered(), [Lang::Vi, Lang::En]);
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
