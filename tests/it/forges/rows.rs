//! What each forge is called and has in the simulator's sandbox: one row for each.
//! It asserts nothing.

use astro_sim::faults::Face;
use astro_sim::sim::Sim;
use astro_sim::world::bitbucket::{self, PullComment};
use astro_sim::world::bitbucket_dc::{self, ServerComment};
use astro_sim::world::builder::{SANDBOX_GITHUB_TOKEN, SANDBOX_HEAD};
use astro_sim::world::github::{self, GitHubToken};
use astro_sim::world::gitlab::{self, Note};
use liftoff::error::Kind;
use liftoff::model::context::ForgeKind;

use crate::forges::stage::{Operations, Row};

/// Every forge.
pub const ROWS: &[Row] = &[GITHUB, GITLAB, BITBUCKET, BITBUCKET_SERVER];

const GITHUB: Row = Row {
    kind: ForgeKind::GitHub,
    face: Face::GitHub,
    api: Sim::github_api_url,
    path: "acme/demo",
    token: SANDBOX_GITHUB_TOKEN,
    weak: ("ghs_weak", Kind::Refused),
    prepare: |world| world.github.tokens.push(GitHubToken::of_workflow("ghs_weak", &[("issues", "read")])),
    operations: Operations {
        list: "ListComments",
        create: "CreateComment",
        edit: "UpdateComment",
        status: "CreateStatus",
        compare: "Compare",
        pull: "GetPull",
    },
    compared: Some(300),
    states: ["pending", "success", "failure", "error"],
    comments: |world| {
        world.github.repositories[0].comments.iter().map(|comment| (comment.author.clone(), comment.body.clone())).collect()
    },
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let (body, author) = (body.to_owned(), "eve".to_owned());
        let comment = github::Comment { id, issue: 1, body, author, created_at: now, updated_at: now };
        world.github.repositories[0].comments.push(comment);
    },
    statuses: |world| {
        let own = world.github.repositories[0].statuses.iter().filter(|status| status.sha == SANDBOX_HEAD);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        own.map(|it| [it.state.clone(), it.context.clone(), text(&it.description), text(&it.target_url)]).collect()
    },
    graph: |world| &mut world.github.repositories[0].graph,
    end: |world, merged| {
        let pull = &mut world.github.repositories[0].pulls[0];
        (pull.state, pull.merged) = ("closed".to_owned(), merged.is_some());
    },
};

const GITLAB: Row = Row {
    kind: ForgeKind::GitLab,
    face: Face::GitLab,
    api: Sim::gitlab_api_url,
    path: gitlab::PROJECT,
    token: gitlab::TOKEN,
    weak: (gitlab::READ_TOKEN, Kind::Refused),
    prepare: |_| {},
    operations: Operations {
        list: "ListNotes",
        create: "CreateNote",
        edit: "UpdateNote",
        status: "CreateCommitStatus",
        compare: "Compare",
        pull: "GetMergeRequest",
    },
    compared: Some(1000),
    states: ["running", "success", "failed", "canceled"],
    comments: |world| world.gitlab.projects[0].notes.iter().map(|note| (note.author.clone(), note.body.clone())).collect(),
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let (body, author) = (body.to_owned(), "eve".to_owned());
        let note = Note { id, merge_request: 1, body, author, system: false, created_at: now, updated_at: now };
        world.gitlab.projects[0].notes.push(note);
    },
    statuses: |world| {
        let own = world.gitlab.projects[0].statuses.iter().filter(|status| status.sha == SANDBOX_HEAD);
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        own.map(|it| [it.status.clone(), it.name.clone(), text(&it.description), text(&it.target_url)]).collect()
    },
    graph: |world| &mut world.gitlab.projects[0].graph,
    end: |world, merged| {
        let merge_request = &mut world.gitlab.projects[0].merge_requests[0];
        merge_request.state = if merged.is_some() { "merged" } else { "closed" }.to_owned();
        merge_request.merge_commit_sha = merged.map(str::to_owned);
    },
};

const BITBUCKET: Row = Row {
    kind: ForgeKind::Bitbucket,
    face: Face::Bitbucket,
    api: Sim::bitbucket_api_url,
    path: "acme/demo",
    token: bitbucket::TOKEN,
    weak: (bitbucket::CODE_TOKEN, Kind::Refused),
    prepare: |_| {},
    operations: Operations {
        list: "ListPullRequestComments",
        create: "CreatePullRequestComment",
        edit: "UpdatePullRequestComment",
        status: "CreateBuildStatus",
        compare: "Diffstat",
        pull: "GetPullRequest",
    },
    compared: None,
    states: ["INPROGRESS", "SUCCESSFUL", "FAILED", "STOPPED"],
    comments: |world| {
        world.bitbucket.repositories[0].comments.iter().map(|comment| (comment.author.clone(), comment.raw.clone())).collect()
    },
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let (raw, author) = (body.to_owned(), "eve".to_owned());
        let comment = PullComment { id, pull: 1, raw, author, deleted: false, created_on: now, updated_on: now };
        world.bitbucket.repositories[0].comments.push(comment);
    },
    statuses: |world| {
        let own = world.bitbucket.repositories[0].statuses.iter().filter(|status| status.commit == SANDBOX_HEAD);
        own.map(|it| [it.state.clone(), it.key.clone(), it.description.clone().unwrap_or_default(), it.url.clone()]).collect()
    },
    graph: |world| &mut world.bitbucket.repositories[0].graph,
    end: |world, merged| {
        let pull = &mut world.bitbucket.repositories[0].pulls[0];
        pull.state = if merged.is_some() { "MERGED" } else { "DECLINED" }.to_owned();
        pull.merge_commit = merged.map(str::to_owned);
    },
};

const BITBUCKET_SERVER: Row = Row {
    kind: ForgeKind::BitbucketServer,
    face: Face::BitbucketDc,
    api: Sim::bitbucket_dc_url,
    path: "ACME/demo",
    token: bitbucket_dc::TOKEN,
    weak: (bitbucket_dc::OUTSIDER_TOKEN, Kind::Auth),
    prepare: |_| {},
    operations: Operations {
        list: "ListActivities",
        create: "CreateComment",
        edit: "UpdateComment",
        status: "AddBuild",
        compare: "CompareChanges",
        pull: "GetPullRequest",
    },
    compared: Some(1000),
    states: ["INPROGRESS", "SUCCESSFUL", "FAILED", "CANCELLED"],
    comments: |world| {
        world.bitbucket_dc.repositories[0].comments.iter().map(|comment| (comment.author.clone(), comment.text.clone())).collect()
    },
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let (text, author) = (body.to_owned(), "ada".to_owned());
        let comment = ServerComment { id, pull: 1, version: 0, text, author, created: now, updated: now };
        world.bitbucket_dc.repositories[0].comments.push(comment);
    },
    statuses: |world| {
        let own = world.bitbucket_dc.repositories[0].builds.iter().filter(|build| build.commit == SANDBOX_HEAD);
        let field = |build: &bitbucket_dc::ServerBuild, name: &str| {
            build.fields.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        own.map(|it| [it.state.clone(), it.key.clone(), field(it, "description"), field(it, "url")]).collect()
    },
    graph: |world| &mut world.bitbucket_dc.repositories[0].graph,
    end: |world, merged| {
        let pull = &mut world.bitbucket_dc.repositories[0].pulls[0];
        pull.state = if merged.is_some() { "MERGED" } else { "DECLINED" }.to_owned();
        pull.merge_commit = merged.map(str::to_owned);
    },
};
