//! What programs ask for that nobody links to: where crawlers may go, what there is, whom to tell of a hole, icons.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::ToSpan;

use super::errors::HttpError;
use super::reading::Asking;
use super::{Site, respond};
use crate::domain::Code;
use crate::domain::families;
use crate::domain::publication::Status;
use crate::domain::publication::view::View;
use crate::read_model::image::Image;
use crate::render::print;

/// Most addresses of a sitemap (sitemaps.org).
const MOST: usize = 50_000;
/// Pages that are no item.
const PAGES: [&str; 7] = ["/", "/here", "/today", "/indicators", "/coverage", "/desk", "/glossary"];
/// How long the note for finders of holes holds; RFC 9116 §2.5.5 recommends less than a year.
const HOLDS_DAYS: i64 = 180;
/// The program's sign: a sheet on a board.
const SIGN: &str = concat!(
    r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path d="M0 0h32v32H0z" fill="#003c9e"/>"##,
    r##"<path d="M6 5h20v22H6z" fill="#fff"/><path d="M9 9h14v3H9zM9 15h6v2H9zM9 19h6v2H9zM9 23h4v1H9z" fill="#003c9e"/>"##,
    r##"<path d="M17 15h7v9h-7z" fill="#ffd54f"/></svg>"##
);

fn kept(media: &'static str, text: String) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    respond::with(StatusCode::OK, media, headers, text)
}

/// `/robots.txt` (RFC 9309): public pages are for everybody; what belongs to one person is in no index.
pub async fn robots(State(site): State<Arc<Site>>) -> Response {
    let public = &site.city().public_url;
    let closed = ["/office", "/desk/", "/q/*/edit/", "/q/*/report", "/reports", "/imports"];
    let closed = closed.map(|path| format!("Disallow: {path}\n")).concat();
    kept("text/plain; charset=utf-8", format!("User-agent: *\n{closed}\nSitemap: {public}/sitemap.xml\n"))
}

/// True for a page that an index may keep: it holds no person's name, number or account, which can be taken back.
fn is_for_indexes(image: &Image, view: &View) -> bool {
    let is_shown = matches!(view.status, Status::InForce | Status::Upcoming);
    is_shown && image.contact_of(view).is_none() && image.payee_of(view).is_none()
}

/// `/sitemap.xml`: the pages of all items that hold or will.
pub async fn sitemap(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let (city, moment) = (site.city(), site.moment());
    let look = || {
        let image = site.model.image();
        let of = |(name, ..): (&'static str, _, _)| {
            let views = image.collection(name).filter_map(|(_, entry)| entry.item.view(None, &moment));
            views.filter(|view| is_for_indexes(&image, view)).map(|view| (view.code, view.updated)).collect::<Vec<(Code, _)>>()
        };
        let mut items: Vec<_> = families::collections().into_iter().flat_map(of).collect();
        items.sort_by_key(|(code, updated)| (std::cmp::Reverse(*updated), *code));
        items.dedup_by_key(|(code, _)| *code);
        items
    };
    let items = site.at_length(look).await?;
    let public = &city.public_url;
    let mut text =
        String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n");
    for page in PAGES {
        let _ = writeln!(text, "<url><loc>{public}{page}</loc></url>");
    }
    for (code, updated) in items.into_iter().take(MOST - PAGES.len()) {
        let _ = writeln!(text, "<url><loc>{public}/q/{code}</loc><lastmod>{updated:.0}</lastmod></url>");
    }
    text.push_str("</urlset>\n");
    Ok(respond::fresh(&asking.headers, "application/xml", "max-age=3600", HeaderMap::new(), text))
}

/// `/.well-known/security.txt` (RFC 9116): whom to tell of a hole.
pub async fn security(State(site): State<Arc<Site>>) -> Response {
    let (city, today) = (site.city(), site.moment().today);
    let contact = city.phone.as_ref().map_or_else(
        || format!("Contact: {}/desk\n", city.public_url),
        |phone| format!("Contact: tel:{}\nContact: {}/desk\n", phone.replace(' ', "-"), city.public_url),
    );
    let until = today.saturating_add(HOLDS_DAYS.days());
    let text = format!(
        "{contact}Expires: {until}T00:00:00Z\nPreferred-Languages: vi, en\nCanonical: {}/.well-known/security.txt\n",
        city.public_url
    );
    kept("text/plain; charset=utf-8", text)
}

/// The program's sign, so many pixels wide. It is drawn once.
fn sign(once: &OnceLock<Option<Vec<u8>>>, width: u32) -> Result<Response, HttpError> {
    let drawn = once.get_or_init(|| print::png(SIGN, width).ok());
    let png = drawn.clone().ok_or_else(|| HttpError::Internal(String::from("the sign was not drawn")))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=86400"));
    Ok(respond::with(StatusCode::OK, "image/png", headers, png))
}

/// `/favicon.ico`: browsers ask for it, and take a PNG.
pub async fn favicon() -> Result<Response, HttpError> {
    static DRAWN: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    sign(&DRAWN, 32)
}

/// `/apple-touch-icon.png`: phones put it on their home screen.
pub async fn touch_icon() -> Result<Response, HttpError> {
    static DRAWN: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    sign(&DRAWN, 180)
}
