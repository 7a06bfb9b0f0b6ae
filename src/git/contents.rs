//! The bytes of files as a commit has them, bounded in size and fetched where they are missing.
//! It does not know what the files are for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::git::fetch::fetch_blobs;
use crate::git::listing::ObjectId;
use crate::git::repository::Repository;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;

/// The most blobs that are fetched at once, so that their names fit on a command line.
const MOST_FETCHED: usize = 20_000;

/// Which files to read.
#[derive(Debug, Clone)]
pub struct Request {
    /// The commit.
    pub commit: CommitSha,
    /// Folders that hold all the files.
    pub folders: Vec<RelPath>,
    /// The files.
    pub paths: Vec<RelPath>,
    /// The largest file that is read, in bytes.
    pub largest: u64,
    /// The most bytes that are read of all files together.
    pub most: u64,
    /// The longest time for fetching.
    pub timeout: Duration,
}

/// A file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileAt {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// It is larger than what was asked for.
    TooLarge,
}

/// Reads files; those that the commit does not have are not among the answer. What is not at hand
/// is fetched in one go. Failing to fetch is an answer that says why.
///
/// # Errors
/// Fails (`Project`) when the repository is damaged or the temporary folder cannot be written.
pub async fn contents(
    repository: &Arc<Repository>,
    request: Request,
    env: &Env,
) -> Result<std::result::Result<BTreeMap<RelPath, FileAt>, String>> {
    if !repository.has_files_of(&request.commit)? {
        return Ok(Err(format!("the files of commit {} are not at hand", request.commit.short())));
    }
    let reader = repository.clone();
    let Request { commit, folders, paths, largest, most, timeout } = request;
    let files = blocking(move || reader.files_at(&commit, &folders, &paths)).await?;
    let ids: BTreeSet<ObjectId> = files.values().copied().collect();
    let ids: Vec<ObjectId> = ids.into_iter().collect();
    let mut sizes = sizes_at_hand(repository, &ids).await?;
    let missing: Vec<ObjectId> = ids.iter().filter(|id| !sizes.contains_key(id)).copied().collect();
    if missing.len() > MOST_FETCHED {
        return Ok(Err(format!("{} files would have to be fetched", missing.len())));
    }
    if !missing.is_empty() {
        if let Some(why) = fetch_blobs(repository, &missing, timeout, env).await? {
            return Ok(Err(format!("the former contents cannot be fetched: {why}")));
        }
        sizes.extend(sizes_at_hand(repository, &missing).await?);
        if missing.iter().any(|id| !sizes.contains_key(id)) {
            return Ok(Err("the remote did not send the former contents".to_owned()));
        }
    }
    let wanted: Vec<ObjectId> = ids.into_iter().filter(|id| sizes.get(id).is_some_and(|size| *size <= largest)).collect();
    if wanted.iter().filter_map(|id| sizes.get(id)).sum::<u64>() > most {
        return Ok(Err(format!("the former contents have more than {} MB", most / 1_000_000)));
    }
    let reader = repository.clone();
    let bytes: BTreeMap<ObjectId, Vec<u8>> =
        blocking(move || Ok(wanted.iter().copied().zip(reader.blobs(&wanted)?).collect())).await?;
    let file = |id| bytes.get(&id).map_or(FileAt::TooLarge, |bytes| FileAt::Bytes(bytes.clone()));
    Ok(Ok(files.into_iter().map(|(path, id)| (path, file(id))).collect()))
}

