//! Which layers of a file a plan is made of, and as what each is taken.

use std::collections::BTreeSet;

use super::roles::{Named, Role, Stage, read};
use crate::domain::plan::{LineKind, PointKind};
use crate::import::feature::Kind;
use crate::import::source::like;
use crate::words::sentence::Sentence;

/// The choice of no layer at all.
pub const NOTHING: &str = "-";

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
    /// True where the layer has too many folders to tell apart, and this stands for all of them.
    pub is_of_any_folder: bool,
    /// Columns in which the first of its features say something.
    pub columns: BTreeSet<String>,
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

    /// True where this is the whole name of its folder or layer. An empty name is that of what has none.
    fn is_named(&self, name: &str) -> bool {
        let same = |own: &Option<String>| own.as_deref().is_some_and(|own| like(own) == like(name));
        same(&self.folder) || same(&self.layer) || name.is_empty() && self.name().is_none()
    }

    /// True where this is the last part of its name, with or without the ending.
    fn ends_in(&self, name: &str) -> bool {
        let last = |text: &str| like(text.rsplit('/').next().unwrap_or(text));
        let bare = |text: &str| last(text).rsplit_once('.').map_or_else(|| last(text), |(bare, _)| bare.to_owned());
        let fits = |own: &String| last(own) == like(name) || bare(own) == like(name);
        self.folder.iter().chain(&self.layer).any(fits)
    }
}

/// What the planner chose.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// Layers, or folders of one layer, of lots or zones; those that their names tell where there are none.
    pub areas: &'a [String],
    /// The layer of areas in the authority's last file. It counts where nothing else tells.
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
    let lines = named(seen, asked.lines, &[Kind::Lines, Kind::Areas])?;
    let points = named(seen, asked.points, &[Kind::Points])?;
    let listed = |kind: Kind| match kind {
        Kind::Points => (!asked.points.is_empty()).then_some(&points),
        Kind::Lines | Kind::Areas => (!asked.lines.is_empty()).then_some(&lines),
    };
    let fate = |(at, own): (usize, &Seen)| {
        if chosen.contains(&at) {
            return Ok(Taken::Areas);
        }
        fate(own, listed(own.kind).map(|all| all.contains(&at)), stage, seen)
    };
    let decided: Vec<Result<Taken, Sentence>> = seen.iter().enumerate().map(fate).collect();
    one_stage(seen, &decided, |taken| matches!(taken, Taken::Lines(_)))?;
    one_stage(seen, &decided, |taken| matches!(taken, Taken::Points(_)))?;
    Ok(decided)
}

/// What becomes of the parts of a file of which all lines, or all points, belong to a plan.
pub fn decide_beside(seen: &[Seen], asked: &Asked<'_>, kind: Kind) -> Result<Vec<Result<Taken, Sentence>>, Doubt> {
    let names = if kind == Kind::Points { asked.points } else { asked.lines };
    let listed = named(seen, names, &[kind])?;
    let fate = |(at, own): (usize, &Seen)| {
        let is_asked = (!names.is_empty()).then(|| listed.contains(&at));
        match fate(own, is_asked, None, &[]) {
            // Whoever names the file says that its lines are the plan's.
            Err(_) if own.kind == kind && own.count > 0 && is_asked != Some(false) && !own.is_existing() => Ok(own.taken_as(None)),
            Ok(taken) if own.kind == kind => Ok(taken),
            Ok(_) => Err(sentence!("layer-other-shapes")),
            why => why,
        }
    };
    let decided: Vec<Result<Taken, Sentence>> = seen.iter().enumerate().map(fate).collect();
    one_stage(seen, &decided, |_| true)?;
    Ok(decided)
}

