//! Reads an image's facts from an engine.
//! It judges nothing: what a Runtime version means is decided elsewhere.

use serde_json::Value;

use crate::error::{Error, Kind, Result};
use crate::image::child::{self, Captured, Invocation};
use crate::image::engine::{Engine, EngineKind};
use crate::model::image::{ImageDigest, ImageFacts};

/// Returns the facts of the engine's image of this name or id; `None` when there is none.
///
/// # Errors
/// Fails when the engine cannot be asked or answers what cannot be understood.
pub async fn inspect(engine: &Engine, name: &str) -> Result<Option<ImageFacts>> {
    let captured = ask(engine, name).await?;
    if !captured.ended.succeeded() {
        let said = captured.ended.describe().to_ascii_lowercase();
        let missing = ["no such image", "image not known", "locating image", "not found", "no such object"];
        if missing.iter().any(|words| said.contains(words)) {
            return Ok(None);
        }
        return Err(Error::new(Kind::Project, format!("inspect the image {name}")).because(captured.ended.describe()));
    }
    let value: Value = serde_json::from_slice(&captured.stdout).map_err(|error| unreadable(name, &error.to_string()))?;
    facts(&value).map(Some).ok_or_else(|| unreadable(name, "it names no image id, system or architecture"))
}

async fn ask(engine: &Engine, name: &str) -> Result<Captured> {
    let call = engine.call(engine.env().current_dir(), &[]);
    // `--` keeps a name that starts with a dash from becoming a flag.
    let call: Invocation = match engine.kind {
        EngineKind::Docker | EngineKind::Podman => call.args(["image", "inspect", "--", name]),
        EngineKind::Buildah => call.args(["inspect", "--type", "image", "--", name]),
    };
    child::capture(&call).await
}

fn unreadable(name: &str, why: &str) -> Error {
    Error::new(Kind::Project, format!("understand what the engine says about the image {name}")).because(why)
}

/// Reads the answers of `docker image inspect` and `podman image inspect` (an array of one) and
/// of `buildah inspect` (one object).
fn facts(answer: &Value) -> Option<ImageFacts> {
    let one = answer.as_array().map_or(Some(answer), |images| images.first())?;
    let (id, image, labels) = match one.get("Docker") {
        Some(docker) => (one.get("FromImageID")?, docker, docker.pointer("/config/Labels")),
        None => (one.get("Id")?, one, one.pointer("/Config/Labels")),
    };
    let text = |key: &str| image.get(key).or_else(|| image.get(key.to_ascii_lowercase())).and_then(Value::as_str);
    let label = |name: &str| labels?.get(name)?.as_str().map(str::to_owned);
    Some(ImageFacts {
        runtime_version: label(ImageFacts::RUNTIME_LABEL),
        airflow_version: label(ImageFacts::AIRFLOW_LABEL),
        os: text("Os")?.to_owned(),
        architecture: text("Architecture")?.to_owned(),
        digest: ImageDigest::parse(id.as_str()?)?,
        size: one.get("Size").and_then(Value::as_u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_engines_answer_gives_the_same_facts() {
        let hex = "0f".repeat(32);
        let labels = r#"{"io.astronomer.docker.runtime.version":"3.1-4","io.astronomer.docker.airflow.version":"3.1.0"}"#;
        let answers = [
            format!(r#"[{{"Id":"sha256:{hex}","Os":"linux","Architecture":"amd64","Size":7,"Config":{{"Labels":{labels}}}}}]"#),
            format!(r#"[{{"Id":"{hex}","Os":"linux","Architecture":"amd64","Size":7,"Config":{{"Labels":{labels}}}}}]"#),
            format!(
                r#"{{"FromImageID":"{hex}","Size":7,"Docker":{{"os":"linux","architecture":"amd64","config":{{"Labels":{labels}}}}}}}"#
            ),
        ];
        for answer in answers {
            let value: Value = serde_json::from_str(&answer).expect("JSON");
            let expected = ImageFacts {
                runtime_version: Some("3.1-4".to_owned()),
                airflow_version: Some("3.1.0".to_owned()),
                os: "linux".to_owned(),
                architecture: "amd64".to_owned(),
                digest: ImageDigest::parse(&hex).expect("a digest"),
                size: Some(7),
            };
            assert_eq!(facts(&value), Some(expected), "{answer}");
        }
    }

    #[test]
    fn an_image_without_labels_has_no_versions() {
        let answer = format!(r#"[{{"Id":"{}","Os":"linux","Architecture":"arm64","Config":{{"Labels":null}}}}]"#, "1".repeat(64));
        let value: Value = serde_json::from_str(&answer).expect("JSON");
        let facts = facts(&value).expect("facts");
        assert_eq!((facts.runtime_version, facts.size, facts.architecture.as_str()), (None, None, "arm64"));
    }
}
