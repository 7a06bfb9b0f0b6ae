//! Previews from their first push to their end.

mod gc;
mod life;
mod lives;
mod races;
