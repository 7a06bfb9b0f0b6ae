//! Values in words: literals, and calls whose arguments are literals, such as `timedelta(days=1)`.
//! It evaluates nothing; what is not written down is no value.

use std::fmt::Write as _;

use ruff_python_ast::{Expr, ExprCall, Number, Operator, UnaryOp};

use crate::dags::calls::Arguments;
use crate::dags::constants::{Constants, Given};
use crate::dags::names::dotted;
use crate::dags::texts::{LONGEST, readable};

/// The deepest expression that is shown.
const DEEPEST: usize = 12;
/// Functions, all lower case, whose result is what their arguments say.
const PLAIN: &[&str] =
    &["timedelta", "duration", "datetime", "date", "dict", "list", "tuple", "set", "days_ago", "relativedelta"];

/// Returns a value in words; `None` when it is dynamic. A text stands without quotes.
#[must_use]
pub fn shown<'a>(constants: &Constants<'a>, expression: &'a Expr) -> Option<String> {
    if let Some(text) = constants.text(expression) {
        return Some(readable(text));
    }
    let mut words = Words { constants, text: String::new() };
    words.add(expression, 0)?;
    Some(readable(&words.text))
}

/// Returns a point in time as `2024-01-31 06:00 Europe/Zurich`, or as `shown` does.
#[must_use]
pub fn moment<'a>(constants: &Constants<'a>, expression: &'a Expr) -> Option<String> {
    match constants.resolved(expression) {
        Expr::Call(call) => date(constants, call).or_else(|| shown(constants, expression)),
        _ => shown(constants, expression),
    }
}

/// Reads `datetime(2024, 1, 31, 6, tzinfo=…)` and its like.
fn date<'a>(constants: &Constants<'a>, call: &'a ExprCall) -> Option<String> {
    let (first, rest) = dotted(&call.func)?;
    if !matches!(*rest.last().unwrap_or(&first), "datetime" | "date" | "DateTime") {
        return None;
    }
    let arguments = Arguments::of(&call.arguments, constants);
    let mut parts = Vec::new();
    for (index, name) in ["year", "month", "day", "hour", "minute", "second"].into_iter().enumerate() {
        let given = match call.arguments.args.get(index) {
            Some(expression) => Given::Expression(expression),
            None => arguments.get(name),
        };
        match given {
            Given::Expression(expression) => match constants.resolved(expression) {
                Expr::NumberLiteral(literal) => match &literal.value {
                    Number::Int(number) => parts.push(number.as_u64()?),
                    _ => return None,
                },
                _ => return None,
            },
            Given::Nothing => parts.push(0),
            Given::Unsure => return None,
        }
    }
    let [year, month, day, hour, minute, second] = parts.as_slice() else { return None };
    let mut text = format!("{year:04}-{month:02}-{day:02}");
    match (hour, minute, second) {
        (0, 0, 0) => {}
        (_, _, 0) => write!(text, " {hour:02}:{minute:02}").ok()?,
        _ => write!(text, " {hour:02}:{minute:02}:{second:02}").ok()?,
    }
    if call.arguments.args.len() > 6 {
        return None;
    }
    for name in ["tz", "tzinfo"] {
        match arguments.get(name) {
            Given::Expression(expression) => write!(text, " {}", zone(constants, expression)?).ok()?,
            Given::Nothing => {}
            Given::Unsure => return None,
        }
    }
    Some(readable(&text))
}

/// Returns `UTC` for `"UTC"`, `timezone("UTC")` and `timezone.utc`.
fn zone<'a>(constants: &Constants<'a>, expression: &'a Expr) -> Option<String> {
    match constants.resolved(expression) {
        Expr::Call(call) => match (&*call.arguments.args, call.arguments.keywords.as_slice()) {
            ([only], []) => constants.text(only).map(str::to_owned),
            _ => None,
        },
        Expr::Attribute(attribute) if attribute.attr.as_str().eq_ignore_ascii_case("utc") => Some("UTC".to_owned()),
        _ => constants.text(expression).map(str::to_owned),
    }
}

struct Words<'c, 'a> {
    constants: &'c Constants<'a>,
    text: String,
}

impl<'a> Words<'_, 'a> {
    fn add(&mut self, expression: &'a Expr, depth: usize) -> Option<()> {
        // What is cut off in the end need not be made; names that name each other would never end.
        if self.text.len() > 4 * LONGEST {
            return Some(());
        }
        if depth > DEEPEST {
            return None;
        }
        match self.constants.resolved(expression) {
            Expr::NoneLiteral(_) => self.text.push_str("None"),
            Expr::BooleanLiteral(literal) => self.text.push_str(if literal.value { "True" } else { "False" }),
            Expr::StringLiteral(literal) => write!(self.text, "{:?}", readable(literal.value.to_str())).ok()?,
            Expr::NumberLiteral(literal) => match &literal.value {
                Number::Int(number) => write!(self.text, "{number}").ok()?,
                Number::Float(number) => write!(self.text, "{number:?}").ok()?,
                Number::Complex { .. } => return None,
            },
            Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => {
                self.text.push('-');
                self.add(&operation.operand, depth + 1)?;
            }
            Expr::BinOp(operation) => {
                self.add(&operation.left, depth + 1)?;
                self.text.push_str(match operation.op {
                    Operator::BitOr => " | ",
                    Operator::BitAnd => " & ",
                    _ => return None,
                });
                self.add(&operation.right, depth + 1)?;
            }
            Expr::List(list) => self.all("[", &list.elts, "]", depth)?,
            Expr::Tuple(tuple) => self.all("(", &tuple.elts, ")", depth)?,
            Expr::Set(set) => self.all("{", &set.elts, "}", depth)?,
            Expr::Call(call) => self.call(call, depth)?,
            _ => return None,
        }
        Some(())
    }

    fn all(&mut self, open: &str, elements: &'a [Expr], close: &str, depth: usize) -> Option<()> {
        self.text.push_str(open);
        for (index, element) in elements.iter().enumerate() {
            if self.text.len() > 4 * LONGEST {
                return Some(());
            }
            self.part(index);
            self.add(element, depth + 1)?;
        }
        self.text.push_str(close);
        Some(())
    }

    fn call(&mut self, call: &'a ExprCall, depth: usize) -> Option<()> {
        let (first, rest) = dotted(&call.func)?;
        let name = *rest.last().unwrap_or(&first);
        // By convention a class begins with a capital; functions may compute anything.
        if !name.starts_with(char::is_uppercase) && !PLAIN.contains(&name) {
            return None;
        }
        self.text.push_str(name);
        self.all("(", &call.arguments.args, "", depth)?;
        for (index, keyword) in call.arguments.keywords.iter().enumerate() {
            if self.text.len() > 4 * LONGEST {
                return Some(());
            }
            self.part(index + call.arguments.args.len());
            self.text.push_str(keyword.arg.as_ref()?.as_str());
            self.text.push('=');
            self.add(&keyword.value, depth + 1)?;
        }
        self.text.push(')');
        Some(())
    }

    fn part(&mut self, index: usize) {
        if index > 0 {
            self.text.push_str(", ");
        }
    }
}
