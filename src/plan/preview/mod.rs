//! What previews should be: names, marks, settings, and which of them to make, keep or delete.
//! Pure, as all of `plan`.

pub mod blueprint;
pub mod mark;
pub mod name;
pub mod roll;
pub mod sweep;
