//! A request that failed: what was asked, what came back, whether the server may have acted.
//! It turns into an `Error`; it knows no service, so hints about tokens are its callers' business.

use std::error::Error as StdError;
use std::fmt;

use reqwest::Method;
use serde::Deserialize;

use crate::error::{Error, Kind};
use crate::http::retry::Trouble;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;

/// Most bytes of an answer's body that are shown.
const MOST_SHOWN_BYTES: usize = 2 << 10;

/// Most characters of a server's message or field name that are shown.
const MOST_MESSAGE_CHARS: usize = 600;

/// Most field errors that are shown.
const MOST_FIELDS: usize = 10;

/// What a request gives: an answer or its failure, which is large and therefore boxed.
pub type Outcome<T> = std::result::Result<T, Box<Failure>>;

/// A failed request, after all its tries.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The method.
    pub method: Method,
    /// The URL; printing it hides credentials.
    pub url: SafeUrl,
    /// How often it was tried.
    pub tries: u32,
    /// What went wrong at the last try.
    pub cause: Cause,
}

/// What went wrong.
#[derive(Debug, Clone)]
pub enum Cause {
    /// There was no answer.
    NoAnswer {
        /// The reason, without the URL.
        reason: String,
        /// What kind of trouble; `None` when trying again cannot help.
        trouble: Option<Trouble>,
        /// Whether the server's certificate was not trusted.
        untrusted: bool,
    },
    /// The server answered with an error status.
    Status {
        /// The status code.
        code: u16,
        /// What kind of trouble; `None` when trying again cannot help.
        trouble: Option<Trouble>,
        /// What the answer says about itself, as far as it follows the common JSON envelope.
        envelope: Envelope,
        /// The beginning of the body.
        body: Vec<u8>,
    },
    /// The server answered with success, but the answer cannot be used.
    Unusable {
        /// The reason.
        reason: String,
        /// The beginning of the body.
        body: Vec<u8>,
    },
}

/// The error envelope of JSON services. Source: `reference/astro-platform.md` 1.5.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// The server's message.
    pub message: Option<String>,
    /// The id under which the vendor's support finds the request.
    pub request_id: Option<String>,
    /// Field name and message for each rejected field.
    pub fields: Vec<(String, String)>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireEnvelope {
    message: Option<String>,
    request_id: Option<String>,
    #[serde(default)]
    field_errors: Option<Vec<WireField>>,
}

#[derive(Deserialize)]
struct WireField {
    #[serde(default)]
    field: String,
    #[serde(default)]
    message: String,
}

impl Envelope {
    /// Reads the envelope from a body; a body of another form gives an empty envelope.
    #[must_use]
    pub fn parse(body: &[u8]) -> Self {
        let Ok(wire) = serde_json::from_slice::<WireEnvelope>(body) else { return Self::default() };
        let fields = wire.field_errors.unwrap_or_default().into_iter().take(MOST_FIELDS);
        Self {
            message: wire.message.filter(|message| !message.trim().is_empty()),
            request_id: wire.request_id.filter(|id| !id.trim().is_empty()),
            fields: fields.map(|field| (field.field, field.message)).collect(),
        }
    }
}

impl Failure {
    /// Creates the failure of a request that got no answer.
    #[must_use]
    pub fn no_answer(method: Method, url: SafeUrl, error: reqwest::Error) -> Box<Self> {
        let untrusted = is_certificate_problem(&error);
        let trouble = match () {
            () if untrusted || error.is_builder() => None,
            () if error.is_connect() => Some(Trouble::Unreached),
            () => Some(Trouble::Lost),
        };
        let reason = causes(&error.without_url());
        Box::new(Self { method, url, tries: 1, cause: Cause::NoAnswer { reason, trouble, untrusted } })
    }

    /// Creates the failure of a request whose connection went silent.
    #[must_use]
    pub fn silence(method: Method, url: SafeUrl, reason: String) -> Box<Self> {
        Box::new(Self {
            method,
            url,
            tries: 1,
            cause: Cause::NoAnswer { reason, trouble: Some(Trouble::Lost), untrusted: false },
        })
    }

