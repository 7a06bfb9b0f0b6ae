//! What each forge is called and has in the simulator's sandbox: one row for each.
//! It asserts nothing.

use astro_sim::faults::Face;
use astro_sim::sim::Sim;
use astro_sim::world::azure_devops::{self, Identity, StatusTarget, Thread};
use astro_sim::world::bitbucket::{self, PullComment};
use astro_sim::world::bitbucket_dc::{self, ServerComment};
use astro_sim::world::builder::{SANDBOX_GITHUB_TOKEN, SANDBOX_HEAD};
use astro_sim::world::builder_azure_devops::{
    SANDBOX_AZURE_ORGANIZATION, SANDBOX_AZURE_PIPELINE_TOKEN, SANDBOX_AZURE_READER_TOKEN,
};
use astro_sim::world::builder_gitea::SANDBOX_GITEA_TOKEN;
use astro_sim::world::gitea::{self, Access, GiteaToken};
use astro_sim::world::github::{self, GitHubToken};
use astro_sim::world::gitlab::{self, Note};
use liftoff::error::Kind;
use liftoff::model::context::ForgeKind;

use crate::forges::stage::{Operations, Row};

/// Every forge.
pub const ROWS: &[Row] = &[GITHUB, GITLAB, BITBUCKET, BITBUCKET_SERVER, GITEA, AZURE_DEVOPS];

const GITHUB: Row = Row {
    kind: ForgeKind::GitHub,
    face: Face::GitHub,
    api: Sim::github_api_url,
    path: "acme/demo",
    absent: "acme/absent",
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
    records: |world| {
        let repository = &world.github.repositories[0];
        let deployments = repository.deployments.iter().map(|it| format!("{} {}", it.environment, it.state()));
        let annotations = repository.check_runs.iter().flat_map(|run| &run.annotations);
        deployments.chain(annotations.map(|it| format!("{} {}", it["path"], it["message"]))).collect()
    },
    graph: |world| &mut world.github.repositories[0].graph,
    advance: |world, sha| world.github.repositories[0].pulls[0].head_sha = sha.to_owned(),
    end: |world, merged| {
        let pull = &mut world.github.repositories[0].pulls[0];
        (pull.state, pull.merged) = ("closed".to_owned(), merged.is_some());
        pull.merge_commit = merged.map(str::to_owned);
    },
};

const GITLAB: Row = Row {
    kind: ForgeKind::GitLab,
    face: Face::GitLab,
    api: Sim::gitlab_api_url,
    path: gitlab::PROJECT,
    absent: "acme/platform/absent",
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
    records: |world| world.gitlab.projects[0].deployments.iter().map(|it| format!("{} {}", it.environment, it.status)).collect(),
    graph: |world| &mut world.gitlab.projects[0].graph,
    advance: |world, sha| world.gitlab.projects[0].merge_requests[0].sha = sha.to_owned(),
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
    absent: "acme/absent",
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
    records: |world| {
        let annotations = world.bitbucket.repositories[0].reports.iter().flat_map(|report| &report.annotations);
        annotations.map(|it| format!("{} {}", it.fields["path"], it.fields["summary"])).collect()
    },
    graph: |world| &mut world.bitbucket.repositories[0].graph,
    advance: |world, sha| world.bitbucket.repositories[0].pulls[0].source_commit = sha.to_owned(),
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
    absent: "ACME/absent",
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
    records: |world| {
        let annotations = world.bitbucket_dc.repositories[0].reports.iter().flat_map(|report| &report.annotations);
        annotations.map(|it| format!("{} {}", it["path"], it["message"])).collect()
    },
    graph: |world| &mut world.bitbucket_dc.repositories[0].graph,
    advance: |world, sha| world.bitbucket_dc.repositories[0].pulls[0].source_commit = sha.to_owned(),
    end: |world, merged| {
        let pull = &mut world.bitbucket_dc.repositories[0].pulls[0];
        pull.state = if merged.is_some() { "MERGED" } else { "DECLINED" }.to_owned();
        pull.merge_commit = merged.map(str::to_owned);
    },
};

