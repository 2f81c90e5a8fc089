//! `events/` is a published contract: complete, current, valid, and read back as it was written.
//! Schemas are written anew with `BLESS=1 cargo test --test suite contract`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use bangtin::domain::Digest;
use bangtin::domain::families::{LogEvent, event_contract};
use serde_json::Value;

use crate::process::run;
use crate::support::{Database, Kind, Node, TestClock};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("events")
}

fn path(name: &str, version: u32, part: &str) -> PathBuf {
    let (family, event) = name.split_once('.').unwrap();
    folder().join(family).join(format!("{event}.v{version}.{part}.json"))
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn every_event_has_a_current_schema_and_a_sample_that_is_valid_and_round_trips() {
    let mut expected = BTreeSet::new();
    for (name, version, schema) in event_contract() {
        let schema = serde_json::to_value(schema).unwrap();
        let schema_path = path(&name, version, "schema");
        if std::env::var_os("BLESS").is_some() {
            fs::create_dir_all(schema_path.parent().unwrap()).unwrap();
            fs::write(&schema_path, serde_json::to_string_pretty(&schema).unwrap() + "\n").unwrap();
        }
        assert_eq!(read(&schema_path), schema, "{name}: the struct has changed. A released form is never edited: add a version");
        let sample_path = path(&name, version, "sample");
        let sample = fs::read_to_string(&sample_path).unwrap_or_else(|error| panic!("{}: {error}", sample_path.display()));
        let sample = sample.trim_end();
        let validator = jsonschema::validator_for(&schema).unwrap();
        let value: Value = serde_json::from_str(sample).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
        let event = LogEvent::decode(&name, version, sample).unwrap_or_else(|error| panic!("{name}: {error}"));
        let encoded = event.encode().unwrap();
        assert_eq!((encoded.name.as_str(), encoded.version), (name.as_str(), version));
        assert_eq!(encoded.payload, sample, "{name}: a sample stands exactly as it is stored");
        expected.extend([schema_path, sample_path]);
        for old in 1..version {
            let [schema, sample, upcast] = ["schema", "sample", "upcast"].map(|part| path(&name, old, part));
            let validator = jsonschema::validator_for(&read(&schema)).unwrap();
            assert!(validator.is_valid(&read(&sample)), "{name} {old}");
            let event =
                LogEvent::decode(&name, old, &fs::read_to_string(&sample).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
            let today = event.encode().unwrap();
            assert_eq!((today.version, serde_json::from_str::<Value>(&today.payload).unwrap()), (version, read(&upcast)), "{name} {old}");
            expected.extend([schema, sample, upcast]);
        }
    }
    let mut found = BTreeSet::new();
    for family in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
        found.extend(fs::read_dir(family).unwrap().map(|entry| entry.unwrap().path()));
    }
    assert_eq!(found, expected, "a file too many or too few");
}

#[test]
fn an_unknown_type_or_version_is_an_error_and_never_skipped() {
    assert!(LogEvent::decode("plan.published", 3, "{}").is_err());
    assert!(LogEvent::decode("plan.unheard", 1, "{}").is_err());
    assert!(LogEvent::decode("nothing", 1, "{}").is_err());
}

crate::on_both_databases!(a_log_that_was_written_before_is_read_as_it_was);

/// `data/log-2026-11-28.jsonl.gz` was exported by the program of that day: a plan, points, campaigns, boards.
async fn a_log_that_was_written_before_is_read_as_it_was(kind: Kind) {
    let database = Database::new(kind).await;
    let file = database.path("old.jsonl");
    let packed = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/log-2026-11-28.jsonl.gz")).unwrap();
    std::io::copy(&mut flate2::read::GzDecoder::new(packed), &mut std::fs::File::create(&file).unwrap()).unwrap();
    let data = database.path("data");
    for arguments in [
        vec!["log", "load", file.to_str().unwrap()],
        vec!["log", "verify", "--expect", "31:37d4718698a2fc0eb84dffff5d658e4295db3566dab6a1b50ea73a347db70661"],
    ] {
        let output = run(&data, Some(&database.url), &arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    // Points have gained the property “hamlets” since. Some minutes after the last event: the text says what is in force and who is ready. Its moments have milliseconds.
    let node = Node::start(&database, &TestClock::at(1_795_888_200_000_000)).await;
    assert_eq!(node.model.image().position, 31);
    for (code, sha256) in [
        ("QHCT2401G", "fae9957b6340ef11b9771307a461eb49da5a5e6f5bbf6cd1872ceabf385318e7"),
        ("XCT00001C", "f4fee9c0393c8b7500a3d27f9c503a55e1082f42632abbbf953fbcdbf6756a3a"),
        ("DDDT2022J", "f463f9a2de5cb1614598391561f5f1e0990028199bdaaeef3f339684ed56981a"),
    ] {
        let answer = node.get(&format!("/q/{code}/revisions/1.geojson")).await;
        assert_eq!(Digest::of(&answer.body).to_string(), sha256, "{code}");
    }
}
