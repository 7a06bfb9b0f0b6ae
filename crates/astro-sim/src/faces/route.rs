//! Finds the operation that a method and a path mean, from a table.
//! It must not know any platform.

/// An operation, how its path looks, and what it needs.
#[derive(Debug)]
pub struct Route<N: 'static> {
    /// Its name, such as `CreateComment`.
    pub operation: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path; `*` stands for one segment and `**` for the rest.
    pub path: &'static str,
    /// What a caller must be allowed.
    pub needs: N,
}

/// Returns a route.
pub const fn route<N>(operation: &'static str, method: &'static str, path: &'static str, needs: N) -> Route<N> {
    Route { operation, method, path, needs }
}

/// Returns the first route that fits, and what stands for its stars.
pub fn find<'a, N>(routes: &'static [Route<N>], method: &str, path: &'a str) -> Option<(&'static Route<N>, Vec<&'a str>)> {
    routes.iter().filter(|route| route.method == method).find_map(|route| Some((route, arguments(route.path, path)?)))
}

fn arguments<'a>(pattern: &str, path: &'a str) -> Option<Vec<&'a str>> {
    let (mut found, mut rest) = (Vec::new(), Some(path));
    for wanted in pattern.split('/') {
        let here = rest?;
        if wanted == "**" {
            found.push(here);
            return (!here.is_empty()).then_some(found);
        }
        let (segment, after) = here.split_once('/').map_or((here, None), |(segment, after)| (segment, Some(after)));
        match wanted {
            "*" if !segment.is_empty() => found.push(segment),
            _ if wanted == segment => {}
            _ => return None,
        }
        rest = after;
    }
    rest.is_none().then_some(found)
}
