//! What a run leaves behind: history, summary, fields and the network.

mod allocator;
mod checkpoint;
mod grid;
mod memory;
mod network;
mod plot;
mod results;
mod summary;
mod vtk;

pub use allocator::{live_bytes, peak_bytes, restart_peak};
pub use checkpoint::{Keeper, read_checkpoint};
pub use memory::{available_memory, peak_memory};
pub use plot::{Axis, Corner, Curve, Plot, Style};
pub use results::Results;
pub use summary::{Probe, Reading, Summary, TermSummary, Times, Verdict};
pub use vtk::write_fields;
