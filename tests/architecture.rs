//! The house rules that a module boundary depends on, held by a test and not by a wish.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                // Unit tests may do what the rules forbid.
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty());
    found
}

/// No line of the folder's code names one of `words`.
fn never(folder: &str, words: &[&str], why: &str) {
    for (path, text) in sources(folder) {
        if path.ends_with("tests.rs") || path.ends_with("test_support.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in words {
                assert!(!code.contains(word), "{}:{}: “{word}”: {why}", path.display(), number + 1);
            }
        }
    }
}

/// The rooms by their floors, from the ground up: every folder and file directly below `src/`. A room imports only
/// from floors below its own; rooms of one floor do not know each other. ARCHITECTURE.md says what each is for.
const FLOORS: &[&[&str]] = &[
    &["words"],
    &["geometry"],
    &["domain"],
    &["features", "cql2", "disk"],
    &["event_store", "import", "erasures", "config", "credentials"],
    &["vault", "outside"],
    &["app"],
    &["read_model"],
    &["node"],
    &["export"],
    &["render"],
    &["prints"],
    &["http"],
    &["cli"],
    &["lib", "main"],
];

/// The path of a file's module below the crate, `["import", "formats", "kml"]`.
fn module_of(path: &Path) -> Vec<String> {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().with_extension("");
    let mut parts: Vec<String> = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// One path for each name in a `use` with braces.
fn expanded(text: &str) -> Vec<String> {
    let Some(open) = text.find('{') else { return vec![text.trim().to_owned()] };
    let (head, inner) = (text[..open].trim(), &text[open + 1..text.rfind('}').unwrap()]);
    let (mut depth, mut from, mut parts) = (0, 0, Vec::new());
    for (at, c) in inner.char_indices().chain([(inner.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.into_iter().filter(|part| !part.trim().is_empty()).flat_map(expanded).map(|part| format!("{head}{part}")).collect()
}

/// Every path of the crate that a file names, whether in a `use` or where it stands, `super` resolved.
fn named(module: &[String], text: &str) -> Vec<Vec<String>> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let mut paths = Vec::new();
    let mut rest = code.as_str();
    while let Some(at) = ["crate::", "super::"].iter().filter_map(|start| rest.find(start)).min() {
        let end = rest[at..].find(|c: char| !(c.is_alphanumeric() || "_:".contains(c))).map_or(rest.len(), |end| at + end);
        let path = &rest[at..end];
        if rest[end..].starts_with('{') {
            let close = rest[end..].find(';').map_or(rest.len(), |close| end + close);
            paths.extend(expanded(&rest[at..close]));
        } else {
            paths.push(path.to_owned());
        }
        rest = &rest[end.max(at + 1)..];
    }
    let resolve = |path: String| {
        let mut parts: Vec<&str> = path.split("::").map(str::trim).filter(|part| !part.is_empty()).collect();
        let up = parts.iter().take_while(|part| **part == "super").count();
        let start = if parts.first() == Some(&"crate") { 0 } else { module.len().saturating_sub(up) };
        parts.drain(..up.max(1));
        module[..start].iter().cloned().chain(parts.into_iter().map(str::to_owned)).collect()
    };
    paths.into_iter().map(resolve).collect()
}

#[test]
fn every_room_has_a_floor_and_imports_only_from_below() {
    let floor = |room: &str| FLOORS.iter().position(|rooms| rooms.contains(&room));
    let mut met = std::collections::BTreeSet::new();
    for (path, text) in sources("src") {
        let module = module_of(&path);
        let room = &module[0];
        met.insert(room.clone());
        let own = floor(room).unwrap_or_else(|| panic!("{}: the room “{room}” stands on no floor", path.display()));
        if path.ends_with("tests.rs") || path.ends_with("test_support.rs") {
            continue;
        }
        for other in named(&module, &text) {
            let Some(below) = other.first().and_then(|other| floor(other)) else { continue };
            let is_own = other[0] == *room;
            assert!(is_own || below < own, "{}: “{}” does not lie below “{room}”", path.display(), other.join("::"));
        }
    }
    let listed: std::collections::BTreeSet<String> = FLOORS.iter().flat_map(|rooms| rooms.iter().map(|room| (*room).to_owned())).collect();
    assert_eq!(listed, met, "the table names the rooms that there are");
}

/// Files of one folder that need each other, with the reason; a folder counts as one, and what a parent module holds
/// is its children's.
const CIRCLES: &[(&[&str], &str)] = &[];

#[test]
fn files_of_a_room_do_not_go_in_circles() {
    use std::collections::{BTreeMap, BTreeSet};
    let files: Vec<(Vec<String>, String)> = sources("src")
        .into_iter()
        .filter(|(path, _)| !path.ends_with("tests.rs") && !path.ends_with("test_support.rs"))
        .map(|(path, text)| (module_of(&path), text))
        .collect();
    let modules: BTreeSet<&Vec<String>> = files.iter().map(|(module, _)| module).collect();
    // By folder: who needs whom of its children.
    let mut needs: BTreeMap<Vec<String>, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for (module, text) in &files {
        for path in named(module, text) {
            let Some(target) = (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|prefix| modules.contains(prefix)) else {
                continue;
            };
            let common = module.iter().zip(&target).take_while(|(a, b)| a == b).count();
            if common < module.len() && common < target.len() {
                let of = needs.entry(module[..common].to_vec()).or_default();
                of.entry(module[common].clone()).or_default().insert(target[common].clone());
            }
        }
    }
    for (folder, of) in &needs {
        for start in of.keys() {
            let (mut open, mut reached) = (vec![start], BTreeSet::new());
            while let Some(next) = open.pop() {
                open.extend(of.get(next).into_iter().flatten().filter(|other| reached.insert((*other).clone())));
            }
            let is_known = CIRCLES.iter().any(|(files, _)| files.contains(&[folder.join("/").as_str(), start].join("/").as_str()));
            assert!(is_known || !reached.contains(start), "{}/{start}: a circle of files: {:?}", folder.join("/"), of[start]);
        }
    }
}

#[test]
fn the_domain_is_pure() {
    never(
        "src/domain",
        &["tokio", "std::fs", "std::net", "rusqlite", "axum", "getrandom", "Timestamp::now", "SystemTime", "Instant"],
        "the domain has no I/O, clock or randomness",
    );
    for (path, text) in sources("src/domain") {
        // `handle` of cqrs-es is asynchronous, and so is what hands a command to it.
        let allowed = usize::from(path.ends_with("publication/mod.rs") || path.ends_with("families/mod.rs")) * 2;
        let found = text
            .lines()
            .map(|line| line.split("//").next().unwrap())
            .filter(|line| line.contains("async ") || line.contains(".await"))
            .count();
        assert!(found <= allowed, "{} is asynchronous", path.display());
    }
}

#[test]
fn the_log_is_written_by_the_app_alone() {
    for room in ["src/http", "src/cli", "src/render", "src/import", "src/read_model"] {
        never(room, &[".append(", ".put_blob("], "App::execute is the only write path");
    }
}

#[test]
fn the_clock_and_randomness_live_in_app_and_vault() {
    for (path, text) in sources("src") {
        let text: String = text.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
        let allowed = path.ends_with("src/app.rs") || path.ends_with("src/vault.rs") || path.ends_with("event_store/mod.rs");
        for word in ["Timestamp::now", "SystemTime::now", "getrandom::fill"] {
            assert!(allowed || !text.contains(word), "{}: {word}", path.display());
        }
    }
}

#[test]
fn no_message_can_end_what_it_is_about() {
    never("src", &["println!", "print!(", "dbg!"], "it panics where it cannot be written: use what cli/messages.rs has");
    let messages = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/messages.rs")).unwrap();
    assert!(messages.contains("log_internal_errors(false)"), "else the subscriber says so with eprintln! when it cannot write");
}

#[test]
fn a_family_is_one_folder_and_one_line() {
    let families = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/families/mod.rs")).unwrap();
    let list = families.split("\nfamilies! { ").nth(1).and_then(|rest| rest.split(" }").next()).unwrap();
    // `MapPoint` lives in `map_point/`.
    let folder = |name: &str| {
        name.char_indices().fold(String::new(), |folder, (at, c)| {
            let gap = if at > 0 && c.is_ascii_uppercase() { "_" } else { "" };
            folder + gap + &c.to_lowercase().to_string()
        })
    };
    let folders: Vec<String> = list.split(", ").map(folder).collect();
    assert!(folders.len() > 5, "{folders:?}");
    for family in &folders {
        for file in ["mod.rs", "facts.rs", "rules.rs", "view.rs", "tests.rs"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain").join(family).join(file);
            assert!(path.exists(), "{} is missing: the families have the same files", path.display());
        }
    }
    // Routes, pages and tables know no family by its type. A plan's kinds decide which land-use codes are legal.
    let types: Vec<String> = folders.iter().filter(|family| *family != "plan").map(|family| format!("domain::{family}::")).collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    for room in
        ["src/http", "src/read_model", "src/event_store", "src/render", "src/export", "src/node", "src/app", "src/cli", "src/features"]
    {
        never(room, &types, "what is particular to a family stays in its folder");
    }
}

/// Files of more than 400 lines, and why each is one.
const LONG: &[(&str, &str)] = &[
    ("domain/families/mod.rs", "the one macro that dispatches to every family"),
    ("domain/publication/mod.rs", "the family's trait and the fold of its events are read side by side"),
    ("event_store/postgres/mod.rs", "one method for each of the log's"),
    ("features/mod.rs", "a set and its features, which hold each other's places"),
    ("geometry/coverage.rs", "one algorithm, with its tests"),
    ("import/formats/mod.rs", "what all readers share"),
    ("import/formats/xlsx.rs", "one streaming reader"),
];

#[test]
fn no_file_is_one_that_one_dreads() {
    let mut long = Vec::new();
    for (path, text) in sources("src") {
        let lines = text.lines().count();
        assert!(lines <= 600, "{} has {lines} lines: split it by meaning", path.display());
        if lines > 400 {
            let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap().display().to_string();
            assert!(LONG.iter().any(|(file, _)| *file == below), "{below} has {lines} lines: split it, or say in LONG why it is one");
            long.push(below);
        }
    }
    for (file, _) in LONG {
        assert!(long.iter().any(|found| found == file), "{file} is short by now: take it off the list");
    }
}

#[test]
fn both_dialects_have_the_same_migrations_and_tables() {
    let names = |dialect: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
    let list = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/event_store/migrations.rs")).unwrap();
    for name in names("sqlite") {
        assert!(list.contains(&format!("sqlite/{name}")) && list.contains(&format!("postgres/{name}")), "{name} is not applied");
    }
    let tables = |dialect: &str| {
        let mut tables: Vec<(String, Vec<String>)> = Vec::new();
        for name in names(dialect) {
            let sql = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect).join(name)).unwrap();
            for part in sql.split("CREATE TABLE ").skip(1) {
                let (table, rest) = part.split_once(" (").unwrap();
                let body = rest.split("\n)").next().unwrap();
                let columns = body
                    .lines()
                    .map(str::trim)
                    .filter(|line| !line.is_empty() && !line.starts_with("PRIMARY KEY") && !line.starts_with("UNIQUE"));
                tables.push((table.to_owned(), columns.map(|line| line.split(' ').next().unwrap().to_owned()).collect()));
            }
        }
        tables
    };
    assert_eq!(tables("sqlite"), tables("postgres"));
}
