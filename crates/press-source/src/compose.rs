//! The last step of running text: pieces are cleaned, their quotes set, and
//! composed into the model's inlines, links and pictures looked up on the way.

use std::collections::BTreeSet;

use press_model::{Code, Diagnostic, Inline, LinkTarget, Span};

use crate::links::{self, Destination};
use crate::pieces::{Piece, Wrap, shorten};
use crate::reader::Reader;
use crate::scope::Scope;
use crate::text::{in_one_line, is_space, nfc};
use crate::typography::{self, Run};

/// Inlines nest at most so deep.
const DEEPEST: usize = 32;

/// Composes pieces into inlines.
pub fn compose(mut pieces: Vec<Piece>, reader: &mut Reader, scope: &mut Scope) -> Vec<Inline> {
    set_text(&mut pieces, scope);
    let mut composer = Composer {
        open: Vec::new(),
        done: vec![Vec::new()],
        reader,
        scope,
    };
    for piece in pieces {
        composer.take(piece);
    }
    while let Some(open) = composer.open.last() {
        let pair = open.pair;
        composer.close(pair);
    }
    let mut content = composer.done.pop().unwrap_or_default();
    trim(&mut content);
    content
}

/// Takes line breaks away from both ends, and the space that what was left out
/// leaves there.
fn trim(content: &mut Vec<Inline>) {
    loop {
        match content.last_mut() {
            Some(Inline::LineBreak) => {}
            Some(Inline::Text { text }) => {
                text.truncate(text.trim_end_matches(is_space).len());
                if !text.is_empty() {
                    break;
                }
            }
            _ => break,
        }
        content.pop();
    }
    loop {
        match content.first_mut() {
            Some(Inline::LineBreak) => {}
            Some(Inline::Text { text }) => {
                let spaces = text.len() - text.trim_start_matches(is_space).len();
                text.drain(..spaces);
                if !text.is_empty() {
                    break;
                }
            }
            _ => break,
        }
        content.remove(0);
    }
}

/// Cleans the words and sets their quotes.
fn set_text(pieces: &mut [Piece], scope: &mut Scope) {
    let mut keyboard: BTreeSet<u32> = BTreeSet::new();
    let mut languages: BTreeSet<u32> = BTreeSet::new();
    let language = scope.language.clone();
    for piece in pieces.iter_mut() {
        match piece {
            Piece::Text { text, at, .. } => {
                let clean = scope.clean(text, *at);
                *text = nfc(clean.into()).into_owned();
            }
            Piece::Code { text, at } => {
                *text = scope.clean(text, *at).replace(['\t', '\n', '\r'], " ");
                if text.trim().is_empty() {
                    *piece = Piece::Gone;
                }
            }
            _ => {}
        }
    }
    let mut runs: Vec<Run> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Text { text, kept, .. } => {
                if *kept || !keyboard.is_empty() {
                    runs.push(Run::Kept(text));
                } else {
                    runs.push(Run::Words(text));
                }
            }
            Piece::SoftBreak(text) => runs.push(Run::SoftBreak(text)),
            Piece::LineBreak => runs.push(Run::LineBreak),
            Piece::Code { .. } | Piece::Image { .. } => runs.push(Run::Solid('x')),
            Piece::Note { .. } => runs.push(Run::Solid('.')),
            Piece::Open { pair, wrap, .. } => match wrap {
                Wrap::Keyboard => {
                    keyboard.insert(*pair);
                }
                Wrap::Language(Some(language), _) => {
                    languages.insert(*pair);
                    runs.push(Run::Enter(language.clone()));
                }
                Wrap::Language(None, _)
                | Wrap::Emphasis
                | Wrap::Strong
                | Wrap::Strikethrough
                | Wrap::Underline
                | Wrap::Subscript
                | Wrap::Superscript
                | Wrap::Small
                | Wrap::Link { .. } => {}
            },
            Piece::Close { pair } => {
                keyboard.remove(pair);
                if languages.remove(pair) {
                    runs.push(Run::Leave);
                }
            }
            Piece::Html { .. } | Piece::Anchor { .. } | Piece::Gone => {}
        }
    }
    typography::set(&mut runs, &language);
}

/// Something that is open while text is composed.
struct Opened {
    pair: u32,
    wrap: Wrap,
    at: Span,
    /// Where the link leads; none for what is no link, or one that leads nowhere.
    target: Option<LinkTarget>,
}

struct Composer<'c, 'a> {
    open: Vec<Opened>,
    /// What is composed so far: outermost first, one more than `open`.
    done: Vec<Vec<Inline>>,
    reader: &'c mut Reader,
    scope: &'c mut Scope<'a>,
}

