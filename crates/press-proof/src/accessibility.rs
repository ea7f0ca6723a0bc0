//! One list of rules of accessibility, held against what was read back of every
//! edition, so that what an edition promises a reader who does not see it is
//! looked for in the finished file.
//!
//! A rule *fails* where a reader would be stopped or misled, and *warns* where
//! only a person can judge. A plain text declares nothing: most rules do not
//! apply to it.

use std::collections::{BTreeMap, BTreeSet};

use press_model::{Code, Colour, Diagnostic, LanguageTag, Publication};
use serde::Serialize;

use crate::carried::{Carried, Kind, Link, NOTE_BEGINS, NOTE_ENDS, PICTURE, Segment, Target};
use crate::expect::shortened;
use crate::proof::{Carrier, readable};

/// A rule, and how each edition keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub id: &'static str,
    /// What it asks for, in a sentence without a full stop.
    pub says: &'static str,
    /// The clauses of the standards that ask for it.
    pub clause: &'static str,
    /// How each edition keeps it, in the order of the editions.
    pub verdicts: Vec<Verdict>,
}

/// How an edition keeps a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What was looked at.
    pub carrier: Carrier,
    /// Whether it keeps the rule.
    pub outcome: Outcome,
    /// What was found, each in a sentence without a full stop.
    pub details: Vec<String>,
}

/// Whether an edition keeps a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The edition has nothing that the rule is about.
    NotApplicable,
    /// It does.
    Pass,
    /// A person should look.
    Warn,
    /// It does not.
    Fail,
}

/// A warning for each rule that an edition breaks.
pub fn warnings(publication: &Publication, editions: &[(Carrier, Carried)]) -> Vec<Diagnostic> {
    let rules = accessibility(publication, editions);
    let verdicts = rules.iter().flat_map(|rule| {
        let failed = |verdict: &&Verdict| verdict.outcome == Outcome::Fail;
        rule.verdicts.iter().filter(failed).map(move |v| (rule, v))
    });
    verdicts
        .map(|(rule, verdict)| {
            let edition = verdict.carrier.as_str();
            let detail = verdict.details.first().map_or("", String::as_str);
            let more = match verdict.details.len() {
                0 | 1 => String::new(),
                all => format!(", and {} more of the kind", all - 1),
            };
            let rule = rule.says;
            let message =
                format!("the {edition} breaks a rule of accessibility ({rule}): {detail}{more}");
            Diagnostic::new(Code::Inaccessible, message)
                .help("the report’s part on accessibility names every place")
        })
        .collect()
}

/// Holds every rule against every edition that was read.
pub fn accessibility(publication: &Publication, editions: &[(Carrier, Carried)]) -> Vec<Rule> {
    let rule = |id, says, clause, check: &dyn Fn(Carrier, &Carried) -> Findings| {
        let verdicts = editions.iter().map(|(carrier, carried)| {
            let findings = check(*carrier, carried);
            findings.verdict(*carrier)
        });
        Rule {
            id,
            says,
            clause,
            verdicts: verdicts.collect(),
        }
    };
    vec![
        rule(
            "alternative-text",
            "every picture has words that stand for it",
            "WCAG 2.2 SC 1.1.1; PDF/UA-1 (ISO 14289-1:2014) 7.3; EPUB Accessibility 1.1 §3.3; \
             EN 301 549 V3.2.1 10.1.1.1",
            &alternative_text,
        ),
        rule(
            "heading-order",
            "headings begin at the first level and skip none on the way down",
            "WCAG 2.2 SC 1.3.1; PDF/UA-1 (ISO 14289-1:2014) 7.4.2; EN 301 549 V3.2.1 10.1.3.1",
            &heading_order,
        ),
        rule(
            "language",
            "the edition and its parts name the language that they are in",
            "WCAG 2.2 SC 3.1.1, 3.1.2; PDF/UA-1 (ISO 14289-1:2014) 7.2; EN 301 549 V3.2.1 \
             10.3.1.1, 10.3.1.2",
            &|carrier, carried| language(publication, carrier, carried),
        ),
        rule(
            "title",
            "the edition has a title",
            "WCAG 2.2 SC 2.4.2; PDF/UA-1 (ISO 14289-1:2014) 7.1; EN 301 549 V3.2.1 10.2.4.2",
            &title,
        ),
        rule(
            "link-text",
            "the words of a link say where it leads",
            "WCAG 2.2 SC 2.4.4; PDF/UA-1 (ISO 14289-1:2014) 7.18.5; EN 301 549 V3.2.1 10.2.4.4",
            &|carrier, carried| link_text(publication, carrier, carried),
        ),
        rule(
            "link-target",
            "a link inside the edition leads to a place that is there",
            "WCAG 2.2 SC 2.4.4, 2.4.5; ISO 32000-1:2008 12.3.2",
            &link_target,
        ),
        rule(
            "table-headers",
            "a table of data names its columns in header cells",
            "WCAG 2.2 SC 1.3.1; PDF/UA-1 (ISO 14289-1:2014) 7.5; EN 301 549 V3.2.1 10.1.3.1",
            &table_headers,
        ),
        rule(
            "notes",
            "every mark has its note, and every note its mark",
            "WCAG 2.2 SC 1.3.1; PDF/UA-1 (ISO 14289-1:2014) 7.9",
            &notes,
        ),
        rule(
            "contrast",
            "words in the theme’s accent colour stand out from their ground",
            "WCAG 2.2 SC 1.4.3, 1.4.11; EN 301 549 V3.2.1 10.1.4.3, 10.1.4.11",
            &|carrier, _| contrast(publication, carrier),
        ),
    ]
}

