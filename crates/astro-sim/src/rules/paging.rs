//! Cuts lists into pages (reference/astro-platform.md 1.7).
//! It must not know what is listed.

use crate::refusal::{FieldError, Refusal};

/// Items of a page unless the request says otherwise.
pub const DEFAULT_LIMIT: usize = 20;
/// Most items of a page.
pub const MAX_LIMIT: usize = 1000;

/// A wanted page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most items.
    pub limit: usize,
    /// Items to leave out first.
    pub offset: usize,
}

impl Page {
    /// Returns the page a query asks for, or an error if a number is out of bounds.
    pub fn parse(limit: Option<&str>, offset: Option<&str>) -> Result<Page, Refusal> {
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let offset = offset.map_or(Some(0), |text| text.parse().ok());
        match (limit, offset) {
            (Some(limit @ 1..=MAX_LIMIT), Some(offset)) => Ok(Page { limit, offset }),
            (Some(1..=MAX_LIMIT), None) => Err(out_of_bounds("offset", "must be 0 or more")),
            _ => Err(out_of_bounds("limit", "must be between 1 and 1000")),
        }
    }

    /// Returns the page's items.
    pub fn cut<T>(self, items: Vec<T>) -> Vec<T> {
        items.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

fn out_of_bounds(field: &str, message: &str) -> Refusal {
    let mut refusal = Refusal::invalid(format!("Invalid request: {field} {message}"));
    refusal.fields.push(FieldError { field: field.into(), message: message.into(), code: "out_of_bounds".into() });
    refusal
}
