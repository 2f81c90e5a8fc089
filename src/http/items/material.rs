//! What an answer about an item is made from: views, feature sets, boundaries, what is asked for.

use std::sync::Arc;

use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::feature_set::FeatureSet;
use crate::domain::publication::Status;
use crate::domain::publication::view::{Moment, View};
use crate::domain::schema::Further;
use crate::domain::subject::Contact;
use crate::domain::unit::UnitId;
use crate::domain::vietqr::Payee;
use crate::features::Features;
use crate::geometry::crs::Crs;
use crate::http::Site;
use crate::http::answers::{Mark, Representation};
use crate::http::errors::HttpError;
use crate::prints;
use crate::read_model::exchanges::Compared;
use crate::render::page::Print;

/// The inputs of an answer.
pub(in crate::http) struct Material {
    pub(super) moment: Moment,
    pub(super) city: Arc<City>,
    pub(super) view: View,
    pub(super) features: Option<Arc<Features>>,
    pub(super) further: Vec<(Further, Arc<Features>)>,
    pub(super) before: Earlier,
    /// What land changed from there to here.
    pub(super) compared: Option<Compared>,
    pub(super) boundaries: Option<Arc<Features>>,
    /// False while the boundaries cannot be read: the page is shown without them, and is not kept.
    pub(super) is_whole: bool,
    pub(super) contact: Option<Contact>,
    pub(super) payee: Option<Payee>,
    pub(super) print: Option<Print>,
    pub(super) others: Vec<View>,
    /// All its revisions, the first first; only for a calendar.
    pub(super) revisions: Vec<View>,
    /// The unit whose part is shown.
    pub(super) unit: Option<UnitId>,
    /// True if nobody asked for the part: the unit is then that of the print's board.
    pub(super) by_board: bool,
    /// The inputs of a print.
    pub(super) for_print: Option<prints::Material>,
}

/// The feature set of an item. If the set is damaged, a page still shows everything else.
async fn set_of(site: &Site, view: &View, is_page: bool) -> Result<Option<Arc<Features>>, HttpError> {
    let Some(set) = &view.features else { return Ok(None) };
    Ok(if is_page { site.model.readable(set.sha256).await? } else { Some(site.model.features(set.sha256).await?) })
}

/// The boundaries of the city's units, and whether they could be read.
async fn boundaries(site: &Site, city: &City) -> (Option<Arc<Features>>, bool) {
    match prints::boundaries(&site.model, city).await {
        Ok(boundaries) => (boundaries, true),
        Err(error) => {
            tracing::warn!("a page is shown without the boundaries of units: {error}");
            (None, false)
        }
    }
}

/// A view, its feature set and its further ones.
type Earlier = Option<(View, Option<Arc<Features>>, Vec<(Further, Arc<Features>)>)>;

/// The earlier state with its set, and what land changed since, where both have zones and they differ.
async fn compared(
    site: &Site,
    city: &City,
    before: Option<View>,
    view: &View,
    features: Option<&Arc<Features>>,
    moment: &Moment,
) -> Result<(Earlier, Option<Compared>), HttpError> {
    let Some(before) = before else { return Ok((None, None)) };
    let old = set_of(site, &before, true).await?;
    let sets = old.as_ref().zip(features).zip(before.features.as_ref().zip(view.features.as_ref()));
    let plane = Crs::new(view.plane().unwrap_or(city.default_crs));
    let is_comparable = |old: &FeatureSet, new: &FeatureSet| {
        old.sha256 != new.sha256 && old.area_ha.is_some() && !view.outline_only && !before.outline_only
    };
    let compared = match (sets, plane) {
        (Some(((old, new), (old_set, new_set))), Ok(plane)) if is_comparable(old_set, new_set) => {
            let sets = [(old_set.sha256, Arc::clone(old)), (new_set.sha256, Arc::clone(new))];
            Some(site.model.compared(city, sets, plane, moment.today).await?)
        }
        _ => None,
    };
    let further = site.model.readable_further(&before).await?;
    Ok((Some((before, old, further)), compared))
}

