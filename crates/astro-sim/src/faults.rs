//! Faults as data: which request goes wrong, how often, and how.
//! It must not know what the request would have done.

/// One side of the simulated platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Face {
    /// The Astro API.
    Astro,
    /// Blob storage.
    Blob,
    /// The image registry.
    Registry,
    /// GitHub.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket Cloud.
    Bitbucket,
    /// Bitbucket Data Center.
    BitbucketDc,
    /// Gitea or Forgejo.
    Gitea,
    /// Azure DevOps.
    AzureDevOps,
    /// The Airflow of a Deployment.
    Airflow,
    /// Nothing the simulator knows.
    Unknown,
}

/// Which requests a fault hits; what is `None` or empty matches all.
#[derive(Clone, Debug, Default)]
pub struct Match {
    /// The face.
    pub face: Option<Face>,
    /// The operation, such as `CreateDeploy`, `PutBlob` or `PutManifest`.
    pub operation: Option<String>,
    /// The HTTP method.
    pub method: Option<String>,
    /// How the path begins.
    pub path_prefix: String,
    /// Requests that match and are still let through before the first hit.
    pub skip: u32,
}

impl Match {
    /// Returns a match for every request of an operation.
    pub fn operation(name: &str) -> Match {
        Match { operation: Some(name.into()), ..Match::default() }
    }

    /// Returns a match for every request of a face.
    pub fn face(face: Face) -> Match {
        Match { face: Some(face), ..Match::default() }
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// This status and body come instead; the request is not applied.
    Status(u16, String),
    /// 429 with `Retry-After` in seconds; the request is not applied.
    RetryAfter(u64),
    /// The request is answered after this many milliseconds.
    Delay(u64),
    /// The request waits before it is applied until the gate of this name is open.
    Gate(String),
    /// The request is applied, and its answer waits until the gate of this name is open.
    GateAnswer(String),
    /// No answer ever comes; the request is not applied.
    Hang,
    /// The request is applied and the connection closes before its answer.
    CutBeforeAnswer,
    /// The connection closes before the request is applied.
    CutBeforeRequest,
    /// The request is applied and its answer's body ends in the middle of a value.
    BrokenJson,
    /// The request is applied and its answer lacks this header.
    DropHeader(String),
}

/// A fault waiting for its requests.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests it hits.
    pub matches: Match,
    /// How many more it will hit.
    pub times: u32,
    /// What happens to them.
    pub effect: Effect,
}

impl Fault {
    /// Returns a fault that hits an operation a number of times.
    pub fn on(operation: &str, times: u32, effect: Effect) -> Fault {
        Fault { matches: Match::operation(operation), times, effect }
    }
}

/// What faults look at in a request.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Its face.
    pub face: Face,
    /// Its operation; empty if unknown.
    pub operation: &'a str,
    /// Its method.
    pub method: &'a str,
    /// Its path.
    pub path: &'a str,
}

/// Uses up and returns the effect of the first fault that hits a request.
pub fn strike(faults: &mut Vec<Fault>, target: Target<'_>) -> Option<Effect> {
    let place = faults.iter_mut().position(|fault| hits(fault, target))?;
    let fault = faults.get_mut(place)?;
    fault.times = fault.times.saturating_sub(1);
    let effect = fault.effect.clone();
    if fault.times == 0 {
        faults.remove(place);
    }
    Some(effect)
}

fn hits(fault: &mut Fault, target: Target<'_>) -> bool {
    let matches = &mut fault.matches;
    let hit = fault.times > 0
        && matches.face.is_none_or(|face| face == target.face)
        && matches.operation.as_deref().is_none_or(|operation| operation == target.operation)
        && matches.method.as_deref().is_none_or(|method| method.eq_ignore_ascii_case(target.method))
        && target.path.starts_with(&matches.path_prefix);
    let skipped = hit && matches.skip > 0;
    if skipped {
        matches.skip -= 1;
    }
    hit && !skipped
}
