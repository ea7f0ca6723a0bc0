//! Input that means harm, or looks as if it did: each a clear diagnostic or
//! correct output, never a panic, and never half an output.

use std::fs;

use press_tests::{Desk, Run, read_email, read_epub, read_pdf};
use xtask::Exit;

/// Builds the minimal issue with this text as its only article.
fn build(article: impl AsRef<[u8]>) -> (Desk, Run) {
    let desk = Desk::with_fixture("minimal");
    desk.write("2024-01/brief.md", article);
    let run = desk.run(&["build", "2024-01"]);
    assert!(!run.err.contains("fault of Pressroom"), "{}", run.err);
    assert_eq!(run.exit == Exit::Done, desk.dist().join("2024-01").exists());
    (desk, run)
}

fn assert_refused(article: impl AsRef<[u8]>, code: &str) {
    let (_, run) = build(article);
    assert_eq!(run.exit, Exit::Faults, "{}", run.err);
    assert!(
        run.err.contains(&format!("[{code}]")),
        "{code} in {}",
        run.err
    );
}

#[test]
fn text_that_looks_like_other_languages_is_text() {
    let lines = [
        "#import \"@preview/evil:1.0.0\": * and #panic(\"typst\")",
        "$x^2$ and @label and <label> in Typst",
        "]]> and &lt;b&gt; and &amp;amp; in XML",
        "%PDF-1.7 and (parentheses) and \\u{41} in PDF",
        "Content-Type: text/html; boundary=\"x\"",
        "From nobody Thu Jan 1 00:00:00 1970",
        "--boundary--",
        "=3D=20 and =?utf-8?q?x?= in MIME",
    ];
    // In code, so that Markdown itself leaves them alone.
    let article: String = lines
        .iter()
        .map(|line| format!("```\n{line}\n```\n\n"))
        .collect();
    let (desk, run) = build(article);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let files = desk.built_files("2024-01");
    let file = |end: &str| {
        &files
            .iter()
            .find(|(name, _)| name.ends_with(end))
            .unwrap()
            .1
    };
    let email = read_email(file(".eml"));
    for carried in [
        read_pdf(file(".pdf")),
        read_epub(file(".epub")),
        email.html,
        email.text,
    ] {
        for line in lines {
            assert!(carried.carries(line), "{line}");
        }
    }
}

#[test]
fn jinja_in_the_text_is_text() {
    let (desk, run) = build("Code: `{{ publication.title }} {% raw %}`\n");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let email = read_email(&desk.built("2024-01/email.eml"));
    assert!(email.html.carries("{{ publication.title }} {% raw %}"));
    assert!(email.text.carries("{{ publication.title }} {% raw %}"));
}

#[test]
fn hostile_metadata_is_text_in_every_edition() {
    let desk = Desk::with_fixture("minimal");
    let title = "A & B <i>\"c\"</i> 'd' ]]> #x $y$ {{ z }} 王 🦀";
    desk.edit("publication.toml", |text| {
        let rest: Vec<_> = text
            .lines()
            .filter(|line| !line.starts_with("title"))
            .collect();
        format!("title = '''{title}'''\n{}", rest.join("\n"))
    });
    desk.write(
        "2024-01/brief.md",
        format!(
            "---\nheadline: 'Q & A: \"1 < 2\" &amp; more'\nbyline: '{}'\n---\nText.\n",
            "A & <B>"
        ),
    );
    let run = desk.done(&["build", "2024-01"]);
    assert!(!run.err.contains("error"), "{}", run.err);
    let files = desk.built_files("2024-01");
    let epub = &files
        .iter()
        .find(|(name, _)| name.ends_with(".epub"))
        .unwrap()
        .1;
    assert!(read_epub(epub).carries("A & <B>"));
}

/// A sender that no message can carry is a fault with its line, not a failure.
#[test]
fn a_sender_that_cannot_write() {
    for from in [
        "nobody",
        "Jürgen <jürgen@example.org>",
        "a@b@c",
        "\\r\\nBcc: x@example.org",
    ] {
        let desk = Desk::with_fixture("minimal");
        desk.edit("publication.toml", |text| {
            format!("{text}\n[sender]\nfrom = \"{from}\"\n")
        });
        let run = desk.run(&["build", "2024-01"]);
        assert_eq!(run.exit, Exit::Faults, "{from}: {}", run.err);
        assert!(run.err.contains("[invalid-value]"), "{from}: {}", run.err);
        assert!(run.err.contains("publication.toml:"), "{from}: {}", run.err);
    }
}

#[test]
fn nesting_is_bounded_without_recursion() {
    assert_refused(format!("{}text\n", "> ".repeat(10_000)), "nesting-too-deep");
    assert_refused("- ".repeat(10_000) + "text\n", "nesting-too-deep");
    let list: String = (0..400)
        .map(|depth| format!("{}- item\n", "  ".repeat(depth)))
        .collect();
    assert_refused(list, "nesting-too-deep");
    // Inline markup must not overflow a stack either; what becomes of it may be
    // either a fault or a page.
    for inline in ["[", "*a **b ", "<span lang=de>", "![", "~~a ", "<u>"] {
        build(inline.repeat(10_000));
    }
}

