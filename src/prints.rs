//! Prints of published items: gathered from the read model, and drawn by `render::print`. The server and the
//! command line share this code. Printing records nothing: a separate command records that something was
//! printed.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::Code;
use crate::domain::city::City;
use crate::domain::posting::Posting;
use crate::domain::publication::view::Moment;
use crate::domain::publication::view::View;
use crate::domain::schema::Further;
use crate::domain::unit::UnitId;
use crate::event_store::StoreError;
use crate::features::Features;
use crate::read_model::ReadModel;
use crate::render::map::{self, Beside, UnitShape};
use crate::render::page::Extract;
use crate::render::print::booklet::{Booklet, Cover};
use crate::render::print::{self, PrintError, Printed, Size};
use crate::words::text::Lang;

/// Most prints in a booklet.
pub const MOST: usize = 600;

/// Why something cannot be printed.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    /// Nothing public has that code.
    #[error("{}", sentence!("print-unknown-code"))]
    UnknownCode,
    /// The city has no such unit.
    #[error("{}", sentence!("print-unknown-unit"))]
    UnknownUnit,
    /// The register has no such board.
    #[error("{}", sentence!("unknown-board", number = .0))]
    UnknownBoard(u32),
    /// A map sheet of something without areas.
    #[error("{}", sentence!("no-sheet"))]
    NoSheet,
    /// A booklet without prints.
    #[error("{}", sentence!("print-nothing"))]
    Nothing,
    /// A booklet too large for one file.
    #[error("{}", sentence!("prints-too-many", count = .0, most = MOST))]
    TooMany(usize),
    /// Stored data cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The print cannot be drawn.
    #[error(transparent)]
    Print(#[from] PrintError),
}

/// How an item is to be printed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Order {
    /// Language of the print.
    pub lang: Lang,
    /// Print only this unit's part. Where none is given, the unit of the board counts.
    pub unit: Option<UnitId>,
    /// Print the whole item, even for a board that serves one unit.
    pub whole: bool,
    /// Number of the board that the print is for.
    pub board: Option<u32>,
}

/// The unit whose part a board's readers see first: the board's own unit, if it serves just one.
pub fn unit_of_board(board: &View) -> Option<UnitId> {
    match board.units.as_slice() {
        [unit] => Some(unit.clone()),
        _ => None,
    }
}

/// Everything a print is made of.
pub struct Material {
    lang: Lang,
    city: Arc<City>,
    moment: Moment,
    view: View,
    features: Option<Arc<Features>>,
    further: Vec<(Further, Arc<Features>)>,
    /// Shapes of the city's units, shared by all prints of a booklet.
    units: Arc<[UnitShape]>,
    extract: Option<Arc<Extract>>,
    board: Option<View>,
    is_draft: bool,
}

/// Gathers what the print of an item is made of as the item would be. The print says that it is a draft.
pub async fn foreseen(model: &ReadModel, moment: &Moment, view: View, lang: Lang) -> Result<Material, PressError> {
    let city = Arc::clone(&model.image().city);
    let boundaries = boundaries(model, &city).await?;
    let features = match &view.features {
        Some(set) => Some(model.features(set.sha256).await?),
        None => None,
    };
    let further = model.further(&view).await?;
    let units = map::unit_shapes(&city, boundaries.as_deref(), moment.today, lang).into();
    Ok(Material { lang, city, moment: moment.clone(), view, features, further, units, extract: None, board: None, is_draft: true })
}

/// Gathers what a print of an item is made of.
pub async fn gather(model: &ReadModel, moment: &Moment, code: Code, order: &Order) -> Result<Material, PressError> {
    let (city, view, board) = {
        let image = model.image();
        let view = image.view(&code, None, moment).ok_or(PressError::UnknownCode)?;
        let board = match order.board {
            Some(number) => {
                let found = image.by_number(number).and_then(|code| image.view(code, None, moment));
                Some(found.ok_or(PressError::UnknownBoard(number))?)
            }
            None => None,
        };
        (Arc::clone(&image.city), view, board)
    };
    if order.unit.as_ref().is_some_and(|unit| city.units.get(unit).is_none()) {
        return Err(PressError::UnknownUnit);
    }
    // A poster hangs for months, so none is made without its boundaries.
    let boundaries = boundaries(model, &city).await?;
    let features = match &view.features {
        Some(set) => Some(model.features(set.sha256).await?),
        None => None,
    };
    let further = model.further(&view).await?;
    let units = map::unit_shapes(&city, boundaries.as_deref(), moment.today, order.lang).into();
    let by_board = || board.as_ref().filter(|_| !order.whole && view.feature_collection.is_some()).and_then(unit_of_board);
    let unit = order.unit.clone().or_else(by_board);
    let cut = |unit: &UnitId| Extract::of(&city, boundaries.as_deref(), &view, features.as_deref(), unit, moment.today);
    let extract = tokio::task::block_in_place(|| unit.as_ref().and_then(cut)).filter(Extract::is_cut);
    // If nothing lies in the board's unit, the whole item tells its readers more. An order for a unit keeps its
    // empty extract, which says that nothing lies there.
    let extract = extract.filter(|extract| order.unit.is_some() || extract.has_something()).map(Arc::new);
    Ok(Material { lang: order.lang, city, moment: moment.clone(), view, features, further, units, extract, board, is_draft: false })
}

