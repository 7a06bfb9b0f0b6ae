//! An answer whose body is read bit by bit, so that its size does not matter.
//! It knows no service; decompression is its caller's business.

use std::time::Duration;

use reqwest::{Method, Response};

use crate::http::exchange::{Caller, Request, answered};
use crate::http::failure::{Failure, Outcome};
use crate::http::retry::Repeat;
use crate::model::url::SafeUrl;

/// The body of a successful answer.
pub struct Body {
    response: Response,
    method: Method,
    url: SafeUrl,
    silence: Duration,
}

impl Caller {
    /// Sends a request as `call` does and returns the body of its answer unread. Only the time to the answer's head and the
    /// silence between two bits of the body are bounded.
    ///
    /// # Errors
    /// As `call`.
    pub async fn open(&self, repeat: Repeat, request: &Request) -> Outcome<Body> {
        let response = self.persist(repeat, || self.opened(request)).await?;
        let (method, url) = (request.method.clone(), request.url.clone());
        Ok(Body { response, method, url, silence: self.answer_timeout })
    }

    async fn opened(&self, request: &Request) -> Outcome<Response> {
        let Request { method, url, headers, .. } = request;
        let builder = self.client.request(method.clone(), url.expose().clone()).headers(headers.clone());
        match tokio::time::timeout(self.answer_timeout, answered(method, url, builder)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let reason = format!("nothing came within {:?}", self.answer_timeout);
                Err(Failure::silence(method.clone(), url.clone(), reason))
            }
        }
    }
}

impl Body {
    /// Returns the next bytes; none at the end.
    ///
    /// # Errors
    /// Returns the failure of a body that breaks off or goes silent.
    pub async fn next(&mut self) -> Outcome<Option<Vec<u8>>> {
        let broken = |reason: String| Failure::silence(self.method.clone(), self.url.clone(), reason);
        match tokio::time::timeout(self.silence, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk.map(|chunk| chunk.to_vec())),
            Ok(Err(error)) => Err(broken(format!("the answer broke off: {}", error.without_url()))),
            Err(_) => Err(broken(format!("nothing more came within {:?}", self.silence))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::snapshot::Env;
    use crate::http::client::{Options, build};
    use crate::http::scripted::{Reply, Script};
    use reqwest::header::HeaderMap;

    async fn read(reply: Reply) -> Outcome<Vec<u8>> {
        let script = Script::start(vec![reply]).await;
        let mut caller = Caller::new(build(&Env::default(), &Options::for_calls(None)).expect("a client"));
        caller.retry.tries = 1;
        let request = Request { method: Method::GET, url: script.url("/x"), headers: HeaderMap::new(), body: Vec::new() };
        let mut body = caller.open(Repeat::Safe, &request).await?;
        let mut all = Vec::new();
        while let Some(bytes) = body.next().await? {
            all.extend(bytes);
        }
        Ok(all)
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end_or_fails() {
        assert_eq!(read(Reply::Answer(200, "", "x".repeat(100_000))).await.expect("a body").len(), 100_000);
        let broken = read(Reply::Truncate).await.expect_err("broken");
        assert!(broken.to_string().contains("broke off"), "{broken}");
        let refused = read(Reply::Answer(403, "", r#"{"message":"no"}"#.to_owned())).await.expect_err("refused");
        assert_eq!(refused.status(), Some(403));
    }
}