/// The parts of these kinds that the names mean. Errors: a name that nothing has, or that several have.
fn named(seen: &[Seen], names: &[String], kinds: &[Kind]) -> Result<BTreeSet<usize>, Doubt> {
    let mut found = BTreeSet::new();
    for name in names.iter().filter(|name| *name != NOTHING) {
        let all = |is_it: &dyn Fn(&Seen) -> bool| -> Vec<usize> { (0..seen.len()).filter(|at| is_it(&seen[*at])).collect() };
        let mut own = all(&|own| own.is_named(name));
        if own.is_empty() {
            own = all(&|own| own.ends_in(name));
            let names: BTreeSet<_> = own.iter().map(|at| (&seen[*at].layer, &seen[*at].folder)).collect();
            if names.len() > 1 && names.iter().map(|(layer, _)| layer).collect::<BTreeSet<_>>().len() > 1 {
                let (lead, list) = (sentence!("several-layers-called", name), list(own.iter().map(|at| &seen[*at])));
                return Err(("choose-layer", sentence!("choose-layer", lead, list)));
            }
        }
        if own.is_empty() && !name.is_empty() {
            let (lead, list) = (sentence!("no-such-layer", asked = name), list(seen.iter()));
            return Err(("choose-layer", sentence!("choose-layer", lead, list)));
        }
        found.extend(own.into_iter().filter(|at| kinds.contains(&seen[*at].kind)));
    }
    Ok(found)
}

impl Seen {
    /// What its kind of geometry is taken as.
    fn taken_as(&self, role: Option<Role>) -> Taken {
        match (self.kind, role) {
            (Kind::Points, Some(Role::Points(kind))) => Taken::Points(Some(kind)),
            (Kind::Points, _) => Taken::Points(None),
            (_, Some(Role::Lines(kind))) => Taken::Lines(Some(kind)),
            _ => Taken::Lines(None),
        }
    }
}

/// What becomes of a part that is none of the plan's areas. `is_asked` is none where the planner chose nothing; `stage` is
/// that of the areas.
fn fate(own: &Seen, is_asked: Option<bool>, stage: Option<Stage>, seen: &[Seen]) -> Result<Taken, Sentence> {
    let named = own.named();
    if own.count == 0 {
        return Err(sentence!("layer-empty"));
    }
    // The closed outlines of a drawing are among its lines already.
    if own.kind == Kind::Areas && own.is_drawing {
        return Err(sentence!("layer-not-chosen"));
    }
    match is_asked {
        Some(true) => return Ok(own.taken_as(named.role)),
        Some(false) if own.kind != Kind::Areas => return Err(sentence!("layer-not-asked")),
        _ => {}
    }
    if named.role == Some(Role::Existing) {
        return Err(sentence!("layer-existing"));
    }
    if stage.is_some() && named.stage.is_some_and(|own| Some(own) != stage) {
        return Err(sentence!("layer-other-stage"));
    }
    match (own.kind, named.role) {
        (Kind::Lines, Some(Role::Lines(_))) | (Kind::Points, Some(Role::Points(_))) => Ok(own.taken_as(named.role)),
        (Kind::Lines | Kind::Points, _) if own.tells => Ok(own.taken_as(None)),
        // The border of the plan's own area is a line too.
        (Kind::Areas, Some(Role::Lines(LineKind::Limit))) if is_asked.is_none() => Ok(own.taken_as(named.role)),
        (Kind::Areas, Some(Role::Uses)) if seen.iter().any(|other| other.named().role == Some(Role::Lots)) => {
            Err(sentence!("layer-beside-lots"))
        }
        (Kind::Areas, _) => Err(sentence!("layer-not-chosen")),
        (Kind::Lines, _) => Err(sentence!("layer-unknown-lines")),
        (Kind::Points, _) => Err(sentence!("layer-unknown-points")),
    }
}

/// The parts that hold the plan's lots or zones; none where the file has no areas.
fn areas(seen: &[Seen], asked: &Asked<'_>) -> Result<BTreeSet<usize>, Doubt> {
    if !asked.areas.is_empty() {
        return one_layer(seen, named(seen, asked.areas, &[Kind::Areas])?, None);
    }
    let is_plan = |own: &Seen| !matches!(own.named().role, Some(Role::Existing | Role::Lines(LineKind::Limit)));
    // What cannot be read is among them, so that its reader says why.
    let is_there = |own: &Seen| own.kind == Kind::Areas && (own.count > 0 || own.broken.is_some()) && is_plan(own);
    // Lots divide the areas of use further: beside them those are the same land again.
    let has_lots = seen.iter().any(|own| is_there(own) && own.named().role == Some(Role::Lots));
    let is_again = |own: &Seen| has_lots && own.named().role == Some(Role::Uses);
    let all: Vec<usize> = (0..seen.len()).filter(|at| is_there(&seen[*at]) && !is_again(&seen[*at])).collect();
    // Between layers lots count before uses; folders of one layer belong together.
    let role = |at: usize| seen[at].layer.as_deref().and_then(|layer| read(layer).role);
    let with = |wanted: Role| all.iter().copied().filter(|at| role(*at) == Some(wanted)).collect::<BTreeSet<usize>>();
    let best = [with(Role::Lots), with(Role::Uses)].into_iter().find(|found| !found.is_empty());
    let best = best.unwrap_or_else(|| all.iter().copied().collect());
    // A folder that names no stage belongs to the stage of the others.
    let stages: BTreeSet<Stage> = best.iter().filter_map(|at| seen[*at].named().stage).collect();
    if stages.len() > 1 {
        let list = list(best.iter().map(|at| &seen[*at]));
        return Err(("choose-stage", sentence!("choose-stage", list)));
    }
    one_layer(seen, best, asked.before)
}

