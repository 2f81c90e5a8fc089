//! Fills an empty store from a dump; replaces all claims.

use futures_util::StreamExt;
use futures_util::future::try_join_all;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Statement, Transaction};

use super::{in_time, unavailable};
use crate::event_store::dump::{Record, Source};
use crate::event_store::{ClaimRow, Head, NewEvent, Renewal, StoreError, chain};

/// Most claims that one statement inserts.
const CLAIMS: usize = 10_000;

/// Replaces all claims, unless the log has grown or they were renewed before.
pub(super) async fn renew_claims(client: &mut Client, renewal: &Renewal) -> Result<bool, StoreError> {
    let transaction = in_time(client.transaction()).await?;
    // The lock needs a statement of its own, so that later statements see what its last holder committed.
    let head = in_time(transaction.query_one("SELECT position FROM head WHERE id = 1 FOR UPDATE", &[])).await?;
    let rule = in_time(transaction.query_one("SELECT number FROM claim_rule WHERE id = 1", &[])).await?;
    if head.get::<_, i64>(0) != renewal.position || rule.get::<_, i64>(0) >= renewal.rule {
        in_time(transaction.rollback()).await?;
        return Ok(false);
    }
    in_time(transaction.batch_execute("DELETE FROM claims; DELETE FROM claim_doubles")).await?;
    let texts = |claims: &[ClaimRow], read: fn(&ClaimRow) -> &String| claims.iter().map(read).cloned().collect::<Vec<String>>();
    for claims in renewal.claims.chunks(CLAIMS) {
        let (kinds, keys, holders) = (texts(claims, |c| &c.kind), texts(claims, |c| &c.key), texts(claims, |c| &c.holder));
        let insert = "INSERT INTO claims SELECT * FROM unnest($1::text[], $2::text[], $3::text[])";
        in_time(transaction.execute(insert, &[&kinds, &keys, &holders])).await?;
    }
    for (place, double) in renewal.doubles.iter().enumerate() {
        let insert = "INSERT INTO claim_doubles VALUES ($1, $2, $3, $4)";
        in_time(transaction.execute(insert, &[&double.kind, &double.key, &(place as i64), &double.holder])).await?;
    }
    in_time(transaction.execute("UPDATE claim_rule SET number = $1 WHERE id = 1", &[&renewal.rule])).await?;
    in_time(transaction.commit()).await?;
    Ok(true)
}

pub(super) async fn load(transaction: &Transaction<'_>, records: &mut Source) -> Result<Head, StoreError> {
    let mut verifier = chain::Verifier::default();
    let mut target = None;
    let sql = [
        "UPDATE head SET log_id = $1, position = $2, hash = $3, recorded_at = $4 WHERE id = 1",
        "INSERT INTO events VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        "INSERT INTO blobs VALUES ($1, $2) ON CONFLICT DO NOTHING",
        "INSERT INTO blob_chunks VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        "INSERT INTO commands VALUES ($1, $2, $3, $4, $5, $6)",
        "INSERT INTO claims VALUES ($1, $2, $3)",
        "INSERT INTO vault VALUES ($1, $2, $3) ON CONFLICT (subject) DO UPDATE SET wrapped_key = excluded.wrapped_key, data = excluded.data",
    ];
    let statements = in_time(try_join_all(sql.map(|sql| transaction.prepare(sql)))).await?;
    // The insertions of many records travel together.
    let mut waiting = futures_util::stream::FuturesOrdered::new();
    while let Some(record) = records()? {
        if let Record::Event(event) = &record {
            verifier.next(event).map_err(|error| StoreError::Damaged(error.to_string()))?;
        }
        if let Record::Head(head) = &record {
            target = Some(head.clone());
        }
        waiting.push_back(insert_record(transaction, &statements, record));
        if waiting.len() >= 64 {
            all(&mut waiting).await?;
        }
    }
    all(&mut waiting).await?;
    // The file does not say by which rule its claims were made, so the next start makes them anew.
    transaction.execute("UPDATE claim_rule SET number = 0 WHERE id = 1", &[]).await.map_err(unavailable)?;
    let target = target.ok_or_else(|| StoreError::Damaged("the file has no head".into()))?;
    verifier.finish(&target).map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(target)
}

/// Waits for insertions that travel together. The line can freeze between two of them.
async fn all<F: Future<Output = Result<u64, Error>>>(waiting: &mut futures_util::stream::FuturesOrdered<F>) -> Result<(), StoreError> {
    while !waiting.is_empty() {
        if in_time(async { waiting.next().await.transpose() }).await? == Some(0) {
            return Err(StoreError::Unavailable(sentence!("pg-rows-swallowed").to_string()));
        }
    }
    Ok(())
}

async fn insert_record(transaction: &Transaction<'_>, statements: &[Statement], record: Record) -> Result<u64, Error> {
    match record {
        Record::Head(head) => {
            let hash = head.hash.as_slice();
            transaction.execute(&statements[0], &[&head.log_id, &head.position, &hash, &head.recorded_at]).await
        }
        Record::Event(event) => {
            let (hash, version) = (event.hash.as_slice(), i64::from(event.event.version));
            let NewEvent { aggregate, sequence, name, payload, .. } = &event.event;
            let params: [&(dyn ToSql + Sync); 10] =
                [&event.position, aggregate, sequence, name, &version, payload, &event.recorded_at, &event.actor, &event.command_id, &hash];
            transaction.execute(&statements[1], &params).await
        }
        // The store may have these already.
        Record::Blob(sha256, bytes) => transaction.execute(&statements[2], &[&sha256.0.as_slice(), &bytes]).await.map(|_| 1),
        Record::Chunk(sha256, number, data) => {
            transaction.execute(&statements[3], &[&sha256.0.as_slice(), &number, &data]).await.map(|_| 1)
        }
        Record::Command(row) => {
            let digest = row.digest.as_slice();
            let params: [&(dyn ToSql + Sync); 6] = [&row.scope, &row.id, &digest, &row.first_position, &row.last_position, &row.result];
            transaction.execute(&statements[4], &params).await
        }
        Record::Claim(row) => transaction.execute(&statements[5], &[&row.kind, &row.key, &row.holder]).await,
        Record::Vault(row) => transaction.execute(&statements[6], &[&row.subject, &row.wrapped_key, &row.data]).await,
    }
}