    /// Creates the failure of a request that could not even be sent; trying again is pointless.
    #[must_use]
    pub fn unsent(method: Method, url: SafeUrl, reason: String) -> Box<Self> {
        Box::new(Self { method, url, tries: 1, cause: Cause::NoAnswer { reason, trouble: None, untrusted: false } })
    }

    /// Returns the status code, when there was an answer with an error status.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.cause {
            Cause::Status { code, .. } => Some(*code),
            Cause::NoAnswer { .. } | Cause::Unusable { .. } => None,
        }
    }

    /// Returns the trouble that may pass by itself, when it is one.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        match &self.cause {
            Cause::NoAnswer { trouble, .. } | Cause::Status { trouble, .. } => *trouble,
            Cause::Unusable { .. } => None,
        }
    }

    /// Returns whether the server may have done what was asked although the request failed.
    #[must_use]
    pub fn may_have_acted(&self) -> bool {
        matches!(self.cause, Cause::Unusable { .. }) || self.trouble().is_some_and(|trouble| trouble.may_have_acted())
    }

    /// Replaces a secret that the server sent back in its answer.
    #[must_use]
    pub fn hiding(mut self: Box<Self>, secret: &Secret) -> Box<Self> {
        let hide = |text: &mut String| {
            if !secret.is_empty() && text.contains(secret.expose()) {
                *text = text.replace(secret.expose(), "[secret]");
            }
        };
        let hide_bytes = |bytes: &mut Vec<u8>| {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            hide(&mut text);
            *bytes = text.into_bytes();
        };
        match &mut self.cause {
            Cause::NoAnswer { reason, .. } => hide(reason),
            Cause::Status { envelope, body, .. } => {
                envelope.message.iter_mut().chain(envelope.request_id.iter_mut()).for_each(&hide);
                envelope.fields.iter_mut().for_each(|(field, message)| {
                    hide(field);
                    hide(message);
                });
                hide_bytes(body);
            }
            Cause::Unusable { reason, body } => {
                hide(reason);
                hide_bytes(body);
            }
        }
        self
    }

    /// Returns the class of the failure: 401 is `Auth`, 404 `NotFound`, other refusals `Refused`,
    /// everything that might have worked another time `Transfer`.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self.status() {
            Some(401) => Kind::Auth,
            Some(404) => Kind::NotFound,
            Some(code) if self.trouble().is_none() && (300..500).contains(&code) => Kind::Refused,
            _ => Kind::Transfer,
        }
    }

    /// Converts into an error. `doing` follows "could not".
    #[must_use]
    pub fn into_error(self, doing: impl Into<String>) -> Error {
        let error = Error::new(self.kind(), doing).because(&self);
        match &self.cause {
            Cause::NoAnswer { untrusted: true, .. } => {
                error.hint("a proxy or firewall may replace certificates; name its root with --ca-cert or SSL_CERT_FILE")
            }
            Cause::NoAnswer { trouble: Some(Trouble::Unreached), .. } => {
                error.hint("check the network, the URL, and HTTPS_PROXY and NO_PROXY")
            }
            Cause::Status { code: 300..400, .. } => {
                error.hint("the server sends this request elsewhere; check that the URL is the API's own")
            }
            Cause::NoAnswer { .. } | Cause::Status { .. } | Cause::Unusable { .. } => error,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.method, self.url)?;
        match &self.cause {
            Cause::NoAnswer { reason, .. } => write!(f, "got no answer: {}", shown(reason, MOST_MESSAGE_CHARS))?,
            Cause::Status { code, envelope, body, .. } => {
                write!(f, "was answered {code}")?;
                if let Some(phrase) = reqwest::StatusCode::from_u16(*code).ok().and_then(|status| status.canonical_reason()) {
                    write!(f, " {phrase}")?;
                }
                match &envelope.message {
                    Some(message) => write!(f, ": {}", shown(message, MOST_MESSAGE_CHARS))?,
                    None => write_body(f, body)?,
                }
                for (field, message) in &envelope.fields {
                    write!(f, "\n{}: {}", shown(field, MOST_MESSAGE_CHARS), shown(message, MOST_MESSAGE_CHARS))?;
                }
                if let Some(id) = &envelope.request_id {
                    write!(f, "\nrequest id {}", shown(id, MOST_MESSAGE_CHARS))?;
                }
            }
            Cause::Unusable { reason, body } => {
                write!(f, "was answered in a form that cannot be used: {}", shown(reason, MOST_MESSAGE_CHARS))?;
                write_body(f, body)?;
            }
        }
        if self.tries > 1 { write!(f, "\nafter {} tries", self.tries) } else { Ok(()) }
    }
}

