//! The run as Markdown, for a pull request's comment and a job's summary.
//! Names, titles, paths and messages are hostile: they appear escaped, either inside code
//! elements or as prose in which mentions, references and addresses are parted.

use crate::console::progress::bytes;
use crate::deploy::outcome::{Arrival, Outcome};
use crate::model::markup::MARK;
use crate::plan::outline::Plan;
use crate::report::figures;
use crate::report::run::{Ending, Run};
use crate::report::text;

/// A space of no width.
const PARTING: char = '\u{200b}';
/// Files listed before the rest is only counted.
const FILES_SHOWN: usize = 200;

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

/// Returns the whole report without the marker.
#[must_use]
pub fn report(run: &Run<'_>) -> String {
    let mut text = format!("### {} {}\n\n", icon(run), prose(&run.headline()));
    if let Some(line) = links(run) {
        text.push_str(&format!("{line}\n\n"));
    }
    if let Ending::Shipped(outcome) | Ending::Failed { accepted: Some(outcome), .. } = run.ending {
        text.push_str(&proof(outcome));
    }
    if let Ending::Failed { error, .. } = run.ending {
        if let Some(cause) = error.cause() {
            text.push_str(&format!("<pre><code>{}</code></pre>\n\n", escape(cause)));
        }
        if let Some(advice) = error.advice() {
            text.push_str(&format!("**What to do:** {}\n\n", prose(advice)));
        }
    }
    if let Some(plan) = run.plan {
        text.push_str(&artifacts(plan));
        for notice in &plan.notices {
            text.push_str(&format!("> {}\n\n", prose(notice)));
        }
        text.push_str(&files(plan));
    }
    if let Ending::Shipped(outcome) = run.ending {
        text.push_str(&timings(outcome));
    }
    text
}

fn icon(run: &Run<'_>) -> &'static str {
    match run.ending {
        Ending::Shipped(_) => "✅",
        Ending::Failed { .. } => "❌",
        Ending::InProgress => "🚀",
        Ending::Planned => "📋",
        Ending::Declined => "⚪",
    }
}

fn links(run: &Run<'_>) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(deployment) = run.deployment {
        parts.push(format!("Deployment {}", code(&deployment.name)));
        parts.extend(link("Astro", deployment.astro_url.as_deref()));
        parts.extend(link("Airflow", deployment.airflow_url.as_deref()));
    }
    parts.extend(link("Run", run.context.run_url.as_deref()));
    if let Some(commit) = &run.context.commit {
        parts.push(format!("commit {}", code(commit.short())));
    }
    if run.project != "." {
        parts.push(format!("project {}", code(&run.project)));
    }
    (!parts.is_empty()).then(|| parts.join(" · "))
}

