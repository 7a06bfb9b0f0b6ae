//! Says no: a rule's refusal with the status and words a client would get from the platform.
//! It must not know which face renders it, nor any HTTP type.

/// One wrong field of a request, as the platform reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as a dotted path from the body's root.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
    /// A short machine-readable reason.
    pub code: String,
}

/// A rule's refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status, 400 to 599.
    pub status: u16,
    /// Machine-readable code; the Astro face leaves it out, the others show it.
    pub code: &'static str,
    /// Words for a human.
    pub message: String,
    /// Wrong fields, if the request's shape was at fault.
    pub fields: Vec<FieldError>,
    /// Seconds after which the same request may be sent again.
    pub retry_after: Option<u64>,
}

impl Refusal {
    /// Returns a refusal with a status, a code and a message.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Refusal {
        Refusal { status, code, message: message.into(), fields: Vec::new(), retry_after: None }
    }

    /// Returns a 400.
    pub fn invalid(message: impl Into<String>) -> Refusal {
        Refusal::new(400, "BAD_REQUEST", message)
    }

    /// Returns a 401.
    pub fn unauthorized(message: impl Into<String>) -> Refusal {
        Refusal::new(401, "UNAUTHORIZED", message)
    }

    /// Returns a 403.
    pub fn forbidden(message: impl Into<String>) -> Refusal {
        Refusal::new(403, "FORBIDDEN", message)
    }

    /// Returns a 429 that says when to come again.
    pub fn too_many(seconds: u64) -> Refusal {
        Refusal { retry_after: Some(seconds), ..Refusal::new(429, "TOO_MANY_REQUESTS", "Too many requests") }
    }

    /// Returns a 404 for a named thing.
    pub fn not_found(thing: &str, id: &str) -> Refusal {
        Refusal::new(404, "NOT_FOUND", format!("{thing} {id} not found"))
    }
}
