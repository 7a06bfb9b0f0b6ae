//! Parses arguments with clap. Flags come from the settings table, so that a setting is a flag
//! the moment it exists.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches};

use crate::cli::command::{Command, Invocation, Verb};
use crate::cli::manage;
use crate::error::{Error, Kind, Result};
use crate::settings::setting::{Compat, Setting, Surface, ValueKind};
use crate::settings::table::{SETTINGS, is_used};

const ABOUT: &str = "Deploys Apache Airflow projects to Astro: finds what changed since what is deployed, ships exactly that, \
                     proves that it arrived, and says so.";

const EXAMPLES: &str = "Every setting is also a variable (LIFTOFF_ROOT_FOLDER) and an input of the GitHub Action; most are keys of \
                        liftoff.toml.\nThe token comes from ASTRO_API_TOKEN or ASTRO_API_TOKEN_FILE.";

/// Help headings by the setting that each begins with, in the table's order.
const HEADINGS: &[(&str, &str)] = &[
    ("action", "What to deploy, and where to"),
    ("api-token", "Astro"),
    ("dags-path", "DAGs"),
    ("image-name", "Image"),
    ("mount-path", "dbt and other bundles"),
    ("force", "When to deploy"),
    ("on-failure", "History and rollback"),
    ("preview-name", "Previews"),
    ("branch", "What this run serves"),
    ("comment", "Reports"),
];

/// Settings that mean nothing to `liftoff dbt`.
const NOT_FOR_DBT: &[&str] = &["DAGs", "Image"];

/// Parses a command line; the first argument is the program's name.
///
/// # Errors
/// `Kind::Usage` for an unknown command or flag, with the nearest known one.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Invocation> {
    let matches = match program().try_get_matches_from(arguments) {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    Ok(match matches.subcommand() {
        Some(("plan", matches)) => Invocation::Run(Command::Plan, flags(matches)),
        Some(("deploy", matches)) => Invocation::Run(Command::Deploy, flags(matches)),
        Some(("history", matches)) => Invocation::Run(Command::History, flags(matches)),
        Some(("rollback", matches)) => Invocation::Run(Command::Rollback, flags(matches)),
        Some(("check", matches)) => Invocation::Run(Command::Check, flags(matches)),
        Some(("dbt", matches)) => dbt(matches),
        Some(("preview", matches)) => preview(matches)?,
        Some(("sandbox", matches)) => {
            let port = matches.get_one::<u16>("port").copied().unwrap_or_default();
            Invocation::Run(Command::Sandbox { port }, flags(matches))
        }
        Some((name, _)) if manage::is_known(name) => {
            let mut flags = flags(manage::innermost(&matches));
            flags.retain(|(name, _)| manage::takes(name));
            Invocation::Run(Command::Manage(Box::new(manage::of(&matches)?)), flags)
        }
        _ => return Err(Error::new(Kind::Internal, "tell which command was given")),
    })
}

/// `dbt plan`, `dbt deploy` and `dbt delete` are plans and deploys of another type, spelt as the
/// Astro CLI spells them.
fn dbt(matches: &ArgMatches) -> Invocation {
    let (verb, matches) = matches.subcommand().unwrap_or(("deploy", matches));
    let mut given = vec![("deploy-type".to_owned(), "dbt".to_owned())];
    if verb == "delete" {
        given.push(("delete-bundle".to_owned(), "true".to_owned()));
    }
    given.extend(flags(matches));
    Invocation::Run(if verb == "plan" { Command::Plan } else { Command::Deploy }, given)
}

/// The verbs of `preview`, with what they do.
const PREVIEW_VERBS: [(&str, Verb, &str); 5] = [
    (
        "sync",
        Verb::Sync,
        "Makes the preview of a pull request what it should be now: deployed to while it is open, gone afterwards",
    ),
    ("up", Verb::Up, "Makes the preview of a pull request or branch if there is none, and deploys to it"),
    ("down", Verb::Down, "Deletes the preview of a pull request or branch"),
    ("list", Verb::List, "Lists previews"),
    ("gc", Verb::Gc, "Deletes the previews that are over: closed, expired or without a base"),
];

