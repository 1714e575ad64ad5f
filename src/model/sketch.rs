//! A sample of a package's code that survives renaming and reformatting.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Marks of a package's code: 32-bit hashes of runs of normalised tokens, of which those below
/// [`Sketch::limit`] are kept. Two packages that share code share marks, in proportion
/// ("scaled MinHash", Irber et al. 2022, <https://doi.org/10.1101/2022.01.11.475838>).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sketch {
    /// The files that have a mark, in order of path.
    pub files: Vec<Arc<str>>,
    /// Mark and the first file (index into `files`) that has it; ascending, each mark once.
    pub marks: Vec<(u32, u16)>,
    /// Marks from here on are left out.
    pub limit: u32,
}

impl Sketch {
    /// The marks below a limit.
    pub fn below(&self, limit: u32) -> &[(u32, u16)] {
        let end = self.marks.partition_point(|(mark, _)| *mark < limit);
        &self.marks[..end]
    }
}
