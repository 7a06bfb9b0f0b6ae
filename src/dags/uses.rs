//! Which names a module uses, and which of them it calls.
//! It knows nothing of what they stand for.

use std::collections::HashSet;

use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_ast::{Expr, Stmt};

/// The names that a module reads and calls.
#[derive(Debug, Default)]
pub struct Uses<'a> {
    /// Names whose values are used.
    pub read: HashSet<&'a str>,
    /// Names that are called.
    pub called: HashSet<&'a str>,
}

impl<'a> Uses<'a> {
    /// Collects the names of a module, its functions included.
    #[must_use]
    pub fn of(body: &'a [Stmt]) -> Self {
        let mut uses = Self::default();
        uses.visit_body(body);
        uses
    }
}

impl<'a> Visitor<'a> for Uses<'a> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) if name.ctx.is_load() => {
                self.read.insert(name.id.as_str());
            }
            Expr::Call(call) => {
                if let Expr::Name(name) = &*call.func {
                    self.called.insert(name.id.as_str());
                }
            }
            _ => {}
        }
        walk_expr(self, expression);
    }
}
