//! Sentences for people: a key of the catalogue, and the values that stand in the text.
//!
//! Rules, readers and checks say what is wrong by a key with values. The text is made where a person reads it, in that
//! person's language. `sentences.toml` holds all languages of a sentence side by side.
//!
//! In a text, `{name}` is a value, and `{name|one|several}` is a word that depends on whether the number is 1.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::catalogue::SENTENCES;
use super::format::{date, decimal};
use super::lang::Lang;
use super::text::text;

/// A value in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A text, the same in all languages.
    Text(String),
    /// A whole number.
    Number(i128),
    /// A number with that many decimals.
    Decimal(String, usize),
    /// Numbers in a text, whose decimal point becomes a comma in Vietnamese.
    Numbers(String),
    /// A name in Vietnamese and in English.
    Names(String, String),
    /// Another sentence, or a part of one.
    Sentence(Sentence),
}

/// A measured number with a count of decimals.
#[derive(Debug, Clone, Copy)]
pub struct Decimal(pub f64, pub usize);

/// A text with numbers that have a decimal point.
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a>(pub &'a str);

/// A name in Vietnamese and in English.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a>(pub &'a str, pub &'a str);

impl<'a> Names<'a> {
    /// A text of the catalogue of pages.
    pub fn of(key: &'a str) -> Self {
        Self(text(Lang::Vi, key), text(Lang::En, key))
    }
}

/// A sentence of the catalogue with its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    key: &'static str,
    values: Vec<(&'static str, Word)>,
}

/// Makes a [`Sentence`](crate::words::sentence::Sentence): its key, then its values by name. `sentence!("key", line)` is short for `sentence!("key", line = line)`.
macro_rules! sentence {
    (@word $name:ident) => { $crate::words::sentence::ToWord::to_word(&$name) };
    (@word $name:ident, $value:expr) => { $crate::words::sentence::ToWord::to_word(&$value) };
    ($key:literal $(, $name:ident $(= $value:expr)?)* $(,)?) => {
        $crate::words::sentence::Sentence::new($key, vec![$((stringify!($name), sentence!(@word $name $(, $value)?))),*])
    };
}

/// Lets values of a type stand in sentences as they are written.
macro_rules! written_as_text {
    ($kind:ty) => {
        impl $crate::words::sentence::ToWord for $kind {
            fn to_word(&self) -> $crate::words::sentence::Word {
                $crate::words::sentence::Word::Text(self.to_string())
            }
        }
    };
}

/// A type whose values sentences can take.
pub trait ToWord {
    /// The value for a sentence.
    fn to_word(&self) -> Word;
}

impl<T: ToWord + ?Sized> ToWord for &T {
    fn to_word(&self) -> Word {
        (**self).to_word()
    }
}

impl<T: ToWord> ToWord for Option<T> {
    fn to_word(&self) -> Word {
        self.as_ref().map_or(Word::Text(String::new()), ToWord::to_word)
    }
}

impl ToWord for Word {
    fn to_word(&self) -> Word {
        self.clone()
    }
}

impl ToWord for Decimal {
    fn to_word(&self) -> Word {
        Word::Decimal(self.0.to_string(), self.1)
    }
}

impl ToWord for Numbers<'_> {
    fn to_word(&self) -> Word {
        Word::Numbers(self.0.to_owned())
    }
}

impl ToWord for Names<'_> {
    fn to_word(&self) -> Word {
        Word::Names(self.0.to_owned(), self.1.to_owned())
    }
}

macro_rules! words {
    ($($kind:ty: $word:ident by $with:expr),* $(,)?) => {
        $(impl ToWord for $kind {
            fn to_word(&self) -> Word {
                let with: fn(&$kind) -> _ = $with;
                Word::$word(with(self))
            }
        })*
    };
}

