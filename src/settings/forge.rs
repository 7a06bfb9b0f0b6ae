//! Which variable holds a forge's token by convention, so that no token goes to another forge.
//! It knows names; how a forge is reached is the business of `forge`.

use crate::model::context::ForgeKind;

/// Returns the variables that hold a forge's token by convention, strongest first.
#[must_use]
pub const fn token_variables(forge: ForgeKind) -> &'static [&'static str] {
    match forge {
        ForgeKind::GitHub => &["GITHUB_TOKEN"],
        ForgeKind::GitLab => &["GITLAB_TOKEN"],
        ForgeKind::Bitbucket | ForgeKind::BitbucketServer => &["BITBUCKET_TOKEN"],
        ForgeKind::AzureDevOps => &["SYSTEM_ACCESSTOKEN"],
        // Gitea's runner offers its token by the name of GitHub's.
        ForgeKind::Gitea => &["GITEA_TOKEN", "FORGEJO_TOKEN", "GITHUB_TOKEN"],
        ForgeKind::Other => &[],
    }
}

/// Returns the forge of that word of the setting `forge`.
#[must_use]
pub fn of_word(word: &str) -> ForgeKind {
    ForgeKind::ALL.iter().copied().find(|forge| forge.word() == word).unwrap_or(ForgeKind::Other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_forge_has_a_variable_and_a_word() {
        for forge in ForgeKind::ALL {
            assert!(!token_variables(*forge).is_empty(), "{forge:?}");
            assert_eq!(of_word(forge.word()), *forge);
        }
        assert_eq!(of_word("none"), ForgeKind::Other);
        assert_eq!(token_variables(ForgeKind::Other), <&[&str]>::default());
    }
}