/// How many of the addresses that the same words lead to are told.
const MOST_ADDRESSES: usize = 3;

/// How many findings are told one by one.
const MOST_DETAILS: usize = 50;

/// What a rule found in an edition.
#[derive(Default)]
struct Findings {
    /// Whether the edition has anything that the rule is about.
    applies: bool,
    worst: Option<Outcome>,
    details: Vec<String>,
}

impl Findings {
    fn not_applicable() -> Findings {
        Findings::default()
    }

    fn applicable() -> Findings {
        Findings {
            applies: true,
            ..Findings::default()
        }
    }

    fn fail(&mut self, detail: String) {
        self.add(Outcome::Fail, detail);
    }

    fn warn(&mut self, detail: String) {
        self.add(Outcome::Warn, detail);
    }

    fn add(&mut self, outcome: Outcome, detail: String) {
        self.applies = true;
        self.worst = self.worst.max(Some(outcome));
        self.details.push(detail);
    }

    fn verdict(mut self, carrier: Carrier) -> Verdict {
        if self.details.len() > MOST_DETAILS {
            let more = self.details.len() - MOST_DETAILS;
            self.details.truncate(MOST_DETAILS);
            self.details.push(format!("and {more} more"));
        }
        Verdict {
            carrier,
            outcome: match (self.worst, self.applies) {
                (Some(worst), _) => worst,
                (None, true) => Outcome::Pass,
                (None, false) => Outcome::NotApplicable,
            },
            details: self.details,
        }
    }
}

/// Whether an edition has tags that say what its pieces are.
fn is_tagged(carrier: Carrier) -> bool {
    match carrier {
        Carrier::Pdf | Carrier::Epub | Carrier::Html => true,
        Carrier::Text => false,
    }
}

fn alternative_text(carrier: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    // The words of a picture are all that a plain text has of it.
    if !is_tagged(carrier) {
        return findings;
    }
    for segment in &carried.segments {
        let stands_alone = (segment.kind == Kind::Picture).then_some(segment.text.as_str());
        for words in stands_alone.into_iter().chain(between_marks(&segment.text)) {
            findings.applies = true;
            if words
                .trim_matches(|c: char| c.is_whitespace() || c == PICTURE)
                .is_empty()
            {
                findings.fail(format!("a picture has no words at {}", place(segment)));
            }
        }
    }
    findings
}

/// What stands between each two marks of a picture in a line.
fn between_marks(text: &str) -> impl Iterator<Item = &str> {
    text.split(PICTURE).skip(1).step_by(2)
}

