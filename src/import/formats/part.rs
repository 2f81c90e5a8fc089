//! A part of a layer: features of one kind of geometry, from some of its folders.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{ReadError, Reader, Stated};
use crate::import::columns::{FOLDER, FOLDERS, LAYER};
use crate::import::feature::{Feature, Kind, Raw};
use crate::import::report::Note;

/// The folder of a placemark, or the layer of a drawing, that a feature stands in.
pub fn folder(properties: &Map<String, Value>) -> Option<&str> {
    properties.get(FOLDERS).or_else(|| properties.get(FOLDER)).or_else(|| properties.get(LAYER)).and_then(Value::as_str)
}

/// A part of a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// The kind of geometry.
    pub kind: Kind,
    /// The folders, of which none stands for what lies in no folder; all of them where there is no list.
    pub folders: Option<BTreeSet<Option<String>>>,
}

impl Part {
    fn has(&self, feature: &Feature) -> bool {
        let is_in = |folders: &BTreeSet<Option<String>>| folders.contains(&folder(&feature.properties).map(str::to_owned));
        Kind::of(feature) == self.kind && self.folders.as_ref().is_none_or(is_in)
    }
}

/// The layers that a planner chose; where none of a kind is chosen, their names tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Layers, or folders of one layer, of lots or zones.
    pub areas: Vec<String>,
    /// Layers of lines.
    pub lines: Vec<String>,
    /// Layers of points.
    pub points: Vec<String>,
}

impl Layers {
    /// Takes a choice as a planner writes it: `lots=NAME`, `lines=NAME`, `points=NAME`, or `NAME` for the layer of lots or
    /// zones.
    pub fn take(&mut self, text: &str) {
        match text.split_once('=') {
            Some(("lines", name)) => self.lines.push(name.to_owned()),
            Some(("points", name)) => self.points.push(name.to_owned()),
            Some(("lots" | "zones", name)) => self.areas.push(name.to_owned()),
            _ => self.areas.push(text.to_owned()),
        }
    }

    /// The one layer of areas that was chosen; none where none or several were.
    pub fn only_area(&self) -> Option<String> {
        match self.areas.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        }
    }
}

/// A reader of the features of a part.
pub(super) struct Parted {
    reader: Box<dyn Reader>,
    part: Part,
}

impl Parted {
    pub(super) fn boxed(reader: Box<dyn Reader>, part: Part) -> Box<dyn Reader> {
        Box::new(Self { reader, part })
    }
}

impl Reader for Parted {
    fn stated(&self) -> Stated {
        self.reader.stated()
    }
    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        while let Some(raw) = self.reader.next()? {
            let feature = raw.parse();
            if self.part.has(&feature) {
                return Ok(Some(Raw::Ready(feature)));
            }
        }
        Ok(None)
    }
    fn notes(&self) -> Vec<Note> {
        self.reader.notes()
    }
    fn defaults_to_wgs84(&self) -> bool {
        self.reader.defaults_to_wgs84()
    }
}
