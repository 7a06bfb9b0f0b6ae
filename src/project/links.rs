//! Decides whether a symbolic link may ship in a bundle.
//! It looks at the text of the target alone: a link may dangle, but it must not point out.

use crate::model::path::RelPath;

/// Why a link may not ship; the words complete "the link …".
pub type Fault = &'static str;

/// Checks the target of the link at `link`, a path relative to the bundle's folder.
///
/// # Errors
/// Refuses an absolute target, which means nothing on another machine; a target that leaves the
/// folder; and `..` after a name, which may leave it when that name is itself a link.
pub fn check(link: &RelPath, target: &[u8]) -> Result<(), Fault> {
    if target.first() == Some(&b'/') {
        return Err("points to an absolute path, which does not exist in the Deployment");
    }
    let mut above = link.components().count().saturating_sub(1);
    let mut below = 0_usize;
    for component in target.split(|byte| *byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." if below > 0 => return Err("goes up again with `..` after a name, which can lead out of the folder"),
            b".." => match above.checked_sub(1) {
                Some(rest) => above = rest,
                None => return Err("points out of the folder"),
            },
            _ => below += 1,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_may_point_anywhere_inside_and_nowhere_else() {
        let cases = [
            ("a", "b", true),
            ("a", "b/c", true),
            ("a", "missing", true),
            ("a", ".", true),
            ("x/y/a", "../../b", true),
            ("x/y/a", "..", true),
            ("x/a", ".././b", true),
            ("x/a", "..b", true),
            ("a", "..", false),
            ("a", "../a", false),
            ("x/y/a", "../../../b", false),
            ("a", "/usr/local/airflow/dags/b", false),
            ("x/a", "b/../c", false),
            ("x/a", "b/../../../c", false),
        ];
        for (link, target, allowed) in cases {
            let link = RelPath::parse(link.as_bytes()).expect("a path");
            assert_eq!(check(&link, target.as_bytes()).is_ok(), allowed, "{link} -> {target}");
        }
    }
}
