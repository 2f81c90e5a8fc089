//! Migrations of the tables: the same names in both dialects, applied in order, never edited.

use super::StoreError;

/// One step: number, name, SQL for SQLite, SQL for PostgreSQL.
pub struct Migration {
    pub number: i64,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

/// All steps in order. A test holds this list to the folders.
pub const MIGRATIONS: &[Migration] = &[
    Migration {
        number: 1,
        sqlite: include_str!("../../migrations/sqlite/0001_log.sql"),
        postgres: include_str!("../../migrations/postgres/0001_log.sql"),
    },
    Migration {
        number: 2,
        sqlite: include_str!("../../migrations/sqlite/0002_claims.sql"),
        postgres: include_str!("../../migrations/postgres/0002_claims.sql"),
    },
    Migration {
        number: 3,
        sqlite: include_str!("../../migrations/sqlite/0003_office.sql"),
        postgres: include_str!("../../migrations/postgres/0003_office.sql"),
    },
    Migration {
        number: 4,
        sqlite: include_str!("../../migrations/sqlite/0004_kept.sql"),
        postgres: include_str!("../../migrations/postgres/0004_kept.sql"),
    },
    Migration {
        number: 5,
        sqlite: include_str!("../../migrations/sqlite/0005_providers.sql"),
        postgres: include_str!("../../migrations/postgres/0005_providers.sql"),
    },
    Migration {
        number: 6,
        sqlite: include_str!("../../migrations/sqlite/0006_scans.sql"),
        postgres: include_str!("../../migrations/postgres/0006_scans.sql"),
    },
    Migration {
        number: 7,
        sqlite: include_str!("../../migrations/sqlite/0007_certificates.sql"),
        postgres: include_str!("../../migrations/postgres/0007_certificates.sql"),
    },
];

/// The steps still to take from version `found`.
pub fn pending(found: i64) -> Result<impl Iterator<Item = &'static Migration>, StoreError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.number);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.number > found))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::MIGRATIONS;

    #[test]
    fn the_list_is_the_folders_in_order() {
        for (folder, text) in [("sqlite", |m| m.sqlite), ("postgres", |m| m.postgres)] as [(&str, fn(&super::Migration) -> &str); 2] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
            let files = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
            let files: BTreeMap<String, String> = files
                .map(|file| (file.file_name().unwrap().to_str().unwrap()[..4].to_owned(), fs::read_to_string(&file).unwrap()))
                .collect();
            let listed: Vec<(String, &str)> = MIGRATIONS.iter().map(|step| (format!("{:04}", step.number), text(step))).collect();
            assert!(files.iter().map(|(number, text)| (number.clone(), text.as_str())).eq(listed), "{folder}");
        }
    }
}
