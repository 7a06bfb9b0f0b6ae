//! What checks found as JUnit XML, the form that CI systems show test results from. There is no standard; what is written is what
//! <https://docs.gitlab.com/ci/testing/unit_test_reports/> and <https://www.jenkins.io/doc/pipeline/steps/junit/> both read.
//! It knows that form, not what the results mean.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::error::{Error, Kind, Result};
use crate::model::check::{Case, CaseOutcome, CheckReport, Stage};

/// Writes the results to a file, in place of what is there: of a link, too, so that a link in the checkout cannot lead outside.
///
/// # Errors
/// `Kind::Project` when it cannot be written.
pub fn replace(path: &Path, report: &CheckReport) -> Result<()> {
    let write = || {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        // Whoever collects the file may be another user.
        #[cfg(unix)]
        builder.permissions(<fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o644));
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(&document(report)?)?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(|error: io::Error| {
        Error::new(Kind::Project, "write the results as JUnit XML").because(format!("{}: {error}", path.display()))
    })
}

/// Returns the document.
fn document(report: &CheckReport) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", "liftoff check"))
        .write_inner_content(|writer| report.stages.iter().try_for_each(|stage| suite(writer, stage)))?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn suite(writer: &mut Writer<Vec<u8>>, stage: &Stage) -> io::Result<()> {
    let (_, failed, skipped) = stage.counts();
    let (tests, failures) = (stage.cases.len().to_string(), failed.to_string());
    let (skipped, time) = (skipped.to_string(), format!("{:.3}", stage.seconds));
    let attributes = [
        ("name", stage.depth.name()),
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "0"),
        ("skipped", skipped.as_str()),
        ("time", time.as_str()),
    ];
    writer
        .create_element("testsuite")
        .with_attributes(attributes)
        .write_inner_content(|writer| stage.cases.iter().try_for_each(|case| element(writer, stage, case)))?;
    Ok(())
}

fn element(writer: &mut Writer<Vec<u8>>, stage: &Stage, case: &Case) -> io::Result<()> {
    let file = case.file.to_string();
    let (class, name) = (format!("{}.{}", stage.depth.name(), allowed(&file)), allowed(&case.name));
    let (file, time) = (allowed(&file), format!("{:.3}", case.seconds));
    let attributes = [("classname", class.as_str()), ("name", &name), ("file", &file), ("time", &time)];
    let element = writer.create_element("testcase").with_attributes(attributes);
    match &case.outcome {
        CaseOutcome::Passed => element.write_empty()?,
        CaseOutcome::Skipped(why) => element.write_inner_content(|writer| {
            writer.create_element("skipped").with_attribute(("message", allowed(why).as_str())).write_empty()?;
            Ok(())
        })?,
        CaseOutcome::Failed { message, detail } => element.write_inner_content(|writer| {
            let failure = writer.create_element("failure").with_attribute(("message", allowed(message).as_str()));
            failure.write_text_content(BytesText::new(&allowed(detail)))?;
            Ok(())
        })?,
    };
    Ok(())
}

/// Leaves out what no XML document may hold, even escaped (XML 1.0, production 2).
fn allowed(text: &str) -> String {
    let is_allowed = |character: &char| match character {
        '\t' | '\n' | '\r' => true,
        '\u{FFFE}' | '\u{FFFF}' => false,
        other => *other >= ' ',
    };
    text.chars().filter(is_allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::check::Depth;
    use crate::model::path::RelPath;

    fn report() -> CheckReport {
        let case = |name: &str, outcome| Case {
            file: RelPath::parse(b"dags/a \"b\".py").expect("a path"),
            name: name.to_owned(),
            seconds: 0.25,
            outcome,
        };
        let hostile = "</failure><!-- ]]> & \u{1b}[31m\u{0}\u{FFFF}\n\"x\"";
        let cases = vec![
            case("good", CaseOutcome::Passed),
            case("left <out>", CaseOutcome::Skipped("a & b".to_owned())),
            case("bad", CaseOutcome::Failed { message: hostile.to_owned(), detail: hostile.to_owned() }),
        ];
        let stage = Stage { depth: Depth::Parse, with: String::new(), cases, problems: vec![], dags: None, seconds: 1.5 };
        CheckReport { stages: vec![stage], notices: vec![] }
    }

    #[test]
    fn the_document_is_xml_whatever_the_texts_are() {
        let bytes = document(&report()).expect("a document");
        let text = String::from_utf8(bytes).expect("UTF-8");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut names = Vec::new();
        loop {
            match reader.read_event().expect("XML") {
                Event::Start(start) | Event::Empty(start) => {
                    start.attributes().for_each(|attribute| drop(attribute.expect("an attribute")));
                    names.push(start.name().as_ref().to_owned());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(names, ["testsuites", "testsuite", "testcase", "testcase", "skipped", "testcase", "failure"]);
        assert!(text.contains("tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"1\" time=\"1.500\""), "{text}");
        assert!(text.contains("classname=\"parse.dags/a &quot;b&quot;.py\" name=\"good\""), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{0}', '\u{FFFF}']) && !text.contains("</failure><!--"), "{text}");
    }

    #[test]
    fn the_file_is_replaced_and_its_folder_made() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("reports/liftoff.xml");
        replace(&path, &report()).expect("written");
        replace(&path, &CheckReport::default()).expect("written again");
        assert!(std::fs::read_to_string(&path).expect("a file").contains("<testsuites name=\"liftoff check\""));
        assert_eq!(std::fs::read_dir(path.parent().expect("a folder")).expect("a folder").count(), 1);
    }
}