fn link(title: &str, url: Option<&str>) -> Option<String> {
    // Printed by the URL parser, so that it holds no blank, quote or bracket that ends a link.
    let url = url::Url::parse(url?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(format!("[{title}]({})", url.as_str().replace('(', "%28").replace(')', "%29")))
}

fn artifacts(plan: &Plan) -> String {
    let mut text = String::from("| what | state | why |\n| --- | --- | --- |\n");
    for verdict in &plan.artifacts {
        let state = if verdict.changed { "**changed**" } else { "unchanged" };
        let size = format!("{}, {}", figures::count(verdict.content.files, "file"), bytes(verdict.content.bytes));
        text.push_str(&format!(
            "| {} | {state} | {} <sub>{size}</sub> |\n",
            prose(&verdict.artifact.to_string()),
            prose(&verdict.reason)
        ));
    }
    text.push('\n');
    text
}

fn files(plan: &Plan) -> String {
    if plan.files.is_empty() {
        return String::new();
    }
    let mut text = format!("<details><summary>{}</summary>\n\n", figures::count(plan.files.len() as u64, "changed file"));
    text.push_str("| | file | ships in | why |\n| --- | --- | --- | --- |\n");
    for file in plan.files.iter().take(FILES_SHOWN) {
        let owner = file.artifact.as_ref().map_or("–", |artifact| artifact.key());
        let letter = text::change_letter(file.change);
        text.push_str(&format!("| {letter} | {} | {owner} | {} |\n", code(&file.path.to_string()), prose(&file.why)));
    }
    if plan.files.len() > FILES_SHOWN {
        text.push_str(&format!("\n… and {} more\n", figures::count((plan.files.len() - FILES_SHOWN) as u64, "file")));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn proof(outcome: &Outcome) -> String {
    let proof = match outcome.arrival {
        Arrival::Proven => "The Deployment runs exactly this deploy",
        Arrival::NotAwaited => "Astro accepted this deploy; nobody waited for it",
        Arrival::NotProven => "Astro accepted this deploy, but it is not proven to run",
        Arrival::Superseded => "A newer deploy took over before this one arrived",
    };
    format!("{proof} ({}).\n\n", code(outcome.deploy_id.as_str()))
}

fn timings(outcome: &Outcome) -> String {
    let stages: Vec<String> = outcome
        .stages
        .iter()
        .map(|stage| {
            let detail = if stage.detail.is_empty() { String::new() } else { format!(" ({})", prose(&stage.detail)) };
            format!("{} {}{detail}", stage.name, figures::duration(stage.took))
        })
        .collect();
    format!("<sub>{}</sub>\n", stages.join(" · "))
}

/// Returns the text for a place among our own words. GitHub looks for mentions, references and
/// addresses after it has decoded entities, so they are parted by a character without width.
#[must_use]
pub fn prose(text: &str) -> String {
    // What is dropped later must not part anything now.
    let text: String = text.chars().filter(|character| *character == '\n' || !character.is_control()).collect();
    let mut parted = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let (before, rest) = text.split_at(index);
        if begins_address(before, rest) || (character == '-' && ends_with(before, "gh")) {
            parted.push(PARTING);
        }
        parted.push(character);
        if matches!(character, '@' | '#') {
            parted.push(PARTING);
        }
    }
    escape(&parted)
}

/// Returns the text as an inline code element, in which GitHub looks for no mentions and no
/// references.
#[must_use]
pub fn code(text: &str) -> String {
    format!("<code>{}</code>", escape(text))
}

/// Returns the text with everything escaped that Markdown or HTML could take for markup, and so
/// that its source holds no address.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let (before, rest) = text.split_at(index);
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push_str("<br>"),
            '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '!' | '#' | '@' => {
                escaped.push_str(&format!("&#{};", u32::from(character)));
            }
            control if control.is_control() => {}
            _ if begins_address(before, rest) => escaped.push_str(&format!("&#{};", u32::from(character))),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns whether the text between the two makes an address: `://`, or the dot of `www.`.
fn begins_address(before: &str, rest: &str) -> bool {
    rest.starts_with("://") || (rest.starts_with('.') && ends_with(before, "www"))
}

fn ends_with(text: &str, word: &str) -> bool {
    let start = text.len().saturating_sub(word.len());
    text.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::changes::change::ChangeKind;
    use crate::deploy::outcome::Stage;
    use crate::error::{Error, Kind};
    use crate::model::artifact::{Artifact, Content};
    use crate::model::context::{CiContext, Event};
    use crate::model::deploy::DeployType;
    use crate::model::deployment::{Deployment, DeploymentStatus};
    use crate::model::fingerprint::Fingerprint;
    use crate::model::ids::{BundleVersion, DeployId, DeploymentId, OrganizationId, WorkspaceId};
    use crate::model::path::RelPath;
    use crate::model::revision::CommitSha;
    use crate::plan::facts::ChangedFile;
    use crate::plan::outline::Decision;
    use crate::plan::verdict::Verdict;

    const SHIPPED: &str = "\
### ✅ Deployed DAGs to demo &#64;·0·acme/everyone

Deployment <code>demo &#64;acme/everyone</code> · [Astro](https://cloud.astronomer.io/w1/deployments/d1) · [Run](https://github.com/acme/demo/actions/runs/7) · commit <code>012345678</code> · project <code>astro</code>

The Deployment runs exactly this deploy (<code>cm2</code>).

| what | state | why |
| --- | --- | --- |
| DAGs | **changed** | 1 file differs <sub>2 files, 2.0 KiB</sub> |
| image | unchanged | the content is the same as in deploy cm1, which runs <sub>2 files, 2.0 KiB</sub> |

> see https·0·&#58;//evil.example or www·0·.evil.example

<details><summary>2 changed files</summary>

| | file | ships in | why |
| --- | --- | --- | --- |
| M | <code>dags/sales.py</code> | dags | in the DAGs folder |
| A | <code>docs/&#64;acme&#124;&#35;1&#96;x&#96;&lt;/code&gt;&lt;img&gt;.md</code> | – | matches &#42;.md |

</details>

<sub>pack 0.1 s (2 files, 1.1 KiB) · wait 14 s</sub>
";

    /// What GitHub sees once Markdown has been read: entities are decoded.
    fn decoded(text: &str) -> String {
        let mut decoded = text.replace("&lt;", "<").replace("&gt;", ">");
        for character in "|`*_[]~\\!#@:.".chars() {
            decoded = decoded.replace(&format!("&#{};", u32::from(character)), &character.to_string());
        }
        decoded.replace("&amp;", "&")
    }

    #[test]
    fn hostile_prose_mentions_references_and_links_nothing() {
        let rows = [
            ("@acme/everyone", "@acme"),
            ("ada@example.com", "a@e"),
            ("see #1", "#1"),
            ("acme/demo#1", "#1"),
            ("GH-1", "GH-"),
            ("gh-1", "gh-"),
            ("www.evil.example", "www."),
            ("WwW.evil.example", "WwW."),
            ("w\u{1}ww.evil.example", "www."),
            ("https://evil", "https:"),
            ("https:\u{7}//evil", "https:"),
            ("x://evil", "://evil.x"),
        ];
        for (text, alive) in rows {
            assert!(!decoded(&prose(text)).contains(alive), "{text}: {}", prose(text));
        }
        for text in ["dags/sales.py: 3 files", "a.b-c:d/e", "wwx.y", "Ümlaut ✔"] {
            assert_eq!(prose(text), text, "nothing to part");
        }
    }

    #[test]
    fn hostile_text_stays_text_in_prose_and_in_code() {
        let text = "a|b `c` *d* _e_ ~f~ [g](h) ![i](j) </code><img src=x> &amp; \\| <!-- www.evil.example https://evil";
        for shown in [prose(text), escape(text)] {
            for alive in ["|", "`", "*", "_", "~", "[", "]", "!", "<", ">", "&amp; ", "\\", "www.", "://"] {
                assert!(!shown.contains(alive), "{alive}: {shown}");
            }
        }
        assert_eq!(decoded(&escape(text)), text);
        assert_eq!(code("</code><img>"), "<code>&lt;/code&gt;&lt;img&gt;</code>");
        assert_eq!(code("@acme #1"), "<code>&#64;acme &#35;1</code>");
        assert_eq!(code("https://www.x"), "<code>https&#58;//www&#46;x</code>");
        assert_eq!(code("a\nb\u{1b}[31m"), "<code>a<br>b&#91;31m</code>");
    }

    fn context() -> CiContext {
        CiContext {
            provider: "github-actions",
            event: Event::Push,
            commit: CommitSha::parse("0123456789abcdef0123456789abcdef01234567"),
            branch: Some("main".to_owned()),
            tag: None,
            before: None,
            pull_request: None,
            repository: None,
            run_url: Some("https://github.com/acme/demo/actions/runs/7".to_owned()),
            actor: None,
            checkout: None,
        }
    }

    fn deployment() -> Deployment {
        Deployment {
            id: DeploymentId::new("d1"),
            name: "demo @acme/everyone".to_owned(),
            organization_id: OrganizationId::new("o1"),
            workspace_id: WorkspaceId::new("w1"),
            workspace_name: None,
            namespace: "x".to_owned(),
            kind: None,
            status: DeploymentStatus::Healthy,
            status_reason: None,
            runtime_version: "3.1-4".to_owned(),
            airflow_version: "3.1.0".to_owned(),
            dag_deploys: true,
            cicd_enforced: false,
            development_mode: false,
            remote_execution: false,
            dag_bundle_version: None,
            desired_dag_bundle_version: None,
            image_tag: None,
            hibernation_override: None,
            hibernating: false,
            astro_url: Some("https://cloud.astronomer.io/w1/deployments/d1".to_owned()),
            airflow_url: None,
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
        Plan {
            decision: Decision::Ship(DeployType::DagOnly),
            reason: "the DAGs changed".to_owned(),
            artifacts: vec![
                verdict(Artifact::Dags, true, "1 file differs"),
                verdict(Artifact::Image, false, "the content is the same as in deploy cm1, which runs"),
            ],
            files: vec![
                file(b"dags/sales.py", ChangeKind::Modified, Some(Artifact::Dags), "in the DAGs folder"),
                file(b"docs/@acme|#1`x`</code><img>.md", ChangeKind::Added, None, "matches *.md"),
            ],
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
            ending: Ending::Shipped(&outcome),
        };
        // The characters without width are shown as `·0·`.
        let shown = report(&run).replace(PARTING, "\u{b7}0\u{b7}");
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
            ending: Ending::Failed { error: &error, accepted: None },
        };
        let text = report(&run);
        let (head, rest) = text.split_once("<pre><code>").expect("a cause");
        assert!(head.starts_with("### ❌ Could not read &#64;\u{200b}acme/x\n"), "{head}");
        let (cause, tail) = rest.split_once("</code></pre>").expect("an end");
        assert_eq!(cause, "line 1: &lt;/pre&gt;&#64;acme<br>https&#58;//evil");
        assert_eq!(tail.trim(), "**What to do:** ask &#64;\u{200b}ada, see &#35;\u{200b}1");
    }
}
