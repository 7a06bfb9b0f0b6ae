//! What forges tell about commits and pull requests.

use astro_sim::world::commits::ChangedFile;
use liftoff::changes::change::Relation;
use liftoff::error::Kind;
use liftoff::model::context::PullRequestState;

use crate::forges::rows::ROWS;
use crate::forges::stage::{Stage, base, head, sha};

const NEXT: &str = "4444444444444444444444444444444444444444";
const SIDE: &str = "5555555555555555555555555555555555555555";

fn file(path: &str, status: &str, previous: Option<&str>) -> ChangedFile {
    ChangedFile { path: path.to_owned(), status: status.to_owned(), previous: previous.map(str::to_owned) }
}

#[tokio::test]
async fn a_comparison_tells_what_came_went_changed_and_moved() {
    for row in ROWS {
        let stage = Stage::new(row);
        stage.sim.with(|world| {
            let files = vec![file("dags/new file.py", "added", None), file("include/Dockerfile", "renamed", Some("Dockerfile"))];
            (row.graph)(world).push_files("change", NEXT, files);
        });
        let found = stage.forge().compare(&base(), &sha(NEXT)).await.expect("a comparison");
        let told: Vec<String> = found.changes.iter().map(|change| format!("{:?} {}", change.kind, change.path)).collect();
        let expected = ["Removed Dockerfile", "Modified dags/example.py", "Added dags/new file.py", "Added include/Dockerfile"];
        assert_eq!(told, expected, "{:?}", row.kind);
        assert_eq!((found.relation, found.cut), (Relation::Ahead, None), "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_comparison_tells_how_two_histories_lie_to_each_other() {
    for row in ROWS {
        let stage = Stage::new(row);
        stage.sim.with(|world| (row.graph)(world).push("main", SIDE, &[("dags/side.py", "added")]));
        let forge = stage.forge();
        for (one, other, expected) in [
            (base(), head(), Relation::Ahead),
            (head(), base(), Relation::Behind),
            (head(), head(), Relation::Same),
            (head(), sha(SIDE), Relation::Diverged),
        ] {
            let found = forge.compare(&one, &other).await.expect("a comparison");
            assert_eq!(found.relation, expected, "{:?}", row.kind);
        }
        let error = forge.compare(&sha("9999999999999999999999999999999999999999"), &head()).await.expect_err("an unknown one");
        assert_eq!(error.kind(), Kind::NotFound, "{:?}: {error}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_comparison_that_may_be_cut_says_so_and_all_others_are_whole() {
    for row in ROWS {
        let stage = Stage::new(row);
        let names: Vec<String> = (0..1200).map(|number| format!("dags/{number:04}.py")).collect();
        let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "added")).collect();
        stage.sim.with(|world| (row.graph)(world).push("change", NEXT, &files));
        let found = stage.forge().compare(&head(), &sha(NEXT)).await.expect("a comparison");
        assert_eq!(found.changes.len(), row.compared.unwrap_or(1200), "{:?}", row.kind);
        assert_eq!(found.cut.is_some(), row.compared.is_some(), "{:?}: {:?}", row.kind, found.cut);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_pull_request_is_open_merged_or_closed() {
    for row in ROWS {
        let stage = Stage::new(row);
        let forge = stage.forge();
        let found = forge.pull_request(1).await.expect("a pull request");
        assert_eq!((found.state, found.head), (PullRequestState::Open, Some(head())), "{:?}", row.kind);
        assert_eq!((found.head_branch.as_str(), found.base_branch.as_str()), ("change", "main"), "{:?}", row.kind);
        for (merged, expected) in [(None, PullRequestState::Closed), (Some(SIDE), PullRequestState::Merged)] {
            stage.sim.with(|world| (row.end)(world, merged));
            assert_eq!(forge.pull_request(1).await.expect("a pull request").state, expected, "{:?}", row.kind);
        }
        assert_eq!(forge.pull_request(999).await.expect_err("none").kind(), Kind::NotFound, "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_commit_belongs_to_the_pull_request_whose_head_it_is() {
    for row in ROWS {
        let stage = Stage::new(row);
        stage.sim.with(|world| (row.graph)(world).push("elsewhere", SIDE, &[]));
        let forge = stage.forge();
        assert_eq!(forge.pull_requests_of(&head()).await.expect("an answer"), [1], "{:?}", row.kind);
        assert_eq!(forge.pull_requests_of(&base()).await.expect("an answer"), Vec::<u64>::new(), "{:?}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_merge_leads_to_its_pull_request_and_a_commit_in_the_middle_of_one_leads_nowhere() {
    for row in ROWS {
        let stage = Stage::new(row);
        let forge = stage.forge();
        stage.sim.with(|world| {
            (row.graph)(world).push("change", NEXT, &[("dags/example.py", "modified")]);
            (row.advance)(world, NEXT);
        });
        assert_eq!(forge.pull_requests_of(&sha(NEXT)).await.expect("an answer"), [1], "{:?}", row.kind);
        assert_eq!(forge.pull_requests_of(&head()).await.expect("an answer"), Vec::<u64>::new(), "{:?}", row.kind);
        stage.sim.with(|world| {
            (row.graph)(world).push("main", SIDE, &[("dags/example.py", "modified")]);
            (row.end)(world, Some(SIDE));
        });
        assert_eq!(forge.pull_requests_of(&sha(SIDE)).await.expect("an answer"), [1], "{:?}", row.kind);
        stage.assert_clean();
    }
}
