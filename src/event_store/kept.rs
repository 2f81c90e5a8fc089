//! Files on their way to publication, and what was read from them. Nothing of it is an event, and no export or backup
//! holds it.
//!
//! A file lies in pieces of [`CHUNK_BYTES`], so that a broken line costs one piece, and any node goes on. The
//! statements are the same for both databases.

use super::{CHUNK_BYTES, Cell, EventLog, StoreError};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file as received.
    File,
    /// What was read from a file: report, choices.
    Import,
    /// The same, once a command was made of it.
    Sent,
    /// The canonical set that was made of it.
    Set,
    /// What the form beside it says so far.
    Form,
    /// That somebody else works on an import too.
    Shared,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Import => "import",
            Self::Sent => "sent",
            Self::Set => "set",
            Self::Form => "form",
            Self::Shared => "shared",
        }
    }
}

/// A file that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRow {
    /// Its id.
    pub id: String,
    /// Who sent it.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// How many bytes it has when all pieces are there.
    pub bytes: i64,
    /// When it was last used, microseconds since 1970.
    pub used_at: i64,
}

impl KeptRow {
    /// How many pieces it has.
    pub fn pieces(&self) -> i64 {
        self.bytes.div_euclid(CHUNK_BYTES as i64) + i64::from(self.bytes % CHUNK_BYTES as i64 > 0)
    }

    /// Size of a piece in bytes; 0 for a number that it has not.
    pub fn piece_bytes(&self, number: i64) -> usize {
        let whole = CHUNK_BYTES as i64;
        if number < 0 || number >= self.pieces() { 0 } else { (self.bytes - number * whole).min(whole) as usize }
    }
}

fn row(cells: &[Cell]) -> Option<KeptRow> {
    let [Cell::Text(id), Cell::Text(owner), Cell::Text(name), Cell::Number(bytes), Cell::Number(used_at)] = cells else { return None };
    Some(KeptRow { id: id.clone(), owner: owner.clone(), name: name.clone(), bytes: *bytes, used_at: *used_at })
}

/// Begins a file; its pieces follow. What is there under that id already stays.
pub async fn begin(log: &dyn EventLog, kind: Kind, kept: &KeptRow) -> Result<(), StoreError> {
    let KeptRow { id, owner, name, bytes, used_at } = kept.clone();
    let cells = vec![id.into(), kind.as_str().into(), owner.into(), name.into(), bytes.into(), used_at.into()];
    log.change_rows("INSERT INTO kept VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING", cells).await?;
    Ok(())
}

/// The file with that id.
pub async fn find(log: &dyn EventLog, kind: Kind, id: &str) -> Result<Option<KeptRow>, StoreError> {
    let sql = "SELECT id, owner, name, bytes, used_at FROM kept WHERE id = $1 AND kind = $2";
    Ok(log.read_rows(sql, vec![id.into(), kind.as_str().into()]).await?.first().and_then(|cells| row(cells)))
}

/// The files of a kind that somebody keeps, the last used first.
pub async fn of_owner(log: &dyn EventLog, kind: Kind, owner: &str) -> Result<Vec<KeptRow>, StoreError> {
    let sql = "SELECT id, owner, name, bytes, used_at FROM kept WHERE owner = $1 AND kind = $2 ORDER BY used_at DESC, id";
    Ok(log.read_rows(sql, vec![owner.into(), kind.as_str().into()]).await?.iter().filter_map(|cells| row(cells)).collect())
}

/// The files of a kind that have that name, the last used first.
pub async fn named(log: &dyn EventLog, kind: Kind, name: &str) -> Result<Vec<KeptRow>, StoreError> {
    let sql = "SELECT id, owner, name, bytes, used_at FROM kept WHERE name = $1 AND kind = $2 ORDER BY used_at DESC, id";
    Ok(log.read_rows(sql, vec![name.into(), kind.as_str().into()]).await?.iter().filter_map(|cells| row(cells)).collect())
}

/// How many bytes somebody keeps.
pub async fn bytes_of(log: &dyn EventLog, owner: &str) -> Result<i64, StoreError> {
    let rows = log.read_rows("SELECT CAST(coalesce(sum(bytes), 0) AS BIGINT) FROM kept WHERE owner = $1", vec![owner.into()]).await?;
    Ok(rows.first().and_then(|cells| if let [Cell::Number(bytes)] = cells.as_slice() { Some(*bytes) } else { None }).unwrap_or(0))
}

/// Puts a piece in its place, or puts it there again.
pub async fn put_piece(log: &dyn EventLog, id: &str, number: i64, data: Vec<u8>) -> Result<(), StoreError> {
    let sql = "INSERT INTO kept_pieces VALUES ($1, $2, $3) ON CONFLICT (id, number) DO UPDATE SET data = excluded.data";
    log.change_rows(sql, vec![id.into(), number.into(), Cell::Bytes(data)]).await?;
    Ok(())
}

/// The numbers of the pieces that are there.
pub async fn pieces(log: &dyn EventLog, id: &str) -> Result<Vec<i64>, StoreError> {
    let rows = log.read_rows("SELECT number FROM kept_pieces WHERE id = $1 ORDER BY number", vec![id.into()]).await?;
    Ok(rows.iter().filter_map(|cells| if let [Cell::Number(number)] = cells.as_slice() { Some(*number) } else { None }).collect())
}

/// A piece; none where it is not there.
pub async fn piece(log: &dyn EventLog, id: &str, number: i64) -> Result<Option<Vec<u8>>, StoreError> {
    let rows = log.read_rows("SELECT data FROM kept_pieces WHERE id = $1 AND number = $2", vec![id.into(), number.into()]).await?;
    Ok(rows.into_iter().next().and_then(|mut cells| if let Some(Cell::Bytes(data)) = cells.pop() { Some(data) } else { None }))
}

/// Notes that a file was used.
pub async fn touch(log: &dyn EventLog, id: &str, at: i64) -> Result<(), StoreError> {
    log.change_rows("UPDATE kept SET used_at = $1 WHERE id = $2", vec![at.into(), id.into()]).await?;
    Ok(())
}

/// Makes a file one of another kind and name.
pub async fn turn(log: &dyn EventLog, id: &str, into: Kind, name: &str) -> Result<(), StoreError> {
    let sql = "UPDATE kept SET kind = $1, name = $2 WHERE id = $3";
    log.change_rows(sql, vec![into.as_str().into(), name.into(), id.into()]).await?;
    Ok(())
}

/// Gives a file another name, if it still has this one. Of two who do so at once, one is told that it has not.
pub async fn rename(log: &dyn EventLog, id: &str, from: &str, to: &str) -> Result<bool, StoreError> {
    let sql = "UPDATE kept SET name = $1 WHERE id = $2 AND name = $3 RETURNING id";
    Ok(!log.change_rows(sql, vec![to.into(), id.into(), from.into()]).await?.is_empty())
}

/// Removes a file.
pub async fn remove(log: &dyn EventLog, id: &str) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM kept WHERE id = $1", vec![id.into()]).await?;
    Ok(())
}

/// Removes what was last used before `before`, microseconds since 1970.
pub async fn sweep(log: &dyn EventLog, before: i64) -> Result<(), StoreError> {
    log.change_rows("DELETE FROM kept WHERE used_at < $1", vec![before.into()]).await?;
    Ok(())
}
