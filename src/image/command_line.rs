//! The exact arguments of a build, for each way to build.
//! Pure: it reads nothing and starts nothing, so that every line can be tested as data.

use std::ffi::OsString;
use std::path::Path;

use crate::image::engine::{Builder, EngineKind};
use crate::image::request::{BuildRequest, PullPolicy};

/// The platform that Deployments run. Source: `reference/astro-platform.md` 3.7.
pub const PLATFORM: &str = "linux/amd64";

/// The files that a build reads and writes besides the context.
#[derive(Debug, Clone, Copy)]
pub struct BuildFiles<'a> {
    /// The Dockerfile to name: the private copy for BuildKit, the project's own for buildah,
    /// the path inside the tar for the classic builder.
    pub dockerfile: &'a Path,
    /// File with the ignore rules, for buildah.
    pub rules: Option<&'a Path>,
    /// Archive to write, for a builder without a daemon.
    pub archive: Option<&'a Path>,
}

/// Returns the arguments of a build.
#[must_use]
pub fn build_args(kind: EngineKind, builder: Builder, request: &BuildRequest<'_>, files: BuildFiles<'_>) -> Vec<OsString> {
    let mut args = Args::default();
    match builder {
        Builder::Buildx | Builder::BuildxRemote => args.words(&["buildx", "build"]),
        _ => args.words(&["build"]),
    }
    args.words(&["--platform", PLATFORM]);
    match builder {
        Builder::Buildx | Builder::BuildxRemote => {
            // Attestations turn the image into an index, which the platform's registry refuses.
            args.words(&["--progress", "plain", "--provenance=false", "--sbom=false"]);
            if let Some(name) = &request.builder {
                args.pair("--builder", name);
            }
        }
        Builder::BuildKit => args.words(&["--progress", "plain"]),
        Builder::Classic => {}
        // Only Docker's own format can hold ONBUILD and SHELL.
        Builder::Buildah => args.words(&["--format", "docker"]),
    }
    match request.pull {
        PullPolicy::Missing => {}
        PullPolicy::Always if kind == EngineKind::Docker => args.words(&["--pull"]),
        PullPolicy::Always => args.words(&["--pull=always"]),
    }
    request_args(&mut args, builder, request);
    args.pair("--file", files.dockerfile);
    if let Some(rules) = files.rules {
        args.pair("--ignorefile", rules);
    }
    args.pair("--tag", &request.tag);
    match (builder, files.archive) {
        (Builder::Buildx, _) => args.words(&["--load"]),
        (Builder::BuildxRemote, Some(archive)) => {
            let mut output = OsString::from("type=docker,dest=");
            output.push(archive);
            args.pair("--output", output);
        }
        _ => {}
    }
    match builder {
        Builder::Classic => args.words(&["-"]),
        _ => args.0.push(request.context.into()),
    }
    args.0
}

fn request_args(args: &mut Args, builder: Builder, request: &BuildRequest<'_>) {
    for (name, value) in &request.build_args {
        args.pair("--build-arg", format!("{name}={value}"));
    }
    for secret in &request.secrets {
        args.pair("--secret", secret);
    }
    for key in &request.ssh {
        args.pair("--ssh", key);
    }
    for cache in &request.cache_from {
        args.pair("--cache-from", cache);
    }
    if builder != Builder::BuildKit && builder != Builder::Classic {
        for cache in &request.cache_to {
            args.pair("--cache-to", cache);
        }
    }
}

#[derive(Default)]
struct Args(Vec<OsString>);

impl Args {
    fn words(&mut self, words: &[&str]) {
        self.0.extend(words.iter().map(OsString::from));
    }

    fn pair(&mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) {
        self.0.push(name.into());
        self.0.push(value.as_ref().to_owned());
    }
}
