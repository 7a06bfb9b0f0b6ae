//! What this machine and its checkout offer: a container engine, git, a forge to report to.

use std::time::Duration;

use crate::app::configure::project_folder;
use crate::app::reporter;
use crate::app::session::Session;
use crate::image::engine;
use crate::model::context::ForgeKind;
use crate::report::findings::{Finding, Grade};

/// Looks for a container engine.
pub async fn engine(session: &Session, limit: Duration) -> Finding {
    let image = &session.settings.image;
    let found = engine::find(&session.env, image.container_engine.as_deref(), image.builder.as_deref());
    let only = "needed only to build an image; DAG deploys, and images of `image-name`, go without";
    match tokio::time::timeout(limit, found).await {
        Ok(Ok(engine)) => Finding::new("engine", Grade::Fine, format!("{} works", engine.kind.program())),
        Ok(Err(error)) => {
            let why = error.cause().unwrap_or_default().replace('\n', ", ");
            Finding::new("engine", Grade::Skipped, format!("none works ({why})")).advising(only)
        }
        Err(_) => Finding::new("engine", Grade::Skipped, format!("none answered within {limit:?}")).advising(only),
    }
}

/// Looks at the checkout.
#[must_use]
pub fn checkout(session: &Session) -> Finding {
    let base = session.context.checkout.as_deref().unwrap_or(session.env.current_dir());
    let folder = project_folder(&session.settings.project.root, base);
    let opened = match session.checkouts.open(&folder, &session.env) {
        Ok(opened) => opened,
        Err(error) => return Finding::failed("checkout", &error),
    };
    let Some(repository) = &opened.repository else {
        return Finding::new("checkout", Grade::Doubtful, format!("{} is in no git checkout", folder.display()))
            .advising("check out the repository, so that a deploy can tell what changed and from which commit it is");
    };
    let commit = opened.head.as_ref().map_or("no commit yet".to_owned(), |head| format!("commit {}", head.sha.short()));
    let depth =
        if repository.is_shallow() { "shallow; commits that it lacks are fetched one by one" } else { "with its history" };
    Finding::new("checkout", Grade::Fine, format!("{commit}, {depth}"))
}

/// Looks whether the forge can be talked to.
pub async fn forge(session: &Session, limit: Duration) -> Finding {
    let report = &session.settings.report;
    let kind = report.forge.or_else(|| session.context.repository.as_ref().map(|repository| repository.forge));
    let Some(kind) = kind.filter(|kind| *kind != ForgeKind::Other) else {
        return Finding::new("forge", Grade::Skipped, "none is known, so nothing is reported to pull requests");
    };
    if report.forge_token.is_none() {
        return Finding::new(
            "forge",
            Grade::Skipped,
            format!("{}: no token, so nothing is reported to pull requests", kind.word()),
        )
        .advising("give the job a token for comments and statuses");
    }
    let Some(forge) = reporter::connected(session) else {
        return Finding::new("forge", Grade::Doubtful, format!("{}: it cannot be connected to", kind.word()));
    };
    let base = session.context.checkout.as_deref().unwrap_or(session.env.current_dir());
    let head = session.checkouts.open(base, &session.env).ok().and_then(|checkout| checkout.head);
    let Some(head) = head else {
        return Finding::new("forge", Grade::Skipped, format!("{}: there is no commit to ask about", kind.word()));
    };
    match tokio::time::timeout(limit, forge.pull_requests_of(&head.sha)).await {
        Ok(Ok(_)) => Finding::new("forge", Grade::Fine, format!("{} accepts the token", kind.word())),
        Ok(Err(error)) => Finding::of_error("forge", Grade::Doubtful, &error),
        Err(_) => Finding::new("forge", Grade::Doubtful, format!("{} did not answer within {limit:?}", kind.word())),
    }
}