fn heading_order(carrier: Carrier, carried: &Carried) -> Findings {
    if !is_tagged(carrier) {
        return Findings::not_applicable();
    }
    let mut findings = Findings::applicable();
    // Each file of a book is a page of its own.
    let mut file = None;
    let mut before = 0;
    let mut any = false;
    for segment in &carried.segments {
        let Kind::Heading { level } = segment.kind else {
            continue;
        };
        if carrier == Carrier::Epub && file != Some(&segment.place) {
            file = Some(&segment.place);
            before = 0;
        }
        any = true;
        if level > before + 1 {
            let words = quoted(&segment.text);
            let at = place(segment);
            findings.fail(match before {
                0 => format!("the first heading, {words} at {at}, is of level {level}"),
                _ => format!("{words} at {at} is of level {level} after one of level {before}"),
            });
        }
        before = level;
    }
    if !any {
        findings.fail("it has no heading".to_owned());
    }
    findings
}

fn language(publication: &Publication, carrier: Carrier, carried: &Carried) -> Findings {
    if !is_tagged(carrier) {
        return Findings::not_applicable();
    }
    let mut findings = Findings::applicable();
    let wanted = &publication.language;
    match carried.language.as_deref() {
        None | Some("") => findings.fail("it names no language".to_owned()),
        Some(tag) => match LanguageTag::new(tag) {
            None => findings.fail(format!("`{tag}` is no language tag")),
            Some(found) if found.primary() != wanted.primary() => findings.fail(format!(
                "it says that it is in `{found}`, and the publication is in `{wanted}`"
            )),
            Some(_) => {}
        },
    }
    for segment in &carried.segments {
        let tag = segment.language.as_deref();
        if let Some(tag) = tag.filter(|tag| LanguageTag::new(tag).is_none()) {
            let at = place(segment);
            findings.fail(format!("`{tag}` is no language tag, at {at}"));
        }
    }
    findings
}

fn title(carrier: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    let is_blank = |text: Option<&str>| text.is_none_or(|text| text.trim().is_empty());
    if is_tagged(carrier) {
        findings.applies = true;
        if is_blank(carried.title.as_deref()) {
            findings.fail("it has no title".to_owned());
        }
    }
    if let Some(subject) = carried.subject.as_deref() {
        findings.applies = true;
        if is_blank(Some(subject)) {
            findings.fail("the message has no subject".to_owned());
        }
    }
    findings
}

/// Words that say nothing of where they lead, by language.
const EMPTY_WORDS: &[(&str, &[&str])] = &[
    (
        "de",
        &[
            "hier",
            "hier klicken",
            "klicken sie hier",
            "mehr",
            "mehr lesen",
            "weiterlesen",
            "link",
        ],
    ),
    (
        "en",
        &[
            "here",
            "click here",
            "click",
            "this",
            "this link",
            "link",
            "more",
            "read more",
            "learn more",
            "see more",
        ],
    ),
    (
        "es",
        &[
            "aquí",
            "haga clic aquí",
            "haz clic aquí",
            "más",
            "leer más",
            "ver más",
            "enlace",
        ],
    ),
    (
        "fr",
        &[
            "ici",
            "cliquez ici",
            "cliquer ici",
            "lire la suite",
            "en savoir plus",
            "plus",
            "lien",
        ],
    ),
    (
        "zh",
        &[
            "这里",
            "這裡",
            "此处",
            "此處",
            "点击这里",
            "點擊這裡",
            "点击此处",
            "更多",
            "阅读更多",
            "链接",
        ],
    ),
];

fn link_text(publication: &Publication, carrier: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    if !is_tagged(carrier) {
        return findings;
    }
    let mut led_to: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (segment, link) in links(carried) {
        findings.applies = true;
        let words = words_of(segment, link);
        let at = place(segment);
        let is_mark = segment.text[link.start..].starts_with(NOTE_BEGINS)
            && !matches!(link.target, Target::Address(_));
        if words.is_empty() && is_mark {
            continue;
        }
        if words.is_empty() {
            findings.fail(format!(
                "a link to {} has no words, at {at}",
                shown(&link.target)
            ));
            continue;
        }
        let language = segment.language.as_deref().or(carried.language.as_deref());
        let language = language.and_then(LanguageTag::new);
        let language = language.as_ref().unwrap_or(&publication.language);
        if is_empty_talk(&words, language) {
            findings.warn(format!(
                "{} says nothing of {}, at {at}",
                quoted(&words),
                shown(&link.target)
            ));
        }
        if let Target::Address(address) = &link.target {
            led_to
                .entry(words.to_lowercase())
                .or_default()
                .insert(address);
        }
    }
    for (words, addresses) in led_to {
        if addresses.len() > 1 {
            let more = match addresses.len().saturating_sub(MOST_ADDRESSES) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let first: Vec<&str> = addresses.into_iter().take(MOST_ADDRESSES).collect();
            findings.warn(format!(
                "{} leads to several places: {}{more}",
                quoted(&words),
                first.join(", ")
            ));
        }
    }
    findings
}

