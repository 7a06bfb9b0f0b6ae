//! Talking to the forge a pull request lives on. One file per forge.
//! A forge shows what happened; it never influences a deploy, except that it may know commits
//! that the checkout lacks.

pub mod github;
