//! The one way to wait.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take that usually takes milliseconds: two busy cores and a debug build.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// How long until a store has come to rest after all that its bank did. That nothing hides under a key is certain 45 s after
/// the last call; two keys of one payment may need it in turn. The rest is a busy machine.
pub(crate) const REST: Duration = Duration::from_secs(180);

const PAUSE_FIRST: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(150);

/// Looks until there is something to see, and returns it. Fails after `limit` with what was wrong last.
pub(crate) async fn until<T>(
    what: &str,
    limit: Duration,
    mut look: impl AsyncFnMut() -> Result<T, String>,
) -> T {
    let mut last = String::from("nothing was seen");
    let looking = async {
        let mut pause = PAUSE_FIRST;
        loop {
            match look().await {
                Ok(seen) => return seen,
                Err(why) => last = why,
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    };
    match timeout(limit, looking).await {
        Ok(seen) => seen,
        Err(_) => panic!("{what}: not within {limit:?}; at last: {last}"),
    }
}

/// Looks, for as long as `span`, that something stays as it is: for what must *not* happen. A look that was begun is finished.
pub(crate) async fn holds(what: &str, span: Duration, mut look: impl AsyncFnMut() -> Result<(), String>) {
    let end = Instant::now() + span;
    while Instant::now() < end {
        if let Err(why) = look().await {
            panic!("{what}: {why}");
        }
        sleep(PAUSE_MAX).await;
    }
}
