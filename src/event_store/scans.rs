//! How often pages behind codes were read. Nothing of it is an event, and no export or backup holds it.
//!
//! The statements are the same for both databases: placeholders are numbered in the order in which they first occur.

use std::sync::LazyLock;

use super::{Cell, EventLog, StoreError};

/// How often an item was read on a day, from the print on a board.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRow {
    /// The day in the city, `2026-11-24`.
    pub day: String,
    /// The item's code.
    pub item: String,
    /// Number of the board whose print was scanned; 0 where none is known.
    pub board: u32,
    /// The revision that was shown.
    pub revision: u32,
    /// How often.
    pub readings: i64,
}

/// Most rows that one statement adds.
const MOST: usize = 64;

/// Statements that add one row, two rows and so on. Each is a commit, which costs more than all its rows: what was counted
/// goes into as few as it can.
static STATEMENTS: LazyLock<[String; MOST]> = LazyLock::new(|| {
    std::array::from_fn(|last| {
        let row = |n: usize| format!("(${}, ${}, ${}, ${}, ${})", 5 * n + 1, 5 * n + 2, 5 * n + 3, 5 * n + 4, 5 * n + 5);
        let values = (0..=last).map(row).collect::<Vec<_>>().join(", ");
        let sum = "ON CONFLICT (day, item, board, revision) DO UPDATE SET readings = scans.readings + excluded.readings";
        format!("INSERT INTO scans VALUES {values} {sum}")
    })
});

/// Adds the last rows to what was counted before, by whichever node, and takes them off. Each is of another key.
pub async fn add(log: &dyn EventLog, rows: &mut Vec<ScanRow>) -> Result<(), StoreError> {
    let count = rows.len().min(MOST);
    let Some(sql) = count.checked_sub(1).and_then(|last| STATEMENTS.get(last)) else { return Ok(()) };
    let rest = rows.len() - count;
    let cells = |row: &ScanRow| -> [Cell; 5] {
        let (day, item) = (row.day.clone(), row.item.clone());
        [day.into(), item.into(), i64::from(row.board).into(), i64::from(row.revision).into(), row.readings.into()]
    };
    log.change_rows(sql, rows[rest..].iter().flat_map(cells).collect()).await?;
    rows.truncate(rest);
    Ok(())
}

/// What was counted from one day to another, which both count.
pub async fn between(log: &dyn EventLog, from: String, to: String) -> Result<Vec<ScanRow>, StoreError> {
    let sql = "SELECT day, item, board, revision, readings FROM scans WHERE day >= $1 AND day <= $2 ORDER BY day, item, board, revision";
    let row = |cells: Vec<Cell>| match cells.as_slice() {
        [Cell::Text(day), Cell::Text(item), Cell::Number(board), Cell::Number(revision), Cell::Number(readings)] => Some(ScanRow {
            day: day.clone(),
            item: item.clone(),
            board: u32::try_from(*board).ok()?,
            revision: u32::try_from(*revision).ok()?,
            readings: *readings,
        }),
        _ => None,
    };
    Ok(log.read_rows(sql, vec![from.into(), to.into()]).await?.into_iter().filter_map(row).collect())
}