const GITEA: Row = Row {
    kind: ForgeKind::Gitea,
    face: Face::Gitea,
    api: Sim::gitea_api_url,
    path: "acme/demo",
    absent: "acme/absent",
    token: SANDBOX_GITEA_TOKEN,
    weak: ("gitea_weak", Kind::Refused),
    prepare: |world| {
        let scopes = ["read:issue", "read:repository", "read:user"];
        world.gitea.tokens.push(GiteaToken::new("gitea_weak", "liftoff-bot", &scopes, Access::Write));
    },
    operations: Operations {
        list: "ListComments",
        create: "CreateComment",
        edit: "UpdateComment",
        status: "CreateStatus",
        compare: "Compare",
        pull: "GetPull",
    },
    compared: None,
    states: ["pending", "success", "failure", "error"],
    comments: |world| {
        world.gitea.repositories[0].comments.iter().map(|comment| (comment.author.clone(), comment.body.clone())).collect()
    },
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let (body, author) = (body.to_owned(), "eve".to_owned());
        let comment = gitea::GiteaComment { id, index: 1, body, author, created_at: now, updated_at: now };
        world.gitea.repositories[0].comments.push(comment);
    },
    statuses: |world| {
        let own = world.gitea.repositories[0].statuses.iter().filter(|status| status.sha == SANDBOX_HEAD);
        own.map(|it| [it.state.clone(), it.context.clone(), it.description.clone(), it.target_url.clone()]).collect()
    },
    records: |_| Vec::new(),
    graph: |world| &mut world.gitea.repositories[0].graph,
    advance: |world, sha| world.gitea.repositories[0].pulls[0].head_sha = sha.to_owned(),
    end: |world, merged| {
        let pull = &mut world.gitea.repositories[0].pulls[0];
        (pull.state, pull.merged) = ("closed".to_owned(), merged.is_some());
        pull.merge_commit = merged.map(str::to_owned);
    },
};

const AZURE_DEVOPS: Row = Row {
    kind: ForgeKind::AzureDevOps,
    face: Face::AzureDevOps,
    api: |sim| format!("{}/{SANDBOX_AZURE_ORGANIZATION}", sim.azure_devops_url()),
    path: "acme/data/demo",
    absent: "acme/data/absent",
    token: SANDBOX_AZURE_PIPELINE_TOKEN,
    weak: (SANDBOX_AZURE_READER_TOKEN, Kind::Refused),
    prepare: |_| {},
    operations: Operations {
        list: "ListThreads",
        create: "CreateThread",
        edit: "UpdateThreadComment",
        status: "CreateCommitStatus",
        compare: "CommitDiffs",
        pull: "GetPull",
    },
    compared: None,
    states: ["pending", "succeeded", "failed", "error"],
    comments: |world| {
        let comments = world.azure_devops.repositories[0].threads.iter().flat_map(|thread| &thread.comments);
        comments.map(|comment| (comment.author.display_name.clone(), comment.content.clone())).collect()
    },
    foreign: |world, body| {
        let (id, now) = (world.ids.number(), world.clock.now());
        let author = Identity { id: azure_devops::guid(3), display_name: "Eve".to_owned() };
        let (content, kind) = (body.to_owned(), "text".to_owned());
        let comment = azure_devops::ThreadComment { id: 1, parent: 0, content, kind, author, published: now, updated: now };
        let (status, comments) = (Some("active".to_owned()), vec![comment]);
        let thread = Thread { id, pull: 1, status, comments, published: now, updated: now };
        world.azure_devops.repositories[0].threads.push(thread);
    },
    statuses: |world| {
        let target = StatusTarget::Commit(SANDBOX_HEAD.to_owned());
        let own = world.azure_devops.repositories[0].statuses.iter().filter(|status| status.target == target);
        own.map(|it| [it.state.clone(), it.name.clone(), it.description.clone(), it.target_url.clone()]).collect()
    },
    records: |_| Vec::new(),
    graph: |world| &mut world.azure_devops.repositories[0].graph,
    advance: |world, sha| world.azure_devops.repositories[0].pulls[0].source_commit = sha.to_owned(),
    end: |world, merged| {
        let pull = &mut world.azure_devops.repositories[0].pulls[0];
        pull.status = if merged.is_some() { "completed" } else { "abandoned" }.to_owned();
        pull.merge_commit = merged.map(str::to_owned);
    },
};
