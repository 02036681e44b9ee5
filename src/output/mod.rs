//! What a run leaves behind: history, summary, fields and the network.

mod grid;
mod memory;
mod network;
mod results;
mod summary;
mod vtk;

pub use memory::{available_memory, bytes, peak_memory};
pub use results::Results;
pub use summary::{Summary, TermSummary, Verdict};
pub use vtk::write_fields;
