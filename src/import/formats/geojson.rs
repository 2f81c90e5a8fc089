//! Reads GeoJSON (RFC 7946, and its 2008 predecessor with a `crs` member) and GeoJSON text sequences (RFC 8142,
//! or one feature a line). Features are cut out of the stream, so the file is never held in memory.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use super::{Limits, ReadError, Reader, Stated};
use crate::geometry::crs::Crs;
use crate::geometry::crs::CrsError;
use crate::import::encoding::keep;
use crate::import::feature::Raw;
use crate::import::source::ReadSeek;
use crate::import::wkt;
use crate::words::sentence::Sentence;

/// Deepest nesting of a JSON value.
const DEPTH: usize = 96;
/// Longest key, and longest member besides the features, bytes.
const MEMBER_BYTES: usize = 1 << 20;
/// Most bytes of text that a position may take.
const BYTES_A_POINT: usize = 80;

struct Stream {
    input: BufReader<Box<dyn ReadSeek>>,
    line: u64,
    column: u64,
}

impl Stream {
    fn error(&self, what: Sentence) -> ReadError {
        let (line, column) = (self.line, self.column);
        ReadError::new("not-json", sentence!("not-json", line, column, what))
    }

    fn truncated(&self) -> ReadError {
        ReadError::new("truncated", sentence!("truncated-geojson", line = self.line))
    }

    fn peek(&mut self) -> Result<Option<u8>, ReadError> {
        Ok(self.input.fill_buf()?.first().copied())
    }

    fn bump(&mut self, byte: u8) {
        self.input.consume(1);
        if byte == b'\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
    }

