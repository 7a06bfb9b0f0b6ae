//! Keeps what is read inside the folder that a run was given, wherever links lead.
//! It compares real places; which folder is the boundary is decided by its callers.

use std::path::Path;

use crate::error::{Error, Kind, Result};

/// Returns whether both exist and the real place of the one lies in the real place of the other.
#[must_use]
pub fn lies_within(place: &Path, folder: &Path) -> bool {
    match (std::fs::canonicalize(place), std::fs::canonicalize(folder)) {
        (Ok(place), Ok(folder)) => place.starts_with(folder),
        _ => false,
    }
}

/// Refuses a project folder that exists outside all of the given folders. One that does not
/// exist passes: reading it will say so.
///
/// # Errors
/// `Kind::Project`, naming the folder as the user knows it.
pub fn refuse_outside(project: &Path, folders: &[&Path]) -> Result<()> {
    let inside = folders.iter().any(|folder| lies_within(project, folder));
    if inside || std::fs::canonicalize(project).is_err() {
        return Ok(());
    }
    Err(Error::new(Kind::Project, format!("use the project folder {}", project.display()))
        .because("the folder leaves the checkout")
        .hint("let `root-folder` name a folder inside the checkout, not a path or a link that leads out of it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_where_its_links_lead() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("checkout/astro")).expect("folders");
        std::fs::create_dir_all(at("checkout-2/astro")).expect("folders");
        for (target, link) in [("astro", "checkout/inside"), ("../checkout-2/astro", "checkout/outside"), ("checkout", "door")] {
            std::os::unix::fs::symlink(target, at(link)).expect("a link");
        }
        let rows = [
            ("checkout", true),
            ("checkout/astro", true),
            ("checkout/inside", true),
            ("door/astro", true),
            ("checkout/missing", true),
            ("checkout/outside", false),
            ("checkout-2/astro", false),
            ("checkout/astro/../..", false),
        ];
        for (project, allowed) in rows {
            for boundary in ["checkout", "door"] {
                let refused = refuse_outside(&at(project), &[&at("nowhere"), &at(boundary)]);
                assert_eq!(refused.is_ok(), allowed, "{project} in {boundary}");
            }
        }
        assert!(!lies_within(&at("missing"), folder.path()));
    }
}
