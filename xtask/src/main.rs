//! The program: hands its arguments to [`xtask::run`].

use std::process::ExitCode;

fn main() -> ExitCode {
    let exit = xtask::run(std::env::args_os(), &mut xtask::Console::standard());
    ExitCode::from(exit as u8)
}
