//! The relay's log, in the form of Postfix 3.

use std::time::{SystemTime, UNIX_EPOCH};

/// Lines of a log.
pub(crate) struct Log {
    lines: Vec<String>,
    queued: u64,
}

impl Default for Log {
    fn default() -> Log {
        let mut log = Log {
            lines: Vec::new(),
            queued: 0,
        };
        log.line("master[6]", "daemon started -- version 3.9.1");
        log
    }
}

impl Log {
    /// The name in the queue for a message whose header was seen: Postfix writes
    /// this before it has accepted anything.
    pub(crate) fn header(&mut self, connection: u64, message_id: &str) -> String {
        self.queued += 1;
        let id = format!("{:010X}", 0x4A_0000_0000 + self.queued);
        let process = format!("smtpd[{connection}]");
        self.line(&process, &format!("{id}: client=localhost[127.0.0.1]"));
        self.line("cleanup[2]", &format!("{id}: message-id=<{message_id}>"));
        id
    }

    /// The content broke off.
    pub(crate) fn cut(&mut self, connection: u64) {
        self.line(
            &format!("smtpd[{connection}]"),
            "lost connection after DATA (4096 bytes) from localhost[127.0.0.1]",
        );
    }

    /// The message is in the queue, and goes on.
    pub(crate) fn queued(&mut self, id: &str, from: &str, to: &str, size: usize) {
        self.line(
            "qmgr[3]",
            &format!("{id}: from=<{from}>, size={size}, nrcpt=1 (queue active)"),
        );
        self.line(
            "smtp[4]",
            &format!(
                "{id}: to=<{to}>, relay=mx.example.net[192.0.2.1]:25, delay=0.1, \
                 delays=0/0/0/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok)"
            ),
        );
        self.line("qmgr[3]", &format!("{id}: removed"));
    }

    pub(crate) fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        // The log covers the time up to this moment.
        text.push_str(&format!(
            "\n{} relay postfix/anvil[5]: statistics: max connection count 1\n",
            stamp()
        ));
        text
    }

    fn line(&mut self, process: &str, words: &str) {
        self.lines
            .push(format!("{} relay postfix/{process}: {words}", stamp()));
    }
}

/// The time as `2024-11-30T06:00:00.123456+00:00` (RFC 3339), as Debian's rsyslog
/// writes it.
fn stamp() -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = now.as_secs();
    let (year, month, day) = civil(i64::try_from(seconds / 86_400).unwrap_or_default());
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        now.subsec_micros()
    )
}

/// Year, month and day of a day since 1970 (Hinnant's `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_month)
}
