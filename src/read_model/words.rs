//! The words of texts and of queries, as search compares them.

use unicode_normalization::UnicodeNormalization;

use crate::words::alike::read;
use crate::words::fold::{clean, fold, marked};

/// Longest query, in characters.
const LONGEST: usize = 200;
/// Most words of a query; further ones are ignored.
const WORDS: usize = 12;

/// The folded words of a text, each after a blank. Punctuation separates words.
pub(super) fn words_of(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 1);
    let mut open = false;
    // “60 m²” and “№ 9” as people type them.
    let text: String = text.nfkc().collect();
    for c in fold(&text).chars() {
        if c.is_alphanumeric() {
            if !open {
                words.push(' ');
            }
            words.push(c);
        }
        open = c.is_alphanumeric();
    }
    words
}

/// The numbers of folded words without the zeros in front of them, each after a blank: a decision is “3/QĐ” to one
/// and “0003/QĐ” to another.
pub(super) fn unpadded(words: &str) -> String {
    let padded = words.split(' ').filter(|word| word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit()));
    padded.map(significant).filter(|number| !number.is_empty()).fold(String::new(), |all, number| all + " " + number)
}

pub(super) fn significant(number: &str) -> &str {
    number.trim_start_matches('0')
}

/// True if one of the folded words begins with the wanted one, or is the same number without zeros in front. Each
/// word, and the wanted one, comes after a blank.
pub(super) fn holds(words: &str, wanted: &str) -> bool {
    let is_same_number = |number: &str| {
        let short = significant(number);
        !short.is_empty()
            && short.len() < number.len()
            && number.bytes().all(|byte| byte.is_ascii_digit())
            && words.split(' ').any(|word| word == short)
    };
    words.contains(wanted) || is_same_number(wanted.trim_start())
}

/// A query ready for reading: cut to its longest length, without invisible characters, and with compatibility
/// forms (full-width letters and the like) replaced by what they look like.
pub(super) fn plain(query: &str) -> String {
    let short: String = query.chars().take(LONGEST).collect();
    let plain: String = clean(&short).nfkc().collect();
    read(&plain).into_owned()
}

/// The words of a text with diacritics, kept with them, each after a blank.
pub(super) fn marked_words(text: &str) -> String {
    let seen = read(text);
    let words = seen.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_ascii());
    words.fold(String::new(), |all, word| all + " " + &marked(word))
}

/// The folded words of a query, limited in number.
pub fn query_words(query: &str) -> Vec<String> {
    words_of(&plain(query)).split(' ').filter(|word| !word.is_empty()).take(WORDS).map(str::to_owned).collect()
}