impl Composer<'_, '_> {
    fn take(&mut self, piece: Piece) {
        match piece {
            Piece::Text { text, .. } | Piece::SoftBreak(text) => self.push_text(text),
            Piece::LineBreak => self.push(Inline::LineBreak),
            Piece::Code { text, .. } => self.push(Inline::Code { text }),
            Piece::Image {
                url,
                title,
                alt,
                at,
            } => {
                if !title.trim().is_empty() {
                    self.reader.report(
                        Diagnostic::new(
                            Code::LinkTitle,
                            format!("the caption “{}” is not printed", shorten(&title)),
                        )
                        .at(at)
                        .help("a picture has a caption where it stands alone in its paragraph"),
                    );
                }
                if links::is_on_web(&url) {
                    self.remote_picture(url, &alt, at);
                } else if let Some(picture) = self.reader.picture(&url, &alt, at, self.scope) {
                    self.scope.note_inline_picture(&picture.asset, at);
                    self.push(Inline::Image { span: at, picture });
                }
            }
            Piece::Note { label, at } => {
                if let Some(inline) = self.scope.refer_to_note(&label, at, self.reader) {
                    self.push_outside_links(inline);
                }
            }
            Piece::Anchor { name } => {
                if let Some(id) = self.scope.anchor(&name) {
                    self.push_outside_links(Inline::Anchor { id });
                }
            }
            Piece::Open { pair, wrap, at } => self.open(pair, wrap, at),
            Piece::Close { pair } => self.close(pair),
            Piece::Html { .. } | Piece::Gone => {}
        }
    }

    /// A link takes the place of a picture on the web; in another link its words do.
    fn remote_picture(&mut self, url: String, alt: &str, at: Span) {
        self.reader.report(
            Diagnostic::new(
                Code::RemotePicture,
                format!(
                    "the picture `{}` is on the web, from where nothing is fetched; a link to it \
                     takes its place",
                    shorten(&url)
                ),
            )
            .at(at)
            .help("save the picture into the issue's folder and name it there"),
        );
        let alt = self.scope.clean(alt, at);
        let is_in_link = (self.open.iter()).any(|open| matches!(open.wrap, Wrap::Link { .. }));
        if is_in_link {
            return self.push_text(in_one_line(&alt));
        }
        // No pair of the text has this number.
        const PAIR: u32 = u32::MAX;
        let url = match url.strip_prefix("//") {
            Some(rest) => format!("https://{rest}"),
            None => url,
        };
        let title = String::new();
        self.open(PAIR, Wrap::Link { url, title }, at);
        self.push_text(in_one_line(&alt));
        self.close(PAIR);
    }

    fn push(&mut self, inline: Inline) {
        if let Some(content) = self.done.last_mut() {
            content.push(inline);
        }
    }

    fn push_text(&mut self, text: String) {
        if text.is_empty() {
            return;
        }
        let Some(content) = self.done.last_mut() else {
            return;
        };
        if let Some(Inline::Text { text: before }) = content.last_mut() {
            // Between two spaces stood something that could not be had.
            let joined = if before.ends_with(' ') {
                text.trim_start_matches(' ')
            } else {
                &text
            };
            before.push_str(joined);
        } else {
            content.push(Inline::Text { text });
        }
    }

    fn open(&mut self, pair: u32, wrap: Wrap, at: Span) {
        if self.open.len() >= DEEPEST {
            self.scope.too_deep(
                at,
                &format!("emphasis and links stand more than {DEEPEST} deep inside one another"),
                self.reader,
            );
            return;
        }
        let mut target = None;
        if let Wrap::Link { url, title } = &wrap {
            if !title.trim().is_empty() {
                self.reader.report(
                    Diagnostic::new(
                        Code::LinkTitle,
                        format!("the title “{}” of a link is not printed", shorten(title)),
                    )
                    .at(at)
                    .help("few readers could ever see it: say it in the text, or take it out"),
                );
            }
            let around = self.open.iter().find_map(|open| match &open.wrap {
                Wrap::Link { url, .. } => Some(url),
                _ => None,
            });
            match around {
                None => target = self.reader.link(url, at, self.scope),
                Some(outer) if outer == url => {}
                Some(_) => self.scope.unsupported_html("<a> around another link", at),
            }
        }
        self.open.push(Opened {
            pair,
            wrap,
            at,
            target,
        });
        self.done.push(Vec::new());
    }

    /// Ends what `pair` began. What was opened since ends here too and begins
    /// again behind.
    fn close(&mut self, pair: u32) {
        let Some(position) = self.open.iter().rposition(|open| open.pair == pair) else {
            return;
        };
        let mut again = Vec::new();
        while self.open.len() > position {
            if let Some(opened) = self.end_innermost() {
                again.push(opened);
            }
        }
        again.pop();
        self.begin_again(again);
    }

    /// Puts something where it is in no link: a link within a link is no HTML.
    fn push_outside_links(&mut self, inline: Inline) {
        let Some(position) = self
            .open
            .iter()
            .position(|open| matches!(open.wrap, Wrap::Link { .. }))
        else {
            self.push(inline);
            return;
        };
        let has_words = self.done[position + 1..]
            .iter()
            .any(|content| !content.is_empty());
        if has_words {
            let mut again = Vec::new();
            while self.open.len() > position {
                again.extend(self.end_innermost());
            }
            self.push(inline);
            self.begin_again(again);
        } else if let Some(content) = self.done.get_mut(position) {
            content.push(inline);
        }
    }

