//! Which layers of a file a plan is made of, and as what each is taken.

use std::collections::BTreeSet;

use super::roles::{Named, Role, Stage, read};
use crate::domain::plan::{LineKind, PointKind};
use crate::import::feature::Kind;
use crate::import::source::like;
use crate::words::sentence::Sentence;

/// What was seen of a part of a file: the features of one kind in a layer, or in a folder of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The layer's name, where the file has several.
    pub layer: Option<String>,
    /// The folder in it, or the layer of a drawing.
    pub folder: Option<String>,
    /// Their kind of geometry.
    pub kind: Kind,
    /// How many there are.
    pub count: usize,
    /// True in a drawing, which holds linework of any sort.
    pub is_drawing: bool,
    /// True where columns say what the lines or points are, or how wide a road is.
    pub tells: bool,
    /// Why it cannot be read to its end.
    pub broken: Option<Sentence>,
}

impl Seen {
    /// How people name it; none where the file is one nameless layer.
    pub fn name(&self) -> Option<&str> {
        self.folder.as_deref().or(self.layer.as_deref())
    }

    /// What it holds, by its names.
    pub fn role(&self) -> Option<Role> {
        self.named().role
    }

    /// True for the existing state, which is no plan.
    pub fn is_existing(&self) -> bool {
        self.role() == Some(Role::Existing)
    }

    /// What its names say.
    fn named(&self) -> Named {
        let of = |name: &Option<String>| name.as_deref().map(read).unwrap_or_default();
        let (layer, folder) = (of(&self.layer), of(&self.folder));
        if layer.role == Some(Role::Existing) {
            return layer;
        }
        Named { role: folder.role.or(layer.role), stage: folder.stage.or(layer.stage) }
    }

    /// True where this name means it: its own, or that of its layer, with or without folders and ending.
    fn is_called(&self, name: &str) -> bool {
        let last = |text: &str| like(text.rsplit('/').next().unwrap_or(text));
        let bare = |text: &str| last(text).rsplit_once('.').map_or_else(|| last(text), |(bare, _)| bare.to_owned());
        let fits = |own: &str| like(own) == like(name) || last(own) == like(name) || bare(own) == like(name);
        self.folder.as_deref().is_some_and(fits) || self.layer.as_deref().is_some_and(fits)
    }
}

/// What the planner chose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The layer of lots or zones.
    pub areas: Option<&'a str>,
    /// That layer in the authority's last file. It counts where nothing else tells.
    pub before: Option<&'a str>,
    /// Layers of lines; those that their names tell where there are none.
    pub lines: &'a [String],
    /// Layers of points; those that their names tell where there are none.
    pub points: &'a [String],
}

/// What a part of a file is taken as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// The plan's lots or zones.
    Areas,
    /// Lines of this kind, where no column says another.
    Lines(Option<LineKind>),
    /// Points of this kind.
    Points(Option<PointKind>),
}

