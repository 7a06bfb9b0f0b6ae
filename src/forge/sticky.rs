//! One comment that is found again by its mark and edited in place.
//! It knows the order of steps; how comments are read and written is each forge's business.

use async_trait::async_trait;

use crate::error::{Error, Kind, Result};
use crate::forge::interface::{Comment, Upsert};
use crate::model::markup::{Markup, cut};

/// Most comments with our mark that are looked at.
const CANDIDATES: usize = 20;

/// The comments of a repository's pull requests.
#[async_trait]
pub trait Comments: Send + Sync {
    /// Returns the ids of the comments that begin with the mark and that the token's owner wrote,
    /// oldest first. Where a forge cannot tell who the owner is, it must be one that lets nobody
    /// edit what others wrote.
    ///
    /// # Errors
    /// When the forge refuses or cannot be reached.
    async fn own(&self, pull_request: u64, mark: &str) -> Result<Vec<String>>;

    /// Makes a comment and returns its page, empty where there is none.
    ///
    /// # Errors
    /// As `own`.
    async fn create(&self, pull_request: u64, body: &str) -> Result<String>;

    /// Changes a comment and returns its page.
    ///
    /// # Errors
    /// As `own`; `Kind::Refused` and `Kind::NotFound` say that it is not ours after all.
    async fn edit(&self, pull_request: u64, id: &str, body: &str) -> Result<String>;
}

/// Creates or edits the comment, as `Forge::upsert_comment` promises.
///
/// # Errors
/// As `Comments::own`.
pub async fn upsert(comments: &dyn Comments, markup: Markup, comment: &Comment<'_>, upsert: Upsert) -> Result<Option<String>> {
    let (number, mark) = (comment.pull_request, markup.style.hidden(comment.mark));
    let body = cut(&format!("{mark}\n\n{}", comment.body), markup.limit);
    let mut failure = None;
    // Creating is not repeatable, so each attempt first looks for what the last one left.
    for _ in 0..2 {
        let candidates = comments.own(number, &mark).await?;
        let outcome = match (edit_first(comments, number, &candidates, &body).await, upsert) {
            (None, Upsert::OnlyEdit) => return Ok(None),
            (Some(Err(error)), Upsert::OnlyEdit) => Err(error),
            (Some(Err(error)), Upsert::Always) if !is_not_ours(&error) => Err(error),
            (None | Some(Err(_)), Upsert::Always) => comments.create(number, &body).await,
            (Some(Ok(page)), _) => Ok(page),
        };
        match outcome {
            Ok(page) => return Ok(Some(page)),
            Err(error) if error.kind() == Kind::Transfer => failure = Some(error),
            Err(error) => return Err(error),
        }
    }
    Err(failure.unwrap_or_else(|| Error::new(Kind::Internal, format!("comment on pull request #{number}"))))
}

/// Edits the first comment that may be edited; none without candidates.
async fn edit_first(comments: &dyn Comments, pull_request: u64, candidates: &[String], body: &str) -> Option<Result<String>> {
    let mut last = None;
    for id in candidates.iter().take(CANDIDATES) {
        let outcome = comments.edit(pull_request, id, body).await;
        let next = outcome.as_ref().is_err_and(is_not_ours);
        last = Some(outcome);
        if !next {
            break;
        }
    }
    last
}

