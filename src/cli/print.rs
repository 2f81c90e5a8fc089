//! `bangtin print`: writes posters, stickers, map sheets and booklets as PDF files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use super::StoreArgs;
use super::messages::{put, say};
use super::progress::Progress;
use super::store::{self, Store};
use crate::app::{Request, new_command_id};
use crate::domain::Code;
use crate::domain::access::Actor;
use crate::domain::publication::view::Moment;
use crate::domain::unit::UnitId;
use crate::import::attach::no_files;
use crate::node::follower;
use crate::prints;
use crate::prints::Order;
use crate::read_model::ReadModel;
use crate::read_model::blobs::Blobs;
use crate::render::print::Size;
use crate::words::text::Lang;

/// Memory for feature sets while printing, bytes.
const CACHE_BYTES: u64 = 256 << 20;

/// What to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PrintKind {
    /// The poster of an item; for A1 and A0 a map sheet
    Poster,
    /// A sheet of stickers of an item
    Stickers,
    /// All posters of a unit's boards
    Booklet,
}

/// Options for printing.
#[derive(Debug, Args)]
pub struct PrintArgs {
    /// The item's code; none for a booklet
    code: Option<String>,
    /// What to print
    #[arg(long, value_enum, default_value = "poster")]
    what: PrintKind,
    /// Paper size: A4, A3; A1 and A0 for a map sheet
    #[arg(long, default_value = "A4")]
    size: String,
    /// Print only the part in this unit, by code or CODE-YEAR; for a booklet, the boards in it
    #[arg(long, value_name = "CODE")]
    unit: Option<String>,
    /// Number of the board that the print is for
    #[arg(long)]
    board: Option<u32>,
    /// Language of the print: vi, en
    #[arg(long, default_value = "vi")]
    lang: String,
    /// File to write
    #[arg(long, short, value_name = "FILE.pdf")]
    out: PathBuf,
    /// Record in the register that it was printed for its boards
    #[arg(long)]
    record: bool,
    /// Print one JSON object on standard output
    #[arg(long)]
    json: bool,
}

/// Prints what was asked for.
pub async fn run(args: &StoreArgs, print: PrintArgs) -> anyhow::Result<()> {
    let store = store::open(args, None).await?;
    let model = model(&store).await?;
    let city = Arc::clone(&model.image().city);
    let moment = Moment::new(store.app.now(), city.zone());
    let Some(size) = Size::parse(&print.size) else { bail!("“{}” is no size of paper: A4, A3, A1 or A0", print.size) };
    let unit: Option<UnitId> = match &print.unit {
        None => None,
        Some(text) => match city.units.resolve(text, moment.today) {
            Some(unit) => Some(unit.id.clone()),
            None => bail!("the city has no unit “{text}” today: write its code or CODE-YEAR"),
        },
    };
    let lang = Lang::choose(Some(&print.lang), None);
    let (file, printed) = if print.what == PrintKind::Booklet {
        booklet(&model, &moment, lang, unit.as_ref()).await?
    } else {
        let Some(code) = &print.code else { bail!("name the code of the item to print") };
        let code: Code = code.parse().with_context(|| format!("“{code}”"))?;
        let order = Order { lang, unit, whole: false, board: print.board };
        let material = prints::gather(&model, &moment, code, &order).await?;
        let file =
            tokio::task::block_in_place(|| if print.what == PrintKind::Poster { material.poster(size) } else { material.stickers() })?;
        let printed: Vec<(u32, Code, u32)> = print.board.map(|board| (board, code, material.view().revision)).into_iter().collect();
        (file, printed)
    };
    write(&print.out, &file)?;
    if print.record {
        if printed.is_empty() {
            bail!("--record notes a print for a board: name it with --board, or print a booklet");
        }
        record(&store, &model, &printed).await?;
    } else if let Some((board, item, _)) = printed.iter().find(|(board, item, _)| !is_known(&model, *board, *item, &moment)) {
        say!(
            "bangtin: the register has no print of {item} for board {board}: who scans this one is warned of it. Print with --record, or record it by board.print."
        );
    }
    if print.json {
        put!("{}", json!({ "file": print.out, "bytes": file.len(), "prints": printed.len().max(1), "recorded": print.record }))
    } else {
        put!("{} ({} kB)", print.out.display(), file.len().div_ceil(1_000))
    }
}

/// True if the register has a print of the item for the board.
fn is_known(model: &ReadModel, board: u32, item: Code, moment: &Moment) -> bool {
    let image = model.image();
    let view = image.by_number(board).and_then(|code| image.view(code, None, moment));
    view.as_ref().and_then(|view| view.board()).is_some_and(|own| own.postings.iter().any(|posting| posting.item == item))
}

async fn model(store: &Store) -> anyhow::Result<ReadModel> {
    let log = Arc::clone(store.app.log());
    let image = follower::build(&log, Some(&store.snapshot)).await.context("the log cannot be read")?;
    Ok(ReadModel::new(image, Blobs::new(log, CACHE_BYTES / 4, None), CACHE_BYTES))
}

async fn booklet(
    model: &ReadModel,
    moment: &Moment,
    lang: Lang,
    unit: Option<&UnitId>,
) -> anyhow::Result<(Vec<u8>, Vec<(u32, Code, u32)>)> {
    let folio = prints::folio(model, moment, lang, unit).await?;
    let number = |board: &crate::domain::publication::view::View| board.board().map_or(0, |own| own.number);
    let printed = folio.prints().iter().map(|(board, item, _)| (number(board), item.code, item.revision)).collect();
    let mut progress = Progress::new("In (printing)", folio.prints().len() as u64);
    let file = tokio::task::block_in_place(|| folio.draw(&mut |title| progress.step(title)))?;
    progress.finish();
    Ok((file, printed))
}

/// Writes the file whole or not at all, so that nobody hangs up a cut-off print. A device or a pipe is written to as
/// it is, and never replaced by a file.
fn write(path: &Path, file: &[u8]) -> anyhow::Result<()> {
    let failed = || format!("the file {} cannot be written", path.display());
    if std::fs::metadata(path).is_ok_and(|known| !known.is_file()) {
        return std::fs::write(path, file).with_context(failed);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder).with_context(failed)?;
    std::io::Write::write_all(&mut temporary, file).with_context(failed)?;
    temporary.persist(path).with_context(failed)?;
    Ok(())
}

async fn record(store: &Store, model: &ReadModel, printed: &[(u32, Code, u32)]) -> anyhow::Result<()> {
    for (board, item, revision) in printed {
        let code = model.image().by_number(*board).copied();
        let code = code.with_context(|| format!("the register has no board {board}"))?;
        let command = json!({ "id": new_command_id()?, "type": "board.print", "code": code, "item": item, "revision": revision });
        store.app.execute(&Actor::local(), Request::parse(command)?, &no_files).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_print_goes_into_a_pipe_and_does_not_take_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::read(pipe).expect("what was written"))
        };
        write(&pipe, b"a print").expect("written");
        assert_eq!(reader.join().expect("read"), b"a print");
        assert!(!pipe.is_file());
        let file = folder.path().join("poster.pdf");
        write(&file, b"old").and_then(|()| write(&file, b"new")).expect("written");
        assert_eq!(std::fs::read(&file).expect("a file"), b"new");
        assert!(write(folder.path(), b"x").is_err(), "a folder");
    }
}
