//! The two processors that the app is built for.

/// A processor, as Android names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Abi {
    /// Phones.
    Arm64,
    /// Emulators and Chromebooks.
    X86_64,
}

impl Abi {
    /// All of them.
    pub const ALL: [Abi; 2] = [Abi::Arm64, Abi::X86_64];

    /// Name of its folder below `lib/` in an APK.
    pub fn name(self) -> &'static str {
        match self {
            Abi::Arm64 => "arm64-v8a",
            Abi::X86_64 => "x86_64",
        }
    }

    /// First word of its target triples.
    pub fn machine(self) -> &'static str {
        match self {
            Abi::Arm64 => "aarch64",
            Abi::X86_64 => "x86_64",
        }
    }

    /// Rust's target triple.
    pub fn target(self) -> String {
        format!("{}-linux-android", self.machine())
    }

    /// `e_machine` of its ELF files (EM_AARCH64, EM_X86_64).
    pub fn elf_machine(self) -> u16 {
        match self {
            Abi::Arm64 => 183,
            Abi::X86_64 => 62,
        }
    }
}
