//! Where a world lies on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{At, Error, Result};
use crate::run::{as_root, is_root, quote};

/// Longest folder whose unix sockets below still fit into the 107 bytes of a socket address.
const MAX_ROOT: usize = 56;

/// A folder for one world; a temporary one is removed with its last clone.
#[derive(Debug, Clone)]
pub struct Place {
    root: PathBuf,
    temporary: Option<Arc<tempfile::TempDir>>,
}

impl Place {
    /// `target/world/NAME`, emptied; a temporary folder when that path is too long for unix sockets or
    /// when Dovecot, who runs as nobody, could not reach it.
    pub fn under(target: &Path, name: &str) -> Result<Self> {
        fs::create_dir_all(target).at(target)?;
        let target = &target.canonicalize().at(target)?;
        let root = target.join("world").join(name);
        if root.as_os_str().len() > MAX_ROOT || !reachable(target) {
            return Self::temporary();
        }
        if in_use(&root) {
            let folder = root.display();
            return Err(Error::Check(format!(
                "servers that run already use {folder}; stop that `cargo xtask` first"
            )));
        }
        if root.exists() {
            // Parts of it belong to Postfix.
            as_root("rm").args(["-rf", "--"]).arg(&root).ok()?;
        }
        fs::create_dir_all(&root).at(&root)?;
        open_to_all(&root)?;
        Ok(Self { root, temporary: None })
    }

    /// A temporary folder, removed afterwards.
    pub fn temporary() -> Result<Self> {
        let base = std::env::temp_dir();
        let folder = tempfile::Builder::new().prefix("countersign-").tempdir().at(&base)?;
        let root = folder.path().to_owned();
        open_to_all(&root)?;
        Ok(Self { root, temporary: Some(Arc::new(folder)) })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Shell commands that remove a temporary folder.
    pub(super) fn remove_script(&self) -> String {
        match self.temporary {
            Some(_) => {
                let sudo = if is_root() { "" } else { "sudo -n " };
                format!("{sudo}rm -rf -- {}", quote(&self.root.to_string_lossy()))
            }
            None => String::new(),
        }
    }
}

/// Whether a Dovecot with its configuration here is running.
fn in_use(root: &Path) -> bool {
    let Ok(pid) = fs::read_to_string(root.join("run/master.pid")) else { return false };
    let line = fs::read(format!("/proc/{}/cmdline", pid.trim())).unwrap_or_default();
    let config = root.join("dovecot.conf");
    String::from_utf8_lossy(&line).contains(&*config.to_string_lossy())
}

/// Lets other users pass through (Dovecot and Postfix have their own).
fn open_to_all(folder: &Path) -> Result<()> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).at(folder)
}

/// Whether another user can pass through all folders above; only root starts servers as another user.
fn reachable(folder: &Path) -> bool {
    !is_root()
        || folder
            .ancestors()
            .filter_map(|above| fs::metadata(above).ok())
            .all(|meta| meta.permissions().mode() & 0o001 != 0)
}
