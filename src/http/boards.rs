//! `/boards`: the notice boards, and which of them need a visit.

use crate::http::reading::{self, Asking};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::Site;
use super::errors::HttpError;
use super::reading::Form;
use super::respond;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::unit::UnitId;
use crate::prints;
use crate::read_model::image::Image;
use crate::render::boards::{self as pages, BoardFilter, Entry};
use crate::words::text::Lang;

/// The boards in use with the items on them, ordered by number. `unit` keeps only boards of that unit and
/// the units that took it over.
fn entries(image: &Image, moment: &Moment, unit: Option<&UnitId>) -> Vec<Entry> {
    let boards = image.standing_boards(moment, unit).into_iter();
    let entry = |board: View| {
        let postings = board.board().into_iter().flat_map(|own| &own.postings);
        let items = postings.filter_map(|posting| image.view(&posting.item, None, moment)).collect();
        Entry { board, items }
    };
    boards.map(entry).collect()
}

/// `/boards?due=superseded|check&unit=`
pub async fn list(State(site): State<Arc<Site>>, asking: Asking) -> Result<Response, HttpError> {
    let make = || {
        let (form, headers) = (asking.page_or_json()?, &asking.headers);
        let wanted = match asking.asked("due").as_deref() {
            None | Some("all") => BoardFilter::All,
            Some("superseded") => BoardFilter::Superseded,
            Some("check") => BoardFilter::Check,
            Some(other) => {
                return Err(HttpError::Parameter(sentence!("boards-due", other)));
            }
        };
        let unit = asking.asked("unit");
        let unit: Option<UnitId> = unit.map(|unit| unit.parse().map_err(|_| HttpError::UnknownUnit)).transpose()?;
        let moment = site.moment();
        let (city, entries) = {
            let image = site.model.image();
            if unit.as_ref().is_some_and(|unit| image.city.units.get(unit).is_none()) {
                return Err(HttpError::UnknownUnit);
            }
            (Arc::clone(&image.city), entries(&image, &moment, unit.as_ref()))
        };
        let entries: Vec<Entry> = entries.into_iter().filter(|entry| entry.is_wanted(wanted)).collect();
        if form == Form::Json {
            let list: Vec<Value> = entries.iter().map(|entry| entry.json(&city.public_url)).collect();
            let body = json!({ "boards": list }).to_string();
            return Ok(respond::fresh(headers, "application/json", "no-cache", HeaderMap::new(), body));
        }
        let page = pages::list(asking.lang(), &city, &moment, wanted, unit.as_ref(), &entries);
        Ok(respond::fresh(headers, "text/html; charset=utf-8", "no-cache", HeaderMap::new(), page))
    };
    site.at_length(make).await.flatten()
}

/// `/booklet.pdf?unit=`: all posters of a unit's boards in one file. It is made for each request: it is
/// seldom asked for, and never twice the same.
pub async fn booklet(State(site): State<Arc<Site>>, Asking { query, .. }: Asking) -> Result<Response, HttpError> {
    let query = query.as_deref();
    let unit = reading::asked(query, "unit").filter(|unit| unit != "all");
    let unit: Option<UnitId> = unit.map(|unit| unit.parse().map_err(|_| HttpError::UnknownUnit)).transpose()?;
    let lang = Lang::choose(reading::parameter(query, "lang").as_deref(), None);
    let place = site.drawing_place().await?;
    let moment = site.moment();
    let folio = prints::folio(&site.model, &moment, lang, unit.as_ref()).await?;
    let made = tokio::task::spawn_blocking(move || {
        // The work holds the place, because the client may hang up before it is done.
        let _place = place;
        folio.draw(&mut |_| {})
    });
    let file = made.await.map_err(|error| HttpError::Internal(error.to_string()))??;
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline; filename=\"bang-tin.pdf\""));
    Ok(respond::with(StatusCode::OK, "application/pdf", headers, file))
}
