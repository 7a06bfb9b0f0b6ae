//! Reads the blob store's XML errors and says what they mean for an upload.
//! It sends nothing. Error form: https://learn.microsoft.com/rest/api/storageservices/status-and-error-codes2

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::error::Error;
use crate::http::failure::{Cause, Failure, shown};

/// Most characters of the store's message that are shown.
const MOST_MESSAGE_CHARS: usize = 400;

/// An error answer of the blob store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The store's stable word, such as `AuthenticationFailed`.
    pub code: String,
    /// The store's message, first line.
    pub message: String,
    /// What was wrong with the signature, when that was the reason.
    pub detail: String,
}

impl Refusal {
    /// Reads an error document; text of another form gives an empty refusal.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let mut refusal = Self::default();
        let text = String::from_utf8_lossy(body);
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut element = String::new();
        // Anything that is no XML ends the reading; what was read so far counts.
        while let Ok(event) = reader.read_event() {
            match event {
                Event::Start(start) => element = start.name().as_ref().to_owned(),
                Event::End(_) => element.clear(),
                Event::Text(text) => refusal.set(&element, &text),
                Event::Eof => break,
                _ => {}
            }
        }
        refusal
    }

    fn set(&mut self, element: &str, text: &str) {
        let first_line = text.lines().next().unwrap_or_default().trim();
        match element {
            "Code" => first_line.clone_into(&mut self.code),
            "Message" if self.message.is_empty() => first_line.clone_into(&mut self.message),
            "AuthenticationErrorDetail" => first_line.clone_into(&mut self.detail),
            _ => {}
        }
    }
}

/// Converts a failed upload request into an error that says what the store said.
#[must_use]
pub fn explained(mut failure: Box<Failure>, doing: &str) -> Error {
    let Cause::Status { code, envelope, body, .. } = &mut failure.cause else { return failure.into_error(doing) };
    let status = *code;
    let refusal = Refusal::parse(body);
    if !refusal.code.is_empty() {
        let parts = [&refusal.code, &refusal.message, &refusal.detail].map(|part| shown(part, MOST_MESSAGE_CHARS));
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        envelope.message = Some(parts.join(": "));
    }
    let error = failure.into_error(doing);
    match (status, refusal.code.as_str()) {
        (403, "AuthenticationFailed") if says_expired(&refusal) => {
            error.hint("the upload URL has expired; start the job again, which gets a new one")
        }
        (403, _) => error.hint("the upload URL was not accepted; start the job again, which gets a new one"),
        (400, "Md5Mismatch") => error.hint("the bytes changed on their way; look for a proxy that rewrites uploads"),
        (413, _) => error.hint("the bundle is too large for the store; leave files out with .liftoffignore"),
        _ => error,
    }
}

fn says_expired(refusal: &Refusal) -> bool {
    let text = format!("{} {}", refusal.message, refusal.detail).to_lowercase();
    text.contains("expir") || text.contains("not valid in the specified time frame")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;
    use crate::http::failure::Envelope;
    use crate::http::retry::Trouble;
    use crate::model::url::SafeUrl;

    const EXPIRED: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>AuthenticationFailed</Code>\
        <Message>Server failed to authenticate the request.\nRequestId:7\nTime:2026</Message>\
        <AuthenticationErrorDetail>Signature not valid in the specified time frame: Start [a] - Expiry [b]</AuthenticationErrorDetail></Error>";

    fn failure(code: u16, body: &str) -> Box<Failure> {
        Box::new(Failure {
            method: reqwest::Method::PUT,
            url: SafeUrl::parse("https://blob.example/c/dags?sig=hush").expect("a URL"),
            tries: 1,
            cause: Cause::Status {
                code,
                trouble: Trouble::of_status(code, None),
                envelope: Envelope::default(),
                body: body.as_bytes().to_vec(),
            },
        })
    }

    #[test]
    fn an_expired_url_is_told_apart() {
        let error = explained(failure(403, EXPIRED), "upload the DAG bundle");
        assert_eq!(error.kind(), Kind::Refused);
        let text = error.to_string();
        assert!(
            text.contains("403 Forbidden: AuthenticationFailed: Server failed to authenticate the request.: Signature"),
            "{text}"
        );
        assert!(text.contains("the upload URL has expired") && !text.contains("hush"), "{text}");

        let other = explained(failure(403, "<Error><Code>AuthorizationPermissionMismatch</Code></Error>"), "upload");
        assert!(other.advice().is_some_and(|hint| hint.contains("not accepted")), "{other}");
    }

    #[test]
    fn broken_error_documents_are_shown_as_they_are() {
        for body in ["", "<Error><Code>", "not xml", "<a><b></a>", "<!DOCTYPE x [<!ENTITY e 'v'>]><Error>&e;</Error>"] {
            assert_eq!(Refusal::parse(body.as_bytes()), Refusal::default(), "{body}");
        }
        let text = explained(failure(503, "<html>busy"), "upload").to_string();
        assert!(text.contains("503 Service Unavailable: <html>busy"), "{text}");
    }
}
