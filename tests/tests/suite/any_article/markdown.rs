//! Manuscripts that are hard to read: every construct of the source format and
//! of its neighbours, in any order and depth, right and half right.

use std::fs;

use press_tests::fixtures;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Words of scripts that the bundled fonts have.
const WORDS: &[&str] = &[
    "word",
    "a",
    "The",
    "quay,",
    "tide.",
    "\"quoted\"",
    "it's",
    "'tis",
    "1999",
    "3.5",
    "-2",
    "x²",
    "naïve",
    "cafe\u{301}",
    "Ærø",
    "ẞ",
    "ﬁ",
    "Привет",
    "Ελλάδα",
    "王小明",
    "中国。",
    "שלום",
    "עולם!",
    "مرحبا",
    "العالم",
    "🦀",
    "👩‍🔬",
    "🇫🇷",
    "👍🏽",
    "→",
    "≤",
    "∑",
    "½",
    "…",
    "—",
    "–",
    "«",
    "»",
    "No\u{a0}break",
    "soft\u{ad}hyphen",
    "zero\u{200b}width",
    "word\u{2060}joined",
    "a/b/c",
    "$x$",
    "#tag",
    "@name",
    "\\",
    "\\*",
    "%s",
    "{{",
    "}}",
    "{%",
    "<",
    ">",
    "&",
    "C++",
    "e^{i}",
    "_",
    "*",
    "~",
    "`",
    "[",
    "]",
    "(",
    ")",
    "!",
    "|",
    "=",
    "+",
    "^",
    ":",
    "-",
    ".",
    "1.",
    "www.a.example",
    "a@b.example",
    "https://a.example/ü?q=1&r=[2]",
    "&amp;",
    "&copy;",
    "&#x41;",
    "&#0;",
    "&nosuch;",
    "&nbsp;",
];

/// Characters that are seldom meant.
const RARE: &[&str] = &[
    "\u{0}",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{200e}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2069}",
    "\u{2028}",
    "\u{2029}",
    "\u{feff}",
    "\u{fffd}",
    "\u{fffe}",
    "\u{ffff}",
    "\u{e000}",
    "\u{10ffff}",
    "\u{fe0f}",
    "\u{200d}",
    "\u{301}",
    "e\u{301}\u{302}\u{303}\u{304}\u{305}",
    "\u{e0041}",
    "𒀀",
    "ก็",
    "नि",
    "한글",
    "\u{1100}\u{1161}",
    "\u{3000}",
    "\u{2003}",
    "\t",
    "\u{b}",
    "\u{c}",
    "\r",
    "\u{34f}",
    "ﷺ",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        40 => select(WORDS).prop_map(str::to_owned),
        1 => select(RARE).prop_map(str::to_owned),
        1 => (select(&["x", "王", "א", "-", "/", "0", "_x", "🦀", "e\u{301}"][..]), 50..400usize)
            .prop_map(|(piece, times)| piece.repeat(times)),
        1 => "\\PC{1,4}",
    ]
}

fn words() -> impl Strategy<Value = String> {
    vec(
        (
            word(),
            select(&[" ", " ", " ", "", "\n", "  \n", "\\\n"][..]),
        ),
        1..6,
    )
    .prop_map(|words| {
        let text: String = words
            .into_iter()
            .flat_map(|(word, gap)| [word, gap.to_owned()])
            .collect();
        text.trim_end_matches(['\n', ' ', '\\']).to_owned()
    })
}

/// Where links lead, rightly and wrongly.
fn target() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "https://a.example/",
            "https://a.example/a b",
            "http://[::1]/",
            "mailto:a@b.example",
            "tel:+1",
            "other.md",
            "other.md#part",
            "#part",
            "#x",
            "#",
            "",
            "any.md",
            "../x",
            "/up",
            "javascript:x",
            "images/dot.png",
            "<a b>",
            "//b.example",
            "https://",
            "data:text/plain,x",
            "file:///etc/passwd",
            "https://xn--a.example/%zz",
        ][..],
    )
}