fn is_not_ours(error: &Error) -> bool {
    matches!(error.kind(), Kind::Refused | Kind::NotFound)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::model::markup::MarkupStyle;

    const MARKUP: Markup = Markup { style: MarkupStyle::Html, limit: 100 };

    /// Comments in memory; a failure that waits comes before or after the deed.
    #[derive(Default)]
    struct Memory {
        comments: Mutex<Vec<(String, String)>>,
        refuses: Vec<&'static str>,
        lost: Mutex<usize>,
    }

    impl Memory {
        fn texts(&self) -> Vec<String> {
            self.comments.lock().expect("no panic").iter().map(|(_, text)| text.clone()).collect()
        }

        fn answer(&self) -> Result<String> {
            let mut lost = self.lost.lock().expect("no panic");
            if *lost == 0 {
                return Ok("page".to_owned());
            }
            *lost -= 1;
            Err(Error::new(Kind::Transfer, "hear the answer"))
        }
    }

    #[async_trait]
    impl Comments for Memory {
        async fn own(&self, _: u64, mark: &str) -> Result<Vec<String>> {
            let comments = self.comments.lock().expect("no panic");
            Ok(comments.iter().filter(|(_, text)| text.starts_with(mark)).map(|(id, _)| id.clone()).collect())
        }

        async fn create(&self, _: u64, body: &str) -> Result<String> {
            let mut comments = self.comments.lock().expect("no panic");
            let id = format!("new-{}", comments.len());
            comments.push((id, body.to_owned()));
            drop(comments);
            self.answer()
        }

        async fn edit(&self, _: u64, id: &str, body: &str) -> Result<String> {
            if self.refuses.contains(&id) {
                return Err(Error::new(Kind::Refused, "edit"));
            }
            let mut comments = self.comments.lock().expect("no panic");
            let found = comments.iter_mut().find(|(known, _)| known == id).expect("a known comment");
            found.1 = body.to_owned();
            drop(comments);
            self.answer()
        }
    }

    async fn put(memory: &Memory, body: &str, how: Upsert) -> Result<Option<String>> {
        upsert(memory, MARKUP, &Comment { pull_request: 1, mark: "liftoff project=a", body }, how).await
    }

    #[tokio::test]
    async fn a_comment_is_made_once_and_then_edited() {
        let memory = Memory::default();
        assert_eq!(put(&memory, "one", Upsert::OnlyEdit).await.expect("nothing"), None);
        assert_eq!(memory.texts(), Vec::<String>::new());
        for (body, how) in [("one", Upsert::Always), ("two", Upsert::Always), ("three", Upsert::OnlyEdit)] {
            assert_eq!(put(&memory, body, how).await.expect("a comment").as_deref(), Some("page"));
            assert_eq!(memory.texts(), [format!("<!-- liftoff project=a -->\n\n{body}")]);
        }
        put(&memory, &"é".repeat(200), Upsert::Always).await.expect("a comment");
        assert_eq!(memory.texts()[0].chars().count(), 100, "cut to the forge's limit");
    }

    #[tokio::test]
    async fn an_answer_that_is_lost_makes_no_second_comment() {
        let memory = Memory { lost: Mutex::new(1), ..Memory::default() };
        assert_eq!(put(&memory, "one", Upsert::Always).await.expect("a comment").as_deref(), Some("page"));
        assert_eq!(memory.texts().len(), 1);
        *memory.lost.lock().expect("no panic") = 2;
        let error = put(&memory, "two", Upsert::Always).await.expect_err("two losses");
        assert_eq!((error.kind(), memory.texts().len()), (Kind::Transfer, 1));
    }

    #[tokio::test]
    async fn what_may_not_be_edited_is_left_and_the_next_one_taken() {
        let marked = |id: &str| (id.to_owned(), "<!-- liftoff project=a -->".to_owned());
        let comments = Mutex::new(vec![marked("eve"), marked("ours")]);
        let memory = Memory { comments, refuses: vec!["eve"], ..Memory::default() };
        put(&memory, "one", Upsert::Always).await.expect("a comment");
        assert_eq!(memory.texts(), ["<!-- liftoff project=a -->", "<!-- liftoff project=a -->\n\none"]);
        let memory = Memory { comments: Mutex::new(vec![marked("eve")]), refuses: vec!["eve"], ..Memory::default() };
        assert_eq!(put(&memory, "one", Upsert::OnlyEdit).await.expect_err("a refusal").kind(), Kind::Refused);
        put(&memory, "one", Upsert::Always).await.expect("a comment");
        assert_eq!(memory.texts(), ["<!-- liftoff project=a -->", "<!-- liftoff project=a -->\n\none"], "a new one beside it");
    }
}
