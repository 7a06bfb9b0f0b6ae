//! How a forge shows text: what its Markdown takes, how long a comment may be, how a mark hides in it.
//! Plain data; rendering reports is the business of `report`.

/// What a forge makes of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Markup {
    /// The kind of Markdown.
    pub style: MarkupStyle,
    /// Longest comment, in characters.
    pub limit: usize,
}

/// The kinds of Markdown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkupStyle {
    /// Markdown with tables and HTML elements, of which `details` folds.
    Html,
    /// Markdown with tables, in which HTML stays text.
    Plain,
}

/// How every mark begins, whatever the style.
pub const MARK: &str = "liftoff project=";

impl MarkupStyle {
    /// Returns the line that holds a mark and that nobody sees: a comment of HTML, or a link
    /// definition that nothing refers to. `mark` holds letters, digits, blanks and `=/._%` only.
    #[must_use]
    pub fn hidden(self, mark: &str) -> String {
        match self {
            Self::Html => format!("<!-- {mark} -->"),
            Self::Plain => format!("[liftoff]: # \"{mark}\""),
        }
    }
}

/// Returns the text cut to a number of characters, with `…` as the last where it was longer.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_hidden_in_the_way_of_the_style() {
        assert_eq!(MarkupStyle::Html.hidden("liftoff project=a"), "<!-- liftoff project=a -->");
        assert_eq!(MarkupStyle::Plain.hidden("liftoff project=a"), "[liftoff]: # \"liftoff project=a\"");
    }

    #[test]
    fn a_cut_text_keeps_within_its_characters() {
        assert_eq!(cut("ééé", 3), "ééé");
        assert_eq!(cut("éééé", 3), "éé…");
        assert_eq!(cut("", 3), "");
    }
}
