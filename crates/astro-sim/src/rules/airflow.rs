//! Who reaches the Airflow of a Deployment, when it is there, and how its lists come in pages
//! (reference/astro-platform.md 7; paging from the sources of Airflow 2.11 and 3.1). It must not know what Airflow holds.

use crate::refusal::Refusal;
use crate::rules::paging::Page;
use crate::rules::{access, authority};
use crate::world::deployment::Status;
use crate::world::state::World;

/// Code of a refusal that comes from the gate before Airflow, which speaks no JSON.
pub const NO_WEBSERVER: &str = "NO_WEBSERVER";
/// Code of a refusal of a token that belongs to another Organization than the Airflow.
pub const FOREIGN: &str = "FOREIGN";

/// Most items of a page, whatever is asked for.
const MAX_LIMIT: usize = 100;
/// Items of a page of version 2 unless the request says otherwise.
const DEFAULT_LIMIT_2: usize = 50;

/// A version of Airflow's REST API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Version 1, of Airflow 2.
    V1,
    /// Version 2, of Airflow 3.
    V2,
}

impl Api {
    /// Returns the API that an Airflow has.
    pub fn of(airflow_version: &str) -> Api {
        if airflow_version.starts_with('2') { Api::V1 } else { Api::V2 }
    }

    /// Returns the API's segment of a path.
    pub fn segment(self) -> &'static str {
        match self {
            Api::V1 => "v1",
            Api::V2 => "v2",
        }
    }

    /// Returns the refusal of a request whose shape is wrong: a 400 of version 1, a 422 of version 2.
    pub fn malformed(self, message: impl Into<String>) -> Refusal {
        match self {
            Api::V1 => Refusal::invalid(message),
            Api::V2 => Refusal::new(422, "UNPROCESSABLE", message),
        }
    }

    /// Returns the page a list request asks for: a limit beyond 100 is cut, and no limit or zero means 100 in version 1;
    /// 50 and nothing in version 2.
    pub fn page(self, limit: Option<&str>, offset: Option<&str>) -> Result<Page, Refusal> {
        let number = |name: &str, text: Option<&str>| {
            let parse = |text: &str| text.parse::<usize>().map_err(|_| self.malformed(format!("{name} must be 0 or more")));
            text.map(parse).transpose()
        };
        let limit = match (self, number("limit", limit)?) {
            (Api::V1, None | Some(0)) => MAX_LIMIT,
            (Api::V2, None) => DEFAULT_LIMIT_2,
            (_, Some(limit)) => limit.min(MAX_LIMIT),
        };
        Ok(Page { limit, offset: number("offset", offset)?.unwrap_or_default() })
    }
}

/// Returns the API of a Deployment's Airflow once it is clear that the caller may read there; it must be asked once a
/// request, because a webserver that is still coming up counts them.
pub fn enter(world: &mut World, authorization: Option<&str>, deployment_id: &str) -> Result<Api, Refusal> {
    let caller = access::authenticate(world, authorization)?;
    let deployment = world.find_deployment_mut(deployment_id)?;
    if deployment.organization_id != caller.spec.organization_id {
        return Err(Refusal::new(403, FOREIGN, "Token does not have access to this organization"));
    }
    if !authority::reaches(&caller, &deployment.workspace_id, &deployment.id) {
        return Err(Refusal::forbidden("Token does not have access to this deployment"));
    }
    if matches!(deployment.status, Status::Creating | Status::Hibernating) {
        return Err(Refusal::new(503, NO_WEBSERVER, "503 Service Temporarily Unavailable"));
    }
    if deployment.airflow.webserver_lag > 0 {
        deployment.airflow.webserver_lag -= 1;
        return Err(Refusal::new(404, NO_WEBSERVER, "404 Not Found"));
    }
    Ok(Api::of(&deployment.airflow_version))
}
