//! The invariants of `ARCHITECTURE.md` as tests that read this repository's own text.
//! They start no program, need no network, and know no behaviour of the product.
#![expect(clippy::expect_used, reason = "a repository that cannot be read fails the test that reads it")]

#[path = "architecture/docs.rs"]
mod docs;
#[path = "architecture/layers.rs"]
mod layers;
#[path = "architecture/packages.rs"]
mod packages;
#[path = "architecture/purity.rs"]
mod purity;
#[path = "architecture/sizes.rs"]
mod sizes;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/tables.rs"]
mod tables;
