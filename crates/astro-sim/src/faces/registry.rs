//! The image registry: <https://distribution.github.io/distribution/spec/api/> with token authentication.
//! It must not know deploys; what may be pushed where is a rule.

use serde_json::json;

use crate::digest;
use crate::exchange::{Answer, Call};
use crate::faces::registry_content as content;
use crate::faces::registry_place::{Place, TOKEN_PATH};
use crate::refusal::Refusal;
use crate::rules::registry_access;
use crate::world::state::World;

/// Where the registry's content is.
pub const PREFIX: &str = "/v2/";

/// Returns the operation a call means; empty if there is none.
pub fn operation(call: &Call) -> &'static str {
    let Some(place) = Place::parse(&call.path) else { return "" };
    match (call.method.as_str(), place) {
        ("GET" | "HEAD", Place::Base) => "RegistryBase",
        ("GET" | "POST", Place::Token) => "RegistryToken",
        ("HEAD", Place::Blob(..)) => "HeadBlob",
        ("GET", Place::Blob(..)) => "GetBlob",
        ("POST", Place::Uploads(_)) if call.parameter("mount").is_some() => "MountBlob",
        ("POST", Place::Uploads(_)) => "StartUpload",
        ("GET", Place::Upload(..)) => "GetUpload",
        ("PATCH", Place::Upload(..)) => "PatchUpload",
        ("PUT", Place::Upload(..)) => "FinishUpload",
        ("DELETE", Place::Upload(..)) => "CancelUpload",
        ("HEAD", Place::Manifest(..)) => "HeadManifest",
        ("GET", Place::Manifest(..)) => "GetManifest",
        ("PUT", Place::Manifest(..)) => "PutManifest",
        ("GET", Place::Tags(_)) => "ListTags",
        _ => "",
    }
}

/// Answers a call.
pub fn answer(world: &mut World, call: &Call) -> Answer {
    let operation = operation(call);
    let place = Place::parse(&call.path).filter(|_| !operation.is_empty());
    let Some(place) = place else {
        let refusal = Refusal::new(501, "UNSUPPORTED", "The operation is unsupported.");
        return refuse(&refusal).violating(format!("unknown registry operation {} {}", call.method, call.path));
    };
    if place == Place::Token {
        return token(world, call).unwrap_or_else(|refusal| refuse(&refusal));
    }
    let outcome = match authorize(world, call, &place) {
        Ok(()) => content::perform(world, call, &place, operation).unwrap_or_else(|refusal| refuse(&refusal)),
        Err(answer) => *answer,
    };
    outcome.header("docker-distribution-api-version", "registry/2.0")
}

/// Returns an answer for a caller who may not do this: 401 with a challenge, or 403 once the token service said no.
fn authorize(world: &World, call: &Call, place: &Place) -> Result<(), Box<Answer>> {
    let action = if matches!(call.method.as_str(), "GET" | "HEAD") { "pull" } else { "push" };
    let wanted = place.repository().map(|name| (name.to_owned(), action.to_owned()));
    let bearer = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let grant = bearer.and_then(|text| registry_access::live_grant(world, text));
    match (grant, &wanted) {
        (Some(_), None) => Ok(()),
        (Some(grant), Some(wanted)) if grant.allows.contains(wanted) => Ok(()),
        (Some(grant), Some(wanted)) if grant.denies.contains(wanted) => {
            let refusal = Refusal::new(403, "DENIED", "requested access to the resource is denied");
            Err(Box::new(refuse(&refusal)))
        }
        _ => {
            let realm = format!("{}{TOKEN_PATH}", world.site.url);
            let mut challenge = format!("Bearer realm=\"{realm}\",service=\"{}\"", world.site.registry_host);
            if let Some((name, action)) = wanted {
                let actions = if action == "push" { "pull,push" } else { "pull" };
                challenge.push_str(&format!(",scope=\"repository:{name}:{actions}\""));
            }
            let refusal = Refusal::new(401, "UNAUTHORIZED", "authentication required");
            Err(Box::new(refuse(&refusal).header("www-authenticate", &challenge)))
        }
    }
}

fn token(world: &mut World, call: &Call) -> Result<Answer, Refusal> {
    if call.method != "GET" {
        return Err(Refusal::new(405, "UNSUPPORTED", "tokens are given on GET"));
    }
    let header = call.header("authorization");
    let basic = header.map(|header| {
        let bytes = header.strip_prefix("Basic ").and_then(digest::from_base64);
        bytes
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| Refusal::unauthorized("basic authentication is malformed"))
    });
    let basic = basic.transpose()?;
    let credentials = basic.as_deref().map(|text| text.split_once(':').unwrap_or((text, "")));
    let scopes: Vec<_> = call.parameters("scope").iter().flat_map(|scope| scope.split(' ')).map(str::to_owned).collect();
    let text = registry_access::grant(world, credentials, &scopes)?;
    let body = json!({
        "token": text, "access_token": text, "expires_in": registry_access::LIFETIME,
        "issued_at": world.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    });
    Ok(Answer::json(200, &body))
}

/// Returns the registry's error body.
pub fn refuse(refusal: &Refusal) -> Answer {
    Answer::json(refusal.status, &json!({ "errors": [{ "code": refusal.code, "message": refusal.message, "detail": null }] }))
}