#[test]
fn sixteen_levels_reach_every_edition() {
    let (desk, run) = build(format!("{}deepest words\n", "> ".repeat(15)));
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let list: String = (0..7)
        .map(|depth| format!("{}- > level {depth}\n", "  > ".repeat(depth)))
        .collect();
    let (_, run) = build(list);
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let email = read_email(&desk.built("2024-01/email.eml"));
    assert!(email.html.carries("deepest words") && email.text.carries("deepest words"));
}

#[test]
fn bytes_that_are_not_text() {
    assert_refused(b"one\ntwo \xff three\n", "invalid-utf8");
    let (_, run) = build("nul \0 and bell \x07 here\n");
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    assert!(run.err.contains("[control-character]"), "{}", run.err);
}

#[test]
fn a_byte_order_mark_and_windows_lines_are_harmless() {
    let unix = "---\nheadline: One\n---\nA *line*\nand another.\n\n> quoted\n\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    let windows = format!("\u{feff}{}", unix.replace('\n', "\r\n"));
    let email = |text: &str| {
        let (desk, run) = build(text);
        assert_eq!(run.exit, Exit::Done, "{}", run.err);
        desk.built("2024-01/email.txt")
    };
    assert_eq!(email(unix), email(&windows));
}

#[test]
fn a_manuscript_of_fifty_megabytes_is_refused() {
    assert_refused("word ".repeat(10_000_000), "file-too-large");
}

#[test]
fn right_to_left_text_is_carried() {
    let (desk, run) = build(
        "He said <span lang=\"he\">שלום עולם</span> and <span lang=\"ar\" dir=\"rtl\">مرحبا</span>.\n",
    );
    assert_eq!(run.exit, Exit::Done, "{}", run.err);
    let html = String::from_utf8(desk.built("2024-01/email.html")).unwrap();
    assert!(html.contains("dir=\"rtl\""), "{html}");
    assert!(
        read_email(&desk.built("2024-01/email.eml"))
            .text
            .carries("שלום עולם")
    );
}

#[test]
fn paths_that_leave_the_folder_are_refused() {
    for path in [
        "../../publication.toml",
        "/etc/passwd",
        "%2e%2e/%2e%2e/x.png",
        "images/../../x.png",
    ] {
        let (_, run) = build(format!("![alt]({path})\n"));
        assert_eq!(run.exit, Exit::Faults, "{path}: {}", run.err);
    }
    let desk = Desk::with_fixture("minimal");
    desk.edit("2024-01/issue.toml", |text| {
        text.replace("brief.md", "../../../etc/hostname")
    });
    let run = desk.run(&["build", "2024-01"]);
    assert!(run.err.contains("[path-outside-issue]"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused() {
    let desk = Desk::with_fixture("minimal");
    std::os::unix::fs::symlink("/etc/hostname", desk.issues().join("2024-01/out.png")).unwrap();
    desk.write("2024-01/brief.md", "![alt](out.png)\n");
    let run = desk.run(&["build", "2024-01"]);
    assert!(run.err.contains("[path-outside-issue]"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_does_not_stop_the_clock() {
    let desk = Desk::with_fixture("minimal");
    fs::create_dir(desk.issues().join("2024-01/folder.png")).unwrap();
    desk.write("2024-01/brief.md", "![alt](folder.png)\n");
    let run = desk.run(&["build", "2024-01"]);
    assert!(run.err.contains("[unreadable-file]"), "{}", run.err);
    let pipe = desk.issues().join("2024-01/pipe.md");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|status| status.success()) {
        desk.edit("2024-01/issue.toml", |text| {
            text.replace("brief.md", "pipe.md")
        });
        let run = desk.run(&["build", "2024-01"]);
        assert!(run.err.contains("[unreadable-file]"), "{}", run.err);
    }
}

#[test]
fn pictures_that_are_none() {
    for (name, bytes) in [
        ("empty.png", &b""[..]),
        ("text.jpg", b"not a picture at all"),
        (
            "cut.png",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x02\0\0\0",
        ),
        ("hostile.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><g"),
    ] {
        let desk = Desk::with_fixture("minimal");
        desk.write(&format!("2024-01/{name}"), bytes);
        desk.write("2024-01/brief.md", format!("![alt]({name})\n"));
        let run = desk.run(&["build", "2024-01"]);
        assert_eq!(run.exit, Exit::Faults, "{name}: {}", run.err);
        assert!(run.err.contains("[broken-picture]"), "{name}: {}", run.err);
    }
}

/// An SVG may not reach for other files or the network.
#[test]
fn an_svg_brings_nothing_from_outside() {
    let desk = Desk::with_fixture("minimal");
    desk.write(
        "secret.png",
        fs::read(press_tests::fixtures().join("secret.png")).unwrap_or_default(),
    );
    desk.write(
        "2024-01/reach.svg",
        "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='100' height='50'>\
         <script>alert(1)</script><image xlink:href='../secret.png' width='9' height='9'/>\
         <image href='https://tracker.example/x.png' width='9' height='9'/><rect width='50' height='50'/></svg>",
    );
    desk.write("2024-01/brief.md", "![A square](reach.svg)\n");
    let run = desk.run(&["build", "2024-01"]);
    if run.exit == Exit::Done {
        for (name, bytes) in desk.built_files("2024-01") {
            let needle = b"tracker.example";
            assert!(
                !bytes.windows(needle.len()).any(|window| window == needle),
                "{name}"
            );
        }
    }
}
