//! Brings one commit that the checkout lacks from its remote, with the credentials the checkout knows.
//! It writes only to the private repository and does not know what the commit is for.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::time::{Duration, Instant};

use jiff::SignedDuration;

use crate::changes::change::Relation;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::git::command::{Git, Hardening};
use crate::git::commit::CommitInfo;
use crate::git::listing::ObjectId;
use crate::git::program::Ownership;
use crate::git::repository::Repository;
use crate::model::revision::CommitSha;

/// How much history comes along.
#[derive(Debug, Clone, Copy)]
pub enum Depth<'a> {
    /// The one commit and its folders, without its parents.
    Single,
    /// Also its ancestors, as far back as a day before the given commit, so that `relation`
    /// between the two can answer. It brings nothing when the wanted commit itself is older.
    Since(&'a CommitInfo),
}

/// Whether the commit is at hand now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is, and the repository's reads see it.
    Have,
    /// It cannot be had.
    Missing {
        /// For people: the server's or git's reason, without credentials.
        why: String,
    },
}

/// Makes a commit available. Nothing is fetched when it is at hand already (for `Since`: and the
/// history is complete). File contents are left out where the server can do that. Failing to
/// fetch is an answer, not an error.
///
/// # Errors
/// Fails (`Project`) when the repository is damaged or the temporary folder cannot be written.
pub async fn fetch_commit(
    repository: &Repository,
    sha: &CommitSha,
    depth: Depth<'_>,
    timeout: Duration,
    env: &Env,
) -> Result<Fetched> {
    let deadline = Instant::now() + timeout;
    let at_hand = repository.has_files_of(sha)?;
    let complete = match depth {
        Depth::Single => true,
        Depth::Since(other) => repository.relation(sha, &other.sha)? != Relation::Unknown,
    };
    if at_hand && complete {
        return Ok(Fetched::Have);
    }
    let (git, remote) = match connected(repository, timeout, env).await? {
        Ok(connected) => connected,
        Err(why) => return Ok(Fetched::Missing { why }),
    };
    let mut arguments: Vec<OsString> =
        ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--filter=blob:none"].map(OsString::from).into();
    arguments.push(match depth {
        Depth::Single => "--depth=1".into(),
        Depth::Since(other) => {
            let since = other.committed_at.saturating_sub(SignedDuration::from_hours(24)).unwrap_or(other.committed_at);
            format!("--shallow-since={since}").into()
        }
    });
    arguments.extend(["--".into(), remote.into(), sha.as_str().into()]);
    let why = match git.run_within(&arguments, Hardening::On, deadline.saturating_duration_since(Instant::now())).await {
        Ok(answer) if answer.success => None,
        Ok(answer) => Some(reason(&answer.errors)),
        Err(error) => Some(failure(&error, timeout)),
    };
    repository.see_fetched()?;
    Ok(match why {
        None if repository.has_files_of(sha)? => Fetched::Have,
        None => Fetched::Missing { why: "the remote sent nothing".to_owned() },
        Some(why) => Fetched::Missing { why },
    })
}

/// Makes blobs available, all in one go. Where the server cannot send single objects, that is an
/// answer, not an error: the text says why.
///
/// # Errors
/// Fails (`Project`) when the temporary folder cannot be written.
pub async fn fetch_blobs(repository: &Repository, ids: &[ObjectId], timeout: Duration, env: &Env) -> Result<Option<String>> {
    let deadline = Instant::now() + timeout;
    let (git, remote) = match connected(repository, timeout, env).await? {
        Ok(connected) => connected,
        Err(why) => return Ok(Some(why)),
    };
    // There is nothing to negotiate: each object is asked for by its id.
    let git = git.with_setting("fetch.negotiationAlgorithm=noop");
    let options =
        ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head", "--filter=blob:none", "--"];
    let mut arguments: Vec<OsString> = options.map(OsString::from).into();
    arguments.push(remote.into());
    arguments.extend(ids.iter().map(|id| id.to_hex().into()));
    let answer = git.run_within(&arguments, Hardening::On, deadline.saturating_duration_since(Instant::now())).await;
    repository.see_fetched()?;
    Ok(match answer {
        Ok(answer) if answer.success => None,
        Ok(answer) => Some(reason(&answer.errors)),
        Err(error) => Some(failure(&error, timeout)),
    })
}

