//! One run from the command line to the exit code.

use std::ffi::OsString;
use std::pin::pin;

use crate::app::check;
use crate::app::deliver::{Wish, deliver};
use crate::app::gather::gather;
use crate::app::manage::{airflow_token, run as manage};
use crate::app::outputs::{Outlets, hand_on};
use crate::app::previews::{keep, list, sweep};
use crate::app::reporter::Reporter;
use crate::app::session::Session;
use crate::app::story::{Finished, Story, failed, stopped};
use crate::app::{all, history, report, reporter, rights, rollback, sandbox, signals, target};
use crate::ci;
use crate::cli::airflow::{Token, Verb as AirflowVerb};
use crate::cli::command::{Command, Invocation, Verb};
use crate::cli::manage::Manage;
use crate::cli::parse::parse;
use crate::console::printer::Console;
use crate::deploy::interrupt::{Interrupt, channel};
use crate::deploy::outcome::Outcome;
use crate::env::process;
use crate::env::snapshot::Env;
use crate::error::{Error, Result};
use crate::forge::interface::Forge;
use crate::report::preview::PreviewReport;
use crate::report::rollback::Fate;
use crate::report::run::{Detail, Ending, Run};
use crate::report::text;
use crate::report::{json, outputs};
use crate::settings::values::{ColourChoice, Format};

/// Runs the program and returns its exit code.
pub async fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let env = match process::snapshot() {
        Ok(env) => env,
        Err(error) => return said(&early_console(&Env::default()), &error),
    };
    let console = early_console(&env);
    match parse(arguments) {
        Ok(Invocation::Show(text)) => match console.data(text.trim_end()) {
            Ok(()) => 0,
            Err(error) => said(&console, &error),
        },
        Ok(Invocation::Run(command, flags)) => {
            let (trigger, interrupt) = channel();
            signals::listen(trigger);
            match Session::start(env.clone(), &flags, &command) {
                Ok(session) => {
                    let command = session.wanted(command);
                    run(session, &command, interrupt).await
                }
                Err(error) => too_early(&env, &console, &flags, &error),
            }
        }
        Err(error) => said(&console, &error),
    }
}

/// The console before there are settings. It keeps standard output for data.
fn early_console(env: &Env) -> Console {
    Console::of_process(env, ci::detect(env).dialect, ColourChoice::Auto, Format::Json)
}

/// Reports a failure before there were settings, so that programs get their answer, too.
fn too_early(env: &Env, console: &Console, flags: &[(String, String)], error: &Error) -> u8 {
    // What the CI system says may be the very thing that cannot be read.
    let Ok(context) = (ci::local::PROVIDER.read)(env, None) else {
        return said(console, error);
    };
    let run = Run {
        project: ".".to_owned(),
        context: &context,
        deployment: None,
        plan: None,
        preview: None,
        rollback: None,
        problems: &[],
        ending: Ending::Failed { error, accepted: None },
    };
    let json = json::run(&run, &[]);
    if flags.iter().any(|(name, value)| name == "json" && value != "false")
        && let Err(error) = console.json(&json)
    {
        return said(console, &error);
    }
    let outlets = Outlets { env, provider: ci::detect(env), file: None };
    hand_on(&outlets, console, outputs::values(&run, &json), &report::summary(&run));
    said(console, error)
}

fn said(console: &Console, error: &Error) -> u8 {
    console.error(error);
    error.kind().exit_code()
}

