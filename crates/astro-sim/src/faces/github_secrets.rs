//! GitHub's secrets of Actions, of a repository and of its environments: <https://docs.github.com/rest/actions/secrets>.
//! It must not know what they hold.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::github_answer::{Asked, missing, unprocessable};
use crate::refusal::Refusal;
use crate::rules::fields;
use crate::world::github::GitHubRepository;
use crate::world::secrets::{KEY_ID, StoredSecret, opened, public_key};

/// Performs an operation on secrets.
pub fn perform(repository: &mut GitHubRepository, asked: &Asked<'_>, operation: &str) -> Result<Answer, Refusal> {
    let (environment, name) = match asked.arguments {
        [environment, name] => (Some(environment.clone()), name.to_ascii_uppercase()),
        [one] if operation.contains("Environment") => (Some(one.clone()), String::new()),
        [name] => (None, name.to_ascii_uppercase()),
        _ => (None, String::new()),
    };
    if operation.ends_with("PublicKey") {
        return Ok(Answer::json(200, &json!({ "key_id": KEY_ID, "key": public_key() })));
    }
    let is_it = |secret: &StoredSecret| secret.environment == environment && secret.name == name;
    let known = repository.secrets.iter().position(is_it);
    match (operation, known) {
        (get, Some(place)) if get.starts_with("Get") => {
            let secret = repository.secrets.get(place).ok_or_else(missing)?;
            let time = |time: jiff::Timestamp| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
            let body =
                json!({ "name": secret.name, "created_at": time(secret.created_at), "updated_at": time(secret.updated_at) });
            Ok(Answer::json(200, &body))
        }
        (delete, Some(place)) if delete.starts_with("Delete") => {
            repository.secrets.remove(place);
            Ok(Answer::empty(204))
        }
        (put, known) if put.starts_with("Put") => {
            let value = unsealed(asked)?;
            check_name(&name)?;
            let now = asked.now;
            match known.and_then(|place| repository.secrets.get_mut(place)) {
                Some(secret) => {
                    secret.value = value;
                    secret.updated_at = now;
                    Ok(Answer::empty(204))
                }
                None => {
                    repository.secrets.push(StoredSecret { environment, name, value, created_at: now, updated_at: now });
                    Ok(Answer::json(201, &Value::Object(serde_json::Map::new())))
                }
            }
        }
        _ => Err(missing()),
    }
}

fn unsealed(asked: &Asked<'_>) -> Result<String, Refusal> {
    let text = |name: &str| fields::filled(&asked.body, name).ok_or_else(|| unprocessable(&format!("{name} is missing")));
    let (sealed, key_id) = (text("encrypted_value")?, text("key_id")?);
    if key_id != KEY_ID {
        return Err(unprocessable("The key_id is not that of the public key"));
    }
    opened(&sealed).ok_or_else(|| unprocessable("Could not decrypt the secret value"))
}

fn check_name(name: &str) -> Result<(), Refusal> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !name.starts_with("GITHUB_") && !name.starts_with(|first: char| first.is_ascii_digit()) {
        return Ok(());
    }
    Err(unprocessable(
        "Secret names can only contain alphanumeric characters or underscores, and must not start with GITHUB_ or a number",
    ))
}
