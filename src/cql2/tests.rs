use std::borrow::Cow;

use geo::Geometry;
use jiff::tz::TimeZone;

use super::like::{like, pieces};
use super::*;
use crate::domain::schema::{Property, Type};

const PROPERTIES: &[Property] = &[
    Property::new("name", Type::Text),
    Property::new("land_use", Type::Text),
    Property::new("area_ha", Type::Number),
    Property::new("open", Type::Boolean),
    Property::new("effective_from", Type::Date),
    Property::new("effective_to", Type::Date),
    Property::new("updated", Type::Moment),
];

/// A feature of 1 × 1 degree at the origin.
struct Zone {
    values: [Value<'static>; 7],
    shape: Option<Geometry<f64>>,
}

impl Row for Zone {
    fn value(&self, property: usize) -> Value<'_> {
        self.values[property].clone()
    }

    fn shape(&self) -> Option<Cow<'_, Geometry<f64>>> {
        self.shape.as_ref().map(Cow::Borrowed)
    }

    fn bbox(&self) -> Option<[f64; 4]> {
        self.shape.as_ref().map(|_| [0.0, 0.0, 1.0, 1.0])
    }
}

fn text(text: &'static str) -> Value<'static> {
    Value::Text(Cow::Borrowed(text))
}

fn day(text: &str) -> Value<'static> {
    Value::Instant(temporal::instant(text).expect("a date"))
}

fn zone() -> Zone {
    Zone {
        values: [
            text("Đường Yên Bái"),
            text("LUC"),
            Value::Number(1.5),
            Value::Bool(true),
            day("2024-04-01"),
            Value::Null,
            day("2024-04-01T10:00:00Z"),
        ],
        shape: Some(Geometry::Polygon(super::spatial::rect(0.0, 0.0, 1.0, 1.0))),
    }
}

fn read(source: &str) -> Result<Filter, FilterError> {
    let language = if source.starts_with('{') { Language::Json } else { Language::Text };
    let place = |at: [f64; 2]| at.iter().all(|n| n.abs() <= 180.0).then_some(at);
    let zone = TimeZone::fixed(jiff::tz::Offset::constant(7));
    Filter::read(source, language, PROPERTIES, Meaning { place: &place, zone: &zone })
}

fn holds(source: &str) -> Option<bool> {
    read(source).unwrap_or_else(|error| panic!("{error}: {source}")).condition.holds(&zone())
}

#[test]
fn comparisons_hold_as_in_sql() {
    for (source, expected) in [
        ("land_use = 'LUC' AND area_ha > 1", Some(true)),
        ("land_use='LUC' and (area_ha<1 or open)", Some(true)),
        ("\"area_ha\" >= 1.5 AND area_ha <= +1.5", Some(true)),
        ("area_ha BETWEEN 1 AND 2", Some(true)),
        ("area_ha NOT BETWEEN 1 AND 2", Some(false)),
        ("land_use IN ('CLN','LUC')", Some(true)),
        ("land_use NOT IN ('CLN','LUC')", Some(false)),
        ("land_use <> 'LUC'", Some(false)),
        ("NOT land_use = 'LUC'", Some(false)),
        ("open = TRUE", Some(true)),
        ("name = 'it''s'", Some(false)),
        ("effective_from >= DATE('2024-04-01')", Some(true)),
        ("effective_from >= '2024-04-02'", Some(false)),
        ("(effective_from >= TIMESTAMP('2024-01-10T00:00:00.000Z'))", Some(true)),
        ("area_ha = 1.5e0", Some(true)),
        ("area_ha > -2", Some(true)),
    ] {
        assert_eq!(holds(source), expected, "{source}");
    }
}

#[test]
fn what_is_unknown_is_neither_true_nor_false() {
    assert_eq!(holds("effective_to > DATE('2020-01-01')"), None);
    assert_eq!(holds("NOT effective_to > DATE('2020-01-01')"), None);
    assert_eq!(holds("effective_to > DATE('2020-01-01') OR open"), Some(true));
    assert_eq!(holds("effective_to > DATE('2020-01-01') AND NOT open"), Some(false));
    assert_eq!(holds("effective_to IN (DATE('2020-01-01'))"), None);
    assert_eq!(holds("effective_to IS NULL AND name IS NOT NULL"), Some(true));
    assert!(!read("NOT effective_to > DATE('2020-01-01')").expect("reads").wants(&zone()));
}