/// Returns the branches that the remote has now.
///
/// # Errors
/// Fails (`Transfer`) when the remote does not tell, (`TimedOut`) when it takes too long, and
/// (`Project`) when the list is too long to be sure of.
pub async fn remote_branches(repository: &Repository, timeout: Duration, env: &Env) -> Result<BTreeSet<String>> {
    const MOST: usize = 15 << 20;
    const PREFIX: &str = "refs/heads/";
    let untold = |kind: Kind, why: &str| Error::new(kind, "list the remote's branches").because(why);
    let (git, remote) = connected(repository, timeout, env).await?.map_err(|why| untold(Kind::Transfer, &why))?;
    let answer = git.run_within(&["ls-remote", "--heads", "--", &remote], Hardening::On, timeout).await?;
    if !answer.success {
        return Err(untold(Kind::Transfer, &reason(&answer.errors)));
    }
    if answer.stdout.len() >= MOST {
        return Err(untold(Kind::Project, "there are too many"));
    }
    let text = String::from_utf8_lossy(&answer.stdout);
    let name = |line: &str| Some(line.split_once('\t')?.1.strip_prefix(PREFIX)?.to_owned());
    Ok(text.lines().filter_map(name).collect())
}

/// Returns git, ready to fetch into the private repository with what the checkout knows about its
/// remote, and the remote's name; or why there is none.
async fn connected(repository: &Repository, timeout: Duration, env: &Env) -> Result<std::result::Result<(Git, String), String>> {
    let Some(remote) = repository.remote() else {
        return Ok(Err("the checkout has no remote named origin, nor exactly one remote".to_owned()));
    };
    let scratch = repository.scratch()?;
    let (git, ownership) = repository.program();
    let settings = match effective_settings(&git, ownership, timeout).await {
        Ok(settings) => settings,
        Err(error) => return Ok(Err(failure(&error, timeout))),
    };
    let partial = settings.iter().any(|(key, _)| key.starts_with("remote.") && key.ends_with(".promisor"));
    let git = private(Git::new(repository.workdir(), env), &settings).with_variable("GIT_DIR", &scratch);
    if partial {
        // A partial clone names commits whose folders it lacks as its own; the server would send nothing.
        return Ok(Ok((git.with_setting("core.alternateRefsCommand=true"), remote)));
    }
    Ok(Ok((git, remote)))
}

