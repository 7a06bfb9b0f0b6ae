//! The status of a commit, on every forge.

use std::collections::BTreeSet;

use liftoff::forge::interface::{CommitStatus, State};

use crate::forges::rows::ROWS;
use crate::forges::stage::{Stage, head, set_status, sha};

const STATES: [State; 4] = [State::InProgress, State::Success, State::Failure, State::Cancelled];

#[tokio::test]
async fn each_state_has_a_word_and_the_newest_counts() {
    for row in ROWS {
        for (state, word) in STATES.into_iter().zip(row.states) {
            let stage = Stage::new(row);
            let forge = stage.forge();
            set_status(&*forge, State::InProgress, "begins").await.expect("a status");
            set_status(&*forge, state, "goes on").await.expect("a status");
            let statuses = stage.sim.with(|world| (row.statuses)(world));
            let newest = statuses.last().expect("a status");
            let description = if state == State::InProgress && newest[2] == "begins" { "begins" } else { "goes on" };
            assert_eq!(newest, &[word, "liftoff", description, "https://ci.example.com/1"].map(str::to_owned), "{:?}", row.kind);
            stage.assert_clean();
        }
    }
}

#[tokio::test]
async fn a_description_is_cut_and_an_address_is_made_up_where_one_must_be_given() {
    for row in ROWS {
        let stage = Stage::new(row);
        let forge = stage.forge();
        let description = "é".repeat(400);
        let status =
            CommitStatus { commit: &head(), state: State::Success, name: "liftoff", description: &description, target_url: None };
        forge.set_status(&status).await.expect("a status");
        let statuses = stage.sim.with(|world| (row.statuses)(world));
        let shown = &statuses[0][2];
        assert!(shown.starts_with("éé") && (100..400).contains(&shown.chars().count()), "{:?}: {shown}", row.kind);
        stage.assert_clean();
    }
}

#[tokio::test]
async fn a_commit_that_the_forge_has_not_gets_no_status() {
    for row in ROWS {
        let stage = Stage::new(row);
        let commit = sha("9999999999999999999999999999999999999999");
        let status = CommitStatus { commit: &commit, state: State::Success, name: "liftoff", description: "", target_url: None };
        stage.forge().set_status(&status).await.expect_err("an unknown commit");
        assert_eq!(stage.asked(row.operations.status), 1, "{:?}", row.kind);
    }
}

#[tokio::test]
async fn long_names_that_begin_alike_are_two_statuses() {
    for row in ROWS {
        let stage = Stage::new(row);
        let forge = stage.forge();
        let names = ["a", "b"].map(|end| format!("liftoff/{}/{end}", "x".repeat(90)));
        for name in names.iter().chain(&names) {
            let commit = &head();
            let status = CommitStatus { commit, state: State::Success, name, description: "", target_url: None };
            forge.set_status(&status).await.expect("a status");
        }
        let statuses = stage.sim.with(|world| (row.statuses)(world));
        let told: BTreeSet<&String> = statuses.iter().map(|[_, name, ..]| name).collect();
        assert_eq!(told.len(), 2, "{:?}: {told:?}", row.kind);
        stage.assert_clean();
    }
}
