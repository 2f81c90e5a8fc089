//! `/here?f=pdf`: what the plans say of a place, on one sheet of paper.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;

use super::errors::HttpError;
use super::{Site, respond};
use crate::domain::city::City;
use crate::domain::publication::view::Moment;
use crate::prints;
use crate::render::here::Asked;
use crate::render::map::Beside;
use crate::render::print::place::{self, MapOfPlace, PlaceSheet};
use crate::words::text::Lang;

/// The sheet of a place as PDF. Nothing of it is kept.
pub(super) async fn printed(
    site: &Site,
    lang: Lang,
    city: &City,
    moment: &Moment,
    asked: &Asked<'_>,
    outline: &[Vec<[i64; 2]>],
) -> Result<Response, HttpError> {
    let first = place::shown(asked.here).map(|plan| &plan.view);
    let (mut features, mut further) = (None, Vec::new());
    if let Some(view) = first {
        if let Some(set) = &view.features {
            features = site.model.readable(set.sha256).await?;
        }
        further = site.model.readable_further(view).await?;
    }
    let bbox = place::box_of(asked.here, outline, [asked.spot.at.lon, asked.spot.at.lat]);
    let map = features.as_deref().map(|features| MapOfPlace { features, beside: Beside::of(&further), bbox, outline });
    let _place = site.drawing_place().await?;
    let sheet = PlaceSheet { lang, city, moment, asked, map };
    let body = tokio::task::block_in_place(|| sheet.pdf()).map_err(prints::PressError::from)?;
    let mut extra = HeaderMap::new();
    extra.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(respond::with(StatusCode::OK, "application/pdf", extra, body))
}
