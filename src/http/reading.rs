//! Reads what a request asks for: its form, its language, the parameters of its address.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use percent_encoding::percent_decode_str;

use super::errors::HttpError;
use super::lists::{weighted, whole};
use crate::words::copied::{bare_value, mended_query};
use crate::words::text::Lang;

/// What a request says beside its path. Handlers take it as one input.
pub struct Asking {
    /// The query of its address, as it was sent.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
}

impl<S: Sync> FromRequestParts<S> for Asking {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self { query: parts.uri.query().map(str::to_owned), headers: parts.headers.clone() })
    }
}

impl Asking {
    /// The reader's language, by `?lang=` or by what the browser prefers.
    pub fn lang(&self) -> Lang {
        language(self.parameter("lang").as_deref(), &self.headers)
    }

    /// A parameter, percent-decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        parameter(self.query.as_deref(), name)
    }

    /// A parameter of a page, without text that was appended to the address; `None` if it is empty.
    pub fn asked(&self, name: &str) -> Option<String> {
        asked(self.query.as_deref(), name)
    }

    /// True for a browser.
    pub fn wants_html(&self) -> bool {
        wants_html(&self.headers)
    }

    /// The form that `?f=` and Accept ask for; a page where neither says.
    pub fn page_or_json(&self) -> Result<Form, HttpError> {
        match self.parameter("f").as_deref() {
            None if self.wants_html() => Ok(Form::Html),
            given => form(given, &self.headers),
        }
    }
}

/// The form of an answer that a client can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A page.
    Html,
    /// JSON or GeoJSON.
    Json,
}

/// The form that `?f=` asks for, otherwise Accept. A browser asks for text/html.
pub fn form(f: Option<&str>, headers: &HeaderMap) -> Result<Form, HttpError> {
    match f {
        Some("json" | "geojson") => return Ok(Form::Json),
        // The address of a page may have been copied together with the end of a sentence.
        Some(given) if bare_value(given) == "html" => return Ok(Form::Html),
        Some(other) => {
            return Err(HttpError::Parameter(sentence!("form-unknown", other)));
        }
        None => {}
    }
    let accept = whole(headers, header::ACCEPT).filter(|list| weighted(list).next().is_some());
    // A client that accepts everything alike gets the form that programs read.
    let Some(accept) = accept.filter(|list| !matches!(&**list, "*/*" | "*")) else { return Ok(Form::Json) };
    let of = |name: &str| weighted(&accept).find_map(|(media, weight)| media.eq_ignore_ascii_case(name).then_some(weight));
    // The most specific range decides (RFC 9110 §12.5.1). If a form has two names, the better liked one counts.
    let better = |a: Option<f32>, b: Option<f32>| a.into_iter().chain(b).reduce(f32::max);
    let any = of("*/*");
    let html = better(of("text/html"), of("application/xhtml+xml")).or(of("text/*"));
    let json = better(of("application/geo+json"), of("application/json")).or(of("application/*")).or(any).unwrap_or(0.0);
    match html {
        // A client that names pages, and likes nothing better, gets a page.
        Some(html) if html > 0.0 && html >= json.min(1.0) => Ok(Form::Html),
        _ if json > 0.0 => Ok(Form::Json),
        None if any.is_some_and(|weight| weight > 0.0) => Ok(Form::Html),
        _ => Err(HttpError::NotAcceptable),
    }
}

/// The form of a schema: JSON for programs, a page for a browser.
pub fn schema_form(f: Option<&str>, headers: &HeaderMap) -> Result<Form, HttpError> {
    match f {
        None if !wants_html(headers) => Ok(Form::Json),
        given => form(given, headers),
    }
}

/// True for a browser: the client names pages and likes nothing better.
pub fn wants_html(headers: &HeaderMap) -> bool {
    // A page is only sent to clients that name it.
    matches!(form(None, headers), Ok(Form::Html))
}

/// True if a question is answered with a page. `form` says what `?f=` and Accept mean at its address. A
/// page ignores parameters that an app or a messenger has appended.
pub fn is_page(form: fn(Option<&str>, &HeaderMap) -> Result<Form, HttpError>, query: Option<&str>, headers: &HeaderMap) -> bool {
    matches!(form(parameter(query, "f").as_deref(), headers), Ok(Form::Html))
}

/// The reader's language.
pub fn language(query: Option<&str>, headers: &HeaderMap) -> Lang {
    Lang::choose(query, whole(headers, header::ACCEPT_LANGUAGE).as_deref())
}

