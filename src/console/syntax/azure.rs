//! The logging commands of Azure's agent:
//! <https://learn.microsoft.com/en-us/azure/devops/pipelines/scripts/logging-commands>.
//! The page speaks of standard output; the agent listens to standard error as well
//! (`NodeHandler.cs` of <https://github.com/microsoft/azure-pipelines-agent>).

use crate::console::syntax::form::{Annotation, Syntax};
use crate::error::Place;

/// Azure Pipelines.
pub const SYNTAX: Syntax = Syntax {
    annotation,
    open_group: |section| format!("##[group]{}", section.title),
    close_group: |_| Some("##[endgroup]".to_owned()),
    mask: |text| Some(format!("##vso[task.setsecret]{}", data(text))),
    // Later steps see an output as `$(step.NAME)`, other jobs through `dependencies`.
    output: |name, value| Some(format!("##vso[task.setvariable variable={name};isOutput=true]{}", data(value))),
    summary: |path| Some(format!("##vso[task.uploadsummary]{}", data(path))),
    ..Syntax::SILENT
};

/// There is no command for what is only worth knowing.
fn annotation(kind: Annotation, place: Option<&Place>, message: &str) -> Option<String> {
    let kind = match kind {
        Annotation::Error | Annotation::Warning => kind.word(),
        Annotation::Notice => return None,
    };
    let mut properties = format!("type={kind};");
    if let Some(place) = place {
        properties.push_str(&format!("sourcepath={};", property(&place.path)));
        properties.extend(place.line.map(|line| format!("linenumber={line};")));
    }
    Some(format!("##vso[task.logissue {properties}]{}", data(message)))
}

/// The agent reads `%AZP25` as `%` (`AgentKnobs.cs`, `DecodePercents`, on by default).
fn data(text: &str) -> String {
    text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(']', "%5D").replace(';', "%3B")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::syntax::form::Section;

    #[test]
    fn issues_have_their_place_and_everything_is_escaped() {
        let place = Place { path: "dags/a;b]c%.py".to_owned(), line: Some(3) };
        assert_eq!(
            annotation(Annotation::Error, Some(&place), "100%\nbad]x;\r").as_deref(),
            Some("##vso[task.logissue type=error;sourcepath=dags/a%3Bb%5Dc%AZP25.py;linenumber=3;]100%AZP25%0Abad]x;%0D")
        );
        assert_eq!(annotation(Annotation::Warning, None, "x").as_deref(), Some("##vso[task.logissue type=warning;]x"));
        assert_eq!(annotation(Annotation::Notice, None, "x"), None);
        let section = Section { title: "plan".to_owned(), name: String::new(), seconds: 0 };
        assert_eq!((SYNTAX.open_group)(&section), "##[group]plan");
        assert_eq!((SYNTAX.mask)("a%b").as_deref(), Some("##vso[task.setsecret]a%AZP25b"));
        assert_eq!(
            (SYNTAX.output)("DEPLOY_ID", "x").as_deref(),
            Some("##vso[task.setvariable variable=DEPLOY_ID;isOutput=true]x")
        );
        assert_eq!((SYNTAX.summary)("/t/a.md").as_deref(), Some("##vso[task.uploadsummary]/t/a.md"));
    }
}
