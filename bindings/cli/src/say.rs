//! Standard output. Whoever reads it may stop reading (`| head`): then there is nothing left to say, and the exit code
//! still tells what came out.

use std::fmt::Arguments;
use std::io::ErrorKind;
use std::path::Path;

use crate::failure::Failure;
use crate::streams;

/// Writes to standard output. Ends the program when that can't be written: what was asked for was not delivered.
pub(crate) fn write(text: Arguments<'_>) {
    if let Err(error) = streams::write_output(text)
        && error.kind() != ErrorKind::BrokenPipe
    {
        // Whoever handed this over stopped listening or has a full disk; the others have done nothing wrong.
        if streams::lent_core().is_some() {
            return streams::output_failed();
        }
        let failure = Failure::output(Path::new("standard output"), &error);
        failure.print(false);
        std::process::exit(failure.exit_code().into());
    }
}

/// A line on standard output.
macro_rules! say {
    () => { $crate::say::write(format_args!("\n")) };
    ($($part:tt)+) => { $crate::say::write(format_args!("{}\n", format_args!($($part)+))) };
}

/// Text on standard output, without a line end.
macro_rules! say_part {
    ($($part:tt)+) => { $crate::say::write(format_args!($($part)+)) };
}