    /// Peeks at the next byte that is neither white space nor a record separator.
    fn token(&mut self) -> Result<Option<u8>, ReadError> {
        while let Some(byte) = self.peek()? {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x1e) {
                return Ok(Some(byte));
            }
            self.bump(byte);
        }
        Ok(None)
    }

    fn expect(&mut self, wanted: u8) -> Result<(), ReadError> {
        match self.token()? {
            Some(byte) if byte == wanted => {
                self.bump(byte);
                Ok(())
            }
            Some(byte) => {
                let (wanted, found) = (char::from(wanted), (byte as char).escape_default().to_string());
                Err(self.error(sentence!("expected-found", wanted, found)))
            }
            None => Err(self.truncated()),
        }
    }

    /// Reads one JSON value into `out`: at most `limit` bytes, at most [`DEPTH`] levels deep.
    fn value(&mut self, out: &mut Vec<u8>, limit: usize) -> Result<(), ReadError> {
        self.token()?;
        let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
        loop {
            let chunk = self.input.fill_buf()?;
            if chunk.is_empty() {
                return if depth == 0 && !in_text && !out.is_empty() { Ok(()) } else { Err(self.truncated()) };
            }
            let (mut taken, mut complete, mut too_deep) = (0, false, false);
            for byte in chunk {
                if in_text {
                    match byte {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => {
                            in_text = false;
                            complete = depth == 0;
                        }
                        _ => {}
                    }
                } else {
                    match byte {
                        b'"' => in_text = true,
                        b'{' | b'[' => {
                            depth += 1;
                            too_deep = depth > DEPTH;
                        }
                        b'}' | b']' | b',' if depth == 0 => {
                            // This byte ends a bare number or word, and belongs to the container.
                            complete = true;
                            break;
                        }
                        b'}' | b']' => {
                            depth -= 1;
                            complete = depth == 0;
                        }
                        b'\n' if depth == 0 => {
                            complete = true;
                            break;
                        }
                        _ => {}
                    }
                }
                taken += 1;
                if complete || too_deep {
                    break;
                }
            }
            let part = &chunk[..taken];
            out.extend_from_slice(part);
            if let Some(last) = memchr::memrchr(b'\n', part) {
                self.line += memchr::memchr_iter(b'\n', part).count() as u64;
                self.column = (part.len() - last) as u64;
            } else {
                self.column += part.len() as u64;
            }
            self.input.consume(taken);
            if too_deep {
                return Err(self.error(sentence!("nested-too-deeply")));
            }
            if complete {
                return Ok(());
            }
            if out.len() > limit {
                return Err(self.error(sentence!("json-too-large", limit = limit >> 20)));
            }
        }
    }

    /// Makes text of the bytes. Bytes that are not UTF-8 are kept, so that only their cell is damaged.
    fn text(out: Vec<u8>) -> String {
        String::from_utf8(out).unwrap_or_else(|error| keep(error.as_bytes()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Between features of a collection.
    Features {
        first: bool,
    },
    /// Between features of a sequence.
    Sequence,
    End,
}

/// A GeoJSON file that is being read.
struct GeoJson {
    stream: Stream,
    at: Where,
    crs: Option<Result<u32, CrsError>>,
    kind: Option<String>,
    seen_features: bool,
    /// True if members of Esri's own JSON format were seen.
    is_esri: bool,
    limit: usize,
    left: usize,
    most: usize,
}

/// Opens a feature collection or a text sequence.
pub fn open(input: Box<dyn ReadSeek>, limits: &Limits) -> Result<Box<dyn Reader>, ReadError> {
    let mut input = BufReader::with_capacity(1 << 18, input);
    let head = input.fill_buf()?;
    if head.starts_with(b"\xef\xbb\xbf") {
        input.consume(3);
    }
    let is_sequence = is_sequence(input.fill_buf()?);
    let stream = Stream { input, line: 1, column: 1 };
    let mut reader = GeoJson {
        stream,
        at: Where::Sequence,
        crs: None,
        kind: None,
        seen_features: false,
        is_esri: false,
        limit: limits.points.saturating_mul(BYTES_A_POINT),
        left: limits.features,
        most: limits.features,
    };
    if !is_sequence {
        reader.stream.expect(b'{')?;
        reader.members(true)?;
    }
    Ok(Box::new(reader))
}

/// The system that a `crs` member names: as in GeoJSON of 2008, by a bare code, or by a bare text.
fn named(crs: &Value) -> Option<Result<u32, CrsError>> {
    if let Some(code) = crs.pointer("/properties/code") {
        return Some(Crs::code(&code.to_string().replace('"', "")));
    }
    let name = crs.pointer("/properties/name").or(Some(crs)).and_then(Value::as_str)?;
    Some(Crs::code(name).or_else(|error| wkt::read(name).code.map_err(|_| error)))
}

/// True if the file's first value is itself a feature.
fn is_sequence(head: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&head[..head.len().min(1 << 16)]);
    let compact: String = text.chars().take(4096).filter(|c| !c.is_whitespace()).collect();
    head.first() == Some(&0x1e)
        || (compact.contains("\"type\":\"Feature\"") && !compact.contains("\"features\":[")) && !compact.contains("\"FeatureCollection\"")
}

impl GeoJson {
    /// Reads members of the collection up to its features, or to its end.
    fn members(&mut self, mut first: bool) -> Result<(), ReadError> {
        loop {
            match self.stream.token()? {
                Some(b'}') => {
                    self.stream.bump(b'}');
                    return self.end();
                }
                Some(_) if first => first = false,
                Some(_) => self.stream.expect(b',')?,
                None => return Err(self.stream.truncated()),
            }
            let mut key = Vec::new();
            if self.stream.token()? != Some(b'"') {
                return Err(self.stream.error(sentence!("json-member-nameless")));
            }
            self.stream.value(&mut key, MEMBER_BYTES)?;
            self.stream.expect(b':')?;
            let is_twice = match key.as_slice() {
                b"\"features\"" => self.seen_features,
                b"\"type\"" => self.kind.is_some(),
                b"\"crs\"" => self.crs.is_some(),
                _ => false,
            };
            if is_twice {
                let name = Stream::text(key);
                return Err(self.stream.error(sentence!("json-member-twice", name)));
            }
            if key == b"\"features\"" {
                if self.stream.token()? == Some(b'[') {
                    self.stream.bump(b'[');
                    self.seen_features = true;
                    self.at = Where::Features { first: true };
                    return Ok(());
                }
                return Err(self.shape());
            }
            let mut member = Vec::new();
            self.stream.value(&mut member, MEMBER_BYTES)?;
            let value: Value =
                serde_json::from_slice(&member).map_err(|error| self.stream.error(sentence!("json-member", error = error.to_string())))?;
            match key.as_slice() {
                b"\"type\"" => self.kind = value.as_str().map(str::to_owned),
                b"\"crs\"" => self.crs = named(&value),
                b"\"geometryType\"" | b"\"spatialReference\"" | b"\"fieldAliases\"" => self.is_esri = true,
                _ => {}
            }
        }
    }

    fn shape(&self) -> ReadError {
        let kind = match self.kind.as_deref() {
            Some(kind) => kind,
            None if self.is_esri => "Esri JSON",
            None => "?",
        };
        ReadError::new("not-a-collection", sentence!("not-a-collection", kind))
    }

    fn end(&mut self) -> Result<(), ReadError> {
        self.at = Where::End;
        if !self.seen_features || self.kind.as_deref() != Some("FeatureCollection") {
            return Err(self.shape());
        }
        match self.stream.token()? {
            None => Ok(()),
            Some(_) => Err(self.stream.error(sentence!("more-after-end"))),
        }
    }

    fn cut(&mut self) -> Result<Option<Raw>, ReadError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| ReadError::too_many(self.most))?;
        self.stream.token()?;
        let line = self.stream.line;
        let mut bytes = Vec::with_capacity(1024);
        let read = self.stream.value(&mut bytes, self.limit);
        read.map_err(|error| {
            if error.check != "truncated" {
                return error;
            }
            // The feature that begins at this line does not end, although the file has lines after it.
            self.stream.line = line;
            self.stream.truncated()
        })?;
        Ok(Some(Raw::Json(Stream::text(bytes), line)))
    }
}

impl Reader for GeoJson {
    fn stated(&self) -> Stated {
        self.crs.clone().map_or(Stated::Nothing, Stated::of)
    }

