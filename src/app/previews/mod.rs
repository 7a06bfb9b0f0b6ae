//! Preview Deployments: `liftoff preview`.
//! What a preview should be is decided in `plan::preview`; making it so is here.

pub mod borrow;
pub mod end;
pub mod furnish;
pub mod keep;
pub mod list;
pub mod make;
pub mod play;
pub mod scene;
pub mod sweep;
pub mod unpause;
pub mod wanted;
pub mod who;
