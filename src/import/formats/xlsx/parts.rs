//! Reads the parts of a workbook piece by piece, with a streaming XML parser.

use std::io::BufReader;

use quick_xml::Reader as Xml;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::super::archive::Archive;
use super::super::{ReadError, by_library};
use super::damaged;
use crate::import::source::ReadSeek;

/// Deepest nesting of elements.
const DEPTH: usize = 64;

/// A piece of a part: the beginning of an element, its end, or text.
pub(super) enum XmlEvent {
    Begin(String, Vec<(String, String)>),
    End(String),
    Text(String),
}

/// A part of the workbook that is being read.
pub(super) struct Part {
    xml: Xml<BufReader<Box<dyn ReadSeek>>>,
    buffer: Vec<u8>,
    depth: usize,
    /// An element without content that has begun; its end is the next piece.
    ended: Option<String>,
}

impl Part {
    /// Opens a part by its name; none if the workbook has no such part.
    pub(super) fn open(archive: &mut Archive, name: &str) -> Result<Option<Self>, ReadError> {
        let Some(name) = archive.find(name).cloned() else { return Ok(None) };
        let input = archive.unpack(&name)?.open()?;
        Ok(Some(Self { xml: Xml::from_reader(BufReader::new(input)), buffer: Vec::new(), depth: 0, ended: None }))
    }

    /// The next piece; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<XmlEvent>, ReadError> {
        if let Some(name) = self.ended.take() {
            return Ok(Some(XmlEvent::End(name)));
        }
        loop {
            self.buffer.clear();
            let event = self.xml.read_event_into(&mut self.buffer).map_err(|error| damaged(by_library(error)))?;
            match event {
                Event::Start(element) => {
                    self.depth += 1;
                    if self.depth > DEPTH {
                        return Err(damaged(sentence!("damage-too-deep")));
                    }
                    return Ok(Some(begin(&element)));
                }
                Event::Empty(element) => {
                    let piece = begin(&element);
                    if let XmlEvent::Begin(name, _) = &piece {
                        self.ended = Some(name.clone());
                    }
                    return Ok(Some(piece));
                }
                Event::End(element) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(XmlEvent::End(element.local_name().as_ref().to_owned())));
                }
                Event::Text(text) => return Ok(Some(XmlEvent::Text(text.into_inner().into_owned()))),
                Event::CData(text) => return Ok(Some(XmlEvent::Text(text.into_inner().into_owned()))),
                Event::GeneralRef(reference) => {
                    let name: &str = reference.as_ref();
                    let known = resolve_predefined_entity(name).map(str::to_owned);
                    let known = known.or_else(|| reference.resolve_char_ref().ok().flatten().map(String::from));
                    return Ok(Some(XmlEvent::Text(known.ok_or_else(|| damaged(sentence!("damage-entity", name)))?)));
                }
                Event::DocType(_) => return Err(damaged(sentence!("damage-doctype"))),
                Event::Eof if self.depth > 0 => return Err(damaged(sentence!("damage-part-breaks-off"))),
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }
}

fn begin(element: &BytesStart<'_>) -> XmlEvent {
    let attributes = element.attributes().flatten().map(|attribute| {
        let value =
            quick_xml::escape::unescape(&attribute.value).map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned);
        (attribute.key.local_name().as_ref().to_owned(), value)
    });
    XmlEvent::Begin(element.local_name().as_ref().to_owned(), attributes.take(64).collect())
}

/// The value of an attribute.
pub(super) fn attribute<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}
