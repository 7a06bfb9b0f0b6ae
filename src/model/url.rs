//! A URL that cannot leak a credential when it is printed.
//! It parses and prints; it never connects.

use std::fmt;

use url::Url;

/// A URL whose `Display` and `Debug` leave out user info, query and fragment, because signed
/// URLs carry their credential in the query and git remotes carry theirs in the user info.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(Url);

impl SafeUrl {
    /// Parses an absolute URL. The error text never repeats the input.
    ///
    /// # Errors
    /// Returns a short reason when the text is not an absolute URL.
    pub fn parse(text: &str) -> Result<Self, String> {
        Url::parse(text).map(Self).map_err(|error| format!("not a URL: {error}"))
    }

    /// Wraps a parsed URL.
    #[must_use]
    pub fn new(url: Url) -> Self {
        Self(url)
    }

    /// Returns the whole URL, credentials included, for the request itself.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// Returns a copy without user info, for values that are sent to others.
    #[must_use]
    pub fn without_user_info(&self) -> Url {
        let mut url = self.0.clone();
        // Both fail only for URLs that cannot have user info, which then have none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.without_user_info();
        let signed = url.query().is_some();
        url.set_query(None);
        url.set_fragment(None);
        write!(f, "{url}{}", if signed { "?[query hidden]" } else { "" })
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_url_prints_without_its_signature() {
        let url = SafeUrl::parse("https://user:pw@blob.example/c/dags?sv=1&sig=abc#x").expect("a URL");
        assert_eq!(
            format!("{url} {url:?}"),
            "https://blob.example/c/dags?[query hidden] https://blob.example/c/dags?[query hidden]"
        );
        assert_eq!(url.without_user_info().as_str(), "https://blob.example/c/dags?sv=1&sig=abc#x");
    }
}
