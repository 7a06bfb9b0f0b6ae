//! Previews from their first push to their end.

mod content;
mod gc;
mod life;
mod lives;
mod races;
