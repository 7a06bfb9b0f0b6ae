//! What is exported of the audit logs: which time, in which windows, which events, and what of them. Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

/// How long events are kept (`reference/astro-docs.md` 9).
pub const KEPT_DAYS: i64 = 90;
/// Longest time of one request, so that a long export shows progress and repeats little when it is disturbed.
const WINDOW: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Most requests in [`MINUTE`] (`reference/astro-docs.md` 9).
const CALLS: usize = 2;
/// The time that requests are counted in, with a second for the way.
const MINUTE: SignedDuration = SignedDuration::from_secs(61);
/// What stands for what was taken out.
const REDACTED: &str = "[redacted]";

/// A time with its end, which does not belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first moment.
    pub start: Timestamp,
    /// The moment after the last.
    pub end: Timestamp,
}

/// Reads a moment: a time, a day (its begin in UTC), or how long before now, such as `24h` or `7d`.
///
/// # Errors
/// Returns what was expected.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    if let Ok(day) = text.parse::<Date>()
        && let Ok(zoned) = day.to_zoned(TimeZone::UTC)
    {
        return Ok(zoned.timestamp());
    }
    let expected = || "expected a time such as `2026-08-01T00:00:00Z`, a day, or how long ago, such as `24h` or `7d`".to_owned();
    let digits = text.trim_end_matches(|character: char| !character.is_ascii_digit());
    let factor = match text.strip_prefix(digits).unwrap_or_default().trim() {
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(expected()),
    };
    let seconds = digits.parse::<i64>().ok().and_then(|number| number.checked_mul(factor)).ok_or_else(expected)?;
    now.checked_sub(SignedDuration::from_secs(seconds)).map_err(|_| expected())
}

/// Returns the windows in which a range is asked for, the oldest first.
#[must_use]
pub fn windows(range: Range) -> Vec<Range> {
    let mut windows = Vec::new();
    let mut start = range.start;
    while start < range.end {
        let end = start.checked_add(WINDOW).map_or(range.end, |end| end.min(range.end));
        windows.push(Range { start, end });
        start = end;
    }
    windows
}

/// Returns how long to wait before the next request, given when the earlier ones were sent, oldest first.
#[must_use]
pub fn pause(sent: &[Timestamp], now: Timestamp) -> SignedDuration {
    let oldest = sent.len().checked_sub(CALLS).and_then(|place| sent.get(place));
    oldest.map_or(SignedDuration::ZERO, |oldest| MINUTE.saturating_sub(now.duration_since(*oldest)).max(SignedDuration::ZERO))
}

/// What events must have. Values of one name are alternatives; different names must all fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    paths: Vec<String>,
    subjects: Vec<String>,
    deployments: Vec<String>,
}

impl Filter {
    /// Reads conditions such as `path=/deployments`.
    ///
    /// # Errors
    /// Returns what was expected.
    pub fn parse(conditions: &[String]) -> Result<Self, String> {
        let mut filter = Self::default();
        for condition in conditions {
            let (name, value) = condition.split_once('=').filter(|(_, value)| !value.is_empty()).unwrap_or((condition, ""));
            let list = match name {
                "path" if !value.is_empty() => &mut filter.paths,
                "subject" if !value.is_empty() => &mut filter.subjects,
                "deployment" if !value.is_empty() => &mut filter.deployments,
                _ => return Err(format!("expected `path=PART`, `subject=ID` or `deployment=ID`, got `{condition}`")),
            };
            list.push(value.to_owned());
        }
        Ok(filter)
    }

    /// Returns whether an event is wanted.
    #[must_use]
    pub fn lets_through(&self, event: &Map<String, Value>) -> bool {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let any = |list: &[String], fits: &dyn Fn(&str) -> bool| list.is_empty() || list.iter().any(|wanted| fits(wanted));
        let (path, url) = (text("path"), text("targetUrl"));
        any(&self.paths, &|part| path.contains(part) || url.contains(part))
            && any(&self.subjects, &|id| text("subjectId") == id)
            && any(&self.deployments, &|id| text("deploymentId") == id || path.split(['/', '?']).any(|segment| segment == id))
    }
}

