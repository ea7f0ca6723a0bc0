//! Smart punctuation: straight quotes and apostrophes become those of the
//! language, over the borders of emphasis, code and links, and spaces bind what
//! belongs together. Nothing else is touched: dashes and dots stay as they are
//! typed.

use press_model::LanguageTag;

use crate::spaces;
use crate::text::{is_cjk, is_space};

/// A part of a block's text, in order.
pub enum Run<'a> {
    /// Words to set.
    Words(&'a mut String),
    /// Words to leave as they are, but for their spaces.
    Kept(&'a mut String),
    /// Something that is not words; to its neighbours it is like this character.
    Solid(char),
    /// The end of a source line: a space, or nothing between Han characters.
    SoftBreak(&'a mut String),
    /// A line break that stays.
    LineBreak,
    /// Words of another language begin.
    Enter(LanguageTag),
    /// They end.
    Leave,
}

/// Sets the runs of one block: quotes by language, each run of spaces as one,
/// none at the start or the end of the block or of a line.
pub fn set(runs: &mut [Run], language: &LanguageTag) {
    let following = following_characters(runs);
    let mut setter = Setter {
        languages: vec![Quotes::of(language)],
        previous: None,
        double_open: false,
        single_open: 0,
    };
    for (run, next) in runs.iter_mut().zip(following) {
        match run {
            Run::Words(text) => **text = setter.words(text, next),
            Run::Kept(text) => **text = setter.kept(text),
            Run::Solid(c) => setter.previous = Some(*c),
            Run::SoftBreak(text) => {
                text.clear();
                let joins = setter.previous.is_some_and(is_cjk) && next.is_some_and(is_cjk);
                if !joins {
                    setter.space(text);
                }
            }
            Run::LineBreak => setter.previous = None,
            Run::Enter(language) => setter.languages.push(Quotes::of(language)),
            Run::Leave => {
                setter.languages.pop();
            }
        }
    }
    trim_ends(runs);
    spaces::bind(runs, language);
}

/// Sets a text that stands by itself.
pub fn set_plain(text: &str, language: &LanguageTag) -> String {
    let mut text = text.to_owned();
    set(&mut [Run::Words(&mut text)], language);
    text
}

/// For each run the first character after it.
fn following_characters(runs: &[Run]) -> Vec<Option<char>> {
    let mut following = vec![None; runs.len()];
    let mut next = None;
    for (run, slot) in runs.iter().zip(&mut following).rev() {
        *slot = next;
        match run {
            Run::Words(text) | Run::Kept(text) => next = text.chars().next().or(next),
            Run::Solid(c) => next = Some(*c),
            // What follows a soft break matters to itself alone.
            Run::SoftBreak(_) | Run::LineBreak => next = Some('\n'),
            Run::Enter(_) | Run::Leave => {}
        }
    }
    following
}

/// Takes away the space before a line break and at the end of the block.
fn trim_ends(runs: &mut [Run]) {
    let mut at_end = true;
    for run in runs.iter_mut().rev() {
        match run {
            Run::Words(text) | Run::Kept(text) | Run::SoftBreak(text) if at_end => {
                text.truncate(text.trim_end_matches(is_space).len());
                at_end = text.is_empty();
            }
            Run::Solid(_) => at_end = false,
            Run::LineBreak => at_end = true,
            Run::Words(_) | Run::Kept(_) | Run::SoftBreak(_) | Run::Enter(_) | Run::Leave => {}
        }
    }
}

struct Setter {
    languages: Vec<Quotes>,
    /// The last character set; none at the start of a block or line.
    previous: Option<char>,
    double_open: bool,
    single_open: usize,
}

impl Setter {
    fn words(&mut self, text: &str, next: Option<char>) -> String {
        let mut out = String::with_capacity(text.len() + 8);
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            if is_space(c) {
                self.space(&mut out);
                continue;
            }
            let following = || rest.clone().chain(next);
            match c {
                '"' => {
                    let set = self.double(following().next());
                    self.put(&set, &mut out);
                }
                '\'' => {
                    let set = self.single(following());
                    self.put(&set, &mut out);
                }
                c => {
                    out.push(c);
                    self.previous = Some(c);
                }
            }
        }
        out
    }

    fn kept(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            if is_space(c) {
                self.space(&mut out);
            } else {
                out.push(c);
                self.previous = Some(c);
            }
        }
        out
    }

    fn space(&mut self, out: &mut String) {
        if self.previous.is_some_and(|c| c != ' ') {
            out.push(' ');
            self.previous = Some(' ');
        }
    }

    fn put(&mut self, set: &str, out: &mut String) {
        out.push_str(set);
        self.previous = set.chars().last();
    }

    fn quotes(&self) -> Quotes {
        self.languages.last().copied().unwrap_or(ENGLISH)
    }

    fn double(&mut self, next: Option<char>) -> String {
        if self.previous.is_some_and(is_hebrew) && next.is_some_and(is_hebrew) {
            return "\u{5f4}".into();
        }
        let opens = match (self.may_open(), may_close(next)) {
            _ if self.touches_cjk(next) => !self.double_open,
            (true, false) => true,
            (false, true) => false,
            (true, true) => !self.double_open,
            (false, false) => {
                !self.double_open && !self.previous.is_some_and(char::is_alphanumeric)
            }
        };
        self.double_open = opens;
        let quotes = self.quotes();
        match (opens, quotes.spaced) {
            (true, true) => format!("{}\u{202f}", quotes.double.0),
            (false, true) => format!("\u{202f}{}", quotes.double.1),
            (true, false) => quotes.double.0.into(),
            (false, false) => quotes.double.1.into(),
        }
    }

    fn single(&mut self, mut following: impl Iterator<Item = char> + Clone) -> String {
        const APOSTROPHE: char = '\u{2019}';
        let ahead = following.clone();
        let next = following.next();
        let after_word = self.previous.is_some_and(char::is_alphanumeric);
        let before_word = next.is_some_and(char::is_alphanumeric);
        if self.previous.is_some_and(is_hebrew) && next.is_some_and(is_hebrew) {
            return "\u{5f3}".into();
        }
        let cjk = |c: Option<char>| c.is_none_or(|c| is_cjk(c) || !c.is_alphanumeric());
        let opens = if self.touches_cjk(next) && cjk(self.previous) && cjk(next) {
            self.single_open == 0
        } else if after_word && before_word {
            return APOSTROPHE.into();
        } else {
            self.may_open() && !may_close(next) && !is_elision(ahead)
        };
        let quotes = self.quotes();
        if opens {
            self.single_open += 1;
            quotes.single.0.into()
        } else if self.single_open > 0 && (!before_word || next.is_some_and(is_cjk)) {
            self.single_open -= 1;
            quotes.single.1.into()
        } else {
            APOSTROPHE.into()
        }
    }

    fn may_open(&self) -> bool {
        self.previous.is_none_or(|c| {
            c.is_whitespace()
                || matches!(
                    c,
                    '(' | '[' | '{' | '<' | '-' | '/' | '=' | '|' | '\u{2010}'
                        ..='\u{2015}' | '¿' | '¡' | '“' | '‘' | '„' | '‚' | '«' | '‹'
                )
        })
    }

    fn touches_cjk(&self, next: Option<char>) -> bool {
        self.previous.is_some_and(is_cjk) || next.is_some_and(is_cjk)
    }
}

