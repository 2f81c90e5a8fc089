//! Reads a drawing: its layers, its blocks, and everything in the model with blocks put in their places.

use std::collections::{HashMap, HashSet};

use super::super::{Left, Limits, ReadError, Tally};
use super::Point;
use super::entity::{Drawn, Entity, entity};
use super::groups::{Fields, Groups};
use crate::import::source::ReadSeek;

/// Most entities of all kinds, with blocks resolved.
const MOST_ENTITIES: usize = 2_000_000;
/// Deepest nesting of blocks.
const DEPTH: usize = 8;

/// Coordinates that no metres on a map reach.
const BEYOND_METRES: f64 = 2e7;

/// How a layer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    On,
    Off,
    /// Frozen: blocks inserted on the layer are not shown either.
    Frozen,
}

struct Block {
    base: Point,
    entities: Vec<Entity>,
}

/// A drawing that is being read.
pub(super) struct Drawing<'a> {
    groups: Groups,
    layers: HashMap<String, Shown>,
    /// Layers that are shown but set not to print.
    unplotted: HashSet<String>,
    blocks: HashMap<String, Block>,
    entities: Vec<Entity>,
    /// Owner of each dictionary, by handle.
    owners: HashMap<String, String>,
    /// Owners of the filters (XCLIP) that clip blocks; after reading, the handles of the clipped insertions.
    clips: Vec<String>,
    /// The unit of length that the drawing names, where it is shorter than the metre.
    unit: Option<&'static str>,
    count: usize,
    points: usize,
    limits: &'a Limits,
    tally: &'a Tally,
}

/// Names of layers and blocks are not case-sensitive.
fn key(name: &str) -> String {
    name.to_lowercase()
}

fn is_paper_block(name: &str) -> bool {
    name.to_ascii_lowercase().starts_with("*paper_space")
}

impl<'a> Drawing<'a> {
    /// Reads all entities that are shown in the model, and the names of layers that are set not to print, in small
    /// letters. What is left out is counted in `tally`.
    pub(super) fn read(
        input: Box<dyn ReadSeek>,
        limits: &'a Limits,
        tally: &'a Tally,
    ) -> Result<(Vec<Entity>, HashSet<String>), ReadError> {
        let most = limits.points.saturating_mul(4);
        let mut drawing = Self {
            groups: Groups::new(input, most),
            layers: HashMap::new(),
            unplotted: HashSet::new(),
            blocks: HashMap::new(),
            entities: Vec::new(),
            owners: HashMap::new(),
            clips: Vec::new(),
            unit: None,
            count: 0,
            points: 0,
            limits,
            tally,
        };
        drawing.sections()?;
        let clipped = drawing.clipped();
        drawing.clips = clipped;
        let entities = std::mem::take(&mut drawing.entities);
        let mut out = Vec::with_capacity(entities.len());
        drawing.expand(entities, 0, &mut out)?;
        if let Some(unit) = drawing.unit.filter(|_| out.iter().any(|entity| entity.shape.reaches(BEYOND_METRES))) {
            tally.add(Left::Unit(unit));
        }
        Ok((out, drawing.unplotted))
    }

    fn counted(&mut self, entities: usize, points: usize) -> Result<(), ReadError> {
        self.count = self.count.saturating_add(entities);
        self.points = self.points.saturating_add(points);
        if self.count > MOST_ENTITIES {
            return Err(ReadError::too_many(MOST_ENTITIES));
        }
        // A position takes 16 bytes of memory.
        if self.points as u64 > self.limits.bytes / 16 {
            return Err(ReadError::too_large(self.limits.bytes));
        }
        Ok(())
    }

    fn sections(&mut self) -> Result<(), ReadError> {
        let mut section = String::new();
        let mut block: Option<(String, Block)> = None;
        while let Some((code, value)) = self.groups.next()? {
            if (code, value.as_str()) == (9, "$INSUNITS") {
                self.unit()?;
                continue;
            }
            if code != 0 {
                continue;
            }
            match value.as_str() {
                "SECTION" => section = self.groups.next()?.map(|(_, name)| name).unwrap_or_default(),
                "EOF" => return Ok(()),
                "LAYER" if section == "TABLES" => {
                    let fields = self.groups.fields()?;
                    let shown = match (fields.whole(70) & 1 == 1, fields.number(62).is_some_and(|colour| colour < 0.0)) {
                        (true, _) => Shown::Frozen,
                        (_, true) => Shown::Off,
                        _ => Shown::On,
                    };
                    self.layers.insert(key(fields.text(2)), shown);
                    if fields.number(290) == Some(0.0) {
                        self.unplotted.insert(key(fields.text(2)));
                    }
                }
                "BLOCK" if section == "BLOCKS" => {
                    let fields = self.groups.fields()?;
                    // Drawings that are referred to, or laid over (DXF reference, BLOCK group 70).
                    if fields.whole(70) & (4 | 8) != 0 {
                        self.tally.add(Left::Reference(if fields.text(1).is_empty() { fields.text(2) } else { fields.text(1) }.to_owned()));
                    }
                    let base = fields.point(10, 20).map(|v| if v.is_finite() { v } else { 0.0 });
                    block = Some((fields.text(2).to_owned(), Block { base, entities: Vec::new() }));
                }
                "ENDBLK" => {
                    if let Some((name, block)) = block.take() {
                        if is_paper_block(&name) {
                            self.tally.many(Left::Paper, block.entities.len());
                        } else {
                            self.blocks.insert(key(&name), block);
                        }
                    }
                }
                kind @ ("DICTIONARY" | "SPATIAL_FILTER") if section == "OBJECTS" => {
                    let is_filter = kind == "SPATIAL_FILTER";
                    let fields = self.groups.fields()?;
                    let (handle, owner) = (fields.text(5).to_owned(), fields.text(330).to_owned());
                    if is_filter && fields.whole(71) == 1 {
                        self.clips.push(owner);
                    } else if !is_filter && self.owners.len() < MOST_ENTITIES {
                        self.owners.insert(handle, owner);
                    }
                }
                kind if section == "ENTITIES" || section == "BLOCKS" => {
                    let kind = kind.to_owned();
                    let Some(entity) = self.entity(&kind)? else { continue };
                    match &mut block {
                        Some((_, block)) => block.entities.push(entity),
                        None => self.entities.push(entity),
                    }
                }
                _ => {}
            }
        }
        Err(ReadError::new("truncated", sentence!("truncated-drawing", line = self.groups.line)))
    }

