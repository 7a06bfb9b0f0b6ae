//! Finds the settings file of a run or of one project, and resolves the settings with it.
//! It reads small files and the name of the branch; what a setting means it does not know.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::app::checkout::Checkouts;
use crate::env::snapshot::Env;
use crate::error::{Error, Kind, Result};
use crate::model::context::CiContext;
use crate::settings::layers::{FileText, Sources, config_path};
use crate::settings::origin::Origin;
use crate::settings::resolve::{resolve, root_folder};
use crate::settings::values::{Intent, Mapping, RootFolder, Settings};

/// Name of the settings file.
pub const FILE_NAME: &str = "liftoff.toml";
/// The largest settings file in bytes.
const FILE_LIMIT: u64 = 1 << 20;

/// What the settings of every project of a process are made from, besides its file.
#[derive(Clone, Copy)]
pub struct Basis<'a> {
    /// The environment.
    pub env: &'a Env,
    /// Flags by setting name.
    pub flags: &'a [(String, String)],
    /// The CI context.
    pub context: &'a CiContext,
    /// What the command is for.
    pub intent: Intent,
    /// For the name of the branch that is checked out.
    pub checkouts: &'a Checkouts,
}

impl Basis<'_> {
    /// Resolves the settings of the run. The project's own file counts before the repository's.
    /// Where the project is, flags, inputs and variables say; the repository's file may say it,
    /// too.
    ///
    /// # Errors
    /// `Kind::Usage` for wrong settings, `Kind::Project` for a file that cannot be read.
    pub fn of_run(&self) -> Result<Settings> {
        let checkout = self.context.checkout.clone().unwrap_or_else(|| self.env.current_dir().to_owned());
        let project = project_folder(&root_folder(&self.sources(None, None))?, &checkout);
        if let Some(path) = config_path(self.flags, self.env) {
            let Some(file) = self.text(&path)? else {
                return Err(Error::new(Kind::Usage, format!("read the settings file {}", self.shown(&path)))
                    .because("there is no such file"));
            };
            return self.with_file(&project, &file);
        }
        self.with_first(&project, &[&project, self.env.current_dir(), &checkout])
    }

    /// Resolves the settings of one project among several, as a run with that `root-folder`
    /// would. A project for which nothing names a Deployment is one that nobody deploys.
    ///
    /// # Errors
    /// As `of_run`.
    pub fn of_project(&self, project: &Path, repository: &Path) -> Result<Settings> {
        let mut settings = self.with_first(project, &[project, repository])?;
        let shown = project.strip_prefix(repository).unwrap_or(project).display().to_string();
        settings.origins.insert("root-folder", (shown, Origin::Flag("all")));
        settings.project.root = RootFolder::Absolute(project.to_owned());
        if settings.mapping == Mapping::Absent {
            let why = format!("nothing names a Deployment for it; its own {FILE_NAME} can");
            settings.mapping = Mapping::Unmapped { why };
        }
        Ok(settings)
    }

    /// Resolves with the first settings file that there is.
    fn with_first(&self, project: &Path, folders: &[&Path]) -> Result<Settings> {
        for folder in folders {
            let path = folder.join(FILE_NAME);
            refuse_link(&path)?;
            if let Some(file) = self.text(&path)? {
                return self.with_file(project, &file);
            }
        }
        resolve(&self.sources(None, None))
    }

    fn with_file(&self, project: &Path, (path, text): &(String, String)) -> Result<Settings> {
        let checked_out = self.checked_out(project);
        resolve(&self.sources(Some(FileText { path, text }), checked_out.as_deref()))
    }

    fn sources<'a>(&'a self, file: Option<FileText<'a>>, checked_out: Option<&'a str>) -> Sources<'a> {
        Sources { flags: self.flags, env: self.env, file, ci: self.context, intent: self.intent, checked_out }
    }

    /// Returns the branch that git names, where the CI system names nothing. A repository that
    /// cannot be read is reported when its content is wanted.
    fn checked_out(&self, project: &Path) -> Option<String> {
        let context = self.context;
        if context.branch.is_some() || context.tag.is_some() || context.pull_request.is_some() {
            return None;
        }
        self.checkouts.open(project, self.env).ok()?.repository?.branch()
    }

    /// Reads a settings file; none when there is none. The first of the two is how people see it.
    fn text(&self, path: &Path) -> Result<Option<(String, String)>> {
        let shown = self.shown(path);
        let Some(bytes) = bounded(path, FILE_LIMIT)? else {
            return Ok(None);
        };
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some((shown, text))),
            Err(_) => Err(Error::new(Kind::Usage, format!("read {shown}")).because("it is not UTF-8 text")),
        }
    }

    fn shown(&self, path: &Path) -> String {
        path.strip_prefix(self.env.current_dir()).unwrap_or(path).display().to_string()
    }
}

/// A settings file that nobody named must be the repository's own: a link could make Liftoff
/// read, and quote in an error, a file that a pull request's author may not see.
fn refuse_link(path: &Path) -> Result<()> {
    if !path.is_symlink() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("read {}", path.display()))
        .because("it is a link")
        .hint("commit the settings file itself, or name the file that you mean with `config`"))
}

/// Returns the project's folder, given the repository's.
#[must_use]
pub fn project_folder(root: &RootFolder, repository: &Path) -> PathBuf {
    match root {
        RootFolder::Repository(path) => repository.join(path.to_path()),
        RootFolder::Absolute(path) => path.clone(),
    }
}

/// Reads a file up to a limit. `None` when there is no such file.
///
/// # Errors
/// `Kind::Project` when it cannot be read or is larger.
pub fn bounded(path: &Path, limit: u64) -> Result<Option<Vec<u8>>> {
    let failed = |because: &dyn std::fmt::Display| Error::new(Kind::Project, format!("read {}", path.display())).because(because);
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(failed(&error)),
    };
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > limit {
        return Err(failed(&format!("it is larger than {limit} bytes")));
    }
    Ok(Some(bytes))
}
