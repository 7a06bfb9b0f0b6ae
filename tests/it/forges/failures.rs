//! What goes wrong between Liftoff and a forge, on every forge.

use astro_sim::faults::Effect;
use liftoff::error::{Error, Kind};
use liftoff::forge::interface::{Forge, State, Upsert};

use crate::forges::rows::ROWS;
use crate::forges::stage::{Row, Stage, base, comment_on, head, set_status};

/// One thing that a forge is told or asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Comment,
    Status,
    Compare,
    Pull,
}

const DEEDS: [Deed; 4] = [Deed::Comment, Deed::Status, Deed::Compare, Deed::Pull];

impl Deed {
    /// Returns the operation that does it first.
    const fn operation(self, row: &Row) -> &'static str {
        match self {
            Self::Comment => row.operations.list,
            Self::Status => row.operations.status,
            Self::Compare => row.operations.compare,
            Self::Pull => row.operations.pull,
        }
    }

    async fn done(self, forge: &dyn Forge) -> Result<(), Error> {
        match self {
            Self::Comment => comment_on(forge, 1, "text", Upsert::Always).await.map(drop),
            Self::Status => set_status(forge, State::Success, "text").await,
            Self::Compare => forge.compare(&base(), &head()).await.map(drop),
            Self::Pull => forge.pull_request(1).await.map(drop),
        }
    }
}

#[tokio::test]
async fn a_wrong_token_is_an_auth_failure_that_does_not_show_it() {
    for row in ROWS {
        let stage = Stage::new(row);
        for deed in DEEDS {
            let error = deed.done(&*stage.forge_with("wrong-token")).await.expect_err("a refusal");
            assert_eq!(error.kind(), Kind::Auth, "{:?} {deed:?}: {error}", row.kind);
            assert!(!format!("{error:?} {error}").contains("wrong-token"), "{:?} {deed:?}: {error}", row.kind);
            assert!(error.advice().is_some(), "{:?} {deed:?}: {error}", row.kind);
        }
    }
}

#[tokio::test]
async fn a_token_without_the_right_to_comment_is_refused() {
    for row in ROWS {
        let stage = Stage::new(row);
        let (token, kind) = row.weak;
        let error = Deed::Comment.done(&*stage.forge_with(token)).await.expect_err("a refusal");
        assert_eq!((error.kind(), stage.marked().len()), (kind, 0), "{:?}: {error}", row.kind);
        assert!(error.advice().is_some(), "{:?}: {error}", row.kind);
    }
}

#[tokio::test]
async fn a_pull_request_that_is_not_there_gets_no_comment() {
    for row in ROWS {
        let stage = Stage::new(row);
        let error = comment_on(&*stage.forge(), 999, "text", Upsert::Always).await.expect_err("none");
        assert_eq!(error.kind(), Kind::NotFound, "{:?}: {error}", row.kind);
    }
}

#[tokio::test]
async fn a_refused_request_is_not_sent_again() {
    for row in ROWS {
        for (status, kind) in [(400, Kind::Refused), (403, Kind::Refused), (404, Kind::NotFound), (422, Kind::Refused)] {
            for deed in DEEDS {
                let stage = Stage::new(row);
                stage.fault(deed.operation(row), 9, Effect::Status(status, r#"{"message":"no"}"#.to_owned()));
                let error = deed.done(&*stage.forge()).await.expect_err("a refusal");
                assert_eq!(error.kind(), kind, "{:?} {deed:?} {status}: {error}", row.kind);
                assert_eq!(stage.asked(deed.operation(row)), 1, "{:?} {deed:?} {status}", row.kind);
            }
        }
    }
}

#[tokio::test]
async fn a_forge_that_is_busy_or_down_for_a_moment_is_asked_again() {
    for row in ROWS {
        for effect in [Effect::RetryAfter(0), Effect::Status(503, String::new())] {
            for deed in DEEDS {
                let stage = Stage::new(row);
                stage.fault(deed.operation(row), 1, effect.clone());
                deed.done(&*stage.forge()).await.unwrap_or_else(|error| panic!("{:?} {deed:?} {effect:?}: {error}", row.kind));
                assert!(stage.asked(deed.operation(row)) >= 2, "{:?} {deed:?} {effect:?}", row.kind);
                stage.assert_clean();
            }
        }
    }
}

#[tokio::test]
async fn a_forge_that_stays_down_or_answers_nonsense_is_a_failed_transfer() {
    for row in ROWS {
        for effect in [Effect::Status(503, "down".to_owned()), Effect::CutBeforeRequest, Effect::BrokenJson] {
            for deed in [Deed::Compare, Deed::Pull] {
                let stage = Stage::new(row);
                stage.fault(deed.operation(row), 99, effect.clone());
                let error = deed.done(&*stage.forge()).await.expect_err("a failure");
                assert_eq!(error.kind(), Kind::Transfer, "{:?} {deed:?} {effect:?}: {error}", row.kind);
                assert!(stage.asked(deed.operation(row)) < 9, "{:?} {deed:?} {effect:?}", row.kind);
            }
        }
    }
}
