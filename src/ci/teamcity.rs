//! TeamCity: <https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html> and, for pull
//! requests, <https://www.jetbrains.com/help/teamcity/pull-requests.html>.
//! It reads a few variables, and the file of all build parameters as far as its caller can read it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::ci::provider::Provider;
use crate::ci::reference::{branch, branch_and_tag, pull_request_number};
use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::{CiContext, Event, ForgeKind, PullRequest, Repository, Trust};
use crate::model::dialect::Dialect;
use crate::model::outputs::Outputs;
use crate::model::revision::CommitSha;

/// TeamCity.
pub const PROVIDER: Provider = Provider {
    name: "teamcity",
    docs_url: Some("https://www.jetbrains.com/help/teamcity/predefined-build-parameters.html"),
    dialect: Dialect::TeamCity,
    outputs: Outputs::Log(None),
    detect: |env| env.get("TEAMCITY_VERSION").is_some(),
    event_file: |env| env.path("TEAMCITY_BUILD_PROPERTIES_FILE"),
    // The first file holds the system properties, one of which names the file of all parameters.
    leads_to: |file| properties(file).remove("teamcity.configuration.properties.file").map(PathBuf::from),
    read,
    ..Provider::SILENT
};

fn read(env: &Env, file: Option<&[u8]>) -> Result<CiContext> {
    let parameters = file.map(properties).unwrap_or_default();
    let get = |name: &str| parameters.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let owned = |name: &str| get(name).map(str::to_owned);
    // System properties have a prefix in the file of all parameters.
    let system = |name: &str| get(name).or_else(|| get(&format!("system.{name}")));
    let (_, tag) = branch_and_tag(get("teamcity.build.branch").unwrap_or_default());
    let person = owned("teamcity.build.triggeredBy.username");
    let event = match (&tag, &person) {
        (Some(_), _) => Event::Tag,
        (None, Some(_)) => Event::Manual,
        (None, None) => Event::Push,
    };
    let mut context = CiContext {
        commit: env.get("BUILD_VCS_NUMBER").and_then(CommitSha::parse),
        branch: get("teamcity.build.branch").filter(|name| tag.is_none() && *name != "<default>").map(branch),
        tag,
        repository: get("vcsroot.url").and_then(Repository::of_clone_url),
        run_url: get("teamcity.serverUrl")
            .zip(system("teamcity.build.id"))
            .map(|(server, id)| format!("{}/viewLog.html?buildId={id}", server.trim_end_matches('/'))),
        actor: person,
        checkout: system("teamcity.build.checkoutDir").map(PathBuf::from),
        ..CiContext::new(PROVIDER.name, event)
    };
    // The parameter needs the build feature «Pull Requests»; the branch says it without.
    let number = get("teamcity.pullRequest.number").and_then(|number| number.parse().ok());
    let number = number.or_else(|| get("teamcity.build.branch").and_then(pull_request_number));
    if let Some(number) = number {
        // The source branch is told only when it is in the same repository.
        let source = get("teamcity.pullRequest.source.branch").map(branch);
        context.trust = match (&source, get("teamcity.pullRequest.number")) {
            (Some(_), _) => Trust::SameRepository,
            (None, Some(_)) => Trust::Fork,
            (None, None) => Trust::Unknown,
        };
        // Of Azure Repos it builds `refs/pull/7/merge`, a commit that nobody wrote.
        let merge = context.repository.as_ref().is_some_and(|it| it.forge == ForgeKind::AzureDevOps);
        context.commit = context.commit.take().filter(|_| !merge);
        context.event = Event::PullRequest { action: String::new() };
        context.branch = source;
        context.pull_request = Some(PullRequest {
            title: owned("teamcity.pullRequest.title").unwrap_or_default(),
            head: context.commit.clone(),
            head_branch: context.branch.clone().unwrap_or_default(),
            base_branch: get("teamcity.pullRequest.target.branch").map(branch).unwrap_or_default(),
            ..PullRequest::new(number)
        });
    }
    Ok(context)
}

/// Reads a file of Java properties: `name=value` or `name: value`, `\` before a character that
/// would mean something else, `\uXXXX`, and at the end of a line that goes on.
fn properties(file: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(file);
    let mut properties = BTreeMap::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start().to_owned();
        if line.starts_with(['#', '!']) {
            continue;
        }
        while line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1 {
            line.pop();
            line.push_str(lines.next().unwrap_or_default().trim_start());
        }
        let (name, value) = name_and_value(&line);
        if !name.is_empty() {
            properties.insert(name, value);
        }
    }
    properties
}

fn name_and_value(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.char_indices().find(|(_, character)| {
        let ends = !escaped && matches!(character, '=' | ':' | ' ' | '\t');
        escaped = !escaped && *character == '\\';
        ends
    });
    let (name, rest) = line.split_at(end.map_or(line.len(), |(position, _)| position));
    let value = rest.trim_start();
    let value = value.strip_prefix(['=', ':']).unwrap_or(value).trim_start();
    (unescaped(name), unescaped(value))
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match (character, (character == '\\').then(|| rest.next()).flatten()) {
            ('\\', Some('u')) => {
                let digits: String = rest.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                plain.push(code.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            ('\\', Some('n')) => plain.push('\n'),
            ('\\', Some('r')) => plain.push('\r'),
            ('\\', Some('t')) => plain.push('\t'),
            ('\\', Some(other)) => plain.push(other),
            ('\\', None) => {}
            (other, _) => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_properties_are_read_as_java_reads_them() {
        let file =
            b"#comment\n!comment\n\na=1\nb : two words \n c\\ d\\=e=f\\:g\\\\h\nlong=x\\\n    y\nuni=\\u00e9\\n\\q\nempty\n\
                     vcsroot.url=https\\://github.com/acme/pipelines\nend=\\u12";
        let read = properties(file);
        let pairs: Vec<(&str, &str)> = read.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [
                ("a", "1"),
                ("b", "two words "),
                ("c d=e", "f:g\\h"),
                ("empty", ""),
                ("end", "\u{12}"),
                ("long", "xy"),
                ("uni", "é\nq"),
                ("vcsroot.url", "https://github.com/acme/pipelines"),
            ]
        );
        assert!(properties(b"\xff\\").contains_key("\u{fffd}"));
        assert_eq!((PROVIDER.leads_to)(b"teamcity.configuration.properties.file=/tmp/a\\ b\n"), Some(PathBuf::from("/tmp/a b")));
    }
}