async fn run(mut session: Session, command: &Command, interrupt: Interrupt) -> u8 {
    if let Command::Sandbox { port } = command {
        return match sandbox::serve(&session.console, *port, interrupt).await {
            Ok(()) => 0,
            Err(error) => said(&session.console, &error),
        };
    }
    let embedded = if session.settings.sandbox { Some(sandbox::embed(&mut session, command).await) } else { None };
    if let Some(Err(error)) = &embedded {
        return said(&session.console, error);
    }
    let forge = reporter::connected(&session);
    let reporter = Reporter::new(&session, forge.as_deref());
    if let Some(code) = told_apart(&session, command, &reporter, interrupt.clone()).await {
        return code;
    }
    let mut wished = interrupt.clone();
    let mut story = Story::default();
    let outcome = tokio::select! {
        outcome = work(&session, command, &reporter, (interrupt, &mut story)) => outcome,
        kind = wished.wished(), if *command == Command::Plan => Err(Box::new(stopped(kind).into())),
    };
    let code = ended(&session, command, &reporter, &story, outcome).await;
    drop(embedded);
    code
}

/// Runs a command that has a report of its own, and returns its exit code; none for what plans or deploys.
async fn told_apart(session: &Session, command: &Command, reporter: &Reporter<'_>, mut wished: Interrupt) -> Option<u8> {
    if let Some(wish) = token_wish(command) {
        return Some(airflow_token::told(session, wish, wished).await);
    }
    let told = async {
        match command {
            _ if session.settings.all => Some(all::told(session, all::planned(session, reporter.forge).await)),
            Command::Check => Some(check::told(session, reporter, check::checked(session).await).await),
            Command::Preview(verb @ (Verb::List | Verb::Gc)) => Some(overview(session, *verb, reporter.forge).await),
            Command::History => Some(history::told(session, history::listed(session).await)),
            Command::Manage(managed) => Some(manage::told(session, reporter, manage::answered(session, managed).await).await),
            _ => None,
        }
    };
    let mut told = pin!(told);
    let kind = tokio::select! {
        code = &mut told => return code,
        kind = wished.wished() => kind,
    };
    if session.vital.is_under_way() {
        session.console.notice("stopping as soon as the value that nobody else has is kept");
        return told.await;
    }
    let stopped = match command {
        // Whatever it had said until then is done.
        Command::Manage(_) => {
            Error::new(kind, "finish").because("the run was stopped").hint("look at what is there before running it again")
        }
        _ => stopped(kind),
    };
    Some(said(&session.console, &stopped))
}

/// Returns the wish for a token that lives as long as a command, whose end a signal must not skip.
fn token_wish(command: &Command) -> Option<&Token> {
    match command {
        Command::Manage(managed) => match &managed.what {
            Manage::Airflow(AirflowVerb::Token(wish)) => Some(wish),
            _ => None,
        },
        _ => None,
    }
}

/// Lists previews, or sweeps those that are over.
async fn overview(session: &Session, verb: Verb, forge: Option<&dyn Forge>) -> u8 {
    match verb {
        Verb::Gc => list::told_of_sweep(session, sweep::gc(session, forge).await),
        _ => list::told(session, list::listed(session).await),
    }
}

/// Gathers, decides and, when told to deploy, acts. None when nothing was shipped.
async fn work(
    session: &Session,
    command: &Command,
    reporter: &Reporter<'_>,
    (interrupt, story): (Interrupt, &mut Story),
) -> Finished {
    if let Command::Preview(verb) = command {
        return keep::work(session, *verb, reporter, (interrupt, story)).await;
    }
    if *command == Command::Rollback {
        return rollback::work(session, reporter, (interrupt, story)).await;
    }
    let mut wished = interrupt.clone();
    let gathered = tokio::select! {
        gathered = gather(session, reporter.forge, target::destination(session, command)) => gathered.map_err(failed)?,
        kind = wished.wished() => return Err(failed(stopped(kind))),
    };
    let wish = if *command == Command::Plan { Wish::Show } else { Wish::Ship };
    deliver(session, reporter, (gathered, wish), (interrupt, story), None).await
}

