//! Understands what names a prebuilt image: an engine's image, a registry's, or a file.
//! It reads no image itself and never asks a registry.

use std::path::{Path, PathBuf};

use oci_client::Reference;

use crate::error::{Error, Kind, Result};
use crate::image::engine::Engine;
use crate::image::inspect::inspect;
use crate::model::image::ImageSource;

/// Prefixes that say where an image lies, as skopeo and podman know them.
const PREFIXES: &[(&str, Place)] = &[
    ("docker-daemon:", Place::Engine),
    ("containers-storage:", Place::Engine),
    ("docker://", Place::Registry),
    ("docker-archive:", Place::Archive),
    ("oci-archive:", Place::Archive),
    ("oci:", Place::Layout),
];

/// Endings of image archives.
const ENDINGS: &[&str] = &[".tar", ".tar.gz", ".tgz"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Engine,
    Registry,
    Archive,
    Layout,
}

/// Finds where the image of this name lies. A prefix (`docker://`, `docker-daemon:`,
/// `docker-archive:`, `oci-archive:`, `oci:`) decides; else a file or folder of that name in
/// `folder`, else an image of the engine, else a reference that names its registry. A name with a
/// registry is looked for on disk only when it looks like a path or an archive, so that a
/// checkout cannot put a file of its own in the image's place.
///
/// # Errors
/// `NotFound` when nothing of that name can be had, `Usage` when the name can be none.
pub async fn resolve(engine: Option<&Engine>, name: &str, folder: &Path) -> Result<ImageSource> {
    if let Some((place, rest)) = PREFIXES.iter().find_map(|(prefix, place)| Some((*place, name.strip_prefix(prefix)?))) {
        return placed(place, rest, folder);
    }
    let path_like = name.starts_with(['/', '.']);
    let archive_like = ENDINGS.iter().any(|ending| name.ends_with(ending));
    if (path_like || archive_like || !names_registry(name))
        && let Some(source) = on_disk(&folder.join(name))
    {
        return Ok(source);
    }
    if path_like {
        return Err(missing(name, "no such file or folder"));
    }
    if let Some(engine) = engine
        && inspect(engine, name).await?.is_some()
    {
        return Ok(ImageSource::Engine(name.to_owned()));
    }
    match names_registry(name) {
        true => Ok(ImageSource::Registry(reference(name)?)),
        false if engine.is_some() => Err(missing(name, "the engine has no image of this name, and the name has no registry")),
        false => Err(missing(name, "there is no container engine to look in, and the name has no registry")),
    }
}

fn placed(place: Place, rest: &str, folder: &Path) -> Result<ImageSource> {
    let existing = || -> Result<PathBuf> {
        let path = folder.join(rest);
        if path.exists() { Ok(path) } else { Err(missing(rest, "no such file or folder")) }
    };
    Ok(match place {
        Place::Engine => ImageSource::Engine(rest.to_owned()),
        Place::Registry => ImageSource::Registry(reference(rest)?),
        Place::Archive => ImageSource::Archive(existing()?),
        Place::Layout => ImageSource::Layout(existing()?),
    })
}

fn on_disk(path: &Path) -> Option<ImageSource> {
    let metadata = std::fs::metadata(path).ok()?;
    if metadata.is_file() {
        return Some(ImageSource::Archive(path.to_owned()));
    }
    // A folder that merely shares its name with an image is no image.
    path.join("oci-layout").is_file().then(|| ImageSource::Layout(path.to_owned()))
}

/// Returns whether the first component is a host, by Docker's rule: it has a dot or a port, or
/// is `localhost`. Without this, a forgotten local image would be looked up on Docker Hub.
fn names_registry(name: &str) -> bool {
    let Some((host, _)) = name.split_once('/') else { return false };
    host.contains(['.', ':']) || host == "localhost"
}

fn reference(name: &str) -> Result<String> {
    name.parse::<Reference>().map(|reference| reference.whole()).map_err(|error| {
        Error::new(Kind::Usage, format!("understand the image name `{name}`"))
            .because(error)
            .hint("write registry/repository:tag or registry/repository@sha256:…")
    })
}

fn missing(name: &str, why: &str) -> Error {
    Error::new(Kind::NotFound, format!("find the prebuilt image `{name}`"))
        .because(why)
        .hint("name a local image, registry/repository:tag, an image archive or an OCI layout folder")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_leads_to_where_the_image_lies() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("image.tar"), "x").expect("a file");
        std::fs::create_dir_all(at("layout")).expect("a folder");
        std::fs::write(at("layout/oci-layout"), "{}").expect("a file");
        std::fs::create_dir_all(at("plain")).expect("a folder");
        std::fs::create_dir_all(at("r.example/a")).expect("a folder");
        std::fs::write(at("r.example/a/shop"), "x").expect("a file");
        std::fs::write(at("r.example/a/shop.tar"), "x").expect("a file");
        let cases = [
            ("image.tar", Some(ImageSource::Archive(at("image.tar")))),
            ("oci-archive:image.tar", Some(ImageSource::Archive(at("image.tar")))),
            ("layout", Some(ImageSource::Layout(at("layout")))),
            ("oci:layout", Some(ImageSource::Layout(at("layout")))),
            ("docker-daemon:shop:1", Some(ImageSource::Engine("shop:1".to_owned()))),
            ("r.example/a/b:1", Some(ImageSource::Registry("r.example/a/b:1".to_owned()))),
            ("r.example/a/shop", Some(ImageSource::Registry("r.example/a/shop:latest".to_owned()))),
            ("./r.example/a/shop", Some(ImageSource::Archive(at("./r.example/a/shop")))),
            ("docker-archive:r.example/a/shop", Some(ImageSource::Archive(at("r.example/a/shop")))),
            ("r.example/a/shop.tar", Some(ImageSource::Archive(at("r.example/a/shop.tar")))),
            ("docker://busybox", Some(ImageSource::Registry("docker.io/library/busybox:latest".to_owned()))),
            ("plain", None),
            ("shop:1", None),
            ("team/shop:1", None),
            ("./gone.tar", None),
            ("docker-archive:gone.tar", None),
            ("r.example/UPPER", None),
        ];
        for (name, expected) in cases {
            assert_eq!(resolve(None, name, folder.path()).await.ok(), expected, "{name}");
        }
    }
}
