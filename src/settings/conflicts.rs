//! Combinations of settings that contradict each other.
//! It compares values; it does not know where the values lead.

use std::collections::BTreeMap;

use crate::error::{Error, Kind, Result};
use crate::settings::typed::{Checked, Value};

/// Two settings that must not both be given.
struct Rule {
    left: Side,
    right: Side,
    why: &'static str,
}

/// A setting, and the words for which the rule holds; none means whenever it is given and on.
struct Side(&'static str, &'static [&'static str]);

const BUNDLES: &[&str] = &["dbt", "non-dags"];
const PREBUILT: &str = "a prebuilt image is not built again";

const RULES: &[Rule] = &[
    Rule::new("deployment-id", "deployment-name", "name the Deployment by one of them"),
    Rule::new("api-token", "api-token-file", "give the token by one of them"),
    Rule::new("image-name", "build-args", PREBUILT),
    Rule::new("image-name", "build-secrets", PREBUILT),
    Rule::new("image-name", "build-ssh", PREBUILT),
    Rule::new("image-name", "cache-from", PREBUILT),
    Rule::new("image-name", "cache-to", PREBUILT),
    Rule::new("image-name", "builder", PREBUILT),
    Rule {
        left: Side("deploy-type", &["dags-only", "dbt", "non-dags"]),
        right: Side("image-name", &[]),
        why: "this deploy type ships no image",
    },
    Rule {
        left: Side("deploy-type", &["dags-only", "image-only", "dbt", "non-dags"]),
        right: Side("deploy-image", &[]),
        why: "`deploy-image` means the deploy type `image-and-dags`",
    },
    Rule::new("delete-bundle", "image-name", "removing a bundle ships no image"),
    Rule::new("to", "previous", "name the deploy to go back to by one of them"),
    Rule::new("all", "config", "every project has a settings file of its own"),
    Rule::new("all", "sandbox", "the simulated platform has one Deployment, not one for every project"),
];

impl Rule {
    const fn new(left: &'static str, right: &'static str, why: &'static str) -> Self {
        Self { left: Side(left, &[]), right: Side(right, &[]), why }
    }
}

/// Refuses contradictions, and requirements that are not met.
///
/// # Errors
/// Fails with `Kind::Usage`, naming both settings and where each was given.
pub fn refuse(values: &BTreeMap<&'static str, Checked>) -> Result<()> {
    for rule in RULES {
        if let (Some(left), Some(right)) = (given(values, &rule.left), given(values, &rule.right)) {
            return Err(Error::new(Kind::Usage, format!("use `{}` together with `{}`", rule.left.0, rule.right.0))
                .because(format!("{} and {}: {}", named(left), named(right), rule.why))
                .hint("remove one of the two"));
        }
    }
    let smoke = given(values, &Side("smoke-dags", &[]));
    if let (Some(smoke), Some(Value::Switch(false))) = (smoke, values.get("wait").map(|checked| &checked.value)) {
        return Err(Error::new(Kind::Usage, "run DAGs after the deploy")
            .because(format!("{}, but `wait` is off, so nobody would know when to run them", named(smoke)))
            .hint("set `wait: true`, or take `smoke-dags` away"));
    }
    let on_failure = given(values, &Side("on-failure", &["rollback"]));
    if let (Some(on_failure), Some(Value::Switch(false))) = (on_failure, values.get("wait").map(|checked| &checked.value)) {
        return Err(Error::new(Kind::Usage, "roll back after a failure")
            .because(format!("{}, but `wait` is off, so nobody would see how the deploy ends", named(on_failure)))
            .hint("set `wait: true`, or `on-failure: none`"));
    }
    let bundle = given(values, &Side("deploy-type", BUNDLES));
    if let (Some(delete), None) = (given(values, &Side("delete-bundle", &[])), bundle) {
        return Err(Error::new(Kind::Usage, "remove a bundle")
            .because(format!("{}, but the deploy type is not `dbt` or `non-dags`", named(delete)))
            .hint("set `deploy-type` to the type of the bundle, and `mount-path`"));
    }
    let generic = given(values, &Side("deploy-type", &["non-dags"]));
    if let (Some(generic), None) = (generic, values.get("mount-path")) {
        return Err(Error::new(Kind::Usage, "deploy a bundle")
            .because(format!("{} needs `mount-path`", named(generic)))
            .hint("set `mount-path` to where the folder is to appear, such as /usr/local/airflow/include/shop"));
    }
    Ok(())
}

fn given<'a>(values: &'a BTreeMap<&'static str, Checked>, side: &Side) -> Option<&'a Checked> {
    let checked = values.get(side.0).filter(|checked| checked.origin.is_explicit())?;
    let holds = match &checked.value {
        Value::Switch(on) => *on,
        Value::Text(text) => side.1.is_empty() || side.1.contains(&text.as_str()),
        Value::Items(items) => !items.is_empty(),
        Value::Duration(_) | Value::Secret(_) => true,
    };
    holds.then_some(checked)
}

fn named(checked: &Checked) -> String {
    match &checked.value {
        Value::Text(text) if matches!(checked.setting.name, "deploy-type") => {
            format!("`{}: {text}` ({})", checked.setting.name, checked.origin)
        }
        _ => format!("`{}` ({})", checked.setting.name, checked.origin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::origin::Origin;
    use crate::settings::table::find;

    #[test]
    fn every_rule_names_settings_and_words_that_exist() {
        for side in RULES.iter().flat_map(|rule| [&rule.left, &rule.right]) {
            let setting = find(side.0).unwrap_or_else(|| panic!("{}", side.0));
            if let crate::settings::setting::ValueKind::Enum(words) = setting.value {
                assert!(side.1.iter().all(|word| words.contains(word)), "{}", side.0);
            } else {
                assert!(side.1.is_empty(), "{}", side.0);
            }
        }
    }

    #[test]
    fn what_nobody_gave_contradicts_nothing() {
        let value = |name: &str, origin: Origin| {
            let setting = find(name).expect("a setting");
            (setting.name, Checked { setting, value: Value::Text("x".to_owned()), origin })
        };
        let named = value("deployment-name", Origin::Flag("deployment-name"));
        for origin in [Origin::Default, Origin::Ci("local")] {
            refuse(&BTreeMap::from([value("deployment-id", origin), named.clone()])).expect("no contradiction");
        }
        let id = value("deployment-id", Origin::Variable("LIFTOFF_DEPLOYMENT_ID".to_owned()));
        assert!(refuse(&BTreeMap::from([id, named])).is_err());
    }
}
