//! Facts of a Dockerfile: which image the last stage is based on.
//! It resolves names as `docker build` does, as far as text alone allows; it never builds anything.
//!
//! Image names and the needs of their ONBUILD steps: `reference/astro-docs.md` 10.1 and 10.2.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::path::RelPath;
use crate::model::project::Dockerfile;
use crate::model::runtime::RuntimeVersion;
use crate::project::instructions::{Instruction, instructions};

/// The longest value of an argument in bytes. Image names are far shorter, and arguments that
/// name each other several times would double without end.
const LONGEST: usize = 4096;
/// Repositories of the Runtime image.
const RUNTIME_IMAGES: &[&str] = &["quay.io/astronomer/astro-runtime", "astrocrpublic.azurecr.io/runtime"];

/// Reads the facts of a Dockerfile. Build arguments, the last of equal names first in rank,
/// replace the defaults of `ARG` instructions before the first `FROM`.
#[must_use]
pub fn facts(path: &RelPath, text: &str, build_args: &[(String, String)]) -> Dockerfile {
    let base_image = base_image(text, build_args);
    let tag = base_image.as_deref().and_then(runtime_tag);
    Dockerfile {
        path: path.clone(),
        runtime: tag.and_then(RuntimeVersion::parse),
        needs_package_files: tag.is_some_and(|tag| !tag.split('-').any(|part| part == "base")),
        base_image,
    }
}

/// Returns whether the last stage is based on a Runtime image.
#[must_use]
pub fn is_on_runtime(text: &str) -> bool {
    base_image(text, &[]).as_deref().and_then(runtime_tag).is_some()
}

/// Returns the tag of a Runtime image, empty when it has none; `None` for other images.
fn runtime_tag(image: &str) -> Option<&str> {
    let image = image.split_once('@').map_or(image, |(image, _)| image);
    let rest = RUNTIME_IMAGES.iter().find_map(|repository| image.strip_prefix(repository))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix(':') }
}

fn base_image(text: &str, build_args: &[(String, String)]) -> Option<String> {
    let instructions = instructions(text);
    let given: BTreeMap<&str, &str> = build_args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut arguments: BTreeMap<String, String> = BTreeMap::new();
    // Stages by name, each with the image that it is based on in the end.
    let mut stages: BTreeMap<String, Option<String>> = BTreeMap::new();
    let mut last = None;
    let mut count = 0_usize;
    for instruction in &instructions.list {
        match instruction.keyword.as_str() {
            "ARG" if count == 0 => declare(instruction, &given, &mut arguments, instructions.escape),
            "FROM" => {
                let mut words = instruction.arguments.split_whitespace().filter(|word| !word.starts_with("--"));
                let image = words.next().and_then(|word| expand(word, &arguments, instructions.escape));
                let image = image.filter(|image| !image.is_empty());
                last = match image {
                    Some(image) => stages.get(&image.to_lowercase()).cloned().unwrap_or(Some(image)),
                    None => None,
                };
                if words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"))
                    && let Some(name) = words.next()
                {
                    stages.insert(name.to_lowercase(), last.clone());
                }
                count += 1;
            }
            _ => {}
        }
    }
    last.filter(|image| image != "scratch")
}

/// Takes in `ARG NAME[=default] …`.
fn declare(instruction: &Instruction, given: &BTreeMap<&str, &str>, arguments: &mut BTreeMap<String, String>, escape: char) {
    for word in instruction.arguments.split_whitespace() {
        let (name, default) = word.split_once('=').map_or((word, None), |(name, default)| (name, Some(default)));
        let value = match given.get(name) {
            Some(value) => Some((*value).to_owned()).filter(|value| value.len() <= LONGEST),
            None => default.and_then(|default| expand(default, arguments, escape)),
        };
        match value {
            Some(value) => arguments.insert(name.to_owned(), value),
            None => arguments.remove(name),
        };
    }
}

