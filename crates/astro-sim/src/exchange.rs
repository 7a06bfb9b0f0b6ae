//! A request and its answer as the faces see them, after the body was read.
//! It must not know sockets, nor what any path means.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::spelling::{Plus, decode};

/// A request.
#[derive(Clone, Debug)]
pub struct Call {
    /// HTTP method.
    pub method: String,
    /// Path, percent-decoded.
    pub path: String,
    /// Path as it was sent.
    pub raw_path: String,
    /// Query, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
}

impl Call {
    /// Returns a header that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Returns the segments of the path below a prefix, each decoded on its own, so that an encoded slash divides nothing.
    pub fn segments(&self, prefix: &str) -> Option<Vec<String>> {
        let rest = self.raw_path.strip_prefix(prefix)?;
        Some(rest.split('/').map(|segment| decode(segment, Plus::Kept)).collect())
    }

    /// Returns the first query parameter of a name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// Returns every query parameter of a name.
    pub fn parameters(&self, name: &str) -> Vec<String> {
        self.query.iter().filter(|(given, _)| given == name).map(|(_, value)| value.clone()).collect()
    }
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status, 100 to 599.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// What the exchange did that nobody should do; a test asserts that there is none.
    pub violation: Option<String>,
}

impl Answer {
    /// Returns an answer without a body.
    pub fn empty(status: u16) -> Answer {
        Answer { status, headers: HeaderMap::new(), body: Bytes::new(), violation: None }
    }

    /// Returns an answer with a JSON body.
    pub fn json(status: u16, body: &Value) -> Answer {
        Answer::empty(status).header("content-type", "application/json").body(body.to_string())
    }

    /// Returns the answer with a header; one that HTTP does not allow is left out.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            self.headers.insert(name, value);
        }
        self
    }

    /// Returns the answer with a body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Answer {
        self.body = body.into();
        self
    }

    /// Returns the answer with a violation.
    pub fn violating(mut self, what: impl Into<String>) -> Answer {
        self.violation = Some(what.into());
        self
    }

    /// Returns whether the body is JSON.
    pub fn is_json(&self) -> bool {
        self.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"json"))
    }

    /// Returns the status as HTTP's type; one out of range becomes 500.
    pub fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
