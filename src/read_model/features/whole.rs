//! Features written out whole, as answers have them: what stands together in memory need not be put
//! together for each answer.

use std::ops::Range;

use bytes::Bytes;

use super::{Feature, Features};
use crate::render::geojson::{Front, Head, key};

/// After every feature.
const SEPARATOR: &[u8] = b",\n";

impl Features {
    /// The same set, every feature written out whole under a head.
    pub fn under(&self, head: &Head) -> Self {
        let room: usize = self.list.iter().map(|feature| head.bytes() + feature.tail_bytes() + SEPARATOR.len()).sum();
        let mut text = Vec::with_capacity(room);
        let mut front = Front::new(head);
        let write = |feature: &Feature| {
            front.begin(&mut text, key(feature.number, &mut [0; 10]), self, feature);
            let begins = text.len();
            text.extend_from_slice(self.tail(feature));
            text.extend_from_slice(SEPARATOR);
            Feature { begins, ..*feature }
        };
        let list = self.list.iter().map(write).collect();
        Self { text: text.into(), list, head: Some(head.clone()), places: self.places.clone() }
    }

    /// What each feature is written out whole under, where it is.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Features with these indices as they are written, each with a comma and a line's end after it;
    /// nothing where they are not written out whole.
    pub fn whole(&self, indices: Range<usize>) -> Bytes {
        let end = |index: usize| self.list.get(index).map(|feature| feature.begins + feature.tail_bytes() + SEPARATOR.len());
        let begins = indices.start.checked_sub(1).map_or(Some(0), end);
        let ends = indices.end.checked_sub(1).and_then(end);
        match begins.zip(ends) {
            Some((begins, ends)) if self.head.is_some() && begins <= ends && ends <= self.text.len() => self.text.slice(begins..ends),
            _ => Bytes::new(),
        }
    }
}
