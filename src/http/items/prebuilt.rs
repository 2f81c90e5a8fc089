//! Answers that are made once for each change: their inputs, and how they are made.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;

use super::material::{Material, gather};
use super::memento::memento_links;
use crate::domain::Code;
use crate::domain::publication::Status;
use crate::domain::unit::UnitId;
use crate::features::geojson;
use crate::http::answers::{Answer, Answers, Mark, Representation, Scope, Validity};
use crate::http::collections::versions::memento_datetime;
use crate::http::errors::HttpError;
use crate::http::{Site, respond};
use crate::prints;
use crate::read_model::image::{Entry, Image};
use crate::render::calendar;
use crate::render::map;
use crate::render::map::UnitShape;
use crate::render::page::{Before, Extract, Item, Print};
use crate::render::qr;
use crate::render::record;
use crate::words::civil::end_of;
use crate::words::civil::midnight;
use crate::words::text::Lang;

const HTML: &str = "text/html; charset=utf-8";
const PDF: &str = "application/pdf";

/// The prebuilt answer; it is made anew if it is no longer valid.
pub(super) async fn answer(site: &Arc<Site>, code: Code, what: Representation, headers: &HeaderMap) -> Result<Response, HttpError> {
    let now = site.app.now();
    let validity = {
        let image = site.model.image();
        let entry = image.entry(&code).filter(|entry| entry.item.is_public()).ok_or(HttpError::UnknownCode)?;
        validity(&image, entry, &what)
    };
    let key = (code, what, validity);
    let answer = match site.answers.get(&key, now).await {
        Ok(answer) => {
            site.metrics.cached.fetch_add(1, Ordering::Relaxed);
            answer
        }
        Err(turn) => {
            site.metrics.rendered.fetch_add(1, Ordering::Relaxed);
            let answer = Arc::new(render(site, code, &key.1).await?);
            Answers::keep(turn, &answer);
            answer
        }
    };
    respond(site, answer, headers, now).await
}

/// Sends an answer. If a core is free, it is then compressed as well as possible for the next readers.
async fn respond(site: &Arc<Site>, answer: Arc<Answer>, headers: &HeaderMap, now: Timestamp) -> Result<Response, HttpError> {
    if !answer.is_ready(headers) {
        // Compressing a whole plan takes seconds.
        let (answer, headers) = (Arc::clone(&answer), headers.clone());
        let made = tokio::task::spawn_blocking(move || answer.prepare(&headers)).await;
        made.map_err(|error| HttpError::Internal(error.to_string()))?;
    }
    let response = answer.respond(headers, now);
    if answer.can_be_perfected()
        && let Ok(place) = Arc::clone(&site.drawing_places).try_acquire_owned()
        && answer.begins_to_be_perfected()
    {
        tokio::task::spawn_blocking(move || {
            let _place = place;
            answer.perfect();
        });
    }
    Ok(response)
}

/// The state that an answer about an item is made from.
fn validity(image: &Image, entry: &Entry, what: &Representation) -> Validity {
    let number = match what {
        Representation::Poster(_, order) | Representation::Stickers(order) => order.board,
        _ => what.scope().and_then(|scope| match scope.mark {
            Some(Mark::Board(number)) => Some(number),
            _ => None,
        }),
    };
    let board = number.and_then(|number| image.entry(image.by_number(number)?));
    // A page shows the titles of the items it mentions, on a board or in a consultation, so it depends on
    // every event.
    let others = if entry.item.mentions_others() { image.position } else { board.map_or(0, |board| board.version) };
    Validity { version: entry.version, others, city_version: image.city_version, generation: image.generation }
}

async fn render(site: &Site, code: Code, what: &Representation) -> Result<Answer, HttpError> {
    // A print takes a core and memory for a while, so at most one is made for each core.
    let place = if what.order().is_some() { Some(site.drawing_place().await?) } else { None };
    let material = gather(site, code, what).await?;
    let Material { moment, city, view, .. } = &material;
    let is_own = matches!(what, Representation::Page(_) | Representation::GeoJson | Representation::Record);
    let status = if view.status == Status::Withdrawn && is_own { StatusCode::GONE } else { StatusCode::OK };
    let mut extra = HeaderMap::new();
    if matches!(what, Representation::Page(_) | Representation::Revision(..) | Representation::RevisionGeoJson(_)) {
        extra.extend(HeaderValue::try_from(memento_links(&city.public_url, view)).ok().map(|links| (header::LINK, links)));
    }
    if matches!(what, Representation::Revision(..) | Representation::RevisionGeoJson(_)) {
        let date = HeaderValue::try_from(memento_datetime(view.effective_from, moment)).ok();
        extra.extend(date.map(|date| (respond::MEMENTO_DATETIME, date)));
    }
    let (ends, private) = (material.ends(), material.contact.is_some() || material.payee.is_some() || !material.is_whole);
    let what = what.clone();
    let made = tokio::task::spawn_blocking(move || {
        // The work holds the place, because the client may hang up before it is done.
        let _place = place;
        material.make(&what)
    });
    let (media, body) = made.await.map_err(|error| HttpError::Internal(error.to_string()))??;
    Ok(Answer::new(status, media, body, ends, private).with(extra))
}