/// Returns the sizes of those blobs that are at hand.
async fn sizes_at_hand(repository: &Arc<Repository>, ids: &[ObjectId]) -> Result<BTreeMap<ObjectId, u64>> {
    let (repository, ids) = (repository.clone(), ids.to_vec());
    blocking(move || {
        let sizes = repository.blob_sizes(&ids)?;
        Ok(ids.into_iter().zip(sizes).filter_map(|(id, size)| Some((id, size?))).collect())
    })
    .await
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let joined = tokio::task::spawn_blocking(work).await;
    joined.map_err(|error| Error::new(Kind::Internal, "finish work on another thread").because(error))?
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::git::fetch::{Depth, Fetched, fetch_commit};
    use crate::git::fixture::{Bench, Checkout, path, serve_git, serve_http};

    const LONG: Duration = Duration::from_secs(60);

    fn request(commit: &CommitSha, paths: &[&str]) -> Request {
        Request {
            commit: commit.clone(),
            folders: vec![path("dags")],
            paths: paths.iter().map(|text| path(text)).collect(),
            largest: 1_000,
            most: 10_000,
            timeout: LONG,
        }
    }

    async fn read(bench: &Bench, checkout: &Checkout, request: Request) -> std::result::Result<Vec<String>, String> {
        let env = bench.env();
        let repository = Arc::new(Repository::discover(&checkout.path, &env).expect("it opens").expect("found"));
        let fetched = fetch_commit(&repository, &request.commit, Depth::Single, LONG, &env).await.expect("no error");
        assert!(matches!(fetched, Fetched::Have), "{fetched:?}");
        let files = contents(&repository, request, &env).await.expect("no error")?;
        let shown = |(path, file): (RelPath, FileAt)| match file {
            FileAt::Bytes(bytes) => format!("{path}: {}", String::from_utf8_lossy(&bytes)),
            FileAt::TooLarge => format!("{path} is too large"),
        };
        Ok(files.into_iter().map(shown).collect())
    }

    /// An origin whose first commit has files that the second changes; returns the first.
    fn origin(bench: &Bench, options: &[&str]) -> (Checkout, CommitSha) {
        let origin = bench.repository_with("origin", options);
        origin.write("dags/large.py", "#".repeat(1_001));
        origin.write("dags/same.py", "a = 1\n");
        std::os::unix::fs::symlink("a.py", origin.path.join("dags/link.py")).expect("a link");
        let first = origin.commit("second");
        for name in ["a.py", "b.py", "large.py", "same.py"] {
            origin.write(format!("dags/{name}"), "now = 1\n");
        }
        origin.commit_at("third", 1_700_100_000);
        (origin, first)
    }

    const PATHS: &[&str] = &["dags/a.py", "dags/b.py", "dags/large.py", "dags/same.py", "dags/link.py", "dags/none.py"];
    const FOUND: &[&str] = &["dags/a.py: a = 1\n", "dags/b.py: b = 1\n", "dags/large.py is too large", "dags/same.py: a = 1\n"];

    #[tokio::test]
    async fn files_are_read_as_a_commit_has_them() {
        for options in [&[][..], &["--object-format=sha256"]] {
            let bench = Bench::create();
            let (origin, first) = origin(&bench, options);
            assert_eq!(read(&bench, &origin, request(&first, PATHS)).await.expect("contents"), FOUND, "{options:?}");
            let mut small = request(&first, PATHS);
            small.most = 10;
            let why = read(&bench, &origin, small).await.expect_err("too much");
            assert!(why.contains("more than"), "{why}");
        }
    }

    #[tokio::test]
    async fn what_a_clone_lacks_is_fetched_in_one_go_from_any_server() {
        let bench = Bench::create();
        let (origin, first) = origin(&bench, &[]);
        origin.git(["config", "uploadpack.allowFilter", "true"]);
        let clones: [(&str, &[&str]); 4] = [
            ("shallow", &["--depth", "1"]),
            ("blobless", &["--filter=blob:none"]),
            ("treeless", &["--filter=tree:0"]),
            ("shallow-treeless", &["--depth", "1", "--filter=tree:0"]),
        ];
        let http = serve_http(&bench.path(), "Authorization: Basic c2VjcmV0");
        for (name, options) in clones {
            for url in [format!("{}/origin", serve_git(&bench.path())), format!("{http}/origin")] {
                let clone = bench.clone_of(&origin, &format!("{name}-{}", url.len()), options);
                clone.git(["remote", "set-url", "origin", &url]);
                clone.git(["config", &format!("http.{http}/.extraheader"), "Authorization: Basic c2VjcmV0"]);
                let found = read(&bench, &clone, request(&first, PATHS)).await;
                assert_eq!(found.unwrap_or_else(|why| vec![why]), FOUND, "{name} {url}");
            }
        }
    }

    #[tokio::test]
    async fn contents_that_cannot_be_had_are_an_answer() {
        let bench = Bench::create();
        let (origin, first) = origin(&bench, &[]);
        let repository = Arc::new(Repository::discover(&origin.path, &bench.env()).expect("it opens").expect("found"));
        let nowhere = CommitSha::parse(&"ab".repeat(20)).expect("a commit id");
        let why = contents(&repository, request(&nowhere, PATHS), &bench.env()).await.expect("no error").expect_err("missing");
        assert!(why.contains("not at hand"), "{why}");

        origin.git(["config", "uploadpack.allowFilter", "true"]);
        let clone = bench.clone_of(&origin, "blobless", &["--filter=blob:none"]);
        clone.git(["remote", "set-url", "origin", "git://127.0.0.1:1/origin"]);
        let why = read(&bench, &clone, request(&first, PATHS)).await.expect_err("no server");
        assert!(why.contains("cannot be fetched"), "{why}");
    }
}
