//! Files of the interactive map: an unmodified library, and the script that uses it.

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::Response;

use super::errors::HttpError;
use super::respond;

/// Name, media type, true if the name contains the version, and content of each file.
///
/// Leaflet 1.9.4, BSD-2-Clause, © Volodymyr Agafonkin and CloudMade; unmodified, with its licence. Also the
/// licence of Noto Sans, which prints and pictures embed (`render::print::fonts`).
const FILES: &[(&str, &str, bool, &str)] = &[
    ("leaflet-1.9.4.js", "text/javascript; charset=utf-8", true, include_str!("assets/leaflet-1.9.4/leaflet.js")),
    ("leaflet-1.9.4.css", "text/css; charset=utf-8", true, include_str!("assets/leaflet-1.9.4/leaflet.css")),
    ("leaflet-1.9.4.txt", "text/plain; charset=utf-8", true, include_str!("assets/leaflet-1.9.4/LICENSE")),
    ("noto-sans.txt", "text/plain; charset=utf-8", false, include_str!("assets/noto-sans/OFL.txt")),
    ("here.js", "text/javascript; charset=utf-8", false, include_str!("assets/here.js")),
    ("offline.js", "text/javascript; charset=utf-8", false, include_str!("assets/offline.js")),
    ("again.js", "text/javascript; charset=utf-8", false, include_str!("assets/again.js")),
    ("passkey.js", "text/javascript; charset=utf-8", false, include_str!("assets/passkey.js")),
    ("typing.js", "text/javascript; charset=utf-8", false, include_str!("assets/typing.js")),
    ("upload.js", "text/javascript; charset=utf-8", false, include_str!("assets/upload.js")),
    ("map.js", "text/javascript; charset=utf-8", false, include_str!("assets/map.js")),
];

/// `/sw.js`: keeps the page of whom to call for when the network is away. It stands at the root, because it
/// can only reach addresses below its own.
pub async fn worker(headers: HeaderMap) -> Response {
    let text = include_str!("assets/sw.js").to_owned();
    respond::fresh(&headers, "text/javascript; charset=utf-8", "no-cache", HeaderMap::new(), text)
}

/// `/assets/{name}`
pub async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Result<Response, HttpError> {
    let found = FILES.iter().find(|(known, ..)| *known == name).ok_or(HttpError::NotFound);
    found.map(|(_, media, versioned, text)| {
        let cache = if *versioned { "public, max-age=31536000, immutable" } else { "public, max-age=300" };
        respond::fresh(&headers, media, cache, HeaderMap::new(), (*text).to_owned())
    })
}
