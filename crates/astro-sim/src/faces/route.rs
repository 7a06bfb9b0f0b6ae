//! Finds the operation that a path means.
//! It must not know any operation.

/// Returns what stands at each `*` of a pattern such as `commit/*/statuses`; `None` if the path is another one.
pub fn arguments(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let wanted: Vec<&str> = pattern.split('/').collect();
    let fits = |(wanted, given): (&&str, &String)| if *wanted == "*" { !given.is_empty() } else { wanted == given };
    if wanted.len() != segments.len() || !wanted.iter().zip(segments).all(fits) {
        return None;
    }
    let at_star = wanted.iter().zip(segments).filter(|(wanted, _)| **wanted == "*");
    Some(at_star.map(|(_, given)| given.clone()).collect())
}
