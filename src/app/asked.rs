//! Asks each question once, however many tasks want the answer at the same time.
//! It knows neither who answers nor what the answers mean.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::error::Result;

/// Answers by question, failures included: asking again would fail again.
pub struct Asked<Question, Answer>(Mutex<HashMap<Question, Slot<Answer>>>);

type Slot<Answer> = Arc<OnceCell<Result<Answer>>>;

impl<Question, Answer> Default for Asked<Question, Answer> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<Question: Eq + Hash, Answer: Clone> Asked<Question, Answer> {
    /// Returns the answer to a question, asking only when nobody has asked it before. Whoever
    /// comes meanwhile waits for that answer.
    ///
    /// # Errors
    /// As whoever answers.
    pub async fn ask(&self, question: Question, answer: impl Future<Output = Result<Answer>>) -> Result<Answer> {
        let slot = self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(question).or_default().clone();
        slot.get_or_init(|| answer).await.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::error::{Error, Kind};

    #[tokio::test]
    async fn each_question_is_asked_once_also_when_it_has_no_answer() {
        let asked: Asked<u8, u8> = Asked::default();
        let times = AtomicUsize::new(0);
        let answer = async |question: u8| {
            times.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if question == 0 { Err(Error::new(Kind::NotFound, "answer")) } else { Ok(question * 2) }
        };
        let (one, two) = tokio::join!(asked.ask(3, answer(3)), asked.ask(3, answer(3)));
        assert_eq!((one.expect("an answer"), two.expect("an answer")), (6, 6));
        for _ in 0..2 {
            assert_eq!(asked.ask(0, answer(0)).await.expect_err("none").kind(), Kind::NotFound);
        }
        assert_eq!(times.load(Ordering::Relaxed), 2);
    }
}
