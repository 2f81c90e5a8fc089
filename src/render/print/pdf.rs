//! Assembles pages drawn as SVG to a PDF for archives (PDF/A-2u). Everything is vectors, the fonts are
//! embedded, and every letter can be read as text.

use jiff::Timestamp;
use krilla::Document;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::Size;
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::{SerializeSettings, configure::ConfigurationError, error::KrillaError};
use krilla_svg::{SurfaceExt, SvgSettings};
use resvg::usvg;

use super::fonts;

/// PDF points per millimetre.
const POINTS: f64 = 72.0 / 25.4;

/// Why a print cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// A page could not be read as a drawing.
    #[error("a page cannot be drawn: {0}")]
    Page(#[from] usvg::Error),
    /// The file would not conform to PDF/A-2u.
    #[error("the print cannot be made: {0}")]
    Pdf(String),
    /// A QR code could not be made.
    #[error(transparent)]
    Code(#[from] crate::render::qr::QrError),
    /// A picture could not be encoded.
    #[error("the picture cannot be encoded: {0}")]
    Picture(String),
}

impl From<KrillaError> for PrintError {
    fn from(error: KrillaError) -> Self {
        Self::Pdf(error.to_string())
    }
}

impl From<ConfigurationError> for PrintError {
    fn from(error: ConfigurationError) -> Self {
        Self::Pdf(format!("{error:?}"))
    }
}

/// Reads an SVG drawing with the fonts of prints.
pub fn tree(svg: &str) -> Result<usvg::Tree, PrintError> {
    let options = usvg::Options { font_family: fonts::FAMILY.into(), fontdb: fonts::database(), ..usvg::Options::default() };
    Ok(usvg::Tree::from_str(&fonts::with_glyphs(svg), &options)?)
}

/// A print that grows page by page.
pub struct Pdf {
    document: Document,
}

/// The metadata of a print.
pub struct About<'a> {
    /// Its title.
    pub title: &'a str,
    /// Who publishes it.
    pub author: &'a str,
    /// The language, `vi` or `en`.
    pub language: &'a str,
    /// The time when it was made.
    pub at: Timestamp,
}

impl Pdf {
    /// An empty print.
    pub fn new(about: &About<'_>) -> Result<Self, PrintError> {
        let configuration = ConfigurationBuilder::new().with_archival_validator(Archival::A2_U).finish()?;
        let settings = SerializeSettings { configuration, enable_tagging: false, ..SerializeSettings::default() };
        let mut document = Document::new_with(settings);
        let at = jiff::tz::TimeZone::UTC.to_datetime(about.at);
        let date = DateTime::new(at.year() as u16)
            .month(at.month() as u8)
            .day(at.day() as u8)
            .hour(at.hour() as u8)
            .minute(at.minute() as u8)
            .second(at.second() as u8)
            .utc_offset_hour(0)
            .utc_offset_minute(0);
        let metadata = Metadata::new()
            .title(about.title.to_owned())
            .authors(vec![about.author.to_owned()])
            .language(about.language.to_owned())
            .creator(String::from("bangtin"))
            .creation_date(date);
        document.set_metadata(metadata);
        Ok(Self { document })
    }

    /// Appends a page of that size in millimetres, made of drawings.
    pub fn page(&mut self, width: f64, height: f64, layers: &[Layer<'_>]) -> Result<(), PrintError> {
        let size = |width: f64, height: f64| {
            Size::from_wh((width * POINTS) as f32, (height * POINTS) as f32).ok_or_else(|| PrintError::Pdf("a page has no size".into()))
        };
        let mut page = self.document.start_page_with(PageSettings::new(size(width, height)?));
        let mut surface = page.surface();
        for layer in layers {
            let [x, y, width, height] = layer.place;
            let transform = krilla::geom::Transform::from_translate((x * POINTS) as f32, (y * POINTS) as f32);
            surface.push_transform(&transform);
            surface.draw_svg(layer.tree, size(width, height)?, SvgSettings::default());
            surface.pop();
        }
        surface.finish();
        page.finish();
        Ok(())
    }

    /// The bytes of the file.
    pub fn finish(self) -> Result<Vec<u8>, PrintError> {
        Ok(self.document.finish()?)
    }
}

/// A drawing and its place on a page.
pub struct Layer<'a> {
    /// The drawing.
    pub tree: &'a usvg::Tree,
    /// Left, top, width and height in millimetres.
    pub place: [f64; 4],
}
