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

#[test]
fn the_domain_is_pure() {
    never(
        "src/domain",
        &[
            "crate::app",
            "crate::event_store",
            "crate::read_model",
            "crate::http",
            "crate::import",
            "crate::render",
            "crate::cli",
            "crate::vault",
        ],
        "the domain knows nothing of the rooms around it",
    );
    never(
        "src/domain",
        &["tokio", "std::fs", "std::net", "rusqlite", "axum", "getrandom", "Timestamp::now", "SystemTime", "Instant"],
        "the domain has no I/O, clock or randomness",
    );
    for (path, text) in sources("src/domain") {
        // `handle` of cqrs-es is the one asynchronous line.
        let allowed = usize::from(path.ends_with("publication/mod.rs")) * 2;
        let found = text
            .lines()
            .map(|line| line.split("//").next().unwrap())
            .filter(|line| line.contains("async ") || line.contains(".await"))
            .count();
        assert!(found <= allowed, "{} is asynchronous", path.display());
    }
}

#[test]
fn nothing_points_backwards() {
    never(
        "src/event_store",
        &["crate::app", "crate::read_model", "crate::http", "crate::render", "crate::import", "crate::cli"],
        "the store knows only the domain's digest",
    );
    never("src/read_model", &["crate::http", "crate::cli"], "the read model does not know who asks");
    never("src/render", &["crate::http", "crate::app", "crate::event_store", "crate::cli"], "rendering is a function of the view");
    for (path, text) in sources("src").into_iter().filter(|(path, _)| path.ends_with("src/press.rs")) {
        assert!(!text.contains("crate::http") && !text.contains("crate::app"), "{}: prints are made of what is read", path.display());
    }
    never(
        "src/import",
        &["crate::http", "crate::app", "crate::event_store", "crate::read_model", "crate::cli"],
        "importing turns files into features",
    );
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
    let families = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain/families.rs")).unwrap();
    assert!(families.contains("families! { Plan, MapPoint, Campaign, Consultation, Board }"));
    for family in ["plan", "map_point", "campaign", "consultation", "board"] {
        for file in ["mod.rs", "facts.rs", "rules.rs", "view.rs", "tests.rs"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/domain").join(family).join(file);
            assert!(path.exists(), "{} is missing: the families have the same files", path.display());
        }
    }
    // Routes, pages and tables know no family by its type.
    for room in ["src/http", "src/read_model", "src/event_store"] {
        never(
            room,
            &["domain::map_point", "domain::campaign", "domain::consultation", "domain::board"],
            "what is particular to a family stays in its folder",
        );
    }
}

#[test]
fn no_file_is_one_that_one_dreads() {
    for (path, text) in sources("src") {
        let lines = text.lines().count();
        assert!(lines <= 900, "{} has {lines} lines", path.display());
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
