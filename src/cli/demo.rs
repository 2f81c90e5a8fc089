//! `bangtin demo`: serves the demo city, which is compiled in and loaded once through the write path.

use std::collections::BTreeMap;

use anyhow::Context;

use super::messages::{note, show};
use super::progress::Progress;
use super::{ServeArgs, StoreArgs, account, apply, doors, serve, store};
use crate::app::accounts::Profile;
use crate::app::{App, ExecuteError};
use crate::config;
use crate::domain::access::{Actor, Grant, Reach, Role};
use crate::domain::city::City;
use crate::http::doors::Door;
use crate::import::source::Source;
use crate::import::{points, units};
use crate::render::qr::{self, Matrix};

macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../fixtures/", $name)).as_slice())),+]
    };
}

/// Files that the demo's commands name.
const FILES: &[(&str, &[u8])] = files![
    "units.csv",
    "units.geojson",
    "zones/land-use-2021.geojson",
    "zones/land-use-2024.geojson",
    "zones/schedule-2026.geojson",
    "zones/construction.geojson",
    "zones/general-2020.geojson",
    "zones/general-2027.geojson",
    "zones/zoning.geojson",
    "zones/detailed.geojson",
    "documents/land-use-2021-decision.pdf",
    "documents/land-use-2021-report.pdf",
    "documents/land-use-2024-decision.pdf",
    "documents/land-use-2024-report.pdf",
    "documents/schedule-2026-decision.pdf",
    "documents/construction-decision.pdf",
    "documents/general-2020-decision.pdf",
    "documents/general-2020-report.pdf",
    "documents/general-2027-decision.pdf",
    "documents/zoning-decision.pdf",
    "documents/detailed-decision.pdf",
];

const COMMANDS: &str = include_str!("../../fixtures/commands.jsonl");
const CITY: &str = include_str!("../../fixtures/yen-bai.toml");

/// A file of the demo. Errors: it has none of that name.
pub fn file(name: &str) -> Result<Source, String> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    found.map(|(_, bytes)| Source::memory(name, *bytes)).ok_or_else(|| String::from("there is no such fixture"))
}

/// The commands of the demo city, one JSON object a line.
pub fn commands() -> impl Iterator<Item = &'static str> {
    COMMANDS.lines().filter(|line| !line.trim().is_empty())
}

/// The demo city's configuration, with the public address if one is given.
pub fn city(public_url: Option<String>) -> Result<City, config::ConfigError> {
    let mut city = config::city("yen-bai.toml", CITY, |name| Ok(file(name).map_err(std::io::Error::other)?.read(u64::MAX >> 1)?.to_vec()))?;
    if let Some(url) = public_url {
        city.public_url = url;
    }
    Ok(city)
}

/// Records the boundaries of the demo's units, if they are not recorded yet.
pub async fn load_units(app: &App) -> anyhow::Result<()> {
    let city = app.city();
    if city.boundaries.is_some() {
        return Ok(());
    }
    let source = file("units.geojson").map_err(anyhow::Error::msg)?;
    let imported = units::import(&source, &points::options(&city, None)?, None);
    let units = imported.units.with_context(|| imported.report.to_text())?;
    Ok(app.record_units(units, imported.boundaries).await?)
}

/// The people of the demo's office: name and roles.
const PEOPLE: [(&str, &[Role]); 5] = [
    ("Người quản trị", &[Role::Administrator]),
    ("Người soạn", &[Role::Planner, Role::Campaign, Role::Works]),
    ("Người duyệt", &[Role::Approver]),
    ("Văn thư", &[Role::Clerk]),
    ("Điều phối viên", &[Role::Health]),
];

/// For each person of the demo's office a line with a link to accept the invitation, or with the address to sign in
/// with.
async fn invitations(app: &App, site: &str) -> anyhow::Result<Vec<String>> {
    let mut known = BTreeMap::new();
    for (id, account) in app.accounts().await?.all {
        known.insert(account.grants.clone(), (id, account));
    }
    let mut lines = Vec::new();
    for (name, roles) in PEOPLE {
        let mut grants: Vec<Grant> = roles.iter().map(|role| Grant { role: *role, reach: Reach::City }).collect();
        grants.sort();
        let secret = match known.get(&grants) {
            Some((id, account)) if account.activated => {
                lines.push(format!("  {name}: {}", app.profile(id).await?.email));
                continue;
            }
            // A start writes nothing that an earlier one has written.
            Some((id, _)) => {
                lines.push(format!("  {name}: bangtin account invite-again {id}"));
                continue;
            }
            None => app.invite(&Actor::local(), &Profile { name: name.into(), email: String::new() }, grants).await?.1,
        };
        lines.push(format!("  {name}: {}", account::link(site, &secret)));
    }
    Ok(lines)
}

/// Loads the missing parts of the demo city, and serves it.
pub async fn run(args: &StoreArgs, serve_args: &ServeArgs) -> anyhow::Result<()> {
    let mut stop = serve::Stop::listen()?;
    let listener = doors::bind_port(serve_args.listen.as_deref().unwrap_or(doors::PLAIN)).await?;
    let mut local = listener.local_addr()?;
    if local.ip().is_unspecified() {
        // A phone cannot open the address that stands for “every address”.
        local.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let address = format!("http://{local}");
    let store = store::open(args, Some(city(Some(address.clone()))?)).await?;
    store.app.log().check_room().await?;
    load_units(&store.app).await?;
    let mut progress = Progress::of_server("Nạp dữ liệu minh họa (loading the demo city)", commands().count() as u64);
    for (number, line) in commands().enumerate() {
        let done = tokio::select! {
            done = apply::line(&store.app, line, &file) => done,
            () = stop.asked() => {
                note!("bangtin: stopped while loading; the next start goes on");
                return Ok(());
            }
        };
        let what = match done {
            Ok(outcome) => outcome.code.map(|code| code.to_string()).unwrap_or_default(),
            // The clock may be wrong, or another version of the demo may have made the store: serve what there
            // is.
            Err(ExecuteError::Refused(refusal)) => {
                note!("bangtin: warning: fixture command {}: {refusal}", number + 1);
                String::new()
            }
            Err(error) => return Err(error).with_context(|| format!("fixture command {}", number + 1)),
        };
        progress.step(&what);
    }
    progress.finish();
    let node = serve::start(&store, serve_args, !args.database.as_deref().unwrap_or("sqlite").starts_with("sqlite")).await?;
    let public_url = store.app.city().public_url.clone();
    show(&Matrix::new(&qr::site(&public_url))?.terminal());
    show(&format!("Bảng tin {}: {address}", store.app.city().name_vi));
    if public_url != address {
        show(&format!("Mã QR dẫn tới (codes lead to): {public_url}"));
    }
    show(&format!("Bàn làm việc (the office): http://localhost:{}/office", local.port()));
    for line in invitations(&store.app, &format!("http://localhost:{}", local.port())).await? {
        show(&line);
    }
    show("Dừng bằng Ctrl-C (stop with Ctrl-C)");
    node.serve(vec![Door::plain(listener)], stop).await
}