#[test]
fn like_knows_wildcards_and_their_escape() {
    for (source, expected) in [
        ("name LIKE 'Đường%'", true),
        ("name LIKE 'đường%'", false),
        ("name LIKE '%Bái'", true),
        ("name LIKE 'Đường Yên Bá_'", true),
        ("name LIKE '%Yên%'", true),
        ("name LIKE '\\%Yên%'", false),
        ("name NOT LIKE 'X%'", true),
        ("name LIKE ''", false),
    ] {
        assert_eq!(holds(source), Some(expected), "{source}");
    }
    assert!(like("a%b_c", &pieces("a\\%b\\_c")));
    let evil: String = "%a".repeat(2_000);
    assert!(!like(&"a".repeat(1_000), &pieces(&format!("{evil}b"))));
}

#[test]
fn text_is_found_without_case_and_diacritics_and_in_either_normal_form() {
    for source in [
        "CASEI(name) = CASEI('đường YÊN bái')",
        "ACCENTI(name) = ACCENTI('Duong Yen Bai')",
        "CASEI(ACCENTI(name)) = CASEI(ACCENTI('duong yen bai'))",
        "ACCENTI(CASEI(name)) LIKE ACCENTI(CASEI('%yen%'))",
        "(CASEI(name) LIKE CASEI('ĐƯỜNG%'))",
        "name = 'Đường Ye\u{302}n Ba\u{301}i'",
    ] {
        assert_eq!(holds(source), Some(true), "{source}");
    }
    assert_eq!(holds("name = 'Duong Yen Bai'"), Some(false));
}

#[test]
fn shapes_meet() {
    for (source, expected) in [
        ("S_INTERSECTS(geometry, POINT(0.5 0.5))", true),
        ("S_INTERSECTS(geometry,BBOX(1,1,2,2))", true),
        ("S_INTERSECTS(geometry,BBOX(1.1,1,2,2))", false),
        ("S_DISJOINT(geometry,BBOX(1.1,1,2,2))", true),
        ("S_WITHIN(geometry, POLYGON((-1 -1,2 -1,2 2,-1 2,-1 -1)))", true),
        ("S_CONTAINS(geometry, POINT(0.5 0.5))", true),
        ("S_CONTAINS(POLYGON((-1 -1,2 -1,2 2,-1 2,-1 -1)), geometry)", true),
        ("S_TOUCHES(geometry, POINT(0 0))", true),
        ("S_CROSSES(geometry, LINESTRING(-1 0.5, 2 0.5))", true),
        ("S_OVERLAPS(geometry, BBOX(0.5,0.5,2,2))", true),
        ("S_EQUALS(geometry, BBOX(0,0,1,1))", true),
        ("S_INTERSECTS(geometry, MULTIPOINT((5 5),(0.1 0.1)))", true),
        ("S_INTERSECTS(geometry, GEOMETRYCOLLECTION(POINT(5 5),POINT(0.1 0.1)))", true),
        ("NOT S_INTERSECTS(geometry, BBOX(170,-10,-170,10))", true),
    ] {
        assert_eq!(holds(source), Some(expected), "{source}");
    }
    let bare = Zone { shape: None, ..zone() };
    let filter = read("S_DISJOINT(geometry, POINT(9 9))").expect("reads");
    assert_eq!(filter.condition.holds(&bare), None, "without a shape nothing is known");
}

#[test]
fn times_relate_as_allen_says() {
    for (source, expected) in [
        ("T_AFTER(effective_from, DATE('2024-01-01'))", true),
        ("T_BEFORE(effective_from, TIMESTAMP('2024-01-01T00:00:00Z'))", false),
        ("T_DURING(effective_from, INTERVAL('2024-01-01','2024-12-31'))", true),
        ("T_INTERSECTS(INTERVAL(effective_from, effective_to), INTERVAL('2030-01-01','..'))", true),
        ("T_EQUALS(effective_from, DATE('2024-04-01'))", true),
        ("T_CONTAINS(INTERVAL('..','2025-01-01'), effective_from)", true),
        ("T_DISJOINT(effective_from, INTERVAL('..','2020-01-01'))", true),
        ("T_STARTEDBY(INTERVAL(effective_from, effective_to), INTERVAL('2024-04-01','2024-05-01'))", true),
    ] {
        assert_eq!(holds(source), Some(expected), "{source}");
    }
}

