//! How deep the syntax tree of a text can become, told from its tokens before it is built.
//! The parser grows its own stack, but whoever walks or frees a tree needs a stack for its depth.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Mode;
use ruff_python_parser::lexer::lex;

/// Deepest nesting that is read. Python compiles less: it stops at 200 brackets, 100 indentations
/// and some thousand chained operators.
pub const DEEPEST: usize = 10_000;

/// What the tokens tell of a text before it is parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// Its tree can be built, walked and freed.
    Shallow,
    /// Its tree may be too deep.
    Deep,
    /// Its tree may be too deep, and Python refuses it in any case, for this reason.
    Wrong(&'static str),
}

/// Judges a text. The tree of a shallow one is not deeper than `DEEPEST`, apart from a small factor.
#[must_use]
pub fn nesting(text: &str) -> Nesting {
    // A token has at least one byte, and a level at least one token.
    if text.len() <= DEEPEST {
        return Nesting::Shallow;
    }
    let mut lexer = lex(text, Mode::Module);
    let mut depth = Depth::default();
    let mut deepest = 0;
    loop {
        let token = lexer.next_token();
        if token == TokenKind::EndOfFile {
            break;
        }
        depth.take(token);
        deepest = deepest.max(depth.total);
        if depth.brackets.len() > DEEPEST {
            return Nesting::Wrong("it has too many nested brackets");
        }
    }
    match deepest <= DEEPEST {
        true => Nesting::Shallow,
        // Without its end, everything that follows seems to be inside.
        false if depth.unclosed => Nesting::Wrong("a bracket is never closed"),
        false => Nesting::Deep,
    }
}

/// What is open at a token: indentations, brackets, and what each of them holds so far.
#[derive(Default)]
struct Depth {
    indentation: usize,
    brackets: Vec<Level>,
    line: Level,
    total: usize,
    /// Whether a line ended, or the text did, before a bracket.
    unclosed: bool,
}

/// Tokens since the last separator of one bracket or line, less those that cannot nest.
#[derive(Default, Clone, Copy)]
struct Level {
    /// Operators and most keywords; a comma parts them.
    operators: usize,
    /// `lambda` and `yield`, which go on past a comma.
    openers: usize,
}

impl Depth {
    fn take(&mut self, token: TokenKind) {
        match token {
            TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None
            | TokenKind::Ellipsis
            | TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd => {}
            TokenKind::Indent => {
                self.indentation += 1;
                self.total += 1;
            }
            TokenKind::Dedent => {
                self.total -= self.indentation.min(1);
                self.indentation = self.indentation.saturating_sub(1);
            }
            TokenKind::Newline => self.end_line(),
            TokenKind::Semi if self.brackets.is_empty() => self.end_line(),
            TokenKind::Comma => {
                let level = self.level();
                let operators = std::mem::take(&mut level.operators);
                self.total -= operators;
            }
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                self.count(|level| level.operators += 1);
                self.brackets.push(Level::default());
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if let Some(closed) = self.brackets.pop() {
                    self.total -= closed.operators + closed.openers;
                }
            }
            TokenKind::Lambda | TokenKind::Yield => self.count(|level| level.openers += 1),
            _ => self.count(|level| level.operators += 1),
        }
    }

    fn level(&mut self) -> &mut Level {
        self.brackets.last_mut().unwrap_or(&mut self.line)
    }

    fn count(&mut self, add: impl FnOnce(&mut Level)) {
        add(self.level());
        self.total += 1;
    }

    fn end_line(&mut self) {
        self.unclosed |= !self.brackets.is_empty();
        self.brackets.clear();
        self.line = Level::default();
        self.total = self.indentation;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nests_is_counted_and_what_only_follows_is_not() {
        let count = DEEPEST + 1;
        let deep = [
            "not ".repeat(count) + "x",
            "a + ".repeat(count) + "a",
            "-".repeat(count) + "1",
            "lambda a, b: ".repeat(count) + "a",
            "yield a, ".repeat(count),
            "1 if 1 else ".repeat(count) + "a",
            "a".to_owned() + &".b".repeat(count),
            "f".to_owned() + &"()".repeat(count),
            "async ".repeat(count) + "x",
            "a + def ".repeat(count),
        ];
        for text in deep {
            assert_eq!(nesting(&text), Nesting::Deep, "{}", text.get(..40).unwrap_or_default());
        }
        let wrong = [
            "(".repeat(count) + "1" + &")".repeat(count),
            "(".repeat(count),
            "f'{".repeat(count),
            "{1: ".repeat(count),
            "match x:\n case ".to_owned() + &"[".repeat(count),
            "x = (1\n".to_owned() + &"y = 2\n".repeat(count),
        ];
        for text in wrong {
            assert!(matches!(nesting(&text), Nesting::Wrong(_)), "{}", text.get(..40).unwrap_or_default());
        }
        let flat = [
            "x = [".to_owned() + &"-1, ".repeat(count) + "]",
            "x = [".to_owned() + &"1 if a else not b, ".repeat(count) + "]",
            "x = {".to_owned() + &"'a': {'b': (1, -2)}, ".repeat(count) + "}",
            "x = (".to_owned() + &"'words'\n".repeat(count) + ")",
            "x = [".to_owned() + &"f(a=1, b=g(2)), ".repeat(count) + "]",
            "if a:\n  b = -1; c = -1\n".repeat(count),
            "@a\n".repeat(count) + "def f(): pass",
            "# (((((((\n".repeat(count),
            "'''(((((\n'''\n".repeat(count),
            "x = (1\n".to_owned() + &"y = (2, 3)\n".repeat(count / 10),
        ];
        for text in flat {
            assert_eq!(nesting(&text), Nesting::Shallow, "{}", text.get(..40).unwrap_or_default());
        }
    }
}
