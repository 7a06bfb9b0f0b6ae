//! The DAGs that were run to try a deploy, as terminal text, as JSON and as Markdown.
//! It shows what became of them; names are hostile text.

use serde_json::{Value, json};

use crate::model::dag_run::{FailedTask, Trial, TrialEnd};
use crate::model::markup::cut;
use crate::report::figures;
use crate::report::ink::Ink;

/// Runs in Markdown before the rest is only counted.
const MOST: usize = 20;

/// Returns the stable name of the worst end; none when nothing was run.
#[must_use]
pub fn verdict(trials: &[Trial]) -> Option<&'static str> {
    let weight = |trial: &&Trial| match trial.end {
        TrialEnd::Failed => 0,
        TrialEnd::Impossible(_) => 1,
        TrialEnd::TimedOut(_) => 2,
        TrialEnd::Unknown(..) => 3,
        TrialEnd::NotTried => 4,
        TrialEnd::Succeeded => 5,
    };
    trials.iter().min_by_key(weight).map(|trial| trial.end.name())
}

/// Returns the runs, line by line.
#[must_use]
pub fn lines(trials: &[Trial]) -> Vec<String> {
    let mut lines = Vec::new();
    for trial in trials {
        let took = if trial.run.is_some() { format!(" ({})", figures::duration(trial.took)) } else { String::new() };
        lines.push(format!("Smoke run   {} {}{took}", trial.dag, trial.words()));
        lines.extend(trial.page.iter().map(|page| format!("  {page}")));
    }
    lines
}

/// Returns the runs as a list of objects.
#[must_use]
pub fn list(trials: &[Trial]) -> Value {
    let task = |task: &FailedTask| json!({ "task": task.task, "map_index": task.map_index, "tries": task.tries });
    let one = |trial: &Trial| {
        json!({
            "dag": trial.dag,
            "run": trial.run,
            "end": trial.end.name(),
            "why": match &trial.end {
                TrialEnd::TimedOut(why) | TrialEnd::Impossible(why) | TrialEnd::Unknown(_, why) => Some(why),
                TrialEnd::Succeeded | TrialEnd::Failed | TrialEnd::NotTried => None,
            },
            "failed_tasks": trial.failed.iter().map(task).collect::<Vec<_>>(),
            "page": trial.page,
            "seconds": trial.took.as_secs_f64(),
        })
    };
    trials.iter().map(one).collect()
}

/// Returns the runs as Markdown. `most` bounds the characters of one run's words.
#[must_use]
pub fn markdown(trials: &[Trial], ink: Ink, most: usize) -> String {
    if trials.is_empty() {
        return String::new();
    }
    let mut text = "Smoke runs:\n\n".to_owned();
    for trial in trials.iter().take(MOST) {
        let icon = if trial.end == TrialEnd::Succeeded { "✅" } else { "❌" };
        let link = ink.link("run", trial.page.as_deref()).map(|link| format!(" ({link})")).unwrap_or_default();
        text.push_str(&format!("- {icon} {} {}{link}\n", ink.code(&trial.dag), ink.prose(&cut(&trial.words(), most))));
    }
    if trials.len() > MOST {
        text.push_str(&format!("- … and {}\n", figures::count((trials.len() - MOST) as u64, "more run")));
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;
    use crate::model::markup::MarkupStyle;

    fn trial(dag: &str, end: TrialEnd, failed: &[&str]) -> Trial {
        let task = |name: &&str| FailedTask { ended: String::new(), task: (*name).to_owned(), map_index: None, tries: Some(2) };
        Trial {
            dag: dag.to_owned(),
            run: Some("liftoff__d1".to_owned()),
            end,
            failed: failed.iter().map(task).collect(),
            page: Some("https://h/dags/x/runs/liftoff__d1".to_owned()),
            took: Duration::from_secs(12),
        }
    }

    #[test]
    fn runs_are_told_like_this() {
        let many = ["a", "b", "c", "d", "e", "f"];
        let trials = [trial("sales", TrialEnd::Succeeded, &[]), trial("stock", TrialEnd::Failed, &many)];
        assert_eq!(
            lines(&trials),
            [
                "Smoke run   sales succeeded (12 s)",
                "  https://h/dags/x/runs/liftoff__d1",
                "Smoke run   stock failed at `a`, `b`, `c`, `d`, `e` and 1 more (12 s)",
                "  https://h/dags/x/runs/liftoff__d1",
            ]
        );
        let list = list(&trials);
        assert_eq!((&list[1]["end"], &list[1]["failed_tasks"][5]["task"]), (&json!("failed"), &json!("f")));
        assert_eq!(trial("d", TrialEnd::TimedOut("queued".to_owned()), &[]).words(), "was still queued after 12 s");
    }

    #[test]
    fn the_worst_end_is_the_verdict() {
        let of = |ends: Vec<TrialEnd>| verdict(&ends.into_iter().map(|end| trial("d", end, &[])).collect::<Vec<_>>());
        assert_eq!(of(vec![]), None);
        assert_eq!(of(vec![TrialEnd::Succeeded, TrialEnd::Succeeded]), Some("succeeded"));
        assert_eq!(of(vec![TrialEnd::Succeeded, TrialEnd::TimedOut(String::new()), TrialEnd::Failed]), Some("failed"));
        assert_eq!(of(vec![TrialEnd::Unknown(Kind::Auth, String::new()), TrialEnd::Succeeded]), Some("unknown"));
    }

    #[test]
    fn hostile_names_stay_text() {
        let text = markdown(&[trial("@acme </code>", TrialEnd::Failed, &["<img> @acme"])], Ink(MarkupStyle::Html), 300);
        assert!(!text.contains("@acme") && !text.contains("<img>") && text.contains("[run](https://h/"), "{text}");
        assert_eq!(markdown(&[], Ink(MarkupStyle::Html), 300), "");
    }
}