#[test]
fn a_moment_beside_a_date_is_its_day_in_the_city() {
    // In force from 1/4/2024 on; in the city that day begins at 17:00 UTC of 31/3.
    for (source, expected) in [
        ("effective_from <= TIMESTAMP('2024-03-31T16:59:59Z')", false),
        ("effective_from <= TIMESTAMP('2024-03-31T17:00:00Z')", true),
        ("effective_from = TIMESTAMP('2024-04-01T08:30:00+07:00')", true),
        ("effective_from >= TIMESTAMP('2024-04-01T10:00:00Z')", true),
        ("effective_from >= TIMESTAMP('2024-04-01T00:00:00.000Z')", true),
        ("effective_from IN (TIMESTAMP('2024-04-01T10:00:00Z'))", true),
        ("effective_from BETWEEN TIMESTAMP('2024-04-01T10:00:00Z') AND TIMESTAMP('2024-04-01T11:00:00Z')", true),
        ("T_INTERSECTS(INTERVAL(effective_from, effective_from), TIMESTAMP('2024-04-01T10:00:00Z'))", true),
        ("T_INTERSECTS(effective_from, INTERVAL('2024-04-01T10:00:00Z','..'))", true),
        ("T_BEFORE(effective_from, TIMESTAMP('2024-04-01T10:00:00Z'))", false),
        ("T_BEFORE(effective_from, TIMESTAMP('2024-04-01T17:00:00Z'))", true),
        // Each bound is compared by itself: compared with a moment, the moment stays a moment.
        ("TIMESTAMP('2024-04-01T10:00:00Z') BETWEEN effective_from AND updated", true),
        ("TIMESTAMP('2024-04-01T10:00:00Z') BETWEEN updated AND effective_from", true),
        ("TIMESTAMP('2024-04-01T09:00:00Z') BETWEEN updated AND effective_from", false),
        ("TIMESTAMP('2024-04-01T09:00:00Z') IN (effective_from, updated)", true),
        ("TIMESTAMP('2024-04-01T09:00:00Z') IN (updated, effective_from)", true),
    ] {
        assert_eq!(holds(source), Some(expected), "{source}");
    }
}

