//! How hostile text stands in a forge's Markdown as text: as prose, as code, in a block, in a link.
//! It knows the two styles of markup, and nothing of what is reported.

use crate::console::clean::is_invisible;
use crate::model::markup::MarkupStyle;

/// A space of no width.
const PARTING: char = '\u{200b}';

/// Writes in one style of Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(pub MarkupStyle);

impl Ink {
    /// Returns the text for a place among our own words, on one line. Forges look for mentions,
    /// references and addresses after they have decoded entities, so they are parted by a
    /// character without width.
    #[must_use]
    pub fn prose(self, text: &str) -> String {
        let parted = parted(&visible(text));
        match self.0 {
            MarkupStyle::Html => escape(&parted),
            MarkupStyle::Plain => backslashed(&parted.replace('\n', " ")),
        }
    }

    /// Returns the text as an inline code element, in which forges look for no mentions and no
    /// references.
    #[must_use]
    pub fn code(self, text: &str) -> String {
        let text = visible(text);
        match self.0 {
            MarkupStyle::Html => format!("<code>{}</code>", escape(&text)),
            MarkupStyle::Plain => {
                let text = text.replace('\n', " ").replace('|', "\\|");
                let fence = "`".repeat(longest_run(&text, '`') + 1);
                let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
                if text.is_empty() { String::new() } else { format!("{fence}{blank}{text}{blank}{fence}") }
            }
        }
    }

    /// Returns lines as they are, in a block of their own.
    #[must_use]
    pub fn block(self, text: &str) -> String {
        let text = visible(text);
        match self.0 {
            // On one line, so that cutting between lines leaves it whole.
            MarkupStyle::Html => format!("<pre><code>{}</code></pre>\n\n", escape(&text)),
            // Indented, because no text can end that.
            MarkupStyle::Plain => text.lines().map(|line| format!("    {line}\n")).collect::<String>() + "\n",
        }
    }

    /// Returns a link; nothing when the address is none of the web's.
    #[must_use]
    pub fn link(self, title: &str, url: Option<&str>) -> Option<String> {
        // Printed by the URL parser, so that it holds no blank, quote or bracket that ends a link.
        let url = url::Url::parse(url?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        Some(format!("[{title}]({})", url.as_str().replace('(', "%28").replace(')', "%29")))
    }

    /// Returns Markdown behind a summary that a click opens, or below it where nothing folds.
    #[must_use]
    pub fn fold(self, summary: &str, body: &str) -> String {
        match self.0 {
            MarkupStyle::Html => format!("<details><summary>{}</summary>\n\n{body}\n</details>\n\n", escape(summary)),
            MarkupStyle::Plain => format!("**{}**\n\n{body}\n", backslashed(summary)),
        }
    }

    /// Returns finished Markdown in small print, where there is such a thing.
    #[must_use]
    pub fn small(self, text: &str) -> String {
        match self.0 {
            MarkupStyle::Html => format!("<sub>{text}</sub>"),
            MarkupStyle::Plain => text.to_owned(),
        }
    }
}

/// Drops what nobody sees or what turns the reading direction.
fn visible(text: &str) -> String {
    text.chars()
        .filter(|character| *character == '\n' || !(character.is_control() || is_invisible(*character)))
        .map(|character| if character == '\t' { ' ' } else { character })
        .collect()
}

fn parted(text: &str) -> String {
    let mut parted = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let (before, rest) = text.split_at(index);
        if begins_address(before, rest) || (character == '-' && ends_with(before, "gh")) {
            parted.push(PARTING);
        }
        parted.push(character);
        // GitLab also refers by `!1`, `&1`, `~label`, `%milestone` and `$snippet`.
        if matches!(character, '@' | '#' | '!' | '&' | '~' | '%' | '$') {
            parted.push(PARTING);
        }
    }
    parted
}

/// Returns the text with everything escaped that Markdown or HTML could take for markup, and so
/// that its source holds no address.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, character) in text.char_indices() {
        let (before, rest) = text.split_at(index);
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\n' => escaped.push_str("<br>"),
            '|' | '`' | '*' | '_' | '[' | ']' | '~' | '\\' | '!' | '#' | '@' | '$' => {
                escaped.push_str(&format!("&#{};", u32::from(character)));
            }
            _ if begins_address(before, rest) => escaped.push_str(&format!("&#{};", u32::from(character))),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Returns the text with a backslash before everything that Markdown could take for markup.
fn backslashed(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '!' | '|' | '>' | '~') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Returns whether the text between the two makes an address: `://`, or the dot of `www.`.
fn begins_address(before: &str, rest: &str) -> bool {
    rest.starts_with("://") || (rest.starts_with('.') && ends_with(before, "www"))
}

