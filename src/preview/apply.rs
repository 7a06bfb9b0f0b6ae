//! Makes the objects of an Airflow what a plan says. One object that fails stops no other.

use futures_util::{StreamExt as _, stream};

use crate::airflow::client::{AirflowClient, Creation};
use crate::error::{Error, Kind, Result};
use crate::model::airflow::ObjectKind;
use crate::preview::apply_plan::{Act, Row};

/// Objects sent at once.
const AT_ONCE: usize = 4;

/// Performs the rows and returns how each ended, in their order.
pub async fn perform(client: &AirflowClient, kind: ObjectKind, rows: &[Row]) -> Vec<Result<()>> {
    let each = rows.iter().map(|row| one(client, kind, row)).collect::<Vec<_>>();
    stream::iter(each).buffered(AT_ONCE).collect().await
}

async fn one(client: &AirflowClient, kind: ObjectKind, row: &Row) -> Result<()> {
    match &row.act {
        Act::Create(draft) => match client.create_draft(draft).await? {
            Creation::Created | Creation::Lost => Ok(()),
            Creation::Existed => Err(Error::new(Kind::Refused, format!("create the {kind} `{}`", row.name.escape_debug()))
                .because("somebody else has created it since it was looked for")
                .hint("run again")),
        },
        Act::Change(draft, fields) => client.update_draft(draft, fields).await,
        Act::Delete => client.delete(kind, &row.name).await,
        Act::Same | Act::Leave => Ok(()),
        Act::Lacks(field) => Err(lacking(kind, row, field.name())),
    }
}

/// Returns the error of an object that would be new and lacks a field.
#[must_use]
pub fn lacking(kind: ObjectKind, row: &Row, field: &str) -> Error {
    Error::new(Kind::Usage, format!("create the {kind} `{}`", row.name.escape_debug()))
        .because(format!("there is none of this name, and a new {kind} needs `{field}`"))
}