#[test]
fn json_says_the_same_as_text() {
    for (source, expected) in [
        (r#"{"op":"and","args":[{"op":"=","args":[{"property":"land_use"},"LUC"]},{"op":">","args":[{"property":"area_ha"},1]}]}"#, true),
        (r#"{"op":"not","args":[{"op":"in","args":[{"property":"land_use"},["LUC","CLN"]]}]}"#, false),
        (r#"{"op":"like","args":[{"op":"casei","args":[{"property":"name"}]},{"op":"casei","args":["đường%"]}]}"#, true),
        (r#"{"op":"between","args":[{"property":"area_ha"},1,2]}"#, true),
        (r#"{"op":"isNull","args":[{"property":"effective_to"}]}"#, true),
        (r#"{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point","coordinates":[0.5,0.5]}]}"#, true),
        (r#"{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[2,2,3,3]}]}"#, false),
        (r#"{"op":"t_after","args":[{"property":"effective_from"},{"date":"2024-01-01"}]}"#, true),
        (r#"{"op":"t_during","args":[{"property":"effective_from"},{"interval":["2024-01-01",".."]}]}"#, true),
    ] {
        assert_eq!(holds(source), Some(expected), "{source}");
    }
}

#[test]
fn a_mistake_is_named_with_its_place() {
    for source in [
        "",
        "land_use",
        "land_use =",
        "land_use = 'x",
        "nothing = 1",
        "area_ha = 'x'",
        "land_use = 1",
        "(open",
        "open)",
        "open AND",
        "name LIKE 3",
        "area_ha BETWEEN 1",
        "F(name) = 'x'",
        "S_INTERSECTS(geometry)",
        "S_INTERSECTS(name, POINT(1 1))",
        "S_INTERSECTS(geometry, POLYGON((0 0,1 1)))",
        "S_INTERSECTS(geometry, POINT(999 0))",
        "CASEI(area_ha) = 1",
        "T_AFTER(name, DATE('2024-01-01'))",
        "effective_from > DATE('2024-13-01')",
        "area_ha > 1e999",
        "name = \u{1}",
        "{",
        "{\"op\":\"=\"}",
        "{\"op\":\"and\",\"args\":[]}",
        "{\"op\":\"boom\",\"args\":[1,2]}",
    ] {
        let error = read(source).expect_err(source);
        assert!(!error.said.to_string().is_empty(), "{source}");
    }
    assert!(read("land_use = ").expect_err("ends early").at.is_some());
}

#[test]
fn depth_length_and_terms_are_bounded() {
    for source in [
        format!("{}open{}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{}open", "NOT ".repeat(3_000)),
        format!("open{}", " AND open".repeat(1_000)),
        format!("land_use IN ('a'{})", ",'a'".repeat(3_000)),
        format!("{}\"x\"{}", r#"{"op":"not","args":["#.repeat(200), "]}".repeat(200)),
        format!("S_INTERSECTS(geometry, {}POINT(0 0){})", "GEOMETRYCOLLECTION(".repeat(200), ")".repeat(200)),
        format!("{}name{} = 'x'", "CASEI(".repeat(1_000), ")".repeat(1_000)),
        format!("name = '{}'", "x".repeat(crate::cql2::LONGEST)),
    ] {
        assert!(read(&source).is_err(), "{}", &source[..40]);
    }
}

#[test]
fn letters_that_look_alike_are_alike_in_filters() {
    let zone = Zone {
        values: [text("12/QĐ-UBND"), text("L\u{200b}UC"), Value::Number(-1.5), Value::Null, Value::Null, Value::Null, Value::Null],
        shape: None,
    };
    let vietnam = TimeZone::fixed(jiff::tz::Offset::constant(7));
    let wants = |source: &str| {
        let filter = Filter::read(source, Language::Text, PROPERTIES, Meaning { place: &Some, zone: &vietnam });
        filter.unwrap_or_else(|error| panic!("{source}: {error}")).wants(&zone)
    };
    for filter in [
        "name = '12/Q\u{d0}-UBND'",
        "name = '12/Q\u{189}\u{2011}UBND'",
        "name IN ('x', '12/QĐ\u{2013}UB\u{ad}ND')",
        "name LIKE '12/Q\u{d0}%'",
        "CASEI(name) = CASEI('12/q\u{f0}-ubnd')",
        "ACCENTI(name) = ACCENTI('12/Q\u{d0}\u{2212}UBND')",
        "ACCENTI(name) = '12/QD-UBND'",
        "CASEI(ACCENTI(name)) LIKE '12/qd%'",
        "land_use = 'LUC'",
        "area_ha\u{a0}<\u{2003}\u{2212}1",
        "area_ha = \u{2011}1.5",
        "NOT name <> '12/Q\u{d0}-UBND'",
    ] {
        assert!(wants(filter), "{filter}");
    }
    for filter in ["name = '12/QD-UBND'", "name = '13/Q\u{d0}-UBND'", "area_ha > \u{2212}1"] {
        assert!(!wants(filter), "{filter}");
    }
    // The other way round: the stored text has the look-alike letter.
    let stored = Zone {
        values: [text("12/Q\u{d0}\u{2011}UBND"), Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null],
        shape: None,
    };
    for filter in ["name = '12/QĐ-UBND'", "ACCENTI(name) = '12/QD-UBND'", "CASEI(name) LIKE '%qđ-ubnd'"] {
        let read = Filter::read(filter, Language::Text, PROPERTIES, Meaning { place: &Some, zone: &vietnam });
        assert!(read.expect("a filter").wants(&stored), "{filter}");
    }
}
