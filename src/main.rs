//! `pinn`: parses the command line, calls one function, prints, and sets the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    pinn::cli::main()
}
