//! `liftoff organization audit-logs export`.

use std::io::Read as _;

use astro_sim::faults::{Effect, Fault};
use astro_sim::world::records::AuditShape;
use astro_sim::world::state::World;
use astro_sim::world::token::{Access, TokenSpec};
use flate2::read::GzDecoder;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::bench::{Bench, Ran};

struct Archive {
    bench: Bench,
    folder: tempfile::TempDir,
}

impl Archive {
    /// A platform with an event of each of the last hours.
    fn with(hours: i64) -> Self {
        let mut world = World::sandbox();
        for hour in (0..hours).rev() {
            let event = json!({
                "subjectId": format!("s{}", hour % 2), "method": "POST", "path": format!("/v1/organizations/o/deployments/d{hour}?token=hunter2"),
                "requestBody": "{\"password\":\"hunter2\"}", "requestId": format!("r{hour}"),
            });
            world.add_audit_event(event, SignedDuration::from_mins(hour * 60 + 30));
        }
        Self { bench: Bench::with(world), folder: tempfile::tempdir().expect("a folder") }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let ran = self.bench.run(&[&["organization", "audit-logs", "export"], arguments].concat());
        self.bench.assert_clean(&ran);
        ran
    }

    fn ids(&self, name: &str) -> Vec<String> {
        ids(&std::fs::read_to_string(self.path(name)).expect("text"))
    }

    /// Lets the platform forget how often it was asked.
    fn rest(&self) {
        self.bench.sim.with(|world| world.audit.calls.clear());
    }
}

