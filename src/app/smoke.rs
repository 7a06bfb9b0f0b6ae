//! Makes the order of smoke runs from the settings, before anything ships.

use crate::app::session::Session;
use crate::deploy::order::{Smoke, Surroundings};
use crate::error::{Error, Kind, Result};
use crate::model::project::ProjectShape;
use crate::project::rules::repository_root;
use crate::project::small_file;
use crate::settings::json_text;
use crate::settings::smoke::Conf;

/// Returns which DAGs to run and with what; none when the settings name none. `preview` is what the preview needs that is
/// deployed to, if it is one.
///
/// # Errors
/// `Kind::Project` when the file of the conf is absent, unreadable, larger than 1 MiB or no JSON object.
pub fn order(session: &Session, project: &ProjectShape, preview: Option<&Surroundings<'_>>) -> Result<Option<Smoke>> {
    let (deploy, smoke) = (&session.settings.deploy, &session.settings.deploy.smoke);
    if smoke.dags.is_empty() {
        return Ok(None);
    }
    let conf = match &smoke.conf {
        Conf::Given(conf) => conf.clone(),
        Conf::File(path) => {
            let name = path.to_string();
            let wrong = |why: &str| {
                let error = Error::new(Kind::Project, format!("read {name}, the conf of the smoke runs")).because(why);
                error.hint("nothing was deployed; `smoke-conf` is `@` and the path of a file inside the project")
            };
            let bytes = small_file::read(&project.root.join(path.to_path()), &name, repository_root(project))?;
            let bytes = bytes.ok_or_else(|| wrong("there is no such file"))?;
            let text = std::str::from_utf8(&bytes).map_err(|_| wrong("it is not UTF-8"))?;
            json_text::object(text).map_err(|why| wrong(&why))?
        }
    };
    Ok(Some(Smoke {
        dags: smoke.dags.clone(),
        conf,
        limit: smoke.timeout,
        grace: deploy.verify_time,
        unpause: preview.map(|_| session.settings.previews.unpause.clone()).unwrap_or_default(),
    }))
}