fn ends_with(text: &str, word: &str) -> bool {
    let start = text.len().saturating_sub(word.len());
    text.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(word))
}

fn longest_run(text: &str, wanted: char) -> usize {
    text.split(|character| character != wanted).map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: Ink = Ink(MarkupStyle::Html);
    const PLAIN: Ink = Ink(MarkupStyle::Plain);

    /// What a forge sees once Markdown has been read: entities are decoded.
    fn decoded(text: &str) -> String {
        let mut decoded = text.replace("&lt;", "<").replace("&gt;", ">");
        for character in "|`*_[]~\\!#@:.$".chars() {
            decoded = decoded.replace(&format!("&#{};", u32::from(character)), &character.to_string());
        }
        decoded.replace("&amp;", "&")
    }

    #[test]
    fn hostile_prose_mentions_references_and_links_nothing() {
        let rows = [
            ("@acme/everyone", "@acme"),
            ("ada@example.com", "a@e"),
            ("see #1", "#1"),
            ("acme/demo#1", "#1"),
            ("merge !1", "!1"),
            ("epic &1", "&1"),
            ("label ~bug", "~bug"),
            ("milestone %1", "%1"),
            ("snippet $1", "$1"),
            ("GH-1", "GH-"),
            ("gh-1", "gh-"),
            ("www.evil.example", "www."),
            ("WwW.evil.example", "WwW."),
            ("w\u{1}ww.evil.example", "www."),
            ("https://evil", "https:"),
            ("https:\u{7}//evil", "https:"),
            ("https:\u{200b}//evil", "https:"),
            ("x://evil", "://evil.x"),
        ];
        for (text, alive) in rows {
            assert!(!decoded(&HTML.prose(text)).contains(alive), "{text}: {}", HTML.prose(text));
            assert!(!PLAIN.prose(text).replace('\\', "").contains(alive), "{text}: {}", PLAIN.prose(text));
        }
        for text in ["dags/sales.py: 3 files", "a.b-c:d/e", "wwx.y", "Ümlaut ✔"] {
            assert_eq!((HTML.prose(text), PLAIN.prose(text)), (text.to_owned(), text.to_owned()), "nothing to part");
        }
    }

    #[test]
    fn hostile_text_stays_text_in_prose_and_in_code() {
        let text = "a|b `c` *d* _e_ ~f~ [g](h) ![i](j) </code><img src=x> &amp; \\| <!-- www.evil.example https://evil";
        for shown in [HTML.prose(text), escape(text)] {
            for alive in ["|", "`", "*", "_", "~", "[", "]", "!", "<", ">", "&amp; ", "\\", "www.", "://"] {
                assert!(!shown.contains(alive), "{alive}: {shown}");
            }
        }
        assert_eq!(decoded(&escape(text)), text);
        assert_eq!(HTML.code("</code><img>"), "<code>&lt;/code&gt;&lt;img&gt;</code>");
        assert_eq!(HTML.code("@acme #1"), "<code>&#64;acme &#35;1</code>");
        assert_eq!(HTML.code("https://www.x"), "<code>https&#58;//www&#46;x</code>");
        assert_eq!(HTML.code("a\nb\u{1b}[31m\u{202e}"), "<code>a<br>b&#91;31m</code>");
    }

    #[test]
    fn without_html_markdown_is_escaped_by_its_own_means() {
        assert_eq!(PLAIN.prose("*a* [b](c) `d` e_f\ng|h"), "\\*a\\* \\[b\\]\\(c\\) \\`d\\` e\\_f g\\|h");
        assert_eq!(PLAIN.code("a``b|c"), "```a``b\\|c```");
        assert_eq!(PLAIN.code("`a`"), "`` `a` ``");
        assert_eq!(PLAIN.code(""), "");
        assert_eq!(PLAIN.block("a\n```\nb"), "    a\n    ```\n    b\n\n");
        assert_eq!(PLAIN.fold("2 *files*", "x\n"), "**2 \\*files\\***\n\nx\n\n");
        assert_eq!(PLAIN.small("x"), "x");
    }

    #[test]
    fn only_addresses_of_the_web_become_links() {
        assert_eq!(
            HTML.link("Run", Some("https://ci.example/a(b)?c=\"d\" e")).as_deref(),
            Some("[Run](https://ci.example/a%28b%29?c=%22d%22%20e)")
        );
        for url in [None, Some("javascript:alert(1)"), Some("data:text/html,x"), Some("not an address")] {
            assert_eq!(HTML.link("Run", url), None, "{url:?}");
        }
    }
}