words! {
    str: Text by |text| text.to_owned(),
    String: Text by |text| text.clone(),
    Cow<'_, str>: Text by |text| text.to_string(),
    char: Text by |c| c.to_string(),
    f64: Text by |number| number.to_string(),
    jiff::civil::Date: Text by |day| date(*day),
    usize: Number by |number| *number as i128,
    i16: Number by |number| i128::from(*number),
    u16: Number by |number| i128::from(*number),
    u32: Number by |number| i128::from(*number),
    u64: Number by |number| i128::from(*number),
    i32: Number by |number| i128::from(*number),
    i64: Number by |number| i128::from(*number),
    Sentence: Sentence by |sentence| sentence.clone(),
    Box<Sentence>: Sentence by |sentence| (**sentence).clone(),
}

impl Word {
    fn text(&self, lang: Lang) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Number(number) => Cow::Owned(number.to_string()),
            Self::Decimal(number, places) => {
                let number = number.parse::<f64>().unwrap_or_default();
                Cow::Owned(if lang == Lang::En { format!("{number:.places$}") } else { decimal(number, *places) })
            }
            Self::Numbers(text) if lang == Lang::En => Cow::Borrowed(text),
            Self::Numbers(text) => Cow::Owned(text.replace('.', ",")),
            Self::Names(vi, en) => Cow::Borrowed(lang.pick(vi, en)),
            Self::Sentence(sentence) => Cow::Owned(sentence.text(lang)),
        }
    }
}

impl Sentence {
    /// A sentence by its key. The macro `sentence!` is shorter.
    pub fn new(key: &'static str, values: Vec<(&'static str, Word)>) -> Self {
        Self { key, values }
    }

    /// Nothing, where a sentence may stand.
    pub fn none() -> Self {
        Self::new("nothing", Vec::new())
    }

    /// The sentence's key in the catalogue.
    pub fn key(&self) -> &'static str {
        self.key
    }

    /// The sentence in a language.
    pub fn text(&self, lang: Lang) -> String {
        let Some(template) = SENTENCES.text(lang.code(), self.key) else { return self.key.to_owned() };
        let mut out = String::with_capacity(template.len() + 32);
        for part in parts(template) {
            match part {
                Part::Plain(text) => out.push_str(text),
                Part::Value(name) => out.push_str(&self.value(name).map_or_else(|| name.into(), |word| word.text(lang))),
                Part::Count(name, one, several) => out.push_str(if self.value(name) == Some(&Word::Number(1)) { one } else { several }),
            }
        }
        out
    }

    /// The sentence in all languages that are offered.
    pub fn said(&self) -> Said {
        Said(Lang::offered().iter().map(|lang| (*lang, self.text(*lang))).collect())
    }

    fn value(&self, name: &str) -> Option<&Word> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, word)| word)
    }
}

/// For a terminal, whose reader's language is not known: Vietnamese, then English in parentheses.
impl fmt::Display for Sentence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(Lang::Vi), self.text(Lang::En))
    }
}

/// A sentence in every language that is offered, as a report carries it: `"vi": "…", "en": "…"`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said(BTreeMap<Lang, String>);

impl Said {
    /// The sentence in a language, or else in Vietnamese.
    pub fn text(&self, lang: Lang) -> &str {
        self.0.get(&lang).or_else(|| self.0.get(&Lang::Vi)).map_or("", String::as_str)
    }
}

impl Said {
    /// A text of the pages, in all languages.
    pub fn of_page(key: &str) -> Self {
        Self(Lang::offered().iter().map(|lang| (*lang, text(*lang, key).to_owned())).collect())
    }
}

impl From<Sentence> for Said {
    fn from(sentence: Sentence) -> Self {
        sentence.said()
    }
}

/// Vietnamese, then English in parentheses.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(Lang::Vi), self.text(Lang::En))
    }
}

