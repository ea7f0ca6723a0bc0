//! The little HTML that an article may hold, taken apart. Nothing of it is ever
//! passed on as HTML.

/// A piece of HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token<'a> {
    /// Text between tags, its entities still in it.
    Text(&'a str),
    /// A start or end tag.
    Tag(Tag),
    /// A comment.
    Comment,
    /// A comment that is never closed.
    OpenComment,
    /// A declaration, processing instruction or the like.
    Other(&'a str),
    /// What stands in an element whose content is not text (`script`, `style`).
    Raw(&'a str),
}

/// A start or end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its name in lower case.
    pub name: String,
    /// Whether it is an end tag.
    pub closing: bool,
    /// Its attributes, names in lower case, values decoded.
    pub attributes: Vec<(String, String)>,
}

impl Tag {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether the tag parts paragraphs.
    pub fn is_block(&self) -> bool {
        matches!(
            self.name.as_str(),
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "body"
                | "caption"
                | "center"
                | "dd"
                | "details"
                | "dialog"
                | "div"
                | "dl"
                | "dt"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "footer"
                | "form"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "head"
                | "header"
                | "hr"
                | "html"
                | "legend"
                | "li"
                | "main"
                | "nav"
                | "ol"
                | "option"
                | "p"
                | "pre"
                | "section"
                | "summary"
                | "table"
                | "tbody"
                | "tfoot"
                | "thead"
                | "tr"
                | "ul"
        )
    }

    /// Whether what the element holds is not text for readers.
    pub fn is_raw(&self) -> bool {
        matches!(self.name.as_str(), "script" | "style")
    }
}

/// Takes HTML apart; each token with the byte at which it starts and its length.
pub fn tokens(html: &str) -> Vec<(usize, usize, Token<'_>)> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < html.len() {
        let rest = &html[at..];
        let (token, length) = match next_markup(rest) {
            Some((0, token, length)) => (token, length),
            Some((start, ..)) => (Token::Text(&rest[..start]), start),
            None => (Token::Text(rest), rest.len()),
        };
        let raw_end = match &token {
            Token::Tag(tag) if tag.is_raw() && !tag.closing => {
                let content = &rest[length..];
                Some(
                    find_ignoring_case(content, &format!("</{}", tag.name))
                        .unwrap_or(content.len()),
                )
            }
            _ => None,
        };
        tokens.push((at, length, token));
        at += length;
        if let Some(length) = raw_end {
            if length > 0 {
                tokens.push((at, length, Token::Raw(&html[at..at + length])));
            }
            at += length;
        }
    }
    tokens
}

/// The one tag that `html` consists of.
pub fn tag(html: &str) -> Option<Tag> {
    let (tag, length) = parse_tag(html)?;
    (length == html.len()).then_some(tag)
}

/// The first markup in `text`: where it starts, what it is and how long.
fn next_markup(text: &str) -> Option<(usize, Token<'_>, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find('<') {
        let start = from + found;
        let rest = &text[start..];
        if let Some((token, length)) = markup(rest) {
            return Some((start, token, length));
        }
        from = start + 1;
    }
    None
}

fn markup(rest: &str) -> Option<(Token<'_>, usize)> {
    let until = |end: &str| rest.find(end).map_or(rest.len(), |at| at + end.len());
    if let Some(comment) = rest.strip_prefix("<!--") {
        // `<!-->` and `<!--->` are whole comments (CommonMark 6.6).
        for short in [">", "->"] {
            if comment.starts_with(short) {
                return Some((Token::Comment, 4 + short.len()));
            }
        }
        return Some(match comment.find("-->") {
            Some(at) => (Token::Comment, 4 + at + 3),
            None => (Token::OpenComment, rest.len()),
        });
    }
    if rest.starts_with("<![CDATA[") {
        let length = until("]]>");
        return Some((Token::Other(&rest[..length]), length));
    }
    if rest.starts_with("<?") {
        let length = until("?>");
        return Some((Token::Other(&rest[..length]), length));
    }
    if rest[1..].starts_with('!') && rest[2..].starts_with(|c: char| c.is_ascii_alphabetic()) {
        let length = until(">");
        return Some((Token::Other(&rest[..length]), length));
    }
    parse_tag(rest).map(|(tag, length)| (Token::Tag(tag), length))
}