fn is_empty_talk(words: &str, language: &LanguageTag) -> bool {
    let bare = words
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_lowercase();
    EMPTY_WORDS
        .iter()
        .filter(|(tag, _)| *tag == language.primary())
        .any(|(_, list)| list.contains(&bare.as_str()))
}

fn link_target(carrier: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    if !is_tagged(carrier) {
        return findings;
    }
    for (segment, link) in links(carried) {
        match &link.target {
            Target::Address(_) => {}
            Target::Segment(to) => {
                findings.applies = true;
                // A place may be the end of the edition, after its last segment.
                if *to > carried.segments.len() {
                    findings.fail(leads_nowhere(segment, link));
                }
            }
            Target::Nowhere(_) => findings.fail(leads_nowhere(segment, link)),
        }
    }
    findings
}

fn leads_nowhere(segment: &Segment, link: &Link) -> String {
    format!(
        "{} at {} leads to {}, which is not there",
        quoted(&words_of(segment, link)),
        place(segment),
        shown(&link.target)
    )
}

fn table_headers(carrier: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    if !is_tagged(carrier) {
        return findings;
    }
    // Whether each table has a header cell, and data cells in its first row.
    let mut tables: BTreeMap<u32, (bool, bool, &Segment)> = BTreeMap::new();
    for segment in &carried.segments {
        let Kind::Cell {
            table, row, header, ..
        } = segment.kind
        else {
            continue;
        };
        let (has_header, has_data, _) = tables.entry(table).or_insert((false, false, segment));
        if row == 0 {
            *has_header |= header;
            *has_data |= !header && !segment.text.trim().is_empty();
        }
    }
    for (has_header, has_data, first) in tables.into_values() {
        findings.applies = true;
        let (words, at) = (quoted(&first.text), place(first));
        match (has_header, has_data) {
            (false, _) => findings.fail(format!(
                "the table that begins with {words} at {at} has no header cells"
            )),
            (true, true) => findings.fail(format!(
                "not every column of the table that begins with {words} at {at} has a header cell"
            )),
            (true, false) => {}
        }
    }
    findings
}

fn notes(_: Carrier, carried: &Carried) -> Findings {
    let mut findings = Findings::not_applicable();
    let notes: BTreeSet<u32> = carried.segments.iter().filter_map(|s| s.note).collect();
    let mut marked = BTreeSet::new();
    for segment in &carried.segments {
        for mark in marks(&segment.text) {
            findings.applies = true;
            let number = mark.trim().parse().ok();
            match number.filter(|number| notes.contains(number)) {
                Some(number) => {
                    marked.insert(number);
                }
                None => findings.fail(format!("the mark {mark} at {} has no note", place(segment))),
            }
        }
    }
    for number in notes.difference(&marked) {
        findings.fail(format!("no mark leads to note {number}"));
    }
    findings
}

/// The numbers of the notes that a text refers to.
fn marks(text: &str) -> impl Iterator<Item = &str> {
    text.split(NOTE_BEGINS)
        .skip(1)
        .map(|rest| rest.split(NOTE_ENDS).next().unwrap_or(rest))
}

/// The least contrast of text (WCAG 2.2 SC 1.4.3); lines want less (SC 1.4.11).
const OF_TEXT: f64 = 4.5;
/// The paper of the PDF, and of the cover.
const WHITE: Colour = Colour {
    red: 0xff,
    green: 0xff,
    blue: 0xff,
};

