//! Gives the program the hash of the code that it is built from, by which two builds
//! of one version are told apart in a manifest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

fn main() -> io::Result<()> {
    let root = Path::new("..");
    let mut files = Vec::new();
    for part in ["Cargo.toml", "rust-toolchain.toml", "crates", "xtask"] {
        let path = root.join(part);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files)?;
        }
    }
    files.sort();
    let mut hash = Sha256::new();
    for path in files {
        let name = path.to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&path)?;
        hash.update(format!("{name} {}\n", bytes.len()));
        hash.update(bytes);
    }
    let hex: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    println!("cargo::rustc-env=PRESSROOM_CODE={hex}");
    Ok(())
}

/// Every file that has a hand in the program: code and what describes it, and no
/// tests. Templates and fonts stand in the manifest by themselves.
fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        let kind = path.extension().and_then(|extension| extension.to_str());
        if matches!(kind, Some("rs" | "toml" | "txt" | "json")) {
            files.push(path.to_owned());
        }
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if !matches!(name, Some("tests" | "snapshots" | "fixtures" | "target")) {
            collect(&path, files)?;
        }
    }
    Ok(())
}