/// Reads the tag at the start of `text`, leniently: an unclosed tag is none.
fn parse_tag(text: &str) -> Option<(Tag, usize)> {
    let bytes = text.as_bytes();
    let mut at = 1;
    let closing = bytes.get(at) == Some(&b'/');
    at += usize::from(closing);
    let name_start = at;
    if !bytes.get(at)?.is_ascii_alphabetic() {
        return None;
    }
    while bytes
        .get(at)
        .is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b':'))
    {
        at += 1;
    }
    let name = text[name_start..at].to_ascii_lowercase();
    let mut attributes = Vec::new();
    loop {
        while bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_whitespace() || *b == b'/')
        {
            at += 1;
        }
        match bytes.get(at)? {
            b'>' => {
                let tag = Tag {
                    name,
                    closing,
                    attributes,
                };
                return Some((tag, at + 1));
            }
            b'<' => return None,
            _ => {}
        }
        let key_start = at;
        while bytes
            .get(at)
            .is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'>' | b'/' | b'<'))
        {
            at += 1;
        }
        if at == key_start {
            // A stray `=`: step over it, so that this ends.
            at += 1;
            continue;
        }
        let key = text[key_start..at].to_ascii_lowercase();
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let mut value = "";
        if bytes.get(at) == Some(&b'=') {
            at += 1;
            while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                at += 1;
            }
            match bytes.get(at)? {
                quote @ (b'"' | b'\'') => {
                    let start = at + 1;
                    let length = text[start..].find(*quote as char)?;
                    value = &text[start..start + length];
                    at = start + length + 1;
                }
                _ => {
                    let start = at;
                    while bytes
                        .get(at)
                        .is_some_and(|b| !b.is_ascii_whitespace() && *b != b'>')
                    {
                        at += 1;
                    }
                    value = &text[start..at];
                }
            }
        }
        attributes.push((key, decode_entities(value)));
    }
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes()
        .windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle.as_bytes()))
}

/// The text with its character references decoded, by the Markdown parser's own
/// table.
pub fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest
            .bytes()
            .skip(1)
            .take(40)
            .position(|b| !b.is_ascii_alphanumeric() && b != b'#')
            .map(|length| length + 1)
            .filter(|end| rest.as_bytes().get(*end) == Some(&b';'));
        match end {
            Some(end) => {
                out.push_str(&crate::markdown::entity(&rest[..=end]));
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tags_and_attributes() {
        let read = tag("<SPAN lang='zh' dir=rtl hidden title=\"a &amp; &eacute;\">").unwrap();
        assert_eq!(read.name, "span");
        assert_eq!(read.attribute("lang"), Some("zh"));
        assert_eq!(read.attribute("dir"), Some("rtl"));
        assert_eq!(read.attribute("hidden"), Some(""));
        assert_eq!(read.attribute("title"), Some("a & é"));
        assert!(tag("</u >").unwrap().closing);
        assert_eq!(tag("<a href"), None);
        assert_eq!(tag("<br/>").unwrap().name, "br");
    }

    #[test]
    fn taken_apart() {
        let parts: Vec<Token> = tokens("a<!-- x --><b>c</b> 1 < 2<script>if (a<b)</script>")
            .into_iter()
            .map(|(_, _, token)| token)
            .collect();
        assert_eq!(parts[0], Token::Text("a"));
        assert_eq!(parts[1], Token::Comment);
        assert_eq!(parts[5], Token::Text(" 1 < 2"));
        assert_eq!(parts[7], Token::Raw("if (a<b)"));
        assert_eq!(tokens("<!-- never")[0].2, Token::OpenComment);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(html in "[<>/!a-c'\"=& ;\\-é]{0,60}") {
            let mut end = 0;
            for (at, length, _) in tokens(&html) {
                prop_assert_eq!(at, end);
                end = at + length;
                prop_assert!(html.is_char_boundary(end));
            }
            prop_assert_eq!(end, html.len());
        }
    }
}
