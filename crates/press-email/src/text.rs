//! The text part: the whole issue for those who read without HTML.
//!
//! It is made from the model and never from the HTML part, is 72 columns wide,
//! and says everything that the HTML says. Headings are underlined, by rank with
//! `=`, `-`, `~` and `.`; links are numbered and their addresses listed at the
//! end; notes stand at the end of their article; the footer is a signature, so
//! that a reply leaves it out. No line ends in white space but the one above the
//! signature and those of a paragraph that run on (RFC 3676), and none is longer
//! than 72 columns but addresses and code.

mod blocks;
mod inline;
mod wrap;

use press_message::Place;
use press_model::{
    Article, Block, Correction, Issue, Labels, Note, Publication, Section, month_and_year,
};

use crate::Companion;
use crate::places::Places;
use blocks::{behind, blocks, heading, paragraph};
use inline::{InlineText, Links};
use wrap::wrap;

/// The width of a line in columns.
const WIDTH: usize = 72;

/// The text part of an issue, with marks where it differs from reader to reader.
pub(crate) fn text(
    publication: &Publication,
    issue: &Issue,
    places: &Places,
    companions: &[Companion],
) -> String {
    let mut text = Text {
        publication,
        issue,
        inline: InlineText {
            labels: Labels::of(&publication.language),
            places,
            links: Links::default(),
        },
        lines: Vec::new(),
    };
    text.nameplate();
    text.companions(companions);
    text.greeting();
    text.contents();
    for section in &issue.sections {
        text.section(section);
    }
    text.corrections(&issue.corrections);
    text.colophon();
    text.links();
    text.footer();
    text.finish()
}

struct Text<'a> {
    publication: &'a Publication,
    issue: &'a Issue,
    inline: InlineText<'a>,
    lines: Vec<String>,
}

