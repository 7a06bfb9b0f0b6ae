//! How Azure DevOps answers: refusals, enumerations that come as words or numbers, and a call's parts.
//! It must not know any operation.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::exchange::{Answer, Call};
use crate::refusal::Refusal;
use crate::world::azure_devops::{AzurePull, AzureRepository, Identity};

/// The status under which the sign-in page comes instead of an answer: it counts as a success.
pub const SIGN_IN: u16 = 203;

/// A call whose caller may make it.
pub struct Asked<'a> {
    /// The call.
    pub call: &'a Call,
    /// Address of the organization.
    pub base: String,
    /// What stands for the stars of the route after organization, project and repository.
    pub arguments: &'a [String],
    /// The body's fields; none for a call without a body.
    pub body: Map<String, Value>,
    /// Who asks.
    pub identity: Identity,
    /// The time.
    pub now: Timestamp,
}

impl Asked<'_> {
    /// Returns an argument; empty if there is none.
    pub fn argument(&self, place: usize) -> &str {
        self.arguments.get(place).map_or("", String::as_str)
    }

    /// Returns the pull request that the first argument names.
    pub fn pull<'r>(&self, repository: &'r AzureRepository) -> Result<&'r AzurePull, Refusal> {
        repository.pulls.iter().find(|pull| Ok(pull.id) == self.argument(0).parse()).ok_or_else(missing_pull)
    }

    /// Returns a whole number of the query, or a default.
    pub fn number(&self, name: &str, default: usize) -> Result<usize, Refusal> {
        let parse = |text: &str| text.parse().map_err(|_| invalid(&format!("The value '{text}' is not valid for {name}.")));
        self.call.parameter(name).map_or(Ok(default), parse)
    }
}

/// Returns a list as Azure DevOps wraps it.
pub fn list(items: Vec<Value>) -> Answer {
    Answer::json(200, &json!({ "count": items.len(), "value": items }))
}

/// Returns the word of an enumeration, which may come as a word in any case or as its number.
pub fn word<'a>(value: &Value, words: &[&'a str], name: &str) -> Result<&'a str, Refusal> {
    let found = match value {
        Value::Number(number) => number.as_u64().and_then(|place| words.get(usize::try_from(place).ok()?)),
        Value::String(text) => words.iter().find(|word| word.eq_ignore_ascii_case(text)),
        _ => None,
    };
    found.copied().ok_or_else(|| invalid(&format!("The value {value} is not valid for {name}.")))
}

/// Returns a 400.
pub fn invalid(why: &str) -> Refusal {
    Refusal::new(400, "InvalidArgumentValueException", why)
}

/// Returns the 404 of a pull request.
pub fn missing_pull() -> Refusal {
    Refusal::new(404, "GitPullRequestNotFoundException", "TF401180: The requested pull request was not found.")
}

/// Returns the 404 of a commit.
pub fn missing_commit(what: &str, repository: &AzureRepository) -> Refusal {
    let name = &repository.name;
    let why = format!("TF401175:The version descriptor <{what} > could not be resolved to a version in the repository {name}");
    Refusal::new(404, "GitUnresolvableToCommitException", why)
}

/// Returns a refusal as Azure DevOps spells it.
pub fn refuse(refusal: &Refusal) -> Answer {
    if refusal.status == SIGN_IN {
        let page = "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>";
        return Answer::empty(SIGN_IN).header("content-type", "text/html; charset=utf-8").body(page);
    }
    let key = refusal.code;
    let space = if key.starts_with("Git") || key.starts_with("InvalidArgument") {
        "Microsoft.TeamFoundation.Git.Server"
    } else {
        "Microsoft.VisualStudio.Services.WebApi"
    };
    let body = json!({
        "$id": "1", "innerException": null, "message": refusal.message, "typeName": format!("{space}.{key}, {space}"),
        "typeKey": key, "errorCode": 0, "eventId": 3000,
    });
    Answer::json(refusal.status, &body).header("content-type", "application/json; charset=utf-8; api-version=7.1")
}
