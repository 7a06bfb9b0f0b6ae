//! The image of a deploy: built or found, checked, and pushed to where the platform wants it.
//! How engines and registries work is the business of `image` and `registry`.

use crate::console::printer::Console;
use crate::deploy::limit::{PROBE, PUSH, within};
use crate::deploy::order::Tools;
use crate::deploy::ready::{BuildInput, Owner, Place, RETRY_DELAYS, ReadyImage, in_engine, transport};
use crate::error::{Error, Kind, Result};
use crate::image::build::{Built, build};
use crate::image::engine;
use crate::image::forget::forget;
use crate::image::push::{PushRequest, push};
use crate::image::request::{BuildRequest, PullPolicy};
use crate::model::image::{ImageFacts, ImageSource, RegistryLogin};
use crate::model::runtime::RuntimeVersion;
use crate::model::secret::Secret;
use crate::plan::runtime;
use crate::registry::prebuilt;
use crate::registry::push::{PushTarget, push as push_prebuilt};

/// Builds the image.
///
/// # Errors
/// As `image::engine::find` and `image::build::build`.
pub async fn built(tools: &Tools<'_>, input: &BuildInput, run: &str) -> Result<ReadyImage> {
    let settings = &input.settings;
    let found = engine::find(tools.env, settings.container_engine.as_deref(), settings.builder.as_deref());
    let engine = within(PROBE, "find a container engine", found).await?;
    let request = BuildRequest {
        context: &input.context,
        dockerfile: &input.dockerfile,
        ignore_text: &input.ignore_text,
        excludes: input.excludes.clone(),
        entries: &input.entries,
        build_args: settings.build_args.clone(),
        secrets: settings.build_secrets.clone(),
        ssh: settings.build_ssh.clone(),
        cache_from: settings.cache_from.clone(),
        cache_to: settings.cache_to.clone(),
        builder: settings.builder.clone(),
        pull: PullPolicy::Missing,
        // Unique, so that two builds on one machine cannot push each other's image.
        tag: format!("liftoff-build:{}", run.to_ascii_lowercase()),
    };
    let group = tools.console.group(&format!("build the image with {}", engine.program.display()));
    let activity = tools.console.activity("build the image");
    let built = build(&engine, &request, &|line: &str| tools.console.info(line)).await;
    drop(activity);
    drop(group);
    match built? {
        Built::InEngine(name) => in_engine(engine, name, Owner::ThisRun).await,
        Built::Archive(archive) => {
            let source = ImageSource::Archive(archive.path().to_owned());
            let prebuilt = prebuilt::open(&transport(&tools.transfers.client), &source, None, &tools.temporary).await?;
            Ok(ReadyImage { facts: prebuilt.facts.clone(), place: Place::Elsewhere { prebuilt, archive: Some(archive) } })
        }
    }
}

/// Checks that the platform will run the image.
///
/// # Errors
/// `Kind::Refused` for another architecture, a missing Runtime label or a Runtime that the
/// rules forbid.
pub fn check(image: &ImageFacts, current_runtime: &str, releases: &[String]) -> Result<()> {
    let refused = |because: String, hint: &str| Err(Error::new(Kind::Refused, "use the image").because(because).hint(hint));
    if image.os != "linux" || image.architecture != "amd64" {
        return refused(
            format!("it is for {}/{}, and Astro runs linux/amd64", image.os, image.architecture),
            "build it with `--platform linux/amd64`",
        );
    }
    let Some(label) = &image.runtime_version else {
        return refused(
            format!("it has no label {}, so it is not based on an Astro Runtime image", ImageFacts::RUNTIME_LABEL),
            "start the Dockerfile's last stage FROM an Astro Runtime image",
        );
    };
    let Some(version) = RuntimeVersion::parse(label) else {
        return refused(
            format!("its Runtime version `{label}` is not one"),
            "start the Dockerfile's last stage FROM an Astro Runtime image",
        );
    };
    runtime::check(current_runtime, &version, releases)
}

/// Pushes the image to where the platform wants it.
///
/// # Errors
/// As `image::push::push` and `registry::push::push`.
pub async fn pushed(tools: &Tools<'_>, image: &ReadyImage, repository: &str, tag: &str, token: &Secret) -> Result<()> {
    let login = RegistryLogin::astro(token);
    let on_line = |line: &str| tools.console.info(&format!("push: {line}"));
    tools.console.info(&format!("push the image to {repository}:{tag}"));
    let _activity = tools.console.activity("push the image");
    match &image.place {
        Place::Engine { engine, name, .. } => {
            let request = PushRequest {
                local: name.clone(),
                repository: repository.to_owned(),
                tag: tag.to_owned(),
                login,
                retry_delays: RETRY_DELAYS.to_vec(),
            };
            let pushed = within(PUSH, "push the image", push(engine, &request, &on_line)).await?;
            pushed.warnings.iter().for_each(|warning| tools.console.warning(warning));
        }
        Place::Elsewhere { prebuilt, .. } => {
            let target = PushTarget { repository: repository.to_owned(), tag: tag.to_owned(), login };
            let transport = transport(&tools.transfers.client);
            let push = push_prebuilt(&transport, prebuilt, &target, &tools.temporary, &on_line);
            within(PUSH, "push the image", push).await?;
        }
    }
    Ok(())
}

/// Takes the name of an image built for this run off again, so that machines that live longer
/// than the job do not fill up. Failing is only a warning.
pub async fn forgotten(image: &ReadyImage, console: &Console) {
    if let Place::Engine { engine, name, owner: Owner::ThisRun } = &image.place
        && let Err(error) = forget(engine, name).await
    {
        console.warn_about(&error);
    }
}
