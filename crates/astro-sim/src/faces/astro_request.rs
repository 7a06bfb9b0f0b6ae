//! A checked call of the Astro API, and what it came to.
//! It must not know any operation.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::Call;
use crate::refusal::Refusal;
use crate::rules::fields::Body;
use crate::world::token::ApiToken;

/// A checked call: who calls what with which ids.
#[derive(Debug)]
pub struct Request<'a> {
    /// The caller.
    pub caller: ApiToken,
    /// Ids of the path, by name.
    pub ids: BTreeMap<String, String>,
    /// The call.
    pub call: &'a Call,
    /// Its body; empty if it has none.
    pub body: Body,
}

impl Request<'_> {
    /// Returns an id of the path.
    pub fn id(&self, name: &str) -> &str {
        self.ids.get(name).map_or("", String::as_str)
    }
}

/// What an operation came to.
pub type Outcome = Result<Option<Value>, Refusal>;
