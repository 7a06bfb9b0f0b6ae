//! Performs the checks that run a project's code, one after the other, in one place.

use crate::check::install::installed;
use crate::check::lab::{Inside, Lab};
use crate::check::order::{Order, Place, Tools};
use crate::check::parse::parse;
use crate::check::pytest::pytest;
use crate::error::Result;
use crate::model::check::CheckReport;

/// Performs the checks.
///
/// # Errors
/// When there is nowhere to run them, or the program that runs them cannot be started. What they find is no error here.
pub async fn perform(order: &Order<'_>, tools: &Tools<'_>) -> Result<CheckReport> {
    let mut report = CheckReport::default();
    let environment;
    let inside = match &order.place {
        Place::Image { engine, name } => Inside::Image(engine, name),
        Place::Environment { airflow, python } => {
            environment = installed(order, (airflow, *python), tools).await?;
            report.notices.extend(environment.notices.iter().cloned());
            Inside::Environment(&environment)
        }
    };
    let lab = Lab { order, tools, inside };
    if order.checks.parse {
        if order.files.is_empty() {
            report.notices.push("there is nothing to parse: no Python file is in the DAGs folder".to_owned());
        } else {
            let _activity = tools.console.activity("parse the DAGs");
            report.stages.push(parse(&lab).await?);
        }
    }
    if order.checks.pytest {
        let _activity = tools.console.activity("run the tests");
        report.stages.push(pytest(&lab).await?);
    }
    report.change_texts(&|text| tools.console.masked(text));
    Ok(report)
}
