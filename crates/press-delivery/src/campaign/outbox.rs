//! The outbox of a rehearsal: a folder of messages.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::{RunError, Stamped};

/// Written beside and put in place; named by the Message-ID, so that it is the same
/// file whenever it is written.
pub(super) fn write(folder: &Path, stamped: &Stamped) -> Result<(), RunError> {
    let name: String = stamped
        .message_id
        .chars()
        .map(|c| match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' | '_' | '@' => c,
            _ => '_',
        })
        .collect();
    let path = folder.join(format!("{name}.eml"));
    let beside = folder.join(format!(".{name}.new"));
    write_private(&beside, &stamped.content)
        .and_then(|()| std::fs::rename(&beside, &path))
        .map_err(|source| RunError::Outbox { path, source })
}

/// Writes a file that only its owner can read, and makes its folder if need be.
///
/// # Errors
/// Those of the file system.
pub fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
    }
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_data()
}
