//! The challenge with which a registry says how to log in.
//! Text in, value out: it sends nothing and knows no credentials.

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// How a registry wants to be logged in to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// User name and password with every request.
    Basic,
    /// A token from `realm`, asked for with `service` when the registry names one.
    Bearer {
        /// Address that gives tokens.
        realm: String,
        /// Name of the registry to the token service.
        service: Option<String>,
    },
}

impl Challenge {
    /// Reads the answer's `WWW-Authenticate` headers; a token is preferred to a password.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut found = None;
        for value in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
            match Self::parse(value) {
                Some(bearer @ Self::Bearer { .. }) => return Some(bearer),
                other => found = found.or(other),
            }
        }
        found
    }

    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let parameters = parameters(rest);
        let get = |name: &str| parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.clone());
        Some(Self::Bearer { realm: get("realm")?, service: get("service") })
    }
}

/// Splits `a="x,y",b=z` into pairs; quotes protect commas.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => {
                let (value, next) = quoted.split_once('"').unwrap_or((quoted, ""));
                (value, next.split_once(',').map_or("", |(_, next)| next))
            }
            None => after.split_once(',').unwrap_or((after, "")),
        };
        pairs.push((key.trim().to_owned(), value.trim().to_owned()));
        rest = next;
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_in_all_their_forms() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
        };
        let cases = [
            (
                r#"Bearer realm="https://a.example/token",service="r.example",scope="repository:a:pull,push""#,
                bearer("https://a.example/token", Some("r.example")),
            ),
            (r#"bearer scope="a,b=c", realm=https://a.example/t"#, bearer("https://a.example/t", None)),
            (r#"Basic realm="Registry""#, Some(Challenge::Basic)),
            ("Basic", Some(Challenge::Basic)),
            ("Bearer", None),
            (r#"Bearer realm="unfinished"#, bearer("unfinished", None)),
            ("Negotiate abc", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(Challenge::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Basic realm=\"x\"".parse().expect("a header"));
        assert_eq!(Challenge::of(&headers), Some(Challenge::Basic));
        headers.append(WWW_AUTHENTICATE, "Bearer realm=\"https://a\"".parse().expect("a header"));
        assert!(matches!(Challenge::of(&headers), Some(Challenge::Bearer { .. })));
    }
}