fn ids(text: &str) -> Vec<String> {
    let event = |line: &str| serde_json::from_str::<Value>(line).expect("an object");
    text.lines().map(|line| event(line)["requestId"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn events_are_lines_without_secrets_in_whatever_form_they_travel() {
    for shape in [AuditShape::GzipWithHeader, AuditShape::GzipWithoutHeader, AuditShape::Plain] {
        let archive = Archive::with(30);
        archive.bench.sim.with(|world| world.audit.shape = shape);
        let ran = archive.run(&["-o", "-"]);
        assert_eq!(ran.code, 0, "{shape:?}: {}", ran.talk);
        assert_eq!(ids(&ran.data).len(), 24, "{shape:?}");
        assert!(!ran.data.contains("hunter2") && ran.data.contains("[redacted]"), "{}", ran.data);
        assert!(ran.talk.contains("24 events"), "{}", ran.talk);
    }
}

#[test]
fn a_file_appears_when_it_is_complete() {
    let archive = Archive::with(3);
    let ran = archive.run(&["-o", &archive.path("a.ndjson"), "--no-redact"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(archive.ids("a.ndjson"), ["r2", "r1", "r0"]);
    assert!(std::fs::read_to_string(archive.path("a.ndjson")).expect("text").contains("hunter2"));
    let ran = archive.run(&["-o", &archive.path("a.gz"), "--gzip"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    let mut text = String::new();
    GzDecoder::new(std::fs::File::open(archive.path("a.gz")).expect("a file")).read_to_string(&mut text).expect("gzip");
    assert_eq!(ids(&text), ["r2", "r1", "r0"]);
    archive.rest();
    archive
        .bench
        .sim
        .with(|world| world.faults.push(Fault::on("GetOrganizationAuditLogs", 9, Effect::Status(403, String::new()))));
    let ran = archive.run(&["-o", &archive.path("b.ndjson")]);
    assert_eq!(ran.code, 6, "{}", ran.talk);
    assert!(ran.talk.contains("needs ORGANIZATION_OWNER"), "{}", ran.talk);
    assert_eq!(std::fs::read_dir(archive.folder.path()).expect("a folder").count(), 2, "nothing half is left");
}

#[test]
fn a_cursor_makes_the_next_export_go_on_without_repeating() {
    let archive = Archive::with(3);
    let cursor = archive.path("cursor");
    let export = |name: &str| {
        archive.rest();
        let ran = archive.run(&["-o", &archive.path(name), "--cursor-file", &cursor]);
        assert_eq!(ran.code, 0, "{}", ran.talk);
        archive.ids(name)
    };
    let recent = |id: &str| {
        let event = json!({ "requestId": id, "path": "/x", "subjectId": "s" });
        archive.bench.sim.with(|world| world.add_audit_event(event, SignedDuration::from_secs(90)));
    };
    recent("young");
    assert_eq!(export("1"), ["r2", "r1", "r0", "young"]);
    // It happened before the first export ended, and was written down afterwards.
    recent("late");
    assert_eq!(export("2"), ["late"]);
    assert_eq!(export("3"), Vec::<String>::new());
    std::fs::write(&cursor, "{}").expect("a file");
    let ran = archive.run(&["-o", "-", "--cursor-file", &cursor]);
    assert!(ran.code == 2 && ran.talk.contains("delete it to begin anew"), "{}", ran.talk);
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again_and_written_once() {
    let archive = Archive::with(3);
    archive.bench.sim.with(|world| {
        world.faults.push(Fault::on("GetOrganizationAuditLogs", 1, Effect::CutBeforeAnswer));
    });
    let ran = archive.run(&["-o", "-"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(ids(&ran.data), ["r2", "r1", "r0"]);
}

#[test]
fn long_times_are_read_in_windows_and_too_many_requests_wait() {
    let archive = Archive::with(24 * 10);
    archive.bench.sim.with(|world| world.faults.push(Fault::on("GetOrganizationAuditLogs", 1, Effect::RetryAfter(1))));
    let ran = archive.run(&["-o", "-", "--include", "9"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    assert_eq!(ids(&ran.data).len(), 24 * 9);
    assert!(ran.talk.contains("(1 of 2)") && ran.talk.contains("(2 of 2)"), "{}", ran.talk);
}

#[test]
fn filters_choose_and_wrong_words_are_refused() {
    let archive = Archive::with(6);
    let ran = archive.run(&["-o", "-", "--filter", "subject=s1", "--filter", "deployment=d3", "--filter", "deployment=d2"]);
    assert_eq!((ran.code, ids(&ran.data)), (0, vec!["r3".to_owned()]), "{}", ran.talk);
    for arguments in [
        &["-o", "-", "--filter", "user=x"][..],
        &["-o", "-", "--since", "yesterday"],
        &["-o", "-", "--include", "91"],
        &["-o", "-", "--since", "1h", "--until", "2h"],
        &["-o", "absent/file"],
        &[],
    ] {
        let ran = archive.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}", ran.talk);
    }
    let ran = archive.run(&["-o", "-", "--since", "2000-01-01", "--until", "2000-01-02"]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
}

#[test]
fn only_an_owner_of_the_organization_exports() {
    let mut archive = Archive::with(1);
    let token = archive.bench.sim.with(|world| world.mint_token(TokenSpec { access: Access::Read, ..TokenSpec::default() }));
    archive.bench.set("ASTRO_API_TOKEN", &token);
    let ran = archive.run(&["-o", "-"]);
    assert!(
        ran.code == 6 && ran.talk.contains("`liftoff organization audit-logs export` needs ORGANIZATION_OWNER"),
        "{}",
        ran.talk
    );
}

#[test]
fn nothing_that_is_there_is_lost_to_an_export() {
    let archive = Archive::with(3);
    let (cursor, file) = (archive.path("cursor"), archive.path("events"));
    let dry = archive.run(&["-o", &file, "--cursor-file", &cursor, "--dry-run"]);
    assert!(dry.code == 0 && dry.data.starts_with("would export the events from"), "{}{}", dry.data, dry.talk);
    assert!(!std::path::Path::new(&file).exists() && !std::path::Path::new(&cursor).exists());
    let ran = archive.run(&["-o", &file, "--cursor-file", &cursor]);
    assert_eq!(ran.code, 0, "{}", ran.talk);
    archive.rest();
    let again = archive.run(&["-o", &file, "--cursor-file", &cursor]);
    assert!(again.code == 2 && again.talk.contains("does not hold its events again"), "{}", again.talk);
    assert_eq!(archive.ids("events").len(), 3);
    #[cfg(unix)]
    {
        let link = archive.path("link");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let ran = archive.run(&["-o", &link]);
        assert!(ran.code == 2 && ran.talk.contains("other than a plain file"), "{}", ran.talk);
    }
}
