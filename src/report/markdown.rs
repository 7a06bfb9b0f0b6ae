//! The run as Markdown, for a pull request's comment and a job's summary: outcome and links, what
//! shipped and why, which DAGs differ, files, timings, in that order.
//! Names, titles, paths and messages are hostile: they appear only through `Ink`.

use crate::console::progress::bytes;
use crate::deploy::outcome::{Arrival, Outcome};
use crate::model::artifact::Artifact;
use crate::model::dag::DagFacts;
use crate::model::deploy::DeployType;
use crate::model::markup::{MARK, Markup, cut};
use crate::plan::outline::Plan;
use crate::plan::verdict::Verdict;
use crate::report::dags_markdown;
use crate::report::figures;
use crate::report::ink::Ink;
use crate::report::preview::Fate;
use crate::report::rollback::RollbackReport;
use crate::report::run::{Ending, Run};
use crate::report::text;
use crate::report::{smoke, verification};

/// How much of what has no end is shown.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Files listed before the rest is only counted.
    files: usize,
    /// DAGs, and problems of their files, listed before the rest is only counted.
    dags: usize,
    /// Characters of one message.
    message: usize,
    /// Notices.
    notices: usize,
}

/// Most characters of one traceback.
const TRACE: usize = 2_000;

/// From generous to narrow; the first that fits is taken.
const ROOMS: [Room; 4] = [
    Room { files: 200, dags: 100, message: 6_000, notices: 50 },
    Room { files: 50, dags: 40, message: 3_000, notices: 20 },
    Room { files: 10, dags: 10, message: 1_000, notices: 10 },
    Room { files: 0, dags: 3, message: 300, notices: 5 },
];

/// Returns the mark by which the comment of this project and Deployment is found again.
#[must_use]
pub fn mark(project: &str, deployment: &str) -> String {
    let word = |text: &str| -> String {
        text.bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'_' | b'.' => char::from(byte).to_string(),
                other => format!("%{other:02x}"),
            })
            .collect()
    };
    format!("{MARK}{} deployment={}", word(project), word(deployment))
}