/// The boundaries of the city's units, if they are known and not damaged. Errors: they cannot be read now.
pub async fn boundaries(model: &ReadModel, city: &City) -> Result<Option<Arc<Features>>, StoreError> {
    match &city.boundaries {
        Some(set) => model.readable(set.sha256).await,
        None => Ok(None),
    }
}

impl Material {
    /// The item to print.
    pub fn view(&self) -> &View {
        &self.view
    }

    fn printed(&self) -> Printed<'_> {
        Printed {
            lang: self.lang,
            city: &self.city,
            moment: &self.moment,
            view: &self.view,
            features: self.features.as_deref(),
            beside: Beside::of(&self.further),
            units: &self.units,
            extract: self.extract.as_deref(),
            board: self.board.as_ref(),
            is_draft: self.is_draft,
        }
    }

    /// The poster as PDF; for A1 and A0 a map sheet.
    pub fn poster(&self, size: Size) -> Result<Vec<u8>, PressError> {
        if size.is_sheet() {
            return print::sheet(&self.printed(), size)?.ok_or(PressError::NoSheet);
        }
        Ok(print::poster::poster(&self.printed(), size)?)
    }

    /// A sheet of stickers as PDF.
    pub fn stickers(&self) -> Result<Vec<u8>, PressError> {
        Ok(print::stickers(&self.printed())?)
    }

    /// The preview picture for links.
    pub fn preview(&self) -> Result<Vec<u8>, PressError> {
        Ok(print::preview(&self.printed())?)
    }
}

/// A print of a booklet: the board, the item, and the register's entry on posting the item there.
pub type Posted = (View, View, Posting);

/// What should hang on the boards of a unit, or of the whole city: everything that was printed for them and is
/// neither taken down, revoked nor withdrawn.
pub fn posted(model: &ReadModel, moment: &Moment, unit: Option<&UnitId>) -> Result<Vec<Posted>, PressError> {
    let image = model.image();
    let units = &image.city.units;
    if unit.is_some_and(|unit| units.get(unit).is_none()) {
        return Err(PressError::UnknownUnit);
    }
    let mut posted = Vec::new();
    for view in image.standing_boards(moment, unit) {
        let Some(board) = view.board().cloned() else { continue };
        for posting in board.postings.iter().filter(|posting| posting.is_wanted()) {
            let item = image.view(&posting.item, None, moment).filter(|item| item.withdrawn.is_none());
            if let Some(item) = item {
                posted.push((view.clone(), item, posting.clone()));
            }
        }
    }
    posted.sort_by_key(|(board, item, _)| (board.board().map(|board| board.number), item.code));
    match posted.len() {
        0 => Err(PressError::Nothing),
        count if count > MOST => Err(PressError::TooMany(count)),
        _ => Ok(posted),
    }
}

/// A booklet whose prints are gathered but not drawn yet.
pub struct Folio {
    lang: Lang,
    city: Arc<City>,
    moment: Moment,
    title: String,
    prints: Vec<Posted>,
    materials: Vec<Material>,
}

/// Gathers all posters of a unit's boards, or of the whole city's.
pub async fn folio(model: &ReadModel, moment: &Moment, lang: Lang, unit: Option<&UnitId>) -> Result<Folio, PressError> {
    let prints = posted(model, moment, unit)?;
    let city = Arc::clone(&model.image().city);
    let named = unit.and_then(|unit| city.units.get(unit)).map(|unit| lang.pick(&unit.name_vi, &unit.name_en));
    let title = named.unwrap_or(lang.pick(&city.name_vi, &city.name_en)).to_owned();
    // A plan is cut to a unit only once, even if it hangs on several boards of the unit.
    let mut cut: HashMap<(Code, Option<UnitId>), Option<Arc<Extract>>> = HashMap::new();
    let mut materials = Vec::with_capacity(prints.len());
    for (board, item, _) in &prints {
        let key = (item.code, unit_of_board(board));
        let known = cut.get(&key).cloned();
        let order = Order { lang, unit: None, whole: known.is_some(), board: board.board().map(|own| own.number) };
        let mut material = gather(model, moment, item.code, &order).await?;
        if let Some(first) = materials.first() {
            let first: &Material = first;
            material.units = Arc::clone(&first.units);
        }
        match known {
            Some(extract) => material.extract = extract,
            None => {
                cut.insert(key, material.extract.clone());
            }
        }
        materials.push(material);
    }
    Ok(Folio { lang, city, moment: moment.clone(), title, prints, materials })
}

impl Folio {
    /// The prints in the booklet.
    pub fn prints(&self) -> &[Posted] {
        &self.prints
    }

    /// Draws the booklet as PDF: a list of what hangs where, then the posters. `step` is called for each
    /// poster. This is slow.
    pub fn draw(&self, step: &mut dyn FnMut(&str)) -> Result<Vec<u8>, PressError> {
        let Self { lang, city, moment, title, prints, .. } = self;
        let mut file = Booklet::new(&Cover { lang: *lang, city, moment, title, prints })?;
        for material in &self.materials {
            file.push(&material.printed())?;
            step(&material.view.title);
        }
        Ok(file.finish()?)
    }
}