/// What the built-in templates make of the accent: the PDF prints labels in it
/// on white and, in asides, on a tint of it; so does the cover of the EPUB, whose
/// text has the reader's own colours. The email moves the accent, by day and by
/// night, until it can be read.
fn contrast(publication: &Publication, carrier: Carrier) -> Findings {
    let accent = publication.theme.accent;
    let mut findings = Findings::applicable();
    let grounds = match carrier {
        Carrier::Pdf => vec![(WHITE, "on the page"), (tint(accent), "in asides")],
        Carrier::Epub => vec![(WHITE, "on the cover")],
        Carrier::Html => Vec::new(),
        Carrier::Text => return Findings::not_applicable(),
    };
    for (ground, place) in grounds {
        let ratio = accent.contrast(ground);
        if ratio < OF_TEXT {
            // The source's reader warns of it as well: an editor decides.
            findings.warn(format!(
                "the accent {accent} stands on {ground} {place}, with a contrast of {ratio:.1} to \
                 1; words need {OF_TEXT} to 1"
            ));
        }
    }
    findings
}

/// The ground of an aside: 6 parts of the accent in 100.
fn tint(accent: Colour) -> Colour {
    let channel = |value: u8| ((u32::from(value) * 6 + 255 * 94 + 50) / 100) as u8;
    Colour {
        red: channel(accent.red),
        green: channel(accent.green),
        blue: channel(accent.blue),
    }
}

/// Every link with the segment that it stands in.
fn links(carried: &Carried) -> impl Iterator<Item = (&Segment, &Link)> {
    let segments = carried.segments.iter();
    segments.flat_map(|segment| segment.links.iter().map(move |link| (segment, link)))
}