fn may_close(next: Option<char>) -> bool {
    next.is_none_or(|c| {
        c.is_whitespace()
            || matches!(
                c,
                ')' | ']'
                    | '}'
                    | '>'
                    | ','
                    | '.'
                    | ';'
                    | ':'
                    | '!'
                    | '?'
                    | '…'
                    | '/'
                    | '|'
                    | '\u{2010}'..='\u{2015}' | '”' | '’' | '»' | '›'
            )
    })
}

fn is_hebrew(c: char) -> bool {
    matches!(c, '\u{5d0}'..='\u{5ea}')
}

/// Whether what follows a quote is a word whose beginning is left out (’tis,
/// ’n’, ’90s), so that the quote is an apostrophe.
fn is_elision(following: impl Iterator<Item = char>) -> bool {
    let mut word = String::new();
    for c in following.take(6) {
        if !c.is_alphanumeric() {
            // '90' and 'em' between two quotes are quoted words.
            if c == '\'' && word != "n" {
                return false;
            }
            break;
        }
        word.extend(c.to_lowercase());
    }
    let is_decade = |word: &str| {
        let digits = word.trim_end_matches('s');
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    matches!(word.as_str(), "n" | "tis" | "twas" | "twere" | "em" | "til") || is_decade(&word)
}

/// The quotes of a language.
#[derive(Clone, Copy)]
struct Quotes {
    double: (&'static str, &'static str),
    single: (&'static str, &'static str),
    /// Whether a narrow no-break space stands inside the double ones.
    spaced: bool,
}

const ENGLISH: Quotes = quotes(("“", "”"), ("‘", "’"));

const fn quotes(
    double: (&'static str, &'static str),
    single: (&'static str, &'static str),
) -> Quotes {
    Quotes {
        double,
        single,
        spaced: false,
    }
}

impl Quotes {
    /// The quotes of a language (CLDR's main and alternate ones); those of
    /// English where nothing else is known.
    fn of(language: &LanguageTag) -> Quotes {
        let swiss = matches!(language.region(), Some("CH" | "LI"));
        match language.primary() {
            "de" | "fr" | "it" if swiss => quotes(("«", "»"), ("‹", "›")),
            "de" | "cs" | "sk" | "sl" | "lt" | "et" | "is" | "bg" | "ka" => {
                quotes(("„", "“"), ("‚", "‘"))
            }
            "fr" => Quotes {
                spaced: true,
                ..quotes(("«", "»"), ("“", "”"))
            },
            "es" | "it" | "ca" | "gl" | "eu" | "el" | "pt" if language.region() != Some("BR") => {
                quotes(("«", "»"), ("“", "”"))
            }
            "no" | "nb" | "nn" => quotes(("«", "»"), ("‘", "’")),
            "ru" | "uk" | "be" => quotes(("«", "»"), ("„", "“")),
            "pl" | "hr" | "ro" | "sr" => quotes(("„", "”"), ("‚", "’")),
            "hu" => quotes(("„", "”"), ("»", "«")),
            "sv" | "fi" | "da" => quotes(("”", "”"), ("’", "’")),
            _ => ENGLISH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(text: &str) -> LanguageTag {
        LanguageTag::new(text).unwrap()
    }

    fn check(language: &str, text: &str, expect: &str) {
        assert_eq!(
            set_plain(text, &tag(language)),
            expect,
            "{language}: {text}"
        );
    }

    #[test]
    fn english() {
        check("en", r#""Hello," she said."#, "“Hello,” she said.");
        check("en", r#"("so-called") "x"."#, "(“so-called”) “x”.");
        check(
            "en",
            r#"He said: "'No,' he said.""#,
            "He said: “‘No,’ he said.”",
        );
        check(
            "en",
            "Ada's don't the authors' end",
            "Ada’s don’t the authors’ end",
        );
        check(
            "en",
            "rock 'n' roll in the '90s, 'tis",
            "rock ’n’ roll in the ’90s, ’tis",
        );
        check("en", "'quoted' words", "‘quoted’ words");
        check("en", r#""Wait—" he said—"no""#, "“Wait—” he said—“no”");
        check("en", "-- --- ...", "-- --- ...");
        check("en", r#"5' 10" tall"#, "5’ 10” tall");
        check("en", "  two  spaces ", "two spaces");
    }

    #[test]
    fn other_languages() {
        check("de", r#""Ach", 'so', Ada's"#, "„Ach“, ‚so‘, Ada’s");
        check("de-CH", r#""Ach""#, "«Ach»");
        check(
            "fr",
            r#""L'eau" et 'là'"#,
            "«\u{202f}L’eau\u{202f}» et “là”",
        );
        check("es", r#""Sí""#, "«Sí»");
        check("pt-BR", r#""Sim""#, "“Sim”");
        check("sv", r#""Ja""#, "”Ja”");
        check("pl", r#""Tak""#, "„Tak”");
        check("cs", r#""Ano""#, "„Ano“");
        check("ru", r#""Да""#, "«Да»");
        check("nl", r#""Ja""#, "“Ja”");
        check("he", "צה\"ל \"שלום\"", "צה\u{5f4}ל “שלום”");
        check("zh-Hans", r#"他说"你好"。"#, "他说“你好”。");
        check("zh-Hans", r#"他说：'好'。王's"#, "他说：‘好’。王’s");
    }

    #[test]
    fn over_borders() {
        let mut before = "He said \"".to_owned();
        let mut inside = "no".to_owned();
        let mut after = "\" twice".to_owned();
        set(
            &mut [
                Run::Words(&mut before),
                Run::Words(&mut inside),
                Run::Words(&mut after),
            ],
            &tag("en"),
        );
        assert_eq!([before, inside, after], ["He said “", "no", "” twice"]);
    }

    #[test]
    fn soft_breaks() {
        let join = |first: &str, second: &str| {
            let (mut first, mut gap, mut second) =
                (first.to_owned(), String::new(), second.to_owned());
            set(
                &mut [
                    Run::Words(&mut first),
                    Run::SoftBreak(&mut gap),
                    Run::Words(&mut second),
                ],
                &tag("zh"),
            );
            first + &gap + &second
        };
        assert_eq!(join("中国", "科学院"), "中国科学院");
        assert_eq!(join("中国", "CAS"), "中国 CAS");
        assert_eq!(join("one ", "two"), "one two");
    }

    proptest! {
        /// No straight quote is left, and all else stays, but for spaces and
        /// for the narrow space inside French quotes.
        #[test]
        fn only_quotes_change(text in "[a-z\"' ,.王（-]{0,40}", language in "en|de|fr|zh|sv") {
            let set = set_plain(&text, &tag(&language));
            prop_assert!(!set.contains(['"', '\'']));
            let rest = |text: &str| -> String {
                text.chars()
                    .filter(|c| !c.is_whitespace() && !"\"'“”‘’„‚«»".contains(*c))
                    .collect()
            };
            prop_assert_eq!(rest(&set), rest(&text));
            let again = set_plain(&set, &tag(&language));
            prop_assert_eq!(again, set, "setting twice changes nothing");
        }
    }
}