/// The parts, if they lie in one layer; else those of the layer that was taken before.
fn one_layer(seen: &[Seen], parts: BTreeSet<usize>, before: Option<&str>) -> Result<BTreeSet<usize>, Doubt> {
    let layers: BTreeSet<Option<&String>> = parts.iter().map(|at| seen[*at].layer.as_ref()).collect();
    if layers.len() < 2 {
        return Ok(parts);
    }
    let known: BTreeSet<usize> = parts.iter().copied().filter(|at| before.is_some_and(|name| seen[*at].is_named(name))).collect();
    if known.is_empty() {
        let (lead, list) = (sentence!("several-layers"), list(parts.iter().map(|at| &seen[*at])));
        return Err(("choose-layer", sentence!("choose-layer", lead, list)));
    }
    Ok(known)
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
        Seen {
            layer: Some(name.into()),
            folder: None,
            kind,
            count: 3,
            is_drawing: false,
            tells: false,
            broken: None,
            is_of_any_folder: false,
            columns: BTreeSet::new(),
        }
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
        let settled = fates(&seen, &Asked { areas: &["qhdh_phanoquyhoach_a".to_owned()], ..Asked::default() });
        assert_eq!((settled[1].as_str(), settled[2].as_str()), ("Areas", "Lines(Some(RedLine))"));
        let other = fates(&seen, &Asked { areas: &["QHDD_PhanOQuyHoach_A".to_owned()], ..Asked::default() });
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

    #[test]
    fn folders_of_one_layer_belong_together_and_a_whole_name_is_meant_before_its_end() {
        let folder = |name: &str, kind| Seen { layer: None, folder: Some(name.into()), ..layer("", kind) };
        let uses = [
            folder("Lô đất ở", Kind::Areas),
            folder("Cây xanh", Kind::Areas),
            folder("Đất ở hiện trạng cải tạo", Kind::Areas),
            folder("HienTrang/Lô đất", Kind::Areas),
        ];
        let told = fates(&uses, &Asked::default());
        assert_eq!(told[..3], ["Areas", "Areas", "Areas"]);
        assert!(told[3].contains("existing"), "{told:?}");
        let both = ["Cây xanh".to_owned(), "Lô đất ở".to_owned()];
        assert_eq!(fates(&uses, &Asked { areas: &both, ..Asked::default() })[..2], ["Areas", "Areas"]);
        let twice = [layer("HienTrang/PhanO.shp", Kind::Areas), layer("QuyHoach/PhanO.shp", Kind::Areas)];
        let asked = ["PhanO".to_owned()];
        assert!(fates(&twice, &Asked { areas: &asked, ..Asked::default() })[0].starts_with("choose-layer: "));
        let whole = ["QuyHoach/PhanO.shp".to_owned()];
        assert_eq!(fates(&twice, &Asked { areas: &whole, ..Asked::default() })[1], "Areas");
        assert_eq!(fates(&twice, &Asked::default())[1], "Areas", "the existing state is never asked about");
    }

    #[test]
    fn an_empty_layer_is_left_out_with_a_word_and_decides_nothing() {
        let empty = |name: &str, kind| Seen { count: 0, ..layer(name, kind) };
        let seen =
            [empty("PhanOQuyHoach_A", Kind::Areas), layer("ChucNangSuDungDat_A", Kind::Areas), empty("ChiGioiDuongDo_L", Kind::Areas)];
        let told = fates(&seen, &Asked::default());
        assert_eq!(told[1], "Areas");
        assert!(told[0].contains("empty") && told[2].contains("empty"), "{told:?}");
    }
}