/// Reports how the run ended and returns the exit code.
async fn ended(session: &Session, command: &Command, reporter: &Reporter<'_>, story: &Story, outcome: Finished) -> u8 {
    let dry = matches!(command, Command::Preview(_) | Command::Rollback) && session.settings.previews.dry_run;
    let wish = if *command == Command::Plan || dry { Wish::Show } else { Wish::Ship };
    // As for the plan: before anything is made of it.
    let outcome = outcome.map_err(|mut unfinished| {
        unfinished.error =
            rights::explained(unfinished.error.clone(), command.name()).map_text(|text| session.console.masked(text));
        unfinished
    });
    let ending = match &outcome {
        Err(unfinished) => Ending::Failed { error: &unfinished.error, accepted: unfinished.accepted.as_ref() },
        Ok(Some(outcome)) => Ending::Shipped(outcome),
        Ok(None) if wish == Wish::Show => Ending::Planned,
        Ok(None) => Ending::Declined,
    };
    let run = story.told(session, ending);
    let settings = report::shown_settings(session);
    let json = json::run(&run, &settings);
    if let Err(error) = printed(session, wish, &run, &json) {
        return said(&session.console, &error);
    }
    hand_on(&session.outlets(), &session.console, outputs::values(&run, &json), &report::summary(&run));
    if !dry {
        reporter.ended(&run, story.commit.as_ref(), story.record.as_ref()).await;
    }
    if session.settings.sandbox && *command == Command::Deploy {
        let group = session.console.group("what a pull request's comment would say");
        report::summary(&run).lines().for_each(|line| session.console.info(line));
        drop(group);
    }
    match &outcome {
        Ok(_) => 0,
        Err(unfinished) => said(&session.console, &unfinished.error),
    }
}

/// Whether somebody looked at what a deploy does.
fn is_judged(outcome: &Outcome) -> bool {
    outcome.verification.is_some() || !outcome.trials.is_empty()
}

fn printed(session: &Session, wish: Wish, run: &Run<'_>, json: &serde_json::Value) -> Result<()> {
    let console = &session.console;
    if session.settings.report.format == Format::Json {
        return console.json(json);
    }
    if let (Some(headline), Ending::Declined | Ending::Planned) = (run.preview.and_then(PreviewReport::headline), run.ending) {
        return console.data(&headline);
    }
    if let Some(rollback) = run.rollback.filter(|rollback| rollback.is_asked() && !matches!(run.ending, Ending::Failed { .. })) {
        console.data(&run.headline())?;
        let timings = match (run.ending, run.deployment) {
            (Ending::Shipped(outcome), Some(deployment)) => text::rolled_back(outcome, deployment),
            _ => Vec::new(),
        };
        return rollback.text().iter().chain(&timings).try_for_each(|line| console.data(line));
    }
    if let (Ending::Failed { accepted: Some(bad), .. }, Some(Fate::Recovered(back)), Some(deployment)) =
        (run.ending, run.rollback.map(|rollback| &rollback.fate), run.deployment)
    {
        return text::taken_back(bad, back, deployment, run.plan).iter().try_for_each(|line| console.data(line));
    }
    match (run.ending, run.plan, run.deployment) {
        (Ending::Failed { accepted: Some(outcome), .. }, _, Some(deployment)) if is_judged(outcome) => {
            text::outcome(outcome, deployment, run.plan).iter().try_for_each(|line| console.data(line))
        }
        (Ending::Shipped(outcome), _, Some(deployment)) => {
            let mut lines = text::outcome(outcome, deployment, run.plan);
            lines.extend(run.preview.iter().flat_map(|preview| preview.text()));
            lines.iter().try_for_each(|line| console.data(line))
        }
        (Ending::Planned | Ending::Failed { .. }, Some(plan), deployment) if wish == Wish::Show => {
            text::plan(plan, deployment, &report::shown_settings(session), Detail::Full)
                .iter()
                .try_for_each(|line| console.data(line))
        }
        (Ending::Declined, Some(plan), _) => {
            console.notice(&text::decision(plan));
            run.preview.iter().flat_map(|preview| preview.text()).try_for_each(|line| console.data(&line))
        }
        _ => Ok(()),
    }
}