impl Material {
    /// The moment when the answer changes by itself.
    fn ends(&self) -> Option<Timestamp> {
        let Self { moment, city, view, print, others, .. } = self;
        // Names of units change on the days when units begin and end.
        let boundary = city.units.next_boundary(moment.today).map(|day| midnight(&moment.zone, day));
        let board = match print {
            Some(Print::Of(board)) => board.next_change,
            _ => None,
        };
        // A print shows the day on which it was made.
        let day = self.for_print.as_ref().map(|_| end_of(&moment.zone, moment.today));
        view.next_change.into_iter().chain(day).chain(boundary).chain(board).chain(others.iter().filter_map(|view| view.next_change)).min()
    }

    fn extract(&self, unit: &UnitId) -> Option<Extract> {
        let (features, boundaries) = (self.features.as_deref(), self.boundaries.as_deref());
        Extract::of(&self.city, boundaries, &self.view, features, unit, self.moment.today)
    }

    fn for_print(&self) -> Result<&prints::Material, HttpError> {
        self.for_print.as_ref().ok_or_else(|| HttpError::Internal("nothing was gathered for a print".into()))
    }

    fn make(&self, what: &Representation) -> Result<(&'static str, Vec<u8>), HttpError> {
        let Self { city, view, .. } = self;
        let features = self.features.as_deref();
        let matrix = || qr::Matrix::new(&qr::address(&city.public_url, view.code, None));
        Ok(match what {
            Representation::Page(scope) | Representation::Revision(_, scope) => {
                let units = self.units(scope.lang);
                let extract =
                    self.unit.as_ref().and_then(|unit| self.extract(unit)).filter(|extract| !self.by_board || extract.has_something());
                (HTML, self.page(scope, &units, extract.as_ref(), what.revision()).render()?.into_bytes())
            }
            Representation::History(lang) => (HTML, self.page(&Scope::of(*lang), &[], None, None).render_history().into_bytes()),
            Representation::Changes(_, _, lang) => {
                let units = self.units(*lang);
                let page = self.page(&Scope::of(*lang), &units, None, what.revision());
                let before = self.before().unwrap_or(Before { view, features: None, beside: map::Beside::default() });
                (HTML, page.render_changes(&before).into_bytes())
            }
            Representation::ChangesRecord(..) => {
                let before = self.before().unwrap_or(Before { view, features: None, beside: map::Beside::default() });
                let changes = record::changes(city, before.view, view, self.compared.as_ref());
                ("application/json", changes.to_string().into_bytes())
            }
            Representation::GeoJson | Representation::RevisionGeoJson(_) => {
                ("application/geo+json", geojson::collection(view, features, &self.further, &city.public_url))
            }
            Representation::Record => ("application/json", record::record(view, &city.public_url).to_string().into_bytes()),
            Representation::Poster(size, _) => (PDF, self.for_print()?.poster(*size)?),
            Representation::Stickers(_) => (PDF, self.for_print()?.stickers()?),
            Representation::Preview(_) => ("image/png", self.for_print()?.preview()?),
            Representation::Calendar => {
                ("text/calendar; charset=utf-8", calendar::ics(city, &self.revisions).ok_or(HttpError::NotFound)?.into_bytes())
            }
            Representation::Card => ("text/vcard; charset=utf-8", calendar::vcf(city, view).ok_or(HttpError::NotFound)?.into_bytes()),
            Representation::QrSvg => ("image/svg+xml", matrix()?.svg(&view.title).into_bytes()),
            Representation::QrPng(size) => ("image/png", matrix()?.png(*size)?),
        })
    }

    pub(in crate::http) fn units(&self, lang: Lang) -> Vec<UnitShape> {
        map::unit_shapes(&self.city, self.boundaries.as_deref(), self.moment.today, lang)
    }

    pub(super) fn page<'a>(
        &'a self,
        scope: &Scope,
        units: &'a [UnitShape],
        extract: Option<&'a Extract>,
        revision: Option<u32>,
    ) -> Item<'a> {
        Item {
            lang: scope.lang,
            city: &self.city,
            moment: &self.moment,
            view: &self.view,
            features: self.features.as_deref(),
            beside: map::Beside::of(&self.further),
            compared: self.compared.as_ref(),
            units,
            extract,
            print: self.print.as_ref(),
            others: &self.others,
            contact: self.contact.as_ref(),
            payee: self.payee.as_ref(),
            revision,
            draft: None,
        }
    }

    /// The page of an item as it would be, with the shapes of units from [`Material::units`]; `at` is the address at which
    /// it is drafted.
    pub(in crate::http) fn draft<'a>(&'a self, lang: Lang, units: &'a [UnitShape], at: String) -> Item<'a> {
        Item { draft: Some(at), ..self.page(&Scope::of(lang), units, None, None) }
    }

    /// The item as it was before.
    pub(in crate::http) fn before(&self) -> Option<Before<'_>> {
        self.before.as_ref().map(|(view, features, further)| Before {
            view,
            features: features.as_deref(),
            beside: map::Beside::of(further),
        })
    }
}

/// The validators of an item's current record, for `If-Match`.
pub(in crate::http) async fn record_tags(site: &Site, code: Code) -> Option<[HeaderValue; 3]> {
    let answer = render(site, code, &Representation::Record).await.ok()?;
    let tag = |encoding| respond::etag(answer.body(), encoding);
    Some([tag(respond::Encoding::Identity), tag(respond::Encoding::Gzip), tag(respond::Encoding::Brotli)])
}
