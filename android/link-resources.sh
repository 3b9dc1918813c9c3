#!/bin/sh
# link-resources.sh SOURCES OUT: the resources of SOURCES and the generated words of OUT/res, as the app's resource file
# OUT/linked/resources.ap_, R.java and the rules that keep what they name in the code. The compiler and the platform's resources lie in OUT/aapt.
set -eu
sources=$1 out=$2
aapt2=$out/aapt/prebuilt/linux/aapt2
linked=$out/linked
chmod +x "$aapt2"
rm -rf "$linked"
mkdir -p "$linked/java" "$linked/assets"
cp "$sources/AndroidManifest.xml" "$linked/AndroidManifest.xml"
"$aapt2" compile --dir "$sources/res" -o "$linked/own.zip"
"$aapt2" compile --dir "$out/res" -o "$linked/words.zip"
"$aapt2" link -I "$out/aapt/prebuilt/android-framework.jar" --manifest "$linked/AndroidManifest.xml" \
    --min-sdk-version 28 --target-sdk-version 35 --java "$linked/java" --proguard "$linked/keep.pro" -o "$linked/resources.ap_" \
    "$linked/own.zip" "$linked/words.zip"
