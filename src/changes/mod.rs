//! What a change means: which path belongs to which artifact, by rules that the disk walker,
//! the fingerprints and the explanation of git changes share, so that they cannot disagree.
//! Everything here is a pure function of values; it never touches a disk, a repository or a server.

pub mod change;
pub mod classified;
pub mod docker_pattern;
pub mod dockerignore;
pub mod folder;
pub mod image;
pub mod inert;
pub mod inputs;
pub mod liftoffignore;
pub mod purpose;
