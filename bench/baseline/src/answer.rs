//! One transaction, one answer. Statements that need nothing of each other's results are sent at once, so
//! that an answer waits for the network as seldom as can be.

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::fields::{Field, Fields};
use crate::refusal::Refusal;
use crate::statements::{self, Assemble};

/// Everything in one go: begin, identify, read and audit, commit.
pub(crate) async fn in_one_statement(
    connection: &Object,
    assemble: Assemble,
    fields: &Fields,
    token: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let identify = connection.prepare_cached(statements::IDENTIFY).await?;
    let read = connection.prepare_cached(&statements::read_and_audit(fields, assemble)).await?;
    let whose: [&(dyn ToSql + Sync); 1] = [&token];
    let (begun, identified, rows, committed) = tokio::join!(
        biased;
        connection.batch_execute("BEGIN"),
        connection.query(&identify, &whose),
        connection.query(&read, &[]),
        connection.batch_execute("COMMIT"),
    );
    begun?;
    // If the token does not hold, reading failed, and the commit took everything back.
    if identified?.is_empty() {
        return Err(Refusal::Token);
    }
    let rows = rows?;
    committed?;
    match assemble {
        Assemble::Serde => Ok(assembled(&rows, 0, &fields.list)),
        Assemble::Postgres => {
            let people = rows.first().ok_or(Refusal::Token)?.try_get::<_, &str>(0)?;
            Ok(people.as_bytes().to_vec())
        }
    }
}

/// Reads, then audits what was read.
pub(crate) async fn in_two_statements(
    connection: &Object,
    fields: &Fields,
    token: &[u8],
) -> Result<Vec<u8>, Refusal> {
    let identify = connection.prepare_cached(statements::IDENTIFY).await?;
    let read = connection.prepare_cached(&statements::read(fields, Assemble::Serde)).await?;
    let audit = connection.prepare_cached(statements::AUDIT).await?;
    let whose: [&(dyn ToSql + Sync); 1] = [&token];
    let (begun, identified, rows) = tokio::join!(
        biased;
        connection.batch_execute("BEGIN"),
        connection.query(&identify, &whose),
        connection.query(&read, &[]),
    );
    begun?;
    if identified?.is_empty() {
        return Err(Refusal::Token);
    }
    let rows = rows?;
    let people: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let released: Vec<i64> = rows.iter().map(|row| row.get(1)).collect();
    let audited = [&people as &(dyn ToSql + Sync), &released];
    let (audited, committed) = tokio::join!(
        biased;
        connection.execute(&audit, &audited),
        connection.batch_execute("COMMIT"),
    );
    audited?;
    committed?;
    Ok(assembled(&rows, 2, &fields.list))
}

/// The people as a JSON array, the viewer first. `first` is where their columns begin.
fn assembled(rows: &[Row], first: usize, fields: &[Field]) -> Vec<u8> {
    let mut body = Vec::with_capacity(2 + rows.len() * 1_024);
    body.push(b'[');
    for (position, row) in rows.iter().enumerate() {
        if position > 0 {
            body.push(b',');
        }
        body.push(b'{');
        let mut comma = "";
        for (column, field) in fields.iter().enumerate() {
            let Some(value) = row.get::<_, Option<&str>>(first + column) else { continue };
            body.extend_from_slice(comma.as_bytes());
            body.push(b'"');
            body.extend_from_slice(field.name.as_bytes());
            body.extend_from_slice(b"\":");
            if field.is_json {
                body.extend_from_slice(value.as_bytes());
            } else {
                // Writing text to memory cannot fail.
                let _ = serde_json::to_writer(&mut body, value);
            }
            comma = ",";
        }
        body.push(b'}');
    }
    body.push(b']');
    body
}
