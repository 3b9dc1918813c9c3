//! The manifest as the system will read it, in the words of `aapt2 dump badging`.

use crate::android::abi::Abi;
use crate::android::imports::OLDEST_API;

/// The Android whose rules the app follows.
const TARGET_API: u32 = 35;

/// What is wrong with a manifest described by `badging`, in an APK for `abi`.
pub fn faults(badging: &str, abi: Abi) -> Vec<String> {
    let mut faults = Vec::new();
    let expected = [
        // The first name is that of newer releases of the tool.
        (
            vec![format!("minSdkVersion:'{OLDEST_API}'"), format!("sdkVersion:'{OLDEST_API}'")],
            "its oldest API",
        ),
        (vec![format!("targetSdkVersion:'{TARGET_API}'")], "its target API"),
        (vec![format!("native-code: '{}'", abi.name())], "its one processor"),
    ];
    for (lines, what) in expected {
        if !badging.lines().any(|line| lines.iter().any(|expected| line == expected)) {
            let expected = lines.first().map_or("", String::as_str);
            faults.push(format!("{what} is not given as {expected}"));
        }
    }
    if badging.lines().any(|line| line.starts_with("application-debuggable")) {
        faults.push("it is debuggable".to_owned());
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "package: name='org.countersign' versionCode='1'\nminSdkVersion:'28'\ntargetSdkVersion:'35'\n\
                        native-code: 'x86_64'\n";

    #[test]
    fn a_good_manifest_passes() {
        assert_eq!(faults(GOOD, Abi::X86_64), Vec::<String>::new());
        assert_eq!(faults(&GOOD.replace("minSdk", "sdk"), Abi::X86_64), Vec::<String>::new());
    }

    #[test]
    fn a_debuggable_app_is_refused() {
        assert_eq!(faults(&format!("{GOOD}application-debuggable\n"), Abi::X86_64), ["it is debuggable"]);
    }

    #[test]
    fn other_levels_and_processors_are_refused() {
        let found = faults(&GOOD.replace("28", "26").replace("35", "34"), Abi::Arm64);
        let expected = [
            "its oldest API is not given as minSdkVersion:'28'",
            "its target API is not given as targetSdkVersion:'35'",
            "its one processor is not given as native-code: 'arm64-v8a'",
        ];
        assert_eq!(found, expected);
        let two = GOOD.replace("'x86_64'", "'arm64-v8a' 'x86_64'");
        assert_eq!(faults(&two, Abi::X86_64), ["its one processor is not given as native-code: 'x86_64'"]);
    }
}
