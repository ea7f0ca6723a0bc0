//! What comes back: a folder of bounces taken in.

use std::time::Instant;

use press_delivery::{Ledger, ingest};
use press_message::{TokenKeys, TokenPurpose};

use crate::ours::{self, now};

/// Takes in so many bounces, one for each reader.
pub fn measure(runtime: &tokio::runtime::Runtime, bounces: usize) {
    runtime.block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::open(&folder.path().join("deliveries.db")).await;
        let ledger = ledger.expect("a ledger");
        ours::list(&ledger, bounces).await;
        let keys = format!("k1 {}\n", "11".repeat(32));
        let keys = TokenKeys::parse("review", &keys).expect("keys");
        let mail = folder.path().join("mail");
        std::fs::create_dir(&mail).expect("a folder");
        let (mut after, mut written) = (String::new(), 0);
        loop {
            let page = ledger.subscribers(&after, 1000).await.expect("the list");
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            for (_, reader) in &page {
                let token = keys.token(TokenPurpose::Bounce, &reader.reference);
                let report = report(written, &token, &reader.address);
                std::fs::write(mail.join(format!("{written}.eml")), report).expect("a file");
                written += 1;
            }
        }
        let begun = Instant::now();
        let done = ingest(&ledger, &[mail], &keys, now(), &mut |_| {}).await;
        let took = begun.elapsed().as_secs_f64();
        let suppressed = ledger.totals().await.expect("the ledger").suppressed;
        assert_eq!((suppressed, written), (bounces as u64, bounces));
        drop(done.expect("taken in"));
        println!(
            "bounces: {bounces} taken in, {:.0} a second",
            bounces as f64 / took
        );
    });
}

/// A report of RFC 3464, with the head of the message that it is about.
fn report(number: usize, token: &str, address: &str) -> String {
    format!(
        "Return-Path: <>\r\nDelivered-To: bounces+{token}@review.example\r\n\
         From: MAILER-DAEMON@mx.example\r\nTo: bounces+{token}@review.example\r\n\
         Subject: Undelivered Mail Returned to Sender\r\n\
         Date: Mon, 2 Dec 2024 08:00:00 +0000\r\nMessage-ID: <{number}@mx.example>\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThe message could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {address}\r\n\
         Action: failed\r\nStatus: 5.1.1\r\n\
         Diagnostic-Code: smtp; 550 5.1.1 <{address}>: no such user\r\n\r\n\
         --b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: Review\r\n\
         Message-ID: <{number}.review@example.org>\r\n\r\n--b--\r\n"
    )
}