impl Serialize for Said {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (lang, text) in &self.0 {
            map.serialize_entry(lang.code(), text)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Said {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let all = BTreeMap::<String, serde_json::Value>::deserialize(deserializer)?;
        let of = |lang: Lang| Some((lang, all.get(lang.code())?.as_str()?.to_owned()));
        Ok(Self(Lang::ALL.into_iter().filter_map(of).collect()))
    }
}

/// A part of a text of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part<'a> {
    Plain(&'a str),
    Value(&'a str),
    Count(&'a str, &'a str, &'a str),
}

/// The parts of a text. A brace that is never closed is plain text.
fn parts(template: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('{') {
        let Some((inside, after)) = behind.split_once('}') else { break };
        parts.push(Part::Plain(before));
        let mut pieces = inside.split('|');
        parts.push(match (pieces.next(), pieces.next(), pieces.next()) {
            (Some(name), Some(one), Some(several)) => Part::Count(name, one, several),
            _ => Part::Value(inside),
        });
        rest = after;
    }
    parts.push(Part::Plain(rest));
    parts
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::words::sources::sources;

    fn names(template: &str) -> BTreeSet<&str> {
        let name = |part| match part {
            Part::Plain(_) => None,
            Part::Value(name) | Part::Count(name, ..) => Some(name),
        };
        parts(template).into_iter().filter_map(name).collect()
    }

    #[test]
    fn a_text_is_filled_with_its_values_in_each_language() {
        assert_eq!(
            parts("{n} {n|row|rows} of “{file}” {"),
            [
                Part::Plain(""),
                Part::Value("n"),
                Part::Plain(" "),
                Part::Count("n", "row", "rows"),
                Part::Plain(" of “"),
                Part::Value("file"),
                Part::Plain("” {")
            ]
        );
        let said = sentence!("deleted-rows", n = 1_usize).said();
        assert_eq!(said.text(Lang::En), "1 row of the table is marked as deleted and was left out");
        assert!(said.text(Lang::Vi).starts_with("1 dòng"));
        assert!(sentence!("deleted-rows", n = 2_usize).text(Lang::En).starts_with("2 rows of the table are"));
        let there: Said = serde_json::from_value(serde_json::to_value(&said).expect("json")).expect("said");
        assert_eq!(there, said);
    }

    #[test]
    fn every_sentence_is_there_in_both_languages_with_the_values_that_the_program_gives_it() {
        let texts: BTreeMap<String, BTreeMap<String, String>> = toml::from_str(include_str!("sentences.toml")).expect("each key once");
        let mut unused: BTreeSet<&str> = texts.keys().map(String::as_str).filter(|key| *key != "nothing").collect();
        for (path, source) in sources("src").into_iter().filter(|(path, _)| !path.ends_with("sentence.rs")) {
            let lines = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
            for call in lines.split("sentence!(").skip(1) {
                let Some((key, rest)) = call.trim_start().strip_prefix('"').and_then(|call| call.split_once('"')) else { continue };
                let own = texts.get(key).unwrap_or_else(|| panic!("{}: no sentence “{key}”", path.display()));
                unused.remove(key);
                let given = given(rest);
                for lang in [Lang::Vi, Lang::En] {
                    let text = own.get(lang.code()).unwrap_or_else(|| panic!("no {} for “{key}”", lang.code()));
                    for name in names(text) {
                        assert!(given.contains(name), "{}: “{key}” is not given its {name}", path.display());
                    }
                }
            }
        }
        assert_eq!(unused, BTreeSet::new(), "sentences that nothing says");
    }

    /// The names of the values in what follows a key, up to the end of the call.
    fn given(rest: &str) -> BTreeSet<String> {
        let (mut depth, mut in_text, mut is_escaped) = (0, false, false);
        let mut arguments = vec![String::new()];
        for c in rest.chars() {
            match c {
                _ if is_escaped => is_escaped = false,
                '\\' if in_text => is_escaped = true,
                '"' => in_text = !in_text,
                _ if in_text => {}
                '(' | '[' | '{' => depth += 1,
                ')' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => arguments.push(String::new()),
                c => arguments.last_mut().expect("one").push(c),
            }
        }
        arguments.iter().map(|argument| argument.split('=').next().unwrap_or_default().trim().to_owned()).collect()
    }
}
