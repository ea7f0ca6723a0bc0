//! Issues to measure on, made of words that mean nothing, the same each time.

use std::fs;
use std::path::Path;

/// An issue that can be written as a folder.
pub struct Generated {
    articles: usize,
    words: usize,
    pictures: usize,
}

/// The size of a monthly newsletter.
pub fn small() -> Generated {
    Generated {
        articles: 9,
        words: 1_400,
        pictures: 0,
    }
}

/// The size of a small magazine.
pub fn middle() -> Generated {
    Generated {
        articles: 60,
        words: 31_000,
        pictures: 30,
    }
}

/// Half a million words: more than any issue has.
pub fn anthology() -> Generated {
    Generated {
        articles: 1_000,
        words: 514_000,
        pictures: 0,
    }
}

const WORDS: [&str; 32] = [
    "research",
    "the",
    "of",
    "laboratory",
    "and",
    "measured",
    "a",
    "result",
    "in",
    "that",
    "light",
    "which",
    "university",
    "for",
    "with",
    "observation",
    "is",
    "from",
    "temperature",
    "by",
    "quantum",
    "are",
    "method",
    "to",
    "between",
    "science",
    "their",
    "over",
    "instrument",
    "at",
    "partners",
    "found",
];

impl Generated {
    /// Writes the issues folder with the one issue `2024-01`.
    pub fn write(&self, issues: &Path) {
        let folder = issues.join("2024-01");
        fs::create_dir_all(folder.join("images")).expect("folders");
        let publication = "title = \"Benchmark\"\nslug = \"benchmark\"\nlanguage = \"en-GB\"\n\
                           [sender]\nfrom = \"desk@benchmark.example\"\n";
        fs::write(issues.join("publication.toml"), publication).expect("publication.toml");
        let mut issue = String::from("format = 1\ndate = 2024-01-31\nsubject = \"Benchmark\"\n");
        let mut random = Random(2024);
        for picture in 0..self.pictures {
            let path = folder.join(format!("images/{picture}.jpg"));
            fs::write(path, photograph(&mut random)).expect("a picture");
        }
        for article in 0..self.articles {
            if article.is_multiple_of(3) {
                issue.push_str(&format!(
                    "\n[[section]]\ntitle = \"Section {}\"\n",
                    article / 3
                ));
                let end = (article + 3).min(self.articles);
                let files: Vec<_> = (article..end)
                    .map(|n| format!("\"{n:02}-article.md\""))
                    .collect();
                issue.push_str(&format!("articles = [{}]\n", files.join(", ")));
            }
            let picture = (article < self.pictures).then_some(article);
            let text = self.article(article, picture, &mut random);
            fs::write(folder.join(format!("{article:02}-article.md")), text).expect("an article");
        }
        fs::write(folder.join("issue.toml"), issue).expect("issue.toml");
    }

    fn article(&self, number: usize, picture: Option<usize>, random: &mut Random) -> String {
        let mut text = format!(
            "---\nheadline: Article number {number} {}\nstandfirst: {}\n---\n",
            sentence(random, 4),
            sentence(random, 12)
        );
        let words = self.words / self.articles;
        let mut written = 0;
        let mut paragraph = 0;
        while written < words {
            paragraph += 1;
            let length = 60.min(words - written).max(8);
            match paragraph % 6 {
                3 => {
                    text.push_str(&format!("## {}\n\n", sentence(random, 4)));
                }
                5 => {
                    for _ in 0..3 {
                        text.push_str(&format!("- {}\n", sentence(random, length / 3)));
                    }
                    text.push('\n');
                    written += length;
                    continue;
                }
                _ => {}
            }
            let (first, second) = (length / 2, length - length / 2);
            text.push_str(&format!(
                "{} A [link](https://example.org/{number}/{paragraph}) and *stress*. {}\n\n",
                sentence(random, first),
                sentence(random, second)
            ));
            written += length;
        }
        if let Some(picture) = picture {
            text.push_str(&format!(
                "![A pattern](images/{picture}.jpg \"{}\")\n\n",
                sentence(random, 8)
            ));
        }
        if number.is_multiple_of(5) {
            text.push_str("| Name | Value |\n|:--|--:|\n| one | 1.5 |\n| two | 2.5 |\n");
        }
        text
    }
}

fn sentence(random: &mut Random, words: usize) -> String {
    let mut text = String::new();
    for word in 0..words {
        let next = WORDS[random.below(WORDS.len())];
        if word == 0 {
            text.push_str(&next[..1].to_uppercase());
            text.push_str(&next[1..]);
        } else {
            text.push(' ');
            text.push_str(next);
        }
    }
    text.push('.');
    text
}

/// A picture of 1600 × 1200 pixels with as much detail as a photograph.
fn photograph(random: &mut Random) -> Vec<u8> {
    let (width, height) = (1600_usize, 1200_usize);
    let (a, b) = (random.below(97) + 3, random.below(89) + 5);
    let mut rgb = Vec::with_capacity(width * height * 3);
    for y in 0..height {
        for x in 0..width {
            let wave = (x * a / 64 + y * b / 64) % 256;
            let grain = random.below(24);
            rgb.extend([
                wave as u8,
                ((wave + grain) % 256) as u8,
                ((x + y) / 11 % 256) as u8,
            ]);
        }
    }
    press_image::encode_jpeg(&rgb, width as u32, height as u32, 90).expect("a JPEG")
}

/// A generator that gives the same numbers everywhere (Lehmer, 2^32 - 5).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0 * 279_470_273 % 4_294_967_291;
        (self.0 % limit as u64) as usize
    }
}
