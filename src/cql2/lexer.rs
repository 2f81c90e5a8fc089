//! Cuts a filter's text into words, texts, numbers and signs.

use super::FilterError;
use crate::words::alike::alike;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A word. The parser decides whether it is a keyword.
    Word(String),
    /// A name in double quotes: never a keyword.
    Quoted(String),
    Text(String),
    Number(f64),
    Sign(&'static str),
}

/// A token and the byte at which it begins.
pub(super) type Placed = (usize, Token);

const SIGNS: [&str; 12] = ["<=", ">=", "<>", "=", "<", ">", "(", ")", ",", "+", "-", "/"];

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '.' | ':')
}

/// Cuts a filter's text into tokens.
pub(super) fn tokens(source: &str) -> Result<Vec<Placed>, FilterError> {
    let mut tokens = Vec::new();
    let mut rest = source.char_indices().peekable();
    while let Some(&(at, c)) = rest.peek() {
        if c.is_whitespace() || alike(c).is_none() {
            rest.next();
        } else if c != '-' && alike(c) == Some('-') {
            // Word processors replace a hyphen with similar characters.
            rest.next();
            tokens.push((at, Token::Sign("-")));
        } else if c == '\'' || c == '"' {
            rest.next();
            let text = quoted(&mut rest, c).ok_or_else(|| FilterError::at(at, sentence!("text-closed-quote")))?;
            tokens.push((at, if c == '"' { Token::Quoted(text) } else { Token::Text(text) }));
        } else if c.is_ascii_digit() || (c == '.' && source[at + 1..].starts_with(|next: char| next.is_ascii_digit())) {
            let end = number_end(&source[at..]) + at;
            let number = source[at..end].parse().ok().filter(|number: &f64| number.is_finite());
            let number = number.ok_or_else(|| FilterError::at(at, sentence!("number")))?;
            tokens.push((at, Token::Number(number)));
            while rest.peek().is_some_and(|(i, _)| *i < end) {
                rest.next();
            }
        } else if is_name(c) {
            let mut word = String::new();
            while let Some(&(_, c)) = rest.peek().filter(|(_, c)| is_name(*c)) {
                word.push(c);
                rest.next();
            }
            tokens.push((at, Token::Word(word)));
        } else if let Some(sign) = SIGNS.iter().find(|sign| source[at..].starts_with(**sign)) {
            sign.chars().for_each(|_| {
                rest.next();
            });
            tokens.push((at, Token::Sign(sign)));
        } else {
            return Err(FilterError::at(at, sentence!("filter-character")));
        }
    }
    Ok(tokens)
}

/// The text up to the closing quote; a doubled quote, or one after a backslash, stands for itself.
fn quoted(rest: &mut std::iter::Peekable<std::str::CharIndices<'_>>, quote: char) -> Option<String> {
    let mut text = String::new();
    loop {
        let (_, c) = rest.next()?;
        if c == quote {
            if rest.next_if(|(_, next)| *next == quote).is_none() {
                return Some(text);
            }
            text.push(quote);
        } else if c == '\\' && rest.next_if(|(_, next)| *next == quote).is_some() {
            text.push(quote);
        } else {
            text.push(c);
        }
    }
}

fn number_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while end < bytes.len() {
        let exponent = end > 0 && matches!(bytes[end - 1], b'e' | b'E') && matches!(bytes[end], b'+' | b'-');
        if bytes[end].is_ascii_digit() || matches!(bytes[end], b'.' | b'e' | b'E') || exponent {
            end += 1;
        } else {
            break;
        }
    }
    end
}
