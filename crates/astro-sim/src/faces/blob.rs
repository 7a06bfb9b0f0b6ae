//! Blob storage behind signed addresses: <https://learn.microsoft.com/rest/api/storageservices/put-blob>, with Put Block
//! and Put Block List. It must not know what is stored.

use crate::exchange::{Answer, Call};
use crate::refusal::Refusal;
use crate::world::state::World;

/// Where blobs live.
pub const PREFIX: &str = "/blob/bundles/";

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    match (call.method.as_str(), call.parameter("comp")) {
        ("PUT", None) => "PutBlob",
        ("PUT", Some("block")) => "PutBlock",
        ("PUT", Some("blocklist")) => "PutBlockList",
        _ => "",
    }
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let name = call.path.strip_prefix(PREFIX).unwrap_or_default().to_owned();
    let operation = operation(call);
    if operation.is_empty() {
        let refusal = Refusal::new(501, "NotImplemented", "The requested operation is not implemented.");
        return refuse(&refusal).violating(format!("unknown blob operation {} {}", call.method, call.path));
    }
    if call.headers.contains_key("authorization") {
        let refusal = Refusal::new(400, "InvalidAuthenticationInfo", "A signed address takes no Authorization header.");
        return refuse(&refusal).violating("an Authorization header was sent to blob storage");
    }
    match perform(world, call, &name, operation) {
        Ok(answer) => answer.header("x-ms-version", "2024-11-04"),
        Err(refusal) => refuse(&refusal),
    }
}

fn perform(world: &mut World, call: &Call, name: &str, operation: &str) -> Result<Answer, Refusal> {
    let now = world.clock.now();
    let (expiry, signature) = (call.parameter("se").unwrap_or_default(), call.parameter("sig").unwrap_or_default());
    world.blobs.check_signature(name, expiry, signature, now)?;
    if call.header("content-length").is_none() {
        return Err(Refusal::new(411, "MissingContentLengthHeader", "The Content-Length header was not specified."));
    }
    let created = |version: Option<String>| {
        let answer = Answer::empty(201).header("etag", &format!("\"{}\"", now.as_nanosecond()));
        version.into_iter().fold(answer, |answer, version| answer.header("x-ms-version-id", &version))
    };
    match operation {
        "PutBlob" if call.header("x-ms-blob-type") != Some("BlockBlob") => Err(Refusal::new(
            400,
            "MissingRequiredHeader",
            "An HTTP header that's mandatory for this request is not specified: x-ms-blob-type.",
        )),
        "PutBlob" => world.blobs.put(name, call.body.clone(), now).map(|version| created(Some(version))),
        "PutBlock" => {
            let block = call.parameter("blockid").unwrap_or_default();
            world.blobs.stage(name, block, call.body.clone()).map(|()| created(None))
        }
        _ => {
            let blocks = block_list(&call.body)?;
            world.blobs.commit(name, &blocks, now).map(|version| created(Some(version)))
        }
    }
}

/// Reads the ids of `<BlockList><Latest>…</Latest>…</BlockList>`.
fn block_list(body: &[u8]) -> Result<Vec<String>, Refusal> {
    let invalid = || Refusal::new(400, "InvalidXmlDocument", "The specified XML is not syntactically valid.");
    let text = std::str::from_utf8(body).map_err(|_| invalid())?;
    let (_, inner) = text.split_once("<BlockList>").ok_or_else(invalid)?;
    let (mut rest, _) = inner.split_once("</BlockList>").ok_or_else(invalid)?;
    let mut blocks = Vec::new();
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').ok_or_else(invalid)?;
        let (block, after) = after.split_once(&format!("</{tag}>")).ok_or_else(invalid)?;
        if !matches!(tag, "Latest" | "Uncommitted" | "Committed") {
            return Err(invalid());
        }
        blocks.push(block.trim().to_owned());
        rest = after;
    }
    Ok(blocks)
}

fn refuse(refusal: &Refusal) -> Answer {
    let (code, message) = (refusal.code, &refusal.message);
    let body =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer::empty(refusal.status).header("content-type", "application/xml").header("x-ms-error-code", code).body(body)
}