fn preview(matches: &ArgMatches) -> Result<Invocation> {
    let given = matches.subcommand().and_then(|(name, matches)| {
        let (_, verb, _) = PREVIEW_VERBS.iter().find(|(known, ..)| *known == name)?;
        Some(Invocation::Run(Command::Preview(*verb), flags(matches)))
    });
    given.ok_or_else(|| Error::new(Kind::Internal, "tell what to do with previews"))
}

fn refused(error: &clap::Error) -> Result<Invocation> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Ok(Invocation::Show(text))
        }
        _ => {
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            let cause = text.split("\n\nUsage:").next().unwrap_or(text).trim_end().replace("\n\n", "\n");
            Err(Error::new(Kind::Usage, "read the command line")
                .because(cause)
                .hint("`liftoff --help` lists the commands, `liftoff COMMAND --help` its flags"))
        }
    }
}

fn program() -> clap::Command {
    manage::added(deploying(), |command, names| {
        command.args(SETTINGS.iter().filter(|setting| names.contains(&setting.name)).map(|setting| {
            // Only what is needed to find liftoff.toml: these commands read no project.
            argument(setting).help_heading("How to reach Astro").hide(["root-folder", "config"].contains(&setting.name))
        }))
    })
}

fn deploying() -> clap::Command {
    let dbt = |name: &'static str, about: &'static str| with_settings(command(name, about), "deploy", Scope::Dbt);
    clap::Command::new("liftoff")
        .version(env!("CARGO_PKG_VERSION"))
        .about(ABOUT)
        .after_help("Try it without an account: liftoff deploy --sandbox --root-folder examples/astro-project")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(with_settings(command("plan", "Shows what a deploy would ship, file by file, and why"), "plan", Scope::All))
        .subcommand(with_settings(command("deploy", "Ships what changed and proves that it runs"), "deploy", Scope::All))
        .subcommand(with_settings(
            command("history", "Lists the deploys of a Deployment, and which of them run"),
            "history",
            Scope::All,
        ))
        .subcommand(with_settings(
            command("rollback", "Brings an earlier deploy back and proves that it runs"),
            "rollback",
            Scope::All,
        ))
        .subcommand(with_settings(
            command("check", "Checks the DAGs before anything is uploaded: always without running them, more on request"),
            "check",
            Scope::Check,
        ))
        .subcommand(
            clap::Command::new("dbt")
                .about("Plans, ships or removes a dbt project")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(dbt("plan", "Shows whether the dbt project in the root folder would ship"))
                .subcommand(dbt("deploy", "Ships the dbt project in the root folder"))
                .subcommand(dbt("delete", "Removes the dbt project at the mount path from the Deployment")),
        )
        .subcommand(
            clap::Command::new("preview")
                .about("Keeps a preview Deployment for each pull request or branch")
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommands(PREVIEW_VERBS.map(|(name, verb, about)| {
                    with_settings(command(name, about), Command::Preview(verb).name(), Scope::Preview)
                })),
        )
        .subcommand(
            clap::Command::new("sandbox")
                .about("Serves a simulated platform on loopback and prints how to use it")
                .next_line_help(true)
                .args(SETTINGS.iter().filter(|setting| ["color", "log-level"].contains(&setting.name)).map(argument))
                .arg(
                    Arg::new("port")
                        .long("port")
                        .value_name("PORT")
                        .value_parser(clap::value_parser!(u16))
                        .help("Port; a free one when absent"),
                ),
        )
}

fn command(name: &'static str, about: &'static str) -> clap::Command {
    clap::Command::new(name).about(about).after_help(EXAMPLES).next_line_help(true)
}

/// Which settings a command takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    All,
    Check,
    Dbt,
    Preview,
}

