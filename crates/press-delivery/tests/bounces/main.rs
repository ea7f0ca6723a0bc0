//! What came back: what each form means, whom it names, what it changes.

mod forms;
mod hostile;
mod mailboxes;

use std::fs;
use std::path::Path;

use press_message::{TokenKeys, TokenPurpose};

const DAY: i64 = 86_400_000;

/// 2 December 2024.
const NOW: i64 = 1_733_097_600_000;

const READER: &str = "0123456789abcdef";

fn keys() -> TokenKeys {
    TokenKeys::parse("review", &format!("k1 {}\n", "11".repeat(32))).unwrap()
}

/// A message of the fixtures, to this reader.
fn fixture(name: &str, reader: &str, id: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces");
    let text = fs::read_to_string(path.join(format!("{name}.eml"))).unwrap();
    text.replace("{bounce}", &keys().token(TokenPurpose::Bounce, reader))
        .replace("{leave}", &keys().token(TokenPurpose::Unsubscribe, reader))
        .replace("{reader}", reader)
        .replace("{id}", id)
        .into_bytes()
}

fn fixtures() -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bounces");
    let mut names: Vec<String> = fs::read_dir(path)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|name| name.strip_suffix(".eml").map(str::to_owned))
        .collect();
    names.sort_unstable();
    names
}
