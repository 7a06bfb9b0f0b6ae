//! Takes checked values out of the layers in the types that the rest of Liftoff uses.
//! It knows forms such as paths and URLs, and resolves them by text alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::env::snapshot::Env;
use crate::error::Result;
use crate::model::context::CiContext;
use crate::model::ids::MountPath;
use crate::model::path::RelPath;
use crate::model::revision::CommitSha;
use crate::model::secret::Secret;
use crate::model::url::SafeUrl;
use crate::settings::origin::Origin;
use crate::settings::parse::{absolute, quoted};
use crate::settings::typed::{Checked, Value, wrong};
use crate::settings::values::RootFolder;

/// A typed view of the winning values.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    values: &'a BTreeMap<&'static str, Checked>,
    env: &'a Env,
    ci: &'a CiContext,
}

impl<'a> Reader<'a> {
    /// Creates a view. The environment gives the current folder, the CI context the checkout.
    #[must_use]
    pub const fn new(values: &'a BTreeMap<&'static str, Checked>, env: &'a Env, ci: &'a CiContext) -> Self {
        Self { values, env, ci }
    }

    fn get(&self, name: &str) -> Option<&'a Checked> {
        debug_assert!(crate::settings::table::find(name).is_some(), "no setting {name}");
        self.values.get(name)
    }

    /// Returns where the value came from.
    #[must_use]
    pub fn origin(&self, name: &str) -> Option<&'a Origin> {
        self.get(name).map(|checked| &checked.origin)
    }

    /// Returns whether a person gave a value.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        self.origin(name).is_some_and(Origin::is_explicit)
    }

    /// Returns whether a switch is on.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        self.get(name).is_some_and(|checked| checked.value == Value::Switch(true))
    }

    /// Returns a word, or the empty text.
    #[must_use]
    pub fn word(&self, name: &str) -> &'a str {
        match self.get(name).map(|checked| &checked.value) {
            Some(Value::Text(text)) => text,
            _ => "",
        }
    }

    /// Returns a text that is not empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        Some(self.word(name)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    /// Returns a secret that is not empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<Secret> {
        match &self.get(name)?.value {
            Value::Secret(secret) if !secret.is_empty() => Some(secret.clone()),
            _ => None,
        }
    }

    /// Returns a duration.
    #[must_use]
    pub fn duration(&self, name: &str) -> Option<Duration> {
        match self.get(name)?.value {
            Value::Duration(duration) => Some(duration),
            _ => None,
        }
    }

    /// Returns a list's items.
    #[must_use]
    pub fn items(&self, name: &str) -> Vec<String> {
        match self.get(name).map(|checked| &checked.value) {
            Some(Value::Items(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// Returns a list's items as names and values, parted at the first `=`.
    ///
    /// # Errors
    /// Fails when an item has no name or no `=`.
    pub fn pairs(&self, name: &str) -> Result<Vec<(String, String)>> {
        let pair = |item: String| {
            let (key, value) = item.split_once('=').filter(|(key, _)| !key.trim().is_empty())?;
            Some((key.trim().to_owned(), value.to_owned()))
        };
        let pairs: Option<Vec<_>> = self.items(name).into_iter().map(pair).collect();
        // The item itself is not shown: what stands without `=` may be a value.
        pairs.ok_or_else(|| self.wrong(name, "expected `NAME=value`, one a line"))
    }

    /// Returns an absolute path, made from the current folder or, for a value of the settings
    /// file, from that file's folder.
    #[must_use]
    pub fn absolute_path(&self, name: &str) -> Option<PathBuf> {
        Some(absolute(&self.folder(name), &self.text(name)?))
    }

    /// Returns a path that stays inside its folder; the root path when there is no value.
    ///
    /// # Errors
    /// Fails when the path leaves its folder.
    pub fn inner_path(&self, name: &str) -> Result<RelPath> {
        let text = self.word(name);
        RelPath::parse(text.as_bytes())
            .ok_or_else(|| self.wrong(name, &format!("{} leaves the folder it is relative to", quoted(text))))
    }

    /// Returns paths that stay inside the repository.
    ///
    /// # Errors
    /// Fails when one leaves the repository or is the repository itself.
    pub fn inner_paths(&self, name: &str) -> Result<Vec<RelPath>> {
        let path = |item: String| match RelPath::parse(item.as_bytes()) {
            None => Err(self.wrong(name, &format!("{} leaves the repository", quoted(&item)))),
            Some(path) if path.is_root() => Err(self.wrong(name, &format!("{} is the whole repository", quoted(&item)))),
            Some(path) => Ok(path),
        };
        self.items(name).into_iter().map(path).collect()
    }

    /// Returns the project's folder. A leading `/` means the repository's root, as it does for
    /// deploy-action, unless the path already begins with the checkout or the current folder,
    /// as `$PWD/astro` does.
    ///
    /// # Errors
    /// Fails when a path from the repository's root leaves the repository.
    pub fn root_folder(&self) -> Result<RootFolder> {
        let name = "root-folder";
        let text = self.word(name);
        if !text.starts_with('/') {
            return Ok(RootFolder::Absolute(absolute(&self.folder(name), text)));
        }
        let path = absolute(Path::new("/"), text);
        let folders = [self.ci.checkout.as_deref(), Some(self.env.current_dir())];
        if folders.into_iter().flatten().any(|folder| folder != Path::new("/") && path.starts_with(folder)) {
            return Ok(RootFolder::Absolute(path));
        }
        self.inner_path(name).map(RootFolder::Repository)
    }

    /// Returns an absolute `http` or `https` URL without a trailing slash.
    ///
    /// # Errors
    /// Fails when it is missing or no such URL, and when `http` would leave this machine.
    pub fn url(&self, name: &str) -> Result<SafeUrl> {
        let text = self.word(name).trim_end_matches('/');
        let url = SafeUrl::parse(text).map_err(|why| self.wrong(name, &why))?;
        let host = url.expose().host_str().unwrap_or_default();
        let loopback =
            host == "localhost" || host == "[::1]" || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
        match url.expose().scheme() {
            "https" => Ok(url),
            "http" if loopback => Ok(url),
            "http" => Err(self.wrong(name, "the token would travel unencrypted; use https")),
            _ => Err(self.wrong(name, "expected a URL that begins with https://")),
        }
    }

    /// Returns a mount path: absolute, without `.`, `..` or empty components.
    ///
    /// # Errors
    /// Fails when it is anything else.
    pub fn mount_path(&self, name: &str) -> Result<Option<MountPath>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let trimmed = text.trim_end_matches('/');
        let clean = trimmed.strip_prefix('/').is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")));
        let plain = !trimmed.chars().any(char::is_control);
        if clean && plain {
            Ok(Some(MountPath::new(trimmed)))
        } else {
            Err(self.wrong(name, "expected an absolute path such as /usr/local/airflow/dbt/shop"))
        }
    }

    /// Returns a full commit id.
    ///
    /// # Errors
    /// Fails when the text is not one.
    pub fn commit(&self, name: &str) -> Result<Option<CommitSha>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let commit = CommitSha::parse(&text);
        if commit.is_some() {
            Ok(commit)
        } else {
            Err(self.wrong(name, &format!("expected a full commit id, got {}", quoted(&text))))
        }
    }

    /// Returns a whole number above zero.
    ///
    /// # Errors
    /// Fails when the text is not one.
    pub fn number(&self, name: &str) -> Result<Option<u64>> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.trim_start_matches('#').parse() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(self.wrong(name, &format!("expected a number, got {}", quoted(&text)))),
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let current = self.env.current_dir();
        match self.origin(name) {
            Some(Origin::File { path, .. }) => current.join(path).parent().map_or_else(|| current.to_owned(), Path::to_owned),
            _ => current.to_owned(),
        }
    }

    /// Returns the error about one setting's value.
    #[must_use]
    pub fn wrong(&self, name: &str, why: &str) -> crate::error::Error {
        match self.get(name) {
            Some(checked) => wrong(checked.setting, &checked.origin, why),
            None => crate::error::Error::new(crate::error::Kind::Internal, format!("read the setting `{name}`")).because(why),
        }
    }
}
