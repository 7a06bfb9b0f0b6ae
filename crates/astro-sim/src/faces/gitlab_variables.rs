//! GitLab's CI/CD variables of a project: <https://docs.gitlab.com/api/project_level_variables/>.
//! It must not know what they hold.

use serde_json::{Value, json};

use crate::exchange::Answer;
use crate::faces::gitlab::Scene;
use crate::faces::gitlab_request::{Outcome, invalid, missing, refused};
use crate::world::secrets::StoredVariable;

const FLAGS: &[&str] = &["true", "false"];
/// Least characters of a value that can be masked.
const LEAST_MASKED: usize = 8;

/// Performs an operation on variables.
pub fn perform(scene: &mut Scene<'_>, operation: &str) -> Outcome {
    let required: &[&str] = match operation {
        "CreateVariable" => &["key", "value"],
        "UpdateVariable" => &["value"],
        _ => &[],
    };
    scene.parameters.check(required, &[("masked", FLAGS), ("protected", FLAGS), ("raw", FLAGS)])?;
    let key = match operation {
        "CreateVariable" => scene.parameters.text("key").unwrap_or_default(),
        _ => scene.argument(0).to_owned(),
    };
    let wanted_scope = match operation {
        // A key may be there once for each scope.
        "CreateVariable" => Some(scene.parameters.text("environment_scope").unwrap_or_else(|| "*".into())),
        _ => scene.call.parameter("filter[environment_scope]").map(str::to_owned),
    };
    let fits =
        |known: &StoredVariable| known.key == key && wanted_scope.as_ref().is_none_or(|scope| *scope == known.environment_scope);
    let place = scene.project.variables.iter().position(fits);
    if operation == "CreateVariable" {
        if place.is_some() {
            return Err(invalid("key", &format!("({key}) has already been taken")));
        }
        let variable = wanted(
            scene,
            StoredVariable {
                key,
                value: String::new(),
                masked: false,
                protected: false,
                raw: false,
                environment_scope: "*".into(),
            },
        )?;
        let answer = Answer::json(201, &shown(&variable));
        scene.project.variables.push(variable);
        return Ok(answer);
    }
    if scene.project.variables.iter().filter(|known| fits(known)).count() > 1 {
        let several = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
        return Err(refused(409, several));
    }
    let place = place.ok_or_else(|| missing("Variable"))?;
    let known = scene.project.variables.get(place).cloned().ok_or_else(|| missing("Variable"))?;
    match operation {
        "UpdateVariable" => {
            let variable = wanted(scene, known)?;
            let answer = Answer::json(200, &shown(&variable));
            scene.project.variables.remove(place);
            scene.project.variables.insert(place, variable);
            Ok(answer)
        }
        "DeleteVariable" => {
            scene.project.variables.remove(place);
            Ok(Answer::empty(204))
        }
        _ => Ok(Answer::json(200, &shown(&known))),
    }
}

fn wanted(scene: &Scene<'_>, known: StoredVariable) -> Result<StoredVariable, Box<Answer>> {
    let text = |name: &str, known: String| scene.parameters.text(name).unwrap_or(known);
    let flag = |name: &str, known: bool| scene.parameters.text(name).map_or(known, |text| text == "true");
    let variable = StoredVariable {
        value: text("value", known.value),
        masked: flag("masked", known.masked),
        protected: flag("protected", known.protected),
        raw: flag("raw", known.raw),
        environment_scope: text("environment_scope", known.environment_scope),
        key: known.key,
    };
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if variable.key.is_empty() || variable.key.len() > 255 || !plain(&variable.key) {
        return Err(invalid("key", "can contain only letters, digits and '_'."));
    }
    let maskable = |letter: char| letter.is_ascii_alphanumeric() || "+/=@:.~-_".contains(letter);
    if variable.masked && (variable.value.len() < LEAST_MASKED || !variable.value.chars().all(maskable)) {
        return Err(invalid("value", "is invalid"));
    }
    Ok(variable)
}

fn shown(variable: &StoredVariable) -> Value {
    json!({
        "variable_type": "env_var", "key": variable.key, "value": variable.value, "protected": variable.protected,
        "masked": variable.masked, "hidden": false, "raw": variable.raw, "environment_scope": variable.environment_scope,
        "description": null,
    })
}
