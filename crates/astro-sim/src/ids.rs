//! Hands out ids in the platform's shape, the same ones in each run.
//! It must not know what an id names.

/// A counter behind every id of a world.
#[derive(Clone, Debug, Default)]
pub struct Ids {
    last: u64,
}

impl Ids {
    /// Returns a new id: 25 characters that begin with `c`, as the platform's ids do.
    pub fn fresh(&mut self) -> String {
        format!("cm{:023}", self.number())
    }

    /// Returns a new positive number, for platforms that count.
    pub fn number(&mut self) -> u64 {
        self.last += 1;
        self.last
    }
}