fn write_body(f: &mut fmt::Formatter<'_>, body: &[u8]) -> fmt::Result {
    if body.is_empty() {
        return Ok(());
    }
    let start = body.get(..MOST_SHOWN_BYTES).unwrap_or(body);
    let text = String::from_utf8_lossy(start);
    write!(f, ": {}", shown(text.trim(), MOST_SHOWN_BYTES))?;
    if body.len() > start.len() { f.write_str(" […]") } else { Ok(()) }
}

/// Returns a server's text with everything escaped that could move a terminal's cursor or
/// reorder its letters, cut to `most` characters.
#[must_use]
pub fn shown(text: &str, most: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(most));
    for (index, character) in text.chars().enumerate() {
        if index == most {
            shown.push('…');
            break;
        }
        let reorders = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || reorders {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

fn is_certificate_problem(error: &dyn StdError) -> bool {
    let mut cause = error.source();
    while let Some(inner) = cause {
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        let tls = inner.downcast_ref::<rustls::Error>().or_else(|| wrapped?.downcast_ref::<rustls::Error>());
        if matches!(tls, Some(rustls::Error::InvalidCertificate(_))) {
            return true;
        }
        cause = inner.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(code: u16, body: &str) -> Box<Failure> {
        Box::new(Failure {
            method: Method::POST,
            url: SafeUrl::parse("https://u:pw@api.example/v1/x?sig=hush").expect("a URL"),
            tries: 1,
            cause: Cause::Status {
                code,
                trouble: Trouble::of_status(code, None),
                envelope: Envelope::parse(body.as_bytes()),
                body: body.as_bytes().to_vec(),
            },
        })
    }

    #[test]
    fn a_failure_says_what_the_server_said() {
        let body = r#"{"message":"bad name","requestId":"r-1","statusCode":400,
            "fieldErrors":[{"field":"name","message":"too long","code":"max"}]}"#;
        assert_eq!(
            answered(400, body).into_error("create a deploy").to_string(),
            "could not create a deploy\nbecause: POST https://api.example/v1/x?[query hidden] was answered 400 Bad Request: bad name\
             \n         name: too long\n         request id r-1"
        );
    }

    #[test]
    fn statuses_have_classes() {
        for (code, kind) in [
            (302, Kind::Refused),
            (400, Kind::Refused),
            (401, Kind::Auth),
            (403, Kind::Refused),
            (404, Kind::NotFound),
            (408, Kind::Transfer),
            (409, Kind::Refused),
            (412, Kind::Refused),
            (422, Kind::Refused),
            (429, Kind::Transfer),
            (500, Kind::Transfer),
            (501, Kind::Transfer),
            (503, Kind::Transfer),
        ] {
            assert_eq!(answered(code, "").kind(), kind, "{code}");
        }
    }

    #[test]
    fn a_hostile_body_is_bounded_and_escaped() {
        let text = answered(502, &format!("<h1>\u{1b}[2J\u{202e}{}", "x".repeat(9_000))).to_string();
        assert!(text.contains(r"<h1>\u{1b}[2J\u{202e}xxx"), "{text}");
        assert!(text.ends_with("[…]") && text.len() < 2_300, "{}", text.len());
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn a_secret_sent_back_is_hidden() {
        let secret = Secret::new("hunter2");
        for body in ["your header was Bearer hunter2", r#"{"message":"bad token hunter2","requestId":"hunter2"}"#] {
            let failure = answered(400, body).hiding(&secret);
            let text = format!("{failure} {failure:?}");
            assert!(text.contains("[secret]") && !text.contains("hunter2"), "{text}");
            assert!(!format!("{:?}", failure.cause).contains("hunter2"));
        }
    }

    #[test]
    fn other_forms_of_errors_have_no_envelope() {
        for body in ["", "<html>", "[]", "null", r#"{"message":5}"#] {
            assert_eq!(Envelope::parse(body.as_bytes()), Envelope::default(), "{body}");
        }
    }
}
