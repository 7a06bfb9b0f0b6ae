//! The arguments of a call by their names, also those that a literal dictionary brings by `**`.
//! It does not know what is called.

use ruff_python_ast::Expr;

use crate::dags::constants::{Constants, Given};

/// The arguments of a call.
pub struct Arguments<'c, 'a> {
    constants: &'c Constants<'a>,
    arguments: Option<&'a ruff_python_ast::Arguments>,
}

impl<'c, 'a> Arguments<'c, 'a> {
    /// Wraps the arguments of a call.
    #[must_use]
    pub const fn of(arguments: &'a ruff_python_ast::Arguments, constants: &'c Constants<'a>) -> Self {
        Self { constants, arguments: Some(arguments) }
    }

    /// Returns the arguments of a decorator that is not called.
    #[must_use]
    pub const fn none(constants: &'c Constants<'a>) -> Self {
        Self { constants, arguments: None }
    }

    /// Returns the argument of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Given<'a> {
        let mut given = Given::Nothing;
        for keyword in self.arguments.iter().flat_map(|arguments| &arguments.keywords) {
            match &keyword.arg {
                Some(own) if own.as_str() == name => return Given::Expression(&keyword.value),
                Some(_) => {}
                None => match self.constants.entry(&keyword.value, name) {
                    Given::Nothing => {}
                    found => given = found,
                },
            }
        }
        given
    }

    /// Returns the argument of a name that also counts when it is the first without a name.
    #[must_use]
    pub fn first_or(&self, name: &str) -> Given<'a> {
        match self.positional().first() {
            Some(Expr::Starred(_)) => Given::Unsure,
            Some(expression) => Given::Expression(expression),
            None => self.get(name),
        }
    }

    /// Returns the argument of a name, unless others without a name may be that one: only the
    /// first of them is understood.
    #[must_use]
    pub fn get_beside_first(&self, name: &str) -> Given<'a> {
        let crowded = self.positional().len() > 1 || matches!(self.positional().first(), Some(Expr::Starred(_)));
        match self.get(name) {
            Given::Nothing if crowded => Given::Unsure,
            given => given,
        }
    }

    fn positional(&self) -> &'a [Expr] {
        self.arguments.map_or(&[], |arguments| &arguments.args)
    }
}