/// Returns all settings that are in force in the checkout, from every file and the environment.
async fn effective_settings(git: &Git, ownership: Ownership, timeout: Duration) -> Result<Vec<(String, String)>> {
    let foreign = if ownership == Ownership::Foreign { Hardening::On } else { Hardening::Off };
    let answer = git.run_within(&["config", "--list", "-z", "--includes"], foreign, timeout).await?;
    let text = String::from_utf8_lossy(&answer.stdout).into_owned();
    // Each record is `<key>\n<value>`; a key without a value means true.
    let records = text.split('\0').filter(|record| !record.is_empty());
    let all = records.map(|record| record.split_once('\n').unwrap_or((record, "true")));
    Ok(all.filter(|(key, _)| passes(key, ownership)).map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// Returns whether a setting says how to reach the remote. Those that name commands or files to
/// write are left out when somebody else owns the checkout.
fn passes(key: &str, ownership: Ownership) -> bool {
    let last = key.rsplit('.').next().unwrap_or_default();
    let harmless = (key.starts_with("http.") && matches!(last, "extraheader" | "proxy" | "sslcainfo" | "sslverify"))
        || (key.starts_with("remote.") && matches!(last, "url" | "proxy" | "promisor"))
        || (key.starts_with("url.") && last == "insteadof")
        || key == "protocol.version";
    let ours = ["http.", "credential.", "remote.", "url.", "ssh.", "protocol."].iter().any(|section| key.starts_with(section))
        || matches!(key, "core.sshcommand" | "core.gitproxy");
    harmless || (ownership == Ownership::Ours && ours && !matches!(last, "fetch" | "partialclonefilter" | "tagopt"))
}

/// Hands the settings over in the environment: not in arguments, which others could see, nor on disk.
fn private(git: Git, settings: &[(String, String)]) -> Git {
    let mut git = git
        .without_variables("GIT_CONFIG_")
        .with_variable("GIT_CONFIG_NOSYSTEM", "1")
        .with_variable("GIT_CONFIG_GLOBAL", "/dev/null")
        .with_variable("GIT_CONFIG_COUNT", settings.len().to_string());
    for (number, (key, value)) in settings.iter().enumerate() {
        git = git
            .with_variable(&format!("GIT_CONFIG_KEY_{number}"), key)
            .with_variable(&format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    let own_ssh = settings.iter().any(|(key, _)| key == "core.sshcommand")
        || ["GIT_SSH", "GIT_SSH_COMMAND"].iter().any(|name| git.variable(name).is_some());
    // An unknown host key or a locked key would otherwise wait for an answer at the terminal.
    if own_ssh { git } else { git.with_variable("GIT_SSH_COMMAND", "ssh -o BatchMode=yes") }
}

/// Returns why git did not come to an end.
fn failure(error: &Error, timeout: Duration) -> String {
    match error.kind() {
        Kind::TimedOut => format!("fetching it took more than {:.1} s", timeout.as_secs_f32()),
        _ => error.cause().unwrap_or("git failed").to_owned(),
    }
}

/// Returns the lines that say why, in one.
fn reason(errors: &str) -> String {
    let telling: Vec<&str> = errors
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("warning:") && !line.starts_with("hint:"))
        .take(4)
        .collect();
    if telling.is_empty() { "git failed without a reason".to_owned() } else { telling.join("; ") }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::*;
    use crate::git::fixture::{Bench, Checkout, path, serve_git, serve_http, serve_silence};

    const LONG: Duration = Duration::from_secs(60);
    const DAY: i64 = 86_400;

    /// An origin with five commits, ten days apart; the second one is `base`.
    fn origin(bench: &Bench) -> (Checkout, Vec<CommitSha>) {
        let origin = bench.repository("origin");
        let mut commits = vec![origin.head()];
        for number in 1..5 {
            origin.write("dags/a.py", format!("a = {number}\n"));
            commits.push(origin.commit_at("next", 1_700_000_000 + number * 10 * DAY));
        }
        (origin, commits)
    }

    /// Every file of a repository with its content, to show that nothing was touched.
    fn everything_in(folder: &Path) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                files.extend(everything_in(&path));
            } else {
                files.insert(path.display().to_string(), fs::read(&path).expect("a file"));
            }
        }
        files
    }

    async fn fetch(bench: &Bench, checkout: &Checkout, sha: &CommitSha, depth: Depth<'_>) -> (Repository, Fetched) {
        let env = bench.env();
        let repository = Repository::discover(&checkout.path, &env).expect("it opens").expect("found");
        let fetched = fetch_commit(&repository, sha, depth, LONG, &env).await.expect("no error");
        (repository, fetched)
    }

    fn changed(repository: &Repository, base: &CommitSha) -> Vec<String> {
        let set = repository.changes_since(base, &[path("dags")]).expect("a comparison");
        set.changes.iter().map(|change| change.path.to_string()).collect()
    }

    #[tokio::test]
    async fn the_remotes_branches_are_listed_and_never_guessed() {
        let bench = Bench::create();
        let (origin, _) = origin(&bench);
        for branch in ["feature/a", "a-tag-like-name", "ümlaut/🚀"] {
            origin.git(["branch", branch]);
        }
        origin.git(["tag", "v1"]);
        let shallow = bench.clone_of(&origin, "copy", &["--depth", "1"]);
        shallow.git(["branch", "only-here"]);
        let env = bench.env();
        let repository = Repository::discover(&shallow.path, &env).expect("it opens").expect("found");
        let branches = remote_branches(&repository, LONG, &env).await.expect("branches");
        let expected = ["a-tag-like-name", "feature/a", "main", "ümlaut/🚀"];
        assert_eq!(branches.iter().map(String::as_str).collect::<Vec<_>>(), expected);
        shallow.git(["remote", "set-url", "origin", "http://127.0.0.1:9/acme/demo.git"]);
        let repository = Repository::discover(&shallow.path, &env).expect("it opens").expect("found");
        assert_eq!(remote_branches(&repository, LONG, &env).await.expect_err("no answer").kind(), Kind::Transfer);
    }

    #[tokio::test]
    async fn a_shallow_checkout_gets_the_one_commit_and_stays_as_it_was() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        for (name, url) in
            [("file", format!("file://{}", origin.path.display())), ("git", format!("{}/origin", serve_git(&bench.path())))]
        {
            let shallow = bench.clone_of(&origin, name, &["--depth", "1"]);
            shallow.git(["remote", "set-url", "origin", &url]);
            let before = everything_in(&shallow.path.join(".git"));
            let (repository, fetched) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
            assert_eq!(fetched, Fetched::Have, "{name}");
            assert_eq!(changed(&repository, &commits[1]), ["dags/a.py"]);
            assert_eq!(repository.relation(&commits[4], &commits[1]).expect("readable"), Relation::Unknown);
            assert_eq!(everything_in(&shallow.path.join(".git")), before, "{name}: .git was touched");
        }
    }

    #[tokio::test]
    async fn history_since_a_commit_answers_how_the_two_relate() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        let shallow = bench.clone_of(&origin, "shallow", &["--depth", "1"]);
        let before = everything_in(&shallow.path.join(".git"));
        let (repository, fetched) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        let deployed = repository.commit(&commits[1]).expect("readable").expect("fetched");
        let fetched =
            fetch_commit(&repository, &commits[4], Depth::Since(&deployed), LONG, &bench.env()).await.expect("no error");
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(repository.relation(&commits[4], &commits[1]).expect("readable"), Relation::Ahead);
        assert_eq!(repository.relation(&commits[1], &commits[4]).expect("readable"), Relation::Behind);
        assert_eq!(repository.commit(&commits[0]).expect("readable"), None, "no more than was asked for");
        assert_eq!(everything_in(&shallow.path.join(".git")), before);
    }

    #[tokio::test]
    async fn a_commit_that_was_forced_away_is_fetched_by_its_id() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        origin.git(["reset", "-q", "--hard", commits[0].as_str()]);
        origin.write("dags/other.py", "x");
        let forced = origin.commit_at("forced", 1_700_000_000 + 90 * DAY);
        let full = bench.clone_of(&origin, "full", &[]);
        let before = everything_in(&full.path.join(".git"));
        let (repository, fetched) = fetch(&bench, &full, &commits[4], Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(changed(&repository, &commits[4]), ["dags/a.py", "dags/other.py"]);
        assert_eq!(repository.relation(&forced, &commits[4]).expect("readable"), Relation::Unknown);
        let ours = repository.head().expect("readable").expect("a commit");
        let first = repository.commit(&commits[0]).expect("readable").expect("here");
        assert_eq!(ours.sha, forced);
        let fetched = fetch_commit(&repository, &commits[4], Depth::Since(&first), LONG, &bench.env()).await;
        assert_eq!(fetched.expect("no error"), Fetched::Have);
        assert_eq!(repository.relation(&forced, &commits[4]).expect("readable"), Relation::Diverged);
        assert_eq!(repository.merge_base(&forced, &commits[4]).expect("readable"), Some(commits[0].clone()));
        assert_eq!(everything_in(&full.path.join(".git")), before);
        assert!(!repository.is_shallow());
    }

    #[tokio::test]
    async fn the_credential_of_the_checkout_is_used_and_never_shown() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        let url = serve_http(&bench.path(), "Authorization: Basic c2VjcmV0");
        let shallow = bench.clone_of(&origin, "shallow", &["--depth", "1"]);
        shallow.git(["remote", "set-url", "origin", &format!("{}/origin", url.replace("http://", "http://ann:hunter2@"))]);
        let (_, refused) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
        let Fetched::Missing { why } = refused else { panic!("there was no credential") };
        assert!(!why.contains("hunter2") && !why.contains("ann") && !why.is_empty(), "{why}");

        shallow.git(["remote", "set-url", "origin", &format!("{url}/origin")]);
        // As actions/checkout does it: a file of its own, included for this repository only.
        let included = bench.path().join("credential.config");
        let header = format!("[http \"{url}/\"]\n\textraheader = Authorization: Basic c2VjcmV0\n");
        fs::write(&included, header).expect("a file");
        let key = format!("includeIf.gitdir:{}/.git.path", shallow.path.display());
        shallow.git(["config", &key, included.to_str().expect("UTF-8")]);
        let (repository, fetched) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(changed(&repository, &commits[1]), ["dags/a.py"]);
        let scratch = repository.scratch().expect("it exists");
        let left = everything_in(&scratch);
        assert!(!left.values().any(|content| String::from_utf8_lossy(content).contains("c2VjcmV0")), "a secret is on disk");
        drop(repository);
        assert!(!scratch.exists(), "the private repository stays behind");
    }

    #[tokio::test]
    async fn what_cannot_be_had_is_said_with_the_servers_reason() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        let repo = bench.clone_of(&origin, "r", &["--depth", "1"]);
        let nowhere = CommitSha::parse(&"ab".repeat(20)).expect("a commit id");
        let (_, missing) = fetch(&bench, &repo, &nowhere, Depth::Single).await;
        assert!(matches!(&missing, Fetched::Missing { why } if why.contains("not our ref")), "{missing:?}");
        repo.git(["config", "protocol.version", "0"]);
        let (_, missing) = fetch(&bench, &repo, &commits[1], Depth::Single).await;
        assert!(matches!(&missing, Fetched::Missing { why } if why.contains("unadvertised object")), "{missing:?}");
        repo.git(["config", "remote.origin.url", "ext::sh -c touch% x"]);
        let (_, missing) = fetch(&bench, &repo, &commits[1], Depth::Single).await;
        assert!(matches!(&missing, Fetched::Missing { why } if why.contains("not allowed")), "{missing:?}");
        repo.git(["remote", "remove", "origin"]);
        let (_, missing) = fetch(&bench, &repo, &commits[1], Depth::Single).await;
        assert!(matches!(&missing, Fetched::Missing { why } if why.contains("remote")), "{missing:?}");
        let (_, have) = fetch(&bench, &repo, &commits[4], Depth::Single).await;
        assert_eq!(have, Fetched::Have, "what is here needs no remote");
    }

    #[tokio::test]
    async fn a_silent_server_costs_no_more_than_the_timeout() {
        let bench = Bench::create();
        let repo = bench.repository("r");
        repo.git(["remote", "add", "origin", &format!("{}/x", serve_silence())]);
        let repository = Repository::discover(&repo.path, &bench.env()).expect("it opens").expect("found");
        let nowhere = CommitSha::parse(&"ab".repeat(20)).expect("a commit id");
        let limit = Duration::from_millis(300);
        let fetched = fetch_commit(&repository, &nowhere, Depth::Single, limit, &bench.env()).await.expect("no error");
        assert!(matches!(&fetched, Fetched::Missing { why } if why.contains("more than 0.3 s")), "{fetched:?}");
    }

    #[tokio::test]
    async fn odd_repositories_fetch_too() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        origin.git(["config", "uploadpack.allowFilter", "true"]);
        let treeless = bench.clone_of(&origin, "treeless", &["--filter=tree:0"]);
        let before = everything_in(&treeless.path.join(".git"));
        let (repository, fetched) = fetch(&bench, &treeless, &commits[1], Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        assert!(repository.has_files_of(&commits[1]).expect("readable"));
        assert_eq!(changed(&repository, &commits[1]), ["dags/a.py"]);
        assert_eq!(everything_in(&treeless.path.join(".git")), before);

        let sha256 = bench.repository_with("sha256", &["--object-format=sha256"]);
        let base = sha256.head();
        sha256.write("dags/b.py", "b = 2\n");
        let next = sha256.commit_at("next", 1_700_000_000 + 10 * DAY);
        let shallow = bench.clone_of(&sha256, "sha256-shallow", &["--depth", "1"]);
        let (repository, fetched) = fetch(&bench, &shallow, &base, Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(changed(&repository, &base), ["dags/b.py"]);
        assert_eq!(repository.relation(&next, &base).expect("readable"), Relation::Ahead);

        let locked = bench.clone_of(&origin, "locked", &["--depth", "1"]);
        let mode = |bits| fs::set_permissions(locked.path.join(".git"), fs::Permissions::from_mode(bits)).expect("a mode");
        mode(0o555);
        let (repository, fetched) = fetch(&bench, &locked, &commits[1], Depth::Single).await;
        mode(0o755);
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(changed(&repository, &commits[1]), ["dags/a.py"]);
    }

    #[tokio::test]
    async fn a_checkout_of_another_user_fetches_without_running_its_settings() {
        let bench = Bench::create();
        let (origin, commits) = origin(&bench);
        let url = serve_http(&bench.path(), "Authorization: Basic c2VjcmV0");
        let shallow = bench.clone_of(&origin, "shallow", &["--depth", "1"]);
        let trap = bench.path().join("trap");
        shallow.git(["config", "credential.helper", &format!("!touch {}", trap.display())]);
        shallow.git(["config", "remote.origin.url", &format!("{url}/origin")]);
        for name in ["", ".git", ".git/HEAD", ".git/config"] {
            drop(std::os::unix::fs::chown(shallow.path.join(name), Some(4321), None));
        }
        let (repository, fetched) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
        assert!(matches!(fetched, Fetched::Missing { .. }), "there was no credential");
        let foreign = repository.program().1 == Ownership::Foreign;
        assert_eq!(trap.exists(), !foreign, "a command of a foreign repository ran");
        let config = shallow.path.join(".git/config");
        let header = "[http]\n\textraheader = Authorization: Basic c2VjcmV0\n";
        fs::write(&config, [&fs::read(&config).expect("a file"), header.as_bytes()].concat()).expect("a file");
        let (repository, fetched) = fetch(&bench, &shallow, &commits[1], Depth::Single).await;
        assert_eq!(fetched, Fetched::Have);
        assert_eq!(changed(&repository, &commits[1]), ["dags/a.py"]);
    }

    #[test]
    fn a_fetch_can_move_between_threads() {
        fn is_send<T: Send>(future: T) -> T {
            future
        }
        let bench = Bench::create();
        let repo = bench.repository("r");
        let (env, sha) = (bench.env(), repo.head());
        let repository = Repository::discover(&repo.path, &env).expect("it opens").expect("found");
        let fetch = is_send(fetch_commit(&repository, &sha, Depth::Single, LONG, &env));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        assert_eq!(runtime.block_on(fetch).expect("no error"), Fetched::Have);
    }

    #[test]
    fn a_foreign_checkout_gives_addresses_but_no_commands() {
        let table = [
            ("http.https://h/.extraheader", true),
            ("remote.origin.url", true),
            ("url.https://h/.insteadof", true),
            ("credential.helper", false),
            ("core.sshcommand", false),
            ("remote.origin.uploadpack", false),
            ("http.savecookies", false),
            ("protocol.ext.allow", false),
        ];
        for (key, passed) in table {
            assert_eq!(passes(key, Ownership::Foreign), passed, "{key}");
            assert!(passes(key, Ownership::Ours), "{key}");
        }
        for key in ["remote.origin.fetch", "core.worktree", "alias.x", "core.hookspath", "include.path"] {
            assert!(!passes(key, Ownership::Ours), "{key}");
        }
    }
}
