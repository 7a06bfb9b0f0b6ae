//! Packs entries into a deterministic gzip-compressed tar: same content, same bytes.
//! It knows neither which entries belong to a bundle nor where the bundle goes.

pub mod block;
pub mod bundle;
pub mod failure;
pub mod header;
pub mod member;
pub mod pipeline;
pub mod source;
