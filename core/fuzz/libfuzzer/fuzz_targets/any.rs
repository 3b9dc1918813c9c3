//! One binary for all targets: COUNTERSIGN_FUZZ_TARGET names the one to drive.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<String> = LazyLock::new(|| std::env::var("COUNTERSIGN_FUZZ_TARGET").unwrap_or_default());

fuzz_target!(|octets: &[u8]| fuzz::run(&TARGET, octets));
