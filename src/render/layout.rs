//! The frame of every page around its content.

use std::sync::LazyLock;

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::domain::city::City;
use crate::words::text::Lang;
use crate::words::text::text;

const STYLE: &str = include_str!("style.css");

/// The content security policy of most pages: only the page's own style, and no script at all.
pub static CONTENT_SECURITY_POLICY: LazyLock<String> = LazyLock::new(|| policy(STYLE));

/// The policy of a page with an interactive map: scripts only from this site.
pub static MAP_POLICY: LazyLock<String> = LazyLock::new(|| {
    let own = CONTENT_SECURITY_POLICY.replace("style-src ", "style-src 'self' ");
    format!("{own}; script-src 'self'; connect-src 'self'")
});

/// The policy of a page whose script asks the browser for its position, or keeps a copy of the page for
/// when the network is away: scripts only from this site.
pub static SCRIPT_POLICY: LazyLock<String> = LazyLock::new(|| {
    let own = CONTENT_SECURITY_POLICY.as_str();
    format!("{own}; script-src 'self'; worker-src 'self'; connect-src 'self'")
});

/// The policy for a page with that style.
pub fn policy(style: &str) -> String {
    let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// A page with its title and path.
pub struct Page<'a> {
    /// The reader's language.
    pub lang: Lang,
    /// The city.
    pub city: &'a City,
    /// Title in the browser's window.
    pub title: &'a str,
    /// Path of this page, without the language.
    pub path: &'a str,
    /// Other forms of the page: media type and address.
    pub alternates: Vec<(&'static str, String)>,
    /// The preview that a messenger shows beside a link to the page.
    pub preview: Option<Preview>,
}

/// The preview that a messenger shows beside a link (Open Graph).
pub struct Preview {
    /// Whether the item holds, and since when.
    pub description: String,
    /// Absolute address of a picture of 1,200 × 630 pixels.
    pub image: String,
    /// Absolute address of the page.
    pub url: String,
}

impl<'a> Page<'a> {
    /// A page without alternate forms or preview.
    pub fn new(lang: Lang, city: &'a City, title: &'a str, path: &'a str) -> Self {
        Self { lang, city, title, path, alternates: Vec::new(), preview: None }
    }

    /// Adds another form of the page.
    pub fn alternate(mut self, media: &'static str, address: String) -> Self {
        self.alternates.push((media, address));
        self
    }
}

/// A search field with its label above it.
pub fn words_field(lang: Lang, name: &str, label: &str, value: &str) -> Markup {
    html! {
        label.above for=(name) { (text(lang, label)) }
        input type="search" id=(name) name=(name) value=(value) maxlength="200";
        (language_field(lang))
        button { (text(lang, "search")) }
    }
}

/// A table with its own scroll bar, because it may be wider than the screen if the text is large.
pub fn scrolling(label: &str, table: Markup) -> Markup {
    html! { div.scroll role="region" tabindex="0" aria-label=(label) { (table) } }
}

/// Assembles the page around its content.
pub fn page(page: &Page<'_>, content: Markup) -> String {
    let Page { lang, city, title, path, alternates, preview } = page;
    let t = |key| text(*lang, key);
    let separator = if path.contains('?') { '&' } else { '?' };
    let city_name = lang.pick(&city.name_vi, &city.name_en);
    html! {
        (DOCTYPE)
        html lang=(lang.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                title { (title) " – " (t("board")) " " (city_name) }
                @for (media, address) in alternates {
                    link rel="alternate" type=(media) href=(address);
                }
                @if let Some(preview) = preview {
                    meta property="og:title" content=(title);
                    meta property="og:type" content="article";
                    meta property="og:description" content=(preview.description);
                    meta property="og:image" content=(preview.image);
                    meta property="og:url" content=(preview.url);
                }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#content" { (t("skip")) }
                header {
                    a href={ "/" (lang.query()) } { (t("board")) " " (city_name) }
                    span {
                        @for other in Lang::offered().iter().filter(|other| *other != lang) {
                            " " a href={ (path) (separator) "lang=" (other.code()) } lang=(other.code()) hreflang=(other.code()) { (other.name()) }
                        }
                    }
                }
                main #content { (content) }
                footer {
                    p {
                        (t("ask")) ": " (lang.pick(&city.contact_vi, &city.contact_en))
                        @if let Some(phone) = &city.phone { " · " a href={ "tel:" (crate::words::format::dialled(phone)) } { (t("call")) " " (phone) } }
                    }
                    p.note { (t("fake-qr")) }
                    @if !city.emergency.is_empty() {
                        p {
                            (t("emergency")) ": "
                            @for (i, number) in city.emergency.iter().enumerate() {
                                @if i > 0 { ", " }
                                a href={ "tel:" (number.number) } { (number.number) }
                                " " (lang.pick(&number.label_vi, &number.label_en))
                            }
                        }
                    }
                    p.small { (city.licence) }
                }
            }
        }
    }
    .into_string()
}

/// A hidden field that carries the page's language to the answer of a form.
pub fn language_field(lang: Lang) -> Markup {
    html! { @if lang != Lang::Vi { input type="hidden" name="lang" value=(lang.code()); } }
}
