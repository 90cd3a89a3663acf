//! Telling those who asked to be told. The books are the queue: an endpoint has a place in the news up to which it
//! has heard everything, and only a window of events behind that place is in anybody's hands. So nothing grows while
//! an address does not answer, nothing costs anything while nobody listens, and after a crash telling goes on from
//! the place that was written down last.
//!
//! ```text
//! news: ──────────●═══════════▶ ─ ─ ─
//!             told│   window  │next
//!                 └ heard, lost or given up before; sent, sent again, held back inside; not looked at behind
//! ```

mod lane;
mod office;
mod post;
mod sign;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use crate::clock;
use crate::teller::Teller;
use office::{Answered, Office};
use post::Post;

pub(crate) use office::Tally;

/// Answers that nobody has looked at yet; senders wait for a place.
const ANSWERS_MAX: usize = 256;

/// Tells what happens until the bank closes.
pub(crate) async fn run(teller: Arc<Teller>) {
    let bell = teller.desk.lock().bank.bell();
    let (tell, mut answers) = mpsc::channel::<Answered>(ANSWERS_MAX);
    let (mut office, post) = (Office::default(), Post::new());
    loop {
        let now_ms = clock::now_ms();
        let round = office.round(&teller, now_ms);
        if !round.letters.is_empty() && teller.durable(round.position).await.is_err() {
            // Memory is ahead of the disk: nothing that it knows may be told, ever again.
            return;
        }
        for letter in round.letters {
            let (post, tell) = (post.clone(), tell.clone());
            tokio::spawn(async move {
                let answered = letter.answered(post.deliver(&letter).await);
                // Nobody waits for it only when the bank has closed.
                let _ = tell.send(answered).await;
            });
        }
        let wait = round.wake_ms.map(|at_ms| u64::try_from(at_ms - now_ms).unwrap_or(0).max(1));
        let pause = async {
            match wait {
                Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = teller.closing() => return,
            () = bell.notified() => {}
            () = pause => {}
            Some(answered) = answers.recv() => {
                office.note(&teller, answered);
                while let Ok(answered) = answers.try_recv() {
                    office.note(&teller, answered);
                }
            }
        }
    }
}