/// The words of a link, without marks of notes; a picture's words count.
fn words_of(segment: &Segment, link: &Link) -> String {
    let text = segment.text.get(link.start..link.end).unwrap_or_default();
    let mut words = String::new();
    for (index, piece) in text.split(NOTE_BEGINS).enumerate() {
        let kept = match index {
            0 => piece,
            _ => piece.split_once(NOTE_ENDS).map_or("", |(_, after)| after),
        };
        words.push_str(kept);
    }
    let words = readable(&words.replace(PICTURE, " "));
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(target: &Target) -> String {
    match target {
        Target::Address(address) => address.clone(),
        Target::Segment(_) => "a place in the edition".to_owned(),
        Target::Nowhere(place) => format!("`{place}`"),
    }
}

/// The first words of a text, between quotation marks.
fn quoted(text: &str) -> String {
    let without_marks = |c: &char| ![PICTURE, NOTE_BEGINS, NOTE_ENDS].contains(c);
    let text: String = text.chars().filter(without_marks).collect();
    format!("“{}”", shortened(&readable(&text)))
}

fn place(segment: &Segment) -> &str {
    match segment.place.as_str() {
        "" => "an unknown place",
        place => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Carrier::{Epub, Html, Pdf, Text};
    use Outcome::{Fail, NotApplicable, Pass, Warn};
    use press_model::{Slug, Theme};

    fn publication(accent: &str) -> Publication {
        Publication {
            title: "T".into(),
            short_title: "T".into(),
            slug: Slug::from_text("t"),
            tagline: None,
            language: LanguageTag::new("en-GB").unwrap(),
            publisher: None,
            postal_address: None,
            issn: None,
            rights: None,
            base_url: None,
            colophon: Vec::new(),
            theme: Theme {
                accent: Colour::parse(accent).unwrap(),
                ..Theme::default()
            },
            sender: None,
            pdf: Default::default(),
            press: Default::default(),
            booklet: Default::default(),
            epub: Default::default(),
            email: Default::default(),
        }
    }

    fn edition(segments: Vec<Segment>) -> Carried {
        Carried {
            title: Some("T".into()),
            language: Some("en-GB".into()),
            segments,
            ..Carried::default()
        }
    }

    fn text(text: &str) -> Segment {
        Segment {
            text: text.into(),
            place: "page 2".into(),
            ..Segment::default()
        }
    }

    fn of(kind: Kind, words: &str) -> Segment {
        Segment {
            kind,
            ..text(words)
        }
    }

    fn heading(level: u8, place: &str) -> Segment {
        Segment {
            place: place.into(),
            ..of(Kind::Heading { level }, "Words")
        }
    }

    fn cell(row: u32, header: bool) -> Segment {
        let kind = Kind::Cell {
            table: 3,
            row,
            column: 0,
            header,
        };
        of(kind, "a cell")
    }

    fn link(words: &str, target: Target) -> Segment {
        Segment {
            links: vec![Link {
                start: 0,
                end: words.len(),
                target,
            }],
            ..text(words)
        }
    }

    fn away(words: &str, address: &str) -> Segment {
        link(words, Target::Address(address.into()))
    }

    #[track_caller]
    fn check(id: &str, carrier: Carrier, carried: &Carried, outcome: Outcome, detail: &str) {
        let editions = [(carrier, carried.clone())];
        let rules = accessibility(&publication("#8a1c1c"), &editions);
        let rule = rules.iter().find(|rule| rule.id == id).unwrap();
        let verdict = &rule.verdicts[0];
        assert_eq!(verdict.outcome, outcome, "{:?}", verdict.details);
        assert_eq!(verdict.details.first().map_or("", |d| d), detail);
    }

    #[test]
    fn pictures_have_words() {
        let check = |segment, outcome, detail| {
            check(
                "alternative-text",
                Pdf,
                &edition(vec![segment]),
                outcome,
                detail,
            );
        };
        let none = "a picture has no words at page 2";
        check(of(Kind::Picture, "A pier"), Pass, "");
        check(of(Kind::Picture, " "), Fail, none);
        check(
            text("a \u{fffc}plum\u{fffc} b \u{fffc}pear\u{fffc}"),
            Pass,
            "",
        );
        check(
            text("a \u{fffc}plum\u{fffc} b \u{fffc}\u{fffc}"),
            Fail,
            none,
        );
        check(text("no picture"), NotApplicable, "");
    }

    #[test]
    fn headings_keep_their_order() {
        let check = |carrier, levels: &[(u8, &str)], outcome, detail: &str| {
            let headings = levels.iter().map(|(level, place)| heading(*level, place));
            let edition = edition(headings.collect());
            check("heading-order", carrier, &edition, outcome, detail);
        };
        check(Pdf, &[(1, "a"), (2, "a"), (3, "b"), (1, "c")], Pass, "");
        let skipped = "“Words” at b is of level 3 after one of level 1";
        check(Pdf, &[(1, "a"), (3, "b")], Fail, skipped);
        let late = "the first heading, “Words” at a, is of level 2";
        check(Html, &[(2, "a"), (1, "a")], Fail, late);
        check(Epub, &[(1, "a"), (2, "a"), (1, "b"), (2, "b")], Pass, "");
        let late = "the first heading, “Words” at b, is of level 2";
        check(Epub, &[(1, "a"), (2, "b")], Fail, late);
        check(Pdf, &[(1, "a"), (2, "b")], Pass, "");
        check(Html, &[], Fail, "it has no heading");
        check(Text, &[], NotApplicable, "");
    }

    #[test]
    fn languages_are_named() {
        let check = |of_edition: Option<&str>, of_part: Option<&str>, outcome, detail| {
            let part = Segment {
                language: of_part.map(str::to_owned),
                ..text("Wort")
            };
            let edition = Carried {
                language: of_edition.map(str::to_owned),
                ..edition(vec![part])
            };
            check("language", Epub, &edition, outcome, detail);
        };
        check(Some("en"), Some("de"), Pass, "");
        check(None, None, Fail, "it names no language");
        check(Some("english"), None, Fail, "`english` is no language tag");
        let other = "it says that it is in `fr`, and the publication is in `en-GB`";
        check(Some("fr"), None, Fail, other);
        check(
            Some("en-GB"),
            Some("d"),
            Fail,
            "`d` is no language tag, at page 2",
        );
    }

    #[test]
    fn editions_have_titles() {
        let check = |carrier, title: &str, subject: Option<&str>, outcome, detail| {
            let edition = Carried {
                title: Some(title.into()),
                subject: subject.map(str::to_owned),
                ..edition(Vec::new())
            };
            check("title", carrier, &edition, outcome, detail);
        };
        check(Pdf, "T", None, Pass, "");
        check(Pdf, " ", None, Fail, "it has no title");
        check(Html, "T", Some(""), Fail, "the message has no subject");
        check(Text, "", Some("S"), Pass, "");
        check(Text, "", None, NotApplicable, "");
    }

    #[test]
    fn links_say_where_they_lead() {
        let check = |segments, outcome, detail| {
            check("link-text", Html, &edition(segments), outcome, detail);
        };
        check(vec![away("the report", "a")], Pass, "");
        check(
            vec![away("Here!", "a")],
            Warn,
            "“Here!” says nothing of a, at page 2",
        );
        check(
            vec![away(" ", "a")],
            Fail,
            "a link to a has no words, at page 2",
        );
        let mark = "\u{fff9}3\u{fffb}";
        check(
            vec![away(mark, "a")],
            Fail,
            "a link to a has no words, at page 2",
        );
        check(vec![away("\u{fffc}A pier\u{fffc}", "a")], Pass, "");
        check(
            vec![
                away("Report", "a"),
                away("report", "b"),
                away("report", "a"),
            ],
            Warn,
            "“report” leads to several places: a, b",
        );
        check(
            ["a", "b", "c", "d", "e"].map(|to| away("Web", to)).into(),
            Warn,
            "“web” leads to several places: a, b, c and 2 more",
        );
        check(vec![text("no link")], NotApplicable, "");
        let german = |language: &str| Segment {
            language: Some(language.into()),
            ..away("hier", "a")
        };
        check(
            vec![german("de")],
            Warn,
            "“hier” says nothing of a, at page 2",
        );
        check(vec![german("en")], Pass, "");
    }

    #[test]
    fn links_inside_lead_somewhere() {
        let check = |target, outcome, detail| {
            check(
                "link-target",
                Epub,
                &edition(vec![link("there", target)]),
                outcome,
                detail,
            );
        };
        check(Target::Segment(0), Pass, "");
        let lost = "“there” at page 2 leads to `b.xhtml#x`, which is not there";
        check(Target::Nowhere("b.xhtml#x".into()), Fail, lost);
        check(Target::Address("a".into()), NotApplicable, "");
    }

    #[test]
    fn tables_have_headers() {
        let check = |carrier, cells, outcome, detail| {
            check("table-headers", carrier, &edition(cells), outcome, detail);
        };
        let table = |header| vec![cell(0, header), cell(1, false)];
        check(Pdf, table(true), Pass, "");
        let none = "the table that begins with “a cell” at page 2 has no header cells";
        check(Pdf, table(false), Fail, none);
        let some = "not every column of the table that begins with “a cell” at page 2 has a \
                    header cell";
        check(Pdf, vec![cell(0, true), cell(0, false)], Fail, some);
        check(Pdf, vec![text("no table")], NotApplicable, "");
        check(Text, table(false), NotApplicable, "");
    }

    #[test]
    fn notes_and_marks_belong_together() {
        let check = |segments, outcome, detail| {
            check("notes", Text, &edition(segments), outcome, detail);
        };
        let mark = || text("Words.\u{fff9}3\u{fffb}");
        let note = || Segment {
            note: Some(3),
            ..text("A note.")
        };
        check(vec![mark(), note()], Pass, "");
        check(vec![mark()], Fail, "the mark 3 at page 2 has no note");
        check(vec![note()], Fail, "no mark leads to note 3");
        check(vec![text("neither")], NotApplicable, "");
    }

    #[test]
    fn the_accent_stands_out() {
        let outcomes = |accent| {
            let editions = [Pdf, Epub, Html, Text].map(|carrier| (carrier, edition(vec![])));
            let rules = accessibility(&publication(accent), &editions);
            let rule = rules
                .into_iter()
                .find(|rule| rule.id == "contrast")
                .unwrap();
            let outcomes: Vec<_> = rule.verdicts.iter().map(|v| v.outcome).collect();
            outcomes
        };
        assert_eq!(outcomes("#8a1c1c"), [Pass, Pass, Pass, NotApplicable]);
        assert_eq!(outcomes("#ffcc00"), [Warn, Warn, Pass, NotApplicable]);
        // Readable on white, and not on its own tint.
        assert_eq!(outcomes("#767676"), [Warn, Pass, Pass, NotApplicable]);
    }

    #[test]
    fn many_findings_are_cut_short() {
        let skips = (0..122).map(|n| heading(3 - n % 2 * 2, "a"));
        let rules = accessibility(&publication("#8a1c1c"), &[(Pdf, edition(skips.collect()))]);
        let verdict = &rules[1].verdicts[0];
        assert_eq!(verdict.details.len(), MOST_DETAILS + 1);
        assert_eq!(verdict.details[MOST_DETAILS], "and 11 more");
    }
}