    /// Reads the unit that the drawing names (DXF reference, $INSUNITS). Many drawings in metres name another one.
    fn unit(&mut self) -> Result<(), ReadError> {
        match self.groups.next()? {
            Some((70, unit)) if unit == "4" => self.unit = Some("mm"),
            Some((70, unit)) if unit == "5" => self.unit = Some("cm"),
            Some((70, _)) | None => {}
            Some(other) => self.groups.back(other),
        }
        Ok(())
    }

    fn entity(&mut self, kind: &str) -> Result<Option<Entity>, ReadError> {
        let fields = self.groups.fields()?;
        let vertices = if kind == "POLYLINE" { self.vertices()? } else { Vec::new() };
        let entity = entity(kind, &fields, &vertices, self.limits.points);
        if let Some(entity) = &entity {
            let points = entity.shape.points();
            if points > self.limits.points {
                return Err(self.groups.damaged(sentence!("damage-area-points", most = self.limits.points)));
            }
            self.counted(1, points)?;
        }
        Ok(entity)
    }

    fn vertices(&mut self) -> Result<Vec<Fields>, ReadError> {
        let mut vertices = Vec::new();
        while let Some((code, kind)) = self.groups.next()? {
            if (code, kind.as_str()) != (0, "VERTEX") {
                if kind == "SEQEND" {
                    self.groups.fields()?;
                } else {
                    self.groups.back((code, kind));
                }
                break;
            }
            let mut fields = self.groups.fields()?;
            fields.0.retain(|(code, _)| matches!(code, 10 | 20 | 42 | 70));
            fields.0.shrink_to_fit();
            vertices.push(fields);
            if vertices.len() > self.limits.points {
                return Err(self.groups.damaged(sentence!("damage-polyline-points")));
            }
        }
        Ok(vertices)
    }

    /// Handles of the insertions that are shown only in part. The filter is owned by a dictionary, that one by
    /// the insertion's own dictionary, and that by the insertion.
    fn clipped(&self) -> Vec<String> {
        let mut handles = Vec::new();
        for clip in &self.clips {
            let mut handle = clip;
            for _ in 0..4 {
                handles.push(handle.clone());
                let Some(owner) = self.owners.get(handle) else { break };
                handle = owner;
            }
        }
        handles
    }

    fn shown(&self, layer: &str) -> Shown {
        self.layers.get(&key(layer)).copied().unwrap_or(Shown::On)
    }

    /// Puts blocks in their places, and leaves out what is not shown.
    fn expand(&mut self, entities: Vec<Entity>, depth: usize, out: &mut Vec<Entity>) -> Result<(), ReadError> {
        for entity in entities {
            let shown = self.shown(&entity.layer);
            let is_insert = matches!(entity.shape, Drawn::Insert(_));
            if entity.is_paper {
                self.tally.add(Left::Paper);
            } else if entity.is_invisible {
                self.tally.add(Left::Invisible(entity.layer));
            } else if shown == Shown::Frozen || shown == Shown::Off && !is_insert {
                self.tally.add(Left::LayerOff(entity.layer));
            } else if let Drawn::Insert(insert) = &entity.shape {
                let Some(block) = self.blocks.get(&key(&insert.block)).filter(|_| depth < DEPTH) else {
                    self.tally.add(Left::Block(insert.block.clone()));
                    continue;
                };
                if !insert.handle.is_empty() && self.clips.contains(&insert.handle) {
                    self.tally.add(Left::Clipped(insert.block.clone()));
                }
                let times = insert.times[0].saturating_mul(insert.times[1]);
                // The block's entities in its own coordinates, with inner blocks resolved.
                let (mut inside, base) = (block.entities.clone(), block.base);
                self.counted(inside.len().max(1).saturating_mul(times), 0)?;
                // Layer 0 in a block means the layer of its insertion.
                inside.iter_mut().filter(|part| part.layer == "0").for_each(|part| part.layer.clone_from(&entity.layer));
                let mut resolved = Vec::new();
                self.expand(inside, depth + 1, &mut resolved)?;
                let all: usize = resolved.iter().map(|part| part.shape.points()).sum();
                self.counted(resolved.len().saturating_mul(times), all.saturating_mul(times))?;
                for (column, row) in (0..insert.times[0]).flat_map(|column| (0..insert.times[1]).map(move |row| (column, row))) {
                    out.extend(resolved.iter().cloned().map(|mut part| {
                        part.shape.placed(&|point| insert.place(base, column, row, point));
                        part
                    }));
                }
            } else {
                out.push(entity);
            }
        }
        Ok(())
    }
}
