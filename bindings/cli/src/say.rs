//! Standard output. Whoever reads it may stop reading (`| head`): then there is nothing left to say.

use std::fmt::Arguments;
use std::io::Write;

/// Writes to standard output; ends the program quietly when nobody reads any more.
pub(crate) fn write(text: Arguments<'_>) {
    if std::io::stdout().write_fmt(text).is_err() {
        std::process::exit(0);
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
