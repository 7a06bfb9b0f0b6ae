//! Access as code: from a file that says who shall have which role, and from who has which, to the changes between them.

pub mod decide;
pub mod facts;
pub mod file;