fn inline() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        8 => words(),
        1 => words().prop_map(|text| format!("`{text}`")),
        1 => words().prop_map(|text| format!("``` {text} ```")),
        1 => select(&["[^1]", "[^x]", "[^none]", "[^1][^1]", "<br>", "<br/>", "<a name=x>", "<a id=\"y\"></a>", "<!-- a note -->",
            "<hr>", "<b>", "</i>", "{:.x}", "{#id}", "{% include x %}", "{{ y }}", "[a]", "[a][]", "[b][a]", "<https://a.example>",
            "<a@b.example>", "![dot](images/dot.png)", "![](images/dot.png)", "![tri](images/triangle.svg \"a title\")",
            "![none](none.png)", "<u>", "</u>", "<span lang=he>", "<span dir=rtl>", "</span>", "<sub>", "</kbd>", "<script>",
            "<a href='#x'>", "</a>", "<img src=x>", "<", "<a", "<!--", "-->", "]]>", "<?x?>", "<!D>"][..]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let inner = vec(inner, 1..4).prop_map(|pieces| pieces.join(" "));
        prop_oneof![
            (
                select(&["*", "**", "***", "_", "__", "~~", "~"][..]),
                inner.clone()
            )
                .prop_map(|(mark, text)| format!("{mark}{text}{mark}")),
            (inner.clone(), target()).prop_map(|(text, target)| format!("[{text}]({target})")),
            (inner.clone(), target(), words())
                .prop_map(|(text, target, title)| format!("[{text}]({target} \"{title}\")")),
            (
                select(&["u", "sub", "sup", "small", "kbd", "b", "span", "a"][..]),
                inner.clone()
            )
                .prop_map(|(tag, text)| format!("<{tag}>{text}</{tag}>")),
            (
                select(&["he", "ar", "zh", "de", "x y", "\"\""][..]),
                select(&["rtl", "ltr", "up"][..]),
                inner.clone()
            )
                .prop_map(|(lang, dir, text)| format!("<span lang={lang} dir={dir}>{text}</span>")),
            (inner.clone(), target())
                .prop_map(|(text, target)| format!("<a href=\"{target}\">{text}</a>")),
            inner.prop_map(|text| format!("![{text}](images/triangle.svg)")),
        ]
    })
}

/// Running text on one line.
fn line() -> impl Strategy<Value = String> {
    vec(inline(), 1..4).prop_map(|pieces| pieces.join(" ").replace(['\n', '\r'], " "))
}

fn table() -> impl Strategy<Value = String> {
    let row = vec(prop_oneof![4 => line(), 1 => Just(String::new())], 0..5);
    let rule = vec(select(&["---", ":--", "--:", ":-:", "-", ""][..]), 1..5);
    (row.clone(), rule, vec(row, 0..4), any::<bool>()).prop_map(
        |(mut header, rule, rows, right)| {
            if right {
                header.resize(rule.len(), "head".to_owned());
            }
            let draw = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
            let rows: String = rows.iter().map(|row| draw(row)).collect();
            format!("{}|{}|\n{rows}", draw(&header), rule.join("|"))
        },
    )
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => vec(inline(), 1..5).prop_map(|pieces| pieces.join(" ")),
        2 => (1..8usize, line()).prop_map(|(level, text)| format!("{} {text}", "#".repeat(level))),
        1 => (line(), select(&["{#part}", "{#x y}", "{.z}", "#", "{#"][..])).prop_map(|(text, end)| format!("## {text} {end}")),
        1 => (line(), select(&["===", "---", "="][..])).prop_map(|(text, rule)| format!("{text}\n{rule}")),
        2 => table(),
        1 => (select(&["", "rust", "c++ {x}", "\u{202e}"][..]), words(), any::<bool>())
            .prop_map(|(language, text, closed)| format!("```{language}\n{text}\n\n  x{}", if closed { "\n```" } else { "" })),
        1 => words().prop_map(|text| format!("    {}", text.replace('\n', "\n    "))),
        1 => (select(&["1", "x", "y"][..]), inline()).prop_map(|(label, text)| format!("[^{label}]: {text}")),
        1 => (select(&["a", "b", "ẞ"][..]), target()).prop_map(|(label, target)| format!("[{label}]: {target} 'title'")),
        1 => (line(), select(&["images/dot.png", "images/triangle.svg", "images/none.png"][..]), line())
            .prop_map(|(alt, path, caption)| format!("![{alt}]({path} \"{caption}\")")),
        1 => (select(&["div", "table", "script", "pre", "details", "p align=x", "style", "!--", "?x"][..]), words())
            .prop_map(|(tag, text)| format!("<{tag}>\n{text}\n\n</{tag}>\n-->")),
        1 => select(&["---", "***", "_ _ _", "{% raw %}", "{:.x}", "+++", "\\", "&nbsp;", "<br>", "<!-- x -->", "::: note", "$$\nx\n$$",
            "---\nheadline: x\n---", "[TOC]", "Term\n: Definition", "==x==", "***"][..]).prop_map(str::to_owned),
    ]
}

fn indent(text: &str, first: &str, rest: &str) -> String {
    let mut lines = text.split('\n');
    let mut out = format!("{first}{}", lines.next().unwrap_or_default());
    for line in lines {
        out.push('\n');
        if !line.is_empty() || rest.contains('>') {
            out.push_str(rest);
        }
        out.push_str(line);
    }
    out
}

