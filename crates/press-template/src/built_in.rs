//! The templates that are built into the program.

/// Every built-in template: its name below the templates folder and its text.
/// Sorted by name; a test holds the list against the folder.
pub const BUILT_IN: &[(&str, &str)] = &[];
