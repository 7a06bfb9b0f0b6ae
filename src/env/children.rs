//! Which variables the programs that this process starts never get, whatever else they need.
//! It knows names only; each adapter says on its own what its programs do get.

/// Prefixes of Liftoff's own settings and credentials, which a runner also passes as inputs.
const PREFIXES: [&str; 3] = ["ASTRO", "LIFTOFF_", "INPUT_"];
/// Tokens of the job that act on the repository.
const NAMES: [&str; 2] = ["GITHUB_TOKEN", "GH_TOKEN"];

/// Returns whether a variable is a credential of Liftoff or of the CI job, so that no child may
/// see it. Case does not count, as it does not on Windows.
#[must_use]
pub fn is_withheld(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let of_the_job =
        name.strip_prefix("ACTIONS_").is_some_and(|rest| rest.contains("TOKEN") || rest.starts_with("ID_TOKEN_REQUEST_"));
    of_the_job || NAMES.contains(&name.as_str()) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_liftoff_and_of_the_job_are_withheld() {
        let withheld = [
            "ASTRO_API_TOKEN",
            "ASTRO_API_TOKEN_FILE",
            "ASTRONOMER_KEY_SECRET",
            "LIFTOFF_GITHUB_TOKEN",
            "INPUT_API-TOKEN",
            "GITHUB_TOKEN",
            "gh_token",
            "ACTIONS_RUNTIME_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "ACTIONS_ID_TOKEN_REQUEST_URL",
        ];
        let given = ["PATH", "GITHUB_SHA", "ACTIONS_CACHE_URL", "PIP_TOKEN", "MY_ASTRO", "GH_HOST"];
        for name in withheld {
            assert!(is_withheld(name), "{name}");
        }
        for name in given {
            assert!(!is_withheld(name), "{name}");
        }
    }
}