/// Takes out of an event whatever may hold a secret: bodies and inputs of requests, values under telling names at any depth,
/// and what stands behind a `?` in an address.
pub fn redact(event: &mut Map<String, Value>) {
    for (name, value) in event.iter_mut() {
        if is_telling(name) {
            if !value.is_null() {
                *value = Value::from(REDACTED);
            }
            continue;
        }
        match value {
            Value::Object(inner) => redact(inner),
            Value::Array(items) => items.iter_mut().for_each(redact_item),
            Value::String(text) => redact_query(text),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn redact_item(item: &mut Value) {
    match item {
        Value::Object(inner) => redact(inner),
        Value::Array(items) => items.iter_mut().for_each(redact_item),
        Value::String(text) => redact_query(text),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn redact_query(text: &mut String) {
    let is_address = text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://");
    if let Some(place) = text.find('?').filter(|_| is_address) {
        text.truncate(place + 1);
        text.push_str(REDACTED);
    }
}

/// Whether a field of this name may hold a secret. Ids and names of tokens are none.
fn is_telling(name: &str) -> bool {
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let whole = ["value", "values", "extra", "authorization", "cookie", "variables", "environmentvariables", "body", "payload"];
    let parts = [
        "requestbody",
        "requestinput",
        "responsebody",
        "password",
        "passwd",
        "secret",
        "token",
        "credential",
        "privatekey",
        "apikey",
    ];
    let harmless = plain.ends_with("id") || plain.ends_with("name") || plain.ends_with("ids");
    whole.contains(&plain.as_str()) || (!harmless && parts.iter().any(|part| plain.contains(part)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn time(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn event(value: Value) -> Map<String, Value> {
        value.as_object().cloned().expect("an object")
    }

    #[test]
    fn moments_are_times_days_and_spans() {
        let now = time("2026-08-10T12:00:00Z");
        for (text, expected) in [
            ("2026-08-01T10:00:00+02:00", "2026-08-01T08:00:00Z"),
            ("2026-08-01", "2026-08-01T00:00:00Z"),
            ("24h", "2026-08-09T12:00:00Z"),
            ("7d", "2026-08-03T12:00:00Z"),
            ("30m", "2026-08-10T11:30:00Z"),
        ] {
            assert_eq!(moment(text, now), Ok(time(expected)), "{text}");
        }
        for wrong in ["", "yesterday", "24", "h", "-1d", "99999999999999999999d", "2026-13-01"] {
            assert!(moment(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn windows_cover_the_range_without_gaps() {
        let range = Range { start: time("2026-08-01T00:00:00Z"), end: time("2026-08-16T01:00:00Z") };
        let all = windows(range);
        assert_eq!((all.len(), all[0].start, all[2].end), (3, range.start, range.end));
        assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(windows(Range { start: range.end, end: range.start }).is_empty());
    }

    #[test]
    fn the_third_request_waits_until_the_first_is_a_minute_old() {
        let now = time("2026-08-01T00:01:00Z");
        let sent = |texts: &[&str]| texts.iter().map(|text| time(text)).collect::<Vec<_>>();
        for (earlier, seconds) in [
            (&[][..], 0),
            (&["2026-08-01T00:00:59Z"], 0),
            (&["2026-08-01T00:00:30Z", "2026-08-01T00:00:59Z"], 31),
            (&["2026-08-01T00:00:00Z", "2026-08-01T00:00:40Z", "2026-08-01T00:00:59Z"], 41),
            (&["2026-07-31T00:00:00Z", "2026-07-31T00:00:00Z"], 0),
        ] {
            assert_eq!(pause(&sent(earlier), now).as_secs(), seconds, "{earlier:?}");
        }
    }

    #[test]
    fn conditions_of_one_name_are_alternatives() {
        let parse = |conditions: &[&str]| Filter::parse(&conditions.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
        let event = event(json!({"path": "/organizations/o/deployments/d1/deploys", "subjectId": "s1"}));
        for (conditions, fits) in [
            (&[][..], true),
            (&["path=/deploys"], true),
            (&["path=/tokens", "path=/deploys"], true),
            (&["path=/deploys", "subject=s2"], false),
            (&["deployment=d1", "subject=s1"], true),
            (&["deployment=d"], false),
        ] {
            assert_eq!(parse(conditions).expect("a filter").lets_through(&event), fits, "{conditions:?}");
        }
        for wrong in ["path", "path=", "user=x", "=x"] {
            assert!(parse(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn secrets_are_taken_out_and_the_rest_stays() {
        let mut event = event(json!({
            "subjectId": "s", "apiTokenId": "t", "apiTokenName": "ci", "tokenIds": ["a"], "method": "POST", "status": 200,
            "path": "/x?token=hunter2&a=b", "targetUrl": "https://h/y?z=hunter2", "requestBody": "{\"password\":\"hunter2\"}",
            "requestInput": {"a": "hunter2"}, "nested": {"conn_password": "hunter2", "list": [{"Authorization": "hunter2", "kept": 1}]},
            "value": "hunter2", "extra": {"k": "hunter2"}, "client-secret": "hunter2", "nothing": null, "token": null,
        }));
        redact(&mut event);
        let text = Value::Object(event.clone()).to_string();
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!((&event["apiTokenId"], &event["apiTokenName"], &event["status"]), (&json!("t"), &json!("ci"), &json!(200)));
        assert_eq!((&event["path"], &event["nested"]["list"][0]["kept"]), (&json!("/x?[redacted]"), &json!(1)));
        assert_eq!((&event["token"], &event["requestBody"]), (&Value::Null, &json!(REDACTED)));
    }
}
