//! pinn
pub mod error;
pub mod jet;
pub mod loss;
pub mod network;
pub mod output { pub fn bytes(b: u64) -> String { b.to_string() } }
pub mod problem { pub mod formula; mod locate; pub use locate::{locate, Path, Step}; }