/// Why nothing can be chosen: the name of the check, and the sentence.
pub type Doubt = (&'static str, Sentence);

/// What becomes of each part: as what it is taken, or why it is left out. Errors: what the planner has to choose.
pub fn decide(seen: &[Seen], asked: &Asked<'_>) -> Result<Vec<Result<Taken, Sentence>>, Doubt> {
    let chosen = areas(seen, asked)?;
    let stage = chosen.iter().find_map(|at| seen[*at].named().stage);
    for names in [
        asked.areas.as_slice(),
        &asked.lines.iter().map(String::as_str).collect::<Vec<_>>(),
        &asked.points.iter().map(String::as_str).collect::<Vec<_>>(),
    ] {
        for name in names.iter().filter(|name| !name.is_empty()) {
            if !seen.iter().any(|own| own.is_called(name)) {
                let (lead, list) = (sentence!("no-such-layer", asked = name), list(seen.iter()));
                return Err(("choose-layer", sentence!("choose-layer", lead, list)));
            }
        }
    }
    let decided: Vec<Result<Taken, Sentence>> =
        seen.iter().enumerate().map(|(at, own)| fate(own, chosen.contains(&at), stage, asked, seen)).collect();
    one_stage(seen, &decided, |taken| matches!(taken, Taken::Lines(_)))?;
    one_stage(seen, &decided, |taken| matches!(taken, Taken::Points(_)))?;
    Ok(decided)
}

/// What becomes of a part. `stage` is that of the areas.
fn fate(own: &Seen, is_chosen: bool, stage: Option<Stage>, asked: &Asked<'_>, seen: &[Seen]) -> Result<Taken, Sentence> {
    if is_chosen {
        return Ok(Taken::Areas);
    }
    let named = own.named();
    let (listed, role) = match own.kind {
        Kind::Lines => (asked.lines, None),
        Kind::Points => (asked.points, None),
        // The border of an area is a line too: that of the plan.
        Kind::Areas => {
            (asked.lines, named.role.filter(|role| *role == Role::Lines(LineKind::Limit)).map(|_| Taken::Lines(Some(LineKind::Limit))))
        }
    };
    let by_name = match (own.kind, named.role) {
        (Kind::Lines, Some(Role::Lines(kind))) => Some(Taken::Lines(Some(kind))),
        (Kind::Points, Some(Role::Points(kind))) => Some(Taken::Points(Some(kind))),
        (Kind::Lines, None) if own.tells => Some(Taken::Lines(None)),
        (Kind::Points, None) if own.tells => Some(Taken::Points(None)),
        _ => role,
    };
    if !listed.is_empty() {
        let is_listed = listed.iter().any(|name| own.is_called(name));
        let taken = by_name.unwrap_or(if own.kind == Kind::Points { Taken::Points(None) } else { Taken::Lines(None) });
        return if is_listed { Ok(taken) } else { Err(sentence!("layer-not-asked")) };
    }
    if named.role == Some(Role::Existing) {
        return Err(sentence!("layer-existing"));
    }
    if stage.is_some() && named.stage.is_some_and(|own| Some(own) != stage) {
        return Err(sentence!("layer-other-stage"));
    }
    match (own.kind, by_name) {
        (_, Some(taken)) => Ok(taken),
        (Kind::Areas, None) if named.role == Some(Role::Uses) && seen.iter().any(|other| other.named().role == Some(Role::Lots)) => {
            Err(sentence!("layer-beside-lots"))
        }
        (Kind::Areas, None) => Err(sentence!("layer-not-chosen")),
        (Kind::Lines, None) => Err(sentence!("layer-unknown-lines")),
        (Kind::Points, None) => Err(sentence!("layer-unknown-points")),
    }
}

/// The parts that hold the plan's lots or zones; none where the file has no areas.
fn areas(seen: &[Seen], asked: &Asked<'_>) -> Result<BTreeSet<usize>, Doubt> {
    let all = || seen.iter().enumerate().filter(|(_, own)| own.kind == Kind::Areas);
    if let Some(name) = asked.areas {
        return Ok(all().filter(|(_, own)| own.is_called(name)).map(|(at, _)| at).collect());
    }
    let is_plan = |own: &Seen| !matches!(own.named().role, Some(Role::Existing | Role::Lines(_) | Role::Points(_)));
    let with = |role: Option<Role>| -> Vec<usize> {
        let has = |own: &Seen| own.is_drawing && role.is_none() || !own.is_drawing && own.named().role == role;
        all().filter(|(_, own)| is_plan(own) && has(own)).map(|(at, _)| at).collect()
    };
    let best = [Some(Role::Lots), Some(Role::Uses), None].into_iter().map(with).find(|found| !found.is_empty()).unwrap_or_default();
    let stages: BTreeSet<Option<Stage>> = best.iter().map(|at| seen[*at].named().stage).collect();
    if stages.len() > 1 {
        let list = list(best.iter().map(|at| &seen[*at]));
        return Err(("choose-stage", sentence!("choose-stage", list)));
    }
    let layers: BTreeSet<Option<&String>> = best.iter().map(|at| seen[*at].layer.as_ref()).collect();
    if layers.len() < 2 {
        return Ok(best.into_iter().collect());
    }
    let before: BTreeSet<usize> = best.iter().copied().filter(|at| asked.before.is_some_and(|name| seen[*at].is_called(name))).collect();
    if before.is_empty() {
        let (lead, list) = (sentence!("several-layers"), list(best.iter().map(|at| &seen[*at])));
        return Err(("choose-layer", sentence!("choose-layer", lead, list)));
    }
    Ok(before)
}

/// Refuses lines or points of several stages, among which the planner has to choose.
fn one_stage(seen: &[Seen], decided: &[Result<Taken, Sentence>], is_one: impl Fn(&Taken) -> bool) -> Result<(), Doubt> {
    let taken: Vec<&Seen> = seen.iter().zip(decided).filter(|(_, fate)| fate.as_ref().is_ok_and(&is_one)).map(|(own, _)| own).collect();
    let stages: BTreeSet<Stage> = taken.iter().filter_map(|own| own.named().stage).collect();
    if stages.len() < 2 {
        return Ok(());
    }
    let list = list(taken.into_iter());
    Err(("choose-stage", sentence!("choose-stage", list)))
}

/// Names of parts, for people.
pub(super) fn list<'a>(parts: impl Iterator<Item = &'a Seen>) -> String {
    let mut names: Vec<String> = parts.filter_map(|own| Some(format!("“{}”", own.name()?))).collect();
    names.dedup();
    names.truncate(20);
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::text::Lang;

    fn layer(name: &str, kind: Kind) -> Seen {
        Seen { layer: Some(name.into()), folder: None, kind, count: 3, is_drawing: false, tells: false, broken: None }
    }

    fn fates(seen: &[Seen], asked: &Asked<'_>) -> Vec<String> {
        match decide(seen, asked) {
            Ok(all) => all.iter().map(|fate| fate.as_ref().map_or_else(|why| why.text(Lang::En), |taken| format!("{taken:?}"))).collect(),
            Err((check, said)) => vec![format!("{check}: {}", said.text(Lang::En))],
        }
    }

    #[test]
    fn lots_count_where_areas_of_use_lie_beside_them_and_the_existing_state_never_does() {
        let seen = [
            layer("ChucNangSuDungDat_A", Kind::Areas),
            layer("PhanOQuyHoach_A", Kind::Areas),
            layer("HT_PhanOQuyHoach_A", Kind::Areas),
            layer("RanhGioiQuyHoach_A", Kind::Areas),
            layer("ChiGioiDuongDo_L", Kind::Lines),
            layer("HT_ChiGioiDuongDo_L", Kind::Lines),
            layer("DuongDongMuc_L", Kind::Lines),
            layer("MocGioiQuyHoach_P", Kind::Points),
            layer("CayXanh_P", Kind::Points),
        ];
        let fates = fates(&seen, &Asked::default());
        assert_eq!(fates[1], "Areas");
        assert_eq!((fates[3].as_str(), fates[4].as_str()), ("Lines(Some(Limit))", "Lines(Some(RedLine))"));
        assert_eq!(fates[7], "Points(Some(ControlPoint))");
        for (at, word) in [(0, "lots"), (2, "existing"), (5, "existing"), (6, "--layer lines="), (8, "--layer points=")] {
            assert!(fates[at].contains(word), "{at}: {}", fates[at]);
        }
    }

    #[test]
    fn stages_are_asked_about_and_a_choice_settles_it() {
        let seen = [
            layer("QHDD_PhanOQuyHoach_A", Kind::Areas),
            layer("QHDH_PhanOQuyHoach_A", Kind::Areas),
            layer("QHDH_ChiGioiDuongDo_L", Kind::Lines),
        ];
        let doubt = fates(&seen, &Asked::default());
        assert!(doubt[0].starts_with("choose-stage: ") && doubt[0].contains("“QHDD_PhanOQuyHoach_A”, “QHDH_PhanOQuyHoach_A”"), "{doubt:?}");
        let settled = fates(&seen, &Asked { areas: Some("qhdh_phanoquyhoach_a"), ..Asked::default() });
        assert_eq!((settled[1].as_str(), settled[2].as_str()), ("Areas", "Lines(Some(RedLine))"));
        let other = fates(&seen, &Asked { areas: Some("QHDD_PhanOQuyHoach_A"), ..Asked::default() });
        assert!(other[2].contains("stage"), "{other:?}");
    }

    #[test]
    fn what_the_planner_names_is_taken_and_a_name_that_is_not_there_is_told() {
        let seen = [layer("qh/lo.shp", Kind::Areas), layer("qh/truc.shp", Kind::Lines), layer("qh/CGDD.shp", Kind::Lines)];
        let lines = ["truc".to_owned()];
        let fates_of = |lines: &[String]| fates(&seen, &Asked { lines, ..Asked::default() });
        assert_eq!(fates_of(&lines)[..2], ["Areas", "Lines(None)"]);
        assert!(fates_of(&lines)[2].contains("not chosen"), "{:?}", fates_of(&lines));
        let wrong = fates_of(&["tim".to_owned()]);
        assert!(wrong[0].starts_with("choose-layer: ") && wrong[0].contains("“tim”"), "{wrong:?}");
        let several = fates(&[layer("a", Kind::Areas), layer("b", Kind::Areas)], &Asked::default());
        assert!(several[0].starts_with("choose-layer: "), "{several:?}");
        let before = fates(&[layer("a", Kind::Areas), layer("b", Kind::Areas)], &Asked { before: Some("b"), ..Asked::default() });
        assert_eq!(before[1], "Areas");
    }
}