/// A parameter of a page, without text that was appended to the address; `None` if it is empty.
pub fn asked(query: Option<&str>, name: &str) -> Option<String> {
    parameter(query, name).map(|value| bare_value(&value).to_owned()).filter(|value| !value.is_empty())
}

/// A parameter of a query string, percent-decoded.
pub fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    mended_query(query?).split('&').find_map(|pair| match pair.split_once('=') {
        Some((key, value)) => (key == name).then(|| percent_decode(value)),
        // An app has encoded the sign between the two.
        None => percent_decode(pair)
            .split_once('=')
            .map_or_else(|| (pair == name).then(String::new), |(key, value)| (key == name).then(|| value.to_owned())),
    })
}

/// Decodes `%41` and `+`. Bytes that are not UTF-8 become the replacement character.
pub fn percent_decode(text: &str) -> String {
    if memchr::memchr2(b'%', b'+', text.as_bytes()).is_none() {
        return text.to_owned();
    }
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use crate::http::respond::Encoding;

    fn headers(lines: &[(header::HeaderName, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn a_list_over_several_lines_is_one_list() {
        let accept = |lines: &[&'static str]| headers(&lines.iter().map(|line| (header::ACCEPT, *line)).collect::<Vec<_>>());
        assert_eq!(form(None, &accept(&["image/png", "application/json"])).ok(), Some(Form::Json));
        assert_eq!(form(None, &accept(&["application/json;q=0.5", "text/html"])).ok(), Some(Form::Html));
        assert_eq!(form(None, &accept(&["image/png", "*/*;q=0.1"])).ok(), Some(Form::Json));
        assert_eq!(form(None, &accept(&["*/*", "text/html"])).ok(), Some(Form::Html));
        assert_eq!(form(None, &accept(&["", " "])).ok(), Some(Form::Json));
        assert!(form(None, &accept(&["image/png", "image/webp"])).is_err());
        let both = headers(&[(header::ACCEPT_ENCODING, "deflate"), (header::ACCEPT_ENCODING, "br")]);
        assert_eq!(Encoding::choose(&both), Encoding::Brotli);
        let languages = headers(&[(header::ACCEPT_LANGUAGE, "fr"), (header::ACCEPT_LANGUAGE, "en;q=0.8")]);
        assert_eq!(language(None, &languages), Lang::En);
    }

    #[test]
    fn names_of_media_codings_and_parameters_compare_without_case() {
        for (accept, expected) in [
            ("text/html;Q=0.1, application/json", Form::Json),
            ("TEXT/HTML;q=0.9, application/json;Q=0.1", Form::Html),
            ("text/html; charset=utf-8; Q = 0.2, Application/JSON;q=0.1", Form::Html),
            ("Text/*, */*;q=0.1", Form::Html),
            (r#"application/json;p="a, text/html;q=1, \", b", */*;q=0.1"#, Form::Json),
            (r#"text/html;p=";q=0", application/json;q=0.5"#, Form::Html),
            ("*/*, application/json;q=0", Form::Html),
            ("*/*, text/html;q=0", Form::Json),
            ("application/*;q=0.9, text/html;q=0.8", Form::Json),
            ("text/html;q=0.9, application/*;q=0.8", Form::Html),
        ] {
            assert_eq!(form(None, &headers(&[(header::ACCEPT, accept)])).ok(), Some(expected), "{accept}");
        }
        for (accept, expected) in [
            ("GZIP", Encoding::Gzip),
            ("gzip;Q=0, BR", Encoding::Brotli),
            ("gzip;q=0.000", Encoding::Identity),
            ("br;q=0, gzip;q=0.1", Encoding::Gzip),
        ] {
            assert_eq!(Encoding::choose(&headers(&[(header::ACCEPT_ENCODING, accept)])), expected, "{accept}");
        }
        assert_eq!(language(None, &headers(&[(header::ACCEPT_LANGUAGE, "vi;Q=0.1, EN-gb;Q=0.9")])), Lang::En);
    }

    #[test]
    fn whoever_names_pages_wants_them() {
        for (accept, wants) in [
            ("text/html", true),
            ("TEXT/HTML", true),
            ("text/*", true),
            ("application/xhtml+xml", true),
            ("text/html;q=0.5, */*", false),
            ("*/*", false),
            ("application/json", false),
            ("image/png", false),
            ("", false),
        ] {
            assert_eq!(wants_html(&headers(&[(header::ACCEPT, accept)])), wants, "{accept}");
        }
        assert!(!wants_html(&HeaderMap::new()));
    }
}
