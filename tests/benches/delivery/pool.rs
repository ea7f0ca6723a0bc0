//! The same with lettre's own pool, as its documentation shows it.

use std::sync::atomic::{AtomicUsize, Ordering};

use lettre::message::header::ContentType;
use lettre::transport::smtp::PoolConfig;
use lettre::{Message, SmtpTransport, Transport as _};

use crate::{SIZE, Took, timed};

/// Each message built and handed to the pool.
pub fn send(port: u16, connections: usize, messages: usize) -> Took {
    let pool = PoolConfig::new().max_size(u32::try_from(connections).unwrap_or(u32::MAX));
    let transport = SmtpTransport::builder_dangerous("127.0.0.1")
        .port(port)
        .pool_config(pool)
        .build();
    let body =
        "A line of the issue, neither long nor short, with a few words.\r\n".repeat(SIZE / 64);
    let next = AtomicUsize::new(0);
    let ((), took) = timed(messages, || {
        std::thread::scope(|scope| {
            for _ in 0..connections {
                scope.spawn(|| {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= messages {
                            break;
                        }
                        let message = Message::builder()
                            .from("a@example.org".parse().expect("an address"))
                            .to(format!("reader{number}@example.org")
                                .parse()
                                .expect("an address"))
                            .subject("November")
                            .header(ContentType::TEXT_PLAIN)
                            .body(body.clone())
                            .expect("a message");
                        transport.send(&message).expect("the relay takes it");
                    }
                });
            }
        });
    });
    took
}