/// Returns the whole report without the mark, within the limit of the markup. Where not
/// everything fits, less is listed and a link leads to the run.
#[must_use]
pub fn report(run: &Run<'_>, markup: Markup) -> String {
    let ink = Ink(markup.style);
    let note = match ink.link("the run", run.context.run_url.as_deref()) {
        Some(link) => format!("Shortened to what fits here; {link} has the rest.\n"),
        None => "Shortened to what fits here; the run's log has the rest.\n".to_owned(),
    };
    let fits = |text: &String| text.chars().count() <= markup.limit;
    let mut shortened = String::new();
    for (index, room) in ROOMS.iter().enumerate() {
        let text = whole(run, ink, *room);
        let text = if index == 0 { text } else { text + &note };
        if fits(&text) {
            return text;
        }
        shortened = text;
    }
    // Whole lines, so that no table row, block or link is cut in half.
    let mut kept = String::new();
    let room = markup.limit.saturating_sub(note.chars().count() + 1);
    for line in shortened.lines() {
        if kept.chars().count() + line.chars().count() + 1 > room {
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    format!("{kept}\n{note}")
}

fn whole(run: &Run<'_>, ink: Ink, room: Room) -> String {
    let mut text = format!("### {} {}\n\n", icon(run), ink.prose(&cut(&run.headline(), room.message)));
    if let Some(line) = links(run, ink) {
        text.push_str(&format!("{line}\n\n"));
    }
    if let Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } = run.ending {
        text.push_str(&proof(outcome, ink));
        if let Some(found) = &outcome.verification {
            text.push_str(&verification::markdown(found, ink, room.message.min(TRACE)));
        }
        text.push_str(&smoke::markdown(&outcome.trials, ink, room.message));
    }
    if let Ending::Failed { error, .. } = run.ending {
        if let Some(cause) = error.cause() {
            text.push_str(&ink.block(&cut(cause, room.message)));
        }
        if let Some(advice) = error.advice() {
            text.push_str(&format!("**What to do:** {}\n\n", ink.prose(&cut(advice, room.message))));
        }
    }
    if let Some(rollback) = run.rollback {
        text.push_str(&rollback.markdown(ink));
    }
    if let Some(preview) = run.preview {
        text.push_str(&preview.markdown(ink, room.files));
    }
    if let Some(plan) = run.plan {
        let dags = |lines: fn(&DagFacts, Ink, usize) -> String| {
            plan.dags.as_ref().map(|facts| lines(facts, ink, room.dags)).unwrap_or_default()
        };
        text.push_str(&dags(dags_markdown::problems));
        text.push_str(&artifacts(run, plan, ink, room));
        text.push_str(&dags(dags_markdown::difference));
        text.push_str(&notices(plan, ink, room));
        text.push_str(&files(plan, ink, room));
    }
    if let Ending::Shipped(outcome) = run.ending {
        text.push_str(&timings(outcome, ink));
    }
    text
}

fn icon(run: &Run<'_>) -> &'static str {
    match run.ending {
        Ending::Shipped(_) => "✅",
        Ending::Failed { .. } if run.is_cancelled() => "🚫",
        Ending::Failed { .. } => "❌",
        Ending::InProgress => "🚀",
        Ending::Planned => "📋",
        Ending::Declined if run.preview.is_some_and(|preview| matches!(preview.fate, Fate::Deleted { .. })) => "🗑️",
        Ending::Declined => "⚪",
    }
}

fn links(run: &Run<'_>, ink: Ink) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(deployment) = run.deployment {
        parts.push(format!("Deployment {}", ink.code(&deployment.name)));
        parts.extend(ink.link("Astro", deployment.astro_url.as_deref()));
        parts.extend(ink.link("Airflow", deployment.airflow_url.as_deref()));
    }
    parts.extend(ink.link("Run", run.context.run_url.as_deref()));
    // The commit that a rollback was started from says nothing about what runs.
    let about_rollback = run.rollback.is_some_and(RollbackReport::is_asked);
    if let Some(commit) = run.context.commit.as_ref().filter(|_| !about_rollback) {
        parts.push(format!("commit {}", ink.code(commit.short())));
    }
    if run.project != "." {
        parts.push(format!("project {}", ink.code(&run.project)));
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn artifacts(run: &Run<'_>, plan: &Plan, ink: Ink, room: Room) -> String {
    if plan.artifacts.is_empty() {
        return String::new();
    }
    let mut text = String::from("| what | state | why | compared with |\n| --- | --- | --- | --- |\n");
    for verdict in &plan.artifacts {
        let size = format!("{}, {}", figures::count(verdict.content.files, "file"), bytes(verdict.content.bytes));
        text.push_str(&format!(
            "| {} | {} | {} {} | {} |\n",
            ink.prose(&verdict.artifact.to_string()),
            state(run, verdict),
            ink.prose(&cut(&verdict.reason, room.message)),
            ink.small(&size),
            compared_with(run, verdict, ink)
        ));
    }
    text.push('\n');
    text
}

fn state(run: &Run<'_>, verdict: &Verdict) -> &'static str {
    let shipped = match run.ending {
        Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } => {
            carries(outcome.deploy_type, &verdict.artifact)
        }
        _ => false,
    };
    match (shipped, verdict.changed) {
        (true, _) if run.removes() => "**removed**",
        (true, _) => "**shipped**",
        (false, true) => "**changed**",
        (false, false) => "unchanged",
    }
}

const fn carries(deploy_type: DeployType, artifact: &Artifact) -> bool {
    match artifact {
        Artifact::Dags => matches!(deploy_type, DeployType::DagOnly | DeployType::ImageAndDag),
        Artifact::Image => matches!(deploy_type, DeployType::ImageOnly | DeployType::ImageAndDag),
        Artifact::Bundle(_) => matches!(deploy_type, DeployType::Bundle),
    }
}

/// Names the commit that git compared with, and links to what the forge shows between the two.
fn compared_with(run: &Run<'_>, verdict: &Verdict, ink: Ink) -> String {
    let Some((base, _)) = &verdict.base else {
        return "–".to_owned();
    };
    let page = run.context.repository.as_ref().zip(run.context.commit.as_ref());
    let page = page.and_then(|(repository, commit)| repository.compare_page(base, commit));
    ink.link(base.short(), page.as_deref()).unwrap_or_else(|| ink.code(base.short()))
}

fn notices(plan: &Plan, ink: Ink, room: Room) -> String {
    let mut text: String =
        plan.notices.iter().take(room.notices).map(|notice| format!("> {}\n\n", ink.prose(&cut(notice, room.message)))).collect();
    if plan.notices.len() > room.notices {
        text.push_str(&format!("> … and {}\n\n", figures::count((plan.notices.len() - room.notices) as u64, "more notice")));
    }
    text
}

fn files(plan: &Plan, ink: Ink, room: Room) -> String {
    if plan.files.is_empty() {
        return String::new();
    }
    let summary = figures::count(plan.files.len() as u64, "changed file");
    if room.files == 0 {
        return format!("{summary}\n\n");
    }
    let mut text = String::from("| | file | ships in | why |\n| --- | --- | --- | --- |\n");
    for file in plan.files.iter().take(room.files) {
        let owner = file.artifact.as_ref().map_or("–", |artifact| artifact.key());
        let letter = text::change_letter(file.change);
        text.push_str(&format!("| {letter} | {} | {owner} | {} |\n", ink.code(&file.path.to_string()), ink.prose(&file.why)));
    }
    if plan.files.len() > room.files {
        text.push_str(&format!("\n… and {} more\n", figures::count((plan.files.len() - room.files) as u64, "file")));
    }
    ink.fold(&summary, &text)
}

fn proof(outcome: &Outcome, ink: Ink) -> String {
    let proof = match outcome.arrival {
        Arrival::Proven => "The Deployment runs exactly this deploy",
        Arrival::NotAwaited => "Astro accepted this deploy; nobody waited for it",
        Arrival::NotProven => "Astro accepted this deploy, but it is not proven to run",
        Arrival::Superseded => "A newer deploy took over before this one arrived",
    };
    format!("{proof} ({}).\n\n", ink.code(outcome.deploy_id.as_str()))
}

fn timings(outcome: &Outcome, ink: Ink) -> String {
    let stages: Vec<String> = outcome
        .stages
        .iter()
        .map(|stage| {
            let detail = if stage.detail.is_empty() { String::new() } else { format!(" ({})", ink.prose(&stage.detail)) };
            format!("{} {}{detail}", stage.name, figures::duration(stage.took))
        })
        .collect();
    format!("{}\n", ink.small(&stages.join(" · ")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::changes::change::ChangeKind;
    use crate::deploy::outcome::Stage;
    use crate::error::{Error, Kind};
    use crate::model::artifact::Content;
    use crate::model::context::{CiContext, Event, ForgeKind, Repository};
    use crate::model::deployment::Deployment;
    use crate::model::fingerprint::Fingerprint;
    use crate::model::ids::{BundleVersion, DeployId, DeploymentId};
    use crate::model::markup::MarkupStyle;
    use crate::model::path::RelPath;
    use crate::model::revision::CommitSha;
    use crate::plan::facts::{BaseOrigin, ChangedFile};
    use crate::plan::outline::Decision;

    const GITHUB: Markup = Markup { style: MarkupStyle::Html, limit: 65_536 };

    const SHIPPED: &str = "\
### ✅ Deployed DAGs to demo &#64;·0·acme/everyone

Deployment <code>demo &#64;acme/everyone</code> · [Astro](https://cloud.astronomer.io/w1/deployments/d1) · [Run](https://github.com/acme/demo/actions/runs/7) · commit <code>012345678</code> · project <code>astro</code>

The Deployment runs exactly this deploy (<code>cm2</code>).

| what | state | why | compared with |
| --- | --- | --- | --- |
| DAGs | **shipped** | 1 file differs <sub>2 files, 2.0 KiB</sub> | [aaaaaaaaa](https://github.com/acme/demo/compare/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...0123456789abcdef0123456789abcdef01234567) |
| image | unchanged | the content is the same as in deploy cm1, which runs <sub>2 files, 2.0 KiB</sub> | – |

> see https·0·&#58;//evil.example or www·0·.evil.example

<details><summary>2 changed files</summary>

| | file | ships in | why |
| --- | --- | --- | --- |
| M | <code>dags/sales.py</code> | dags | in the DAGs folder |
| A | <code>docs/&#64;acme&#124;&#35;1&#96;x&#96;&lt;/code&gt;&lt;img&gt;.md</code> | – | matches &#42;.md |

</details>

<sub>pack 0.1 s (2 files, 1.1 KiB) · wait 14 s</sub>
";

    fn context() -> CiContext {
        CiContext {
            commit: CommitSha::parse("0123456789abcdef0123456789abcdef01234567"),
            branch: Some("main".to_owned()),
            repository: Some(Repository {
                forge: ForgeKind::GitHub,
                server_url: "https://github.com".to_owned(),
                api_url: None,
                path: "acme/demo".to_owned(),
            }),
            run_url: Some("https://github.com/acme/demo/actions/runs/7".to_owned()),
            ..CiContext::new("github-actions", Event::Push)
        }
    }

    fn deployment() -> Deployment {
        Deployment {
            runtime_version: "3.1-4".to_owned(),
            dag_deploys: true,
            astro_url: Some("https://cloud.astronomer.io/w1/deployments/d1".to_owned()),
            ..Deployment::new(DeploymentId::new("d1"), "demo @acme/everyone")
        }
    }

    fn plan() -> Plan {
        let content = Content { fingerprint: Fingerprint::new([7; 32]), files: 2, bytes: 2048, dag_files: 1 };
        let verdict = |artifact, changed, reason: &str| Verdict {
            artifact,
            content,
            deployed_fingerprint: None,
            changed,
            reason: reason.to_owned(),
            base: None,
            files: Vec::new(),
        };
        let file = |path: &[u8], change, artifact, why: &str| ChangedFile {
            path: RelPath::parse(path).expect("a path"),
            change,
            artifact,
            why: why.to_owned(),
        };
        let base = CommitSha::parse(&"a".repeat(40)).map(|commit| (commit, BaseOrigin::Deployed));
        Plan {
            decision: Decision::Ship(DeployType::DagOnly),
            reason: "the DAGs changed".to_owned(),
            artifacts: vec![
                Verdict { base, ..verdict(Artifact::Dags, true, "1 file differs") },
                verdict(Artifact::Image, false, "the content is the same as in deploy cm1, which runs"),
            ],
            files: vec![
                file(b"dags/sales.py", ChangeKind::Modified, Some(Artifact::Dags), "in the DAGs folder"),
                file(b"docs/@acme|#1`x`</code><img>.md", ChangeKind::Added, None, "matches *.md"),
            ],
            dags: None,
            base: None,
            steps: Vec::new(),
            notices: vec!["see https://evil.example or www.evil.example".to_owned()],
            refusal: None,
        }
    }

    #[test]
    fn a_dag_deploy_is_reported_like_this() {
        let (context, deployment, plan) = (context(), deployment(), plan());
        let outcome = Outcome {
            deploy_id: DeployId::new("cm2"),
            deploy_type: DeployType::DagOnly,
            image_tag: None,
            dag_bundle_version: Some(BundleVersion::new("v2")),
            bundle_version: None,
            arrival: Arrival::Proven,
            verification: None,
            trials: Vec::new(),
            stages: vec![
                Stage { name: "pack", detail: "2 files, 1.1 KiB".to_owned(), took: Duration::from_millis(120) },
                Stage { name: "wait", detail: String::new(), took: Duration::from_secs(14) },
            ],
        };
        let run = Run {
            project: "astro".to_owned(),
            context: &context,
            deployment: Some(&deployment),
            plan: Some(&plan),
            preview: None,
            rollback: None,
            problems: &[],
            ending: Ending::Shipped(&outcome),
        };
        // The characters without width are shown as `·0·`.
        let shown = report(&run, GITHUB).replace('\u{200b}', "\u{b7}0\u{b7}");
        assert_eq!(shown, SHIPPED);
    }

    #[test]
    fn a_failure_quotes_its_cause_as_code_and_its_advice_as_prose() {
        let context = context();
        let error =
            Error::new(Kind::Project, "read @acme/x").because("line 1: </pre>@acme\nhttps://evil").hint("ask @ada, see #1");
        let run = Run {
            project: ".".to_owned(),
            context: &context,
            deployment: None,
            plan: None,
            preview: None,
            rollback: None,
            problems: &[],
            ending: Ending::Failed { error: &error, accepted: None },
        };
        let text = report(&run, GITHUB);
        let (head, rest) = text.split_once("<pre><code>").expect("a cause");
        assert!(head.starts_with("### ❌ Could not read &#64;\u{200b}acme/x\n"), "{head}");
        let (cause, tail) = rest.split_once("</code></pre>").expect("an end");
        assert_eq!(cause, "line 1: &lt;/pre&gt;&#64;acme<br>https&#58;//evil");
        assert_eq!(tail.trim(), "**What to do:** ask &#64;\u{200b}ada, see &#35;\u{200b}1");
    }

    #[test]
    fn a_stopped_run_says_so_and_not_that_it_failed() {
        let (context, deployment, plan) = (context(), deployment(), plan());
        let error = Error::new(Kind::Terminated, "finish").because("the run was stopped by SIGTERM");
        let ending = Ending::Failed { error: &error, accepted: None };
        let run = Run {
            project: ".".to_owned(),
            context: &context,
            deployment: Some(&deployment),
            plan: Some(&plan),
            preview: None,
            rollback: None,
            problems: &[],
            ending,
        };
        let text = report(&run, GITHUB);
        assert!(text.starts_with("### 🚫 Cancelled: nothing was deployed to demo"), "{text}");
        assert!(text.contains("| DAGs | **changed** |"), "{text}");
        let going = Run { ending: Ending::InProgress, ..run };
        assert!(report(&going, GITHUB).starts_with("### 🚀 Deploying DAGs to demo"), "{}", report(&going, GITHUB));
    }

    #[test]
    fn a_report_fits_whatever_is_in_it_and_leads_to_the_rest() {
        let (context, deployment) = (context(), deployment());
        let mut plan = plan();
        plan.notices = vec!["@|".repeat(5_000); 400];
        plan.files = plan.files.iter().cycle().take(20_000).cloned().collect();
        let error =
            Error::new(Kind::BuildFailed, "build <x>\n".repeat(900)).because("<pre>@".repeat(90_000)).hint("#".repeat(9_000));
        let ending = Ending::Failed { error: &error, accepted: None };
        let run = Run {
            project: "p".repeat(400),
            context: &context,
            deployment: Some(&deployment),
            plan: Some(&plan),
            preview: None,
            rollback: None,
            problems: &[],
            ending,
        };
        for style in [MarkupStyle::Html, MarkupStyle::Plain] {
            for limit in [700, 4_000, 32_768, 65_536, 250_000] {
                let text = report(&run, Markup { style, limit });
                assert!(text.chars().count() <= limit, "{style:?} {limit}: {}", text.chars().count());
                assert!(
                    text.contains("Shortened to what fits here; [the run](https://github.com/acme/demo/actions/runs/7)"),
                    "{text}"
                );
                assert_eq!(text.matches("<details>").count(), text.matches("</details>").count(), "{limit}");
                let blocks = (text.matches("<pre>").count(), text.matches("</pre>").count());
                assert!(style == MarkupStyle::Plain || blocks.0 == blocks.1, "{limit}: {blocks:?}");
            }
        }
        let whole = report(&run, Markup { style: MarkupStyle::Html, limit: 4_000_000 });
        assert!(!whole.contains("Shortened") && whole.contains("… and 19800 files more"), "{}", whole.len());
    }

    #[test]
    fn where_html_stays_text_the_report_has_none() {
        let (context, deployment, plan) = (context(), deployment(), plan());
        let run = Run {
            project: ".".to_owned(),
            context: &context,
            deployment: Some(&deployment),
            plan: Some(&plan),
            preview: None,
            rollback: None,
            problems: &[],
            ending: Ending::Planned,
        };
        let text = report(&run, Markup { style: MarkupStyle::Plain, limit: 32_768 });
        for element in ["<code>", "<details>", "<sub>", "<pre>", "&#", "<br>"] {
            assert!(!text.contains(element), "{element}: {text}");
        }
        assert!(text.contains("| M | `dags/sales.py` | dags | in the DAGs folder |"), "{text}");
    }
}
