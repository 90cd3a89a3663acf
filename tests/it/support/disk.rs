//! A small disk of its own, in memory, that can be full.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Mounted for as long as this lives.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// A disk of so many MiB at a place; nothing where this user may not mount any.
    pub(crate) fn mounted(place: &Path, mib: u32) -> Option<Self> {
        fs::create_dir_all(place).expect("a directory of ours");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "orderflow-chaos"]).arg(place);
        let mounted = mount.stdout(Stdio::null()).stderr(Stdio::null()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self { place: place.to_owned() })
    }

    /// Takes all the room that is left.
    pub(crate) fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).expect("a file on a disk of ours");
        for size in [1 << 20, 4_096, 1] {
            while ballast.write_all(&vec![0; size]).is_ok() {}
        }
    }

    /// Gives it back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }

    fn ballast(&self) -> PathBuf {
        self.place.join("ballast")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: what still ends may have files open there.
        let _ = Command::new("umount").arg("-l").arg(&self.place).status();
    }
}
