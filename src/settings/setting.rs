//! What one row of the settings table says.
//! It knows nothing of particular settings nor of where their values come from.

/// One setting: its name is the flag, the action input, the file key and, in capitals, the variable.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name in lower case with dashes, such as `root-folder`.
    pub name: &'static str,
    /// Form of the value.
    pub value: ValueKind,
    /// Value when nobody gives one.
    pub default: Option<&'static str>,
    /// Commands that use it.
    pub commands: Commands,
    /// One sentence for people, without the default.
    pub help: &'static str,
    /// How it relates to astronomer/deploy-action.
    pub compat: Compat,
    /// Where it may be given.
    pub surface: Surface,
    /// Variables besides the `LIFTOFF_` one, weaker than it, strongest first.
    pub variables: &'static [&'static str],
    /// Default that `action.yml` itself must fill in, because only the runner can.
    pub action_default: Option<&'static str>,
}

/// The forms of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// One line or more of text.
    Text,
    /// `true`, `false`, `yes`, `no`, `on`, `off`, `1` or `0` in any case.
    Bool,
    /// `300s`, `5m`, `10 min`, `1h30m`, or bare seconds.
    Duration,
    /// One item per line.
    Lines,
    /// Items parted by commas or line ends.
    List,
    /// A path.
    Path,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// A text that is never shown.
    Secret,
}

/// How a setting relates to astronomer/deploy-action, whose inputs are all accepted
/// (`reference/deploy-action.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compat {
    /// The same input with the same meaning.
    DeployAction,
    /// Only Liftoff has it.
    New,
    /// Still honoured; the text says what to use instead.
    Deprecated(&'static str),
    /// Accepted and without effect; the text says why.
    Ignored(&'static str),
}

/// The commands that use a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commands {
    /// Every command.
    Every,
    /// Every command that talks to Astro; `check` asks it which Airflow runs.
    Astro,
    /// Every command that plans or changes something.
    Change,
    /// `check`, and whatever plans or deploys.
    Project,
    /// Whatever plans or deploys.
    Plan,
    /// `plan`.
    OnlyPlan,
    /// Whatever deploys.
    Deploy,
    /// What makes a preview.
    MakePreview,
    /// Everything on previews that changes something.
    ChangePreviews,
    /// `deploy`, not what makes a preview.
    OnlyDeploy,
    /// `rollback`.
    Rollback,
    /// `history`.
    History,
}

impl Commands {
    /// Returns whether the command of that name is among these.
    #[must_use]
    pub fn include(self, command: &str) -> bool {
        let makes_preview = matches!(command, "preview sync" | "preview up");
        match self {
            Self::Every => true,
            Self::Astro => {
                matches!(command, "check" | "plan" | "deploy" | "history" | "rollback") || command.starts_with("preview ")
            }
            Self::Change => matches!(command, "plan" | "deploy" | "history" | "rollback") || command.starts_with("preview "),
            Self::Project => matches!(command, "check" | "plan" | "deploy") || makes_preview,
            Self::Plan => matches!(command, "plan" | "deploy") || makes_preview,
            Self::OnlyPlan => command == "plan",
            Self::OnlyDeploy => command == "deploy",
            Self::Rollback => command == "rollback",
            Self::History => command == "history",
            Self::Deploy => command == "deploy" || makes_preview,
            Self::MakePreview => makes_preview,
            Self::ChangePreviews => makes_preview || matches!(command, "preview down" | "preview gc"),
        }
    }
}

/// Where a setting may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// Flag, action input, variable and file key.
    Everywhere,
    /// Everywhere but in `liftoff.toml`, which is committed, so that a pull request can change
    /// it: secrets, and what steers programs, identity, status or guards.
    NotInFile,
    /// Input of the action that its launcher reads before there is a binary; the variable of
    /// the same name is tolerated.
    Launcher,
}

impl Setting {
    /// Creates a row for an input of deploy-action.
    #[must_use]
    pub const fn incumbent(name: &'static str, value: ValueKind, help: &'static str) -> Self {
        Self {
            name,
            value,
            default: None,
            commands: Commands::Plan,
            help,
            compat: Compat::DeployAction,
            surface: Surface::Everywhere,
            variables: &[],
            action_default: None,
        }
    }

    /// Creates a row for a setting that only Liftoff has.
    #[must_use]
    pub const fn ours(name: &'static str, value: ValueKind, help: &'static str) -> Self {
        Self { compat: Compat::New, ..Self::incumbent(name, value, help) }
    }

    /// Sets the default.
    #[must_use]
    pub const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    /// Sets the commands.
    #[must_use]
    pub const fn used_by(self, commands: Commands) -> Self {
        Self { commands, ..self }
    }

    /// Sets the relation to deploy-action.
    #[must_use]
    pub const fn compat(self, compat: Compat) -> Self {
        Self { compat, ..self }
    }

    /// Sets where it may be given.
    #[must_use]
    pub const fn surface(self, surface: Surface) -> Self {
        Self { surface, ..self }
    }

    /// Sets the further variables.
    #[must_use]
    pub const fn variables(self, variables: &'static [&'static str]) -> Self {
        Self { variables, ..self }
    }

    /// Sets the default that `action.yml` fills in.
    #[must_use]
    pub const fn action_default(self, text: &'static str) -> Self {
        Self { action_default: Some(text), ..self }
    }

    /// Returns the variable that GitHub's runner sets for the action input: it turns the name
    /// into capitals and blanks into `_`, and keeps dashes (docs.github.com, metadata syntax).
    #[must_use]
    pub fn input_variable(&self) -> String {
        format!("INPUT_{}", self.name.to_ascii_uppercase())
    }

    /// Returns the variable of Liftoff's own, such as `LIFTOFF_ROOT_FOLDER`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("LIFTOFF_{}", self.name.to_ascii_uppercase().replace('-', "_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_gives_all_names() {
        let setting = Setting::ours("root-folder", ValueKind::Path, "Help.");
        assert_eq!(setting.input_variable(), "INPUT_ROOT-FOLDER");
        assert_eq!(setting.variable(), "LIFTOFF_ROOT_FOLDER");
    }

    #[test]
    fn commands_include_what_they_say() {
        let rows = [
            (Commands::Every, "doctor", true),
            (Commands::Project, "check", true),
            (Commands::Project, "history", false),
            (Commands::Plan, "check", false),
            (Commands::Plan, "plan", true),
            (Commands::OnlyPlan, "plan", true),
            (Commands::OnlyPlan, "deploy", false),
            (Commands::Deploy, "plan", false),
            (Commands::Deploy, "deploy", true),
            (Commands::Deploy, "preview up", true),
            (Commands::Deploy, "preview down", false),
            (Commands::Astro, "preview list", true),
            (Commands::Astro, "check", true),
            (Commands::Change, "check", false),
            (Commands::Change, "preview down", true),
            (Commands::MakePreview, "preview sync", true),
            (Commands::MakePreview, "deploy", false),
            (Commands::ChangePreviews, "preview gc", true),
            (Commands::Astro, "rollback", true),
            (Commands::Deploy, "rollback", false),
            (Commands::OnlyDeploy, "preview up", false),
            (Commands::Rollback, "history", false),
            (Commands::ChangePreviews, "preview list", false),
        ];
        for (commands, command, expected) in rows {
            assert_eq!(commands.include(command), expected, "{commands:?} {command}");
        }
    }
}
