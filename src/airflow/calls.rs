//! Any call of an Airflow's API, for what has no function here.
//! It knows no path and no body.

use reqwest::Method;
use serde_json::Value;

use crate::airflow::client::AirflowClient;
use crate::airflow::rest::explained;
use crate::error::Result;
use crate::http::retry::Repeat;

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Below {
    /// At the API, so that its version is added.
    Api,
    /// At Airflow itself.
    Airflow,
}

impl AirflowClient {
    /// Sends a request and returns the body of its answer. Segments are names, not encoded. Only a GET is sent again when it
    /// may have been acted upon.
    ///
    /// # Errors
    /// As every call.
    pub async fn call(
        &self,
        method: Method,
        (below, segments): (Below, &[&str]),
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Vec<u8>> {
        let doing = format!("call {method} /{} of Airflow", segments.join("/"));
        let url = match below {
            Below::Api => self.rest.url(segments, query),
            Below::Airflow => self.rest.url_of_airflow(segments, query),
        };
        let repeat = if method == Method::GET { Repeat::Safe } else { Repeat::OnlyIfUnseen };
        let bytes = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let sent = self.rest.exchange((method, repeat), url, bytes).await;
        sent.map(|answer| answer.body).map_err(|failure| explained(failure, doing))
    }
}