/// Gathers what an answer about an item needs.
pub(super) async fn gather(site: &Site, code: Code, what: &Representation) -> Result<Material, HttpError> {
    let moment = site.moment();
    let (city, view, before, contact, payee, print, others, revisions) = {
        let image = site.model.image();
        let revision = what.revision();
        let missing = if revision.is_some() { HttpError::NotFound } else { HttpError::UnknownCode };
        let view = image.view(&code, revision, &moment).ok_or(missing)?;
        let before = match what {
            Representation::Changes(from, ..) | Representation::ChangesRecord(from, _) => {
                Some(image.view(&code, Some(*from), &moment).ok_or(HttpError::NotFound)?)
            }
            _ => None,
        };
        let shows_contact = matches!(what, Representation::Page(_) | Representation::Revision(..)) && view.status == Status::InForce;
        let contact = image.contact_of(&view).filter(|_| shows_contact).cloned();
        let payee = image.payee_of(&view).filter(|_| shows_contact).cloned();
        let print = what.scope().and_then(|scope| scope.mark).map(|mark| match mark {
            Mark::Wrong => Print::WrongMark,
            Mark::Board(number) => match image.by_number(number).and_then(|code| image.view(code, None, &moment)) {
                Some(board) => Print::Of(Box::new(board)),
                None => Print::NoBoard(number),
            },
        });
        let others = image.others(&view, &moment);
        let numbers = view.history.iter().rev().map(|entry| entry.number).filter(|_| *what == Representation::Calendar);
        let revisions = numbers.filter_map(|number| image.view(&code, Some(number), &moment)).collect();
        (Arc::clone(&image.city), view, before, contact, payee, print, others, revisions)
    };
    let asked = what.scope().and_then(|scope| scope.unit.clone());
    if asked.as_ref().is_some_and(|unit| city.units.get(unit).is_none()) {
        return Err(HttpError::UnknownUnit);
    }
    let default = match &print {
        Some(Print::Of(board)) if what.scope().is_some_and(|scope| !scope.whole) => prints::unit_of_board(board),
        _ => None,
    };
    let by_board = asked.is_none() && default.is_some();
    let unit = asked.or(default);
    let for_print = match what.order() {
        Some(order) => Some(prints::gather(&site.model, &moment, code, &order).await?),
        None => None,
    };
    let is_page = what.is_page();
    let (boundaries, is_whole) = if is_page { boundaries(site, &city).await } else { (None, true) };
    let features = if is_page || what.is_geojson() || matches!(what, Representation::ChangesRecord(..)) {
        set_of(site, &view, is_page).await?
    } else {
        None
    };
    let further = match what {
        _ if is_page => site.model.readable_further(&view).await?,
        _ if what.is_geojson() => site.model.further(&view).await?,
        _ => Vec::new(),
    };
    let (before, compared) = compared(site, &city, before, &view, features.as_ref(), &moment).await?;
    // A comparison that is under way is not kept.
    let is_whole = is_whole && !matches!(compared, Some(Compared::UnderWay(_)));
    Ok(Material {
        moment,
        city,
        view,
        features,
        further,
        before,
        compared,
        boundaries,
        is_whole,
        contact,
        payee,
        print,
        others,
        revisions,
        unit,
        by_board,
        for_print,
    })
}

/// What pages of the office show of an item as it would be, beside how it is.
pub(in crate::http) async fn foreseen(site: &Site, before: Option<View>, view: View) -> Result<Material, HttpError> {
    let (moment, city) = (site.moment(), site.city());
    let (others, payee) = {
        let image = site.model.image();
        (image.others(&view, &moment), image.payee_of(&view).cloned())
    };
    let (boundaries, is_whole) = boundaries(site, &city).await;
    let features = set_of(site, &view, true).await?;
    let further = site.model.readable_further(&view).await?;
    let (before, compared) = compared(site, &city, before, &view, features.as_ref(), &moment).await?;
    let (contact, print, unit, by_board, for_print, revisions) = (None, None, None, false, None, Vec::new());
    Ok(Material {
        moment,
        city,
        view,
        features,
        further,
        before,
        compared,
        boundaries,
        is_whole,
        contact,
        payee,
        print,
        others,
        revisions,
        unit,
        by_board,
        for_print,
    })
}