    fn next(&mut self) -> Result<Option<Raw>, ReadError> {
        match self.at {
            Where::End => Ok(None),
            Where::Sequence => match self.stream.token()? {
                None => {
                    self.at = Where::End;
                    Ok(None)
                }
                Some(b'{') => self.cut(),
                Some(_) => Err(self.stream.error(sentence!("json-record"))),
            },
            Where::Features { first } => match self.stream.token()? {
                Some(b']') => {
                    self.stream.bump(b']');
                    self.members(false)?;
                    if self.at == Where::End { Ok(None) } else { Err(self.shape()) }
                }
                Some(_) => {
                    if !first {
                        self.stream.expect(b',')?;
                    }
                    self.at = Where::Features { first: false };
                    self.cut()
                }
                None => Err(self.stream.truncated()),
            },
        }
    }

    fn defaults_to_wgs84(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::geometry::simple::{Geometry, Position};
    use crate::import::feature::{Feature, GeometryError};

    fn read(text: &[u8]) -> Result<(Stated, Vec<Feature>), ReadError> {
        let mut reader = open(Box::new(Cursor::new(text.to_vec())), &Limits::default())?;
        let mut features = Vec::new();
        while let Some(raw) = reader.next()? {
            features.push(raw.parse());
        }
        Ok((reader.stated(), features))
    }

    #[test]
    fn a_collection_is_read_whatever_the_order_of_its_members() {
        let text = br#"{"features":[{"type":"Feature","properties":{"a":"]}\""},"geometry":{"type":"Point","coordinates":[1,2,3]}},
{"type":"Feature","properties":null,"geometry":null}],"crs":{"type":"name","properties":{"name":"urn:ogc:def:crs:EPSG::9208"}},"type":"FeatureCollection"}"#;
        let (stated, features) = read(text).expect("read");
        assert_eq!(stated, Stated::Epsg(9208));
        assert_eq!(features[0].geometry, Ok(Geometry::Point(Position([1.0, 2.0]))));
        assert_eq!(features[0].properties["a"], "]}\"");
        assert_eq!((features[1].geometry.clone(), features[1].line), (Err(GeometryError::Missing), Some(2)));
    }

    #[test]
    fn a_text_sequence_is_read_with_and_without_separators() {
        let feature = r#"{"type":"Feature","properties":{},"geometry":{"type":"Point","coordinates":[1,2]}}"#;
        for text in [format!("{feature}\n{feature}\n"), format!("\u{1e}{feature}\n\u{1e}{feature}\n"), format!("{feature}{feature}")] {
            assert_eq!(read(text.as_bytes()).expect("read").1.len(), 2, "{text}");
        }
    }

    #[test]
    fn deep_nesting_is_an_error_and_not_a_crash() {
        for text in ["[".repeat(1_000_000), format!(r#"{{"type":"FeatureCollection","features":[{{"geometry":{}"#, "[".repeat(1_000_000))] {
            assert_eq!(read(text.as_bytes()).expect_err("refused").check, "not-json");
        }
    }

    #[test]
    fn not_a_number_and_too_large_numbers_stay_with_their_feature() {
        for number in ["NaN", "1e400"] {
            let text = format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","geometry":{{"type":"Point","coordinates":[{number},1]}}}}]}}"#
            );
            let geometry = read(text.as_bytes()).expect("read").1.remove(0).geometry;
            assert!(matches!(geometry, Err(GeometryError::Unreadable { .. })), "{geometry:?}");
        }
    }

    #[test]
    fn a_property_that_stands_twice_with_two_values_is_named_and_not_chosen() {
        let feature = |properties: &str| {
            let text = format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{properties},"geometry":{{"type":"Point","coordinates":[1,2]}}}}]}}"#
            );
            read(text.as_bytes()).expect("read").1.remove(0).geometry
        };
        assert!(feature(r#"{"code":"LUC","name":"A","code":"LUC"}"#).is_ok());
        for properties in [r#"{"code":"LUC","name":"A","code":"ODT"}"#, r#"{"code":null,"code":NaN,"code":1}"#] {
            let error = feature(properties).expect_err("refused").to_string();
            assert!(error.contains("“code” stands there twice"), "{error}");
        }
    }

    #[test]
    fn damage_is_named_with_its_line() {
        assert_eq!(read(br#"{"type":"Polygon"}"#).expect_err("shape").check, "not-a-collection");
        let cut = read(b"{\"type\":\"FeatureCollection\",\"features\":[\n{\"type\":\"Feature\"").expect_err("cut");
        assert!(cut.check == "truncated" && cut.to_string().contains("line 2"), "{cut}");
        for member in [r#""features":[]"#, r#""type":"FeatureCollection""#, r#""crs":"EPSG:4326""#] {
            let text = format!(r#"{{"type":"FeatureCollection","crs":"EPSG:9208","features":[],{member}}}"#);
            let error = read(text.as_bytes()).expect_err("twice");
            assert!(error.check == "not-json" && error.to_string().contains("stands there twice"), "{error}");
        }
        assert_eq!(read(b"{\"type\":\"FeatureCollection\",\"features\":[]} x").expect_err("more").check, "not-json");
    }
}
