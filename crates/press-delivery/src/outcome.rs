//! What became of one message, and how far the relay's word goes.

use std::fmt;

/// What the relay said: the code of RFC 5321 §4.2, the enhanced code of RFC 3463
/// where there is one, and the words.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// `5.1.1`.
    pub enhanced: Option<String>,
    /// In one line, without the enhanced code; at most 500 bytes.
    pub words: String,
}

impl Reply {
    /// From the code and the words of each line.
    pub(crate) fn new(code: u16, lines: &[String]) -> Reply {
        const LONGEST: usize = 500;
        let mut enhanced = None;
        let mut words = Vec::new();
        for line in lines {
            let line = line.trim();
            let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
            if is_enhanced(first, code) {
                enhanced = Some(first.to_owned());
                words.push(rest.trim());
            } else {
                words.push(line);
            }
        }
        let mut words: String = words
            .join(" ")
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        words.truncate(words.floor_char_boundary(LONGEST));
        Reply {
            code,
            enhanced,
            words: words.trim().to_owned(),
        }
    }

    /// Words of our own, where the relay said nothing.
    pub(crate) fn ours(words: String) -> Reply {
        Reply {
            code: 0,
            enhanced: None,
            words,
        }
    }

    /// Whether the relay is closing or wants us to be slower.
    pub fn wants_slower(&self) -> bool {
        matches!(self.code, 421 | 450 | 451 | 452 | 454)
    }
}

/// Whether a word is an enhanced code of the class that `code` has.
fn is_enhanced(word: &str, code: u16) -> bool {
    let mut numbers = word.split('.');
    let class = numbers.next().and_then(|n| n.parse::<u16>().ok());
    let rest: Vec<&str> = numbers.collect();
    class == Some(code / 100)
        && rest.len() == 2
        && rest
            .iter()
            .all(|n| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, &self.enhanced) {
            (0, _) => f.write_str(&self.words),
            (code, Some(enhanced)) => write!(f, "{code} {enhanced} {}", self.words),
            (code, None) => write!(f, "{code} {}", self.words),
        }
    }
}

/// What a refusal was the answer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The sender, or what holds for every message: the recipient is not to blame.
    Sender,
    /// The recipient.
    Recipient,
    /// The content.
    Content,
}

/// How the attempt to hand over one message ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The relay took it.
    Accepted(Reply),
    /// The relay took it not now (4xx).
    Deferred(Reply, Stage),
    /// The relay will never take it (5xx).
    Failed(Reply, Stage),
    /// The content's end never left this machine: nobody has it.
    NotSent(String),
    /// The content's end was sent and no answer came: the relay may have it.
    Uncertain(String),
}

impl Outcome {
    /// By the class of a reply that is not positive.
    pub(crate) fn refused(reply: Reply, stage: Stage) -> Outcome {
        match reply.code {
            500.. => Outcome::Failed(reply, stage),
            _ => Outcome::Deferred(reply, stage),
        }
    }
}