impl Text<'_> {
    fn nameplate(&mut self) {
        let rule = "=".repeat(WIDTH);
        self.lines.push(rule.clone());
        self.lines.extend(wrap(&self.publication.title, WIDTH));
        if let Some(tagline) = &self.publication.tagline {
            self.lines.extend(wrap(tagline, WIDTH));
        }
        self.lines.extend(wrap(&self.dated(), WIDTH));
        self.lines.push(rule);
    }

    /// `Issue 12 · November 2024`.
    fn dated(&self) -> String {
        let month = month_and_year(self.issue.date, &self.publication.language);
        match self.issue.number {
            Some(number) => format!("{} {number} · {month}", self.inline.labels.issue),
            None => month,
        }
    }

    /// `Attached: EPUB (2 MB), PDF (640 KB)`, or where they lie.
    fn companions(&mut self, all: &[Companion]) {
        let labels = self.inline.labels;
        let named = |one: &Companion| format!("{} ({})", one.name, one.size());
        let mut attached = Vec::new();
        for companion in all {
            match &companion.address {
                Some(address) => {
                    self.space(1);
                    let line = format!("{}: {}", labels.download, named(companion));
                    self.lines.extend([line, address.clone()]);
                }
                None => attached.push(named(companion)),
            }
        }
        if !attached.is_empty() {
            self.space(1);
            let line = format!("{}: {}", labels.attached, attached.join(", "));
            self.lines.extend(wrap(&line, WIDTH));
        }
    }

    fn greeting(&mut self) {
        if self.publication.email.greeting.is_some() {
            self.space(1);
            self.lines.push(Place::Greeting.mark());
        }
    }

    fn contents(&mut self) {
        let contents = self.issue.contents();
        self.rank_one(self.inline.labels.in_this_issue);
        let labels = self.inline.labels;
        for section in contents.sections {
            self.lines.push(String::new());
            self.lines.extend(wrap(&section.title, WIDTH));
            for article in section.articles {
                let entry = format!(
                    "{} ({} {})",
                    article.headline, article.reading_minutes, labels.minutes
                );
                self.entry(&entry);
            }
            match section.briefs {
                0 => {}
                1 => self.entry(&format!("1 {}", labels.brief)),
                briefs => self.entry(&format!("{briefs} {}", labels.briefs)),
            }
        }
    }

    fn entry(&mut self, text: &str) {
        self.lines
            .extend(behind("  - ", "    ", WIDTH, |width| wrap(text, width)));
    }

    fn section(&mut self, section: &Section) {
        self.rank_one(&section.title);
        for (at, article) in section.articles.iter().enumerate() {
            self.space(if at == 0 { 1 } else { 2 });
            self.article(article);
        }
    }

    fn article(&mut self, article: &Article) {
        let has_opening = article.headline.is_some()
            || article.kicker.is_some()
            || article.standfirst.is_some()
            || !article.bylines.is_empty();
        if let Some(kicker) = &article.kicker {
            self.lines.extend(wrap(kicker, WIDTH));
        }
        if let Some(headline) = &article.headline {
            let text = self.inline.line(headline);
            self.lines.extend(heading(&text, '-', WIDTH));
        }
        if let Some(standfirst) = &article.standfirst {
            let lines = paragraph("", standfirst, WIDTH, &mut self.inline);
            self.lines.extend(lines);
        }
        if !article.bylines.is_empty() {
            let names = article.bylines.join(", ");
            let byline = format!("{} {names}", self.inline.labels.by);
            self.lines.extend(wrap(&byline, WIDTH));
        }
        if has_opening {
            self.space(1);
        }
        self.body(article);
        self.notes(&article.notes);
    }

    /// The blocks of an article; its dateline runs into the first paragraph.
    fn body(&mut self, article: &Article) {
        let mut body = article.blocks.as_slice();
        if let Some(dateline) = &article.dateline {
            let lines = match body.split_first() {
                Some((Block::Paragraph { content, .. }, rest)) => {
                    body = rest;
                    paragraph(&format!("{dateline} — "), content, WIDTH, &mut self.inline)
                }
                Some(_) | None => wrap(dateline, WIDTH),
            };
            self.lines.extend(lines);
            if !body.is_empty() {
                self.space(1);
            }
        }
        let lines = blocks(body, WIDTH, &mut self.inline);
        self.lines.extend(lines);
    }

    fn notes(&mut self, notes: &[Note]) {
        if notes.is_empty() {
            return;
        }
        self.space(1);
        self.lines
            .extend(heading(self.inline.labels.notes, '~', WIDTH));
        for note in notes {
            self.space(1);
            let mut mark = format!("[{} {}] ", self.inline.labels.note_number, note.number.0);
            // Only words run on behind the mark.
            if !matches!(note.blocks.first(), Some(Block::Paragraph { .. })) {
                self.lines.push(mark.trim_end().to_owned());
                "    ".clone_into(&mut mark);
            }
            let inline = &mut self.inline;
            let lines = behind(&mark, "    ", WIDTH, |width| {
                blocks(&note.blocks, width, inline)
            });
            self.lines.extend(lines);
        }
    }

    fn corrections(&mut self, corrections: &[Correction]) {
        if corrections.is_empty() {
            return;
        }
        self.rank_one(self.inline.labels.corrections);
        for correction in corrections {
            self.space(1);
            let subject = match &correction.article {
                Some(article) => format!("{article} ({}): ", correction.issue),
                None => format!("{}: ", correction.issue),
            };
            let lines = paragraph(&subject, &correction.text, WIDTH, &mut self.inline);
            self.lines.extend(lines);
        }
    }

    fn colophon(&mut self) {
        self.rank_one(self.inline.labels.colophon);
        self.space(1);
        let publication = self.publication;
        let issn = publication.issn.as_ref().map(|issn| format!("ISSN {issn}"));
        let facts = [
            Some(publication.title.clone()),
            Some(self.dated()),
            publication.publisher.clone(),
            publication.postal_address.clone(),
            issn,
            publication.rights.clone(),
        ];
        for fact in facts.into_iter().flatten() {
            self.lines.extend(wrap(&fact, WIDTH));
        }
        if !publication.colophon.is_empty() {
            self.space(1);
            let lines = paragraph("", &publication.colophon, WIDTH, &mut self.inline);
            self.lines.extend(lines);
        }
    }

    fn links(&mut self) {
        if self.inline.links.addresses().is_empty() {
            return;
        }
        self.rank_one(self.inline.labels.links);
        self.space(1);
        for (at, address) in self.inline.links.addresses().iter().enumerate() {
            self.lines.push(format!("[{}] {address}", at + 1));
        }
    }

    /// Why the reader gets this, who sends it, and how to leave.
    fn footer(&mut self) {
        let labels = self.inline.labels;
        let publication = self.publication;
        self.space(1);
        self.lines.push("-- ".into());
        let why = labels
            .why_you_get_this
            .replace("{title}", &publication.title);
        self.lines.extend(wrap(&why, WIDTH));
        if let Some(address) = &publication.postal_address {
            self.lines.extend(wrap(address, WIDTH));
        }
        if self.issue.web_address(publication).is_some() {
            self.place(labels.read_on_the_web, Place::Web);
        }
        self.place(labels.unsubscribe, Place::Unsubscribe);
    }

    /// An address that is filled in, on a line of its own.
    fn place(&mut self, label: &str, place: Place) {
        self.lines.extend([format!("{label}:"), place.mark()]);
    }

    /// A heading of the first rank, which opens a part of the issue.
    fn rank_one(&mut self, title: &str) {
        self.space(2);
        self.lines.extend(heading(title, '=', WIDTH));
    }

    fn space(&mut self, lines: usize) {
        self.lines.extend(std::iter::repeat_n(String::new(), lines));
    }

    fn finish(self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }
}
