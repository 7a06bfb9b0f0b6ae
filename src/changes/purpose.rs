//! What goes into a fingerprint besides files: the purpose texts and, for the image, how it is built.
//! They are written down here because packing has to arrive at the same fingerprint as planning.

use crate::changes::inputs::DagDeploys;
use crate::model::fingerprint::Fingerprinter;
use crate::model::ids::MountPath;
use crate::model::path::RelPath;

/// Purpose of the image's fingerprint.
pub const IMAGE: &str = "image";

/// Returns the purpose of a DAG bundle's fingerprint. `prefix` is the folder that names inside
/// the bundle start with; the root when they have none. Paths are added without it.
#[must_use]
pub fn dags(prefix: &RelPath) -> String {
    format!("dags, names below \"{}\"", prefix.as_bytes().escape_ascii())
}

/// Returns the purpose of a bundle's fingerprint.
#[must_use]
pub fn bundle(mount: &MountPath) -> String {
    format!("bundle at \"{}\"", mount.as_str().escape_default())
}

/// How an image is built, as far as it decides what the image is.
#[derive(Debug, Clone, Copy)]
pub struct ImageRecipe<'a> {
    /// The Dockerfile, relative to the project.
    pub dockerfile: &'a RelPath,
    /// Build arguments in any order; the last of equal names counts, as in Docker.
    pub build_args: &'a [(String, String)],
    /// Target platform, such as `linux/amd64`.
    pub platform: &'a str,
    /// Whether the DAGs are part of the image.
    pub dags: DagDeploys,
}

impl ImageRecipe<'_> {
    /// Starts the image's fingerprint: the purpose, then the recipe. The files of the build
    /// context follow by their paths in the project, then, for each trigger path in order, the
    /// value `trigger` with the path and the files below it by their paths in the repository.
    #[must_use]
    pub fn fingerprinter(&self) -> Fingerprinter {
        let mut fingerprinter = Fingerprinter::new(IMAGE);
        fingerprinter.value("dockerfile", self.dockerfile.as_bytes());
        fingerprinter.value("platform", self.platform.as_bytes());
        fingerprinter.value("dags", if self.dags == DagDeploys::InImage { b"in the image" } else { b"separate" });
        let arguments: std::collections::BTreeMap<&str, &str> =
            self.build_args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for (name, value) in arguments {
            fingerprinter.value("build argument", name.as_bytes());
            fingerprinter.value("is", value.as_bytes());
        }
        fingerprinter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_decides_the_image_changes_its_fingerprint() {
        let argument = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let path = |text: &str| RelPath::parse(text.as_bytes()).expect("a path");
        let dockerfile = path("Dockerfile");
        let recipe =
            ImageRecipe { dockerfile: &dockerfile, build_args: &[], platform: "linux/amd64", dags: DagDeploys::Separate };
        let one = [argument("A", "1"), argument("B", "2")];
        let prints = [
            recipe.fingerprinter().finish(),
            ImageRecipe { dockerfile: &path("docker/Dockerfile"), ..recipe }.fingerprinter().finish(),
            ImageRecipe { platform: "linux/arm64", ..recipe }.fingerprinter().finish(),
            ImageRecipe { dags: DagDeploys::InImage, ..recipe }.fingerprinter().finish(),
            ImageRecipe { build_args: &one, ..recipe }.fingerprinter().finish(),
            ImageRecipe { build_args: &[argument("A", "2"), argument("B", "2")], ..recipe }.fingerprinter().finish(),
        ];
        for (index, print) in prints.iter().enumerate() {
            assert!(!prints[index + 1..].contains(print), "{index} has a double");
        }
        let other = [argument("B", "2"), argument("A", "0"), argument("A", "1")];
        assert_eq!(ImageRecipe { build_args: &other, ..recipe }.fingerprinter().finish(), prints[4]);
    }

    #[test]
    fn purposes_are_told_apart() {
        let odd = |bytes: &[u8]| dags(&RelPath::parse(bytes).expect("a path"));
        let purposes = [odd(b""), odd(b"dags"), odd(b"\xff"), odd(b"\\xff"), odd(b"a\"b"), bundle(&MountPath::new("dags"))];
        for (index, purpose) in purposes.iter().enumerate() {
            assert!(!purposes[index + 1..].contains(purpose), "{purpose}");
        }
    }
}
