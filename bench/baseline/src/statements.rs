//! The statements, whose text depends on the fields alone: the pool prepares each one once a connection.

use std::str::FromStr;

use crate::fields::Fields;

/// Who writes the people as JSON.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Assemble {
    /// This program, from rows.
    Serde,
    /// PostgreSQL, as one value.
    Postgres,
}

/// How the audit rows are written.
#[derive(Clone, Copy)]
pub(crate) enum Audit {
    /// By the statement that reads, from the rows that it returns.
    Cte,
    /// By a second statement, from arrays.
    Unnest,
}

impl FromStr for Assemble {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "serde" => Ok(Self::Serde),
            "postgres" => Ok(Self::Postgres),
            _ => Err("serde or postgres is expected"),
        }
    }
}

impl FromStr for Audit {
    type Err = &'static str;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "cte" => Ok(Self::Cte),
            "unnest" => Ok(Self::Unnest),
            _ => Err("cte or unnest is expected"),
        }
    }
}

/// Looks the token up and says for the rest of the transaction who reads. Without a row the token does
/// not hold; then the views fail.
pub(crate) const IDENTIFY: &str = "SELECT set_config('app.viewer', viewer::text, true), \
    set_config('app.client', client_id::text, true), \
    set_config('app.self_fields', self_fields::text, true), \
    set_config('app.friend_fields', friend_fields::text, true) \
    FROM grants WHERE token_sha256 = $1 AND expires_at > now()";

/// Audits the people and fields of two arrays.
pub(crate) const AUDIT: &str = "INSERT INTO audit \
    SELECT now(), gen_random_uuid(), current_setting('app.client')::integer, \
        current_setting('app.viewer')::bigint, person, fields \
    FROM unnest($1::bigint[], $2::bigint[]) AS released (person, fields)";

/// Reads the people, the viewer first.
pub(crate) fn read(fields: &Fields, assemble: Assemble) -> String {
    let columns = columns(fields, assemble);
    let mask = fields.mask;
    format!(
        "SELECT person_id, released & {mask} AS released{columns} FROM api.device_self \
         UNION ALL \
         SELECT person_id, released & {mask}{columns} FROM api.device_friends"
    )
}

/// Reads and audits in one.
pub(crate) fn read_and_audit(fields: &Fields, assemble: Assemble) -> String {
    let read = read(fields, assemble);
    let names: Vec<&str> = fields.list.iter().map(|field| field.name).collect();
    let names = names.join(", ");
    let answer = match assemble {
        Assemble::Serde => format!("SELECT {names} FROM answer"),
        // Each person as an object, the absent fields left out of it.
        Assemble::Postgres => format!(
            "SELECT coalesce(json_agg(json_strip_nulls(row_to_json(person)))::text, '[]') \
             FROM (SELECT {names} FROM answer) AS person"
        ),
    };
    format!(
        "WITH answer AS MATERIALIZED ({read}), \
         request AS MATERIALIZED (SELECT now() AS at, gen_random_uuid() AS id, \
             current_setting('app.client')::integer AS client, \
             current_setting('app.viewer')::bigint AS viewer), \
         audited AS (INSERT INTO audit \
             SELECT request.at, request.id, request.client, request.viewer, person_id, released \
             FROM answer CROSS JOIN request) \
         {answer}"
    )
}

/// What is selected of each person. JSON leaves PostgreSQL as text, which this program passes on.
fn columns(fields: &Fields, assemble: Assemble) -> String {
    let column = |field: &crate::fields::Field| {
        let cast = if field.is_json && assemble == Assemble::Serde { "::text" } else { "" };
        format!(", {name}{cast} AS {name}", name = field.name)
    };
    fields.list.iter().map(column).collect()
}
