//! Finds the operation that a path means.
//! It must not know any operation.

/// An operation, how its path looks, and what it needs.
#[derive(Debug)]
pub struct Route<N: 'static> {
    /// Its name, such as `CreateComment`.
    pub operation: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path; `*` stands for one segment and `**` at the end for all the others.
    pub path: &'static str,
    /// What a caller must be allowed.
    pub needs: N,
}

/// Returns a route.
pub const fn route<N>(operation: &'static str, method: &'static str, path: &'static str, needs: N) -> Route<N> {
    Route { operation, method, path, needs }
}

/// Returns the first route that fits, and what stands for its stars.
pub fn find<N>(routes: &'static [Route<N>], method: &str, segments: &[String]) -> Option<(&'static Route<N>, Vec<String>)> {
    let mut of_method = routes.iter().filter(|route| route.method == method);
    of_method.find_map(|route| Some((route, arguments(route.path, segments)?)))
}

/// Returns what stands at each `*` of a pattern such as `commit/*/statuses`; `None` if the path is another one.
pub fn arguments(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    if let Some(pattern) = pattern.strip_suffix("/**") {
        let (head, rest) = segments.split_at_checked(pattern.split('/').count())?;
        let rest = rest.join("/");
        let mut found = arguments(pattern, head)?;
        found.push(rest);
        return found.last().is_some_and(|rest| !rest.is_empty()).then_some(found);
    }
    let wanted: Vec<&str> = pattern.split('/').collect();
    let fits = |(wanted, given): (&&str, &String)| if *wanted == "*" { !given.is_empty() } else { wanted == given };
    if wanted.len() != segments.len() || !wanted.iter().zip(segments).all(fits) {
        return None;
    }
    let at_star = wanted.iter().zip(segments).filter(|(wanted, _)| **wanted == "*");
    Some(at_star.map(|(_, given)| given.clone()).collect())
}