    fn begin_again(&mut self, mut opened: Vec<Opened>) {
        while let Some(open) = opened.pop() {
            self.open.push(Opened {
                // A link that began before must not print its address for want
                // of words behind.
                wrap: match open.wrap {
                    Wrap::Link { title, .. } => Wrap::Link {
                        url: String::new(),
                        title,
                    },
                    wrap => wrap,
                },
                ..open
            });
            self.done.push(Vec::new());
        }
    }

    /// Ends the innermost of what is open and gives it back.
    fn end_innermost(&mut self) -> Option<Opened> {
        let opened = self.open.pop()?;
        let mut content = self.done.pop()?;
        if let Wrap::Link { url, .. } = &opened.wrap
            && is_blank(&content)
            && !url.is_empty()
        {
            let shown = url.strip_prefix("mailto:").or(url.strip_prefix("tel:"));
            let text = self.scope.clean(shown.unwrap_or(url), opened.at);
            let text = in_one_line(&text);
            if !text.is_empty() {
                content.retain(|inline| !matches!(inline, Inline::Text { .. }));
                content.push(Inline::Text { text });
            }
        }
        if content.is_empty() {
            return Some(opened);
        }
        let inline = match &opened.wrap {
            Wrap::Emphasis => Inline::Emphasis { content },
            Wrap::Strong => Inline::Strong { content },
            Wrap::Strikethrough => Inline::Strikethrough { content },
            Wrap::Underline => Inline::Underline { content },
            Wrap::Subscript => Inline::Subscript { content },
            Wrap::Superscript => Inline::Superscript { content },
            Wrap::Small => Inline::Small { content },
            Wrap::Keyboard => Inline::Keyboard { content },
            Wrap::Language(lang, direction) => Inline::Language {
                lang: lang.clone(),
                direction: *direction,
                content,
            },
            Wrap::Link { .. } => match &opened.target {
                Some(target) if !is_blank(&content) => Inline::Link {
                    span: opened.at,
                    target: target.clone(),
                    content,
                },
                _ => {
                    for inline in content {
                        match inline {
                            Inline::Text { text } => self.push_text(text),
                            inline => self.push(inline),
                        }
                    }
                    return Some(opened);
                }
            },
        };
        self.push(inline);
        Some(opened)
    }
}

/// Whether content shows nothing.
pub fn is_blank(content: &[Inline]) -> bool {
    content.iter().all(|inline| match inline {
        Inline::Text { text } | Inline::Code { text } => text.chars().all(is_space),
        Inline::Emphasis { content }
        | Inline::Strong { content }
        | Inline::Strikethrough { content }
        | Inline::Underline { content }
        | Inline::Subscript { content }
        | Inline::Superscript { content }
        | Inline::Small { content }
        | Inline::Keyboard { content }
        | Inline::Link { content, .. }
        | Inline::Language { content, .. } => is_blank(content),
        Inline::Image { .. } | Inline::NoteReference { .. } => false,
        Inline::Anchor { .. } | Inline::LineBreak => true,
    })
}

impl Reader {
    /// Where a link leads; none, with a report, if an edition could not follow.
    fn link(&mut self, url: &str, at: Span, scope: &Scope) -> Option<LinkTarget> {
        let unresolved = |why: &str, help: &str| {
            Diagnostic::new(
                Code::UnresolvedLink,
                format!(
                    "the link to `{}` leads nowhere: {why}; its words are printed",
                    shorten(url)
                ),
            )
            .at(at)
            .help(help.to_owned())
        };
        match Destination::of(url) {
            Destination::Address(url) => Some(LinkTarget::Address { url }),
            Destination::Site(path) => match scope.site.as_ref() {
                Some(site) => Some(LinkTarget::Address {
                    url: format!("{site}{path}"),
                }),
                None => {
                    self.report(unresolved(
                        "the publication has no web address",
                        "give the whole address, `site` in the front matter, or `base_url` in publication.toml",
                    ));
                    None
                }
            },
            Destination::Here(_) | Destination::Article(..) if !scope.in_issue => {
                self.report(unresolved(
                    "it stands in every issue, and the article in one",
                    "give a whole address such as `https://example.org/page`",
                ));
                None
            }
            Destination::Here(fragment) => self.pending_place(scope, None, Some(fragment), url, at),
            Destination::Article(path, fragment) => {
                self.pending_place(scope, Some(path), fragment, url, at)
            }
            Destination::Nowhere(why) => {
                self.report(unresolved(
                    why,
                    "give a whole address such as `https://example.org/page`, or an article of this issue such as `other.md`",
                ));
                None
            }
        }
    }
}