fn with_settings(command: clap::Command, name: &str, scope: Scope) -> clap::Command {
    let mut heading = "Options";
    let mut arguments = Vec::new();
    for setting in SETTINGS {
        if let Some((_, next)) = HEADINGS.iter().find(|(first, _)| *first == setting.name) {
            heading = next;
        }
        let fixed = ["deploy-type", "delete-bundle", "bundle-type", "action"].contains(&setting.name);
        let elsewhere = match scope {
            Scope::All => false,
            Scope::Check => setting.name == "deploy-type",
            Scope::Dbt => fixed || NOT_FOR_DBT.contains(&heading),
            // The command says what to do, and a bundle alone is no preview.
            Scope::Preview => setting.name == "action" || heading == "dbt and other bundles",
        };
        // `plan` takes what `deploy` takes, so that a script changes one word; what only a deploy
        // needs is not shown.
        let known = is_used(setting, name) || (name == "plan" && setting.commands.include("deploy"));
        if setting.surface == Surface::Launcher || elsewhere || !known {
            continue;
        }
        let shown = is_used(setting, name) && !is_retired(setting);
        arguments.push(argument(setting).help_heading(heading).hide(!shown));
    }
    command.args(arguments)
}

const fn is_retired(setting: &Setting) -> bool {
    matches!(setting.compat, Compat::Ignored(_) | Compat::Deprecated(_))
}

fn argument(setting: &'static Setting) -> Arg {
    let mut help = setting.help.to_owned();
    if let ValueKind::Enum(words) = setting.value {
        help.push_str(&format!(" [{}]", words.join(", ")));
    }
    if let Some(default) = setting.default.filter(|default| !matches!(*default, "false")) {
        help.push_str(&format!(" [default: {default}]"));
    }
    let argument = Arg::new(setting.name).long(setting.name).help(help).action(ArgAction::Append);
    match setting.value {
        // `--force` alone means yes; a value needs `=`, so that it cannot swallow what follows.
        ValueKind::Bool => argument.value_name("BOOL").num_args(0..=1).require_equals(true).default_missing_value("true"),
        ValueKind::Enum(_) => argument.value_name("WORD"),
        ValueKind::Duration => argument.value_name("DURATION"),
        ValueKind::Path => argument.value_name("PATH"),
        ValueKind::Text | ValueKind::Lines | ValueKind::List | ValueKind::Secret => argument.value_name("VALUE"),
    }
}

