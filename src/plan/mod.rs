//! The decision: from facts to what would be done and why, as a pure function.
//! Nothing here may read a file, a variable, a repository or a server; the facts hold it all.

pub mod access;
pub mod audit;
pub mod authority;
pub mod decide;
pub mod deployed;
pub mod deployments;
pub mod description;
pub mod environment_object;
pub mod facts;
pub mod guards;
pub mod outline;
pub mod preview;
pub mod rivals;
pub mod rollback;
pub mod runtime;
pub mod then;
pub mod tokens;
pub mod verdict;
pub mod verification;
