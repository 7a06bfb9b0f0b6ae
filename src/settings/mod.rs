//! Every setting of Liftoff: one table, the layers it is read from, and the typed values.
//! Pure: it reads no file, no process environment and no network.

pub mod action;
pub mod check_reader;
pub mod check_rows;
pub mod checks;
pub mod conflicts;
pub mod docs;
pub mod file;
pub mod forge;
pub mod glob;
pub mod json_text;
pub mod layers;
pub mod origin;
pub mod parse;
pub mod preview_reader;
pub mod previews;
pub mod reader;
pub mod resolve;
pub mod rollback;
pub mod rollback_reader;
pub mod rollback_rows;
pub mod sections;
pub mod setting;
pub mod smoke;
pub mod smoke_reader;
pub mod smoke_rows;
pub mod table;
pub mod token_rows;
pub mod typed;
pub mod values;
pub mod verify;
pub mod verify_rows;
