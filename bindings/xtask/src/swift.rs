//! Swift on a Debian machine without installing it there: Debian trixie's `swiftlang` (Swift 6.0) and the closure of what it
//! needs are unpacked into a cache folder and run by chroot in a mount namespace of their own. There is no Apple SDK.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::{At, Error, Result};
use crate::run::{Call, as_root, call, installed, is_root};
use crate::setup;

/// The Debian release whose Swift is used.
const SUITE: &str = "trixie";
/// Raised when what is unpacked changes.
const LAYOUT: u32 = 1;
/// What is downloaded, with all that it depends on.
const PACKAGES: &str = "swiftlang libc6-dev libstdc++-14-dev dash bash coreutils tzdata";
/// Signs Debian's archive; comes with Debian.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// An unpacked toolchain.
#[derive(Debug, Clone)]
pub struct Toolchain {
    root: PathBuf,
}

impl Toolchain {
    /// Whether this machine lets a program have mount namespaces of its own (a container may not).
    pub fn is_possible() -> bool {
        let namespace = if is_root() {
            "--mount --propagation private true"
        } else {
            "--user --map-root-user --mount true"
        };
        installed("unshare") && call("unshare").words(namespace).ok().is_ok()
    }

    /// The toolchain in the cache; downloaded and unpacked at the first time (about 530 MB, 800 MB on disk).
    pub fn ready() -> Result<Self> {
        for tool in ["apt-get", "dpkg-deb", "tar", "unshare", "chroot"] {
            if !installed(tool) {
                return Err(Error::Missing {
                    what: tool.to_owned(),
                    remedy: "the Swift package is tested on Debian or Ubuntu, or with Xcode on a Mac"
                        .to_owned(),
                });
            }
        }
        let cache = setup::cache()?;
        let root = cache.join(format!("swift-{SUITE}-{LAYOUT}"));
        if !root.join(".ready").is_file() {
            println!("setup: unpacking Swift for {SUITE} into {} (once)", root.display());
            fs::create_dir_all(&cache).at(&cache)?;
            as_root("sh")
                .arg("-c")
                .arg(UNPACK)
                .arg("sh")
                .arg(&cache)
                .arg(&root)
                .arg(SUITE)
                .arg(KEYRING)
                .arg(PACKAGES)
                .shown()?;
        }
        Ok(Toolchain { root })
    }

    /// Describes a call of `words` inside, in `folder`; `shown` is the folder that is seen inside at the same path.
    pub fn call(&self, shown: &Path, folder: &Path, variables: &[(&str, &str)]) -> Call {
        let mut inside = if is_root() {
            call("unshare").words("--mount --propagation private")
        } else {
            call("unshare").words("--user --map-root-user --mount --propagation private")
        };
        inside = inside.arg("sh").arg("-c").arg(ENTER).arg("sh").arg(&self.root).arg(shown).arg(folder);
        for (name, value) in variables {
            inside = inside.arg(format!("{name}={value}"));
        }
        inside
    }
}

/// Downloads with a configuration of its own (this machine's apt is only asked for its mirror) and unpacks.
const UNPACK: &str = r#"
set -eu
cache=$1 root=$2 suite=$3 keyring=$4 packages=$5
apt=$cache/swift-apt part=$root.part
[ -r "$keyring" ] || { echo "setup: $keyring is missing: apt-get install debian-archive-keyring" >&2; exit 1; }
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -E '/debian/?$' | sort | uniq -c \
    | sort -rn | awk 'NR == 1 { print $2 }')
[ -n "$mirror" ] || { echo "setup: apt on this machine names no mirror of Debian" >&2; exit 1; }
rm -rf "$apt" "$part" "$root"
mkdir -p "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" "$apt/state/lists/partial" "$apt/cache/archives/partial"
: >"$apt/status"
arch=$(dpkg --print-architecture)
echo "deb [arch=$arch signed-by=$keyring] $mirror $suite main" >"$apt/etc/sources.list"
{
    apt-config dump | grep -E '^Acquire::(http|https|ForceIPv4|Retries|Check-|[a-z]*::Proxy)' || true
    cat <<CONF
Dir "$apt/"; Dir::Etc "etc"; Dir::State "state"; Dir::Cache "cache"; Dir::State::status "$apt/status";
Dir::Bin::methods "/usr/lib/apt/methods"; APT::Architecture "$arch"; APT::Architectures { "$arch"; };
APT::Install-Recommends "false"; APT::Sandbox::User ""; Acquire::Languages "none"; Acquire::Retries "3";
CONF
} >"$apt/apt.conf"
export APT_CONFIG=$apt/apt.conf
fetch() { apt-get -qq update && apt-get -qq -y --download-only install $packages; }
fetch >"$cache/swift-apt.log" 2>&1 || fetch >>"$cache/swift-apt.log" 2>&1 || {
    tail -n 20 "$cache/swift-apt.log" >&2; exit 1
}
mkdir -p "$part/usr/bin" "$part/usr/sbin" "$part/usr/lib" "$part/usr/lib64" "$part/proc" "$part/dev" "$part/tmp" \
    "$part/root" "$part/etc"
for name in bin sbin lib lib64; do ln -s "usr/$name" "$part/$name"; done
for package in "$apt"/cache/archives/*.deb; do
    name=${package##*/}; name=${name%%_*}
    case $name in
        cpp*|gcc|gcc-*-linux-gnu|debconf*|libpython3*|media-types|netbase|readline-common|libasan*|liblsan*|libtsan*) continue ;;
        libubsan*|libhwasan*|libgprofng*|libcc1*|libisl*|libmpc[0-9]*|libmpfr*) continue ;;
    esac
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$part" --keep-directory-symlink --no-same-owner \
        --exclude=./usr/share/doc --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/libexec/gcc \
        --exclude=./usr/libexec/swift/bin/lldb* --exclude=./usr/libexec/swift/bin/clangd \
        --exclude=./usr/libexec/swift/bin/sourcekit-lsp --exclude=./usr/libexec/swift/lib/liblldb* \
        --exclude=./usr/libexec/swift/lib/swift_static
done
chmod 1777 "$part/tmp"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$part/etc/passwd"
printf 'root:x:0:\n' >"$part/etc/group"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$part/etc/hosts"
printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$part/etc/nsswitch.conf"
rm -rf "$apt"
: >"$part/.ready"
mv "$part" "$root"
"#;

/// Enters the toolchain; its tools find their libraries by way of /proc.
const ENTER: &str = r#"
set -e
root=$1 shown=$2 folder=$3; shift 3
mkdir -p "$root$shown"; mount --bind "$shown" "$root$shown"
mount --rbind /proc "$root/proc"; mount --rbind /dev "$root/dev"
exec chroot "$root" /usr/bin/env -i -C "$folder" PATH=/usr/libexec/swift/bin:/usr/bin:/bin HOME=/root TMPDIR=/tmp LANG=C.UTF-8 "$@"
"#;
