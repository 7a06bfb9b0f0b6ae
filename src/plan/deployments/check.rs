//! What a Deployment file must keep to whatever Deployment it is for (`reference/astro-platform.md` 5.2, 6.3): every
//! mistake is found before the first call.

use crate::model::manifest::entry::Manifest;

/// Longest name, description, queue name and description of a schedule, in characters.
const MOST_NAME: usize = 500;
const MOST_DESCRIPTION: usize = 1_000;
const MOST_QUEUE_NAME: usize = 63;
const MOST_SCHEDULE_DESCRIPTION: usize = 200;
/// Most hibernation schedules.
const MOST_SCHEDULES: usize = 10;

/// A mistake and its line.
pub type Problem = (usize, String);

/// Returns the mistakes of a Deployment file that need no look at the platform.
#[must_use]
pub fn problems(manifest: &Manifest) -> Vec<Problem> {
    let mut all = Vec::new();
    longer(&mut all, manifest.name.line, "name", &manifest.name.value, MOST_NAME);
    if let Some(description) = manifest.setting("description") {
        longer(&mut all, description.line, "description", description.value.as_str().unwrap_or_default(), MOST_DESCRIPTION);
    }
    for email in manifest.emails.iter().flatten().filter(|email| !is_address(&email.value)) {
        all.push((email.line, format!("`{}` is no e-mail address", email.shown())));
    }
    for variable in manifest.variables.iter().flatten().filter(|it| !is_variable_name(&it.key.value)) {
        all.push((
            variable.key.line,
            format!("`{}` cannot be the name of an environment variable", variable.key.shown().escape_debug()),
        ));
    }
    for queue in manifest.queues.iter().flatten() {
        longer(&mut all, queue.name.line, "name of a worker queue", &queue.name.value, MOST_QUEUE_NAME);
        let (least, most) = (queue.least.as_ref().map(|it| it.value), queue.most.as_ref().map(|it| it.value));
        if most.is_some_and(|most| most != 0 && least.is_some_and(|least| least > most)) {
            let what = format!("the worker queue {} has more workers at least than at most", queue.name.shown());
            all.push((queue.name.line, what));
        }
    }
    schedules(&mut all, manifest);
    all
}

fn schedules(all: &mut Vec<Problem>, manifest: &Manifest) {
    let schedules = manifest.schedules.as_deref().unwrap_or_default();
    if let Some(eleventh) = schedules.get(MOST_SCHEDULES) {
        all.push((eleventh.hibernate_at.line, format!("there are more than {MOST_SCHEDULES} hibernation schedules")));
    }
    for schedule in schedules {
        for line in [&schedule.hibernate_at, &schedule.wake_at] {
            if line.value.split_whitespace().count() != 5 {
                let shown = line.shown();
                all.push((line.line, format!("`{shown}` is no cron line of five fields, such as `0 20 * * 1-5`")));
            }
        }
        let description = schedule.description.as_deref().unwrap_or_default();
        longer(all, schedule.hibernate_at.line, "description of a schedule", description, MOST_SCHEDULE_DESCRIPTION);
    }
}

fn longer(all: &mut Vec<Problem>, line: usize, what: &str, text: &str, most: usize) {
    let length = text.chars().count();
    if length > most {
        all.push((line, format!("the {what} has {length} characters, and {most} is the most")));
    }
}

/// Returns whether a text can be the name of an environment variable.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Returns whether a text is a plain address: something, one `@`, and a domain. Who exactly is reachable, mail will tell.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>(),;:\"[]\\@".contains(c);
    text.rsplit_once('@').is_some_and(|(who, domain)| {
        !who.is_empty()
            && who.chars().all(plain)
            && domain.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '.')
            && domain.split('.').all(|part| !part.is_empty())
    })
}