/// Returns the given settings. A list given several times is one list; of anything else the
/// last counts.
fn flags(matches: &ArgMatches) -> Vec<(String, String)> {
    let mut flags = Vec::new();
    for setting in SETTINGS {
        let Ok(Some(values)) = matches.try_get_many::<String>(setting.name) else {
            continue;
        };
        let values: Vec<&String> = values.collect();
        let value = match setting.value {
            ValueKind::Lines | ValueKind::List => values.iter().map(|value| value.as_str()).collect::<Vec<_>>().join("\n"),
            _ => values.last().map(|value| (*value).clone()).unwrap_or_default(),
        };
        flags.push((setting.name.to_owned(), value));
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Invocation> {
        parse(line.split(' ').map(OsString::from))
    }

    fn run(line: &str) -> (Command, Vec<(String, String)>) {
        match parsed(line) {
            Ok(Invocation::Run(command, flags)) => (command, flags),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_setting_is_a_flag() {
        let (command, flags) = run("liftoff deploy --root-folder astro --force --wait=no --build-args A=1 --build-args B=2");
        assert_eq!(command, Command::Deploy);
        let flag = |name: &str| flags.iter().find(|(flag, _)| flag == name).map(|(_, value)| value.as_str());
        assert_eq!(
            [flag("root-folder"), flag("force"), flag("wait"), flag("build-args"), flag("json")],
            [Some("astro"), Some("true"), Some("no"), Some("A=1\nB=2"), None]
        );
    }

    #[test]
    fn the_astro_clis_dbt_verbs_are_deploys() {
        let (command, flags) = run("liftoff dbt delete --mount-path /usr/local/airflow/dbt/shop");
        assert_eq!(command, Command::Deploy);
        assert!(
            flags.contains(&("deploy-type".into(), "dbt".into())) && flags.contains(&("delete-bundle".into(), "true".into()))
        );
        assert_eq!(run("liftoff sandbox --port 8888").0, Command::Sandbox { port: 8888 });
    }

    #[test]
    fn a_mistyped_flag_gets_the_nearest_one() {
        let error = parsed("liftoff deploy --root-foldr x").expect_err("an error");
        assert_eq!(error.kind(), Kind::Usage);
        assert!(error.to_string().contains("--root-folder"), "{error}");
        assert!(parsed("liftoff depoly").expect_err("an error").to_string().contains("deploy"));
        assert!(matches!(parsed("liftoff --version"), Ok(Invocation::Show(text)) if text.starts_with("liftoff ")));
        assert!(matches!(parsed("liftoff deploy --help"), Ok(Invocation::Show(text)) if text.contains("--root-folder <PATH>")));
    }

    #[test]
    fn help_is_grouped_and_fits_a_narrow_terminal() {
        let Ok(Invocation::Show(text)) = parsed("liftoff deploy --help") else { panic!("help") };
        for (_, heading) in HEADINGS.iter().filter(|(_, heading)| *heading != "Previews") {
            assert!(text.contains(&format!("{heading}:")), "{heading}: {text}");
        }
        assert!(text.lines().count() < 260, "{} lines", text.lines().count());
        assert!(!text.contains("--cli-version"), "retired settings are not shown");
        assert!(HEADINGS.iter().all(|(first, _)| crate::settings::table::find(first).is_some()));
    }

    #[test]
    fn plan_takes_the_flags_of_deploy_and_dbt_only_its_own() {
        assert_eq!(run("liftoff plan --wait-time 5m").0, Command::Plan);
        assert_eq!(run("liftoff dbt plan").0, Command::Plan);
        assert!(parsed("liftoff dbt deploy --deploy-type dags-only").is_err());
        assert!(parsed("liftoff dbt deploy --build-args A=1").is_err());
    }

    #[test]
    fn previews_take_what_their_verb_can_use() {
        let (command, flags) = run("liftoff preview up --deployment-name demo --preview-ttl 2d --build-args A=1");
        assert_eq!((command, flags.len()), (Command::Preview(Verb::Up), 3));
        assert_eq!(run("liftoff preview gc --dry-run").0, Command::Preview(Verb::Gc));
        for wrong in
            ["preview list --dry-run", "preview gc --build-args A=1", "preview up --action deploy", "deploy --preview-ttl 2d"]
        {
            assert!(parsed(&format!("liftoff {wrong}")).is_err(), "{wrong}");
        }
        let Ok(Invocation::Show(text)) = parsed("liftoff preview sync --help") else { panic!("help") };
        assert!(text.contains("Previews:") && text.contains("--preview-hibernate-at"), "{text}");
    }

    #[test]
    fn history_and_rollback_take_what_they_can_use() {
        let (command, flags) = run("liftoff rollback --to cm1 --deployment-name demo --wait-time 5m --allow-runtime-downgrade");
        assert_eq!((command, flags.len()), (Command::Rollback, 4));
        assert_eq!(run("liftoff history --limit 5 --json").0, Command::History);
        for wrong in
            ["rollback --build-args A=1", "rollback --on-failure none", "history --to x", "deploy --to x", "deploy --limit 3"]
        {
            assert!(parsed(&format!("liftoff {wrong}")).is_err(), "{wrong}");
        }
        assert_eq!(run("liftoff deploy --on-failure rollback").0, Command::Deploy);
    }

    fn leaves(command: &clap::Command, before: &str, all: &mut Vec<String>) {
        for inner in command.get_subcommands() {
            let name = format!("{before} {}", inner.get_name()).trim().to_owned();
            if inner.has_subcommands() { leaves(inner, &name, all) } else { all.push(name) }
        }
    }

    #[test]
    fn every_command_says_which_role_it_needs() {
        let mut all = Vec::new();
        leaves(&program(), "", &mut all);
        assert!(all.iter().any(|name| name == "deployment list") && all.len() > 10, "{all:?}");
        for name in all {
            assert!(crate::model::permission::need_of(&name).is_some(), "no row of model::permission is for `{name}`");
        }
    }

    #[test]
    fn a_switch_never_swallows_the_next_argument() {
        assert!(parsed("liftoff deploy --force true").is_err());
    }
}