fn block() -> impl Strategy<Value = String> {
    leaf().prop_recursive(6, 24, 4, |inner| {
        let inner = vec(inner, 1..4).prop_map(|blocks| blocks.join("\n\n"));
        prop_oneof![
            inner.clone().prop_map(|text| indent(&text, "> ", "> ")),
            (1..20usize, inner.clone()).prop_map(|(depth, text)| indent(
                &text,
                &"> ".repeat(depth),
                "> "
            )),
            (
                select(
                    &[
                        "NOTE",
                        "TIP",
                        "IMPORTANT",
                        "WARNING",
                        "CAUTION",
                        "PULLQUOTE",
                        "NONE",
                        "note"
                    ][..]
                ),
                line(),
                inner.clone()
            )
                .prop_map(|(kind, title, text)| indent(
                    &format!("[!{kind}] {title}\n{text}"),
                    "> ",
                    "> "
                )),
            (inner.clone(), line()).prop_map(|(text, who)| indent(
                &format!("[!PULLQUOTE]\n{text}\n\n— {who}"),
                "> ",
                "> "
            )),
            (
                select(&["- ", "* ", "+ ", "- [ ] ", "- [x] "][..]),
                select(&["\n", "\n\n"][..]),
                vec(inner.clone(), 1..4)
            )
                .prop_map(|(mark, gap, items)| items
                    .iter()
                    .map(|item| indent(item, mark, "  "))
                    .collect::<Vec<_>>()
                    .join(gap)),
            (
                select(&["1. ", "0) ", "7. ", "999999999. ", "1) "][..]),
                select(&["\n", "\n\n"][..]),
                vec(inner.clone(), 1..4)
            )
                .prop_map(|(mark, gap, items)| items
                    .iter()
                    .map(|item| indent(item, mark, &" ".repeat(mark.len())))
                    .collect::<Vec<_>>()
                    .join(gap)),
            (select(&["1", "x", "y"][..]), inner).prop_map(|(label, text)| indent(
                &text,
                &format!("[^{label}]: "),
                "    "
            )),
        ]
    })
}

/// Front matter, whole or not.
fn front_matter() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        4 => line().prop_map(|text| format!("{text:?}")),
        1 => line(),
        1 => select(&["[a, b]", "[", "{a: b}", "true", "null", "~", "2024-11-30", "2024-11-30T06:00:00+01:00", "&a [*a]", "*a", "!!binary x", "|\n  x\n  y",
            ">\n  x", "'", "\"", "1e999", "0x1f", "- a\n- b", "''", "\"\"\"x\"\"\"", "[[1]]", "en-GB", "tlh", "[pdf, epub]", "[fax]", "'\\'", "\"\\u0000\""][..])
            .prop_map(str::to_owned),
    ];
    let key = select(
        &[
            "headline",
            "kicker",
            "standfirst",
            "byline",
            "dateline",
            "lang",
            "draft",
            "embargo",
            "editions",
            "site",
            "pictures",
            "title",
            "headline",
            "\"\"",
            "a.b",
            "?",
            "<<",
            "[x]",
            "1",
        ][..],
    );
    let pairs = vec((key, value), 0..5);
    (
        select(
            &[
                ("---\n", ": ", "---\n"),
                ("---\n", ": ", "---\n"),
                ("+++\n", " = ", "+++\n"),
                ("---\n", ":", "..."),
                ("---\n", ": ", ""),
                ("\u{feff}---\r\n", ": ", "---\r\n"),
            ][..],
        ),
        pairs,
    )
        .prop_map(|((open, is, close), pairs)| {
            let pairs: String = pairs
                .into_iter()
                .map(|(key, value)| format!("{key}{is}{value}\n"))
                .collect();
            format!("{open}{pairs}{close}")
        })
}

/// Any manuscript.
pub fn article() -> impl Strategy<Value = String> {
    let front = prop_oneof![2 => Just(String::new()), 1 => front_matter(), 1 => Just("---\nheadline: One\n---\n".to_owned())];
    (
        front,
        vec(
            (block(), select(&["\n\n", "\n\n", "\n", "\r\n\r\n"][..])),
            0..6,
        ),
    )
        .prop_map(|(front, blocks)| {
            blocks
                .into_iter()
                .fold(front, |text, (block, gap)| text + &block + gap)
        })
}

/// Manuscripts of the specimen with pieces cut out, said twice, and brought
/// together with pieces of others.
pub fn torn() -> impl Strategy<Value = String> {
    let folder = fixtures().join("specimen/2025-01");
    let mut texts: Vec<(String, String)> = fs::read_dir(folder)
        .expect("the specimen")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .map(|path| {
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            (name, fs::read_to_string(path).expect("a manuscript"))
        })
        .collect();
    texts.sort();
    let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
    let piece = (select(texts), any::<Index>(), any::<Index>(), any::<bool>());
    vec(piece, 1..6).prop_map(|pieces| {
        let mut out = String::new();
        for (text, a, b, by_line) in pieces {
            let starts: Vec<usize> = if by_line {
                text.match_indices('\n')
                    .map(|(at, _)| at + 1)
                    .chain([0])
                    .collect()
            } else {
                text.char_indices().map(|(at, _)| at).collect()
            };
            let (a, b) = (*a.get(&starts), *b.get(&starts));
            out.push_str(&text[a.min(b)..a.max(b)]);
        }
        out
    })
}