/// Replaces variables and removes quotes. `None` when a variable has no value, when the result
/// is longer than `LONGEST`, or in a form that is not understood, because a wrong base image
/// would be worse than none.
fn expand(word: &str, arguments: &BTreeMap<String, String>, escape: char) -> Option<String> {
    let mut seen = BTreeSet::new();
    expand_part(word, arguments, escape, &mut seen)
}

fn expand_part(word: &str, arguments: &BTreeMap<String, String>, escape: char, depth: &mut BTreeSet<usize>) -> Option<String> {
    // Defaults nest (`${A:-${B}}`); each level is shorter, and nobody needs many.
    if !depth.insert(word.len()) || depth.len() > 8 {
        return None;
    }
    let mut expanded = String::new();
    let mut rest = word;
    let mut quoted = false;
    while let Some(character) = rest.chars().next() {
        if expanded.len() > LONGEST {
            return None;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '\'' if !quoted => {
                let (literal, after) = rest.split_once('\'')?;
                expanded.push_str(literal);
                rest = after;
            }
            '"' => quoted = !quoted,
            '$' => {
                let (value, after) = variable(rest, arguments, escape, depth)?;
                expanded.push_str(&value);
                rest = after;
            }
            _ if character == escape => {
                let next = rest.chars().next()?;
                expanded.push(next);
                rest = &rest[next.len_utf8()..];
            }
            _ => expanded.push(character),
        }
    }
    depth.remove(&word.len());
    Some(expanded).filter(|expanded| expanded.len() <= LONGEST)
}

/// Reads a variable after its `$`, and returns its value and what follows.
fn variable<'a>(
    rest: &'a str,
    arguments: &BTreeMap<String, String>,
    escape: char,
    depth: &mut BTreeSet<usize>,
) -> Option<(String, &'a str)> {
    let name_end =
        |text: &str| text.find(|character: char| !character.is_ascii_alphanumeric() && character != '_').unwrap_or(text.len());
    let Some(braced) = rest.strip_prefix('{') else {
        let (name, after) = rest.split_at(name_end(rest));
        return Some((arguments.get(name)?.clone(), after));
    };
    let (inside, after) = braced.split_at(closing_brace(braced)?);
    let (name, operation) = inside.split_at(name_end(inside));
    let value = arguments.get(name);
    let not_empty = value.filter(|value| !value.is_empty());
    let value = match operation {
        "" => value?.clone(),
        _ => {
            let (set, word) = match operation.strip_prefix(':') {
                Some(operation) => (not_empty, operation),
                None => (value, operation),
            };
            match (word.strip_prefix('-'), word.strip_prefix('+'), set) {
                (Some(_), _, Some(value)) => value.clone(),
                (Some(default), _, None) => expand_part(default, arguments, escape, depth)?,
                (_, Some(instead), Some(_)) => expand_part(instead, arguments, escape, depth)?,
                (_, Some(_), None) => String::new(),
                _ => return None,
            }
        }
    };
    Some((value, after.strip_prefix('}')?))
}

fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (index, character) in text.char_indices() {
        match character {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, build_args: &[(&str, &str)]) -> Dockerfile {
        let build_args: Vec<(String, String)> =
            build_args.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        facts(&RelPath::parse(b"Dockerfile").expect("a path"), text, &build_args)
    }

    #[test]
    fn the_base_image_of_the_last_stage_is_found() {
        let cases = [
            ("FROM a:1", Some("a:1")),
            ("from --platform=linux/amd64 a:1 as Base\nFROM x\nFROM base", Some("a:1")),
            ("FROM a AS one\nFROM one AS two\nFROM two\nUSER x", Some("a")),
            ("FROM a AS b\nFROM b AS a\nFROM a", Some("a")),
            ("FROM \\\n  a:1 \\\n# note\n  AS x", Some("a:1")),
            ("ARG V=3.1-4\nFROM r:${V}", Some("r:3.1-4")),
            ("ARG V\nFROM r:${V:-2}", Some("r:2")),
            ("ARG V=\nFROM r:${V:-2}-${V-none}", Some("r:2-")),
            ("ARG V=1\nFROM r:$V-base", Some("r:1-base")),
            ("ARG A=1 B=\"${A}.2\" C='$A'\nFROM r:$B", Some("r:1.2")),
            ("ARG A=1\nFROM r${A:+:x}${B:+:y}", Some("r:x")),
            ("FROM r:${A:-${B:-deep}}", Some("r:deep")),
            ("FROM r:$V", None),
            ("FROM r:${V", None),
            ("ARG V=1\nFROM r:${V#x}", None),
            ("ARG V\nFROM r:${V}", None),
            ("FROM scratch", None),
            ("FROM x AS y\nFROM scratch", None),
            ("RUN nothing", None),
            ("FROM", None),
            ("FROM a\nARG V=1\nFROM r:$V", None),
            ("RUN <<EOF\nFROM hidden\nEOF\nFROM shown", Some("shown")),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, &[]).base_image.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn build_arguments_replace_only_declared_defaults() {
        assert_eq!(read("ARG V=1\nFROM r:$V", &[("V", "2")]).base_image.as_deref(), Some("r:2"));
        assert_eq!(read("ARG V\nFROM r:$V", &[("V", "1"), ("V", "2")]).base_image.as_deref(), Some("r:2"));
        assert_eq!(read("FROM r:$V", &[("V", "2")]).base_image, None);
        assert_eq!(read("ARG V=1\nFROM r:$V", &[("W", "2")]).base_image.as_deref(), Some("r:1"));
    }

    #[test]
    fn runtime_images_and_their_needs_are_recognised() {
        let cases = [
            ("FROM quay.io/astronomer/astro-runtime:12.5.0", Some("12.5.0"), true),
            ("FROM quay.io/astronomer/astro-runtime:12.5.0-python-3.11-base", Some("12.5.0"), false),
            ("FROM astrocrpublic.azurecr.io/runtime:3.1-4", Some("3.1-4"), true),
            ("FROM astrocrpublic.azurecr.io/runtime:3.1-4-base@sha256:00", Some("3.1-4"), false),
            ("FROM astrocrpublic.azurecr.io/runtime:latest", None, true),
            ("FROM astrocrpublic.azurecr.io/runtime", None, true),
            ("FROM astrocrpublic.azurecr.io/runtime2:3.1-4", None, false),
            ("FROM example.com/astrocrpublic.azurecr.io/runtime:3.1-4", None, false),
            ("FROM python:3.12", None, false),
        ];
        for (text, version, needs) in cases {
            let facts = read(text, &[]);
            assert_eq!(facts.runtime.map(|version| version.to_string()).as_deref(), version, "{text}");
            assert_eq!(facts.needs_package_files, needs, "{text}");
        }
    }

    #[test]
    fn arguments_that_double_are_given_up() {
        let doubling = |times: usize| {
            let lines: String =
                (1..=times).map(|index| format!("ARG A{index}=${{A{}}}${{A{}}}\n", index - 1, index - 1)).collect();
            format!("ARG A0=x\n{lines}FROM r:${{A{times}}}")
        };
        // Far enough to be refused, not so far that a fault would exhaust this machine.
        assert_eq!(read(&doubling(16), &[]).base_image, None);
        assert_eq!(read(&doubling(4), &[]).base_image, Some(format!("r:{}", "x".repeat(16))));
        let long = "x".repeat(LONGEST + 1);
        assert_eq!(read(&format!("ARG A={long}\nFROM r:$A"), &[]).base_image, None);
        assert_eq!(read("ARG A\nFROM r:$A", &[("A", &long)]).base_image, None);
        assert_eq!(read(&format!("FROM r:{long}"), &[]).base_image, None);
    }

    #[test]
    fn hostile_nesting_is_given_up() {
        let nested = format!("FROM r:{}{}", "${A:-".repeat(10_000), "}".repeat(10_000));
        assert_eq!(read(&nested, &[]).base_image, None);
    }
}
